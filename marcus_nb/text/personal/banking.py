"""Payment cards and bank accounts."""

import re
from collections.abc import Iterator

from stdnum import iban, luhn
from stdnum.es import ccc

from marcus_nb.text.personal.contexts import before, says_other
from marcus_nb.text.personal.kinds import Span

_DIGITS = re.compile(r"(?<![\w.,-])\d(?:[ \u00a0-]{0,2}\d){12,}+", re.ASCII)
_GROUP = re.compile(r"\d+", re.ASCII)
# How the digits of cards are printed; other groups of digits are something else.
_PRINTED = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4)}
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2} ?\d\d(?:[ \u00a0.-]?[A-Za-z0-9]){11,30}+", re.ASCII)
_SORT_CODE = re.compile(r"\b(?:sort ?code|bank account)", re.IGNORECASE)
_SAID = re.compile(r"iban\W{0,6}(?:es|is|ist|est|è|é|number|no|nº)?\W{0,4}\Z", re.IGNORECASE)
# Spain's account numbers before the IBAN, with their own two check digits; Britain's sort code and account.
_CCC = re.compile(r"(?<![\w.,-])\d{4}[ -]?\d{4}[ -]?\d\d[ -]?\d{10}(?![\w-])", re.ASCII)
_BRITISH = re.compile(
    r"(?<!\w)(?:sort ?code(?: is)?[\s:]{1,2}(\d\d[ -]?\d\d[ -]?\d\d)|(?:account|acct|a/c|acc)(?: (?:number|no\.?|nr"
    r"|num))?"
    r"(?: is)?[\s:#]{1,3}(\d{8}))(?![\w-])",
    re.IGNORECASE,
)
_IBAN_LENGTHS = range(15, 35)


def cards(text: str) -> Iterator[Span]:
    """Numbers of 13 to 19 digits with the beginning and length of a card network and a right check digit (Luhn)."""
    for match in _DIGITS.finditer(text):
        groups = [(group.start(), group.end()) for group in _GROUP.finditer(text, match.start(), match.end())]
        first = 0
        while first < len(groups):  # other numbers may stand beside it: "4111 1111 1111 1111 12/27"
            count = next((count for count in (1, 3, 4, 5) if _is_card(text, groups[first : first + count], count)), 0)
            if count:
                start, end = groups[first][0], groups[first + count - 1][1]
                yield start, end, re.sub(r"\D", "", text[start:end])
            first += count or 1


def _is_card(text: str, groups: list[tuple[int, int]], count: int) -> bool:
    sizes = tuple(end - start for start, end in groups)
    if len(groups) < count or (sizes not in _PRINTED if count > 1 else not 14 <= sizes[0] <= 19):
        return False
    digits = "".join(text[start:end] for start, end in groups)
    if not _is_network(digits) or len(set(digits)) < 2 or not luhn.is_valid(digits):
        return False
    after = text[groups[-1][1] : groups[-1][1] + 1]
    return not (after.isalnum() or after == "_") and (count > 1 or not says_other(before(text, groups[0][0])))


def _is_network(digits: str) -> bool:
    """ISO/IEC 7812 ranges of the networks in use, each with its lengths."""
    four, size = int(digits[:4]), len(digits)
    if digits[0] == "4":
        return size in (13, 16, 19)
    if 5100 <= four <= 5599 or 2221 <= four <= 2720:
        return size == 16
    if digits[:2] in ("34", "37"):
        return size == 15
    if 3000 <= four <= 3059 or digits[:2] in ("36", "38", "39"):
        return size == 14
    if 3528 <= four <= 3589 or four == 6011 or 6440 <= four <= 6599:
        return size in (16, 19)
    return digits[:2] in ("50", "56", "57", "58", "60", "62", "63", "67") and size in (16, 18, 19)


def ibans(text: str) -> Iterator[Span]:
    """Accounts whose country, length and check digits (mod 97) are right; those called IBAN even if mistyped."""
    place = 0
    while match := _IBAN.search(text, place):
        end = _account_end(text, match) or _said_end(text, match)
        if end:
            yield match.start(), end, re.sub(r"[^A-Za-z0-9]", "", text[match.start() : end]).upper()
        place = end or match.start() + 4
    for match in _CCC.finditer(text):
        if ccc.is_valid(match[0]):
            yield match.start(), match.end(), re.sub(r"\D", "", match[0])
    if _SORT_CODE.search(text):
        for match in _BRITISH.finditer(text):
            start, end = match.span(match.lastindex or 0)
            yield start, end, re.sub(r"\D", "", text[start:end])


def _account_end(text: str, match: re.Match[str]) -> int:
    """The run may go on into the words behind it: the country's own length says where the account ends."""
    places = [place for place in range(match.start(), match.end()) if text[place].isalnum()]
    for size in _IBAN_LENGTHS:
        if size > len(places):
            break
        end = places[size - 1] + 1
        value = re.sub(r"[^A-Za-z0-9]", "", text[match.start() : end])
        if not text[end : end + 1].isalnum() and iban.is_valid(value, check_country=False):
            return end
    return 0


def _said_end(text: str, match: re.Match[str]) -> int:
    if not _SAID.search(before(text, match.start())):
        return 0
    written = match[0].rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz .-\u00a0")
    enough = sum(map(str.isdigit, written)) >= 14 and len(written) >= 15
    return match.start() + len(written) if enough else 0
