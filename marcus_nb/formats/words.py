"""Words of a column name or a speaker, made comparable; and the nearest name to a misspelt one."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=65536)
def split(name: str) -> tuple[str, ...]:
    """The words of a name, without case, accents and signs.

    >>> split("Florian's reply"), split("userMessage"), split("Conversación_ID")
    (('florian', 's', 'reply'), ('user', 'message'), ('conversacion', 'id'))
    """
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", name))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return tuple(re.findall(r"[^\W_]+", plain.casefold()))


@lru_cache(maxsize=65536)
def key(name: str) -> str:
    """One spelling for names that a person would call the same.

    >>> key("  NELL "), key("Auto-reply")
    ('nell', 'auto reply')
    """
    # Past the cache of `split`: the names of fifty thousand customers need not be kept twice.
    return " ".join(split.__wrapped__(name)) or name.strip()


def listed(names: Iterable[str]) -> str:
    """`a`, `b`, `c`: for messages; at most twelve."""
    names = list(names)
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(f"`{name}`" for name in names[:12]) + more


def near(name: str, names: Iterable[str]) -> str:
    """` (did you mean `reply`?)`, or nothing when no name is near."""
    by_key = {key(other): other for other in names}
    found = difflib.get_close_matches(key(name), by_key, n=1, cutoff=0.6)
    return f" (did you mean `{by_key[found[0]]}`?)" if found else ""
