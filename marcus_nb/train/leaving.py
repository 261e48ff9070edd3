"""Being asked to leave: by a signal (a cluster's scheduler, Ctrl-C in a terminal), or because the notebook is gone.

While there is nothing to keep, the process leaves at once; later it goes on to the end of its step, writes a checkpoint
and leaves. A training must never run on for hours with nobody to read it.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from marcus_nb.train.launch import PARENT

_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")  # Windows has no SIGHUP
_asked, _something_to_keep = threading.Event(), threading.Event()


def watch(leave: Callable[[], Any]) -> None:
    """Heed signals and the parent's end from now on; `leave` is called in this process while there is nothing to keep.

    The parent is named by itself (MARCUS_PARENT): who asks only after seconds of importing may already have been given
    a new one. Of several processes that torchrun started, each watches torchrun too.
    """

    def ask(number: int | None = None, _: Any = None) -> None:
        _asked.set()
        if not _something_to_keep.is_set():
            leave()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a second Ctrl-C does not wait for the step

    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, ask)
    parents = [int(os.environ.get(PARENT) or 0), os.getppid() if "TORCHELASTIC_RUN_ID" in os.environ else 0]
    for parent in filter(None, parents):
        threading.Thread(target=_wait_for_end, args=(parent, ask), daemon=True).start()


def asked() -> bool:
    """Whether this process is to write a checkpoint and leave."""
    return _asked.is_set()


def keep() -> None:
    """From now on there is something to keep: who is asked to leave finishes the step first."""
    _something_to_keep.set()


def _wait_for_end(number: int, then: Callable[[], None]) -> None:
    try:
        process = psutil.Process(number)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(1)
    except psutil.NoSuchProcess:
        pass
    then()
