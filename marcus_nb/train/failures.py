"""How a training can end, how errors of the libraries are told apart (many by their words alone), and what to do."""

import errno
from pathlib import Path

from marcus_nb.launcher import LAUNCHER

DATA, NOT_FINITE, DISK, MEMORY, PAUSED = 3, 4, 5, 6, 7  # exit codes of the child
UNKNOWN, KILLED, ASKED, CRASHED, ABORTED, INSTRUCTION, NO_DLL = 1, -9, -15, -11, -6, -4, 3221225781

# What Windows says where Linux names a signal.
_SAME = {
    3221225477: CRASHED,  # 0xC0000005, access violation
    3221225725: CRASHED,  # 0xC00000FD, stack overflow
    -7: CRASHED,  # SIGBUS
    -8: CRASHED,  # SIGFPE
    3221226505: ABORTED,  # 0xC0000409, fast fail
    3221225501: INSTRUCTION,  # 0xC000001D
    3221225786: ASKED,  # 0xC000013A, Ctrl-C or a closed window
    -2: ASKED,
    -1: ASKED,
    3221225495: MEMORY,  # 0xC0000017
    3221225773: MEMORY,  # 0xC000012D, the paging file is full
    3221225794: NO_DLL,  # 0xC0000142
}

_AGAIN = f"It goes on from its checkpoint when the cell is run again (headless: {LAUNCHER} EXPERIMENT --resume)."
ADVICE = {
    DATA: "",  # the child's own message says it all
    NOT_FINITE: "Lower train.learning_rate (a third of it is a good try) and start a new run.",
    DISK: "The disk is full (or takes no larger file): free some space, old runs in outputs/ may be deleted. Earlier "
    f"checkpoints are intact. {_AGAIN}",
    MEMORY: "Out of memory, even in the smallest pieces: lower shared.max_length, choose a smaller base model, or "
    "close other programs.",
    PAUSED: _AGAIN,
    KILLED: f"The training was killed from outside, and not by the system for want of memory. {_AGAIN}",
    ASKED: f"The training was asked to end from outside. {_AGAIN}",
    CRASHED: "A library crashed (it touched memory that is not its own): most often a broken installation. Delete the "
    "folder .venv and run again, which installs everything anew.",
    ABORTED: "A library gave up; its words are above. If they speak of memory or threads, close other programs and run "
    "again; else delete the folder .venv and run again, which installs everything anew.",
    INSTRUCTION: "The processor lacks an instruction that torch was built for: this machine is too old for it.",
    NO_DLL: "Windows could not load a library (DLL) of torch: install Microsoft's Visual C++ Redistributable (x64), "
    "restart, and run again.",
    UNKNOWN: "This is an error we did not foresee (or, on Windows, the process was ended in the Task Manager): all of "
    f"its words are in train/errors.txt. {_AGAIN}",
    0: "It ended well and yet wrote no result: was a file of this run deleted meanwhile? Run the cell again.",
}


class NotFinite(ArithmeticError):
    """The loss or its gradient was no number several steps in a row; the weights were left as they were before."""


class Paused(RuntimeError):
    """Asked to pause: a checkpoint was written, from which the training goes on."""


def ending(code: int) -> int:
    """One code for one way to end, whatever system or launcher says it: 137 and -9 → -9, 3221225477 → -11."""
    if 128 < code < 160:  # a shell's or a container's 128 and the signal
        code = 128 - code
    return _SAME.get(code, code)


def advice(code: int) -> str:
    """One sentence, or two, about what to do after such an end; `code` as `ending` gives it."""
    return ADVICE.get(code, f"All of its words are in train/errors.txt. {_AGAIN}")


def is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    if getattr(error, "winerror", None) == 1455:  # Windows' paging file is too small
        return True
    text = str(error)
    # torch's own and those of C++ are RuntimeErrors, safetensors has one of its own
    return not isinstance(error, OSError) and any(
        words in text
        for words in (
            "DefaultCPUAllocator",
            "out of memory",
            "bad_alloc",
            "ALLOC_FAILED",  # CUDA's libraries
            "Cannot allocate memory",
        )
    )


def is_disk_full(error: BaseException) -> bool:
    text = str(error)
    return (
        getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        or "No space left" in text
        or "File too large" in text
        or ("inline_container" in text and "unexpected pos" in text)  # torch.save
    )


def killed_for_memory() -> int | None:
    """How many processes Linux has killed for want of memory since it started; None where the system does not say.

    `/proc/vmstat` counts them (oom_kill) for the whole machine, containers included. So another program's end at the
    same time may be taken for ours: then a training that a person killed goes on in smaller pieces, which is harmless.
    """
    try:
        lines = Path("/proc/vmstat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
