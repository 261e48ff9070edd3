"""The splits, rendered: what the model will read and which tokens it learns."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import datasets
from datasets import Dataset

from marcus_nb.conversation import Conversation, from_row, read_jsonl
from marcus_nb.parameters import Train
from marcus_nb.render import IGNORED, Chat, Rendered, RenderError, render_all

datasets.disable_progress_bars()
COLUMNS = ("id", "input_ids", "labels", "weights")


class TrainError(ValueError):
    """Data that nothing can be learned from; the message says why and what to change."""


@dataclass(frozen=True)
class Split:
    """A split as token ids: `dataset` has the columns `id`, `input_ids`, `labels` and `weights`.

    One row a conversation; where the chat template rewrites history, one a reply, with the conversation's id.
    """

    name: str
    dataset: Dataset
    left_out: tuple[tuple[str, str], ...]  # (conversation id, why)
    turns_cut: int  # messages cut from the front of long conversations

    @cached_property
    def conversations(self) -> int:
        return len(set(self.dataset["id"]))

    @cached_property
    def tokens(self) -> int:
        return sum(map(len, self.dataset["input_ids"]))

    @cached_property
    def learned(self) -> int:
        """Tokens that carry loss."""
        return sum(label != IGNORED for labels in self.dataset["labels"] for label in labels)


def load_splits(folder: Path, tokenizer: Any, system_prompt: str, max_length: int) -> dict[str, Split]:
    """Render `train.jsonl` and `validation.jsonl` of a folder: `{"train": Split, "validation": Split}`.

    Raises TrainError when a split ends up with nothing to learn; it says why the conversations were left out.
    """
    return {
        name: _load_split(name, folder / f"{name}.jsonl", tokenizer, system_prompt, max_length)
        for name in ("train", "validation")
    }


def _load_split(name: str, path: Path, tokenizer: Any, system_prompt: str, max_length: int) -> Split:
    records = list(read_jsonl(path))
    if not records:
        raise TrainError(
            f"The {name} split has no conversation: bring more conversations, or raise its share in 02_clean "
            "(clean.validation_share, clean.test_share)."
        )
    # In memory: a cache on disk would keep personal data outside the run.
    rows = Dataset.from_list(records)

    def render_rows(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
        chats = (
            from_row(dict(zip(rows, values, strict=True))).as_chat(system_prompt)
            for values in zip(*rows.values(), strict=True)
        )
        made: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, "turns_cut", "problem")}
        for name, found in zip(rows["id"], render_all(tokenizer, chats, max_length), strict=True):
            problem = str(found) if isinstance(found, RenderError) else ""
            samples = [Rendered([], [])] if isinstance(found, RenderError) else found
            for item in samples:
                made["id"].append(name)
                made["input_ids"].append(item.input_ids)
                made["labels"].append(item.labels)
                made["weights"].append(item.weights or [1.0] * len(item.labels))
                # Each sample of a conversation counts those that earlier ones lack, too.
                made["turns_cut"].append(item.turns_cut if item is samples[-1] else 0)
                made["problem"].append(problem)
        return made

    rendered = rows.map(render_rows, batched=True, remove_columns=rows.column_names)
    left_out = tuple((row["id"], row["problem"]) for row in rendered if row["problem"])
    kept = rendered.filter(lambda row: not row["problem"])
    split = Split(name, kept.select_columns(list(COLUMNS)), left_out, sum(kept["turns_cut"]))
    if split.learned == 0:
        reasons = sorted({why for _, why in left_out})[:3]
        raise TrainError(
            f"The {name} split has no token to learn from: {len(rows)} conversations, {len(left_out)} left out.\n"
            + "".join(f"  one of them: {why}\n" for why in reasons)
            + (
                f"shared.max_length is {max_length} tokens: raise it, or split long conversations."
                if any("shared.max_length" in why for why in reasons)
                else "Check that 02_clean kept conversations in which the persona answers."
            )
        )
    return split


def check_context(splits: dict[str, Split], context: int | None) -> None:
    """Raises TrainError when a conversation is longer than the `context` tokens that the base model reads at once."""
    longest = max(len(ids) for split in splits.values() for ids in split.dataset["input_ids"])
    if context is not None and longest > context:
        raise TrainError(
            f"The longest conversation has {longest} tokens, and the base model reads {context} at once: "
            f"lower shared.max_length to {context}, or choose a base model with a larger context."
        )


def plan(split: Split, parameters: Train) -> dict[str, int]:
    """How much training there will be: `{"conversations": 160, "samples": 160, "steps": 100, …}`."""
    per_step = parameters.per_device_train_batch_size * parameters.gradient_accumulation_steps * parameters.processes
    steps_per_epoch = math.ceil(len(split.dataset) / per_step)
    steps = steps_per_epoch * parameters.num_train_epochs
    return {
        "conversations": split.conversations,
        "samples": len(split.dataset),
        "tokens": split.tokens,
        "learned_tokens": split.learned,
        "steps_per_epoch": steps_per_epoch,
        "steps": min(steps, parameters.max_steps) if parameters.max_steps else steps,
    }


def pace(parameters: Train, steps_per_epoch: int) -> tuple[int, int]:
    """Every how many steps the validation loss is measured and a checkpoint kept."""
    evaluating = parameters.eval_steps or max(1, steps_per_epoch // parameters.evals_per_epoch)
    return evaluating, parameters.save_steps or evaluating


def reference_chats(prompts: Sequence[str], system_prompt: str) -> list[Chat]:
    """The fixed prompts as conversations that wait for a reply."""
    return [[{"role": "system", "content": system_prompt}, {"role": "user", "content": prompt}] for prompt in prompts]


def example(path: Path) -> Conversation:
    """The conversation whose learned tokens are shown: the first with several turns, else the first."""
    conversations = [from_row(row) for row in read_jsonl(path)]
    return next((item for item in conversations if len(item.replies) > 1), conversations[0])
