"""Which texts of two lists are alike, found exactly: no pair above the limit is missed, however many texts there are.

Alike means the Jaccard similarity of five-character runs. Comparing each with each would take hours for 100,000 texts;
here the prefix filter (Bayardo, Ma, Srikant: Scaling up all pairs similarity search, 2007; Xiao, Wang, Lin, Yu:
Efficient similarity joins for near duplicate detection, 2008) leaves few pairs to compare. With every text's runs in
the same order, the rarest of all texts first, two texts that are alike must share some of their first runs, and the
more of them the more alike they are. Where no run is rare, since all is said in few words, `tiles` takes over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from marcus_nb.clean.shingle_sets import ShingleSets, shingle_sets
from marcus_nb.clean.tiles import Goal, Tiles

_PRODUCTS = 4_000_000  # of one multiplication: some 150 MB with what is made of them
_PAIRS = 100_000  # compared at a time
_MOST_BITS = 22  # of a run's number; two runs of one number cost a comparison, never a result
_GUESSES = (0.1, 0.25)  # shares of its rarest runs by which a text's likeliest twin is guessed
_MORE = 0.05  # share of its runs that a pair must share among the first ones: the more, the fewer are compared
_RARER = 0.5  # share of its runs by which it is judged how many texts share rare ones
_CROWDED = 0.3  # rarer runs that two texts share on average: from here on tiles are the faster way
_SAMPLE = 2_000  # texts that tell how alike the nearest are at least; tiles then leave out all below
_SLACK = 1e-9  # of bounds: rounding must never lose a pair


@dataclass(frozen=True, order=True)
class Alike:
    """The text at place `first` of one list and that at `second` of the other: `Alike(0.83, 4, 17)`."""

    similarity: float
    first: int
    second: int


def resembling(texts: Sequence[str], others: Sequence[str], limit: float) -> list[Alike]:
    """For each text that resembles one of the others more than the limit, one such pair, in the order of the texts.

    >>> resembling(["Any dogs here?", "When do you open?"], ["Are dogs allowed?", "When do you OPEN?"], 0.6)
    [Alike(similarity=1.0, first=1, second=1)]
    """
    own, places = _distinct(texts)
    their, their_places = _distinct(others)
    if not own or not their or limit >= 1:
        return []
    join = _Join(own, their)
    best, which = np.zeros(len(own)), np.zeros(len(own), dtype=np.int64)

    def add(first: np.ndarray, second: np.ndarray, similarity: np.ndarray) -> None:
        for at in np.lexsort((-second, similarity)):  # the best of a text comes last, and stays
            if similarity[at] > best[first[at]]:
                best[first[at]], which[first[at]] = similarity[at], second[at]
        goal.wanted[first] = False

    goal = Goal(limit, np.ones(len(own), dtype=bool), add)
    join.search(goal)
    firsts = [places_of[0] for places_of in their_places]
    found = [
        Alike(float(best[at]), place, firsts[which[at]]) for at in np.flatnonzero(best > limit) for place in places[at]
    ]
    return sorted(found, key=lambda pair: pair.first)


def nearest_pairs(texts: Sequence[str], others: Sequence[str], count: int) -> list[Alike]:
    """The most similar pairs, at most `count`, the most similar first; texts that say the same count once.

    Pairs that have nothing in common are left out, so there may be fewer.
    """
    own, places = _distinct(texts)
    their, their_places = _distinct(others)
    if not own or not their:
        return []
    found: dict[tuple[int, int], float] = {}

    def add(first: np.ndarray, second: np.ndarray, similarity: np.ndarray) -> None:
        for at in np.argsort(-similarity, kind="stable")[:count]:
            found[int(first[at]), int(second[at])] = float(similarity[at])
        if len(found) >= count:
            goal.limit = sorted(found.values())[-count]

    goal = Goal(0.0, np.ones(len(own), dtype=bool), add)
    _Join(own, their).search(goal)
    pairs = [Alike(value, places[first][0], their_places[second][0]) for (first, second), value in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.first, pair.second))[:count]


def _distinct(texts: Sequence[str]) -> tuple[list[str], list[list[int]]]:
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    return list(places), list(places.values())


class _Join:
    """Two lists of texts, ready to be joined: each text's runs as numbers, the rarest first."""

    def __init__(self, own: Sequence[str], their: Sequence[str]) -> None:
        sets = shingle_sets([*own, *their])
        self.count, self.sizes = len(own), sets.sizes
        self.exact = _matrix(sets)
        bits = min(_MOST_BITS, max(8, int(sets.starts[-1]).bit_length()))
        self.runs = 1 << bits
        numbers = (sets.hashes >> np.uint64(64 - bits)).astype(np.int64)
        rank = np.empty(self.runs, dtype=np.int64)
        rank[np.argsort(np.bincount(numbers, minlength=self.runs), kind="stable")] = np.arange(self.runs)
        owner = np.repeat(np.arange(len(sets)), self.sizes) << bits
        owner |= rank[numbers]
        owner.sort()
        owner &= self.runs - 1
        self.starts, self.ranks = sets.starts, owner

    def search(self, goal: Goal) -> None:
        """Hand to the goal every pair it looks for, until it wants no more of a text."""
        every = np.flatnonzero(goal.wanted)
        if self._is_crowded():
            self._guess(goal, _GUESSES[0], every[:: len(every) // _SAMPLE + 1])
            Tiles(self.starts, self.ranks, self.count, self._similarity).search(goal)
            return
        for share in _GUESSES:
            self._guess(goal, share, np.flatnonzero(goal.wanted))
        for found in self.above(goal.limit, np.flatnonzero(goal.wanted)):
            goal.add(*found)

    def _guess(self, goal: Goal, share: float, rows: np.ndarray) -> None:
        first, second, similarity = self.likeliest(share, rows)
        above = similarity > goal.limit
        goal.add(first[above], second[above], similarity[above])

    def _is_crowded(self) -> bool:
        """Whether texts share so many of their rarer runs that comparing all with all is less work."""
        lengths = np.ceil(self.sizes * _RARER).astype(np.int64)
        ours, theirs = (
            np.bincount(self._first_runs(lengths, rows).indices, minlength=self.runs).astype(np.float64)
            for rows in (np.arange(self.count), np.arange(self.count, len(self.sizes)))
        )
        return bool(ours @ theirs > _CROWDED * self.count * (len(self.sizes) - self.count))

    def likeliest(self, share: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each own text that shares one of its rarest runs the other that shares most: a guess, but measured."""
        lengths = np.ceil(self.sizes * share).astype(np.int64)
        firsts, seconds = [rows[:0]], [rows[:0]]
        for first, second, shared in self._sharing(lengths, rows, np.ones(self.count)):
            if not len(first):
                continue
            score = shared / (self.sizes[first] + self.sizes[self.count + second])
            starts = np.flatnonzero(np.diff(first, prepend=-1))
            highest = np.repeat(np.maximum.reduceat(score, starts), np.diff(starts, append=len(first)))
            top = np.flatnonzero(score == highest)
            top = top[np.flatnonzero(np.diff(first[top], prepend=-1))]  # one for each own text
            firsts.append(first[top])
            seconds.append(second[top])
        chosen, which = np.concatenate(firsts), np.concatenate(seconds)
        return chosen, which, self._similarity(chosen, which)

    def above(self, limit: float, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """All pairs of these own texts and the others that are more alike than the limit: first, second, similarity."""
        if limit >= 1:
            return
        sizes, count = self.sizes, self.count
        unread = max(0.0, limit - _MORE)  # share of each text's runs, the most frequent ones, that is not looked at
        lengths = sizes - np.floor(sizes * unread).astype(np.int64)
        last = self.ranks[self.starts[:-1] + lengths - 1]
        share = limit / (1 + limit)  # of the runs of both together, which a pair above the limit has in common
        # A pair above the limit shares more than limit times the larger one's size.
        least = (limit - unread) * sizes - _SLACK
        for first, second, shared in self._sharing(lengths, rows, least):
            other = count + second
            # What is shared beyond the first runs lies beyond the first runs of the text whose own end earlier.
            rest = np.where(last[first] <= last[other], sizes[first] - lengths[first], sizes[other] - lengths[other])
            likely = np.flatnonzero(shared + rest >= share * (sizes[first] + sizes[other]) - _SLACK)
            for start in range(0, len(likely), _PAIRS):
                some = likely[start : start + _PAIRS]
                similarity = self._similarity(first[some], second[some])
                alike = similarity > limit
                yield first[some][alike], second[some][alike], similarity[alike]

    def _sharing(
        self, lengths: np.ndarray, rows: np.ndarray, least: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Pairs that share at least so many of their first runs: own text (ascending), other, how many."""
        theirs = self._first_runs(lengths, np.arange(self.count, len(self.sizes)))
        often = np.bincount(theirs.indices, minlength=self.runs)
        inverse = theirs.T.tocsr()
        for block in self._blocks(lengths, rows, often):
            product = self._first_runs(lengths, block) @ inverse
            counts = np.diff(product.indptr)
            enough = np.flatnonzero(product.data >= np.repeat(np.ceil(least[block]).astype(np.int32), counts))
            first = block[np.searchsorted(product.indptr, enough, side="right") - 1]
            yield first, product.indices[enough].astype(np.int64), product.data[enough]

    def _blocks(self, lengths: np.ndarray, rows: np.ndarray, often: np.ndarray) -> Iterator[np.ndarray]:
        """The rows in pieces, none of which takes much more than _PRODUCTS multiplications."""
        for start in range(0, len(rows), _PAIRS):
            some = rows[start : start + _PAIRS]
            runs = self._first_runs(lengths, some)
            work = np.add.reduceat(often[runs.indices], runs.indptr[:-1]).cumsum() if len(some) else some
            yield from (piece for piece in np.split(some, _cuts(work)) if len(piece))

    def _first_runs(self, lengths: np.ndarray, rows: np.ndarray) -> csr_array:
        lengths = lengths[rows]
        ends = np.concatenate([[0], lengths.cumsum()])
        places = np.arange(ends[-1]) + np.repeat(self.starts[rows] - ends[:-1], lengths)
        ones = np.ones(len(places), dtype=np.int32)
        return csr_array((ones, self.ranks[places].astype(np.int32), ends), shape=(len(rows), self.runs))

    def _similarity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        other = self.count + second
        found = np.empty(len(first))
        for start in range(0, len(first), _PAIRS):
            some = slice(start, start + _PAIRS)
            both = self.exact[first[some]].multiply(self.exact[other[some]])
            shared = np.diff(both.indptr)
            found[some] = shared / (self.sizes[first[some]] + self.sizes[other[some]] - shared)
        return found


def _cuts(work: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.diff(work // _PRODUCTS)) + 1


def _matrix(sets: ShingleSets) -> csr_array:
    # A hash as the number of its column: only where rows are compared run by run, which scipy does without a table.
    columns = (sets.hashes >> np.uint64(1)).astype(np.int64)
    ones = np.ones(len(columns), dtype=np.int8)
    matrix = csr_array((ones, columns, sets.starts), shape=(len(sets), np.iinfo(np.int64).max))
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix
