"""What the losses say of the persona: five claims that need no reply, each a gain that is compared with a threshold."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

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
    interval,
    not_measurable,
)
from marcus_nb.evaluate.statistics import auc, bootstrap, bootstrap_mean, bootstrap_share
from marcus_nb.parameters import Evaluate
from marcus_nb.words import Worded, listed, worded

NATS = worded("nats per token")


def judge_losses(loss: pd.DataFrame, whose: str, parameters: Evaluate, seed: int) -> tuple[list[Measured], list[Claim]]:
    """The five claims that need no generation: loss, beyond prompting, without prompt, relevance, contrast."""
    ask = _Asking(parameters, seed)
    gain_first = loss["base_first"] - loss["tuned_first"]
    gain_other = loss["base_other"] - loss["tuned_other"]
    claims = [
        ask.gain(
            "loss",
            worded("Finds what the persona really said likelier than the base model does"),
            loss["base"] - loss["tuned"],
            parameters.min_loss_gain,
            lambda **found: worded(
                "A word piece of the persona's unseen replies is {times} times as likely as for the base model: "
                "{value}.",
                **found,
            ),
            worded("Train for more steps or with more conversations: so far the model has hardly changed."),
        ),
        ask.gain(
            "beyond prompting",
            worded("Was worth training, against just describing the persona to the base model"),
            loss["baseline"] - loss["tuned"],
            0.0,
            lambda **found: worded(
                "A word piece is {times} times as likely as for the base model that is told who the persona is, with "
                "three examples: {value}.",
                **found,
            ),
            worded("A good system prompt does as well: train for more steps, or with more conversations."),
        ),
        ask.gain(
            "without prompt",
            worded("Has the personality in itself, and not only in the system prompt"),
            loss["base"] - loss["tuned_no_system"],
            0.0,
            lambda **found: worded(
                "Without its system prompt: {times} times as likely as for the base model that has it, {value}.",
                **found,
            ),
            worded("Keep the system prompt wherever the model is used, and train for more steps."),
        ),
        ask.gain(
            "relevance",
            worded("Answers the question that was asked, and does not just sound right"),
            (loss["tuned_shuffled"] - loss["tuned_first"]) - (loss["base_shuffled"] - loss["base_first"]),
            parameters.min_relevance,
            lambda **found: worded(
                "It ties replies to their own questions more than the base model does, by {value}.", **found
            ),
            worded("Check that the answers in the data belong to their questions (a shifted column, a wrong order)."),
        ),
        _contrast(loss, gain_first, gain_other, whose, parameters, seed),
    ]
    return ask.measured + _figures(loss, gain_first, gain_other, parameters, seed), claims


class _Asking:
    """The claims about a mean, and their figures."""

    def __init__(self, parameters: Evaluate, seed: int) -> None:
        self.parameters, self.seed, self.measured = parameters, seed, []

    def gain(
        self,
        name: str,
        statement: str,
        gains: pd.Series,
        threshold: float,
        supported: Callable[..., Worded],
        advice: str,
    ) -> Claim:
        parameters, gains = self.parameters, gains.dropna()
        if len(gains) == 0:
            why = worded("Not measurable: no held-out conversation could be compared (n = 0).")
            return not_measurable(name, statement, why)
        value, low, high = bootstrap_mean(gains, parameters.confidence, parameters.bootstrap_samples, self.seed)
        self.measured.append(Measured(name, worded("gain"), NATS, "higher", DIFFERENCE, value, low, high, len(gains)))
        status = at_least(value, low, high, threshold)
        why = (
            worded("too little")
            if status == REFUTED
            else worded("the interval holds {threshold}, so chance alone could do this", threshold=f"{threshold:.2f}")
        )
        if len(gains) < parameters.min_test_conversations:  # one conversation alone has an interval of no width
            status = OPEN
            needed = parameters.min_test_conversations
            why = worded("fewer conversations than the {needed} that a claim needs", needed=needed)
        found = worded(
            "{gain} nats per token ({confidence} interval {low} to {high}, n = {n})",
            gain=f"{value:+.2f}",
            **interval(low, high, parameters.confidence, "+.2f"),
            n=len(gains),
        )
        sentence = supported(value=found, times=_times(value))
        if status != SUPPORTED:
            sentence = worded(
                "Not shown: the difference is {value}, and asked for is {threshold} or more: {why}.",
                value=found,
                threshold=f"{threshold:+.2f}",
                why=why,
            )
        advice = "" if status == SUPPORTED else advice
        return Claim(name, statement, value, low, high, len(gains), threshold, status, sentence, advice)


def _times(nats: float) -> str:
    """A gain in nats as how many times as likely: `_times(0.69)` → "2.0"."""
    return f"{math.exp(nats):.1f}" if nats < math.log(10) else f"{math.exp(nats):,.0f}"


def _contrast(
    loss: pd.DataFrame, own: pd.Series, other: pd.Series, whose: str, parameters: Evaluate, seed: int
) -> Claim:
    name = "contrast"
    statement = worded("Learned this persona, and not just to chat (against {whose})", whose=listed([whose]))
    both = loss[own.notna() & other.notna()]
    if len(both) < parameters.min_test_conversations:
        why = worded(
            "Not measurable: {n} replies of {whose} to like questions, where a useful interval needs {needed}.",
            n=len(both),
            whose=listed([whose]),
            needed=parameters.min_test_conversations,
        )
        return not_measurable(name, statement, why, len(both))
    value, low, high = _auc_of_gains(own[both.index], other[both.index], parameters, seed)
    status = at_least(value, low, high, parameters.min_contrast)
    told = worded(
        "It gained more on a reply of this persona than on one of {whose} in {share} of all pairs (AUC {value}, "
        "{confidence} interval {low} to {high}, n = {n}; 0.50 is chance, asked for: {wanted}).",
        whose=listed([whose]),
        share=f"{value:.0%}",
        value=f"{value:.2f}",
        **interval(low, high, parameters.confidence, ".2f"),
        n=len(both),
        wanted=f"{parameters.min_contrast:.2f}",
    )
    advice = worded("It sounds as much like another persona: check whose replies it read.")
    advice = "" if status == SUPPORTED else advice
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
        mean("loss", worded("loss on unseen replies"), NATS, "lower", who, loss[who])
        mean("loss", worded("bits per byte"), worded("bits per byte"), "lower", who, loss[who] * bits)
    improved = (loss["tuned"] < loss["base"]).astype(float)
    if len(improved):
        samples = parameters.bootstrap_samples
        share = bootstrap_share(improved, parameters.confidence, samples, seed, loss["conversation"].tolist())
        found.append(
            Measured("loss", worded("conversations improved"), "share", "higher", TUNED, *share, len(improved))
        )
    for who in (BASE, BASELINE, TUNED):
        mean("beyond prompting", worded("loss on unseen replies"), NATS, "lower", who, loss[who])
    mean("without prompt", worded("loss without system prompt"), NATS, "lower", TUNED, loss["tuned_no_system"])
    mean("without prompt", worded("loss without system prompt"), NATS, "lower", BASE, loss["base"])
    for who in (BASE, TUNED):
        tied = loss[f"{who}_shuffled"] - loss[f"{who}_first"]
        mean("relevance", worded("loss more after another question"), NATS, "higher", who, tied)
        mean("contrast", worded("loss on another's replies"), NATS, "", who, loss[f"{who}_other"])
    both = own.notna() & other.notna()
    if both.sum() >= parameters.min_test_conversations:
        value, low, high = _auc_of_gains(own[both], other[both], parameters, seed)
        n = int(both.sum())
        measure = worded("prefers its own replies")
        found.append(Measured("contrast", measure, "AUC", "higher", TUNED, value, low, high, n))
        found.append(Measured("contrast", measure, "AUC", "higher", BASE, 0.5, None, None, n))
    return found
