"""Conversations and rejected records, a page at a time: to search, filter and read in JupyterLab."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from marcus_nb import display as shown
from marcus_nb.conversation import Conversation
from marcus_nb.display.blocks import Block, safe, shorten
from marcus_nb.formats import Outcome
from marcus_nb.panels import headless
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.live import show
from marcus_nb.words import _

PAGE = 20  # rows at once
_LABEL = 90  # characters
_MOST_MESSAGES = 40  # of one conversation
_EVERY = ""


def conversations(items: Sequence[Conversation], persona: str) -> None:
    """In JupyterLab a list of all conversations to search, filter and read; headless nothing."""
    if not headless() and items:
        show(Browser(items, persona).box, Block("", ""))


def rejected(outcomes: Sequence[Outcome]) -> None:
    """In JupyterLab every record that became no conversation, by reason; headless nothing."""
    if not headless() and outcomes:
        show(Rejected(outcomes).box, Block("", ""))


class _Pages:
    """Rows in pages: the buttons, where one is, and which rows are on the page."""

    def __init__(self, turned: Any) -> None:
        import ipywidgets  # headless nothing of it may exist

        wide = ipywidgets.Layout(width="auto")
        self.before = ipywidgets.Button(description=_("Previous page"), icon="chevron-left", layout=wide)
        self.after = ipywidgets.Button(description=_("Next page"), icon="chevron-right", layout=wide)
        self.page = ipywidgets.BoundedIntText(
            value=1, min=1, max=1, description=_("Page"), layout=ipywidgets.Layout(width="9em")
        )
        self.page.style = {"description_width": "initial"}
        self.page.tooltip = _("Type a number and press Enter to go there")
        self.where = ipywidgets.HTML()
        self.bar = ipywidgets.HBox([self.before, self.after, self.page, self.where])
        self.start, self.count, self.turned = 0, 0, turned
        self.before.on_click(lambda _button: self._turn(self.start - PAGE))
        self.after.on_click(lambda _button: self._turn(self.start + PAGE))
        self.page.observe(self._typed, "value")

    def begin(self, count: int) -> None:
        """Other rows, so many: from their first page on."""
        self.start, self.count = 0, count
        self._say()

    def _typed(self, change: dict[str, Any]) -> None:
        if (start := (change["new"] - 1) * PAGE) != self.start:
            self._turn(start)

    @property
    def here(self) -> range:
        return range(self.start, min(self.start + PAGE, self.count))

    def _turn(self, start: int) -> None:
        self.start = max(0, min(start, (self.count - 1) // PAGE * PAGE))
        self._say()
        self.turned()

    def _say(self) -> None:
        told = _("{first:,} to {last:,} of {count:,}") if self.count else _("none")
        first, last = self.here.start + 1, self.here.stop
        self.where.value = f"<small>{told.format(first=first, last=last, count=self.count)}</small>"
        pages = max(1, -(-self.count // PAGE))
        self.page.max, self.page.value = max(pages, self.page.value), self.start // PAGE + 1
        self.page.max = pages  # only now: a box above its limit would be set to it, and turn the page
        self.before.disabled, self.after.disabled = self.start == 0, self.here.stop >= self.count


class Browser:
    """All conversations: words to search for, menus to filter by, a page of rows, and the one that is read."""

    def __init__(self, items: Sequence[Conversation], persona: str) -> None:
        import ipywidgets

        self.items, self.persona = items, persona
        self.lowered = ["\n".join(message.content for message in item.messages).casefold() for item in items]
        self.files = [item.origin.file for item in items]
        wide = ipywidgets.Layout(width="auto", flex="1 1 16em")
        self.said = ipywidgets.HTML()
        self.search = ipywidgets.Text(
            placeholder=_("Search in all conversations, then Enter"), continuous_update=False, layout=wide
        )
        self.search.tooltip = _("Shows the conversations in which all these words stand")
        counts = Counter(self.files)
        named = [(_("every file ({count:,})").format(count=len(items)), _EVERY)]
        named += [(f"{file} ({count:,})", file) for file, count in sorted(counts.items())]
        self.file = ipywidgets.Dropdown(options=named, description=_("File"), layout=wide)
        self.turns = ipywidgets.BoundedIntText(
            value=1, min=1, max=10**6, description=_("At least so many messages"), layout=wide
        )
        for widget in (self.file, self.turns):
            widget.style = {"description_width": "initial"}
        self.rows = ipywidgets.Select(options=[], rows=8, layout=ipywidgets.Layout(width="auto"))
        self.read = ipywidgets.HTML()
        guard = guarded(self._say)
        self.pages = _Pages(guard(self._show_page))
        for widget in (self.search, self.file, self.turns):
            widget.observe(guard(self._asked), "value")
        self.rows.observe(guard(self._chosen), "value")
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HBox([self.search, self.file, self.turns], layout=ipywidgets.Layout(flex_flow="row wrap")),
                *(self.rows, self.pages.bar, self.said, self.read),
            ],
            layout=ipywidgets.Layout(max_width="60em"),
        )
        guard(self._asked)(None)

    def _say(self, markup: str) -> None:
        self.said.value = markup

    def _asked(self, _change: Any) -> None:
        words, file, least = self.search.value.casefold().split(), self.file.value, self.turns.value
        self.found = [
            at
            for at, text in enumerate(self.lowered)
            if all(word in text for word in words)
            and file in (_EVERY, self.files[at])
            and len(self.items[at].messages) >= least
        ]
        self.pages.begin(len(self.found))
        self._show_page()

    def _show_page(self) -> None:
        here = [self.found[at] for at in self.pages.here]
        # Twice the same words are two rows: a menu tells its options apart by what is chosen.
        self.rows.options = [(self._label(at), at) for at in here]
        self.rows.index = 0 if here else None
        if not here:
            self.read.value = ""

    def _label(self, at: int) -> str:
        item = self.items[at]
        first = shorten(" ".join(item.messages[0].content.split())[: 2 * _LABEL], _LABEL)
        return f"{at + 1} · {item.origin} · {first}"

    def _chosen(self, change: dict[str, Any]) -> None:
        if change["new"] is None:
            return
        item = self.items[change["new"]]
        more = len(item.messages) - _MOST_MESSAGES
        block = shown.bubbles([item.with_messages(item.messages[:_MOST_MESSAGES])], self.persona)
        told = _("and {count:,} more messages").format(count=more) if more > 0 else ""
        self.read.value = f"{block.markup}<small>{told}</small>"


class Rejected:
    """Every record that became no conversation: a menu of reasons, a page of records."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        import ipywidgets

        self.outcomes = outcomes
        counts = Counter((item.kind, item.reason) for item in outcomes)
        options = [(_("every reason ({count:,})").format(count=len(outcomes)), None)]
        options += [
            (f"{kind.replace('_', ' ')}: {shorten(reason, 80)} ({count:,})", (kind, reason))
            for (kind, reason), count in counts.most_common()
        ]
        self.reason = ipywidgets.Dropdown(
            options=options, description=_("Reason"), layout=ipywidgets.Layout(width="auto")
        )
        self.read = ipywidgets.HTML()
        guard = guarded(self._say)
        self.pages = _Pages(guard(self._show_page))
        self.reason.observe(guard(self._asked), "value")
        self.box = ipywidgets.VBox([self.reason, self.read, self.pages.bar], layout=ipywidgets.Layout(max_width="60em"))
        guard(self._asked)(None)

    def _say(self, markup: str) -> None:
        self.read.value = markup

    def _asked(self, _change: Any) -> None:
        wanted = self.reason.value
        self.found = [item for item in self.outcomes if wanted in (None, (item.kind, item.reason))]
        self.pages.begin(len(self.found))
        self._show_page()

    def _show_page(self) -> None:
        cell = "padding:3px 9px;vertical-align:top;text-align:left;border:1px solid #8886"
        rows = "".join(
            f'<tr><td style="{cell}">{safe(item.origin)}</td><td style="{cell}">{safe(item.reason)}</td>'
            f'<td style="{cell};white-space:pre-wrap;overflow-wrap:anywhere">{safe(shorten(item.text[:800], 300))}</td>'
            "</tr>"
            for item in (self.found[at] for at in self.pages.here)
        )
        heads = "".join(f'<th style="{cell}">{name}</th>' for name in (_("where"), _("why"), _("what stands there")))
        self.read.value = f'<table style="border-collapse:collapse"><tr>{heads}</tr>{rows}</table>'
