"""Lists, objects and chats that stand in cells as text, as JSON, as Python or as people write them, made values."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import orjson

from marcus_nb.formats import words
from marcus_nb.formats.files import cell_chats
from marcus_nb.formats.tables import RawTable

_SAMPLED = 100
_LEAST = 0.8
_LONGEST = 1_000_000  # characters; a longer literal of Python's could exhaust its parser


def parsed(raw: RawTable) -> RawTable:
    """The same table, whose columns of "[{'role': 'user', …}]" and of whole chats, `(09:04) Tom: Hi`, hold lists.

    A cell that is none stays as it is.
    """
    of: dict[str, Callable[[Any], Any]] = {name: _value for name in raw.columns if _is_written(raw.column(name))}
    chats = [name for name in raw.columns if name not in of and cell_chats.are_chats(raw.column(name))]
    of |= dict.fromkeys(chats, _messages)
    if not of:
        return raw

    @cache
    def column(name: str) -> Sequence[Any]:
        values = raw.column(name)
        return list(map(of[name], values)) if name in of else values

    written = [name for name in of if name not in chats]
    said = [f"lists written as text in {words.listed(written)}"] if written else []
    said += [f"whole chats, with a time and a name before each message, in {words.listed(chats)}"] if chats else []
    return replace(raw, column=column, evidence=(*raw.evidence, *said))


def _messages(value: Any) -> Any:
    return (cell_chats.of_cell(value) or value) if isinstance(value, str) else value


def _is_written(values: Sequence[Any]) -> bool:
    filled = [value for value in values[:_SAMPLED] if isinstance(value, str) and value.strip()]
    promising = [value for value in filled if value.lstrip()[:1] in "[{"]
    if len(promising) < _LEAST * len(filled) or not promising:
        return False
    return sum(not isinstance(_value(value), str) for value in promising) >= _LEAST * len(promising)


def _value(text: Any) -> Any:
    if not isinstance(text, str) or text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    if len(text) > _LONGEST:
        return text
    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
    return found if isinstance(found, list | dict) else text
