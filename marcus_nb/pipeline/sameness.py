"""Whether two runs came to the same: file by file, and in one word."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from marcus_nb.parameters import STAGES
from marcus_nb.runs import Run

IDENTICAL, WITHIN, DIFFERENT = "identical", "within intervals", "different"
BUT_FOR_THE_MOMENT = f"{IDENTICAL}, but for times and names"
# What a machine's speed and memory at the moment make of a figure, or how often a run was interrupted: of these two
# runs never agree, and nothing that was made depends on them.
OF_THE_MOMENT = {
    *("seconds", "loading_seconds", "training_seconds", "aside_seconds", "tokens_per_second", "minutes"),
    *("minutes_left", "memory_gb", "peak_memory_gb", "free_memory_gb", "free_disk_gb", "disk_gb"),
    *("dtype_reason", "resumed_from", "command"),
}
# The same, by names that mean something else in other files.
OF_THE_MOMENT_IN = {"precision.json": {"why"}, "outcome.json": {"events", "warnings"}, "preflight.json": {"warnings"}}
# How the training went, not what it came to: there only where memory ran short or a checkpoint was damaged.
NOT_COMPARED = ("train/events.jsonl",)
DATA = ("ingest", "clean")  # what these write depends on nothing but parameters, data and code


def compared(first: Run, second: Run) -> list[tuple[str, str, str]]:
    """Stage, file and what came of it, for every file that either run wrote."""
    rows = []
    for stage in STAGES:
        written = [(run.record(stage) or {"writes": {}})["writes"] for run in (first, second)]
        for file in dict.fromkeys([*written[0], *written[1]]):
            if file in NOT_COMPARED:
                continue
            here, there = (digests.get(file) for digests in written)
            if here is None or there is None:
                said = f"only in {(second if here is None else first).name}"
            elif here == there:
                said = IDENTICAL
            elif _same_but_for_the_moment(first, second, file):
                said = BUT_FOR_THE_MOMENT
            else:
                said = DIFFERENT
            rows.append((stage, file, said))
    return rows


def _same_but_for_the_moment(first: Run, second: Run, file: str) -> bool:
    contents = [_content(run.folder / file, run.name) for run in (first, second)]
    return contents[0] is not None and contents[0] == contents[1]


def _content(path: Path, name: str) -> Any:
    """What a file says, without times, memory and the run's own name; None for what has no such form (weights)."""
    if not path.is_file():  # deleted since, to save space
        return None
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path, read_only=True)
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}
    if path.suffix not in (".json", ".jsonl", ".md", ".csv", ".yaml") and path.name != "Modelfile":
        return None
    text = path.read_text(encoding="utf-8").replace(name, "RUN")
    without = OF_THE_MOMENT | OF_THE_MOMENT_IN.get(path.name, set())
    if path.suffix == ".json":
        return _timeless(json.loads(text), without)
    if path.suffix == ".jsonl":
        return [_timeless(json.loads(line), without) for line in text.splitlines()]
    return text


def _timeless(value: Any, without: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item, without) for key, item in value.items() if key not in without}
    return [_timeless(item, without) for item in value] if isinstance(value, list) else value


def verdict(first: Run, second: Run, rows: Sequence[tuple[str, str, str]]) -> tuple[str, str]:
    """One word for it all, and why.

    Identical: every file. Within intervals: the data's files are identical, and every figure of the second run lies in
    the first one's interval. Else different.
    """
    others = [(stage, file) for stage, file, said in rows if not said.startswith(IDENTICAL)]
    if not others:
        return IDENTICAL, f"All {len(rows)} files are the same."
    told = f"{len(others)} of {len(rows)} files differ"
    if data := [file for stage, file in others if stage in DATA]:
        return DIFFERENT, f"{told}, among them what was learned from: {_first(data)}"
    measures = [run.folder / "evaluate/measures.csv" for run in (first, second)]
    if lost := next((path for path in measures if not path.is_file()), None):
        return DIFFERENT, f"{told}, and there are no figures to judge that by: {lost} is not there."
    outside, unjudged = _figures(*map(pd.read_csv, measures))
    if outside:
        figures = "1 figure lies" if len(outside) == 1 else f"{len(outside)} figures lie"
        return DIFFERENT, f"{told}, and {figures} outside the first run's intervals: {_first(outside)}"
    why = f"{told}; every figure that has an interval lies within the first run's."
    if unjudged:
        why += f" Other figures that differ, which have none: {_first(unjudged)}"
    verdicts = [run.state["verdict"] for run in (first, second)]
    if verdicts[0] != verdicts[1]:
        why += f" The verdict was {verdicts[0]} and is {verdicts[1]}: the figures are near what is asked for."
    return WITHIN, why


def _first(names: Sequence[str], most: int = 5) -> str:
    return "; ".join(names[:most]) + (f"; and {len(names) - most} more" if len(names) > most else "")


def _figures(first: pd.DataFrame, second: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Figures outside the first run's interval, those that only one run has included; and those without an interval
    that are others now: `(["loss, gain (difference): 1 → 1.2"], [])`."""
    keys = ["claim", "measure", "unit", "who"]
    both = first.merge(second, on=keys, how="outer", suffixes=("", "_again"), indicator=True)
    outside, unjudged = [], []
    for row in both.itertuples():
        said = f"{row.claim}, {row.measure} ({row.who}): {row.value:.3g} → {row.value_again:.3g}"
        if both.at[row.Index, "_merge"] != "both" or math.isnan(row.value) != math.isnan(row.value_again):
            outside.append(said)
        elif math.isnan(row.low) or math.isnan(row.high):
            if abs(row.value - row.value_again) > 1e-9:
                unjudged.append(said)
        elif not row.low - 1e-9 <= row.value_again <= row.high + 1e-9:
            outside.append(said)
    return outside, unjudged
