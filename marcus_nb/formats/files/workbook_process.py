"""The child process that reads workbooks: started once, asked through pipes, watched, ended when it goes too far."""

import atexit
import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psutil

from marcus_nb.formats.tables import FormatError

MOST_MEGABYTES = 2_000
MOST_SECONDS = 120
_SECONDS_A_MEGABYTE = 1.5
_SCRIPT = Path(__file__).with_name("workbook_child.py")
_GLANCE_SECONDS = 0.02
_FRAMES_AHEAD = 8
_SAVE = "a damaged or hostile file; open it and save the sheets that matter as CSV"
_SPLIT = "a damaged or hostile file, or too large a one: split it into smaller files"
_OUT_OF_MEMORY = 77  # as in workbook_child.py
_MOST_FRAME_BYTES = 500_000_000
_MOST_ANSWER_BYTES = 4_000_000_000
_TURN = threading.Lock()


class _Child:
    """One running child: its process, and the thread that collects what it says."""

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(_SCRIPT), str(megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.frames: queue.Queue[bytes | None] = queue.Queue(_FRAMES_AHEAD)
        self.closing = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        stdout = self.process.stdout
        with contextlib.suppress(OSError, ValueError):
            while len(head := stdout.read(8)) == 8:
                size = int.from_bytes(head, "big")
                if size > _MOST_FRAME_BYTES or len(body := stdout.read(size)) < size:
                    break
                self._pass_on(body)
        self._pass_on(None)

    def _pass_on(self, frame: bytes | None) -> None:
        while not self.closing:
            with contextlib.suppress(queue.Full):
                return self.frames.put(frame, timeout=0.5)

    def say(self, request: bytes, data: bytes) -> None:
        """From a thread of its own: a child that hangs does not read, and must not make the parent hang."""

        def tell() -> None:
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(len(request).to_bytes(8, "big") + request)
                self.process.stdin.write(data)
                self.process.stdin.flush()

        threading.Thread(target=tell, daemon=True).start()

    def memory(self) -> int:
        try:
            process = psutil.Process(self.process.pid)
            # On Windows the python of a virtual environment only starts the real one.
            every = [process, *(process.children() if os.name == "nt" else ())]
            return sum(one.memory_info().rss for one in every)
        except psutil.Error:
            return 0

    def end(self) -> None:
        self.closing = True
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError, ValueError):
                pipe.close()


_running: _Child | None = None


def answers(
    file: str, container: str, sheet: str, data: bytes, megabytes: int | None = None, seconds: float | None = None
) -> Iterator[dict[str, Any]]:
    """What the child says about a file, frame by frame: {"sheet": "A", …}, {"rows": [["Hi", "Aye."]]}, ….

    Raises FormatError when it cannot read the file, needs more than `megabytes` or `seconds`, or dies of it.
    """
    megabytes = megabytes or MOST_MEGABYTES
    seconds = seconds or MOST_SECONDS + _SECONDS_A_MEGABYTE * len(data) / 1e6
    with _TURN:
        child = _ready(megabytes)
        finished = False
        try:
            request = {"container": container, "sheet": sheet, "size": len(data), "seconds": int(seconds) + 1}
            child.say(orjson.dumps(request), data)
            for frame in _watched(child, file, seconds, _SPLIT if container == "parquet" else _SAVE):
                if "error" in frame:
                    finished = True
                    raise FormatError(f"{file}: {frame['error']}")
                if "done" in frame:
                    finished = True
                    return
                yield frame
        finally:
            # Also when the person interrupts, or the reader gives up half-way: what is still to come is no answer.
            if not finished or child.memory() > megabytes * 500_000:
                close()


def close() -> None:
    """End the child, if there is one; the next file starts another."""
    global _running
    child, _running = _running, None
    if child is not None:
        child.end()


def _ready(megabytes: int) -> _Child:
    global _running
    if _running is not None and (_running.process.poll() is not None or _running.megabytes != megabytes):
        close()
    if _running is None:
        _running = _Child(megabytes)
    return _running


def _watched(child: _Child, file: str, seconds: float, advice: str) -> Iterator[dict[str, Any]]:
    end = time.monotonic() + seconds
    glance, said = 0.0, 0
    while True:
        now = time.monotonic()
        if now >= glance:
            glance = now + _GLANCE_SECONDS
            if child.memory() > child.megabytes * 1_000_000:
                raise FormatError(_too_large(file, child.megabytes, advice))
            if now > end:
                raise FormatError(f"{file}: not read after {seconds:,.0f} seconds: {advice}")
        try:
            frame = child.frames.get(timeout=_GLANCE_SECONDS)
        except queue.Empty:
            continue
        if frame is None:
            raise FormatError(_died(file, child, advice))
        said += len(frame)
        if said > _MOST_ANSWER_BYTES:
            raise FormatError(_too_large(file, child.megabytes, advice))
        yield _checked(frame, file)


def _checked(frame: bytes, file: str) -> dict[str, Any]:
    """The child is not trusted: what a hostile file made of it must not go further than here."""
    try:
        answer = orjson.loads(frame)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("error", ""), str):
        raise FormatError(f"{file}: a damaged or hostile file: its reader gave an answer that makes no sense")
    return answer


def _died(file: str, child: _Child, advice: str) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.process.wait(1)  # its last word comes a moment before its end
    code = child.process.poll()
    # Out of memory the child leaves by its own code, by SIGABRT (Rust) or, when the system ends it, by SIGKILL.
    if code in (_OUT_OF_MEMORY, -signal.SIGABRT, -getattr(signal, "SIGKILL", 9)):
        return _too_large(file, child.megabytes, advice)
    return f"{file}: its reader broke down over it (exit {code}): {advice}"


def _too_large(file: str, megabytes: int, advice: str) -> str:
    return f"{file}: needs more than {megabytes:,} MB to read: {advice}"


atexit.register(close)
