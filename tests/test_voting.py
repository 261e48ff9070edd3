"""The blind vote: nothing tells whose reply it is, each vote is kept at once, and the tally says what it comes to."""

import json
import os
import re
from types import SimpleNamespace

import pytest
from conftest import conversation
from kept_samples import unseen
from shown import BOTH, assert_harmless

from marcus_nb import parameters
from marcus_nb.conversation import to_row, write_jsonl
from marcus_nb.display import votes as shown
from marcus_nb.evaluate.statistics import share
from marcus_nb.evaluate.votes import pairs, tally
from marcus_nb.panels import voting
from marcus_nb.runs import RunError, feedback


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    return tmp_path


@pytest.fixture
def run(outputs):
    return SimpleNamespace(
        experiment="acme", name="draft", folder=outputs / "acme" / "draft", parameters=parameters.load("smoke")
    )


def conversations(count):
    return {f"c{n}": conversation(f"c{n}", f"Is boat {n} free?", f"Aye, boat {n}.") for n in range(count)}


@pytest.fixture(autouse=True)
def no_double_clicks(monkeypatch):
    monkeypatch.setattr(voting, "SOONEST_SECONDS", 0)


def booth(run, count=6, session=1, frame=None):
    frame = unseen(count) if frame is None else frame
    return voting._Booth(run, pairs(frame), conversations(count), session)


def kept(outputs):
    path = outputs / "acme" / "feedback" / "votes.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def of(panel):
    """The number of the question that is shown, and whether A is the tuned model's reply."""
    number = re.search(r"Is boat (\d+) free\?", panel.ballot.value)[1]
    a = panel.ballot.value.split("Reply A")[1].split("Reply B")[0]
    return int(number), f"Aye {number}, skipper." in a


def prefer(panel, who):
    _, tuned_is_a = of(panel)
    panel.choices["A" if tuned_is_a == (who == "tuned") else "B"].click()


def test_a_vote_is_kept_at_once_and_the_next_question_comes(run, outputs):
    panel = booth(run)
    number, tuned_is_a = of(panel)
    panel.choices["A"].click()
    [vote] = kept(outputs)
    assert vote.pop("when").endswith("+00:00") and len(vote.pop("replies")) == 12
    order = ["tuned", "base"] if tuned_is_a else ["base", "tuned"]
    expected = {"run": "draft", "conversation": f"c{number}", "turn": 0, "order": order, "choice": "A", "session": 1}
    assert vote == expected
    assert of(panel)[0] != number and panel.status.value.startswith("1 of 6 questions done")
    mode = (outputs / "acme" / "feedback" / "votes.jsonl").stat().st_mode
    assert os.name == "nt" or mode & 0o077 == 0, "for its owner only"
    assert not (outputs / "acme" / "draft").exists(), "a run never changes"


def test_a_double_click_is_one_vote(run, outputs, monkeypatch):
    monkeypatch.setattr(voting, "SOONEST_SECONDS", 600)
    panel = booth(run, 2)
    panel.shown -= 601
    for _ in range(3):
        panel.choices["A"].click()
    assert len(kept(outputs)) == len(panel.waiting) == 1
    panel.shown -= 601
    for _ in range(2):
        panel.choices["A"].click()
    assert len(kept(outputs)) == 2 and "That did not work" not in panel.status.value


def test_an_id_with_a_line_separator_is_one_line(run, outputs):
    feedback.keep_vote("acme", {"run": "draft", "conversation": "a\u2028b", "turn": 0})
    assert [vote["conversation"] for vote in feedback.votes("acme", "draft")] == ["a\u2028b"]


def test_nothing_tells_whose_reply_it_is(run):
    panel = booth(run)
    while panel.waiting:
        said = panel.ballot.value + panel.status.value + panel.result.value
        assert not re.search(r"tuned|base model|loss|cut:", said)
        prefer(panel, "tuned")


def test_the_order_is_random_by_session(run):
    asked = pairs(unseen(200))
    orders = [[pair.order(session)[0] for pair in asked] for session in (1, 2)]
    assert orders[0] != orders[1] and [pair.order(1)[0] for pair in asked] == orders[0]
    assert 70 < orders[0].count("tuned") < 130
    firsts = [of(booth(run, 20, session))[0] for session in range(5)]
    assert len(set(firsts)) > 1, "not all voters begin with the same question"


def test_what_was_voted_on_is_not_shown_again_unless_asked(run, outputs):
    panel = booth(run)
    seen = [of(panel)[0]]
    prefer(panel, "tuned")
    seen.append(of(panel)[0])
    panel.choices["skip"].click()
    again = booth(run, session=2)
    assert again.status.value.startswith("2 of 6")
    left = []
    while again.waiting:
        left.append(of(again)[0])
        prefer(again, "base")
    assert sorted(seen + left) == list(range(6))
    assert all(button.disabled for button in again.choices.values())
    assert "The tuned model&#x27;s reply was better in 1 of 5 decided votes: 20%" in again.result.value
    again.again.click()
    assert len(again.waiting) == 6 and again.result.value == ""
    for _ in range(6):
        prefer(again, "tuned")
    assert "6 of 6 decided votes: 100%" in again.result.value, "the newest vote on each counts"
    assert len(kept(outputs)) == 12, "none is thrown away"


def test_the_result_is_shown_to_who_asks(run):
    panel = booth(run)
    prefer(panel, "tuned")
    assert panel.result.value == ""
    panel.reveal.value = True
    assert "better in 1 of 1 decided votes: 100% (95% interval 21% to 100%, n = 1)" in panel.result.value
    panel.choices["no difference"].click()
    assert "No difference: 1; skipped: 0; not voted on: 4." in panel.result.value
    panel.reveal.value = False
    assert panel.result.value == ""


def test_the_interval_is_wilsons_over_the_decided_votes(run):
    panel = booth(run, 12)
    for _ in range(9):
        prefer(panel, "tuned")
    prefer(panel, "base")
    panel.choices["no difference"].click()
    panel.choices["skip"].click()
    counted = tally(panel.asked, feedback.votes("acme", "draft"), 0.95)
    assert (counted.tuned, counted.base, counted.same, counted.skipped, counted.left) == (9, 1, 1, 1, 0)
    assert (counted.value, counted.low, counted.high) == share(9, 10, 0.95)
    assert "the tuned model is preferred" in shown.tally(counted).plain
    assert "No vote was decided yet" in shown.tally(tally(panel.asked, [], 0.95)).plain


def test_votes_on_other_replies_or_another_run_do_not_count(run):
    panel = booth(run)
    prefer(panel, "tuned")
    other = unseen(6).assign(tuned="Another model of the same draft.")
    assert booth(run, frame=other).status.value.startswith("0 of 6")
    run.name = "20261123-120000-abcdef1"
    assert booth(run).status.value.startswith("0 of 6")


def test_the_same_reply_twice_is_no_choice(run):
    frame = unseen(6)
    frame.loc[2, "tuned"] = frame.loc[2, "base"].upper()
    assert len(pairs(frame)) == 5
    nothing = booth(run, frame=frame.assign(tuned=frame["base"]))
    assert "There is nothing to vote on" in nothing.status.value
    assert all(button.disabled for button in nothing.choices.values())


def test_what_was_said_before_stands_above(run):
    item = conversation("c0", "Who are you?", "Nell.", "Is boat 0 free?", "Aye, boat 0.", "Thanks.", "Bye.")
    frame = unseen(1).assign(turn=1)
    panel = voting._Booth(run, pairs(frame), {"c0": item}, 1)
    assert "Who are you?" in panel.ballot.value and "Thanks." not in panel.ballot.value
    assert "Aye, boat 0." not in panel.ballot.value, "the real reply would tell"
    alone = voting._Booth(run, pairs(frame), {}, 1)
    assert "Is boat 0 free?" in alone.ballot.value, "its file may be gone"


def test_hostile_and_personal_text_is_harmless():
    item = conversation("c0", BOTH, "Aye.")
    assert_harmless(shown.ballot(item.with_messages(item.messages[:1]), BOTH, [BOTH, ""]))


def test_a_mistake_is_told_and_the_question_stays(run, outputs):
    panel = booth(run)
    number, _ = of(panel)
    (outputs / "acme").write_text("in the way")
    panel.choices["A"].click()
    assert "That did not work" in panel.status.value and of(panel)[0] == number


def test_a_damaged_line_is_named(run, outputs):
    feedback.keep_vote("acme", {"run": "draft"})
    path = outputs / "acme" / "feedback" / "votes.jsonl"
    path.write_text(path.read_text() + '{"run": "dr', encoding="utf-8")
    with pytest.raises(RunError, match=r"votes.jsonl, line 2: this is no vote .* delete the line"):
        feedback.votes("acme", "draft")
    assert "line 2: this is no vote" in voting.vote(run, unseen(6), []).plain, "told, and the evaluation goes on"
    feedback.keep_vote("acme", {"run": "draft"})
    assert len(path.read_text().splitlines()) == 3, "what comes after it stands on a line of its own"


def test_headless_what_the_votes_come_to(run, monkeypatch):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    assert voting.vote(run, unseen(6), []) is None
    monkeypatch.delenv("MARCUS_HEADLESS")
    prefer(booth(run), "tuned")
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    assert "1 of 1 decided votes" in voting.vote(run, unseen(6), []).plain


def test_the_held_out_conversations_of_a_finished_run(run):
    (run.folder / "clean").mkdir(parents=True)
    assert voting.held_out(run) == []
    write_jsonl(run.folder / "clean" / "test.jsonl", map(to_row, conversations(2).values()))
    assert voting.held_out(run) == list(conversations(2).values())
