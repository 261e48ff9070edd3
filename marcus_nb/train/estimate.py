"""What a training will take, by arithmetic from what was measured, where memory and speed stay what they were."""

from typing import Any

from marcus_nb.parameters import FEW_CONVERSATIONS, FEW_STEPS, Train
from marcus_nb.train.data import Split, pace, plan

FULL_LEARNING_RATE = 3e-4
# What decides how much memory a step takes and how fast it is: only measuring tells.
MEASURED = (
    *("method", "lora_r", "target_modules", "per_device_train_batch_size", "max_tokens_per_micro_batch", "optim"),
    *("dtype", "activation_checkpointing", "torch_compile", "threads", "processes", "label_smoothing_factor"),
)


def measured_alike(before: Train, now: Train) -> bool:
    """Whether a step of both takes the same memory and time."""
    answers = bool(_answered_tokens(before)) == bool(_answered_tokens(now))
    return answers and all(getattr(before, name) == getattr(now, name) for name in MEASURED)


def estimated(found: dict[str, Any], before: Train, now: Train, split: Split) -> dict[str, Any]:
    """`found`, what the preflight measured with the parameters `before`, as it would be with those of `now`.

    Steps and minutes follow from the measured speeds; memory, and a speed that would be another, stay as measured.
    """
    amount = plan(split, now)
    steps, evaluations, saved = counts(amount, now)
    _, evaluated_before, saved_before = counts(plan(split, before), before)
    seconds = dict(found["seconds"])
    seconds["training"] = amount["tokens"] * steps / amount["steps_per_epoch"] / found["tokens_per_second"]
    seconds["validating"] *= evaluations / evaluated_before
    seconds["saving"] *= saved / saved_before
    if asked := _answered_tokens(before):
        seconds["answering"] *= _answered_tokens(now) / asked
    changed = found | {
        "steps_per_epoch": amount["steps_per_epoch"],
        "steps": steps,
        "epochs": round(steps / amount["steps_per_epoch"], 2),
        "evaluations": evaluations,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "minutes": round(sum(seconds.values()) / 60, 2),
        "method": now.method,
    }
    return changed | {"warnings": warnings(changed, now.learning_rate)}


def counts(amount: dict[str, int], parameters: Train) -> tuple[int, int, int]:
    """Steps, evaluations with the one before the first step, and checkpoints."""
    steps = amount["steps"]
    evaluating, saving = pace(parameters, amount["steps_per_epoch"])
    return steps, 1 + -(-steps // evaluating), -(-steps // saving)


def _answered_tokens(parameters: Train) -> int:
    return len(parameters.fixed_prompts) * parameters.fixed_prompts_max_new_tokens


def warnings(found: dict[str, Any], learning_rate: float) -> list[dict[str, str]]:
    """What is likely to go wrong, why, and what to do: `[{"what": "…", "why": "…", "do": "…"}]`."""
    said = []
    if found["conversations"] < FEW_CONVERSATIONS:
        said.append(
            {
                "what": f"few conversations to learn from: {found['conversations']}",
                "why": "of the tone that 221 conversations of the example taught, 25 taught two thirds and 50 four "
                "fifths, and of twelve facts none and one",
                "do": "bring more conversations, or see what 02_clean dropped; facts want a hundred and more",
            }
        )
    if found["steps"] < FEW_STEPS:
        said.append(
            {
                "what": f"few steps: {found['steps']}",
                "why": "of the tone that the example learns, three quarters took 14 steps and nine tenths 28",
                "do": "raise train.num_train_epochs or train.max_steps, or lower train.per_device_train_batch_size",
            }
        )
    if found["method"] == "full" and learning_rate > FULL_LEARNING_RATE:
        said.append(
            {
                "what": f"a learning rate of {learning_rate:g} for training every weight",
                "why": "full training forgets what the base model knew at rates that suit an adapter",
                "do": "set train.learning_rate to 0.00005",
            }
        )
    if found["peak_memory_gb"] > found["free_memory_gb"]:
        said.append(
            {
                "what": f"{found['peak_memory_gb']:.1f} GB of memory are needed and {found['free_memory_gb']:.1f} GB "
                "are free",
                "why": "the system then uses the disk as memory, a hundred times slower, or ends the training",
                "do": "close other programs, lower train.max_tokens_per_micro_batch or shared.max_length, or set "
                "train.activation_checkpointing: true",
            }
        )
    if found["disk_gb"] > found["free_disk_gb"]:
        said.append(
            {
                "what": f"{found['disk_gb']:.1f} GB of disk are needed for checkpoints and "
                f"{found['free_disk_gb']:.1f} GB are free",
                "why": "a checkpoint that cannot be written ends the training",
                "do": "free some space: old runs in outputs/ may be deleted",
            }
        )
    return said
