"""`reproduce RUN`: make a run again from its record, and say whether the same came out."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from marcus_nb import formats, runs
from marcus_nb.parameters import ROOT, STAGES
from marcus_nb.pipeline import order
from marcus_nb.pipeline.console import QUIET, Console
from marcus_nb.pipeline.plans import Plan, Step
from marcus_nb.runs import Run, RunError
from marcus_nb.runs.verify import other_versions

IDENTICAL, WITHIN, DIFFERENT = "identical", "within intervals", "different"
# What a machine's speed and memory make of a figure; of these two runs never agree.
_OF_THE_MOMENT = {
    *("seconds", "loading_seconds", "training_seconds", "aside_seconds", "tokens_per_second", "minutes"),
    *("minutes_left", "memory_gb", "peak_memory_gb", "free_memory_gb", "free_disk_gb"),
}


def reproduce(original: Run, console: Console) -> int:
    """Run it again with its own parameters and data; returns 0 where the same came out, or within the intervals.

    Raises RunError, before anything is made, when it has not finished or a file that it read is gone or another now.
    """
    if original.state["status"] != "PASSED":
        raise RunError(
            f"Run {original.experiment}/{original.name} has not finished, so there is nothing to compare with"
        )
    _check_data(original)
    console.say(f"Makes {original.experiment}/{original.name} again", "bold", QUIET)
    others = _around(original)
    for line in others or ["code, versions and machine are those of the record"]:
        console.say(f"    {line}", level=QUIET)
    planned = Plan(tuple(Step(stage, "run", f"reproduces {original.name}") for stage in STAGES), None)
    code = order.run(original.parameters, planned, console, reproduces=original.name)
    if code != order.OK or console.run is None:
        return code
    rows = compared(original, console.run)
    console.say(f"\n{original.name} against {console.run.name}", "bold", QUIET)
    for stage, file, said in rows:
        console.say(f"    {stage:9} {said:45} {file}", level=QUIET)
    answer, why = verdict(original, console.run, rows)
    console.say(why, level=QUIET)
    console.say(answer, "bold green" if answer != DIFFERENT else "bold red", QUIET)
    return order.FAILED if answer == DIFFERENT else order.OK


def _check_data(original: Run) -> None:
    wanted = {
        digest: key.removeprefix("source:")
        for stage in STAGES
        for key, digest in (original.record(stage) or {}).get("reads", {}).items()
        if key.startswith("source:")
    }
    chosen = original.parameters
    try:
        named = formats.paths([*chosen.ingest.sources, *chosen.evaluate.contrast_sources], ROOT)
    except formats.FormatError as error:
        raise RunError(f"A file that the run read is not there any more: {error}") from error
    now = {runs.sha256(path): path for path in named}
    lost = [name for digest, name in wanted.items() if digest not in now]
    if lost:
        raise RunError(f"Not what the run read any more, edited or gone: {', '.join(lost)}. Its data cannot be had.")


def _around(original: Run) -> list[str]:
    """How code, versions and machine differ from the record: `["torch 2.13.0 → 2.14.0", "code changed: …"]`."""
    told: dict[str, None] = {}
    for stage in STAGES:
        record = original.record(stage) or {}
        told |= dict.fromkeys(f"code changed: {name}" for name in runs.provenance.changed_code(stage, record))
        told |= dict.fromkeys(other_versions(record))
    return list(told)


def compared(first: Run, second: Run) -> list[tuple[str, str, str]]:
    """Stage, file and what came of it, for every file that either run wrote."""
    rows = []
    for stage in STAGES:
        written = [(run.record(stage) or {"writes": {}})["writes"] for run in (first, second)]
        for file in dict.fromkeys([*written[0], *written[1]]):
            here, there = (digests.get(file) for digests in written)
            if here is None or there is None:
                said = f"only in {(second if here is None else first).name}"
            elif here == there:
                said = IDENTICAL
            elif _same_but_for_the_moment(first, second, file):
                said = f"{IDENTICAL}, but for times and the run's name"
            else:
                said = DIFFERENT
            rows.append((stage, file, said))
    return rows


def _same_but_for_the_moment(first: Run, second: Run, file: str) -> bool:
    contents = [_content(run.folder / file, run.name) for run in (first, second)]
    return contents[0] is not None and contents[0] == contents[1]


def _content(path: Path, name: str) -> Any:
    """What a file says, without times, memory and the run's own name; None for what has no such form (weights)."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path, read_only=True)
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}
    if path.suffix not in (".json", ".jsonl", ".md", ".csv", ".yaml") and path.name != "Modelfile":
        return None
    text = path.read_text(encoding="utf-8").replace(name, "RUN")
    if path.suffix == ".json":
        return _timeless(json.loads(text))
    if path.suffix == ".jsonl":
        return [_timeless(json.loads(line)) for line in text.splitlines()]
    return text


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in _OF_THE_MOMENT}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def verdict(first: Run, second: Run, rows: Sequence[tuple[str, str, str]]) -> tuple[str, str]:
    """One word for it all, and why: identical, within intervals (all figures lie in the first run's), or different."""
    others = [file for _, file, said in rows if not said.startswith(IDENTICAL)]
    if not others:
        return IDENTICAL, f"All {len(rows)} files are the same."
    outside = _outside(*(pd.read_csv(run.folder / "evaluate/measures.csv") for run in (first, second)))
    told = f"{len(others)} of {len(rows)} files differ"
    if outside:
        return (
            DIFFERENT,
            f"{told}, and {len(outside)} figures lie outside the first run's intervals: {'; '.join(outside[:5])}",
        )
    return WITHIN, f"{told}; every figure lies within the first run's interval."


def _outside(first: pd.DataFrame, second: pd.DataFrame) -> list[str]:
    keys = ["claim", "measure", "unit", "who"]
    both = first.merge(second, on=keys, how="outer", suffixes=("", "_again"))
    found = []
    for row in both.itertuples():
        bounds = (row.low, row.high) if not math.isnan(row.low) else (row.value, row.value)
        if not bounds[0] - 1e-9 <= row.value_again <= bounds[1] + 1e-9:  # a figure that only one of them has, too
            found.append(f"{row.claim}, {row.measure} ({row.who}): {row.value:.3g} → {row.value_again:.3g}")
    return found
