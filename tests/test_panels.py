"""Headless, a training is followed in plain lines; in JupyterLab, by a figure and a line that change in place."""

import _thread
import shutil
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from datasets import Dataset
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from jupyter_client.manager import start_new_kernel

from marcus_nb import panels
from marcus_nb.panels import following
from marcus_nb.parameters import ROOT
from marcus_nb.runs import Stage
from marcus_nb.train import Split, Training

# Three steps of four conversations, and two epochs of them: that is what a small draft asks for.
ROWS = {"id": list("abcdefghijkl"), "input_ids": [[1]] * 12, "labels": [[1]] * 12, "weights": [[1.0]] * 12}
SPLITS = {"train": Split("train", Dataset.from_dict(ROWS), (), 0)}
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


def plain_of(captured, part):
    """What was shown in one place of a live training, in the order of time."""
    return [
        output.data["text/plain"] for output in captured.outputs if output.transient["display_id"] == f"{part}-draft"
    ]


@pytest.fixture
def shell():
    """An interactive shell, without which nothing is displayed at all."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_headless_prints_lines_and_displays_nothing(training, shell, monkeypatch):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    assert panels.headless()
    with capture_output() as captured:
        following.follow_training(training, SPLITS, 0.0)
    assert captured.outputs == []
    lines = captured.stdout.splitlines()
    assert lines[0].endswith("03_train begins") or "step" in lines[0]
    assert lines[-1] == "12:00:03 step 3/3: loss 2.000"
    assert len(lines) < 6 and "\r" not in captured.stdout


def test_headless_every_line_is_printed_once(training, monkeypatch, capsys):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    following.follow_training(training, SPLITS, 60.0)
    assert capsys.readouterr().out.splitlines() == training.lines, "in few outputs, and yet the whole log"


def test_headless_no_widget_is_even_imported(training):
    code = f"""
import subprocess, sys
from types import SimpleNamespace
from pathlib import Path
from marcus_nb import train
from marcus_nb.panels import following
stage = SimpleNamespace(folder=Path({str(training.stage.folder)!r}))
ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
following.follow_training(train.Training(ended, stage, ()), {{}}, 0.0)
assert "ipywidgets" not in sys.modules
"""
    training.process.wait()
    command = [sys.executable, "-c", code]
    environment = {**panels.os.environ, "MARCUS_HEADLESS": "1", "PYTHONUTF8": "1"}
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == training.lines


def test_in_jupyterlab_figure_and_line_change_in_place(training, shell, monkeypatch):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    assert not panels.headless()
    with capture_output() as captured:
        following.follow_training(training, SPLITS, 0.0)
    charts = [output for output in captured.outputs if "image/png" in output.data]
    assert len(charts) >= 2
    assert all(set(output.data) == {"image/png", "text/plain"} for output in charts), "no script"
    assert plain_of(captured, "chart")[0] == "Waiting for the first measurement"
    assert plain_of(captured, "chart")[-1] == "Validation loss fell from 5.00 to 2.00, best at step 3"
    assert plain_of(captured, "status")[-1].strip() == "step 3/3: loss 2.000", "no speed is known yet: the log speaks"
    assert any("application/vnd.jupyter.widget-view+json" in output.data for output in captured.outputs)
    assert plain_of(captured, "buttons")[-1] == "", "a widget that outlives its kernel is shown as an error"
    assert captured.stdout == ""


def test_an_interrupt_pauses(training, shell, monkeypatch):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    long = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(4); raise SystemExit(7)"])
    training = Training(long, training.stage, ())
    threading.Timer(0.4, _thread.interrupt_main).start()
    with capture_output() as captured, pytest.raises(KeyboardInterrupt):
        following.follow_training(training, SPLITS, 0.0)
    assert (training.stage.folder / "pause").is_file()
    assert training.process.poll() is not None, "it was waited for"
    assert plain_of(captured, "status")[-1] == "Paused at step 3 of 6. Run this cell again to go on from there."
    assert plain_of(captured, "buttons")[-1] == ""


def test_an_interrupt_while_drawing_pauses_at_once(training, shell, monkeypatch):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)

    def interrupted(*_, **given):
        if given:  # the first, empty one has none
            raise KeyboardInterrupt

    monkeypatch.setattr(following, "loss_figure", interrupted)
    with capture_output(), pytest.raises(KeyboardInterrupt):
        following.follow_training(training, SPLITS, 0.0)
    assert (training.stage.folder / "pause").is_file() and training.process.poll() is not None


# --- buttons --------------------------------------------------------------------------------------------------------


def test_buttons_ask_by_files_and_say_so(training):
    live = following.Live(training, SPLITS, 0.0)
    live._enable(working=True)
    assert "Closing the browser changes nothing" in live.said.value and live.continuing.disabled
    for button, file, words in (
        (live.pausing, "pause", "writes its checkpoint and pauses"),
        (live.stopping, "stop", "ends with what it has learned"),
    ):
        assert not (training.stage.folder / file).exists() and button.tooltip
        button.click()
        assert (training.stage.folder / file).is_file() and words in live.said.value


def test_what_a_button_could_not_do_is_said(training):
    stage = training.stage
    live = following.Live(training, SPLITS, 0.0)
    training.process.wait()
    shutil.rmtree(stage.folder)
    live.pausing.click()
    assert "That did not work: " in live.said.value
    assert "&#x27;" in live.said.value, "escaped"


def test_a_button_works_while_the_cell_does(tmp_path, monkeypatch):
    """As JupyterLab does it: the click is sent to a subshell while the main shell is busy."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)
    try:
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        subshell = client.get_control_msg(timeout=30)["content"]["subshell_id"]
        made = (
            "from pathlib import Path; from types import SimpleNamespace\n"
            "from marcus_nb import train; from marcus_nb.panels import following\n"
            f"stage = SimpleNamespace(folder=Path({str(tmp_path)!r}))\n"
            "live = following.Live(train.Training(None, stage, ()), {}, 0.0)\n"
            "live._enable(working=True)  # writes to the buttons, from the main shell\n"
            "print('comm', live.stopping.comm.comm_id)"
        )
        client.execute(made)
        while "comm " not in (text := client.get_iopub_msg(timeout=120)["content"].get("text", "")):
            pass
        client.execute("import time; time.sleep(10)")
        while client.get_iopub_msg(timeout=30)["msg_type"] != "execute_input":
            pass
        clicked = {"method": "custom", "content": {"event": "click"}}
        message = client.session.msg("comm_msg", {"comm_id": text.split()[1], "data": clicked})
        message["header"]["subshell_id"] = subshell
        client.shell_channel.send(message)
        deadline = time.monotonic() + 7
        while time.monotonic() < deadline and not (tmp_path / "stop").exists():
            time.sleep(0.05)
        assert (tmp_path / "stop").is_file(), "the click waits until the cell has ended"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("value", ["", "0", "true"])
def test_only_the_runners_own_word_counts(monkeypatch, value):
    monkeypatch.setenv("MARCUS_HEADLESS", value)
    assert not panels.headless()
