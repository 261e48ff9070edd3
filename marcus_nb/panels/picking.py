"""The person's own files: those that lie near, the path that was typed, and what was uploaded."""

import os
import tempfile
from itertools import count
from pathlib import Path

from marcus_nb import formats
from marcus_nb.formats import FormatError
from marcus_nb.parameters import ROOT, Source, source_path
from marcus_nb.renaming import replace
from marcus_nb.runs import outputs_root

_MOST = 500  # entries that a box offers


def uploaded(experiment: str, name: str, content: bytes) -> str:
    """Keep an uploaded file among the person's own, never over another one; returns its path for the YAML."""
    last = Path(name.replace("\\", "/")).name  # of ../x only x counts
    named = Path(last if last.strip(". ") else "file")
    folder = outputs_root() / experiment / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    numbered = (folder / f"{named.stem}-{number}{named.suffix}" for number in count(2))
    path = folder / named
    while path.exists():
        if path.is_file() and path.read_bytes() == content:
            return source_path(str(path))
        path = next(numbered)
    handle, temporary = tempfile.mkstemp(dir=folder)  # a name that nobody has, for its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        replace(Path(temporary), path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return source_path(str(path))


def typed(written: str) -> Path:
    """What was typed, from the project's folder, where a path in the YAML begins: `~/chats`, `"data/chat.csv"`."""
    return ROOT / Path(written.strip().strip("\"'")).expanduser()


def inside(folder: Path) -> list[str]:
    """The folders in a folder, `data/old/`, then its files, as the YAML names them; nothing hidden."""
    found = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "~$"))]
    folders = [f"{source_path(str(path))}/" for path in found if path.is_dir()]
    files = [source_path(str(path)) for path in found if path.is_file()]
    return (folders + files)[:_MOST]


def near(sources: list[Source]) -> list[str]:
    """What one might mean: the files and folders beside those that are read. One that is gone is passed over."""
    folders: dict[Path, None] = {}
    for source in sources:
        try:
            folders |= {path.parent: None for path in formats.paths([source], ROOT)}
        except FormatError:
            continue
    return [name for folder in folders if folder.is_dir() for name in inside(folder)][:_MOST]
