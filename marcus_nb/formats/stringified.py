"""Lists and objects that stand in cells as text, as JSON or as Python writes them, made values again."""

import ast
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import orjson

from marcus_nb.formats.tables import RawTable

_SAMPLED = 100
_LEAST = 0.8
_LONGEST = 1_000_000  # characters; a longer literal of Python's could exhaust its parser


def parsed(raw: RawTable) -> RawTable:
    """The same table, whose columns of "[{'role': 'user', …}]" hold lists; a cell that is none stays as it is."""
    written = {name for name in raw.columns if _is_written(raw.column(name))}
    if not written:
        return raw

    @cache
    def column(name: str) -> Sequence[Any]:
        values = raw.column(name)
        return [_value(value) for value in values] if name in written else values

    said = "lists written as text in " + ", ".join(f"`{name}`" for name in raw.columns if name in written)
    return replace(raw, column=column, evidence=(*raw.evidence, said))


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
