"""JSON, JSONL and YAML: the list of records is searched for in nested values; a broken JSONL line is one fault."""

import io
import json
import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice, repeat
from typing import Any

import orjson

from marcus_nb.conversation import Origin
from marcus_nb.formats import words
from marcus_nb.formats.files import parsing_json, records, searching
from marcus_nb.formats.files.parsing_yaml import load_yaml
from marcus_nb.formats.messages.collecting import no_collecting
from marcus_nb.formats.messages.typed_lines import kind_of, message_kinds
from marcus_nb.formats.tables import FormatError, Outcome, RawTable

# Twitter's and other web archives are scripts: `window.YTD.messages.part0 = [ … ]`.
_LONG = 2 * parsing_json.DEEPEST  # a shorter line can be no bomb
_LARGE = 100_000
_AT_ONCE = 1000  # lines
_ASSIGNED = re.compile(rb"\s*(?:(?:var|let|const)\s+)?[A-Za-z_$][\w.$]{0,100}\s*=\s*(?=[\[{])")


def read_json(
    data: bytes, file: str, path: str, is_shaped: Callable[[RawTable], bool], evidence: Sequence[str]
) -> list[RawTable]:
    """The lists of records in a JSON text: usually one; with several, each is a table that is named like a sheet.

    `path` (`export.tickets`) overrules the search; `is_shaped` says whether a table's records have a known shape.
    Raises FormatError.
    """
    if is_jsonl(data):
        raise FormatError(f"{file}: not one JSON text but one on each line: JSONL")
    parsing_json.check_size(data, file)
    with no_collecting():
        value, is_clean, said, broken = _parsed(data, file)
        if not isinstance(value, dict | list):
            bare = str(value)[:40]
            raise FormatError(f"{file}: JSON holds one bare value ({bare}): expected a list of conversations")
        return _tables(value, file, path, "json", is_shaped, [*evidence, *said], is_clean, broken)


def read_yaml(
    data: bytes, file: str, path: str, is_shaped: Callable[[RawTable], bool], evidence: Sequence[str]
) -> list[RawTable]:
    """As `read_json`, for YAML. Raises FormatError."""
    documents, said = load_yaml(data, file)
    documents = [document for document in documents if document not in (None, "", "null", "~")]
    if not documents or not any(isinstance(document, dict | list) for document in documents):
        raise FormatError(f"{file}: YAML holds bare text and no list: expected a list of conversations")
    value = documents[0] if len(documents) == 1 else _one(documents)
    if len(documents) > 1:
        said.append(f"YAML: {len(documents)} documents in the file")
    return _tables(value, file, path, "yaml", is_shaped, [*evidence, *said], True, None)


def read_jsonl(data: bytes, file: str, evidence: Sequence[str]) -> RawTable:
    """One record a line; lines count from 1. Raises FormatError when fewer than half the lines are JSON objects."""
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")  # as old Macs end their lines
    _check_promising(data, file)
    found: list[dict[str, Any]] = []
    lines, starts = array("q"), array("q")
    faults: list[Outcome] = []
    blank = at = 0
    with no_collecting():
        stream = io.BytesIO(data)
        read = chain.from_iterable(map(_read_lines, iter(lambda: list(islice(stream, _AT_ONCE)), [])))
        for number, (line, value, why) in enumerate(read, start=1):
            start, at = at, at + len(line)
            if why is None:
                blank += 1
            elif why:
                text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
                faults.append(Outcome(Origin(file, None, (number,)), why, text, "rejected"))
            else:
                found.append(value)
                lines.append(number)
                starts.append(start)
    total = len(found) + len(faults)
    kinds = message_kinds(found)
    if len(found) * 2 < total or not found:
        raise FormatError(f"{file}: not JSONL: {len(found)} of {total} lines are JSON objects")
    said = [*evidence, f"JSONL: {len(found)} of {total} lines are JSON objects"]
    if kinds:
        said.append(f"lines of several kinds: {words.listed(sorted(kinds))} hold the messages")
    if blank:
        said.append(f"{blank} blank lines passed over")

    def text(place: int) -> str:
        start = starts[place]
        end = data.find(b"\n", start)
        return data[start : end if end >= 0 else None].decode("utf-8", "backslashreplace").rstrip("\r\n")

    if kinds:
        kept = [place for place, record in enumerate(found) if kind_of(record) in kinds]
        for place in sorted(set(range(len(found))) - set(kept)):
            kind = str(found[place].get("type") or next(iter(found[place]), ""))
            origin = Origin(file, None, (lines[place],))
            faults.append(Outcome(origin, f"no message: a line of the kind `{kind}`", text(place), "set_aside"))
        found = [found[place][kind_of(found[place])] for place in kept]
        lines, starts = (array("q", [values[place] for place in kept]) for values in (lines, starts))
    return records.named(found, lines, text, file, None, "jsonl", said, faults)


def _read_lines(lines: list[bytes]) -> Iterable[tuple[bytes, Any, str | None]]:
    """Each line with what `_line` says of it; where all of them are small, flat objects it need not be asked."""
    if max(map(len, lines)) < _LARGE:
        try:
            found = list(map(orjson.loads, lines))
        except orjson.JSONDecodeError:
            found = []
        signs = [line.count(b"[") + line.count(b"{") for line in lines if len(line) > _LONG]
        if set(map(type, found)) == {dict} and max(signs, default=0) <= parsing_json.DEEPEST:
            return zip(lines, found, repeat(""))
    return ((line, *_line(line)) for line in lines)


def _line(line: bytes) -> tuple[Any, str | None]:
    """The record of a line and "", or why it is none; None for a blank one."""
    try:
        if len(line) > _LONG and parsing_json.is_too_large(line):
            return None, "broken JSON: nested too deep, or too large to read"
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        if not line.strip():
            return None, None
        try:
            value = parsing_json.load_patiently(line.rstrip(b"\r\n"))
        except ValueError as error:
            return None, f"broken JSON: {error}"
        if not parsing_json.is_writable(value):
            return None, records.HALF_A_CHARACTER
    if type(value) is dict:
        return value, ""
    fields = records.as_fields(value)
    return fields, "" if fields else records.NO_OBJECT


def _check_promising(data: bytes, file: str) -> None:
    filled = [line for line in io.BytesIO(data[:200_000]).readlines()[:1000] if line.strip()]
    if sum(line.lstrip().startswith((b"{", b"[")) for line in filled) * 2 < len(filled):
        raise FormatError(f"{file}: not JSONL: most lines do not begin with {{")


def _parsed(data: bytes, file: str) -> tuple[Any, bool, list[str], tuple[str, str] | None]:
    """The value; whether it is surely free of half characters; what to say; and what is broken at its end, and why."""
    if data[:100].lstrip()[:1] == b"\x1e":
        return _several(data, file)
    assigned = _ASSIGNED.match(data)
    said = ["JSON: inside a script, `name = …`"] if assigned else []
    if assigned:
        data = data[assigned.end() :].rstrip().rstrip(b";")
    try:
        return orjson.loads(data), True, said, None
    except orjson.JSONDecodeError:
        pass
    try:
        return parsing_json.load_patiently(data), False, said, None
    except ValueError as error:
        if not str(error).startswith("Extra data"):
            raise FormatError(f"{file}: not JSON: {error}") from None
    return _several(data, file)


def _several(data: bytes, file: str) -> tuple[Any, bool, list[str], tuple[str, str] | None]:
    found, broken = parsing_json.documents(data)
    if not found:
        raise FormatError(f"{file}: not JSON: {broken[0] if broken else 'nothing in it'}")
    said = [f"JSON: {len(found)} documents one after another in the file"]
    value = found[0] if len(found) == 1 else _one(found)
    if broken and not isinstance(value, list):
        value = [value]
    return value, False, said, broken


def _one(documents: list[Any]) -> list[Any]:
    """Several documents as one list: of all their records when each is a list."""
    are_lists = all(isinstance(document, list) and records.as_fields(document) for document in documents)
    of_records = are_lists and not any(_is_conversation(document) for document in documents)
    return list(chain.from_iterable(documents)) if of_records else documents


def _is_conversation(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items) or searching.are_messages(items)


def is_jsonl(data: bytes) -> bool:
    """Whether the first line is a JSON text of its own and another begins in the next."""
    lines = [line for line in io.BytesIO(data[:1_000_000]).readlines() if line.strip()][:2]
    try:
        return len(lines) == 2 and isinstance(json.loads(lines[0]), dict | list) and lines[1].strip()[:1] in b"{["
    except ValueError:
        return False


def _tables(
    value: Any,
    file: str,
    path: str,
    container: str,
    is_shaped: Callable[[RawTable], bool],
    evidence: Sequence[str],
    is_clean: bool,
    broken: tuple[str, str] | None,
) -> list[RawTable]:
    kind = container.upper()
    rows = searching.by_column(value)
    if rows is not None:
        value, evidence = rows, [*evidence, f"{kind}: a table written column by column"]

    def made(
        name: str, rows: list[Any], sheet: str | None, said: Sequence[str] = (), is_last: bool = False
    ) -> RawTable:
        there = f"{len(rows)} records in `{name}`" if name else f"a list of {len(rows)} records"
        there = f"{kind}: {there}" if name not in lists or isinstance(lists[name], list) else f"{kind}: {there}, by id"
        people = searching.people(value, name)
        wrong = []
        if broken and (sheet is None or is_last):  # what stands behind all records is one fault, of one table
            why, text = broken
            wrong.append(Outcome(Origin(file, sheet, (len(rows) + 1,)), f"broken JSON: {why}", text, "rejected"))
        return records.table(rows, file, sheet, container, [*evidence, there, *said], is_clean, people, wrong)

    def items(found: list[Any] | dict[str, Any]) -> list[Any]:
        if id(found) not in listed:
            listed[id(found)] = searching.items(found)
        return listed[id(found)]

    listed: dict[int, list[Any]] = {}  # made once: a list by id may hold millions
    lists: dict[str, Any] = {}
    if isinstance(value, dict) and not path:
        people = searching.people(value, "")
        one = [*evidence, f"{kind}: one object, which is one record"]
        alone = records.table([value], file, None, container, one, is_clean, people)
        by_id = searching.is_by_id(value)
        if by_id and is_shaped(records.table(items(value), file, None, container, evidence, is_clean, people)):
            lists = {"": value}
            return [made("", items(value), None)]
        if not searching.holds_lists_by_id(value) and is_shaped(alone):
            return [alone]
    lists = searching.lists(value)
    if path:
        if path not in lists:
            more = searching.inner_lists(lists)
            if path not in more:
                raise FormatError(
                    f"{file}: there is no list `{path}`{words.near(path, lists)}: the lists are {words.listed(lists)}"
                )
            lists |= more
        return [made(path, items(lists[path]), None)]
    if not lists:
        raise FormatError(f"{file}: {kind} without a list of objects: expected a list of conversations")
    level = lists
    for _ in range(searching.DEEPEST):
        tried = {name: items(found) for name, found in searching.nearest(level)}
        shaped = [name for name, found in tried.items() if is_shaped(made(name, found, None))]
        if shaped:
            depths = {name: name.count(".") + bool(name) for name in shaped}
            chosen = [name for name in shaped if depths[name] == min(depths.values())]
            others = [name for name in lists if name not in chosen and name]
            said = [f"other lists passed over: {words.listed(others)}"] if others and level is lists else []
            sheets = chosen if len(chosen) > 1 else [None]
            last = sheets[-1]
            return [
                made(name, tried[name], sheet, said, sheet == last) for name, sheet in zip(chosen, sheets, strict=True)
            ]
        level = searching.inner_lists(level)
        if not level:
            break
    name, found = max(lists.items(), key=lambda pair: len(pair[1]))
    return [made(name, items(found), None)]
