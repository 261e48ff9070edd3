"""What a command will do, and why: which stages run, and which are taken over from an earlier run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from marcus_nb import formats, runs
from marcus_nb.launcher import to_type
from marcus_nb.parameters import ROOT, STAGES, ParameterError, Parameters
from marcus_nb.runs import Run, RunError
from marcus_nb.runs.stage import other_code

_TOLD = 5  # runs of which it is said why they cannot be reused


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

    Raises RunError when stages before `start` are to be reused and no earlier run has them as these parameters,
    files and code would make them; it says why for the newest runs.
    """
    if STAGES.index(start) > STAGES.index(until):
        raise ParameterError(f"--from {start} comes after --until {until}: nothing would run")
    earlier = STAGES[: STAGES.index(start)]
    wanted = STAGES[STAGES.index(start) : STAGES.index(until) + 1]
    sources = formats.paths(parameters.ingest.sources, ROOT)
    if not earlier:
        contrast = formats.paths(parameters.evaluate.contrast_sources, ROOT)
        standing = _standing(parameters, wanted, {"ingest": sources, "evaluate": contrast})
        return Plan(tuple(Step(stage, "run", why) for stage, why in zip(wanted, standing, strict=True)), None)
    parent = _parent(parameters, start, earlier, sources)
    steps = [Step(stage, "reuse", f"unchanged since run {parent.name}") for stage in earlier]
    return Plan((*steps, *(Step(stage, "run", f"--from {start}") for stage in wanted)), parent)


def _parent(parameters: Parameters, start: str, earlier: Sequence[str], sources: Sequence[Path]) -> Run:
    """The newest run whose stages before `start` are as they would be made now."""
    problems = []
    for folder in reversed(runs.list_runs(parameters.experiment)):
        if folder.name == runs.DRAFT:
            continue
        try:
            reasons = []
            for stage in earlier:
                if reason := runs.why_not_reusable(folder, stage, parameters, sources):
                    reasons.append(f"{stage}: {reason}")
                    if len(problems) >= _TOLD:  # nobody reads more, and there may be hundreds of runs
                        break
            if not reasons:
                return runs.open_run(folder.parent.name, folder.name)
        except (RunError, ParameterError) as error:  # a damaged run, or one of another version of the parameters
            reasons = [str(error).splitlines()[0]]
        problems.append(f"  {folder.name}: {'; '.join(reasons)}")
    raise RunError(
        f"--from {start} needs a run of {parameters.experiment} with {', '.join(earlier)} as they would be "
        "now, and there is none:\n"
        + ("\n".join(problems[:_TOLD]) or "  no run at all")
        + f"\nStart from the beginning: {to_type(parameters.experiment)}"
    )


def _standing(parameters: Parameters, wanted: Sequence[str], sources: dict[str, Sequence[Path]]) -> list[str]:
    """How the newest run stands to what each stage would make now: what changed, or how it could be reused.

    `sources` are the files of the person's own that a stage reads: `{"ingest": [Path("chat.csv")]}`.
    """
    newest = next((f for f in reversed(runs.list_runs(parameters.experiment)) if f.name != runs.DRAFT), None)
    if newest is None:
        return ["never ran"] * len(wanted)
    found, changed = [], ""
    for stage in wanted:
        try:
            why = runs.why_not_reusable(newest, stage, parameters, sources.get(stage, ()), look_into_files=False)
        except RunError as error:
            why = str(error).splitlines()[0]
        if why is None and changed:
            found.append(f"follows {changed}")
        elif why is None:
            following = STAGES[STAGES.index(stage) + 1 :]
            reuse = f": --from {following[0]} would reuse it" if following else ""
            found.append(f"fresh in run {newest.name}{reuse}")
        else:
            found.append(f"{why} (run {newest.name})")
            changed = changed or stage
    return found


def plan_to_resume(experiment: str, until: str) -> Plan:
    """How the newest unfinished run of an experiment goes on where it stopped, with its own parameters.

    Raises RunError when there is none, or when it is at work at this moment.
    """
    for folder in reversed(runs.list_runs(experiment)):
        if folder.name == runs.DRAFT:
            continue
        state = runs.read_state(folder)  # without its parameters: there may be hundreds
        if state["status"] == "RUNNING":
            raise RunError(
                f"Run {experiment}/{folder.name} is at work in process {state['process']['pid']}: wait for it"
            )
        if state["status"] != "PASSED":
            run = runs.open_run(experiment, folder.name)
            break
    else:
        raise RunError(
            f"Nothing to do. No run of {experiment} is unfinished, so there is nothing to resume ({to_type('list')}). "
            f"A new run: {to_type(experiment)}"
        )
    finished = {stage: record for stage in STAGES if (record := run.record(stage))}
    wanted = STAGES[: STAGES.index(until) + 1]
    if all(stage in finished for stage in wanted):
        raise RunError(f"Nothing to do. Run {experiment}/{run.name} has finished {until} already: nothing would run")
    checkpoints = any((run.folder / "train" / "checkpoints").glob("checkpoint-*"))
    steps = []
    for stage in wanted:
        going_on = stage == "train" and checkpoints
        reason = "goes on from its newest checkpoint" if going_on else "had not finished"
        done = stage in finished
        if done:  # kept all the same: a run that goes on keeps what it has
            other = other_code(stage, finished[stage])
            reason = f"finished in run {run.name}{f' ({other})' if other else ''}"
        steps.append(Step(stage, "done" if done else "run", reason))
    return Plan(tuple(steps), None, run)


def beside(steps: Sequence[Step], own: str) -> list[Step]:
    """The steps of a run that takes over from the one made just before what comes before its `own` first stage."""
    return [
        Step(step.stage, "reuse", "from the run made before it")
        if step.action == "run" and STAGES.index(step.stage) < STAGES.index(own)
        else step
        for step in steps
    ]


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
    if (by_hand := parameters.by_hand_file) and not by_hand.is_file():
        missing.append(f"clean.by_hand: {parameters.clean.by_hand} is not there; empty it where nothing is by hand")
    if missing:
        raise ParameterError(
            "\n".join(missing) + "\nPaths are counted from the project's folder; absolute paths work too."
        )
