"""How likely a model finds given tokens."""

from collections.abc import Sequence
from typing import Any

import torch


def negative_log_likelihood(
    model: Any, items: Sequence[tuple[Sequence[int], Sequence[int]]], batch_size: int = 8
) -> list[tuple[float, int]]:
    """(sum of negative log likelihoods in nats, labelled tokens) of each (input_ids, labels), in the order given.

    Only labelled positions reach the output layer, which is a fifth of a small model's work.
    """
    order = sorted(range(len(items)), key=lambda index: len(items[index][0]))
    results: list[tuple[float, int]] = [(0.0, 0)] * len(items)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
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
    return results


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
