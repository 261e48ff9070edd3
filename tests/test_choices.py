"""What is clicked in a draft: kept at once, above the YAML and below what is typed, and the record says so."""

import shutil

import pytest

from marcus_nb import parameters, runs
from marcus_nb.parameters import ROOT, ParameterError
from marcus_nb.runs import RunError, choices


@pytest.fixture
def acme(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setattr(parameters.files, "ROOT", tmp_path)
    (tmp_path / "parameters").mkdir()
    shutil.copy(ROOT / "parameters" / "smoke.yaml", tmp_path / "parameters" / "acme.yaml")
    return {"experiment": "acme", "run": "draft"}


def test_a_choice_stands_at_once_and_when_the_notebook_is_run_again(acme):
    stage = runs.open_stage("clean", acme)
    assert stage.parameters.clean.redact and choices.read("acme") == {}
    stage.choose({"clean.redact": False})
    stage.choose({"clean.max_characters": 900})
    for now in (stage, runs.open_stage("clean", acme)):
        assert not now.parameters.clean.redact and now.parameters.clean.max_characters == 900
        assert now.parameters.origins["clean.redact"] == "chosen here"
        assert now.parameters.origins["clean.validation_share"] == "acme.yaml"
    assert runs.open_run("acme", "draft").parameters.clean.max_characters == 900


def test_a_choice_that_there_is_no_more_is_told_with_its_file(acme):
    choices.write("acme", "choices.json", {"clean.old_rule": True})
    with pytest.raises(RunError, match=r"choices\.json has clean\.old_rule, which is no parameter.*take it out"):
        runs.open_stage("clean", acme)


def test_choosing_what_the_yaml_says_is_no_choice(acme):
    stage = runs.open_stage("clean", acme)
    stage.choose({"clean.redact": False})
    stage.choose({"clean.redact": True})
    assert choices.read("acme") == {} and stage.parameters.origins["clean.redact"] == "default"


def test_what_is_typed_wins_over_what_was_clicked_but_not_what_the_cell_was_prepared_with(acme):
    choices.write("acme", "prepared.json", {"clean": {"values": {"clean.redact": True, "clean.max_characters": 4000}}})
    cell = acme | {"redact": True, "max_characters": 4000}
    runs.open_stage("clean", cell).choose({"clean.redact": False})
    assert not runs.open_stage("clean", cell).parameters.clean.redact
    typed = runs.open_stage("clean", cell | {"max_characters": 700}).parameters
    assert typed.clean.max_characters == 700 and typed.origins["clean.max_characters"] == "this cell"


def test_a_wrong_choice_changes_nothing(acme):
    stage = runs.open_stage("clean", acme)
    with pytest.raises(ParameterError, match=r"chosen here: clean.max_characters: .*10"):
        stage.choose({"clean.max_characters": 3})
    assert choices.read("acme") == {} and stage.parameters.clean.max_characters == 4000


def test_a_run_takes_no_choices(acme):
    run = runs.create(parameters.load("acme"))
    stage = runs.open_stage("ingest", {"experiment": "acme", "run": run.name})
    with pytest.raises(RunError, match="choose in run = 'draft'"):
        stage.choose({"ingest.max_rejected_share": 0.5})
