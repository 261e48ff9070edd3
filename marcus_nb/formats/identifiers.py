"""Ids that are unique within a run: a repeated one gets -2, -3 …, and the evidence says so."""

from collections.abc import Iterable
from dataclasses import replace

from marcus_nb.formats.tables import Table, sampled


def unique(tables: Iterable[Table]) -> list[Table]:
    """The same tables with ids that occur once: `chat:17`, `chat:17-2`; others stay as they are."""
    tables = list(tables)
    reserved = {conversation.id for table in tables for conversation in table.conversations}
    if len(reserved) == sum(len(table.conversations) for table in tables):
        return tables
    seen: set[str] = set()
    last: dict[str, int] = {}
    return [_unique(table, seen, reserved, last) for table in tables]


def _unique(table: Table, seen: set[str], reserved: set[str], last: dict[str, int]) -> Table:
    renamed: dict[str, str] = {}
    conversations = []
    for conversation in table.conversations:
        name = conversation.id
        if name in seen:
            number = last.get(name, 1)
            while name in seen or name in reserved:
                number += 1
                name = f"{conversation.id}-{number}"
            last[conversation.id] = number
            renamed.setdefault(conversation.id, name)
            conversation = replace(conversation, id=name)
        seen.add(name)
        conversations.append(conversation)
    if not renamed:
        return table
    old, new = next(iter(renamed.items()))
    changed = sum(before is not after for before, after in zip(table.conversations, conversations, strict=True))
    said = f"ids that occurred before and got a suffix: {changed:,}, such as {old} → {new}"
    samples = tuple(
        replace(sample, conversation_id=conversations[at].id)
        for sample, at in zip(table.samples, sampled(len(conversations)), strict=True)
    )
    return replace(table, conversations=tuple(conversations), evidence=(*table.evidence, said), samples=samples)
