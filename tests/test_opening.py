"""Opening sources: files, folders, patterns, archives; what is skipped, what is refused, and that nothing hangs."""

import gzip
import io
import os
import socket
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from marcus_nb.formats.files import opening, unpacking
from marcus_nb.formats.files.opening import open_source, paths
from marcus_nb.formats.tables import FormatError

CSV = b"prompt,reply\nHi,Aye.\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def zipped(*members, **changes):
    """The bytes of a .zip of (name, data); `changes` are set on each member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in changes.items():
                setattr(info, key, value)
            archive.writestr(info, data)
    return out.getvalue()


def ole(part):
    name = (part + "\0").encode("utf-16-le")
    return OLE + bytes(1024 - 8) + name.ljust(64, b"\0") + struct.pack("<H", len(name)) + bytes(500)


def lay(root, files):
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def seen(source, root):
    """{name: data, or why it is skipped}."""
    return {found.name: found.skipped or found.data for found in open_source(source, root)}


DOCX = zipped(("[Content_Types].xml", b"<a/>"), ("word/document.xml", b"<a/>"))
XLSX = zipped(("[Content_Types].xml", b"<a/>"), ("xl/workbook.xml", b"<a/>"))
ODS = zipped(("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", b"<a/>"), compress_type=0)

NAMED = [
    ("chat.csv", CSV, {"chat.csv": CSV}),
    ("book.xlsx", XLSX, {"book.xlsx": XLSX}),
    ("book.ods", ODS, {"book.ods": ODS}),
    ("chat.csv.gz", gzip.compress(CSV), {"chat.csv.gz": CSV}),
    ("noending", gzip.compress(CSV) + gzip.compress(CSV), {"noending": CSV * 2}),
    ("book.gz", gzip.compress(XLSX), {"book.gz": XLSX}),
    ("a.zip", zipped(("chat/_chat.txt", b"Tom: Hi"), ("chat/1.jpg", b"x")),
     {"a.zip/chat/_chat.txt": b"Tom: Hi", "a.zip/chat/1.jpg": "a picture"}),
    ("a.zip", zipped(("b.zip", zipped(("c.csv", CSV))), ("d.gz", gzip.compress(CSV))),
     {"a.zip/b.zip/c.csv": CSV, "a.zip/d.gz": CSV}),
    ("a.zip.gz", gzip.compress(zipped(("c.csv", CSV))), {"a.zip.gz/c.csv": CSV}),
    ("a.zip", zipped(("b.zip", zipped(("c.zip", zipped(("d.csv", CSV)))))),
     {"a.zip/b.zip/c.zip": "an archive inside two others: unpack it yourself"}),
    ("a.zip", zipped(("w.docx", DOCX), ("b.xlsx", XLSX), ("p.csv", PNG), ("e.csv", b" \n"), ("t.bz2", b"BZh91AY&SY")),
     {"a.zip/w.docx": "a Word document", "a.zip/b.xlsx": XLSX, "a.zip/p.csv": "a picture (PNG)",
      "a.zip/e.csv": "an empty file", "a.zip/t.bz2": "a bzip2 archive: unpack it to have it read"}),
    ("a.zip",
     zipped(("__MACOSX/._c.csv", b"x"), (".DS_Store", b"x"), ("~$b.xlsx", b"x"), ("folder/", b""), ("c.csv", CSV)),
     {"a.zip/c.csv": CSV}),
    ("a.zip",
     zipped(("../../c.csv", CSV), ("C:\\x\\c.csv", CSV), ("/etc/c.csv", CSV), ("x/c.csv", CSV), ("n\x1bm.csv", CSV)),
     {"a.zip/c.csv": CSV, "a.zip/x/c.csv": CSV, "a.zip/etc/c.csv": CSV, "a.zip/x/c (2).csv": CSV,
      "a.zip/n\ufffdm.csv": CSV}),
    ("a.zip", zipped(("link.csv", b"/etc/passwd"), external_attr=0o120777 << 16),
     {"a.zip/link.csv": "a link to another file"}),
    ("a.zip", zipped(("conversaci\u00f3n.csv", CSV)), {"a.zip/conversaci\u00f3n.csv": CSV}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "expected"), NAMED, ids=range(len(NAMED)))
def test_one_named_file(tmp_path, name, data, expected):
    lay(tmp_path, {f"data/{name}": data})
    assert seen(f"data/{name}", tmp_path) == {f"data/{key}": value for key, value in expected.items()}
    assert seen(f"data\\{name}", tmp_path) == seen(f"data/{name}", tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == sorted(["data", name])  # nothing was unpacked to the disk
    assert paths(f"data/{name}", tmp_path) == [tmp_path / "data" / name]


def test_evidence_says_what_was_unpacked(tmp_path):
    lay(tmp_path, {"c.gz": gzip.compress(CSV * 100), "a.zip": zipped(("c.gz", gzip.compress(CSV)))})
    assert open_source("c.gz", tmp_path)[0].evidence == ("gzip: 2,100 bytes unpacked",)
    assert open_source("a.zip", tmp_path)[0].evidence[1] == "gzip: 21 bytes unpacked"


TREE = {
    "d/b.csv": CSV, "d/a.CSV": CSV, "d/sub/c.csv": CSV, "d/sub/deep/d.json": b"[]", "d/.h.csv": CSV,
    "d/.git/x.csv": CSV,
    "d/clip.mp4": b"\0\0\0\x20ftypisom", "d/sub/page.html": b"x", "d/__MACOSX/x.csv": CSV, "d/[1].csv": CSV,
}  # fmt: skip
PATTERNS = [
    ("d", ["d/[1].csv", "d/a.CSV", "d/b.csv", "d/clip.mp4", "d/sub/c.csv", "d/sub/page.html", "d/sub/deep/d.json"]),
    ("d/", ["d/[1].csv", "d/a.CSV", "d/b.csv", "d/clip.mp4", "d/sub/c.csv", "d/sub/page.html", "d/sub/deep/d.json"]),
    ("d/*.csv", ["d/[1].csv", "d/a.CSV", "d/b.csv"]),
    ("d/**/*.csv", ["d/[1].csv", "d/a.CSV", "d/b.csv", "d/sub/c.csv"]),
    ("d/**", ["d/[1].csv", "d/a.CSV", "d/b.csv", "d/clip.mp4", "d/sub/c.csv", "d/sub/page.html", "d/sub/deep/d.json"]),
    ("**/d?json", ["d/sub/deep/d.json"]),
    ("d/*/?.csv", ["d/sub/c.csv"]),
    ("d/[!a].csv", ["d/b.csv"]),
    ("d/[a-b].csv", ["d/a.CSV", "d/b.csv"]),
    ("d/[1].csv", ["d/[1].csv"]),
    ("d\\sub\\*", ["d/sub/c.csv", "d/sub/page.html"]),
]


@pytest.mark.parametrize(("source", "names"), PATTERNS)
def test_folders_and_patterns(tmp_path, source, names):
    lay(tmp_path, TREE)
    found = open_source(source, tmp_path)
    assert [one.name for one in found] == names
    assert [path.relative_to(tmp_path).as_posix() for path in paths(source, tmp_path)] == names
    skipped = {one.name: one.skipped for one in found if one.skipped}
    assert skipped.items() <= {"d/clip.mp4": "a video (MP4)", "d/sub/page.html": "a web page (HTML)"}.items()
    absolute = open_source(f"{tmp_path.as_posix()}/{source}", Path("/nowhere"))
    assert [one.data for one in absolute] == [one.data for one in found]
    assert [one.name.removeprefix(f"{tmp_path.as_posix()}/") for one in absolute] == names


def test_the_current_folder_needs_no_name(tmp_path):
    lay(tmp_path, {"b.csv": CSV})
    assert list(seen(".", tmp_path)) == ["b.csv"] == list(seen("*.csv", tmp_path))


TAR = b"x.csv".ljust(257, b"\0") + b"ustar\0" + bytes(300)
ENCRYPTED = bytearray(zipped(("c.csv", CSV)))
for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    ENCRYPTED[ENCRYPTED.index(mark) + at] |= 1
CORRUPT = bytearray(zipped(("c.csv", os.urandom(2000))))
CORRUPT[1000] ^= 255
LZMA = io.BytesIO()
with zipfile.ZipFile(LZMA, "w", zipfile.ZIP_LZMA) as lzma_archive:
    lzma_archive.writestr("c.csv", CSV)

REFUSED = [
    ("empty.csv", b"", "empty.csv: the file is empty"),
    ("blank.csv", b" \n" * 9000, "blank.csv: the file is empty"),
    ("void.gz", gzip.compress(b""), "void.gz: the file is empty"),
    ("chat.csv", PNG, "chat.csv: this is a picture (PNG); expected CSV, Excel, JSON"),
    ("book.xlsx", PNG, "book.xlsx: this is a picture (PNG); expected CSV"),
    ("p.csv", gzip.compress(PNG), "p.csv: this is a picture (PNG)"),
    ("a.csv", b"\xff\xd8\xff\xe0", "this is a picture (JPEG)"),
    ("a.csv", b"RIFF\0\0\0\0WEBPVP8 ", "this is a picture (WebP)"),
    ("a.csv", b"ID3\x04\0", "this is sound (MP3)"),
    ("a.csv", b"%PDF-1.7\n", "this is a PDF document"),
    ("a.csv", b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0", "this is a program"),
    ("a.xls", b" <!DOCTYPE html><table>", "this is a web page (HTML)"),
    ("a.xls", b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>', "an XML spreadsheet of Excel 2003"),
    ("a.txt", b"{\\rtf1 Hi}", "this is a text document (RTF)"),
    ("a.docx", DOCX, "this is a Word document"),
    ("a.doc", ole("WordDocument"), "this is a Word document"),
    ("a.ppt", ole("PowerPoint Document"), "this is slides (PowerPoint)"),
    ("a.xls", OLE + bytes(2000), "this is an old Office file without a whole workbook"),
    ("a.odt", zipped(("mimetype", b"application/vnd.oasis.opendocument.text")), "this is a text document (ODT)"),
    ("a.tar", TAR, "a.tar: this is a tar archive: unpack it"),
    ("a.tgz", gzip.compress(TAR), "a.tgz: this is a tar archive: unpack it"),
    ("a.bz2", b"BZh91AY&SY", "this is a bzip2 archive: unpack it"),
    ("a.7z", b"7z\xbc\xaf\x27\x1c", "this is a 7z archive: unpack it"),
    ("a.rar", b"Rar!\x1a\x07\x01\0", "this is a RAR archive: unpack it"),
    ("a.xz", b"\xfd7zXZ\0", "this is an xz archive: unpack it"),
    ("a.zip", bytes(ENCRYPTED), "a.zip: the archive is password-protected: unpack it yourself"),
    ("a.zip", bytes(CORRUPT), "a.zip/c.csv: the archive is damaged ("),
    ("a.zip", LZMA.getvalue(), "a.zip/c.csv: packed in a way that is not read here (method 14)"),
    ("a.zip", zipped(), "a.zip: the archive is empty"),
    ("a.zip", zipped((".DS_Store", b"x")), "a.zip: the archive is empty"),
    ("a.zip", b"PK\x03\x04" + bytes(200), "a.zip: no whole .zip archive"),
    ("a.xlsx", b"PK\x03\x04" + bytes(200), "a.xlsx: no whole Excel workbook: another kind of file, or one cut off"),
    ("a.ods", ODS[:-30], "a.ods: no whole Excel workbook: another kind of file, or one cut off"),
    ("noending", ODS[:-30], "noending: no whole Excel workbook: another kind of file, or one cut off"),
    ("a.gz", gzip.compress(CSV) + b"tail", "a.gz: the gzip file is damaged"),
    ("a.gz", b"\x1f\x8b" + bytes(50), "a.gz: the gzip file is damaged"),
    ("nope.csv", None, "nope.csv: there is no such file (did you mean `node.csv`?): looked for"),
    ("no/pe.csv", None, "no/pe.csv: there is no such file: looked for"),
    ("x\0y.csv", None, "there is no such file"),
    ("void", None, "void: there is no file to read in this folder"),
    ("*.json", None, "*.json: no file has a name like this: in"),
    ("void/*.json", None, "there is nothing"),
]


@pytest.mark.parametrize(("name", "data", "message"), REFUSED)
def test_what_is_refused_and_how(tmp_path, name, data, message):
    lay(tmp_path, {"node.csv": CSV, "void/.keep": b"", **({name: data} if data is not None else {})})
    with pytest.raises(FormatError) as caught:
        open_source(name, tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("pack", [lambda data: zipped(("c.csv", data)), gzip.compress], ids=["zip", "gzip"])
def test_a_file_cut_off_anywhere_is_one_clear_error(tmp_path, pack):
    whole = pack(os.urandom(3000))
    for part in range(1, 21):
        lay(tmp_path, {"cut.bin": whole[: max(4, len(whole) * part // 21)]})
        with pytest.raises(FormatError, match=r"^cut\.bin: (no whole .zip archive|the gzip file is cut off)"):
            open_source("cut.bin", tmp_path)


def ten_gigabytes():
    """Ten gigabytes of zeros as one deflate stream of ten megabytes: the same flushed block again and again."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(bytes(20_000_000)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return block * 500 + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def test_bombs_end_early(tmp_path, monkeypatch):
    stream = ten_gigabytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("c.csv", stream)
    bomb = bytearray(packed.getvalue())
    for mark, method, size in ((b"PK\x03\x04", 8, 22), (b"PK\x01\x02", 10, 24)):
        at = bomb.rindex(mark)
        bomb[at + method] = 8
        bomb[at + size : at + size + 4] = struct.pack("<I", 4_000_000_000)
    header = gzip.compress(b"")[:10]
    lay(tmp_path, {"bomb.zip": bytes(bomb), "bomb.gz": header + stream + bytes(8)})
    for name in ("bomb.zip", "bomb.gz"):
        with pytest.raises(FormatError, match=rf"^{name}.*: more than [6-9]\d MB when unpacked, a damaged or hostile"):
            open_source(name, tmp_path)
    # Headers that lie about the size are found out as well.
    at = bomb.rindex(b"PK\x01\x02") + 24
    bomb[at : at + 4] = struct.pack("<I", 100)
    lay(tmp_path, {"liar.zip": bytes(bomb)})
    with pytest.raises(FormatError, match=r"^liar.zip/c.csv: the archive is damaged \(Bad CRC-32"):
        open_source("liar.zip", tmp_path)
    # Archives in archives share one limit.
    inner = zipped(("c.csv", bytes(2_000_000)))
    lay(tmp_path, {"nested.zip": zipped(*((f"{n}.zip", inner) for n in range(40)))})
    monkeypatch.setattr(unpacking, "_HARMLESS_BYTES", 10_000_000)
    with pytest.raises(FormatError, match=r"^nested.zip/[45].zip(/c.csv)?: more than 1\d MB when unpacked"):
        open_source("nested.zip", tmp_path)


def test_limits_on_numbers_and_sizes(tmp_path, monkeypatch):
    lay(tmp_path, {"many.zip": zipped(*((f"{n}.csv", CSV) for n in range(30))), "d/a.csv": CSV, "d/b.csv": CSV})
    monkeypatch.setattr(unpacking, "_MOST_MEMBERS", 20)
    with pytest.raises(FormatError, match=r"many.zip: 30 files in it, more than 20: unpack it yourself"):
        open_source("many.zip", tmp_path)
    monkeypatch.setattr(opening, "_MOST_BYTES", 30)
    with pytest.raises(FormatError, match=r"^d: more than 0 MB altogether: name its parts one by one$"):
        open_source("d", tmp_path)
    monkeypatch.setattr(opening, "_MOST_BYTES", 10)
    with pytest.raises(FormatError, match=r"d/a.csv: 0 MB, above the limit of 0 MB: split it"):
        open_source("d/a.csv", tmp_path)
    monkeypatch.setattr(opening, "_MOST_FILES", 1)
    with pytest.raises(FormatError, match=r"d: more than 1 files: name the folder that matters"):
        open_source("d", tmp_path)


def test_every_broken_file_of_a_folder_is_named(tmp_path):
    lay(tmp_path, {"d/a.gz": gzip.compress(CSV)[:-9], "d/b.csv": CSV, "d/c.zip": b"PK\x03\x04"})
    with pytest.raises(FormatError, match=r"^d/a.gz: the gzip file is cut off.*\nd/c.zip: no whole .zip archive"):
        open_source("d", tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are made otherwise on Windows")
def test_links_and_pipes_are_told_and_never_followed(tmp_path):
    lay(tmp_path, {"d/a.csv": CSV, "secret/s.csv": b"secret"})
    (tmp_path / "d/out").symlink_to(tmp_path / "secret")
    (tmp_path / "d/out.csv").symlink_to(tmp_path / "secret/s.csv")
    (tmp_path / "d/in.csv").symlink_to("a.csv")
    (tmp_path / "d/loop").symlink_to(".")
    (tmp_path / "d/round").symlink_to("round")
    (tmp_path / "named").symlink_to("d")
    os.mkfifo(tmp_path / "d/pipe")
    expected = {
        "a.csv": CSV,
        "in.csv": "a link to what lies in the same folder",
        "loop": "a link to what lies in the same folder",
        "out": "a link that leads out of the folder",
        "out.csv": "a link that leads out of the folder",
        "pipe": "no file but a pipe, a socket or a device",
        "round": "a link that leads nowhere",
    }
    assert seen("d", tmp_path) == {f"d/{name}": value for name, value in expected.items()} == seen("d/**", tmp_path)
    assert seen("named", tmp_path).keys() == {f"named/{name}" for name in expected}
    assert paths("d", tmp_path) == [tmp_path / "d/a.csv"]
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind(str(tmp_path / "ear"))
        for source in ("d/pipe", "ear", "/dev/zero"):
            with pytest.raises(FormatError, match=f"{source}: this is no file but a pipe, a socket or a device"):
                open_source(source, tmp_path)
    (tmp_path / "d/a.csv").unlink()
    with pytest.raises(FormatError, match="there is no file to read in this folder"):
        open_source("d", tmp_path)


def test_a_file_that_may_not_be_opened(tmp_path, monkeypatch):
    lay(tmp_path, {"d/a.csv": CSV})

    def closed(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", closed)
    for source in ("d/a.csv", "d"):
        with pytest.raises(FormatError, match=r"d/a.csv: the file cannot be opened \(Permission denied\): is it open"):
            open_source(source, tmp_path)
