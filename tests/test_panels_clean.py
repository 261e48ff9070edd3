"""The panels of 02_clean, driven as a person does: what is clicked is chosen, and what comes of it is shown."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from cleaning import SHARED, TINY, good, talk

from marcus_nb import clean, parameters, runs
from marcus_nb.clean.preview import SAMPLE, Preview, sample
from marcus_nb.panels import cleaning, singles
from marcus_nb.parameters import ROOT
from marcus_nb.parameters.schema import Clean
from marcus_nb.runs import choices

PRIVATE = talk("chat:900001", "Who knows that?", "Ask tom@example.com, skipper.", customer="Planted")
LONG = talk("chat:900002", "Tell me all?", "Aye, skipper. " * 28, customer="Planted too")
DATA = [*good(), PRIVATE, LONG]


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """A draft of smoke, with the tiny model, in a project of its own."""
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setattr(parameters.files, "ROOT", tmp_path)
    (tmp_path / "parameters").mkdir()
    shutil.copy(ROOT / "parameters" / "smoke.yaml", tmp_path / "parameters" / "acme.yaml")
    stage = runs.open_stage("clean", {"experiment": "acme", "run": "draft"})
    stage.choose({"clean.max_characters": 380})
    return stage


def settled(panel, words="On all "):
    """The panel once its thread has nothing left to do."""
    panel.at_once.wait()
    panel.later.wait()
    assert words in panel.where.value, panel.where.value + panel.said.value
    return panel


@pytest.fixture
def panel(stage):
    return settled(cleaning.RulesPanel(stage, DATA, TINY))


def now(stage, data=DATA):
    chosen = stage.parameters
    return clean.run(data, chosen.clean, chosen.shared, TINY)


# --- the rules ------------------------------------------------------------------------------------------------------


def test_every_rule_has_a_control_with_its_meaning_and_value(panel):
    assert [*panel.controls] == [name for name in Clean.model_fields if name != "by_hand"]
    assert panel.controls["redact"].value is True and panel.controls["max_characters"].value == 380
    assert "characters" in panel.controls["min_characters"].tooltip
    kinds = [menu.description for menu in panel.controls["redact_policy"].children]
    assert kinds[0] == "redact_policy: email" and len(kinds) == 11


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("redact", False, False),
        ("max_characters", 700, 700),
        ("test_share", 0.3, 0.3),
        ("split_by", "time", "time"),
        ("placeholder_language", "es", "es"),
        (
            "extra_system_lines",
            " Ticket * was merged, and gone \n\nBot: *",
            ["Ticket * was merged, and gone", "Bot: *"],
        ),
    ],
)
def test_what_is_clicked_is_what_the_yaml_would_say(panel, stage, name, value, taken):
    panel.controls[name].value = value
    assert choices.read("acme") == {"clean.max_characters": 380} | {f"clean.{name}": taken}
    typed = parameters.load("acme", {"clean.max_characters": 380, f"clean.{name}": taken})
    assert stage.parameters.stage_hash("clean") == typed.stage_hash("clean")
    settled(panel)


def test_a_policy_is_chosen_kind_by_kind(panel, stage):
    panel.controls["redact_policy"].children[0].value = "drop"
    panel.controls["redact_policy"].children[1].value = "keep"
    assert stage.parameters.clean.redact_policy == {"email": "drop", "phone": "keep"}
    panel.controls["redact_policy"].children[0].value = "replace"
    assert stage.parameters.clean.redact_policy == {"phone": "keep"}


def test_funnel_and_cases_follow_and_hide_personal_data(panel, stage):
    dropped = sum(one.rule == "max_characters" for one in now(stage).dropped)
    assert f"On all {len(DATA):,} conversations." in panel.where.value and dropped == 1
    assert "max_characters" in panel.counts.value and "t••@•••••••.•••" in panel.cases.value
    panel.controls["max_characters"].value = 4000
    settled(panel)
    assert "max_characters" not in panel.counts.value
    panel.controls["redact"].value = False
    settled(panel)
    assert "redact" not in panel.counts.value and "Switched off" in panel.cases.value
    for shown in (panel.counts.value, panel.cases.value):
        assert "tom@example.com" not in shown


def test_the_newest_change_wins(panel, stage):
    for value in (40, 60, 80, 100, 4000):
        panel.controls["max_characters"].value = value
    settled(panel)
    assert panel.counts.value.count("max_characters") == 0 and choices.read("acme") == {}


def test_a_sample_first_and_said_so_then_everything(stage):
    data = [
        talk(f"chat:{n}", f"Is boat number {n} free on day {n * 7}?", f"Aye, boat {n}, skipper.", customer=f"C{n}")
        for n in range(700)
    ]
    panel = cleaning.RulesPanel(stage, data, TINY)
    panel.at_once.wait()
    assert f"On a sample of {SAMPLE} of 700 conversations" in panel.where.value
    assert "On all 700 conversations." in settled(panel).where.value and "700 came in" in panel.counts.value


def test_what_cannot_be_is_said_and_changes_nothing(panel, stage):
    panel.controls["min_characters"].value = 381
    assert "min_characters (381) is above max_characters (380)" in panel.said.value
    assert stage.parameters.clean.min_characters == panel.controls["min_characters"].value == 1
    panel.controls["max_canned_share"].value = 7
    assert "max_canned_share" in panel.said.value and panel.controls["max_canned_share"].value == 1
    panel.controls["min_characters"].value = 380
    settled(panel)
    assert panel.said.value == "" and "No conversation is left" in panel.counts.value
    assert "choose a smaller clean.min_characters" in panel.counts.value and "<table" not in panel.cases.value


def test_choices_by_hand_are_followed_and_a_damaged_file_is_said(panel, stage):
    singles.choose(stage, LONG.id, clean.Choice("keep"))
    panel.controls["lowercase"].value = True
    settled(panel)
    assert "max_characters" not in panel.counts.value and "Kept by hand against a rule" in panel.cases.value
    stage.parameters.by_hand_file.write_text("{", encoding="utf-8")
    panel.controls["lowercase"].value = False
    settled(panel)
    assert "acme.by_hand.json: it cannot be read as JSON" in panel.counts.value


def test_a_preview_is_what_a_cleaning_would_be():
    few = sample(DATA)
    preview = Preview(few, DATA)
    for chosen in (
        {},
        {"redact": False},
        {},
        {"join_turns": False},
        {"max_characters": 200},
        {"unicode_repair": False},
    ):
        parameters_now, by_person = Clean(**chosen), {DATA[2].id: clean.Choice("drop")}
        made = preview.run(parameters_now, SHARED, TINY, by_person)
        assert made == clean.run(few, parameters_now, SHARED, TINY, choices=by_person)
    assert sample(DATA * 10) == sample(DATA * 10) and len(sample(DATA * 10)) == SAMPLE


# --- by hand --------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_by_one(stage):
    return singles.SinglesPanel(stage, DATA, now(stage))


def written(stage):
    return json.loads(stage.parameters.by_hand_file.read_text(encoding="utf-8"))


def test_conversations_are_looked_for_and_through(one_by_one):
    assert one_by_one.of.value == f"of {len(DATA):,}" and one_by_one.back.disabled
    one_by_one.on.click()
    assert one_by_one.place.value == 2 and DATA[1].id in one_by_one.about.value
    one_by_one.search.value = "ASK TOM@"
    assert one_by_one.of.value == "of 1" and PRIVATE.id in one_by_one.about.value
    assert "tom@example.com" not in one_by_one.talk.value and "EMAIL" in one_by_one.talk.value
    one_by_one.search.value = LONG.id
    assert one_by_one.of.value == "of 1"
    one_by_one.search.value = "nobody says this"
    assert one_by_one.talk.value == "No conversation is like that." and one_by_one.keep.disabled
    one_by_one.search.value = ""
    one_by_one.which.value = "max_characters"
    assert one_by_one.of.value == "of 1" and "Dropped by max_characters: a message of the" in one_by_one.about.value


def test_each_click_is_kept_at_once_and_named(one_by_one, stage):
    one_by_one.which.value = "max_characters"
    one_by_one.why.value = "worth it"
    one_by_one.keep.click()
    assert choices.read("acme")["clean.by_hand"] == "parameters/acme.by_hand.json"
    assert written(stage) == {LONG.id: {"choice": "keep", "why": "worth it"}}
    assert "You chose: keep it." in one_by_one.about.value and "1 kept" in one_by_one.said.value
    one_by_one.which.value = ""
    one_by_one.drop.click()
    assert written(stage)[DATA[0].id] == {"choice": "drop", "why": ""}
    one_by_one.which.value = "by hand"
    assert one_by_one.of.value == "of 2"
    cleaned = clean.run(DATA, stage.parameters.clean, stage.parameters.shared, TINY, choices=clean.by_hand(stage))
    assert [drop.conversation.id for drop in cleaned.dropped] == [DATA[0].id]


def test_a_correction_is_made_message_by_message(one_by_one, stage):
    one_by_one.search.value = PRIVATE.id
    one_by_one.correct.click()
    assert [area.value for area in one_by_one.areas] == ["Who knows that?", "Ask tom@example.com, skipper."]
    one_by_one.save.click()
    assert "Nothing was corrected" in one_by_one.said.value and not choices.read("acme").get("clean.by_hand")
    one_by_one.areas[1].value = "Ask Nell herself, skipper."
    one_by_one.save.click()
    assert written(stage)[PRIVATE.id]["messages"] == ["Who knows that?", "Ask Nell herself, skipper."]
    assert "Ask Nell herself" in one_by_one.talk.value and not one_by_one.editor.children
    assert one_by_one.keep.disabled and one_by_one.drop.disabled, "its words would be lost"
    one_by_one.correct.click()
    assert one_by_one.areas[1].value == "Ask Nell herself, skipper."
    for area in one_by_one.areas:
        area.value = " "
    one_by_one.save.click()
    assert "drop it instead" in one_by_one.said.value
    one_by_one.leave.click()
    assert not one_by_one.areas


def test_what_is_typed_into_a_correction_is_not_lost(one_by_one):
    one_by_one.search.value = PRIVATE.id
    one_by_one.correct.click()
    one_by_one.areas[1].value = "Ask Nell."
    one_by_one.correct.click()
    assert one_by_one.areas[1].value == "Ask Nell."
    ways = (one_by_one.which, one_by_one.search, one_by_one.place, one_by_one.back, one_by_one.on, one_by_one.drop)
    assert all(way.disabled for way in ways)
    one_by_one.leave.click()
    assert not one_by_one.areas and not any(way.disabled for way in (one_by_one.search, one_by_one.drop))


def test_a_correction_to_the_words_that_were_is_none(one_by_one, stage):
    one_by_one.search.value = PRIVATE.id
    before = PRIVATE.messages[1].content
    for words in ("Ask Nell.", before):
        one_by_one.correct.click()
        one_by_one.areas[1].value = words
        one_by_one.save.click()
    assert "Nothing was chosen by hand." in one_by_one.said.value and stage.parameters.by_hand_file is None


def test_undoing_the_last_choice_leaves_nothing_behind(one_by_one, stage):
    before = stage.parameters.stage_hash("clean")
    one_by_one.drop.click()
    path = stage.parameters.by_hand_file
    assert path.is_file() and stage.parameters.stage_hash("clean") != before
    one_by_one.undo.click()
    assert not path.exists() and stage.parameters.stage_hash("clean") == before
    assert "by_hand" not in str(choices.read("acme")) and one_by_one.undo.disabled


def test_choices_of_another_hand_are_never_lost(one_by_one, stage, tmp_path):
    path = tmp_path / "parameters" / "acme.by_hand.json"
    clean.write_choices(path, {"chat:7": clean.Choice("drop", "another tab")})
    assert "1 choices that clean.by_hand does not name" in singles.SinglesPanel(stage, DATA, now(stage)).said.value
    one_by_one.keep.click()
    assert [*written(stage)] == ["chat:7", DATA[0].id]
    path.write_text("[]", encoding="utf-8")
    one_by_one.drop.click()
    assert "acme.by_hand.json: expected" in one_by_one.said.value and path.read_text(encoding="utf-8") == "[]"


# --- elsewhere ------------------------------------------------------------------------------------------------------


def test_headless_the_same_cells_are_lines_without_widgets(stage, monkeypatch):
    singles.choose(stage, LONG.id, clean.Choice("drop"))
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    assert repr(cleaning.rules(stage, DATA, TINY)) == "16 of 17 switches are on. Off: lowercase."
    assert repr(singles.by_hand(stage, DATA, now(stage))) == "By hand: 1 dropped, 0 kept, 0 corrected."


def test_headless_no_widget_is_even_imported():
    code = "import sys; from marcus_nb.panels import cleaning, singles; assert 'ipywidgets' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PYTHONUTF8": "1"}, check=True)
