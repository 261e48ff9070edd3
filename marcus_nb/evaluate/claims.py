"""From figures to a verdict: each claim with n and an interval, supported, refuted, open or not measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from marcus_nb.parameters import Evaluate

SUPPORTED, REFUTED, OPEN, NOT_MEASURED = "supported", "refuted", "open", "not measured"
MARKS = {SUPPORTED: "✓", REFUTED: "✗", OPEN: "?", NOT_MEASURED: "–"}
ACQUIRED, NOT_ACQUIRED, INCONCLUSIVE = "acquired", "not acquired", "inconclusive"


@dataclass(frozen=True)
class Claim:
    """One claim: `value` with its interval `low` to `high`, from `n` conversations or probes."""

    name: str
    question: str  # what it decides, for people
    value: float
    low: float
    high: float
    n: int
    status: str
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """`verdict` is acquired, not acquired or inconclusive; `reasons` are plain sentences."""

    verdict: str
    claims: tuple[Claim, ...]
    reasons: tuple[str, ...]


def bootstrap_mean(values: Sequence[float], confidence: float, samples: int, seed: int) -> tuple[float, float, float]:
    """Mean and percentile-bootstrap interval (Efron 1979), resampling whole conversations.

    >>> bootstrap_mean([1.0, 1.0, 1.0], 0.95, 1000, 0)
    (1.0, 1.0, 1.0)
    """
    data = np.asarray(values, dtype=float)
    chance = np.random.default_rng(seed)
    means = data[chance.integers(0, len(data), (samples, len(data)))].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(data.mean()), float(low), float(high)


def judge(loss: pd.DataFrame, probes: pd.DataFrame, whose: str, parameters: Evaluate, seed: int) -> Verdict:
    """The verdict and its reasons from `measure.losses` and `measure.probe_answers`.

    *acquired* needs every measured claim supported; one refuted claim makes it *not acquired*; anything else, and too
    few held-out conversations, is *inconclusive*.
    """
    gain_first = loss["base_first"] - loss["tuned_first"]
    claims = [
        _mean_claim(
            "loss",
            "Does it find the persona's real replies likelier than the base model does?",
            loss["base"] - loss["tuned"],
            "Its loss on the persona's held-out replies is lower than the base model's by {value} nats per token",
            parameters,
            seed,
        ),
        _mean_claim(
            "relevance",
            "Does it answer this question, and not just sound right?",
            (loss["tuned_shuffled"] - loss["tuned_first"]) - (loss["base_shuffled"] - loss["base_first"]),
            "It ties replies to their own questions more than the base model does, by {value} nats per token",
            parameters,
            seed,
        ),
        _mean_claim(
            "contrast",
            f"Did it learn this persona, and not just to chat? (against {whose})",
            gain_first - (loss["base_other"] - loss["tuned_other"]),
            "It gained more on this persona's replies than on those of " + whose + ", by {value} nats per token",
            parameters,
            seed,
        ),
        _mean_claim(
            "without prompt",
            "Is the personality in the model, and not in the system prompt?",
            loss["base"] - loss["tuned_no_system"],
            "Without its system prompt its loss is still lower than the base model's, by {value} nats per token",
            parameters,
            seed,
        ),
        _knowledge_claim(probes, parameters),
    ]
    reasons = [f"{MARKS[claim.status]} {claim.name}: {claim.sentence}" for claim in claims]
    measured = [claim for claim in claims if claim.status != NOT_MEASURED]
    if len(loss) < parameters.min_test_conversations:
        reasons.insert(
            0,
            f"Only {len(loss)} held-out conversations could be scored, and a useful interval needs at least "
            f"{parameters.min_test_conversations}: bring more conversations, or raise clean.test_share.",
        )
        return Verdict(INCONCLUSIVE, tuple(claims), tuple(reasons))
    if any(claim.status == REFUTED for claim in measured):
        return Verdict(NOT_ACQUIRED, tuple(claims), tuple(reasons))
    acquired = all(claim.status == SUPPORTED for claim in measured)
    return Verdict(ACQUIRED if acquired else INCONCLUSIVE, tuple(claims), tuple(reasons))


def _mean_claim(name: str, question: str, gains: pd.Series, sentence: str, parameters: Evaluate, seed: int) -> Claim:
    gains = gains.dropna()
    if len(gains) == 0:
        return Claim(name, question, 0.0, 0.0, 0.0, 0, NOT_MEASURED, "No held-out conversation could be compared.")
    value, low, high = bootstrap_mean(gains, parameters.confidence, parameters.bootstrap_samples, seed)
    status = SUPPORTED if low > 0 else REFUTED if high <= 0 else OPEN
    ending = {
        SUPPORTED: "",
        REFUTED: ": there is no gain",
        OPEN: ": the interval holds zero, so chance alone could do this",
    }[status]
    if len(gains) < parameters.min_test_conversations:  # one conversation alone has an interval of no width
        status, ending = OPEN, f": fewer conversations than the {parameters.min_test_conversations} that a claim needs"
    interval = f"{value:+.2f} ({parameters.confidence:.0%} interval {low:+.2f} to {high:+.2f}, n = {len(gains)})"
    return Claim(name, question, value, low, high, len(gains), status, sentence.format(value=interval) + ending + ".")


def _knowledge_claim(probes: pd.DataFrame, parameters: Evaluate) -> Claim:
    name, question = "knowledge", "Does it know the facts, in wordings it never saw?"
    if len(probes) == 0:
        return Claim(name, question, 0.0, 0.0, 0.0, 0, NOT_MEASURED, "No knowledge probes are given, so not measured.")
    right, base = int(probes["tuned_right"].sum()), int(probes["base_right"].sum())
    interval = binomtest(right, len(probes)).proportion_ci(parameters.confidence, method="wilson")
    enough = right / len(probes) >= parameters.min_right_probes and interval.low > base / len(probes)
    hopeless = right <= base or interval.high < parameters.min_right_probes
    status = REFUTED if hopeless else SUPPORTED if enough else OPEN
    wrong = "; ".join(probes.loc[~probes["tuned_right"].astype(bool), "question"])
    wanted = f"asked for are at least {parameters.min_right_probes:.0%}, and more than the base model beyond chance"
    sentence = (
        f"It answers {right} of {len(probes)} knowledge probes right ({parameters.confidence:.0%} interval "
        f"{interval.low:.0%} to {interval.high:.0%}), the base model {base}; {wanted}."
        + (f" Wrong: {wrong}" if wrong else "")
    )
    return Claim(
        name, question, right / len(probes), float(interval.low), float(interval.high), len(probes), status, sentence
    )
