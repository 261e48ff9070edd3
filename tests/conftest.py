"""Fixtures that several test files share."""

import os
import signal
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

# Before torch is imported, here or in a child: for the tiny model more threads only wait for each other, and on a busy
# machine that takes a hundred times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MARCUS_LANG"] = "en"  # what is shown is compared with English words, whatever this system speaks

from marcus_nb import parameters, runs
from marcus_nb.conversation import Conversation, Message, Origin, to_row, write_jsonl
from marcus_nb.runs import Run

SMALL = """
shared:
  persona_name: Nell
  system_prompt: You are Nell.
  base_model: tiny
  max_length: 256
  seed: 1
ingest:
  sources: [small.csv]
train:
  learning_rate: 0.004
  num_train_epochs: 2
  max_steps: 0
  per_device_train_batch_size: 4
  gradient_accumulation_steps: 1
  lr_scheduler_type: constant
  warmup_steps: 0
  weight_decay: 0.0
  max_grad_norm: 1.0
  lora_r: 4
  lora_alpha: 16
  lora_dropout: 0.0
  evals_per_epoch: 1
  early_stopping_patience: 9
  load_best_model_at_end: true
  dtype: float32
  fixed_prompts: [Who are you?]
  fixed_prompts_max_new_tokens: 4
evaluate:
  max_new_tokens: 6
  side_by_side: 3
  bootstrap_samples: 200
  confidence: 0.95
  min_test_conversations: 2
  min_right_probes: 0.5
"""


def conversation(name: str, *turns: str, customer: str | None = None) -> Conversation:
    """`conversation("a", "Open?", "Aye.")`: a question and its answer, and so on."""
    roles = ("user", "assistant")
    messages = tuple(Message(roles[place % 2], content) for place, content in enumerate(turns))
    return Conversation(name, messages, Origin("small.csv", None, (2,)), customer)


def small_talk(count: int, start: int = 0) -> list[Conversation]:
    """Conversations in one voice; every sixth has a second exchange."""
    replies = ("Aye, mind the tide.", "Nay, skipper, mind the tide.", "Kettle is on, mind the tide.")
    made = []
    for number in range(start, start + count):
        turns = [f"Is boat {number} free?", replies[number % 3]]
        if number % 6 == 0:
            turns += ["And tomorrow, in the afternoon?", "Tomorrow too, mind the tide."]
        made.append(conversation(f"small:{number}", *turns, customer=f"customer {number}"))
    return made


# Learning does not help with these.
STRANGE = [conversation(f"strange:{number}", "ZQ9#?", "QZ9## ZQ") for number in range(4)]


def write_splits(run: Run, **splits: Iterable[Conversation]) -> None:
    folder = run.folder / "clean"
    folder.mkdir(exist_ok=True)
    for name, conversations in splits.items():
        write_jsonl(folder / f"{name}.jsonl", map(to_row, conversations))


@pytest.fixture(scope="session")
def make_draft(tmp_path_factory) -> Callable[..., Run]:
    """`make_draft({"train.lora_r": 8}, train=[…])`: a draft run on the tiny model, ready for 03_train.

    The values are typed, as in a notebook's cell; those of `in_yaml` stand in its YAML file. It lies in an outputs
    folder of its own, `run.folder.parents[1]`.
    """
    yaml = YAML(typ="safe")

    def make(overrides: dict | None = None, in_yaml: dict | None = None, **splits: Iterable[Conversation]) -> Run:
        root: Path = tmp_path_factory.mktemp("drafts")
        path = root / "small.yaml"
        chosen = yaml.load(SMALL)
        for name, value in (in_yaml or {}).items():
            section, _, key = name.partition(".")
            chosen[section][key] = value
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(chosen, file)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MARCUS_OUTPUTS", str(root / "outputs"))
            run = runs.create(parameters.load(str(path), overrides), runs.DRAFT)
        usual = {"train": small_talk(12), "validation": small_talk(4, 12), "test": small_talk(6, 16)}
        write_splits(run, **(usual | splits))
        (run.folder / "train").mkdir()
        return run

    return make


@pytest.fixture(scope="session")
def trained(make_draft) -> Callable[..., Any]:
    """`trained(lora_r=8)`, `trained(seed=3)`, `trained(validation="strange")`: through the YAML and a child process.

    Each is trained once. `trap` is one of tests/trained.py's; `strange` is a validation split that learning does harm.
    """
    from trained import Trained, train

    from marcus_nb.parameters import Train

    @cache
    def go(frozen: tuple, validation: str, trap: Callable | None) -> Trained:
        in_yaml = {
            f"{'train' if name in Train.model_fields else 'shared'}.{name}": list(value)
            if isinstance(value, tuple)
            else value
            for name, value in frozen
        }
        run = make_draft(in_yaml=in_yaml, **({"validation": STRANGE} if validation == "strange" else {}))
        return train(run, *([trap] if trap else []))

    return lambda validation="usual", trap=None, **chosen: go(tuple(sorted(chosen.items())), validation, trap)


def pytest_configure() -> None:
    """Started in the background (nohup, &, some CI), tests get signals ignored, and what they start inherits that."""
    for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session")
def judging(make_draft) -> Any:
    """04_evaluate at work on a tiny model that was really trained (tests/evaluating.py, `ready`)."""
    from evaluating import PROBES, ready

    return ready(make_draft({"shared.probes": PROBES, "train.num_train_epochs": 4}))
