"""What is known of a run, read from its files; what is missing or damaged is left out and never an error."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from marcus_nb.display.standing import Standing, standing
from marcus_nb.parameters import STAGES
from marcus_nb.runs import DRAFT, Run, RunError, list_runs, read_json
from marcus_nb.runs.provenance import NOTEBOOKS

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
    experiment that had finished when this one began, or None.
    """

    run: Run
    state: dict[str, Any]
    records: dict[str, dict[str, Any]]
    results: dict[str, Any]
    before: "Facts | None" = None

    @property
    def status(self) -> str:
        return "DRAFT" if self.run.name == DRAFT else str(self.state.get("status", "unknown"))

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


def gather(run: Run, look_back: bool = True) -> Facts:
    """Everything that the run's files say. Raises RunError only where run.json itself cannot be read."""
    records = {stage: found for stage in STAGES if (found := _read(run.folder / stage / "record.json"))}
    results = _read(run.folder / "evaluate" / "results.json")
    return Facts(run, run.state, records, results, _before(run) if look_back else None)


def notebook(run: Run, stage: str) -> Path | None:
    """The stage's executed notebook, or as far as it came, or None where it was not begun."""
    names = (f"{NOTEBOOKS[stage]}{ending}.ipynb" for ending in ("", ".FAILED", ".partial"))
    return next((run.folder / name for name in names if (run.folder / name).is_file()), None)


def unread(experiment: str, name: str, folder: Path) -> Run:
    """A run whose parameters are not read: status and results need none, and reading hundreds takes long."""
    return Run(experiment, name, folder, None)  # type: ignore[arg-type]


def _before(run: Run) -> Facts | None:
    for folder in reversed(list_runs(run.experiment)):
        if folder.name >= run.name or folder.name == DRAFT:  # names begin with the time
            continue
        if _read(folder / "run.json").get("status") == "PASSED" and _read(folder / "evaluate/results.json"):
            return gather(unread(run.experiment, folder.name, folder), look_back=False)
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
