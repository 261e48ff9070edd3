"""All finders over one text, the surest first; what one has taken no other takes a part of."""

import re
from collections.abc import Iterable, Iterator, Sequence

from marcus_nb.text.personal.allowing import allowed
from marcus_nb.text.personal.banking import cards, ibans
from marcus_nb.text.personal.emails import emails
from marcus_nb.text.personal.kinds import REGIONS, Found, Span
from marcus_nb.text.personal.names import names
from marcus_nb.text.personal.national_ids import national_ids
from marcus_nb.text.personal.network import ip_addresses, mac_addresses
from marcus_nb.text.personal.phones import phones
from marcus_nb.text.personal.placeholders import placeholders
from marcus_nb.text.personal.postal import postal_addresses
from marcus_nb.text.personal.secrets import secrets
from marcus_nb.text.personal.urls import urls

# No account, card, id or phone is written without five digits almost side by side; most texts with a digit have none.
_FIVE_DIGITS = re.compile(r"\d(?:[^\w\n]{0,3}[A-Za-z]?\d){4}")
_DIGIT = re.compile(r"\d")


def find(text: str, regions: Sequence[str] = REGIONS, allow: Sequence[str] = ()) -> list[Found]:
    """Personal data in a text, in order, none overlapping. `value` is the same however the same thing was written.

    >>> find("Tom, tom@example.com")
    [Found(start=5, end=20, kind='email', value='tom@example.com')]

    `regions` are the countries (two letters) whose phones and ids are looked for; `allow` is what stays, as in
    `Clean.redact_allow`.
    """
    regions = tuple(region.upper() for region in regions)
    taken: bytearray | None = None
    finds: list[Found] = []
    for kind, spans in _finders(text, regions):
        for start, end, value in spans:
            taken = bytearray(len(text)) if taken is None else taken
            if start >= end or taken.find(1, start, end) >= 0:
                continue
            taken[start:end] = b"\x01" * (end - start)
            if value is not None:
                finds.append(Found(start, end, kind, value))
    if allow and finds:
        stays = allowed(tuple(allow), regions)
        finds = [found for found in finds if (text, found) not in stays]
    return sorted(finds, key=lambda found: found.start)


def _finders(text: str, regions: tuple[str, ...]) -> Iterator[tuple[str, Iterable[Span]]]:
    lowered = text.lower()
    digits = bool(_DIGIT.search(text))
    yield "", placeholders(text)
    if "://" in text or "www." in lowered or ".me/" in lowered or "whatsapp.com/" in lowered:
        yield "url", urls(text)
    yield "secret", secrets(text, lowered, digits)
    yield "email", emails(text)
    many = digits and bool(_FIVE_DIGITS.search(text))
    if many:
        yield "iban", ibans(text)
        yield "card", cards(text)
        yield "national_id", national_ids(text, lowered, regions)
    if digits or text.count(":") >= 5:
        yield "mac_address", mac_addresses(text)
    if digits:
        yield "ip_address", ip_addresses(text)
        yield "postal_address", postal_addresses(text, lowered)
    if many:
        yield "phone", phones(text, regions)
    yield "name", names(text, lowered)
