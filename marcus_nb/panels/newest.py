"""Work that follows a person's clicks: in a thread of its own, and only what was asked last counts."""

import threading
from collections.abc import Callable
from typing import Any

from marcus_nb.panels.callbacks import guarded


class Superseded(Exception):
    """Something newer was asked: the work at hand ends here."""


class Newest:
    """`Newest(say).ask(work, show)`: `show(work())`, unless something newer was asked meanwhile.

    Never two at once: what is asked while one is at work waits, and only the last of those is done. What `work` or
    `show` raises is said.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._waiting: tuple[Callable[[], Any], Callable[[Any], None]] | None = None
        self._thread: threading.Thread | None = None

    def ask(self, work: Callable[[], Any], show: Callable[[Any], None]) -> None:
        with self._lock:
            self._waiting = work, show
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def go_on(self) -> None:
        """Raises Superseded, which ends the work at hand, once it is in vain: for long work to call often."""
        if self._waiting is not None:
            raise Superseded

    def let_go(self) -> None:
        """Have the work at hand end, with nothing in its place."""
        with self._lock:
            if self._thread is not None:
                self._waiting = (lambda: None), (lambda _nothing: None)

    def wait(self, seconds: float = 60) -> None:
        """Until nothing is asked any more; for tests."""
        thread = self._thread
        if thread:
            thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._lock:
                asked, self._waiting = self._waiting, None
                if asked is None:
                    self._thread = None
                    return
            guarded(self._say)(self._do)(*asked)

    def _do(self, work: Callable[[], Any], show: Callable[[Any], None]) -> None:
        try:
            found = work()
        except Superseded:
            return
        if self._waiting is None:
            show(found)
