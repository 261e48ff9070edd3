"""Tokens per second of any transformers `Trainer`, counted the same way for all."""

import time
from typing import Any

import torch
from transformers import Trainer, TrainerCallback


class Counted:
    """A collator that also notes how many tokens of each batch are text and how many are padding."""

    def __init__(self, collate: Any) -> None:
        self.collate = collate
        self.real: list[int] = []
        self.padded: list[int] = []

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch = self.collate(examples)
        self.real.append(int(batch["attention_mask"].sum()))
        self.padded.append(batch["input_ids"].numel())
        return batch


class StepClock(TrainerCallback):
    """When each step ended; a GPU is waited for, so that what is timed is done."""

    def __init__(self, warm_up: int) -> None:
        self.warm_up = warm_up
        self.ends: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        # Only where a measurement begins or ends: a wait after each step would slow the trainer down.
        if torch.cuda.is_available() and state.global_step in (self.warm_up, state.max_steps):
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())


def train_timed(trainer: Trainer, warm_up: int) -> dict[str, Any]:
    """Train, and say how fast: text read (learned or not, padding left out) a second, after `warm_up` (≥ 1) steps.

    `{"tokens_per_second": 70.1, "tokens": 3241, "padded_tokens": 4410, "steps": 6, "train_loss": 2.31, "losses": […]}`;
    `tokens` are those of all steps.
    """
    counted, clock = Counted(trainer.data_collator), StepClock(warm_up)
    trainer.data_collator = counted
    trainer.add_callback(clock)
    result = trainer.train()
    steps = len(clock.ends)  # the loader may have collated one batch more than was trained on
    return {
        "tokens_per_second": sum(counted.real[warm_up:steps]) / (clock.ends[-1] - clock.ends[warm_up - 1]),
        "tokens": sum(counted.real[:steps]),
        "padded_tokens": sum(counted.padded[:steps]),
        "steps": steps,
        "threads": torch.get_num_threads(),
        "train_loss": result.training_loss,
        "losses": [row["loss"] for row in trainer.state.log_history if "loss" in row],
    }
