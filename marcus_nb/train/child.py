"""The training as the notebook sees it: a child process that is started, followed and judged by its files."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from marcus_nb.parameters import ROOT
from marcus_nb.runs import Stage, read_json
from marcus_nb.train import journal
from marcus_nb.train.endings import TOLD, Ending, first
from marcus_nb.train.failures import KILLED, MEMORY, advice, ending, killed_for_memory
from marcus_nb.train.launch import PARENT, command
from marcus_nb.train.memory import Memory

RESTARTS = 4  # after an end for want of memory, each time with half as much at once
LEAVING_SECONDS = 60  # a step and a checkpoint: what a paused training is given before it is killed


class TrainingFailed(RuntimeError):
    """The training process did not finish; the message says what it left behind and what to do."""


@dataclass
class Training:
    """A training at work: its process, and the folder its files appear in."""

    process: subprocess.Popen
    stage: Stage
    command: tuple[str, ...]
    kills_before: int | None = None  # by the system for want of memory, when the process began
    restarts: int = 0
    code: int | None = None  # how the process ended, as failures.ending has it; None while nobody has asked

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Everything measured so far: `[{"step": 5, "loss": 2.1, …}, {"step": 20, "validation_loss": 1.4, …}]`."""
        return journal.read(self.stage.folder / "metrics.jsonl")

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened besides: `[{"step": 12, "what": "out of memory", "did": "…"}]`."""
        return journal.read(self.stage.folder / "events.jsonl")

    @property
    def last_line(self) -> str:
        """The newest line of the log."""
        return self.lines[-1]

    @property
    def lines(self) -> list[str]:
        """The stage's whole log."""
        return (self.stage.folder / "log.txt").read_text(encoding="utf-8").splitlines()


def preflight(stage: Stage) -> dict[str, Any]:
    """What the training will take on this machine, measured on two steps of the real model (`preflight.json`).

    Raises TrainingFailed when not even the smallest pieces of a step fit, or the data is nothing to learn from.
    """
    # What a paused training has found out about memory and precision holds on: it must go on as it began.
    for name in ("preflight.json",) if _goes_on(stage) else ("preflight.json", "memory.json", "precision.json"):
        (stage.folder / name).unlink(missing_ok=True)
    stage.log("measuring what the training will take, on steps of the real model")
    begun = _start(stage, "preflight")
    try:
        while _again(begun, "preflight"):
            pass
    finally:
        _kill(begun.process)
    return _result(begun, "preflight.json", "preflight")


def begin(stage: Stage) -> Training:
    """Start the training of a stage, or go on with one that was paused or killed, from its newest checkpoint.

    It writes into the stage's folder and outlives a closed browser. In a draft, what was made with other parameters
    gives way; a run has its own, and refuses.
    """
    folder = stage.folder
    going_on = _goes_on(stage)
    if not going_on:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    fresh = () if going_on else ("metrics.jsonl", "replies.jsonl", "events.jsonl")
    for name in ("outcome.json", "stop", "pause", *fresh):
        (folder / name).unlink(missing_ok=True)
    return _start(stage, "training")


def _goes_on(stage: Stage) -> bool:
    """Whether there is a training that has not come to its end, with a checkpoint."""
    finished = (stage.folder / "outcome.json").is_file()
    return not finished and any((stage.folder / "checkpoints").glob("checkpoint-*"))


def follow(training: Training, seconds: float = 1.0) -> Iterator[Training]:
    """Yield the training whenever it has logged something new, until it ends.

    One that ended for want of memory is started again with half as much at once, a few times. An interrupt pauses it:
    it writes its checkpoint and leaves.
    """
    seen = ""
    try:
        while training.process.poll() is None or _again(training, "training"):
            if training.last_line != seen:
                seen = training.last_line
                yield training
            time.sleep(seconds)
        yield training
    finally:
        if training.process.poll() is None:
            try:
                pause(training)
                training.process.wait(LEAVING_SECONDS)
            except (subprocess.TimeoutExpired, KeyboardInterrupt, OSError):
                _kill(training.process)


def pause(training: Training) -> None:
    """Ask a training to write a checkpoint after its step and leave; `begin` goes on from there."""
    (training.stage.folder / "pause").touch()


def stop(training: Training) -> None:
    """Ask a training to end after its step with what it has learned so far."""
    (training.stage.folder / "stop").touch()


def outcome(training: Training) -> dict[str, Any]:
    """What came of a training that has ended (`outcome.json`, with everything that happened on the way).

    Raises TrainingFailed with the child's last words and one sentence of advice that fits its exit code.
    """
    return _result(training, "outcome.json", "training") | {"events": training.events}


def _start(stage: Stage, what: str) -> Training:
    for path in stage.folder.glob(TOLD):
        path.unlink()
    words = command(stage.run.experiment, stage.run.name, stage.parameters.train.processes, what)
    return Training(_launch(stage, words), stage, tuple(words), killed_for_memory())


def _launch(stage: Stage, words: list[str]) -> subprocess.Popen:
    with _errors(stage.folder).open("w", encoding="utf-8") as errors:
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


def _again(training: Training, what: str) -> bool:
    """Start a child that ended for want of memory again, with half as much at once; whether there is a child now."""
    if _code(training) != MEMORY or training.restarts >= RESTARTS:
        return False
    stage = training.stage
    memory = Memory(stage.folder, stage.parameters.train)
    if not memory.shrink():
        return False
    step = max((row["step"] for row in training.metrics), default=0)
    killed = ending(_first_ending(training).code) == KILLED
    found = "killed by the system for want of memory" if killed else "out of memory"
    memory.event(step, found, memory.in_words())
    stage.log(f"{found}: once more with {memory.in_words()}")
    fresh = _start(stage, what)
    training.process, training.kills_before, training.code = fresh.process, fresh.kills_before, None
    training.restarts += 1
    return True


def _code(training: Training) -> int:
    """How a child has ended; MEMORY where the system killed it, as far as the system says."""
    code = training.process.wait()
    if training.code is None:
        training.code = code and ending(_first_ending(training).code)
        if training.code == KILLED:
            kills, before = killed_for_memory(), training.kills_before
            training.code = MEMORY if kills is None or before is None or kills > before else KILLED
    return training.code


def _first_ending(training: Training) -> Ending:
    return first(training.stage.folder, training.process.returncode, _words(training))


def _result(training: Training, name: str, what: str) -> dict[str, Any]:
    code, path = _code(training), training.stage.folder / name
    if code == 0 and path.is_file():
        _errors(training.stage.folder).unlink(missing_ok=True)  # warnings of libraries, with this machine's paths
        return read_json(path)
    found, processes = _first_ending(training), training.stage.parameters.train.processes
    which = f" {found.process} of {processes}" if found.process else ""
    says = f"The {what} process{which} ended with exit code {found.code}."
    lines = [says, *found.words.splitlines()[-12:], advice(code)]
    raise TrainingFailed("\n".join(lines).rstrip())


def _words(training: Training) -> str:
    """What the child said on its standard error."""
    path = _errors(training.stage.folder)
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""


def _kill(process: subprocess.Popen) -> None:
    """With all that it has started: torchrun's processes would outlive it."""
    if process.poll() is not None:
        return
    try:
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    except psutil.NoSuchProcess:
        family = []
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()


def _errors(folder: Path) -> Path:
    return folder / "errors.txt"
