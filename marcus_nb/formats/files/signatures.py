"""What a file is by its first bytes: pictures, sound, documents and archives told from what may hold conversations."""

import re
import zipfile
import zlib
from io import BytesIO
from pathlib import PurePosixPath

HEAD_BYTES = 4096
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
GZIP = b"\x1f\x8b"
OLE = b"\xd0\xcf\x11\xe0"
_PARQUET = b"PAR1"

_STARTS = (
    (b"\x89PNG\r\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"MM\x00*", "a picture (TIFF)"),
    (b"8BPS\x00", "a picture (Photoshop)"),
    (b"\x00\x00\x01\x00", "a picture (icon)"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"ID3\x03", "sound (MP3)"),
    (b"ID3\x04", "sound (MP3)"),
    (b"\xff\xfb", "sound (MP3)"),
    (b"\xff\xf3", "sound (MP3)"),
    (b"OggS\x00", "sound (Ogg)"),
    (b"fLaC\x00", "sound (FLAC)"),
    (b"#!AMR", "sound (AMR)"),
    (b"\x1a\x45\xdf\xa3", "a video (Matroska or WebM)"),
    (b"FLV\x01", "a video (FLV)"),
    (b"OTTO\x00", "a font"),
    (b"\x00\x01\x00\x00\x00", "a font"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"\x7fELF", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"SQLite format 3\x00", "a database (SQLite)"),
)
_ARCHIVES = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
)
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
_PAGE = re.compile(rb"(?:<!--.{0,500}?-->\s*)?<(?:!doctype html|html|head|body)\b", re.I | re.S)
_SQL = re.compile(
    rb"(?:--[^\n]*\n|/\*[^*]*(?:\*(?!/)[^*]*)*\*/;?|\s)*+(?:(?:CREATE|DROP)\s+(?:TABLE|DATABASE|SCHEMA)|INSERT\s+INTO"
    rb"|PRAGMA\s|BEGIN(?:\s+TRANSACTION)?;|START\s+TRANSACTION;|LOCK\s+TABLES|SET\s+\w+\s*=|USE\s+`)",
    re.I,
)
_XML_WORKBOOK = re.compile(rb"<\?mso-application[^>]{0,50}Excel\.Sheet|urn:schemas-microsoft-com:office:spreadsheet")
_ENDINGS = {
    "a picture": "png jpg jpeg jfif gif bmp webp tif tiff ico heic heif avif svg psd raw",
    "sound": "mp3 wav ogg oga opus m4a aac flac amr wma mid",
    "a video": "mp4 mov avi mkv webm 3gp wmv flv m4v mpg mpeg",
    "a font": "ttf otf woff woff2 eot",
    "a PDF document": "pdf",
    "a text document": "rtf pages epub",
    "slides": "key",
    "a web page (HTML)": "html htm xhtml mhtml",
    "a program": "js mjs css exe dll so dylib bin msi class pyc jar apk wasm",
    "an address card": "vcf",
}
_BY_ENDING = {f".{ending}": what for what, endings in _ENDINGS.items() for ending in endings.split()}
_OLD_WORKBOOK = re.compile(rb"\x09\x08[\x08\x10]\x00\x00[\x05\x06]\x05\x00")
_FILE_PASS = 0x2F
_FIRST_RECORDS = 10
_OLE_PARTS = (
    ("EncryptedPackage", "password"),
    ("Workbook", "excel"),
    ("Book", "excel"),
    ("WordDocument", "a Word document"),
    ("PowerPoint Document", "slides (PowerPoint)"),
    ("__properties_version1.0", "an Outlook message"),
)
_ZIP_PARTS = (
    ("xl/", "excel"),
    ("word/", "a Word document"),
    ("ppt/", "slides (PowerPoint)"),
    ("visio/", "a drawing (Visio)"),
)
_ZIP_MAIN_PARTS = (
    ("xl/workbook.", "excel"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "slides (PowerPoint)"),
)
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_OPEN_DOCUMENTS = {"spreadsheet": "ods", "text": "a text document (ODT)", "presentation": "slides (ODP)"}


def no_text(head: bytes, name: str = "") -> str:
    """What a file is that holds no conversations by its nature, by its first HEAD_BYTES; "" for one that may.

    >>> no_text(b"\\x89PNG\\r\\n..."), no_text(b"prompt,reply"), no_text(b"\\x00", "clips/a.mp4")
    ('a picture (PNG)', '', 'a video')

    With `name` the ending decides where the bytes are silent: for files that nobody named one by one.
    """
    for mark, what in _STARTS:
        if head.startswith(mark):
            return what
    return _inner(head) or _markup(head) or _BY_ENDING.get(_ending(name), "")


def other_archive(head: bytes) -> str:
    """Which kind of archive that is not opened here: "a 7z archive"; "" for any other file."""
    if head[257:262] == b"ustar":
        return "a tar archive"
    if _BZIP2.match(head):
        return "a bzip2 archive"
    return next((what for mark, what in _ARCHIVES if head.startswith(mark)), "")


def archive_kind(data: bytes) -> str:
    """ "gzip", or "zip" for one that is no workbook or other document (a broken one is taken for a zip); else ""."""
    if data.startswith(GZIP):
        return "gzip"
    return "zip" if data.startswith(ZIP) and not office(data) else ""


def office(data: bytes) -> str:
    """What an Office file, an OpenDocument file or a Parquet file is, by what lies in it.

    "excel", "ods", "parquet", "password" (encrypted, whatever it is), "a Word document", …; "" for any other file, a
    broken archive included.
    """
    if data.startswith(_PARQUET):
        return "parquet"
    if data.startswith(OLE):
        return (
            "password"
            if _is_locked(data)
            else next(
                (what for name, what in _OLE_PARTS if _in_directory(data, name)),
                "an old Office file without a whole workbook",
            )
        )
    return _zipped(data) if data.startswith(ZIP) else ""


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _inner(head: bytes) -> str:
    """Kinds that are told by a mark further in."""
    if head.startswith(b"RIFF"):
        kinds = {b"WEBP": "a picture (WebP)", b"WAVE": "sound (WAV)", b"AVI ": "a video (AVI)"}
        return kinds.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"mif1", b"avif"):
            return "a picture (HEIC or AVIF)"
        return "sound (M4A)" if brand.startswith(b"M4A") else "a video (MP4)"
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "a picture (BMP)"
    at = int.from_bytes(head[0x3C:0x40], "little")
    return "a program" if head.startswith(b"MZ") and head[at : at + 4] == b"PE\x00\x00" else ""


def _markup(head: bytes) -> str:
    """Pages and XML that web tools like to call .xls, and statements of SQL."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _PAGE.match(start):
        return "a web page (HTML)"
    if _SQL.match(start):
        return "a database's dump (SQL)"
    return "an XML spreadsheet of Excel 2003" if start.startswith(b"<?xml") and _XML_WORKBOOK.search(start) else ""


def _in_directory(data: bytes, name: str) -> bool:
    """Whether an OLE file has a part of this name: its directory has entries of 128 bytes, the name first."""
    mark = (name + "\0").encode("utf-16-le")
    at = data.find(mark)
    while at >= 0:
        # The length of the name, its closing zero included, stands behind the 64 bytes of the name.
        if at % 128 == 0 and int.from_bytes(data[at + 64 : at + 66], "little") == len(mark):
            return True
        at = data.find(mark, at + 1)
    return False


def _is_locked(data: bytes) -> bool:
    """Whether an old workbook is encrypted: a FilePass record stands near the beginning of its stream."""
    for start in _OLD_WORKBOOK.finditer(data):
        at = start.start()
        for _ in range(_FIRST_RECORDS if at % 512 == 0 else 0):
            kind, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
            if kind == _FILE_PASS:
                return True
            at += 4 + size
    return False


def _zipped(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as found:
            names = found.namelist()
            if "mimetype" in names:
                kind = _start(found, "mimetype").decode("ascii", "replace").strip()
                if kind.startswith(_OPEN_DOCUMENT):
                    if "META-INF/manifest.xml" in names and b"encryption-data" in _start(
                        found, "META-INF/manifest.xml"
                    ):
                        return "password"
                    return _OPEN_DOCUMENTS.get(kind.removeprefix(_OPEN_DOCUMENT), "an OpenDocument file")
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error):
        return ""
    # A person's own folder may be called xl as well: without the list of parts, the main part must be there.
    parts = _ZIP_PARTS if "[Content_Types].xml" in names else _ZIP_MAIN_PARTS
    return next((what for part, what in parts if any(name.startswith(part) for name in names)), "")


def _start(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(100_000)
