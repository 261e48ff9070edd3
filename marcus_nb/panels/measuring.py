"""The preflight in the background: one at a time, and always for the newest choice."""

import threading
from collections.abc import Callable
from typing import Any

from marcus_nb import train
from marcus_nb.runs import Stage
from marcus_nb.train import Training

SECONDS = 1.5  # of quiet before it begins: who has changed one value often changes another
_LOOK_SECONDS = 0.2
_READ_SECONDS = 2.0  # in which a cell has read what its preflight wrote, or begun its training


class Measuring:
    """`ask()` has the preflight measured in its child process; a newer request supersedes an older one.

    `tell(found, None)` or `tell(None, error)` is called from a thread with what came of the newest one. The preflight
    of a cell goes first: it is waited for, and where it measured with the same values, its findings are taken.
    """

    def __init__(self, stage: Stage, tell: Callable[[dict[str, Any] | None, Exception | None], None]) -> None:
        self.stage, self.tell = stage, tell
        self.wanted = 0  # the number of the newest request
        self.done = 0  # the newest that is settled
        self.lock = threading.Lock()
        self.news = threading.Event()
        self.thread: threading.Thread | None = None
        self.begun: Training | None = None

    def ask(self) -> None:
        """Measure with what is chosen now."""
        with self.lock:
            self.wanted += 1
            self.news.set()
            if self.thread is None:
                self.thread = threading.Thread(target=self._work, daemon=True)
                self.thread.start()
                return
        self._give_up()

    def drop(self) -> None:
        """What was asked for is no longer wanted."""
        with self.lock:
            if self.thread is None:
                return
            self.wanted += 1
            self.done = self.wanted
            self.news.set()
        self._give_up()

    def _give_up(self) -> None:
        if self.begun:
            train.give_up(self.stage, self.begun)

    def _work(self) -> None:
        while True:
            with self.lock:
                asked = self.wanted
                if asked == self.done:
                    self.thread = None
                    return
                self.news.clear()
            if self.news.wait(SECONDS):
                continue
            found, problem = self._measure(asked)
            with self.lock:
                if asked != self.wanted:
                    continue
                self.done = asked
            self.tell(found, problem)

    def _measure(self, asked: int) -> tuple[dict[str, Any] | None, Exception | None]:
        try:
            while asked == self.wanted and not train.busy(self.stage):
                if train.measuring(self.stage):
                    while train.measuring(self.stage) and not self.news.wait(_LOOK_SECONDS):
                        pass
                    self.news.wait(_READ_SECONDS)
                    continue
                last = train.last_measured(self.stage)
                if last and train.measured_alike(last[1], self.stage.parameters.train):
                    return last[0], None
                begun = self.begun = train.measure(self.stage)
                if asked != self.wanted:  # it was asked anew while this one was being started
                    self._give_up()
                try:
                    return train.measured(begun), None
                except train.TrainingFailed:
                    if not train.superseded(begun):
                        raise
                    self.news.wait(_READ_SECONDS)  # for whatever took its place to be seen at work
            return None, None
        except Exception as error:  # raised in a thread it would be seen nowhere
            return None, error
