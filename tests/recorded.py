"""Finished runs of which nothing is real but the records, for tests of what is done with records."""

from marcus_nb import parameters, runs
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import order
from marcus_nb.runs import provenance

SOURCE = ROOT / "tests/fixtures/smoke.csv"


def finished(*stages: str, overrides: dict | None = None, **files: str):
    """A run of smoke whose stages have finished; `files` are written by the last of them: `{"metrics.jsonl": "…"}`."""
    run = runs.create(parameters.load("smoke", overrides))
    for stage in stages:
        folder = run.folder / stage
        folder.mkdir()
        (folder / "made.txt").write_text(stage, encoding="utf-8")
        for name, text in files.items() if stage == stages[-1] else ():
            (folder / name).write_text(text.replace("RUN", run.name), encoding="utf-8")
        (run.folder / f"{provenance.NOTEBOOKS[stage]}.ipynb").write_text("{}", encoding="utf-8")
        begun = runs.Stage(stage, run)
        if stage == "ingest":
            begun.read_source(SOURCE)
        begun.finish({"verdict": "acquired"} if stage == "evaluate" else {}, [])
        runs.update(run, stages={stage: {"status": "PASSED", "seconds": 1.0, **order._hashes(run, stage)}})
    runs.update(run, status="PASSED", verdict="acquired")
    return run


def rewrite(run, stage: str, **changes):
    path = run.folder / stage / "record.json"
    runs.write_json(path, runs.read_json(path) | changes)
