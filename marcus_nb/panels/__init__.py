"""What is alive in JupyterLab and static everywhere else."""

import html
import os
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from IPython.display import display, update_display

from marcus_nb.display import Block, loss_figure, sentence, training_events, training_status
from marcus_nb.display.blocks import stack
from marcus_nb.train import Training, follow, pause, stop

ASKED = "Asked: after the step at work, the training "
PAUSED = "Paused. Run this cell again to go on from the last checkpoint."
HINT = (
    "Closing the browser changes nothing. Interrupting this cell (■) pauses: a checkpoint is written, and running the "
    "cell again goes on from there."
)


def headless() -> bool:
    """Whether a runner executes the notebook: the runner says so, since papermill cannot be told from JupyterLab."""
    return os.environ.get("MARCUS_HEADLESS") == "1"


def follow_training(training: Training, steps: int, seconds: float = 5.0) -> None:
    """Stay with a training of so many `steps` until it ends; an interrupt pauses it.

    In JupyterLab a chart and a line that change in place, at most every `seconds`, with two buttons; headless the log,
    each line once.
    """
    if headless():
        _print_log(training, seconds)
    else:
        _show_live(training, steps, seconds)


def _print_log(training: Training, seconds: float) -> None:
    printed = 0
    for moment in _paced(training, seconds):
        lines = moment.lines
        if len(lines) > printed:
            print(*lines[printed:], sep="\n", flush=True)
        printed = len(lines)


def _show_live(training: Training, steps: int, seconds: float) -> None:
    places = {part: f"{part}-{training.stage.run.name}" for part in ("chart", "status", "buttons")}
    display(loss_figure([]), display_id=places["chart"])
    display(Block("", ""), display_id=places["status"])
    display(_buttons(training), display_id=places["buttons"])
    try:
        for moment in _paced(training, seconds):
            update_display(loss_figure(moment.metrics, events=moment.events), display_id=places["chart"])
            update_display(_status(moment, steps), display_id=places["status"])
    except KeyboardInterrupt:
        update_display(sentence(PAUSED), display_id=places["status"])
        raise
    finally:
        # A widget that outlives its kernel is shown as an error when the notebook is opened again.
        update_display(Block("", ""), display_id=places["buttons"])


def _paced(training: Training, seconds: float) -> Iterator[Training]:
    """The training whenever it has something new to show, at most every so many seconds, and when it has ended."""
    shown = float("-inf")
    with closing(follow(training)) as moments:  # so that an interrupt between two looks pauses it at once, too
        for moment in moments:
            if time.monotonic() - shown >= seconds or moment.process.poll() is not None:
                shown = time.monotonic()
                yield moment


def _status(training: Training, steps: int) -> Block:
    ended = training.process.poll() is not None
    status = training_status(training.metrics, steps, training.last_line[9:], ended)
    return stack(status, training_events(training.events))


def _buttons(training: Training) -> Any:
    """Two buttons that ask a training by its files.

    They work while the cell does: JupyterLab sends clicks to a subshell, a thread of the kernel's own.
    """
    import ipywidgets  # headless nothing of it may exist

    wide = ipywidgets.Layout(width="auto")
    pausing = ipywidgets.Button(description="Pause", icon="pause", layout=wide)
    stopping = ipywidgets.Button(description="Stop here and keep what is learned", icon="stop", layout=wide)
    said = ipywidgets.HTML(HINT)

    def asking(ask: Any, words: str) -> Any:
        def clicked(_: Any) -> None:
            try:
                ask(training)
                said.value = f"{ASKED}{words}"
            except OSError as error:  # raised in a callback it would be seen nowhere
                said.value = html.escape(f"That did not work: {error}")

        return clicked

    for button in (pausing, stopping):
        # ipykernel 7.4 notes here that the cell made the button, and would keep its clicks until the cell has ended.
        vars(button.comm).pop("_reply_subshell_id", None)
    pausing.on_click(asking(pause, "writes its checkpoint and pauses. Run the cell again to go on."))
    stopping.on_click(asking(stop, "ends with what it has learned so far."))
    return ipywidgets.VBox([ipywidgets.HBox([pausing, stopping]), said])
