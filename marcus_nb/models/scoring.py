"""How likely a model finds given tokens."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

MAX_TOKENS = 1024  # read together, padding included: more of them take memory and are no faster on a processor
SECONDS_BETWEEN_LINES = 10.0


def negative_log_likelihood(
    model: Any,
    items: Sequence[tuple[Sequence[int], Sequence[int]]],
    max_rows: int = 32,
    *,
    log: Callable[[str], None] | None = None,
) -> list[tuple[float, int]]:
    """(sum of negative log likelihoods in nats, labelled tokens) of each (input_ids, labels), in the order given.

    `[([1, 7, 9], [-100, 7, 9])]` → `[(8.3, 2)]`. Only labelled positions reach the output layer, which is a fifth of
    a small model's work. At most `max_rows` are read together. `log` is told the progress every ten seconds.
    """
    results: list[tuple[float, int]] = [(0.0, 0)] * len(items)
    done, started = 0, time.monotonic()
    told = started
    for chosen in _batches([len(ids) for ids, _ in items], max_rows):
        longest = max(len(items[index][0]) for index in chosen)
        ids = torch.zeros(len(chosen), longest, dtype=torch.long)
        labels = torch.full((len(chosen), longest), -100)
        for row, index in enumerate(chosen):
            length = len(items[index][0])
            ids[row, :length] = torch.as_tensor(items[index][0])
            labels[row, :length] = torch.as_tensor(items[index][1])
        with torch.inference_mode():
            losses, rows, _ = token_losses(model, ids.to(model.device), labels.to(model.device))
        sums = torch.zeros(len(chosen), dtype=torch.float64).index_add_(0, rows.cpu(), losses.double().cpu())
        counts = torch.bincount(rows.cpu(), minlength=len(chosen))
        for row, index in enumerate(chosen):
            results[index] = (float(sums[row]), int(counts[row]))
        done += len(chosen)
        now = time.monotonic()
        if log and now - told >= SECONDS_BETWEEN_LINES and done < len(items):
            told = now
            log(f"{done} of {len(items)} texts scored, {done / (now - started):.1f} a second")
    return results


def _batches(lengths: Sequence[int], max_rows: int) -> Iterator[list[int]]:
    """Places of rows of like length: `max_rows` at most, and MAX_TOKENS with their padding unless it is one row."""
    chosen: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if chosen and (len(chosen) == max_rows or (len(chosen) + 1) * lengths[place] > MAX_TOKENS):
            yield chosen
            chosen = []
        chosen.append(place)
    if chosen:
        yield chosen


def token_losses(
    model: Any, input_ids: torch.Tensor, labels: torch.Tensor, label_smoothing: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cross entropy of each labelled token, and where it stands: losses, rows and columns, each [labelled tokens].

    `input_ids` and `labels` are [batch, tokens], padded on the right: the causal mask keeps padding out of sight of
    everything before it, so no attention mask is needed. A label in the first column is predicted by nothing.
    """
    targets = torch.full_like(labels, -100)
    targets[:, :-1] = labels[:, 1:]
    wanted = targets != -100
    logits = model(input_ids=input_ids, logits_to_keep=wanted, use_cache=False).logits
    logits = logits.reshape(-1, logits.shape[-1])
    losses = torch.nn.functional.cross_entropy(
        logits.float(), targets[wanted], reduction="none", label_smoothing=label_smoothing
    )
    rows, columns = wanted.nonzero(as_tuple=True)
    return losses, rows, columns + 1
