"""Pairs of texts that are alike where nearly all have something in common: all with all, by multiplying bit tables.

Texts of a small vocabulary, or made of templates, share so many runs of characters that no index of the runs leaves few
pairs to compare. Here every run is one of a few hundred bits. Texts differ in at least as many runs as their bits
differ, which bounds their similarity from above (Sandes, Teodoro, Melo: Bitmap filter: speeding up exact set similarity
joins with bitwise operations, 2020), and a product of two tables of bits counts that for millions of pairs at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_TILE = 2048  # texts on either side: 16 MB of products, and some times as much where all pairs are alike
_FEWEST_BITS = 256
_BITS_A_RUN = 4  # the fewer, the more pairs of one bit for two runs pass
_MOST_BITS = 8192
_MORE_BITS = 4  # times, where too many pairs pass
_FEW = 0.01  # share of the pairs that may pass: comparing one exactly costs as much as multiplying for hundreds
_PAIRS = 20_000  # compared at a time
_SLACK = 1e-6  # of sums in 64 bits
_EXACT_BITS = 22  # of sums in 32-bit floats: rounding must neither lose a pair nor differ between machines

Compare = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass
class Goal:
    """What is looked for: pairs above `limit` of own texts that are `wanted`; `add(first, second, similarity)` takes
    what is found, and may raise the one and clear the other.
    """

    limit: float
    wanted: np.ndarray  # bool, one for each own text
    add: Callable[[np.ndarray, np.ndarray, np.ndarray], None]


class Tiles:
    """`ranks[starts[i]:starts[i + 1]]` are text i's runs, numbered by how frequent they are; the first `count` texts
    are the own ones, the others are compared with them. `compare(first, second)` gives exact similarities.
    """

    def __init__(self, starts: np.ndarray, ranks: np.ndarray, count: int, compare: Compare) -> None:
        self.starts, self.ranks, self.count, self.compare = starts, ranks, count, compare
        self.sizes = np.diff(starts)
        self.distinct = int(np.count_nonzero(np.bincount(ranks)))

    def search(self, goal: Goal) -> None:
        """Hand to the goal every pair it looks for, until it wants no more of a text."""
        own = np.flatnonzero(goal.wanted)
        own = own[np.argsort(self.sizes[own], kind="stable")]
        others = np.argsort(self.sizes[self.count :], kind="stable")
        their_sizes = self.sizes[self.count + others]
        for start in range(0, len(own), _TILE):
            block = own[start : start + _TILE]
            # Of texts of very different sizes the smaller one cannot hold enough of the larger one's runs.
            least, most = self.sizes[block[0]] * goal.limit, self.sizes[block[-1]]
            until = np.searchsorted(their_sizes * goal.limit, most, "right")
            near = others[np.searchsorted(their_sizes, least) : until]
            for column in range(0, len(near), _TILE):
                block = block[goal.wanted[block]]
                if len(block):
                    self._tile(goal, block, near[column : column + _TILE])

    def _tile(self, goal: Goal, own: np.ndarray, others: np.ndarray) -> None:
        bits = _FEWEST_BITS
        while bits < _BITS_A_RUN * self.sizes[own[len(own) // 2]]:
            bits *= 2
        most = min(self.distinct, _MOST_BITS)
        while len(own):
            bits = min(bits, most)
            first, second, bound = self._likely(own, others, bits, goal.limit)
            order = np.argsort(-bound, kind="stable")
            _, tops = np.unique(first[order], return_index=True)
            # The likeliest of each text first: it may be all that is wanted, or raise the limit.
            self._compare(goal, first[order[tops]], second[order[tops]], bound[order[tops]])
            order = np.delete(order, tops)
            order = order[goal.wanted[first[order]] & (bound[order] > goal.limit)]
            if bits == most or len(order) <= _FEW * len(own) * len(others):
                self._compare(goal, first[order], second[order], bound[order])
                return
            own = own[goal.wanted[own]]
            bits *= _MORE_BITS

    def _likely(
        self, own: np.ndarray, others: np.ndarray, bits: int, limit: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All pairs that may be above the limit: first, second, and what their similarity is at most."""
        share = limit / (1 + limit)  # of the runs of both together, which a pair above the limit has in common
        largest = int(max(self.sizes[own].max(), self.sizes[self.count + others].max()))
        grain = 0.5 ** min(6, _EXACT_BITS - largest.bit_length())
        product = (
            self._table(own, bits, share, grain, True) @ self._table(self.count + others, bits, share, grain, False).T
        )
        likely = np.flatnonzero(product >= 0)
        at, to = np.divmod(likely, len(others))
        first, second = own[at], others[to]
        runs = self.sizes[first] + self.sizes[self.count + second]
        shared = np.floor(2 * (product.ravel()[likely] + share * runs) + _SLACK) / 2  # without the grains
        shared = np.minimum(shared, runs / 2)
        return first, second, shared / (runs - shared)

    def _compare(self, goal: Goal, first: np.ndarray, second: np.ndarray, bound: np.ndarray) -> None:
        for start in range(0, len(first), _PAIRS):
            some = np.arange(start, min(start + _PAIRS, len(first)))
            some = some[goal.wanted[first[some]] & (bound[some] > goal.limit)]
            similarity = self.compare(first[some], second[some])
            above = similarity > goal.limit
            goal.add(first[some][above], second[some][above], similarity[above])

    def _table(self, texts: np.ndarray, bits: int, share: float, grain: float, left: bool) -> np.ndarray:
        """A row of bits for each text, and two numbers that make of the product what the bound leaves of the limit."""
        sizes = self.sizes[texts]
        owner = np.repeat(np.arange(len(texts)), sizes)
        places = np.arange(len(owner)) + np.repeat(self.starts[texts] - (sizes.cumsum() - sizes), sizes)
        table = np.zeros((len(texts), bits + 2), dtype=np.float32)
        table[owner, self.ranks[places] % bits] = 1  # frequent runs, numbered in a row, do not share a bit
        hidden = (sizes - np.count_nonzero(table, axis=1)) / 2
        margin = np.ceil((hidden - share * sizes) / grain) * grain
        table[:, bits], table[:, bits + 1] = (margin, 1) if left else (1, margin)
        return table
