"""Times as people's exports write them to numbers: ISO, day or month first, named months, AM/PM, epochs, counters."""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from marcus_nb.formats import moments

_SAMPLE = 2000
_LEAST_READ = 0.5
_NUMBER = re.compile(r"[+-]?\d{1,19}(?:\.\d+)?")
_COMPACT = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d[0-5]\d[0-5]\d|[01]\d[0-5]\d)?")
_ISO = re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?(?:\D.*)?|\d{8}T\d{4}.*")
_ISO_SIGNS = b"0123456789-: T."
_ISO_LENGTHS = {10, 16, 19, *range(21, 27)}  # to the day, the minute, the second, and parts of one
_DATED = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\b")
# From 1990 to 2100, in seconds; a file's own running numbers are seldom that high.
_EPOCH = (631e6, 4.1e9)
_UNITS = ((1.0, "seconds"), (1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds"))
_UNREADABLE = "times not readable: the order of the file counts"


def parse_times(values: Sequence[str]) -> tuple[np.ndarray, str, bool]:
    """A number to sort by for each value (NaN: unreadable), how they were read, and whether they are moments.

    >>> parse_times(["14/06/2025 09:12", "02/06/2025 10:00"])[1:]
    ('times day first: 14/06/2025 09:12 can be nothing else', True)

    Moments are seconds since 1970 (UTC where no zone is given), so that a pause means something; running numbers and
    times of day without a date only give an order. When fewer than half can be read, all are NaN.
    """
    values = moments.plain(values)
    filled = [value for value in values if value]
    sample = filled[:: max(1, len(filled) // _SAMPLE)]
    if not filled:
        return _nothing(len(values))
    if _most(_NUMBER.fullmatch, sample):
        numbers, said, real = _compact(values) if _most(_COMPACT.fullmatch, sample) else _numbers(values)
    elif _most(_ISO.fullmatch, sample):
        numbers, said, real = _iso(values), "times in ISO form", True
    else:
        numbers, said, real = _written(values)
    # 31/02/2025 is no day, but shows the form that times have here.
    read = np.count_nonzero(~np.isnan(numbers))
    if not read or (read < _LEAST_READ * len(filled) and not _most(_DATED.match, sample)):
        return _nothing(len(values))
    return numbers, said, real


def _nothing(count: int) -> tuple[np.ndarray, str, bool]:
    return np.full(count, np.nan), _UNREADABLE, False


def _most(fits: object, sample: Sequence[str]) -> bool:
    return sum(fits(value) is not None for value in sample) >= _LEAST_READ * len(sample)


def _numbers(values: Sequence[str]) -> tuple[np.ndarray, str, bool]:
    import pandas

    numbers = pandas.to_numeric(pandas.Series(values, dtype=object), errors="coerce").to_numpy(np.float64).copy()
    numbers[~np.isfinite(numbers)] = np.nan
    known = numbers[~np.isnan(numbers)]
    for unit, name in _UNITS:
        if known.size and np.mean((known >= _EPOCH[0] * unit) & (known <= _EPOCH[1] * unit)) >= 0.9:
            first = next(value for value, number in zip(values, numbers, strict=True) if number == number)
            return numbers / unit, f"times in epoch {name}: {first} is {moments.shown(known[0] / unit)} UTC", True
    return numbers, "running numbers", False


def _compact(values: Sequence[str]) -> tuple[np.ndarray, str, bool]:
    """20250614 and 20250614091200."""
    spaced = [f"{v[:4]}-{v[4:6]}-{v[6:8]} {v[8:10] or '00'}:{v[10:12] or '00'}:{v[12:] or '00'}" for v in values]
    return _iso(spaced), "times written as one number, year first", True


def _iso(values: Sequence[str]) -> np.ndarray:
    if (plain := _plain_iso(values)) is not None:
        return plain
    import pandas

    # To pandas these two are the moment at which somebody reads the file.
    values = ["" if value in ("now", "today") else value for value in values]
    found = pandas.to_datetime(pandas.Series(values, dtype=object), format="ISO8601", utc=True, errors="coerce")
    numbers = found.to_numpy("datetime64[us]").astype(np.int64) / 1e6
    left = found.isna().to_numpy()
    # "2024.06.14", a comma before the fraction, 9:12 PM: no ISO, but year first all the same.
    numbers[left] = [moments.moment(values[at], True) if values[at] else np.nan for at in np.flatnonzero(left)]
    return numbers


def _plain_iso(values: Sequence[str]) -> np.ndarray | None:
    """Times without zones, "2025-06-14 09:12:00", forty times as fast as the general way; None when some are others."""
    signs = "".join(values).encode("utf-8", "replace")
    filled = len(values) - values.count("")
    lengths = set(map(len, values)) - {0}
    # A third hyphen would begin a zone.
    if signs.translate(None, _ISO_SIGNS) or signs.count(b"-") != 2 * filled or not lengths <= _ISO_LENGTHS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of a zone after all
            found = np.array(values, dtype="datetime64[us]")
    except (ValueError, UserWarning, DeprecationWarning):
        return None
    numbers = found.astype(np.int64) / 1e6
    numbers[np.isnat(found)] = np.nan
    return numbers


def _written(values: Sequence[str]) -> tuple[np.ndarray, str, bool]:
    """Dates and clocks repeat: each is read once. Which number is the day is decided over all dates."""
    dates: dict[str, str] = {}
    for value, (date, _) in zip(values, moments.parts(values), strict=True):
        dates.setdefault(date, value)
    if set(dates) <= {""}:
        clocks = np.fromiter((moments.clock(clock) for _, clock in moments.parts(values)), float, len(values))
        return _unrolled(clocks), "times of day without a date: midnight is where they fall back", False
    slashed = {date: found for date in dates if (found := moments.SLASHED.fullmatch(date))}
    # 12 and below can be either; 31/02 is neither.
    day = [dates[date] for date, found in slashed.items() if int(found[1]) > 12]
    month = [dates[date] for date, found in slashed.items() if int(found[2]) > 12]
    if month and len(month) > len(day):
        return _read(values, dates, False), f"times month first: {month[0]} can be nothing else", True
    numbers = _read(values, dates, True)
    if day:
        return numbers, f"times day first: {day[0]} can be nothing else", True
    if not slashed:
        return numbers, "times with the month's name or the year first", True
    other = _read(values, dates, False)
    if _in_order(other) and not _in_order(numbers):
        return other, "times month first: only so does the file run in the order of time", True
    return numbers, "times day first: assumed, no day is above 12", True


def _read(values: Sequence[str], dates: Iterable[str], day_first: bool) -> np.ndarray:
    days = {date: moments.day(date, day_first) for date in dates}
    clocks = _Clocks()
    numbers = (days[date] + clocks[clock] for date, clock in moments.parts(values))
    return np.fromiter(numbers, float, len(values))


class _Clocks(dict):
    def __missing__(self, clock: str) -> float:
        seconds = self[clock] = moments.clock(clock) if clock else 0.0
        return seconds


def _in_order(numbers: np.ndarray) -> bool:
    known = numbers[~np.isnan(numbers)]
    return bool(known.size > 1 and np.all(np.diff(known) >= 0))


def _unrolled(clocks: np.ndarray) -> np.ndarray:
    """Times of day one after the other: a fall of more than half a day is a midnight."""
    known = ~np.isnan(clocks)
    fallen = np.diff(clocks[known], prepend=clocks[known][:1]) < -43200
    clocks = clocks.copy()
    clocks[known] += 86400 * np.cumsum(fallen)
    return clocks


def join(dates: Sequence[str | None], clocks: Sequence[str | None]) -> Iterator[str]:
    """A column of dates and one of times as one: `14/06/2025` and `09:12` → `14/06/2025 09:12`, for parse_times.

    Workbooks write a date as `2025-06-14 00:00:00` where they mean the day alone, and a time as `1899-12-31 09:12:00`.
    """
    for date, clock in zip(dates, clocks, strict=True):
        day = (date or "").strip().removesuffix(" 00:00:00").removesuffix("T00:00:00")
        time = re.sub(r"^(?:1899-12-3[01]|1900-01-0[01])[ T]", "", (clock or "").strip())
        yield f"{day} {time}".strip() if day else ""
