"""`python -m marcus_nb.train EXPERIMENT RUN [preflight]`: the child process of 03_train.

Its exit code says how it ended. Under torchrun, which has an exit code of its own, `ending-RANK.json` does.
"""

import os
import sys
import traceback
from contextlib import suppress

from safetensors import SafetensorError

from marcus_nb.models import ModelError
from marcus_nb.runs import DiskFull, Run, RunError, open_run
from marcus_nb.train import endings, leaving
from marcus_nb.train.data import TrainError
from marcus_nb.train.failures import (
    DATA,
    DISK,
    MEMORY,
    NOT_FINITE,
    PAUSED,
    UNKNOWN,
    NotFinite,
    Paused,
    is_disk_full,
    is_out_of_memory,
)
from marcus_nb.train.loop import run_training
from marcus_nb.train.trial import run_preflight


def main(experiment: str, run_name: str, what: str = "training") -> int:
    run = open_run(experiment, run_name)
    leaving.watch(lambda: os._exit(_ended(run, PAUSED, "Asked to leave before there was anything to keep.")))
    try:
        (run_preflight if what == "preflight" else run_training)(run)
    except Exception as error:
        code = _code(error)
        if code is None:
            return _ended(run, UNKNOWN, traceback.format_exc(), error)
        return _ended(run, code, str(error), error)
    return 0


def _code(error: Exception) -> int | None:
    """The exit code for an error that is known; None for any other."""
    if isinstance(error, Paused):
        return PAUSED
    if isinstance(error, NotFinite):
        return NOT_FINITE
    if isinstance(error, DiskFull) or (
        isinstance(error, OSError | RuntimeError | SafetensorError) and is_disk_full(error)
    ):
        return DISK
    if is_out_of_memory(error):
        return MEMORY
    return DATA if isinstance(error, TrainError | ModelError | RunError) else None


def _ended(run: Run, code: int, words: str, error: Exception | None = None) -> int:
    with suppress(OSError):  # on a full disk the exit code must do
        print(words, file=sys.stderr, flush=True)
        endings.tell(run.folder / "train", code, words, error)
    return code


if __name__ == "__main__":
    ended = main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: gloo's threads may still let go of a tensor while Python takes itself apart, which aborts a process
    # (exit code -6) whose training is whole. destroy_process_group does not help (LOG.md).
    os._exit(ended)
