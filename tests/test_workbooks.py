"""Workbooks and Parquet files, read in a process of its own: what cells say, what is refused, what a crash does."""

import datetime
import io
import re
import struct
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from marcus_nb.formats.files import workbooks
from marcus_nb.formats.files.workbooks import is_parquet, is_workbook, read_parquet, read_workbook
from marcus_nb.formats.tables import FormatError

FIXTURES = Path(__file__).parent / "fixtures"
KNOWN = {"customer", "date", "question", "answer"}
PAIRS = [["Question", "Answer"], ["Hi", "Aye."]]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def xlsx(sheets, change=None):
    """The bytes of a workbook {sheet: rows}; `change` may alter the openpyxl workbook."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def patched(data, change, part="xl/worksheets/sheet1.xml"):
    """The same archive with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, change(content) if member.filename == part else content)
    return out.getvalue()


def with_row(row):
    return patched(xlsx({"A": PAIRS}), lambda xml: xml.replace(b"</sheetData>", row + b"</sheetData>"))


def read(data, sheet="", header_row=0, file="book.xlsx"):
    return read_workbook(data, file, sheet, header_row, lambda cell: cell.strip().lower() in KNOWN, ["as given"])


def rows(raw):
    """[(line, cell, …), …]: a table as one reads it."""
    return list(zip(raw.lines, *(raw.column(name) for name in raw.columns), strict=True))


CELLS = [
    ("007", "007"),
    (7, "7"),
    (3.0, "3"),
    (0.5, "0.5"),
    (1e20, "100000000000000000000"),
    (True, "True"),
    (datetime.date(2025, 6, 14), "2025-06-14"),
    (datetime.datetime(2025, 6, 14, 9, 12), "2025-06-14 09:12:00"),
    (datetime.datetime(2025, 6, 14, 9, 12, 0, 250000), "2025-06-14 09:12:00.250"),
    (datetime.time(9, 12, 30), "09:12:30"),
    (datetime.timedelta(hours=30, minutes=5), "30:05:00"),
    ("#N/A", ""),
    ("line one\nline two", "line one\nline two"),
    ("=1+1", ""),
    (None, ""),
    ("🐈 שלום", "🐈 שלום"),
]


def test_cells_are_read_as_a_person_reads_them():
    def mark_error(book):
        book["A"].cell(13, 2).data_type = "e"

    data = xlsx({"A": [["Question", "Answer"], *([f"q{n}", cell] for n, (cell, _) in enumerate(CELLS))]}, mark_error)
    (raw,) = read(data)
    assert list(raw.column("Answer")) == [text for _, text in CELLS]
    assert list(raw.lines) == list(range(2, len(CELLS) + 2))
    assert "1 formula of the workbook never calculated, so without a value: open and save it in Excel once" in (
        raw.evidence
    )
    # The value that Excel left behind is taken; a result that is an empty text is a result.
    for cell, text in ((b'<c r="B15"><f>1+1</f><v>2</v></c>', "2"), (b'<c r="B15" t="str"><f>A1</f><v></v></c>', "")):
        (raw,) = read(patched(data, lambda xml, cell=cell: re.sub(rb'<c r="B15".*?</c>', cell, xml)))
        assert raw.column("Answer")[13] == text
        assert not [said for said in raw.evidence if "never calculated" in said]


def test_sheets_hidden_empty_chosen_and_their_own_row_numbers():
    def change(book):
        book["Notes"]["C1"] = " "
        book["Old"].sheet_state = "hidden"
        book["Older"].sheet_state = "veryHidden"
        book.create_chartsheet("Chart")

    top = [[], [], [None, "Question", "Answer"], [None, "Hi", "Aye."], [], [None, "Bye", "Adiós"]]
    data = xlsx({"Letters": top, "Notes": [], "Old": PAIRS, "Older": PAIRS}, change)
    letters, old, older = read(data)
    assert (letters.sheet, letters.container, letters.file) == ("Letters", "excel", "book.xlsx")
    assert [(line, *cells[-2:]) for line, *cells in rows(letters)] == [(4, "Hi", "Aye."), (6, "Bye", "Adiós")]
    assert letters.evidence[:3] == (
        "sheet Letters of an Excel workbook",
        "as given",
        "sheet Notes is empty: passed over",
    )
    assert old.evidence[:2] == ("sheet Old of an Excel workbook", "hidden sheet")
    assert "hidden sheet" in older.evidence
    assert [raw.sheet for raw in read(data, "Old")] == ["Old"]
    with pytest.raises(
        FormatError, match=r"^book.xlsx: there is no sheet `Leters` \(did you mean `Letters`\?\): the sh"
    ):
        read(data, "Leters")
    with pytest.raises(FormatError, match=r"^book.xlsx: every sheet is empty: `A`, `B`$"):
        read(xlsx({"A": [], "B": []}))
    assert rows(read(xlsx({"A": [["Question", "Answer"], ["a", "b"], ["c", "d"]]}), header_row=2)[0]) == [(3, "c", "d")]


def test_merged_cells_count_for_every_row_with_something_of_its_own():
    def merge(book):
        for area in ("A1:C2", "A4:A6", "A7:A8", "B7:B8", "C7:C8", "A9:C10"):
            book["A"].merge_cells(area)

    table = [
        *(["Letters of spring"], [], ["Customer", "Question", "Answer"]),
        *(["Tom", "a", "b"], [None, "c", "d"], [None, "e", "f"]),
        *(["Zoe", "tall", "row"], [], ["A note below", None, None], []),
    ]
    (raw,) = read(xlsx({"A": table}, merge))
    assert raw.columns == ("Customer", "Question", "Answer")
    assert rows(raw)[:4] == [
        (4, "Tom", "a", "b"),
        (5, "Tom", "c", "d"),
        (6, "Tom", "e", "f"),
        (7, "Zoe", "tall", "row"),
    ]
    assert [line for line, *_ in rows(raw)] == [4, 5, 6, 7, 9]
    assert "1 merged cell: their value counts for every row they cover" in raw.evidence


def test_old_workbooks():
    # Written once with xlwt: sheets Letters (a title over A1:D1, A3:A4 merged), Old (hidden, from B5 on) and Empty.
    data = (FIXTURES / "letters.xls").read_bytes()
    assert is_workbook(data)
    letters, old = read(data, file="letters.xls")
    assert letters.container == "excel"
    assert rows(letters) == [
        (3, "007", "2025-06-14 09:12:00", "Abrís los domingos?", "Sí."),
        (4, "007", "2025-06-15", "12", "0.5"),
    ]
    assert letters.evidence[:2] == (
        "sheet Letters of an Excel workbook",
        "1 merged cell: their value counts for every row they cover",
    )
    assert "sheet Empty is empty: passed over" in letters.evidence
    assert [(line, *cells[-2:]) for line, *cells in rows(old)] == [(6, "Hi", "Aye.")]
    assert "hidden sheet" in old.evidence


def xlsb(table):
    """A binary workbook (BIFF12) with one sheet of texts and numbers."""

    def number(value):
        return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + number(value >> 7)

    def record(kind, body=b""):
        return number(kind) + number(len(body)) + body

    def wide(text):
        return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")

    cells = b""
    for at, row in enumerate(table):
        cells += record(0, struct.pack("<I", at) + bytes(13))
        for column, value in enumerate(row):
            head = struct.pack("<II", column, 0)
            text = isinstance(value, str)
            cells += record(6, head + wide(value)) if text else record(5, head + struct.pack("<d", value))
    area = struct.pack("<IIII", 0, len(table) - 1, 0, len(table[0]) - 1)
    name = struct.pack("<II", 0, 1) + wide("rId1") + wide("Letters")
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.bin"/></Relationships>'
    )
    return zipped({
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/_rels/workbook.bin.rels": relation,
        "xl/workbook.bin": record(0x83) + record(0x99, bytes(8)) + record(0x9C, name) + record(0x90) + record(0x84),
        "xl/worksheets/sheet1.bin": record(0x81) + record(0x94, area) + record(0x91) + cells + record(0x92),
    })  # fmt: skip


def zipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def ods(table, manifest=""):
    """An OpenDocument workbook with one sheet; `table` is its rows in XML, <v> is a cell with text."""
    table = re.sub(
        r"<v([^>]*)>(.*?)</v>",
        r'<table:table-cell office:value-type="string"\1><text:p>\2</text:p></table:table-cell>',
        table,
    )
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    names = " ".join(f'xmlns:{name}="{space}{name}:1.0"' for name in ("office", "text", "table"))
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet>"
        f'<table:table table:name="Letters">{table}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped({
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": f'<m:manifest xmlns:m="{space}manifest:1.0">{manifest}</m:manifest>',
        "content.xml": content,
    })  # fmt: skip


HEAD = "<table:table-row><v>Question</v><v>Answer</v></table:table-row>"


def test_binary_and_open_document_workbooks():
    (raw,) = read(xlsb([["Question", "Answer", "n"], ["¿Abrís?", "Sí 🐈.", 3.0], ["b", "c", 0.5]]), file="b.xlsb")
    assert rows(raw) == [(2, "¿Abrís?", "Sí 🐈.", "3"), (3, "b", "c", "0.5")]
    assert raw.container == "excel"
    day = '<table:table-cell office:value-type="date" office:date-value="2025-06-14T09:12:00"/>'
    blank = '<table:table-cell table:number-columns-repeated="16384"/>'
    tail = f'<table:table-row table:number-rows-repeated="1048570">{blank}</table:table-row>'
    table = (
        f'{HEAD}<table:table-row><v table:number-rows-spanned="2">Hi</v><v>Aye.</v></table:table-row>'
        f"<table:table-row><table:covered-table-cell/>{day}</table:table-row>{tail}"
    )
    (raw,) = read(ods(table), file="b.ods")
    assert rows(raw) == [(2, "Hi", "Aye."), (3, "Hi", "2025-06-14 09:12:00")]
    assert raw.container == "ods"
    assert raw.evidence[:2] == (
        "sheet Letters of an OpenDocument workbook",
        "1 merged cell: their value counts for every row they cover",
    )


def locked_xls():
    """An old workbook whose third record is taken for the one that says how it is encrypted."""
    return (FIXTURES / "letters.xls").read_bytes().replace(struct.pack("<HH", 0x5C, 112), struct.pack("<HH", 0x2F, 112))


def encrypted_xlsx():
    name = "EncryptedPackage\0".encode("utf-16-le")
    return OLE + bytes(1024 - 8) + name.ljust(64, b"\0") + struct.pack("<H", len(name)) + bytes(500)


FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
ENTITY = b'<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>'
PASSWORD = ": the workbook is password-protected: save it without a password"
HOSTILE = [
    (lambda: b"prompt,reply\nHi,Aye.\n", ": no whole Excel workbook: another kind of file, or one cut off"),
    (lambda: b"\x89PNG\r\n\x1a\n" + bytes(200), ": no whole Excel workbook: another kind of file"),
    (lambda: OLE + bytes(5000), ": this is an old Office file without a whole workbook"),
    (lambda: zipped({"word/document.xml": "<a/>"}), ": this is a Word document, no Excel workbook"),
    (encrypted_xlsx, PASSWORD),
    (locked_xls, PASSWORD),
    (lambda: ods(HEAD, '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry>'), PASSWORD),
    (lambda: with_row(FAR), ": needs more than 2,000 MB to read: a damaged or hostile file; open it and save"),
    (lambda: with_row(b'<row r="1048576"><c r="T1048576"><v>1</v></c></row>'),
     ": sheet A claims 1,048,576 rows and 20 columns, more than 20,000,000 cells: delete what stands"),
    (lambda: patched(xlsx({"A": PAIRS}), lambda xml: ENTITY + xml), ": a hostile file: xl/worksheets/sheet1.xml in it "
     "declares entities"),
    (lambda: patched(xlsx({"A": PAIRS}), lambda xml: (ENTITY.decode() + "<a/>").encode("utf-16")), "declares entities"),
    (lambda: patched(xlsx({"A": PAIRS}), lambda xml: xml + bytes(100_000_000)),
     ": 100 MB when unpacked, above the limit of 64 MB for a file of its size: save the sheets that matter as CSV"),
    (lambda: patched(xlsx({"A": PAIRS}), lambda xml: xml[: len(xml) // 2]), ": not readable as an Excel workbook ("),
    (lambda: xlsx({}, lambda book: book.create_chartsheet("Chart")), ": the workbook has no sheet of cells"),
    (lambda: zipped({"xl/workbook.xml": "<a/>"}), ": not readable as an Excel workbook ("),
    (lambda: ods(f'{HEAD}<table:table-row table:number-rows-repeated="1048570">'
                 '<v table:number-columns-repeated="16384">x</v></table:table-row>'),
     ": not readable as an Excel workbook ("),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_broken_and_hostile_workbooks_are_one_clear_error_and_the_next_is_read(make, message):
    with pytest.raises(FormatError) as caught:
        read(make(), file="bad.xlsx")
    assert str(caught.value).startswith(f"bad.xlsx{message}") or message in str(caught.value)
    assert rows(read(xlsx({"A": PAIRS}))[0]) == [(2, "Hi", "Aye.")]


def test_a_claimed_billion_of_cells_costs_nothing():
    claimed = patched(xlsx({"A": PAIRS}), lambda xml: xml.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    assert b"XFD1048576" in zipfile.ZipFile(io.BytesIO(claimed)).read("xl/worksheets/sheet1.xml")
    assert rows(read(claimed)[0]) == [(2, "Hi", "Aye.")]
    assert rows(read(with_row(b'<row r="1048576"><c r="XFD1048576" s="0"/></row>'))[0]) == [(2, "Hi", "Aye.")]
    far = [list(row) for row in PAIRS]
    data = patched(xlsx({"A": far}), lambda xml: re.sub(rb'r="([AB]?)([12])"', rb'r="\g<1>104000\2"', xml))
    assert rows(read(data)[0]) == [(1040002, "Hi", "Aye.")]
    huge = patched(
        xlsx({"A": PAIRS}), lambda xml: xml.replace(b"<sst ", b'<sst uniqueCount="4000000000" '), "xl/sharedStrings.xml"
    )
    try:
        assert rows(read(huge)[0])
    except FormatError as error:
        assert str(error).startswith("book.xlsx: ")


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "parquet"])
def test_a_file_cut_off_anywhere_is_one_clear_error(kind):
    whole = {
        "xlsx": lambda: xlsx({"A": PAIRS}),
        "xls": (FIXTURES / "letters.xls").read_bytes,
        "ods": lambda: ods(HEAD),
        "parquet": lambda: parquet({"prompt": ["Hi"], "reply": ["Aye."]}),
    }[kind]()
    for part in range(1, 21):
        cut = whole[: len(whole) * part // 21]
        with pytest.raises(
            FormatError, match=rf"^b.{kind}: (no whole|not readable as|this is an old Office file|needs more)"
        ):
            read_parquet(cut, f"b.{kind}", []) if kind == "parquet" else read(cut, file=f"b.{kind}")


def test_limits_on_parts_and_bytes(monkeypatch):
    data = xlsx({"A": PAIRS})
    monkeypatch.setattr(workbooks, "_MOST_PARTS", 3)
    with pytest.raises(FormatError, match=r"^book.xlsx: \d+ parts in one workbook: a damaged or hostile file"):
        read(data)
    monkeypatch.setattr(workbooks, "_MOST_BYTES", 1000)
    with pytest.raises(FormatError, match=r"^book.xlsx: 0 MB, above the limit of 0 MB: split it"):
        read(data)
    with pytest.raises(FormatError, match=r"^b.parquet: 0 MB, above the limit of 0 MB: split it"):
        read_parquet(parquet({"prompt": [str(n) for n in range(1000)]}), "b.parquet", [])


def parquet(columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_parquet_keeps_what_is_nested_and_writes_the_rest_as_text():
    said = [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Aye."}], [], None]
    columns = {
        "messages": said,
        "n": [1, 2, None],
        "share": [0.5, 3.0, float("nan")],
        "when": [datetime.datetime(2025, 6, 14, 9, 12), datetime.datetime(2025, 6, 15), None],
        "day": [datetime.date(2025, 6, 14), None, None],
        "raw": [b"abc", b"\xff", None],
        "text": ["007", "", "=1+1\n🐈"],
    }
    data = parquet(columns)
    assert is_parquet(data) and not is_workbook(data)
    (raw,) = read_parquet(data, "b.parquet", ["as given"])
    assert (raw.container, raw.sheet, raw.columns, list(raw.lines)) == ("parquet", None, tuple(columns), [1, 2, 3])
    assert {name: list(raw.column(name)) for name in raw.columns} == {
        "messages": said,
        "n": ["1", "2", None],
        "share": ["0.5", "3", None],
        "when": ["2025-06-14 09:12:00", "2025-06-15", None],
        "day": ["2025-06-14", None, None],
        "raw": ["abc", "", None],
        "text": ["007", "", "=1+1\n🐈"],
    }
    assert raw.text(1).startswith('{"messages":[],"n":"2","share":"3","when":"2025-06-15"')
    assert raw.evidence == ("as given", "Parquet: 3 rows")
    with pytest.raises(FormatError, match=r"^e.parquet: the Parquet file has no rows"):
        read_parquet(parquet({"a": []}), "e.parquet", [])
    (raw,) = read_parquet(parquet({"a": [str(n) for n in range(50_000)]}), "e.parquet", [])
    assert list(raw.column("a")) == [str(n) for n in range(50_000)]
    long = ["x" * 1_000_000] * 30
    (raw,) = read_parquet(parquet({"a": long}), "e.parquet", [])
    assert list(raw.column("a")) == long


def test_long_texts_come_in_parts_of_their_own():
    rows_of_text = [["Question", "Answer"], *(["x" * 32_000, f"{n % 10}" * 30_000] for n in range(300))]
    (raw,) = read(xlsx({"A": rows_of_text}))
    assert [list(cells) for _, *cells in rows(raw)] == rows_of_text[1:]
