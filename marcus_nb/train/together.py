"""Processes that train together, each with its share of every step; alone, all of this does nothing."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from marcus_nb.train import checkpoints
from marcus_nb.train.data import TrainError

# How long one process waits for another that hangs. One that ends is noticed at once; this is for longer than the
# leading one takes to answer the fixed prompts, or a slow disk to load the model.
PATIENCE = timedelta(minutes=10)


class Together:
    """This process among those that a launcher started (RANK and WORLD_SIZE in its environment).

    Raises TrainError where other than `asked` were started, or so many cannot train together.
    """

    def __init__(self, asked: int) -> None:
        self.rank, self.processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        if self.processes != asked:
            raise TrainError(
                f"train.processes is {asked}, and the launcher started {self.processes} (WORLD_SIZE): have it start "
                f"{asked} in all, or set train.processes to {self.processes} in a new run."
            )
        if self.processes > 1 and not dist.is_initialized():
            _share_threads(self.processes)
            gpu = _take_gpu(self.rank)
            # Windows has no nccl.
            backend = "nccl" if gpu is not None and dist.is_nccl_available() else "gloo"
            dist.init_process_group(backend, timeout=PATIENCE, device_id=gpu if backend == "nccl" else None)

    @property
    def leads(self) -> bool:
        """Whether this is the one process that writes."""
        return self.rank == 0

    def sum(self, value: float) -> float:
        """The sum of what all processes bring."""
        return self._reduced([value], dist.ReduceOp.SUM)[0] if self.processes > 1 else value

    def held(self, here: float) -> float:
        """Memory that all hold, in bytes: of the machine's the sum; of GPUs, each of which has its own, the most."""
        how = dist.ReduceOp.MAX if torch.cuda.is_available() else dist.ReduceOp.SUM
        return self._reduced([here], how)[0] if self.processes > 1 else here

    def any(self, flags: Sequence[bool]) -> list[bool]:
        """Each flag, as any process has it: their clocks differ, and what one does all have to do."""
        if self.processes == 1:
            return list(flags)
        return [value > 0 for value in self._reduced([float(flag) for flag in flags], dist.ReduceOp.MAX)]

    def total(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum of all processes' tensors, in place; the same to the bit in each."""
        if self.processes > 1:
            dist.all_reduce(tensor)
        return tensor

    def led(self, decide: Callable[[], Any]) -> Any:
        """What the leading process finds or raises, for all: each by itself might come to something else."""
        if self.processes == 1:
            return decide()
        found: list[Any] = [None, None]
        if self.leads:
            try:
                found[0] = decide()
            except Exception as error:
                found[1] = error
        dist.broadcast_object_list(found)
        if found[1] is not None:
            raise found[1]
        return found[0]

    def exchanging(self, accelerator: Any, model: Any, last: bool) -> AbstractContextManager:
        """Gradients travel between the processes only with the last micro-batch of a step."""
        return nullcontext() if last or self.processes == 1 else accelerator.no_sync(model)

    def write(
        self, folder: Path, step: int, fill: Callable[[Path], None], made_of: dict[str, Any], keep: Sequence[int]
    ) -> str | None:
        """Write a checkpoint that all processes have files of; the leading one makes the folder and seals it.

        Returns, in the leading one, what is wrong with it, as `checkpoints.write` does.
        """
        if self.processes == 1:
            return checkpoints.write(folder, step, fill, made_of, keep)
        wrong = None

        def together(temporary: Path) -> None:
            dist.barrier()  # the folder is there
            fill(temporary)

        if self.leads:
            wrong = checkpoints.write(folder, step, together, made_of, keep)
        else:
            together(checkpoints.unfinished(folder, step))
        dist.barrier()  # the checkpoint has its name
        return wrong

    def wait(self) -> None:
        if self.processes > 1:
            dist.barrier()

    def _reduced(self, values: list[float], how: Any) -> list[float]:
        place = torch.device("cuda") if dist.get_backend() == "nccl" else torch.device("cpu")
        tensor = torch.tensor(values, dtype=torch.float64, device=place)
        dist.all_reduce(tensor, how)
        return tensor.tolist()


def _share_threads(processes: int) -> None:
    """As many threads each as there are cores for; torchrun says one, accelerate guesses, where nobody says."""
    if "OMP_NUM_THREADS" not in os.environ:
        threads = max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", processes)))
        os.environ["OMP_NUM_THREADS"] = str(threads)
        torch.set_num_threads(threads)


def _take_gpu(rank: int) -> torch.device | None:
    """Take this process's own GPU, where there are any."""
    if torch.backends.mps.is_available():
        raise TrainError("train.processes: an Apple GPU is used by one process only: set it to 1.")
    if not torch.cuda.is_available():
        return None
    gpus = torch.cuda.device_count()
    local = int(os.environ.setdefault("LOCAL_RANK", str(rank % gpus)))  # torchrun says it, others may not
    if local >= gpus:
        raise TrainError(f"train.processes: {local + 1} or more on a machine with {gpus} GPUs: one each, at most.")
    gpu = torch.device("cuda", local)
    torch.cuda.set_device(gpu)
    return gpu
