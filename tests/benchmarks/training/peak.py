"""`python peak.py RESULT DTYPE…`: how fast this machine multiplies matrices, in floating-point operations a second.

The best of several products of square matrices, in each precision that is named: `{"bfloat16": 3.6e11}`.
"""

import sys
import time
from pathlib import Path

import torch

from marcus_nb.models import device
from marcus_nb.runs import write_json

TRIES = 5


def fastest(dtype: torch.dtype, size: int) -> float:
    place = device()
    left, right = (torch.randn(size, size, device=place).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(TRIES):
        start = time.perf_counter()
        left @ right
        if place.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


if __name__ == "__main__":
    torch.manual_seed(0)
    sizes = (2048, 4096) if device().type == "cpu" else (4096, 8192)
    names = dict.fromkeys(sys.argv[2:])
    write_json(Path(sys.argv[1]), {name: max(fastest(getattr(torch, name), size) for size in sizes) for name in names})
