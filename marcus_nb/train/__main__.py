"""`python -m marcus_nb.train EXPERIMENT RUN`: the child process of 03_train. Its exit code says how it ended."""

import errno
import os
import sys
import threading
import time

import psutil
import torch
from safetensors import SafetensorError

from marcus_nb.models import ModelError
from marcus_nb.runs import DiskFull, RunError, open_run
from marcus_nb.train.child import DATA, DISK, MEMORY, NOT_FINITE, PARENT
from marcus_nb.train.data import TrainError
from marcus_nb.train.loop import NotFinite, run_training


def _leave_with_parent() -> None:
    """End when the notebook's kernel is gone, however it ended: nobody would read on, and memory would stay taken."""
    # Named by the parent itself: who asks only after seconds of importing may already have been given a new one.
    number = int(os.environ.get(PARENT) or os.getppid())

    def watch() -> None:
        try:
            parent = psutil.Process(number)
            while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
                time.sleep(1)
        except psutil.NoSuchProcess:
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(experiment: str, run_name: str) -> int:
    _leave_with_parent()
    try:
        run_training(open_run(experiment, run_name))
    except (TrainError, ModelError, RunError) as error:
        print(error, file=sys.stderr)
        return DISK if isinstance(error, DiskFull) else DATA
    except NotFinite as error:
        print(error, file=sys.stderr)
        return NOT_FINITE
    except (MemoryError, torch.OutOfMemoryError) as error:
        print(error, file=sys.stderr)
        return MEMORY
    except (OSError, RuntimeError, SafetensorError) as error:
        # torch reports a full memory of the CPU, and torch and safetensors a full disk, as errors known by their words.
        text = str(error)
        if "can't allocate memory" in text or "out of memory" in text:
            print(error, file=sys.stderr)
            return MEMORY
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in text
        if full or ("inline_container" in text and "unexpected pos" in text):
            print(error, file=sys.stderr)
            return DISK
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
