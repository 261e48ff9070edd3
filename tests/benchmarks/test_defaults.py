"""What the defaults teach from few and many conversations of the example: the reasons behind them, measured.

`./run_all.sh test --all -k defaults_teach -s` prints the table (about a quarter of an hour); it never fails by time.
"""

import os
import random

import pytest

from marcus_nb import clean, generate, ingest, models, parameters, runs, train
from marcus_nb.conversation import to_row, write_jsonl
from marcus_nb.evaluate.knowledge import RIGHT, outcome
from marcus_nb.train import reference_chats

COUNTS = (25, 50, 100, 0)  # training conversations; 0: all


@pytest.mark.slow
def test_defaults_teach(tmp_path, monkeypatch, capsys):
    """The default settings of `train` on the quickstart's data, in subsets, and on all of it with other rates."""
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    if os.environ.get("OMP_NUM_THREADS") == "1":  # set for the tiny model of the other tests
        monkeypatch.delenv("OMP_NUM_THREADS")
    chosen = parameters.load("quickstart")
    base = models.find_base(chosen.shared.base_model)
    tokenizer = models.load_tokenizer(base)
    read = ingest.read_sources(chosen.ingest, parameters.ROOT, chosen.shared.persona_name)
    cleaned = clean.run(list(read.conversations), chosen.clean, chosen.shared, tokenizer)
    shuffled = random.Random(1).sample(list(cleaned.train), len(cleaned.train))
    defaults = parameters.schema.Train().model_dump()
    # The persona's facts are the quickstart's concern: its own choice about the last checkpoint is not a default.
    trials = [(count or len(shuffled), {}) for count in COUNTS]
    trials += [(len(shuffled), {"train.learning_rate": rate}) for rate in (2e-4, 3e-3)]
    say = lambda line: print(line, flush=True)  # noqa: E731
    with capsys.disabled():
        names = ("rate", "steps", "best", "before", "at best", "at end", "probes", "minutes")
        say(f"\n\n{'conversations':>14}{''.join(f'{name:>9}' for name in names)}")
        for number, (count, overrides) in enumerate(trials):
            values = {f"train.{name}": value for name, value in defaults.items()} | overrides
            run = runs.create(parameters.load("quickstart", values), f"trial-{number}")
            for name in ("clean", "train"):
                (run.folder / name).mkdir()
            write_jsonl(run.folder / "clean/train.jsonl", map(to_row, shuffled[:count]))
            write_jsonl(run.folder / "clean/validation.jsonl", map(to_row, cleaned.validation))
            stage = runs.Stage("train", run)
            stage.log("begins")
            training = train.begin(stage)
            list(train.follow(training))
            came = train.outcome(training)
            losses = [row["validation_loss"] for row in training.metrics if "validation_loss" in row]
            model = models.merge(base, run.folder / "train/adapter")
            asked = reference_chats([probe.question for probe in chosen.shared.probes], chosen.shared.system_prompt)
            replies = generate.replies(model, tokenizer, asked, 40)
            right = sum(outcome(*pair) == RIGHT for pair in zip(replies, chosen.shared.probes, strict=True))
            found = [
                f"{run.parameters.train.learning_rate:g}",
                f"{came['steps']}",
                f"{came['best_step']}",
                *(f"{loss:.2f}" for loss in (losses[0], came["validation_loss"], losses[-1])),
                f"{right} of {len(asked)}",
                f"{came['seconds'] / 60:.1f}",
            ]
            say(f"{count:14}{''.join(f'{value:>9}' for value in found)}")
            say(f"{'':14}   {replies[0]!r}")
            assert came["validation_loss"] < losses[0]
