"""03_train: what is learned, in what order and batches, and what stands there in the end."""

import collections
import random
import re

import pytest
import torch
from chat_families import tokenizer_of
from conftest import STRANGE, conversation, small_talk, write_splits
from hypothesis import given, settings
from hypothesis import strategies as st
from trained import disturbed, loss_of, offline, watch
from trained import train as train_it
from training import said, train_in_child

from marcus_nb import models, train
from marcus_nb.models import tiny
from marcus_nb.render import IGNORED, prompt_ids, render
from marcus_nb.runs import Run
from marcus_nb.train import TrainError, failures
from marcus_nb.train.batches import Steps, collate, micro_batches, weight

TINY = tiny.tokenizer()


# --- steps and micro-batches --------------------------------------------------------------------------------------


def row(*ids, learned=0, weight=1.0):
    """`row(5, 6, 7, learned=2)`: the last two of three tokens carry loss."""
    edge = len(ids) - learned
    return {
        "input_ids": list(ids),
        "labels": [IGNORED] * edge + list(ids[edge:]),
        "weights": [0.0] * edge + [weight] * learned,
    }


def test_rows_are_padded_on_the_right():
    batch = collate([row(5, 6, 7, learned=2), row(8)])
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORED, 6, 7], [IGNORED, IGNORED, IGNORED]]
    assert batch["weights"].tolist() == [[0, 1, 1], [0, 0, 0]]


def test_a_steps_weight_is_that_of_the_tokens_that_are_predicted():
    assert weight([row(5, 6, 7, learned=2), row(8, 9, learned=1, weight=0.5)]) == 2.5
    assert weight([row(5, 6, learned=2)]) == 1, "the first token of a row is predicted by nothing"
    assert weight([row(5, 6)]) == 0


LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=200)
SEEDS = st.integers(0, 2**32 - 1)


def of_epoch(lengths, per_step, seed, epoch, rank=0, processes=1):
    steps = Steps(lengths, per_step, seed, rank, processes)
    steps.set_epoch(epoch)
    assert len(steps) == len(list(steps))
    return list(steps)


@given(lengths=LENGTHS, per_step=st.integers(1, 9), seed=SEEDS, epoch=st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_an_epoch_sees_every_row_once_in_an_order_of_seed_and_epoch_alone(lengths, per_step, seed, epoch):
    steps = of_epoch(lengths, per_step, seed, epoch)
    assert sorted(index for step in steps for index in step) == list(range(len(lengths)))
    assert all(len(step) == per_step for step in steps[:-1]) and 1 <= len(steps[-1]) <= per_step, "a short one is last"
    random.random()
    torch.rand(1)
    assert of_epoch(lengths, per_step, seed, epoch) == steps


@given(lengths=LENGTHS, per_step=st.integers(1, 9), seed=SEEDS, processes=st.integers(2, 5))
@settings(max_examples=50, deadline=None)
def test_processes_share_each_step(lengths, per_step, seed, processes):
    shares = [of_epoch(lengths, per_step, seed, 1, rank, processes) for rank in range(processes)]
    for whole, *parts in zip(of_epoch(lengths, per_step, seed, 1), *shares, strict=True):
        assert sorted(whole) == sorted(index for part in parts for index in part)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_order_differs_by_epoch_and_by_seed():
    chance = random.Random(1)
    lengths = [chance.randrange(5, 300) for _ in range(200)]
    orders = {str(of_epoch(lengths, 8, seed, epoch)) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


def test_steps_hold_little_padding():
    chance = random.Random(1)
    lengths = [chance.randrange(5, 300) for _ in range(640)]

    def padding(steps):
        return sum(max(lengths[i] for i in step) * len(step) - sum(lengths[i] for i in step) for step in steps)

    unsorted = [list(range(start, start + 8)) for start in range(0, 640, 8)]
    assert padding(of_epoch(lengths, 8, 1, 0)) < padding(unsorted) / 4


@given(lengths=LENGTHS, most=st.integers(1, 9), tokens=st.integers(16, 2000))
@settings(max_examples=100, deadline=None)
def test_a_step_is_cut_into_micro_batches_within_both_limits(lengths, most, tokens):
    rows = [row(*[place] * length) for place, length in enumerate(lengths)]
    groups = micro_batches(rows, most, tokens)
    assert sorted(item["input_ids"][0] for group in groups for item in group) == list(range(len(rows)))
    for group in groups:
        assert len(group) <= most
        assert len(group) == 1 or len(group) * max(len(item["input_ids"]) for item in group) <= tokens


def test_training_really_sees_every_row_once_an_epoch_in_another_order_each_time(trained):
    result = trained(trap=watch, num_train_epochs=3, per_device_train_batch_size=5)
    steps = [[tuple(ids) for ids in row["rows"]] for row in result.seen if "rows" in row]
    assert [len(step) for step in steps] == [5, 5, 2] * 3
    epochs = [steps[start : start + 3] for start in (0, 3, 6)]
    counted = [collections.Counter(ids for step in epoch for ids in step) for epoch in epochs]
    assert counted[0] == counted[1] == counted[2] and set(counted[0].values()) == {1} and len(counted[0]) == 12
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


# --- splits -------------------------------------------------------------------------------------------------------


def load(tmp_path, max_length=512, tokenizer=TINY, **splits):
    run = Run("small", "draft", tmp_path, None)
    write_splits(run, **({"train": small_talk(12), "validation": small_talk(4, 12)} | splits))
    return train.load_splits(tmp_path / "clean", tokenizer, "You are Nell.", max_length)


def test_splits_are_what_render_makes_of_them(tmp_path):
    splits = load(tmp_path)
    assert list(splits) == ["train", "validation"]
    rows = splits["train"].dataset
    for row, item in zip(rows, small_talk(12), strict=True):
        [expected] = render(TINY, item.as_chat("You are Nell."))
        assert (row["id"], row["input_ids"], row["labels"]) == (item.id, expected.input_ids, expected.labels)
        assert row["weights"] == [1.0] * len(row["labels"])
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
        "long": f"needs at least {len(render(TINY, odd[0].as_chat('You are Nell.'))[0].input_ids)} tokens where "
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
    assert "  one of them: needs " in message
    assert message.endswith("shared.max_length is 20 tokens: raise it, or split long conversations.")


def test_zero_trainable_tokens_is_a_hard_stop(tmp_path):
    with pytest.raises(TrainError) as caught:
        load(tmp_path, validation=[conversation("a", "Hello?"), conversation("b", "Hello?")])
    assert str(caught.value) == (
        "The validation split has no token to learn from: 2 conversations, 2 left out.\n"
        "  one of them: holds no reply of the persona, so there is nothing to learn from it\n"
        "Check that 02_clean kept conversations in which the persona answers."
    )


def test_an_empty_split_is_told(tmp_path):
    with pytest.raises(TrainError, match=r"The validation split has no conversation: .*clean\.validation_share"):
        load(tmp_path, validation=[])


def test_a_conversation_beyond_the_base_models_context_is_told(make_draft):
    long = [conversation("long", "Why?", "Because " * 300)]
    run = make_draft({"shared.max_length": 5000}, train=small_talk(2) + long)
    assert train_in_child(run) == failures.DATA
    assert re.search(r"has \d+ tokens, and the base model reads 2048 at once: .*shared.max_length", said(run))


def test_a_conversation_may_give_several_samples(tmp_path, make_draft):
    """With a template that rewrites earlier turns each reply stands at the end of a row of its own."""
    tokenizer = tokenizer_of("mistral_v0_3")
    split = load(tmp_path, tokenizer=tokenizer)["train"]
    rows = split.dataset
    assert [name for name, count in collections.Counter(rows["id"]).items() if count == 2] == ["small:0", "small:6"]
    assert (split.conversations, len(rows), split.left_out) == (12, 14, ())
    learned = [
        tokenizer.decode([label for label in row["labels"] if label != IGNORED]).strip()
        for row in rows
        if row["id"] == "small:0"
    ]
    assert learned == ["Aye, mind the tide.</s>", "Tomorrow too, mind the tide.</s>"]
    expected = [sample for item in small_talk(12) for sample in render(tokenizer, item.as_chat("You are Nell."))]
    assert rows["input_ids"][:] == [sample.input_ids for sample in expected]
    planned = train.plan(split, make_draft().parameters.train)
    assert (planned["conversations"], planned["samples"], planned["steps_per_epoch"]) == (12, 14, 4)


def test_what_is_cut_from_several_samples_is_counted_once(tmp_path):
    tokenizer = tokenizer_of("mistral_v0_3")
    long = conversation("long", "Tell me all. " * 20, "Aye.", "And shortly?", "Nay.", "Really?", "Aye.")
    whole = load(tmp_path, 2000, tokenizer, train=[long])["train"]
    assert (len(whole.dataset), whole.turns_cut) == (3, 0)
    longest = len(whole.dataset["input_ids"][0])
    # The first reply's own row fits, and the two others only without the first exchange.
    split = load(tmp_path, longest, tokenizer, train=[long])["train"]
    assert (len(split.dataset), split.turns_cut) == (3, 2)


def test_the_plan(tmp_path, make_draft):
    splits = load(tmp_path)
    parameters = make_draft({"train.gradient_accumulation_steps": 2}).parameters.train
    assert train.plan(splits["train"], parameters) == {
        "conversations": 12,
        "samples": 12,
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


# --- training -----------------------------------------------------------------------------------------------------


def test_the_loss_falls_and_everything_is_told(trained):
    usual = trained()
    outcome = usual.outcome
    assert usual.validation[-1][1] < usual.validation[0][1] - 0.1
    assert usual.losses[-1] < usual.losses[0] - 0.1
    assert [step for step, _ in usual.validation] == [0, 3, 6]
    assert (outcome["steps"], outcome["planned_steps"], outcome["plan"]["steps"]) == (6, 6, 6)
    assert outcome["base_model"] == models.find_base("tiny").record
    assert outcome["left_out"] == {"train": [], "validation": []}
    assert outcome["trainable_parameters"] == sum(weights.numel() for weights in usual.adapter.values())
    assert outcome["tokens_per_second"] > 0 and outcome["peak_memory_gb"] > 0
    assert (outcome["skipped_steps"], outcome["ended"]) == (0, "all steps")
    assert [row["share"] for row in usual.replies] == [0.0, 0.25, 0.5, 1.0]
    assert [row["step"] for row in usual.replies] == [0, 2, 3, 6]
    assert "validation loss" in usual.log


def test_the_first_losses_are_those_of_the_base_model(trained):
    assert trained().validation[0][1] == pytest.approx(loss_of(tiny.model().eval(), small_talk(4, 12)), abs=1e-5)


def test_the_last_replies_are_those_of_the_saved_adapter(trained):
    usual = trained(fixed_prompts_max_new_tokens=9)
    merged = models.merge(models.find_base("tiny"), usual.folder / "adapter")
    prompt = prompt_ids(TINY, train.reference_chats(["Who are you?"], "You are Nell.")[0])
    output = merged.generate(torch.tensor([prompt]), max_new_tokens=9, do_sample=False)[0, len(prompt) :]
    assert usual.replies[-1]["reply"] == TINY.decode(output, skip_special_tokens=True).strip()


@pytest.mark.parametrize("lora_dropout", [0.0, 0.5])
def test_one_seed_gives_one_adapter_byte_for_byte(trained, lora_dropout):
    """Whatever happened before in the process; another seed gives another."""
    first, again = (trained(trap=trap, lora_dropout=lora_dropout) for trap in (None, disturbed))
    assert first.run != again.run and first.bytes == again.bytes
    assert first.losses == again.losses and first.validation == again.validation
    other = trained(seed=2, lora_dropout=lora_dropout)
    assert other.bytes != first.bytes and other.validation[1:] != first.validation[1:]


def test_the_adapter_names_the_base_model_and_no_folder(make_draft, tmp_path):
    folder = tmp_path / "my-model"
    tiny.model().save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    run = make_draft(in_yaml={"shared.base_model": str(folder), "train.max_steps": 1})
    result = train_it(run, offline)
    assert result.config["base_model_name_or_path"] == "my-model"
    assert result.outcome["base_model"]["name"] == "my-model"
    for path in (run.folder / "train").rglob("*"):
        if path.is_file() and path.suffix in (".json", ".jsonl", ".txt", ".md"):
            assert str(tmp_path) not in path.read_text(encoding="utf-8"), path
    assert not (run.folder / "train/adapter/README.md").exists()


def test_the_best_checkpoint_is_the_one_saved(trained):
    risen = trained("strange", num_train_epochs=6, learning_rate=0.02)
    losses = dict(risen.validation[1:])
    best = min(losses, key=losses.get)
    assert best < 18, "this data is meant to get worse with training"
    assert (risen.outcome["best_step"], risen.outcome["validation_loss"]) == (best, losses[best])
    assert (risen.outcome["kept_step"], risen.outcome["kept_validation_loss"]) == (best, losses[best])
    assert risen.checkpoints == [best, *[step for step in (15, 18) if step != best]], (
        "the best stays besides the newest"
    )
    merged = models.merge(models.find_base("tiny"), risen.folder / "adapter")
    assert loss_of(merged, STRANGE) == pytest.approx(losses[best], abs=1e-4)


def test_a_stop_file_ends_it_and_keeps_what_was_learned(make_draft):
    run = make_draft(in_yaml={"train.num_train_epochs": 50})
    (run.folder / "train/stop").touch()
    stopped = train_it(run)
    assert (stopped.outcome["steps"], stopped.outcome["best_step"], stopped.outcome["planned_steps"]) == (1, 1, 150)
    assert [step for step, _ in stopped.validation] == [0, 1]
    assert stopped.size > 0 and stopped.outcome["ended"] == "asked to stop"


def test_accumulated_micro_batches_weigh_every_learned_token_the_same(trained):
    """One micro-batch of 12 and three of 4 are the same step, although they hold unlike numbers of tokens."""
    whole = trained(per_device_train_batch_size=12, max_steps=1)
    pieces = trained(gradient_accumulation_steps=3, max_steps=1)
    assert pieces.losses[0] == pytest.approx(whole.losses[0], abs=1e-5)
    assert pieces.steps[0]["grad_norm"] == pytest.approx(whole.steps[0]["grad_norm"], rel=1e-4)
