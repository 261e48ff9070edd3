"""What is alive in JupyterLab and static everywhere else."""

import os
import time

from IPython.display import display, update_display

from marcus_nb.display import loss_figure
from marcus_nb.train import Training, follow


def headless() -> bool:
    """Whether a runner executes the notebook: the runner says so, since papermill cannot be told from JupyterLab."""
    return os.environ.get("MARCUS_HEADLESS") == "1"


def follow_training(training: Training, seconds: float = 5.0) -> None:
    """Stay with a training until it ends: a live loss chart in JupyterLab, its log line by line headless."""
    shown, printed = float("-inf"), 0
    chart = f"loss-{training.stage.run.name}"
    if not headless():
        display(loss_figure(training.metrics), display_id=chart)
    for moment in follow(training):
        if time.monotonic() - shown < seconds and moment.process.poll() is None:
            continue
        shown = time.monotonic()
        if headless():
            lines = moment.lines
            if len(lines) > printed:
                print(*lines[printed:], sep="\n", flush=True)
            printed = len(lines)
        else:
            update_display(loss_figure(moment.metrics), display_id=chart)
