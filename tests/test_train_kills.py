"""A training that is killed at any named point and begun again ends as if nothing had happened, to the byte."""

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from training import (
    LOOP,
    TRAINER,
    USUAL,
    kill_after,
    kill_appending,
    kill_before,
    kill_deleting,
    kill_renaming,
    kill_writing,
    rows,
    said,
    told,
    train_in_child,
    was_hit,
)

from marcus_nb.runs import Run, read_json
from marcus_nb.train import checkpoints

KILLED = -9
CHECKPOINTS = "marcus_nb.train.checkpoints"

NOISY = {"train.lora_dropout": 0.1, "train.neftune_noise_alpha": 5.0}
FULL = {"train.method": "full", "train.learning_rate": 0.001}
BFLOAT16 = {"train.dtype": "bfloat16"}
PIECES = {"train.per_device_train_batch_size": 2, "train.gradient_accumulation_steps": 2}

POINTS: dict[str, tuple[tuple, dict[str, Any]]] = {
    "before the first step": ((kill_before, TRAINER, "PersonaTrainer", "training_step", 1), {}),
    "between steps": ((kill_before, TRAINER, "PersonaTrainer", "training_step", 6), NOISY),
    "between micro-batches": ((kill_before, TRAINER, "", "collate", 10), PIECES | NOISY),
    "between backward and optimizer": ((kill_before, TRAINER, "PersonaTrainer", "_clip_grad_norm", 6), FULL),
    "between optimizer and schedule": (
        (kill_before, "transformers.trainer_callback", "CallbackHandler", "on_optimizer_step", 6),
        {"train.lr_scheduler_type": "cosine"},
    ),
    "in a save, before the weights": ((kill_before, TRAINER, "", "save_weights", 3), {}),
    "in a save, within the weights": ((kill_writing, "trained.safetensors", 3), BFLOAT16),
    "in a save, after the weights": ((kill_after, TRAINER, "", "save_weights", 3), FULL | NOISY),
    "in a save, within the optimizer": ((kill_writing, "optimizer.pt", 3), PIECES),
    "in a save, within the schedule": ((kill_writing, "scheduler.pt", 3), {}),
    "in a save, within the random numbers": ((kill_writing, "rng_state.pth", 3), NOISY),
    "in a save, before the trainer's state": (
        (kill_before, "transformers.trainer_callback", "TrainerState", "save_to_json", 3),
        {},
    ),
    "in a save, within the progress": ((kill_writing, "progress.json.tmp", 3), {}),
    "in a save, before the manifest": ((kill_before, CHECKPOINTS, "", "seal", 3), {}),
    "in a save, within the manifest": ((kill_writing, "manifest.json.tmp", 3), {}),
    "in a save, before it gets its name": ((kill_before, CHECKPOINTS, "", "replace", 3), BFLOAT16 | NOISY),
    "in a save, before it is verified": ((kill_before, CHECKPOINTS, "", "problem", 3), {}),
    "while an older checkpoint is deleted": ((kill_deleting, 1), {}),
    "during validation": ((kill_before, "marcus_nb.models", "", "negative_log_likelihood", 3), NOISY),
    "while a fixed prompt is answered": (
        (kill_before, "transformers.generation.utils", "GenerationMixin", "_sample", 3),
        {},
    ),
    "within a line of the metrics": ((kill_appending, "metrics.jsonl", 6), {}),
    "before the replies get their name": ((kill_before, "marcus_nb.train.reporter", "", "write_jsonl", 4), {}),
    "before the last replies": ((kill_before, "marcus_nb.train.reporter", "Reporter", "answer", 4), {}),
    "before the adapter gets its name": ((kill_renaming, "adapter.tmp"), NOISY),
    "before the outcome": ((kill_after, LOOP, "", "_save_what_was_trained", 1), {}),
}
BY_DEFAULT = (
    "between micro-batches",
    "in a save, within the optimizer",
    "in a save, before it gets its name",
    "within a line of the metrics",
    "before the outcome",
)


@pytest.fixture(scope="module")
def uninterrupted(make_draft):
    """What a training with these parameters tells that nothing happens to; each is trained once."""

    @cache
    def go(frozen: tuple) -> dict[str, Any]:
        run = make_draft(in_yaml=dict(frozen))
        assert train_in_child(run) == 0, said(run)
        return told(run)

    return lambda chosen: go(tuple(sorted(chosen.items())))


def whole_ones(run: Run) -> list[int]:
    """Steps of the checkpoints that are whole; a folder that is not must be told for what it is."""
    folder = run.folder / "train/checkpoints"
    found = {checkpoints.step_of(path): checkpoints.problem(path) for path in folder.glob("checkpoint-*")}
    assert all(problem is None or problem.startswith(("has ", "lacks ")) for problem in found.values())
    return sorted(step for step, problem in found.items() if problem is None)


def kill(run: Run, trap: tuple) -> None:
    assert train_in_child(run, trap) == KILLED, said(run)
    assert was_hit(run)
    assert not (run.folder / "train/outcome.json").exists()


def go_on(run: Run) -> dict[str, Any]:
    newest = max(whole_ones(run), default=0)
    assert train_in_child(run) == 0, said(run)
    assert read_json(run.folder / "train/outcome.json")["resumed_from"] == newest
    left = sorted(path.name for path in (run.folder / "train").rglob("*") if path.name.endswith(".tmp"))
    assert left == []
    return told(run)


def test_what_is_compared_is_enough(uninterrupted):
    usual = uninterrupted(USUAL)
    steps = [row["step"] for row in usual["metrics"] if "loss" in row]
    assert steps == list(range(1, 9)), "each step is told once"
    assert [row["step"] for row in usual["metrics"] if "validation_loss" in row] == [0, 3, 6, 8]
    assert [row["step"] for row in usual["replies"]] == [0, 2, 4, 8]
    assert len({row["reply"] for row in usual["replies"]}) > 1, "the model's words change"
    assert usual["last"].keys() == {"trained.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth"}
    for changes in (NOISY, FULL, BFLOAT16, PIECES | NOISY):
        assert uninterrupted(USUAL | changes)["weights"] != usual["weights"]


@pytest.mark.parametrize(
    "point", [pytest.param(point, marks=() if point in BY_DEFAULT else pytest.mark.slow) for point in POINTS]
)
def test_a_kill_leaves_no_trace(point, make_draft, uninterrupted):
    trap, changes = POINTS[point]
    run = make_draft(in_yaml=USUAL | changes)
    kill(run, trap)
    assert go_on(run) == uninterrupted(USUAL | changes)


def test_killed_three_times_and_within_a_line_of_the_events(make_draft, uninterrupted):
    run = make_draft(in_yaml=USUAL | NOISY)
    kill(run, (kill_before, TRAINER, "PersonaTrainer", "training_step", 4))
    kill(run, (kill_appending, "events.jsonl", 1))
    kill(run, (kill_writing, "optimizer.pt", 2))
    assert whole_ones(run) == [3, 4]
    assert go_on(run) == uninterrupted(USUAL | NOISY)
    resumed = [row["what"] for row in rows(run, "events.jsonl")]
    assert resumed == [f"resumed from the checkpoint at step {step}" for step in (3, 4)]


def test_killed_while_a_checkpoint_takes_the_place_of_a_damaged_one(make_draft, uninterrupted):
    """The old folder of this name is gone, and the new one has not got it yet."""
    run = make_draft(in_yaml=USUAL)
    kill(run, (kill_before, TRAINER, "PersonaTrainer", "training_step", 8))
    newest = run.folder / "train/checkpoints/checkpoint-6"
    (newest / "optimizer.pt").write_bytes(b"")
    kill(run, (kill_before, CHECKPOINTS, "", "replace", 1))
    assert not newest.exists() and (newest.parent / ".checkpoint-6.tmp").is_dir()
    assert go_on(run) == uninterrupted(USUAL)


def test_losses_are_told_the_same_when_a_checkpoint_falls_between_two_lines(make_draft, uninterrupted):
    """Lines of the metrics come each second step here, checkpoints each third."""
    chosen = {"train.num_train_epochs": 7, "train.save_steps": 3, "train.eval_steps": 7}
    run = make_draft(in_yaml=chosen)
    kill(run, (kill_before, TRAINER, "PersonaTrainer", "training_step", 11))
    assert go_on(run) == uninterrupted(chosen)
    assert [row["step"] for row in rows(run, "metrics.jsonl") if "loss" in row] == list(range(2, 21, 2))


def test_early_stopping_waits_as_long_as_if_nothing_had_happened(make_draft, uninterrupted_strange):
    chosen, reference = uninterrupted_strange
    assert reference["outcome"]["ended"] == "early stopping" and reference["outcome"]["steps"] < 30
    patient = reference["outcome"]["steps"] - 1
    for trap in (
        (kill_before, TRAINER, "PersonaTrainer", "training_step", patient),
        (kill_before, LOOP, "", "_save_what_was_trained", 1),  # after the last step there is nothing more to train
    ):
        run = strange(make_draft, chosen)
        kill(run, trap)
        assert go_on(run) == reference


@pytest.fixture(scope="module")
def uninterrupted_strange(make_draft):
    chosen = {
        "train.num_train_epochs": 20,
        "train.learning_rate": 0.02,
        "train.eval_steps": 1,
        "train.early_stopping_patience": 3,
    }
    run = strange(make_draft, chosen)
    assert train_in_child(run) == 0, said(run)
    return chosen, told(run)


def strange(make_draft, chosen: dict[str, Any]) -> Run:
    from conftest import STRANGE

    return make_draft(in_yaml=chosen, validation=STRANGE)


def test_the_adapter_is_a_matter_of_the_seed_alone(make_draft, uninterrupted):
    """Not of when checkpoints and validations fall, where the last weights are kept."""
    last = USUAL | {"train.load_best_model_at_end": False}
    weights = uninterrupted(last)["weights"]
    often = last | {"train.save_steps": 1, "train.eval_steps": 1, "train.save_minutes": 0.0001}
    assert uninterrupted(often)["weights"] == weights
    run = make_draft(in_yaml=last)
    assert train_in_child(run) == 0 and told(run)["weights"] == weights
    assert uninterrupted(last | {"shared.seed": 2})["weights"] != weights


def test_a_finished_checkpoints_folder_outlives_a_copy(make_draft, uninterrupted, tmp_path: Path):
    """A run that was moved to another place or machine goes on as well."""
    run = make_draft(in_yaml=USUAL)
    kill(run, (kill_before, TRAINER, "PersonaTrainer", "training_step", 6))
    moved = tmp_path / "outputs/small/draft"
    shutil.move(run.folder, moved)
    assert go_on(Run(run.experiment, run.name, moved, run.parameters)) == uninterrupted(USUAL)
