"""Health: every way a reply can be broken, on replies that are broken in that way and in no other."""

import numpy as np
import pandas as pd
import pytest
from evaluating import changed, measured_of

from marcus_nb.evaluate import broken_replies, judge_health
from marcus_nb.evaluate.claims import NOT_MEASURED, OPEN, REFUTED, SUPPORTED
from marcus_nb.evaluate.health import EMPTY, ENDLESS, LOOPS, SAME, distinct, repetition
from marcus_nb.parameters import Evaluate

SETTLED = Evaluate(bootstrap_samples=500)
WORDS = [
    "tide",
    "boat",
    "hull",
    "nell",
    "rope",
    "sail",
    "oar",
    "jetty",
    "river",
    "bridge",
    "heron",
    "noon",
    "paint",
    "keel",
    "mast",
    "anchor",
]
LOOP = "I am afraid of the sea. " * 8


def said(n, seed, length=9):
    chance = np.random.default_rng(seed)
    return [" ".join(chance.choice(WORDS, length)) for _ in range(n)]


def frame(tuned=None, n=100, ended=True, real=None, sampled=None, sampled_ended=True):
    return pd.DataFrame(
        {
            "conversation": [f"c{place // 2}" for place in range(n)],
            "question": [f"Question {place}?" for place in range(n)],
            "real": said(n, 1) if real is None else real,
            "base": said(n, 2),
            "base_ended": True,
            "tuned": said(n, 3) if tuned is None else tuned,
            "tuned_ended": ended,
            "sampled": said(n, 4) if sampled is None else sampled,
            "sampled_ended": sampled_ended,
        }
    )


def with_broken(count, broken, n=100):
    return [broken] * count + said(n - count, 3)


def faults(replies, who="tuned"):
    broken = broken_replies(replies)
    return broken.loc[broken["who"] == who, "fault"].value_counts().to_dict()


def test_whole_replies_have_no_fault_and_are_supported():
    broken = broken_replies(frame())
    assert len(broken) == 400 and (broken["fault"] == "").all()
    found, claim = judge_health(broken, SETTLED, 42)
    assert (claim.status, claim.value, claim.n, claim.advice) == (SUPPORTED, 0.0, 200, "")
    assert measured_of(found, "broken replies", "real").n == 100


@pytest.mark.parametrize(("reply", "fault"), [("", EMPTY), (" \n", EMPTY), (LOOP, LOOPS)])
def test_each_broken_reply_is_named_by_its_fault(reply, fault):
    assert faults(frame(with_broken(30, reply))) == {fault: 30, "": 70}


def test_a_reply_that_was_cut_where_the_persona_would_long_have_ended_never_ends():
    endless = said(20, 7, length=40) + said(80, 3)
    cut = [True] * 100
    cut[:20] = [False] * 20
    assert faults(frame(endless, ended=cut)) == {ENDLESS: 20, "": 80}
    assert faults(frame(endless, ended=True)) == {"": 100}, "long, and ended: not broken"
    persona = said(100, 1, length=60)
    assert faults(frame(endless, ended=cut, real=persona)) == {"": 100}, "the persona speaks longer than the limit"


def test_the_same_sentence_to_everything_is_refuted_though_each_is_a_good_reply():
    broken = broken_replies(frame(["Aye, skipper, mind the tide."] * 100))
    _, claim = judge_health(broken, SETTLED, 42)
    assert claim.status == REFUTED and claim.value == 0.5 and f"100 {SAME}" in claim.sentence and claim.advice


def test_case_and_stops_do_not_make_it_another_reply():
    assert faults(frame(["Mind the tide!", "mind the tide"] * 50)) == {SAME: 100}


def test_what_the_persona_herself_often_says_may_be_said_as_often():
    stock = ["We are shut today."] * 30
    assert faults(frame(stock + said(70, 3), real=stock + said(70, 1))) == {"": 100}
    assert faults(frame(stock + said(70, 3))) == {SAME: 30, "": 70}


def test_a_few_equal_replies_are_none_of_everything():
    assert faults(frame(["Aye."] * 4 + said(96, 3))) == {"": 100}


@pytest.mark.parametrize(("count", "status"), [(0, SUPPORTED), (10, SUPPORTED), (13, OPEN), (40, REFUTED)])
def test_greedy_and_sampled_replies_count_alike_against_the_threshold(count, status):
    spread = [LOOP if place % 100 < count else text for place, text in enumerate(said(100, 3))]
    broken = broken_replies(frame(spread, sampled=spread))
    _, claim = judge_health(broken, SETTLED, 42)
    assert (claim.value, claim.status) == (pytest.approx(count / 100), status)
    only_one = judge_health(broken_replies(frame(spread)), SETTLED, 42)[1]
    assert only_one.value == pytest.approx(count / 200)


def test_the_threshold_is_the_parameters():
    broken = broken_replies(frame(with_broken(30, "")))
    assert judge_health(broken, changed(SETTLED, max_broken_replies=0.2), 42)[1].status == SUPPORTED
    assert judge_health(broken, changed(SETTLED, max_broken_replies=0.01), 42)[1].status == REFUTED


def test_the_interval_draws_conversations():
    """Ten broken replies in five conversations are five observations, not ten."""
    together = with_broken(20, "")
    apart = ["" if place % 10 in (0, 5) else text for place, text in enumerate(said(100, 3))]
    wide, narrow = (judge_health(broken_replies(frame(t, sampled=t)), SETTLED, 42)[1] for t in (together, apart))
    assert wide.value == narrow.value == 0.2
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)


def test_diversity_stands_beside_the_real_replies_own():
    few = ["the tide is high at noon"] * 4 + ["the boat lies at the old jetty"] * 96
    found, _ = judge_health(broken_replies(frame(few)), SETTLED, 42)
    two = {who: measured_of(found, "different runs of 2 words", who).value for who in ("base", "tuned", "real")}
    assert two["tuned"] < 0.05 < two["real"] and abs(two["base"] - two["real"]) < 0.1


def test_nothing_asked_is_not_measurable_and_names_n():
    found, claim = judge_health(broken_replies(frame([], 0)), SETTLED, 42)
    assert (found, claim.status) == ([], NOT_MEASURED) and "n = 0" in claim.sentence


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("", 0.0),
        ("Aye aye aye aye", 0.0),
        ("one two three four five six seven eight", 0.0),
        ("one two three four one two three four", 0.2),
        ("no " * 11, 1 - 1 / 8),
    ],
)
def test_repetition_is_the_share_of_runs_that_stood_there_before(reply, expected):
    assert repetition(reply) == pytest.approx(expected)


def test_distinct_words_are_counted_over_the_same_number_of_words():
    assert distinct(["a b", "a b"], 1, 4) == 0.5
    assert distinct(["a b", "a b"], 1, 2) == 1.0
    assert distinct(["a b", "a b"], 2, 4) == 0.5
    assert np.isnan(distinct(["", ""], 1, 10))
