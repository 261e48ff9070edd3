"""A second reader, for counting only: the records of a file by hand-written rules that share no code with formats/.

It is told what formats/ has to find out (encoding, delimiter, where the header stands), so it can be simple enough to
be believed. `records(...)` gives {(sheet, line): everything the record says}, one entry for each source record.
"""

import csv
import html
import json
import re
import unicodedata
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pyarrow.parquet
import yaml

Records = dict[tuple[str | None, int], str]
_TAGS = re.compile(r"<[^<>]*>")
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"


def csv_records(data: bytes, encoding: str = "utf-8-sig", delimiter: str = ",", header: int = 1) -> Records:
    """Rows below the header's physical line that hold anything, by the physical line on which they begin."""
    text = re.sub("\r\n|\r", "\n", data.decode(encoding)) if encoding else _mended(data)
    lines = text.split("\n")
    found: Records = {}
    at = header
    while at < len(lines):
        cells, stop = [lines[at]], at + 1  # a line whose quotes are wrong or never closed stands for itself
        for end in range(at + 1, len(lines) + 1):
            try:
                cells, stop = next(csv.reader(["\n".join(lines[at:end])], delimiter=delimiter, strict=True)), end
                break
            except csv.Error as error:
                if "unexpected end" not in str(error):
                    break
            except StopIteration:
                break
        if any(cell.strip() for cell in cells):
            found[None, at + 1] = "\n".join([*lines[at:stop], *cells])
        at = stop
    return found


def _mended(data: bytes) -> str:
    """Text of which each line is UTF-8 or cp1252."""
    lines = []
    for line in data.split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252"))
    return "\n".join(lines)


def jsonl_records(data: bytes) -> Records:
    """Lines that hold anything."""
    lines = data.decode("utf-8-sig").split("\n")
    return {(None, number): _line(line) for number, line in enumerate(lines, start=1) if line.strip()}


def _line(line: str) -> str:
    try:
        return said(json.loads(line))
    except ValueError:
        return line


def json_records(data: bytes, lists: tuple[str, ...] = ("",), keyed: bool = False) -> Records:
    """The items of each list at a dotted path; "" is the document itself. Several documents are a list of them.

    json_records(b'{"a": {"b": [1, 2]}}', ("a.b",)) gives two records of sheet "a.b".
    """
    text, at, documents = data.decode("utf-8-sig"), 0, []
    while at < len(text.rstrip()):
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = json.JSONDecoder().raw_decode(text, at)
        documents.append(value)
    whole = documents[0] if len(documents) == 1 else documents
    return _items(whole, lists, keyed)


def yaml_records(data: bytes, lists: tuple[str, ...] = ("",)) -> Records:
    return _items(yaml.load(data.decode("utf-8-sig"), yaml.BaseLoader), lists, False)


def _items(whole: Any, lists: tuple[str, ...], keyed: bool) -> Records:
    found: Records = {}
    for path in lists:
        value = whole
        for key in path.split(".") if path else ():
            value = [inner for item in value for inner in item["messages"]] if key == "*" else value[key]
            if key == "*":
                break
        value = list(value.values()) if keyed else value if isinstance(value, list) else [value]
        sheet = path if len(lists) > 1 else None
        found |= {(sheet, place): said(item) for place, item in enumerate(value, start=1)}
    return found


def said(value: Any) -> str:
    """Every text and number inside a JSON value, one a line, also as it reads with Messenger's double coding undone."""
    parts: list[str] = []
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            left.extend(reversed(item.values()))
        elif isinstance(item, list):
            parts.append("".join(p if isinstance(p, str) else str(p.get("text", "")) for p in item if _plain(p)))
            left.extend(reversed(item))
        elif item is not None:
            parts.append(str(item))
    text = "\n".join(parts)
    try:
        return text + "\n" + text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _plain(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, dict) and isinstance(part.get("text"), str))


def transcript_records(data: bytes, begins: str, passed_over: str = "(?!)", encoding: str = "utf-8-sig") -> Records:
    """A record begins at each line that `begins` matches; lines that `passed_over` matches belong to none."""
    found: Records = {}
    last = None
    for number, line in enumerate(re.sub("\r\n|\r", "\n", data.decode(encoding)).split("\n"), start=1):
        if re.match(passed_over, line):
            last = None
        elif re.match(begins, line):
            last = (None, number)
            found[last] = line
        elif last and line.strip():
            found[last] += "\n" + line
    return found


def excel_records(path: Path, headers: dict[str, int]) -> Records:
    """Rows that hold anything below each sheet's header: {"Counter": 4} counts from row 5 of sheet Counter."""
    book = openpyxl.load_workbook(path, data_only=True)
    found: Records = {}
    for sheet in book.worksheets:
        merged = {
            (row, area.min_col): sheet.cell(area.min_row, area.min_col).value
            for area in sheet.merged_cells.ranges
            for row in range(area.min_row, area.max_row + 1)
        }
        for row in sheet.iter_rows(min_row=headers.get(sheet.title, 1) + 1):
            cells = [merged.get((cell.row, cell.column), cell.value) for cell in row]
            if any(str(cell).strip() for cell in cells if cell is not None):
                found[sheet.title, row[0].row] = "\n".join(str(cell) for cell in cells if cell is not None)
    return found


def ods_records(path: Path, header: int = 1) -> Records:
    with zipfile.ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
    found: Records = {}
    for sheet in root.iter(_OFFICE % "table" + "table"):
        number = 0
        for row in sheet.iter(_OFFICE % "table" + "table-row"):
            number += int(row.get(_OFFICE % "table" + "number-rows-repeated", "1"))
            text = "\n".join("".join(p.itertext()) for p in row.iter(_OFFICE % "text" + "p"))
            if number > header and text.strip():
                found[sheet.get(_OFFICE % "table" + "name"), number] = text
    return found


def parquet_records(path: Path) -> Records:
    rows = pyarrow.parquet.read_table(path).to_pylist()
    return {(None, number): said(row) for number, row in enumerate(rows, start=1)}


def plain(text: str) -> str:
    """Text without what reading may change: tags, entities, marks of direction, case of blanks."""
    text = html.unescape(_TAGS.sub(" ", html.unescape(text)))
    text = "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) != "Cf")
    return " ".join(text.split())
