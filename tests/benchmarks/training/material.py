"""What every way trains on: a run that `prepare.py` made, its conversations, and the tokens that they are."""

import hashlib
from collections.abc import Iterable
from typing import Any

from peft import LoraConfig

from marcus_nb.conversation import read_conversations
from marcus_nb.render import Chat, RenderError, render_all
from marcus_nb.runs import Run

EXPERIMENT = "quickstart"
BATCH = 8  # conversations a step: the quickstart's, and the default of transformers and TRL

Row = tuple[list[int], list[int]]  # input_ids and labels of a conversation


def chats(run: Run, split: str) -> list[Chat]:
    """A split's conversations with the persona's system message, as every trainer gets them."""
    conversations = read_conversations(run.folder / "clean" / f"{split}.jsonl")
    return [conversation.as_chat(run.parameters.shared.system_prompt) for conversation in conversations]


def rows(run: Run, tokenizer: Any, split: str) -> list[Row]:
    """The same conversations as Marcus renders them. None may be too long: then trainers would cut them differently."""
    rendered = []
    for item in render_all(tokenizer, chats(run, split), run.parameters.shared.max_length):
        if isinstance(item, RenderError) or len(item) != 1 or item[0].turns_cut:
            raise ValueError(f"a conversation that not every way can read whole: {item}")
        rendered.append((list(item[0].input_ids), list(item[0].labels)))
    return rendered


def fingerprint(rendered: Iterable[Row]) -> dict[str, str]:
    """Hashes of what is read (token ids) and of what is learned (with the labels), in whatever order they come.

    The first token of a conversation is never predicted, so its label counts for nothing.
    """
    pairs = [(list(ids), list(labels)[1:]) for ids, labels in rendered]
    texts = {"read": sorted(str(ids) for ids, _ in pairs), "learned": sorted(str(pair) for pair in pairs)}
    return {name: hashlib.sha256("\n".join(lines).encode()).hexdigest() for name, lines in texts.items()}


def lora(run: Run) -> LoraConfig:
    """The run's own adapter: rank, alpha, dropout, all linear layers of the body."""
    chosen = run.parameters.train
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=chosen.lora_r,
        lora_alpha=chosen.lora_alpha,
        lora_dropout=chosen.lora_dropout,
        target_modules="all-linear",
    )
