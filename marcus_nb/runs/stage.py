"""One stage of a run: where it reads, where it writes, and the record that says that it finished."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from marcus_nb.launcher import LAUNCHER, to_type
from marcus_nb.parameters import ROOT, STAGES, Parameters, experiment_and_run, from_cell
from marcus_nb.parameters.cell import CHOSEN
from marcus_nb.parameters.files import merge_stage, override
from marcus_nb.runs import choices, provenance
from marcus_nb.runs import folder as run_folder
from marcus_nb.runs.files import RunError, read_json, saying_disk_full, sha256, sha256_once, write_json
from marcus_nb.runs.folder import DRAFT, Run

_KEYS = {"parameters", "parameters_hash", "reads", "writes", "notebook", "library"}  # by which a record is compared
# Made on the way and deletable: no part of what a stage promises.
NOT_RECORDED = ("record.json", "log.txt", "server.log", "process.json", "checkpoints")


@dataclass
class Stage:
    """A stage at work. `parameters` is the whole resolved set; `folder` is where the stage writes."""

    name: str
    run: Run
    reads: dict[str, str] = field(default_factory=dict)
    sources: dict[Path, str] = field(default_factory=dict)  # the keys of `reads` that are files of the person's own
    started: float = field(default_factory=time.time)

    @property
    def parameters(self) -> Parameters:
        return self.run.parameters

    @property
    def folder(self) -> Path:
        return self.run.folder / self.name

    def choose(self, changes: dict[str, Any]) -> None:
        """Take choices into the draft, `stage.choose({"clean.redact": False})`: kept at once, above the YAML.

        `stage.parameters` has them from then on, and so has a cell that is run after. Raises ParameterError, and
        changes nothing, for a value that the schema refuses, and RunError for a run that is no draft.
        """
        if self.run.name != DRAFT:
            raise RunError(
                f"Run {self.run.experiment}/{self.run.name} keeps its own parameters: choose in run = 'draft'"
            )
        origins = choices.choose(self.run.experiment, changes).origins
        # Another notebook may have chosen meanwhile for its own stage.
        newest = merge_stage(run_folder.open_run(self.run.experiment, DRAFT).parameters, self.parameters, self.name)
        chosen = override(newest, changes, CHOSEN)
        chosen = replace(chosen, origins=chosen.origins | {key: origins[key] for key in changes})
        self.run = run_folder.create(chosen, DRAFT)

    def log(self, text: str) -> None:
        """One line for the console and the stage's log.txt."""
        path = self.folder / "log.txt"
        with saying_disk_full(path), path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {text}\n")

    def written_by(self, maker: str, name: str) -> Path:
        """The file that another stage wrote, checked: `stage.written_by("clean", "train.jsonl")`.

        Raises RunError that names the notebook to run again when the maker has not finished, made it with other
        parameters or from other input, or when the file was edited since.
        """
        path = self.run.folder / maker / name
        record = _checked_record(self.run, maker)
        key = self.run.relative(path)
        if key not in record["writes"]:
            raise RunError(f"{provenance.NOTEBOOKS[maker]} wrote no {name}; it wrote {', '.join(record['writes'])}")
        if not path.is_file() or sha256(path) != record["writes"][key]:
            state = "was edited" if path.is_file() else "was deleted"
            raise RunError(f"{key} {state} since {_again(maker)}")
        self.reads[key] = record["writes"][key]
        return path

    def read_source(self, path: Path) -> Path:
        """Note a file of the person's own as read, by its name within the project and its hash.

        Of a file elsewhere only its own name is noted: folders may carry a person's name.
        """
        key = f"source:{path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name}"
        digest = sha256(path)
        if path in self.sources:  # read again, and maybe edited meanwhile
            key = self.sources[path]
        elif self.reads.get(key, digest) != digest:
            key += f" ({digest[:7]})"  # two files of one name, from different folders
        self.reads[key], self.sources[path] = digest, key
        return path

    def finish(self, counts: dict[str, Any], headline: Sequence[str], also: Sequence[str] = ()) -> dict[str, Any]:
        """Write the stage's record, last: its existence means that the stage finished.

        `headline` are the lines the console shows; `also` names folders of the run outside the stage's own
        (`["model"]`) whose files it wrote.
        """
        written = [
            path
            for top in (self.name, *also)
            for path in sorted((self.run.folder / top).rglob("*"))
            if path.is_file() and not set(path.relative_to(self.run.folder / top).parts) & set(NOT_RECORDED)
        ]
        record = {
            "stage": self.name,
            "finished": run_folder.now(),
            "seconds": round(time.time() - self.started, 1),
            "reused_from": None,
            "counts": counts,
            "headline": list(headline),
            "parameters": self.parameters.stage(self.name),
            "parameters_hash": self.parameters.stage_hash(self.name),
            "reads": self.reads,
            "writes": {self.run.relative(path): sha256(path) for path in written},
            "notebook": provenance.notebook_hash(self.name),
            "library": provenance.library_files(self.name),
            "versions": provenance.versions(),
            "hardware": provenance.hardware(),
            "git": provenance.git(),
        }
        write_json(self.folder / "record.json", record)
        if self.parameters.own_folders:
            (self.folder / "record.json").chmod(0o600)  # it says where a person's files lie
        self.log(f"finished in {record['seconds']:.0f} s")
        return record


def open_stage(name: str, cell: dict[str, Any]) -> Stage:
    """Begin a stage from its notebook: `stage = open_stage("clean", vars())` right after the parameters cell.

    A draft takes its parameters from the cell and the YAML and may be overwritten; any other run has its own
    parameters, which the cell must repeat, and each of its stages runs once.
    Raises ParameterError for a wrong parameter and RunError for a run that is finished or is not there.
    """
    named, run_name = experiment_and_run(cell)
    experiment = Path(named).stem if named.endswith((".yaml", ".yml")) else named
    if run_name == DRAFT:
        resolved = from_cell(name, cell, chosen=choices.read(experiment), prepared=choices.prepared(experiment, name))
        draft = run_folder.outputs_root() / experiment / DRAFT
        if (draft / "run.json").is_file():
            resolved = merge_stage(run_folder.open_run(experiment, DRAFT).parameters, resolved, name)
        run = run_folder.create(resolved, DRAFT)
        (run.folder / name / "record.json").unlink(missing_ok=True)
    else:
        run = run_folder.open_run(experiment, run_name)
        _refuse_if_finished(run, name)
        resolved = from_cell(name, cell | {"experiment": experiment}, run.parameters)
        if resolved.stage(name) != run.parameters.stage(name):
            raise RunError(f"Run {run.name} keeps its own parameters, and this cell differs: use run = 'draft'")
    (run.folder / name).mkdir(exist_ok=True)
    stage = Stage(name, run)
    stage.log(f"{provenance.NOTEBOOKS[name]} begins")
    return stage


def _refuse_if_finished(run: Run, stage: str) -> None:
    status = run.state["status"]
    if status != "RUNNING" or run.record(stage):
        raise RunError(
            f"Run {run.experiment}/{run.name} is {status}: its {stage} is a record and is not made again. "
            f"Work in run = 'draft', or start a new run: {to_type(run.experiment, '--from', stage)}"
        )


def _again(maker: str) -> str:
    notebook = provenance.NOTEBOOKS[maker]
    return f"{notebook} wrote it: run {notebook}.ipynb again (headless: {LAUNCHER} EXPERIMENT --from {maker})"


def _checked_record(run: Run, maker: str) -> dict[str, Any]:
    record = run.record(maker)
    notebook = provenance.NOTEBOOKS[maker]
    if record is None:
        raise RunError(f"{notebook} has not finished in run {run.experiment}/{run.name}: run {notebook}.ipynb first")
    if record["parameters_hash"] != run.parameters.stage_hash(maker):
        differing = _differing(record, run.parameters.stage(maker))
        raise RunError(f"{maker} was made with another {differing}: run {notebook}.ipynb again")
    for key, digest in record["reads"].items():
        earlier, _, _ = key.partition("/")
        if earlier in STAGES and _checked_record(run, earlier)["writes"].get(key) != digest:
            raise RunError(f"{key} is newer than what {notebook} read: run {notebook}.ipynb again")
    return record


def _differing(record: dict[str, Any], current: dict[str, Any]) -> str:
    """Names of parameters with another value now, those that only one of the two versions knows included."""
    names = dict.fromkeys([*current, *record["parameters"]])
    unknown = object()
    differing = [n for n in names if record["parameters"].get(n, unknown) != current.get(n, unknown)]
    return _first(differing)


def _first(names: Sequence[str], most: int = 4) -> str:
    """`_first(["a", "b", "c", "d", "e", "f"])` → "a, b, c, d and 2 more"."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def why_not_reusable(
    folder: Path, stage: str, parameters: Parameters, sources: Sequence[Path], look_into_files: bool = True
) -> str | None:
    """Why a new run with `parameters` cannot take a stage over from the run in `folder`; None when it can.

    `sources` are the files of the person's own that ingest (its sources) or evaluate (those for contrast) would read
    now; clean's choices by hand are known. One that is new, gone or edited tells. Without `look_into_files`, what the
    stage wrote only has to be there: a model takes seconds to hash.
    """
    path = folder / stage / "record.json"
    record = read_json(path) if path.is_file() else None
    if record is None:
        return "never finished"
    if not record.keys() >= _KEYS:
        return "its record is damaged, or of another version"
    if record["parameters_hash"] != parameters.stage_hash(stage):
        return f"parameters changed: {_differing(record, parameters.stage(stage))}"
    known = {digest for key, digest in record["reads"].items() if key.startswith("source:")}
    if stage == "clean":
        by_hand = parameters.by_hand_file
        if by_hand and not by_hand.is_file():
            return f"input gone: {by_hand.name}"
        sources = [by_hand] if by_hand else []
    if stage in ("ingest", "clean", "evaluate"):
        now = {sha256_once(path): path for path in sources}
        if edited := next((path for digest, path in now.items() if digest not in known), None):
            return f"input edited: {edited.name}"
        if len(now) < len(known):
            return "a file that it read is no longer there"
    if code := other_code(stage, record):
        return code
    for key, digest in record["writes"].items():
        path = folder / key
        if not path.is_file() or (look_into_files and sha256(path) != digest):
            return f"{key} was edited or deleted"
    return f"{_executed(folder, stage).name} was edited or deleted" if _executed_is_another(folder, stage) else None


def _executed(folder: Path, stage: str) -> Path:
    return folder / f"{provenance.NOTEBOOKS[stage]}.ipynb"


def _executed_is_another(folder: Path, stage: str) -> bool:
    """Whether the executed notebook is no longer the one that the run made; of older runs nobody knows."""
    path, kept = _executed(folder, stage), run_folder.read_state(folder)["stages"].get(stage, {}).get("notebook")
    return bool(kept) and not (path.is_file() and sha256(path) == kept)


def other_code(stage: str, record: dict[str, Any]) -> str | None:
    """`"code changed: marcus_nb/clean/rules.py"` where it is not the code that made the record; else None."""
    code = provenance.changed_code(stage, record)
    return f"code changed: {_first(code)}" if code else None


def reuse(parent: Run, run: Run, stage: str) -> None:
    """Copy a finished stage into a new run, verify the copies, and say so in its record.

    Raises RunError when a file is no longer what the record says, and DiskFull; the new run then has no such stage.
    """
    record = read_json(parent.folder / stage / "record.json")
    for key, digest in record["writes"].items():
        original, target = parent.folder / key, run.folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with saying_disk_full(target):
            if original.is_file():
                target.touch(mode=0o600)  # a copy is open to others until it has the mode of its original
                shutil.copy2(original, target)
        if not target.is_file() or sha256(target) != digest:
            raise RunError(
                f"{key} of run {parent.experiment}/{parent.name} was edited or deleted since {_again(stage)}"
            )
    executed = _executed(parent.folder, stage)
    if _executed_is_another(parent.folder, stage):
        raise RunError(
            f"{executed.name} of run {parent.experiment}/{parent.name} was edited or deleted since {_again(stage)}"
        )
    if executed.is_file():
        with saying_disk_full(run.folder / executed.name):
            shutil.copy2(executed, run.folder / executed.name)
    write_json(run.folder / stage / "record.json", record | {"reused_from": record["reused_from"] or parent.name})
