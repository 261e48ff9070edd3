"""How surprised the models are by what the persona really said, and the counter-checks."""

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from marcus_nb import models, text
from marcus_nb.conversation import PERSONA_ROLE, Conversation
from marcus_nb.evaluate.asking import Judged, Log, why_not_scored
from marcus_nb.evaluate.claims import (
    BASE,
    BASELINE,
    DIFFERENCE,
    OPEN,
    REFUTED,
    SUPPORTED,
    TUNED,
    Claim,
    Measured,
    at_least,
    not_measurable,
)
from marcus_nb.evaluate.statistics import auc, bootstrap, bootstrap_mean, bootstrap_share
from marcus_nb.parameters import Evaluate
from marcus_nb.render import IGNORED, Chat, render

NATS = "nats per token"
_ASKED = (
    ("the whole conversation", "base", "baseline", "tuned"),
    ("the whole conversation; the tuned model without its system prompt", "base", "", "tuned_no_system"),
    ("the first reply, after its own question", "base_first", "", "tuned_first"),
    ("the same reply, after another conversation's question", "base_shuffled", "", "tuned_shuffled"),
    ("somebody else's reply to a like question", "base_other", "", "tuned_other"),
)


def conversation_losses(
    test: Sequence[Conversation], contrast: pd.DataFrame, judged: Judged, seed: int, log: Log
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Loss per persona token (nats) of each held-out conversation, in the ways that the claims compare.

    Columns: conversation, question, tokens, bytes (of the persona's turns); whole conversation: base, baseline (told
    the persona with three examples), tuned, tuned_no_system; its first exchange: base_first, tuned_first; the same
    reply to another conversation's question: base_shuffled, tuned_shuffled; the other's reply to a like question:
    base_other, tuned_other. NaN where a comparison is not to be had.
    Second, the conversations that could not be scored, wholly or in one comparison, with the reason.
    """
    kept, unscored = [], []
    for item in test:
        problem = why_not_scored(judged, item.as_chat(judged.system_prompt)) or why_not_scored(judged, item.as_chat())
        if problem:
            unscored.append((item.id, problem))
        else:
            kept.append(item)
    strangers = _strangers([item.first_exchange[0] for item in kept], seed)
    others = dict(zip(contrast["conversation"], contrast["other_reply"], strict=True))
    asked: dict[str, list[Chat | None]] = {
        name: [] for name in ("whole", "baseline", "no_system", "first", "shuffled", "other")
    }
    for item, stranger in zip(kept, strangers, strict=True):
        question, reply = item.first_exchange
        asked["whole"].append(item.as_chat(judged.system_prompt))
        asked["no_system"].append(item.as_chat())
        asked["first"].append(judged.chat(("user", question), (PERSONA_ROLE, reply)))
        # Where a comparison is not to be had, the conversation itself can still be scored.
        for name, against, wanted, chat in [
            ("baseline", "the model that is told the persona", True, item.as_chat(judged.baseline_prompt)),
            ("shuffled", "another question", stranger, judged.chat(("user", stranger), (PERSONA_ROLE, reply))),
            (
                "other",
                "somebody else's reply",
                others[item.id],
                judged.chat(("user", question), (PERSONA_ROLE, others[item.id])),
            ),
        ]:
            problem = why_not_scored(judged, chat) if wanted else "there is none like it"
            asked[name].append(None if problem else chat)
            if problem:
                unscored.append((item.id, f"only the comparison with {against}: {problem}"))
    log(f"loss of {len(kept)} held-out conversations, asked in {len(asked)} ways of two models")
    base = _per_token(judged.base, judged.tokenizer, asked, ("whole", "baseline", "first", "shuffled", "other"))
    tuned = _per_token(judged.tuned, judged.tokenizer, asked, ("whole", "no_system", "first", "shuffled", "other"))
    rendered = [render(judged.tokenizer, chat) for chat in asked["whole"]]
    frame = pd.DataFrame(
        {
            "conversation": [item.id for item in kept],
            "question": [item.first_exchange[0] for item in kept],
            "tokens": [sum(label != IGNORED for item in items for label in item.labels) for items in rendered],
            "bytes": [sum(len(reply.encode("utf-8")) for reply in item.replies) for item in kept],
            "base": base["whole"],
            "baseline": base["baseline"],
            "tuned": tuned["whole"],
            "tuned_no_system": tuned["no_system"],
            **{f"base_{name}": base[name] for name in ("first", "shuffled", "other")},
            **{f"tuned_{name}": tuned[name] for name in ("first", "shuffled", "other")},
        }
    )
    return frame, unscored


def _per_token(
    model: Any, tokenizer: Any, asked: dict[str, list[Chat | None]], ways: Sequence[str]
) -> dict[str, list[float]]:
    """Loss per labelled token of each conversation in each way; a text that is asked in two ways is read once."""
    places: dict[tuple, int] = {}
    wanted: dict[str, list[list[int]]] = {}
    for way in ways:
        wanted[way] = []
        for chat in asked[way]:
            items = render(tokenizer, chat) if chat else []
            keys = [(tuple(item.input_ids), tuple(item.labels)) for item in items]
            wanted[way].append([places.setdefault(key, len(places)) for key in keys])
    scored = models.negative_log_likelihood(model, list(places))
    found: dict[str, list[float]] = {}
    for way, rows in wanted.items():
        sums = [(sum(scored[place][0] for place in row), sum(scored[place][1] for place in row)) for row in rows]
        found[way] = [loss / count if count else math.nan for loss, count in sums]
    return found


def _strangers(questions: Sequence[str], seed: int) -> list[str]:
    """For each question another one: the next in a shuffled circle that does not say the same; "" where none does."""
    order = list(range(len(questions)))
    random.Random(seed).shuffle(order)
    said = [text.comparable(question) for question in questions]
    found = [""] * len(questions)
    for place, index in enumerate(order):
        circle = (order[(place + step) % len(order)] for step in range(1, len(order)))
        found[index] = next((questions[other] for other in circle if said[other] != said[index]), "")
    return found


def ways_of_asking(loss: pd.DataFrame, parameters: Evaluate, seed: int) -> pd.DataFrame:
    """Mean losses in each way of asking, and the gain of the pairs: each conversation is compared with itself.

    Columns: asked, base, baseline (NaN where it is not asked), tuned, gain with its low and high, n (conversations).
    """
    rows = []
    for asked, base, baseline, tuned in _ASKED:
        both = loss[[base, tuned]].dropna()
        gain = (math.nan, math.nan, math.nan)
        if len(both):
            gains = both[base] - both[tuned]
            gain = bootstrap_mean(gains, parameters.confidence, parameters.bootstrap_samples, seed)
        told = loss[baseline].mean() if baseline else math.nan
        rows.append((asked, both[base].mean(), told, both[tuned].mean(), *gain, len(both)))
    return pd.DataFrame(rows, columns=["asked", "base", "baseline", "tuned", "gain", "low", "high", "n"])


def judge_losses(loss: pd.DataFrame, whose: str, parameters: Evaluate, seed: int) -> tuple[list[Measured], list[Claim]]:
    """The five claims that need no generation: loss, beyond prompting, without prompt, relevance, contrast."""
    ask = _Asking(parameters, seed)
    gain_first = loss["base_first"] - loss["tuned_first"]
    gain_other = loss["base_other"] - loss["tuned_other"]
    claims = [
        ask.gain(
            "loss",
            "Finds what the persona really said likelier than the base model does",
            loss["base"] - loss["tuned"],
            parameters.min_loss_gain,
            "A word piece of the persona's unseen replies is {times} times as likely as for the base model: {value}",
            "Train for more steps or with more conversations: so far the model has hardly changed.",
        ),
        ask.gain(
            "beyond prompting",
            "Was worth training, against just describing the persona to the base model",
            loss["baseline"] - loss["tuned"],
            0.0,
            "A word piece is {times} times as likely as for the base model that is told who the persona is, with three "
            "examples: {value}",
            "A good system prompt does as well: train for more steps, or with more conversations.",
        ),
        ask.gain(
            "without prompt",
            "Has the personality in itself, and not only in the system prompt",
            loss["base"] - loss["tuned_no_system"],
            0.0,
            "Without its system prompt: {times} times as likely as for the base model that has it, {value}",
            "Keep the system prompt wherever the model is used, and train for more steps.",
        ),
        ask.gain(
            "relevance",
            "Answers the question that was asked, and does not just sound right",
            (loss["tuned_shuffled"] - loss["tuned_first"]) - (loss["base_shuffled"] - loss["base_first"]),
            parameters.min_relevance,
            "It ties replies to their own questions more than the base model does, by {value}",
            "Check that the answers in the data belong to their questions (a shifted column, a wrong order).",
        ),
        _contrast(loss, gain_first, gain_other, whose, parameters, seed),
    ]
    return ask.measured + _figures(loss, gain_first, gain_other, parameters, seed), claims


class _Asking:
    """The claims about a mean, and their figures."""

    def __init__(self, parameters: Evaluate, seed: int) -> None:
        self.parameters, self.seed, self.measured = parameters, seed, []

    def gain(self, name: str, statement: str, gains: pd.Series, threshold: float, sentence: str, advice: str) -> Claim:
        parameters, gains = self.parameters, gains.dropna()
        if len(gains) == 0:
            return not_measurable(
                name, statement, "Not measurable: no held-out conversation could be compared (n = 0)."
            )
        value, low, high = bootstrap_mean(gains, parameters.confidence, parameters.bootstrap_samples, self.seed)
        self.measured.append(Measured(name, "gain", NATS, "higher", DIFFERENCE, value, low, high, len(gains)))
        status = at_least(value, low, high, threshold)
        why = (
            "too little" if status == REFUTED else f"the interval holds {threshold:.2f}, so chance alone could do this"
        )
        if len(gains) < parameters.min_test_conversations:  # one conversation alone has an interval of no width
            status = OPEN
            why = f"fewer conversations than the {parameters.min_test_conversations} that a claim needs"
        found = f"{value:+.2f} nats per token ({parameters.confidence:.0%} interval {low:+.2f} to {high:+.2f}, "
        found += f"n = {len(gains)})"
        told = f"{sentence.format(value=found, times=_times(value))}."
        if status != SUPPORTED:
            told = f"Not shown: the difference is {found}, and asked for is {threshold:+.2f} or more: {why}."
        advice = "" if status == SUPPORTED else advice
        return Claim(name, statement, value, low, high, len(gains), threshold, status, told, advice)


def _times(nats: float) -> str:
    """A gain in nats as how many times as likely: `_times(0.69)` → "2.0"."""
    return f"{math.exp(nats):.1f}" if nats < math.log(10) else f"{math.exp(nats):,.0f}"


def _contrast(
    loss: pd.DataFrame, own: pd.Series, other: pd.Series, whose: str, parameters: Evaluate, seed: int
) -> Claim:
    name = "contrast"
    statement = f"Learned this persona, and not just to chat (against {whose})"
    both = loss[own.notna() & other.notna()]
    if len(both) < parameters.min_test_conversations:
        why = f"Not measurable: {len(both)} replies of {whose} to like questions, where a useful interval needs "
        return not_measurable(name, statement, why + f"{parameters.min_test_conversations}.", len(both))
    value, low, high = _auc_of_gains(own[both.index], other[both.index], parameters, seed)
    status = at_least(value, low, high, parameters.min_contrast)
    told = (
        f"It gained more on a reply of this persona than on one of {whose} in {value:.0%} of all pairs (AUC "
        f"{value:.2f}, {parameters.confidence:.0%} interval {low:.2f} to {high:.2f}, n = {len(both)}; 0.50 is chance, "
        f"asked for: {parameters.min_contrast:.2f})."
    )
    advice = "" if status == SUPPORTED else "It sounds as much like another persona: check whose replies it read."
    return Claim(name, statement, value, low, high, len(both), parameters.min_contrast, status, told, advice)


def _auc_of_gains(own: pd.Series, other: pd.Series, parameters: Evaluate, seed: int) -> tuple[float, float, float]:
    """How often the gain on this persona's replies is above that on another's; conversations are drawn in pairs."""
    scores = np.concatenate([own.to_numpy(), other.to_numpy()])
    mine = np.arange(len(scores)) < len(own)
    clusters = [*range(len(own)), *range(len(own))]
    samples = min(parameters.bootstrap_samples, 2000)
    return bootstrap(lambda places: auc(scores[places], mine[places]), clusters, parameters.confidence, samples, seed)


def _figures(loss: pd.DataFrame, own: pd.Series, other: pd.Series, parameters: Evaluate, seed: int) -> list[Measured]:
    """What stands behind the claims: loss in each way of asking, bits per byte, share of conversations improved."""
    found = []

    def mean(claim: str, measure: str, unit: str, better: str, who: str, values: pd.Series) -> None:
        values = values.dropna()
        if len(values):
            value, low, high = bootstrap_mean(values, parameters.confidence, parameters.bootstrap_samples, seed)
            found.append(Measured(claim, measure, unit, better, who, value, low, high, len(values)))

    bits = loss["tokens"] / math.log(2) / loss["bytes"].where(loss["bytes"] > 0)
    for who in (BASE, BASELINE, TUNED):
        mean("loss", "loss on unseen replies", NATS, "lower", who, loss[who])
        mean("loss", "bits per byte", "bits per byte", "lower", who, loss[who] * bits)
    improved = (loss["tuned"] < loss["base"]).astype(float)
    if len(improved):
        samples = parameters.bootstrap_samples
        share = bootstrap_share(improved, parameters.confidence, samples, seed, loss["conversation"].tolist())
        found.append(Measured("loss", "conversations improved", "share", "higher", TUNED, *share, len(improved)))
    for who in (BASE, BASELINE, TUNED):
        mean("beyond prompting", "loss on unseen replies", NATS, "lower", who, loss[who])
    mean("without prompt", "loss without system prompt", NATS, "lower", TUNED, loss["tuned_no_system"])
    mean("without prompt", "loss without system prompt", NATS, "lower", BASE, loss["base"])
    for who in (BASE, TUNED):
        tied = loss[f"{who}_shuffled"] - loss[f"{who}_first"]
        mean("relevance", "loss more after another question", NATS, "higher", who, tied)
        mean("contrast", "loss on another's replies", NATS, "", who, loss[f"{who}_other"])
    both = own.notna() & other.notna()
    if both.sum() >= parameters.min_test_conversations:
        value, low, high = _auc_of_gains(own[both], other[both], parameters, seed)
        n = int(both.sum())
        found.append(Measured("contrast", "prefers its own replies", "AUC", "higher", TUNED, value, low, high, n))
        found.append(Measured("contrast", "prefers its own replies", "AUC", "higher", BASE, 0.5, None, None, n))
    return found
