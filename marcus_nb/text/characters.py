"""Characters: undo wrong decoding, remove what cannot be seen, tidy the blanks."""

import re
import unicodedata

import ftfy
from ftfy.badness import is_bad
from ftfy.fixes import unescape_html

from marcus_nb.text.fences import outside_fences
from marcus_nb.text.markup import is_html

# Only what undoes a wrong decoding: curly quotes, ligatures, wide characters and the like are somebody's spelling.
_MOJIBAKE_ONLY = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    remove_control_chars=False,
    normalization=None,
    explain=False,
)
_ENTITY_LEVELS = 10  # &amp;amp; is two levels, seen in real exports; an end, so that hostile text costs no time
# A letter decoded wrongly has become two signs or more; the second may have turned from a hard to a plain blank since,
# within or behind a word: a letter alone is one that somebody speaks about. ftfy's own look takes 40 µs.
_SUSPECT = re.compile("[^\x00-\x7f]{2}|[ÂÃ] |[\ud800-\udfff]")
_ALONE = re.compile(r"(?<![\w.,;:!?%)])[ÂÃ] ")
_SURROGATE = re.compile("[\ud800-\udfff]")

# "Type `&amp;`" is about the entity.
_unescape = outside_fences(unescape_html, inline=True)

_LINE_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANKS = re.compile(r"`[^`\n]++`|[^\S\n]+")
# Controls, surrogates, soft hyphen, zero-width characters, bidi marks and overrides.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffc\ud800-\udfff]"
)
# Letters that nobody sees and a model reads; they spell the country in flags such as Wales's, and nothing else.
_TAG_LETTERS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f)|[\U000e0000-\U000e007f]")
# The joiners U+200C and U+200D build emoji and words of Persian and Indic scripts; between ASCII they are dirt.
_STRAY_JOINERS = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]++(?![^\x00-\x7f])")
_BLANKS_AT_BREAK = re.compile(" *\n *")
_INDENTED = re.compile(r"\n[^\S\n]")
_FENCE = "```"
_UNTIDY = ("  ", " \n", "\n ", "\n\n\n")
_EMPTY_LINES = re.compile("\n{3,}")


def repair(text: str) -> str:
    """Undo wrong decoding, and HTML entities in what is not HTML; text without either comes back as it is.

    >>> repair("donâ€™t &amp; won’t")
    'don’t & won’t'
    """
    # Those of HTML are for `html_to_text`: decoded here, "&lt;b&gt;" would be taken for a tag there.
    for _ in range(_ENTITY_LEVELS if "&" in text else 0):
        plain = text if is_html(text) else _unescape(text)
        if plain == text:
            break
        text = plain
    if not _SUSPECT.search(text) or not _SUSPECT.search(_ALONE.sub("", text)):
        return text
    return ftfy.fix_text(text, _MOJIBAKE_ONLY) if is_bad(text) or _SURROGATE.search(text) else text


def nfc(text: str) -> str:
    """Letters and their accents as one character where Unicode has one (NFC): `"e\u0301"` becomes `"é"`."""
    return unicodedata.normalize("NFC", text)


def strip_invisible(text: str) -> str:
    """Remove controls, zero-width characters and the marks that turn the direction of writing.

    >>> strip_invisible("Two\u200b boats\u202e.")
    'Two boats.'
    """
    if text.replace("\n", "").isprintable() and "\ufffc" not in text:  # tens of times faster
        return text
    text = _INVISIBLE.sub("", text)
    if text.isascii():
        return text
    return _STRAY_JOINERS.sub("", _TAG_LETTERS.sub(r"\1", text))


def tidy_whitespace(text: str) -> str:
    """One blank between words, none at the ends of lines, at most one empty line.

    >>> tidy_whitespace(" Two  boats, please. \\r\\n\\r\\n\\r\\nTom ")
    'Two boats, please.\\n\\nTom'

    Where a line is indented more than the one right above by two blanks or a tab, all keep their indentation: it is a
    program, a list within a list or a poem. What stands in fences or backticks stays as it is.
    """
    tidy = not (any(found in text for found in _UNTIDY) or text[:1].isspace() or text[-1:].isspace())
    if tidy and text.replace("\n", "").isprintable():  # all blanks but the plain one count as not printable
        return text
    return _tidy_around(_LINE_BREAK.sub("\n", text)).strip()


def _tidy_around(text: str) -> str:
    if _FENCE not in text:
        return _tidy_outside(text)
    # What stands in a fence is a program or a table, where blanks have a meaning.
    parts = text.split(_FENCE)
    return _FENCE.join(part if place % 2 else _tidy_outside(part) for place, part in enumerate(parts))


def _tidy(text: str) -> str:
    plain = _BLANKS.sub(_one_blank, text) if "`" in text else _BLANKS.sub(" ", text)
    plain = _BLANKS_AT_BREAK.sub("\n", plain)
    lines = _laid_out(text) if _INDENTED.search(text) else None
    if lines:
        plain = "\n".join(f"{indentation}{line}" for indentation, line in zip(lines, plain.split("\n"), strict=True))
    return _EMPTY_LINES.sub("\n\n", plain)


def _one_blank(found: re.Match[str]) -> str:
    return found[0] if found[0][0] == "`" else " "


def _laid_out(text: str) -> list[str] | None:
    """The indentation of each line, less what all have in common; None where it lays nothing out."""
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    common = min((_indented(line) for line in filled), default=0)
    indentations = [line[common : _indented(line)] if line.strip() else "" for line in lines]
    indentations = ["".join(sign if sign == "\t" else " " for sign in blanks) for blanks in indentations]
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    indentations[first] = ""  # messages begin with a word
    above: str | None = None  # a paragraph that begins with blanks was only typed so
    for blanks, line in zip(indentations, lines, strict=True):
        deeper = blanks.removeprefix(above) if above is not None and line.strip() and blanks.startswith(above) else ""
        if len(deeper) > 1 or "\t" in deeper:
            return indentations
        above = blanks if line.strip() else None
    return None


def _indented(line: str) -> int:
    return len(line) - len(line.lstrip())


_tidy_outside = outside_fences(_tidy)
