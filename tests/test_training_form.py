"""The form of 03_train, as a person works it: each change counts, and what the training will take follows."""

import shutil
import subprocess
import sys
import time

import pytest
from shown import Seen

from marcus_nb import models, parameters, train
from marcus_nb.panels import fields, form, measuring
from marcus_nb.parameters import ROOT
from marcus_nb.parameters.schema import SECTIONS
from marcus_nb.runs import Stage, choices, open_run, read_json
from marcus_nb.train import at_work

FOUND = {
    "conversations": 12,
    "samples": 12,
    "steps_per_epoch": 3,
    "steps": 6,
    "epochs": 2.0,
    "tokens_per_second": 100.0,
    "evaluations": 3,
    "seconds": {"loading": 10.0, "training": 60.0, "validating": 6.0, "answering": 8.0, "saving": 4.0},
    "minutes": 1.47,
    "peak_memory_gb": 1.5,
    "free_memory_gb": 6.0,
    "disk_gb": 0.1,
    "free_disk_gb": 50.0,
    "method": "lora",
    "warnings": [],
}


@pytest.fixture
def stage(make_draft, monkeypatch):
    """03_train at work in a draft whose experiment is a file of its own."""
    run = make_draft()
    root = run.folder.parents[2]
    monkeypatch.setenv("MARCUS_OUTPUTS", str(root / "outputs"))
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    monkeypatch.setattr(parameters.files, "ROOT", root)
    (root / "parameters").mkdir()
    shutil.copy(root / "small.yaml", root / "parameters/small.yaml")
    stage = Stage("train", run)
    stage.log("03_train begins")
    return stage


@pytest.fixture
def splits(stage):
    shared = stage.parameters.shared
    tokenizer = models.load_tokenizer(models.find_base(shared.base_model))
    return train.load_splits(stage.run.folder / "clean", tokenizer, shared.system_prompt, shared.max_length)


@pytest.fixture
def panel(stage, splits, monkeypatch):
    """The form with a measurement in the background that never comes to begin."""
    monkeypatch.setattr(measuring, "SECONDS", 600)
    made = form.Form(stage, FOUND, splits)
    yield made
    made.measuring.drop()


def enter(panel, name, value):
    panel.fields[f"train.{name}"].control.value = value


def said(field):
    return Seen(field.about.value).text


def takes(panel):
    return Seen(panel.takes.value).text


# --- the fields -----------------------------------------------------------------------------------------------------


def test_every_parameter_of_the_training_has_one_field_and_a_dozen_stand_first(panel):
    assert set(panel.fields) == {f"train.{name}" for name in SECTIONS["train"].model_fields} | {
        "shared.max_length",
        "shared.seed",
    }
    opening, rest = panel.more.children
    assert len(form.COMMON) == 12 and rest.layout.display == "none", "the rest is folded"
    opening.value = True
    assert rest.layout.display is None
    for key, field in panel.fields.items():
        schema = SECTIONS[key.split(".")[0]].model_fields[field.name]
        assert fields.meaning_of(schema) in said(field) and field.control.description == field.name
        assert field.control.tooltip == fields.meaning_of(schema)


@pytest.mark.parametrize(
    ("name", "kind", "facts"),
    [
        ("lora_r", "Text", "≥ 1, ≤ 1,024 · default 16"),
        ("learning_rate", "Text", "> 0, < 1 · default 0.001"),
        ("method", "Dropdown", "default lora"),
        ("load_best_model_at_end", "Checkbox", "default on"),
        ("target_modules", "Textarea", "one a line · not empty · default all-linear"),
        ("num_train_epochs", "Text", "≥ 1, ≤ 1,000 · default 5 · epochs"),
    ],
)
def test_a_control_is_what_the_schema_says(panel, name, kind, facts):
    field = panel.fields[f"train.{name}"]
    assert type(field.control).__name__ == kind and said(field).endswith(facts)


@pytest.mark.parametrize(
    ("name", "entered", "value"),
    [
        ("learning_rate", "2e-4", 0.0002),
        ("lora_r", " 8 ", 8),
        ("lora_dropout", ".5", 0.5),
        ("method", "full", "full"),
        ("use_rslora", True, True),
        ("target_modules", "q_proj\n\n v_proj ", ["q_proj", "v_proj"]),
        ("fixed_prompts", "Hello, who are you?", ["Hello, who are you?"]),
    ],
)
def test_what_is_entered_is_chosen_at_once(panel, stage, name, entered, value):
    enter(panel, name, entered)
    assert choices.read("small") == {f"train.{name}": value}
    assert getattr(stage.parameters.train, name) == value
    assert getattr(open_run("small", "draft").parameters.train, name) == value, "where the child process reads it"


@pytest.mark.parametrize(
    ("name", "entered", "words"),
    [
        ("lora_r", "many", "should be a valid integer, found 'many'"),
        ("lora_r", "0", "should be greater than or equal to 1, found 0"),
        ("lora_r", "", "should be a valid integer, found ''"),
        ("learning_rate", "nan", "should be a finite number"),
        ("learning_rate", "<b>0,1", "found '<b>0,1'"),
        ("target_modules", "  \n", "at least 1 item"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field_and_the_old_one_stays(panel, stage, name, entered, words):
    before = getattr(stage.parameters.train, name)
    field = panel.fields[f"train.{name}"]
    shown = field.control.value
    enter(panel, name, entered)
    assert words in said(field) and "It stays at" in said(field) and "<b>" not in field.about.value
    assert getattr(stage.parameters.train, name) == before and field.control.value == shown
    assert choices.read("small") == {}
    enter(panel, name, "v_proj" if name == "target_modules" else "0.5" if name == "learning_rate" else "9")
    assert "It stays at" not in said(field) and len(choices.read("small")) == 1


def test_back_to_the_yaml_one_by_one_and_all_together(panel, stage):
    assert panel.back.disabled
    enter(panel, "lora_r", "8")
    enter(panel, "load_best_model_at_end", False)
    enter(panel, "weight_decay", "0.1")
    [_, button] = panel.fields["train.lora_r"].beside.children
    assert button.description == "lora_r: back to 4" and not panel.back.disabled
    button.click()
    assert panel.fields["train.lora_r"].control.value == "4" and stage.parameters.train.lora_r == 4
    assert len(panel.fields["train.lora_r"].beside.children) == 1
    assert sorted(choices.read("small")) == ["train.load_best_model_at_end", "train.weight_decay"]
    panel.back.click()
    assert choices.read("small") == {} and panel.back.disabled
    assert stage.parameters.train.load_best_model_at_end and panel.fields["train.weight_decay"].control.value == "0.0"


def test_what_one_should_know_of_a_choice_is_said(stage, splits, monkeypatch):
    monkeypatch.setattr(measuring, "SECONDS", 600)
    stage.run.parameters.origins["train.lora_alpha"] = "this cell"
    panel = form.Form(stage, FOUND, splits)
    enter(panel, "lora_alpha", "64")
    assert "lora_alpha: the parameters cell says otherwise" in panel.said.value
    panel.fields["shared.max_length"].control.value = "128"
    assert "max_length counts in 02_clean, too" in panel.said.value and "lora_alpha" not in panel.said.value
    with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"]) as process:
        at_work.note(stage, "training", process.pid)
        enter(panel, "lora_alpha", "65")
        process.kill()
    assert "The training at work began without this" in panel.said.value


# --- what it will take ----------------------------------------------------------------------------------------------


def test_steps_and_minutes_follow_at_once(panel, stage):
    before = takes(panel)
    assert before.startswith("6 steps, about 5") and "Measured on this machine with these values" in before
    enter(panel, "num_train_epochs", "20")
    assert takes(panel).startswith("60 steps, about 5½ min") and "Estimated from the last measurement." in takes(panel)
    assert panel.measuring.thread is None, "nothing that only measuring tells was changed"
    enter(panel, "max_steps", "30")
    assert takes(panel).startswith("30 steps")
    enter(panel, "max_steps", "0")
    enter(panel, "num_train_epochs", "2")
    assert takes(panel) == before


def test_warnings_follow(panel):
    assert "Few steps: 2" not in takes(panel)
    enter(panel, "max_steps", "2")
    assert "Few steps: 2" in takes(panel) and "What to do: raise train.num_train_epochs" in takes(panel)


def test_a_change_of_memory_or_speed_is_measured_anew_and_a_newer_one_supersedes_it(panel):
    enter(panel, "lora_r", "8")
    first = panel.measuring.thread
    assert first.is_alive() and "are being measured anew on this machine" in takes(panel)
    enter(panel, "lora_r", "9")
    assert panel.measuring.thread is first and panel.measuring.wanted == 2, "one at a time"
    enter(panel, "lora_r", "4")
    first.join(10)
    assert panel.measuring.thread is None and "Measured on this machine with these values" in takes(panel)


def test_measured_anew_in_the_real_child_process(stage, splits, monkeypatch):
    monkeypatch.setattr(measuring, "SECONDS", 0.1)
    panel = form.Form(stage, FOUND, splits)
    enter(panel, "lora_r", "6")
    wait_for(lambda: at_work.alive(stage.folder, "preflight"))
    superseded = at_work.alive(stage.folder, "preflight")
    enter(panel, "lora_r", "7")
    enter(panel, "num_train_epochs", "3")
    panel.measuring.thread.join(120)
    found = read_json(stage.folder / "preflight.json")
    assert not superseded.is_running() and found["steps"] == 9
    assert panel.measured_with.lora_r == 7 and panel.found == found
    assert takes(panel).startswith("9 steps") and "Measured on this machine with these values" in takes(panel)
    again = form.Form(stage, FOUND, splits)
    assert again.found == found, "a form that is made again begins with what was measured last"
    enter(panel, "num_train_epochs", "2")
    assert found["tokens_per_second"] == panel.now["tokens_per_second"] and panel.now["steps"] == 6


def test_the_preflight_of_a_cell_goes_first(stage, splits, monkeypatch):
    """Whoever changes a value and runs the cells at once has both at work."""
    monkeypatch.setattr(measuring, "SECONDS", 0.1)
    panel = form.Form(stage, FOUND, splits)
    begun = train.measure(stage)
    enter(panel, "lora_r", "6")
    thread = panel.measuring.thread
    time.sleep(0.5)
    assert begun.process.poll() is None
    train.measured(begun)  # with another rank: it is measured anew afterwards
    wait_for(lambda: panel.measuring.begun)
    wait_for(lambda: at_work.alive(stage.folder, "preflight"))
    found = train.preflight(stage)
    thread.join(120)
    assert panel.measured_with.lora_r == 6 and panel.found == found
    assert "Measured on this machine with these values" in takes(panel)


def test_what_measuring_came_to_is_told_when_it_fails(stage, splits, monkeypatch):
    monkeypatch.setattr(measuring, "SECONDS", 0.0)
    panel = form.Form(stage, FOUND, splits)
    enter(panel, "target_modules", "no_such_layer")
    panel.measuring.thread.join(120)
    assert "measuring anew did not work" in takes(panel) and "no_such_layer" in takes(panel)


def test_what_is_estimated_is_what_the_preflight_would_say(stage, splits):
    """The preflight's own counts and the arithmetic agree for whatever changes them."""
    found = train.preflight(stage)
    before = stage.parameters.train
    assert train.estimated(found, before, before, splits["train"])["seconds"] == pytest.approx(
        found["seconds"], abs=0.11
    )
    stage.choose({"train.num_train_epochs": 5, "train.evals_per_epoch": 3, "train.save_steps": 2})
    now = train.estimated(found, before, stage.parameters.train, splits["train"])
    after = train.preflight(stage)
    counts = ("steps", "steps_per_epoch", "epochs", "evaluations", "method", "conversations")
    assert {name: now[name] for name in counts} == {name: after[name] for name in counts}


# --- headless and in a run ------------------------------------------------------------------------------------------


def test_headless_a_table_of_what_is_not_at_its_default(stage, splits, monkeypatch):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    block = form.training_form(stage, FOUND, splits)
    seen = Seen(block.markup)
    assert "lora_r" in seen.text and "Rank of the adapter" in seen.text and "weight_decay" not in seen.text
    assert "widget" not in block.markup


def test_headless_no_widget_is_even_imported():
    code = "import sys; from marcus_nb.panels import fields, following, form; assert 'ipywidgets' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def wait_for(there, seconds=60):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.02)
