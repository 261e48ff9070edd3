"""Choices of a draft kept by one click, and run headless; the same by clicking and by typing."""

import html
import json
import shutil
import time

import psutil
import pytest

from marcus_nb import display, panels, parameters, runs
from marcus_nb.panels import keeping
from marcus_nb.parameters import ROOT, load
from marcus_nb.runs import choices, noticed


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """An experiment of its own, in a project folder of its own."""
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    monkeypatch.setattr(parameters.files, "ROOT", tmp_path)
    (tmp_path / "parameters").mkdir()
    shutil.copy(ROOT / "parameters" / "smoke.yaml", tmp_path / "parameters" / "acme.yaml")
    return tmp_path / "parameters" / "acme.yaml"


def opened(name: str, **typed):
    return runs.open_stage(name, {"experiment": "acme", "run": "draft", **typed})


def test_nothing_chosen_nothing_to_save(acme):
    panel = keeping.Keeping(opened("clean"))
    assert "Everything is as acme.yaml says." in panel.difference.value
    panel.save.click()
    assert "There is nothing to save." in panel.said.value


def test_save_writes_what_differs_and_it_is_no_choice_any_more(acme):
    stage = opened("clean", max_characters=900)
    stage.choose({"clean.redact": False})
    opened("train").choose({"train.lora_r": 4})
    panel = keeping.Keeping(stage)
    shown = html.unescape(panel.difference.value)
    assert "+  redact: false" in shown and "+  max_characters: 900" in shown and "+  lora_r: 4" in shown
    before = acme.read_text(encoding="utf-8")
    panel.save.click()
    assert "Saved in acme.yaml." in panel.said.value and "Everything is as acme.yaml says" in panel.difference.value
    after = acme.read_text(encoding="utf-8")
    assert set(before.splitlines()) < set(after.splitlines()), "comments and all else stay"
    loaded = load("acme")
    assert (loaded.clean.redact, loaded.clean.max_characters, loaded.train.lora_r) == (False, 900, 4)
    assert choices.read("acme") == {} and stage.parameters.origins["clean.redact"] == "acme.yaml"


def test_what_was_noticed_after_the_notebook_was_opened_is_saved_too(acme):
    noticed.add_probe("acme", "First?", ["one"], [])
    stage = opened("evaluate")
    noticed.add_probe("acme", "Second?", ["two"], [])
    panel = keeping.Keeping(stage)
    assert "First?" in panel.difference.value and "Second?" in panel.difference.value
    panel.save.click()
    assert "Saved in acme.yaml." in panel.said.value and choices.read("acme") == {}
    assert [probe.question for probe in load("acme").shared.probes][-2:] == ["First?", "Second?"]


def test_what_another_notebook_chose_is_not_undone(acme):
    clean, train = opened("clean"), opened("train")
    train.choose({"train.lora_r": 4})
    clean.choose({"clean.redact": False})
    draft = runs.open_run("acme", "draft").parameters
    assert (draft.train.lora_r, draft.clean.redact) == (4, False)


def test_forgetting_goes_back_to_the_yaml(acme):
    stage = opened("clean")
    stage.choose({"clean.redact": False, "clean.max_characters": 900})
    panel = keeping.Keeping(stage)
    panel.forget.click()
    assert "Everything is as acme.yaml says" in panel.difference.value
    assert stage.parameters.clean == load("acme").clean and choices.read("acme") == {}


def test_a_file_changed_meanwhile_is_shown_anew_and_not_written_over(acme):
    stage = opened("clean")
    stage.choose({"clean.redact": False})
    panel = keeping.Keeping(stage)
    acme.write_text(acme.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    panel.save.click()
    assert "The difference is another now" in panel.said.value and load("acme").clean.redact
    panel.save.click()
    assert "Saved" in panel.said.value and "# mine" in acme.read_text(encoding="utf-8")
    assert not load("acme").clean.redact


def test_what_is_chosen_after_the_panel_was_made_is_shown_before_it_is_saved(acme):
    stage = opened("clean")
    panel = keeping.Keeping(stage)
    stage.choose({"clean.redact": False})
    panel.save.click()
    assert "look at it, then save" in panel.said.value and "redact: false" in panel.difference.value
    assert load("acme").clean.redact
    panel.save.click()
    assert not load("acme").clean.redact


def test_what_was_typed_and_saved_does_not_differ_any_more(acme):
    keeping.Keeping(opened("clean", max_characters=900)).save.click()
    again = opened("clean", max_characters=900)
    assert again.parameters.origins["clean.max_characters"] == "acme.yaml"
    assert "all values as in the YAML" in display.parameters(again).plain


def test_a_yaml_that_is_broken_meanwhile_is_told(acme):
    stage = opened("clean")
    stage.choose({"clean.redact": False})
    panel = keeping.Keeping(stage)
    acme.write_text("shared: [", encoding="utf-8")
    panel.save.click()
    assert "That did not work: acme.yaml" in panel.said.value


def test_unsaved_choices_are_not_run(acme):
    stage = opened("clean")
    panel = keeping.Keeping(stage)
    stage.choose({"clean.redact": False})
    panel.start.click()
    assert "save the choices first" in panel.said.value and panel.run is None


def test_run_headless_is_a_run_of_its_own_and_says_how_it_ended(monkeypatch, tmp_path):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as in every kernel
    panel = keeping.Keeping(runs.open_stage("ingest", {"experiment": "smoke", "run": "draft"}))
    panel.start.click()
    panel.start.click()
    assert "still at work" in panel.said.value
    until = time.monotonic() + 240
    while panel.follower.is_alive() and "02_clean" not in panel.progress.value:
        assert time.monotonic() < until
        time.sleep(0.5)
    assert "01_ingest" in panel.progress.value and "\x1b" not in panel.run.said
    process = psutil.Process(panel.run.process["pid"])
    assert process.pid not in [child.pid for child in psutil.Process().children(recursive=True)], (
        "a kernel would end it"
    )
    later = keeping.Keeping(runs.open_stage("ingest", {"experiment": "smoke", "run": "draft"}))
    assert later.run == panel.run and "At work in a process of its own" in later.said.value
    process.terminate()  # all four stages are another test's
    for one in (panel, later):
        one.follower.join(60)
        assert "It did not come to its end (" in one.said.value and "--resume" in one.said.value
        assert "report.html" in one.said.value and "interrupted" in html.unescape(one.progress.value)
    [run] = [folder for folder in runs.list_runs("smoke") if folder.name != "draft"]
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["status"] == "INCOMPLETE"


def test_a_run_that_cannot_begin_says_why(acme):
    panel = keeping.Keeping(opened("ingest"))
    panel.start.click()  # acme is in no parameters/ that the command line knows
    panel.follower.join(60)
    assert "It did not begin" in panel.said.value and "no experiment" in html.unescape(panel.progress.value)


def test_headless_there_is_no_panel(acme, monkeypatch, capsys):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    stage = opened("ingest")
    (stage.folder / "a.txt").write_text("x", encoding="utf-8")
    record = stage.finish({}, [])
    assert panels.headless() and "02_clean" in keeping.next_step(stage, record).plain


def test_clicked_and_typed_give_the_same_parameters_to_the_byte(acme, tmp_path):
    stage = opened("clean")
    stage.choose({"clean.redact": False, "clean.languages": ["es"]})
    keeping.Keeping(stage).save.click()
    clicked = runs.create(load("acme"))
    typed = (ROOT / "parameters" / "smoke.yaml").read_text(encoding="utf-8")
    typed = typed.replace("clean:\n", "clean:\n  redact: false\n  languages:\n    - es\n")
    acme.write_text(typed, encoding="utf-8")
    by_hand = runs.create(load("acme"))
    assert clicked.parameters.hash == by_hand.parameters.hash
    kept = [(run.folder / "parameters.yaml").read_bytes() for run in (clicked, by_hand)]
    assert kept[0] == kept[1]
