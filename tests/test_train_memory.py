"""When memory ends: less at once, the same steps, said and recorded; and when nothing helps, an end with advice."""

import contextlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import conversation
from trained import Trained
from training import fails_once, fits, limit_address_space, rows, said, train_in_child

from marcus_nb import train
from marcus_nb.parameters import ROOT
from marcus_nb.runs import Stage, read_json
from marcus_nb.train import TrainingFailed, child, failures
from marcus_nb.train.memory import Memory

EIGHT = {
    "train.per_device_train_batch_size": 8,
    "train.max_tokens_per_micro_batch": 2048,
    "train.num_train_epochs": 2,
}


@pytest.fixture(scope="module")
def unhalved(make_draft):
    run = make_draft(in_yaml=EIGHT)
    assert train_in_child(run) == 0, said(run)
    return Trained(run)


def same_steps(halved: Trained, unhalved: Trained) -> None:
    """The same tokens in every step: what was learned is the same to rounding."""
    assert halved.losses == pytest.approx(unhalved.losses, abs=1e-5)
    assert halved.rates == unhalved.rates
    assert [step for step, _ in halved.validation] == [step for step, _ in unhalved.validation]
    assert [loss for _, loss in halved.validation] == pytest.approx([loss for _, loss in unhalved.validation], abs=1e-4)
    assert halved.outcome["plan"] == unhalved.outcome["plan"]


def test_a_step_that_does_not_fit_is_done_again_in_smaller_pieces(make_draft, unhalved):
    run = make_draft(in_yaml=EIGHT)
    assert train_in_child(run, (fits, 3)) == 0, said(run)
    halved = Trained(run)
    same_steps(halved, unhalved)
    first, second = rows(run, "events.jsonl")
    assert first["step"] == second["step"] == 1
    assert "DefaultCPUAllocator" in first["what"] and first["what"].startswith("out of memory: ")
    assert first["did"].startswith("micro-batches of 4 conversations and ")
    assert second["did"].startswith("micro-batches of 2 conversations and ")
    assert all(row["did"].endswith(" tokens at most; the step stays the same") for row in (first, second))
    assert halved.outcome["micro_batch"]["conversations"] == 2
    assert not halved.outcome["activation_checkpointing"]
    assert read_json(halved.folder / "memory.json")["now"]["conversations"] == 2
    assert unhalved.outcome["micro_batch"]["conversations"] == 8


def test_what_half_a_step_left_behind_is_not_counted_twice(make_draft):
    """Memory ends in the second of two micro-batches of a step, when the first has its gradient already."""
    pieces = EIGHT | {"train.per_device_train_batch_size": 4, "train.gradient_accumulation_steps": 2}
    unhalved, halved = (Trained(make_draft(in_yaml=pieces)) for _ in range(2))
    assert train_in_child(unhalved.run) == 0, said(unhalved.run)
    assert train_in_child(halved.run, (fails_once, 2)) == 0, said(halved.run)
    assert [row["step"] for row in rows(halved.run, "events.jsonl")] == [1]
    same_steps(halved, unhalved)
    assert halved.steps[0]["grad_norm"] == pytest.approx(unhalved.steps[0]["grad_norm"], rel=1e-3)


def test_with_one_conversation_at_a_time_activations_are_computed_twice_then_it_is_over(make_draft):
    run = make_draft(in_yaml=EIGHT)
    assert train_in_child(run, (fits, 0)) == failures.MEMORY
    assert [row["did"].partition(" and ")[0] for row in rows(run, "events.jsonl")] == [
        "micro-batches of 4 conversations",
        "micro-batches of 2 conversations",
        "micro-batches of 1 conversation",
        "micro-batches of 1 conversation",
    ]
    assert "activations computed twice" in rows(run, "events.jsonl")[-1]["did"]
    assert "DefaultCPUAllocator" in said(run) and not (run.folder / "train/outcome.json").exists()


def test_the_preflight_says_what_did_not_fit_and_the_training_begins_with_what_does(make_draft, unhalved):
    run = make_draft(in_yaml=EIGHT)
    assert train_in_child(run, (fits, 3), what="preflight") == 0, said(run)
    found = read_json(run.folder / "train/preflight.json")
    assert found["micro_batch"]["conversations"] == 2
    assert found["did_not_fit"] == [
        {"tried": "8 conversations, 2048 tokens in a micro-batch", "found": "out of memory"}
    ]
    (run.folder / "train/events.jsonl").unlink()
    assert train_in_child(run, (fits, 3)) == 0, said(run)
    assert rows(run, "events.jsonl") == [], "it fits from the first step"
    same_steps(Trained(run), unhalved)


def test_the_preflight_ends_with_its_code_when_nothing_fits(make_draft):
    run = make_draft(in_yaml=EIGHT)
    assert train_in_child(run, (fits, 0), what="preflight") == failures.MEMORY
    assert not (run.folder / "train/preflight.json").exists()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux to limit a process's memory")
def test_memory_that_really_ends_is_recognised(make_draft):
    """Eight long conversations at once take more than the process may have; fewer do not."""
    long = [conversation(f"long:{number}", "Why? " * 40, "Because of the tide. " * 80) for number in range(8)]
    values = {"shared.max_length": 2048, "train.max_tokens_per_micro_batch": 20_000, "train.num_train_epochs": 2}
    run = make_draft(in_yaml=EIGHT | values, train=long)
    assert train_in_child(run) == 0, said(run)
    unlimited = Trained(run)
    run = make_draft(in_yaml=EIGHT | values, train=long)
    assert train_in_child(run, (limit_address_space, 150 * 2**20)) == 0, said(run)
    limited = Trained(run)
    assert limited.outcome["micro_batch"]["conversations"] < 8 and limited.outcome["steps"] == 2
    assert any(row["what"].startswith("out of memory") for row in rows(run, "events.jsonl"))
    assert limited.losses == pytest.approx(unlimited.losses, abs=1e-4)


# --- what is asked for ----------------------------------------------------------------------------------------------


def test_limits_are_kept_for_the_next_process_until_something_else_is_asked_for(make_draft, tmp_path):
    asked = make_draft(in_yaml=EIGHT).parameters.train
    memory = Memory(tmp_path, asked)
    assert memory.shrink() and memory.in_words().startswith("micro-batches of 4 conversations and 1024 tokens")
    assert Memory(tmp_path, asked).now == memory.now
    assert Memory(tmp_path, asked.model_copy(update={"per_device_train_batch_size": 6})).conversations == 6
    for damaged in ("", "[]", '{"asked": 1}', '{"asked"', "7"):
        (tmp_path / "memory.json").write_text(damaged, encoding="utf-8")
        assert Memory(tmp_path, asked).conversations == 8


def test_halving_starts_from_what_was_really_there(make_draft, tmp_path):
    """Three rows of ten tokens are far from the limits: halving those would change nothing."""
    memory = Memory(tmp_path, make_draft(in_yaml=EIGHT).parameters.train)
    assert memory.shrink([{"input_ids": [0] * 10}] * 3)
    assert (memory.conversations, memory.tokens) == (2, 16)


# --- killed by the system -------------------------------------------------------------------------------------------


@pytest.fixture
def memory_group():
    """A memory cgroup of our own with a limit: `memory_group(bytes)` → the file to write a process's number into."""
    version_1 = Path("/sys/fs/cgroup/memory")
    folder = (version_1 if version_1.is_dir() else Path("/sys/fs/cgroup")) / f"marcus-test-{os.getpid()}"

    def make(most: int) -> Path:
        try:
            folder.mkdir()
            limit = folder / ("memory.limit_in_bytes" if version_1.is_dir() else "memory.max")
            limit.write_text(str(most), encoding="utf-8")
            for name in ("memory.swappiness", "memory.swap.max"):
                with contextlib.suppress(OSError):
                    (folder / name).write_text("0", encoding="utf-8")
        except OSError as error:
            pytest.skip(f"may not limit memory by cgroup here: {error}")
        return folder / "cgroup.procs"

    yield make
    if folder.is_dir():
        folder.rmdir()


def limited(monkeypatch, processes: Path, eats: int) -> None:
    """The command of the child puts itself into the group first; more than two rows at once take a lot of memory."""
    code = textwrap.dedent(f"""
        import os, sys
        sys.path.insert(0, {str(ROOT / "tests")!r})
        open({str(processes)!r}, "w").write(str(os.getpid()))
        from marcus_nb.train import __main__ as entry, trainer
        collate = trainer.collate
        def greedy(rows):
            if len(rows) > 2:
                bytearray(b"x") * {eats}
            return collate(rows)
        trainer.collate = greedy
        sys.exit(entry.main(*sys.argv[1:]))
    """)

    def command(experiment: str, run: str, processes: int, what: str) -> list[str]:
        return [sys.executable, "-c", code, experiment, run, *([what] if what != "training" else [])]

    monkeypatch.setattr(child, "command", command)


@pytest.mark.slow
def test_a_training_that_the_system_kills_goes_on_in_smaller_pieces(make_draft, unhalved, memory_group, monkeypatch):
    processes = memory_group(1_500 * 2**20)
    run = make_draft(in_yaml=EIGHT)
    monkeypatch.setenv("MARCUS_OUTPUTS", str(run.folder.parents[1]))
    limited(monkeypatch, processes, eats=3 * 2**30)
    stage = Stage("train", run)
    stage.log("03_train begins")
    found = train.preflight(stage)
    assert found["micro_batch"]["conversations"] == 2 and found["did_not_fit"]
    (stage.folder / "memory.json").unlink()  # as if memory had become scarce since
    training = train.begin(stage)
    for _ in train.follow(training, 0.1):
        pass
    outcome = train.outcome(training)
    assert training.restarts == 2 and outcome["micro_batch"]["conversations"] == 2
    killed = [row for row in outcome["events"] if row["what"] == "killed by the system for want of memory"]
    assert [row["did"].partition(" and ")[0] for row in killed] == [
        "micro-batches of 4 conversations",
        "micro-batches of 2 conversations",
    ]
    same_steps(Trained(run), unhalved)


def test_a_training_that_the_system_kills_time_and_again_ends_with_advice(make_draft, monkeypatch):
    """As often as there is something less to ask for, and no more."""
    stage = Stage("train", make_draft(in_yaml=EIGHT))
    stage.log("03_train begins")
    monkeypatch.setattr(child, "killed_for_memory", iter(range(99)).__next__)
    monkeypatch.setattr(child, "command", lambda *_: [sys.executable, "-S", "-c", "import os; os.kill(os.getpid(), 9)"])
    training = train.begin(stage)
    list(train.follow(training, 0.01))
    with pytest.raises(TrainingFailed, match=r"Out of memory, even in the smallest pieces: lower shared\.max_length"):
        train.outcome(training)
    assert training.restarts == child.RESTARTS == len(training.events)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_training_that_a_person_kills_is_not_taken_for_one_without_memory(make_draft):
    stage = Stage("train", make_draft())
    stage.log("03_train begins")
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    training = train.Training(process, stage, (), failures.killed_for_memory())
    process.kill()
    list(train.follow(training, 0.01))
    with pytest.raises(TrainingFailed, match=r"exit code -9\.\nThe training was killed from outside, and not by the"):
        train.outcome(training)
    assert (training.restarts, training.events) == (0, [])
    assert not (stage.folder / "memory.json").exists()
