"""A process of its own that reads workbooks and Parquet files from strangers: it may crash without harm to anybody.

Run as `python -I workbook_child.py 2000` (its memory in MB). It imports nothing of the project, reads requests from
standard input and writes answers to standard output, until the input ends. A frame is eight bytes of length (big
endian) and so much JSON; a request is followed by the file's own bytes:

    {"container": "excel", "sheet": "", "size": 8312, "seconds": 130}
    → {"sheets": ["A"], "uncalculated": 0} {"sheet": "A", "hidden": false} {"rows": [["Hi", "Aye."]]} …
      {"first": 1, "width": 2, "merged": 0} … {"done": true}
    {"container": "parquet", "sheet": "", "size": 812, "seconds": 130}
    → {"columns": ["a", "b"]} {"values": [["Hi"], ["Aye."]]} … {"done": true}

What cannot be read is answered with {"error": "what is wrong"}.
"""

import datetime
import gc
import io
import itertools
import os
import re
import signal
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO
from xml.etree import ElementTree

import orjson

_MOST_CELLS = 20_000_000
_CELLS_A_FRAME = 20_000
_CHARACTERS_A_FRAME = 8_000_000
_MOST_XML_BYTES = 1_000_000_000
_OUT_OF_MEMORY = 77
_SLACK_BYTES = 2_000_000_000
_READ = re.compile(r".*\.(xml|rels|bin|vml)$", re.IGNORECASE | re.DOTALL)
_PICTURES = re.compile(r"(^|/)(media|embeddings|Pictures|ObjectReplacements)/")
_ENTITIES = b"<!DOCTYPE"  # where entities are declared; no spreadsheet program writes one
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_SPANS = b"number-rows-spanned"
_FORMULA = re.compile(
    rb"<c\b([^<>]*)>\s*(?:<f\b[^<>]*/>|<f\b[^<>]*>[^<]*</f>)\s*(<v\s*/>|<v>\s*</v>)?\s*</c>",
)


_Merge = tuple[tuple[int, int], tuple[int, int]]


class Unreadable(Exception):
    """What is wrong with the file, as the person is to read it."""


def main(megabytes: int) -> None:
    _limit_memory(megabytes * 1_000_000)
    # Ctrl-C ends this process at once, also in the middle of a parser that never returns to Python.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # rows of text make no cycles, and looking for some takes a third of the time
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(8):
        request = orjson.loads(source.read(int.from_bytes(head, "big")))
        data = source.read(request["size"])
        _limit_time(request["seconds"])
        read = _parquet if request["container"] == "parquet" else _workbook
        try:
            for answer in read(data, request["sheet"], request["container"]):
                _send(answers, answer)
            _send(answers, {"done": True})
        except Unreadable as error:
            _send(answers, {"error": str(error)})
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        except BaseException as error:  # a panic of calamine is no Exception
            _send(answers, {"error": _damaged(repr(error), request["container"])})
        del data


def _send(answers: BinaryIO, answer: dict[str, Any]) -> None:
    body = orjson.dumps(answer, default=_text, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS)
    answers.write(len(body).to_bytes(8, "big"))
    answers.write(body)
    answers.flush()


def _damaged(why: str, container: str = "excel") -> str:
    first = (why.splitlines() or ["no reason given"])[0][:200]
    if container == "parquet":
        return f"not readable as a Parquet file ({first}): damaged or encrypted: export it again"
    return f"not readable as an Excel workbook ({first}): open it and save it as .xlsx"


def _workbook(data: bytes, sheet: str, container: str) -> Iterator[dict[str, Any]]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    uncalculated = _check_archive(data) if data.startswith(b"PK") else 0
    spans = _open_document_merges(data) if container == "ods" else {}
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            known = [found for found in workbook.sheets_metadata if found.typ == SheetTypeEnum.WorkSheet]
            yield {"sheets": [found.name for found in known], "uncalculated": uncalculated}
            for found in known:
                if sheet and found.name != sheet:
                    continue
                yield {"sheet": found.name, "hidden": found.visible != SheetVisibleEnum.Visible}
                cells = workbook.get_sheet_by_name(found.name)
                yield from _rows(cells, cells.merged_cell_ranges or spans.get(found.name, []))
    except PasswordError:
        raise Unreadable("password") from None
    except CalamineError as error:
        raise Unreadable(_damaged(str(error))) from None


def _rows(sheet: Any, merges: list[_Merge]) -> Iterator[dict[str, Any]]:
    """The rows from the first filled one on, as text, with what merged cells say given to every row they cover."""
    if sheet.start is None or sheet.end is None:
        yield {"first": 1, "width": 0, "merged": 0}
        return
    (top, left), (bottom, right) = sheet.start, sheet.end
    if (bottom + 1) * (right + 1) > _MOST_CELLS:
        raise Unreadable(
            f"sheet {sheet.name} claims {bottom + 1:,} rows and {right + 1:,} columns, "
            f"more than {_MOST_CELLS:,} cells: delete what stands far outside the table"
        )
    rows, at_once = [], max(1, _CELLS_A_FRAME // (right + 1))
    tall = sorted((merge for merge in merges if merge[1][0] > merge[0][0]), reverse=True)
    open_merges: list[list[Any]] = []
    merged = width = weight = 0
    for at, row in enumerate(_texts(sheet.iter_rows(), at_once)):
        if at < top:
            continue
        if left:
            row = [""] * left + row
        if open_merges or (tall and tall[-1][0][0] <= at):
            while tall and tall[-1][0][0] <= at:
                (first, column), (last, _) = tall.pop()
                value = row[column] if first == at and column < len(row) else ""
                if value.strip():
                    open_merges.append([first, last, column, value, 0])
            open_merges = [merge for merge in open_merges if merge[1] >= at]
            # A row with nothing of its own is one more line of a tall row, or of a title, and no record.
            if any(cell.strip() for cell in row):
                for merge in open_merges:
                    if merge[0] < at and not row[merge[2]].strip():
                        row[merge[2]] = merge[3]
                        merged += not merge[4]
                        merge[4] = 1
        if width < len(row):
            width = next((at for at in range(len(row), width, -1) if row[at - 1].strip()), width)
        rows.append(row)
        weight += sum(map(len, row))
        if len(rows) == at_once or weight > _CHARACTERS_A_FRAME:
            yield {"rows": rows}
            rows, weight = [], 0
    yield {"rows": rows}
    yield {"first": top + 1, "width": width, "merged": merged}


def _texts(rows: Iterator[list[Any]], at_once: int) -> Iterator[list[str]]:
    """The rows with every cell as text; most tables hold hardly anything else, and are not looked at cell by cell."""
    while some := list(itertools.islice(rows, at_once)):
        if set(map(type, itertools.chain.from_iterable(some))) == {str}:
            yield from some
        else:
            for row in some:
                yield [cell if type(cell) is str else _text(cell) for cell in row]


def _text(cell: Any) -> str:
    """A cell as a person reads it: 3.0 → "3", 2025-06-14 00:00 → "2025-06-14", 1 day 6 hours → "30:00:00"."""
    if isinstance(cell, float):
        text = repr(cell)
        return text[:-2] if text.endswith(".0") else str(int(cell)) if cell.is_integer() else text
    if isinstance(cell, datetime.datetime):
        if cell.microsecond:
            # Workbooks keep times as fractions of a day: what is below a millisecond is rounding.
            cell += datetime.timedelta(microseconds=500 - (cell.microsecond + 500) % 1000)
            return cell.isoformat(sep=" ", timespec="milliseconds" if cell.microsecond else "seconds")
        return str(cell).removesuffix(" 00:00:00")
    if isinstance(cell, datetime.timedelta):
        seconds = round(cell.total_seconds())
        return f"{'-' * (seconds < 0)}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "ignore")
    return str(cell)


def _check_archive(data: bytes) -> int:
    """Unpack every part once, whatever the headers say. Returns how many formulas have no result."""
    left, uncalculated = _MOST_XML_BYTES, 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                if not _READ.match(member.filename) or _PICTURES.search(member.filename):
                    continue
                with archive.open(member) as part:
                    xml = part.read(left + 1)
                left -= len(xml)
                if left < 0:
                    raise Unreadable(
                        f"more than {_MOST_XML_BYTES // 1_000_000:,} MB when unpacked: "
                        "save the sheets that matter as CSV"
                    )
                if not member.filename.endswith(".bin") and _declares_entities(xml):
                    raise Unreadable(
                        f"a hostile file: {member.filename[:80]} in it declares entities, "
                        "as no spreadsheet program does"
                    )
                if b"</f>" in xml and "worksheets/" in member.filename:
                    found = _FORMULA.finditer(xml)
                    # A result that is an empty text is a result.
                    uncalculated += sum(not (match[2] and b't="str"' in match[1]) for match in found)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise Unreadable(_damaged(str(error))) from None
    return uncalculated


def _open_document_merges(data: bytes) -> dict[str, list[_Merge]]:
    """The merged cells of each sheet, which calamine does not tell for OpenDocument: {"A": [((1, 0), (2, 0))]}."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as part:
        xml = part.read(_MOST_XML_BYTES)
    merges: dict[str, list[_Merge]] = {}
    if _SPANS not in xml:
        return merges
    row, here = 0, []
    for event, element in ElementTree.iterparse(io.BytesIO(xml), ("start", "end")):
        if event == "start" and element.tag == f"{_TABLE}table":
            row, here = 0, merges.setdefault(element.get(f"{_TABLE}name", ""), [])
        elif event == "end" and element.tag == f"{_TABLE}table-row":
            column = 0
            for cell in element:
                tall = int(cell.get(f"{_TABLE}number-rows-spanned", 1))
                if tall > 1:
                    here.append(((row, column), (row + tall - 1, column)))
                column += int(cell.get(f"{_TABLE}number-columns-repeated", 1))
            row += int(element.get(f"{_TABLE}number-rows-repeated", 1))
            element.clear()
    return merges


def _declares_entities(xml: bytes) -> bool:
    # Without the zero bytes of UTF-16, should somebody hide behind it.
    return _ENTITIES in (xml.replace(b"\0", b"") if b"\0" in xml else xml)


def _parquet(data: bytes, _sheet: str, _container: str) -> Iterator[dict[str, Any]]:
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            names = list(file.schema_arrow.names)
            rows = file.metadata.num_rows
            if rows * max(1, len(names)) > _MOST_CELLS:
                raise Unreadable(f"it claims {rows:,} rows and {len(names):,} columns: split it into smaller files")
            yield {"columns": names}
            size = sum(file.metadata.row_group(at).total_byte_size for at in range(file.num_row_groups))
            at_once = min(_CELLS_A_FRAME // max(1, len(names)), _CHARACTERS_A_FRAME * rows // max(1, size))
            for batch in file.iter_batches(batch_size=max(1, at_once), use_threads=False):
                yield {"values": [_values(column.to_pylist()) for column in batch.columns]}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unreadable(_damaged(str(error), "parquet")) from None


def _values(values: Iterable[Any]) -> list[Any]:
    plain = (None if value != value else value for value in values)  # a number that is none
    return [v if v is None or isinstance(v, str | list | dict) else _text(v) for v in plain]


def _limit_memory(limit: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent watches alone
        return
    # The limit is on addresses, and pyarrow maps more of them than it uses.
    resource.setrlimit(resource.RLIMIT_AS, (limit + _SLACK_BYTES, limit + _SLACK_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: int) -> None:
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, most))


if __name__ == "__main__":
    main(int(sys.argv[1]))
