"""Phone numbers: those that a region's plan knows, those with a +, and those that are written as only phones are."""

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers

from marcus_nb.text.personal.contexts import before, says_other, says_phone
from marcus_nb.text.personal.kinds import Span

_PART = r"(?:0?[1-9]|[12]\d|3[01])"
_DAY = rf"(?:(?:19|20)\d\d[./-]{_PART}[./-]{_PART}|{_PART}[./-]{_PART}[./-](?:(?:19|20)\d\d|\d\d))"
_DATE_OR_TIME = rf"(?:(?<!\d[./-]){_DAY}(?:[-–]{_DAY})?(?![./-]?\d)|\d{{1,2}}:\d\d(?!\d))"
_GROUP = r"(?:\(\+?\d{1,5}\)|\d++(?!\w))"
_SEPARATOR = r"(?:(?!\.\s)[ \u00a0\u202f./·\u2010\u2011\u2013-])"  # a full stop before a blank ends a sentence
_NUMBER = re.compile(
    rf"(?<!\w)(?:{_DATE_OR_TIME}|(\+?{_GROUP}(?:{_SEPARATOR}{{0,3}}(?!{_DATE_OR_TIME}){_GROUP})*+))(?!\w)"
)
_MONEY_BEFORE = re.compile(r"(?:[£$€¥]|\b(?:EUR|USD|GBP|CHF|MXN|COP|ARS|CLP))\s?\Z")
_UNIT_AFTER = re.compile(
    r"\s?(?:[£$€¥%]|(?:pounds?|euros?|dollars?|d[oó]lares|pesos|soles|EUR|GBP|USD|CHF|MXN|COP|ARS|CLP|km|kg|cm|mm"
    r"|ml|kwh"
    r"|[kmg]b|bytes|met(?:re|er|ro)s|miles|people|personas|habitantes|users|usuarios|views|visitas|visits|millones"
    r"|million|times|veces|tokens|param[eé]t\w{1,5}|characters|caracteres|rows|filas)\b)",
    re.IGNORECASE,
)
_JOINS = re.compile(r"\s?(?:,|;|/|y|e|o|i|and|or|&|und|oder|et|ou)\s?|, (?:y|and|o|or) ")
_COMPACT_TIME = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{2}|\d{4}|\d{6})?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_PIECE = re.compile(r"\(?\+?\d+\)?")
_BLANKS = (" ", "\u00a0", "\u202f")
_LEADING = " \u00a0\u202f./\u2010\u2011\u2013-"
# How numbers are grouped that start without 0, where the country is not known.
_WRITTEN = {(3, 3, 4), (1, 3, 3, 4), (3, 2, 2, 2), (3, 4, 4), (5, 5)}


def phones(text: str, regions: tuple[str, ...]) -> Iterator[Span]:
    """Phones of any country with a + before them, of the regions in their own writing, and of others if written so.

    Dates, times, prices, decimals and numbers that the words before them call an order or a ticket are none.
    """
    listed = -1  # where a number ended that is no phone: "pedidos 600100200 y 600100201" are two of one kind
    for match in _NUMBER.finditer(text):
        if match[1] is None or sum(map(str.isdigit, match[1])) < 7 or _is_amount(match):
            continue
        start = match.start()
        for number in _apart(match[1], regions):
            bare = number.lstrip(_LEADING)
            begin = start + len(number) - len(bare)
            start += len(number)
            words = before(text, begin)
            if listed >= 0 and _JOINS.fullmatch(text[listed:begin]):
                listed = start
                continue
            first, last = _core(bare, regions)
            begin, bare = begin + first, bare[first:last]
            value = _value(bare, words, regions)
            if says_other(words) and not value:
                listed = start
            if value:
                yield begin, begin + len(bare), value


def same_phone(first: str, second: str) -> bool:
    """Whether two values are one phone, as far as one of them tells: "+34600112233" and "600112233"."""
    short, long = sorted((first.lstrip("+0"), second.lstrip("+0")), key=len)
    return len(short) >= 7 and long.endswith(short)


def phone_value(number: str, regions: tuple[str, ...]) -> str:
    """A number in one writing, whatever its own: "600 11 22 33" → "+34600112233"; digits where no region knows it."""
    digits = "".join(filter(str.isdigit, number))
    return _international(number, digits) or _national(digits, regions) or digits.lstrip("0")


def _is_amount(match: re.Match[str]) -> bool:
    text, start, end = match.string, match.start(), match.end()
    return bool(_MONEY_BEFORE.search(text[max(0, start - 5) : start]) or _UNIT_AFTER.match(text[end : end + 14]))


def _apart(candidate: str, regions: tuple[str, ...]) -> list[str]:
    """Numbers written one after the other: a run too long for one phone is cut where one is complete."""
    if sum(map(str.isdigit, candidate)) <= 15:
        return [candidate]
    numbers: list[list[str]] = [[]]
    enough = 0
    for group in re.findall(r"\D*\d+\)?", candidate):
        opens = group.lstrip(_LEADING + "(")
        if enough >= 9 and (
            opens.startswith(("0", "+")) or (enough <= 13 and _national(_digits("".join(numbers[-1])), regions))
        ):
            numbers.append([])
            enough = 0
        numbers[-1].append(group)
        enough += len(_digits(group))
    return ["".join(number) for number in numbers]


def _core(number: str, regions: tuple[str, ...]) -> tuple[int, int]:
    """Where the phone lies in a run of numbers, "600112233" in "600112233 2 cajas"; the whole run if it is one."""
    groups = list(_PIECE.finditer(number))
    if not 2 <= len(groups) <= 8 or _is_phone(number, regions):
        return 0, len(number)
    for size in range(len(groups) - 1, 0, -1):
        for first in range(1 if "+" in number or number.startswith("00") else len(groups) - size + 1):
            beside = groups[:first] + groups[first + size :]
            start, end = groups[first].start(), groups[first + size - 1].end()
            apart = number[max(0, start - 1) : start] in ("", *_BLANKS) and number[end : end + 1] in ("", *_BLANKS)
            sizes = {len(_digits(one[0])) for one in beside}
            rows = 3 in sizes and size > 2  # "600 700 800 900" is a row of sizes
            few = len(beside) <= 2 and max(sizes) <= 5 and not rows
            if apart and few and _is_phone(number[start:end], regions):
                return start, end
    return 0, len(number)


def _is_phone(number: str, regions: tuple[str, ...]) -> bool:
    """Whether a number as it is written is a phone by its plan, or opens with a 0 and has a phone's length."""
    digits = _digits(number)
    if "+" in number or digits.startswith("00"):
        if "(0)" in number:
            return True
        try:
            return phonenumbers.is_possible_number(phonenumbers.parse("+" + digits.removeprefix("00"), None))
        except phonenumbers.NumberParseException:
            return False
    if not 9 <= len(digits) <= 12:
        return False
    groups = re.findall(r"\d+", number)
    if _is_date(groups) or _is_decimal_or_address(number, groups) or not _grouped_well(number, groups):
        return False
    return bool(_national(digits, regions)) or (digits[0] == "0" and _looks_dialled(number, groups, digits))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _value(number: str, words: str, regions: tuple[str, ...]) -> str:
    digits = _digits(number)
    if not 7 <= len(digits) <= 15 or len(set(digits)) < 3 or number in "01234567890123 9876543210":
        return ""
    if "+" in number:
        return _international(number, digits)
    groups = re.findall(r"\d+", number)
    if _is_date(groups) or _is_decimal_or_address(number, groups):
        return ""
    if says_phone(words):
        return phone_value(number, regions)
    if says_other(words):
        return ""
    if digits.startswith("00"):
        return _international(number, digits)
    known = _national(digits, regions)
    if known and _grouped_well(number, groups):
        return known
    if _looks_dialled(number, groups, digits):
        return digits.lstrip("0")
    return ""


@lru_cache(4096)
def _international(number: str, digits: str) -> str:
    """A number with + or 00: any that its country's lengths allow, since films, tests and new ranges are "invalid"."""
    if "+" not in number and not digits.startswith("00"):
        return ""
    try:
        parsed = phonenumbers.parse("+" + digits.removeprefix("00") if "+" not in number else number, None)
    except phonenumbers.NumberParseException:
        return ""
    sure = "+" in number and (phonenumbers.is_possible_number(parsed) or 10 <= len(digits) <= 13)
    if not (sure or phonenumbers.is_valid_number(parsed)):
        return ""
    return f"+{parsed.country_code}{parsed.national_number}"


@lru_cache(4096)
def _national(digits: str, regions: tuple[str, ...]) -> str:
    for region in regions:
        trunk = phonenumbers.ndd_prefix_for_region(region, True)
        code = str(phonenumbers.country_code_for_region(region))
        if trunk == "0" and not digits.startswith("0"):
            continue
        if region == "US" and len(digits) == 11 and not digits.startswith("1"):
            continue
        try:
            parsed = phonenumbers.parse(digits, region)
            if phonenumbers.is_valid_number_for_region(parsed, region):
                return f"+{parsed.country_code}{parsed.national_number}"
            if digits.startswith(code) and len(digits) > 10:
                parsed = phonenumbers.parse("+" + digits, None)
                if phonenumbers.is_valid_number_for_region(parsed, region):
                    return f"+{parsed.country_code}{parsed.national_number}"
        except phonenumbers.NumberParseException:
            continue
    return ""


def _grouped_well(number: str, groups: list[str]) -> bool:
    sizes = [len(group) for group in groups]
    if len(groups) == 1:
        return sizes[0] >= 9 and not _COMPACT_TIME.fullmatch(number)
    return len(groups) <= 6 and max(sizes) >= 3 and min(sizes[1:]) >= 2 and "–" not in number


def _looks_dialled(number: str, groups: list[str], digits: str) -> bool:
    sizes = [len(group) for group in groups]
    if number.startswith("("):
        return sizes[0] > 1 and 9 <= len(digits) <= 12
    if digits.startswith("0"):
        # ISBN-10 and decimals open with a 0 of its own; six pairs are drawn in a lottery
        if len(sizes) > 5:
            return False
        return 10 <= len(digits) <= 11 if len(groups) == 1 else sizes[0] > 1 and 9 <= len(digits) <= 12
    if tuple(sizes) not in _WRITTEN or "/" in number or "–" in number:
        return False
    return digits[0] in "6789" if sizes == [5, 5] else digits[0] != "1" or len(digits) == 11


def _is_date(groups: list[str]) -> bool:
    years = [group for group in groups if _YEAR.fullmatch(group)]
    return bool(years) and all(len(group) <= 2 or group in years for group in groups)


def _is_decimal_or_address(number: str, groups: list[str]) -> bool:
    if number.count(".") != len(groups) - 1 or len(groups) not in (2, 4):
        return False
    if len(groups) == 2:
        return groups[0] == "0" or not groups[0].startswith("0")
    return all(int(group) <= 255 and group == str(int(group)) for group in groups)
