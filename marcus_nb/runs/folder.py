"""The run folder: make one, open one, list them."""

import contextlib
import errno
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from marcus_nb import parameters as parameters_module
from marcus_nb.launcher import to_type
from marcus_nb.parameters import NAME, ROOT, Parameters
from marcus_nb.runs import processes
from marcus_nb.runs.files import RunError, read_json, saying_disk_full, write_json
from marcus_nb.runs.lock import held

DRAFT = "draft"
# The longest name below a run folder: a checkpoint that is being written.
DEEPEST = "train/checkpoints/.checkpoint-999999.tmp/checkpoint-999999/trained.safetensors"
STATUSES = ("RUNNING", "PASSED", "FAILED", "INCOMPLETE")


@dataclass(frozen=True)
class Run:
    """One run of one experiment: `outputs/<experiment>/<name>/`."""

    experiment: str
    name: str
    folder: Path
    parameters: Parameters

    @property
    def state(self) -> dict[str, Any]:
        """What run.json says: status, stages, verdict. A run whose process is gone is INCOMPLETE, whatever it says."""
        return read_state(self.folder)

    def record(self, stage: str) -> dict[str, Any] | None:
        """The record of a stage that has finished, else None."""
        path = self.folder / stage / "record.json"
        return read_json(path) if path.is_file() else None

    def relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()


def read_state(folder: Path) -> dict[str, Any]:
    """What a run's run.json says, corrected where its process is gone; its parameters are not read, which takes longer.

    Raises RunError when it is not there or damaged.
    """
    state = read_json(folder / "run.json")
    try:
        running = state["status"] == "RUNNING" and folder.name != DRAFT
        # Of another machine, which shares the folder, no process can be seen from here; its lock can.
        if running and not processes.living(state["process"]) and not held(folder):
            stage = next((s for s, entry in state["stages"].items() if entry["status"] == "RUNNING"), None)
            when = f"during {stage}" if stage else "between stages"
            likely = "killed, out of memory, or the machine was switched off"
            state |= {"status": "INCOMPLETE", "cause": f"the process ended without a word {when}: {likely}"}
    except (KeyError, TypeError) as error:
        raise RunError(f"{folder / 'run.json'} is damaged (it lacks {error}); start a new run") from error
    return state


def outputs_root() -> Path:
    """Where runs are kept: `outputs/`, or the folder that MARCUS_OUTPUTS names."""
    return Path(os.environ.get("MARCUS_OUTPUTS") or ROOT / "outputs").resolve()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def create(parameters: Parameters, name: str = "", parent: str | None = None, reproduces: str | None = None) -> Run:
    """A new run folder with its resolved parameters; `parent` is the run whose stages it reuses, `reproduces` the one
    that it makes again.

    Raises RunError for a name that is no folder's, and DiskFull.
    """
    if name and not NAME.fullmatch(name):
        raise RunError(
            f"{name!r} names no run: letters, digits, dots, dashes and underscores, and no device of Windows (nul)"
        )
    name = name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{parameters.hash[:7]}"
    folder = outputs_root() / parameters.experiment / name
    if name != DRAFT or not folder.is_dir():
        for attempt in range(2, 100):  # two runs within one second
            try:
                folder.mkdir(parents=True, exist_ok=name == DRAFT)
                break
            except FileExistsError:
                folder = folder.with_name(f"{name}-{attempt}")
        _make_room(folder)
    with saying_disk_full(folder / "parameters.yaml"):
        parameters_module.save(parameters, folder / "parameters.yaml")
        if parameters.own_folders:
            (folder / "parameters.yaml").chmod(0o600)  # it says where a person's files lie
    state = {
        "experiment": parameters.experiment,
        "run": folder.name,
        "status": "RUNNING",
        "started": now(),
        "finished": None,
        "cause": None,
        "verdict": None,
        "parent": parent,
        "reproduces": reproduces,
        "process": processes.identity(),
        "stages": {},
        "origins": parameters.origins,
    }
    write_json(folder / "run.json", state)
    return Run(parameters.experiment, folder.name, folder, parameters)


def _make_room(folder: Path) -> None:
    """Refuse now a folder whose files would get names too long for the system: hours later is too late.

    Windows allows 260 characters unless told otherwise.
    """
    longest = folder / DEEPEST
    try:
        longest.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.ENOENT):
            raise
        with contextlib.suppress(OSError):
            os.removedirs(next(path for path in longest.parents if path.is_dir()))
        raise RunError(
            f"The files of a run in {folder} would have names of {len(str(longest))} characters, longer than this "
            "system allows.\nMove the project to a folder with a shorter name, or keep the runs in one: set "
            "MARCUS_OUTPUTS to it, such as C:\\marcus"
        ) from None
    for made in (longest, *longest.parents):
        if made == folder or any(made.iterdir()):
            break
        made.rmdir()


def open_run(experiment: str, name: str) -> Run:
    """Open an existing run. Raises RunError when there is none of that name."""
    folder = folder_of(experiment, name)
    origins = read_json(folder / "run.json").get("origins")
    if origins is None:
        raise RunError(f"{folder / 'run.json'} is damaged (it lacks 'origins'); start a new run")
    return Run(experiment, name, folder, parameters_module.load_saved(folder / "parameters.yaml", experiment, origins))


def folder_of(experiment: str, name: str) -> Path:
    """The folder of an existing run. Raises RunError when there is none of that name."""
    folder = outputs_root() / experiment / name
    if not (NAME.fullmatch(experiment) and NAME.fullmatch(name)) or not (folder / "run.json").is_file():
        raise RunError(f"There is no run {experiment}/{name} (looked for {folder / 'run.json'}); see {to_type('list')}")
    return folder


def take_up(run: Run) -> None:
    """Go on with a run that stopped: it is this process's now."""
    update(run, status="RUNNING", cause=None, finished=None, process=processes.identity())


def update(run: Run, **changes: Any) -> None:
    """Change fields of run.json; `stages={"train": {...}}` is merged stage by stage."""
    state = read_json(run.folder / "run.json")
    for stage, entry in changes.pop("stages", {}).items():
        state["stages"][stage] = state["stages"].get(stage, {}) | entry
    write_json(run.folder / "run.json", state | changes)


def list_runs(experiment: str | None = None) -> list[Path]:
    """Folders of all runs, or of one experiment's, oldest first, its draft among them."""
    pattern = f"{experiment or '*'}/*/run.json"
    return sorted((path.parent for path in outputs_root().glob(pattern)), key=lambda folder: folder.name)
