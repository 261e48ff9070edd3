"""A tiny model that was really trained, ready for 04_evaluate, and frames whose claims are known."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from marcus_nb import evaluate
from marcus_nb.evaluate.claims import Measured
from marcus_nb.parameters import Evaluate
from marcus_nb.runs import Run, Stage, read_json
from marcus_nb.train import loop

PROBES = [
    {"question": "Who minds the tide?", "must": ["Nell"]},
    {"question": "On which day is it shut?", "must": ["Tuesday"], "must_not": ["Monday"]},
]
CHANCE = np.random.default_rng(5).normal(0, 0.3, 40)


def quiet(_: str) -> None:
    pass


def train_it(run: Run) -> Stage:
    """03_train done, with records of it and of 02_clean as their notebooks leave them."""
    Stage("clean", run).finish({"train.jsonl": 12, "validation.jsonl": 4, "test.jsonl": 6}, [])
    loop.run_training(run)
    Stage("train", run).finish(read_json(run.folder / "train/outcome.json"), [])
    (run.folder / "evaluate").mkdir()
    return Stage("evaluate", run)


def ready(run: Run) -> SimpleNamespace:
    """04_evaluate at work: stage, folder (`model/`), judged, test, settled (its parameters)."""
    stage = train_it(run)
    folder = evaluate.publish(stage, stage.log)
    judged = evaluate.load_judged(stage, folder)
    settled = stage.parameters.evaluate
    return SimpleNamespace(
        stage=stage, folder=folder, judged=judged, test=evaluate.read_splits(stage)[0], settled=settled
    )


def changed(parameters: Evaluate, **values: Any) -> Evaluate:
    return Evaluate.model_validate(parameters.model_dump() | values)


def losses_with(
    n: int = 40,
    loss: float = 1.0,
    prompting: float = 1.0,
    relevance: float = 1.0,
    contrast: float = 1.0,
    without_prompt: float = 1.0,
) -> pd.DataFrame:
    """Losses whose claims have about these gains; each row a little off."""
    noise = CHANCE[:n]
    tuned = 3.0 - (loss + noise)
    tuned_first = 2.0 - (1.0 + noise)
    return pd.DataFrame(
        {
            "conversation": [f"c{number}" for number in range(n)],
            "question": "Open?",
            "tokens": 9,
            "bytes": 36,
            "base": 3.0,
            "baseline": tuned + prompting + noise,
            "tuned": tuned,
            "tuned_no_system": 3.0 - (without_prompt + noise),
            "base_first": 2.0,
            "tuned_first": tuned_first,
            "base_shuffled": 2.5,
            "tuned_shuffled": tuned_first + 0.5 + relevance + noise,
            "base_other": 2.0,
            "tuned_other": 2.0 - (1.0 + noise[::-1]) + contrast,
        }
    )


def probes_with(tuned: int, base: int = 0, baseline: int = 0, of: int = 10, **others: int) -> pd.DataFrame:
    """Answers to probes, so many right; `contradicts=2` are those of the tuned model after the right ones."""
    named = ["right"] * tuned + [name for name, count in others.items() for _ in range(count)]
    return pd.DataFrame(
        {
            "question": [f"Question {number}?" for number in range(of)],
            "must": "yes",
            "tuned": ["Yes."] * tuned + ["No."] * (of - tuned),
            "tuned_outcome": named + ["wrong"] * (of - len(named)),
            "base_outcome": ["right"] * base + ["wrong"] * (of - base),
            "baseline_outcome": ["right"] * baseline + ["wrong"] * (of - baseline),
        }
    )


def measured_of(found: Sequence[Measured], measure: str, who: str) -> Measured | None:
    """The figure of this measure and model, None where it was not taken."""
    return next((item for item in found if item.measure == measure and item.who == who), None)
