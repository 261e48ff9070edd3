"""MinHash signatures of many texts at once, and the buckets in which similar texts meet.

Broder (1997) for MinHash; the bands are those of Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from marcus_nb.text import SHINGLE

PERMUTATIONS = 128
_BLOCK = 500_000  # characters worked on at a time: their hashes stay in the processor's cache
_SEED = 20260101
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits well spread: the golden ratio's fraction of 2**64 (Knuth)
_MIX = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))  # splitmix64
_FOUND = 0.95  # of pairs this far above the limit …
_ABOVE = 0.05


def signatures(texts: Sequence[str], permutations: int = PERMUTATIONS) -> np.ndarray:
    """One row of `permutations` 32-bit minima for each text; the share of equal ones estimates the similarity.

    Texts are taken as they are, and must be at least five characters long.
    """
    generator = np.random.default_rng(_SEED)
    factors = generator.integers(0, 2**31, permutations, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    shifts = generator.integers(0, 2**32, permutations, dtype=np.uint32)
    found = np.empty((len(texts), permutations), dtype=np.uint32)
    first = 0
    for block in _blocks(texts):
        hashes, starts = _shingle_hashes(block)
        work = np.empty_like(hashes)
        rows = found[first : first + len(block)]
        for place, (factor, shift) in enumerate(zip(factors, shifts, strict=True)):
            np.multiply(hashes, factor, out=work)
            np.add(work, shift, out=work)
            rows[:, place] = np.minimum.reduceat(work, starts)
        first += len(block)
    return found


def rows_per_band(limit: float, permutations: int = PERMUTATIONS) -> int:
    """As many as still find nearly every pair just above the limit: `rows_per_band(0.5)` is 4."""
    at = min(1.0, limit + _ABOVE)
    good = [rows for rows in range(1, 17) if 1 - (1 - at**rows) ** (permutations // rows) >= _FOUND]
    return max(good, default=1)


def buckets(found: np.ndarray, kinds: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Which texts meet where: text i is in the buckets `places[starts[i]:starts[i + 1]]`.

    Texts of different `kinds` (any numbers) never meet, and a bucket with one text in it is none.
    """
    owners, places, used = [], [], 0
    for start in range(0, found.shape[1] - rows + 1, rows):
        key = kinds.astype(np.uint64) * _FACTOR
        for column in range(start, start + rows):
            key = _mixed(key + found[:, column])
        _, bucket, sizes = np.unique(key, return_inverse=True, return_counts=True)
        shared = np.flatnonzero(sizes[bucket] > 1)
        owners.append(shared)
        places.append(bucket[shared] + used)
        used += len(sizes)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    starts = np.zeros(len(found) + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=len(found)), out=starts[1:])
    return starts, np.concatenate(places)[order]


def _blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for text in texts:
        block.append(text)
        size += len(text)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _shingle_hashes(block: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """A 32-bit number for each run of five characters of each text, and where each text's begin."""
    lengths = np.fromiter(map(len, block), dtype=np.int64, count=len(block))
    codes = np.frombuffer("".join(block).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    windows = len(codes) - SHINGLE + 1
    rolled = np.zeros(windows, dtype=np.uint64)
    for offset in range(SHINGLE):
        rolled *= _FACTOR
        rolled += codes[offset : offset + windows]
    whole = np.ones(windows, dtype=bool)
    ends = lengths.cumsum()[:-1]
    for offset in range(1, SHINGLE):
        whole[ends - offset] = False  # a window that runs into the next text is none
    starts = np.zeros(len(block), dtype=np.int64)
    starts[1:] = ends - (SHINGLE - 1) * np.arange(1, len(block))
    return (_mixed(rolled[whole]) >> np.uint64(32)).astype(np.uint32), starts


def _mixed(numbers: np.ndarray) -> np.ndarray:
    for shift, factor in _MIX:
        numbers = (numbers ^ (numbers >> shift)) * factor
    return numbers ^ (numbers >> np.uint64(31))
