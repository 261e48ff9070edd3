"""The order of stages: what a command will do and why, and doing it."""

from dataclasses import dataclass
from typing import Any

from marcus_nb import runs
from marcus_nb.parameters import ROOT, STAGES, ParameterError, Parameters
from marcus_nb.pipeline.console import Console
from marcus_nb.pipeline.execute import StageFailed, execute
from marcus_nb.runs import Run, RunError

OK, FAILED, USAGE, NOT_ACQUIRED, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(frozen=True)
class Step:
    """What happens to one stage: `action` is "run" or "reuse"."""

    stage: str
    action: str
    reason: str


@dataclass(frozen=True)
class Plan:
    steps: tuple[Step, ...]
    parent: Run | None  # whose stages are reused


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
        for folder in reversed(runs.list_runs(parameters.experiment)):
            if folder.name == runs.DRAFT:
                continue
            candidate = runs.open_run(folder.parent.name, folder.name)
            reasons = [
                f"{stage}: {reason}"
                for stage in earlier
                if (reason := runs.why_not_reusable(candidate, stage, parameters))
            ]
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


def check_sources(parameters: Parameters) -> None:
    """Refuse before anything starts when a source file is not there; every missing one is named."""
    named = [("ingest.sources", source.path) for source in parameters.ingest.sources]
    named += [("evaluate.contrast_sources", source.path) for source in parameters.evaluate.contrast_sources]
    missing = [
        f"{key}: {path} is not there (looked for {ROOT / path})" for key, path in named if not (ROOT / path).exists()
    ]
    if missing:
        raise ParameterError(
            "\n".join(missing) + "\nPaths are counted from the project's folder; absolute paths work too."
        )


def run(parameters: Parameters, planned: Plan, console: Console, require_acquired: bool = False) -> int:
    """Make one run as planned; returns the exit code. The run's status is written whatever happens."""
    current = runs.create(parameters, parent=planned.parent.name if planned.parent else None)
    console.begin(current)
    for step in planned.steps:
        if step.action == "reuse" and planned.parent:
            runs.reuse(planned.parent, current, step.stage)
            runs.update(current, stages={step.stage: {"status": "PASSED", "reused_from": planned.parent.name}})
            console.reused(step.stage, planned.parent.name)
            continue
        code = _one(current, step.stage, console)
        if code != OK:
            return code
    state = _finish(current, [step.stage for step in planned.steps])
    console.end(current, state)
    verdict = state["verdict"]
    return NOT_ACQUIRED if require_acquired and verdict != "acquired" else OK


def _one(current: Run, stage: str, console: Console) -> int:
    runs.update(current, stages={stage: {"status": "RUNNING", "started": runs.folder.now()}})
    try:
        with console.stage(current, stage):
            execute(current, stage)
    except StageFailed as error:
        _stop(current, stage, "FAILED", error.cause)
        console.failed(current, stage, error.cause, error.notebook)
        return FAILED
    except KeyboardInterrupt:
        _stop(current, stage, "INCOMPLETE", "interrupted")
        console.interrupted(current, stage)
        return INTERRUPTED
    record = current.record(stage) or {}
    runs.update(current, stages={stage: {"status": "PASSED", "seconds": record["seconds"]}})
    console.passed(stage, record)
    return OK


def _stop(current: Run, stage: str, status: str, cause: str) -> None:
    runs.update(
        current,
        status=status,
        cause=f"{stage}: {cause}",
        finished=runs.folder.now(),
        stages={stage: {"status": status, "cause": cause}},
    )


def _finish(current: Run, stages: list[str]) -> dict[str, Any]:
    evaluated = current.record("evaluate")
    complete = stages[-1] == STAGES[-1]
    runs.update(
        current,
        status="PASSED" if complete else "INCOMPLETE",
        cause=None if complete else f"asked to end after {stages[-1]}",
        finished=runs.folder.now(),
        verdict=evaluated["counts"]["verdict"] if evaluated else None,
    )
    return current.state
