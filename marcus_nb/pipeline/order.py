"""Doing what was planned, stage by stage; the run's status is written whatever happens."""

import contextlib
import shutil
import time
from typing import Any

from marcus_nb import runs
from marcus_nb.parameters import STAGES, Parameters
from marcus_nb.pipeline.console import Console
from marcus_nb.pipeline.execute import StageFailed, check_notebook, execute
from marcus_nb.pipeline.plans import Plan
from marcus_nb.pipeline.signals import ended_by_signals
from marcus_nb.runs import Run, RunError, hygiene
from marcus_nb.runs.folders import known_folders, without_folders
from marcus_nb.runs.lock import locked
from marcus_nb.runs.provenance import notebook_of

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
    with ended_by_signals():
        parent = planned.parent.name if planned.parent else None
        current = planned.resumed or runs.create(parameters, parent=parent, reproduces=reproduces)
        with locked(current.folder):
            if planned.resumed:
                runs.take_up(current)
                (current.folder / "report.html").unlink(missing_ok=True)  # it told how the run stood before
            try:
                code, state = _stages(current, planned, console)
                if state is not None:
                    console.end(current, state)
                    if state["status"] == "PASSED" and not keep_checkpoints:
                        _delete_checkpoints(current)
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
            console.failed(step.stage, str(error), None, again, changed)
            return FAILED, None
        except KeyboardInterrupt:
            _stop(current, step.stage, "INCOMPLETE", "interrupted", again)
            console.interrupted(step.stage, again)
            return INTERRUPTED, None
    return OK, _finish(current, planned.steps[-1].stage, console)


def _take_over(parent: Run, current: Run, stage: str, console: Console) -> None:
    runs.reuse(parent, current, stage)
    taken = {"status": "PASSED", "reused_from": parent.name, **_hashes(current, stage)}
    runs.update(current, stages={stage: taken})
    console.reused(stage, parent.name)


def _make(current: Run, stage: str, console: Console, again: str) -> None:
    began = time.monotonic()
    # How to go on is said beforehand: a process that is killed says nothing any more.
    runs.update(current, go_on=again, stages={stage: {"status": "RUNNING", "started": runs.folder.now()}})
    with console.stage(current, stage):
        execute(current, stage)
    record = current.record(stage) or {}
    made = {"status": "PASSED", "seconds": record["seconds"], **_hashes(current, stage)}
    runs.update(current, stages={stage: made})
    console.passed(record, began)


def _hashes(current: Run, stage: str) -> dict[str, str | None]:
    """Of the record, and of the executed notebook, which cannot stand in the record that it writes itself."""
    paths = {"notebook": current.folder / notebook_of(stage).name, "record": current.folder / stage / "record.json"}
    return {name: runs.sha256(path) if path.is_file() else None for name, path in paths.items()}


def _stop(current: Run, stage: str, status: str, cause: str, again: str) -> None:
    cause = without_folders(cause, known_folders(current.parameters))
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
    """All but the one with the lowest validation loss: nothing goes on from them any more, and they weigh the most.

    What cannot be deleted, or is not because somebody has no patience left, does no harm and changes no outcome.
    """
    with contextlib.suppress(RunError, OSError, KeyboardInterrupt):
        best = runs.read_json(current.folder / "train" / "outcome.json")["best_step"]
        for folder in (current.folder / "train" / "checkpoints").glob("checkpoint-*"):
            if folder.name != f"checkpoint-{best}":
                shutil.rmtree(folder, ignore_errors=True)


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
        found = hygiene.keep(current)
    except (RunError, OSError, KeyboardInterrupt) as error:
        said = str(error) or "interrupted"
        console.say(f"It could not be looked through for what tells of you ({said}).")
        return
    if found:
        files = dict.fromkeys(item.file for item in found)
        kinds = ", ".join(dict.fromkeys(item.what for item in found))
        console.say(f"Before you share this run: {kinds} can be read in {', '.join(files)}.", "yellow")
        console.say(f"Where exactly: {current.folder / 'run.json'}, under hygiene", "yellow")
