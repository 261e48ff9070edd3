"""Tables that are alike, for looking at: nobody reads three hundred lines about three hundred chats of one export."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from marcus_nb.formats import Table

MOST_LINES = 12


def place(file: str) -> str:
    """The archive or folder that a file lies in: `place("data/export.zip/chat/1.txt") == "data/export.zip"`."""
    archive, found, _ = file.partition(".zip/")
    return f"{archive}.zip" if found else str(PurePosixPath(file).parent)


def alike(tables: Sequence[Table]) -> list[list[Table]]:
    """Each table for itself while there are few; else those together that were taken for the same in one place."""
    if len(tables) <= MOST_LINES:
        return [[table] for table in tables]
    groups: dict[tuple[str, ...], list[Table]] = {}
    for table in tables:
        groups.setdefault((place(table.file), table.container, table.shape), []).append(table)
    if len(groups) > MOST_LINES:  # a folder of folders
        groups = {}
        for table in tables:
            groups.setdefault((table.container, table.shape), []).append(table)
    return list(groups.values())


def title(names: Sequence[tuple[str, str | None]]) -> str:
    """What a group is called, of (file, sheet): `chat.csv`, `book.xlsx, sheet 2`, `312 files in data/export.zip`."""
    files = {file for file, _ in names}
    if len(names) == 1:
        file, sheet = names[0]
        return f"{file}, sheet {sheet}" if sheet else file
    if len(files) == 1:
        return f"{len(names)} sheets of {names[0][0]}"
    places = {place(file) for file in files}
    where = f"{len(places)} places" if len(places) > 1 else places.pop()
    return f"{len(files)} files in {'the project' if where == '.' else where}"
