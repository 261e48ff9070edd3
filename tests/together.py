"""Trainings of two processes, forked like those of tests/training.py and started with nothing but an environment."""

import builtins
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trained
import training
from trained import Trained

from marcus_nb.runs import Run

PROCESSES = 2
TWO = {"train.processes": PROCESSES, "train.per_device_train_batch_size": 2}


def train_together(run: Run, traps: dict[int, tuple] | None = None, what: str = "training", seconds: float = 60):
    """Train a run in two processes; returns the exit code of each. `traps` are functions and arguments, by rank.

    What a process says, on either stream, stands in `train/said-RANK.txt`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outputs = str(run.folder.parents[1])
    processes = [
        training._SERVER.Process(
            target=_go, args=(rank, port, outputs, run.experiment, run.name, what, (traps or {}).get(rank))
        )
        for rank in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    end = time.monotonic() + seconds
    for process in processes:
        process.join(max(0, end - time.monotonic()))
    alive = [process.is_alive() for process in processes]
    for process in processes:
        if process.is_alive():
            process.kill()
        process.join()
    assert not any(alive), f"still at work after {seconds} s: {alive}, {[said(run, 0), said(run, 1)]}"
    return [process.exitcode for process in processes]


def trained_together(run: Run, traps: dict[int, tuple] | None = None) -> Trained:
    codes = train_together(run, traps)
    assert codes == [0, 0], said(run, 0) + said(run, 1)
    return Trained(run)


def said(run: Run, rank: int) -> str:
    path = run.folder / "train" / f"said-{rank}.txt"
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _go(rank: int, port: int, outputs: str, experiment: str, name: str, what: str, trap: tuple | None) -> None:
    os.environ |= {
        "MARCUS_OUTPUTS": outputs,
        "RANK": str(rank),
        "WORLD_SIZE": str(PROCESSES),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    os.environ.pop("MARCUS_PARENT", None)
    folder = Path(outputs) / experiment / name / "train"
    with (folder / f"said-{rank}.txt").open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    from marcus_nb.train import __main__ as entry

    if trap:
        function, *arguments = trap
        function(folder, *arguments)
    sys.exit(entry.main(experiment, name, what))


# --- traps ----------------------------------------------------------------------------------------------------------


def watch(folder: Path) -> None:
    """As trained.watch, each process into a folder of its own; and what each changes in the run's folder."""
    own = folder / f"rank-{os.environ['RANK']}"
    own.mkdir()
    trained.watch(own)
    changes = (own / "changes.txt").open("a", encoding="utf-8")
    write = changes.write

    def see(event: str, arguments: tuple) -> None:
        changing = event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree") or (
            event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        )
        if changing and str(folder) in str(arguments[0]) and not str(arguments[0]).startswith(str(own)):
            write(f"{event} {arguments[0]}\n")
            changes.flush()

    sys.addaudithook(see)
    import torch

    save = torch.save

    def saving(what: Any, file: Any, *rest: Any, **named: Any) -> None:  # written by C++, which no hook hears
        write(f"torch.save {file}\n")
        changes.flush()
        save(what, file, *rest, **named)

    torch.save = saving


def fail_before(folder: Path, module: str, owner: str, name: str, count: int, error: str, words: str) -> None:
    def happen() -> None:
        raise getattr(builtins, error)(words)

    training.before(training._find(module, owner), name, count, happen)


def signal_before(folder: Path, module: str, owner: str, name: str, count: int, number: str) -> None:
    training.before(training._find(module, owner), name, count, lambda: os.kill(os.getpid(), getattr(signal, number)))


def touch_before(folder: Path, module: str, owner: str, name: str, count: int, file: str) -> None:
    training.before(training._find(module, owner), name, count, (folder / file).touch)


def wait_before(folder: Path, module: str, owner: str, name: str, count: int, wait: float) -> None:
    """Hang for so many seconds, if it is the second process; both have half as much patience."""
    from datetime import timedelta

    from marcus_nb.train import together

    together.PATIENCE = timedelta(seconds=wait / 2)
    if os.environ["RANK"] == "1":
        training.before(training._find(module, owner), name, count, lambda: time.sleep(wait))


def no_number(folder: Path, first: int, last: int) -> None:
    """The loss of these micro-batches is no number, in this process alone."""
    from marcus_nb.train.trainer import PersonaTrainer

    original: Callable[..., Any] = PersonaTrainer._loss
    calls = [0]

    def bad(*args: Any) -> Any:
        calls[0] += 1
        return original(*args) * (float("nan") if first <= calls[0] <= last else 1)

    PersonaTrainer._loss = bad
