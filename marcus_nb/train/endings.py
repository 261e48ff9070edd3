"""How processes that train together say how they ended: their launcher ends with 1 whatever happened.

When one is gone, the others end too, by an exchange that fails or by the launcher's signal: only the first one counts.
"""

import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marcus_nb.train.failures import ASKED, PAUSED, UNKNOWN, ending

# torchrun's summary, one block a process that failed: "rank : 1 (local_rank: 1)", "exitcode : -9 (pid: 25853)".
_FAILED = re.compile(r"^\s+rank\s*: (\d+).*\n\s+exitcode\s*: (-?\d+)", re.MULTILINE)
_ROOT = "Root Cause"
_LAUNCHER = re.compile(r"^[WE]\d{4} .*torch/distributed", re.MULTILINE)  # where torchrun's own words begin
TOLD = "ending-*.json"
_KEYS = {"rank", "at", "code", "words", "lost_another"}


@dataclass(frozen=True)
class Ending:
    """How the first of several processes to end has ended; `process` counts from 1, None where nobody knows."""

    code: int
    words: str
    process: int | None = None


def tell(folder: Path, code: int, words: str, error: BaseException | None = None) -> None:
    """Leave `ending-RANK.json` in the stage's folder, where several processes train together. Raises OSError."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return
    import torch.distributed as dist  # seconds, which the notebook's side does without

    rank, text = int(os.environ["RANK"]), str(error)
    lost = isinstance(error, dist.DistError) or "gloo/" in text
    if lost and "imed out" in text:
        lost, words = False, "Another process of this training did not answer for ten minutes; it may hang."
    told = {"rank": rank, "at": time.time(), "code": code, "words": words.strip(), "lost_another": lost}
    (folder / f"ending-{rank}.json").write_text(json.dumps(told), encoding="utf-8")


def first(folder: Path, code: int, words: str) -> Ending:
    """Which process ended first, and how; `code` and `words` are the exit code and standard error of the launcher."""
    told = sorted(filter(None, map(_read, folder.glob(TOLD))), key=lambda one: one["at"])
    reasons = [one for one in told if one["code"] not in (UNKNOWN, PAUSED)]
    errors = [one for one in told if one["code"] == UNKNOWN and not one["lost_another"]]
    for one in [*reasons, *errors]:
        return Ending(one["code"], one["words"], one["rank"] + 1)
    before, _, after = words.partition(_ROOT)
    known = {one["rank"] for one in told}
    for rank, status in [*_FAILED.findall(after), *_FAILED.findall(before)]:
        if int(rank) not in known and ending(int(status)) != ASKED:  # killed: it told nothing
            return Ending(int(status), _LAUNCHER.split(words)[0].strip() if status == "1" else "", int(rank) + 1)
    for one in sorted(told, key=lambda one: one["code"] == PAUSED):
        return Ending(one["code"], one["words"], one["rank"] + 1)
    return Ending(code, words)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the disk was full, or it was killed while it told
        return None
    return told if isinstance(told, dict) and told.keys() >= _KEYS else None
