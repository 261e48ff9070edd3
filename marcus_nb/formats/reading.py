"""From a file on the disk to tables: what kind of file it is, by trying; then what its records mean."""

import json
from collections.abc import Callable
from pathlib import Path

from marcus_nb.formats import columns, words
from marcus_nb.formats.csv_files import read_csv
from marcus_nb.formats.encodings import decode
from marcus_nb.formats.excel import read_excel
from marcus_nb.formats.identifiers import unique
from marcus_nb.formats.json_files import parse_json, read_json, read_jsonl
from marcus_nb.formats.shapes import read_shape, recognise
from marcus_nb.formats.tables import FormatError, RawTable, Reading, Table
from marcus_nb.parameters import Source

_ZIP = b"PK\x03\x04"
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Excel file: save it as .xlsx without a password"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"%PDF", "a PDF document: export the conversations as CSV, Excel or JSON"),
)


def read(source: Source, root: Path, persona_name: str) -> list[Table]:
    """Read one source: a table for a CSV, JSON or JSONL file, one per sheet for a workbook.

    `source.path` is relative to `root` or absolute. What is recognised is explained in each table's `evidence`, and
    what `source` states overrules it. Raises FormatError when the file is missing, empty, unreadable or of no known
    shape.
    """
    file = source.path.replace("\\", "/")
    path = root / file
    data = _bytes(path, file)
    if source.container == "excel" or (not source.container and data.startswith(_ZIP)):
        raws = read_excel(path, file, source.sheet, source.header_row, _is_known(source, persona_name))
        return unique(_sheets(raws, source, persona_name))
    for mark, what in _OTHERS:
        if data.startswith(mark):
            raise FormatError(f"{file}: this is {what}; expected CSV, Excel (.xlsx), JSON or JSONL")
    text, evidence = decode(data, file, source.encoding)
    if not text.strip():
        raise FormatError(f"{file}: the file is empty: there is nothing to read")
    return unique(_texts(text, file, [evidence], source, persona_name))


def _bytes(path: Path, file: str) -> bytes:
    if path.is_dir():
        raise FormatError(f"{file}: this is a folder: expected a file; name each file in it")
    if not path.exists():
        there = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise FormatError(f"{file}: there is no such file{words.near(path.name, there)}: looked for {path}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{file}: the file cannot be opened ({error.strerror}): is it open elsewhere?") from None
    if not data.strip():
        raise FormatError(f"{file}: the file is empty: there is nothing to read")
    return data


def _is_known(source: Source, persona_name: str) -> Callable[[str], bool]:
    persona = columns.persona_words(persona_name, source.persona_speaker)
    chosen = {words.key(name) for name in source.columns.values()}
    return lambda cell: words.key(cell) in chosen or columns.is_known(cell, persona)


def _texts(text: str, file: str, evidence: list[str], source: Source, persona_name: str) -> list[Table]:
    """Try each kind of text file; the first that can be parsed is it."""

    def is_shaped(raw: RawTable) -> bool:
        try:
            recognise(raw, source, persona_name)
        except FormatError:
            return False
        return True

    def from_json() -> list[RawTable]:
        return read_json(parse_json(text, file), file, source.sheet, is_shaped, evidence)

    def from_csv() -> list[RawTable]:
        is_known = _is_known(source, persona_name)
        raw = read_csv(text, file, source.delimiter, source.header_row, is_known, evidence)
        if failed and text.lstrip().startswith(("{", "[")):
            # Broken JSON splits at its commas too: why it is no JSON is then the better half of the message.
            recognise(raw, source, persona_name)
        return [raw]

    readers = {"json": from_json, "jsonl": lambda: [read_jsonl(text, file, evidence)], "csv": from_csv}
    container = source.container or ("csv" if source.delimiter or source.header_row else "")
    failed: dict[str, str] = {}
    for name in [container] if container else readers:
        try:
            raws = readers[name]()
        except FormatError as error:
            failed[name] = str(error).removeprefix(f"{file}: ")
            if name == "json" and _is_json(text, file):
                break
        else:
            return [_table(raw, read_shape(raw, source, persona_name)) for raw in raws]
    if len(failed) == 1:
        raise FormatError(f"{file}: {next(iter(failed.values()))}")
    tried = "".join(f"\n- as {name}: {why}" for name, why in failed.items())
    raise FormatError(f"{file}: neither a known kind of file nor a known shape. Tried:{tried}")


def _is_json(text: str, file: str) -> bool:
    try:
        parse_json(text, file)
    except FormatError:
        return False
    return True


def _sheets(raws: list[RawTable], source: Source, persona_name: str) -> list[Table]:
    """Every sheet of a workbook. One of no known shape beside others that have one keeps its rows, all rejected."""
    tables, failed = [], []
    for raw in raws:
        try:
            tables.append(_table(raw, read_shape(raw, source, persona_name)))
        except FormatError as error:
            failed.append(str(error))
            reason = "the sheet's records have no known shape"
            outcomes = tuple(raw.outcome(record, reason) for record in raw.records)
            tables.append(_table(raw, Reading("", {}, None, (str(error),), (), outcomes)))
    if len(failed) == len(raws):
        raise FormatError("\n".join(failed))
    return tables


def _table(raw: RawTable, reading: Reading) -> Table:
    first = reading.conversations[0] if reading.conversations else None
    sample = next((record for record in raw.records if first and record.line == first.origin.lines[0]), None)
    return Table(
        file=raw.file,
        sheet=raw.sheet,
        container=raw.container,
        shape=reading.shape,
        columns=reading.columns,
        persona_speaker=reading.persona_speaker,
        evidence=(*raw.evidence, *reading.evidence),
        records=len(raw.records),
        used=sum(len(conversation.origin.lines) for conversation in reading.conversations),
        conversations=reading.conversations,
        rejected=tuple(outcome for outcome in reading.outcomes if outcome.kind == "rejected"),
        set_aside=tuple(outcome for outcome in reading.outcomes if outcome.kind == "set_aside"),
        sample={name: _shown(value) for name, value in sample.fields.items()} if sample else {},
        sample_id=first.id if first else None,
    )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
