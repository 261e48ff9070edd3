"""Ids that are unique within a run: a repeated one gets -2, -3 …, and the evidence says so."""

from collections.abc import Iterable
from dataclasses import replace

from marcus_nb.formats.tables import Table


def unique(tables: Iterable[Table]) -> list[Table]:
    """The same tables with ids that occur once: `chat:17`, `chat:17-2`; others stay as they are."""
    tables = list(tables)
    reserved = {conversation.id for table in tables for conversation in table.conversations}
    seen: set[str] = set()
    result = []
    for table in tables:
        renamed: dict[str, str] = {}
        conversations = []
        for conversation in table.conversations:
            name, number = conversation.id, 2
            while name in seen or (number > 2 and name in reserved):
                name = f"{conversation.id}-{number}"
                number += 1
            if name != conversation.id:
                renamed.setdefault(conversation.id, name)
            seen.add(name)
            conversations.append(replace(conversation, id=name))
        changed = sum(old.id != new.id for old, new in zip(table.conversations, conversations, strict=True))
        if changed:
            old, new = next(iter(renamed.items()))
            said = f"ids that occurred before and got a suffix: {changed}, such as {old} → {new}"
            sample_id = conversations[0].id
            table = replace(
                table, conversations=tuple(conversations), evidence=(*table.evidence, said), sample_id=sample_id
            )
        result.append(table)
    return result
