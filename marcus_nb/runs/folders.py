"""No folder of this machine, nor of a person's own files, in what is shown or shared of a run."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marcus_nb.parameters import ROOT, Parameters
from marcus_nb.runs.folder import outputs_root

Known = Sequence[tuple[re.Pattern[str], str]]


def known_folders(parameters: Parameters | None = None) -> Known:
    """What finds each folder of this machine and what is shown for it, the longest first: `/home/ada/marcus` → `.`.

    With parameters also the folders of the person's own files that they name, for which `…` is shown.
    """
    named = {outputs_root(): "outputs", ROOT: ".", Path(sys.prefix): "python", Path.home(): "~"}
    known = {str(folder): shown for folder, shown in named.items() if len(folder.parts) > 1}
    for folder in parameters.own_folders.values() if parameters else ():
        known.setdefault(folder, "…")
    return [(pattern(folder), known[folder]) for folder in sorted(known, key=lambda folder: -len(folder))]


def pattern(folder: str) -> re.Pattern[str]:
    r"""What finds a folder however it is written: with either slash, and with those of Windows doubled, as JSON does.

    Neither `/mnt/home/ada` nor `/home/adam` is `/home/ada`; but on a drive of Windows `c:/users/ada` is `C:/Users/Ada`.
    A blank may stand as in an address, `%20`.
    """
    parts = [re.escape(part).replace(r"\ ", "(?: |%20)") for part in re.split(r"[\\/]+", folder.rstrip("\\/"))]
    start = r"(?<![\w.…~])" if not parts[0] else r"(?<!\w)"
    of_windows = re.IGNORECASE if re.match("[A-Za-z]:", folder) else re.NOFLAG
    return re.compile(start + r"(?:/|\\{1,4})".join(parts) + r"(?![\w-])", of_windows)


def without_folders(value: Any, known: Known) -> Any:
    """Every string below `value`, pictures apart, with `/home/ada/marcus/x.py` turned into `./x.py`."""
    if isinstance(value, dict):
        pictures = {key: item for key, item in value.items() if key.startswith("image/")}
        return {key: without_folders(item, known) for key, item in value.items()} | pictures
    if isinstance(value, list):
        return [without_folders(item, known) for item in value]
    if isinstance(value, str):
        for folder, shown in known:
            value = folder.sub(shown, value)
    return value
