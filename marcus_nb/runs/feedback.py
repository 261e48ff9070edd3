"""What people say of a run: it lies beside the runs, in `outputs/<experiment>/feedback/`, since a run never changes."""

import json
import os
from pathlib import Path
from typing import Any

from marcus_nb.runs.files import RunError, saying_disk_full
from marcus_nb.runs.folder import now, outputs_root

VOTES = "votes.jsonl"


def keep_vote(experiment: str, vote: dict[str, Any]) -> dict[str, Any]:
    """Add a vote to the experiment's `feedback/votes.jsonl`, on the disk before this returns; it then has `when`.

    One line each, so that what two people add at the same time stands one after the other. Only the owner may read
    the file, since conversations can be known by a customer's name. Raises DiskFull.
    """
    path = _path(experiment)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = vote | {"when": now()}
    with saying_disk_full(path):
        begun = path.is_file() and path.stat().st_size and not path.read_bytes().endswith(b"\n")  # the disk was full
        line = ("\n" if begun else "") + json.dumps(kept, ensure_ascii=False) + "\n"
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)
    return kept


def votes(experiment: str, run: str) -> list[dict[str, Any]]:
    """The votes on one run of an experiment, the oldest first. Raises RunError that names a line which is none."""
    path = _path(experiment)
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n") if path.is_file() else [], 1):
        if not line:  # after the last line's end; splitlines would cut at U+2028 within an id, too
            continue
        try:
            vote = json.loads(line)
            if vote["run"] == run:
                found.append(vote)
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path}, line {number}: this is no vote ({error}); delete the line to go on") from error
    return found


def _path(experiment: str) -> Path:
    return outputs_root() / experiment / "feedback" / VOTES
