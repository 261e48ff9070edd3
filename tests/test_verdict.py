"""04_evaluate: from claims to a verdict, whether to deploy and what to do next; probes; replies; what stays."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from conftest import conversation, small_talk, write_splits
from evaluating import PROBES, losses_with, probes_with, quiet
from hypothesis import given
from hypothesis import strategies as st

from marcus_nb import evaluate, generate
from marcus_nb.conversation import Message, read_conversations, read_jsonl
from marcus_nb.evaluate import ACQUIRED, INCONCLUSIVE, NOT_ACQUIRED, Claim, judge
from marcus_nb.evaluate.claims import NOT_MEASURED, OPEN, REFUTED, SUPPORTED, at_least, at_most, not_measurable
from marcus_nb.evaluate.knowledge import judge_knowledge, outcome, probe_answers
from marcus_nb.evaluate.replies import seen_replies, side_by_side, unseen_replies
from marcus_nb.evaluate.report import CLAIMS, Report, headline
from marcus_nb.evaluate.verdict import Mistake
from marcus_nb.launcher import LAUNCHER
from marcus_nb.models import tiny
from marcus_nb.parameters import Evaluate, Probe
from marcus_nb.runs import Stage, read_json

TRAINED = {"conversations": 221, "steps": 112, "epochs": 4.0, "best": 2.5, "kept": 2.8}
TINY = tiny.tokenizer()


def claim(name, status):
    return Claim(
        name, "It is", 0.5, 0.4, 0.6, 40, 0.3, status, f"The {name}.", "" if status == SUPPORTED else f"Do {name}."
    )


def every(**statuses):
    """All claims supported, but for those named: `every(memory=REFUTED)`."""
    named = {name.replace("_", " "): status for name, status in statuses.items()}
    return [claim(name, named.get(name, SUPPORTED)) for name in CLAIMS]


def verdict(claims=None, scored=40, mistakes=(), unanswered=(), trained=TRAINED):
    return judge(every() if claims is None else claims, scored, trained, mistakes, unanswered, Evaluate(), "acme")


# --- one claim ----------------------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_gain_must_and_a_harm_must_not_be_beyond_doubt(a, b, c, threshold):
    low, value, high = sorted((a, b, c))
    gain, harm = at_least(value, low, high, threshold), at_most(value, low, high, threshold)
    assert (gain == SUPPORTED) == (low >= threshold) and (gain == REFUTED) == (high < threshold)
    assert (harm == SUPPORTED) == (value <= threshold) and (harm == REFUTED) == (low > threshold)


# --- the verdict --------------------------------------------------------------------------------------------------


def test_acquired_when_every_claim_is_supported():
    found = verdict()
    assert (found.verdict, found.deploy) == (ACQUIRED, "yes")
    assert found.summary == "All 12 claims hold on conversations it never saw."
    assert "deploy model/" in found.next_steps[-1]


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize(("status", "whole"), [(REFUTED, NOT_ACQUIRED), (OPEN, INCONCLUSIVE)])
def test_one_claim_decides(name, status, whole):
    found = verdict(every(**{name.replace(" ", "_"): status}))
    assert (found.verdict, found.deploy) == (whole, "no")
    assert name in found.summary and f"Do {name}." in found.next_steps


def test_a_refuted_claim_weighs_more_than_an_open_one():
    found = verdict(every(loss=OPEN, memory=REFUTED))
    assert found.verdict == NOT_ACQUIRED
    assert found.summary == "1 claim of 12 did not hold: memory."


def test_what_is_not_measurable_neither_helps_nor_harms_but_asks_for_care():
    found = verdict(every(style=NOT_MEASURED, contrast=NOT_MEASURED))
    assert (found.verdict, found.deploy) == (ACQUIRED, "with care")
    assert found.summary.startswith("All 10 claims that could be measured hold")
    assert "style, contrast" in found.why[0]


def test_facts_that_it_states_wrongly_ask_for_care():
    found = verdict(mistakes=[Mistake("When do you open?", "At nine.", "eight")])
    assert (found.verdict, found.deploy) == (ACQUIRED, "with care")
    assert (
        found.why[0]
        == "Not alone with customers: it states 1 of 40 facts wrongly, so a person must check what it says."
    )
    assert found.next_steps[0] == (
        "Add conversations that answer these, in several wordings, and train again: When do you open?"
    )
    assert "a person who checks" in found.next_steps[-1] and f"({LAUNCHER} chat acme)" in found.next_steps[-1]
    assert found.mistakes[0].said == "At nine."


def test_probes_without_an_answer_ask_for_care():
    found = verdict(unanswered=[f"What is {place}?" for place in range(7)])
    assert (found.deploy, found.mistakes) == ("with care", ())
    assert found.why[0].startswith("It has no answer to 7 probes: What is 0?; What is 1?") and "…" in found.why[0]
    assert found.next_steps[0].startswith("Add conversations that answer these")


def test_a_claim_that_did_not_hold_has_its_own_advice_about_facts():
    found = verdict(every(knowledge=REFUTED), mistakes=[Mistake("When?", "At nine.", "eight")])
    assert found.deploy == "no" and not any("Add conversations that answer" in step for step in found.next_steps)


def test_where_nothing_could_be_measured_nothing_is_concluded():
    found = verdict([claim(name, NOT_MEASURED) for name in CLAIMS])
    assert (found.verdict, found.deploy) == (INCONCLUSIVE, "no")
    assert found.summary == "No claim could be measured."


def test_too_few_conversations_are_inconclusive_whatever_they_say():
    for status in (SUPPORTED, REFUTED):
        found = verdict(every(loss=status), scored=11)
        assert (found.verdict, found.deploy) == (INCONCLUSIVE, "no")
        assert found.summary == "Only 11 held-out conversations could be scored, and a useful interval needs 12."
        assert "clean.test_share" in found.next_steps[0]
    assert verdict(scored=12).verdict == ACQUIRED


@pytest.mark.parametrize(
    ("trained", "failed", "first"),
    [
        ({"conversations": 3, "steps": 4}, "loss", "Bring more conversations: it learned from 3."),
        ({"steps": 1}, "loss", "Train for more steps (train.num_train_epochs): 1 were made."),
        ({"epochs": 16.0}, "memory", "Train for fewer epochs (train.num_train_epochs, now 16)"),
        ({"epochs": 16.0}, "forgetting", "Train for fewer epochs (train.num_train_epochs, now 16)"),
        ({}, "relevance", "Do relevance."),
    ],
)
def test_what_explains_most_stands_first(trained, failed, first):
    assert verdict(every(**{failed: REFUTED}), trained=TRAINED | trained).next_steps[0].startswith(first)


def test_facts_alone_may_want_a_larger_model():
    assert any("larger base model" in step for step in verdict(every(knowledge=REFUTED)).next_steps)
    assert not any("larger base model" in step for step in verdict(every(knowledge=REFUTED, loss=REFUTED)).next_steps)


# --- probes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "became"),
    [
        ("Sixteen pounds an hour.", "right"),
        ("It costs SIXTEEN.", "right"),
        ("£16, skipper", "right"),
        ("(sixteen)", "right"),
        ("On the sixteenth.", "wrong"),
        ("It is 160 pounds", "wrong"),
        ("116", "wrong"),
        ("sixteen-year-olds", "right"),
        ("Sixteen, or fifteen in winter", "contradicts"),
        ("Fifteen.", "contradicts"),
        ("", "silent"),
        ("  \n", "silent"),
        ("I'm not sure about that.", "declines"),
        ("Lo siento, no lo sé.", "declines"),
        ("I don't know, sixteen?", "right"),
    ],
)
def test_an_answer_is_read_by_whole_words(answer, became):
    probe = Probe(question="What is an hour?", must=["sixteen", "16"], must_not=["fifteen"])
    assert outcome(answer, probe) == became


def test_words_of_probes_are_taken_literally():
    probe = Probe(question="How?", must=["£3.50 (cash)", "c'est ça"])
    assert outcome("It is £3.50 (cash) only", probe) == "right"
    assert outcome("It is £3x50 cash", probe) == "wrong"
    assert outcome("Oui, C'EST ÇA!", probe) == "right"


@pytest.mark.parametrize(
    ("tuned", "base", "status"),
    [
        (8, 1, SUPPORTED),
        (6, 1, SUPPORTED),
        (5, 1, OPEN),  # more than before, yet too few
        (1, 1, REFUTED),
        (0, 3, REFUTED),
    ],
)
def test_knowledge(tuned, base, status):
    measured, found = judge_knowledge(probes_with(tuned, base, 2, contradicts=2), Evaluate())
    assert (found.status, found.value, found.n) == (status, tuned / 10, 10)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert f"{tuned} of 10 probes right" in found.sentence and f"base model {base}" in found.sentence
    assert "contradicting the facts: 2" in found.sentence
    assert bool(found.advice) == (status != SUPPORTED)
    figures = {(item.measure, item.who): item.value for item in measured}
    assert figures["probes right", "baseline"] == 0.2 and figures["probes contradicts", "tuned"] == 0.2


def test_without_probes_knowledge_is_not_measurable():
    measured, found = judge_knowledge(pd.DataFrame(columns=["tuned_outcome"]), Evaluate())
    assert (measured, found.status) == ([], NOT_MEASURED) and "n = 0" in found.sentence


def test_probes_are_asked_of_all_three(judging):
    training = read_conversations(judging.stage.written_by("clean", "train.jsonl"))
    probes = judging.stage.parameters.shared.probes
    forged = Probe(question="Hi <|im_end|>", must=["x"])
    answers, unasked = probe_answers([*probes, forged], training, judging.judged, judging.settled, quiet)
    assert answers["question"].tolist() == [probe["question"] for probe in PROBES]
    assert answers["must"].tolist() == ["Nell", "Tuesday"]
    assert set(answers["nearest"]) <= {question for item in training for question in item.questions}
    for who in ("base", "baseline", "tuned"):
        outcomes = [outcome(reply, probe) for reply, probe in zip(answers[who], probes, strict=True)]
        assert answers[f"{who}_outcome"].tolist() == outcomes
    assert [name for name, _ in unasked] == ["Hi <|im_end|>"] and "could not be asked" in unasked[0][1]
    nothing, _ = probe_answers([], training, judging.judged, judging.settled, quiet)
    assert len(nothing) == 0 and "tuned_outcome" in nothing


# --- replies ------------------------------------------------------------------------------------------------------


def unseen(judging, splits=None, **values):
    settled = judging.settled.model_copy(update=values)
    return unseen_replies(splits or {"test": judging.test}, judging.judged, settled, 1, quiet)


def test_every_unseen_reply_is_asked_for_in_its_context(judging):
    frame, unasked = unseen(judging)
    wanted = [(item.id, turn, reply) for item in judging.test for turn, reply in enumerate(item.replies)]
    assert list(frame[["conversation", "turn", "real"]].itertuples(index=False, name=None)) == wanted
    assert unasked == [] and set(frame["split"]) == {"test"}
    late = frame[frame["turn"] == 1].iloc[0]
    assert late["question"] == "And tomorrow, in the afternoon?"
    item = next(item for item in judging.test if item.id == late["conversation"])
    before = item.as_chat("You are Nell.")[:4]
    assert [message["role"] for message in before] == ["system", "user", "assistant", "user"]
    for who, model in (("base", judging.judged.base), ("tuned", judging.judged.tuned)):
        [reply] = generate.replies(model, judging.judged.tokenizer, [before], judging.settled.max_new_tokens)
        assert late[who] == reply


def test_a_budget_limits_the_replies(judging):
    frame, unasked = unseen(judging, {"test": judging.test, "validation": small_talk(4, 50)}, replies_per_claim=3)
    assert len(frame) == 3 and set(frame["split"]) == {"test"}
    assert len(unasked) == sum(len(item.replies) for item in judging.test) + 4 - 3
    assert all("was not asked for: evaluate.replies_per_claim is 3" in why for _, why in unasked)
    frame, _ = unseen(judging, {"test": judging.test, "validation": small_talk(4, 50)})
    assert frame["split"].tolist() == ["test"] * (len(frame) - 4) + ["validation"] * 4


def test_what_cannot_be_asked_is_told(judging):
    forged = conversation("forged", "Hi <|im_end|>", "Aye.")
    frame, unasked = unseen(judging, {"test": [forged, *judging.test[:1]]})
    assert "forged" not in set(frame["conversation"])
    assert [name for name, _ in unasked] == ["forged"] and "its reply 1 was not asked for" in unasked[0][1]
    nothing, _ = unseen(judging, {"test": []})
    assert len(nothing) == 0 and "sampled" in nothing


def test_the_temperature_changes_only_what_is_sampled(judging):
    cold, _ = unseen(judging, temperature=0.01)
    hot, _ = unseen(judging, temperature=2.0)
    assert cold["tuned"].tolist() == hot["tuned"].tolist() == cold["sampled"].tolist()
    assert hot["sampled"].tolist() != cold["sampled"].tolist()


def test_seen_questions_are_of_the_training(judging):
    training = read_conversations(judging.stage.written_by("clean", "train.jsonl"))
    frame = seen_replies(training, judging.judged, judging.settled, 4, quiet)
    assert len(frame) == 4 and set(frame["split"]) == {"train"}
    assert set(frame["question"]) <= {item.first_exchange[0] for item in training}


def replies_of(n):
    rows = [(f"c{number}", turn, "test", "Open?", "Aye.", "No.", "Aye!") for number in range(n) for turn in (0, 1)]
    return pd.DataFrame(rows, columns=["conversation", "turn", "split", "question", "real", "base", "tuned"])


@pytest.mark.parametrize(
    ("n", "asked", "wanted"), [(40, 12, 12), (40, 3, 3), (40, 1, 3), (2, 12, 2), (1, 12, 1), (0, 12, 0)]
)
def test_the_worst_the_best_and_some_at_random_are_shown(n, asked, wanted):
    loss = losses_with(n)
    shown = side_by_side(replies_of(n), loss, Evaluate(side_by_side=asked), 1)
    assert len(shown) == wanted == shown["conversation"].nunique()
    assert set(shown["turn"]) <= {0}
    if n == 40:
        worst, best = shown[shown["chosen"] == "worst"], shown[shown["chosen"] == "best"]
        assert worst["loss"].max() == loss["tuned_first"].max() and best["loss"].min() == loss["tuned_first"].min()
        other = side_by_side(replies_of(n), loss, Evaluate(side_by_side=12), 2)
        assert asked != 12 or set(other["conversation"]) != set(shown["conversation"]), "by the seed"


# --- what stays ---------------------------------------------------------------------------------------------------


def strict(raw):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(raw, parse_constant=refuse)


def test_what_was_found_stays_as_it_is_found(make_draft):
    run = make_draft()
    (run.folder / "evaluate").mkdir()
    report = Report(Stage("evaluate", run))
    loss = losses_with(3)
    loss.loc[0, "tuned_other"] = float("nan")
    report.keep("loss", loss, [("c9", "it is empty")])
    lines = (run.folder / "evaluate/samples.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [strict(line) for line in lines]
    assert [row["sample"] for row in rows] == ["loss"] * 3 + ["unscored"]
    assert rows[0]["tuned_other"] is None and rows[3] == {"sample": "unscored", "what": "c9", "reason": "it is empty"}
    measured, found = judge_knowledge(probes_with(8), Evaluate())
    report.claim(measured, found)
    report.claim([], [claim("loss", SUPPORTED)])
    results = strict((run.folder / "evaluate/results.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in results["claims"]] == ["knowledge", "loss"], "in the order of the claims"
    table = pd.read_csv(run.folder / "evaluate/measures.csv")
    assert len(table) == len(results["measures"]) == len(measured)
    assert table["value"].tolist() == pytest.approx([entry["value"] for entry in results["measures"]])
    with pytest.raises(ValueError, match="not in tuple"):
        report.claim([], claim("unheard of", SUPPORTED))


def test_the_verdict_counts_what_the_training_was(judging):
    report = Report(judging.stage)
    report.keep("loss", losses_with(40))
    report.keep("probe", probes_with(8))
    report.claim([], every(memory=REFUTED))
    found = report.verdict()
    assert found.verdict == NOT_ACQUIRED
    assert found.next_steps[0] == "Bring more conversations: it learned from 12."
    assert list(found.mistakes) == [Mistake(f"Question {place}?", "No.", "yes") for place in (8, 9)]
    assert read_json(judging.stage.folder / "results.json")["verdict"] == NOT_ACQUIRED
    counts = report.counts(found)
    assert counts["claims"]["memory"] == REFUTED and counts["samples"] == {"loss": 40, "probe": 10, "unscored": 0}
    assert next(iter(read_jsonl(judging.stage.folder / "samples.jsonl")))["sample"] == "loss"


def test_the_headline_tells_every_claim_and_the_verdict():
    found = verdict(every(memory=REFUTED))
    shown = "\n".join(headline(found))
    assert all((item.statement if item.status == SUPPORTED else item.sentence) in shown for item in found.claims)
    assert "✗ memory: The memory." in shown and f"Not acquired: {found.summary}" in shown and "Deploy: no." in shown


def test_only_conversations_that_begin_with_an_answered_question_are_judged(make_draft):
    run = make_draft()
    late = conversation("late", "x", "y").with_messages([Message("assistant", "Ahoy!"), Message("user", "Hi")])
    write_splits(run, test=[*small_talk(2), late])
    Stage("clean", run).finish({}, [])
    (run.folder / "evaluate").mkdir()
    assert [item.id for item in evaluate.read_splits(Stage("evaluate", run))[0]] == ["small:0", "small:1"]


def test_a_reason_not_to_measure_is_no_score():
    found = not_measurable("style", "Is it?", "Only 3 replies (n = 3).", 3)
    assert (found.status, found.n, found.advice) == (NOT_MEASURED, 3, "")
    assert replace(found, n=4).sentence == "Only 3 replies (n = 3)."
