"""Reuse by content, one runner at a time, and `verify`."""

import errno
import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from filelock import FileLock
from recorded import SOURCE, finished, rewrite

from marcus_nb import __main__ as command_line
from marcus_nb import parameters, runs
from marcus_nb.parameters import ROOT, STAGES
from marcus_nb.pipeline import order, plans
from marcus_nb.pipeline.console import Console
from marcus_nb.runs import RunError, verify, why_not_reusable
from marcus_nb.runs.lock import LOCK, held, locked


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    return tmp_path


# --- reuse ------------------------------------------------------------------------------------------------------------


def test_another_code_is_a_reason_not_to_reuse():
    run = finished("ingest", "clean")
    ask = (run.folder, "clean", run.parameters, [SOURCE])
    assert why_not_reusable(*ask) is None
    library = run.record("clean")["library"]
    rewrite(run, "clean", library=library | dict.fromkeys(list(library)[:6], "0" * 64))
    named = ", ".join(list(library)[:4])
    assert why_not_reusable(*ask) == f"code changed: {named} and 2 more"
    rewrite(run, "clean", library=library | {"marcus_nb/gone.py": "0" * 64})
    assert why_not_reusable(*ask) == "code changed: marcus_nb/gone.py"
    rewrite(run, "clean", library=library, notebook="0" * 64)
    assert why_not_reusable(*ask) == "code changed: notebooks/02_clean.ipynb"


def test_a_plain_plan_says_how_the_newest_run_stands():
    chosen = parameters.load("smoke")
    assert {step.reason for step in plans.plan(chosen, "ingest", "evaluate").steps} == {"never ran"}
    run = finished("ingest", "clean", "train")
    reasons = [step.reason for step in plans.plan(chosen, "ingest", "evaluate").steps]
    assert reasons == [
        f"fresh in run {run.name}: --from clean would reuse it",
        f"fresh in run {run.name}: --from train would reuse it",
        f"fresh in run {run.name}: --from evaluate would reuse it",
        f"never finished (run {run.name})",
    ]
    other = parameters.load("smoke", {"clean.redact": False})
    reasons = [step.reason for step in plans.plan(other, "ingest", "train").steps]
    assert reasons[1:] == [f"parameters changed: redact (run {run.name})", "follows clean"]
    (run.folder / "clean/record.json").write_text("{", encoding="utf-8")
    assert "is damaged" in plans.plan(chosen, "ingest", "clean").steps[1].reason


def test_a_parameter_of_evaluate_never_retrains():
    run = finished("ingest", "clean", "train")
    changed = parameters.load("smoke", {"evaluate.max_new_tokens": 7, "evaluate.min_identity": 0.9})
    planned = plans.plan(changed, "evaluate", "evaluate")
    assert planned.parent.name == run.name
    assert [step.action for step in planned.steps] == ["reuse", "reuse", "reuse", "run"]


def test_files_for_contrast_are_input_of_evaluate(tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("question,answer\nHi,Ho\n", encoding="utf-8")
    chosen = parameters.load("smoke", {"evaluate.contrast_sources": [str(other)]})
    run = finished("ingest", "clean", "train", overrides={"evaluate.contrast_sources": [str(other)]})
    begun = runs.Stage("evaluate", run)
    begun.folder.mkdir()
    begun.read_source(other)
    begun.finish({}, [])
    assert plans.plan(chosen, "ingest", "evaluate").steps[3].reason == f"fresh in run {run.name}"
    other.write_text("question,answer\nHi,Hum\n", encoding="utf-8")
    reasons = [step.reason for step in plans.plan(chosen, "ingest", "evaluate").steps]
    assert reasons[3] == f"input edited: other.csv (run {run.name})" and reasons[2].startswith("fresh")


def test_a_run_that_goes_on_says_where_its_code_is_another():
    run = finished("ingest", "clean")
    runs.update(run, status="INCOMPLETE")
    rewrite(run, "clean", notebook="0" * 64)
    reasons = [step.reason for step in plans.plan_to_resume("smoke", "evaluate").steps]
    assert reasons[:2] == [
        f"finished in run {run.name}",
        f"finished in run {run.name} (code changed: notebooks/02_clean.ipynb)",
    ]
    with pytest.raises(RunError, match=r"^Nothing to do\. Run smoke/.* has finished clean already"):
        plans.plan_to_resume("smoke", "clean")
    runs.update(run, status="PASSED")
    with pytest.raises(RunError, match=r"^Nothing to do\. No run of smoke is unfinished"):
        plans.plan_to_resume("smoke", "clean")


# --- one runner at a time ---------------------------------------------------------------------------------------------


@pytest.fixture
def holder(tmp_path):
    """A run that another process is at work on, and that process."""
    run = finished("ingest")
    code = (
        "import time; from pathlib import Path; from marcus_nb.runs.lock import locked\n"
        f"with locked(Path({str(run.folder)!r})):\n"
        f"    Path({str(tmp_path / 'held')!r}).touch(); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ))
    while not (tmp_path / "held").exists():
        assert process.poll() is None
        time.sleep(0.05)
    yield SimpleNamespace(run=run, process=process)
    process.kill()
    process.wait()


def test_two_runners_never_share_a_run_and_a_dead_one_holds_nothing(holder):
    run = holder.run
    with pytest.raises(RunError, match=f"smoke/{run.name} is at work in another process"), locked(run.folder):
        pass
    holder.process.kill()
    holder.process.wait()
    assert (run.folder / LOCK).exists(), "what a killed process leaves behind"
    with locked(run.folder):
        pass
    assert not (run.folder / LOCK).exists()


def test_a_run_at_work_on_another_machine_is_running_although_no_process_of_it_is_seen(holder):
    run = holder.run
    runs.update(run, status="RUNNING", process={"pid": 4_000_000, "created": 1.0})
    assert run.state["status"] == "RUNNING"
    with pytest.raises(RunError, match="is at work"):
        plans.plan_to_resume("smoke", "evaluate")
    holder.process.kill()
    holder.process.wait()
    assert run.state["status"] == "INCOMPLETE" and (run.folder / LOCK).exists()


def test_who_comes_second_to_go_on_with_a_run_changes_nothing_of_it(holder):
    run = holder.run
    runs.update(run, status="INCOMPLETE")
    before = (run.folder / "run.json").read_bytes()
    planned = plans.plan_to_resume("smoke", "evaluate")
    with pytest.raises(RunError, match="at work in another process"):
        order.run(run.parameters, planned, Console())
    assert (run.folder / "run.json").read_bytes() == before
    assert sorted(path.name for path in run.folder.glob("*.*")) == [
        "01_ingest.ipynb",
        "parameters.yaml",
        "run.json",
        "run.lock",
    ]


@pytest.mark.skipif(os.name == "nt", reason="there no file can be deleted while it is open")
def test_the_lock_file_goes_while_it_is_still_held(tmp_path, monkeypatch):
    """Else a second runner could hold it as it is deleted, and a third one lock a new file of that name."""
    release, there = FileLock.release, []

    def watched(self, *arguments, **options):
        if self.is_locked:  # it is called for what was never locked, too
            there.append((tmp_path / LOCK).exists())
        release(self, *arguments, **options)

    monkeypatch.setattr(FileLock, "release", watched)
    with locked(tmp_path):
        assert held(tmp_path)
    assert there == [False] and not held(tmp_path)


def test_a_file_system_without_locks_still_makes_runs(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with locked(tmp_path):
        (tmp_path / "made").touch()
    assert not held(tmp_path)


# --- checkpoints ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("best", "left"), [(5, ["checkpoint-5"]), (99, []), (None, [])])
def test_of_a_finished_runs_checkpoints_the_best_stays(best, left):
    run = finished("train", **{"outcome.json": json.dumps({"best_step": best})})
    for step in (5, 10):
        (run.folder / f"train/checkpoints/checkpoint-{step}").mkdir(parents=True)
    order._delete_checkpoints(run)
    assert [folder.name for folder in (run.folder / "train/checkpoints").iterdir()] == left


# --- verify -----------------------------------------------------------------------------------------------------------


def verified(capsys, monkeypatch, named: str = "smoke") -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["marcus_nb", "verify", named])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    return ended.value.code, capsys.readouterr().out


def test_a_run_as_it_was_made_verifies(capsys, monkeypatch):
    finished(*STAGES)
    code, out = verified(capsys, monkeypatch)
    assert code == 0 and out.rstrip().endswith("VERIFIED: nothing that was recorded has been altered.")
    assert "ingest    3 of 3 files as they were written" in out and "Around it" not in out


@pytest.mark.parametrize("file", ["clean/made.txt", "02_clean.ipynb"])
@pytest.mark.parametrize("how", [verify.EDITED, verify.MISSING])
def test_what_was_altered_is_named(capsys, monkeypatch, file, how):
    run = finished("ingest", "clean")
    path = run.folder / file
    path.unlink() if how == verify.MISSING else path.write_text("by hand", encoding="utf-8")
    code, out = verified(capsys, monkeypatch, f"smoke/{run.name}")
    assert code == 1 and f"{how:8} {file}" in out and "ALTERED: 1 file is not" in out
    assert "train     has not finished" in out


def test_a_forged_count_and_a_forged_verdict_are_named(capsys, monkeypatch):
    run = finished(*STAGES)
    rewrite(run, "clean", counts={"train": 9999})
    runs.update(run, verdict="not acquired")
    code, out = verified(capsys, monkeypatch)
    assert code == 1 and "edited   clean/record.json" in out and "edited   run.json: the verdict" in out


def test_a_stage_whose_notebook_was_saved_over_is_not_taken_over():
    run = finished("ingest")
    chosen = parameters.load("smoke")
    assert why_not_reusable(run.folder, "ingest", chosen, [SOURCE]) is None
    (run.folder / "01_ingest.ipynb").write_text('{"forged": 1}', encoding="utf-8")
    assert why_not_reusable(run.folder, "ingest", chosen, [SOURCE]) == "01_ingest.ipynb was edited or deleted"
    with pytest.raises(RunError, match=r"01_ingest\.ipynb of run .* was edited or deleted"):
        runs.reuse(run, runs.create(chosen), "ingest")


def test_what_lies_beside_or_around_a_run_is_told_and_no_fault(capsys, monkeypatch):
    run = finished("ingest")
    (run.folder / "ingest/notes.txt").write_text("mine", encoding="utf-8")
    (run.folder / "ingest/log.txt").write_text("12:00:00 x", encoding="utf-8")
    record = run.record("ingest")
    reads = {"source:tests/fixtures/smoke.csv": "0" * 64, "source:/gone.csv": "1" * 64}
    rewrite(run, "ingest", reads=reads, versions=record["versions"] | {"torch": "1.0"}, notebook="0" * 64)
    runs.update(run, stages={"ingest": order._hashes(run, "ingest")})
    code, out = verified(capsys, monkeypatch)
    assert code == 0 and "added    ingest/notes.txt" in out and "log.txt" not in out
    for told in (
        "source tests/fixtures/smoke.csv was edited",
        "torch 1.0 → ",
        "code notebooks/01_ingest.ipynb is another",
    ):
        assert told in out


def test_edited_parameters_are_named_and_those_of_another_version_are_no_edit(capsys, monkeypatch):
    run = finished("ingest", "clean")
    path = run.folder / "parameters.yaml"
    kept = path.read_text(encoding="utf-8")
    path.write_text(kept.replace("clean:\n", "clean:\n  of_a_later_version: 1\n"), encoding="utf-8")
    code, out = verified(capsys, monkeypatch, f"smoke/{run.name}")
    assert code == 0 and "VERIFIED" in out
    path.write_text(kept.replace("validation_share: 0.2", "validation_share: 0.3"), encoding="utf-8")
    code, out = verified(capsys, monkeypatch, f"smoke/{run.name}")
    assert code == 1 and "edited   parameters.yaml: validation_share" in out
    path.write_text("clean: [", encoding="utf-8")
    code, out = verified(capsys, monkeypatch, f"smoke/{run.name}")
    assert code == 1 and "edited   parameters.yaml\n" in out


def test_a_damaged_record_hides_no_other_stage_and_what_is_put_beside_the_model_is_told(capsys, monkeypatch):
    run = finished(*STAGES)
    (run.folder / "model").mkdir()
    (run.folder / "model/model.safetensors").write_text("w", encoding="utf-8")
    (run.folder / "evaluate/record.json").unlink()
    runs.Stage("evaluate", run).finish({"verdict": "acquired"}, [], also=["model"])
    runs.update(run, stages={"evaluate": order._hashes(run, "evaluate")})
    (run.folder / "model/pytorch_model.bin").write_text("not ours", encoding="utf-8")
    (run.folder / "clean/record.json").write_text("{", encoding="utf-8")
    code, out = verified(capsys, monkeypatch)
    assert code == 1 and "edited   clean/record.json: damaged" in out and "ALTERED: 1 file is not" in out
    assert "added    model/pytorch_model.bin" in out and "model/model.safetensors" not in out
    assert "train     3 of 3 files as they were written" in out


def test_a_run_without_a_finished_stage_verifies_nothing(capsys, monkeypatch):
    run = runs.create(parameters.load("smoke"))
    code, out = verified(capsys, monkeypatch, f"smoke/{run.name}")
    assert code == 1 and "nothing to compare" in out
