"""Replies to conversations, in batches."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marcus_nb.generate.batches import Log, continue_ids
from marcus_nb.render import Chat, end_of_turn_ids, prompt_ids


@dataclass(frozen=True)
class Reply:
    """What a model said: its text, its token ids (the end of the turn with them), and whether it came to an end."""

    text: str
    ids: list[int]
    ended: bool  # False: cut by max_new_tokens


def answers(
    model: Any,
    tokenizer: Any,
    chats: Sequence[Chat],
    max_new_tokens: int,
    *,
    temperature: float = 0.0,
    seed: int = 0,
    log: Log | None = None,
) -> list[Reply]:
    """The model's reply to each conversation, in the order given; its text is `""` where it has nothing to say.

    Greedy at temperature 0. Above it a reply depends on `seed` and its conversation only, not on the others asked
    with it; a conversation that is asked twice gets two replies. `log` is told the progress every ten seconds.
    """
    prompts = [prompt_ids(tokenizer, chat) for chat in chats]
    ends = end_of_turn_ids(tokenizer)
    seeds = prompt_seeds(seed, prompts)
    found = continue_ids(model, tokenizer, prompts, max_new_tokens, temperature=temperature, seeds=seeds, log=log)
    return [Reply(said(tokenizer, ids), ids, bool(ids) and ids[-1] in ends) for ids in found]


def replies(model: Any, tokenizer: Any, chats: Sequence[Chat], max_new_tokens: int) -> list[str]:
    """The texts of the model's greedy `answers`."""
    return [reply.text for reply in answers(model, tokenizer, chats, max_new_tokens)]


def reply_ids(model: Any, tokenizer: Any, chats: Sequence[Chat], max_new_tokens: int) -> list[list[int]]:
    """The token ids of the model's greedy `answers`."""
    return [reply.ids for reply in answers(model, tokenizer, chats, max_new_tokens)]


def prompt_seeds(seed: int, prompts: Sequence[Sequence[int]]) -> list[int]:
    """A seed for each prompt, from its tokens and how often it was asked before."""
    asked: Counter[tuple[int, ...]] = Counter()
    seeds = []
    for prompt in map(tuple, prompts):
        text = f"{seed} {asked[prompt]} {prompt}"
        asked[prompt] += 1
        seeds.append(int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:7], "big"))
    return seeds


def said(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of a reply. A model that thinks first says so; what it says to the customer comes after."""
    text = tokenizer.decode(ids, skip_special_tokens=True).rpartition("</think>")[2].strip()
    return "" if text.startswith("<think>") else text
