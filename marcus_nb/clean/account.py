"""The account of a cleaning: where every conversation went, and the files."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from marcus_nb.clean.cleaned import Cleaned
from marcus_nb.clean.records import AccountError
from marcus_nb.conversation import to_row, write_jsonl


def funnel(cleaned: Cleaned) -> pd.DataFrame:
    """One row per rule, in the order they ran, counted in conversations, but for the messages removed."""
    rows = [
        (step.rule, step.entered, step.changed, step.removed, step.dropped, step.entered - step.dropped)
        for step in cleaned.steps
        if step.enabled
    ]
    return pd.DataFrame(rows, columns=["rule", "entered", "changed", "messages removed", "dropped", "left"])


def check_account(cleaned: Cleaned) -> None:
    """Every conversation that entered is in exactly one split or dropped. Raises AccountError otherwise."""
    parts = {
        "train": cleaned.train,
        "validation": cleaned.validation,
        "test": cleaned.test,
        "dropped": tuple(drop.conversation for drop in cleaned.dropped),
    }
    counted = sum(map(len, parts.values()))
    if cleaned.entered != counted:
        sums = " + ".join(f"{name} {len(part)}" for name, part in parts.items())
        raise AccountError(f"{cleaned.entered} conversations entered, but {sums} is {counted}.")
    for before, after in pairwise(cleaned.steps):
        if before.entered - before.dropped != after.entered:
            raise AccountError(
                f"{before.entered - before.dropped} conversations left {before.rule}, {after.entered} entered "
                f"{after.rule}."
            )
    seen = Counter(conversation.id for conversation in chain.from_iterable(parts.values()))
    twice = [name for name, count in seen.items() if count > 1]
    if twice:
        where = [name for name, part in parts.items() for conversation in part if conversation.id == twice[0]]
        raise AccountError(f"{len(twice)} conversations are counted twice, such as {twice[0]!r} in {', '.join(where)}.")


def write(cleaned: Cleaned, folder: Path) -> dict[str, int]:
    """Write the splits, the dropped and the changed as JSONL that only its owner can read; returns the lines of each.

    >>> write(cleaned, folder)
    {'train.jsonl': 130, 'validation.jsonl': 22, 'test.jsonl': 28, 'dropped.jsonl': 14, 'changed.jsonl': 31}
    """
    dropped = (
        to_row(drop.conversation) | {"rule": drop.rule, "reason": drop.reason, "resembles": drop.resembles}
        for drop in cleaned.dropped
    )
    files: dict[str, Iterable[dict[str, Any]]] = {
        "train.jsonl": map(to_row, cleaned.train),
        "validation.jsonl": map(to_row, cleaned.validation),
        "test.jsonl": map(to_row, cleaned.test),
        "dropped.jsonl": dropped,
        "changed.jsonl": map(asdict, cleaned.changed),
    }
    folder.mkdir(parents=True, exist_ok=True)
    return {name: write_jsonl(folder / name, rows) for name, rows in files.items()}
