"""What a training left in its folder, and traps that watch it at work in its own process (tests/training.py)."""

import gc
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from training import said, train_in_child

from marcus_nb import models
from marcus_nb.conversation import read_jsonl
from marcus_nb.models import tiny
from marcus_nb.render import render
from marcus_nb.runs import Run, read_json


@dataclass(frozen=True)
class Trained:
    run: Run

    @property
    def folder(self) -> Path:
        return self.run.folder / "train"

    @cached_property
    def outcome(self) -> dict[str, Any]:
        return read_json(self.folder / "outcome.json")

    @cached_property
    def metrics(self) -> list[dict[str, Any]]:
        return list(read_jsonl(self.folder / "metrics.jsonl"))

    @property
    def steps(self) -> list[dict[str, Any]]:
        return [row for row in self.metrics if "loss" in row]

    @property
    def losses(self) -> list[float]:
        return [row["loss"] for row in self.steps]

    @property
    def rates(self) -> list[float]:
        return [row["learning_rate"] for row in self.steps]

    @property
    def validation(self) -> list[tuple[int, float]]:
        return [(row["step"], row["validation_loss"]) for row in self.metrics if "validation_loss" in row]

    @property
    def replies(self) -> list[dict[str, Any]]:
        return list(read_jsonl(self.folder / "replies.jsonl"))

    @property
    def checkpoints(self) -> list[int]:
        """The steps of the checkpoints that were kept."""
        return sorted(int(path.name.rpartition("-")[2]) for path in (self.folder / "checkpoints").glob("checkpoint-*"))

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    @cached_property
    def adapter(self) -> dict[str, torch.Tensor]:
        return load_file(self.folder / "adapter/adapter_model.safetensors")

    @property
    def bytes(self) -> bytes:
        return (self.folder / "adapter/adapter_model.safetensors").read_bytes()

    @property
    def config(self) -> dict[str, Any]:
        return read_json(self.folder / "adapter/adapter_config.json")

    @property
    def size(self) -> float:
        return sum(float(weights.square().sum()) for weights in self.adapter.values())

    @property
    def seen(self) -> list[dict[str, Any]]:
        """What the trap `watch` wrote down: a row a micro-batch or step, in their order."""
        return list(read_jsonl(self.folder / "seen.jsonl"))


def loss_of(model: Any, conversations: list[Any], tokenizer: Any = None) -> float:
    """Loss per learned token of all conversations together."""
    rendered = [
        sample
        for item in conversations
        for sample in render(tokenizer or tiny.tokenizer(), item.as_chat("You are Nell."))
    ]
    scored = models.negative_log_likelihood(model, [(item.input_ids, item.labels) for item in rendered])
    return sum(nll for nll, _ in scored) / sum(count for _, count in scored)


def train(run: Run, *traps: Callable[[Path], None]) -> Trained:
    """Train a run in a process of its own, in which these traps are set."""
    code = train_in_child(run, (_set, *traps))
    assert code == 0, said(run)
    return Trained(run)


# --- traps ----------------------------------------------------------------------------------------------------------


def _set(folder: Path, *traps: Callable[[Path], None]) -> None:
    gc.freeze()  # training ends with a collection over all that is loaded, which is half of its time here
    for trap in traps:
        trap(folder)


def watch(folder: Path) -> None:
    """Write down each step's rows, its micro-batches, and how often a feed-forward layer was computed in it."""
    from transformers.models.llama.modeling_llama import LlamaMLP

    from marcus_nb.train import trainer

    computed = [0]

    def write(row: dict[str, Any]) -> None:
        with (folder / "seen.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def wrap(owner: Any, name: str, see: Callable[..., None]) -> None:
        original = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            see(*args)
            return original(*args, **kwargs)

        setattr(owner, name, watched)

    def count(*_: Any) -> None:
        computed[0] += 1

    def begin_step(trainer: Any, model: Any, rows: list[dict[str, Any]], *rest: Any) -> None:
        write({"rows": [row["input_ids"].tolist() for row in rows]})
        computed[0] = 0

    def begin_micro_batch(rows: list[dict[str, Any]]) -> None:
        write({"micro_batch": len(rows), "longest": max(len(row["input_ids"]) for row in rows)})

    def end_step(*_: Any) -> None:
        write({"computed": computed[0]})

    wrap(trainer, "collate", begin_micro_batch)
    wrap(LlamaMLP, "forward", count)
    wrap(trainer.PersonaTrainer, "training_step", begin_step)
    wrap(trainer.PersonaTrainer, "_clip_grad_norm", end_step)


def keep_gradients(folder: Path) -> None:
    """Keep each step's gradients as they are before they are cut to length, and the weights they belong to."""
    watch(folder)
    from marcus_nb.train.trainer import PersonaTrainer

    original = PersonaTrainer._clip_grad_norm

    def watched(self: Any, model: Any) -> Any:
        named = [(name, weights) for name, weights in self.model.named_parameters() if weights.requires_grad]
        step = self.state.global_step + 1
        save_file({name: weights.grad.clone() for name, weights in named}, folder / f"gradient-{step}.safetensors")
        save_file({name: weights.detach().clone() for name, weights in named}, folder / f"before-{step}.safetensors")
        return original(self, model)

    PersonaTrainer._clip_grad_norm = watched


def count_graphs(folder: Path) -> None:
    """Write down after each step how many graphs torch.compile has made so far."""
    from marcus_nb.train.trainer import PersonaTrainer

    original = PersonaTrainer._clip_grad_norm

    def watched(*args: Any) -> Any:
        from torch._dynamo.utils import counters

        with (folder / "seen.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"graphs": counters["stats"]["unique_graphs"]}) + "\n")
        return original(*args)

    PersonaTrainer._clip_grad_norm = watched


def without_compiler(folder: Path) -> None:
    os.environ["PATH"] = str(folder)


def offline(folder: Path) -> None:
    """Nobody is asked over the network."""
    import socket

    def refuse(host: Any, *_: Any, **__: Any) -> Any:
        raise AssertionError(f"asked the network for {host}")

    socket.getaddrinfo = refuse


def disturbed(folder: Path) -> None:
    """Random numbers are taken before the training begins."""
    import random

    torch.rand(7)
    random.random()
