"""Files of a run: written whole or not at all, and known by their hash."""

import errno
import functools
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from marcus_nb.renaming import replace


class RunError(RuntimeError):
    """Something about a run's files; the message says which, what is wrong with it and what to do."""


class DiskFull(RunError):
    """The disk filled up while a record was written; what was there before is intact."""


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_once(path: Path) -> str:
    """As `sha256`, but remembered by this process for as long as the file's size and time of change stay.

    To compare one file with the records of hundreds of runs; not for saying whether a file was altered.
    """
    about = path.stat()
    return _remembered(path, about.st_size, about.st_mtime_ns)


@functools.cache
def _remembered(path: Path, _size: int, _changed: int) -> str:
    return sha256(path)


def write_json(path: Path, value: Any) -> None:
    """Write JSON under a temporary name, make sure that it is on the disk, then rename.

    Raises DiskFull, with the old file intact and the temporary one gone. NaN is refused: notebooks cannot read it.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with saying_disk_full(path), temporary.open("w", encoding="utf-8", newline="\n") as file:
            json.dump(value, file, ensure_ascii=False, indent=1, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def saying_disk_full(path: Path) -> Iterator[None]:
    """Turn the system's error for a full disk or a used-up quota into DiskFull, which names `path` and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            f"The disk is full: {path.name} could not be written in {path.parent}. Nothing that was there is "
            "damaged. Free some space (old runs in outputs/ may be deleted), then run again with --from."
        ) from error


def read_json(path: Path) -> Any:
    """Raises RunError when the file is not there or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"{path} is not there") from error
    except ValueError as error:
        raise RunError(f"{path} is damaged ({error}); this run cannot be trusted, start a new one") from error
