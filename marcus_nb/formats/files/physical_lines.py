"""A text file's physical lines: read one after the other, and found again by number without keeping any of them."""

import io
import zlib
from collections.abc import Iterator
from functools import cached_property, lru_cache

import numpy as np

_BLOCK = 4 * 1024 * 1024
_LEAST_PACKED = 16 * 1024 * 1024
_LF, _CR = 10, 13


def stream(data: bytes) -> Iterator[str]:
    r"""The lines of UTF-8 bytes, each with its end: \n, \r\n or a lone \r.

    >>> list(stream(b"a\rb\r\nc"))
    ['a\r', 'b\r\n', 'c']

    Never the whole text at once: one emoji would make it four bytes a character.
    """
    return io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")


class Lines:
    """Lines by number, from 1: `Lines(b"a\\nb\\n").text(2)` is "b"; where they begin is found at the first question."""

    def __init__(self, data: bytes) -> None:
        self._data: bytes | None = data
        self._packed: list[bytes] = []
        self._block = lru_cache(maxsize=2)(lambda number: zlib.decompress(self._packed[number]))

    def pack(self) -> None:
        """Keep a large text compressed from now on: only the few records that are shown or refused are asked for."""
        if self._data is not None and len(self._data) > _LEAST_PACKED:
            data, _ = self._data, self._starts
            self._packed = [zlib.compress(data[at : at + _BLOCK], 1) for at in range(0, len(data), _BLOCK)]
            self._data = None

    def count(self) -> int:
        return len(self._starts) - 1

    def text(self, first: int, last: int = 0) -> str:
        """The lines `first` to `last` (else that one) as they lie in the file, without the last line's end."""
        return self._between(first - 1, max(first, last)).rstrip("\r\n")

    def following(self, first: int) -> Iterator[str]:
        """The lines from `first` on, each with its end."""
        for at in range(first - 1, self.count()):
            yield self._between(at, at + 1)

    @cached_property
    def _starts(self) -> np.ndarray:
        return _starts(self._data or b"")

    def _between(self, first: int, last: int) -> str:
        start, stop = int(self._starts[first]), int(self._starts[last])
        if self._data is not None:
            return self._data[start:stop].decode("utf-8")
        at = start // _BLOCK
        blocks = b"".join(self._block(number) for number in range(at, max(at, (stop - 1) // _BLOCK) + 1))
        return blocks[start - at * _BLOCK : stop - at * _BLOCK].decode("utf-8")


def _starts(data: bytes) -> np.ndarray:
    """Where each line begins, and the end of the last."""
    found = [np.zeros(1, np.int64)]
    for at in range(0, len(data), _BLOCK):
        # One byte of the next block tells whether a \r at the end stands alone.
        block = np.frombuffer(data, np.uint8, min(_BLOCK + 1, len(data) - at), at)
        ends = block == _LF
        returns = block == _CR
        if returns.any():
            returns[:-1] &= ~ends[1:]
            ends |= returns
        found.append(np.flatnonzero(ends[:_BLOCK]) + at + 1)
    starts = np.concatenate(found)
    return starts if starts[-1] == len(data) else np.append(starts, len(data))
