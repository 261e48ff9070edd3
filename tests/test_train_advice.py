"""Whatever ends a training, the notebook lives on and says in a sentence what to do."""

import errno
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from training import before, said, train_in_child

from marcus_nb import train
from marcus_nb.runs import DiskFull, RunError, Stage
from marcus_nb.train import TrainError, TrainingFailed, failures
from marcus_nb.train import __main__ as entry


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), failures.MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory"), failures.MEMORY),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"), 6),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:72] data. DefaultCPUAllocator: not enough memory"), 6),  # Windows
        (RuntimeError("std::bad_alloc"), failures.MEMORY),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), failures.MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), failures.MEMORY),
        (SafetensorError("Error while serializing: I/O error: Cannot allocate memory (os error 12)"), failures.MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), failures.DISK),
        (OSError(errno.EFBIG, "File too large"), failures.DISK),
        (SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"), failures.DISK),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"), failures.DISK),
        (DiskFull("The disk is full"), failures.DISK),
        (TrainError("no data"), failures.DATA),
        (RunError("no run"), failures.DATA),
        (failures.NotFinite("no number"), failures.NOT_FINITE),
        (failures.Paused("paused"), failures.PAUSED),
    ],
)
def test_errors_of_libraries_are_told_apart(error, code):
    assert entry._code(error) == code


def test_an_unknown_error_is_not_swallowed(make_draft):
    run = make_draft()
    assert train_in_child(run, (raise_before, "something else")) == failures.UNKNOWN
    assert "RuntimeError: something else" in said(run)


def raise_before(folder: Path, words: str) -> None:
    from marcus_nb.train import loop

    def fail() -> None:
        raise RuntimeError(words)

    before(loop, "make_trainer", 1, fail)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (0, "yet wrote no result"),
        (
            1,
            "an error we did not foresee (or, on Windows, the process was ended in the Task Manager): all of its words",
        ),
        (failures.DATA, "because one needs"),
        (failures.NOT_FINITE, "Lower train.learning_rate"),
        (failures.DISK, "The disk is full (or takes no larger file): free some space"),
        (failures.MEMORY, "Out of memory, even in the smallest pieces: lower shared.max_length"),
        (failures.PAUSED, "It goes on from its checkpoint when the cell is run again"),
        (-9, "killed from outside, and not by the system for want of memory"),
        (137, "killed from outside, and not by the system for want of memory"),
        (-15, "asked to end from outside"),
        (143, "asked to end from outside"),
        (-2, "asked to end from outside"),
        (3221225786, "asked to end from outside"),
        (-11, "A library crashed"),
        (-7, "A library crashed"),
        (139, "A library crashed"),
        (3221225477, "A library crashed"),
        (3221225725, "A library crashed"),
        (-6, "A library gave up"),
        (3221226505, "A library gave up"),
        (-4, "this machine is too old for it"),
        (3221225501, "this machine is too old for it"),
        (3221225495, "Out of memory"),
        (3221225773, "Out of memory"),
        (3221225781, "Visual C++ Redistributable"),
        (99, "All of its words are in train/errors.txt"),
    ],
)
def test_each_ending_has_its_advice_and_the_notebook_lives_on(make_draft, code, advice):
    stage = Stage("train", make_draft())
    (stage.folder / "errors.txt").write_text("  because one needs 70 tokens\n", encoding="utf-8")
    training = train.Training(Ended(code), stage, (), failures.killed_for_memory())
    with pytest.raises(TrainingFailed) as caught:
        train.outcome(training)
    first, second, *rest = str(caught.value).splitlines()
    assert first == (
        "The training is paused." if code == failures.PAUSED else f"The training process ended with exit code {code}."
    )
    assert second == "because one needs 70 tokens" and advice in "\n".join([second, *rest])
    assert len(rest) <= 1, "one line of advice"


class Ended:
    """A process that has ended with a code that this system may not know."""

    def __init__(self, code: int) -> None:
        self.returncode = code

    def poll(self) -> int:
        return self.returncode

    wait = poll
