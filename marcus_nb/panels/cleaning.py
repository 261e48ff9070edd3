"""02_clean's rules, each with a switch and its options; what they do follows at once, on a sample, and then on all."""

import html
import time
from collections.abc import Sequence
from typing import Any

from marcus_nb import clean
from marcus_nb.clean.preview import Preview, sample
from marcus_nb.conversation import Conversation
from marcus_nb.display import Block, funnel, sentence
from marcus_nb.display import rules as first_cases
from marcus_nb.panels import headless
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.controls import control, meaning
from marcus_nb.panels.live import show
from marcus_nb.panels.newest import Newest
from marcus_nb.parameters import ParameterError
from marcus_nb.parameters.schema import Clean
from marcus_nb.runs import DRAFT, RunError, Stage
from marcus_nb.words import _

NAMES = [name for name in Clean.model_fields if name != "by_hand"]  # which has a panel of its own
QUIET = 0.4  # seconds without a change before everything is cleaned: whoever clicks on wants the sample first


def rules(stage: Stage, conversations: Sequence[Conversation], tokenizer: Any) -> Block | None:
    """In a draft in JupyterLab a panel that chooses how to clean; elsewhere a line about what is switched on."""
    static = _switches(stage.parameters.clean)
    if headless() or stage.run.name != DRAFT:
        return static
    show(RulesPanel(stage, conversations, tokenizer).box, static)
    return None


def _switches(chosen: Clean) -> Block:
    switches = [name for name in NAMES if isinstance(getattr(chosen, name), bool)]
    off = [name for name in switches if not getattr(chosen, name)]
    told = _("{on} of {all} switches are on.").format(on=len(switches) - len(off), all=len(switches))
    return sentence(f"{told} {_('Off: {names}.').format(names=', '.join(off))}" if off else told)


class RulesPanel:
    """Controls at the left, what they do beside and below them.

    What they do is worked out for the sample, and once nobody has clicked for a moment for everything.
    """

    def __init__(self, stage: Stage, conversations: Sequence[Conversation], tokenizer: Any) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.stage, self.tokenizer, self.total = stage, tokenizer, len(conversations)
        few = sample(conversations)
        self.few, self.all = Preview(few, conversations), Preview(conversations, conversations)
        self.at_once, self.later = Newest(self._say), Newest(self._say)
        self.said = ipywidgets.HTML()
        self.where = ipywidgets.HTML()
        self.counts = ipywidgets.HTML()
        self.cases = ipywidgets.HTML(layout=ipywidgets.Layout(max_height="34em", overflow="auto"))
        self.controls = {
            name: control("clean", name, getattr(stage.parameters.clean, name), self._changing(name)) for name in NAMES
        }
        whole = ipywidgets.Layout(flex="0 0 auto")  # in a box with a height of its own all would shrink to fit
        rows = [
            ipywidgets.VBox(
                [widget, ipywidgets.HTML(_text(f"<small>{html.escape(meaning('clean', name))}</small>"))], layout=whole
            )
            for name, widget in self.controls.items()
        ]
        tall = {"height": "26em", "overflow": "auto"}
        left = ipywidgets.VBox(rows, layout=ipywidgets.Layout(flex="0 0 27em", **tall))
        right = ipywidgets.VBox(
            [self.said, self.where, self.counts], layout=ipywidgets.Layout(flex="1 1 0", min_width="20em", **tall)
        )
        beside = ipywidgets.HBox([left, right])
        self.box = ipywidgets.VBox([beside, self.cases], layout=ipywidgets.Layout(max_width="72em"))
        self.refresh()

    def _changing(self, name: str) -> Any:
        def changed(value: Any) -> None:
            try:
                self.stage.choose({f"clean.{name}": value})
            except (ParameterError, RunError) as error:
                standing, widget = getattr(self.stage.parameters.clean, name), self.controls[name]
                widget.value = "\n".join(standing) if isinstance(standing, list) else standing
                self._say(html.escape(str(error)).replace("\n", "<br>"))
                return
            self._say("")
            self.refresh()

        return guarded(self._say)(changed)

    def _say(self, markup: str) -> None:
        self.said.value = (
            f'<div role="alert" style="border-left:6px solid #D55E00;padding:4px 10px">{markup}</div>' * bool(markup)
        )

    def refresh(self) -> None:
        """Work out and show what the choices do now; returns at once."""
        self.later.let_go()
        self.at_once.ask(lambda: self._follow(self.few, self.at_once), self._show_sample)

    def _show_sample(self, seen: tuple[str, str]) -> None:
        self._show(seen, self.few.size)
        if self.few.size < self.total:
            self.later.ask(self._follow_all, lambda seen: self._show(seen, self.total))

    def _follow_all(self) -> tuple[str, str]:
        begun = time.monotonic()
        while time.monotonic() < begun + QUIET:
            self.later.go_on()
            time.sleep(QUIET / 20)
        return self._follow(self.all, self.later)

    def _follow(self, preview: Preview, asked: Newest) -> tuple[str, str]:
        """The funnel and the first cases, or why there are none."""
        parameters = self.stage.parameters
        path = parameters.by_hand_file
        try:
            choices = clean.read_choices(path) if path else {}
            cleaned = preview.run(parameters.clean, parameters.shared, self.tokenizer, choices, asked.go_on)
        except clean.CleanError as error:
            return f"<p>{html.escape(str(error))}</p>".replace("\n", "<br>"), ""
        return funnel(clean.funnel(cleaned)).markup, first_cases(cleaned).markup

    def _show(self, seen: tuple[str, str], size: int) -> None:
        self.where.value = self._headline(size)
        self.counts.value, self.cases.value = map(_text, seen)

    def _headline(self, size: int) -> str:
        if size == self.total:
            told = _("On all {count} conversations.").format(count=f"{size:,}")
        else:
            told = _(
                "On a sample of {count} of {all} conversations, which has fewer copies; all of them follow."
            ).format(count=f"{size:,}", all=f"{self.total:,}")
        return f"<b>{html.escape(told)}</b>"


def _text(markup: str) -> str:
    """For a widget, which sets lines far apart."""
    return f'<div style="line-height:1.35">{markup}</div>'
