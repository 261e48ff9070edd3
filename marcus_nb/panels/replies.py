"""The replies that 04_evaluate kept, side by side: a page at a time, by what they count against, worst first."""

import html
import math
from typing import Any

import pandas as pd

from marcus_nb import evaluate
from marcus_nb.conversation import read_jsonl
from marcus_nb.display import Block, sentence, side_by_side, stack
from marcus_nb.panels import headless
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.found import Found, Samples, View, views
from marcus_nb.panels.live import show
from marcus_nb.parameters import Parameters
from marcus_nb.runs import Run
from marcus_nb.words import _

PAGE = 8  # questions


def of_run(run: Run) -> dict[str, pd.DataFrame]:
    """What a finished run kept in `evaluate/samples.jsonl`, by kind, as `Report.samples` has it.

    A kind of which nothing was found is there, and empty; all of them are where 04_evaluate kept nothing.
    """
    path = run.folder / "evaluate" / "samples.jsonl"
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for view in views() for kind in view.needs}
    for row in read_jsonl(path) if path.is_file() else ():
        rows.setdefault(row.pop("sample"), []).append(row)
    return {kind: pd.DataFrame(found) for kind, found in rows.items()}


def browse(samples: Samples, parameters: Parameters) -> Block | None:
    """Every kept reply in a panel; headless the worst, some at random and the best as a static table.

    `samples` is `Report.samples` with "unseen" and "loss" in it, which may still grow, or `of_run`.
    """
    if samples["unseen"].columns.empty or samples["loss"].columns.empty:
        return sentence(_("This run kept no replies to look at: 04_evaluate writes them to evaluate/samples.jsonl."))
    chosen, shared = parameters.evaluate, parameters.shared
    picked = evaluate.side_by_side(samples["unseen"], samples["loss"], chosen, shared.seed)
    static = side_by_side(picked, samples.get("seen", picked.iloc[:0]), shared.persona_name)
    if headless():
        return static
    show(_Browser(samples, shared.persona_name).box, static)
    return None


class _Browser:
    """Three ways to choose, a page of boxes, and two buttons to turn it."""

    def __init__(self, samples: Samples, persona: str) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.samples, self.persona, self.page = samples, persona, 0
        self.found: list[Found] = []
        wide = {"layout": ipywidgets.Layout(width="auto", max_width="100%"), "style": {"description_width": "initial"}}
        self.view = ipywidgets.Dropdown(
            options=[(view.title, view) for view in views()],
            description=_("Show"),
            tooltip=_("Which replies to read: all, or those that count against a claim"),
            **wide,
        )
        self.order = ipywidgets.Dropdown(
            options=[(_("worst first"), "worst"), (_("best first"), "best"), (_("in the order asked"), "asked")],
            description=_("Order"),
            tooltip=_("Worst: what surprised the tuned model most, or was most wrong"),
            **wide,
        )
        self.words = ipywidgets.Text(
            description=_("With the words"),
            placeholder=_("such as: deposit"),
            tooltip=_("Only questions and replies that hold these words; press Enter"),
            continuous_update=False,
            **wide,
        )
        self.back = ipywidgets.Button(description=_("Previous replies"), icon="arrow-left", layout=wide["layout"])
        self.on = ipywidgets.Button(description=_("Next replies"), icon="arrow-right", layout=wide["layout"])
        self.status, self.boxes = ipywidgets.HTML(), ipywidgets.HTML()
        careful = guarded(self._say)
        for control in (self.view, self.order, self.words):
            control.observe(careful(self._chosen), "value")
        self.back.on_click(careful(lambda _button: self._turn(-1)))
        self.on.on_click(careful(lambda _button: self._turn(1)))
        row = ipywidgets.Layout(flex_flow="row wrap")
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HBox([self.view, self.order, self.words], layout=row),
                self.boxes,
                ipywidgets.HBox([self.back, self.on, self.status], layout=row),
            ],
            layout=ipywidgets.Layout(max_width="60em"),
        )
        careful(self._chosen)()

    def _say(self, markup: str) -> None:
        self.status.value = markup

    def _chosen(self, _change: Any = None) -> None:
        self.page = 0
        self._look()

    def _turn(self, pages: int) -> None:
        self.page = min(max(0, self.page + pages), self._pages - 1)  # a second click may come before it is disabled
        self._look()

    @property
    def _pages(self) -> int:
        return max(1, math.ceil(len(self.found) / PAGE))

    def _look(self) -> None:
        view: View = self.view.value
        if missing := [kind for kind in view.needs if kind not in self.samples]:
            self.found = []
            told = _("This is not known yet ({kinds}): run the cells below, then choose it again.")
            self._show([sentence(told.format(kinds=", ".join(missing)))])
            return
        sought = self.words.value.strip().casefold()
        self.found = [row for row in view.rows(self.samples, self.persona) if sought in row.words]
        if self.order.value != "asked":
            sign = -1 if self.order.value == "worst" else 1
            self.found.sort(key=lambda row: math.inf if math.isnan(row.worse) else sign * row.worse)
        start = self.page * PAGE
        shown = [row.shown() for row in self.found[start : start + PAGE]]
        self._show(shown or [sentence(_("There is none."))])

    def _show(self, blocks: list[Block]) -> None:
        self.back.disabled, self.on.disabled = self.page == 0, self.page + 1 >= self._pages
        self.boxes.value = f'<div style="line-height:1.4">{stack(*blocks).markup}</div>'
        told = _("{count} in all, page {page} of {pages}")
        self._say(html.escape(told.format(count=len(self.found), page=self.page + 1, pages=self._pages)))
