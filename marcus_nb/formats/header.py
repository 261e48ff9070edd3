"""Rows of cells to a table: the header found under titles, blank lines passed over, ragged rows kept as faults."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marcus_nb.formats.tables import FormatError, RawTable, Record

_SEARCHED = 20
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Row:
    """One row of a CSV file or sheet: `Row(7, ("Tom", "Hello?"), "Tom;Hello?", "")`."""

    line: int
    cells: tuple[str, ...]
    text: str
    fault: str = ""

    @property
    def filled(self) -> int:
        return sum(bool(cell.strip()) for cell in self.cells)


def to_table(
    rows: Sequence[Row],
    file: str,
    sheet: str | None,
    container: str,
    header_row: int,
    is_known: Callable[[str], bool],
    evidence: Sequence[str],
) -> RawTable:
    """Name the columns by the header row; `header_row` overrules the search, `is_known` tells names of columns.

    Raises FormatError when there is no header; a sheet without one becomes a table of faulty records.
    """
    where = f"{file}, sheet {sheet}" if sheet else file
    rows = list(rows)
    at = _given_header(rows, header_row, where) if header_row else find_header(rows, is_known)
    if at is None and sheet is None:
        raise FormatError(f"{where}: no header: expected a row with the names of the columns; set `header_row`")
    if at is None:
        # One sheet of notes must not cost the others: its rows are counted, and rejected.
        fault = "no header in this sheet: no row with the names of the columns"
        records = [Record(row.line, {}, row.text, row.fault or fault) for row in rows if row.filled]
        return RawTable(file, sheet, container, (), tuple(records), (*evidence, fault))
    columns = _names(rows[at].cells)
    said = list(evidence)
    chosen = "as the parameters say" if header_row else "the first row of names"
    said.append(f"header at line {rows[at].line}: {chosen}: {' | '.join(columns)}")
    above = [row for row in rows[:at] if row.filled or row.fault]
    if above:
        said.append(f"{_lines(len(above))} above the header passed over, a title: {above[0].text.strip()[:80]}")
    blank = [row for row in rows if not row.filled and not row.fault]
    if blank:
        said.append(f"{_lines(len(blank))} passed over: blank")
    records = [_record(row, columns) for row in rows[at + 1 :] if row.filled or row.fault]
    return RawTable(file, sheet, container, columns, tuple(records), tuple(said))


def find_header(rows: Sequence[Row], is_known: Callable[[str], bool]) -> int | None:
    """The place of the row with the most names of columns, two at least; else of the first row of usual width."""
    head = [(at, row) for at, row in enumerate(rows) if row.filled][:_SEARCHED]
    known = [(sum(is_known(cell) for cell in row.cells), at) for at, row in head if _could_be_names(row)]
    best = max((count for count, _ in known), default=0)
    if best >= 2:
        return next(at for count, at in known if count == best)
    usual = Counter(len(row.cells) for row in rows if row.filled).most_common(1)
    return next((at for at, row in head if row.filled == usual[0][0] and not row.fault and _could_be_names(row)), None)


def _could_be_names(row: Row) -> bool:
    filled = [cell.strip() for cell in row.cells if cell.strip()]
    return all(len(cell) <= _LONGEST_NAME for cell in filled) and not row.fault


def _given_header(rows: Sequence[Row], header_row: int, where: str) -> int:
    for at, row in enumerate(rows):
        if row.line == header_row and row.filled:
            return at
    last = max((row.line for row in rows), default=0)
    raise FormatError(f"{where}: header_row {header_row} is no filled row: the file has {_lines(last)}")


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = stem = cell.strip() or f"column {number}"
        repeated = 2
        while name in names:
            name = f"{stem} ({repeated})"
            repeated += 1
        names.append(name)
    return tuple(names)


def _record(row: Row, columns: tuple[str, ...]) -> Record:
    fault = row.fault
    if not fault and len(row.cells) != len(columns):
        few = "few" if len(row.cells) < len(columns) else "many"
        fault = f"too {few} fields: {len(row.cells)} where the header has {len(columns)}"
    return Record(row.line, {} if fault else dict(zip(columns, row.cells, strict=True)), row.text, fault)


def _lines(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"
