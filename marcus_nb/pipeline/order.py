"""The order of stages: what a command will do and why, and doing it."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from marcus_nb import formats, runs
from marcus_nb.parameters import ROOT, STAGES, ParameterError, Parameters
from marcus_nb.pipeline.console import Console
from marcus_nb.pipeline.execute import StageFailed, check_notebook, execute
from marcus_nb.runs import Run, RunError

PATIENCE_SECONDS = 10  # a notebook's kernel needs up to five of them to end its children and itself
OK, FAILED, USAGE, NOT_ACQUIRED, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(frozen=True)
class Step:
    """What happens to one stage: `action` is "run", "reuse", or "done" in a run that goes on."""

    stage: str
    action: str
    reason: str


@dataclass(frozen=True)
class Plan:
    steps: tuple[Step, ...]
    parent: Run | None  # whose stages are reused
    resumed: Run | None = None  # the run that goes on


def plan(parameters: Parameters, start: str, until: str) -> Plan:
    """Which stages run and which are taken over from an earlier run, with a reason each.

    Raises RunError when stages before `start` are to be reused and no earlier run has them as these parameters
    and files would make them; it says why for the newest run.
    """
    if STAGES.index(start) > STAGES.index(until):
        raise ParameterError(f"--from {start} comes after --until {until}: nothing would run")
    earlier = STAGES[: STAGES.index(start)]
    parent, problems = None, []
    if earlier:
        sources = formats.paths(parameters.ingest.sources, ROOT)
        for folder in reversed(runs.list_runs(parameters.experiment)):
            if folder.name == runs.DRAFT:
                continue
            try:
                candidate = runs.open_run(folder.parent.name, folder.name)
                reasons = [
                    f"{stage}: {reason}"
                    for stage in earlier
                    if (reason := runs.why_not_reusable(candidate, stage, parameters, sources))
                ]
            except (RunError, ParameterError) as error:  # a damaged run, or one of another version of the parameters
                problems.append(f"  {folder.name}: {str(error).splitlines()[0]}")
                continue
            if not reasons:
                parent = candidate
                break
            problems.append(f"  {folder.name}: {'; '.join(reasons)}")
        if parent is None:
            raise RunError(
                f"--from {start} needs a run of {parameters.experiment} with {', '.join(earlier)} as they would be "
                "now, and there is none:\n"
                + ("\n".join(problems[:5]) or "  no run at all")
                + f"\nStart from the beginning: ./run_all.sh {parameters.experiment}"
            )
    steps = [Step(stage, "reuse", f"unchanged since run {parent.name}") for stage in earlier if parent]
    wanted = STAGES[STAGES.index(start) : STAGES.index(until) + 1]
    reason = f"--from {start}" if earlier else "a new run makes every stage"
    return Plan((*steps, *(Step(stage, "run", reason) for stage in wanted)), parent)


def plan_to_resume(experiment: str, until: str) -> Plan:
    """How the newest unfinished run of an experiment goes on where it stopped, with its own parameters.

    Raises RunError when there is none, or when it is at work at this moment.
    """
    for folder in reversed(runs.list_runs(experiment)):
        if folder.name == runs.DRAFT:
            continue
        run = runs.open_run(experiment, folder.name)
        status = run.state["status"]
        if status == "RUNNING":
            raise RunError(
                f"Run {experiment}/{run.name} is at work in process {run.state['process']['pid']}: wait for it"
            )
        if status != "PASSED":
            break
    else:
        raise RunError(
            f"No run of {experiment} is unfinished, so there is nothing to resume (./run_all.sh list). "
            f"A new run: ./run_all.sh {experiment}"
        )
    finished = [stage for stage in STAGES if run.record(stage)]
    wanted = STAGES[: STAGES.index(until) + 1]
    if all(stage in finished for stage in wanted):
        raise RunError(f"Run {experiment}/{run.name} has finished {until} already: nothing would run")
    checkpoints = any((run.folder / "train" / "checkpoints").glob("checkpoint-*"))
    steps = []
    for stage in wanted:
        going_on = stage == "train" and checkpoints
        reason = "goes on from its newest checkpoint" if going_on else "had not finished"
        done = stage in finished
        steps.append(Step(stage, "done" if done else "run", f"finished in run {run.name}" if done else reason))
    return Plan(tuple(steps), None, run)


def check_sources(parameters: Parameters) -> None:
    """Refuse before anything starts when a source file is not there; every missing one is named."""
    named = [("ingest.sources", source) for source in parameters.ingest.sources]
    named += [("evaluate.contrast_sources", source) for source in parameters.evaluate.contrast_sources]
    missing = []
    for key, source in named:
        try:
            formats.paths([source], ROOT)
        except formats.FormatError as error:
            missing.append(f"{key}: {error}")
    if missing:
        raise ParameterError(
            "\n".join(missing) + "\nPaths are counted from the project's folder; absolute paths work too."
        )


def run(parameters: Parameters, planned: Plan, console: Console, require_acquired: bool = False) -> int:
    """Make one run as planned; returns the exit code. The run's status is written whatever happens.

    Raises RunError before anything is made when a notebook cannot be a source, DiskFull when run.json cannot be
    written any more: who reads it then finds the run INCOMPLETE, because its process is gone.
    """
    for step in planned.steps:
        if step.action == "run":
            check_notebook(step.stage)
    with _ended_by_signals():
        if planned.resumed:
            current = runs.take_up(planned.resumed)
            (current.folder / "report.html").unlink(missing_ok=True)  # it told how the run stood before
        else:
            current = runs.create(parameters, parent=planned.parent.name if planned.parent else None)
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
                _report(current, console)
                return FAILED
            except (RunError, OSError) as error:
                _stop(current, step.stage, "FAILED", str(error), again)
                _report(current, console)
                raise
            except KeyboardInterrupt:
                _stop(current, step.stage, "INCOMPLETE", "interrupted", again)
                console.interrupted(step.stage, again)
                _report(current, console)
                return INTERRUPTED
        state = _finish(current, planned.steps[-1].stage, console)
        console.end(current, state)
        _report(current, console)
    return NOT_ACQUIRED if require_acquired and state["verdict"] != "acquired" else OK


def _take_over(parent: Run, current: Run, stage: str, console: Console) -> None:
    runs.reuse(parent, current, stage)
    runs.update(current, stages={stage: {"status": "PASSED", "reused_from": parent.name}})
    console.reused(stage, parent.name)


def _make(current: Run, stage: str, console: Console, again: str) -> None:
    began = time.monotonic()
    # How to go on is said beforehand: a process that is killed says nothing any more.
    runs.update(current, go_on=again, stages={stage: {"status": "RUNNING", "started": runs.folder.now()}})
    with console.stage(current, stage):
        execute(current, stage)
    record = current.record(stage) or {}
    runs.update(current, stages={stage: {"status": "PASSED", "seconds": record["seconds"]}})
    console.passed(record, began)


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


def _report(current: Run, console: Console) -> None:
    """Write the run's page and the list of all runs, and say where they are; what goes wrong changes no outcome."""
    try:
        from marcus_nb.pipeline import report  # with what draws: a second, which only a run's end should cost

        page = report.write(current)
        console.page(page, report.write_index())
    except (Exception, KeyboardInterrupt) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        console.say(f"The page about this run could not be written ({said}); the run itself is as said above.")


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
