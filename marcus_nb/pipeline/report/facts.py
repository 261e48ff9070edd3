"""What is known of a run, read from its files; what is missing or damaged is left out and never an error."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from marcus_nb.display.standing import Standing, standing
from marcus_nb.parameters import STAGES
from marcus_nb.runs import DRAFT, Run, RunError, list_runs, read_json, read_state
from marcus_nb.runs.provenance import NOTEBOOKS
from marcus_nb.words import restored, worded

_CLAIM = {
    **{"name": "", "statement": "", "sentence": "", "advice": "", "status": "not measurable"},
    **{"value": None, "low": None, "high": None, "n": 0, "threshold": 0.0},
}
_MEASURED = {
    **{"claim": "", "measure": "", "unit": "", "better": "", "who": ""},
    **{"value": None, "low": None, "high": None, "n": 0},
}


@dataclass(frozen=True)
class Facts:
    """One run: `state` is the only truth about its status, `results` what 04_evaluate found so far.

    `records` has an entry for each stage that finished: `{"ingest": {...}}`. `before` is the newest run of the
    experiment that began before this one, passed and was evaluated, or None. `persona_name` and `base_model` are empty
    where the run's parameters were not read, which takes long for hundreds of runs.
    """

    folder: Path
    state: dict[str, Any]
    records: dict[str, dict[str, Any]]
    results: dict[str, Any]
    before: "Facts | None" = None
    persona_name: str = ""
    base_model: str = ""

    @property
    def experiment(self) -> str:
        return self.folder.parent.name

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def status(self) -> str:
        return worded("DRAFT") if self.name == DRAFT else str(self.state.get("status", worded("unknown")))

    @property
    def unfinished(self) -> str | None:
        """The stage where a run stopped, `"train"`; None where it did not stop in one."""
        stages = self.state.get("stages", {})
        return next((s for s in STAGES if stages.get(s, {}).get("status", "PASSED") != "PASSED"), None)

    def standings(self) -> dict[str, Standing]:
        """Where each claim stands, by its name, in the order of the report card."""
        measures = [SimpleNamespace(**(_MEASURED | item)) for item in _rows(self.results, "measures")]
        claims = [SimpleNamespace(**(_CLAIM | item)) for item in _rows(self.results, "claims")]
        return {claim.name: standing(claim, measures) for claim in claims}


def gather(run: Run) -> Facts:
    """Everything that the run's files say. Raises RunError only where run.json itself cannot be read."""
    shared = run.parameters.shared
    found = gather_from(run.folder)
    return replace(found, before=_before(run.folder), persona_name=shared.persona_name, base_model=shared.base_model)


def gather_from(folder: Path) -> Facts:
    """The same of a run's folder alone, without its parameters and the run before it. Raises RunError likewise."""
    records = {stage: found for stage in STAGES if (found := _read(folder / stage / "record.json"))}
    results = _read(folder / "evaluate" / "results.json")
    return Facts(folder, read_state(folder), records, restored(results, results.get("templates")))


def notebook(folder: Path, stage: str) -> Path | None:
    """The stage's executed notebook, or as far as it came, or None where it was not begun."""
    names = (f"{NOTEBOOKS[stage]}{ending}.ipynb" for ending in ("", ".FAILED", ".partial"))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _before(own: Path) -> Facts | None:
    for folder in reversed(list_runs(own.parent.name)):
        if folder.name >= own.name or folder.name == DRAFT:  # names begin with the time
            continue
        if _read(folder / "run.json").get("status") == "PASSED" and _read(folder / "evaluate/results.json"):
            return gather_from(folder)
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except (RunError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def _rows(results: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = results.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
