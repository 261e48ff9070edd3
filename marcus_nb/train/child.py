"""The training as the notebook sees it: a child process that is started, followed and judged by its files."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marcus_nb.parameters import ROOT
from marcus_nb.runs import Stage, read_json

DATA, NOT_FINITE, DISK, MEMORY = 3, 4, 5, 6
PARENT = "MARCUS_PARENT"  # environment variable: the process whose end is the child's end

ADVICE = {
    DATA: "",  # the child's own message says it all
    NOT_FINITE: "The loss is no number any more: lower train.learning_rate (a third of it is a good try).",
    DISK: "The disk is full: free some space (checkpoints of old runs in outputs/ may be deleted).",
    MEMORY: "Out of memory: halve train.per_device_train_batch_size and double train.gradient_accumulation_steps, "
    "or lower shared.max_length.",
    -9: "The training was killed from outside, most likely by the system for want of memory: halve "
    "train.per_device_train_batch_size and double train.gradient_accumulation_steps, or close other programs.",
    -15: "The training was asked to end from outside.",
}


class TrainingFailed(RuntimeError):
    """The training process did not finish; the message says what it left behind and what to do."""


@dataclass(frozen=True)
class Training:
    """A training at work: its process, and the folder its files appear in."""

    process: subprocess.Popen
    stage: Stage
    command: tuple[str, ...]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Everything measured so far: `[{"step": 5, "loss": 2.1, …}, {"step": 20, "validation_loss": 1.4, …}]`."""
        path = self.stage.folder / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [json.loads(line) for line in lines if line.endswith("}")]  # the last line may be half-written

    @property
    def last_line(self) -> str:
        """The newest line of the log."""
        return self.lines[-1]

    @property
    def lines(self) -> list[str]:
        """The stage's whole log."""
        return (self.stage.folder / "log.txt").read_text(encoding="utf-8").splitlines()


def begin(stage: Stage) -> Training:
    """Start the training of a stage. It writes into the stage's folder and outlives a closed browser."""
    for name in ("outcome.json", "stop", "metrics.jsonl", "replies.jsonl"):
        (stage.folder / name).unlink(missing_ok=True)
    command = (sys.executable, "-m", "marcus_nb.train", stage.run.experiment, stage.run.name)
    with _errors(stage.folder).open("w", encoding="utf-8") as errors:
        # A file, not a pipe: nobody has to read it for the child to go on. Its own session: the notebook's interrupt
        # reaches it only through us.
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {PARENT: str(os.getpid())},
            stdout=errors,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return Training(process, stage, command)


def follow(training: Training, seconds: float = 1.0) -> Iterator[Training]:
    """Yield the training whenever it has logged something new, until it ends; an interrupt ends it too."""
    seen = ""
    try:
        while training.process.poll() is None:
            if training.last_line != seen:
                seen = training.last_line
                yield training
            time.sleep(seconds)
        yield training
    finally:
        if training.process.poll() is None:
            training.process.terminate()
            try:
                training.process.wait(30)
            except subprocess.TimeoutExpired:  # deep in a computation that hears no signal
                training.process.kill()
                training.process.wait()


def outcome(training: Training) -> dict[str, Any]:
    """What came of a training that has ended (`outcome.json`).

    Raises TrainingFailed with the child's last words and one sentence of advice that fits its exit code.
    """
    code = training.process.wait()
    path = training.stage.folder / "outcome.json"
    if code == 0 and path.is_file():
        _errors(training.stage.folder).unlink(missing_ok=True)  # warnings of libraries, with this machine's paths
        return read_json(path)
    words = _errors(training.stage.folder).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    advice = ADVICE.get(code, f"Its own words are in {training.stage.folder.name}/errors.txt.")
    raise TrainingFailed(
        "\n".join([f"The training process ended with exit code {code}.", *words[-12:], advice]).rstrip()
    )


def _errors(folder: Path) -> Path:
    return folder / "errors.txt"
