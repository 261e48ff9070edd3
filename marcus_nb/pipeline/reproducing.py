"""`reproduce RUN`: make a run again from its record, and say whether the same came out."""

import re
import textwrap
from pathlib import Path

from marcus_nb import formats, runs
from marcus_nb.launcher import LAUNCHER
from marcus_nb.parameters import ROOT, STAGES
from marcus_nb.pipeline import order
from marcus_nb.pipeline.console import QUIET, Console
from marcus_nb.pipeline.plans import Plan, Step
from marcus_nb.pipeline.sameness import (
    BUT_FOR_THE_MOMENT,
    DIFFERENT,
    OF_THE_MOMENT,
    OF_THE_MOMENT_IN,
    compared,
    verdict,
)
from marcus_nb.runs import Run, RunError
from marcus_nb.runs.verify import other_versions


def reproduce(original: Run, console: Console) -> int:
    """Run it again with its own parameters and data; returns 0 where the same came out, or within the intervals.

    Raises RunError, before anything is made, when it has not finished or a file that it read is gone or another now.
    """
    if original.state["status"] != "PASSED":
        raise RunError(
            f"Run {original.experiment}/{original.name} has not finished, so there is nothing to compare with"
        )
    _check_data(original)
    if lost := [stage for stage in STAGES if original.record(stage) is None]:
        raise RunError(
            f"Run {original.experiment}/{original.name} has lost its record of {', '.join(lost)}: what would come out "
            "could be compared with nothing"
        )
    console.say(f"Makes {original.experiment}/{original.name} again", "bold", QUIET)
    others = _around(original)
    for line in others or ["code, versions and machine are those of the record"]:
        console.say(f"    {line}", level=QUIET)
    planned = Plan(tuple(Step(stage, "run", f"reproduces {original.name}") for stage in STAGES), None)
    code = order.run(original.parameters, planned, console, reproduces=original.name)
    if code != order.OK or console.run is None:
        if console.run is not None:
            again = f"reproduce {original.experiment}/{original.name} --with {original.experiment}/{console.run.name}"
            console.say(f"When that run has finished, compare:  {LAUNCHER} {again}", level=QUIET)
        return code
    return against(original, console.run, console)


def against(original: Run, again: Run, console: Console) -> int:
    """Compare two finished runs, and end with one word; returns 0 where they are the same, or within the intervals.

    Raises RunError when one has not finished.
    """
    for run in (original, again):
        if run.state["status"] != "PASSED":
            raise RunError(f"Run {run.experiment}/{run.name} has not finished, so there is nothing to compare")
    rows = compared(original, again)
    console.say(f"\n{original.experiment}/{original.name} against {again.experiment}/{again.name}", "bold", QUIET)
    for stage, file, said in rows:
        console.say(f"    {stage:9} {said:38} {file}", level=QUIET)
    if any(said == BUT_FOR_THE_MOMENT for _, _, said in rows):
        for line in textwrap.wrap(_left_out(), 92):
            console.say(f"    {line}", "dim", QUIET)
    answer, why = verdict(original, again, rows)
    console.say(why, level=QUIET)
    console.say(answer, "bold green" if answer != DIFFERENT else "bold red", QUIET)
    return order.FAILED if answer == DIFFERENT else order.OK


def _left_out() -> str:
    own = [f"{name} of {file}" for file, names in OF_THE_MOMENT_IN.items() for name in sorted(names)]
    return f"Times and names, which were not compared: the run's own name, {', '.join(sorted(OF_THE_MOMENT) + own)}."


def _check_data(original: Run) -> None:
    """Refuse when the files that the parameters name are not those that the run read."""
    wanted = {  # a second file of one name bears a part of its hash in the record
        digest: re.sub(r" \([0-9a-f]{7}\)$", "", key.removeprefix("source:"))
        for stage in STAGES
        for key, digest in (original.record(stage) or {}).get("reads", {}).items()
        if key.startswith("source:")
    }
    now, problems = {}, []
    for source in (*original.parameters.ingest.sources, *original.parameters.evaluate.contrast_sources):
        try:
            now |= {runs.sha256(path): path.name for path in formats.paths([source], ROOT)}
        except formats.FormatError as error:
            problems.append(str(error))
    if (by_hand := original.parameters.by_hand_file) and by_hand.is_file():
        now[runs.sha256(by_hand)] = by_hand.name
    known = {Path(name).name for name in wanted.values()}
    for digest, name in wanted.items():
        if digest not in now:
            problems.append(f"{name} was edited" if Path(name).name in now.values() else f"{name} is gone")
        elif now[digest] not in known:
            problems.append(f"{name} is called {now[digest]} now")
    problems += [f"{name} is new" for digest, name in now.items() if digest not in wanted and name not in known]
    if problems:
        raise RunError(
            f"Run {original.experiment}/{original.name} cannot be made again, its data is not what it was:\n"
            + "\n".join(f"  {problem}" for problem in problems)
            + "\nBring the files back as they were, from a backup; nothing else makes the same run."
        )


def _around(original: Run) -> list[str]:
    """How code, versions and machine differ from the record: `["torch 2.13.0 → 2.14.0", "code changed: …"]`."""
    told: dict[str, None] = {}
    for stage in STAGES:
        record = original.record(stage) or {}
        told |= dict.fromkeys(f"code changed: {name}" for name in runs.provenance.changed_code(stage, record))
        told |= dict.fromkeys(other_versions(record))
    return list(told)
