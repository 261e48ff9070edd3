"""Every parameter of 03_train, through the YAML and the child process, changes the observable that it names."""

from typing import get_args

import pytest
import torch
from conftest import STRANGE
from trained import loss_of, watch, without_compiler
from training import said, train_in_child

from marcus_nb import models
from marcus_nb.conversation import read_conversations
from marcus_nb.models import tiny
from marcus_nb.parameters import Train
from marcus_nb.train import failures, load_splits, plan
from marcus_nb.train.launch import command

TINY = tiny.tokenizer()
WORSE = {"num_train_epochs": 6, "learning_rate": 0.02}  # with the validation split `strange`


# --- what is trained ----------------------------------------------------------------------------------------------


def _method(trained, usual):
    full = trained(method="full", learning_rate=0.001)
    assert (usual.outcome["method"], full.outcome["method"]) == ("lora", "full")
    every = sum(weights.numel() for weights in tiny.model().parameters())
    assert full.outcome["trainable_parameters"] == full.outcome["parameters"] == every
    assert usual.outcome["trainable_parameters"] < every / 4
    assert (full.folder / "model/trained.safetensors").is_file() and not (full.folder / "adapter").exists()
    assert (usual.folder / "adapter").is_dir() and not (usual.folder / "model").exists()


def _rank(trained, usual):
    double = trained(lora_r=8)
    assert double.config["r"] == 8
    assert double.outcome["trainable_parameters"] == 2 * usual.outcome["trainable_parameters"]


def _scale(trained, usual):
    louder = trained(lora_alpha=64)
    assert louder.config["lora_alpha"] == 64
    # An adapter begins at nothing, whatever it is multiplied with; what its first step made of it is louder.
    assert louder.losses[0] == usual.losses[0]
    assert louder.losses[1] < usual.losses[1] - 0.01


def _root_of_rank(trained, usual):
    """lora_alpha / sqrt(lora_r) is 8 here, where lora_alpha / lora_r is 4: as if lora_alpha were double."""
    stable = trained(use_rslora=True)
    assert (usual.config["use_rslora"], stable.config["use_rslora"]) == (False, True)
    assert stable.losses == trained(lora_alpha=32).losses
    assert stable.losses[1] < usual.losses[1]


def _dropped_out(trained, usual):
    dropped = trained(lora_dropout=0.5)
    assert dropped.config["lora_dropout"] == 0.5
    # The first step is the same: an adapter that begins at nothing has nothing to leave out.
    assert dropped.losses[0] == usual.losses[0] and dropped.losses[1] != usual.losses[1]


def _targets(trained, usual):
    some = trained(target_modules=("q_proj", "v_proj"))
    assert set(some.config["target_modules"]) == {"q_proj", "v_proj"}
    layers = [{name.rpartition(".lora")[0].rpartition(".")[2] for name in it.adapter} for it in (usual, some)]
    linear = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert layers == [linear, {"q_proj", "v_proj"}]


# --- how much -----------------------------------------------------------------------------------------------------


def _ends(result, steps, epoch):
    assert (result.outcome["steps"], result.outcome["planned_steps"]) == (steps, steps)
    assert result.metrics[-1]["epoch"] == pytest.approx(epoch, abs=0.01)


def _most_steps(trained, usual):
    _ends(trained(max_steps=4), 4, 4 / 3)
    _ends(trained(max_steps=100), 6, 2.0)  # the epochs end it first, as the plan says


def _rows(result):
    """The rows of each step, and how many of them were in each of its micro-batches."""
    steps = []
    for row in result.seen:
        if "rows" in row:
            steps.append((len(row["rows"]), []))
        elif "micro_batch" in row:
            steps[-1][1].append(row["micro_batch"])
    return steps


def _batch_size(trained, usual):
    six = trained(trap=watch, per_device_train_batch_size=6)
    _ends(six, 4, 2.0)
    assert _rows(six) == [(6, [6])] * 4


def _accumulation(trained, usual):
    three = trained(trap=watch, gradient_accumulation_steps=3)
    _ends(three, 2, 2.0)
    assert _rows(three) == [(12, [4, 4, 4])] * 2


def _tokens_at_once(trained, usual):
    """The same losses, from more and smaller pieces; 87 tokens is the longest of them but for those of two turns."""
    small = trained(trap=watch, max_tokens_per_micro_batch=180)
    assert small.outcome["micro_batch"] == {"conversations": 4, "tokens": 180}
    sizes = [size for _, sizes in _rows(small) for size in sizes]
    assert all(sum(sizes) == rows for rows, sizes in _rows(small)) and set(sizes) <= {1, 2} and len(sizes) >= 12
    pieces = [row for row in small.seen if "micro_batch" in row]
    assert all(row["micro_batch"] * row["longest"] <= 180 or row["micro_batch"] == 1 for row in pieces)
    assert small.losses == pytest.approx(usual.losses, abs=1e-4)
    assert all(small.adapter[name].allclose(usual.adapter[name], atol=2e-4) for name in usual.adapter)


# --- how the weights are moved ------------------------------------------------------------------------------------

# What each optimizer keeps of each weight, by the names in its state.
KEEPS = {
    "adamw_torch": {"step", "exp_avg", "exp_avg_sq"},
    "adamw_torch_fused": {"step", "exp_avg", "exp_avg_sq"},
    "adafactor": {"step", "exp_avg_sq_row", "exp_avg_sq_col", "RMS"},
    "adagrad": {"step", "sum"},
    "rmsprop": {"step", "square_avg"},
    "sgd": set(),  # without momentum there is nothing to keep
}


def _optimizers(trained, usual, names=("adamw_torch_fused", "adafactor")):
    results = {name: trained(optim=name, max_steps=3) for name in names}
    for name, result in results.items():
        kept = torch.load(result.folder / "checkpoints/checkpoint-3/optimizer.pt", weights_only=True)
        assert set().union(*kept["state"].values()) == KEEPS[name], name
        assert len(kept["state"]) == (len(result.adapter) if KEEPS[name] else 0)
    assert len({result.bytes for result in results.values()}) == len(names)


@pytest.mark.slow
def test_each_optimizer_moves_the_weights_its_own_way(trained):
    assert tuple(KEEPS) == get_args(Train.model_fields["optim"].annotation)
    _optimizers(trained, None, tuple(KEEPS))
    # The same method, computed in another order.
    plain, fused = (trained(optim=name, max_steps=3).adapter for name in ("adamw_torch", "adamw_torch_fused"))
    assert all(plain[name].allclose(fused[name], atol=1e-6) for name in plain)


RATES = {  # in 6 steps of which 2 warm up, as shares of learning_rate
    "linear": [0, 1 / 2, 1, 3 / 4, 1 / 2, 1 / 4],
    "cosine": [0, 1 / 2, 1, 0.8536, 1 / 2, 0.1464],
    "inverse_sqrt": [0, 1 / 2, 1, (2 / 3) ** 0.5, (2 / 4) ** 0.5, (2 / 5) ** 0.5],
    "constant": [1] * 6,
    "constant_with_warmup": [0, 1 / 2, 1, 1, 1, 1],
}


def _schedules(trained, usual, names=("linear", "cosine", "constant_with_warmup")):
    for name in names:
        rates = trained(lr_scheduler_type=name, warmup_steps=2).rates
        assert rates == pytest.approx([0.004 * share for share in RATES[name]], rel=2e-3), name


@pytest.mark.slow
def test_each_schedule_has_its_rates(trained):
    _schedules(trained, None, get_args(Train.model_fields["lr_scheduler_type"].annotation))


def _warmed_up(trained, usual):
    """A count of steps, or a share of all."""
    warmed = trained(lr_scheduler_type="constant_with_warmup", warmup_steps=2)
    assert warmed.rates == pytest.approx([0, 0.002, 0.004, 0.004, 0.004, 0.004])
    half = trained(lr_scheduler_type="constant_with_warmup", warmup_steps=0.5)
    assert half.rates == pytest.approx([0, 0.004 / 3, 0.008 / 3, 0.004, 0.004, 0.004])


def _learning_rate(trained, usual):
    slow = trained(learning_rate=0.001)
    assert slow.rates == pytest.approx([0.001] * 6) and usual.rates == pytest.approx([0.004] * 6)
    assert slow.validation[0] == usual.validation[0]
    assert slow.validation[-1][1] > usual.validation[-1][1] + 0.1


def _gradient_cut(trained, usual):
    """Adam hardly minds the gradient's length until it drowns in its epsilon."""
    cut = trained(max_grad_norm=1e-10)
    fell, hardly = (result.validation[0][1] - result.validation[-1][1] for result in (usual, cut))
    assert hardly < fell / 5


def _smoothed(trained, usual):
    smooth = trained(label_smoothing_factor=0.3, max_steps=1)
    assert smooth.losses[0] > usual.losses[0] + 0.01
    assert smooth.validation[0] == usual.validation[0], "the validation loss is of the plain kind, to be compared"
    assert smooth.bytes != trained(max_steps=1).bytes


def _noise(trained, usual):
    noisy = trained(neftune_noise_alpha=5, max_steps=1)
    assert noisy.losses[0] != usual.losses[0]
    assert noisy.validation[0] == usual.validation[0], "no noise where nothing is learned"
    merged = models.merge(models.find_base("tiny"), noisy.folder / "adapter")
    held_out = read_conversations(noisy.run.folder / "clean/validation.jsonl")
    assert loss_of(merged, held_out) == pytest.approx(noisy.validation[-1][1], abs=1e-5)


# --- when it is measured and kept ---------------------------------------------------------------------------------


def _measured(result, usual, steps):
    assert [step for step, _ in usual.validation] == [0, 3, 6]
    assert [step for step, _ in result.validation] == steps


def _kept_by_steps(trained, usual):
    assert usual.checkpoints == [3, 6], "at each evaluation"
    assert trained(save_steps=4).checkpoints == [4, 6]


def _kept_by_minutes(trained, usual):
    assert trained(save_minutes=1e-6).checkpoints == [5, 6], "after each step; the newest two stay"


def _patience(trained, usual):
    ended = [trained("strange", num_train_epochs=8, learning_rate=0.02, early_stopping_patience=n) for n in (1, 2)]
    for patience, result in zip((1, 2), ended, strict=True):
        steps = [step for step, _ in result.validation]
        assert result.outcome["steps"] == steps[-1] < result.outcome["planned_steps"]
        assert len([step for step in steps if step > result.outcome["best_step"]]) == patience
        assert result.outcome["ended"] == "early stopping"
    assert ended[0].outcome["steps"] < ended[1].outcome["steps"]


def _last_one_kept(trained, usual):
    """The same run twice: what is kept is the best by validation loss, or the last whatever its loss."""
    best, last = (trained("strange", load_best_model_at_end=on, **WORSE) for on in (True, False))
    assert best.validation == last.validation
    losses = dict(last.validation)
    assert last.outcome["kept_step"] == last.outcome["steps"] > last.outcome["best_step"] == best.outcome["kept_step"]
    merged = models.merge(models.find_base("tiny"), last.folder / "adapter")
    assert loss_of(merged, STRANGE) == pytest.approx(losses[last.outcome["kept_step"]], abs=1e-4)
    assert last.outcome["kept_validation_loss"] == losses[last.outcome["kept_step"]] > best.outcome["validation_loss"]


# --- on this machine ----------------------------------------------------------------------------------------------


def _precision(trained, usual):
    half = trained(dtype="bfloat16")
    assert (usual.outcome["dtype"], half.outcome["dtype"]) == ("float32", "bfloat16")
    assert half.validation[-1][1] == pytest.approx(usual.validation[-1][1], abs=0.01)
    assert half.bytes != usual.bytes
    assert {weights.dtype for weights in half.adapter.values()} == {torch.float32}
    auto = trained(dtype="auto", max_steps=1).outcome
    assert auto["dtype"] in ("float32", "bfloat16") and "set by" not in auto["dtype_reason"]


def _computed_twice(trained, usual):
    """The feed-forward layers of both blocks are computed again on the way back; nothing else changes."""
    once, twice = (trained(trap=watch, activation_checkpointing=on, max_steps=2) for on in (False, True))
    computed = [[row["computed"] for row in result.seen if "computed" in row] for result in (once, twice)]
    assert computed == [[2, 2], [4, 4]]
    assert twice.outcome["activation_checkpointing"] and not once.outcome["activation_checkpointing"]
    assert twice.losses == pytest.approx(once.losses, abs=1e-5)
    assert all(twice.adapter[name].allclose(once.adapter[name], atol=1e-5) for name in once.adapter)


def _threads(trained, usual):
    assert usual.outcome["threads"] != trained(threads=3, max_steps=1).outcome["threads"] == 3


def _processes(trained, make_draft):
    """What two of them compute is held in tests/test_together.py."""
    alone, two = (make_draft(in_yaml={"train.processes": number}) for number in (1, 2))
    words = [command(run.experiment, run.name, run.parameters.train.processes)[1:] for run in (alone, two)]
    assert words[0] == ["-m", "marcus_nb.train", alone.experiment, alone.name]
    here = ["--standalone", "--local-addr", "127.0.0.1"]
    launcher = ["-m", "torch.distributed.run", *here, "--nproc-per-node", "2"]
    assert words[1] == [*launcher, "-m", "marcus_nb.train", two.experiment, two.name]
    split = load_splits(two.folder / "clean", TINY, "You are Nell.", 256)["train"]
    assert [plan(split, run.parameters.train)["steps_per_epoch"] for run in (alone, two)] == [3, 2]


def _compiled(trained, make_draft):
    """Compiling for a CPU takes a compiler; with one it takes half a minute, below."""
    run = make_draft(in_yaml={"train.torch_compile": True})
    assert train_in_child(run, (without_compiler,)) == failures.DATA
    assert "train.torch_compile: compiling for the CPU takes a C++ compiler" in said(run)


def _trackers(trained, usual):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    told = trained(report_to=("tensorboard",))
    assert not (usual.folder / "tracking").exists()
    [file] = (told.folder / "tracking").rglob("events.out.tfevents.*")
    events = accumulator.EventAccumulator(str(file)).Reload()
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(told.losses)
    assert [(event.step, event.value) for event in events.Scalars("eval/loss")] == [
        (step, pytest.approx(loss)) for step, loss in told.validation
    ]
    assert told.bytes == usual.bytes


def _asked(trained, usual):
    rows = trained(fixed_prompts=("Ahoy?", "Bye!")).replies
    assert [row["prompt"] for row in rows] == ["Ahoy?", "Bye!"] * 4


def _longest_answer(trained, usual):
    talkative = {"num_train_epochs": 8, "learning_rate": 0.02}  # enough for more than blanks
    short, long = trained(fixed_prompts_max_new_tokens=2), trained(fixed_prompts_max_new_tokens=12, **talkative)
    longest = [max(len(TINY.encode(row["reply"])) for row in result.replies) for result in (short, long)]
    assert longest[0] <= 2 < longest[1] <= 12


def _longest_conversation(trained, usual):
    """Two exchanges do not fit into 130 tokens: the first is cut; conversations that fit none are left out."""
    shorter = trained(max_length=130)
    assert sum(usual.outcome["turns_cut"].values()) == 0
    assert shorter.outcome["turns_cut"] == {"train": 4, "validation": 2}
    tightest = trained(max_length=101, max_steps=1)
    assert 0 < len(tightest.outcome["left_out"]["train"]) < 12


def _seed(trained, usual):
    other = trained(seed=2)
    assert usual.bytes != other.bytes
    assert usual.validation[0] == other.validation[0], "the base model is the same"
    # One batch of all: no order, only the adapter's first weights can differ.
    first, second = (trained(seed=seed, per_device_train_batch_size=12, max_steps=1) for seed in (1, 2))
    assert all(not first.adapter[name].equal(second.adapter[name]) for name in first.adapter if "lora_A" in name)


def _system_prompt(trained, usual):
    other = trained(system_prompt="You are a pirate.", max_steps=1)
    assert usual.validation[0] != other.validation[0]
    assert other.outcome["plan"]["tokens"] == usual.outcome["plan"]["tokens"] + 12 * 4
    empty = trained(system_prompt="", max_steps=1)
    assert empty.outcome["plan"]["tokens"] == usual.outcome["plan"]["tokens"] - 12 * len("You are Nell.")


MATTERS = {
    "method": _method,
    "learning_rate": _learning_rate,
    "num_train_epochs": lambda trained, usual: _ends(trained(num_train_epochs=3), 9, 3.0),
    "max_steps": _most_steps,
    "per_device_train_batch_size": _batch_size,
    "gradient_accumulation_steps": _accumulation,
    "max_tokens_per_micro_batch": _tokens_at_once,
    "optim": _optimizers,
    "lr_scheduler_type": _schedules,
    "warmup_steps": _warmed_up,
    "weight_decay": lambda trained, usual: _pulled(trained(weight_decay=0.9), usual),
    "max_grad_norm": _gradient_cut,
    "label_smoothing_factor": _smoothed,
    "neftune_noise_alpha": _noise,
    "lora_r": _rank,
    "lora_alpha": _scale,
    "lora_dropout": _dropped_out,
    "target_modules": _targets,
    "use_rslora": _root_of_rank,
    "evals_per_epoch": lambda trained, usual: _measured(trained(evals_per_epoch=3), usual, [0, 1, 2, 3, 4, 5, 6]),
    "eval_steps": lambda trained, usual: _measured(trained(eval_steps=4), usual, [0, 4, 6]),
    "eval_minutes": lambda trained, usual: _measured(trained(eval_minutes=1e-6), usual, [0, 1, 2, 3, 4, 5, 6]),
    "save_steps": _kept_by_steps,
    "save_minutes": _kept_by_minutes,
    "early_stopping_patience": _patience,
    "load_best_model_at_end": _last_one_kept,
    "dtype": _precision,
    "activation_checkpointing": _computed_twice,
    "torch_compile": _compiled,
    "threads": _threads,
    "processes": _processes,
    "report_to": _trackers,
    "fixed_prompts": _asked,
    "fixed_prompts_max_new_tokens": _longest_answer,
    "max_length": _longest_conversation,
    "seed": _seed,
    "system_prompt": _system_prompt,
}


def _pulled(result, usual):
    assert result.size < 0.999 * usual.size


@pytest.mark.parametrize("name", [*Train.model_fields, "max_length", "seed", "system_prompt"])
def test_every_parameter_of_train_matters(name, trained, make_draft):
    assert name in MATTERS, f"train.{name} has no case here that shows that it changes the outcome"
    MATTERS[name](trained, trained() if name not in ("processes", "torch_compile") else make_draft)
