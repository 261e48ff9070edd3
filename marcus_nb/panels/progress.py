"""How far a long cell has come: one line that changes in place, or the log of who runs the notebook."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from IPython.display import display

from marcus_nb.display import sentence
from marcus_nb.panels import headless


def progress() -> Callable[[str], None]:
    """A function that is told what is being done: `log("florian: 28 questions")`.

    In JupyterLab it changes one line beneath the cell. Headless nothing stays in the notebook: the line goes into the
    file that the runner names, or nowhere.
    """
    if headless():
        named = os.environ.get("MARCUS_LOG")

        def write(text: str) -> None:
            if named:
                with Path(named).open("a", encoding="utf-8", newline="\n") as file:
                    file.write(f"{time.strftime('%H:%M:%S')} {text}\n")

        return write
    line = display(sentence("…"), display_id=True)
    return lambda text: line.update(sentence(text))
