"""CSV and its kin: records by the stdlib parser, each with its physical line; the delimiter that fits best."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence

from marcus_nb.formats.header import Row, find_header, to_table
from marcus_nb.formats.tables import FormatError, RawTable

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {"\t": "tab"}
_ALIASES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
_SAMPLE_ROWS = 200
_LEAST_AGREEING = 0.5
# A field may hold line breaks; one that is never closed would swallow the rest of the file.
_LONGEST_RECORD = 500
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def read_csv(
    text: str, file: str, delimiter: str, header_row: int, is_known: Callable[[str], bool], evidence: Sequence[str]
) -> RawTable:
    """The records of a CSV text. `delimiter` and `header_row` overrule. Raises FormatError when nothing fits."""
    lines = _LINE.findall(text)
    how = ", as the parameters say" if delimiter else ""
    delimiter = _given(delimiter, file) if delimiter else _find_delimiter(lines, file, is_known)
    rows = parse(lines, delimiter)
    width, agreeing, filled = _usual_width(rows)
    said = f"delimiter {_NAMES.get(delimiter, delimiter)} : {agreeing} of {filled} filled rows have {width} fields{how}"
    return to_table(rows, file, None, "csv", header_row, is_known, [*evidence, said])


def parse(lines: Sequence[str], delimiter: str, at_most: int | None = None) -> list[Row]:
    """One row per record, with the physical line where it starts; quoted line breaks count as lines.

    A record that cannot be read (an open quote) is one faulty row of one line, and reading goes on after it.
    """
    rows: list[Row] = []
    at = 0
    while at < len(lines) and (at_most is None or len(rows) < at_most):
        chunk = lines[at : at + _LONGEST_RECORD] if '"' in lines[at] else lines[at : at + 1]
        reader = csv.reader(chunk, delimiter=delimiter, strict=True)
        cells: list[str] = []
        fault, used = "", 1
        try:
            cells = next(reader)
            used = reader.line_num
        except csv.Error as error:
            fault = f"unreadable: {_plain(str(error))}"
        text = "".join(lines[at : at + used]).rstrip("\r\n")
        rows.append(Row(at + 1, tuple(cells), text, fault))
        at += used
    return rows


def _plain(error: str) -> str:
    if "unexpected end" in error:
        return "a quote is opened and never closed"
    if "expected after" in error:
        return 'a quote inside a quoted field is not doubled ("")'
    return error


def _given(delimiter: str, file: str) -> str:
    delimiter = _ALIASES.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise FormatError(f"{file}: delimiter {delimiter!r}: expected one character, such as ; or , or tab")
    return delimiter


def _find_delimiter(lines: Sequence[str], file: str, is_known: Callable[[str], bool]) -> str:
    """Score: a header of known names, then the share of rows with the usual number of fields, then that number."""
    scores = {}
    for delimiter in DELIMITERS:
        rows = parse(lines, delimiter, _SAMPLE_ROWS)
        width, agreeing, filled = _usual_width(rows)
        if width >= 2 and agreeing >= _LEAST_AGREEING * filled:
            at = find_header(rows, is_known)
            named = sum(is_known(cell) for cell in rows[at].cells) if at is not None else 0
            scores[delimiter] = (named >= 2, agreeing / filled, width)
    if not scores:
        raise FormatError(
            f"{file}: no delimiter (, ; tab |) splits most lines into the same number of fields, two or more"
        )
    return max(scores, key=lambda delimiter: scores[delimiter])


def _usual_width(rows: Sequence[Row]) -> tuple[int, int, int]:
    """The most frequent number of fields, how many filled rows have it, and how many are filled."""
    filled = [row for row in rows if row.filled or row.fault]
    common = Counter(len(row.cells) for row in filled if not row.fault).most_common(1)
    width, agreeing = common[0] if common else (0, 0)
    return width, agreeing, len(filled)
