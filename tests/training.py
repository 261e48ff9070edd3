"""Trainings in processes of their own, as 03_train has them, without the ten seconds that importing torch takes.

They are forked from a server that has imported everything and computed nothing. A trap is a function of this module
that is called in the child before the training, to make something happen at a named point of it.
"""

import gc
import io
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marcus_nb.runs import Run, read_json

HIT = "trap-was-hit"  # a file in the stage's folder: the named point was reached

TRAINER, LOOP = "marcus_nb.train.trainer", "marcus_nb.train.loop"

# Eight steps with a checkpoint after each second one, a validation after each third and three fixed answers on the way.
USUAL: dict[str, Any] = {
    "train.max_steps": 8,
    "train.num_train_epochs": 9,
    "train.save_steps": 2,
    "train.eval_steps": 3,
    "train.learning_rate": 0.05,
    "train.fixed_prompts_max_new_tokens": 12,
}

# Windows has no forking: there each child imports for itself.
_SERVER = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
_SERVER.set_forkserver_preload(["marcus_nb.train.__main__"])


def train_in_child(run: Run, trap: tuple | None = None, what: str = "training", seconds: float = 120) -> int:
    """`python -m marcus_nb.train EXPERIMENT RUN`; returns its exit code, negative when a signal ended it.

    `trap` is a function and its arguments: `(kill_at, "step", 3)`. What the child says on its standard error stands in
    `train/said.txt`.
    """
    process = start_in_child(run, trap, what)
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError(f"the training took longer than {seconds} s: {said(run)}")
    return process.exitcode


def start_in_child(run: Run, trap: tuple | None = None, what: str = "training") -> Any:
    process = _SERVER.Process(target=_go, args=(str(run.folder.parents[1]), run.experiment, run.name, what, trap))
    process.start()
    return process


def said(run: Run) -> str:
    path = run.folder / "train" / "said.txt"
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def was_hit(run: Run) -> bool:
    return (run.folder / "train" / HIT).is_file()


def _go(outputs: str, experiment: str, name: str, what: str, trap: tuple | None) -> None:
    os.environ["MARCUS_OUTPUTS"] = outputs
    os.environ.pop("MARCUS_PARENT", None)
    folder = Path(outputs) / experiment / name / "train"
    with (folder / "said.txt").open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
    from marcus_nb.train import __main__ as entry

    gc.freeze()  # a training ends with a collection over all that is loaded, which is half of its time here
    (folder / HIT).unlink(missing_ok=True)
    if trap:
        function, *arguments = trap
        function(folder, *arguments)
    sys.exit(entry.main(experiment, name, what))


# --- traps ----------------------------------------------------------------------------------------------------------


def _die(folder: Path) -> None:
    (folder / HIT).touch()
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))  # on Windows the second is as hard


def before(owner: Any, name: str, count: int, happen: Callable[[], Any]) -> None:
    """Have something happen before the so-many-th call of `owner.name`."""
    original, calls = getattr(owner, name), [0]

    def trapped(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == count:
            happen()
        return original(*args, **kwargs)

    setattr(owner, name, trapped)


def after(owner: Any, name: str, count: int, happen: Callable[[], Any]) -> None:
    """Have something happen after the so-many-th call of `owner.name`."""
    original, calls = getattr(owner, name), [0]

    def trapped(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        calls[0] += 1
        if calls[0] == count:
            happen()
        return result

    setattr(owner, name, trapped)


def kill_before(folder: Path, module: str, owner: str, name: str, count: int) -> None:
    before(_find(module, owner), name, count, lambda: _die(folder))


def kill_after(folder: Path, module: str, owner: str, name: str, count: int) -> None:
    after(_find(module, owner), name, count, lambda: _die(folder))


def kill_writing(folder: Path, name: str, count: int) -> None:
    """Die when half of the so-many-th file of that name is written, whichever library writes it."""
    import torch

    from marcus_nb.runs import files
    from marcus_nb.train import checkpoints, method, trainer

    times = [0]

    def half(path: Any, whole: bytes) -> None:
        if Path(path).name == name:
            times[0] += 1
            if times[0] == count:
                Path(path).write_bytes(whole[: len(whole) // 2])
                _die(folder)

    saved, safe, written = torch.save, method.save_file, files.write_json

    def save(value: Any, path: Any, *args: Any, **kwargs: Any) -> None:
        saved(value, buffer := io.BytesIO(), *args, **kwargs)
        half(path, buffer.getvalue())
        saved(value, path, *args, **kwargs)

    def save_safe(tensors: Any, path: Any) -> None:
        safe(tensors, path)
        half(path, Path(path).read_bytes())

    def write_json(path: Path, value: Any) -> None:
        half(path.with_name(path.name + ".tmp"), json.dumps(value).encode())
        written(path, value)

    torch.save, method.save_file = save, save_safe
    checkpoints.write_json = trainer.write_json = write_json


def kill_appending(folder: Path, name: str, count: int) -> None:
    """Die when half of the so-many-th line of a journal is written."""
    from marcus_nb.train import journal

    append, times = journal.append, [0]

    def half(path: Path, row: dict[str, Any]) -> None:
        times[0] += path.name == name
        if path.name == name and times[0] == count:
            line = json.dumps(row)
            with path.open("a", encoding="utf-8") as file:
                file.write(line[: len(line) // 2])
            _die(folder)
        append(path, row)

    journal.append = half


def kill_deleting(folder: Path, count: int) -> None:
    """Die when one file of the so-many-th checkpoint that is deleted is gone."""
    from marcus_nb.train import checkpoints

    remove, times = checkpoints.shutil.rmtree, [0]

    def half(path: Path, *args: Any, **kwargs: Any) -> None:
        times[0] += Path(path).name.startswith("checkpoint-")
        if times[0] == count:
            next(file for file in sorted(Path(path).iterdir()) if file.is_file()).unlink()
            _die(folder)
        remove(path, *args, **kwargs)

    checkpoints.shutil.rmtree = half


def kill_renaming(folder: Path, name: str) -> None:
    """Die before a file or folder of that name gets another one."""
    rename = Path.rename

    def trapped(path: Path, target: Any) -> Path:
        if path.name == name:
            _die(folder)
        return rename(path, target)

    Path.rename = trapped


def limit_file_size(folder: Path, most: int) -> None:
    """No file may grow beyond so many bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def signal_before(folder: Path, number: int, module: str, owner: str, name: str, count: int) -> None:
    """A signal comes before the so-many-th call of something."""

    def come() -> None:
        (folder / HIT).touch()
        os.kill(os.getpid(), number)

    before(_find(module, owner), name, count, come)


def touch_before(folder: Path, file: str, module: str, owner: str, name: str, count: int) -> None:
    """A file such as `pause` is there before the so-many-th call of something."""
    before(_find(module, owner), name, count, (folder / file).touch)


def fits(folder: Path, rows: int) -> None:
    """A micro-batch of more rows asks torch for more memory than any machine has."""
    import torch

    from marcus_nb.train import trainer

    collate = trainer.collate

    def collated(group: Any) -> Any:
        if len(group) > rows:
            torch.empty(2**50)
        return collate(group)

    trainer.collate = collated


def fails_once(folder: Path, count: int) -> None:
    """The so-many-th micro-batch asks torch for more memory than any machine has."""
    import torch

    before(_find(TRAINER, ""), "collate", count, lambda: torch.empty(2**50))


def spoil(folder: Path, what: str, *steps: int) -> None:
    """The loss of these steps is NaN, or one number of their gradient is infinite."""
    from marcus_nb.train.trainer import PersonaTrainer

    loss, clip = PersonaTrainer._loss, PersonaTrainer._clip_grad_norm

    def spoiled_loss(self: Any, *args: Any) -> Any:
        found = loss(self, *args)
        return found * float("nan") if what == "loss" and self.state.global_step + 1 in steps else found

    def spoiled_gradient(self: Any, model: Any) -> Any:
        if what == "gradient" and self.state.global_step + 1 in steps:
            weights = next(weights for weights in self.model.parameters() if weights.grad is not None)
            weights.grad.view(-1)[0] = float("inf")
        return clip(self, model)

    PersonaTrainer._loss, PersonaTrainer._clip_grad_norm = spoiled_loss, spoiled_gradient


def limit_address_space(folder: Path, more: int) -> None:
    """From the first step on the process may take so many bytes more than it has."""
    import resource

    import psutil

    from marcus_nb.train.trainer import PersonaTrainer

    def limit() -> None:
        most = psutil.Process().memory_info().vms + more
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    before(PersonaTrainer, "training_step", 1, limit)


def spoil_checkpoints(folder: Path, count: int) -> None:
    """The so-many-th checkpoint does not read back as written, as with a failing disk."""
    from marcus_nb.train import checkpoints

    original, calls = checkpoints.replace, [0]

    def spoiled(temporary: Path, target: Path) -> Any:
        result = original(temporary, target)
        calls[0] += 1
        if calls[0] == count:
            weights = target / "trained.safetensors"
            weights.write_bytes(weights.read_bytes()[:-1])
        return result

    checkpoints.replace = spoiled


def _find(module: str, owner: str) -> Any:
    found = __import__(module, fromlist=["x"])
    return getattr(found, owner) if owner else found


def rows(run: Run, name: str) -> list[dict[str, Any]]:
    """The rows of a JSONL file of the stage; none when it is not there."""
    path = run.folder / "train" / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def told(run: Run) -> dict[str, Any]:
    """Everything that a training leaves behind but clocks and memory."""
    clocks = ("tokens_per_second", "seconds", "training_seconds", "minutes_left", "memory_gb")
    outcome = read_json(run.folder / "train/outcome.json")
    names = ("steps", "ended", "best_step", "validation_loss", "kept_step", "kept_validation_loss", "train_loss")
    trained = run.folder / "train" / ("model" if outcome["method"] == "full" else "adapter")
    last = run.folder / "train/checkpoints" / f"checkpoint-{outcome['steps']}"
    return {
        "weights": {path.name: path.read_bytes() for path in trained.iterdir()},
        "last": {path.name: path.read_bytes() for path in last.iterdir() if path.suffix != ".json"},
        "metrics": [
            {name: value for name, value in row.items() if name not in clocks} for row in rows(run, "metrics.jsonl")
        ],
        "replies": rows(run, "replies.jsonl"),
        "outcome": {name: outcome[name] for name in (*names, "skipped_steps")},
    }
