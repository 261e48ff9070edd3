"""The training as the notebook sees it: a child process that is started, followed and judged by its files."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marcus_nb.parameters import Train
from marcus_nb.runs import Stage, read_json
from marcus_nb.train import at_work, journal
from marcus_nb.train.endings import TOLD, Ending, first
from marcus_nb.train.failures import KILLED, MEMORY, PAUSED, advice, ending, killed_for_memory
from marcus_nb.train.launch import command
from marcus_nb.train.memory import Memory
from marcus_nb.train.process import LEAVING_SECONDS, end, errors_file, kill, launch, said_by

RESTARTS = 4  # after an end for want of memory, each time with half as much at once


class TrainingFailed(RuntimeError):
    """The training process did not finish; the message says what it left behind and what to do."""


@dataclass
class Training:
    """A training at work: its process, and the folder its files appear in."""

    process: subprocess.Popen | at_work.Elsewhere
    stage: Stage
    command: tuple[str, ...]
    kills_before: int | None = None  # by the system for want of memory, when the process began
    restarts: int = 0
    code: int | None = None  # how the process ended, as failures.ending has it; None while nobody has asked
    what: str = "training"  # or "preflight"
    found: str = ""  # "at work" or "done" where `begin` started nothing, since it was there

    @property
    def asked(self) -> Train:
        """The parameters that it was begun with; those of the stage may have been changed since."""
        return at_work.asked(self.stage, "training")

    @property
    def changed(self) -> list[str]:
        """What was chosen since it began, which it does not know of: `["lora_r: 4, now 8"]`."""
        begun = at_work.begun_with(self.stage)
        return [] if begun is None else at_work.changed(begun["parameters"], self.stage.parameters.stage("train"))

    @property
    def step(self) -> int:
        """The newest step that is known of, by a measurement or a checkpoint."""
        kept = (self.stage.folder / "checkpoints").glob("checkpoint-*")
        return max((*(row["step"] for row in self.metrics), *(int(path.name[11:]) for path in kept)), default=0)

    @property
    def paused(self) -> bool:
        """Whether it has ended so that `go_on` can take it up where it was."""
        return self.process.poll() is not None and _code(self) == PAUSED

    @property
    def replies(self) -> list[dict[str, Any]]:
        """The answers to the fixed prompts so far: `[{"share": 0.25, "step": 10, "prompt": "…", "reply": "…"}]`."""
        return journal.read(self.stage.folder / "replies.jsonl")

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
    While another kernel's training is at work, what was measured before it began.
    """
    _wait_for_orphan(stage)
    path = stage.folder / "preflight.json"
    if at_work.busy(stage) and path.is_file():
        stage.log("a training of this draft is at work: what was measured before it began still stands")
        return read_json(path)
    return measured(measure(stage))


def last_measured(stage: Stage) -> tuple[dict[str, Any], Train] | None:
    """What was measured last (`preflight.json`), and the parameters it was measured with."""
    path = stage.folder / "preflight.json"
    return (read_json(path), at_work.asked(stage, "preflight")) if path.is_file() else None


def measure(stage: Stage) -> Training:
    """Begin to measure for `preflight`; one that was at it already gives way."""
    give_up(stage)
    # What a paused training has found out about memory and precision holds on: it must go on as it began.
    for name in ("preflight.json",) if _goes_on(stage) else ("preflight.json", "memory.json", "precision.json"):
        (stage.folder / name).unlink(missing_ok=True)
    stage.log("measuring what the training will take, on steps of the real model")
    return _start(stage, "preflight")


def measured(begun: Training) -> dict[str, Any]:
    """Wait for what `measure` began. Raises TrainingFailed, also when it was given up."""
    try:
        while _again(begun):
            pass
    finally:
        end(begun.process)
    return _result(begun, "preflight.json")


def give_up(stage: Stage, begun: Training | None = None) -> None:
    """End the preflight that is at work, whoever began it, or only this one; `measured` raises TrainingFailed then."""
    process = at_work.alive(stage.folder, "preflight")
    if begun and superseded(begun):
        return
    at_work.forget(stage.folder, "preflight")
    if process:
        kill(process)


def superseded(begun: Training) -> bool:
    """Whether another preflight took the place of this one, or the start of the training."""
    return at_work.pid_of(begun.stage.folder, "preflight") != begun.process.pid


def begin(stage: Stage) -> Training:
    """Start the training of a stage, or go on with one that was paused or killed, from its newest checkpoint.

    It writes into the stage's folder and outlives a closed browser. One that another kernel has at work is followed
    instead (`found` is "at work"), and one that has come to its end with the same parameters, data and code is not
    made again ("done"). In a draft, what was made with other parameters gives way; a run has its own, and refuses.
    """
    folder = stage.folder
    give_up(stage)
    _wait_for_orphan(stage)
    if found := _found(stage):
        words = command(stage.run.experiment, stage.run.name, stage.parameters.train.processes)
        return Training(at_work.Elsewhere(folder), stage, tuple(words), found=found)
    going_on = _goes_on(stage)
    if not going_on:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    fresh = () if going_on else ("metrics.jsonl", "replies.jsonl", "events.jsonl")
    for name in ("outcome.json", "stop", "pause", *fresh):
        (folder / name).unlink(missing_ok=True)
    stage.log("the training's process is starting")  # seconds of importing, in which it cannot say so itself
    return _start(stage, "training")


def go_on(training: Training) -> None:
    """Take up a paused training where it was, with what is chosen now: in a draft, other parameters begin anew."""
    _take_over(training, begin(training.stage))
    training.restarts = 0


def _found(stage: Stage) -> str:
    """Whether there is nothing to start: a training is at work, or has come to its end and would come to the same."""
    if at_work.busy(stage):
        return "at work"
    path = stage.folder / "outcome.json"
    same = path.is_file() and at_work.begun_with(stage) == at_work.made_of(stage) and not _other(stage, read_json(path))
    return "done" if same else ""


def _other(stage: Stage, outcome: dict[str, Any]) -> list[str]:
    """What is chosen now and was not when the training read its parameters: `["lora_r: 4, now 8"]`."""
    return at_work.changed(outcome.get("asked", {}), stage.parameters.stage("train"))


def _wait_for_orphan(stage: Stage) -> None:
    """A training whose notebook is gone is about to write its checkpoint and leave: two must not write there."""
    if at_work.orphaned(stage.folder, "training") and (process := at_work.alive(stage.folder, "training")):
        stage.log("the training of a notebook that is gone writes its checkpoint")
        if not at_work.gone(process, LEAVING_SECONDS):
            kill(process)


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
        while training.process.poll() is None or _again(training):
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
                end(training.process)


def pause(training: Training) -> None:
    """Ask a training to write a checkpoint after its step and leave; `begin` goes on from there."""
    (training.stage.folder / "pause").touch()


def stop(training: Training) -> None:
    """Ask a training to end after its step with what it has learned so far."""
    (training.stage.folder / "stop").touch()


def outcome(training: Training) -> dict[str, Any]:
    """What came of a training that has ended (`outcome.json`, with everything that happened on the way).

    Raises TrainingFailed with the child's last words and one sentence of advice that fits its exit code, and when
    other parameters were chosen while it was at work: they are not what it learned with.
    """
    result = _result(training, "outcome.json")
    if other := _other(training.stage, result):
        raise TrainingFailed(
            f"This training was made with other parameters than are chosen now ({'; '.join(other)}).\n"
            "Run the cell again to train with what is chosen now, or take the change back: then nothing is made again."
        )
    return result | {"events": training.events}


def _start(stage: Stage, what: str) -> Training:
    for path in stage.folder.glob(TOLD):
        path.unlink()
    words = command(stage.run.experiment, stage.run.name, stage.parameters.train.processes, what)
    process = launch(stage, words)
    at_work.note(stage, what, process.pid)
    return Training(process, stage, tuple(words), killed_for_memory(), what=what)


def _again(training: Training) -> bool:
    """Start a child that ended for want of memory again, with half as much at once; whether there is a child now."""
    stage, what = training.stage, training.what
    if _code(training) != MEMORY or training.restarts >= RESTARTS:
        return False
    if what == "preflight" and at_work.pid_of(stage.folder, what) != training.process.pid:
        return False  # it was given up
    memory = Memory(stage.folder, stage.parameters.train)
    if not memory.shrink():
        return False
    killed = ending(_first_ending(training).code) == KILLED
    found = "killed by the system for want of memory" if killed else "out of memory"
    memory.event(training.step, found, memory.in_words())
    stage.log(f"{found}: once more with {memory.in_words()}")
    _take_over(training, _start(stage, what))
    training.restarts += 1
    return True


def _take_over(training: Training, fresh: Training) -> None:
    training.process, training.kills_before, training.code = fresh.process, fresh.kills_before, None


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
    return first(training.stage.folder, training.process.returncode, said_by(training.stage.folder))


def _result(training: Training, name: str) -> dict[str, Any]:
    code, path = _code(training), training.stage.folder / name
    if code == 0 and path.is_file():
        errors_file(training.stage.folder).unlink(missing_ok=True)  # warnings of libraries, with this machine's paths
        return read_json(path)
    found, processes = _first_ending(training), training.stage.parameters.train.processes
    which = f" {found.process} of {processes}" if found.process else ""
    says = f"The {training.what} process{which} ended with exit code {found.code}."
    if code == PAUSED:
        says = f"The {training.what} is paused."
    lines = [says, *found.words.splitlines()[-12:], advice(code)]
    raise TrainingFailed("\n".join(lines).rstrip())
