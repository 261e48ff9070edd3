"""CSV and its kin: the delimiter that fits best, records by column, each with its physical line; ragged rows."""

import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter

from marcus_nb.conversation import Origin
from marcus_nb.formats.files import csv_records, database_dumps, header, physical_lines, quoted_lines
from marcus_nb.formats.files.csv_records import Block
from marcus_nb.formats.files.header import Header, Row
from marcus_nb.formats.tables import FormatError, Outcome, RawTable

DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "¦")
_NAMES = {"\t": "tab", "\x1f": "unit separator"}
_ALIASES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
_SAMPLE_BYTES = 1024 * 1024
_LEAST_AGREEING = 0.5
# A trailing column that most rows leave empty may be missing in a row altogether: spreadsheets write it so.
_MOST_FILLED = 0.5
# Below this share of different values it pays to keep each once.
_MOST_DIFFERENT = 0.8
_SHORT = 32


def read_csv(
    data: bytes, file: str, delimiter: str, header_row: int, is_known: Callable[[str], bool], evidence: Sequence[str]
) -> RawTable:
    """The records of a CSV file (UTF-8); `delimiter` and `header_row` (-1: none) overrule what is found.

    read_csv(b"question;answer\\nHi;Aye.\\n", "a.csv", "", 0, is_known, []) has one record, line 2. Rows with too few or
    too many fields and unreadable ones are faults. Raises FormatError when no delimiter fits or no header is found.
    """
    data, unwrapped = quoted_lines.unwrapped(data)
    stated, skipped = _stated_in_file(data)
    how = ", as the parameters say" if delimiter else f", as line 1 says (sep={stated})" if stated else ""
    sample = data if header_row > header.SAMPLE_ROWS else _whole_lines(data)
    rows_wanted = max(header.SAMPLE_ROWS, header_row + 1)
    wanted = delimiter or stated
    delimiter = _given(wanted, file) if wanted else _find_delimiter(sample, file, is_known)
    rows = _head(sample, delimiter, rows_wanted, skipped)
    found = header.find(rows, header_row, is_known, file)
    if found is None:
        raise FormatError(f"{file}: no header: expected a row with the names of the columns; set `header_row`")
    optional = _optional(rows, found, is_known)
    raw = _Reading(data, file, delimiter, found, optional).table(skipped, how, [*evidence, *unwrapped])
    return database_dumps.unescaped(raw) if delimiter == "\t" else raw


def table_width(data: bytes) -> int:
    """How many fields every record at the head of a text has, when it can be nothing but a table; else 0.

    Chats have commas and quotes as well, but not three fields or more in each record, and never a quoted line break.
    """
    sample = _whole_lines(data)
    for delimiter in ",;":
        rows = [row for row in _head(sample, delimiter, header.SAMPLE_ROWS) if row.filled or row.fault]
        widths = {0 if row.fault else len(row.cells) for row in rows}
        if len(rows) >= 2 and len(widths) == 1 and min(widths) >= 3 and any("\n" in row.text for row in rows):
            return min(widths)
    return 0


def _stated_in_file(data: bytes) -> tuple[str, int]:
    """Excel's first line `sep=;`: the delimiter, and how many lines are no rows."""
    first = re.split(r"[\r\n]", data[:16].decode("utf-8", "ignore"), maxsplit=1)[0].strip('"')
    if first[:4].casefold() == "sep=" and len(first) in (5, 6):
        return first[4:], 1
    return "", 0


def _whole_lines(data: bytes) -> bytes:
    sample = data[:_SAMPLE_BYTES]
    end = len(data) if len(sample) == len(data) else max(sample.rfind(b"\n"), sample.rfind(b"\r")) + 1
    return sample[: end or len(sample)]


def _given(delimiter: str, file: str) -> str:
    delimiter = _ALIASES.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise FormatError(f"{file}: delimiter {delimiter!r}: expected one character, such as ; or , or tab")
    return delimiter


def _head(sample: bytes, delimiter: str, at_most: int, skipped: int = 0) -> list[Row]:
    """The first rows, broken ones among them."""
    text = sample.decode("utf-8", "ignore").encode("utf-8")
    stream = physical_lines.stream(text)
    for _ in range(skipped):
        next(stream, None)
    found = physical_lines.Lines(text)
    rows: list[Row] = []
    for block in csv_records.blocks(stream, delimiter, 1 + skipped, size=2 * at_most):
        ends = [*block.starts, *(line for line, _ in block.broken)]
        after = dict(zip(sorted(ends), [*sorted(ends)[1:], found.count() + 1], strict=True))
        for line, cells in zip(block.starts, block.rows, strict=True):
            rows.append(Row(line, tuple(cells), found.text(line, after[line] - 1)))
        rows += [Row(line, (), found.text(line), reason) for line, reason in block.broken]
        if len(rows) >= at_most:
            break
    return sorted(rows, key=lambda row: row.line)[:at_most]


def _find_delimiter(sample: bytes, file: str, is_known: Callable[[str], bool]) -> str:
    """Score: a header of known names, then the share of rows with the usual number of fields, then that number."""
    scores = {}
    for delimiter in DELIMITERS:
        if delimiter.encode("utf-8") not in sample:
            continue
        rows = _head(sample, delimiter, header.SAMPLE_ROWS)
        named, cells = header.known_names(rows, is_known)
        filled = [len(row.cells) for row in rows if row.filled or row.fault]
        # A header of known names settles it, whatever junk follows.
        width = cells if named >= 2 else next(iter(Counter(filter(None, filled)).most_common(1)), (0,))[0]
        agreeing = filled.count(width) / max(len(filled), 1)
        if width >= 2 and (named >= 2 or agreeing >= _LEAST_AGREEING):
            scores[delimiter] = (named >= 2, agreeing, width)
    if not scores and _is_one_column(sample, is_known):
        return ","
    if not scores:
        raise FormatError(
            f"{file}: no delimiter (, ; tab |) splits most lines into the same number of fields, two or more"
        )
    return max(scores, key=lambda delimiter: scores[delimiter])


def _is_one_column(sample: bytes, is_known: Callable[[str], bool]) -> bool:
    """Whether one name stands above texts in quotes, as above whole chats, one in each row."""
    rows = [row for row in _head(sample, ",", header.SAMPLE_ROWS) if row.filled or row.fault]
    quoted = sum(row.text.startswith('"') for row in rows[1:])
    return (
        len(rows) > 1
        and all(len(row.cells) == 1 for row in rows)
        and (quoted == len(rows) - 1 or (is_known(rows[0].text.strip('" ')) and quoted * 2 >= len(rows) - 1))
    )


def _packed(cells: tuple[str, ...]) -> tuple[str, ...] | str:
    """Short cells, such as times, as one text until all is read: each by itself lies among the longer cells of other
    columns, and where it was remains a hole when the times have been read and only the texts are kept."""
    if max(map(len, cells)) > _SHORT:
        return cells
    joined = "\n".join(cells)
    return joined if joined.count("\n") == len(cells) - 1 else cells


def _unpacked(cells: tuple[str, ...] | str) -> Sequence[str]:
    return cells.split("\n") if isinstance(cells, str) else cells


def _optional(rows: Sequence[Row], found: Header, is_known: Callable[[str], bool]) -> int:
    """How few fields a row may have: trailing columns of no known name that most rows leave empty may be missing."""
    least = len(found.columns)
    below = [row.cells for row in rows if row.line > found.line and row.filled and not row.fault]
    while least > 2 and found.line:
        filled = sum(len(cells) >= least and bool(cells[least - 1].strip()) for cells in below)
        if filled >= max(_MOST_FILLED * len(below), 1) or is_known(found.columns[least - 1]):
            break
        least -= 1
    return least


class _Reading:
    """One pass over a file: columns grow block by block, rows of another width are looked at one by one."""

    def __init__(self, data: bytes, file: str, delimiter: str, found: Header, least: int) -> None:
        self.data, self.file, self.delimiter, self.header, self.least = data, file, delimiter, found, least
        self.width = len(found.columns)
        # Tuples of text, which the garbage collector leaves alone: it would go through growing lists again and again.
        self.columns: list[list[tuple[str, ...] | str]] = [[] for _ in found.columns]
        self.known: list[dict[str, str] | None] | None = None
        self.lines = array("q")
        self.faults: list[Outcome] = []
        self.physical = physical_lines.Lines(data)
        self.zeros = b"\0" in data
        self.blank = self.above = self.short = self.long = 0

    def table(self, skipped: int, how: str, evidence: Sequence[str]) -> RawTable:
        stream = physical_lines.stream(self.data)
        for _ in range(skipped):
            next(stream)
        for block in csv_records.blocks(stream, self.delimiter, 1 + skipped):
            self._take(block)
        self.faults.sort(key=lambda fault: fault.origin.lines)
        header_rows = int(self.header.line > 0)
        fitting = len(self.lines) + header_rows
        filled = fitting + len(self.faults) + self.above
        name = _NAMES.get(self.delimiter, self.delimiter)
        said = [*evidence, f"delimiter {name} : {fitting} of {filled} filled rows have {self.width} fields{how}"]
        said += self.header.evidence
        if self.blank:
            said.append(f"{header.counted(self.blank)} passed over: blank")
        if self.short:
            said.append(f"{header.counted(self.short)} without the empty fields at the end: taken as empty")
        if self.long:
            said.append(f"{header.counted(self.long)} with more empty fields at the end than the header: left away")
        self.data = b""
        self.physical.pack()
        stored = {}
        for column, pieces in zip(self.header.columns, self.columns, strict=True):
            stored[column] = tuple(chain.from_iterable(map(_unpacked, pieces)))
            pieces.clear()
        return RawTable(
            self.file, None, "csv", self.header.columns, self.lines, stored.__getitem__,
            lambda place: self._text(self.lines[place]), tuple(self.faults), tuple(said),
        )  # fmt: skip

    def _take(self, block: Block) -> None:
        rows, starts = block.rows, block.starts
        for line, reason in block.broken:
            self._fault(line, reason, self.physical.text(line))
        if starts and starts[0] <= self.header.line:
            after = bisect_right(starts, self.header.line)
            filled = sum(any(cell.strip() for cell in cells) for cells in rows[:after])
            self.blank += after - filled
            self.above += filled - any(start == self.header.line for start in starts[:after])
            rows, starts = rows[after:], starts[after:]
        if not self._all_plain(rows):
            rows, starts = self._sorted_out(rows, starts)
        if not rows:
            return
        values = list(zip(*rows, strict=True))
        if self.known is None:
            different = [len(set(column)) / len(column) for column in values]
            self.known = [{} if share <= _MOST_DIFFERENT else None for share in different]
        for column, known, fresh in zip(self.columns, self.known, values, strict=True):
            column.append(_packed(fresh) if known is None else tuple(map(known.setdefault, fresh, fresh)))
        self.lines.extend(starts)

    def _all_plain(self, rows: Sequence[list[str]]) -> bool:
        """Whether no row needs a look: all as wide as the header, none blank, no zero byte in the file."""
        if self.zeros or set(map(len, rows)) != {self.width}:
            return False
        first = list(map(itemgetter(0), rows))
        return all(first) and not any(map(str.isspace, first))

    def _sorted_out(self, rows: Sequence[list[str]], starts: Sequence[int]) -> tuple[list[list[str]], list[int]]:
        kept, lines = [], []
        for cells, line in zip(rows, starts, strict=True):
            count = len(cells)
            if not any(cells) or not "".join(cells).strip():
                self.blank += 1
                continue
            if self.zeros and "\0" in "".join(cells):
                self._fault(line, "holds zero bytes", self._text(line))
                continue
            if count > self.width and not "".join(cells[self.width :]).strip():
                cells = cells[: self.width]
                self.long += 1
            elif self.least <= count < self.width:
                cells = cells + [""] * (self.width - count)
                self.short += 1
            if len(cells) == self.width:
                kept.append(cells)
                lines.append(line)
            else:
                few = "few" if count < self.width else "many"
                self._fault(line, f"too {few} fields: {count} where the header has {self.width}", self._text(line))
        return kept, lines

    def _fault(self, line: int, reason: str, text: str) -> None:
        if line > self.header.line:
            self.faults.append(Outcome(Origin(self.file, None, (line,)), reason, text, "rejected"))
        else:
            self.above += 1

    def _text(self, line: int) -> str:
        """The record that begins at a line, as it lies in the file."""
        text = self.physical.text(line)
        if '"' not in text:
            return text
        length = csv_records.record_length(self.physical.following(line), self.delimiter)
        return self.physical.text(line, line + length - 1)
