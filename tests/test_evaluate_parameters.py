"""Every parameter of 04_evaluate changes what is asked or what is decided."""

import pandas as pd
import pytest
from evaluating import CHANCE, changed, losses_with, probes_with, quiet
from test_forgetting import NO_TASKS, general
from test_identity import answers as identified
from test_identity import kept
from test_memory import NO_DATA, NO_SPANS, continued, said

from marcus_nb import evaluate
from marcus_nb.evaluate.claims import OPEN, REFUTED, SUPPORTED
from marcus_nb.evaluate.health import broken_replies
from marcus_nb.models import tiny
from marcus_nb.parameters import Evaluate

TINY = tiny.tokenizer()


def claim(name: str, loss: pd.DataFrame | None = None, **values):
    parameters = Evaluate(**({"bootstrap_samples": 300} | values))
    claims = evaluate.judge_losses(losses_with() if loss is None else loss, "X", parameters, 1)[1]
    return next(item for item in claims if item.name == name)


def replies(n: int = 100) -> pd.DataFrame:
    """Unseen replies of three voices: real ones, the tuned model's that are a little off, the base model's."""
    rows = [
        (
            f"c{place}",
            0,
            f"Question {place}?",
            f"Aye {place}, skipper.",
            f"Aye {place}, captain.",
            f"Dear guest {place}!",
        )
        for place in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["conversation", "turn", "question", "real", "tuned", "base"])
    return frame.assign(sampled=frame["tuned"], tuned_ended=True, base_ended=True, sampled_ended=True)


def _sources(judging, others):
    plain = evaluate.contrast_replies(judging.test, judging.settled, others, judging.judged, quiet)
    given = changed(judging.settled, contrast_sources=["others.csv"], contrast_persona_name="Bob")
    contrast = evaluate.contrast_replies(judging.test, given, others, judging.judged, quiet)
    assert plain["other_reply"].tolist() != contrast["other_reply"].tolist()


def _name(judging, others):
    found = {}
    for name in ("Ann", "Bob"):
        given = changed(judging.settled, contrast_sources=["others.csv"], contrast_persona_name=name)
        found[name] = set(
            evaluate.contrast_replies(judging.test, given, others, judging.judged, quiet)["other_question"]
        )
    assert found["Bob"] == {"Is boat 17 free, you there?"} != found["Ann"]


def _longest_reply(judging, _):
    longest = {}
    for limit in (1, 9):
        given = changed(judging.settled, max_new_tokens=limit)
        frame, _ = evaluate.unseen_replies({"test": judging.test}, judging.judged, given, 1, quiet)
        longest[limit] = max(len(TINY.encode(reply)) for name in ("base", "tuned") for reply in frame[name])
        assert longest[limit] <= limit
    assert longest[9] > 1


def _replies_per_claim(judging, _):
    for limit in (1, 4):
        given = changed(judging.settled, replies_per_claim=limit)
        assert len(evaluate.unseen_replies({"test": judging.test}, judging.judged, given, 1, quiet)[0]) == limit


def _temperature(judging, _):
    found = []
    for temperature in (0.01, 2.0):
        given = changed(judging.settled, temperature=temperature)
        frame, _ = evaluate.unseen_replies({"test": judging.test}, judging.judged, given, 1, quiet)
        found.append(frame["sampled"].tolist())
    assert found[0] != found[1]


def _side_by_side(*_):
    for count in (3, 9):
        shown = evaluate.side_by_side(replies(40), losses_with(40), Evaluate(side_by_side=count), 1)
        assert len(shown) == count


def _samples(*_):
    few, many = claim("loss", bootstrap_samples=100), claim("loss", bootstrap_samples=20_000)
    assert (few.low, few.high) != (many.low, many.high)
    assert many.low == pytest.approx(many.value - 1.96 * CHANCE.std() / 40**0.5, abs=0.01)


def _confidence(*_):
    narrow, wide = claim("loss", confidence=0.5), claim("loss", confidence=0.999)
    assert wide.low < narrow.low and narrow.high < wide.high and "50% interval" in narrow.sentence


def _judge(judging, _):
    """Nobody listens there, which is told; without an address nobody is asked."""
    url, shared = "http://127.0.0.1:9/v1", judging.stage.parameters.shared
    notes = []
    for values in ({}, {"judge_base_url": url}, {"judge_base_url": url, "judge_model": "judge-1"}):
        frame, _ = evaluate.opinions(replies(20), shared, Evaluate(**values), quiet)
        notes.append(set(frame["note"]))
    assert notes[0] == set() and "judge_model is empty" in str(notes[1]) and "cannot be reached" in str(notes[2])


def _fewest(*_):
    assert claim("loss", min_test_conversations=40).status == SUPPORTED
    assert claim("loss", min_test_conversations=41).status == OPEN


def threshold(name, values, expected, ask):
    """The status of a claim, when its threshold is moved from the one value to the other."""

    def case(*_):
        found = [ask(Evaluate(**{name: value, "bootstrap_samples": 300})).status for value in values]
        assert tuple(found) == expected

    return case


MATTERS = {
    "contrast_sources": _sources,
    "contrast_persona_name": _name,
    "max_new_tokens": _longest_reply,
    "side_by_side": _side_by_side,
    "bootstrap_samples": _samples,
    "confidence": _confidence,
    "replies_per_claim": _replies_per_claim,
    "temperature": _temperature,
    "judge_base_url": _judge,
    "judge_model": _judge,
    "min_test_conversations": _fewest,
    "min_loss_gain": threshold(
        "min_loss_gain",
        (0.5, 2.0),
        (SUPPORTED, REFUTED),
        lambda p: evaluate.judge_losses(losses_with(), "X", p, 1)[1][0],
    ),
    "min_relevance": threshold(
        "min_relevance",
        (0.5, 2.0),
        (SUPPORTED, REFUTED),
        lambda p: evaluate.judge_losses(losses_with(), "X", p, 1)[1][3],
    ),
    "min_contrast": threshold(
        "min_contrast",
        (0.5, 0.99),
        (SUPPORTED, REFUTED),
        lambda p: evaluate.judge_losses(losses_with(contrast=0.4), "X", p, 1)[1][4],
    ),
    "min_style_replies": threshold(
        "min_style_replies", (90, 101), (REFUTED, "not measurable"), lambda p: evaluate.judge_style(replies(), p, 1)[1]
    ),
    "max_style_auc": threshold(
        "max_style_auc",
        (1.0, 0.5),
        (SUPPORTED, REFUTED),
        lambda p: evaluate.judge_style(replies().assign(tuned=lambda f: [*f["real"][:60], *f["tuned"][60:]]), p, 1)[1],
    ),
    "min_right_probes": threshold(
        "min_right_probes",
        (0.8, 0.9, 1.0),
        (SUPPORTED, OPEN, REFUTED),
        lambda p: evaluate.judge_knowledge(probes_with(8), p)[1],
    ),
    "min_identity": threshold(
        "min_identity", (0.5, 1.0), (SUPPORTED, REFUTED), lambda p: evaluate.judge_identity(identified(11, 0), p)[1]
    ),
    "min_steadiness": threshold(
        "min_steadiness",
        (0.5, 1.0),
        (SUPPORTED, REFUTED),
        lambda p: evaluate.judge_steadiness(kept(1.0, 0.8, 0.8), p, 1)[1],
    ),
    "max_broken_replies": threshold(
        "max_broken_replies",
        (0.5, 0.1),
        (SUPPORTED, REFUTED),
        lambda p: (
            evaluate.judge_health(broken_replies(replies().assign(tuned="")), p, 1)[1]
            if p.max_broken_replies < 0.5
            else evaluate.judge_health(broken_replies(replies()), p, 1)[1]
        ),
    ),
    "max_memorised": threshold(
        "max_memorised",
        (0.9, 0.1),
        (SUPPORTED, REFUTED),
        lambda p: evaluate.judge_memory(continued(0.6, 0.1), said(("a", "b")), NO_SPANS, NO_DATA, p, 1)[1],
    ),
    "max_forgetting": threshold(
        "max_forgetting",
        (3.0, 1.5),
        (SUPPORTED, REFUTED),
        lambda p: evaluate.judge_forgetting(general(2.0), NO_TASKS, p, 1)[1],
    ),
}


@pytest.fixture
def others(tmp_path):
    """Another persona's file."""
    rows = [("1", "Ann", "Is boat 17 free, you there?"), ("1", "Bob", "Grr. Ask somebody else.")]
    rows += [("1", "Ann", "Well, who else is free?"), ("1", "Bob", "Not me."), ("1", "Ann", "Is any boat free?")]
    lines = ["conversation;author;message", *(";".join(row) for row in rows)]
    (tmp_path / "others.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", Evaluate.model_fields)
def test_every_parameter_of_evaluate_matters(name, judging, others):
    assert name in MATTERS, f"evaluate.{name} has no case here that shows that it changes the outcome"
    MATTERS[name](judging, others)
