"""`reproduce`: what is called the same, and what is refused."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pandas as pd
import pytest
from recorded import SOURCE, finished, rewrite

from marcus_nb import parameters, runs
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import reproducing, sameness
from marcus_nb.pipeline.console import Console
from marcus_nb.runs import RunError, provenance

MEASURES = "claim,measure,unit,who,value,low,high\nloss,gain,nats,difference,1.0,0.9,1.1\nstyle,told,AUC,base,0.5,,\n"


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    return tmp_path


# --- reproduce --------------------------------------------------------------------------------------------------------


def told(first, second) -> dict[str, str]:
    return {file: said for _, file, said in sameness.compared(first, second)}


def test_times_and_names_are_no_difference_but_losses_are():
    line = {
        "step": 5,
        "loss": 2.5,
        "seconds": 1.25,
        "tokens_per_second": 400.0,
        "deep": {"memory_gb": 2.0, "run": "RUN"},
    }
    other = line | {"seconds": 99.0, "deep": {"memory_gb": 3.0, "run": "RUN"}}
    first, second, third = (
        finished("train", **{"metrics.jsonl": json.dumps(value), "weights.bin": weights, "CARD.md": "of RUN"})
        for value, weights in ((line, "a"), (other, "a"), (other | {"loss": 2.6}, "b"))
    )
    found = told(first, second)
    assert found["train/made.txt"] == found["train/weights.bin"] == "identical"
    assert found["train/metrics.jsonl"] == found["train/CARD.md"] == "identical, but for times and names"
    found = told(first, third)
    assert found["train/metrics.jsonl"] == found["train/weights.bin"] == "different"
    assert told(first, finished("train"))["train/CARD.md"] == f"only in {first.name}"


def test_tables_are_the_same_by_their_cells():
    first, second = finished("ingest"), finished("ingest")
    for run in (first, second):
        pd.DataFrame({"a": [1, None], "b": ["x", "y"]}).to_excel(run.folder / "ingest/rejected.xlsx", index=False)
        time.sleep(1.1)  # a workbook holds the second it was made in
        (run.folder / "ingest/record.json").unlink()
        runs.Stage("ingest", run).finish({}, [])
    assert told(first, second)["ingest/rejected.xlsx"].startswith("identical")


@pytest.mark.parametrize(
    ("again", "answer"),
    [
        ("1.0,0.9,1.1", sameness.IDENTICAL),
        ("1.09,1.0,1.2", sameness.WITHIN),
        ("1.2,1.1,1.3", sameness.DIFFERENT),
    ],
)
def test_the_answer_is_one_word(again, answer):
    first, second = (
        finished("evaluate", **{"measures.csv": MEASURES.replace("1.0,0.9,1.1", figures)})
        for figures in ("1.0,0.9,1.1", again)
    )
    said, why = sameness.verdict(first, second, sameness.compared(first, second))
    assert said == answer
    if answer == sameness.DIFFERENT:
        assert "loss, gain (difference): 1 → 1.2" in why


def test_a_figure_that_only_one_run_has_is_a_difference():
    first, second = (
        finished("evaluate", **{"measures.csv": text}) for text in (MEASURES, MEASURES[: MEASURES.index("style")])
    )
    assert sameness.verdict(first, second, sameness.compared(first, second))[0] == sameness.DIFFERENT


def test_what_cannot_be_reproduced_says_why(tmp_path):
    run = finished("ingest")
    rewrite(run, "ingest", reads={"source:tests/fixtures/smoke.csv": "0" * 64})
    with pytest.raises(RunError, match=r"(?s)cannot be made again.*tests/fixtures/smoke\.csv was edited"):
        reproducing.reproduce(run, None)
    rewrite(run, "ingest", reads={"source:tests/fixtures/smoke.csv": runs.sha256(SOURCE)})
    with pytest.raises(RunError, match="has lost its record of clean, train, evaluate"):
        reproducing.reproduce(run, None)
    runs.update(run, status="FAILED")
    with pytest.raises(RunError, match="has not finished"):
        reproducing.reproduce(run, None)


def both(stage: str, first: dict[str, str], second: dict[str, str]) -> tuple:
    return finished(stage, **first), finished(stage, **second)


def test_what_the_moment_decides_is_no_difference_and_precision_is_one():
    """How much faster bfloat16 was measured, what memory was free, how often the training was interrupted."""
    outcome = {"dtype": "bfloat16", "dtype_reason": "2.2 times", "resumed_from": 0, "steps": 8, "command": ["RUN"]}
    again = outcome | {"dtype_reason": "2.3 times", "resumed_from": 5, "events": [{"what": "resumed"}]}
    precision = {"dtype": "bfloat16", "why": "2.2 times"}
    files = {"outcome.json": json.dumps(outcome), "precision.json": json.dumps(precision)}
    others = {"outcome.json": json.dumps(again), "precision.json": json.dumps(precision | {"why": "2.3 times"})}
    first, second = both("train", files, others | {"events.jsonl": "{}\n"})
    assert sameness.verdict(first, second, sameness.compared(first, second))[0] == sameness.IDENTICAL
    for changed in ({"dtype": "float32"}, {"steps": 7}):
        third = finished("train", **others | {"outcome.json": json.dumps(again | changed)})
        assert told(first, third)["train/outcome.json"] == "different"
    first, second = both("evaluate", {"results.json": '{"why": "a"}'}, {"results.json": '{"why": "b"}'})
    assert told(first, second)["evaluate/results.json"] == "different", "only in precision.json it is of the moment"


def test_other_data_is_different_whatever_the_figures_say():
    first, second = both("clean", {"train.jsonl": '{"a": 1}\n'}, {"train.jsonl": '{"a": 2}\n'})
    answer, why = sameness.verdict(first, second, sameness.compared(first, second))
    assert answer == sameness.DIFFERENT and "clean/train.jsonl" in why


def test_a_figure_without_interval_is_told_and_not_judged():
    first, second = both("evaluate", {"measures.csv": MEASURES}, {"measures.csv": MEASURES.replace("0.5,,", "0.51,,")})
    runs.update(second, verdict="inconclusive")
    answer, why = sameness.verdict(first, second, sameness.compared(first, second))
    assert answer == sameness.WITHIN and "style, told (base): 0.5 → 0.51" in why
    assert "The verdict was acquired and is inconclusive" in why


def test_files_deleted_since_are_judged_by_their_hashes():
    first, second = both(
        "evaluate", {"measures.csv": MEASURES, "a.json": "1"}, {"measures.csv": MEASURES, "a.json": "2"}
    )
    for name in ("measures.csv", "a.json"):
        (first.folder / "evaluate" / name).unlink()
    assert told(first, second) == {
        "evaluate/a.json": "different",
        "evaluate/made.txt": "identical",
        "evaluate/measures.csv": "identical",
    }
    answer, why = sameness.verdict(first, second, sameness.compared(first, second))
    assert answer == sameness.DIFFERENT and "no figures to judge that by" in why


def test_two_finished_runs_are_compared_and_none_is_made(outputs, capsys):
    first, second = both("train", {"metrics.jsonl": '{"seconds": 1}'}, {"metrics.jsonl": '{"seconds": 2}'})
    assert reproducing.against(first, second, Console()) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "identical" and "tokens_per_second" in out and "why of precision.json" in out
    assert len(list(outputs.glob("smoke/*"))) == 2
    runs.update(second, status="INCOMPLETE")
    with pytest.raises(RunError, match=f"smoke/{second.name} has not finished"):
        reproducing.against(first, second, Console())


def test_files_that_are_new_renamed_edited_or_gone_are_named(tmp_path):
    """Of a folder as source, too, in which a file more would be read."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(f"question,answer\n{name},Aye\n", encoding="utf-8")
    run = runs.create(parameters.load("smoke", {"ingest.sources": [str(folder / "*.csv")]}))
    begun = runs.Stage("ingest", run)
    begun.folder.mkdir()
    for path in sorted(folder.iterdir()):
        begun.read_source(path)
    begun.finish({}, [])
    runs.update(run, status="PASSED")
    reproducing._check_data(run)
    (folder / "a.csv").write_text("question,answer\n", encoding="utf-8")
    (folder / "b.csv").rename(folder / "c.csv")
    (folder / "d.csv").write_text("question,answer\nMore,Aye\n", encoding="utf-8")
    with pytest.raises(RunError) as refused:
        reproducing._check_data(run)
    assert [line for line in str(refused.value).splitlines() if line.startswith("  ")] == [
        "  a.csv was edited",
        "  b.csv is called c.csv now",
        "  d.csv is new",
    ]
    (folder / "c.csv").unlink()
    with pytest.raises(RunError, match=r"  b\.csv is gone"):
        reproducing._check_data(run)


@pytest.mark.parametrize("same_machine", [True, False])
def test_precision_is_that_of_the_original_on_the_same_kind_of_machine(same_machine):
    from marcus_nb.train.precision import precision

    first = finished("train", overrides={"train.dtype": "auto"}, **{"precision.json": "{}"})
    runs.write_json(first.folder / "train/precision.json", {"dtype": "float16", "why": "measured then"})
    if not same_machine:
        rewrite(first, "train", hardware=provenance.hardware() | {"cpu": "another"})
    again = runs.create(first.parameters, reproduces=first.name)
    (again.folder / "train").mkdir()
    dtype, why = precision(runs.Stage("train", again))
    assert (str(dtype) == "torch.float16", why == "measured then") == (same_machine, same_machine)


@pytest.mark.slow
def test_smoke_comes_out_the_same(outputs):
    """Twice for real: data, adapter, model and figures are byte for byte the same."""
    for command in (["smoke", "--quiet"], ["reproduce", "smoke"]):
        done = subprocess.run(
            [sys.executable, "-m", "marcus_nb", *command],
            cwd=ROOT,
            env=os.environ | {"MARCUS_OUTPUTS": str(outputs), "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=True,
        )
    assert done.stdout.rstrip().splitlines()[-1] == "identical", done.stdout
    count = int(re.search(r"All (\d+) files are the same", done.stdout)[1])
    for name in ("train/adapter/adapter_model.safetensors", "evaluate/results.json", "clean/train.jsonl"):
        first, second = (path.read_bytes() for path in outputs.glob(f"smoke/*/{name}"))
        assert first == second
    assert count > 20
    shutil.rmtree(outputs / "smoke")
