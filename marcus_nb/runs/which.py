"""Which run a person means."""

import difflib
from pathlib import Path

from marcus_nb.launcher import to_type
from marcus_nb.parameters import experiments
from marcus_nb.runs.files import RunError, read_json
from marcus_nb.runs.folder import Run, folder_of, list_runs, open_run


def find_run(named: str) -> Run:
    """The run that a person names: `"acme"` is the newest finished run of acme, `"acme/20261122-120455-a1b2c3d"` one.

    Raises RunError when there is none, with the runs that there are and what makes one, and ParameterError when it is
    of a version whose parameters are not known any more.
    """
    folder = find_folder(named)
    return open_run(folder.parent.name, folder.name)


def find_folder(named: str) -> Path:
    """As `find_run`, but its folder, whose parameters need not be known to this version."""
    experiment, _, name = named.strip().strip("/").partition("/")
    if name:
        return folder_of(experiment, name)
    finished: dict[str, str] = {}
    for folder in list_runs():  # oldest first
        try:
            if read_json(folder / "run.json")["status"] == "PASSED":
                finished[folder.parent.name] = folder.name
        except (RunError, KeyError):  # a damaged run must not hide the others
            continue
    if experiment in finished:
        return folder_of(experiment, finished[experiment])
    near = difflib.get_close_matches(experiment, finished, 1)
    make = f"Make one: {to_type(experiment)}. " if experiment in experiments() else ""
    raise RunError(
        f"There is no finished run of {experiment!r}.{f' Did you mean {near[0]}?' if near else ''}\n"
        f"Finished runs there are of: {', '.join(sorted(finished)) or 'no experiment yet'} ({to_type('list')}).\n"
        f"{make}A single run is named EXPERIMENT/RUN."
    )
