"""One runner at a time in a run folder."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from marcus_nb.runs.files import RunError

LOCK = "run.lock"
# What file systems without locks answer, such as some network shares: a run must be possible there, too.
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run in this folder for this process.

    By the operating system's own locks, which end with the process that holds them, however it ends: the file that a
    killed one leaves behind locks nothing. Raises RunError when another process holds the run.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=1)  # who only looks whether it is held has it for a moment
    except Timeout:
        raise RunError(
            f"Run {folder.parent.name}/{folder.name} is at work in another process (on another machine, if the folder "
            "is shared): wait for it, or end it there."
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        yield
        return
    try:
        yield
    finally:
        # While it is still held: once it is not, another runner may have it, and a third would then lock a new file.
        # Windows deletes no open file, and there nobody can have a file that could be deleted.
        # filelock makes a SoftFileLock of it where the file system has no locks: that one deletes its file itself.
        if os.name != "nt" and isinstance(lock, FileLock):
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):
            if os.name == "nt":
                (folder / LOCK).unlink(missing_ok=True)


def held(folder: Path) -> bool:
    """Whether some process, on this machine or on another that shares the folder, is at work on the run in it."""
    if not (folder / LOCK).is_file():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # no locks there, or no leave to write: then nothing is known
        return False
    lock.release()
    return False
