"""Which conversations stand in a batch, and in what order the batches come."""

import random
from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

from marcus_nb.render import IGNORED


class LengthGrouped(Sampler[int]):
    """Conversations of like length next to each other, so that batches hold little padding.

    The order is a function of (seed, epoch) alone: shuffled, sorted within stretches of eight batches, and the
    batches shuffled again.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        chance = random.Random(f"{self.seed}/{self.epoch}")
        order = list(range(len(self.lengths)))
        chance.shuffle(order)
        stretch = 8 * self.batch_size
        batches = []
        for start in range(0, len(order), stretch):
            chosen = sorted(order[start : start + stretch], key=lambda index: self.lengths[index])
            batches += [chosen[i : i + self.batch_size] for i in range(0, len(chosen), self.batch_size)]
        # A batch that is not full must come last, or it would shift every later one.
        short = [batch for batch in batches if len(batch) < self.batch_size]
        full = [batch for batch in batches if len(batch) == self.batch_size]
        chance.shuffle(full)
        return iter([index for batch in full + short for index in batch])


def collate(rows: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """Rows of unequal length → `input_ids` and `labels` of shape [rows, longest], padded on the right."""
    longest = max(len(row["input_ids"]) for row in rows)
    pad = [longest - len(row["input_ids"]) for row in rows]
    return {
        "input_ids": torch.tensor([row["input_ids"] + [0] * p for row, p in zip(rows, pad, strict=True)]),
        "labels": torch.tensor([row["labels"] + [IGNORED] * p for row, p in zip(rows, pad, strict=True)]),
    }
