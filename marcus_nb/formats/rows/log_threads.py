"""Which rows of a chat log belong together: by an id, an answered message, a subject, who writes, a channel, a gap."""

from collections.abc import Mapping
from itertools import groupby, repeat

from marcus_nb.formats.rows import columns
from marcus_nb.formats.rows.topics import topic_of
from marcus_nb.formats.tables import RawTable


def thread_ids(raw: RawTable, parts: Mapping[str, str], who: list[str]) -> tuple[list[str], str, bool]:
    """What tells the thread of each row, in words, and whether a thread is one conversation rather than a channel.

    (["17", "17", "18"], "", True) by a column of conversations; ([], "", False) when nothing tells them apart.
    """
    if "conversation" in parts:
        return _filled(raw, parts), "", True
    if "reply" in parts:
        found = roots(numbers(raw, parts["id"]), numbers(raw, parts["reply"]))
        return found, f", by the message that each answers (`{parts['reply']}`)", True
    if "subject" in parts or "recipient" in parts:
        return _written_to(raw, parts, who), f", by {_named(parts)}", "subject" in parts
    channel = columns.first(raw.columns, columns.is_channel, parts.values()) or parts.get("customer")
    if channel is not None and not columns.is_author(channel):
        return cells(raw, channel), f", by `{channel}`", False
    blocks = _blocks(raw, who)
    return blocks, ", by the blank rows between conversations" if blocks else "", bool(blocks)


def cells(raw: RawTable, column: str) -> list[str]:
    """The texts of a column, without blanks at their ends; of an object its name."""
    memo: dict[object, str] = {}
    found = []
    for value in raw.column(column):
        if type(value) is not str:
            value = columns.customer_of(value) or ""
        text = memo.get(value)
        if text is None:
            text = memo[value] = value.strip()
        found.append(text)
    return found


def numbers(raw: RawTable, column: str) -> list[str]:
    """The ids of a column; `3.0`, as a table with gaps in it writes a whole number, is `3`."""
    return [value.removesuffix(".0") for value in cells(raw, column)]


def roots(ids: list[str], answered: list[str]) -> list[str]:
    """For each message the first one of its thread: what it answers, what that one answers, and so on."""
    parents = {own: parent for own, parent in zip(ids, answered, strict=True) if own and parent and own != parent}
    found: dict[str, str] = {}
    for own in ids:
        path, seen = [own], {own}
        while path[-1] not in found and (parent := parents.get(path[-1])) is not None and parent not in seen:
            path.append(parent)
            seen.add(parent)
        root = found.get(path[-1], path[-1])
        found |= dict.fromkeys(path, root)
    return [found[own] for own in ids]


def _filled(raw: RawTable, parts: Mapping[str, str]) -> list[str]:
    """The ids; where only answers name their thread (`thread_ts`), a row without an id is its own thread."""
    ids = cells(raw, parts["conversation"])
    if not columns.is_thread_time(parts["conversation"]) or "order" not in parts:
        return ids
    return [own or time for own, time in zip(ids, cells(raw, parts["order"]), strict=True)]


def _written_to(raw: RawTable, parts: Mapping[str, str], who: list[str]) -> list[str]:
    subjects = cells(raw, parts["subject"]) if "subject" in parts else repeat("", len(raw))
    about = [topic_of(subject) for subject in subjects]
    if "recipient" not in parts:
        return about
    others = cells(raw, parts["recipient"])
    return [" ".join([*sorted(pair), said]) for *pair, said in zip(who, others, about, strict=True)]


def _named(parts: Mapping[str, str]) -> str:
    told = [parts[part] for part in ("author", "recipient") if "recipient" in parts]
    return " and ".join(f"`{name}`" for name in [*told, *([parts["subject"]] if "subject" in parts else [])])


def _blocks(raw: RawTable, who: list[str]) -> list[str]:
    """Rows of a sheet between blank ones, where in each block several people speak; else nothing."""
    if raw.sheet is None or len(raw) < 4:
        return []
    found, number = [], 0
    for at, line in enumerate(raw.lines):
        number += at > 0 and line - raw.lines[at - 1] > 1
        found.append(str(number))
    several = [len({who[at] for at in block} - {""}) > 1 for block in _places(found)]
    return found if number and all(several) else []


def _places(ids: list[str]) -> list[list[int]]:
    return [[at for at, _ in group] for _, group in groupby(enumerate(ids), key=lambda pair: pair[1])]
