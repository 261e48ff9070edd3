"""HTML message bodies as plain text."""

import re
from collections.abc import Iterable, Sequence
from html import unescape
from typing import Any

EVIDENCE = "texts are HTML: read as plain text"
_SAMPLED = 1000
_LEAST_WRAPPED = 0.1

_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|strong|em|ul|ol|li|table|tr|td|blockquote|img|h[1-6]|html|body|pre|font)"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_WRAPPED = re.compile(
    r"\s*<(p|div|span|html|body|table|ul|ol|h[1-6]|blockquote)\b[^<>]{0,2000}>.*</\w+>\s*", re.I | re.S
)
# People and programs that write plain text make a word <b>bold</b>, but do not lay it out.
_LAID_OUT = re.compile(r"<(?:p|br|div|span|ul|ol|li|table|tr|h[1-6]|blockquote|html|body|a|img)[\s/>]", re.IGNORECASE)
_PAGE = re.compile(r"\s*<(?:html|body)\b", re.IGNORECASE)
_BR = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
_BLOCKS = frozenset(
    ["p", "div", "li", "tr", "ul", "ol", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre"]
)
_UNSEEN = frozenset(["script", "style", "head", "title"])
# Nothing here looks further than to the next tag, so that no text takes longer than its length.
_MARKUP = re.compile(
    r"""<!--|<(?P<end>/?)(?P<name>[a-zA-Z][\w:-]{0,40})(?:[\s/](?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)?>"""
    r"""|</?[a-zA-Z][\w:-]{0,40}[\s/][^<>]*+>|<[!?][^<>]*+>"""
)
_BLANKS = re.compile(r"[ \t\r\n\xa0]+")
_BREAK = "\x00"
# Python reads no number of thousands of digits, and no letter has one above 1114111.
_LONG_NUMBER = re.compile(r"&#(?=[xX]?[0-9a-fA-F]{8})")


def is_html(texts: Iterable[str]) -> bool:
    """Whether most of the texts hold tags such as <p> or <br>."""
    found = [bool(_TAG.search(text)) for text in texts]
    return sum(found) * 2 > len(found)


def are_html(texts: Sequence[str]) -> bool:
    """Whether texts hold tags: most of them, or those of one side, wrapped from end to end (<div>…</div>)."""
    tagged = [text for text in texts if "<" in text and _TAG.search(text)]
    if len(tagged) * 2 > len(texts):
        return True
    # A whole page is what somebody asked a model to write.
    wrapped = sum(bool(_WRAPPED.fullmatch(text)) and not _PAGE.match(text) for text in tagged)
    return wrapped >= max(_LEAST_WRAPPED * len(texts), 2) and wrapped * 2 > len(tagged)


def has_break(text: str) -> bool:
    """Whether a text is HTML, if only for its line breaks: "Do you?<br>I do"."""
    return "<" in text and "`" not in text and bool(_BR.search(text))


def texts(values: Sequence[Any]) -> tuple[Sequence[Any], bool]:
    """The texts of a column as plain text when a sample of them is HTML, and whether it is; else the same values.

    texts(["<p>Hi &amp; bye</p>", "<p>Aye.</p>", "Tea &lt; milk"]) is (["Hi & bye", "Aye.", "Tea < milk"], True)

    One side of a chat may write in an editor that knows bold, the other on a telephone: of a column in which a few
    texts are wrapped in tags from end to end, those with tags are HTML, the others keep their own line breaks.
    """
    sample = [value for value in values[:: max(1, len(values) // _SAMPLED)] if type(value) is str and value]
    tagged = [value for value in sample if "<" in value and _TAG.search(value)]
    wrapped = sum(bool(_WRAPPED.fullmatch(value)) for value in tagged)
    if not any(map(_LAID_OUT.search, tagged)) or (
        len(tagged) * 2 <= len(sample) and wrapped < max(_LEAST_WRAPPED * len(sample), 2)
    ):
        return values, False
    return [_of_a_column(value) if type(value) is str else value for value in values], True


def _of_a_column(value: str) -> str:
    if "<" in value and _TAG.search(value):
        return to_text(value)
    return _unescaped(value)


def to_text(html: str) -> str:
    """What a reader sees of it.

    >>> to_text("<p>Hi&nbsp;Tom,<br>aye.</p><p>Nell</p>")
    'Hi Tom,\\naye.\\nNell'

    Not by the standard library's parser: a few thousand tags that are never closed keep it busy for minutes.
    """
    # Line breaks in the source mean nothing; those that a reader sees are marked until the end.
    html = html.replace(_BREAK, "")
    pieces: list[str] = []
    at = unseen = 0
    comments = True
    while found := _MARKUP.search(html, at):
        if not unseen:
            pieces.append(_unescaped(html[at : found.start()]))
        at = found.end()
        name = (found["name"] or "").lower()
        if name in _UNSEEN:
            unseen = max(0, unseen - 1) if found["end"] else unseen + 1
        elif name in _BLOCKS or name == "br":
            pieces.append(_BREAK)
        elif comments and found[0] == "<!--":
            end = html.find("-->", at)
            comments, at = end >= 0, at if end < 0 else end + 3
    if not unseen:
        pieces.append(_unescaped(html[at:]))
    lines = (_BLANKS.sub(" ", line).strip() for line in "".join(pieces).split(_BREAK))
    return "\n".join(line for line in lines if line)


def _unescaped(text: str) -> str:
    return unescape(_LONG_NUMBER.sub("&amp;#", text)) if "&" in text else text
