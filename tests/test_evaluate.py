"""04_evaluate: what is measured, how figures become a verdict, and that what is deployed is what was judged."""

import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cleaning import SHARED
from conftest import conversation, small_talk, write_splits
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from marcus_nb import clean, evaluate, models, text
from marcus_nb.conversation import Message, read_conversations, read_jsonl
from marcus_nb.evaluate import DeployError, EvaluateError, bootstrap_mean, check_outside, deploy, judge
from marcus_nb.evaluate.claims import ACQUIRED, INCONCLUSIVE, NOT_ACQUIRED, NOT_MEASURED, OPEN, REFUTED, SUPPORTED
from marcus_nb.evaluate.deploy import modelfile
from marcus_nb.evaluate.measure import _strangers, answers_right
from marcus_nb.evaluate.write import model_card
from marcus_nb.formats import FormatError
from marcus_nb.models import tiny
from marcus_nb.parameters import Clean, Evaluate, Probe, Source
from marcus_nb.render import IGNORED, render
from marcus_nb.runs import Stage, read_json
from marcus_nb.train import loop

TINY = tiny.tokenizer()
PROBES = [
    {"question": "Who minds the tide?", "must": ["Nell"]},
    {"question": "On which day is it shut?", "must": ["Tuesday"], "must_not": ["Monday"]},
]


def quiet(_):
    pass


def train_it(run):
    """03_train done, with records of it and of 02_clean as their notebooks leave them."""
    Stage("clean", run).finish({"train.jsonl": 12, "validation.jsonl": 4, "test.jsonl": 6}, [])
    loop.run_training(run)
    Stage("train", run).finish(read_json(run.folder / "train/outcome.json"), [])
    (run.folder / "evaluate").mkdir()
    return Stage("evaluate", run)


@pytest.fixture(scope="module")
def stage(make_draft):
    """04_evaluate at work on a tiny model that was really trained."""
    return train_it(make_draft({"shared.probes": PROBES, "train.num_train_epochs": 4}))


@pytest.fixture(scope="module")
def folder(stage):
    return evaluate.publish(stage, stage.log)


@pytest.fixture(scope="module")
def judged(stage, folder):
    return evaluate.load_judged(stage, folder)


@pytest.fixture(scope="module")
def test(stage):
    return evaluate.read_test(stage)


@pytest.fixture(scope="module")
def settled(stage):
    return stage.parameters.evaluate


def changed(parameters: Evaluate, **values) -> Evaluate:
    return Evaluate.model_validate(parameters.model_dump() | values)


def loss_of(model, chat):
    [rendered] = render(TINY, chat)
    [(nll, count)] = models.negative_log_likelihood(model, [(rendered.input_ids, rendered.labels)])
    return nll / count


# --- intervals ----------------------------------------------------------------------------------------------------


def test_a_known_interval():
    """Two values: the mean of a resample of two is 0, ½ or 1, in a quarter, a half and a quarter of all cases."""
    assert bootstrap_mean([0.0, 1.0], 0.95, 10_000, 1) == (0.5, 0.0, 1.0)
    value, low, high = bootstrap_mean([0.0] * 50 + [1.0] * 50, 0.95, 20_000, 1)
    assert value == 0.5
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.011) and high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.011)


def test_an_interval_covers_what_it_says():
    """200 samples of 50 from a skewed population: 95 % intervals hold its mean at least nine times in ten."""
    chance = np.random.default_rng(11)
    held = 0
    for seed in range(200):
        _, low, high = bootstrap_mean(chance.gamma(2.0, 1.0, 50), 0.95, 500, seed)
        held += low <= 2.0 <= high
    assert held / 200 >= 0.90


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30), st.sampled_from([0.5, 0.9, 0.99]))
@settings(max_examples=50, deadline=None)
def test_an_interval_is_around_its_mean_and_the_same_each_time(values, confidence):
    value, low, high = bootstrap_mean(values, confidence, 200, 3)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert value == pytest.approx(np.mean(values))
    assert (value, low, high) == bootstrap_mean(values, confidence, 200, 3)
    wider = bootstrap_mean(values, 0.999, 200, 3)
    assert wider[1] <= low and high <= wider[2]


# --- the verdict --------------------------------------------------------------------------------------------------

CHANCE = np.random.default_rng(5).normal(0, 0.3, 40)


def frame(n=40, loss=1.0, relevance=1.0, contrast=1.0, without_prompt=1.0):
    """Losses whose claims have about these gains; each row a little off."""
    noise = CHANCE[:n]
    tuned_first = 2.0 - (1.0 + noise)
    return pd.DataFrame(
        {
            "conversation": [f"c{number}" for number in range(n)],
            "question": "Open?",
            "tokens": 9,
            "base": 3.0,
            "tuned": 3.0 - (loss + noise),
            "tuned_no_system": 3.0 - (without_prompt + noise),
            "base_first": 2.0,
            "tuned_first": tuned_first,
            "base_shuffled": 2.5,
            "tuned_shuffled": tuned_first + 0.5 + relevance + noise,
            "base_other": 2.0,
            "tuned_other": 2.0 - (1.0 + noise) + contrast + noise,
        }
    )


def probes(tuned, base, of=10):
    return pd.DataFrame(
        {
            "question": [f"Question {number}?" for number in range(of)],
            "tuned_right": [number < tuned for number in range(of)],
            "base_right": [number < base for number in range(of)],
        }
    )


def verdict(loss=None, answers=None, **values):
    usual = {"min_test_conversations": 12, "min_right_probes": 0.6, "bootstrap_samples": 300, "confidence": 0.95}
    parameters = Evaluate(**(usual | values))
    return judge(frame() if loss is None else loss, probes(8, 1) if answers is None else answers, "X", parameters, 1)


def statuses(found):
    return {claim.name: claim.status for claim in found.claims}


def test_acquired_when_every_claim_is_supported():
    found = verdict()
    assert found.verdict == ACQUIRED
    assert set(statuses(found).values()) == {SUPPORTED}
    assert list(statuses(found)) == ["loss", "relevance", "contrast", "without prompt", "knowledge"]
    loss = found.claims[0]
    assert loss.n == 40 and loss.low < loss.value < loss.high
    assert loss.value == pytest.approx(1.0 + CHANCE.mean())
    for claim in found.claims:
        assert sum(claim.sentence in reason for reason in found.reasons) == 1
        assert "95% interval" in claim.sentence and str(claim.n) in claim.sentence


@pytest.mark.parametrize("name", ["loss", "relevance", "contrast", "without_prompt"])
@pytest.mark.parametrize(("gain", "status", "whole"), [(-1.0, REFUTED, NOT_ACQUIRED), (0.0, OPEN, INCONCLUSIVE)])
def test_one_claim_decides(name, gain, status, whole):
    found = verdict(frame(**{name: gain - CHANCE.mean()}))
    assert statuses(found)[name.replace("_", " ")] == status
    assert list(statuses(found).values()).count(SUPPORTED) == 4
    assert found.verdict == whole


def test_a_refuted_claim_weighs_more_than_an_open_one():
    assert verdict(frame(loss=-1.0, contrast=-CHANCE.mean())).verdict == NOT_ACQUIRED


@pytest.mark.parametrize(
    ("tuned", "base", "status", "whole"),
    [
        (8, 1, SUPPORTED, ACQUIRED),
        (6, 1, SUPPORTED, ACQUIRED),
        (5, 1, OPEN, INCONCLUSIVE),  # more than before, yet too few
        (1, 1, REFUTED, NOT_ACQUIRED),
        (0, 3, REFUTED, NOT_ACQUIRED),
    ],
)
def test_knowledge(tuned, base, status, whole):
    found = verdict(answers=probes(tuned, base))
    knowledge = found.claims[-1]
    assert (knowledge.status, found.verdict) == (status, whole)
    assert knowledge.value == tuned / 10 and knowledge.n == 10
    assert 0 <= knowledge.low <= knowledge.value <= knowledge.high <= 1


def test_what_is_not_measured_neither_helps_nor_harms():
    found = verdict(answers=pd.DataFrame(columns=["tuned_right", "base_right"]))
    assert statuses(found)["knowledge"] == NOT_MEASURED
    assert found.verdict == ACQUIRED
    without_contrast = frame().assign(base_other=np.nan, tuned_other=np.nan)
    assert statuses(verdict(without_contrast))["contrast"] == NOT_MEASURED


def test_too_few_conversations_are_inconclusive_whatever_they_say():
    for gain in (1.0, -1.0):
        found = verdict(frame(11, loss=gain))
        assert found.verdict == INCONCLUSIVE
        assert found.reasons[0].startswith("Only 11 held-out conversations could be scored")
        assert "at least 12" in found.reasons[0] and "clean.test_share" in found.reasons[0]
    assert verdict(frame(12)).verdict == ACQUIRED
    assert verdict(frame(0)).verdict == INCONCLUSIVE


def test_missing_comparisons_are_left_out_and_n_says_so():
    loss = frame()
    loss.loc[:9, ["base_other", "tuned_other"]] = np.nan
    contrast = next(claim for claim in verdict(loss).claims if claim.name == "contrast")
    assert (contrast.n, contrast.status) == (30, SUPPORTED)
    assert "n = 30" in contrast.sentence


def test_a_claim_on_too_few_comparisons_is_open():
    """One conversation alone would have an interval of no width, and so be supported beyond doubt."""
    loss = frame()
    loss.loc[1:, ["base_other", "tuned_other"]] = np.nan
    found = verdict(loss)
    contrast = next(claim for claim in found.claims if claim.name == "contrast")
    assert (contrast.n, contrast.status, found.verdict) == (1, OPEN, INCONCLUSIVE)
    assert "fewer conversations than the 12 that a claim needs" in contrast.sentence


def test_a_verdict_is_the_same_each_time_and_depends_on_the_seed():
    assert verdict() == verdict()
    parameters = Evaluate(bootstrap_samples=100)
    lows = {judge(frame(), probes(8, 1), "X", parameters, seed).claims[0].low for seed in range(5)}
    assert len(lows) > 1


# --- answers to probes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Sixteen pounds an hour.", True),
        ("It costs SIXTEEN.", True),
        ("£16, skipper", True),
        ("(sixteen)", True),
        ("On the sixteenth.", False),
        ("It is 160 pounds", False),
        ("116", False),
        ("sixteen-year-olds", True),
        ("Sixteen, or fifteen in winter", False),
        ("", False),
        ("no idea", False),
    ],
)
def test_an_answer_is_right_by_whole_words(answer, right):
    probe = Probe(question="What is an hour?", must=["sixteen", "16"], must_not=["fifteen"])
    assert answers_right(answer, probe) is right


def test_words_of_probes_are_taken_literally():
    probe = Probe(question="How?", must=["£3.50 (cash)", "c'est ça"])
    assert answers_right("It is £3.50 (cash) only", probe)
    assert not answers_right("It is £3x50 cash", probe)
    assert answers_right("Oui, C'EST ÇA!", probe)


def test_probes_are_asked_of_both_models(judged, settled, stage):
    training = read_conversations(stage.written_by("clean", "train.jsonl"))
    answers = evaluate.probe_answers(stage.parameters.shared.probes, training, judged, settled, quiet)
    assert answers["question"].tolist() == [probe["question"] for probe in PROBES]
    assert answers["must"].tolist() == ["Nell", "Tuesday"]
    assert set(answers["nearest"]) <= {question for item in training for question in item.questions}
    for row in answers.itertuples():
        every = [text.similarity(row.question, question) for item in training for question in item.questions]
        assert row.similarity == max(every)
    assert len(evaluate.probe_answers([], training, judged, settled, quiet)) == 0


# --- losses -------------------------------------------------------------------------------------------------------


def contrast_with(test, reply="Grr. Go away."):
    return pd.DataFrame({"conversation": [item.id for item in test], "other_reply": [reply] * len(test)})


def test_a_loss_is_over_all_texts_of_a_conversation(judged):
    """Where the template writes earlier turns otherwise, there is one a reply."""
    tokenizer = tiny.tokenizer()
    short = "(message['content'] if loop.last else message['content'][:3])"
    tokenizer.chat_template = tiny.CHATML.replace("message['content']", short)
    talk = conversation("two", "Open?", "Aye, skipper.", "Bye", "Farewell.")
    items = render(tokenizer, talk.as_chat("You are Nell."))
    assert len(items) == 2
    other = replace(judged, tokenizer=tokenizer)
    [row] = evaluate.losses([talk], contrast_with([talk]), other, 1, quiet)[0].itertuples()
    scored = models.negative_log_likelihood(judged.tuned, [(item.input_ids, item.labels) for item in items])
    assert row.tokens == sum(count for _, count in scored) == len("Aye, skipper.Farewell.") + 2
    assert row.tuned == pytest.approx(sum(loss for loss, _ in scored) / row.tokens, rel=1e-4)


def test_losses_are_what_they_are_called(test, judged):
    loss, unscored = evaluate.losses(test, contrast_with(test), judged, 1, quiet)
    assert unscored == [] and loss["conversation"].tolist() == [item.id for item in test]
    for row, item in zip(loss.itertuples(), test, strict=True):
        system = {"role": "system", "content": "You are Nell."}
        question, reply = item.as_chat()[:2]
        whole, other = item.as_chat("You are Nell."), {"role": "assistant", "content": "Grr. Go away."}
        assert row.tokens == sum(label != IGNORED for label in render(TINY, whole)[0].labels)
        close = {"rel": 1e-4}
        assert row.base == pytest.approx(loss_of(judged.base, whole), **close)
        assert row.tuned == pytest.approx(loss_of(judged.tuned, whole), **close)
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


def test_training_really_taught_something(test, judged):
    loss, _ = evaluate.losses(test, contrast_with(test), judged, 1, quiet)
    assert (loss["tuned"] < loss["base"]).all()


@given(st.lists(st.sampled_from(["Open?", "open? ", "Shut?", "Why?", "How?"]), max_size=9), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_a_shuffled_question_is_never_its_own(questions, seed):
    strangers = _strangers(questions, seed)
    assert strangers == _strangers(questions, seed)
    for question, stranger in zip(questions, strangers, strict=True):
        others = [other for other in questions if text.comparable(other) != text.comparable(question)]
        assert stranger in others if others else stranger == ""


def test_the_seed_shuffles(test):
    questions = [item.questions[0] for item in test]
    assert len({tuple(_strangers(questions, seed)) for seed in range(6)}) > 1
    assert sorted(_strangers(questions, 1)) == sorted(questions), "each is somebody's stranger"


def test_what_cannot_be_scored_is_reported_not_lost(test, judged, settled, tmp_path):
    odd = [
        conversation("forged", "Hi <|im_end|>", "Aye."),
        conversation("forged later", "Open?", "Aye.", "Sure?", "<|im_start|>"),
        conversation("long", "Tell me all?", "Aye. " * 500),
    ]
    several = [*test[:3], *odd]
    contrast = evaluate.contrast_replies(several, settled, tmp_path, judged, quiet)
    assert contrast["conversation"].tolist() == [item.id for item in several]
    contrast["other_reply"] = ["", *["Grr. Go away."] * 5]  # the tiny model itself has nothing to say
    loss, unscored = evaluate.losses(several, contrast, judged, 1, quiet)
    assert set(loss["conversation"]) == {item.id for item in test[:3]}
    reasons = dict(unscored)
    assert list(reasons) == ["forged", "forged later", "long", test[0].id] and len(unscored) == 4
    assert reasons["forged"] == "the text holds <|im_end|>, which the model reads as the edge of a turn"
    assert re.fullmatch(r"needs \d+ tokens where the model reads 2048 at once", reasons["long"])
    assert reasons[test[0].id] == "only the comparison with the other's reply: a reply is empty"
    assert loss["tuned_other"].isna().tolist() == [True, False, False]
    assert not loss.drop(columns=["tuned_other", "base_other"]).isna().any().any()
    replies = evaluate.side_by_side(several, loss, judged, settled, quiet)
    assert set(replies["conversation"]) <= set(loss["conversation"])


def test_without_another_question_there_is_no_shuffling(judged):
    same = [conversation(name, "Open?", f"Aye, {name}.") for name in ("a", "b", "c")]
    for some in (same, same[:1]):
        loss, unscored = evaluate.losses(some, contrast_with(some), judged, 1, quiet)
        assert loss["tuned_shuffled"].isna().all() and loss["base_shuffled"].isna().all()
        assert {why for _, why in unscored} == {
            "only the comparison with another conversation's question: there is no other question"
        }
        assert not loss["tuned"].isna().any()


def test_nothing_held_out_is_inconclusive_and_breaks_nothing(judged, settled, tmp_path):
    contrast = evaluate.contrast_replies([], settled, tmp_path, judged, quiet)
    loss, unscored = evaluate.losses([], contrast, judged, 1, quiet)
    assert len(loss) == 0 and unscored == []
    assert judge(loss, probes(1, 0), "nobody", settled, 1).verdict == INCONCLUSIVE
    assert len(evaluate.side_by_side([], loss, judged, settled, quiet)) == 0


def test_replies_side_by_side_are_the_worst_first(test, judged, settled):
    loss, _ = evaluate.losses(test, contrast_with(test), judged, 1, quiet)
    replies = evaluate.side_by_side(test, loss, judged, settled, quiet)
    assert replies["loss"].tolist() == sorted(replies["loss"], reverse=True)
    assert replies["loss"].iloc[0] == loss["tuned_first"].max()
    by_id = {item.id: item for item in test}
    for row in replies.itertuples():
        assert (row.question, row.real) == (by_id[row.conversation].questions[0], by_id[row.conversation].replies[0])


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


def test_without_another_persona_the_base_model_stands_in(test, judged, settled, tmp_path):
    contrast = evaluate.contrast_replies(test, settled, tmp_path, judged, quiet)
    assert set(contrast["whose"]) == {"the base model"}
    assert (contrast["question"] == contrast["other_question"]).all() and (contrast["similarity"] == 1.0).all()


def test_another_persona_answers_the_nearest_question(test, judged, settled, others):
    given_one = changed(settled, contrast_sources=["others.csv"], contrast_persona_name="Bob")
    contrast = evaluate.contrast_replies(test, given_one, others, judged, quiet)
    assert contrast["conversation"].tolist() == [item.id for item in test]
    assert set(contrast["whose"]) == {"another persona"}
    assert set(contrast["other_reply"]) == {"Grr. Ask somebody else."}, "all of these questions are about boats"
    assert ((contrast["similarity"] > 0) & (contrast["similarity"] < 1)).all()


def test_contrast_sources_that_are_not_there_are_named(test, judged, settled, tmp_path):
    missing = changed(settled, contrast_sources=["gone.csv"])
    with pytest.raises(FormatError, match=r"gone\.csv: there is no such file"):
        evaluate.contrast_replies(test, missing, tmp_path, judged, quiet)


# --- every parameter matters --------------------------------------------------------------------------------------


def _sources(test, judged, settled, others):
    plain = evaluate.contrast_replies(test, settled, others, judged, quiet)
    given_one = changed(settled, contrast_sources=["others.csv"], contrast_persona_name="Bob")
    contrast = evaluate.contrast_replies(test, given_one, others, judged, quiet)
    assert plain["other_reply"].tolist() != contrast["other_reply"].tolist()


def _name(test, judged, settled, others):
    replies = {}
    for name in ("Ann", "Bob"):
        given_one = changed(settled, contrast_sources=["others.csv"], contrast_persona_name=name)
        replies[name] = set(evaluate.contrast_replies(test, given_one, others, judged, quiet)["other_reply"])
    assert replies["Bob"] == {"Grr. Ask somebody else."}
    assert replies["Ann"] <= {"Well, who else?", "Rude."}


def _longest_reply(test, judged, settled, others):
    loss, _ = evaluate.losses(test, contrast_with(test), judged, 1, quiet)
    longest = {}
    for limit in (1, 9):
        given_one = changed(settled, max_new_tokens=limit)
        frames = [
            evaluate.contrast_replies(test, given_one, others, judged, quiet)["other_reply"],
            evaluate.side_by_side(test, loss, judged, given_one, quiet)["tuned"],
            evaluate.probe_answers([Probe(**PROBES[0])], test, judged, given_one, quiet)["tuned"],
        ]
        longest[limit] = max(len(TINY.encode(reply)) for frame in frames for reply in frame)
        assert longest[limit] <= limit
    assert longest[9] > 1


def _side_by_side(test, judged, settled, others):
    loss, _ = evaluate.losses(test, contrast_with(test), judged, 1, quiet)
    for count in (1, 2, 6, 50):
        replies = evaluate.side_by_side(test, loss, judged, changed(settled, side_by_side=count), quiet)
        assert len(replies) == min(count, 6) == replies["conversation"].nunique()


def _samples(test, judged, settled, others):
    few, many = verdict(bootstrap_samples=100).claims[0], verdict(bootstrap_samples=20_000).claims[0]
    assert (few.low, few.high) != (many.low, many.high)
    error = 1.96 * CHANCE.std() / 40**0.5
    assert many.low == pytest.approx(many.value - error, abs=0.01)


def _confidence(test, judged, settled, others):
    narrow, wide = verdict(confidence=0.5), verdict(confidence=0.999)
    for inner, outer in zip(narrow.claims, wide.claims, strict=True):
        assert outer.low < inner.low and inner.high < outer.high
    assert "50% interval" in narrow.claims[0].sentence


def _fewest(test, judged, settled, others):
    assert verdict(min_test_conversations=40).verdict == ACQUIRED
    assert verdict(min_test_conversations=41).verdict == INCONCLUSIVE


def _right(test, judged, settled, others):
    assert verdict(min_right_probes=0.8).verdict == ACQUIRED
    assert verdict(min_right_probes=0.9).verdict == INCONCLUSIVE


MATTERS = {
    "contrast_sources": _sources,
    "contrast_persona_name": _name,
    "max_new_tokens": _longest_reply,
    "side_by_side": _side_by_side,
    "bootstrap_samples": _samples,
    "confidence": _confidence,
    "min_test_conversations": _fewest,
    "min_right_probes": _right,
}


@pytest.mark.parametrize("name", Evaluate.model_fields)
def test_every_parameter_of_evaluate_matters(name, test, judged, settled, others):
    assert name in MATTERS, f"evaluate.{name} has no case here that shows that it changes the outcome"
    MATTERS[name](test, judged, settled, others)


# --- what is deployed ---------------------------------------------------------------------------------------------


def test_the_judged_model_is_base_and_adapter(stage, judged, folder):
    merged = models.merge(models.find_base("tiny"), stage.run.folder / "train/adapter")
    for (name, ours), (_, theirs) in zip(merged.named_parameters(), judged.tuned.named_parameters(), strict=True):
        assert (ours == theirs).all(), name
    assert not (stage.run.folder / "model.tmp").exists()
    assert {"model.safetensors", "tokenizer.json", "chat_template.jinja"} <= {path.name for path in folder.iterdir()}


def test_another_base_model_of_the_same_name_is_refused_before_anything_is_written(make_draft, tmp_path):
    base = tmp_path / "base"
    tiny.model().save_pretrained(base)
    tiny.tokenizer().save_pretrained(base)
    stage = train_it(make_draft({"shared.base_model": str(base), "train.max_steps": 1}))
    (stage.run.folder / "model").mkdir()
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    (base / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 1e-3}), encoding="utf-8")
    for ask in (lambda: evaluate.publish(stage, quiet), lambda: evaluate.load_judged(stage, tmp_path)):
        with pytest.raises(EvaluateError) as caught:
            ask()
        assert re.fullmatch(
            r"The adapter was trained on base \(sha256 \w{12}\), and base_model now is base \(sha256 \w{12}\): "
            r"run 03_train\.ipynb again",
            str(caught.value),
        )
    assert list((stage.run.folder / "model").iterdir()) == []


@pytest.fixture(scope="module")
def outside(test, judged, folder):
    """What a fresh process without our code made of the deployed folder: the frame, and its own answers."""
    answers = []
    ask = deploy._ask_outside

    def remember(*arguments):
        answers.append(ask(*arguments))
        return answers[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deploy, "_ask_outside", remember)
        frame = check_outside([*test, conversation("forged", "<|im_end|>", "Aye.")], judged, folder, 6, quiet)
    return frame, answers[0]


def test_outside_it_behaves_as_inside(outside, test):
    frame, answers = outside
    assert frame["question"].tolist() == [item.questions[0] for item in test]
    assert frame["same_tokens"].all() and frame["same_reply"].all() and (frame["note"] == "").all()
    assert answers["ours"] == []
    for item, ids in zip(test, answers["whole"], strict=True):
        assert ids == render(TINY, item.as_chat("You are Nell."))[0].input_ids


def test_a_tampered_chat_template_is_found(test, judged, folder, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    template = copy / "chat_template.jinja"
    template.write_text(template.read_text(encoding="utf-8").replace("Nell.", "Nelly."), encoding="utf-8")
    with pytest.raises(DeployError, match=r"model/ turns 'Is boat 16 free\?' into other tokens than the evaluation"):
        check_outside(test, judged, copy, 6, quiet)


def test_other_weights_are_found(test, judged, folder, outside, monkeypatch):
    """The same answers of the deployed folder, held against a model that is not the one in it."""
    monkeypatch.setattr(deploy, "_ask_outside", lambda *_: outside[1])
    with pytest.raises(DeployError, match=r"replies part at token \d+, where the two choices are \d+\.\d{3} logits"):
        check_outside(test, replace(judged, tuned=judged.base), folder, 6, quiet)


def test_a_reply_that_ends_elsewhere_is_found(test, judged, folder, outside, monkeypatch):
    cut = outside[1] | {"replies": [reply[:2] for reply in outside[1]["replies"]]}
    monkeypatch.setattr(deploy, "_ask_outside", lambda *_: cut)
    with pytest.raises(DeployError, match="the stop tokens differ"):
        check_outside(test, judged, folder, 6, quiet)


def test_a_near_tie_is_noted_and_no_failure(test, judged, folder, outside, monkeypatch):
    swapped = [[(reply[0] + 1) % 256, *reply[1:]] for reply in outside[1]["replies"]]
    monkeypatch.setattr(deploy, "_ask_outside", lambda *_: outside[1] | {"replies": swapped})
    monkeypatch.setattr(deploy, "NEAR_TIE", 1e9)
    frame = check_outside(test, judged, folder, 6, quiet)
    assert not frame["same_reply"].any()
    assert frame["note"].str.fullmatch(r"near-tie at token 1: \d+\.\d{4} logits").all()


def test_our_own_code_outside_would_be_no_proof(test, judged, folder, outside, monkeypatch):
    monkeypatch.setattr(deploy, "_ask_outside", lambda *_: outside[1] | {"ours": ["marcus_nb"]})
    with pytest.raises(DeployError, match="imported our own code"):
        check_outside(test, judged, folder, 6, quiet)


@pytest.mark.slow
def test_a_folder_that_does_not_load_is_told(test, judged, tmp_path):
    """A fresh interpreter, but one that fails before it has loaded much."""
    empty = tmp_path / "model"
    empty.mkdir()
    with pytest.raises(DeployError, match="model/ could not be used by plain transformers:\n"):
        check_outside(test, judged, empty, 6, quiet)


def test_the_modelfile(folder, tmp_path):
    assert modelfile(folder, 'Say """aye""".\nAlways.').splitlines() == [
        "FROM .",
        "PARAMETER temperature 0",
        'TEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}',
        "{{ .Content }}<|im_end|>",
        "{{ end }}<|im_start|>assistant",
        '"""',
        "PARAMETER stop <|im_end|>",
        "SYSTEM \"\"\"Say '''aye'''.",
        'Always."""',
    ]
    assert "SYSTEM" not in modelfile(folder, "")
    (tmp_path / "chat_template.jinja").write_text("[INST]{{ messages[0].content }}[/INST]", encoding="utf-8")
    other = modelfile(tmp_path, "Sys")
    assert 'TEMPLATE "' not in other and "# No TEMPLATE" in other


# --- what stays ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(stage, judged, folder, test, settled, outside):
    contrast = evaluate.contrast_replies(test, settled, Path(), judged, quiet)
    contrast["other_reply"] = ["", *["Grr. Go away."] * 5]  # one comparison is not to be had: a NaN to write
    loss, unscored = evaluate.losses(test, contrast, judged, 1, quiet)
    replies = evaluate.side_by_side(test, loss, judged, settled, quiet)
    replies.loc[1, "tuned"] = "Aye.\n\n# Write to tom@example.com\n> or call"
    answers = evaluate.probe_answers(stage.parameters.shared.probes, test, judged, settled, quiet)
    found = judge(loss, answers, "the base model", settled, 1)
    counts = evaluate.write(stage, found, loss, unscored, replies, answers, contrast, outside[0])
    return found, counts, replies


def strict(raw):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(raw, parse_constant=refuse)


def test_every_figure_and_reply_is_kept_as_strict_json(written, stage):
    found, counts, _ = written
    lines = (stage.folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    kinds = [strict(line)["kind"] for line in lines]
    assert {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)} == {
        "loss": 6,
        "reply": 3,
        "probe": 2,
        "contrast": 6,
        "outside": 6,
        "unscored": 1,
    }
    first = next(read_jsonl(stage.folder / "samples.jsonl"))
    assert first["tuned_other"] is None and isinstance(first["tuned"], float)
    assert strict((stage.folder / "results.json").read_text(encoding="utf-8")) == json.loads(json.dumps(asdict(found)))
    assert strict(json.dumps(counts)) == counts
    assert (counts["verdict"], counts["test_conversations"], counts["unscored"]) == (found.verdict, 6, 1)
    assert counts["same_outside"] == 6 and counts["probes"] == 2


def test_the_model_card_is_whole(written, stage, folder):
    found, _, _ = written
    card = (folder / "README.md").read_text(encoding="utf-8")
    front = YAML(typ="safe").load(card.split("---\n")[1])
    assert front["base_model"] == "tiny" and front["library_name"] == "transformers"
    assert "None" not in card and "nan" not in card.lower().split() and "?" not in card.split("## Data and limits")[1]
    assert str(stage.run.folder.parents[1]) not in card and str(Path.home()) not in card
    assert f"**{found.verdict}**" in card and "Trained on 12 conversations" in card
    for claim in found.claims:
        assert claim.sentence in card


def test_the_model_card_quotes_safely(written, stage):
    """A reply of several lines stays within the quotation, and personal data stays at home."""
    found, _, replies = written
    card = model_card(stage.run, found, replies)
    assert "tom@example.com" not in card and "> # Write to [EMAIL_1]\n" in card
    quotation = [line for line in card.splitlines() if line.startswith(">")]
    assert quotation[0].startswith("> **Asked:** ") and quotation[-1] == "> > or call"
    assert "> " not in model_card(stage.run, found, replies.iloc[:0])


def test_the_model_card_counts_what_02_clean_counted(make_draft, written):
    run = make_draft()
    talk = [
        conversation(f"c{n}", f"{chr(97 + n) * 12}?", f"Aye, {chr(97 + n) * 5}.", customer=f"{n}") for n in range(12)
    ]
    counts = clean.write(clean.run(talk, Clean(), SHARED, TINY), run.folder / "clean")
    Stage("clean", run).finish(counts, [])
    card = " ".join(model_card(run, written[0], written[2]).split())
    assert f"Trained on {counts['train.jsonl']} conversations ({counts['validation.jsonl']} more " in card
    assert f"{counts['test.jsonl']} were kept for the verdict" in card


def test_the_model_card_keeps_probes_to_their_line_and_personal_data_at_home(stage, written):
    """The sentence on knowledge quotes the probes that were answered wrong."""
    found, _, replies = written
    told = replace(found.claims[-1], sentence="Wrong: Who is tom@example.com?\n# A heading")
    card = model_card(stage.run, replace(found, claims=(*found.claims[:-1], told)), replies)
    assert "(refuted): Wrong: Who is [EMAIL_1]? # A heading\n" in card


def test_a_model_card_before_anything_was_recorded_has_no_none(make_draft, written):
    card = model_card(make_draft(), written[0], written[2])
    assert "None" not in card and "base_model: tiny" in card


def test_the_headline_tells_every_claim(written):
    found, _, _ = written
    shown = "\n".join(evaluate.headline(found))
    assert all(claim.sentence in shown for claim in found.claims)


def test_only_conversations_that_begin_with_an_answered_question_are_judged(make_draft):
    run = make_draft()
    late = conversation("late", "x", "y").with_messages([Message("assistant", "Ahoy!"), Message("user", "Hi")])
    write_splits(run, test=[*small_talk(2), late])
    Stage("clean", run).finish({}, [])
    (run.folder / "evaluate").mkdir()
    assert [item.id for item in evaluate.read_test(Stage("evaluate", run))] == ["small:0", "small:1"]


def test_contrast_is_a_source_like_any_other():
    parameters = Evaluate.model_validate({"contrast_sources": ["a.csv", {"path": "b.xlsx", "sheet": "May"}]})
    assert parameters.contrast_sources == [Source(path="a.csv"), Source(path="b.xlsx", sheet="May")]
