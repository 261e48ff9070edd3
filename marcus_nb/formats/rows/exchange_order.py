"""In which order exchanges of one conversation were said, and when: by a column of times, of turns, or of neither."""

from collections.abc import Iterator, Mapping, Sequence

import numpy

from marcus_nb.formats.rows import columns
from marcus_nb.formats.tables import RawTable
from marcus_nb.formats.times import parse_times

# The end of the year 9999, in seconds: a larger number is no time.
_LAST_MOMENT = 253_402_300_800


def times_of(raw: RawTable, parts: dict[str, str]) -> tuple[numpy.ndarray | None, str, Sequence[str | None]]:
    """A number for each record to order by, how it was read, and when each was said, "2025-06-14T09:12:00".

    `time` joins the parts when a column holds moments: the one that orders, or another beside a turn's number.
    """
    times, said = None, "no column of times or turns: the order of the file counts"
    tried = [parts[part] for part in ("order", "time") if part in parts]
    if "order" in parts and "time" not in parts:
        tried += filter(None, [columns.order_column(name for name in raw.columns if name not in parts.values())])
    for column in tried:
        found, how, moments = parse_times(_written(raw, parts, column))
        if times is None:
            times, said = found, f"order `{column}`: {how}"
        if moments:
            parts["time"] = column
            return times, said, _moments(found)
    return times, said, [None] * len(raw)


def _written(raw: RawTable, parts: Mapping[str, str], column: str) -> list[str]:
    """The values of a column of times, those of its hours put behind where these have a column of their own."""
    values = [columns.text(value) for value in raw.column(column)]
    clock = columns.clock_column(column, [name for name in raw.columns if name not in parts.values()])
    if clock is None:
        return values
    return [f"{day} {columns.text(hour)}".strip() for day, hour in zip(values, raw.column(clock), strict=True)]


def _moments(times: numpy.ndarray) -> list[str | None]:
    there = numpy.abs(times) < _LAST_MOMENT
    written = numpy.datetime_as_string(numpy.where(there, times, 0).astype("int64").astype("datetime64[s]"))
    return numpy.where(there, written, None).tolist()


def in_order(groups: list[list[int]], times: numpy.ndarray | None) -> Iterator[list[int]]:
    """Records of a conversation as they were said; one without a readable time follows the one before it."""
    for group in groups:
        if times is None or len(group) == 1:
            yield group
            continue
        keys, before = {}, float("-inf")
        for place in group:
            before = before if numpy.isnan(times[place]) else float(times[place])
            keys[place] = before
        yield sorted(group, key=keys.__getitem__)
