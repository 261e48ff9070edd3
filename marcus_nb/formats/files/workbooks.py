"""Workbooks (.xlsx .xlsm .xls .xlsb .ods) and Parquet files to tables; a child process reads them."""

import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from typing import Any

import orjson

from marcus_nb.formats import words
from marcus_nb.formats.files import signatures, workbook_process
from marcus_nb.formats.files.header import to_table
from marcus_nb.formats.tables import FormatError, RawTable

MOST_UNZIPPED_BYTES = 1_000_000_000
_MOST_BYTES = 500_000_000
_MOST_PARTS = 10_000
_MOST_RATIO = 250
_HARMLESS_BYTES = 64_000_000
_KINDS = {"excel": "an Excel workbook", "ods": "an OpenDocument workbook"}


@dataclass
class _Sheet:
    name: str
    hidden: bool
    rows: list[list[str]] = field(default_factory=list)
    first: int = 1
    width: int = 0
    merged: int = 0


def is_workbook(data: bytes) -> bool:
    """Whether `read_workbook` is the one to read it, or to say why it cannot be read (encrypted, broken inside)."""
    return signatures.office(data) in (*_KINDS, "password")


def is_parquet(data: bytes) -> bool:
    return signatures.office(data) == "parquet"


def read_workbook(
    data: bytes, file: str, sheet: str, header_row: int, is_known: Callable[[str], bool], evidence: Sequence[str]
) -> list[RawTable]:
    """The sheets of a workbook that hold anything, hidden ones too, or the one named. Raises FormatError."""
    container = signatures.office(data)
    if container not in _KINDS:
        raise FormatError(_no_workbook(file, container))
    if data.startswith(signatures.ZIP):
        _check_archive(data, file)
    every, uncalculated = _sheets(data, file, container, sheet)
    if not every:
        raise FormatError(f"{file}: the workbook has no sheet of cells: there is nothing to read")
    sheets = [found for found in every if found.width]
    if not sheets:
        raise FormatError(f"{file}: every sheet is empty: {words.listed(found.name for found in every)}")
    said = [*evidence, *(f"sheet {found.name} is empty: passed over" for found in every if not found.width)]
    if uncalculated:
        said.append(
            f"{_counted(uncalculated, 'formula')} of the workbook never calculated, so without a value: "
            "open and save it in Excel once"
        )
    tables = []
    for found in sheets:
        about = [f"sheet {found.name} of {_KINDS[container]}", *_about(found), *(said if not tables else evidence)]
        last = found.first + len(found.rows)
        grid = [row[: found.width] for row in found.rows] if len(found.rows[0]) > found.width else found.rows
        lines = range(found.first, last)
        tables.append(to_table(grid, file, found.name, container, header_row, is_known, about, lines))
    return tables


def read_parquet(data: bytes, file: str, evidence: Sequence[str]) -> list[RawTable]:
    """The one table of a Parquet file; nested values as lists and dictionaries, others as text. Raises FormatError."""
    if not data.endswith(b"PAR1") or len(data) < 12:
        raise FormatError(f"{file}: no whole Parquet file: cut off while it was copied: copy or export it again")
    if len(data) > _MOST_BYTES:
        raise FormatError(_too_many_bytes(file, data))
    names: tuple[str, ...] = ()
    values: list[list[Any]] = []
    for answer in workbook_process.answers(file, "parquet", "", data):
        if "columns" in answer:
            names = _unique(_texts(answer["columns"], file))
            values = [[] for _ in names]
        for column, more in zip(values, _columns(answer.get("values"), len(names), file), strict=False):
            column.extend(more)
    count = len(values[0]) if values else 0
    if not count:
        raise FormatError(f"{file}: the Parquet file has no rows: there is nothing to read")
    by_name = dict(zip(names, values, strict=True))

    def text(place: int) -> str:
        return orjson.dumps({name: column[place] for name, column in by_name.items()}).decode("utf-8")

    said = (*evidence, f"Parquet: {_counted(count, 'row')}")
    return [RawTable(file, None, "parquet", names, range(1, count + 1), by_name.__getitem__, text, (), said)]


def _no_workbook(file: str, what: str) -> str:
    if what == "password":
        return f"{file}: the workbook is password-protected: save it without a password"
    if what:
        return f"{file}: this is {what}, no Excel workbook: export the conversations as CSV, Excel or JSON"
    return f"{file}: no whole Excel workbook: another kind of file, or one cut off while it was copied: export it again"


def _check_archive(data: bytes, file: str) -> None:
    """What the archive says of itself; the child counts again while it unpacks, since headers may lie."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = archive.infolist()
    size = sum(part.file_size for part in parts)
    if len(data) > _MOST_BYTES:
        raise FormatError(_too_many_bytes(file, data))
    if len(parts) > _MOST_PARTS:
        raise FormatError(f"{file}: {len(parts):,} parts in one workbook: a damaged or hostile file")
    if size > MOST_UNZIPPED_BYTES or size > max(_HARMLESS_BYTES, len(data) * _MOST_RATIO):
        raise FormatError(
            f"{file}: {size / 1e6:,.0f} MB when unpacked, above the limit of "
            f"{min(MOST_UNZIPPED_BYTES, max(_HARMLESS_BYTES, len(data) * _MOST_RATIO)) / 1e6:,.0f} MB for a file "
            "of its size: save the sheets that matter as CSV"
        )


def _too_many_bytes(file: str, data: bytes) -> str:
    return f"{file}: {len(data) / 1e6:,.0f} MB, above the limit of {_MOST_BYTES / 1e6:,.0f} MB: split it"


def _sheets(data: bytes, file: str, container: str, sheet: str) -> tuple[list[_Sheet], int]:
    """The sheets as the child tells them, and how many formulas have no result."""
    sheets: list[_Sheet] = []
    uncalculated = 0
    try:
        for answer in workbook_process.answers(file, container, sheet, data):
            if "sheets" in answer:
                names, uncalculated = _texts(answer["sheets"], file), _number(answer.get("uncalculated"), file)
                if sheet and sheet not in names:
                    raise FormatError(
                        f"{file}: there is no sheet `{sheet}`{words.near(sheet, names)}: "
                        f"the sheets are {words.listed(names)}"
                    )
            elif "sheet" in answer:
                (name,) = _texts([answer["sheet"]], file)
                sheets.append(_Sheet(name, answer.get("hidden") is True))
            elif "rows" in answer and sheets:
                sheets[-1].rows.extend(_rows(answer["rows"], sheets[-1].rows, file))
            elif sheets:
                for key in ("first", "width", "merged"):
                    setattr(sheets[-1], key, _number(answer.get(key), file))
    except FormatError as error:
        if str(error) == f"{file}: password":
            raise FormatError(_no_workbook(file, "password")) from None
        raise
    if any(found.width and not found.rows for found in sheets):
        workbook_process.close()
        raise FormatError(_senseless(file))
    return sheets, uncalculated


def _about(found: _Sheet) -> list[str]:
    said = ["hidden sheet"] if found.hidden else []
    if found.merged:
        said.append(f"{_counted(found.merged, 'merged cell')}: their value counts for every row they cover")
    return said


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _unique(names: list[str]) -> tuple[str, ...]:
    """Column names that differ: ["a", "a"] → ("a", "a (2)"), as in a sheet."""
    seen: Counter[str] = Counter()
    unique: list[str] = []
    for name in names:
        seen[name] += 1
        unique.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return tuple(unique)


# What the child says is checked before it is used: a hostile file may have taken it over.


def _senseless(file: str) -> str:
    return f"{file}: a damaged or hostile file: its reader gave an answer that makes no sense"


def _texts(values: Any, file: str) -> list[str]:
    if not isinstance(values, list) or any(type(value) is not str for value in values):
        raise FormatError(_senseless(file))
    return values


def _number(value: Any, file: str) -> int:
    if type(value) is not int or value < 0:
        raise FormatError(_senseless(file))
    return value


def _rows(rows: Any, before: list[list[str]], file: str) -> list[list[str]]:
    if not isinstance(rows, list) or any(type(row) is not list for row in rows):
        raise FormatError(_senseless(file))
    wide = len(before[0]) if before else len(rows[0]) if rows else 0
    if set(map(len, rows)) - {wide} or set(map(type, chain.from_iterable(rows))) - {str}:
        raise FormatError(_senseless(file))
    return rows


def _columns(columns: Any, count: int, file: str) -> list[list[Any]]:
    if columns is None:
        return []
    if not isinstance(columns, list) or len(columns) != count or any(type(column) is not list for column in columns):
        raise FormatError(_senseless(file))
    kinds = {kind for column in columns for kind in map(type, column)}
    if len({len(column) for column in columns}) > 1 or not kinds <= {str, list, dict, type(None)}:
        raise FormatError(_senseless(file))
    return columns
