"""HTML message bodies as plain text."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|strong|em|ul|ol|li|table|tr|td|blockquote|img|h[1-6]|html|body|pre|font)"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    ["p", "div", "li", "tr", "ul", "ol", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre"]
)
_UNSEEN = frozenset(["script", "style", "head", "title"])


def is_html(texts: Iterable[str]) -> bool:
    """Whether most of the texts hold tags such as <p> or <br>."""
    found = [bool(_TAG.search(text)) for text in texts]
    return sum(found) * 2 > len(found)


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
