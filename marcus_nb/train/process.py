"""The child process itself: how it is launched, what it says on its standard error, how it is ended."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from marcus_nb.parameters import ROOT
from marcus_nb.runs import Stage
from marcus_nb.train import at_work
from marcus_nb.train.launch import PARENT

LEAVING_SECONDS = 60  # a step and a checkpoint: what a paused training is given before it is killed


def launch(stage: Stage, words: list[str]) -> subprocess.Popen:
    with errors_file(stage.folder).open("w", encoding="utf-8") as errors:
        # A file, not a pipe: nobody has to read it for the child to go on. Its own session: the notebook's interrupt
        # reaches it only through us.
        return subprocess.Popen(
            words,
            cwd=ROOT,
            env=os.environ | _environment(stage),
            stdout=errors,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _environment(stage: Stage) -> dict[str, str]:
    said = {PARENT: str(os.getpid())}
    if sys.platform == "win32":
        said["USE_LIBUV"] = "0"  # torch for Windows comes without
    processes = stage.parameters.train.processes
    if processes > 1 and "OMP_NUM_THREADS" not in os.environ:  # torchrun would give each process one thread
        said["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // processes))
    return said


def said_by(folder: Path) -> str:
    """What the child said on its standard error."""
    path = errors_file(folder)
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""


def end(process: subprocess.Popen | at_work.Elsewhere) -> None:
    if process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            kill(psutil.Process(process.pid))
        process.wait()


def kill(process: psutil.Process) -> None:
    """With all that it has started: torchrun's processes would outlive it."""
    family = [process]
    with suppress(psutil.NoSuchProcess):
        family = [*process.children(recursive=True), process]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    at_work.gone(process, LEAVING_SECONDS)


def errors_file(folder: Path) -> Path:
    return folder / "errors.txt"
