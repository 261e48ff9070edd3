"""The records of a CSV file in blocks, by the stdlib parser: what cannot be read costs its own line only."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

# A field may hold line breaks; one that is never closed would swallow the rest of the file.
_LONGEST_RECORD = 500
_SHORTEST_WINDOW = 8
_LONGEST_FIELD = 4 * 1024 * 1024
# Small, so that a block's rows are gone before the garbage collector looks at them for the second time.
_BLOCK = 2000


@dataclass(slots=True)
class Block:
    """Some records in the file's order: `starts` are the physical lines of `rows`; `broken` has (line, reason)."""

    starts: list[int]
    rows: list[list[str]]
    broken: list[tuple[int, str]]


def blocks(stream: Iterator[str], delimiter: str, first: int = 1, size: int = _BLOCK) -> Iterator[Block]:
    """The records of the lines of `stream`, whose first is line `first`; a blank line is a row without cells.

    A record that cannot be read (an open quote, one of more than 500 lines) is one broken line, and reading goes on
    at the next one.
    """
    # The parser's limit holds for the whole process: a cell with a long letter is no damage.
    csv.field_size_limit(_LONGEST_FIELD)
    rest: list[str] = []
    while True:
        fresh = list(islice(stream, size))
        lines = rest + fresh
        if not lines:
            return
        block, used = _read(lines, delimiter, first, last=len(fresh) < size)
        if block.rows or block.broken:  # neither: a quoted text goes on beyond these lines
            yield block
        rest = lines[used:]
        first += used
        if len(fresh) < size:
            return


def _read(lines: list[str], delimiter: str, first: int, last: bool) -> tuple[Block, int]:
    """The records of some lines, and how many lines they are: an unfinished one is left for the next time."""
    block = Block([], [], [])
    at, window, limit = 0, len(lines), _LONGEST_RECORD
    while at < len(lines):
        end = min(at + window, len(lines))
        done, fault = _read_window(lines, at, end, delimiter, first, block)
        at += done
        if not fault:
            # Open quotes one after the other make each look far ahead in vain: the look grows shorter, and longer
            # again where reading goes well, so that the time stays linear.
            limit = min(limit * 2, _LONGEST_RECORD)
            window = min(window * 4, len(lines))
            continue
        cut_off = "unexpected end" in fault and end - at < limit
        if cut_off and end < len(lines):
            window = limit
        elif cut_off and not last:
            break
        else:
            block.broken.append((first + at, f"unreadable: {_plain(fault)}"))
            at += 1
            window = limit
            if "unexpected end" in fault:
                limit = max(limit // 2, _SHORTEST_WINDOW)
    return block, at


def _read_window(lines: list[str], at: int, end: int, delimiter: str, first: int, block: Block) -> tuple[int, str]:
    """Reads on from a line; gives how many lines the whole records have, and what is wrong with the next one."""
    reader = csv.reader(map(lines.__getitem__, range(at, end)), delimiter=delimiter, strict=True)
    begun = first + at
    done = 0
    starts, rows = block.starts, block.rows
    try:
        for cells in reader:
            used = reader.line_num
            if used - done > _LONGEST_RECORD:
                return done, "longer than 500 lines"
            starts.append(begun + done)
            rows.append(cells)
            done = used
    except csv.Error as error:
        return done, str(error)
    return done, ""


def _plain(error: str) -> str:
    if "unexpected end" in error or "500 lines" in error:
        return "a quote is opened and never closed"
    if "expected after" in error:
        return 'a quote inside a quoted field is not doubled ("")'
    if "field limit" in error:
        return f"a field of more than {_LONGEST_FIELD:,} characters"
    return error


def record_length(lines: Iterable[str], delimiter: str) -> int:
    """How many physical lines the record at the start of `lines` has."""
    reader = csv.reader(islice(lines, _LONGEST_RECORD), delimiter=delimiter, strict=True)
    try:
        next(reader)
    except (csv.Error, StopIteration):
        return 1
    return reader.line_num
