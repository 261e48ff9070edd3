"""HTML message bodies as plain text."""

import re
from collections.abc import Iterable, Sequence
from html import unescape
from html.parser import HTMLParser
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
_BLOCKS = frozenset(
    ["p", "div", "li", "tr", "ul", "ol", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre"]
)
_UNSEEN = frozenset(["script", "style", "head", "title"])


def is_html(texts: Iterable[str]) -> bool:
    """Whether most of the texts hold tags such as <p> or <br>."""
    found = [bool(_TAG.search(text)) for text in texts]
    return sum(found) * 2 > len(found)


def texts(values: Sequence[Any]) -> tuple[Sequence[Any], bool]:
    """The texts of a column as plain text when a sample of them is HTML, and whether it is; else the same values.

    (["<p>Hi &amp; bye</p>", "Tea &lt; milk"]) → (["Hi & bye", "Tea < milk"], True)

    One side of a chat may write in an editor that knows bold, the other on a telephone: of a column in which a few
    texts are wrapped in tags from end to end, those with tags are HTML, the others keep their own line breaks.
    """
    sample = [value for value in values[:: max(1, len(values) // _SAMPLED)] if type(value) is str and value]
    tagged = [value for value in sample if "<" in value and _TAG.search(value)]
    wrapped = sum(bool(_WRAPPED.fullmatch(value)) for value in tagged)
    if not tagged or (len(tagged) * 2 <= len(sample) and wrapped < max(_LEAST_WRAPPED * len(sample), 2)):
        return values, False
    return [_of_a_column(value) if type(value) is str else value for value in values], True


def _of_a_column(value: str) -> str:
    if "<" in value and _TAG.search(value):
        return to_text(value)
    return unescape(value) if "&" in value else value


def to_text(html: str) -> str:
    """What a reader sees of it.

    >>> to_text("<p>Hi&nbsp;Tom,<br>aye.</p><p>Nell</p>")
    'Hi Tom,\\naye.\\nNell'
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (re.sub(r"[ \t\r\n\xa0]+", " ", line).strip() for line in "".join(reader.pieces).split("\x00"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.unseen += tag in _UNSEEN
        # Line breaks in the source mean nothing; those that a reader sees are marked until the end.
        if tag == "br" or tag in _BLOCKS:
            self.pieces.append("\x00")

    def handle_endtag(self, tag: str) -> None:
        self.unseen = max(0, self.unseen - (tag in _UNSEEN))
        if tag in _BLOCKS:
            self.pieces.append("\x00")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.pieces.append(data.replace("\x00", ""))
