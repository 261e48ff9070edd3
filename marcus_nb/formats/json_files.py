"""JSON and JSONL: the list of records is searched for in nested objects; a broken JSONL line is one faulty record."""

import json
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.tables import FormatError, RawTable, Record

_DEEPEST = 100


def parse_json(text: str, file: str) -> Any:
    """The value of a JSON text. Raises FormatError when it is none."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{file}: not JSON: {_why(error)}") from None


def read_json(
    value: Any, file: str, path: str, is_shaped: Callable[[RawTable], bool], evidence: Sequence[str]
) -> list[RawTable]:
    """The lists of records in a JSON value: usually one; with several, each is a table that is named like a sheet.

    `path` (`export.tickets`) overrules the search; `is_shaped` says whether a table's records have a known shape.
    Raises FormatError.
    """
    _check(value, file)
    if isinstance(value, dict) and not path:
        alone = _table([value], file, None, "json", [*evidence, "JSON: one object, which is one record"])
        if is_shaped(alone):
            return [alone]
    lists = _lists(value)
    if path:
        if path not in lists:
            raise FormatError(
                f"{file}: there is no list `{path}`{words.near(path, lists)}: the lists are {words.listed(lists)}"
            )
        return [_found(lists[path], file, path, None, evidence)]
    if not lists:
        raise FormatError(f"{file}: JSON without a list of objects: expected a list of conversations")
    tables = {name: _found(found, file, name, None, evidence) for name, found in lists.items()}
    shaped = [name for name, table in tables.items() if is_shaped(table)]
    depths = {name: name.count(".") + bool(name) for name in shaped}
    chosen = [name for name in shaped if depths[name] == min(depths.values())]
    if not chosen:
        return [max(tables.values(), key=lambda table: len(table.records))]
    others = [name for name in tables if name not in chosen]
    said = [*evidence, *([f"other lists passed over: {words.listed(others)}"] if others else [])]
    return [_found(lists[name], file, name, name if len(chosen) > 1 else None, said) for name in chosen]


def read_jsonl(text: str, file: str, evidence: Sequence[str]) -> RawTable:
    """One record a line; lines count from 1. Raises FormatError when fewer than half the lines are JSON objects."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    promising = sum(line.lstrip().startswith(("{", "[")) for line in lines)
    if promising * 2 < sum(bool(line.strip()) for line in lines):
        raise FormatError(f"{file}: not JSONL: most lines do not begin with {{")
    records, blank, objects = [], 0, 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            blank += 1
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            records.append(Record(number, {}, line, f"broken JSON: {_why(error)}"))
            continue
        record = _record(number, value, line)
        objects += not record.fault
        records.append(record)
    if objects * 2 < len(records) or not objects:
        raise FormatError(f"{file}: not JSONL: {objects} of {len(records)} lines are JSON objects")
    said = [*evidence, f"JSONL: {objects} of {len(records)} lines are JSON objects"]
    blank -= text.endswith(("\n", "\r"))
    if blank > 0:
        said.append(f"{blank} blank lines passed over")
    return RawTable(file, None, "jsonl", _columns(records), tuple(records), tuple(said))


def _check(value: Any, file: str) -> None:
    if not isinstance(value, dict | list):
        raise FormatError(f"{file}: JSON holds one bare value ({str(value)[:40]}): expected a list of conversations")
    if _is_deep(value):
        raise FormatError(f"{file}: JSON nested more than {_DEEPEST} levels deep: expected a list of conversations")


def _why(error: json.JSONDecodeError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "nested too deep"
    return f"{error.msg} at line {error.lineno}, column {error.colno}"


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _lists(value: Any) -> dict[str, list]:
    """Every list of objects (or of lists of messages) reached through objects, by dotted path, nearest first.

    {"export": {"tickets": [{…}, {…}]}} gives {"export.tickets": [{…}, {…}]}
    """
    found: dict[str, list] = {}
    queue = deque([("", value)])
    while queue:
        path, value = queue.popleft()
        if isinstance(value, dict):
            queue.extend((f"{path}.{name}" if path else str(name), child) for name, child in value.items())
        elif isinstance(value, list) and any(_as_fields(item) for item in value):
            found[path] = value
    return found


def _as_fields(item: Any) -> dict[str, Any] | None:
    """An object is a record; a bare list of objects is a conversation without a name."""
    if isinstance(item, dict):
        return item
    if isinstance(item, list) and item and all(isinstance(part, dict) for part in item):
        return {"messages": item}
    return None


def _found(items: list, file: str, path: str, sheet: str | None, evidence: Sequence[str]) -> RawTable:
    said = f"JSON: {len(items)} records in the list `{path}`" if path else f"JSON: a list of {len(items)} records"
    return _table(items, file, sheet, "json", [*evidence, said])


def _table(items: list, file: str, sheet: str | None, container: str, evidence: Sequence[str]) -> RawTable:
    records = tuple(_record(number, item) for number, item in enumerate(items, start=1))
    return RawTable(file, sheet, container, _columns(records), records, tuple(evidence))


def _record(number: int, value: Any, line: str = "") -> Record:
    text = line or json.dumps(value, ensure_ascii=False)
    fields = _as_fields(value)
    if fields is None:
        return Record(number, {}, _writable(text), "not an object: expected {…} with named values")
    # "\\ud83d" without its second half is legal JSON and no legal text: it could not be written to any file.
    if json.dumps(value, ensure_ascii=False) != _writable(json.dumps(value, ensure_ascii=False)):
        return Record(number, {}, _writable(text), "half a character: an escape \\ud8… without its second half")
    return Record(number, fields, text)


def _writable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _columns(records: Sequence[Record]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(name) for record in records for name in record.fields))
