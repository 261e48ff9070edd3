"""The HTML that our notebooks' outputs brought, made fit for the page: classes for inline styles, no more than allowed.

Long inline styles, the same a thousand times, are what makes executed notebooks large; here each becomes a class.
"""

import html
import re
from html.parser import HTMLParser

from marcus_nb.display.blocks import COLORS
from marcus_nb.words import _

ALLOWED = (
    *("b", "br", "caption", "code", "details", "div", "em", "hr", "i", "li", "ol", "p", "pre", "s", "small", "span"),
    *("strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
)
_VOID = ("br", "hr")
_KEPT = ("colspan", "rowspan", "open", "lang", "dir", "title")
_SILENT = ("script", "style", "template", "iframe", "object", "svg", "math", "head", "title")  # with what is in them
_STYLE = re.compile(r"[\w\s:;.,#%()+*/'\"-]*")
_UNWANTED = re.compile(r"url|expression|position|import", re.IGNORECASE)
_INK = re.compile(r"(?<![\w-])color:(#[0-9A-Fa-f]{6})")
_EMPTY_HEAD = re.compile(r'<th([^>]*) scope="\w+">\s*</th>')
_NAMES = {value.lower(): name for name, value in COLORS.items()}


class Styles:
    """Inline styles and the class that stands for each: `styles.name("margin:6px 0")` → `"s0"`."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, style: str) -> str:
        """The class for a style; "" for one that could do more than dress."""
        style = style.strip().rstrip(";")
        if not style or not _STYLE.fullmatch(style) or _UNWANTED.search(style):
            return ""
        return self._names.setdefault(style, f"s{len(self._names)}")

    def css(self) -> str:
        """The rules of all classes; text in one of our colours gets the shade that the page's mode needs."""

        def ink(found: re.Match[str]) -> str:
            name = _NAMES.get(found[1].lower())
            return f"color:var(--{name})" if name else found[0]

        return "\n".join(f".{name}{{{_INK.sub(ink, style)}}}" for style, name in self._names.items())


class _Rewriter(HTMLParser):
    def __init__(self, styles: Styles) -> None:
        super().__init__(convert_charrefs=False)
        self.styles, self.out, self.open, self.silent = styles, [], [], []
        self.boxes: list[int] = []  # where the scrolling boxes begin that have no name yet
        self.caption: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent.append(tag)
        if self.silent or tag not in ALLOWED:
            return
        if tag == "caption":
            self.caption = []
        given = dict(attrs)
        style = given.get("style") or ""
        kept = {name: given[name] or "" for name in _KEPT if name in given}
        if name := self.styles.name(style):
            kept["class"] = name
        if tag == "th":
            kept["scope"] = "col" if "thead" in self.open else "row"
        words = "".join(f' {key}="{html.escape(value)}"' for key, value in kept.items())
        if tag == "div" and "overflow-x" in style:  # who has no mouse scrolls it with the arrow keys
            self.boxes.append(len(self.out))
            words += ' role="region" tabindex="0"'
        self.out.append(f"<{tag}{words}>")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.silent:
            if tag == self.silent[-1]:
                self.silent.pop()
            return
        if tag not in self.open:
            return
        while True:
            closed = self.open.pop()
            self.out.append(f"</{closed}>")
            if closed == "caption" and self.caption is not None:
                self._name_box("".join(self.caption))
                self.caption = None
            if closed == "table":
                self._name_box(html.escape(_("Table")))
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        self._text(html.escape(data, quote=False))

    def handle_entityref(self, name: str) -> None:
        self._text(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._text(f"&#{name};")

    def _text(self, escaped: str) -> None:
        if not self.silent:
            self.out.append(escaped)
            if self.caption is not None:
                self.caption.append(escaped)

    def _name_box(self, escaped: str) -> None:
        if self.boxes:
            place = self.boxes.pop()
            label = escaped.replace('"', "&quot;")
            self.out[place] = f'{self.out[place][:-1]} aria-label="{label}">'

    def whole(self) -> str:
        self.close()
        while self.boxes:
            self._name_box(html.escape(_("Wide content")))
        self.out += [f"</{tag}>" for tag in reversed(self.open)]
        # A head without words is none: a screen reader would announce nothing.
        return _EMPTY_HEAD.sub(r"<td\1></td>", "".join(self.out))


def rewritten(markup: str, styles: Styles) -> str:
    """An output's HTML with classes for styles, scopes for table heads, and nothing that is not allowed.

    >>> rewritten('<p style="margin:0" onclick="x()">Aye<script>no()</script></p>', Styles())
    '<p class="s0">Aye</p>'
    """
    rewriter = _Rewriter(styles)
    rewriter.feed(markup)
    return rewriter.whole()
