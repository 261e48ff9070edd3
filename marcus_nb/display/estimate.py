"""What a training will read and take, before it begins: the splits and the preflight's measurements in words."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from typing import Any

import pandas as pd

from marcus_nb.display.amounts import capital, count, duration, gigabytes
from marcus_nb.display.blocks import Block, banner, safe, sentence, stack, table
from marcus_nb.display.hiding import hidden

COMMAND = (
    "font-family:monospace;white-space:pre-wrap;overflow-wrap:anywhere;background:#8882;"
    "padding:6px 10px;margin:4px 0;border-radius:4px;user-select:all"
)


def splits(loaded: Sequence[Any], max_length: int) -> Block:
    """What the model will read: a row for each split, and whether everything fits the context."""
    rows = [
        {
            "split": split.name,
            "conversations": split.conversations,
            "tokens": split.tokens,
            "learned tokens": split.learned,
            "learned share": split.learned / split.tokens,
            "left out": len(split.left_out),
            "messages cut": split.turns_cut,
        }
        for split in loaded
    ]
    formats = {"learned share": ".0%", "tokens": ",", "learned tokens": ",", "conversations": ","}
    words = f"The context holds {max_length:,} tokens a conversation."
    return stack(table(pd.DataFrame(rows), formats=formats), sentence(words))


def preflight(found: dict[str, Any]) -> Block:
    """What the training will take on this machine, in words; `found` is `train/preflight.json`."""
    tight = _exceeds(found, "peak_memory_gb", "free_memory_gb") or _exceeds(found, "disk_gb", "free_disk_gb")
    title = f"About {duration(60 * found['minutes'])} on this machine"
    if tight:
        title = "As it is, this training does not fit this machine"
    elif found["warnings"]:
        title += ", and something to look at first"
    mood = "bad" if tight else "open" if found["warnings"] else "good"
    said = [
        banner(capital(warning["what"]), [f"{capital(warning['why'])}.", f"What to do: {warning['do']}."], "open")
        for warning in found["warnings"]
    ]
    lines = [_amount(found), _room(found), _way(found)]
    lines += [
        f"{capital(tried['tried'])} did not fit ({tried['found']}); what is measured here is with smaller "
        "micro-batches. The step stays the same, and so does what is learned."
        for tried in found["did_not_fit"]
    ]
    return stack(banner(title, lines, mood), *said, _parts(found), _launch(found))


def _exceeds(found: dict[str, Any], needed: str, free: str) -> bool:
    return None not in (found.get(needed), found.get(free)) and found[needed] > found[free]


def _amount(found: dict[str, Any]) -> str:
    samples, conversations = found["samples"], count(found["conversations"], "conversation", "conversations")
    texts = "" if samples == found["conversations"] else f", as {samples:,} texts, one for each reply"
    return (
        f"This training reads {conversations}{texts}: {found['tokens_per_epoch']:,} tokens an epoch, of which "
        f"{found['learned_tokens_per_epoch']:,} are learned, in {count(found['steps_per_epoch'], 'step', 'steps')}. "
        f"All of it, {count(found['steps'], 'step', 'steps')} ({count(round(found['epochs'], 1), 'epoch', 'epochs')}), "
        f"takes about {duration(60 * found['minutes'])} on this machine, measured on two steps."
    )


def _room(found: dict[str, Any]) -> str:
    where = "the GPU's memory" if found["device"].startswith("cuda") else "memory"
    needed, free = found.get("peak_memory_gb"), found.get("free_memory_gb")
    words = (
        f"It needs about {gigabytes(needed)} of {where}"
        if needed is not None
        else f"What it needs of {where} is not known"
    )
    words += f"; {gigabytes(free)} are free." if free is not None else "; how much is free is not known here."
    free_disk = found.get("free_disk_gb")
    return words + (
        f" Its checkpoints take {gigabytes(found['disk_gb'])} of the disk"
        + (f"; {gigabytes(free_disk)} are free." if free_disk is not None else ".")
    )


def _way(found: dict[str, Any]) -> str:
    micro, share = found["micro_batch"], found["trainable_parameters"] / found["parameters"]
    processes = found["processes"]
    words = (
        f"It adjusts {found['trainable_parameters']:,} numbers, {share:.1%} of the model's size, computed in "
        f"{found['dtype']} ({found['dtype_reason']}) on {found['device']} with "
        f"{count(found['threads'], 'thread', 'threads')}, at most "
        f"{count(micro['conversations'], 'conversation', 'conversations')} and {micro['tokens']:,} tokens at once."
    )
    if processes > 1:
        words = words[:-1] + f"; {processes} processes of this kind share each step."
    if found["activation_checkpointing"]:
        words += " Activations are computed twice to save memory, which is slower."
    return words


def _parts(found: dict[str, Any]) -> Block:
    spent = {
        "loading": "the base model and the conversations",
        "training": f"{count(found['steps'], 'step', 'steps')} at {found['tokens_per_second']:,.0f} tokens a second",
        "validating": count(found["evaluations"], "time", "times") + ", on conversations it never learns from",
        "answering": "the fixed prompts, four times",
        "saving": "checkpoints",
    }
    rows = [(name, duration(found["seconds"][name]), words) for name, words in spent.items()]
    rows.append(("all of it", duration(60 * found["minutes"]), ""))
    return table(pd.DataFrame(rows, columns=["part", "about", "of what"]), "Where the time goes")


def _launch(found: dict[str, Any]) -> Block:
    line = subprocess.list2cmdline(found["command"]) if os.name == "nt" else shlex.join(found["command"])
    words = "The next cells start it. A cluster's own launcher starts the same, from the project's folder, with:"
    return stack(sentence(words), Block(f'<div style="{COMMAND}">{safe(line)}</div>', hidden(line)))
