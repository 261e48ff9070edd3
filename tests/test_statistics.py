"""Intervals: in simulation, where the truth is known, they hold it as often as they say (from n = 50 on)."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from marcus_nb.evaluate.statistics import auc, bootstrap, bootstrap_mean, share

CONFIDENCE = 0.95
WORLDS = 400  # the simulated share is within 0.033 of the true one, three standard errors, where that is 0.95


def clustered(chance: np.random.Generator, clusters: int, between: float) -> tuple[np.ndarray, np.ndarray]:
    """Values with mean 0 in conversations of one to five replies that share a part of their value."""
    sizes = chance.integers(1, 6, clusters)
    names = np.repeat(np.arange(clusters), sizes)
    return between * chance.normal(size=clusters)[names] + chance.normal(size=len(names)), names


@pytest.mark.parametrize("between", [0.0, 1.0, 3.0])
def test_the_interval_of_a_clustered_mean_holds_the_truth_as_often_as_it_says(between: float):
    chance = np.random.default_rng(1)
    held = 0
    for world in range(WORLDS):
        values, names = clustered(chance, 50, between)
        _, low, high = bootstrap_mean(values, CONFIDENCE, 500, world, names.tolist())
        held += low <= 0 <= high
    assert 0.91 <= held / WORLDS <= 0.98


def test_without_clusters_the_interval_would_be_far_too_narrow():
    chance = np.random.default_rng(1)
    held = 0
    for world in range(WORLDS):
        values, _ = clustered(chance, 50, 3.0)
        _, low, high = bootstrap_mean(values, CONFIDENCE, 500, world)
        held += low <= 0 <= high
    assert held / WORLDS < 0.85


@pytest.mark.parametrize("truth", [0.6, 0.9])
def test_the_interval_of_an_auc_holds_the_truth_as_often_as_it_says(truth: float):
    """A pair of scores in each of 50 conversations, a little alike; their AUC is known: Φ(shift / √2)."""
    chance, pairs, worlds = np.random.default_rng(2), 50, 200
    labels = np.arange(2 * pairs) >= pairs
    clusters = [*range(pairs), *range(pairs)]
    held = 0
    for world in range(worlds):
        shared = chance.normal(size=pairs)
        own = chance.normal(size=(2, pairs))
        scores = np.concatenate([0.6 * shared + 0.8 * own[0], 0.6 * shared + 0.8 * own[1]])
        scores[pairs:] += np.sqrt(2) * norm.ppf(truth)

        def of(places: np.ndarray, scores: np.ndarray = scores) -> float:
            return auc(scores[places], labels[places])

        _, low, high = bootstrap(of, clusters, CONFIDENCE, 200, world)
        held += low <= truth <= high
    assert 0.89 <= held / worlds <= 0.99


def test_the_interval_of_a_share_holds_the_truth_as_often_as_it_says():
    """Counted exactly, not simulated: over all shares 0.95 in the mean, and nowhere far below."""
    counts = np.arange(51)
    ends = np.array([share(int(right), 50, CONFIDENCE)[1:] for right in counts])
    truths = np.linspace(0.02, 0.98, 97)
    coverage = np.array(
        [binom.pmf(counts, 50, truth)[(ends[:, 0] <= truth) & (truth <= ends[:, 1])].sum() for truth in truths]
    )
    assert coverage.mean() == pytest.approx(CONFIDENCE, abs=0.01)
    assert coverage.min() > 0.88


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.99])
def test_another_confidence_is_held_too(confidence: float):
    chance = np.random.default_rng(3)
    held = 0
    for world in range(WORLDS):
        values = chance.exponential(size=100) - 1
        _, low, high = bootstrap_mean(values, confidence, 500, world)
        held += low <= 0 <= high
    assert held / WORLDS == pytest.approx(confidence, abs=0.08)


def test_four_times_the_conversations_give_half_the_interval():
    chance = np.random.default_rng(4)
    widths = []
    for clusters in (100, 400):
        values, names = clustered(chance, clusters, 1.0)
        _, low, high = bootstrap_mean(values, CONFIDENCE, 2000, 0, names.tolist())
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.25)


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    values = np.random.default_rng(5).normal(size=60)
    first, again, other = (bootstrap_mean(values, CONFIDENCE, 300, seed) for seed in (7, 7, 8))
    assert first == again
    assert first[0] == other[0] and first[1:] != other[1:]


def test_a_mean_and_the_same_mean_as_any_statistic_agree():
    values, names = clustered(np.random.default_rng(6), 60, 1.0)
    fast = bootstrap_mean(values, CONFIDENCE, 400, 3, names.tolist())
    slow = bootstrap(lambda places: float(values[places].mean()), names.tolist(), CONFIDENCE, 400, 3)
    assert fast == pytest.approx(slow)


def test_the_value_is_the_datas_own_and_lies_within_the_interval():
    value, low, high = bootstrap_mean([0.0, 0.0, 1.0, 1.0, 1.0], CONFIDENCE, 5000, 0, ["a", "a", "b", "c", "c"])
    assert value == pytest.approx(0.6)
    assert low == 0.0 and high == 1.0


def test_a_cluster_is_drawn_whole():
    """Two conversations whose replies cancel out: every draw of whole conversations has the mean 0."""
    assert bootstrap_mean([1.0, -1.0, 2.0, -2.0], CONFIDENCE, 200, 0, ["a", "a", "b", "b"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([3.0, 2.0, 1.0], [True, False, False], 1.0),
        ([1.0, 2.0, 3.0], [True, False, False], 0.0),
        ([1.0, 1.0, 1.0], [True, False, False], 0.5),
        ([2.0, 1.0, 2.0, 3.0], [True, True, False, False], 0.125),
    ],
)
def test_auc_is_the_share_of_pairs_in_the_right_order(scores: list, positive: list, expected: float):
    assert auc(scores, positive) == expected


def test_auc_agrees_with_counting_every_pair_with_many_ties():
    chance = np.random.default_rng(8)
    scores, positive = chance.integers(0, 6, 80).astype(float), chance.random(80) < 0.4
    first, second = scores[positive][:, None], scores[~positive][None, :]
    counted = ((first > second) + 0.5 * (first == second)).mean()
    assert auc(scores, positive) == pytest.approx(counted)


def test_auc_of_one_kind_only_is_no_number_and_draws_without_one_are_left_out():
    assert np.isnan(auc([1.0, 2.0], [True, True]))
    labels, scores = np.array([True, False, False]), np.array([3.0, 1.0, 2.0])
    value, low, high = bootstrap(lambda at: auc(scores[at], labels[at]), "abc", CONFIDENCE, 100, 0)
    assert (value, low, high) == (1.0, 1.0, 1.0)
    never = bootstrap(lambda at: float("nan"), "abc", CONFIDENCE, 100, 0)
    assert np.isnan(never).all()


@pytest.mark.parametrize(("right", "n"), [(0, 10), (10, 10), (9, 12)])
def test_a_share_and_its_interval_stay_between_0_and_1_and_around_the_share(right: int, n: int):
    value, low, high = share(right, n, CONFIDENCE)
    assert value == right / n
    assert 0 <= low <= value <= high <= 1
    assert high - low > 0.2
