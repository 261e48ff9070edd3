"""Whatever asks a process to end is an interrupt like Ctrl-C."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

PATIENCE_SECONDS = 10  # a notebook's kernel needs up to five of them to end its children and itself


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Whatever asks the run to end is an interrupt like Ctrl-C, so that the record is still written.

    SIGTERM comes from a scheduler, SIGHUP from a terminal that is closed; on Windows, where nothing announces the end
    by the task manager, SIGBREAK is Ctrl-Break and the closed window. nohup's choice to ignore SIGHUP is kept.
    """

    first = float("-inf")

    def interrupt(*_: Any) -> None:
        nonlocal first
        # Impatience must not cut off the record of the first interrupt; but no ending may hang for good.
        if time.monotonic() - first > PATIENCE_SECONDS:
            first = time.monotonic()
            raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {n: signal.signal(n, interrupt) for n in numbers if signal.getsignal(n) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
