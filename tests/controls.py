"""Models that must not pass for the persona, and the two that must: what is done to the data, and what is expected.

The expectations were written before the first of them was trained. Thresholds were set with seed 42; the drill in
tests/test_controls.py uses another.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from marcus_nb import clean, ingest, models, parameters, runs, train
from marcus_nb.conversation import PERSONA_ROLE, Conversation, to_row, write_jsonl
from marcus_nb.evaluate import ACQUIRED, NOT_ACQUIRED
from marcus_nb.runs import Run, Stage

Splits = dict[str, Sequence[Conversation]]


@dataclass(frozen=True)
class Control:
    """`change(splits, other persona's splits, random)` gives what is trained on; the claims in `because` refute."""

    verdict: str
    because: tuple[str, ...]  # each of these must be refuted
    advice: str  # a word that what to do next must hold
    change: Callable[[Splits, Splits, random.Random], Splits] = lambda mine, *_: mine
    chosen: dict[str, Any] = field(default_factory=dict)
    experiment: str = "quickstart"


def _shuffled_replies(mine: Splits, _: Splits, chance: random.Random) -> Splits:
    """Every reply of the persona is its own, but stands after somebody else's question."""

    def shuffle(conversations: Sequence[Conversation]) -> list[Conversation]:
        replies = [m.content for item in conversations for m in item.messages if m.role == PERSONA_ROLE]
        chance.shuffle(replies)
        left = iter(replies)
        return [
            replace(
                item,
                messages=tuple(replace(m, content=next(left)) if m.role == PERSONA_ROLE else m for m in item.messages),
            )
            for item in conversations
        ]

    return {name: shuffle(conversations) if name != "test" else conversations for name, conversations in mine.items()}


def _another_persona(mine: Splits, other: Splits, _: random.Random) -> Splits:
    return other | {"test": mine["test"]}


def _three_conversations(mine: Splits, _: Splits, chance: random.Random) -> Splits:
    return mine | {"train": chance.sample(list(mine["train"]), 3)}


CONTROLS = {
    "nell": Control(ACQUIRED, (), "deploy"),
    "florian": Control(ACQUIRED, (), "deploy", experiment="florian"),
    "shuffled replies": Control(NOT_ACQUIRED, ("relevance", "knowledge"), "answers", _shuffled_replies),
    "another persona": Control(NOT_ACQUIRED, ("contrast",), "another persona", _another_persona),
    "three conversations": Control(NOT_ACQUIRED, ("knowledge",), "more conversations", _three_conversations),
    "one step": Control(NOT_ACQUIRED, ("loss",), "more steps", chosen={"train.max_steps": 1}),
    "far too long": Control(NOT_ACQUIRED, ("memory",), "fewer epochs", chosen={"train.num_train_epochs": 12}),
}


def make(name: str, seed: int, run_name: str) -> Run:
    """Train a control for real, from the shipped data and base model; returns its run, ready for 04_evaluate."""
    control = CONTROLS[name]
    chosen = {"shared.seed": seed, "train.fixed_prompts": ["Who are you?"], "train.evals_per_epoch": 1}
    run = runs.create(parameters.load(control.experiment, chosen | control.chosen), run_name)
    mine, other = _splits(control.experiment), _splits("florian" if control.experiment != "florian" else "quickstart")
    for stage in ("ingest", "clean", "train", "evaluate"):
        (run.folder / stage).mkdir()
    made = control.change(mine, other, random.Random(seed))
    for split, conversations in made.items():
        write_jsonl(run.folder / f"clean/{split}.jsonl", map(to_row, conversations))
    write_jsonl(run.folder / "clean/changed.jsonl", [])
    Stage("clean", run).finish({f"{split}.jsonl": len(items) for split, items in made.items()}, [])
    stage = Stage("train", run)
    for split in ("train", "validation"):
        stage.written_by("clean", f"{split}.jsonl")
    stage.log("begins")
    training = train.begin(stage)
    list(train.follow(training))
    stage.finish(train.outcome(training), [])
    (run.folder / "evaluate").rmdir()
    return run


def _splits(experiment: str) -> Splits:
    chosen = parameters.load(experiment)
    tokenizer = models.load_tokenizer(models.find_base(chosen.shared.base_model))
    read = ingest.read_sources(chosen.ingest, parameters.ROOT, chosen.shared.persona_name)
    cleaned = clean.run(list(read.conversations), chosen.clean, chosen.shared, tokenizer)
    return {"train": cleaned.train, "validation": cleaned.validation, "test": cleaned.test}
