"""Token after token for many prompts at once; a row that has ended leaves its batch."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from marcus_nb.render import end_of_turn_ids

Log = Callable[[str], None]

# A step costs the reading of all weights, however few its rows are: few large batches. And padding costs what text
# costs: prompts of like length.
MAX_ROWS = 96  # of a batch
LIKE = 0.65  # of the longest prompt's length, at least
MAX_TOKENS = 16384  # of a batch, prompts and what may come after them
MAX_CACHE = 2**30  # bytes that the keys and values of a batch may take
SECONDS_BETWEEN_LINES = 10.0


def continue_ids(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    *,
    temperature: float = 0.0,
    seeds: Sequence[int] | None = None,
    log: Log | None = None,
) -> list[list[int]]:
    """What the model says after each prompt, as token ids, in the order given: `[[5, 9, 2], …]` for `[[1, 7], …]`.

    Each ends with the first token that ends a turn, which is included, or after `max_new_tokens`. Greedy at
    temperature 0; above it each prompt is sampled by its own seed (0 for all where there are none), so that its reply
    does not depend on the batch that it is in, but for rounding. `log` is told the progress every ten seconds.
    """
    ends = end_of_turn_ids(tokenizer)
    seeds = [0] * len(prompts) if seeds is None else seeds
    found: list[list[int]] = [[] for _ in prompts]
    done, started = 0, time.monotonic()
    told = started
    most = min(MAX_TOKENS, MAX_CACHE // _cached_bytes(model))
    for batch in batches([len(prompt) for prompt in prompts], max_new_tokens, most):
        chosen = [prompts[place] for place in batch]
        for tokens in spoken(model, chosen, ends, max_new_tokens, temperature, [seeds[place] for place in batch]):
            for row, token in tokens.items():
                ids = found[batch[row]]
                ids.append(token)
                done += token in ends or len(ids) == max_new_tokens
            now = time.monotonic()
            if log and now - told >= SECONDS_BETWEEN_LINES:
                told = now
                log(f"{done} of {len(prompts)} replies, {done / (now - started):.1f} a second")
    return found


def batches(lengths: Sequence[int], max_new_tokens: int, max_tokens: int) -> list[list[int]]:
    """Places of the prompts that go together, `[[2, 0], [1]]`, the longest first.

    No batch has more than MAX_ROWS rows, nor, with its padding and what comes after it, more than `max_tokens` tokens
    unless in a single row.
    """
    found: list[list[int]] = []
    rows, shortest = 0, 0.0
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        if not found or len(found[-1]) >= rows or lengths[place] < shortest:
            found.append([])
            rows = min(MAX_ROWS, max_tokens // (lengths[place] + max_new_tokens))
            shortest = LIKE * lengths[place]
        found[-1].append(place)
    return found


def _cached_bytes(model: Any) -> int:
    """What one token's keys and values take, in all layers."""
    config = model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * size * model.dtype.itemsize


def spoken(
    model: Any,
    prompts: Sequence[Sequence[int]],
    ends: Sequence[int],
    max_new_tokens: int,
    temperature: float = 0.0,
    seeds: Sequence[int] = (),
) -> Iterator[dict[int, int]]:
    """The next token of each row that has not ended: `{0: 71, 1: 2}`, then `{0: 9}`, …; `max_new_tokens` at most.

    What all prompts begin with (a system message, examples) is read once for all of them; what follows is padded on
    the left, where generation goes on from. A row that has ended takes no more time: it is taken out of the batch and
    of the cache.
    """
    device = model.device
    cache = DynamicCache(config=model.config)
    shared = _shared(prompts, cache)
    longest = max(len(prompt) for prompt in prompts)
    pads = [longest - len(prompt) for prompt in prompts]
    ids = torch.tensor([[ends[0]] * pad + list(prompt[shared:]) for pad, prompt in zip(pads, prompts, strict=True)])
    mask = torch.tensor([[1] * shared + [0] * pad + [1] * (longest - shared - pad) for pad in pads])
    ids, mask = ids.to(device), mask.to(device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    if shared:
        opening = torch.tensor([list(prompts[0][:shared])], device=device)
        _logits(model, opening, torch.ones_like(opening), positions[:1, :shared], cache)
        cache.reorder_cache(torch.zeros(len(prompts), dtype=torch.long, device=device))
        positions = positions[:, shared:]
    stop = torch.tensor(ends, device=device)
    chances = _chances(seeds, max_new_tokens).to(device) if temperature > 0 else None
    rows = list(range(len(prompts)))
    for step in range(max_new_tokens):
        logits = _logits(model, ids, mask, positions, cache)
        tokens = logits.argmax(-1) if chances is None else _drawn(logits, temperature, chances[:, step])
        yield dict(zip(rows, tokens.tolist(), strict=True))
        going = ~torch.isin(tokens, stop)
        if not going.any():
            return
        if not going.all():
            kept = going.nonzero()[:, 0]
            cache.reorder_cache(kept)  # that of every kind of layer can leave rows out too
            tokens, mask, positions = tokens[kept], mask[kept], positions[kept]
            chances = None if chances is None else chances[kept]
            rows = [rows[place] for place in kept.tolist()]
        ids, positions = tokens[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], 1)


def _shared(prompts: Sequence[Sequence[int]], cache: DynamicCache) -> int:
    """How many tokens all prompts begin with, each keeping one of its own to go on from.

    0 for one prompt, and for a model with layers that count or remember in another way than by full attention: they
    would take the padding in the middle for text.
    """
    if len(prompts) == 1 or not all(type(layer) is DynamicLayer for layer in cache.layers):
        return 0
    first, last = min(prompts), max(prompts)  # all others are between the two
    alike = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return min(alike, min(map(len, prompts)) - 1)


@torch.inference_mode()
def _logits(model: Any, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: Any) -> torch.Tensor:
    return model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    ).logits[:, -1]


def _chances(seeds: Sequence[int], max_new_tokens: int) -> torch.Tensor:
    """One number between 0 and 1 for each token of each row, [rows, tokens], the same on every device."""
    return torch.stack(
        [
            torch.rand(max_new_tokens, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            for seed in seeds
        ]
    )


def _drawn(logits: torch.Tensor, temperature: float, chances: torch.Tensor) -> torch.Tensor:
    """Each row's token at which its cumulated probability passes its chance."""
    heaped = (logits.float() / temperature).softmax(-1).double().cumsum(-1)
    return torch.searchsorted(heaped, (chances * heaped[:, -1])[:, None], right=True)[:, 0].clamp(
        max=logits.shape[-1] - 1
    )
