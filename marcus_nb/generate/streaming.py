"""A reply as it comes, for who waits for it."""

from collections.abc import Iterator
from typing import Any

from marcus_nb.generate.answering import prompt_seeds, said
from marcus_nb.generate.batches import spoken
from marcus_nb.render import Chat, end_of_turn_ids, prompt_ids


def stream(
    model: Any, tokenizer: Any, chat: Chat, max_new_tokens: int, *, temperature: float = 0.0, seed: int = 0
) -> Iterator[str]:
    """The pieces of the model's reply, `"Ay"`, `"e, two"`, `"."`: together the text that `answers` gives.

    Only whole characters come (one may take several tokens), and nothing of what a model thinks before it speaks.
    """
    prompt = prompt_ids(tokenizer, chat)
    seeds = prompt_seeds(seed, [prompt])
    ids: list[int] = []
    sent = ""
    for tokens in spoken(model, [prompt], end_of_turn_ids(tokenizer), max_new_tokens, temperature, seeds):
        ids.append(tokens[0])
        text = said(tokenizer, ids).rstrip("\ufffd").rstrip()
        if not "<think>".startswith(text) and len(text) > len(sent):
            yield text[len(sent) :]
            sent = text
    if rest := said(tokenizer, ids)[len(sent) :]:  # such as a character that the limit has cut in two
        yield rest
