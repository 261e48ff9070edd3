"""The shingles of many texts as numbers, so that hundreds of thousands of texts can be compared in seconds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from marcus_nb.text import SHINGLE, comparable

_BLOCK = 4_000_000  # characters worked on at a time: some 200 MB
_OWNER = 44  # bits left of 64 beside the number of a text in its block, of which there are fewer than 2**20
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits well spread: the golden ratio's fraction of 2**64 (Knuth)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # splitmix64 (Steele, Lea, Flood, 2014)


@dataclass(frozen=True)
class ShingleSets:
    """`hashes[starts[i]:starts[i + 1]]` are text i's shingles as 64-bit numbers, ascending, each once.

    Equal shingles have equal numbers; of different ones two in 10**13 pairs of a million shingles do.
    """

    starts: np.ndarray  # int64, one more than there are texts
    hashes: np.ndarray  # uint64

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> np.ndarray:
        return np.diff(self.starts)


def shingle_sets(texts: Sequence[str]) -> ShingleSets:
    """What `text.shingles` gives for each text, as numbers; a text shorter than a shingle is its own only one."""
    sizes, hashes = [np.zeros(1, dtype=np.int64)], []
    for block in _blocks(texts):
        counted, found = _block_sets(block)
        sizes.append(counted)
        hashes.append(found)
    return ShingleSets(np.concatenate(sizes).cumsum(), np.concatenate(hashes or [np.zeros(0, dtype=np.uint64)]))


def _blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for text in texts:
        plain = comparable(text)
        block.append(plain)
        size += max(len(plain), SHINGLE)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _block_sets(block: list[str]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.fromiter(map(len, block), dtype=np.int64, count=len(block))
    # Each text is filled up to one shingle, with characters that no text holds.
    padded = [text if len(text) >= SHINGLE else text + _FILL * (SHINGLE - len(text)) for text in block]
    lengths = np.maximum(lengths, SHINGLE)
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    windows = len(codes) - SHINGLE + 1
    rolled = np.zeros(windows, dtype=np.uint64)
    for offset in range(SHINGLE):
        rolled *= _FACTOR
        rolled += codes[offset : offset + windows]
    for shift, factor in zip((np.uint64(30), np.uint64(27)), _MIX, strict=True):
        rolled ^= rolled >> shift
        rolled *= factor
    rolled ^= rolled >> np.uint64(31)
    ends = lengths.cumsum()
    owner = np.repeat(np.arange(len(block)), lengths)[:windows]
    whole = np.arange(windows) + SHINGLE <= ends[owner]  # a window that runs into the next text is none
    owner, rolled = owner[whole], rolled[whole]
    # The text and most of the number in 64 bits are sorted five times as fast as the two, and all but always enough.
    order = np.argsort((owner.astype(np.uint64) << np.uint64(_OWNER)) | (rolled >> np.uint64(64 - _OWNER)))
    if np.any((owner[order][1:] == owner[order][:-1]) & (rolled[order][1:] < rolled[order][:-1])):
        order = np.lexsort((rolled, owner))
    owner, rolled = owner[order], rolled[order]
    first = np.ones(len(owner), dtype=bool)
    first[1:] = (owner[1:] != owner[:-1]) | (rolled[1:] != rolled[:-1])
    return np.bincount(owner[first], minlength=len(block)), rolled[first]


_FILL = "\U0010ffff"  # a noncharacter
