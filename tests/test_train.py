"""03_train: what is learned, that every parameter matters, that one seed gives one adapter, and how it can end."""

import collections
import errno
import gc
import json
import random
import signal
import socket
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from conftest import conversation, small_talk, write_splits
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.torch import load_file

from marcus_nb import models, runs, train
from marcus_nb.conversation import read_jsonl
from marcus_nb.models import tiny
from marcus_nb.parameters import Train
from marcus_nb.render import IGNORED, prompt_ids, render
from marcus_nb.runs import Run, Stage, read_json
from marcus_nb.train import TrainError, TrainingFailed, child, loop
from marcus_nb.train import __main__ as entry
from marcus_nb.train.batches import LengthGrouped, collate

TINY = tiny.tokenizer()
TALKATIVE = {"num_train_epochs": 8, "learning_rate": 0.02}  # enough for the tiny model to say more than blanks
STRANGE = [conversation(f"strange:{number}", "ZQ9#?", "QZ9## ZQ") for number in range(4)]  # learning does not help


@pytest.fixture(scope="module", autouse=True)
def little_garbage():
    """Each training ends with a garbage collection over all that is loaded, which is half of its time here."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@dataclass(frozen=True)
class Trained:
    """What a training left in its folder."""

    run: Run

    @property
    def outcome(self) -> dict[str, Any]:
        return read_json(self.run.folder / "train/outcome.json")

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return list(read_jsonl(self.run.folder / "train/metrics.jsonl"))

    @property
    def steps(self) -> list[dict[str, Any]]:
        return [row for row in self.metrics if "loss" in row]

    @property
    def validation(self) -> list[tuple[int, float]]:
        return [(row["step"], row["validation_loss"]) for row in self.metrics if "validation_loss" in row]

    @property
    def rates(self) -> list[float]:
        return [row["learning_rate"] for row in self.steps]

    @property
    def replies(self) -> list[dict[str, Any]]:
        return list(read_jsonl(self.run.folder / "train/replies.jsonl"))

    @property
    def adapter(self) -> dict[str, torch.Tensor]:
        return load_file(self.run.folder / "train/adapter/adapter_model.safetensors")

    @property
    def bytes(self) -> bytes:
        return (self.run.folder / "train/adapter/adapter_model.safetensors").read_bytes()

    @property
    def config(self) -> dict[str, Any]:
        return read_json(self.run.folder / "train/adapter/adapter_config.json")

    @property
    def size(self) -> float:
        return sum(float(weights.square().sum()) for weights in self.adapter.values())


@pytest.fixture(scope="module")
def trained(make_draft):
    """`trained(lora_r=8)`, `trained(seed=3)`, `trained(validation="strange")`; each is trained once."""

    @cache
    def go(frozen: tuple, validation: str) -> Trained:
        overrides = {
            f"{'train' if name in Train.model_fields else 'shared'}.{name}": list(value)
            if isinstance(value, tuple)
            else value
            for name, value in frozen
        }
        splits = {"validation": STRANGE} if validation == "strange" else {}
        run = make_draft(overrides, **splits)
        loop.run_training(run)
        return Trained(run)

    return lambda validation="usual", **overrides: go(tuple(sorted(overrides.items())), validation)


# --- batches ------------------------------------------------------------------------------------------------------


def test_rows_are_padded_on_the_right():
    rows = [
        {"id": "a", "input_ids": [5, 6, 7], "labels": [IGNORED, 6, 7]},
        {"id": "b", "input_ids": [8], "labels": [IGNORED]},
    ]
    batch = collate(rows)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORED, 6, 7], [IGNORED, IGNORED, IGNORED]]


LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=200)


@given(lengths=LENGTHS, batch_size=st.integers(1, 9), seed=st.integers(0, 2**32 - 1), epoch=st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_an_epoch_sees_every_conversation_once_in_an_order_of_its_own(lengths, batch_size, seed, epoch):
    sampler = LengthGrouped(lengths, batch_size, seed)
    sampler.set_epoch(epoch)
    order = list(sampler)
    assert sorted(order) == list(range(len(lengths))) and len(sampler) == len(lengths)
    again = LengthGrouped(lengths, batch_size, seed)
    again.set_epoch(epoch)
    assert list(again) == order == list(sampler)


def test_the_order_differs_by_epoch_and_by_seed():
    lengths = [random.Random(1).randrange(5, 300) for _ in range(200)]

    def order(seed, epoch):
        sampler = LengthGrouped(lengths, 8, seed)
        sampler.set_epoch(epoch)
        return tuple(sampler)

    assert len({order(seed, epoch) for seed in range(4) for epoch in range(4)}) == 16


def test_batches_hold_little_padding():
    chance = random.Random(1)
    lengths = [chance.randrange(5, 300) for _ in range(640)]

    def padding(order):
        batches = [order[start : start + 8] for start in range(0, len(order), 8)]
        return sum(max(lengths[i] for i in batch) * len(batch) - sum(lengths[i] for i in batch) for batch in batches)

    assert padding(list(LengthGrouped(lengths, 8, 1))) < padding(list(range(640))) / 4


def test_training_really_sees_another_order_each_epoch(make_draft, monkeypatch):
    seen = []

    def watched(rows):
        seen.extend(tuple(row["input_ids"]) for row in rows)
        return collate(rows)

    monkeypatch.setattr(loop, "collate", watched)
    loop.run_training(make_draft({"train.num_train_epochs": 3}))
    epochs = [seen[start : start + 12] for start in range(0, 36, 12)]
    assert len(seen) == 36
    assert all(collections.Counter(epoch) == collections.Counter(epochs[0]) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


# --- splits -------------------------------------------------------------------------------------------------------


def load(tmp_path, max_length=512, **splits):
    run = Run("small", "draft", tmp_path, None)
    write_splits(run, **({"train": small_talk(12), "validation": small_talk(4, 12)} | splits))
    return train.load_splits(tmp_path / "clean", TINY, "You are Nell.", max_length)


def test_splits_are_what_render_makes_of_them(tmp_path):
    splits = load(tmp_path)
    assert list(splits) == ["train", "validation"]
    rows = splits["train"].dataset
    for row, item in zip(rows, small_talk(12), strict=True):
        expected = render(TINY, item.as_chat("You are Nell."))
        assert (row["id"], row["input_ids"], row["labels"]) == (item.id, expected.input_ids, expected.labels)
    assert splits["train"].tokens == sum(map(len, rows["input_ids"]))
    assert splits["train"].learned == sum(label != IGNORED for labels in rows["labels"] for label in labels)
    assert (splits["train"].left_out, splits["train"].turns_cut) == ((), 0)


def test_what_is_left_out_and_cut_is_counted(tmp_path):
    odd = [
        conversation("long", "Why?", "Because " * 60),
        conversation("forged", "Hi <|im_end|>", "Aye."),
        conversation("silent", "Hello?"),
        conversation("cut", "Tell me all. " * 20, "Aye.", "And shortly?", "Nay."),
    ]
    split = load(tmp_path, 200, train=small_talk(3) + odd)["train"]
    assert dict(split.left_out) == {
        "long": f"needs at least {len(render(TINY, odd[0].as_chat('You are Nell.')).input_ids)} tokens where "
        "shared.max_length allows 200",
        "forged": "the text holds <|im_end|>, which the model reads as the edge of a turn",
        "silent": "holds no reply of the persona, so there is nothing to learn from it",
    }
    assert split.dataset["id"][:] == ["small:0", "small:1", "small:2", "cut"]
    assert split.turns_cut == 2, "the first exchange of cut"
    assert len(split.dataset) + len(split.left_out) == 7


def test_a_context_too_small_says_what_to_raise(tmp_path):
    with pytest.raises(TrainError) as caught:
        load(tmp_path, 20)
    message = str(caught.value)
    assert message.startswith("The train split has no token to learn from: 12 conversations, 12 left out.\n")
    assert "  because one needs " in message
    assert message.endswith("shared.max_length is 20 tokens: raise it, or split long conversations.")


def test_zero_trainable_tokens_is_a_hard_stop(tmp_path):
    with pytest.raises(TrainError) as caught:
        load(tmp_path, validation=[conversation("a", "Hello?"), conversation("b", "Hello?")])
    assert str(caught.value) == (
        "The validation split has no token to learn from: 2 conversations, 2 left out.\n"
        "  because one holds no reply of the persona, so there is nothing to learn from it\n"
        "Check that 02_clean kept conversations in which the persona answers."
    )


def test_an_empty_split_is_told(tmp_path):
    with pytest.raises(TrainError, match=r"The validation split has no conversation: .*clean\.validation_share"):
        load(tmp_path, validation=[])


def test_a_conversation_beyond_the_base_models_context_is_told(make_draft):
    long = [conversation("long", "Why?", "Because " * 300)]
    run = make_draft({"shared.max_length": 5000}, train=small_talk(2) + long)
    with pytest.raises(TrainError, match=r"has \d+ tokens, and the base model reads 2048 at once: .*shared.max_length"):
        loop.run_training(run)


def test_the_plan(tmp_path, make_draft):
    splits = load(tmp_path)
    parameters = make_draft({"train.gradient_accumulation_steps": 2}).parameters.train
    assert train.plan(splits["train"], parameters) == {
        "conversations": 12,
        "tokens": splits["train"].tokens,
        "learned_tokens": splits["train"].learned,
        "steps_per_epoch": 2,
        "steps": 4,
    }
    assert train.plan(splits["train"], parameters.model_copy(update={"max_steps": 3}))["steps"] == 3
    assert train.plan(splits["train"], parameters.model_copy(update={"max_steps": 99}))["steps"] == 4


def test_the_example_has_several_turns_where_there_are_any(tmp_path):
    run = Run("small", "draft", tmp_path, None)
    write_splits(run, train=small_talk(8, 1), validation=small_talk(3, 1))
    assert train.example(tmp_path / "clean/train.jsonl").id == "small:6"
    assert train.example(tmp_path / "clean/validation.jsonl").id == "small:1"


def test_fixed_prompts_wait_for_a_reply():
    assert train.reference_chats(["Who?"], "Sys") == [
        [{"role": "system", "content": "Sys"}, {"role": "user", "content": "Who?"}]
    ]


def loss_of(model, conversations):
    """Loss per learned token of all conversations together."""
    rendered = [render(TINY, item.as_chat("You are Nell.")) for item in conversations]
    scored = models.negative_log_likelihood(model, [(item.input_ids, item.labels) for item in rendered])
    return sum(nll for nll, _ in scored) / sum(count for _, count in scored)


# --- training -----------------------------------------------------------------------------------------------------


def test_the_loss_falls_and_everything_is_told(trained):
    usual = trained()
    outcome = usual.outcome
    assert usual.validation[-1][1] < usual.validation[0][1] - 0.1
    assert usual.steps[-1]["loss"] < usual.steps[0]["loss"] - 0.1
    assert [step for step, _ in usual.validation] == [0, 3, 6]
    assert (outcome["steps"], outcome["planned_steps"], outcome["plan"]["steps"]) == (6, 6, 6)
    assert outcome["base_model"] == models.find_base("tiny").record
    assert outcome["left_out"] == {"train": [], "validation": []}
    assert outcome["trainable_parameters"] == sum(weights.numel() for weights in usual.adapter.values())
    assert outcome["tokens_per_second"] > 0 and outcome["peak_memory_gb"] > 0
    assert [row["share"] for row in usual.replies] == [0.0, 0.25, 0.5, 1.0]
    assert [row["step"] for row in usual.replies] == [0, 2, 3, 6]
    assert "validation loss" in (usual.run.folder / "train/log.txt").read_text(encoding="utf-8")


def test_the_first_losses_are_those_of_the_base_model(trained):
    assert trained().validation[0][1] == pytest.approx(loss_of(tiny.model().eval(), small_talk(4, 12)), abs=1e-5)


def test_the_last_replies_are_those_of_the_saved_adapter(trained):
    usual = trained(fixed_prompts_max_new_tokens=9)
    merged = models.merge(models.find_base("tiny"), usual.run.folder / "train/adapter")
    prompt = prompt_ids(TINY, train.reference_chats(["Who are you?"], "You are Nell.")[0])
    output = merged.generate(torch.tensor([prompt]), max_new_tokens=9, do_sample=False)[0, len(prompt) :]
    assert usual.replies[-1]["reply"] == TINY.decode(output, skip_special_tokens=True).strip()


def test_one_seed_gives_one_adapter_byte_for_byte(make_draft, trained):
    run = make_draft()
    torch.rand(7)  # what happened before in this process has no influence
    random.random()
    loop.run_training(run)
    assert Trained(run).bytes == trained().bytes
    assert [row["loss"] for row in Trained(run).steps] == [row["loss"] for row in trained().steps]
    dropout = {"train.lora_dropout": 0.5}
    first, second = make_draft(dropout), make_draft(dropout)
    for run in (first, second):
        loop.run_training(run)
    assert Trained(first).bytes == Trained(second).bytes


def test_the_adapter_names_the_base_model_and_no_folder(make_draft, tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("base") / "my-model"
    tiny.model().save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: pytest.fail(f"asked the network for {host}"))
    run = make_draft({"shared.base_model": str(folder), "train.max_steps": 1})
    loop.run_training(run)
    assert Trained(run).config["base_model_name_or_path"] == "my-model"
    assert Trained(run).outcome["base_model"]["name"] == "my-model"
    for path in (run.folder / "train").rglob("*"):
        if path.is_file() and path.suffix in (".json", ".jsonl", ".txt", ".md"):
            assert str(folder.parent) not in path.read_text(encoding="utf-8"), path
    assert not (run.folder / "train/adapter/README.md").exists()


def test_the_best_checkpoint_is_the_one_saved(trained):
    risen = trained("strange", num_train_epochs=6, learning_rate=0.02)
    losses = dict(risen.validation[1:])
    best = min(losses, key=losses.get)
    assert best < 18, "this data is meant to get worse with training"
    assert (risen.outcome["best_step"], risen.outcome["validation_loss"]) == (best, losses[best])
    assert (risen.outcome["kept_step"], risen.outcome["kept_validation_loss"]) == (best, losses[best])
    merged = models.merge(models.find_base("tiny"), risen.run.folder / "train/adapter")
    assert loss_of(merged, STRANGE) == pytest.approx(losses[best], abs=1e-4)


def test_a_stop_file_ends_it_and_keeps_what_was_learned(make_draft):
    run = make_draft({"train.num_train_epochs": 50})
    (run.folder / "train" / loop.STOP_FILE).touch()
    loop.run_training(run)
    stopped = Trained(run)
    assert (stopped.outcome["steps"], stopped.outcome["best_step"], stopped.outcome["planned_steps"]) == (1, 1, 150)
    assert [step for step, _ in stopped.validation] == [0, 1]
    assert stopped.size > 0
    assert "asked to stop" in (run.folder / "train/log.txt").read_text(encoding="utf-8")


def test_a_loss_that_is_no_number_ends_it(make_draft):
    run = make_draft({"train.learning_rate": 0.9, "train.lora_alpha": 10**38})
    with pytest.raises(loop.NotFinite, match=r"(loss|gradient) (nan|inf).* at step \d"):
        loop.run_training(run)
    assert not (run.folder / "train/outcome.json").exists()
    assert "NaN" not in (run.folder / "train/metrics.jsonl").read_text(encoding="utf-8")


# --- every parameter matters --------------------------------------------------------------------------------------


def _kept_in_length(trained, usual):
    """Two exchanges do not fit into 130 tokens: the first is cut; conversations that fit none are left out."""
    shorter = trained(max_length=130)
    assert sum(usual.outcome["turns_cut"].values()) == 0
    assert shorter.outcome["turns_cut"] == {"train": 4, "validation": 2}
    tightest = trained(max_length=101)
    assert 0 < len(tightest.outcome["left_out"]["train"]) < 12


def _schedules(trained, usual):
    rates = {
        name: trained(lr_scheduler_type=name, warmup_steps=2).rates
        for name in ("linear", "cosine", "constant", "constant_with_warmup")
    }
    assert len(set(map(tuple, rates.values()))) == 4
    assert rates["constant"] == [0.004] * 6
    assert rates["constant_with_warmup"] == pytest.approx([0, 0.002, 0.004, 0.004, 0.004, 0.004])
    assert rates["linear"] == pytest.approx([0, 0.002, 0.004, 0.003, 0.002, 0.001])
    assert rates["cosine"][2] == pytest.approx(0.004) and rates["cosine"][3] > 0.003 > rates["cosine"][4]


def _patience(trained, usual):
    ended = [trained("strange", num_train_epochs=8, learning_rate=0.02, early_stopping_patience=n) for n in (1, 3)]
    for patience, result in zip((1, 3), ended, strict=True):
        steps = [step for step, _ in result.validation]
        assert result.outcome["steps"] == steps[-1] < result.outcome["planned_steps"]
        assert len([step for step in steps if step > result.outcome["best_step"]]) == patience
    assert ended[0].outcome["steps"] < ended[1].outcome["steps"]


def _last_one_kept(trained, usual):
    """The same run twice: what is kept is the best by validation loss, or the last whatever its loss."""
    options = {"num_train_epochs": 6, "learning_rate": 0.02, "early_stopping_patience": 50}
    best, last = (trained("strange", load_best_model_at_end=on, **options) for on in (True, False))
    assert best.validation == last.validation
    losses = dict(last.validation)
    assert last.outcome["kept_step"] == last.outcome["steps"] > last.outcome["best_step"] == best.outcome["kept_step"]
    merged = models.merge(models.find_base("tiny"), last.run.folder / "train/adapter")
    assert loss_of(merged, STRANGE) == pytest.approx(losses[last.outcome["kept_step"]], abs=1e-4)
    assert last.outcome["kept_validation_loss"] == losses[last.outcome["kept_step"]] > best.outcome["validation_loss"]


def _precision(trained, usual):
    half = trained(dtype="bfloat16")
    assert (usual.outcome["dtype"], half.outcome["dtype"]) == ("float32", "bfloat16")
    assert half.validation[-1][1] == pytest.approx(usual.validation[-1][1], abs=0.05)
    assert half.bytes != usual.bytes
    assert {weights.dtype for weights in half.adapter.values()} == {torch.float32}
    auto = trained(dtype="auto").outcome
    assert auto["dtype"] in ("float32", "bfloat16") and "set by" not in auto["dtype_reason"]


def _longest_answer(trained, usual):
    short, long = trained(fixed_prompts_max_new_tokens=2), trained(fixed_prompts_max_new_tokens=12, **TALKATIVE)
    longest = [max(len(TINY.encode(row["reply"])) for row in result.replies) for result in (short, long)]
    assert longest[0] <= 2 < longest[1] <= 12


def _warmed_up(trained, usual):
    warmed = trained(lr_scheduler_type="constant_with_warmup", warmup_steps=4)
    assert warmed.rates == pytest.approx([0, 0.001, 0.002, 0.003, 0.004, 0.004])


def _dropped_out(trained, usual):
    dropped = trained(lora_dropout=0.5)
    assert dropped.config["lora_dropout"] == 0.5
    assert dropped.steps[1]["loss"] != usual.steps[1]["loss"]


def _asked(trained, usual):
    rows = trained(fixed_prompts=("Ahoy?", "Bye!")).replies
    assert [row["prompt"] for row in rows] == ["Ahoy?", "Bye!"] * 4


def _weight_pulled(trained, usual):
    assert trained(weight_decay=0.9, max_steps=6).size < 0.999 * trained(max_steps=6).size


def _gradient_cut(trained, usual):
    """Adam hardly minds the gradient's length until it drowns in its epsilon."""
    cut = trained(max_grad_norm=1e-10)
    fell, hardly = (result.validation[0][1] - result.validation[-1][1] for result in (usual, cut))
    assert hardly < fell / 5


def _rank(trained, usual):
    double = trained(lora_r=8)
    assert double.config["r"] == 8
    assert double.outcome["trainable_parameters"] == 2 * usual.outcome["trainable_parameters"]


def _scale(trained, usual):
    louder = trained(lora_alpha=64)
    assert louder.config["lora_alpha"] == 64
    assert louder.steps[1]["loss"] == usual.steps[1]["loss"] or louder.steps[-1]["loss"] != usual.steps[-1]["loss"]
    assert louder.validation[1][1] != usual.validation[1][1]


MATTERS = {
    "learning_rate": lambda trained, usual: _same_but(trained(learning_rate=0.001), usual, [0.001] * 6),
    "num_train_epochs": lambda trained, usual: _ends(trained(num_train_epochs=3), 9, 3.0),
    "max_steps": lambda trained, usual: (
        _ends(trained(max_steps=4), 4, 4 / 3),
        _ends(trained(max_steps=100), 6, 2.0),  # the epochs end it first, as the plan says
    ),
    "per_device_train_batch_size": lambda trained, usual: _ends(trained(per_device_train_batch_size=6), 4, 2.0),
    "gradient_accumulation_steps": lambda trained, usual: _ends(trained(gradient_accumulation_steps=3), 2, 2.0),
    "lr_scheduler_type": _schedules,
    "warmup_steps": _warmed_up,
    "weight_decay": _weight_pulled,
    "max_grad_norm": _gradient_cut,
    "lora_r": _rank,
    "lora_alpha": _scale,
    "lora_dropout": _dropped_out,
    "max_length": _kept_in_length,
    "evals_per_epoch": lambda trained, usual: _evaluates(trained(evals_per_epoch=3), [0, 1, 2, 3, 4, 5, 6]),
    "early_stopping_patience": _patience,
    "load_best_model_at_end": _last_one_kept,
    "dtype": _precision,
    "fixed_prompts": _asked,
    "fixed_prompts_max_new_tokens": _longest_answer,
}


def _same_but(result, usual, rates):
    assert result.rates == pytest.approx(rates) and usual.rates == pytest.approx([0.004] * 6)
    assert result.validation[0] == usual.validation[0]
    assert result.validation[-1][1] > usual.validation[-1][1]


def _ends(result, steps, epoch):
    assert (result.outcome["steps"], result.outcome["planned_steps"]) == (steps, steps)
    assert result.metrics[-1]["epoch"] == pytest.approx(epoch, abs=0.01)


def _evaluates(result, steps):
    assert [step for step, _ in result.validation] == steps


@pytest.mark.parametrize("name", [*Train.model_fields, "max_length"])
def test_every_parameter_of_train_matters(name, trained):
    assert name in MATTERS, f"train.{name} has no case here that shows that it changes the outcome"
    MATTERS[name](trained, trained())


def test_accumulated_micro_batches_weigh_every_learned_token_the_same(trained):
    """One micro-batch of 12 and three of 4 are the same step, although they hold unlike numbers of tokens."""
    whole = trained(per_device_train_batch_size=12, max_steps=1)
    pieces = trained(gradient_accumulation_steps=3, max_steps=1)
    assert pieces.steps[0]["loss"] == pytest.approx(whole.steps[0]["loss"], abs=1e-4)
    assert pieces.steps[0]["grad_norm"] == pytest.approx(whole.steps[0]["grad_norm"], rel=1e-3)


def test_the_seed_matters(trained):
    usual, other = trained(), trained(seed=2)
    assert usual.bytes != other.bytes
    assert usual.validation[0] == other.validation[0], "the base model is the same"
    # One batch of all: no order, only the adapter's first weights can differ.
    first, second = (trained(seed=seed, per_device_train_batch_size=12, max_steps=1) for seed in (1, 2))
    assert all(not first.adapter[name].equal(second.adapter[name]) for name in first.adapter if "lora_A" in name)


def test_the_system_prompt_matters(trained):
    usual, other = trained(), trained(system_prompt="You are a pirate.")
    assert usual.validation[0] != other.validation[0]
    assert other.outcome["plan"]["tokens"] == usual.outcome["plan"]["tokens"] + 12 * 4
    assert usual.bytes != other.bytes
    empty = trained(system_prompt="")
    assert empty.outcome["plan"]["tokens"] == usual.outcome["plan"]["tokens"] - 12 * len("You are Nell.")


# --- the child process --------------------------------------------------------------------------------------------


@pytest.fixture
def child_stage(make_draft, monkeypatch):
    """A draft's 03_train at work, where the child process finds it too."""

    def make(overrides=None):
        run = make_draft(overrides)
        monkeypatch.setenv("MARCUS_OUTPUTS", str(run.folder.parents[1]))
        stage = Stage("train", run)
        stage.log("03_train begins")
        return stage

    return make


def test_a_training_from_begin_to_outcome(child_stage, trained):
    """A real child process: followed, judged, and the same adapter bit for bit as in this process."""
    stage = child_stage()
    (stage.folder / "outcome.json").write_text("{}", encoding="utf-8")  # of an earlier training of this draft
    (stage.folder / loop.STOP_FILE).touch()
    training = train.begin(stage)
    assert training.metrics == []
    moments = [moment.last_line for moment in train.follow(training, 0.05)]
    outcome = train.outcome(training)
    assert outcome["steps"] == 6
    assert moments[-1].endswith("adapter written") and len(moments) > 2
    assert training.metrics == Trained(stage.run).metrics
    assert Trained(stage.run).bytes == trained().bytes


def test_a_child_that_is_killed_is_told_as_a_matter_of_memory(child_stage):
    training = train.begin(child_stage())
    training.process.kill()
    list(train.follow(training, 0.01))
    with pytest.raises(TrainingFailed) as caught:
        train.outcome(training)
    message = str(caught.value)
    assert message.startswith("The training process ended with exit code -9.")
    assert "want of memory" in message and "halve train.per_device_train_batch_size" in message


def test_an_interrupt_ends_the_child(child_stage):
    training = train.begin(child_stage())
    with pytest.raises(KeyboardInterrupt):
        for _ in train.follow(training, 0.01):
            raise KeyboardInterrupt
    assert training.process.poll() == -signal.SIGTERM
    with pytest.raises(TrainingFailed, match="asked to end from outside"):
        train.outcome(training)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_the_child_ends_when_its_parent_is_gone(child_stage):
    """The kernel of a notebook is killed: its training must not go on for hours with nobody to read it."""
    stage = child_stage({"train.num_train_epochs": 1000})
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(f"""
            import os, subprocess, sys, time
            environment = os.environ | {{"{child.PARENT}": str(os.getpid())}}
            command = [sys.executable, "-m", "marcus_nb.train", "{stage.run.experiment}", "{stage.run.name}"]
            begun = subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            print(begun.pid, flush=True)
            time.sleep(600)
        """)],
        cwd=Path(loop.__file__).parents[2],
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )  # fmt: skip
    orphan = psutil.Process(int(parent.stdout.readline()))
    try:
        parent.kill()  # while the child still imports: its own question for a parent would come too late
        parent.wait()
        assert orphan.is_running()
        psutil.wait_procs([orphan], timeout=300)
        assert not orphan.is_running()
        assert not (stage.folder / "outcome.json").exists()
    finally:
        parent.stdout.close()
        if orphan.is_running():
            orphan.kill()


def end(monkeypatch, run, error=None):
    """The exit code of the child's `main`, run in this process; `error` is what the training is made to end with."""
    monkeypatch.setenv("MARCUS_OUTPUTS", str(run.folder.parents[1]))
    monkeypatch.setattr(entry, "_leave_with_parent", lambda: None)
    if error is not None:

        def fail(_):
            raise error

        monkeypatch.setattr(entry, "run_training", fail)
    return entry.main(run.experiment, run.name)


def test_wrong_data_ends_with_its_own_words(make_draft, monkeypatch, capsys):
    assert end(monkeypatch, make_draft({"shared.max_length": 20})) == child.DATA
    assert "shared.max_length is 20 tokens: raise it" in capsys.readouterr().err
    assert end(monkeypatch, make_draft({"shared.base_model": "package:no_such"})) == child.DATA
    assert "is not installed" in capsys.readouterr().err


def test_a_diverged_training_ends_with_its_code(make_draft, monkeypatch):
    run = make_draft({"train.learning_rate": 0.9, "train.lora_alpha": 10**38})
    assert end(monkeypatch, run) == child.NOT_FINITE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), child.MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory"), child.MEMORY),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"), child.MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), child.DISK),
        (SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"), child.DISK),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"), child.DISK),
        (runs.DiskFull("The disk is full"), child.DISK),
    ],
)
def test_memory_and_disk_are_told_apart(make_draft, monkeypatch, error, code):
    assert end(monkeypatch, make_draft(), error) == code


def test_an_unknown_error_is_not_swallowed(make_draft, monkeypatch):
    with pytest.raises(RuntimeError, match="something else"):
        end(monkeypatch, make_draft(), RuntimeError("something else"))


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (child.DATA, "because one needs"),
        (child.NOT_FINITE, "lower train.learning_rate"),
        (child.DISK, "The disk is full: free some space"),
        (child.MEMORY, "Out of memory: halve train.per_device_train_batch_size"),
        (1, "Its own words are in train/errors.txt"),
        (0, "Its own words are in train/errors.txt"),  # ended well, yet wrote no outcome
    ],
)
def test_each_ending_has_its_advice(make_draft, code, advice):
    stage = Stage("train", make_draft())
    (stage.folder / "errors.txt").write_text("  because one needs 70 tokens\n", encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-S", "-c", f"raise SystemExit({code})"])
    with pytest.raises(TrainingFailed) as caught:
        train.outcome(child.Training(process, stage, ()))
    assert f"ended with exit code {code}." in str(caught.value) and advice in str(caught.value)
    assert "because one needs 70 tokens" in str(caught.value)


def test_half_written_metrics_are_no_metrics(make_draft):
    stage = Stage("train", make_draft())
    whole = json.dumps({"step": 1, "loss": 2.0})
    (stage.folder / "metrics.jsonl").write_text(f'{whole}\n{{"step": 2, "lo', encoding="utf-8")
    assert child.Training(None, stage, ()).metrics == [{"step": 1, "loss": 2.0}]
