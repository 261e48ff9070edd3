"""Processes that train together: how they end when one of them does, and torchrun itself."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from together import (
    PROCESSES,
    TWO,
    fail_before,
    no_number,
    train_together,
    trained_together,
    wait_before,
)
from trained import Trained
from training import kill_before, was_hit
from training import rows as rows_of

from marcus_nb.parameters import ROOT
from marcus_nb.runs import Stage, read_json
from marcus_nb.train import TrainingFailed, begin, endings, follow, outcome, preflight, process
from marcus_nb.train.failures import DATA, MEMORY, NOT_FINITE, PAUSED, UNKNOWN

STEP = ("marcus_nb.train.trainer", "PersonaTrainer", "_clip_grad_norm")
NOTICED_SECONDS = 20  # from one process's end to the other's; of it a second is torchrun's


@pytest.fixture(scope="module")
def two(make_draft):
    return trained_together(make_draft(in_yaml=TWO))


# --- how they end ---------------------------------------------------------------------------------------------------

DEATHS = {
    "between steps": (kill_before, *STEP, 3),
    "in a save": (kill_before, "transformers.trainer", "Trainer", "_save_rng_state", 1),
    "in an evaluation": (kill_before, "marcus_nb.models", "", "negative_log_likelihood", 2),
    "loading": (kill_before, "marcus_nb.train.loop", "", "plan", 1),
}


@pytest.mark.parametrize(
    ("when", "dead"),
    [
        ("between steps", 1),
        ("in a save", 1),
        pytest.param("in an evaluation", 1, marks=pytest.mark.slow),
        pytest.param("loading", 1, marks=pytest.mark.slow),
        *(pytest.param(when, 0, marks=pytest.mark.slow) for when in DEATHS),
    ],
)
def test_one_that_is_killed_ends_the_other_at_once_and_both_go_on_later(make_draft, two, when, dead):
    run = make_draft(in_yaml=TWO)
    started = time.monotonic()
    codes = train_together(run, {dead: DEATHS[when]})
    assert time.monotonic() - started < NOTICED_SECONDS
    assert was_hit(run) and codes[dead] == -9 and codes[1 - dead] == UNKNOWN
    told = read_json(run.folder / f"train/ending-{1 - dead}.json")
    assert told["lost_another"] and not (run.folder / f"train/ending-{dead}.json").is_file()
    assert not (run.folder / "train/adapter").exists()
    assert trained_together(run).bytes == two.bytes


def test_one_that_hangs_is_not_waited_for_much_longer(make_draft):
    run = make_draft(in_yaml=TWO)
    started = time.monotonic()
    assert train_together(run, dict.fromkeys((0, 1), (wait_before, *STEP, 2, 6.0))) == [UNKNOWN, UNKNOWN]
    assert time.monotonic() - started < NOTICED_SECONDS
    found = endings.first(run.folder / "train", 1, "")
    assert (found.code, found.process) == (UNKNOWN, 1) and "did not answer" in found.words


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        ("MemoryError", "no more", MEMORY),
        pytest.param("ValueError", "who knows", UNKNOWN, marks=pytest.mark.slow),
    ],
)
def test_the_error_of_one_is_what_is_told(make_draft, error, words, code):
    run = make_draft(in_yaml=TWO)
    assert train_together(run, {1: (fail_before, *STEP, 2, error, words)}) == [UNKNOWN, code]
    found = endings.first(run.folder / "train", 1, "the launcher's own words")
    assert (found.code, found.process) == (code, 2) and found.words.endswith(words)


def test_a_loss_that_is_no_number_in_one_is_skipped_by_both(make_draft):
    result = trained_together(make_draft(in_yaml=TWO), {1: (no_number, 2, 2)})
    assert result.outcome["skipped_steps"] == 1
    assert [row["what"] for row in rows_of(result.run, "events.jsonl")] == ["loss or gradient was no number"]
    assert all(bool(weights.isfinite().all()) for weights in result.adapter.values())


def test_one_that_sees_no_numbers_any_more_ends_both(make_draft):
    run = make_draft(in_yaml=TWO)
    assert train_together(run, {1: (no_number, 3, 9)}) == [NOT_FINITE, NOT_FINITE]
    assert "no number in 3 steps" in endings.first(run.folder / "train", 1, "").words


SUMMARY = """[rank0]: RuntimeError: [gloo/transport/tcp/pair.cc:537] Connection reset by peer
W1123 00:02:44.749000 25840 torch/distributed/elastic/multiprocessing/api.py:1028] Sending process 25852 closing signal
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
Failures:
[1]:
  time      : 2026-11-23_00:02:44
  rank      : 0 (local_rank: 0)
  exitcode  : {other} (pid: 25852)
-------------------------------------------------------
Root Cause (first observed failure):
[0]:
  time      : 2026-11-23_00:02:44
  rank      : 1 (local_rank: 1)
  exitcode  : {root} (pid: 25853)  (SIGKILL)
"""


@pytest.mark.parametrize(
    ("told", "root", "other", "expected"),
    [
        ({}, -9, -15, (-9, 2)),
        ({0: UNKNOWN}, -9, 1, (-9, 2)),  # the other told that it lost one
        ({0: PAUSED}, -11, -15, (-11, 2)),  # asked by torchrun to leave
        ({1: MEMORY, 0: UNKNOWN}, 6, -6, (MEMORY, 2)),
        ({1: DATA, 0: DATA}, 3, 3, (DATA, 1)),
        ({1: PAUSED, 0: PAUSED}, 7, 7, (PAUSED, 1)),
        ({}, -15, -15, (1, None)),
    ],
)
def test_the_first_ending_is_found_among_those_it_brought_about(tmp_path, monkeypatch, told, root, other, expected):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, code in sorted(told.items()):
        monkeypatch.setenv("RANK", str(rank))
        lost = RuntimeError("[gloo/transport/tcp/pair.cc:537] Connection reset by peer") if code == UNKNOWN else None
        endings.tell(tmp_path, code, f"words of {rank}", lost)
    found = endings.first(tmp_path, 1, SUMMARY.format(root=root, other=other))
    assert (found.code, found.process) == expected
    assert not found.process or found.words == (f"words of {found.process - 1}" if found.code > 0 else "")


def test_what_a_process_told_in_another_shape_is_passed_over(tmp_path):
    for rank, told in enumerate(('{"code": 5}', "[]", "{", "5")):
        (tmp_path / f"ending-{rank}.json").write_text(told, encoding="utf-8")
    assert endings.first(tmp_path, 1, "its own words") == endings.Ending(1, "its own words")


def test_one_that_hangs_is_told_as_such(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    endings.tell(tmp_path, UNKNOWN, "Traceback", RuntimeError("[gloo/unbound_buffer.cc:81] Timed out waiting 600000ms"))
    found = endings.first(tmp_path, 1, SUMMARY.format(root=1, other=-9))
    assert (found.code, found.process) == (UNKNOWN, 1) and "did not answer for ten minutes" in found.words


# --- under torchrun -------------------------------------------------------------------------------------------------


def under(run, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(run.folder.parents[1]))
    return Stage("train", run)


def family(process):
    return {member.pid: member for member in psutil.Process(process.pid).children(recursive=True)}


def ranks(process):
    """The training processes that torchrun has started, by rank, once they train."""
    found = {}
    for member in family(process).values():
        try:
            found[int(member.environ()["RANK"])] = member
        except (psutil.Error, KeyError):
            continue
    return found


def gone(members):
    _, alive = psutil.wait_procs(list(members), timeout=40)
    return not alive


def trains(training):
    end = time.monotonic() + 60
    while not any("loss" in row for row in training.metrics):
        assert training.process.poll() is None and time.monotonic() < end, process.said_by(training.stage.folder)
        time.sleep(0.1)


def test_the_command_that_is_shown_does_the_same_in_a_shell(make_draft, two, monkeypatch):
    run = make_draft(in_yaml=TWO)
    words = two.outcome["command"]
    assert words[0] == "python" and words[-2:] == [run.experiment, run.name]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"MARCUS_OUTPUTS": str(run.folder.parents[1]), "PATH": path}
    environment.pop("MARCUS_PARENT", None)
    line = subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
    ended = subprocess.run(line, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stderr
    assert Trained(run).bytes == two.bytes


def test_nothing_that_python_does_at_its_end_changes_how_a_training_ended(make_draft):
    run = make_draft(in_yaml=TWO)
    words = ["marcus_nb.train", run.experiment, run.name]
    code = f"import atexit, os, runpy, sys; atexit.register(os.abort); sys.argv = {words}"
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}; runpy.run_module('marcus_nb.train', run_name='__main__')"],
        cwd=ROOT,
        env=os.environ | {"MARCUS_OUTPUTS": str(run.folder.parents[1])},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ended.returncode == DATA and "the launcher started 1" in ended.stderr, ended


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_dead_process_ends_the_training_in_time_with_advice(make_draft, monkeypatch):
    run = make_draft(in_yaml=TWO | {"train.num_train_epochs": 900, "train.early_stopping_patience": 900})
    training = begin(under(run, monkeypatch))
    trains(training)
    members = family(training.process)
    ranks(training.process)[1].kill()
    started = time.monotonic()
    list(follow(training, 0.1))
    assert time.monotonic() - started < NOTICED_SECONDS and gone(members.values())
    with pytest.raises(TrainingFailed) as failed:
        outcome(training)
    said_first, *_, advice = str(failed.value).splitlines()
    assert said_first == "The training process 2 of 2 ended with exit code -9."
    assert "killed from outside" in advice and "--resume" in advice and training.restarts == 0


LONG = TWO | {"train.num_train_epochs": 900, "train.early_stopping_patience": 900, "train.save_steps": 50}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_signal_to_torchrun_pauses_all_with_a_checkpoint(make_draft, monkeypatch):
    run = make_draft(in_yaml=LONG)
    training = begin(under(run, monkeypatch))
    trains(training)
    members = family(training.process)
    training.process.terminate()
    list(follow(training, 0.1))
    assert gone(members.values())
    with pytest.raises(TrainingFailed, match="is paused"):
        outcome(training)
    [*_, newest] = Trained(run).checkpoints
    step = max(row["step"] for row in training.metrics)
    assert newest >= step - 5 and newest % 50, "not one that it would have written anyway"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("victim", ["the notebook", "torchrun"])
def test_whoever_looked_after_them_is_killed_and_they_leave(make_draft, monkeypatch, victim):
    run = make_draft(in_yaml=LONG)
    stage = under(run, monkeypatch)
    notebook = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    monkeypatch.setattr(process.os, "getpid", lambda: notebook.pid)
    training = begin(stage)
    monkeypatch.undo()
    trains(training)
    members = family(training.process)
    (notebook if victim == "the notebook" else training.process).kill()
    notebook.kill()
    notebook.wait()
    training.process.wait(60)
    assert gone(members.values())
    assert Trained(run).checkpoints and not (run.folder / "train/adapter").exists()
    assert {read_json(path)["code"] for path in stage.folder.glob(endings.TOLD)} == {PAUSED}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_one_that_the_system_kills_for_want_of_memory_is_begun_again_with_less(make_draft, monkeypatch):
    run = make_draft(in_yaml=TWO | {"train.num_train_epochs": 30, "train.early_stopping_patience": 900})
    training = begin(under(run, monkeypatch))
    trains(training)
    training.kills_before -= 1  # as if the system's counter had risen meanwhile
    ranks(training.process)[1].kill()
    list(follow(training, 0.1))
    found = outcome(training)
    assert training.restarts == 1 and found["micro_batch"]["conversations"] == 1 and found["resumed_from"] > 0
    assert found["events"][0]["what"] == "killed by the system for want of memory"


@pytest.mark.slow
def test_the_preflight_runs_under_torchrun_too(make_draft, monkeypatch):
    found = preflight(under(make_draft(in_yaml=TWO), monkeypatch))
    assert found["processes"] == PROCESSES and found["minutes"] > 0
