"""The header of a table, found under titles or stated; files without one; sheets of cells to records by column."""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marcus_nb.conversation import Origin
from marcus_nb.formats import moments, words
from marcus_nb.formats.rows.columns import prompt_rank, response_rank
from marcus_nb.formats.tables import FormatError, Outcome, RawTable

NO_HEADER = -1
SAMPLE_ROWS = 200
_SEARCHED = 20
_LONGEST_NAME = 60
_SHOWN = 20
_MOST_WORDS = 4
_ADDRESS = re.compile(r"[^\s@,;]{1,60}@[^\s@,;]{1,60}\.[^\W\d_]{2,20}|https?://\S{1,500}")
_NOBODY: frozenset[str] = frozenset()
_SENTENCE_ENDS = (".", "!", "?", "…")


@dataclass(frozen=True, slots=True)
class Row:
    """One row at the head of a CSV file or sheet: `Row(7, ("Tom", "Hello?"), "Tom;Hello?", "")`."""

    line: int
    cells: tuple[str, ...]
    text: str
    fault: str = ""

    @property
    def filled(self) -> int:
        return sum(bool(cell.strip()) for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Header:
    """Where the names of the columns stand, 0 where there is none: the records are the rows after that line."""

    line: int
    columns: tuple[str, ...]
    evidence: tuple[str, ...]


def find(rows: Sequence[Row], header_row: int, is_known: Callable[[str], bool], where: str) -> Header | None:
    """The header among a table's first rows; `header_row` states it (-1: there is none).

    Three columns of data without names are called "column 1", "column 2", "column 3". None when nothing looks like
    a header, nor like data. Raises FormatError when the stated row is none.
    """
    if header_row > 0:
        return _named(rows, _stated(rows, header_row, where), "as the parameters say")
    at = _place(rows, is_known)
    named = at is not None and sum(is_known(cell) for cell in rows[at].cells) >= 2
    if header_row == NO_HEADER:
        return _unnamed(rows, "as the parameters say")
    if not named and _starts_with_data(rows):
        return _unnamed(rows, "the first line is data like the others")
    return None if at is None else _named(rows, at, "the first row of names")


def _named(rows: Sequence[Row], at: int, why: str) -> Header:
    columns = _names(rows[at].cells)
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    said = [f"header at line {rows[at].line}: {why}: {' | '.join(columns[:_SHOWN])}{more}"]
    above = [row for row in rows[:at] if row.filled or row.fault]
    if above:
        said.append(f"{counted(len(above))} above the header passed over, a title: {above[0].text.strip()[:80]}")
    return Header(rows[at].line, columns, tuple(said))


def _unnamed(rows: Sequence[Row], why: str) -> Header:
    width = _usual_width(rows)
    return Header(0, tuple(f"column {number}" for number in range(1, width + 1)), (f"no header: {why}",))


def known_names(rows: Sequence[Row], is_known: Callable[[str], bool]) -> tuple[int, int]:
    """How many cells of the likeliest header are known names of columns, and how many cells it has."""
    at = _place(rows, is_known)
    return (0, 0) if at is None else (sum(is_known(cell) for cell in rows[at].cells), len(rows[at].cells))


def _place(rows: Sequence[Row], is_known: Callable[[str], bool]) -> int | None:
    """The place of the row with the most names of columns, two at least; else of the first row of usual width."""
    head = [(at, row) for at, row in enumerate(rows) if row.filled][:_SEARCHED]
    known = [(sum(is_known(cell) for cell in row.cells), at) for at, row in head if _could_be_names(row)]
    best = max((count for count, _ in known), default=0)
    if best >= 2:
        return next(at for count, at in known if count == best)
    usual = _usual_width(rows)
    return next((at for at, row in head if row.filled == usual and _could_be_names(row)), None)


def _usual_width(rows: Sequence[Row]) -> int:
    common = Counter(len(row.cells) for row in rows if row.filled and not row.fault).most_common(1)
    return common[0][0] if common else 0


def _could_be_names(row: Row) -> bool:
    return not row.fault and all(len(cell.strip()) <= _LONGEST_NAME for cell in row.cells)


def _stated(rows: Sequence[Row], header_row: int, where: str) -> int:
    for at, row in enumerate(rows):
        if row.line == header_row and row.filled:
            return at
    last = max((row.line for row in rows), default=0)
    raise FormatError(f"{where}: header_row {header_row} is no filled row: the file has {counted(last)}")


def _starts_with_data(rows: Sequence[Row]) -> bool:
    """Whether the first row of usual width says sentences, or has times and numbers where the rows below have them."""
    width = _usual_width(rows)
    usual = [row.cells for row in rows if row.filled and not row.fault and len(row.cells) == width]
    if width < 2 or len(usual) < 2 or sum(bool(row.filled) for row in rows) > 2 * len(usual):
        return False
    first, below = usual[0], usual[1:]
    measured = [at for at in range(width) if sum(_is_measure(cells[at]) for cells in below) > len(below) / 2]
    if measured:
        # A form's questions can be sentences; but over a column of times stands no time.
        return any(_is_measure(first[at]) for at in measured)
    if _are_questions_of_a_form(first, below):
        return False
    return all(cell.strip() for cell in first) and any(map(_is_sentence, first))


def _are_questions_of_a_form(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row asks what the rows below it tell: `What did the customer ask?`, `What did we answer?`.

    Customers ask as well, but not in every column, and seldom for a question or an answer.
    """
    if not all(cell.rstrip().endswith("?") for cell in first):
        return False
    named = any(
        prompt_rank(word, _NOBODY) >= 4 or response_rank(word, _NOBODY) >= 4
        for cell in first
        for word in words.split(cell)
    )
    asking = [sum(cells[at].rstrip().endswith("?") for cells in below) for at in range(len(first))]
    return named and min(asking) == 0


def _is_sentence(cell: str) -> bool:
    said = cell.split()
    return len(said) > 2 * _MOST_WORDS or (len(said) > _MOST_WORDS and cell.rstrip().endswith(_SENTENCE_ENDS))


def _is_measure(cell: str) -> bool:
    """A number, a day, a time or an address: nobody calls a column so."""
    text = cell.strip()
    if _ADDRESS.fullmatch(text):
        return True
    if not any(map(str.isdigit, text)):
        return False
    number = text.replace(",", ".").lstrip("+-")
    return number.replace(".", "", 1).isdecimal() or moments.is_moment(text)


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    taken: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        name = stem = cell.strip() or f"column {number}"
        while name in taken:
            taken[stem] += 1
            name = f"{stem} ({taken[stem]})"
        taken[name] = 1
        names.append(name)
    return tuple(names)


def counted(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"


def to_table(
    grid: Sequence[Sequence[str]],
    file: str,
    sheet: str | None,
    container: str,
    header_row: int,
    is_known: Callable[[str], bool],
    evidence: Sequence[str],
    lines: Sequence[int] | None = None,
) -> RawTable:
    """A sheet's rows, all equally wide, to records by column; `lines` are the rows' numbers, else 1, 2, 3 ….

    to_table([["Letter", "Reply"], ["Hi", "Aye."]], "b.xlsx", "Letters", "excel", 0, is_known, []) has one record,
    row 2. A sheet of notes without a header becomes a table whose rows are all faults. Raises FormatError when the
    stated `header_row` is no filled row.
    """
    numbers = lines if lines is not None else range(1, len(grid) + 1)
    origin = Origin(file, sheet)
    head = [
        Row(number, tuple(cells), _text(cells))
        for number, cells in zip(numbers, grid[: max(SAMPLE_ROWS, header_row)], strict=False)
    ]
    header = find(head, header_row, is_known, str(origin))
    if header is None:
        # One sheet of notes must not cost the others: its rows are counted, and rejected.
        fault = "no header in this sheet: no row with the names of the columns"
        faults = tuple(
            Outcome(Origin(file, sheet, (number,)), fault, _text(cells), "rejected")
            for number, cells in zip(numbers, grid, strict=True)
            if "".join(cells).strip()
        )
        return RawTable(file, sheet, container, (), (), {}.__getitem__, str, faults, (*evidence, fault))
    above = sum(number <= header.line for number in numbers[: len(head)])
    kept = [at for at, cells in enumerate(grid) if at >= above and not "".join(cells).isspace() and any(cells)]
    said = [*evidence, *header.evidence]
    blank = sum(not "".join(cells).strip() for cells in grid[:above]) + len(grid) - above - len(kept)
    if blank:
        said.append(f"{counted(blank)} passed over: blank")
    columns = header.columns
    values = list(zip(*map(grid.__getitem__, kept), strict=True)) or [()] * len(columns)
    stored = dict(zip(columns, values, strict=True))
    places = array("q", map(numbers.__getitem__, kept))
    return RawTable(
        file, sheet, container, columns, places, stored.__getitem__, lambda at: _text(grid[kept[at]]), (), tuple(said)
    )


def _text(cells: Sequence[str]) -> str:
    return " | ".join(cells).rstrip(" |")
