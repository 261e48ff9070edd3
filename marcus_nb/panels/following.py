"""A training while it is at work: chart, replies and buttons in JupyterLab, the log headless."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from IPython.display import display, update_display

from marcus_nb import train
from marcus_nb.display import Block, loss_figure, replies_over_training, sentence, training_events, training_status
from marcus_nb.display.blocks import stack
from marcus_nb.panels import headless
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.live import at_once, show
from marcus_nb.train import Split, Training, follow
from marcus_nb.words import _

_NOTHING = Block("", "")


class Interrupted(KeyboardInterrupt):
    """The person interrupted the cell, and the training is paused: a notebook shows the words, and no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def follow_training(training: Training, splits: dict[str, Split], seconds: float = 5.0) -> None:
    """Stay with a training until it ends; an interrupt pauses it.

    In JupyterLab a chart, the replies and a line that change in place, at most every `seconds`, with buttons; a
    training that was paused waits there to be continued. Headless the log, each line once.
    """
    if headless():
        _print_log(training, seconds)
    else:
        Live(training, splits, seconds).follow()


def _print_log(training: Training, seconds: float) -> None:
    printed = 0
    for moment in _paced(training, seconds):
        lines = moment.lines
        if len(lines) > printed:
            print(*lines[printed:], sep="\n", flush=True)
        printed = len(lines)


def _paced(training: Training, seconds: float) -> Iterator[Training]:
    """The training whenever it has something new to show, at most every so many seconds, and when it has ended."""
    shown = float("-inf")
    with closing(follow(training)) as moments:  # so that an interrupt between two looks pauses it at once, too
        for moment in moments:
            if time.monotonic() - shown >= seconds or moment.process.poll() is not None:
                shown = time.monotonic()
                yield moment


class Live:
    """What stands under the cell while it is at work; `buttons` is the widget, everything else is static."""

    def __init__(self, training: Training, splits: dict[str, Split], seconds: float) -> None:
        self.training, self.splits, self.seconds = training, splits, seconds
        self.decided = threading.Event()
        self.stops = False  # what was decided of a paused training: to stop, or to go on
        self.waiting = False
        self.note = self._found()
        self.replies: list[dict[str, Any]] = []
        self.buttons = self._make_buttons()

    def follow(self) -> None:
        """Until the training has ended, or the person interrupts."""
        self._show("chart", loss_figure([]), new=True)
        self._show("status", self.note, new=True)
        show(self.buttons, _NOTHING, self._place("buttons"))
        self._show("replies", _NOTHING, new=True)
        try:
            self._watch()
            while self.training.paused:
                self._wait()
                train.go_on(self.training)
                if self.stops:
                    train.stop(self.training)
                self.note = _NOTHING
                self._watch()
        except KeyboardInterrupt:
            words = self._interrupted()
            self._show("status", sentence(words))
            raise Interrupted(words) from None
        finally:
            # A widget that outlives its kernel is shown as an error when the notebook is opened again.
            self._show("buttons", _NOTHING)

    def _show(self, part: str, what: Any, new: bool = False) -> None:
        if new:
            display(what, display_id=self._place(part))
        else:
            update_display(what, display_id=self._place(part))

    def _place(self, part: str) -> str:
        return f"{part}-{self.training.stage.run.name}"

    # --- at work ----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        self._enable(working=True)
        for moment in _paced(self.training, self.seconds):
            self._show("chart", loss_figure(moment.metrics, events=moment.events))
            ended = moment.process.poll() is not None
            status = training_status(moment.metrics, self._steps(), moment.last_line[9:], ended)
            self._show("status", stack(self.note, status, training_events(moment.events)))
            if (replies := moment.replies) != self.replies:
                self.replies = replies
                self._show("replies", replies_over_training(replies))

    def _steps(self) -> int:
        return train.plan(self.splits["train"], self.training.asked)["steps"]

    def _found(self) -> Block:
        """What is to be said of a training that was there already."""
        said = {
            "": "",
            "at work": _("This training was at work already: it is followed here, and none was begun."),
            "done": _(
                "This training has come to its end already, with the same parameters, data and code: nothing is made "
                "again."
            ),
        }[self.training.found]
        if self.training.found and (changed := self.training.changed):
            said += " " + _(
                "It began before this was chosen: {changes}. Stop it, and run this cell again to train with that."
            ).format(changes="; ".join(changed))
        return sentence(said) if said else _NOTHING

    # --- paused -----------------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Until it is decided what becomes of the paused training; whoever interrupts leaves it paused."""
        self.decided.clear()
        self._enable(working=False)
        self._show("status", stack(sentence(self._paused()), training_events(self.training.events)))
        self._say(_("Continue goes on from here. Interrupting this cell (■) or closing the notebook leaves it paused."))
        while not self.decided.wait(0.2):
            pass

    def _interrupted(self) -> str:
        if self.training.process.poll() == 0:
            return _("The training came to its end just then. Run this cell again to see what came of it.")
        return self._paused() + " " + _("Run this cell again to go on from there.")

    def _paused(self) -> str:
        words = _("Paused at step {step} of {steps}.").format(step=self.training.step, steps=self._steps())
        if changed := self.training.changed:
            words += " " + _("Chosen since then: {changes}; it will begin anew with that.").format(
                changes="; ".join(changed)
            )
        return words

    # --- buttons ----------------------------------------------------------------------------------------------------

    def _make_buttons(self) -> Any:
        """Buttons that ask a training by its files; a click is heard while the cell is at work."""
        import ipywidgets  # headless nothing of it may exist

        def button(words: str, icon: str, tooltip: str, clicked: Any) -> Any:
            made = ipywidgets.Button(
                description=words, icon=icon, tooltip=tooltip, layout=ipywidgets.Layout(width="auto")
            )
            made.on_click(guarded(self._say)(clicked))
            return made

        self.pausing = button(
            _("Pause"), "pause", _("Write a checkpoint after the step at work, and wait"), self._ask_to_pause
        )
        self.continuing = button(_("Continue"), "play", _("Go on from the checkpoint"), self._continue)
        self.stopping = button(
            _("Stop here and keep what is learned"), "stop", _("End the training after its next step"), self._stop
        )
        self.said = ipywidgets.HTML()
        row = ipywidgets.HBox(
            [self.pausing, self.continuing, self.stopping], layout=ipywidgets.Layout(flex_flow="row wrap")
        )
        return at_once(ipywidgets.VBox([row, self.said], layout=ipywidgets.Layout(max_width="60em")))

    def _enable(self, working: bool) -> None:
        self.waiting = not working
        self.pausing.disabled, self.continuing.disabled = not working, working
        self.stopping.disabled = not working and not self.training.step  # nothing is learned yet
        if working:
            self._say(
                _(
                    "Closing the browser changes nothing; opened again, the page stands still until this cell is "
                    "interrupted (■), which pauses with a checkpoint, and run again, which goes on from there."
                )
            )

    def _say(self, markup: str) -> None:
        self.said.value = f'<div role="status">{markup}</div>'

    def _ask_to_pause(self, _button: Any) -> None:
        train.pause(self.training)
        self.pausing.disabled = True
        self._say(_("Asked: after the step at work, the training writes its checkpoint and pauses."))

    def _continue(self, _button: Any) -> None:
        self._decide(stops=False)

    def _stop(self, _button: Any) -> None:
        if self.waiting:
            self._decide(stops=True)
        else:
            train.stop(self.training)
        self.pausing.disabled = self.stopping.disabled = True
        self._say(_("Asked: after the next step, the training ends with what it has learned so far."))

    def _decide(self, stops: bool) -> None:
        self.stops = stops
        self.continuing.disabled = self.stopping.disabled = True
        self._say(_("Going on from the checkpoint."))
        self.decided.set()
