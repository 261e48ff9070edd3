"""Does persona A sound like A rather than B? Judged on what `matrix` asked the models."""

import math
from collections.abc import Sequence

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from marcus_nb.evaluate.across import Compared
from marcus_nb.evaluate.gains import NATS
from marcus_nb.evaluate.statistics import bootstrap_mean, share
from marcus_nb.parameters import Evaluate

BITS = "bits per byte"
FEWEST_REAL = 20  # replies of a persona that the classifier must have to learn its voice from


def unit_of(compared: Sequence[Compared]) -> str:
    """Losses per token compare only within one tokenizer; those of several base models are told in bits per byte."""
    return NATS if len({item.base["sha256"] for item in compared}) == 1 else BITS


def _per_unit(losses: pd.DataFrame, who: str, unit: str) -> pd.Series:
    if unit == NATS:
        return losses[who] / losses["tokens"]
    return losses[who] / math.log(2) / losses["bytes"].where(losses["bytes"] > 0)


def cross_matrix(losses: pd.DataFrame, unit: str, parameters: Evaluate, seed: int) -> pd.DataFrame:
    """How much likelier each model finds each persona's unseen replies than its base model does, with its interval.

    Columns: model, persona, base, tuned (mean losses), gain, low, high, n (conversations), unit.
    """
    rows = []
    for (model, persona), part in losses.groupby(["model", "persona"], sort=False):
        base, tuned = _per_unit(part, "base", unit), _per_unit(part, "tuned", unit)
        gain = (base - tuned).dropna()
        if len(gain):
            found = bootstrap_mean(gain, parameters.confidence, parameters.bootstrap_samples, seed)
            rows.append((model, persona, base.mean(), tuned.mean(), *found, len(gain), unit))
    columns = ["model", "persona", "base", "tuned", "gain", "low", "high", "n", "unit"]
    return pd.DataFrame(rows, columns=columns)


def own_or_other(
    losses: pd.DataFrame, speaks_as: dict[str, str], unit: str, parameters: Evaluate, seed: int
) -> pd.DataFrame:
    """On each persona's unseen replies: its own model against every model of another persona, conversation by
    conversation.

    `speaks_as` tells each model's persona. Columns: persona, own, other, advantage (loss of the other minus loss of
    its own: above 0, its own model knows it better), low, high, n, unit, own_wins (the whole interval above 0).
    """
    rows = []
    wide = losses.assign(loss=_per_unit(losses, "tuned", unit)).pivot(
        index=["persona", "conversation"], columns="model", values="loss"
    )
    for own, persona in speaks_as.items():
        for other in (model for model, spoken in speaks_as.items() if spoken != persona):
            if persona not in wide.index.get_level_values("persona"):
                continue
            part = wide.loc[persona]
            advantage = (part[other] - part[own]).dropna()
            if len(advantage):
                value, low, high = bootstrap_mean(advantage, parameters.confidence, parameters.bootstrap_samples, seed)
                enough = len(advantage) >= parameters.min_test_conversations
                rows.append((persona, own, other, value, low, high, len(advantage), unit, bool(low > 0 and enough)))
    columns = ["persona", "own", "other", "advantage", "low", "high", "n", "unit", "own_wins"]
    return pd.DataFrame(rows, columns=columns)


def voices(
    learned: dict[str, Sequence[str]],
    real: dict[str, Sequence[str]],
    replies: pd.DataFrame,
    parameters: Evaluate,
    seed: int,
) -> pd.DataFrame:
    """Whom a classifier of the personas' real replies takes every model's replies for, as shares.

    `learned` are each persona's real replies that the classifier learns from, `real` those that nothing learned from,
    on which one sees how well it tells them apart. Columns: who, speaks_as, taken_for, share, low, high (Wilson), n;
    empty replies are nobody's and are not counted. No rows when a persona has fewer than FEWEST_REAL replies.
    """
    columns = ["who", "speaks_as", "taken_for", "share", "low", "high", "n"]
    if len(learned) < 2 or min(map(len, learned.values())) < FEWEST_REAL:
        return pd.DataFrame(columns=columns)
    tell = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        LogisticRegression(C=10, class_weight="balanced", max_iter=1000, random_state=seed),
    ).fit([reply for given in learned.values() for reply in given], [p for p, given in learned.items() for _ in given])
    spoken = [(f"{persona}, really", persona, list(given)) for persona, given in real.items()]
    spoken += [
        (f"{model} as {persona}" if model.startswith("base model") else model, persona, part["reply"].tolist())
        for (model, persona), part in replies.groupby(["model", "speaks_as"], sort=False)
    ]
    rows = []
    for who, persona, said in spoken:
        said = [reply for reply in said if reply.strip()]
        if said:
            taken = tell.predict(said)
            for other in learned:
                found = share(int((taken == other).sum()), len(said), parameters.confidence)
                rows.append((who, persona, other, *found, len(said)))
    return pd.DataFrame(rows, columns=columns)


def in_words(own: pd.DataFrame) -> list[str]:
    """One sentence for every pair: does persona A sound like A rather than B?"""
    words = []
    for row in own.itertuples():
        figures = f"{row.advantage:+.2f} {row.unit} ({row.low:+.2f} to {row.high:+.2f}, n = {row.n})"
        if row.own_wins:
            words.append(f"{row.own} knows {row.persona}'s replies better than {row.other} does: {figures}.")
        elif row.high < 0:
            words.append(f"{row.other} knows {row.persona}'s replies better than {row.own}, its own model: {figures}.")
        else:
            words.append(f"{row.own} and {row.other} cannot be told apart on {row.persona}'s replies: {figures}.")
    return words
