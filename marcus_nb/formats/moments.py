"""One written moment: the day in it, the clock in it, and each as a number of seconds."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from math import isnan, nan

CLOCK = (
    r"(?:(?P<before>[^\W\d_]{1,2})\s?)?(?P<hour>\d{1,2})[:.hH](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?:\s?(?P<half>[ap]\.?\s?m\b\.?|[ap]\b|上午|下午|午前|午後|오전|오후|[صم]))?"
    r"(?:\s?(?P<zone>Z|(?:UTC|GMT)(?:[+-]\d{1,2}(?![\d:]))?|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|[+-]\d{2}))?"
)
SLASHED = re.compile(r"(\d{1,2})[/.-]\s?(\d{1,2})[/.-]\s?(\d{4}|\d{2})\.?")
_YEAR_FIRST = re.compile(r"(\d{4})\s?[/.年년-]\s?(\d{1,2})\s?[/.月월-]\s?(\d{1,2})\s?[.日일]?")
_WHOLE_CLOCK = re.compile(CLOCK, re.IGNORECASE)
_CLOCK_INSIDE = re.compile(rf"(?:(?<![\w:./-])|(?<=\dT)){CLOCK.replace('[:.hH]', '[:hH]', 1)}(?![\w:])", re.IGNORECASE)
_AT = re.compile(r"(?:at|a las|klo|kl\.?|um|om|alle|às|à|о|в)\s", re.IGNORECASE)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("jan january ene enero", "feb february febrero", "mar march marzo", "apr april abr abril"),
            *("may mayo", "jun june junio", "jul july julio", "aug august ago agosto"),
            *("sep sept september septiembre set setiembre", "oct october octubre", "nov november noviembre"),
            "dec december dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_WORD = re.compile(r"\d+|[^\W\d_]+")
_ENGLISH_DAYS = "mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday"
_SPANISH_DAYS = "lun lunes martes mie mié miércoles miercoles jue jueves vie viernes sab sáb sábado sabado dom domingo"
_BESIDE = "de del of the at a las la el on st nd rd th º klo kl um om alle às à о в"
_FILLERS = frozenset(f"{_BESIDE} {_ENGLISH_DAYS} {_SPANISH_DAYS}".split())
_AFTERNOON = frozenset(("p", "下午", "午後", "오후", "م"))
_HALVES = frozenset(("a", "p", "上午", "下午", "午前", "午後", "오전", "오후", "ص", "م"))
_HALVES_BEFORE = tuple(half for half in _HALVES if not half.isascii())
_INVISIBLE = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")) | {
    ord("\u202f"): " ",
    ord("\u2009"): " ",
    ord("\xa0"): " ",
}


def plain(values: Sequence[str]) -> list[str]:
    """Without blanks around, the marks that phones put into their exports, and their narrow blanks."""
    return [value.strip() if value.isascii() else value.translate(_INVISIBLE).strip() for value in values]


def parts(values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each value's day and clock, "" for what it lacks.

    >>> list(parts(["14/06/2025, 9:12 PM", "Jun 14, 2025 9:12", "10:32", "14.06.25"]))
    [('14/06/2025', '9:12 PM'), ('Jun 14, 2025', '9:12'), ('', '10:32'), ('14.06.25', '')]
    """
    dates: dict[str, bool] = {}
    clocks: dict[str, bool] = {}
    for value in values:
        head, _, tail = value.partition(" ")
        head = head.removesuffix(",")
        is_date = dates.get(head)
        if is_date is None:
            is_date = dates[head] = bool(SLASHED.fullmatch(head))
        if is_date:
            yield head, tail
            continue
        # The search costs ten times the look at what follows the first colon's hour.
        colon = value.find(":")
        at = colon - 2 if value[max(colon - 2, 0) : colon].isdecimal() else colon - 1
        tail = value[at:] if at >= 0 else ""
        is_clock = clocks.get(tail)
        if is_clock is None:
            is_clock = clocks[tail] = bool(_WHOLE_CLOCK.fullmatch(tail))
        if is_clock and (at == 0 or value[at - 1] in " ,"):
            head = value[:at].rstrip(" ,")
            if not head.endswith(_HALVES_BEFORE):
                yield head, tail
                continue
        yield _split(value)


def _split(value: str) -> tuple[str, str]:
    found = _CLOCK_INSIDE.search(value)
    if not found:
        return value, ""
    before = found["before"]
    start = found.start() if not before or before.casefold() in _HALVES else found.start("hour")
    return f"{value[:start].rstrip(' ,T')} {value[found.end() :].lstrip(' ,')}".strip(" ,"), value[start : found.end()]


def day(text: str, day_first: bool) -> float:
    """The start of a day in seconds since 1970, NaN when it is no day: "14/06/2025", "14 jun 2025", "2025. 6. 14."."""
    if found := _YEAR_FIRST.fullmatch(text):
        return _start(int(found[1]), int(found[2]), int(found[3]))
    if found := SLASHED.fullmatch(text):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        return _start(year, *((second, first) if day_first else (first, second)))
    return _named(text)


def _named(text: str) -> float:
    month, numbers = 0, []
    for word in _WORD.findall(text.casefold()):
        if word.isdecimal():
            if len(word) > 4:
                return nan
            numbers.append(int(word))
        elif word in _MONTHS and not month:
            month = _MONTHS[word]
        elif word not in _FILLERS:
            return nan
    if not month or len(numbers) != 2:
        return nan
    # 14 jun 2025, Jun 14 2025, 2025 Jun 14
    first, second = numbers
    return _start(first, month, second) if first > 31 else _start(second, month, first)


def _start(year: int, month: int, number: int) -> float:
    try:
        return (date(year + 2000 if year < 100 else year, month, number).toordinal() - 719163) * 86400.0
    except ValueError:
        return nan


def clock(text: str) -> float:
    """Seconds since midnight UTC, NaN when it is no time: "9:12 p. m.", "21:12:33.5", "09:12+02:00"."""
    found = _WHOLE_CLOCK.fullmatch(_without_at(text.strip(" ,-")))
    if not found:
        return nan
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    half = (found["half"] or found["before"] or "").casefold()
    half = half[:1] if half[:1] in ("a", "p") else half
    if (half and half not in _HALVES) or hour > (12 if half else 24) or minute > 59 or second > 60:
        return nan
    hour = hour % 12 + 12 * (half in _AFTERNOON) if half else hour
    return hour * 3600 + minute * 60 + second + float(f"0.{found['part'] or 0}") - _offset(found["zone"] or "")


def _without_at(text: str) -> str:
    at = None if text[:1].isdigit() else _AT.match(text)
    return text[at.end() :] if at else text


def _offset(zone: str) -> int:
    found = re.search(r"([+-])(\d\d?):?(\d\d)?$", zone)
    seconds = int(found[2]) * 3600 + int(found[3] or 0) * 60 if found else 0
    return -seconds if found and found[1] == "-" else seconds


def moment(text: str, day_first: bool) -> float:
    """Day and clock in one: "2024.06.14 9:12 PM"."""
    date_text, clock_text = _split(text)
    return day(date_text, day_first) + (clock(clock_text) if clock_text else 0.0)


def shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def is_moment(text: str) -> bool:
    """Whether a text is a day, a time of day, or both."""
    date_text, clock_text = _split(text.strip())
    read = not isnan(clock(clock_text)) if clock_text else True
    return read and (not date_text or not isnan(day(date_text, True)) or not isnan(day(date_text, False)))
