"""Bytes to raw tables: which kind of file it is, by parsing it; the name of the file counts for nothing."""

import re
from collections.abc import Callable

from marcus_nb.formats import words
from marcus_nb.formats.files.csv_files import read_csv
from marcus_nb.formats.files.encodings import decode
from marcus_nb.formats.files.opening import Opened
from marcus_nb.formats.files.parsing_json import is_json
from marcus_nb.formats.files.stringified import parsed
from marcus_nb.formats.files.transcripts import read_transcript
from marcus_nb.formats.files.values import is_jsonl, read_json, read_jsonl, read_yaml
from marcus_nb.formats.files.workbooks import is_parquet, is_workbook, read_parquet, read_workbook
from marcus_nb.formats.rows import columns
from marcus_nb.formats.rows.headless import is_headless
from marcus_nb.formats.shapes import NO_SHAPE, recognise
from marcus_nb.formats.tables import FormatError, RawTable
from marcus_nb.parameters import Source

# `- messages:`, `conversations:` and the like at the beginning.
_YAML = re.compile(rb"\s*(?:#[^\n]*\n\s*)*(?:---[^\n]*\n\s*)?(?:-\s+){0,3}(?:[\w][\w -]{0,40}:[ \t]*\r?\n|- )")


def raw_tables(item: Opened, source: Source, persona_name: str) -> list[RawTable]:
    """The tables of one file. Raises FormatError when it is of no known kind, with why each was ruled out."""
    file, data = item.name, item.data
    is_known = _is_known(source, persona_name)
    container = source.container
    if container in ("excel", "ods") or (not container and is_workbook(data)):
        raws = read_workbook(data, file, source.sheet, source.header_row, is_known, item.evidence)
        return [parsed(raw) for raw in raws]
    if container == "parquet" or (not container and is_parquet(data)):
        return [parsed(raw) for raw in read_parquet(data, file, item.evidence)]
    if not data or data.isspace():
        raise FormatError(f"{file}: the file is empty: there is nothing to read")
    text, said = decode(data, file, source.encoding)
    if not text or text.isspace():
        raise FormatError(f"{file}: the file is empty: there is nothing to read")
    return _of_text(text, file, [*item.evidence, said], source, persona_name, is_known)


def _is_known(source: Source, persona_name: str) -> Callable[[str], bool]:
    persona = columns.persona_words(persona_name, source.persona_speaker)
    chosen = {words.key(name) for name in source.columns.values()}
    return lambda cell: words.key(cell) in chosen or columns.is_known(cell, persona)


def _of_text(
    data: bytes, file: str, evidence: list[str], source: Source, persona_name: str, is_known: Callable[[str], bool]
) -> list[RawTable]:
    """Try each kind of text file; the first that can be parsed, and whose records have a known shape, is it."""

    def is_shaped(raw: RawTable) -> bool:
        try:
            recognise(raw, source, persona_name)
        except FormatError:
            return False
        return True

    def from_csv() -> list[RawTable]:
        raw = parsed(read_csv(data, file, source.delimiter, source.header_row, is_known, evidence))
        if container:
            return [raw]
        recognise(raw, source, persona_name)
        if is_headless(raw) and source.header_row != -1:
            headless.append(raw)
            raise FormatError(f"{file}: no header")
        return [raw]

    def from_yaml() -> list[RawTable]:
        raws = read_yaml(data, file, source.sheet, is_shaped, evidence)
        if not container and not any(map(is_shaped, raws)):
            recognise(raws[0], source, persona_name)
        return raws

    headless: list[RawTable] = []
    readers: dict[str, Callable[[], list[RawTable]]] = {
        "json": lambda: read_json(data, file, source.sheet, is_shaped, evidence),
        "jsonl": lambda: [read_jsonl(data, file, evidence)],
        "csv": from_csv,
        "transcript": lambda: [read_transcript(data, file, evidence)],
        "yaml": from_yaml,
    }
    if _YAML.match(data):  # before CSV, which would find a `|` or a comma in most of its lines
        readers = {name: readers[name] for name in ("json", "jsonl", "yaml", "csv", "transcript")}
    container = source.container or ("csv" if source.delimiter or source.header_row else "")
    failed: dict[str, str] = {}
    offered: list[str] = []
    for name in [container] if container else readers:
        try:
            return readers[name]()
        except FormatError as error:
            failed[name] = str(error).removeprefix(f"{file}: ")
            offered += error.columns if name in ("csv", container) else ()
            if name == "json" and not is_jsonl(data) and is_json(data):
                break
    if headless:
        # Last of all: text with a comma in each line would pass for a table, too.
        return headless
    if NO_SHAPE in failed.get("csv", "") and "transcript" in failed:
        # A table it is: why it is no other kind of file would bury what to write.
        failed = {"csv": failed["csv"]}
    if len(failed) == 1:
        raise FormatError(f"{file}: {next(iter(failed.values()))}", offered)
    tried = "".join(f"\n- as {name}: {why}" for name, why in failed.items())
    raise FormatError(f"{file}: neither a known kind of file nor a known shape. Tried:{tried}", offered)
