"""Text: repair, tidy, redact, fingerprint and compare it. Plain functions."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

import ftfy
from ftfy.badness import is_bad
from ftfy.fixes import unescape_html

_FEWEST_LETTERS = 20  # in shorter texts a language is a guess
SHINGLE = 5  # characters; shorter ones say little, longer ones miss reworded short questions

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
_SURROGATE = re.compile("[\ud800-\udfff]")

_LINE_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANKS = re.compile(r"[^\S\n]+")
# Controls, surrogates, soft hyphen, zero-width characters, bidi marks and overrides.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
# The joiners U+200C and U+200D build emoji and words of Persian and Indic scripts; beside ASCII they are dirt.
_STRAY_JOINERS = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f\u200c\u200d])")
_BLANKS_AT_BREAK = re.compile(" *\n *")
_EMPTY_LINES = re.compile("\n{3,}")

# Possessive quantifiers (++ and *+) and a second branch that eats what is no address keep the time linear.
_EMAIL = re.compile(r"(\w[\w.%+'-]*+@(?:[\w-]++\.)+[^\W\d_][\w-]*+)|\w[\w.%+'-]*+")
_PART = r"(?:0?[1-9]|[12]\d|3[01])"
_DAY = rf"(?:(?:19|20)\d\d[./-]{_PART}[./-]{_PART}|{_PART}[./-]{_PART}[./-](?:(?:19|20)\d\d|\d\d))"
_DATE_OR_TIME = rf"(?:(?<!\d[./-]){_DAY}(?:[-–]{_DAY})?(?![./-]?\d)|\d{{1,2}}:\d\d(?!\d))"
_GROUP = r"(?:\(\+?\d{1,5}\)|\d++)"
_NUMBER = re.compile(
    rf"(?<!\w)(?:{_DATE_OR_TIME}|(\+?{_GROUP}(?:[ \u00a0\u202f./\u2010\u2011-]{{0,2}}(?!{_DATE_OR_TIME}){_GROUP})*+))"
)
_MONEY_BEFORE = re.compile(r"[£$€¥]\s?\Z")
_MONEY_AFTER = re.compile(r"\s?(?:[£$€¥%]|(?:pounds?|euros?|dollars?|EUR|GBP|USD|CHF)\b)", re.IGNORECASE)
_COMPACT_TIME = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{2}|\d{4}|\d{6})")
_YEAR = re.compile(r"(?:19|20)\d\d")


def repair(text: str) -> str:
    """Undo wrong decoding and HTML entities; text without either comes back as it is.

    >>> repair("donâ€™t &amp; won’t")
    'don’t & won’t'
    """
    for _ in range(_ENTITY_LEVELS):
        plain = unescape_html(text)
        if plain == text:
            break
        text = plain
    return ftfy.fix_text(text, _MOJIBAKE_ONLY) if is_bad(text) or _SURROGATE.search(text) else text


def tidy_whitespace(text: str) -> str:
    """One blank between words, none at the ends of lines, at most one empty line; invisible characters removed; NFC.

    >>> tidy_whitespace(" Two  boats,\\u200b please. \\r\\n\\r\\n\\r\\nTom ")
    'Two boats, please.\\n\\nTom'
    """
    text = unicodedata.normalize("NFC", text)
    text = _LINE_BREAK.sub("\n", text)
    text = _BLANKS.sub(" ", text)
    text = _STRAY_JOINERS.sub("", _INVISIBLE.sub("", text))
    text = _BLANKS_AT_BREAK.sub("\n", _BLANKS.sub(" ", text))
    text = _EMPTY_LINES.sub("\n\n", text).strip()
    return unicodedata.normalize("NFC", text)  # again: a mark may have met its letter when something between them went


def redact(text: str) -> str:
    """E-mail addresses become [EMAIL], phone numbers [PHONE]. Dates, times, prices and short numbers stay.

    >>> redact("Tom, tom@example.com or 07700 900123, on 14/06/2025")
    'Tom, [EMAIL] or [PHONE], on 14/06/2025'
    """
    return _replace_personal(text, lambda found: "[EMAIL]", lambda found: "[PHONE]")


def mask(text: str) -> str:
    """What `redact` would replace, dotted out but for its first character, to show where something stood.

    >>> mask("tom@example.com")
    't••@•••••••.•••'
    """
    return _replace_personal(text, _dots, _dots)


def fingerprint(text: str) -> str:
    """16 hexadecimal digits that are equal for texts of the same words, whatever their case, spacing and punctuation.

    A text without any word, such as "?" or "👍", counts as what it is.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Letters, numbers and marks: \w would lose the vowel signs of Indic scripts.
    spaced = "".join(character if unicodedata.category(character)[0] in "LNM" else " " for character in folded)
    words = spaced.split() or folded.split()
    return hashlib.sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def language(text: str, among: tuple[str, ...] = ()) -> str | None:
    """The language's two or three letters, as ISO 639 has them; None for a text too short to tell.

    `among` names the only languages there can be; empty: all that are known. Nothing is loaded from a network.

    >>> language("¿Abren los domingos por la mañana?")
    'es'
    """
    if sum(character.isalpha() for character in text[:200]) < _FEWEST_LETTERS:
        return None
    return _identifier(among).classify(text[:2000])[0]


@cache
def _identifier(among: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # here: half a second that few need

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    if among:
        identifier.set_languages(list(among))
    return identifier


def comparable(text: str) -> str:
    """Case-folded, one blank between words: `comparable(" When do\\nYOU open?")` is `"when do you open?"`."""
    return " ".join(unicodedata.normalize("NFC", text.casefold()).split())


def shingles(text: str) -> set[str]:
    """The runs of five characters of the comparable text; a shorter text is its own only run.

    >>> sorted(shingles("Ahoy you"))
    ['ahoy ', 'hoy y', 'oy yo', 'y you']
    """
    text = comparable(text)
    return {text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1))}


def similarity(first: str, second: str) -> float:
    """Jaccard similarity of two texts' shingles: 1.0 for the same text in another case, 0.0 for nothing in common."""
    ours, theirs = shingles(first), shingles(second)
    return len(ours & theirs) / len(ours | theirs)


def _replace_personal(text: str, email: Callable[[str], str], phone: Callable[[str], str]) -> str:
    def replace_number(match: re.Match[str]) -> str:
        if match[1] is None or _is_money(match):
            return match[0]
        return "".join(_replace_phone(number, phone) for number in _apart(match[1]))

    text = _EMAIL.sub(lambda match: email(match[0]) if match[1] else match[0], text)
    return _NUMBER.sub(replace_number, text)


def _dots(found: str) -> str:
    return found[0] + re.sub(r"\w", "•", found[1:])


def _is_money(match: re.Match[str]) -> bool:
    text, start, end = match.string, match.start(), match.end()
    return bool(_MONEY_BEFORE.search(text[max(0, start - 2) : start]) or _MONEY_AFTER.match(text[end : end + 10]))


def _apart(candidate: str) -> list[str]:
    """Numbers written one after the other: a run too long for one phone is cut before a group that starts with 0."""
    if _digits(candidate) <= 15:
        return [candidate]
    numbers = [""]
    enough = 0
    for group in re.findall(r"\D*\d+\)?", candidate):
        if enough >= 9 and group.lstrip(" \u00a0\u202f./\u2010\u2011-(").startswith("0"):
            numbers.append("")
            enough = 0
        numbers[-1] += group
        enough += _digits(group)
    return numbers


def _replace_phone(number: str, phone: Callable[[str], str]) -> str:
    bare = number.lstrip(" \u00a0\u202f./\u2010\u2011-")
    return number[: len(number) - len(bare)] + phone(bare) if _is_phone(bare) else number


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _is_phone(number: str) -> bool:
    """Whether a number of several groups is dialled: it starts like one, or is written the way one is."""
    groups = re.findall(r"\d+", number)
    sizes = [len(group) for group in groups]
    if not 9 <= sum(sizes) <= 15:
        return False
    if "+" in number:
        return True
    if _is_date(groups) or _is_decimal_or_address(number, groups):
        return False
    if number.startswith("0") or (number.startswith("(") and sizes[0] > 1):
        return True
    if len(groups) == 1:
        return not _COMPACT_TIME.fullmatch(number)
    written = "/" not in number and sum(sizes) <= 12 and max(sizes) <= 5
    return written and max(sizes) >= 3 and min(sizes[1:]) >= 2


def _is_date(groups: list[str]) -> bool:
    years = [group for group in groups if _YEAR.fullmatch(group)]
    return bool(years) and all(len(group) <= 2 or group in years for group in groups)


def _is_decimal_or_address(number: str, groups: list[str]) -> bool:
    if number.count(".") != len(groups) - 1 or len(groups) not in (2, 4):
        return False
    if len(groups) == 2:
        return groups[0] == "0" or not groups[0].startswith("0")
    return all(int(group) <= 255 and group == str(int(group)) for group in groups)
