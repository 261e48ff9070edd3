"""Doing what was planned, stage by stage; the run's status is written whatever happens."""

import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marcus_nb import runs
from marcus_nb.parameters import STAGES, Parameters
from marcus_nb.pipeline.console import Console
from marcus_nb.pipeline.execute import StageFailed, check_notebook, execute
from marcus_nb.pipeline.plans import Plan
from marcus_nb.runs import Run, RunError, hygiene
from marcus_nb.runs.lock import locked
from marcus_nb.runs.provenance import notebook_of

PATIENCE_SECONDS = 10  # a notebook's kernel needs up to five of them to end its children and itself
OK, FAILED, USAGE, NOT_ACQUIRED, INTERRUPTED = 0, 1, 2, 3, 130


def run(
    parameters: Parameters,
    planned: Plan,
    console: Console,
    require_acquired: bool = False,
    reproduces: str | None = None,
    keep_checkpoints: bool = False,
) -> int:
    """Make one run as planned; returns the exit code. The run's status is written whatever happens.

    `reproduces` is the name of the run that this one makes again. A run that has passed keeps of its checkpoints only
    the best, unless `keep_checkpoints`.

    Raises RunError before anything is made when a notebook cannot be a source, DiskFull when run.json cannot be
    written any more: who reads it then finds the run INCOMPLETE, because its process is gone.
    """
    for step in planned.steps:
        if step.action == "run":
            check_notebook(step.stage)
    with _ended_by_signals():
        parent = planned.parent.name if planned.parent else None
        current = planned.resumed or runs.create(parameters, parent=parent, reproduces=reproduces)
        with locked(current.folder):
            if planned.resumed:
                runs.take_up(current)
                (current.folder / "report.html").unlink(missing_ok=True)  # it told how the run stood before
            try:
                code, state = _stages(current, planned, console)
                if state is not None:
                    if state["status"] == "PASSED" and not keep_checkpoints:
                        _delete_checkpoints(current)
                    console.end(current, state)
            finally:
                _report(current, console)
                _look_for_what_tells(current, console)
    if state is None:
        return code
    return NOT_ACQUIRED if require_acquired and state["verdict"] != "acquired" else OK


def _stages(current: Run, planned: Plan, console: Console) -> tuple[int, dict[str, Any] | None]:
    """Make the stages; the run's state at its end, None where it did not come so far, with the exit code for that."""
    console.begin(current, resumed=planned.resumed is not None)
    for step in planned.steps:
        again = console.resume(current, planned.steps[-1].stage)
        changed = console.command(current, step.stage, planned.steps[-1].stage)
        try:
            if step.action == "done":
                console.done(step.stage)
            elif step.action == "reuse" and planned.parent:
                _take_over(planned.parent, current, step.stage, console)
            else:
                _make(current, step.stage, console, again)
        except StageFailed as error:
            _stop(current, step.stage, "FAILED", error.cause, again)
            console.failed(step.stage, error.cause, error.notebook, again, changed)
            return FAILED, None
        except (RunError, OSError) as error:
            _stop(current, step.stage, "FAILED", str(error), again)
            raise
        except KeyboardInterrupt:
            _stop(current, step.stage, "INCOMPLETE", "interrupted", again)
            console.interrupted(step.stage, again)
            return INTERRUPTED, None
    return OK, _finish(current, planned.steps[-1].stage, console)


def _take_over(parent: Run, current: Run, stage: str, console: Console) -> None:
    runs.reuse(parent, current, stage)
    taken = {"status": "PASSED", "reused_from": parent.name, "notebook": _notebook_hash(current, stage)}
    runs.update(current, stages={stage: taken})
    console.reused(stage, parent.name)


def _make(current: Run, stage: str, console: Console, again: str) -> None:
    began = time.monotonic()
    # How to go on is said beforehand: a process that is killed says nothing any more.
    runs.update(current, go_on=again, stages={stage: {"status": "RUNNING", "started": runs.folder.now()}})
    with console.stage(current, stage):
        execute(current, stage)
    record = current.record(stage) or {}
    made = {"status": "PASSED", "seconds": record["seconds"], "notebook": _notebook_hash(current, stage)}
    runs.update(current, stages={stage: made})
    console.passed(record, began)


def _notebook_hash(current: Run, stage: str) -> str | None:
    """The executed notebook cannot stand in its own stage's record, which it writes itself."""
    path = current.folder / notebook_of(stage).name
    return runs.sha256(path) if path.is_file() else None


def _stop(current: Run, stage: str, status: str, cause: str, again: str) -> None:
    runs.update(
        current,
        go_on=again,
        status=status,
        cause=f"{stage}: {cause}",
        finished=runs.folder.now(),
        stages={stage: {"status": status, "cause": cause}},
    )


def _finish(current: Run, last: str, console: Console) -> dict[str, Any]:
    evaluated = current.record("evaluate")
    complete = last == STAGES[-1]
    runs.update(
        current,
        status="PASSED" if complete else "INCOMPLETE",
        cause=None if complete else f"asked to end after {last}",
        go_on=None if complete else console.resume(current),
        finished=runs.folder.now(),
        verdict=evaluated["counts"]["verdict"] if evaluated else None,
    )
    return current.state


def _delete_checkpoints(current: Run) -> None:
    """All but the one with the lowest validation loss: nothing goes on from them any more, and they weigh the most."""
    outcome = current.folder / "train" / "outcome.json"
    best = runs.read_json(outcome).get("best_step") if outcome.is_file() else None
    for folder in (current.folder / "train" / "checkpoints").glob("checkpoint-*"):
        if folder.name != f"checkpoint-{best}":
            shutil.rmtree(folder, ignore_errors=True)  # what cannot be deleted now does no harm


def _report(current: Run, console: Console) -> None:
    """Write the run's page and the list of all runs, and say where they are; what goes wrong changes no outcome."""
    try:
        from marcus_nb.pipeline import report  # with what draws: a second, which only a run's end should cost

        page = report.write(current)
        console.page(page, report.write_index())
    except (Exception, KeyboardInterrupt) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        console.say(f"The page about this run could not be written ({said}); the run itself is as said above.")


def _look_for_what_tells(current: Run, console: Console) -> None:
    """Say what in the files that people share tells of this person and machine; it changes no outcome."""
    try:
        found = hygiene.scan(current)
        runs.update(current, hygiene=[vars(item) for item in found])
    except (RunError, OSError) as error:
        console.say(f"It could not be looked through for what tells of you ({error}).")
        return
    if found:
        files = dict.fromkeys(item.file for item in found)
        kinds = ", ".join(dict.fromkeys(item.what for item in found))
        console.say(f"Before you share this run: {kinds} can be read in {', '.join(files)}.", "yellow")
        console.say(f"Where exactly: {current.folder / 'run.json'}, under hygiene", "yellow")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Whatever asks the run to end is an interrupt like Ctrl-C, so that the record is still written.

    SIGTERM comes from a scheduler, SIGHUP from a terminal that is closed; on Windows, where nothing announces the end
    by the task manager, SIGBREAK is Ctrl-Break and the closed window. nohup's choice to ignore SIGHUP is kept.
    """

    first = float("-inf")

    def interrupt(*_: Any) -> None:
        nonlocal first
        # Impatience must not cut off the record of the first interrupt; but no ending may hang for good.
        if time.monotonic() - first > PATIENCE_SECONDS:
            first = time.monotonic()
            raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {n: signal.signal(n, interrupt) for n in numbers if signal.getsignal(n) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
