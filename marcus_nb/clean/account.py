"""The account of a cleaning: where every conversation went, the proof that the splits are apart, and the files."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from marcus_nb.clean.leaks import nearest, questions
from marcus_nb.clean.records import AccountError, Cleaned, LeakError
from marcus_nb.clean.split import customer_key
from marcus_nb.conversation import Conversation, to_row, write_jsonl
from marcus_nb.text import redact


def funnel(cleaned: Cleaned) -> pd.DataFrame:
    """One row per rule, in the order they ran, counted in conversations: rule, entered, changed, dropped, left."""
    rows = [
        (step.rule, step.entered, step.changed, step.dropped, step.entered - step.dropped) for step in cleaned.steps
    ]
    return pd.DataFrame(rows, columns=["rule", "entered", "changed", "dropped", "left"])


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
    seen = Counter(conversation.id for conversation in chain.from_iterable(parts.values()))
    twice = [name for name, count in seen.items() if count > 1]
    if twice:
        where = [name for name, part in parts.items() for conversation in part if conversation.id == twice[0]]
        raise AccountError(f"{len(twice)} conversations are counted twice, such as {twice[0]!r} in {', '.join(where)}.")


def prove_disjoint(cleaned: Cleaned) -> pd.DataFrame:
    """Compare the splits anew, two at a time, and training with the probes.

    Columns: splits ("train – test"), shared_ids, shared_customers, highest_similarity, first_text, second_text (the
    nearest pair, redacted). Raises LeakError when ids or customers are shared, or when a question of one resembles
    one of the other more than the cleaning's `max_similarity`.
    """
    pairs = [
        _compare("train – validation", cleaned.train, cleaned.validation),
        _compare("train – test", cleaned.train, cleaned.test),
        _compare("validation – test", cleaned.validation, cleaned.test),
        _compare_probes(cleaned),
    ]
    problems = []
    for pair in pairs:
        for what in ("ids", "customers"):
            if pair[f"shared_{what}"]:
                problems.append(f"{pair['splits']} share {pair[f'shared_{what}']} {what}")
        if pair["highest_similarity"] > cleaned.max_similarity:
            problems.append(
                f"{pair['splits']} have questions of similarity {pair['highest_similarity']:.2f}, above "
                f"max_similarity {cleaned.max_similarity:g}: {pair['first_text']!r} and {pair['second_text']!r}"
            )
    if problems:
        raise LeakError("The splits are not apart:\n  " + "\n  ".join(problems) + "\nWhat to do: run 02_clean again.")
    return pd.DataFrame(pairs)


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


def _compare(
    splits: str, first: tuple[Conversation, ...], second: tuple[Conversation, ...]
) -> dict[str, str | int | float]:
    texts = [question.text for question in questions(first)]
    others = [question.text for question in questions(second)]
    ids = {conversation.id for conversation in first} & {conversation.id for conversation in second}
    people = set(map(customer_key, first)) & set(map(customer_key, second)) - {None}
    return _row(splits, len(ids), len(people), texts, others)


def _compare_probes(cleaned: Cleaned) -> dict[str, str | int | float]:
    texts = [text for conversation in cleaned.train for text in conversation.questions]
    return _row("train – probes", 0, 0, texts, list(cleaned.probes))


def _row(splits: str, ids: int, customers: int, texts: list[str], others: list[str]) -> dict[str, str | int | float]:
    pair = nearest(texts, others)
    return {
        "splits": splits,
        "shared_ids": ids,
        "shared_customers": customers,
        "highest_similarity": pair.similarity,
        "first_text": "" if pair.first < 0 else redact(texts[pair.first]),
        "second_text": "" if pair.second < 0 else redact(others[pair.second]),
    }
