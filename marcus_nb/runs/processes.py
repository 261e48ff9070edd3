"""Processes that a file remembers: by number and start time, which tells one from a later one of its number."""

import os
from typing import Any

import psutil


def identity(pid: int | None = None) -> dict[str, Any]:
    """`{"pid": 4711, "created": 1763972000.1}` of this or of another process, even of one that has just ended."""
    pid = pid or os.getpid()
    try:
        return {"pid": pid, "created": psutil.Process(pid).create_time()}
    except psutil.Error:
        return {"pid": pid, "created": 0.0}


def living(process: dict[str, Any]) -> psutil.Process | None:
    """The process that `identity` told of, where it still lives."""
    try:
        found = psutil.Process(process["pid"])
        same = abs(found.create_time() - process["created"]) < 2
        return found if same and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None
