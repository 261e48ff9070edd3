"""Choices by hand: what they do to single conversations, what they cannot do, and what is said when they do not fit."""

import json
import os
import stat

import pytest
from cleaning import SHARED, TINY, drops, everything, good, in_split, step, talk

from marcus_nb import clean, parameters, runs
from marcus_nb.clean import Choice, CleanError, read_choices, write_choices
from marcus_nb.parameters import ParameterError
from marcus_nb.parameters.schema import Clean
from marcus_nb.pipeline import plans, reproducing
from marcus_nb.runs import RunError, why_not_reusable

LONG = ("Tell me all about the boats?", "Aye. " * 300)


def cleaned_with(choices, *more, probes=(), **chosen):
    shared = SHARED.model_copy(update={"probes": list(probes)})
    outcome = clean.run([*good(), *more], Clean(**chosen), shared, TINY, choices=choices)
    clean.check_account(outcome)
    clean.prove_disjoint(outcome)
    return outcome


def test_one_is_dropped_with_its_reason():
    one = good()[3].id
    cleaned = cleaned_with({one: Choice("drop", "a test call of ours")})
    (drop,) = drops(cleaned, "by_hand")
    assert drop.conversation is good()[3] and drop.reason == "dropped by hand: a test call of ours"
    assert (step(cleaned, "by_hand").dropped, step(cleaned, "by_hand").note) == (1, "")
    assert clean.funnel(cleaned).set_index("rule").loc["by_hand", "dropped"] == 1


def test_one_is_corrected_before_the_rules_see_it():
    one = good()[3]
    texts = [message.content for message in one.messages]
    texts[1] = "Ask  tom@example.com, skipper."
    cleaned = cleaned_with({one.id: Choice("correct", "", tuple(texts))})
    (change,) = cleaned.changed
    assert change.rules == ("by_hand", "whitespace", "redact")
    assert everything(cleaned)[one.id].messages[1].content == "Ask [EMAIL_1], skipper."
    assert everything(cleaned)[one.id].messages[0] is one.messages[0]


def test_a_blank_correction_takes_the_message_out():
    more = talk("chat:900001", "Open today?", "Aye, till six.", "Spam!", customer="Planted")
    texts = ("Open today?", "Aye, till six.", " ")
    cleaned = cleaned_with({more.id: Choice("correct", "", texts)}, more)
    kept = everything(cleaned).get(more.id) or pytest.fail("it is gone")
    assert [message.content for message in kept.messages] == ["Open today?", "Aye, till six."]
    assert step(cleaned, "by_hand").removed == 1


def test_rules_that_judge_let_be_what_is_kept():
    more = talk("chat:900001", *LONG, customer="Planted 1")
    copy = talk("chat:900002", *(message.content for message in good()[5].messages), customer=good()[5].customer)
    keep = {more.id: Choice("keep", "worth it"), copy.id: Choice("keep")}
    without = {
        drop.conversation.id: drop.rule
        for drop in cleaned_with({}, more, copy, max_similarity=1.0, max_characters=1000).dropped
    }
    assert without[more.id] == "max_characters" and "drop_duplicates" in without.values()
    cleaned = cleaned_with(keep, more, copy, max_similarity=1.0, max_characters=1000)
    assert everything(cleaned).keys() >= {more.id, copy.id}
    assert step(cleaned, "by_hand").note.startswith("Kept by hand against a rule: ")
    assert "max_characters 1" in step(cleaned, "by_hand").note


def test_what_keeps_the_verdict_honest_and_people_safe_goes_before_a_choice():
    asked = "Where does the lanternfish sleep when the tide turns?"
    leaking = in_split("train", (asked, "Below the pier, skipper, where the mud is warm."))
    private = talk("chat:900003", "Who knows?", "Ask tom@example.com, skipper.", customer="Planted 3")
    empty = talk("chat:900004", "And now?", " ", customer="Planted 4")
    more = (leaking, private, empty)
    choices = {one.id: Choice("keep") for one in more}
    probe = parameters.Probe(question=asked, must=["pier"])
    cleaned = cleaned_with(choices, *more, probes=[probe], redact_policy={"email": "drop"})
    assert {drop.conversation.id: drop.rule for drop in cleaned.dropped} == {
        leaking.id: "leak",
        private.id: "redact",
        empty.id: "empty",
    }
    note = step(cleaned, "by_hand").note
    assert "dropped all the same: " in note and all(f"{one.id} (" in note for one in more)


def test_choices_that_fit_nothing_any_more_are_told():
    one = good()[3]
    choices = {f"chat:{n}": Choice("drop") for n in range(7)} | {one.id: Choice("correct", "", ("Only one?",))}
    cleaned = cleaned_with(choices)
    assert everything(cleaned)[one.id] is one and not drops(cleaned, "by_hand")
    note = step(cleaned, "by_hand").note
    assert "Not among the conversations any more: chat:0, chat:1, chat:2, chat:3, chat:4 and 2 more;" in note
    assert f"another number of messages now than their correction, which was not applied: {one.id}. Correct" in note


# --- the file -------------------------------------------------------------------------------------------------------


def test_the_file_is_written_and_read_back(tmp_path):
    path = tmp_path / "acme.by_hand.json"
    choices = {"chat:1": Choice("drop", "año"), "chat:2": Choice("correct", "", ("a", "")), "chat:3": Choice("keep")}
    write_choices(path, choices)
    assert read_choices(path) == choices and list(tmp_path.iterdir()) == [path]
    assert "messages" not in json.loads(path.read_text(encoding="utf-8"))["chat:1"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # as Windows' Notepad saves it
    assert read_choices(path) == choices


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", r"expected \{\"ID\": \{\"choice\": \"drop\"\}, …\}, found \[\]"),
        ('{"a": "drop"}', 'a: expected "choice": "drop", "keep" or "correct", found "drop"'),
        ('{"a": {"choice": "delete"}}', "found {"),
        ('{"a": {"choice": "drop", "reason": ""}}', 'expected choice, why and messages, found "reason"'),
        ('{"a": {"choice": "drop", "why": 3}}', 'words in quotes as "why", found 3'),
        ('{"a": {"choice": "correct"}}', 'one for each message, as "messages", found'),
        ('{"a": {"choice": "keep", "messages": ["b"]}}', 'expected none as "messages", found'),
        ('{"a": {"choice": "drop"}, "a": {"choice": "keep"}}', "'a' stands twice"),
        ('{"a": {"choice": "drop", "why": "\udce9"}}', "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
    ],
)
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path, text, said):
    path = tmp_path / "acme.by_hand.json"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(CleanError, match=f"acme.by_hand.json: .*{said}") as refused:
        read_choices(path)
    assert "What to do: " in str(refused.value)


# --- runs -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """A finished 02_clean of smoke with a file by hand, which names nothing that is there."""
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    path = tmp_path / "acme.by_hand.json"
    write_choices(path, {"smoke:1": Choice("drop")})
    run = runs.create(parameters.load("smoke", {"clean.by_hand": str(path)}))
    stage = runs.Stage("clean", run)
    stage.folder.mkdir()
    assert clean.by_hand(stage) == {"smoke:1": Choice("drop")}
    stage.finish({}, [])
    runs.update(run, status="PASSED")
    return run, path


def test_the_record_has_the_file_and_an_edited_one_is_noticed(chosen):
    run, path = chosen
    assert run.record("clean")["reads"] == {"source:acme.by_hand.json": runs.sha256(path)}
    assert why_not_reusable(run.folder, "clean", run.parameters, []) is None
    write_choices(path, {"smoke:1": Choice("keep")})
    assert why_not_reusable(run.folder, "clean", run.parameters, []) == "input edited: acme.by_hand.json"
    path.unlink()
    assert why_not_reusable(run.folder, "clean", run.parameters, []) == "input gone: acme.by_hand.json"
    with pytest.raises(ParameterError, match=r"clean.by_hand: .*acme.by_hand.json is not there"):
        plans.check_sources(run.parameters)
    with pytest.raises(CleanError, match=r"acme\.by_hand.json is not there, and clean.by_hand names it"):
        clean.by_hand(runs.Stage("clean", run))


def test_a_run_with_another_file_cannot_be_reproduced(chosen):
    run, path = chosen
    stage = runs.Stage("ingest", run)
    stage.folder.mkdir()
    stage.read_source(parameters.ROOT / "tests/fixtures/smoke.csv")
    stage.finish({}, [])
    reproducing._check_data(run)
    write_choices(path, {})
    with pytest.raises(RunError, match=r"acme\.by_hand\.json was edited"):
        reproducing._check_data(run)
    path.unlink()
    with pytest.raises(RunError, match=r"acme\.by_hand\.json is gone"):
        reproducing._check_data(run)


def test_read_again_after_an_edit_only_the_newest_is_noted(chosen):
    run, path = chosen
    stage = runs.Stage("clean", run)
    clean.by_hand(stage)
    write_choices(path, {})
    clean.by_hand(stage)
    assert stage.reads == {"source:acme.by_hand.json": runs.sha256(path)}
