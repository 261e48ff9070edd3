"""`list` and `verify`: what runs there are, and whether one is still what was recorded. Neither needs torch."""

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marcus_nb import parameters as parameters_module
from marcus_nb import runs
from marcus_nb.parameters import STAGES
from marcus_nb.runs import RunError, verify

ALTERED = 1
_LONGEST = 200  # characters of a cause, where no terminal's width says
_MOST = 5  # names of things outside the run, told one by one


def listed() -> list[str]:
    """A line for each run, oldest first, damaged ones too: `"acme/2026…  PASSED  12 of 12  8.1  612 MB  acquired"`."""
    folders = runs.list_runs()
    if not folders:
        known = ", ".join(parameters_module.experiments())
        return [f"No runs yet in {runs.outputs_root()}. Experiments: {known}"]
    rows = [("run", "status", "claims", "min", "size", "verdict"), *map(_row, folders)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    before = sum(widths) + 2 * len(widths)
    # A terminal would break a long line, and the table with it; a file or another program gets more.
    room = shutil.get_terminal_size().columns - before if sys.stdout.isatty() else _LONGEST
    return [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), _cut(row[-1], room)]
        ).rstrip()
        for row in rows
    ] + _unfinished(folders)


def _unfinished(folders: Sequence[Path]) -> list[str]:
    """How to go on, where the newest run of an experiment has not come to its end: `"  ./run_all.sh acme --resume"`."""
    newest = {folder.parent: folder for folder in folders if folder.name != runs.DRAFT}
    found = []
    for folder in newest.values():
        with contextlib.suppress(RunError):  # the list says what is wrong with it
            state = runs.read_state(folder)
            if state["status"] in ("FAILED", "INCOMPLETE") and state.get("go_on"):
                found.append(f"  {state['go_on']}")
    return ["", "To go on with what has not finished:", *found] if found else []


def _cut(text: str, room: int) -> str:
    """`_cut("train: interrupted", 10)` → `"train: in…"`; at least a few characters always stay."""
    room = max(room, 12)
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _row(folder: Path) -> tuple[str, ...]:
    name = f"{folder.parent.name}/{folder.name}"
    try:
        state = runs.read_state(folder)
        status = "DRAFT" if folder.name == runs.DRAFT else state["status"]
        path = folder / "evaluate" / "record.json"
        claims = runs.read_json(path)["counts"].get("claims", {}) if path.is_file() else {}
        seconds = sum(entry.get("seconds", 0) for entry in state["stages"].values())
        told = state["verdict"] or state["cause"] or ""
    except (RunError, KeyError, TypeError, AttributeError) as error:  # one damaged run must not hide the others
        return name, "unreadable", "", "", "", _one_line(error)
    minutes, taken = f"{seconds / 60:.1f}" if seconds else "", f"{size(folder) / 1e6:,.0f} MB"
    return name, status, supported(claims), minutes, taken, _one_line(told)


def _one_line(told: Any) -> str:
    return " ".join(str(told).split())


def supported(claims: dict[str, str]) -> str:
    """How many of a record's claims hold, of those that could be measured: `"11 of 12"`, or "" where none could."""
    able = [found for found in claims.values() if found != "not measurable"]
    return f"{able.count('supported')} of {len(able)}" if able else ""


def size(folder: Path) -> int:
    """Bytes that a run takes on the disk; what vanishes meanwhile does not count."""
    total, waiting = 0, [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total


def verified(folder: Path) -> tuple[list[str], int]:
    """What `verify` says of the run in a folder, and its exit code: 0 where nothing recorded has been altered."""
    found = verify.check(folder)
    lines = [f"{folder.parent.name}/{folder.name}: {runs.read_state(folder)['status']}"]
    for stage in STAGES:
        own = [item for item in found if item.stage == stage]
        if not own:
            lines.append(f"  {stage:9} has not finished")
            continue
        same = sum(item.found == verify.UNCHANGED for item in own)
        lines.append(
            f"  {stage:9} {same} of {sum(item.found != verify.ADDED for item in own)} files as they were written"
        )
        lines += [
            f"      {item.found:8} {item.file}{f': {item.more}' if item.more else ''}"
            for item in own
            if item.found != verify.UNCHANGED
        ]
    around = verify.outside(folder)
    if around:
        lines.append("Around it, and no fault of the run itself:")
        lines += [f"      {item}" for item in around[:_MOST]]
        lines += [f"      and {len(around) - _MOST} more"] if len(around) > _MOST else []
    altered = {item.file for item in found if item.found in (verify.EDITED, verify.MISSING)}
    if not found:
        lines.append("No stage of it has finished, so there is nothing to compare.")
    elif altered:
        files = "1 file is" if len(altered) == 1 else f"{len(altered)} files are"
        lines.append(f"ALTERED: {files} not what was recorded. Make it anew, or mistrust it.")
    else:
        lines.append("VERIFIED: nothing that was recorded has been altered.")
    return lines, ALTERED if altered or not found else 0
