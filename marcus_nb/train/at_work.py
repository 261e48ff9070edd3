"""Which process is, or was last, at work in a training's folder, and with what: another kernel must find it."""

import hashlib
import json
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from marcus_nb.parameters import Train
from marcus_nb.runs import RunError, Stage, processes, provenance, read_json, sha256, write_json
from marcus_nb.train.failures import PAUSED

FILE = "process.json"  # in the stage's folder: {"training": a note, "preflight": a note}
_LOOK_SECONDS = 0.2


def note(stage: Stage, what: str, pid: int) -> None:
    """Write down that a process has begun, and with which parameters and data."""
    entry = {"process": processes.identity(pid), "parent": processes.identity(), **made_of(stage)}
    _write(stage.folder, _notes(stage.folder) | {what: entry})


def settle(stage: Stage) -> None:
    """What a training's process has read is what it learns with: other choices may have been made while it started."""
    if entry := _notes(stage.folder).get("training"):
        _write(stage.folder, _notes(stage.folder) | {"training": entry | made_of(stage)})


def forget(folder: Path, what: str) -> None:
    """Whatever was begun is no longer wanted: nobody starts it again."""
    if what in (notes := _notes(folder)):
        _write(folder, notes | {what: notes[what] | {"process": None}})


def made_of(stage: Stage) -> dict[str, Any]:
    """What decides how a training of this stage comes out, as far as can be said in a moment."""
    files = (stage.run.folder / "clean" / f"{name}.jsonl" for name in ("train", "validation"))
    code = json.dumps(provenance.library_files("train")).encode()
    return {
        "parameters": stage.parameters.stage("train"),
        "data": {path.name: sha256(path) for path in files if path.is_file()},
        "code": hashlib.sha256(code).hexdigest(),
    }


def begun_with(stage: Stage, what: str = "training") -> dict[str, Any] | None:
    """What the last training or preflight here was made of, as `made_of` has it; None where none has begun."""
    entry = _notes(stage.folder).get(what)
    return entry and {name: entry.get(name) for name in ("parameters", "data", "code")}


def asked(stage: Stage, what: str) -> Train:
    """The parameters of the last training or preflight here; those of the stage where none has begun."""
    begun = begun_with(stage, what)
    if begun is None:
        return stage.parameters.train
    return Train.model_validate({name: begun["parameters"][name] for name in Train.model_fields})


def busy(stage: Stage) -> bool:
    """Whether a training of this stage is at work, whoever began it."""
    return alive(stage.folder, "training") is not None


def measuring(stage: Stage) -> bool:
    """Whether a preflight of this stage is at work, whoever began it."""
    return alive(stage.folder, "preflight") is not None


def changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """`["lora_r: 4, now 8"]` for two sets of the stage's parameters."""
    return [f"{name}: {before[name]}, now {now[name]}" for name in now if name in before and before[name] != now[name]]


def pid_of(folder: Path, what: str) -> int | None:
    """The number of the process that was begun last, alive or not."""
    process = _process(folder, what)
    return process["pid"] if process else None


def alive(folder: Path, what: str) -> psutil.Process | None:
    """The process, where it still lives."""
    process = _process(folder, what)
    return processes.living(process) if process else None


def orphaned(folder: Path, what: str) -> bool:
    """Whether whoever began it is gone: then it is about to write its checkpoint and leave."""
    entry = _notes(folder).get(what)
    return bool(entry) and processes.living(entry["parent"]) is None


def gone(process: psutil.Process, seconds: float) -> bool:
    """Whether it ends within so many seconds. Its exit code is left for whoever started it to learn."""
    end = time.monotonic() + seconds
    while processes.living({"pid": process.pid, "created": process.create_time()}):
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


@dataclass
class Elsewhere:
    """A training that this process did not start, with the part of subprocess.Popen that is needed to follow it.

    Nobody but its parent learns its exit code: with its result it ended well, and without it can be gone on with.
    """

    folder: Path

    @property
    def pid(self) -> int:
        return pid_of(self.folder, "training") or 0

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        if alive(self.folder, "training"):
            return None
        return 0 if (self.folder / "outcome.json").is_file() else PAUSED

    def wait(self, timeout: float | None = None) -> int:
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("the training", timeout or 0)
            time.sleep(_LOOK_SECONDS)
        return code


def _write(folder: Path, notes: dict[str, Any]) -> None:
    write_json(folder / FILE, notes)
    (folder / FILE).chmod(0o600)  # parameters may say where a person's files lie


def _process(folder: Path, what: str) -> dict[str, Any] | None:
    return _notes(folder).get(what, {}).get("process")


def _notes(folder: Path) -> dict[str, Any]:
    with suppress(RunError):  # not there, or damaged by a power cut
        found = read_json(folder / FILE)
        return found if isinstance(found, dict) else {}
    return {}
