"""Trainings that go wrong, are paused or left alone: what stays, and what is said about it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from safetensors.torch import load_file
from training import (
    LOOP,
    TRAINER,
    USUAL,
    kill_before,
    rows,
    said,
    signal_before,
    spoil,
    spoil_checkpoints,
    told,
    touch_before,
    train_in_child,
    was_hit,
)

from marcus_nb import train
from marcus_nb.runs import Run, Stage, read_json
from marcus_nb.train import TrainingFailed, checkpoints, child, failures, journal, launch

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


def weights_of(run: Run, step: int) -> bytes:
    return (run.folder / f"train/checkpoints/checkpoint-{step}/trained.safetensors").read_bytes()


def outcome_of(run: Run) -> dict[str, Any]:
    return read_json(run.folder / "train/outcome.json")


@pytest.fixture(scope="module")
def reference(make_draft):
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run) == 0, said(run)
    return told(run)


@pytest.fixture
def stage(make_draft, monkeypatch):
    """A draft's 03_train at work, where a real child process finds it too."""
    run = make_draft(in_yaml=USUAL)
    monkeypatch.setenv("MARCUS_OUTPUTS", str(run.folder.parents[1]))
    stage = Stage("train", run)
    stage.log("03_train begins")
    return stage


# --- no number ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_a_step_without_a_finite_gradient_changes_nothing(make_draft, what):
    run = make_draft(in_yaml={"train.save_steps": 1, "train.max_steps": 3, "train.weight_decay": 0.1})
    assert train_in_child(run, (spoil, what, 3)) == 0, said(run)
    assert weights_of(run, 3) == weights_of(run, 2)
    assert outcome_of(run)["skipped_steps"] == 1
    assert rows(run, "events.jsonl") == [{"step": 3, "what": "loss or gradient was no number", "did": "step skipped"}]
    assert rows(run, "metrics.jsonl")[-1 - ("validation_loss" in rows(run, "metrics.jsonl")[-1])]["skipped_steps"] == 1


def test_a_training_learns_on_after_a_skipped_step(make_draft):
    run = make_draft(in_yaml=USUAL | {"train.learning_rate": 0.004})
    assert train_in_child(run, (spoil, "loss", 2, 3, 5)) == 0, said(run)
    outcome = outcome_of(run)
    assert (outcome["steps"], outcome["skipped_steps"], len(rows(run, "events.jsonl"))) == (8, 3, 3)
    losses = [row["validation_loss"] for row in rows(run, "metrics.jsonl") if "validation_loss" in row]
    assert losses[-1] < losses[0] - 0.05


def test_skipped_steps_are_counted_over_a_pause(make_draft):
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run, (both, (spoil, "loss", 2), (touch_before, "pause", *STEP, 5))) == failures.PAUSED
    (run.folder / "train/pause").unlink()
    assert train_in_child(run) == 0, said(run)
    assert outcome_of(run)["skipped_steps"] == 1


STEP = (TRAINER, "PersonaTrainer", "training_step")


def both(folder: Path, *traps: tuple) -> None:
    for function, *arguments in traps:
        function(folder, *arguments)


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_three_such_steps_in_a_row_end_it_with_the_last_good_checkpoint(make_draft, what):
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run, (spoil, what, 5, 6, 7)) == failures.NOT_FINITE
    assert "no number in 3 steps one after the other, the last of them step 7" in said(run)
    newest, complaints = checkpoints.newest(run.folder / "train/checkpoints")
    assert newest.name == "checkpoint-6" and complaints == []
    assert all(weights.isfinite().all() for weights in load_file(newest / "trained.safetensors").values())
    assert weights_of(run, 6) == weights_of(run, 4), "both steps between them were skipped"
    assert not (run.folder / "train/outcome.json").exists() and not (run.folder / "train/adapter").exists()


def test_an_absurd_learning_rate_ends_the_same_way(make_draft):
    run = make_draft(in_yaml=USUAL | {"train.learning_rate": 0.9, "train.lora_alpha": 10**38, "train.save_steps": 1})
    assert train_in_child(run) == failures.NOT_FINITE
    assert "no number" in said(run) or "The validation loss is" in said(run)
    for path in (run.folder / "train/checkpoints").glob("checkpoint-*"):
        assert all(weights.isfinite().all() for weights in load_file(path / "trained.safetensors").values())


# --- asked to leave -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trap",
    [
        (touch_before, "pause", *STEP, 5),
        pytest.param((signal_before, signal.SIGTERM, *STEP, 5), marks=posix),
        pytest.param((signal_before, signal.SIGINT, *STEP, 5), marks=(posix, pytest.mark.slow)),
    ],
    ids=["pause", "SIGTERM", "SIGINT"],
)
def test_who_is_asked_to_leave_writes_a_checkpoint_first_and_goes_on_from_there(make_draft, reference, trap):
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run, trap) == failures.PAUSED, said(run)
    assert "Paused after step 5 of 8; its checkpoint is kept." in said(run)
    assert checkpoints.newest(run.folder / "train/checkpoints")[0].name == "checkpoint-5"
    (run.folder / "train/pause").unlink(missing_ok=True)
    assert train_in_child(run) == 0, said(run)
    assert outcome_of(run)["resumed_from"] == 5
    ours = told(run)
    assert ours == reference


@posix
@pytest.mark.parametrize("point", [(LOOP, "", "get_ready"), (LOOP, "", "make_trainer")], ids=["loading", "making"])
def test_a_signal_before_there_is_anything_to_keep_ends_it_at_once(make_draft, point):
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run, (signal_before, signal.SIGTERM, *point, 1)) == failures.PAUSED
    assert was_hit(run) and "Asked to leave before there was anything to keep." in said(run)
    assert not (run.folder / "train/checkpoints").exists()


@posix
def test_a_second_interrupt_does_not_wait_for_the_step(make_draft):
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run, (twice, signal.SIGINT)) not in (0, failures.PAUSED)
    assert not (run.folder / "train/checkpoints/checkpoint-5").exists()


def twice(folder: Path, number: int) -> None:
    signal_before(folder, number, *STEP, 5)
    signal_before(folder, number, TRAINER, "PersonaTrainer", "_clip_grad_norm", 5)


def without_parent(folder: Path, name: str = "") -> None:
    """The parent is a process that ends before the so-many-th step; with no name, it has ended already."""
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    os.environ[launch.PARENT] = str(process.pid)

    def end() -> None:
        process.kill()
        process.wait()

    if name:
        from training import before

        from marcus_nb.train.trainer import PersonaTrainer

        before(PersonaTrainer, name, 3, end)
    else:
        end()


def test_a_training_whose_notebook_is_gone_writes_a_checkpoint_and_leaves(make_draft):
    run = make_draft(in_yaml={"train.num_train_epochs": 1000})
    begun = time.monotonic()
    assert train_in_child(run, (without_parent, "training_step"), seconds=60) == failures.PAUSED
    assert time.monotonic() - begun < 30
    newest, _ = checkpoints.newest(run.folder / "train/checkpoints")
    assert f"Paused after step {checkpoints.step_of(newest)} of 3000" in said(run)


def test_a_training_whose_notebook_is_gone_before_it_has_loaded_leaves_at_once(make_draft):
    run = make_draft(in_yaml={"train.num_train_epochs": 1000})
    assert train_in_child(run, (without_parent,), seconds=60) == failures.PAUSED
    assert "Asked to leave before there was anything to keep." in said(run)
    assert not (run.folder / "train/metrics.jsonl").exists()


def test_a_stop_that_was_heeded_is_heeded_after_a_kill_too(make_draft):
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run, (both, (touch_before, "stop", *STEP, 5), (kill_before, LOOP, "", "facts", 1))) < 0
    (run.folder / "train/stop").unlink()
    assert train_in_child(run) == 0, said(run)
    assert (outcome_of(run)["ended"], outcome_of(run)["steps"]) == ("asked to stop", 5)


# --- as the notebook has it -----------------------------------------------------------------------------------------


def test_from_begin_to_outcome_with_an_interrupt_between(stage, reference):
    """Real child processes: interrupted, gone on with, ended; and when it is begun again, from scratch."""
    (stage.folder / "stop").touch()  # of an earlier training of this draft
    (stage.folder / "pause").touch()
    training = train.begin(stage)
    assert training.metrics == [] and not (stage.folder / "stop").exists()
    begun = None
    with pytest.raises(KeyboardInterrupt):
        for moment in train.follow(training, 0.01):
            if any("loss" in row for row in moment.metrics) or "validation loss" in moment.last_line:
                begun = time.monotonic()
                raise KeyboardInterrupt
    assert begun and time.monotonic() - begun < child.LEAVING_SECONDS and training.process.poll() == failures.PAUSED
    with pytest.raises(TrainingFailed, match=r"^The training is paused\.\n(.*\n)*.*It goes on from its checkpoint"):
        train.outcome(training)
    training = train.begin(stage)
    moments = [moment.last_line for moment in train.follow(training, 0.05)]
    outcome = train.outcome(training)
    assert outcome["resumed_from"] > 0 and told(stage.run) == reference
    assert moments[-1].endswith("adapter written") and outcome["events"] == training.events
    assert not (stage.folder / "errors.txt").exists()


def test_after_a_finished_training_it_begins_from_scratch_after_an_unfinished_one_it_goes_on(stage, monkeypatch):
    started = []
    monkeypatch.setattr(
        child, "_start", lambda stage, what: started.append(sorted(path.name for path in stage.folder.iterdir()))
    )
    for name in ("metrics.jsonl", "replies.jsonl", "events.jsonl", "outcome.json", "pause"):
        (stage.folder / name).write_text("{}\n", encoding="utf-8")
    (stage.folder / "checkpoints/checkpoint-5").mkdir(parents=True)
    train.begin(stage)
    assert started.pop() == ["log.txt"]
    for name in ("metrics.jsonl", "replies.jsonl", "events.jsonl", "pause"):
        (stage.folder / name).write_text("{}\n", encoding="utf-8")
    (stage.folder / "checkpoints/checkpoint-5").mkdir(parents=True)
    train.begin(stage)
    assert started.pop() == ["checkpoints", "events.jsonl", "log.txt", "metrics.jsonl", "replies.jsonl"]


@posix
@pytest.mark.slow
def test_a_real_child_ends_when_its_parent_is_killed(stage):
    """The kernel of a notebook is killed while its training still imports: it must not go on with nobody to read it."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(f"""
            import time
            from marcus_nb import train
            from marcus_nb.runs import Stage, open_run
            begun = train.begin(Stage("train", open_run("{stage.run.experiment}", "{stage.run.name}")))
            print(begun.process.pid, flush=True)
            time.sleep(600)
        """)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )  # fmt: skip
    orphan = psutil.Process(int(parent.stdout.readline()))
    try:
        parent.kill()
        parent.wait()
        assert orphan.is_running()
        psutil.wait_procs([orphan], timeout=100)
        assert not orphan.is_running()
        assert "before there was anything to keep" in (stage.folder / "errors.txt").read_text(encoding="utf-8")
    finally:
        parent.stdout.close()
        if orphan.is_running():
            orphan.kill()


# --- journals -------------------------------------------------------------------------------------------------------


def test_half_a_line_is_no_row_and_gives_way_to_the_next(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert journal.read(path) == []
    journal.append(path, {"step": 1, "what": "año"})
    with path.open("a", encoding="utf-8") as file:
        file.write('{"step": 2, "wh')
    assert journal.read(path) == [{"step": 1, "what": "año"}]
    journal.append(path, {"step": 3})
    assert path.read_text(encoding="utf-8") == '{"step": 1, "what": "año"}\n{"step": 3}\n'
    path.write_bytes(b'{"st')
    journal.append(path, {"step": 4})
    assert journal.read(path) == [{"step": 4}]
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.append(path, {"loss": float("nan")})
    path.write_bytes(b'{"step": 5}\n\0\0\0\0\n')
    assert journal.read(path) == [{"step": 5}], "after a power cut"


def test_a_checkpoint_that_does_not_read_back_is_told_at_once(make_draft):
    run = make_draft()
    assert train_in_child(run, (spoil_checkpoints, 1)) == 0
    [event] = rows(run, "events.jsonl")
    assert event["what"].startswith("checkpoint-3 has ") and "the disk may be failing" in event["what"]
    assert (event["step"], event["did"]) == (3, "kept the older ones")
