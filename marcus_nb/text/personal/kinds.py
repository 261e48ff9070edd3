"""What counts as personal data, and one find of it."""

from dataclasses import dataclass

KINDS = (
    "email",
    "phone",
    "card",
    "iban",
    "national_id",
    "ip_address",
    "mac_address",
    "url",
    "secret",
    "postal_address",
    "name",
)
REGIONS = ("ES", "GB", "US")


@dataclass(frozen=True, slots=True)
class Found:
    """Personal data at `text[start:end]`: `Found(6, 21, "phone", "+34600112233")`.

    `value` is the same however the same thing was written.
    """

    start: int
    end: int
    kind: str
    value: str


# What a finder yields: start, end and value; None instead of a value claims a span that is no personal data, such as
# the address of a public page, so that no other finder takes a part of it for something.
Span = tuple[int, int, str | None]
