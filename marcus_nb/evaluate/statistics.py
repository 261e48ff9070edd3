"""Intervals. Replies of one conversation are not independent: whole conversations are drawn, never single replies."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from scipy.stats import binomtest, norm, t

_AT_ONCE = 4_000_000  # drawn places held in memory at a time


def bootstrap_mean(
    values: Sequence[float],
    confidence: float,
    samples: int,
    seed: int,
    clusters: Sequence[Hashable] | None = None,
) -> tuple[float, float, float]:
    """Mean and expanded percentile-bootstrap interval (Hesterberg 2015), drawing whole clusters (conversations) again.

    `clusters` names each value's conversation; without it each value is its own.

    >>> bootstrap_mean([2.0, 2.0, 2.0], 0.95, 1000, 0)
    (2.0, 2.0, 2.0)
    """
    data = np.asarray(values, dtype=float)
    places = _places(clusters if clusters is not None else range(len(data)))
    sums = np.array([data[place].sum() for place in places])
    counts = np.array([len(place) for place in places], dtype=float)
    chance = np.random.default_rng(seed)
    means = []
    for drawn in _draws(chance, samples, len(places)):
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    value = float(data.mean())
    return (value, *_tails(np.concatenate(means), confidence, len(places)))


def bootstrap_share(
    values: Sequence[float], confidence: float, samples: int, seed: int, clusters: Sequence[Hashable]
) -> tuple[float, float, float]:
    """The share of values that are 1 and its interval, as `bootstrap_mean`.

    Where all clusters agree it is Wilson's over them: drawn again they still agree, which is no evidence of certainty.

    >>> bootstrap_share([1.0, 1.0, 1.0], 0.95, 1000, 0, ["a", "b", "c"])[0]
    1.0
    """
    value, low, high = bootstrap_mean(values, confidence, samples, seed, clusters)
    n = len(set(clusters))
    if low == high and n > 1:
        interval = binomtest(round(value * n), n).proportion_ci(confidence, method="wilson")
        low, high = min(value, float(interval.low)), max(value, float(interval.high))
    return value, low, high


def bootstrap(
    statistic: Callable[[np.ndarray], float],
    clusters: Sequence[Hashable],
    confidence: float,
    samples: int,
    seed: int,
) -> tuple[float, float, float]:
    """A statistic of the rows and its interval: `statistic(places)` is given the places of the rows that were drawn.

    >>> x = np.array([1.0, 3.0])
    >>> bootstrap(lambda places: float(x[places].max()), ["a", "b"], 0.95, 200, 0)
    (3.0, 1.0, 3.0)
    """
    places = _places(clusters)
    chance = np.random.default_rng(seed)
    found = [
        statistic(np.concatenate([places[cluster] for cluster in row]))
        for drawn in _draws(chance, samples, len(places))
        for row in drawn
    ]
    found = np.asarray([value for value in found if not np.isnan(value)])
    value = float(statistic(np.concatenate(places)))
    return (value, *_tails(found, confidence, len(places))) if len(found) else (value, float("nan"), float("nan"))


def auc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """How often a positive has a higher score than a negative, ties as half (Mann-Whitney); NaN without either.

    >>> auc([3.0, 2.0, 1.0], [True, False, False])
    1.0
    """
    scores, positive = np.asarray(scores, dtype=float), np.asarray(positive, dtype=bool)
    n = int(positive.sum()), int((~positive).sum())
    if not all(n):
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n[0] * (n[0] + 1) / 2) / (n[0] * n[1]))


def share(right: int, n: int, confidence: float) -> tuple[float, float, float]:
    """A share and its Wilson interval: `share(9, 12, 0.95)` → (0.75, 0.47, 0.91), rounded."""
    interval = binomtest(right, n).proportion_ci(confidence, method="wilson")
    return right / n, float(interval.low), float(interval.high)


def _places(clusters: Sequence[Hashable]) -> list[np.ndarray]:
    found: dict[Hashable, list[int]] = {}
    for place, cluster in enumerate(clusters):
        found.setdefault(cluster, []).append(place)
    return [np.asarray(places) for places in found.values()]


def _draws(chance: np.random.Generator, samples: int, clusters: int):
    """Rows of drawn clusters, in pieces, so that a million samples need no more memory than a thousand."""
    piece = max(1, _AT_ONCE // clusters)
    for start in range(0, samples, piece):
        yield chance.integers(0, clusters, (min(piece, samples - start), clusters))


def _tails(found: np.ndarray, confidence: float, clusters: int) -> tuple[float, float]:
    """Percentiles a little outside: the plain ones are too narrow where there are few clusters (Hesterberg 2015)."""
    tail = (1 - confidence) / 2
    if clusters > 1:
        tail = float(norm.cdf(-np.sqrt(clusters / (clusters - 1)) * t.ppf(1 - tail, clusters - 1)))
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)
