"""What the base model lost: on models and tables where the answer is known."""

import math

import pandas as pd
import pytest
import torch
from evaluating import measured_of

from marcus_nb.evaluate import forgetting
from marcus_nb.evaluate.asking import Judged
from marcus_nb.evaluate.claims import (
    BASE,
    DIFFERENCE,
    NOT_MEASURED,
    OPEN,
    REFUTED,
    SUPPORTED,
    TUNED,
)
from marcus_nb.evaluate.forgetting import ANSWER, PLAIN, general_losses, is_right, judge_forgetting, task_answers
from marcus_nb.evaluate.material import material
from marcus_nb.models import tiny
from marcus_nb.parameters import Evaluate

SETTLED = Evaluate(bootstrap_samples=500, max_forgetting=2.0)
NO_TASKS = pd.DataFrame(columns=["question", "base_right", "tuned_right"])


def quiet(_):
    pass


@pytest.fixture(scope="module")
def damaged():
    """The tiny model, and the same with noise over its weights."""
    tuned = tiny.model()
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in tuned.parameters():
            weight += torch.randn_like(weight) * 0.05
    return Judged(tiny.model(), tuned, tiny.tokenizer(), "You are Nell.")


def test_the_same_model_forgot_nothing():
    model = tiny.model()
    frame = general_losses(Judged(model, model, tiny.tokenizer(), "You are Nell."), quiet)
    found, claim = judge_forgetting(frame, NO_TASKS, SETTLED, 1)
    assert (claim.value, claim.low, claim.high) == (1.0, 1.0, 1.0) and claim.status == SUPPORTED
    assert claim.n == len(frame) == len(material("general")["passages"]) + len(material("general")["questions"])
    assert measured_of(found, "perplexity, general text", BASE) is not None


def test_a_damaged_model_is_worse_and_the_loss_is_that_of_the_text(damaged):
    frame = general_losses(damaged, quiet)
    _, claim = judge_forgetting(frame, NO_TASKS, SETTLED, 1)
    assert claim.value > 1.1
    row = frame.iloc[0]
    ids = torch.tensor([damaged.tokenizer(row["text"], add_special_tokens=False).input_ids])
    assert row["base"] == pytest.approx(damaged.base(input_ids=ids, labels=ids).loss.item(), abs=1e-4)
    assert row["tokens"] == ids.shape[1] - 1 and row["form"] == PLAIN


def test_only_the_answer_is_scored_and_no_persona_is_told(damaged):
    frame = general_losses(damaged, quiet)
    answers = frame[frame["form"] == ANSWER]
    first = material("general")["questions"][0]
    end = 1 if damaged.tokenizer.chat_template else 0
    assert answers["tokens"].iloc[0] == len(first["answer"].encode("utf-8")) + end, (
        "one token a byte, and the turn's end"
    )
    other = Judged(damaged.base, damaged.tuned, damaged.tokenizer, "You are a pirate.")
    pd.testing.assert_frame_equal(frame, general_losses(other, quiet))


def general(ratio: float, spread: float = 0.0, n: int = 25) -> pd.DataFrame:
    """Texts whose perplexity ratio is `ratio` in the geometric mean."""
    rows = []
    for place in range(n):
        base = 2.0 + place / n
        shift = spread * (1 if place % 2 else -1) if place < n - n % 2 else 0.0
        rows.append((PLAIN if place % 3 else ANSWER, base, base + math.log(ratio) + shift))
    return pd.DataFrame(rows, columns=["form", "base", "tuned"])


@pytest.mark.parametrize(
    ("ratio", "spread", "status"),
    [(1.0, 0.0, SUPPORTED), (0.8, 0.0, SUPPORTED), (2.0, 1.0, SUPPORTED), (2.3, 1.5, OPEN), (3.0, 0.2, REFUTED)],
)
def test_the_claim_about_forgetting(ratio, spread, status):
    # A hair under the threshold, so that rounding does not decide.
    found, claim = judge_forgetting(general(ratio - 1e-9, spread), NO_TASKS, SETTLED, 1)
    assert claim.status == status and claim.value == pytest.approx(ratio)
    assert claim.low <= claim.value <= claim.high and bool(claim.advice) == (status != SUPPORTED)
    ratios = measured_of(found, "perplexity ratio, general text", DIFFERENCE)
    assert ratios.value == pytest.approx(ratio) and ratios.n == 25
    for form in (PLAIN, ANSWER):
        assert measured_of(found, f"perplexity ratio, {form}", DIFFERENCE).n < 25


def test_a_text_that_is_hard_for_both_models_hides_nothing():
    """The texts differ by far more than the models do: pairs show it, two separate means would not."""
    _, claim = judge_forgetting(
        general(2.5).assign(base=lambda f: f["base"] * 3, tuned=lambda f: f["base"] + math.log(2.5)),
        NO_TASKS,
        SETTLED,
        1,
    )
    assert claim.status == REFUTED and claim.low == pytest.approx(2.5)


def test_few_texts_are_not_measurable():
    _, claim = judge_forgetting(general(1.0, n=4), NO_TASKS, SETTLED, 1)
    assert claim.status == NOT_MEASURED and "4 general texts" in claim.sentence


def test_the_simple_tasks_are_counted_beside_it():
    tasks = pd.DataFrame(
        {"question": list("abcd"), "base_right": [True] * 3 + [False], "tuned_right": [True] + [False] * 3}
    )
    found, claim = judge_forgetting(general(1.0), tasks, SETTLED, 1)
    assert claim.status == SUPPORTED and "of 4 simple tasks it solves 1, the base model 3" in claim.sentence
    assert [measured_of(found, "simple tasks right", who).value for who in (BASE, TUNED)] == [0.75, 0.25]


# --- the tasks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "must", "right"),
    [
        ("Five, skipper.", ["5", "five"], True),
        ("25", ["5", "five"], False),
        ("Es MARTES.", ["martes"], True),
        ("catalogue", ["cat"], False),
        ("Sí, claro", ["sí"], True),
        ("1, 2, 3, 4, 5, 6", ["1, 2, 3, 4, 5"], True),
        ("", ["a"], False),
    ],
)
def test_a_task_is_right_by_whole_words(reply, must, right):
    assert is_right(reply, must) is right


def test_no_task_says_its_own_answer():
    """Else a model that repeats the question would be right; to repeat a word, and to say yes or no, is to do so."""
    tasks = material("tasks")["tasks"]
    assert len({task["question"] for task in tasks}) == len(tasks) >= 20
    telling = [task["question"] for task in tasks if is_right(task["question"], task["must"])]
    assert all(question.startswith(("Repeat", "Repite")) or " no" in question for question in telling), telling
    assert sum(task["language"] == "es" for task in tasks) == len(tasks) / 2


def test_the_tasks_are_asked_of_both_without_the_persona(damaged):
    frame = task_answers(damaged, SETTLED, quiet)
    assert len(frame) == len(material("tasks")["tasks"])
    assert frame[["base_right", "tuned_right"]].dtypes.eq(bool).all()
    other = Judged(damaged.base, damaged.tuned, damaged.tokenizer, "You are a pirate.")
    pd.testing.assert_frame_equal(frame, task_answers(other, SETTLED, quiet))
    assert forgetting.TASK_TOKENS == 12


def test_the_general_text_is_large_enough_and_in_two_languages():
    passages = [item["text"] for item in material("general")["passages"]]
    answers = [item["answer"] for item in material("general")["questions"]]
    assert len(passages) + len(answers) >= 25 and len(set(passages + answers)) == len(passages + answers)
    for form in ("passages", "questions"):
        assert {item["language"] for item in material("general")[form]} == {"en", "es"}
    kinds = {item["kind"] for form in ("passages", "questions") for item in material("general")[form]}
    assert kinds >= {"encyclopaedic", "instructions", "dialogue", "code", "arithmetic"}
