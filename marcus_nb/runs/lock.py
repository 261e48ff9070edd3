"""One runner at a time in a run folder."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from marcus_nb.runs.files import RunError
from marcus_nb.runs.folder import Run

LOCK = "run.lock"


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Hold the run for this process.

    By the operating system's own locks, which end with the process that holds them, however it ends: the file that a
    killed one leaves behind locks nothing. Raises RunError when another process holds the run.
    """
    lock = FileLock(run.folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"Run {run.experiment}/{run.name} is at work in another process (on another machine, if the folder is "
            "shared): wait for it, or end it there."
        ) from None
    except NotImplementedError:  # a file system without locks, such as some network shares
        yield
        return
    try:
        yield
    finally:
        lock.release()
        (run.folder / LOCK).unlink(missing_ok=True)
