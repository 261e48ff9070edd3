"""What is noticed in a chat: the probe lands in the next run's parameters, the correction is what ingest reads."""

import json
import shutil
from types import SimpleNamespace

import pytest

from marcus_nb import ingest, parameters, runs
from marcus_nb.conversation import Message
from marcus_nb.panels.noticing import Forms
from marcus_nb.parameters import ROOT, ParameterError
from marcus_nb.runs import RunError, choices, noticed

DRAFT = {"experiment": "acme", "run": "draft"}
SAID = [
    {"role": "user", "content": "Who are you?"},
    {"role": "assistant", "content": "I am a model.\nOf language."},
    {"role": "user", "content": 'Open on "Sunday" &amp; <b>late</b>? ñ 🚣'},
    {"role": "assistant", "content": "At nine."},
]


@pytest.fixture
def acme(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setattr(parameters.files, "ROOT", tmp_path)
    monkeypatch.setattr(noticed, "ROOT", tmp_path)
    (tmp_path / "parameters").mkdir()
    (tmp_path / "tests" / "fixtures").mkdir(parents=True)
    shutil.copy(ROOT / "tests/fixtures/smoke.csv", tmp_path / "tests/fixtures/smoke.csv")
    shutil.copy(ROOT / "parameters" / "smoke.yaml", tmp_path / "parameters" / "acme.yaml")
    return tmp_path


@pytest.fixture
def forms(acme):
    told = []
    return SimpleNamespace(told=told, forms=Forms("acme", "chat-1", told.append))


def read(acme):
    """What 01_ingest reads of the draft's sources, the added file's conversations by their ids."""
    stage = runs.open_stage("ingest", DRAFT)
    ingested = ingest.read_sources(stage.parameters.ingest, acme, stage.parameters.shared.persona_name)
    ingest.check_account(ingested)
    return {item.id: item for item in ingested.conversations}


def fill(forms, *values):
    """Fill in the open form and press its first button."""
    _title, *fields, buttons = forms.box.children
    for field, value in zip(fields, values, strict=True):
        field.value = value
    buttons.children[0].click()


# --- probes -----------------------------------------------------------------------------------------------------------


def test_a_probe_lands_in_the_resolved_parameters_of_every_stage_that_asks_it(acme, forms):
    probe, _ = forms.forms.buttons(3, lambda: SAID).children
    probe.click()
    assert forms.forms.box.children[1].value == SAID[2]["content"], "the question stands there already"
    fill(forms.forms, "On Sunday?", "eight\n 8 \n\n", "nine")
    for stage in ("clean", "evaluate"):
        resolved = runs.open_stage(stage, DRAFT).parameters
        assert resolved.as_dict()["shared"]["probes"] == [
            {"question": "On which weekday is the shed shut?", "must": ["Tuesday"], "must_not": []},
            {"question": "On Sunday?", "must": ["eight", "8"], "must_not": ["nine"]},
        ]
        assert resolved.origins["shared.probes"] == "chosen here"
    assert "The probe is kept" in forms.told[-1] and forms.forms.box.children == ()


def test_the_same_question_again_replaces_the_probe(acme):
    noticed.add_probe("acme", "On Sunday?", ["eight"], [])
    noticed.add_probe("acme", " On Sunday? ", ["nine"], [])
    assert [probe.must for probe in noticed.add_probe("acme", "New?", ["yes"], []).shared.probes][1:] == [
        ["nine"],
        ["yes"],
    ]


def test_a_probe_that_is_none_is_refused_and_the_form_stays(acme, forms):
    forms.forms.ask_probe("On Sunday?")
    fill(forms.forms, "On Sunday?", "  ", "nine")
    assert "That did not work" in forms.told[-1] and "must" in forms.told[-1]
    assert choices.read("acme") == {} and forms.forms.box.children
    forms.forms.box.children[-1].children[1].click()
    assert forms.forms.box.children == (), "cancelled"


# --- data -------------------------------------------------------------------------------------------------------------


def test_ingest_reads_exactly_what_was_added(acme, forms):
    before = read(acme)
    _, data = forms.forms.buttons(3, lambda: SAID).children
    data.click()
    assert "&amp;amp; &lt;b&gt;late" in forms.forms.box.children[0].value, "which reply it is, escaped"
    fill(forms.forms, "  Eight, skipper.\nMind the tide. ")
    assert "Added to parameters/acme.added.jsonl" in forms.told[-1]
    after = read(acme)
    assert {name: after[name] for name in before} == before and len(after) == len(before) + 1
    added = after["acme.added:chat-1-2"]
    assert [(message.role, message.content, message.weight) for message in added.messages] == [
        ("user", "Who are you?", 1.0),
        ("assistant", "I am a model.\nOf language.", 0.0),  # nobody corrected it: it is context, and not learned
        ("user", SAID[2]["content"], 1.0),
        ("assistant", "Eight, skipper.\nMind the tide.", 1.0),
    ]
    assert added.customer == "chat-1" and added.origin.file == "parameters/acme.added.jsonl"


def test_what_was_corrected_before_is_learned_and_all_of_a_chat_is_of_one_customer(acme, forms):
    forms.forms.ask_correction(SAID[:2])
    fill(forms.forms, "Nell. Boats.")
    forms.forms.ask_correction(SAID)
    fill(forms.forms, "Eight.")
    forms.forms.ask_correction(SAID)
    assert forms.forms.box.children[1].value == "Eight.", "as it was corrected"
    fill(forms.forms, "Eight, skipper.")
    found = {name: item for name, item in read(acme).items() if name.startswith("acme.added")}
    assert list(found) == ["acme.added:chat-1-1", "acme.added:chat-1-2"], "corrected once more it is still one"
    assert found["acme.added:chat-1-2"].replies == ["Nell. Boats.", "Eight, skipper."]
    assert {item.customer for item in found.values()} == {"chat-1"}
    assert all(message.weight == 1 for item in found.values() for message in item.messages)


def test_the_sources_are_named_once_and_what_is_overruled_stays(acme):
    choices.choose("acme", {"ingest.sources": [{"path": "tests/fixtures/smoke.csv", "delimiter": ","}]})
    for name in ("chat-1-1", "chat-2-1"):
        noticed.add_conversation("acme", name, name, SAID[:2])
    sources = runs.open_stage("ingest", DRAFT).parameters.ingest.sources
    assert [source.path for source in sources] == ["tests/fixtures/smoke.csv", "parameters/acme.added.jsonl"]
    assert sources[0].delimiter == ","
    assert len(noticed.added_file("acme").read_text(encoding="utf-8").splitlines()) == 2


def test_an_empty_reply_is_no_correction(acme, forms):
    forms.forms.ask_correction(SAID)
    fill(forms.forms, "  ")
    assert "the reply is empty" in forms.told[-1] and not noticed.added_file("acme").exists()


def test_a_file_that_was_damaged_by_hand_stays_as_it_is(acme):
    path = noticed.added_file("acme")
    path.write_text('{"id": "mine", "mess', encoding="utf-8")
    with pytest.raises(RunError, match=r"acme.added.jsonl was edited .* mend it"):
        noticed.add_conversation("acme", "chat-1-1", "chat-1", SAID)
    assert path.read_text(encoding="utf-8") == '{"id": "mine", "mess'
    with pytest.raises(ParameterError, match="no experiment 'gone'"):
        noticed.add_conversation("gone", "chat-1-1", "chat-1", SAID)


def test_a_person_can_read_and_write_the_file(acme):
    noticed.add_conversation("acme", "chat-1-1", "chat-1", SAID)
    path = noticed.added_file("acme")
    assert "🚣" in path.read_text(encoding="utf-8")
    by_hand = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Aye."}]}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(by_hand) + "\n")
    noticed.add_conversation("acme", "chat-1-2", "chat-1", SAID)
    assert Message("assistant", "Aye.") in [m for item in read(acme).values() for m in item.messages]
