"""Verdicts, claims and figures as 04_evaluate returns them, made up: what shows them is tested on these."""

from dataclasses import replace

import pandas as pd

from marcus_nb.evaluate import Claim, Measured, Verdict
from marcus_nb.evaluate.claims import (
    BASE,
    BASELINE,
    DIFFERENCE,
    NOT_MEASURED,
    OPEN,
    REAL,
    REFUTED,
    SUPPORTED,
    TUNED,
    not_measurable,
)
from marcus_nb.evaluate.verdict import Mistake
from marcus_nb.launcher import LAUNCHER

NATS = "nats per token"
_STATEMENTS = {
    "loss": "Finds what the persona really said likelier than the base model does",
    "beyond prompting": "Was worth training, against just describing the persona to the base model",
    "without prompt": "Has the personality in itself, and not only in the system prompt",
    "relevance": "Answers the question that was asked, and does not just sound right",
    "contrast": "Learned this persona, and not just to chat (against another persona)",
    "style": "Sounds like the persona itself",
    "knowledge": "Knows most of the facts, in wordings it never saw",
    "identity": "Says who it is",
    "steadiness": "Stays itself in a long conversation and under pressure",
    "health": "Its replies are whole: hardly any empty, endless or circling ones",
    "memory": "Learned the persona, and not the conversations by heart",
    "forgetting": "Can still do in general what the base model could",
}
# claim: its deciding figure (measure, unit, better, who), value, low, high, n, threshold
_DECIDED = {
    "loss": ("gain", NATS, "higher", DIFFERENCE, 1.27, 1.13, 1.41, 43, 0.2),
    "beyond prompting": ("gain", NATS, "higher", DIFFERENCE, 0.83, 0.71, 0.96, 43, 0.0),
    "without prompt": ("gain", NATS, "higher", DIFFERENCE, 1.11, 0.97, 1.26, 43, 0.0),
    "relevance": ("gain", NATS, "higher", DIFFERENCE, 0.31, 0.19, 0.44, 43, 0.1),
    "contrast": ("prefers its own replies", "AUC", "higher", TUNED, 0.91, 0.84, 0.97, 31, 0.7),
    "style": ("told from real replies", "AUC", "lower", TUNED, 0.78, 0.71, 0.85, 94, 0.9),
    "knowledge": ("probes right", "share", "higher", TUNED, 0.70, 0.40, 0.89, 10, 0.6),
    "identity": ("says its name", "share", "higher", TUNED, 0.81, 0.57, 0.93, 16, 0.5),
    "steadiness": ("in its voice, late or pressed", "share", "higher", TUNED, 0.84, 0.69, 0.97, 32, 0.6),
    "health": ("broken replies", "share", "lower", TUNED, 0.043, 0.016, 0.074, 188, 0.1),
    "memory": ("continued word by word, more of train", "share", "lower", DIFFERENCE, 0.12, 0.04, 0.21, 80, 0.5),
    "forgetting": ("perplexity ratio, general text", "ratio", "lower", DIFFERENCE, 1.18, 1.11, 1.26, 40, 2.0),
}
_BESIDE = (
    ("loss", "loss on unseen replies", NATS, "lower", BASE, 3.85, 3.6, 4.1, 43),
    ("loss", "loss on unseen replies", NATS, "lower", BASELINE, 3.41, 3.2, 3.6, 43),
    ("loss", "loss on unseen replies", NATS, "lower", TUNED, 2.58, 2.4, 2.7, 43),
    ("loss", "bits per byte", "bits per byte", "lower", TUNED, 0.98, 0.9, 1.1, 43),
    ("loss", "conversations improved", "share", "higher", TUNED, 1.0, 1.0, 1.0, 43),
    ("beyond prompting", "loss on unseen replies", NATS, "lower", BASE, 3.85, 3.6, 4.1, 43),
    ("beyond prompting", "loss on unseen replies", NATS, "lower", BASELINE, 3.41, 3.2, 3.6, 43),
    ("beyond prompting", "loss on unseen replies", NATS, "lower", TUNED, 2.58, 2.4, 2.7, 43),
    ("without prompt", "loss without system prompt", NATS, "lower", TUNED, 2.74, 2.5, 2.9, 43),
    ("without prompt", "loss without system prompt", NATS, "lower", BASE, 3.85, 3.6, 4.1, 43),
    ("relevance", "loss more after another question", NATS, "higher", BASE, 0.22, 0.1, 0.3, 43),
    ("relevance", "loss more after another question", NATS, "higher", TUNED, 0.53, 0.4, 0.7, 43),
    ("contrast", "prefers its own replies", "AUC", "higher", BASE, 0.5, None, None, 31),
    ("style", "told from real replies", "AUC", "lower", BASE, 0.99, 0.98, 1.0, 94),
    ("style", "told from real replies", "AUC", "lower", REAL, 0.51, 0.4, 0.6, 94),
    ("knowledge", "probes right", "share", "higher", BASE, 0.0, 0.0, 0.28, 10),
    ("knowledge", "probes right", "share", "higher", BASELINE, 0.2, 0.06, 0.51, 10),
    ("identity", "says its name", "share", "higher", BASE, 0.44, 0.2, 0.7, 16),
    ("steadiness", "in its voice, first reply", "share", "higher", BASE, 0.05, 0.0, 0.12, 43),
    ("steadiness", "in its voice, first reply", "share", "higher", REAL, 0.93, 0.84, 1.0, 43),
    ("health", "broken replies", "share", "lower", BASE, 0.21, 0.13, 0.3, 94),
    ("health", "broken replies", "share", "lower", REAL, 0.0, 0.0, 0.0, 94),
    ("forgetting", "perplexity, general text", "perplexity", "lower", BASE, 21.4, 17, 27, 40),
    ("forgetting", "perplexity, general text", "perplexity", "lower", TUNED, 25.2, 20, 31, 40),
)


def claims(**status: str) -> list[Claim]:
    """All twelve, supported but for those named: `claims(style="open")`; a blank in a name is an underscore."""
    found = []
    for name, (*_, value, low, high, n, threshold) in _DECIDED.items():
        said = status.get(name.replace(" ", "_"), SUPPORTED)
        if said == NOT_MEASURED:
            why = "Not measurable: 7 replies, and 90 are needed."
            found.append(not_measurable(name, _STATEMENTS[name], why, 7))
            continue
        sentence = f"Its {name} comes to {value:.2f} (95% interval {low:.2f} to {high:.2f}, n = {n})."
        advice = "" if said == SUPPORTED else f"Bring more conversations for its {name}."
        found.append(Claim(name, _STATEMENTS[name], value, low, high, n, threshold, said, sentence, advice))
    return found


def measures() -> list[Measured]:
    """The figures of `claims()`."""
    deciding = [
        Measured(name, measure, unit, better, who, value, low, high, n)
        for name, (measure, unit, better, who, value, low, high, n, _) in _DECIDED.items()
    ]
    return [*deciding, *(Measured(*row) for row in _BESIDE)]


def moved(name: str, value: float, low: float, high: float, status: str) -> tuple[list[Claim], list[Measured]]:
    """`claims()` and `measures()` with another figure for one of the claims."""
    others = [item for item in claims() if item.name != name]
    one = next(item for item in claims() if item.name == name)
    given = [replace(one, value=value, low=low, high=high, status=status), *others]
    order = list(_DECIDED)
    measure, _, _, who, *_ = _DECIDED[name]
    figures = [
        replace(item, value=value, low=low, high=high)
        if (item.claim, item.measure, item.who) == (name, measure, who)
        else item
        for item in measures()
    ]
    return sorted(given, key=lambda item: order.index(item.name)), figures


def judged(found: list[Claim], said: str = "acquired", deploy: str = "with care") -> Verdict:
    """A verdict over these claims."""
    summary = f"{sum(item.status == SUPPORTED for item in found)} claims hold on conversations it never saw."
    steps = tuple(item.advice for item in found if item.advice)
    wrong = (Mistake("When do you open on Sunday?", "At nine, skipper.", "eight or 8"),)
    why = ("Not alone with customers: it states 1 fact wrongly (When do you open on Sunday?).",)
    last = f"Talk with it ({LAUNCHER} chat acme), then deploy model/ as its MODEL_CARD.md says."
    return Verdict(said, summary, tuple(found), deploy, why, (*steps, last), wrong)


REFUTED_CASE = {"style": REFUTED, "knowledge": OPEN}


def unseen(words: str = "Aye, we open at nine.", long: str = "") -> pd.DataFrame:
    """Three unseen questions, one of each choice, as `evaluate.side_by_side` returns them."""
    rows = [
        ("a", 0, "test", f"Are you open? {words}", words, f"{words} {long}", words, True, False, "worst", 4.2),
        ("b", 0, "test", "And on Sunday?", words, words, "", True, True, "random", 2.6),
        ("c", 0, "test", "Do you hire kayaks?", words, words, words, True, True, "best", 1.1),
    ]
    columns = ["conversation", "turn", "split", "question", "real", "base", "tuned"]
    return pd.DataFrame(rows, columns=[*columns, "base_ended", "tuned_ended", "chosen", "loss"])


def answers(words: str = "Shut on Tuesday.") -> pd.DataFrame:
    """Five probes, one for each thing that can become of an answer, as `evaluate.probe_answers` returns them."""
    outcomes = ["right", "wrong", "contradicts", "declines", "silent"]
    return pd.DataFrame(
        {
            "question": [f"{words} Number {place}?" for place in range(5)],
            "must": [words] * 5,
            "base": [words] * 5,
            "baseline": [words] * 5,
            "tuned": [words, words, words, words, ""],
            "base_outcome": ["wrong"] * 5,
            "baseline_outcome": ["right", "right", "wrong", "wrong", "wrong"],
            "tuned_outcome": outcomes,
            "nearest": [words] * 5,
            "similarity": [0.25, 0.5, 0.75, 1.0, 0.1],
        }
    )


def losses() -> pd.DataFrame:
    """Four conversations whose tuned loss is 1 less than the base model's; one of them has no other's reply."""
    names = ["base", "baseline", "tuned", "tuned_no_system", "base_first", "tuned_first"]
    names += ["base_shuffled", "tuned_shuffled", "base_other", "tuned_other"]
    starts = [4.0, 3.5, 3.0, 3.2, 4.1, 3.1, 4.2, 3.9, 4.3, 4.0]
    frame = pd.DataFrame(
        {name: [start + 0.1 * row for row in range(4)] for name, start in zip(names, starts, strict=True)}
    )
    frame = frame.assign(conversation=list("abcd"), tokens=9, bytes=30)
    frame.loc[0, ["base_other", "tuned_other"]] = float("nan")
    return frame


def profile() -> pd.DataFrame:
    """Four habits: nearer to the persona, farther from it, the same, and nearer; and how many replies there are."""
    rows = [("replies", "number", 94.0, 93.0, 94.0), ("words a sentence", "words", 21.0, 11.0, 9.0)]
    rows += [("question marks", "per 100 words", 1.0, 4.0, 1.5), ("small letters only", "share of replies", 0, 0, 0)]
    rows += [("commas", "per 100 words", 5.4, 10.5, 11.7)]
    return pd.DataFrame(rows, columns=["feature", "unit", "base", "tuned", "real"])
