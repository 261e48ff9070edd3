"""Whether a run's files are still what its records say."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from marcus_nb.parameters import ROOT, STAGES
from marcus_nb.runs import provenance
from marcus_nb.runs.files import RunError, read_json, sha256
from marcus_nb.runs.folder import read_state
from marcus_nb.runs.stage import NOT_RECORDED

UNCHANGED, EDITED, MISSING, ADDED = "unchanged", "edited", "missing", "added"
PARAMETERS = "parameters.yaml"


@dataclass(frozen=True)
class Checked:
    """One file: `Checked("clean", "clean/train.jsonl", "edited")`; `more` is what of it, where that is known."""

    stage: str
    file: str
    found: str
    more: str = ""


def check(folder: Path) -> list[Checked]:
    """Every record of a run and every file that it names, hashed again; parameters and verdict as they were recorded.

    Files beside them in the folders that a stage wrote in are "added". The run may be of an older version.
    """
    found: list[Checked] = []
    state = read_state(folder)
    kept = _kept_parameters(folder)
    for stage in STAGES:
        try:
            record = _record(folder, stage)
        except RunError:
            found.append(Checked(stage, f"{stage}/record.json", EDITED, "damaged"))
            continue
        if record is not None:
            found += _checked_stage(folder, stage, record, state["stages"].get(stage, {}))
            found += _checked_parameters(folder, stage, record["parameters"], kept)
            if stage == "evaluate" and state.get("verdict") not in (None, record["counts"].get("verdict")):
                found.append(Checked(stage, "run.json", EDITED, "the verdict"))
    return found


def _record(folder: Path, stage: str) -> dict[str, Any] | None:
    path = folder / stage / "record.json"
    return read_json(path) if path.is_file() else None


def _checked_stage(folder: Path, stage: str, record: dict[str, Any], entry: dict[str, Any]) -> list[Checked]:
    found = []
    names = {"notebook": f"{provenance.NOTEBOOKS[stage]}.ipynb", "record": f"{stage}/record.json"}
    kept = {file: entry[name] for name, file in names.items() if entry.get(name)}  # older runs have none
    expected = record["writes"] | kept
    for file, digest in expected.items():
        path = folder / file
        same = path.is_file() and sha256(path) == digest
        found.append(Checked(stage, file, UNCHANGED if same else EDITED if path.is_file() else MISSING))
    for top in sorted({stage, *(Path(file).parts[0] for file in record["writes"])}):  # model/ is evaluate's
        for path in sorted((folder / top).rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and inside.as_posix() not in expected and not set(inside.parts) & set(NOT_RECORDED):
                found.append(Checked(stage, inside.as_posix(), ADDED))
    return found


def _kept_parameters(folder: Path) -> dict[str, dict[str, Any]] | None:
    """The sections of the run's parameters.yaml, as they stand there: of an older version, too; None if damaged."""
    try:
        kept = YAML(typ="safe", pure=True).load(folder / PARAMETERS)
    except (OSError, YAMLError, ValueError):
        return None
    return kept if isinstance(kept, dict) and all(isinstance(part, dict) for part in kept.values()) else None


def _checked_parameters(
    folder: Path, stage: str, recorded: dict[str, Any], kept: dict[str, dict[str, Any]] | None
) -> list[Checked]:
    if kept is None:
        return [Checked(stage, PARAMETERS, EDITED if (folder / PARAMETERS).is_file() else MISSING)]
    unknown = object()

    def now(name: str) -> Any:
        sections = (kept.get(stage, {}), *kept.values())
        return next((section[name] for section in sections if name in section), unknown)

    differing = [name for name, value in recorded.items() if now(name) != value]
    return [Checked(stage, PARAMETERS, EDITED, ", ".join(differing))] if differing else []


def outside(folder: Path) -> list[str]:
    """What has changed around the run since it was made, which is no fault of it: sources, code and versions.

    `["source notebooks/data/chat.csv was edited", "torch 2.13.0 → 2.14.0"]`
    """
    sources: dict[str, None] = {}
    others: dict[str, None] = {}
    code: dict[str, None] = {}  # last: after an update it is long
    for stage in STAGES:
        try:
            record = _record(folder, stage)
        except RunError:  # which `check` says
            continue
        if record is None:
            continue
        for key, digest in record["reads"].items():
            kind, _, name = key.partition(":")
            path = ROOT / name
            if kind == "source" and not path.is_file():
                sources[f"source {name} is not in the project's folder, so it was not checked"] = None
            elif kind == "source" and sha256(path) != digest:
                sources[f"source {name} was edited"] = None
        others |= dict.fromkeys(other_versions(record))
        code |= dict.fromkeys(f"code {name} is another" for name in provenance.changed_code(stage, record))
    return [*sources, *others, *code]


def other_versions(record: dict) -> list[str]:
    """Packages and machine that are not those of the record: `["torch 2.13.0 → 2.14.0", "cpu: A → B"]`."""
    now, machine = provenance.versions(), provenance.hardware()
    told = [
        f"{name} {was} → {now.get(name, 'none')}" for name, was in record["versions"].items() if now.get(name) != was
    ]
    return told + [
        f"{name}: {was} → {machine.get(name)}" for name, was in record["hardware"].items() if machine.get(name) != was
    ]
