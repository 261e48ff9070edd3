"""The style claim and the voice, on replies whose styles are known."""

import numpy as np
import pandas as pd
import pytest
from evaluating import changed, measured_of

from marcus_nb.evaluate import judge_style, style, voice
from marcus_nb.evaluate.claims import NOT_MEASURED, REFUTED, SUPPORTED
from marcus_nb.parameters import Evaluate

SETTLED = Evaluate(bootstrap_samples=200)
TOLD, BY_LENGTH = "told from real replies", "told from real replies by length alone"
SEA = [
    "the",
    "tide",
    "is",
    "high",
    "and",
    "our",
    "boats",
    "lie",
    "at",
    "the",
    "old",
    "jetty",
    "where",
    "nell",
    "paints",
    "a",
    "hull",
    "before",
    "noon",
    "each",
    "day",
]
OFFICE = [
    "please",
    "note",
    "that",
    "your",
    "request",
    "was",
    "forwarded",
    "to",
    "another",
    "department",
    "which",
    "will",
    "answer",
    "within",
    "weeks",
]


def sea(n, seed, words=SEA, length=(6, 14), marker=""):
    chance = np.random.default_rng(seed)
    lengths = chance.integers(*length, n)
    return [marker + " ".join(chance.choice(words, size)).capitalize() + "." for size in lengths]


def frame(tuned, n=120, base=None, ended=True, real=None):
    return pd.DataFrame(
        {
            "conversation": [f"c{place // 2}" for place in range(n)],
            "real": sea(n, 1) if real is None else real,
            "base": sea(n, 2, OFFICE) if base is None else base,
            "base_ended": True,
            "tuned": tuned,
            "tuned_ended": ended,
        }
    )


def value(found, who, measure=TOLD):
    return measured_of(found, measure, who).value


def test_replies_from_the_same_source_cannot_be_told_apart():
    found, claim = judge_style(frame(sea(120, 3)), SETTLED, 42)
    assert claim.status == SUPPORTED
    assert claim.value == pytest.approx(0.5, abs=0.16)
    assert value(found, "base") > 0.99
    assert value(found, "real") == pytest.approx(0.5, abs=0.15)
    assert measured_of(found, TOLD, "tuned").n == claim.n == 120
    assert f"AUC {claim.value:.2f}" in claim.sentence and "n = 120" in claim.sentence and not claim.advice


def test_replies_of_another_style_are_always_told_and_refuted():
    _, claim = judge_style(frame(sea(120, 3, OFFICE)), SETTLED, 42)
    assert claim.status == REFUTED and claim.value > 0.99 and claim.low > 0.95
    assert "p = 0.001" in claim.sentence and claim.advice


def test_one_marker_of_style_is_enough():
    """Same words, and every second reply begins with something that the persona never says."""
    tuned = [text if place % 2 else f"Well, {text}" for place, text in enumerate(sea(120, 3))]
    found, claim = judge_style(frame(tuned), SETTLED, 42)
    assert claim.low > 0.58 and claim.value > 0.64
    assert value(found, "tuned", BY_LENGTH) < 0.65


def test_what_only_differs_in_length_is_seen_by_length_alone():
    found, _ = judge_style(frame(sea(120, 3, length=(30, 40))), SETTLED, 42)
    assert value(found, "tuned", BY_LENGTH) > 0.95
    same, _ = judge_style(frame(sea(120, 3)), SETTLED, 42)
    assert value(same, "tuned", BY_LENGTH) == pytest.approx(0.5, abs=0.16)


def test_a_reply_that_was_cut_is_not_given_away_by_its_missing_end():
    cut = [f"{text[:-1]} the tide is hi" for text in sea(120, 3, length=(14, 20))]
    _, told = judge_style(frame(cut), SETTLED, 42)
    _, fair = judge_style(frame(cut, ended=False), SETTLED, 42)
    assert told.value > 0.95
    assert fair.value == pytest.approx(0.5, abs=0.16)


def test_line_breaks_are_no_style():
    _, claim = judge_style(frame([text.replace(" ", "\n") for text in sea(120, 3)]), SETTLED, 42)
    assert claim.value == pytest.approx(0.5, abs=0.16)


def test_no_better_than_the_base_model_is_refuted_whatever_the_threshold():
    tuned = base = sea(120, 2, OFFICE)
    _, claim = judge_style(frame(tuned, base=base), changed(SETTLED, max_style_auc=1.0), 42)
    assert claim.status == REFUTED


@pytest.mark.parametrize("blank", [0, 31])
def test_too_few_replies_are_not_measurable_and_say_how_many_are_needed(blank):
    few = 120 if blank else 89
    tuned = [""] * blank + sea(few - blank, 3)
    found, claim = judge_style(frame(tuned, few, real=sea(few, 1), base=sea(few, 2)), SETTLED, 42)
    assert (found, claim.status, claim.n) == ([], NOT_MEASURED, 89)
    assert "89 unseen replies" in claim.sentence and "needs 90" in claim.sentence


def mixed(seed, share, n=100):
    """Fifty conversations; in the tuned replies this share of words is the office's. Real, tuned, base."""
    chance = np.random.default_rng(seed)

    def texts(other):
        sizes = chance.integers(6, 14, n)
        words = [
            [str(chance.choice(OFFICE if chance.random() < other else SEA)) for _ in range(size)] for size in sizes
        ]
        return [" ".join(said).capitalize() + "." for said in words]

    return frame(texts(share), n, real=texts(0.0), base=texts(1.0))


@pytest.mark.parametrize("share", [0.0, 0.15], ids=["nothing to tell", "something to tell"])
def test_the_interval_holds_the_truth_as_often_as_it_says(share):
    """The truth is 0.5 where both are of one source, and what forty such samples give in the mean elsewhere."""
    found = []
    for seed in range(40):
        texts, made, clusters = style._paired(mixed(seed, share), "tuned")
        scores = style._scores(style._characters(texts), made, clusters, seed)
        found.append(style._interval(scores, made, clusters, SETTLED, seed))
    values, lows, highs = np.array(found).T
    truth = values.mean() if share else 0.5
    assert values.mean() == pytest.approx(truth, abs=0.03)
    assert ((lows <= truth) & (truth <= highs)).mean() >= 0.9
    assert (highs - lows).mean() < 0.35, "wide enough is not as wide as can be"


def test_a_small_p_is_rare_where_nothing_is_to_be_told():
    told = [judge_style(mixed(seed, 0.0), changed(SETTLED, bootstrap_samples=100), seed)[1] for seed in range(10)]
    assert sum(float(claim.sentence.split("p = ")[1][:5]) < 0.05 for claim in told) <= 3


def test_the_same_seed_gives_the_same_figures_in_any_process():
    first, again = (judge_style(frame(sea(120, 3)), SETTLED, 7) for _ in range(2))
    assert first == again
    assert judge_style(frame(sea(120, 3)), SETTLED, 8)[1].value != first[1].value


def test_a_base_model_that_says_nothing_at_all_is_no_error():
    found, claim = judge_style(frame(sea(120, 3), base=[""] * 120), SETTLED, 42)
    assert claim.status == SUPPORTED and measured_of(found, TOLD, "base") is None


def test_a_voice_takes_nine_of_ten_unseen_replies_of_the_persona_and_few_of_others():
    mine = voice(sea(200, 1), sea(94, 2, OFFICE), 42)
    assert (mine(sea(200, 11)) >= 0.5).mean() >= 0.8
    assert (mine(sea(200, 12, OFFICE)) >= 0.5).mean() <= 0.02


def test_a_voice_of_replies_like_all_others_accepts_the_personas_own_still():
    """Where nothing tells them apart, nine of ten of both are taken: it must not refuse the persona herself."""
    mine = voice(sea(200, 1), sea(100, 2), 42)
    assert (mine(sea(200, 11)) >= 0.5).mean() == pytest.approx(0.9, abs=0.1)


def test_a_voice_gives_a_probability_for_each_text_and_none_to_an_empty_one():
    mine = voice(sea(100, 1), sea(50, 2, OFFICE), 42)
    found = mine(["The tide is high.", "", " \n"])
    assert found.shape == (3,) and ((found >= 0) & (found <= 1)).all()
    assert found[1] == found[2] == 0.0 < found[0]
    assert mine([]).shape == (0,)
    assert (mine(sea(5, 9)) == voice(sea(100, 1), sea(50, 2, OFFICE), 42)(sea(5, 9))).all()
