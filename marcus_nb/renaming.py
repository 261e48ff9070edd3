"""Giving a finished file or folder its name, on Windows as on Linux."""

import time
from pathlib import Path


def replace(temporary: Path, path: Path) -> Path:
    """Rename over `path`; Windows refuses for a moment while a virus scanner or an indexer holds the file.

    A folder takes a name that is free. Raises PermissionError when it is refused for three seconds.
    """
    for wait in (0.2, 0.4, 0.8, 1.6):
        try:
            return temporary.replace(path)
        except PermissionError:
            time.sleep(wait)
    return temporary.replace(path)
