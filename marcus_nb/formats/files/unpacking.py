"""What lies in a .zip or .gz, unpacked in memory and nowhere else, with limits that no header can talk away."""

import gzip
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO

from marcus_nb.formats.files import signatures
from marcus_nb.formats.tables import FormatError

_MOST_MEMBERS = 10_000
_MOST_UNPACKED_BYTES = 2_000_000_000
# No export of text shrinks to less than a two-hundredth; a small file may, since a small file does no harm.
_MOST_RATIO = 200
_HARMLESS_BYTES = 64_000_000
# Small, since as many packed bytes are taken ahead, and the ratio is that of what is taken.
_CHUNK = 1 << 17
_DEEPEST = 2
_LONGEST_NAME = 200
# Deflate is what everybody writes; the others need much memory before a limit can be seen to be passed.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_EXPECTED = "expected CSV, Excel, JSON, JSONL, YAML, Parquet or a plain-text transcript: export it as one of these"
_LITTER = ("thumbs.db", "desktop.ini", "__macosx")


@dataclass(frozen=True)
class Opened:
    """A file found: `Opened("data/export.zip/chat.csv", b"prompt,reply…", "", ("zip: 1,234 bytes unpacked",))`.

    `skipped` says what a file is that holds no conversations by its nature ("a picture (PNG)"); its data are empty.
    """

    name: str
    data: bytes
    skipped: str = ""
    evidence: tuple[str, ...] = ()


@dataclass
class Budget:
    """How much a source may still be unpacked to, all its archives together."""

    packed: int = 0
    unpacked: int = 0
    members: int = 0

    def spend(self, count: int, name: str) -> None:
        self.unpacked += count
        if self.unpacked > _MOST_UNPACKED_BYTES:
            raise FormatError(_too_much(name, self.unpacked, "more than is read at once"))
        _check_ratio(name, self.unpacked, self.packed)


def _check_ratio(name: str, unpacked: int, packed: int) -> None:
    if unpacked > max(_HARMLESS_BYTES, packed * _MOST_RATIO):
        raise FormatError(_too_much(name, unpacked, "a damaged or hostile archive"))


def _too_much(name: str, unpacked: int, why: str) -> str:
    return (
        f"{name}: more than {(unpacked - 1) // 1_000_000:,} MB when unpacked, {why}: "
        "unpack it yourself and name the files that matter"
    )


def is_litter(part: str) -> bool:
    """Files that systems leave behind: hidden ones, `__MACOSX`, a workbook's lock `~$book.xlsx`."""
    return part.startswith((".", "~$")) or part.lower() in _LITTER


def contents(name: str, data: bytes, budget: Budget, listed: bool, depth: int = 0) -> Iterator[Opened]:
    """The file itself, or what lies in it when it is a .gz or a .zip that is no workbook.

    `listed` tells that nobody named this very file: what holds no conversations is then skipped, otherwise refused.
    Raises FormatError for broken and hostile archives.
    """
    skipped = refused(name, data[: signatures.HEAD_BYTES], listed) or _refused_whole(name, data, listed)
    packed = signatures.archive_kind(data)
    if skipped:
        yield Opened(name, b"", skipped)
    elif not packed:
        yield Opened(name, data)
    elif depth >= _DEEPEST:
        yield Opened(name, b"", "an archive inside two others: unpack it yourself")
    else:
        budget.packed += len(data) if depth == 0 else 0
        yield from _gunzip(name, data, budget, listed, depth) if packed == "gzip" else _unzip(name, data, budget, depth)


def refused(name: str, head: bytes, listed: bool) -> str:
    """Why a file is of no use, by its first bytes, when it is one of many; raises FormatError when it was named."""
    what = signatures.no_text(head, name if listed else "")
    other = signatures.other_archive(head)
    if listed or not (what or other):
        return what or (f"{other}: unpack it to have it read" if other else "")
    if other:
        raise FormatError(f"{name}: this is {other}: unpack it and name the folder, or pack it again as .zip")
    raise FormatError(f"{name}: this is {what}; {_EXPECTED}")


def _refused_whole(name: str, data: bytes, listed: bool) -> str:
    """The same for what only the whole file tells; an encrypted workbook gets an error of its own later."""
    what = signatures.office(data)
    if not data[: signatures.HEAD_BYTES].strip() and not data.strip():
        if not listed:
            raise FormatError(f"{name}: the file is empty: there is nothing to read")
        return "an empty file"
    if what in ("", "excel", "ods", "parquet", "password"):
        return ""
    if not listed:
        raise FormatError(f"{name}: this is {what}; {_EXPECTED}")
    return what


def _gunzip(name: str, data: bytes, budget: Budget, listed: bool, depth: int) -> Iterator[Opened]:
    try:
        raw = BytesIO(data)
        with gzip.GzipFile(fileobj=raw) as packed:
            inner = _read(packed, raw, name, budget)
    except EOFError:
        raise FormatError(f"{name}: the gzip file is cut off: copy or export it again") from None
    except (OSError, zlib.error) as error:
        raise FormatError(f"{name}: the gzip file is damaged ({error}): copy or export it again") from None
    said = f"gzip: {len(inner):,} bytes unpacked"
    for found in contents(name, inner, budget, listed, depth + 1):
        yield Opened(found.name, found.data, found.skipped, (said, *found.evidence))


def _unzip(name: str, data: bytes, budget: Budget, depth: int) -> Iterator[Opened]:
    try:
        raw = BytesIO(data)
        archive = zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        what = "Excel workbook" if _was_workbook(name, data) else ".zip archive"
        raise FormatError(
            f"{name}: no whole {what}: another kind of file, or one cut off while it was copied ({error}): "
            "export it again"
        ) from None
    with archive:
        members = [member for member in archive.infolist() if not member.filename.endswith("/")]
        budget.members += len(members)
        if budget.members > _MOST_MEMBERS:
            raise FormatError(
                f"{name}: {budget.members:,} files in it, more than {_MOST_MEMBERS:,}: "
                "unpack it yourself and name the files that matter"
            )
        named = [(f"{name}/{shown}", member) for member, shown in _shown(members) if shown]
        if not named:
            raise FormatError(f"{name}: the archive is empty: there is nothing to read")
        for path, member in named:
            yield from _member(archive, raw, member, path, name, budget, depth)


def _member(
    archive: zipfile.ZipFile, raw: BytesIO, member: zipfile.ZipInfo, path: str, name: str, budget: Budget, depth: int
) -> Iterator[Opened]:
    if stat.S_ISLNK(member.external_attr >> 16):
        yield Opened(path, b"", "a link to another file")
        return
    if member.flag_bits & 1:
        raise FormatError(f"{name}: the archive is password-protected: unpack it yourself and name the folder")
    if member.compress_type not in _METHODS:
        raise FormatError(
            f"{path}: packed in a way that is not read here (method {member.compress_type}): unpack it yourself"
        )
    try:
        with archive.open(member) as packed:
            head = packed.read(signatures.HEAD_BYTES)
            skipped = refused(path, head, listed=True)
            data = b"" if skipped else head + _read(packed, raw, name, budget)
    except FormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, NotImplementedError) as error:
        raise FormatError(f"{path}: the archive is damaged ({error}): copy or export it again") from None
    if skipped:
        yield Opened(path, b"", skipped)
        return
    for found in contents(path, data, budget, True, depth + 1):
        yield Opened(found.name, found.data, found.skipped, (f"zip: {len(data):,} bytes unpacked", *found.evidence))


def _read(packed: IO[bytes], raw: BytesIO, name: str, budget: Budget) -> bytes:
    """All of an unpacking stream over `raw`; a bomb is known by how little of `raw` it has taken so far."""
    start, size = raw.tell(), 0
    chunks = []
    while chunk := packed.read(_CHUNK):
        size += len(chunk)
        _check_ratio(name, size, raw.tell() - start)
        budget.spend(len(chunk), name)
        chunks.append(chunk)
    return b"".join(chunks)


def _was_workbook(name: str, data: bytes) -> bool:
    endings = (".xlsx", ".xlsm", ".xlsb", ".ods")
    marks = (b"[Content_Types].xml", b"opendocument.spreadsheet")
    return name.lower().endswith(endings) or any(mark in data[: signatures.HEAD_BYTES] for mark in marks)


def _shown(members: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Members with names that are safe to show and different from each other; litter has none."""
    taken: Counter[PurePosixPath] = Counter()
    for member in members:
        parts = _parts(member)
        if any(is_litter(part) for part in parts):
            yield member, ""
            continue
        path = PurePosixPath("/".join(parts)[-_LONGEST_NAME:].strip("/") or "unnamed")
        taken[path] += 1
        yield member, str(path.with_stem(f"{path.stem} ({taken[path]})") if taken[path] > 1 else path)


def _parts(member: zipfile.ZipInfo) -> list[str]:
    """`..\\\\..\\\\C:/a/b.csv` → ["a", "b.csv"]; nothing is ever written under such a name, but it is shown."""
    name = member.filename
    if not member.flag_bits & 0x800:
        # Macs write UTF-8 without saying so; what was no UTF-8 does not decode.
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = member.filename
    name = "".join(char if char.isprintable() else "\ufffd" for char in name.replace("\\", "/"))
    return [part for part in name.split("/") if part not in ("", ".", "..") and not part.endswith(":")]
