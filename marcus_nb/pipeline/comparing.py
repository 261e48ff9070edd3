"""`compare RUN RUN`: the notebook over several runs, executed into a folder of its own."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from marcus_nb.evaluate import across
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline.console import HEARTBEAT_SECONDS, Console, elapsed, plain
from marcus_nb.pipeline.execute import StageFailed, run_notebook
from marcus_nb.runs import Run, outputs_root
from marcus_nb.runs.folders import known_folders

NOTEBOOK = ROOT / "notebooks" / "compare.ipynb"
OK, FAILED, INTERRUPTED = 0, 1, 130
SECONDS_A_RUN = 45  # measured with SmolLM2-135M on two cores


def compare(named: Sequence[str], console: Console) -> int:
    """Execute `compare.ipynb` over the named runs into `outputs/compare/<time>/`; returns the exit code.

    Raises RunError, before anything is made, for fewer than two runs, one that is not there or that was not evaluated.
    """
    chosen = [item.run for item in across.find(named)]
    folder = outputs_root() / "compare" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    console.say(f"Marcus · compare · {len(chosen)} runs", "bold")
    for run in chosen:
        console.say(f"    {run.experiment}/{run.name}: {run.parameters.shared.persona_name}")
    console.say(
        f"About {max(1, round(SECONDS_A_RUN * (len(chosen) + 1) / 60))} min for a model of 135M on two cores", "dim"
    )
    try:
        with _at_work(console, folder / "log.txt"):
            done = execute([f"{run.experiment}/{run.name}" for run in chosen], chosen[0], folder)
    except StageFailed as error:
        console.say("FAILED in compare", "bold red")
        for line in error.cause.splitlines():
            console.say(f"    {line}")
        if error.notebook.is_file():
            console.say(f"The notebook as far as it came:  {error.notebook}")
        return FAILED
    except KeyboardInterrupt:
        console.say("INCOMPLETE: interrupted; the runs themselves are untouched.", "bold yellow")
        return INTERRUPTED
    console.say(f"Done in {elapsed(began)}", "bold green")
    console.say(f"Side by side:  {done}")
    return OK


def execute(named: Sequence[str], first: Run, folder: Path) -> Path:
    """Execute the notebook over these runs; the seed of the `first` one counts. Returns the executed notebook.

    Raises StageFailed (the notebook is kept as `compare.FAILED.ipynb`) or KeyboardInterrupt (kept likewise).
    """
    seed = first.parameters.shared.seed
    return run_notebook("compare", NOTEBOOK, folder, {"runs": list(named), "seed": seed}, seed, known_folders())


@contextmanager
def _at_work(console: Console, log: Path) -> Iterator[None]:
    """The newest line of the notebook's log now and then, so that nobody takes it for dead."""
    done, start = threading.Event(), time.monotonic()

    def lines() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            said = plain(log.read_text(encoding="utf-8")).splitlines() if log.is_file() else []
            console.say(f"    {elapsed(start)}  {said[-1][9:] if said else 'starting the notebook'}", "dim")

    watcher = threading.Thread(target=lines, daemon=True)
    watcher.start()
    os.environ["MARCUS_LOG"] = str(log)
    try:
        yield
    finally:
        del os.environ["MARCUS_LOG"]
        done.set()
        watcher.join(5)
