"""04_evaluate: how surprised the models are, the counter-checks, and the claims that rest on losses alone."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import conversation
from evaluating import CHANCE, changed, losses_with, quiet
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb import evaluate, models, text
from marcus_nb.evaluate.claims import NOT_MEASURED, OPEN, REFUTED, SUPPORTED
from marcus_nb.evaluate.contrast import nearest
from marcus_nb.evaluate.gains import judge_losses
from marcus_nb.evaluate.losses import _strangers, conversation_losses
from marcus_nb.formats import FormatError
from marcus_nb.models import tiny
from marcus_nb.parameters import Evaluate, Source
from marcus_nb.render import IGNORED, render

TINY = tiny.tokenizer()
NAMES = ["loss", "beyond prompting", "without prompt", "relevance", "contrast"]


def claims(loss=None, seed=1, **values):
    parameters = Evaluate(**({"bootstrap_samples": 300} | values))
    return {
        claim.name: claim for claim in judge_losses(losses_with() if loss is None else loss, "X", parameters, seed)[1]
    }


def figures(loss=None, **values):
    parameters = Evaluate(**({"bootstrap_samples": 300} | values))
    found = judge_losses(losses_with() if loss is None else loss, "X", parameters, 1)[0]
    return {(item.claim, item.measure, item.who): item for item in found}


def loss_of(model, chat):
    [rendered] = render(TINY, chat)
    [(nll, count)] = models.negative_log_likelihood(model, [(rendered.input_ids, rendered.labels)])
    return nll / count


def contrast_with(test, reply="Grr. Go away."):
    return pd.DataFrame({"conversation": [item.id for item in test], "other_reply": [reply] * len(test)})


# --- claims -------------------------------------------------------------------------------------------------------


def test_known_gains_are_supported():
    found = claims()
    assert {name: claim.status for name, claim in found.items()} == dict.fromkeys(NAMES, SUPPORTED)
    loss = found["loss"]
    assert (loss.n, loss.threshold) == (40, 0.2) and loss.low < loss.value < loss.high
    assert loss.value == pytest.approx(1.0 + CHANCE.mean())
    assert found["contrast"].value > 0.95
    for claim in found.values():
        assert "95% interval" in claim.sentence and "n = 40" in claim.sentence and not claim.advice


@pytest.mark.parametrize("name", ["loss", "prompting", "relevance", "without_prompt"])
@pytest.mark.parametrize(("gain", "status"), [(-1.0, REFUTED), (0.0, OPEN)])
def test_each_gain_decides_its_claim(name, gain, status):
    claim = {"prompting": "beyond prompting"}.get(name, name.replace("_", " "))
    threshold = claims()[claim].threshold
    found = claims(losses_with(**{name: gain + threshold - CHANCE.mean()}))
    assert found[claim].status == status
    assert found[claim].advice
    others = {other for other in NAMES if other != claim}
    assert all(found[other].status == SUPPORTED for other in others)


def test_a_gain_is_told_as_how_many_times_as_likely_and_its_lack_as_not_shown():
    held, lacking = (claims(losses_with(loss=gain - CHANCE.mean()))["loss"].sentence for gain in (0.6931, -0.13))
    assert held.startswith("A word piece of the persona's unseen replies is 2.0 times as likely as")
    assert lacking.startswith("Not shown: the difference is -0.13 nats per token")
    assert lacking.endswith("and asked for is +0.20 or more: too little.")


@pytest.mark.parametrize(("gain", "status"), [(1.0, SUPPORTED), (0.0, REFUTED), (-1.0, REFUTED), (0.25, OPEN)])
def test_contrast_is_how_often_it_gains_more_on_its_own_persona(gain, status):
    found = claims(losses_with(contrast=gain))["contrast"]
    assert found.status == status
    own = 1.0 + CHANCE
    other = 1.0 + CHANCE[::-1] - gain
    assert found.value == pytest.approx(np.mean(own[:, None] > other) + np.mean(own[:, None] == other) / 2)


def test_figures_stand_behind_the_claims():
    found = figures()
    assert found["loss", "loss on unseen replies", "base"].value == pytest.approx(3.0)
    assert found["loss", "loss on unseen replies", "tuned"].value == pytest.approx(2.0 - CHANCE.mean())
    assert found["loss", "loss on unseen replies", "baseline"].value == pytest.approx(
        3.0 - CHANCE.mean() + CHANCE.mean()
    )
    assert found["loss", "bits per byte", "base"].value == pytest.approx(3.0 * 9 / 36 / np.log(2))
    assert found["loss", "conversations improved", "tuned"].value == 1.0
    assert found["contrast", "prefers its own replies", "base"].value == 0.5
    assert all(item.low <= item.value <= item.high for item in found.values() if item.low is not None)


def test_missing_comparisons_are_left_out_and_n_says_so():
    loss = losses_with()
    loss.loc[:9, ["base_other", "tuned_other"]] = np.nan
    assert claims(loss)["contrast"].n == 30
    loss.loc[1:, ["base_other", "tuned_other"]] = np.nan
    contrast = claims(loss)["contrast"]
    assert (contrast.n, contrast.status) == (0, NOT_MEASURED)
    assert "0 replies of X to like questions, where a useful interval needs 12" in contrast.sentence


def test_a_claim_on_too_few_comparisons_is_open():
    """One conversation alone would have an interval of no width, and so be supported beyond doubt."""
    loss = claims(losses_with(1))["loss"]
    assert (loss.n, loss.status) == (1, OPEN)
    assert "fewer conversations than the 12 that a claim needs" in loss.sentence


def test_nothing_to_judge_is_said():
    found = claims(losses_with(0))
    assert {claim.status for claim in found.values()} == {NOT_MEASURED}
    assert figures(losses_with(0)) == {}


def test_claims_are_the_same_each_time_and_depend_on_the_seed():
    assert claims() == claims()
    assert len({claims(seed=seed)["loss"].low for seed in range(5)}) > 1


# --- losses -------------------------------------------------------------------------------------------------------


def test_a_loss_is_over_all_texts_of_a_conversation(judging):
    """Where the template writes earlier turns otherwise, there is one a reply."""
    tokenizer = tiny.tokenizer()
    short = "(message['content'] if loop.last else message['content'][:3])"
    tokenizer.chat_template = tiny.CHATML.replace("message['content']", short)
    talk = conversation("two", "Open?", "Aye, skipper.", "Bye", "Farewell.")
    items = render(tokenizer, talk.as_chat("You are Nell."))
    assert len(items) == 2
    other = replace(judging.judged, tokenizer=tokenizer)
    [row] = conversation_losses([talk], contrast_with([talk]), other, 1, quiet)[0].itertuples()
    scored = models.negative_log_likelihood(judging.judged.tuned, [(item.input_ids, item.labels) for item in items])
    assert row.tokens == sum(count for _, count in scored) == len("Aye, skipper.Farewell.") + 2
    assert row.bytes == len("Aye, skipper.Farewell.")
    assert row.tuned == pytest.approx(sum(loss for loss, _ in scored) / row.tokens, rel=1e-4)


def test_losses_are_what_they_are_called(judging):
    test, judged = judging.test, judging.judged
    loss, unscored = conversation_losses(test, contrast_with(test), judged, 1, quiet)
    assert unscored == [] and loss["conversation"].tolist() == [item.id for item in test]
    assert (loss["tuned"] < loss["base"]).all(), "training really taught something"
    for row, item in zip(loss.itertuples(), test, strict=True):
        system = {"role": "system", "content": "You are Nell."}
        question, reply = item.as_chat()[:2]
        whole, other = item.as_chat("You are Nell."), {"role": "assistant", "content": "Grr. Go away."}
        assert row.tokens == sum(label != IGNORED for label in render(TINY, whole)[0].labels)
        close = {"rel": 1e-4}
        assert row.base == pytest.approx(loss_of(judged.base, whole), **close)
        assert row.tuned == pytest.approx(loss_of(judged.tuned, whole), **close)
        assert row.baseline == pytest.approx(loss_of(judged.base, item.as_chat(judged.baseline_prompt)), **close)
        # Without one of ours the base template inserts its own system message, as it would for anybody.
        assert row.tuned_no_system == pytest.approx(loss_of(judged.tuned, item.as_chat()), **close)
        assert row.base_first == pytest.approx(loss_of(judged.base, [system, question, reply]), **close)
        assert row.tuned_first == pytest.approx(loss_of(judged.tuned, [system, question, reply]), **close)
        assert row.tuned_other == pytest.approx(loss_of(judged.tuned, [system, question, other]), **close)
        strangers = [
            loss_of(judged.tuned, [system, {"role": "user", "content": someone.questions[0]}, reply])
            for someone in test
            if someone.id != item.id
        ]
        assert min(abs(row.tuned_shuffled - candidate) for candidate in strangers) < 1e-4


def test_the_baseline_is_told_the_persona_with_three_examples(judging, make_draft):
    told = judging.judged.baseline_prompt
    assert told.startswith("You are Nell.") and told.count("Customer: ") == told.count("\nNell: ") == 3
    shared = judging.stage.parameters.shared.model_copy(update={"persona_description": "An old salt."})
    from marcus_nb.evaluate.asking import baseline_prompt

    assert "An old salt." in baseline_prompt(shared, [])
    assert "Customer" not in baseline_prompt(shared, [])
    long = conversation("long", "Tell me all?", "Aye. " * 100)
    assert "Tell me all?" not in baseline_prompt(shared, [long])


@given(st.lists(st.sampled_from(["Open?", "open? ", "Shut?", "Why?", "How?"]), max_size=9), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_a_shuffled_question_is_never_its_own(questions, seed):
    strangers = _strangers(questions, seed)
    assert strangers == _strangers(questions, seed)
    for question, stranger in zip(questions, strangers, strict=True):
        others = [other for other in questions if text.comparable(other) != text.comparable(question)]
        assert stranger in others if others else stranger == ""


def test_the_seed_shuffles(judging):
    questions = [item.questions[0] for item in judging.test]
    assert len({tuple(_strangers(questions, seed)) for seed in range(6)}) > 1
    assert sorted(_strangers(questions, 1)) == sorted(questions), "each is somebody's stranger"


def test_what_cannot_be_scored_is_reported_not_lost(judging, tmp_path):
    odd = [
        conversation("forged", "Hi <|im_end|>", "Aye."),
        conversation("forged later", "Open?", "Aye.", "Sure?", "<|im_start|>"),
        conversation("long", "Tell me all?", "Aye. " * 500),
    ]
    several = [*judging.test[:3], *odd]
    contrast = evaluate.contrast_replies(several, judging.settled, tmp_path, judging.judged, quiet)
    assert contrast["conversation"].tolist() == [item.id for item in several]
    contrast["other_reply"] = ["", *["Grr. Go away."] * 5]  # the tiny model itself has nothing to say
    loss, unscored = conversation_losses(several, contrast, judging.judged, 1, quiet)
    assert set(loss["conversation"]) == {item.id for item in several[:3]}
    reasons = dict(unscored)
    assert list(reasons) == ["forged", "forged later", "long", several[0].id] and len(unscored) == 4
    assert reasons["forged"] == "the text holds <|im_end|>, which the model reads as the edge of a turn"
    assert re.fullmatch(r"needs \d+ tokens where the model reads 2048 at once", reasons["long"])
    assert reasons[several[0].id] == "only the comparison with somebody else's reply: there is none like it"
    assert loss["tuned_other"].isna().tolist() == [True, False, False]
    assert not loss.drop(columns=["tuned_other", "base_other"]).isna().any().any()


def test_without_another_question_there_is_no_shuffling(judging):
    same = [conversation(name, "Open?", f"Aye, {name}.") for name in ("a", "b", "c")]
    for some in (same, same[:1]):
        loss, unscored = conversation_losses(some, contrast_with(some), judging.judged, 1, quiet)
        assert loss["tuned_shuffled"].isna().all() and loss["base_shuffled"].isna().all()
        assert {why for _, why in unscored} == {"only the comparison with another question: there is none like it"}
        assert not loss["tuned"].isna().any()


def test_nothing_held_out_breaks_nothing(judging, tmp_path):
    contrast = evaluate.contrast_replies([], judging.settled, tmp_path, judging.judged, quiet)
    loss, unscored = conversation_losses([], contrast, judging.judged, 1, quiet)
    assert len(loss) == 0 and unscored == []
    assert {claim.status for claim in judge_losses(loss, "nobody", judging.settled, 1)[1]} == {NOT_MEASURED}


# --- the contrast -------------------------------------------------------------------------------------------------


@pytest.fixture
def others(tmp_path):
    """Another persona's file, of two speakers whose names say nothing about their parts."""
    rows = [
        ("1", "Ann", "Is boat 17 free, you there?"),
        ("1", "Bob", "Grr. Ask somebody else."),
        ("1", "Ann", "Well, who else?"),
        ("1", "Bob", "Not me."),
        ("2", "Ann", "What does the cake cost today?"),
        ("2", "Bob", "Read the sign."),
        ("2", "Ann", "Rude."),
    ]
    lines = ["conversation;author;message", *(";".join(row) for row in rows)]
    (tmp_path / "others.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_without_another_persona_the_base_model_stands_in(judging, tmp_path):
    contrast = evaluate.contrast_replies(judging.test, judging.settled, tmp_path, judging.judged, quiet)
    assert set(contrast["whose"]) == {"the base model"}
    assert (contrast["question"] == contrast["other_question"]).all() and (contrast["similarity"] == 1.0).all()


def test_another_persona_answers_the_nearest_question(judging, others):
    replies = {}
    for name in ("Ann", "Bob"):
        given_one = changed(judging.settled, contrast_sources=["others.csv"], contrast_persona_name=name)
        contrast = evaluate.contrast_replies(judging.test, given_one, others, judging.judged, quiet)
        assert contrast["conversation"].tolist() == [item.id for item in judging.test]
        assert set(contrast["whose"]) == {"another persona"}
        replies[name] = set(contrast["other_reply"])
    assert ((contrast["similarity"] > 0) & (contrast["similarity"] < 1)).all()
    assert replies["Bob"] == {"Grr. Ask somebody else."}, "all of these questions are about boats"
    assert replies["Ann"] <= {"Well, who else?", "Rude.", ""}


def test_a_question_that_is_like_none_has_no_contrast(judging, others):
    stranger = conversation("stranger", "Zxqv wkjp?", "Aye.")
    given_one = changed(judging.settled, contrast_sources=["others.csv"], contrast_persona_name="Bob")
    contrast = evaluate.contrast_replies([stranger], given_one, others, judging.judged, quiet)
    assert contrast["other_reply"].tolist() == [""]


def test_contrast_sources_that_are_not_there_are_named(judging, tmp_path):
    missing = changed(judging.settled, contrast_sources=["gone.csv"])
    with pytest.raises(FormatError, match=r"gone\.csv: there is no such file"):
        evaluate.contrast_replies(judging.test, missing, tmp_path, judging.judged, quiet)


def test_contrast_is_a_source_like_any_other():
    parameters = Evaluate.model_validate({"contrast_sources": ["a.csv", {"path": "b.xlsx", "sheet": "May"}]})
    assert parameters.contrast_sources == [Source(path="a.csv"), Source(path="b.xlsx", sheet="May")]


def test_the_nearest_question_is_the_most_like_one():
    asked = ["Are you open on Sunday?", "What does a boat cost?"]
    among = ["how much does a boat cost", "Is the shop open Sundays?", "Who are you?"]
    assert [place for place, _ in nearest(asked, among)] == [1, 0]
    assert nearest(among, among) == [(0, 1.0), (1, 1.0), (2, 1.0)]
    assert nearest([], among) == []
