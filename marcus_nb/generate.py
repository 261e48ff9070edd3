"""Replies to conversations, in batches."""

from collections.abc import Sequence
from typing import Any

import torch

from marcus_nb.render import Chat, end_of_turn_ids, prompt_ids


def replies(model: Any, tokenizer: Any, chats: Sequence[Chat], max_new_tokens: int, batch_size: int = 16) -> list[str]:
    """The model's greedy reply to each conversation, in the order given; `""` where it has nothing to say."""
    return [
        # A model that thinks first says so in its reply; what it says to the customer comes after.
        tokenizer.decode(ids, skip_special_tokens=True).rpartition("</think>")[2].strip()
        for ids in reply_ids(model, tokenizer, chats, max_new_tokens, batch_size)
    ]


def reply_ids(
    model: Any, tokenizer: Any, chats: Sequence[Chat], max_new_tokens: int, batch_size: int = 16
) -> list[list[int]]:
    """Token ids of each greedy reply, its end-of-turn token included when there is one.

    Prompts of like length share a batch and are padded on the left, where generation goes on from.
    """
    prompts = [prompt_ids(tokenizer, chat) for chat in chats]
    ends = end_of_turn_ids(tokenizer)
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    results: list[list[int]] = [[] for _ in prompts]
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        longest = max(len(prompts[index]) for index in chosen)
        pad = [longest - len(prompts[index]) for index in chosen]
        ids = torch.tensor([[ends[0]] * p + prompts[i] for p, i in zip(pad, chosen, strict=True)], device=model.device)
        mask = torch.tensor([[0] * p + [1] * (longest - p) for p in pad], device=model.device)
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max_new_tokens,
                do_sample=False,
                eos_token_id=ends,
                pad_token_id=ends[0],
                use_cache=True,
            )
        for index, row in zip(chosen, output[:, longest:].tolist(), strict=True):
            stop = next((place for place, token in enumerate(row) if token in ends), len(row) - 1)
            results[index] = row[: stop + 1]
    return results
