"""Tables as databases write them to text: `\\N` where there is nothing, `\\n` and `\\t` for line breaks and tabs."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from marcus_nb.formats.tables import RawTable

_NOTHING = "\\N"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SIGNS = {"n": "\n", "t": "\t", "r": "\r", "0": "", "b": ""}


def unescaped(raw: RawTable) -> RawTable:
    """The same table with the dump's signs read; any other table, one without a cell `\\N`, as it is."""
    if not any(_NOTHING in raw.column(name) for name in raw.columns):
        return raw

    @cache
    def column(name: str) -> Sequence[Any]:
        return tuple(map(_value, raw.column(name)))

    said = "a database's dump: \\N is nothing, \\n a line break, \\t a tab"
    return replace(raw, column=column, evidence=(*raw.evidence, said))


def _value(cell: Any) -> Any:
    if not isinstance(cell, str) or "\\" not in cell:
        return cell
    return "" if cell == _NOTHING else _ESCAPED.sub(lambda found: _SIGNS.get(found[1], found[1]), cell)
