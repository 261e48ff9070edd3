"""train.processes: several processes compute what one computes, and none outlives another."""

import collections
import dataclasses
import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import conversation, small_talk
from together import TWO, said, signal_before, touch_before, train_together, trained_together, watch
from trained import Trained
from trained import train as train_alone
from training import kill_before, train_in_child
from training import said as said_alone

from marcus_nb.conversation import read_jsonl
from marcus_nb.runs import read_json
from marcus_nb.train import child, endings
from marcus_nb.train.failures import DATA, PAUSED

STEP = ("marcus_nb.train.trainer", "PersonaTrainer", "_clip_grad_norm")


def weighted(item, weight):
    """With its first reply counted by `weight`."""
    first = next(place for place, message in enumerate(item.messages) if message.role == "assistant")
    messages = list(item.messages)
    messages[first] = dataclasses.replace(messages[first], weight=weight)
    return dataclasses.replace(item, messages=tuple(messages))


@pytest.fixture(scope="module")
def two(make_draft):
    """A usual training of two processes, both of them watched."""
    return trained_together(make_draft(in_yaml=TWO), dict.fromkeys((0, 1), (watch,)))


def close(one, other):
    """Equal but for the rounding of sums in another order."""
    assert one.adapter.keys() == other.adapter.keys()
    return all(weights.allclose(other.adapter[name], atol=2e-5) for name, weights in one.adapter.items())


# --- the same as one process ----------------------------------------------------------------------------------------


def test_two_processes_learn_what_one_learns(two, trained):
    one = trained(per_device_train_batch_size=4)
    assert close(one, two) and one.bytes != two.bytes
    assert two.losses == pytest.approx(one.losses, abs=1e-5) and len(two.losses) == 6
    assert two.rates == one.rates
    assert [step for step, _ in two.validation] == [step for step, _ in one.validation] == [0, 3, 6]
    assert [loss for _, loss in two.validation] == pytest.approx([loss for _, loss in one.validation], abs=1e-5)
    assert two.replies == one.replies
    for name in ("steps", "planned_steps", "kept_step", "ended", "plan", "trainable_parameters", "skipped_steps"):
        assert two.outcome[name] == one.outcome[name], name
    assert two.outcome["processes"] == 2 and one.outcome["processes"] == 1


VARIANTS = {
    "accumulation": {"train.gradient_accumulation_steps": 2},
    "rates": {"train.lr_scheduler_type": "linear", "train.warmup_steps": 3, "train.max_grad_norm": 0.1},
    "smoothing": {"train.label_smoothing_factor": 0.1, "train.activation_checkpointing": True},
    # Rows of very different length: one process has more micro-batches than the other.
    "micro-batches": {"train.max_tokens_per_micro_batch": 100, "train.gradient_accumulation_steps": 2},
}
SHORT = {"train": small_talk(13)}  # the last step has one row, and the second process none
WEIGHTED = {
    "train": [weighted(item, place % 3 / 2) for place, item in enumerate(small_talk(12))],
    "validation": [conversation("v", "Hi?", "Aye.")],  # one row: the second process validates nothing
}


@pytest.mark.parametrize(
    ("chosen", "splits"),
    [
        pytest.param({}, SHORT, id="a short last step"),
        pytest.param({}, WEIGHTED, id="weights"),
        *(pytest.param(chosen, {}, id=name, marks=pytest.mark.slow) for name, chosen in VARIANTS.items()),
        pytest.param({"train.method": "full", "train.learning_rate": 0.001}, {}, id="full", marks=pytest.mark.slow),
    ],
)
def test_so_they_do_however_a_step_is_cut(make_draft, chosen, splits):
    together = trained_together(make_draft(in_yaml=TWO | chosen, **splits))
    alone = train_alone(make_draft(in_yaml=chosen | {"train.per_device_train_batch_size": 4}, **splits))
    assert together.losses == pytest.approx(alone.losses, abs=1e-5)
    assert together.rates == alone.rates
    assert [x for _, x in together.validation] == pytest.approx([x for _, x in alone.validation], abs=1e-5)
    if chosen.get("train.method") != "full":
        assert close(alone, together)


def seen(result, rank):
    return list(read_jsonl(result.folder / f"rank-{rank}/seen.jsonl"))


def test_every_row_is_seen_once_an_epoch_by_one_of_them(two):
    steps = [[[tuple(ids) for ids in row["rows"]] for row in seen(two, rank) if "rows" in row] for rank in (0, 1)]
    assert [[len(step) for step in of_rank] for of_rank in steps] == [[2] * 6] * 2
    epochs = [
        collections.Counter(ids for of_rank in steps for step in of_rank[start : start + 3] for ids in step)
        for start in (0, 3)
    ]
    assert epochs[0] == epochs[1] and set(epochs[0].values()) == {1} and len(epochs[0]) == 12
    assert steps[0][:3] != steps[0][3:], "another order"


def test_only_the_first_one_writes_and_speaks(two):
    changed = [(two.folder / f"rank-{rank}/changes.txt").read_text(encoding="utf-8").splitlines() for rank in (0, 1)]
    assert any("metrics.jsonl" in line for line in changed[0]) and any("optimizer.pt" in line for line in changed[0])
    folder = "os.mkdir .*checkpoint-[36]"  # where its random state goes, if it comes first
    assert all(line.endswith("rng_state_1.pth") or re.fullmatch(folder, line) for line in changed[1]) and changed[1]
    assert said(two.run, 1) == ""
    assert [row["step"] for row in two.steps] == [1, 2, 3, 4, 5, 6]
    assert len(two.replies) == len({row["share"] for row in two.replies}) == 4
    assert two.log.count("base model tiny") == two.log.count("adapter written") == 1
    assert not list(two.folder.glob(endings.TOLD))
    made = {path.name for path in (two.folder / "checkpoints/checkpoint-6").iterdir()}
    assert {"rng_state_0.pth", "rng_state_1.pth"} < made
    assert set(read_json(two.folder / "checkpoints/checkpoint-6/manifest.json")["files"]) == made - {"manifest.json"}


def test_the_dropped_places_are_not_the_same_in_both(make_draft):
    same = [conversation(f"same:{number}", "Is it free?", "Aye, mind the tide.") for number in range(4)]
    run = make_draft(in_yaml=TWO | {"train.neftune_noise_alpha": 5, "train.max_steps": 1}, train=same)
    result = trained_together(run, dict.fromkeys((0, 1), (keep_losses,)))
    losses = [(result.folder / f"losses-{rank}.txt").read_text(encoding="utf-8") for rank in (0, 1)]
    assert losses[0] != losses[1], "the rows are the same, the noise is not"


def keep_losses(folder: Path) -> None:
    from marcus_nb.train.trainer import PersonaTrainer

    original = PersonaTrainer._loss

    def keeping(*args):
        loss = original(*args)
        with (folder / f"losses-{os.environ['RANK']}.txt").open("a", encoding="utf-8") as file:
            file.write(f"{float(loss)}\n")
        return loss

    PersonaTrainer._loss = keeping


# --- leaving and going on -------------------------------------------------------------------------------------------

DROPOUT = TWO | {"train.lora_dropout": 0.2, "train.save_steps": 1}


@pytest.fixture(scope="module")
def dropping(make_draft):
    return trained_together(make_draft(in_yaml=DROPOUT))


@pytest.mark.parametrize(
    ("trap", "rank"),
    [
        ((touch_before, *STEP, 2, "pause"), 0),
        pytest.param(
            (signal_before, *STEP, 4, "SIGTERM"), 1, marks=pytest.mark.skipif(os.name == "nt", reason="POSIX")
        ),
    ],
    ids=["a pause file", "SIGTERM to one"],
)
def test_all_leave_with_one_checkpoint_and_go_on_to_the_same_bytes(make_draft, dropping, trap, rank):
    run = make_draft(in_yaml=DROPOUT)
    assert train_together(run, {rank: trap}) == [PAUSED, PAUSED]
    left = Trained(run)
    assert left.checkpoints[-1] in (2, 4) and not (left.folder / "adapter").exists()
    (run.folder / "train/pause").unlink(missing_ok=True)
    assert trained_together(run).bytes == dropping.bytes
    assert left.losses == dropping.losses and left.validation == dropping.validation


def test_stopped_they_keep_what_was_learned_so_far(make_draft):
    result = trained_together(make_draft(in_yaml=TWO), {1: (touch_before, *STEP, 2, "stop")})
    assert (result.outcome["ended"], result.outcome["steps"]) == ("asked to stop", 2)


def test_another_number_of_processes_is_refused_by_name(make_draft, two):
    run = make_draft(in_yaml=TWO)
    assert train_together(run, {1: (kill_before, *STEP, 5)})[1] == -9
    run = kept_run(run)
    path = run.folder / "parameters.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("processes: 2", "processes: 1"), encoding="utf-8")
    assert train_in_child(run) == DATA
    assert "processes: 2 then, 1 now" in said_alone(run)
    path.write_text(text, encoding="utf-8")
    assert train_in_child(run) == DATA, "and a launcher that starts fewer"
    assert "train.processes is 2, and the launcher started 1" in said_alone(run)
    assert trained_together(run).bytes == two.bytes


def kept_run(run):
    """A draft as a run of its own, which nothing overwrites."""
    folder = run.folder.with_name("kept")
    shutil.move(run.folder, folder)
    state = folder / "run.json"
    state.write_text(state.read_text(encoding="utf-8").replace('"draft"', '"kept"'), encoding="utf-8")
    return dataclasses.replace(run, name="kept", folder=folder)


def test_what_fits_into_memory_is_the_same_for_all(make_draft):
    run = make_draft(in_yaml=TWO | {"train.max_steps": 1})
    memory = child.Memory(run.folder / "train", run.parameters.train)
    assert memory.shrink() and memory.conversations == 1
    result = trained_together(run, dict.fromkeys((0, 1), (watch,)))
    for rank in (0, 1):
        assert [row["micro_batch"] for row in seen(result, rank) if "micro_batch" in row] == [1, 1]
    assert result.outcome["micro_batch"]["conversations"] == 1


def test_the_preflight_measures_all_of_them(make_draft):
    alone, run = make_draft(in_yaml={"train.per_device_train_batch_size": 4}), make_draft(in_yaml=TWO)
    assert train_in_child(alone, what="preflight") == 0
    assert train_together(run, what="preflight") == [0, 0], said(run, 0) + said(run, 1)
    one, both = (read_json(item.folder / "train/preflight.json") for item in (alone, run))
    assert both["processes"] == 2 and both["steps"] == one["steps"] and both["did_not_fit"] == []
    assert 1.6 < both["peak_memory_gb"] / one["peak_memory_gb"] < 2.4
    assert both["tokens_per_second"] > 0 and said(run, 1) == ""
