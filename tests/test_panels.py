"""Headless, a training is followed in plain lines; in JupyterLab, by one figure that changes in place."""

import subprocess
import sys
import textwrap

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from marcus_nb import panels
from marcus_nb.runs import Stage
from marcus_nb.train import Training

WRITER = """
import json, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
for step in range(4):
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        log.write(f"12:00:0{step} step {step}/3: loss {5 - step}.000\\n")
    with (folder / "metrics.jsonl").open("a", encoding="utf-8") as metrics:
        metrics.write(json.dumps({"step": step, "epoch": 0, "validation_loss": 5.0 - step}) + "\\n")
    time.sleep(0.25)
"""


@pytest.fixture
def training(make_draft):
    """A process that leaves behind what a training does, in a second."""
    stage = Stage("train", make_draft())
    stage.log("03_train begins")
    command = (sys.executable, "-S", "-c", textwrap.dedent(WRITER), str(stage.folder))
    process = subprocess.Popen(command)
    yield Training(process, stage, command)
    process.wait()


@pytest.fixture
def shell():
    """An interactive shell, without which nothing is displayed at all."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_headless_prints_lines_and_displays_nothing(training, shell, monkeypatch):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    assert panels.headless()
    with capture_output() as captured:
        panels.follow_training(training, 0.0)
    assert captured.outputs == []
    lines = captured.stdout.splitlines()
    assert lines[0].endswith("03_train begins") or "step" in lines[0]
    assert lines[-1] == "12:00:03 step 3/3: loss 2.000"
    assert len(lines) < 6 and "\r" not in captured.stdout


def test_headless_every_line_is_printed_once(training, monkeypatch, capsys):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    panels.follow_training(training, 60.0)
    assert capsys.readouterr().out.splitlines() == training.lines, "in few outputs, and yet the whole log"


def test_in_jupyterlab_one_figure_changes_in_place(training, shell, monkeypatch):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    assert not panels.headless()
    with capture_output() as captured:
        panels.follow_training(training, 0.0)
    assert len(captured.outputs) >= 2
    places = {output.transient["display_id"] for output in captured.outputs}
    assert places == {f"loss-{training.stage.run.name}"}
    for output in captured.outputs:
        assert set(output.data) == {"image/png", "text/plain"}, "no widget, no script"
    assert captured.outputs[-1].data["text/plain"] == "Validation loss fell from 5.00 to 2.00, best at step 3"
    assert captured.stdout == ""


@pytest.mark.parametrize("value", ["", "0", "true"])
def test_only_the_runners_own_word_counts(monkeypatch, value):
    monkeypatch.setenv("MARCUS_HEADLESS", value)
    assert not panels.headless()
