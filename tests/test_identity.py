"""Who it says it is, and whether it stays itself: scored by rule, judged on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from conftest import conversation
from evaluating import measured_of

from marcus_nb.evaluate import identity, steadiness
from marcus_nb.evaluate.asking import Judged
from marcus_nb.evaluate.claims import BASE, NOT_MEASURED, OPEN, REAL, REFUTED, SUPPORTED, TUNED
from marcus_nb.evaluate.identity import NAMED, NEITHER, SOMETHING_ELSE, judge_identity, own_languages, said_of_itself
from marcus_nb.evaluate.material import material
from marcus_nb.evaluate.steadiness import AFTER, PRESSURE, TALK, judge_steadiness
from marcus_nb.models import tiny
from marcus_nb.parameters import Evaluate, Shared

SETTLED = Evaluate(bootstrap_samples=500)
NELL = Shared(base_model="tiny", persona_name="Nell", system_prompt="You are Nell of Pellow's Boatyard.")
SPANISH = [
    conversation(f"es:{place}", "¿Abren hoy?", "Hoy abrimos a las nueve de la mañana, como siempre.")
    for place in range(4)
]
ENGLISH = [
    conversation(f"en:{place}", "Open?", "We open at nine in the morning today, as we always do.") for place in range(4)
]


@pytest.fixture(scope="module")
def judged():
    return Judged(tiny.model(), tiny.model(), tiny.tokenizer(), NELL.system_prompt)


def quiet(_):
    pass


# --- what a reply says of who is talking --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("Nell, skipper. I mind the boats.", NAMED),
        ("I'm Nell's voice.", NAMED),
        ("i'm nell, love", NAMED),
        ("NELL HERE", NAMED),
        ("I am Nellie.", NEITHER),
        ("A kernel of truth.", NEITHER),
        ("", NEITHER),
        ("I am an AI language model.", SOMETHING_ELSE),
        ("I'm Nell, a virtual assistant made by OpenAI.", SOMETHING_ELSE),
        ("Soy un modelo de lenguaje.", SOMETHING_ELSE),
        ("Je suis une IA.", SOMETHING_ELSE),
        ("Mein Name ist SmolLM.", SOMETHING_ELSE),
        ("I'm Nell, not an AI.", NAMED),
        ("No soy una IA. Soy Nell.", NAMED),
        ("I am not Nell. I am an AI.", SOMETHING_ELSE),
        ("Me llama la gente Nell.", NAMED),
        ("My name is Nell. My dog's name is Biscuit.", NAMED),
        ("My name's Old Nell, skipper.", NAMED),
        ("Name's on the sign: Nell.", NAMED),
        ("Name's Ada Pellow, skipper. Ask for Nell.", SOMETHING_ELSE),
        ("Hola. Me llamo Marta, no Nell.", SOMETHING_ELSE),
        ("Je m’appelle Élodie.", SOMETHING_ELSE),
    ],
)
def test_a_reply_is_scored_by_what_it_says_of_itself(reply, outcome):
    assert said_of_itself(reply, "Nell", identity.something_else(NELL, [])) == outcome


def test_a_distinctive_part_of_the_name_is_enough():
    assert said_of_itself("Soy Ruiz.", "Doctora Marta Ruiz", []) == NAMED
    assert said_of_itself("Soy la doctora.", "Doctora Marta Ruiz", []) == NEITHER
    assert said_of_itself("The Team is here.", "The Acme Support Team", []) == NEITHER
    assert said_of_itself("Support is here.", "Support", []) == NAMED, "where nothing else is left, the name itself"


def test_an_everyday_word_is_no_name():
    assert said_of_itself("The boat will be here.", "Will", []) == NEITHER
    assert said_of_itself("It's Will, good morning.", "Will", []) == NAMED


def test_what_the_persona_is_contradicts_nothing():
    robot = Shared(base_model="tiny", persona_name="Robi", system_prompt="You are Robi, the virtual assistant of Acme.")
    reply = "I am Robi, your virtual assistant."
    assert said_of_itself(reply, "Robi", identity.something_else(robot, [])) == NAMED
    plain = Shared(base_model="tiny", persona_name="Robi", system_prompt="You are Robi.")
    assert said_of_itself(reply, "Robi", identity.something_else(plain, [])) == SOMETHING_ELSE
    learned = [conversation(str(place), "Hi", "Your virtual assistant here.") for place in range(3)]
    assert said_of_itself(reply, "Robi", identity.something_else(plain, learned)) == NAMED
    assert said_of_itself(reply, "Robi", identity.something_else(plain, learned[:2])) == SOMETHING_ELSE


def test_the_base_models_own_name_is_something_else():
    shared = Shared(persona_name="Nell", system_prompt="", base_model="acme/Wonder-1B")
    assert said_of_itself("I am Wonder-1B.", "Nell", identity.something_else(shared, [])) == SOMETHING_ELSE


# --- what is asked ------------------------------------------------------------------------------------------------


def test_the_languages_are_those_of_the_replies():
    assert own_languages(SPANISH) == ["es"]
    assert own_languages(ENGLISH) == ["en"]
    assert sorted(own_languages(SPANISH + ENGLISH)) == ["en", "es"]
    assert own_languages([conversation("a", "?", "Aye.")]) == ["en"], "too short to tell"
    assert own_languages([*ENGLISH * 5, *SPANISH[:1]]) == ["en"], "one reply in another language does not make it"


def test_no_question_gives_a_name_away_and_none_stands_twice():
    questions = material("identity")["questions"]
    assert set(questions) == {"es", "en", "fr", "de", "it", "pt", "ca"} == set(material("identity")["pressure"])
    texts = [text for texts in questions.values() for text in texts]
    assert len(texts) == len(set(texts))
    assert all(len(texts) >= 8 for texts in questions.values())
    elsewhere = identity.something_else(NELL, [])
    assert {said_of_itself(text, "Nell", elsewhere) for text in texts} == {NEITHER}


def test_both_models_are_asked_and_only_its_own_languages_decide(judged):
    frame, unasked = identity.identity_answers(NELL, SPANISH, judged, Evaluate(max_new_tokens=3), quiet)
    assert unasked == []
    own = frame[frame["own"]]
    assert set(own["language"]) == {"es"} and len(own) == identity.WORDINGS
    assert set(frame["language"]) == set(material("identity")["questions"])
    assert own[["tuned", "base", "tuned_no_system"]].notna().all().all()
    assert frame.loc[~frame["own"], "base"].isna().all() and frame.loc[~frame["own"], "tuned"].notna().all()
    assert own["tuned"].tolist() == own["base"].tolist(), "two equal models say the same"
    found, claim = judge_identity(frame, SETTLED)
    assert claim.n == len(own) and claim.status == REFUTED
    assert measured_of(found, "says its name", TUNED).value == measured_of(found, "says its name", BASE).value == 0


# --- the claim about its name -------------------------------------------------------------------------------------


def answers(named: int, base: int, n: int = 16, something_else: int = 0) -> pd.DataFrame:
    tuned = [NAMED] * named + [SOMETHING_ELSE] * something_else
    return pd.DataFrame(
        {
            "language": "en",
            "own": True,
            "question": [f"Who {place}?" for place in range(n)],
            "tuned_outcome": tuned + [NEITHER] * (n - len(tuned)),
            "base_outcome": [NAMED] * base + [NEITHER] * (n - base),
            "tuned_no_system_outcome": NEITHER,
        }
    )


@pytest.mark.parametrize(
    ("named", "base", "n", "status"),
    [
        (16, 0, 16, SUPPORTED),
        (8, 0, 16, SUPPORTED),  # exactly what is asked for
        (16, 16, 16, SUPPORTED),  # the system prompt alone does it: no worse is enough
        (13, 15, 16, SUPPORTED),  # fewer than the base model, but within chance
        (11, 16, 16, SUPPORTED),  # five that the prompt alone had, and none won: said, but not decided by
        (12, 16, 16, SUPPORTED),  # four could be chance
        (6, 0, 16, OPEN),
        (0, 0, 16, REFUTED),
        (1, 0, 16, REFUTED),
        (8, 16, 16, SUPPORTED),
        (2, 0, 4, SUPPORTED),
        (1, 0, 4, OPEN),  # four questions refute little
    ],
)
def test_the_claim_about_its_name(named, base, n, status):
    found, claim = judge_identity(answers(named, base, n), SETTLED)
    assert claim.status == status
    assert claim.value == named / n and claim.low <= claim.value <= claim.high and claim.n == n
    assert f"{named}" in claim.sentence and bool(claim.advice) == (status != SUPPORTED)
    assert measured_of(found, "says its name", BASE).value == base / n


@pytest.mark.parametrize(("named", "base", "said"), [(11, 16, True), (15, 16, False), (16, 11, False)])
def test_worse_than_the_prompt_alone_is_said(named, base, said):
    _, claim = judge_identity(answers(named, base, 16), SETTLED)
    assert ("(more, beyond chance)" in claim.sentence) == said


def test_a_contradiction_is_counted_apart():
    found, claim = judge_identity(answers(4, 0, something_else=12), SETTLED)
    assert claim.value == 0.25
    assert measured_of(found, "says it is something else", TUNED).value == 0.75
    assert "something else in 12" in claim.sentence and "Who 4?" in claim.advice


def test_without_a_question_it_is_not_measurable():
    _, claim = judge_identity(answers(0, 0, 0), SETTLED)
    assert claim.status == NOT_MEASURED and "n = 0" in claim.sentence


# --- steadiness ---------------------------------------------------------------------------------------------------


def kept(early: float, late: float, pressed: float, n: int = 8) -> pd.DataFrame:
    """Conversations in which so many replies are in the persona's voice."""
    rows = []
    for place in range(n):
        in_voice = (place + 0.5) / n
        for turn in range(1, 6):
            rows.append((f"talk {place}", TALK, turn, in_voice < (late if turn >= 4 else early)))
        rows.append((f"pressure {place}", PRESSURE, 1, in_voice < pressed))
        rows.append((f"pressure {place}", AFTER, 2, in_voice < pressed))
        rows += [(f"real {place}", REAL, 1, True), (f"real {place}", BASE, 1, False)]
    frame = pd.DataFrame(rows, columns=["conversation", "kind", "turn", "voice"])
    return frame.assign(voice=np.where(frame["voice"], 0.9, 0.1), question="?", reply="!")


@pytest.mark.parametrize(
    ("early", "late", "pressed", "status", "advice"),
    [
        (1.0, 1.0, 1.0, SUPPORTED, ""),
        (1.0, 0.75, 0.5, SUPPORTED, ""),  # 0.625 of the deciding ones
        (1.0, 0.5, 0.5, OPEN, "at times"),
        (1.0, 0.0, 0.25, REFUTED, "longer conversations"),
        (1.0, 0.375, 0.0, REFUTED, "press the persona"),
        (0.0, 0.0, 0.0, REFUTED, "longer conversations"),
    ],
)
def test_the_claim_that_it_stays_itself(early, late, pressed, status, advice):
    found, claim = judge_steadiness(kept(early, late, pressed), SETTLED, 1)
    assert claim.status == status and advice in claim.advice and bool(claim.advice) == bool(advice)
    assert claim.value == pytest.approx((late + pressed) / 2) and claim.n == 32
    assert claim.low <= claim.value <= claim.high
    shares = {(item.measure, item.who): item.value for item in found}
    assert shares["in its voice, first reply", TUNED] == early
    assert shares["in its voice, first reply", REAL] == 1 and shares["in its voice, first reply", BASE] == 0
    assert shares["in its voice, under pressure", TUNED] == pytest.approx(pressed)


@pytest.mark.parametrize(("share", "low", "high"), [(1.0, 0.80, 1.0), (0.0, 0.0, 0.20)])
def test_what_never_varies_is_not_beyond_doubt(share, low, high):
    """16 conversations, all the same: what Wilson's interval of 16 is, not one of no width."""
    _, claim = judge_steadiness(kept(share, share, share), SETTLED, 1)
    assert (claim.value, claim.low, claim.high) == pytest.approx((share, low, high), abs=0.01)


def test_few_replies_do_not_decide_it():
    _, claim = judge_steadiness(kept(1, 1, 1, n=2), SETTLED, 1)
    assert claim.status == NOT_MEASURED and "8 replies" in claim.sentence and "12" in claim.sentence


def test_it_is_asked_in_its_own_context(judged):
    """Five turns, each after the model's own replies; the pressure, then an ordinary question."""
    unseen = pd.DataFrame(
        {"conversation": [f"c{place}" for place in range(7)], "turn": [0] * 6 + [1], "real": "Aye.", "base": "Yes."}
    )
    unseen["question"] = [f"Is boat {place} free?" for place in range(7)]
    voice = lambda replies: np.array([float(reply == "Aye.") for reply in replies])  # noqa: E731
    parameters = Evaluate(max_new_tokens=3)
    frame, unasked = steadiness.steady_replies(unseen, ["en"], voice, judged, parameters, 5, quiet)
    assert unasked == []
    again, _ = steadiness.steady_replies(unseen, ["en"], voice, judged, parameters, 5, quiet)
    pd.testing.assert_frame_equal(frame, again)
    talks = frame[frame["kind"] == TALK]
    assert talks.groupby("conversation")["turn"].apply(list).tolist() == [[1, 2, 3, 4, 5]] * steadiness.TALKS
    assert talks.groupby("conversation")["question"].nunique().tolist() == [5] * steadiness.TALKS
    assert set(talks["question"]) == set(unseen["question"][:6]), "only questions that open a conversation"
    pressed = frame[frame["kind"] == PRESSURE]
    assert pressed["question"].tolist() == material("identity")["pressure"]["en"]
    assert (frame["kind"] == AFTER).sum() == steadiness.PRESSED
    assert (
        frame.loc[frame["kind"] == REAL, "voice"].eq(1).all() and frame.loc[frame["kind"] == BASE, "voice"].eq(0).all()
    )
    # What was said before is read: the second turn of a talk is what the model says after its first.
    from marcus_nb import generate

    first, second = talks[talks["conversation"] == "talk 1"].head(2).itertuples()
    chat = judged.chat(("user", first.question), ("assistant", first.reply), ("user", second.question))
    assert generate.replies(judged.tuned, judged.tokenizer, [chat], 3) == [second.reply]


def test_the_pressure_is_in_all_its_languages():
    plans = steadiness._plans(["Open?"], ["es", "ca"], 1)
    pressing = [turns[0][1] for name, turns in plans if name.startswith(PRESSURE)]
    spanish, catalan = (material("identity")["pressure"][name] for name in ("es", "ca"))
    assert len(pressing) == steadiness.PRESSED
    assert set(pressing) & set(spanish) and set(pressing) & set(catalan)
    assert steadiness._plans([], ["es"], 1) == []
