"""CSV whose every line was quoted as one field when it was exported again: the lines as they were before."""

import csv
from collections.abc import Sequence

from marcus_nb.formats.files import physical_lines

_SAMPLE_BYTES = 64 * 1024
_DELIMITERS = ",;\t|"
_LEAST_LINES = 3


def unwrapped(data: bytes) -> tuple[bytes, Sequence[str]]:
    """The text (UTF-8) without the quotes around each line, and a sentence on it; as it is when it has none.

    A line `"1,""x, y"",2"` becomes `1,"x, y",2`. The numbers of the lines stay.
    """
    sample = data[:_SAMPLE_BYTES]
    if not sample.lstrip().startswith(b'"'):
        return data, ()
    lines = [line for line in physical_lines.stream(_whole(sample, data)) if line.strip()]
    inner = [_inner(line) for line in lines]
    if len(lines) < _LEAST_LINES or None in inner or not any(_are_alike(inner, sign) for sign in _DELIMITERS):
        return data, ()
    found = (_inner(line) if line.strip() else line for line in physical_lines.stream(data))
    kept = physical_lines.stream(data)
    text = "".join(line if new is None else new for line, new in zip(kept, found, strict=True))
    return text.encode("utf-8"), ("each line stood in quotes as one field: they are removed",)


def _whole(sample: bytes, data: bytes) -> bytes:
    return sample if len(sample) == len(data) else sample[: sample.rfind(b"\n") + 1]


def _inner(line: str) -> str | None:
    """What a quoted line holds, with the line's end; None when it is not one quoted field."""
    bare = line.rstrip("\r\n")
    if len(bare) < 2 or bare[0] != '"' or bare[-1] != '"':
        return None
    inside = bare[1:-1]
    return None if '"' in inside.replace('""', "") else inside.replace('""', '"') + line[len(bare) :]


def _are_alike(lines: Sequence[str | None], delimiter: str) -> bool:
    """Whether all lines have as many fields, two or more."""
    try:
        widths = {len(row) for row in csv.reader(map(str, lines), delimiter=delimiter, strict=True)}
    except csv.Error:
        return False
    return len(widths) == 1 and min(widths) >= 2
