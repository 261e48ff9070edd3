"""Files that get one JSON row a line while a training is at work; its process may be killed at any byte."""

import json
import os
from pathlib import Path
from typing import Any


def append(path: Path, row: dict[str, Any]) -> None:
    """Add a row such as `{"step": 5, "loss": 2.1}`; half a line that a killed process left behind goes first.

    Raises ValueError for NaN, which notebooks cannot read, and OSError.
    """
    line = json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
    with path.open("ab+") as file:
        if file.tell() and not _ends_whole(file):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        file.write(line.encode("utf-8"))


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, none when it is not there; a line that was never finished is no row."""
    if not path.is_file():
        return []
    found = []
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            found.append(json.loads(line))
        except ValueError:  # after a power cut a disk may hold zeros instead of the last lines
            continue
    return found


def _ends_whole(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
