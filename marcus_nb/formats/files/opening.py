"""What a source names on the disk: a file, a folder, a pattern, an archive; each file that lies there, opened."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from marcus_nb.formats import words
from marcus_nb.formats.files import signatures, unpacking
from marcus_nb.formats.files.unpacking import Budget, Opened
from marcus_nb.formats.tables import FormatError

__all__ = ["Opened", "open_source", "paths"]

_MOST_BYTES = 2_000_000_000
_MOST_FILES = 100_000
_WILD = re.compile(r"[*?\[]")


def open_source(path: str, root: Path) -> list[Opened]:
    """The files that a source names, archives unpacked in memory, in the order of their names.

    open_source("data/export.zip", root) → [Opened("data/export.zip/chat.csv", b"prompt,reply…")]

    `path` is relative to `root` or absolute. Files in a folder or an archive that hold no conversations by their
    nature come as skipped, with the reason. Raises FormatError, with every broken file of a folder in it.
    """
    written = path.replace("\\", "/")
    budget = Budget()
    found = _found(written, root)
    if found is None:
        return list(unpacking.contents(written, _read(root / written, written), budget, listed=False))
    opened: list[Opened] = []
    problems: list[str] = []
    total = 0
    for name, place, skipped in found:
        try:
            if not skipped:
                total += place.stat().st_size
                skipped, data = _read_listed(place, name)
            if skipped:
                opened.append(Opened(name, b"", skipped))
                continue
            if total > _MOST_BYTES:
                raise FormatError(
                    f"{written}: more than {_MOST_BYTES // 1_000_000:,} MB altogether: name its parts one by one"
                )
            opened += unpacking.contents(name, data, budget, listed=True)
        except FormatError as error:
            problems.append(str(error))
            if total > _MOST_BYTES:
                break
    if problems:
        raise FormatError("\n".join(problems))
    return opened


def paths(path: str, root: Path) -> list[Path]:
    """The files on the disk that a source names, archives as they are: what a fingerprint is to cover."""
    written = path.replace("\\", "/")
    found = _found(written, root)
    return [root / written] if found is None else [place for _, place, skipped in found if not skipped]


def _found(written: str, root: Path) -> list[tuple[str, Path, str]] | None:
    """(name, place, why it is skipped) of each file of a folder or pattern; None when one ordinary file is named."""
    place = root / written
    try:
        kind = place.stat().st_mode
    except (OSError, ValueError):
        return _matching(written, root)
    if stat.S_ISDIR(kind):
        found = list(_below(place, "" if written in (".", "./") else written.rstrip("/") or "/"))
        if not any(not skipped for _, _, skipped in found):
            raise FormatError(f"{written}: there is no file to read in this folder: looked in {place}")
        return found
    if not stat.S_ISREG(kind):
        raise FormatError(f"{written}: this is no file but a pipe, a socket or a device: expected a file or a folder")
    return None


def _matching(written: str, root: Path) -> list[tuple[str, Path, str]]:
    if not _WILD.search(written):
        place = root / written
        there = _names_in(place.parent)
        raise FormatError(f"{written}: there is no such file{words.near(place.name, there)}: looked for {place}")
    parts = written.split("/")
    fixed = next(at for at, part in enumerate(parts) if _WILD.search(part))
    base = "/".join(parts[:fixed])
    folder = root / (base + "/" if base or written.startswith("/") else "")
    deep = None if "**" in parts else len(parts) - fixed
    wanted = _pattern("/".join(parts[fixed:]))
    prefix = base + "/" if fixed else ""
    found = [file for file in _below(folder, base, deep) if wanted.fullmatch(file[0].removeprefix(prefix))]
    if not found:
        there = _names_in(folder)
        said = f"there are {words.listed(there)}" if there else "there is nothing"
        raise FormatError(f"{written}: no file has a name like this: in {folder} {said}")
    return found


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not unpacking.is_litter(name))  # noqa: PTH208
    except (OSError, ValueError):
        return []


def _pattern(pattern: str) -> re.Pattern[str]:
    """`**/*.csv` as a regular expression on a path: `*` stays within a folder, `**` is any number of folders."""
    said = ""
    for part in re.split(r"((?:\*\*/)+|\*+|\?|\[[^\]/]+\])", pattern):
        if part.endswith("**/"):
            said += "(?:.*/)?"
        elif part.startswith("**"):
            said += ".*"
        elif part == "*":
            said += "[^/]*"
        elif part == "?":
            said += "[^/]"
        elif part.startswith("[") and len(part) > 2:
            inner = re.sub(r"([\\\[&~|])", r"\\\1", part[1:-1])
            said += f"[{'^' + inner[1:] if inner[0] == '!' else inner}]"
        else:
            said += re.escape(part)
    # The same files whatever the system: exports end in .CSV as often as in .csv.
    return re.compile(said, re.IGNORECASE)


def _below(folder: Path, written: str, deep: int | None = None) -> Iterator[tuple[str, Path, str]]:
    """Every file below a folder, at most `deep` levels, in the order of the names; links are never followed."""
    count = 0
    start = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow the links that are to be told

    def unreadable(error: OSError) -> None:
        raise FormatError(f"{written}: the folder {error.filename} cannot be opened ({error.strerror})")

    for at, folders, files in os.walk(start, onerror=unreadable):
        here = Path(at)
        inside = here.relative_to(start).as_posix()
        level = 0 if inside == "." else inside.count("/") + 1
        linked = [name for name in folders if (here / name).is_symlink()]
        for name in sorted([*files, *linked]):
            if unpacking.is_litter(name):
                continue
            count += 1
            if count > _MOST_FILES:
                raise FormatError(f"{written}: more than {_MOST_FILES:,} files: name the folder that matters")
            shown = name if inside == "." else f"{inside}/{name}"
            yield (
                (f"{written}/{shown}" if written not in ("", "/") else written + shown),
                here / name,
                _no_file(here / name, start),
            )
        stop = deep is not None and level + 1 >= deep
        folders[:] = [] if stop else sorted(n for n in folders if n not in linked and not unpacking.is_litter(n))


def _no_file(place: Path, start: Path) -> str:
    """Why a name in a folder is not read: it is a link, or no file at all; "" for an ordinary file."""
    kind = place.lstat().st_mode
    if stat.S_ISREG(kind):
        return ""
    if not stat.S_ISLNK(kind):
        return "no file but a pipe, a socket or a device"
    try:
        target = place.resolve(strict=True)
    except (OSError, RuntimeError):
        return "a link that leads nowhere"
    if target.is_relative_to(start.resolve()):
        return "a link to what lies in the same folder"
    return "a link that leads out of the folder"


def _read_listed(place: Path, name: str) -> tuple[str, bytes]:
    """Why a file of a folder is skipped, or its bytes: a film of many gigabytes is told by its beginning."""
    try:
        with place.open("rb") as file:
            skipped = unpacking.refused(name, file.read(signatures.HEAD_BYTES), listed=True)
    except OSError as error:
        raise _closed(name, error) from None
    return skipped, b"" if skipped else _read(place, name)


def _read(place: Path, name: str) -> bytes:
    try:
        size = place.stat().st_size
        if size > _MOST_BYTES:
            raise FormatError(
                f"{name}: {size // 1_000_000:,} MB, above the limit of {_MOST_BYTES // 1_000_000:,} MB: split it"
            )
        return place.read_bytes()
    except OSError as error:
        raise _closed(name, error) from None


def _closed(name: str, error: OSError) -> FormatError:
    return FormatError(f"{name}: the file cannot be opened ({error.strerror}): is it open elsewhere?")
