"""The proof that the splits are apart, worked out anew from what the cleaning returned."""

from collections.abc import Iterator, Sequence
from itertools import chain

import pandas as pd

from marcus_nb.clean.cleaned import Cleaned
from marcus_nb.clean.leaks import Common, common_sayings, questions
from marcus_nb.clean.likeness import nearest_pairs
from marcus_nb.clean.records import LeakError
from marcus_nb.clean.split import customer_key
from marcus_nb.conversation import Conversation
from marcus_nb.text import redact

_AFTER_THE_SPLIT = ("leak", "tokens")  # rules


def prove_disjoint(cleaned: Cleaned) -> pd.DataFrame:
    """Compare the splits anew, two at a time, and training with the probes.

    Columns: splits ("train – test"), shared_ids, shared_customers, highest_similarity, first_text, second_text (the
    nearest pair, redacted; blank where nothing is alike). The highest similarity is exact; what many customers ask is
    compared together with its reply, as when leaks were looked for. Raises LeakError when ids or customers are shared,
    or when a question of one resembles one of the other more than the cleaning's `max_similarity`.
    """
    common = common_sayings(_split(cleaned))
    pairs = [
        _compare("train – validation", cleaned.train, cleaned.validation, common),
        _compare("train – test", cleaned.train, cleaned.test, common),
        _compare("validation – test", cleaned.validation, cleaned.test, common),
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


def _split(cleaned: Cleaned) -> Iterator[Conversation]:
    """All that came to the split: what left it later has a say in what is common."""
    yield from chain(cleaned.train, cleaned.validation, cleaned.test)
    yield from (drop.conversation for drop in cleaned.dropped if drop.rule in _AFTER_THE_SPLIT)


def _compare(
    splits: str, first: Sequence[Conversation], second: Sequence[Conversation], common: Common
) -> dict[str, str | int | float]:
    texts = [question.text for question in questions(first, common)]
    others = [question.text for question in questions(second, common)]
    ids = {conversation.id for conversation in first} & {conversation.id for conversation in second}
    people = set(map(customer_key, first)) & set(map(customer_key, second)) - {None}
    return _row(splits, len(ids), len(people), texts, others)


def _compare_probes(cleaned: Cleaned) -> dict[str, str | int | float]:
    texts = [text for conversation in cleaned.train for text in conversation.questions]
    return _row("train – probes", 0, 0, texts, list(cleaned.probes))


def _row(splits: str, ids: int, customers: int, texts: list[str], others: list[str]) -> dict[str, str | int | float]:
    pairs = nearest_pairs(texts, others, 1)
    return {
        "splits": splits,
        "shared_ids": ids,
        "shared_customers": customers,
        "highest_similarity": pairs[0].similarity if pairs else 0.0,
        "first_text": redact(texts[pairs[0].first]) if pairs else "",
        "second_text": redact(others[pairs[0].second]) if pairs else "",
    }
