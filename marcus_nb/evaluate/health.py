"""Is the model well? Replies that are empty, never end, go round in circles, or are the same to everything."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from marcus_nb import text
from marcus_nb.evaluate.claims import (
    BASE,
    NOT_MEASURED,
    REAL,
    SUPPORTED,
    TUNED,
    Claim,
    Measured,
    at_most,
    interval,
    not_measurable,
)
from marcus_nb.evaluate.statistics import bootstrap_share
from marcus_nb.parameters import Evaluate
from marcus_nb.words import listed, worded

EMPTY, ENDLESS = worded("empty"), worded("never ends")
LOOPS, SAME = worded("goes in circles"), worded("the same to everything")
FOUR = 4  # words whose repetition makes a circle
CIRCLES = 0.4  # share of a reply's runs of four words that stood in it before
SAMPLED = "sampled"


def broken_replies(replies: pd.DataFrame) -> pd.DataFrame:
    """What is wrong with each unseen reply: a row for each model and reply.

    Columns: conversation, question, who ("base", "tuned", "sampled": the tuned model at a temperature, "real"), reply,
    fault ("" or one of EMPTY, ENDLESS, LOOPS, SAME). A reply never ends when it was cut where the persona would long
    have ended; it is the same to everything when the model gives it to one question in twenty, and more than twice as
    often as the persona gives any.
    """
    longest = replies["real"].str.split().str.len().quantile(0.95) if len(replies) else 0
    common = max(Counter(map(text.comparable, replies["real"])).values(), default=1)
    parts = []
    for who in (BASE, TUNED, SAMPLED, REAL):
        ended = replies[f"{who}_ended"] if who != REAL else pd.Series(True, index=replies.index)
        counts = Counter(map(text.comparable, replies[who]))
        limit = max(2, 2 * common, len(replies) / 20)
        faults = [
            EMPTY
            if not reply.strip()
            else LOOPS
            if repetition(reply) > CIRCLES
            else ENDLESS
            if not end and len(reply.split()) >= longest
            else SAME
            if counts[text.comparable(reply)] > limit
            else ""
            for reply, end in zip(replies[who], ended, strict=True)
        ]
        part = replies[["conversation", "question"]].assign(who=who, reply=replies[who], fault=faults)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def judge_health(broken: pd.DataFrame, parameters: Evaluate, seed: int) -> tuple[list[Measured], Claim]:
    """The claim that few of its replies are broken, from `broken_replies`; greedy and sampled replies count alike."""
    name, statement = "health", worded("Its replies are whole: hardly any empty, endless or circling ones")
    tuned = broken[broken["who"].isin((TUNED, SAMPLED))]
    if len(tuned) == 0:
        return [], not_measurable(name, statement, worded("Not measurable: no reply was asked for (n = 0)."))
    found = []

    def figure(measure: str, better: str, who: str, part: pd.DataFrame, values: pd.Series) -> tuple:
        figures = bootstrap_share(
            values.astype(float),
            parameters.confidence,
            min(parameters.bootstrap_samples, 2000),
            seed,
            part["conversation"].tolist(),
        )
        found.append(Measured(name, measure, "share", better, who, *figures, len(part)))
        return figures

    groups = {BASE: broken[broken["who"] == BASE], TUNED: tuned, REAL: broken[broken["who"] == REAL]}
    for who, part in groups.items():
        figures = figure(worded("broken replies"), "lower", who, part, part["fault"] != "")
        if who == TUNED:
            value, low, high = figures
        for fault in (EMPTY, ENDLESS, LOOPS, SAME):
            if (broken["fault"] == fault).any():
                figure(worded("replies: {fault}", fault=fault), "lower", who, part, part["fault"] == fault)
    budget = min(
        sum(len(reply.split()) for reply in broken.loc[broken["who"] == w, "reply"]) for w in (BASE, TUNED, REAL)
    )
    for who in (BASE, TUNED, REAL):
        said = broken.loc[broken["who"] == who, "reply"].tolist()
        for size in (1, 2, 3):
            share = distinct(said, size, budget)
            if not np.isnan(share):
                measure = worded("different runs of {size} words", size=size) if size > 1 else worded("different words")
                found.append(Measured(name, measure, "share", "higher", who, share, None, None, len(said)))
    wanted = parameters.max_broken_replies
    status = at_most(value, low, high, wanted)
    told = listed(
        worded("{count} {fault}", count=count, fault=listed([fault]))
        for fault, count in Counter(tuned["fault"]).most_common()
        if fault
    )
    figures = {
        "count": int((tuned["fault"] != "").sum()),
        "n": len(tuned),
        "share": f"{value:.1%}",
        **interval(low, high, parameters.confidence),
        "wanted": f"{wanted:.0%}",
    }
    sentence = (
        worded(
            "{count} of its {n} replies are broken ({faults}), which is {share} ({confidence} interval {low} to "
            "{high}); asked for: at most {wanted}.",
            faults=told,
            **figures,
        )
        if told
        else worded(
            "{count} of its {n} replies are broken, which is {share} ({confidence} interval {low} to {high}); asked "
            "for: at most {wanted}.",
            **figures,
        )
    )
    advice = {SUPPORTED: "", NOT_MEASURED: ""}.get(
        status, worded("Its replies break down: train for fewer epochs, or at half the learning rate.")
    )
    return found, Claim(name, statement, value, low, high, len(tuned), wanted, status, sentence, advice)


def repetition(reply: str) -> float:
    """Share of a reply's runs of four words that stood in it before: 0.0 where it has fewer than eight words.

    >>> repetition("I am here. I am here. I am here. I am here.")
    0.6666666666666666
    """
    words = reply.lower().split()
    if len(words) < 2 * FOUR:
        return 0.0
    runs = [tuple(words[place : place + FOUR]) for place in range(len(words) - FOUR + 1)]
    return 1 - len(set(runs)) / len(runs)


def distinct(replies: Sequence[str], size: int, budget: int) -> float:
    """Share of different runs of `size` words among the first `budget` words (distinct-n, arXiv 1510.03055), so that
    short and long replies compare; NaN where there are none.

    >>> distinct(["aye aye", "nay"], 1, 10)
    0.6666666666666666
    """
    runs, left = [], budget
    for reply in replies:
        words = reply.lower().split()[: max(0, left)]
        left -= len(words)
        runs += [tuple(words[place : place + size]) for place in range(len(words) - size + 1)]
    return len(set(runs)) / len(runs) if runs else float("nan")
