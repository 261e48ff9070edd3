"""Which conversations make a step, in what order the steps come, and how a step is cut into micro-batches."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler

from marcus_nb.render import IGNORED

Row = dict[str, Any]  # {"input_ids": [int], "labels": [int], "weights": [float]}, of equal length
STRETCH = 8  # steps among which conversations are sorted by length


class Steps(Sampler[list[int]]):
    """The rows of each optimizer step, those of like length together, so that they need little padding.

    The order is a function of (seed, epoch) alone: shuffled, sorted within stretches of eight steps, and the steps
    shuffled again. Of several processes each gets every so-many-th row of the same step, so that all have a like
    share of its tokens; a last, short step may leave a process none.
    """

    def __init__(self, lengths: Sequence[int], per_step: int, seed: int, rank: int = 0, processes: int = 1) -> None:
        self.lengths, self.per_step, self.seed, self.epoch = lengths, per_step, seed, 0
        self.rank, self.processes = rank, processes

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.per_step)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    @property
    def batch_sampler(self) -> "Steps":
        """Where transformers looks for what to tell the epoch."""
        return self

    def of_epoch(self) -> list[list[int]]:
        """All steps of the epoch for all processes together, each sorted with the longest row first."""
        chance = random.Random(f"{self.seed}/{self.epoch}")
        order = list(range(len(self.lengths)))
        chance.shuffle(order)
        stretch = STRETCH * self.per_step
        steps = []
        for start in range(0, len(order), stretch):
            chosen = sorted(order[start : start + stretch], key=lambda index: -self.lengths[index])
            steps += [chosen[i : i + self.per_step] for i in range(0, len(chosen), self.per_step)]
        # A step that is not full must come last, or the number of steps would depend on the shuffling.
        full = [step for step in steps if len(step) == self.per_step]
        chance.shuffle(full)
        return full + [step for step in steps if len(step) < self.per_step]

    def __iter__(self) -> Iterator[list[int]]:
        return iter([step[self.rank :: self.processes] for step in self.of_epoch()])


def micro_batches(rows: Sequence[Row], most: int, tokens: int) -> list[list[Row]]:
    """A step's rows in groups of at most `most` rows and `tokens` tokens, padding included; longest rows first.

    A row longer than that stands alone: it is `shared.max_length` that bounds it.
    """
    groups: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: -len(row["input_ids"])):
        group = groups[-1] if groups else []
        if group and len(group) < most and (len(group) + 1) * len(group[0]["input_ids"]) <= tokens:
            group.append(row)
        else:
            groups.append([row])
    return groups


def collate(rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """Rows of unequal length → `input_ids`, `labels` and `weights` of shape [rows, longest], padded on the right."""
    longest = max(len(row["input_ids"]) for row in rows)
    shape = (len(rows), longest)
    tensors = {
        "input_ids": torch.zeros(shape, dtype=torch.long),
        "labels": torch.full(shape, IGNORED),
        "weights": torch.zeros(shape),
    }
    for place, row in enumerate(rows):
        for name, tensor in tensors.items():
            tensor[place, : len(row["input_ids"])] = torch.as_tensor(row[name])
    return tensors


def weight(rows: Sequence[Row]) -> float:
    """The sum of the weights of all tokens that are learned: what a step's loss is divided by."""
    # The first token of a row is predicted by nothing.
    return sum(
        float(weight)
        for row in rows
        for label, weight in zip(row["labels"][1:], row["weights"][1:], strict=True)
        if label != IGNORED
    )
