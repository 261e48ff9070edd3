"""How a training goes, and what came of it beside what was foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from marcus_nb.display.amounts import count, duration, gigabytes
from marcus_nb.display.blocks import Block, banner, sentence, stack, table
from marcus_nb.display.loss import grouped
from marcus_nb.words import _

# --- during ---------------------------------------------------------------------------------------------------------


def training_status(metrics: Sequence[dict[str, Any]], steps: int, line: str = "", ended: bool = False) -> Block:
    """Where a training of so many `steps` stands, in one line; as long as nothing is measured, the log's newest."""
    measured = [row for row in metrics if "tokens_per_second" in row]
    if not measured:
        return sentence(line or _("The training is starting."))
    last, now = measured[-1], max(row["step"] for row in metrics)
    parts = [
        _("Step {step} of {steps}").format(step=f"{now:,}", steps=f"{steps:,}"),
        _("{count} tokens a second").format(count=f"{last['tokens_per_second']:,.0f}"),
    ]
    if not ended and last.get("minutes_left") is not None:
        parts.append(_("about {time} left").format(time=duration(60 * last["minutes_left"])))
    if last.get("memory_gb") is not None:
        parts.append(_("{size} of memory").format(size=gigabytes(last["memory_gb"])))
    if last.get("skipped_steps"):
        skipped = _("1 step skipped") if last["skipped_steps"] == 1 else _("{count} steps skipped")
        parts.append(skipped.format(count=f"{last['skipped_steps']:,}"))
    return sentence(" · ".join(parts))


def training_events(events: Sequence[dict[str, Any]]) -> Block:
    """What happened on the way, under the numbers that mark it in `loss_figure`; nothing when nothing did."""
    return stack(*(sentence(f"{number}. {words}") for number, words in enumerate(_happened(events), 1)))


def _happened(events: Sequence[dict[str, Any]]) -> list[str]:
    said = []
    for words, steps in grouped(events):
        told = _("Step {first}: {event}.") if len(steps) == 1 else _("{count} times, steps {first} to {last}: {event}.")
        told = told if steps[-1] else _("Before the first step: {event}.")
        said.append(told.format(count=len(steps), first=f"{steps[0]:,}", last=f"{steps[-1]:,}", event=words))
    return said


# --- after ----------------------------------------------------------------------------------------------------------


def metrics_table(metrics: Sequence[dict[str, Any]]) -> Block:
    """Every measurement of the validation loss, with the train loss and the learning rate that stood at its side."""
    rows, train = [], {}
    for row in metrics:
        if "validation_loss" not in row:
            train = row
            continue
        rows.append(
            {
                "step": row["step"],
                "epoch": f"{row['epoch']:.1f}",
                "train loss": _loss(train["loss"]) if "loss" in train else "",
                "validation loss": _loss(row["validation_loss"]),
                "learning rate": f"{train['learning_rate']:.1e}" if "learning_rate" in train else "",
                "": "new best" if row.get("best") and row["step"] else "",
            }
        )
    if not rows:
        return sentence("The validation loss was not measured.")
    return table(pd.DataFrame(rows), "Loss, nats per learned token (lower: less surprised)")


def _loss(value: float | None) -> str:
    return "no number" if value is None else f"{value:.3f}"


def training_summary(outcome: dict[str, Any]) -> Block:
    """What came of the training, what happened on the way, and the estimate beside what was measured."""
    made, planned = outcome["steps"], outcome["planned_steps"]
    title, mood = {
        "early stopping": (
            f"Ended early, after {made:,} of {planned:,} steps: the validation loss fell no more",
            "good",
        ),
        "asked to stop": (
            f"Stopped as asked, after {made:,} of {planned:,} steps, with what was learned so far",
            "open",
        ),
    }.get(outcome["ended"], (f"All {made:,} steps are done", "good"))
    lines = _happened(outcome["events"])
    if outcome["skipped_steps"] and not any("skipped" in line for line in lines):
        lines.append(
            f"{count(outcome['skipped_steps'], 'step was', 'steps were')} skipped, since the loss or its gradient was "
            "no number: the weights stayed as they were."
        )
    if outcome.get("resumed_from"):
        lines.append(f"The times below are those since step {outcome['resumed_from']:,}, where it went on.")
    if not lines:
        lines = ["Nothing else happened on the way: no step was skipped, nothing was resumed or made smaller."]
    return stack(banner(title, lines, mood), _compared(outcome), _facts(outcome))


def _compared(outcome: dict[str, Any]) -> Block:
    """What was foreseen beside what was measured; a step is compared for itself, since fewer may have been made."""
    seconds, trained, loading = outcome["seconds"], outcome["training_seconds"], outcome["loading_seconds"]
    made, found = outcome["steps"], outcome["preflight"]
    foreseen: dict[str, float | None] = {}
    if found:
        parts = found["seconds"]
        foreseen = {
            "steps": found["steps"],
            "all of it": 60 * found["minutes"],
            "loading": parts["loading"],
            "training": parts["training"],
            "one step": parts["training"] / found["steps"],
            "validating, answering, saving": parts["validating"] + parts["answering"] + parts["saving"],
            "speed": found["tokens_per_second"],
            "memory at most": found["peak_memory_gb"],
        }
    rows = [
        ("steps", made, "{:,.0f}".format),
        ("all of it", seconds, duration),
        ("loading", loading, duration),
        ("training", trained, duration),
        ("one step", trained / max(1, made - outcome.get("resumed_from", 0)), "{:.2f} s".format),
        ("validating, answering, saving", max(0.0, seconds - trained - loading), duration),
        ("speed", outcome["tokens_per_second"], "{:,.0f} tokens a second".format),
        ("memory at most", outcome["peak_memory_gb"], gigabytes),
    ]
    shown = [
        {
            "": name,
            "estimated": words(foreseen[name]),
            "measured": words(value),
            "measured ÷ estimated": _ratio(value, foreseen[name]),
        }
        if foreseen.get(name) is not None
        else {"": name, "measured": words(value)}
        for name, value, words in rows
    ]
    caption = "The estimate beside what happened" if found else "What was measured (there was no estimate)"
    return table(pd.DataFrame(shown).fillna(""), caption)


def _ratio(value: float, foreseen: float) -> str:
    return f"{value / foreseen:.2f}" if foreseen else ""


def _facts(outcome: dict[str, Any]) -> Block:
    micro, base = outcome["micro_batch"], outcome["base_model"]
    processes = count(outcome["processes"], "process", "processes")
    rows = [
        ("best validation loss", f"{outcome['validation_loss']:.3f} at step {outcome['best_step']:,}"),
        ("kept", f"step {outcome['kept_step']:,}, validation loss {outcome['kept_validation_loss']:.3f}"),
        ("trained", f"{outcome['trainable_parameters']:,} numbers ({outcome['method']})"),
        ("at once", f"{count(micro['conversations'], 'conversation', 'conversations')}, {micro['tokens']:,} tokens"),
        ("activations", "computed twice, to save memory" if outcome["activation_checkpointing"] else "kept"),
        ("precision", f"{outcome['dtype']}: {outcome['dtype_reason']}"),
        ("device", f"{outcome['device']}, {count(outcome['threads'], 'thread', 'threads')} in {processes}"),
        ("base model", f"{base['name']}, sha256 {base['sha256'][:12]}"),
    ]
    return table(pd.DataFrame(rows, columns=["", "how it was done"]))
