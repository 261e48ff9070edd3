"""Chats with a column for each side, one of them filled per row, made rows of messages with an author."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from marcus_nb.formats.rows import columns
from marcus_nb.formats.tables import RawTable

SPEAKER, TEXT = "(side)", "(text)"
_LEAST = 0.9


def is_wide(raw: RawTable, parts: Mapping[str, str], persona: frozenset[str]) -> bool:
    """Whether two columns bear the names of two sides, and never speak in one row: Date | Customer | Sofia."""
    sides = columns.prompt_rank(parts.get("prompt", ""), persona), columns.response_rank(parts["response"], persona)
    if sides != (1, 2):
        return False
    asked, answered = (raw.column(parts[part])[:2000] for part in ("prompt", "response"))
    both = [(bool(columns.text(one)), bool(columns.text(other))) for one, other in zip(asked, answered, strict=True)]
    filled = [pair for pair in both if any(pair)]
    single = [pair for pair in filled if not all(pair)]
    return len(filled) >= 2 and len(single) >= _LEAST * len(filled) and len(set(single)) == 2


def as_rows(raw: RawTable, parts: Mapping[str, str]) -> RawTable:
    """The table with two columns more: `(side)`, whose turn it is, and `(text)`, what is said."""
    names = parts["prompt"], parts["response"]
    values = [(columns.text(one), columns.text(two)) for one, two in zip(*map(raw.column, names), strict=True)]
    more: dict[str, Sequence[Any]] = {
        SPEAKER: [names[not asked] if asked or answered else "" for asked, answered in values],
        TEXT: [asked or answered for asked, answered in values],
    }
    said = f"each row says something in one of `{names[0]}` and `{names[1]}`: a row per message"
    return replace(
        raw,
        columns=(*(name for name in raw.columns if name not in names), SPEAKER, TEXT),
        column=lambda name: more[name] if name in more else raw.column(name),
        evidence=(*raw.evidence, said),
    )
