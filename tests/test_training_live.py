"""03_train's live cell with real trainings: paused, continued, stopped, interrupted, found again by another kernel."""

import _thread
import threading
import time

import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from jupyter_client.manager import start_new_kernel

from marcus_nb import models, train
from marcus_nb.panels import following
from marcus_nb.parameters import ROOT
from marcus_nb.runs import Run, Stage
from marcus_nb.train import TrainingFailed, at_work

LONG = {"train.num_train_epochs": 1000, "train.early_stopping_patience": 900, "train.save_steps": 500}


@pytest.fixture
def at_03_train(make_draft, monkeypatch):
    """`at_03_train({"train.lora_r": 8})`: the stage of a draft, and its splits."""
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)

    def make(in_yaml):
        run = make_draft(in_yaml=in_yaml)
        monkeypatch.setenv("MARCUS_OUTPUTS", str(run.folder.parents[1]))
        stage = Stage("train", run)
        stage.log("03_train begins")
        shared = run.parameters.shared
        tokenizer = models.load_tokenizer(models.find_base(shared.base_model))
        return stage, train.load_splits(run.folder / "clean", tokenizer, shared.system_prompt, shared.max_length)

    return make


@pytest.fixture
def shell():
    """An interactive shell, without which nothing is displayed at all."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def wait_for(there, seconds=100):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.02)


def trains(stage):
    """Whether the training of a stage has made steps."""
    metrics = stage.folder / "metrics.jsonl"
    return metrics.is_file() and '"loss"' in metrics.read_text(encoding="utf-8")


def meanwhile(*moments):
    """A person at the notebook: `(there, act)` in turn, each when it is `there`; what went wrong is in the list."""
    wrong = []

    def work():
        try:
            for there, act in moments:
                wait_for(there)
                act()
        except BaseException as error:
            wrong.append(error)
            _thread.interrupt_main()

    threading.Thread(target=work, daemon=True).start()
    return wrong


def plain_of(captured, part):
    return [
        output.data["text/plain"] for output in captured.outputs if output.transient["display_id"] == f"{part}-draft"
    ]


def test_paused_continued_and_stopped_in_one_cell(at_03_train, shell):
    stage, splits = at_03_train(LONG)
    training = train.begin(stage)
    live = following.Live(training, splits, 0.0)
    paused_at = []

    def go_on():
        paused_at.append(training.step)
        assert live.pausing.disabled and not live.continuing.disabled and not live.stopping.disabled
        live.continuing.click()

    wrong = meanwhile(
        (lambda: trains(stage), live.pausing.click),
        (lambda: live.waiting, go_on),
        (lambda: not live.waiting and training.step > paused_at[0] + 10, live.stopping.click),
    )
    with capture_output() as captured:
        live.follow()
    outcome = train.outcome(training)
    assert not wrong and outcome["ended"] == "asked to stop" and outcome["resumed_from"] == paused_at[0]
    status = plain_of(captured, "status")
    assert f"Paused at step {paused_at[0]} of 3000." in "\n".join(status)
    assert not any("rror" in words or "exit code" in words for words in status)
    assert "before" in plain_of(captured, "replies")[-1], "the fixed prompts' replies stand beside the chart"
    assert plain_of(captured, "buttons")[-1] == "" and captured.stdout == ""


def test_a_paused_training_is_stopped_with_what_it_has_learned(at_03_train, shell):
    stage, splits = at_03_train(LONG)
    training = train.begin(stage)
    live = following.Live(training, splits, 0.0)
    wrong = meanwhile((lambda: trains(stage), live.pausing.click), (lambda: live.waiting, live.stopping.click))
    with capture_output():
        live.follow()
    outcome = train.outcome(training)
    assert not wrong and outcome["ended"] == "asked to stop" and outcome["steps"] == outcome["resumed_from"] + 1


def test_an_interrupt_while_it_waits_leaves_it_paused_and_the_cell_goes_on_when_it_is_run_again(at_03_train, shell):
    stage, splits = at_03_train(LONG)
    training = train.begin(stage)
    live = following.Live(training, splits, 0.0)
    wrong = meanwhile((lambda: trains(stage), live.pausing.click), (lambda: live.waiting, _thread.interrupt_main))
    with capture_output() as captured, pytest.raises(KeyboardInterrupt) as interrupted:
        live.follow()
    step = training.step
    words = f"Paused at step {step} of 3000. Run this cell again to go on from there."
    assert not wrong and interrupted.value._render_traceback_() == [words], "no traceback"
    assert plain_of(captured, "status")[-1] == words and plain_of(captured, "buttons")[-1] == ""
    again = train.begin(stage)
    assert again.found == "" and again.step == step
    train.stop(again)
    list(train.follow(again, 0.05))
    assert train.outcome(again)["resumed_from"] == step


def test_a_finished_training_is_not_made_again_until_something_is_changed(at_03_train, shell):
    stage, splits = at_03_train({})
    first = train.begin(stage)
    list(train.follow(first, 0.05))
    outcome = train.outcome(first)
    made = (stage.folder / "adapter/adapter_model.safetensors").stat().st_mtime_ns
    again = train.begin(stage)
    with capture_output() as captured:
        following.follow_training(again, splits, 0.0)
    assert again.found == "done" and "come to its end already" in plain_of(captured, "status")[-1]
    assert train.outcome(again) == outcome
    assert (stage.folder / "adapter/adapter_model.safetensors").stat().st_mtime_ns == made
    stage.run = other(stage, lora_r=2)
    with pytest.raises(TrainingFailed, match=r"other parameters than are chosen now \(lora_r: 4, now 2\)"):
        train.outcome(again)
    anew = train.begin(stage)
    train.pause(anew)
    list(train.follow(anew, 0.05))
    assert anew.found == ""


def test_a_training_at_work_elsewhere_is_followed_and_what_changed_since_is_told(at_03_train, shell):
    stage, splits = at_03_train(LONG)
    elsewhere = train.begin(stage)
    wait_for(lambda: trains(stage))
    stage.run = other(stage, lora_r=2)
    here = train.begin(stage)
    assert here.found == "at work" and here.process.pid == elsewhere.process.pid and here.asked.lora_r == 4
    live = following.Live(here, splits, 0.0)
    wrong = meanwhile((lambda: live.said.value, live.stopping.click))
    with capture_output() as captured:
        live.follow()
    status = plain_of(captured, "status")[-1]
    assert not wrong and "it is followed here, and none was begun" in status
    assert "It began before this was chosen: lora_r: 4, now 2. Stop it" in status
    with pytest.raises(TrainingFailed, match=r"lora_r: 4, now 2"):
        train.outcome(here)
    assert elsewhere.process.wait(10) == 0


def other(stage, **chosen) -> Run:
    """The draft with something else chosen."""
    parameters = stage.parameters
    changed = parameters.train.model_copy(update=chosen)
    return type(stage.run)(
        stage.run.experiment,
        stage.run.name,
        stage.run.folder,
        type(parameters)(**{**vars(parameters), "train": changed}),
    )


CELL = """
from marcus_nb import models, train
from marcus_nb.panels import following
from marcus_nb.runs import Stage, open_run
stage = Stage("train", open_run("small", "draft"))
shared = stage.parameters.shared
tokenizer = models.load_tokenizer(models.find_base(shared.base_model))
splits = train.load_splits(stage.run.folder / "clean", tokenizer, shared.system_prompt, shared.max_length)
training = train.begin(stage)
following.follow_training(training, splits, 0.5)
outcome = train.outcome(training)
"""


@pytest.mark.slow
def test_a_killed_kernel_loses_nothing(at_03_train, monkeypatch):
    """The kernel dies amid the training; another runs the same cell, and it comes to what it would have come to."""
    chosen = LONG | {"train.num_train_epochs": 200, "train.fixed_prompts_max_new_tokens": 8}
    stage, _ = at_03_train(chosen)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)
    client.execute(CELL)
    wait_for(lambda: trains(stage))
    child = at_work.alive(stage.folder, "training")
    psutil.Process(manager.provisioner.pid).kill()
    client.stop_channels()
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)
    try:
        reply = client.execute_interactive(CELL, timeout=200, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert not child.is_running()
    found = train.outcome(train.begin(stage))
    assert found["resumed_from"] > 0 and found["steps"] == 600
    whole, _ = at_03_train(chosen)
    list(train.follow(train.begin(whole), 0.1))
    weights = "adapter/adapter_model.safetensors"
    assert (stage.folder / weights).read_bytes() == (whole.folder / weights).read_bytes()
