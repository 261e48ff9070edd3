"""Which device and which precision."""

import time

import torch


def device() -> torch.device:
    """The fastest device here: a CUDA GPU, an Apple one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def pick_dtype(wanted: str) -> tuple[torch.dtype, str]:
    """The precision for the frozen base model, and why.

    `auto` times a matrix product of a small model's size in both precisions: bfloat16 is about twice as fast on CPUs
    that have instructions for it and up to 500 times slower on those that have none (pytorch issue 146508).
    """
    if wanted != "auto":
        return getattr(torch, wanted), "set by train.dtype"
    place = device()
    if place.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return (torch.bfloat16, "this GPU has it") if fast else (torch.float32, "this GPU has no bfloat16")
    seconds = {dtype: _time_product(dtype, place) for dtype in (torch.float32, torch.bfloat16)}
    ratio = seconds[torch.float32] / seconds[torch.bfloat16]
    chosen = torch.bfloat16 if ratio > 1.15 else torch.float32
    return chosen, f"bfloat16 measured {ratio:.1f} times as fast as float32 here"


def _time_product(dtype: torch.dtype, place: torch.device) -> float:
    left, right = torch.ones(512, 576, dtype=dtype, device=place), torch.ones(576, 1536, dtype=dtype, device=place)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        (left @ right).sum().item()
        times.append(time.perf_counter() - start)
        if sum(times) > 1:  # far too slow already: no need to wait for the rest
            break
    return sorted(times)[len(times) // 2]
