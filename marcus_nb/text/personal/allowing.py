"""The business's own public contacts: what is listed stays."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from marcus_nb.text.personal.kinds import Found
from marcus_nb.text.personal.phones import phone_value, same_phone

_DOMAIN = re.compile(r"@?(?:[\w-]+\.)+[^\W\d_]{2,}")


@dataclass(frozen=True)
class Allowed:
    """A list of what stays, made ready to compare."""

    literal: frozenset[str]
    bare: frozenset[str]
    long: tuple[str, ...]
    mail_domains: tuple[str, ...]
    hosts: tuple[str, ...]
    pages: tuple[str, ...]
    phones: tuple[str, ...]
    names: tuple[frozenset[str], ...]

    def __contains__(self, pair: tuple[str, Found]) -> bool:
        """Whether a find in a text is on the list."""
        text, found = pair
        written = text[found.start : found.end].casefold()
        if written in self.literal or found.value.casefold() in self.literal or _bare(written) in self.bare:
            return True
        if found.kind == "email":
            return found.value.endswith(self.mail_domains)
        if found.kind == "phone":
            return any(same_phone(found.value, phone) for phone in self.phones)
        if found.kind == "url":
            return self._has_page(written)
        if found.kind == "name":
            words = frozenset(re.findall(r"\w+", written))
            return any(words <= name for name in self.names)
        return found.kind == "postal_address" and any(entry in written or written in entry for entry in self.long)

    def _has_page(self, written: str) -> bool:
        try:
            host = urlsplit(written if "://" in written else "https://" + written).hostname or ""
        except ValueError:
            return False
        return any(host == own or host.endswith("." + own) for own in self.hosts) or written.startswith(self.pages)


def allowed(entries: Sequence[str], regions: Sequence[str]) -> Allowed:
    """What stays: e-mail addresses, "@domains", phones in any writing, pages, domains, names, any string.

    >>> ("Write to info@acme.com", Found(9, 22, "email", "info@acme.com")) in allowed(("@ACME.com",), ("ES",))
    True
    """
    return _allowed(tuple(entries), tuple(regions))


def is_allowed(text: str, found: Found, entries: Sequence[str], regions: Sequence[str]) -> bool:
    """Whether a find in a text stays, since the entries list it."""
    return (text, found) in allowed(entries, regions)


@lru_cache(64)
def _allowed(entries: tuple[str, ...], regions: tuple[str, ...]) -> Allowed:
    folded = [entry.strip().casefold() for entry in entries if entry.strip()]
    domains = [entry for entry in folded if _DOMAIN.fullmatch(entry)]
    return Allowed(
        literal=frozenset(folded),
        bare=frozenset(_bare(entry) for entry in folded if _bare(entry)),
        long=tuple(entry for entry in folded if len(entry) >= 8),
        mail_domains=tuple(entry for entry in domains if entry.startswith("@")),
        hosts=tuple(entry.removeprefix("www.") for entry in domains if not entry.startswith("@")),
        pages=tuple(entry for entry in folded if entry.startswith(("http://", "https://", "www."))),
        phones=tuple(phone_value(entry, regions) for entry in folded if _is_number(entry)),
        names=tuple(
            frozenset(words)
            for entry in folded
            if "@" not in entry and (words := re.findall(r"\w+", entry)) and "/" not in entry
        ),
    )


def _bare(written: str) -> str:
    return re.sub(r"[\W_]", "", written)


def _is_number(entry: str) -> bool:
    return 7 <= sum(map(str.isdigit, entry)) <= 15 and not any(map(str.isalpha, entry))
