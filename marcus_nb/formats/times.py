"""Times as people's exports write them: ISO, day first, month first, running numbers."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

_SLASHED = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?\.?\s?(?:m\.?)?)?",
    re.IGNORECASE,
)
_LEAST_READ = 0.5


def parse_times(values: Sequence[str]) -> tuple[list[float | None], str]:
    """A number to sort by for each value (None: unreadable), and a sentence on how they were read.

    >>> parse_times(["14/06/2025 09:12", "02/06/2025 10:00"])[1]
    'times day first: 14/06/2025 09:12 can be nothing else'

    When fewer than half can be read, all are None and the order of the file counts.
    """
    filled = [value.strip() for value in values if value.strip()]
    for read, said in ((_number, "running numbers"), (_iso, "times in ISO form")):
        if filled and sum(read(value) is not None for value in filled) >= _LEAST_READ * len(filled):
            return _all(values, read), said
    parts = [found for value in filled if (found := _SLASHED.fullmatch(value))]
    if not parts or len(parts) < _LEAST_READ * len(filled):
        return [None] * len(values), "times not readable: the order of the file counts"
    day_first = [found[0] for found in parts if int(found[1]) > 12]
    month_first = [found[0] for found in parts if int(found[2]) > 12]
    if len(month_first) > len(day_first):
        return _all(
            values, lambda value: _slashed(value, False)
        ), f"times month first: {month_first[0]} can be nothing else"
    proof = f"{day_first[0]} can be nothing else" if day_first else "assumed, no day is above 12"
    return _all(values, lambda value: _slashed(value, True)), f"times day first: {proof}"


def _all(values: Sequence[str], read: object) -> list[float | None]:
    return [read(value.strip()) if value.strip() else None for value in values]


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"-?\d{1,15}(\.\d+)?", value) else None


def _iso(value: str) -> float | None:
    try:
        return _seconds(datetime.fromisoformat(re.sub(r"^(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3", value)))
    except ValueError:
        return None


def _slashed(value: str, day_first: bool) -> float | None:
    found = _SLASHED.fullmatch(value)
    if not found:
        return None
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    day, month = (first, second) if day_first else (second, first)
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    if found[7]:
        hour = hour % 12 + (12 if found[7].casefold() == "p" else 0)
    try:
        return _seconds(datetime(year + 2000 if year < 100 else year, month, day, hour, minute, second))
    except ValueError:
        return None


def _seconds(moment: datetime) -> float:
    # Times with and without a zone cannot be compared: those without count as UTC.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
