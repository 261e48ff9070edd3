"""Whether a run's files are still what its records say."""

from dataclasses import dataclass

from marcus_nb.parameters import ROOT, STAGES
from marcus_nb.runs import provenance
from marcus_nb.runs.files import sha256
from marcus_nb.runs.folder import Run
from marcus_nb.runs.stage import NOT_RECORDED

UNCHANGED, EDITED, MISSING, ADDED = "unchanged", "edited", "missing", "added"


@dataclass(frozen=True)
class Checked:
    """One file: `Checked("clean", "clean/train.jsonl", "edited")`."""

    stage: str
    file: str
    found: str


def check(run: Run) -> list[Checked]:
    """Every file that the records name, hashed again; files that a stage's folder holds beside them are "added"."""
    found = []
    state = run.state
    for stage in STAGES:
        record = run.record(stage)
        if record is None:
            continue
        expected = dict(record["writes"])
        executed = state["stages"].get(stage, {}).get("notebook")
        if executed:  # older runs did not keep it
            expected[f"{provenance.NOTEBOOKS[stage]}.ipynb"] = executed
        for file, digest in expected.items():
            path = run.folder / file
            same = path.is_file() and sha256(path) == digest
            found.append(Checked(stage, file, UNCHANGED if same else EDITED if path.is_file() else MISSING))
        for path in sorted((run.folder / stage).rglob("*")):
            file = run.relative(path)
            if (
                path.is_file()
                and file not in expected
                and not set(path.relative_to(run.folder).parts) & set(NOT_RECORDED)
            ):
                found.append(Checked(stage, file, ADDED))
    return found


def outside(run: Run) -> list[str]:
    """What has changed around the run since it was made, which is no fault of it: sources, code and versions.

    `["source notebooks/data/chat.csv was edited", "torch 2.13.0 → 2.14.0"]`
    """
    told: dict[str, None] = {}
    for stage in STAGES:
        record = run.record(stage)
        if record is None:
            continue
        for key, digest in record["reads"].items():
            kind, _, name = key.partition(":")
            path = ROOT / name
            if kind == "source" and path.is_file() and sha256(path) != digest:
                told[f"source {name} was edited"] = None
        told |= dict.fromkeys(f"code {name} is another" for name in provenance.changed_code(stage, record))
        told |= dict.fromkeys(other_versions(record))
    return list(told)


def other_versions(record: dict) -> list[str]:
    """Packages and machine that are not those of the record: `["torch 2.13.0 → 2.14.0", "cpu: A → B"]`."""
    now, machine = provenance.versions(), provenance.hardware()
    told = [
        f"{name} {was} → {now.get(name, 'none')}" for name, was in record["versions"].items() if now.get(name) != was
    ]
    return told + [
        f"{name}: {was} → {machine.get(name)}" for name, was in record["hardware"].items() if machine.get(name) != was
    ]
