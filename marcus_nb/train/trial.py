"""Before the training: what it will take on this machine, measured on steps of the real model."""

import shutil
import statistics
import time
from pathlib import Path
from typing import Any

import psutil
import torch

from marcus_nb import generate
from marcus_nb.runs import Run, write_json
from marcus_nb.train.batches import Steps, weight
from marcus_nb.train.data import reference_chats
from marcus_nb.train.estimate import counts, warnings
from marcus_nb.train.loop import Ready, facts, get_ready, make_trainer
from marcus_nb.train.method import computing, trained_weights
from marcus_nb.train.reporter import SHARES, peak_memory

GIB = 2**30
# Bytes that a process on a CPU comes to hold besides, as rows of ever other lengths come by: what two steps cannot
# show. Measured 0.8 and 1.2 GB over the quickstart (LOG.md); without it a training that does not fit would seem to.
GROWTH = 1.2 * GIB
PROBED_TOKENS = 4  # of a reply


def run_preflight(run: Run) -> None:
    """Measure a step with the longest conversation and one of usual length; writes `train/preflight.json`.

    Whatever does not fit is tried again in smaller micro-batches, with which the training then begins.
    """
    ready = get_ready(run)
    amount, parameters, together = ready.amount, ready.parameters, ready.together
    trainer = make_trainer(ready, {}, [])
    trainer.create_optimizer()
    model = trainer.accelerator.prepare(trainer.model) if together.processes > 1 else trainer.model
    lengths = [len(row["input_ids"]) for row in trainer.train_dataset]
    steps = Steps(lengths, trainer.per_step, trainer.args.seed, together.rank, together.processes).of_epoch()
    sizes = [sum(lengths[index] for index in step) for step in steps]
    longest = max(range(len(steps)), key=lambda place: (lengths[steps[place][0]], sizes[place]))
    usual = sizes.index(statistics.median_low(sizes))

    def seconds_of(step: list[int]) -> float:
        rows = [trainer.train_dataset[index] for index in step[together.rank :: together.processes]]
        started = time.perf_counter()
        trainer.training_step(model, rows, together.sum(weight(rows)))
        torch.nn.utils.clip_grad_norm_(model.parameters(), parameters.max_grad_norm)
        trainer.optimizer.step()
        model.zero_grad()
        return time.perf_counter() - started

    seconds_of(steps[longest])  # warms up, and takes the most memory
    speed = sizes[usual] / seconds_of(steps[usual])
    sample = sorted(trainer.eval_dataset, key=lambda row: len(row["input_ids"]))
    middle = sample[len(sample) // 2 :][: 8 * together.processes]
    started = time.perf_counter()
    trainer.validation_loss(middle)
    validating = (time.perf_counter() - started) / sum(len(row["input_ids"]) for row in middle)
    steps_to_come, evaluations, kept = counts(amount, parameters)
    answering = _seconds_of_answers(ready) if together.leads else 0.0
    peak, held = together.held(peak_memory()), together.sum(psutil.Process().memory_info().rss)
    peak += 0 if torch.cuda.is_available() else GROWTH * together.processes
    if not together.leads:
        return
    saved = 3 * sum(weights.numel() * weights.element_size() for weights in trained_weights(trainer.model).values())
    seconds = {
        "loading": ready.loading_seconds,
        "training": amount["tokens"] * steps_to_come / amount["steps_per_epoch"] / speed,
        "validating": evaluations * validating * ready.splits["validation"].tokens,
        "answering": answering * len(SHARES),
        "saving": kept * saved / 150e6,  # flushed, hashed, read again
    }
    found: dict[str, Any] = {
        "conversations": amount["conversations"],
        "samples": len(lengths),
        "tokens_per_epoch": amount["tokens"],
        "learned_tokens_per_epoch": amount["learned_tokens"],
        "steps_per_epoch": amount["steps_per_epoch"],
        "steps": amount["steps"],
        "epochs": round(amount["steps"] / amount["steps_per_epoch"], 2),
        "tokens_per_second": round(speed, 1),
        "evaluations": evaluations,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "minutes": round(sum(seconds.values()) / 60, 2),
        "peak_memory_gb": round(peak / GIB, 2),
        "free_memory_gb": round(_free_memory(held) / GIB, 2),
        "disk_gb": round(4 * saved / GIB, 2),  # the best, the newest two, and the one being written
        "free_disk_gb": round(shutil.disk_usage(ready.stage.folder).free / GIB, 1),
        **facts(ready),
        "did_not_fit": _did_not_fit(ready),
    }
    write_json(ready.stage.folder / "preflight.json", found | {"warnings": warnings(found, parameters.learning_rate)})


def _seconds_of_answers(ready: Ready) -> float:
    """One answer to all fixed prompts, from the first few tokens; replies that end early take less."""
    parameters, shared = ready.parameters, ready.stage.parameters.shared
    if not parameters.fixed_prompts:
        return 0.0
    chats, seconds = reference_chats(parameters.fixed_prompts, shared.system_prompt), []
    ready.model.eval()
    for tokens in (1, 1 + PROBED_TOKENS):
        started = time.perf_counter()
        with computing(ready.model, ready.dtype):
            generate.replies(ready.model, ready.tokenizer, chats, tokens)
        seconds.append(time.perf_counter() - started)
    ready.model.train()
    first, each = seconds[0], max(0.0, seconds[1] - seconds[0]) / PROBED_TOKENS
    return first + each * parameters.fixed_prompts_max_new_tokens


def _free_memory(held: float) -> float:
    """Bytes that this training may take, those included that its processes hold already: `held` of main memory."""
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    free = psutil.virtual_memory().available
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.is_file() and (most := limit.read_text(encoding="utf-8").strip()) != "max":
        free = min(free, int(most) - int(used.read_text(encoding="utf-8")))  # a container has less than its machine
    return free + held


def _did_not_fit(ready: Ready) -> list[dict[str, str]]:
    asked = ready.memory.asked
    if ready.memory.now == asked:
        return []
    return [
        {
            "tried": f"{asked['conversations']} conversations, {asked['tokens']} tokens in a micro-batch",
            "found": "out of memory",
        }
    ]
