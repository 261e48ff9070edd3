"""JSONL whose lines are of several kinds, {"type": "post", "post": {…}}: which of them are messages."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from marcus_nb.formats.messages.message import is_message

_LEAST_WRAPPED = 0.8
_LOOKED_AT = 200


def message_kinds(records: Sequence[dict[str, Any]]) -> frozenset[str]:
    """The kinds of lines that hold messages; empty when the lines are no wrappers or all are of one kind.

    message_kinds([{"type": "user", "user": {"name": "Tom"}}, {"type": "post", "post": {"user": "Tom", "text": "Hi"}}])
    is {"post"}
    """
    if not records or len(records[0]) > 2:  # most files: no line need be looked at
        return frozenset()
    if sum(map(bool, map(kind_of, records[:_LOOKED_AT]))) < _LEAST_WRAPPED * min(len(records), _LOOKED_AT):
        return frozenset()
    by_kind: defaultdict[str, list[Any]] = defaultdict(list)
    for record in records:
        kind = kind_of(record)
        if kind and len(by_kind[kind]) < _LOOKED_AT:
            by_kind[kind].append(record[kind])
    if len(by_kind) < 2:
        return frozenset()
    return frozenset(kind for kind, inner in by_kind.items() if sum(map(is_message, inner)) * 2 > len(inner))


def kind_of(record: dict[str, Any]) -> str:
    """The kind of a line that is a wrapper: "post" for {"type": "post", "post": {…}} and {"post": {…}}; else ""."""
    kind = record.get("type")
    if len(record) == 1:
        kind = next(iter(record))
    return kind if isinstance(kind, str) and len(record) <= 2 and isinstance(record.get(kind), dict | int) else ""
