"""How long a change in the form of 03_train takes until steps and minutes have followed: half a second at most.

`./run_all.sh test --all -k training_form_speed -s` prints median and worst.
"""

import shutil
import statistics
import time

import pytest

from marcus_nb import models, parameters, train
from marcus_nb.panels import form, measuring
from marcus_nb.runs import Stage

TIMES, AIM = 50, 0.5  # seconds


@pytest.mark.slow
def test_training_form_speed(make_draft, monkeypatch, capsys):
    """Changes that the arithmetic answers, in a form that stands in a draft. It fails only far above the aim."""
    run = make_draft()
    root = run.folder.parents[2]
    monkeypatch.setenv("MARCUS_OUTPUTS", str(root / "outputs"))
    monkeypatch.setattr(parameters.files, "ROOT", root)
    monkeypatch.setattr(measuring, "SECONDS", 600)
    (root / "parameters").mkdir()
    shutil.copy(root / "small.yaml", root / "parameters/small.yaml")
    stage, shared = Stage("train", run), run.parameters.shared
    stage.log("03_train begins")
    tokenizer = models.load_tokenizer(models.find_base(shared.base_model))
    splits = train.load_splits(run.folder / "clean", tokenizer, shared.system_prompt, shared.max_length)
    estimate = train.preflight(stage)
    started = time.perf_counter()
    panel = form.Form(stage, estimate, splits)
    made = time.perf_counter() - started
    seconds = []
    for number in range(TIMES):
        name, value = (("num_train_epochs", number + 3), ("learning_rate", (number + 1) / 1e4))[number % 2]
        started = time.perf_counter()
        panel.fields[f"train.{name}"].control.value = str(value)
        seconds.append(time.perf_counter() - started)
        assert getattr(stage.parameters.train, name) == value
    assert panel.now["steps"] == 3 * stage.parameters.train.num_train_epochs
    with capsys.disabled():
        print(f"\nthe form is made in {made:.2f} s; {TIMES} changes (aim: {AIM:g} s)")
        print(f"median {statistics.median(seconds) * 1000:.0f} ms, worst {max(seconds) * 1000:.0f} ms")
    assert max(seconds) < 5 * AIM
