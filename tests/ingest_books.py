"""Workbooks, Parquet files, archives and folders for tests/test_ingest_table.py, written anew for each test.

Each function writes below a folder and returns the path that the source names.
"""

import gzip
import shutil
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pyarrow
import pyarrow.parquet
from openpyxl.styles import Font

FIXTURES = Path(__file__).parent / "fixtures" / "ingest"
_PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"


def shop_book(folder: Path, name: str = "shop.xlsx") -> str:
    """Titles above the header, dates, numbers stored as text, a hidden sheet of another shape, an empty sheet."""
    book = openpyxl.Workbook()
    counter = book.active
    counter.title = "Counter"
    counter["A1"], counter["A1"].font = "Hatch Cycles, letters of 2025", Font(bold=True)
    counter.merge_cells("A1:E1")
    rows = [
        ["Ref", "Date", "Customer", "Question", "Answer"],
        ["0007", date(2025, 4, 7), "Hugh", "Is the gate open?", "Since eight."],
        ["0008", datetime(2025, 4, 8, 9, 5), "Mina", 42, "That is the number of the tandem."],
        [],
        ["0010", date(2025, 4, 9), "Otto", "Any news?", None],
    ]
    for number, row in enumerate(rows, start=3):
        for column, value in enumerate(row, start=1):
            counter.cell(number, column, value)
    book.create_sheet("Empty")
    hidden = book.create_sheet("Chat")
    hidden.sheet_state = "hidden"
    for row in [
        ["chat", "when", "author", "message"],
        ["01", datetime(2025, 6, 14, 9, 12), "Hugh", "Is it you?"],
        ["01", datetime(2025, 6, 14, 9, 13, 30), "Nell", "As ever."],
        ["02", datetime(2025, 6, 14, 9, 20), "Mina", "Tea?"],
        ["02", datetime(2025, 6, 14, 9, 21), "Nell", "Please."],
    ]:
        hidden.append(row)
    book.save(folder / name)
    return name


def shop_book_with_macros(folder: Path) -> str:
    return shop_book(folder, "shop.xlsm")


def merged_book(folder: Path) -> str:
    """The conversation's cell is merged over the rows that it covers."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Chats"
    for row in [
        ["Conversation", "Author", "Message"],
        ["A", "Hugh", "Is it far?"],
        [None, "Nell", "Two miles."],
        [None, "Hugh", "Hilly?"],
        [None, "Nell", "Flat."],
        ["B", "Mina", "Is it dear?"],
        [None, "Nell", "Four pounds."],
    ]:
        sheet.append(row)
    sheet.merge_cells("A2:A5")
    sheet.merge_cells("A6:A7")
    book.save(folder / "merged.xlsx")
    return "merged.xlsx"


def formula_book(folder: Path) -> str:
    """An answer that a formula makes: Excel keeps the value that it last calculated beside the formula."""
    book = openpyxl.Workbook()
    book.active.title = "Answers"
    for row in [["question", "answer"], ["How much for two?", "CACHED"], ["And for one?", "Four pounds."]]:
        book.active.append(row)
    book.save(folder / "plain.xlsx")
    with zipfile.ZipFile(folder / "plain.xlsx") as old, zipfile.ZipFile(folder / "formula.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                at = data.index(b'<c r="B2"')
                end = data.index(b"</c>", at) + len(b"</c>")
                cell = b'<c r="B2" t="str"><f>CONCATENATE(4*2," pounds.")</f><v>8 pounds.</v></c>'
                data = data[:at] + cell + data[end:]
            new.writestr(name, data)
    (folder / "plain.xlsx").unlink()
    return "formula.xlsx"


def old_book(folder: Path) -> str:
    """Excel 97, from a file that Python can no longer write: a title, a hidden sheet, an empty one."""
    shutil.copy(FIXTURES.parent / "letters.xls", folder / "letters.xls")
    return "letters.xls"


def open_document(folder: Path) -> str:
    """LibreOffice's own form, with a repeated blank row between the rows."""
    rows = [("question", "answer"), ("¿Hay sitio?", "Dos plazas."), None, ("And to-morrow?", "Come & see.")]
    office = {
        name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "table", "text", "manifest")
    }
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = [
        '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        if row is None
        else "<table:table-row>"
        + "".join(cell.format(value.replace("&", "&amp;")) for value in row)
        + "</table:table-row>"
        for row in rows
    ]
    named = " ".join(f'xmlns:{name}="{address}"' for name, address in office.items())
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {named} office:version="1.3"><office:body>'
        f'<office:spreadsheet><table:table table:name="Preguntas">{"".join(lines)}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{office["manifest"]}">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    with zipfile.ZipFile(folder / "preguntas.ods", "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return "preguntas.ods"


def _parquet(folder: Path, name: str, rows: list[dict]) -> str:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / name)
    return name


def parquet_messages(folder: Path) -> str:
    said = [[("user", "Is it open?"), ("assistant", "Since nine.")], [("user", "¿Sí?"), ("assistant", "Sí.")]]
    messages = [[{"role": role, "content": content} for role, content in turns] for turns in said]
    return _parquet(folder, "train.parquet", [{"id": str(at), "messages": m} for at, m in enumerate(messages)])


def parquet_pairs(folder: Path) -> str:
    rows = [("Left?", "Right."), ("Up?", None), ("In?", "Out.")]
    return _parquet(folder, "pairs.parquet", [{"question": question, "answer": answer} for question, answer in rows])


def parquet_log(folder: Path) -> str:
    rows = [
        ("a", 5, "Hugh", "Late?"),
        ("a", 9, "Nell", "Never."),
        ("b", 20, "Mina", "Soon?"),
        ("b", 25, "Nell", "Now."),
    ]
    return _parquet(
        folder,
        "log.parquet",
        [
            {"conversation_id": chat, "sent_at": datetime(2025, 6, 1, 10, minute), "author": who, "text": text}
            for chat, minute, who, text in rows
        ],
    )


def gzipped(folder: Path) -> str:
    (folder / "log.csv.gz").write_bytes(gzip.compress((FIXTURES / "tables/log.csv").read_bytes()))
    return "log.csv.gz"


def slack_export(folder: Path) -> str:
    source = FIXTURES / "nested/slack"
    with zipfile.ZipFile(folder / "slack.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*.json")):
            archive.write(path, path.relative_to(source).as_posix())
    return "slack.zip"


def whatsapp_zip(folder: Path) -> str:
    """As the phone sends it: the text and the pictures beside it."""
    with zipfile.ZipFile(folder / "WhatsApp Chat with Marta.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(FIXTURES / "chats/whatsapp_android_es.txt", "WhatsApp Chat with Marta.txt")
        archive.writestr("IMG-20250614-WA0001.jpg", b"\xff\xd8\xff\xe0" + bytes(60))
    return "WhatsApp Chat with Marta.zip"


def zip_with_folders(folder: Path) -> str:
    """Folders, a .gz inside, a picture, and what a Mac leaves behind."""
    with zipfile.ZipFile(folder / "backup.zip", "w") as archive:
        archive.write(FIXTURES / "tables/original.csv", "backup/2024/original.csv")
        archive.writestr(
            "backup/2025/dialogues.jsonl.gz", gzip.compress((FIXTURES / "nested/dailydialog.jsonl").read_bytes())
        )
        archive.writestr("backup/logo.png", _PICTURE + bytes(40))
        archive.writestr("__MACOSX/backup/2024/._original.csv", b"\x00\x05\x16\x07" + bytes(40))
    return "backup.zip"


def folder_of_files(folder: Path) -> str:
    """A folder in a folder, a hidden file, a picture."""
    (folder / "exports/more").mkdir(parents=True)
    shutil.copy(FIXTURES / "tables/excel_es.csv", folder / "exports/carta.csv")
    shutil.copy(FIXTURES / "nested/pairs_inside.json", folder / "exports/more/faq.json")
    (folder / "exports/.DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1" + bytes(40))
    (folder / "exports/logo.png").write_bytes(_PICTURE + bytes(40))
    return "exports"


def pattern(folder: Path) -> str:
    """Two of three files are meant."""
    (folder / "in").mkdir()
    shutil.copy(FIXTURES / "tables/p_r.csv", folder / "in/enero.csv")
    shutil.copy(FIXTURES / "tables/pipe.txt", folder / "in/febrero.csv")
    shutil.copy(FIXTURES / "nested/keyed.json", folder / "in/otros.json")
    return "in/*.csv"
