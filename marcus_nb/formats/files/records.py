"""Nested values as records with named columns: what is a record, what its columns are called, one lazily at a time."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from marcus_nb.conversation import Origin
from marcus_nb.formats.files.parsing_json import as_text, is_writable
from marcus_nb.formats.messages import replies
from marcus_nb.formats.tables import Outcome, RawTable

PEOPLE = "(people)"  # the column of people who are listed beside the records, as helpdesks list their users
RECORD = "(record)"  # the column that is the whole record
_MOST_COLUMNS = 200
_DEEPEST_COLUMN = 6
_SAMPLED = 1000
_LONGEST_TEXT = 100_000
NO_OBJECT = "not an object: expected {…} with named values"
NO_LIST = "not a list: expected a list of lines or of messages, as the others are"
HALF_A_CHARACTER = "half a character: an escape \\ud8… without its second half"


def as_fields(item: Any) -> dict[str, Any] | None:
    """An object is a record; a bare list of objects, of lists of them, or of texts is a conversation without a name.

    as_fields([{"role": "user", …}]) gives {"messages": [{"role": "user", …}]}, as_fields(["Hi", "Aye."]) {"lines": …}
    """
    if isinstance(item, dict):
        return item
    if isinstance(item, list) and item:
        if all(isinstance(part, dict) for part in item):
            return {"messages": item}
        if all(isinstance(part, str) for part in item):
            return {"lines": item}
        if all(isinstance(part, list) and part and all(isinstance(one, dict) for one in part) for part in item):
            return {"messages": item}
    return None


def table(
    items: Sequence[Any],
    file: str,
    sheet: str | None,
    container: str,
    evidence: Sequence[str],
    is_clean: bool = True,
    people: Sequence[Any] = (),
    faults: Iterable[Outcome] = (),
) -> RawTable:
    """Records of a list; what is none becomes a fault. `is_clean`: surely without half characters."""
    records: Sequence[dict[str, Any]]
    lines: Sequence[int]
    if is_clean and all(type(item) is dict for item in items):
        records, lines, wrong = items, range(1, len(items) + 1), []
    else:
        records, lines, wrong = [], array("q"), []
        reason = NO_LIST if sum(isinstance(item, list) for item in items) * 2 > len(items) else NO_OBJECT
        for number, item in enumerate(items, start=1):
            fields = as_fields(item)
            if fields is None and item == [] and reason == NO_LIST:
                fields = {"messages": item}
            why = reason if fields is None else "" if is_clean or is_writable(item) else HALF_A_CHARACTER
            if why:
                wrong.append(Outcome(Origin(file, sheet, (number,)), why, as_text(item), "rejected"))
            else:
                records.append(fields)
                lines.append(number)
    text = _text_of(items, lines)
    return named(records, lines, text, file, sheet, container, evidence, (*wrong, *faults), people)


def named(
    records: Sequence[dict[str, Any]],
    lines: Sequence[int],
    text: Callable[[int], str],
    file: str,
    sheet: str | None,
    container: str,
    evidence: Sequence[str],
    faults: Sequence[Outcome] = (),
    people: Sequence[Any] = (),
) -> RawTable:
    """The columns of records: their names, then those of the objects in them, `ticket.comments`."""
    paths = _paths(records)
    if people:
        paths[PEOPLE] = ()

    def column(name: str) -> Sequence[Any]:
        if name == PEOPLE:
            return [people] * len(records)
        if name == RECORD:
            return records
        return Column(records, paths.get(name) or tuple(name.split(".")))

    return RawTable(file, sheet, container, tuple(paths), lines, column, text, tuple(faults), tuple(evidence))


class Column(Sequence):
    """One value of each record, looked up when it is asked for."""

    def __init__(self, records: Sequence[dict[str, Any]], path: tuple[str, ...]) -> None:
        self._records, self._path = records, path

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [_at(record, self._path) for record in self._records[at]]
        return _at(self._records[at], self._path)

    def __iter__(self) -> Iterator[Any]:
        if len(self._path) == 1:
            name = self._path[0]
            return iter([record.get(name) for record in self._records])
        return iter([_at(record, self._path) for record in self._records])


def spread(count: int, most: int = _SAMPLED) -> range:
    """Places to look at when all would be too many: the whole length, evenly."""
    return range(0, count, max(1, count // most))


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _paths(records: Sequence[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The name and the way to each column: {"id": ("id",), "ticket.comments": ("ticket", "comments")}."""
    kinds = dict.fromkeys(map(tuple, records))
    found = {str(name): (name,) for kind in kinds for name in kind}
    if len(found) > _MOST_COLUMNS:
        found = dict(list(found.items())[:_MOST_COLUMNS])
    for place in spread(len(records)):
        level: list[tuple[tuple[str, ...], dict]] = [((), records[place])]
        for _ in range(_DEEPEST_COLUMN):
            level = [
                ((*path, name), value)
                for path, parent in level
                for name, value in parent.items()
                if isinstance(value, dict) and len(value) <= _MOST_COLUMNS and not replies.key_of(value)
            ]
            for path, parent in level:
                for name, value in parent.items():
                    if len(found) >= _MOST_COLUMNS:
                        return found
                    if not isinstance(value, dict):
                        found.setdefault(".".join(map(str, (*path, name))), (*path, name))
    return found


def _text_of(items: Sequence[Any], lines: Sequence[int]) -> Callable[[int], str]:
    def text(place: int) -> str:
        found = as_text(items[lines[place] - 1])
        # A whole channel may be one record: of that, the beginning is enough to know it by.
        return found if len(found) <= _LONGEST_TEXT else found[:_LONGEST_TEXT] + f" … ({len(found):,} characters)"

    return text
