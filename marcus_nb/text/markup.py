"""HTML: whether a text is written in it, and what a reader of it sees."""

import re
from html import unescape


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Elements that lay a page out, and that nobody writes in angle brackets for another reason.
_BLOCKS = _names(
    "p div ul ol li table tr thead tbody tfoot caption blockquote h1 h2 h3 h4 h5 h6 pre hr center section article "
    "header footer nav main aside figure figcaption fieldset form dl dt dd html body br title"
)
_INLINE = _names(
    "a abbr acronym b base big button cite code col colgroup del dfn em font head i iframe img ins kbd label "
    "meta noscript samp script small span strike strong style sub sup svg path td th tt u wbr"
)
_KNOWN = _BLOCKS | _INLINE
# Also placeholders that people write, as in "call <phone> or write to <address>": tags only with attributes or an end.
# <at> is how Teams writes whom a message names.
_DOUBTFUL = _names("at address time data link object input output option select summary details mark map video")
_OFFICE = re.compile(r"(?:o|v|w|m|st1|x):\w+")  # <o:p> and the like, of Outlook and Word
_UNSEEN = frozenset(["script", "style", "head", "title", "noscript", "svg"])
_CELLS = frozenset(["td", "th"])

# Nothing here looks further than to the next "<", so that no text takes longer than its length.
_ATTRIBUTES = r"""(?:[\s/]++(?=[a-zA-Z_:@>])(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)?"""
_MARKUP = re.compile(
    rf"""<!--|<(?P<end>/?)(?P<name>[a-zA-Z][\w:-]{{0,40}})(?P<attributes>{_ATTRIBUTES})>|<![A-Za-z\[][^<>]*+>|<\?xml[^<>]*+>"""
)
_ATTRIBUTE = re.compile(r"""(?<![a-zA-Z-])([a-zA-Z-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""")
# Python reads no number of thousands of digits, and no letter has one above 1114111.
_LONG_NUMBER = re.compile(r"&#(?=[xX]?[0-9a-fA-F]{8})")
_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")

_LAYOUT = "p|div|span|html|body|table|ul|ol|h[1-6]|blockquote|br|font|center|pre|section|article|strong|b|em|i|a|img"
_OPENS = re.compile(rf"\s*+(?:<!doctype\b|<!--|<\?xml|<(?:{_LAYOUT}|head|style|meta)[\s/>])", re.I)
_CLOSES = re.compile(rf"(?:</(?:{_LAYOUT}|o:p)>|<br\s{{0,3}}/?>|<img\s[^<>]{{1,2000}}>|-->)\s*+\Z", re.I)
_LONGEST_END = 2100  # characters: the longest that _CLOSES can match, and some blanks
# An address, a picture, a style; or a break glued to a word or an end of line: "use <br> here" speaks about one.
_SURE = re.compile(
    r"""<(?:a\s[^<>]{0,300}?href\s?=|img\s[^<>]{0,300}?src\s?="""
    r"""|(?:p|div|span|table|td|tr|font|ul|li|h[1-6]|blockquote|body)\s[^<>=]{0,40}=)"""
    r"""|(?<=[^\s<>])<(?:br\s{0,3}/?|p|/p|/div|/li)>|<br\s{0,3}/?>(?:[^\s<.,;:?!)\]"'”»]|\n|\s{0,3}<br)""",
    re.I,
)
_PAIR = re.compile(
    r"<(p|div|span|li|b|i|u|strong|em|h[1-6]|td|th|a|font|small|big|pre|center)>(?=\S)[^<>]{1,2000}+</\1>", re.I
)
# Somebody who says so speaks about HTML; the text may hold tags to be read as they stand.
_TALK = re.compile(
    r"`|(?<![./\w])(?:html5?|css|tags?|etiquetas?|javascript|markup|snippet|balises?)\b|&&|=>|\)\s{0,3}\{", re.I
)
_LAID_OUT = re.compile(r"<(?:p|div|br|html|body|table|tr|ul|ol|li|h[1-6]|blockquote)[\s/>]", re.I)
_DEEPEST = 5  # levels of quoting that are shown
_LONGEST_ADDRESS = 200  # characters; what trackers make longer nobody reads


def is_html(text: str) -> bool:
    """Whether a text is written in HTML, and not only holds "<", a placeholder or talk about tags.

    >>> is_html("Hi Tom,<br>aye."), is_html("Use the <b> tag if a < b"), is_html("Write to <tom@example.com>")
    (True, False, False)
    """
    if "<" not in text or ">" not in text:
        return False
    if _is_wrapped(text):
        return True
    return bool(_SURE.search(text) or _PAIR.search(text)) and not _TALK.search(_MARKUP.sub(" ", text))


def html_to_text(text: str) -> str:
    """What a reader of HTML sees; a text that is not HTML comes back as it is.

    >>> html_to_text('<p>Hi&nbsp;Tom,<br>see <a href="https://x.example/boats">our boats</a>.</p><p>Nell</p>')
    'Hi Tom,\\nsee our boats (https://x.example/boats).\\nNell'

    Each paragraph, row and item of a list is a line; an empty one stands where the writer left one ("<br><br>",
    "<p>&nbsp;</p>"). <pre> keeps its blanks; quoted e-mails get "> ", as mail programs write them. Not by html.parser
    or Beautiful Soup: 100 kB of tags that are never closed keep them busy for 10 to 35 s, four times as many sixteen
    times as long.
    """
    return _Page(text).read() if is_html(text) else text


def _is_wrapped(text: str) -> bool:
    """Whether it begins with a tag and ends with one: "<div>Hi</div>", but not "<p> and </p> are tags"."""
    if not _OPENS.match(text) or not _CLOSES.search(text[-_LONGEST_END:]):
        return False
    if _SURE.search(text) or _PAIR.search(text):
        return True
    return len(_MARKUP.findall(text)) > 2 or len(_MARKUP.sub(" ", text).split()) > 1


class _Page:
    """Reads one text from its first tag to its last; what it holds is where it stands: in a quote, a list, a link."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes: list[bool] = []  # for each open <blockquote>, whether it quotes an e-mail
        self.depth = 0  # how many of them do
        self.bullet = ""
        self.lists: list[int] = []  # for each open list, the number of its next item; 0: it has none
        self.unseen = ""
        self.verbatim = 0
        self.link: tuple[str, int, int] | None = None  # address, and the line and piece where its text begins
        # Where tags stand around everything, line breaks in the source mean nothing to a reader.
        self.flows = bool(_is_wrapped(html) and _LAID_OUT.search(html))
        self.ended: dict[str, bool] = {}

    def read(self) -> str:
        at, comments, html = 0, True, self.html
        while found := _MARKUP.search(html, at):
            self._say(html[at : found.start()])
            at = found.end()
            name = (found["name"] or "").lower()
            if name:
                if self._is_tag(name, found["attributes"]):
                    self._tag(name, bool(found["end"]), found["attributes"])
                else:
                    self._say(found[0])
            elif comments and found[0] == "<!--":
                end = html.find("-->", at)
                comments, at = end >= 0, at if end < 0 else end + 3
        self._say(html[at:])
        self._break()
        return "\n".join(self.lines).strip("\n")

    def _is_tag(self, name: str, attributes: str) -> bool:
        if name in _DOUBTFUL:
            return "=" in attributes or self._is_ended(name)
        return name in _KNOWN or bool(_OFFICE.fullmatch(name))

    def _tag(self, name: str, end: bool, attributes: str) -> None:
        if name in _UNSEEN:
            if end and name == self.unseen:
                self.unseen = ""
            elif not end and not self.unseen and not attributes.endswith("/"):
                # One that is never closed hides nothing, as in a text that was cut off.
                self.unseen = name if self._is_ended(name) else ""
            return
        if self.unseen:
            return
        if name == "br" and not "".join(self.line).strip():
            self._leave_line()
        elif name in _BLOCKS:
            self._break()
        if name == "pre":
            self.verbatim = max(0, self.verbatim + (-1 if end else 1))
        elif name == "blockquote":
            self._quote(end, attributes)
        elif name in ("ul", "ol"):
            if not end:
                self.lists.append(int(name == "ol"))
            elif self.lists:
                self.lists.pop()
        elif name == "li":
            self._item(end)
        elif name in _CELLS:
            self.line.append(" ")
        elif name == "img" and not end:
            self.line.append(unescape(_attribute(attributes, "alt")))
        elif name == "a":
            self._end_link()
            if not end:
                self.link = (_attribute(attributes, "href").strip(), len(self.lines), len(self.line))

    def _is_ended(self, name: str) -> bool:
        if name not in self.ended:
            self.ended[name] = f"</{name}" in self.html.lower()
        return self.ended[name]

    def _quote(self, end: bool, attributes: str) -> None:
        if not end:
            cited = _attribute(attributes, "type").lower() == "cite" or "gmail_quote" in _attribute(attributes, "class")
            self.quotes.append(cited)
            self.depth += cited
        elif self.quotes:
            self.depth -= self.quotes.pop()

    def _item(self, end: bool) -> None:
        number = self.lists[-1] if self.lists else 0
        self.bullet = "" if end else f"{number}. " if number else "- "
        if number and not end:
            self.lists[-1] += 1

    def _end_link(self) -> None:
        if self.link is None:
            return
        address, line, piece = self.link
        self.link = None
        said = "".join(self.line[piece:]) if line == len(self.lines) else "\n".join(self.lines[line:])
        address = unescape(address)
        if address.lower().startswith("mailto:"):
            address = address[7:].split("?")[0]
        elif not address.lower().startswith(("http://", "https://")):
            return
        if said.strip() and len(address) <= _LONGEST_ADDRESS and _bare(address) not in said.lower():
            self.line.append(f" ({address})")

    def _say(self, source: str) -> None:
        if self.unseen or not source:
            return
        if "&" in source:
            source = unescape(_LONG_NUMBER.sub("&amp;#", source))
        if self.flows and not self.verbatim:
            self.line.append(source)
            return
        first, *others = source.split("\n")
        self.line.append(first)
        for place, other in enumerate(others):
            self._break()
            if place < len(others) - 1 and not other.strip():
                self._leave_line()
            self.line.append(other)

    def _break(self) -> None:
        if not self.line:
            return
        said = "".join(self.line)
        line = said.replace("\xa0", " ").rstrip() if self.verbatim else _BLANKS.sub(" ", said).strip()
        if not line and "\xa0" in said:
            self._leave_line()
        self.line.clear()
        if self.link and self.link[1] == len(self.lines):
            self.link = (self.link[0], len(self.lines), 0)
        if line:
            self.lines.append("> " * min(self.depth, _DEEPEST) + self.bullet + line)
            self.bullet = ""

    def _leave_line(self) -> None:
        self.line.clear()
        if self.lines and self.lines[-1] and not self.bullet:
            self.lines.append("")


def _attribute(attributes: str, name: str) -> str:
    for key, *values in _ATTRIBUTE.findall(attributes) if name in attributes.lower() else ():
        if key.lower() == name:
            return "".join(values)
    return ""


def _bare(address: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", address.lower()).rstrip("/")
