"""Text fit to be shown: personal data replaced, or dotted out."""

import re
from collections.abc import Sequence

from marcus_nb.text.personal.finding import find
from marcus_nb.text.personal.placeholders import Numbering, replaced

_PASSES = (
    3  # what stood beside a find may be seen as one itself once that is gone; more than two have never been needed
)


def redact(text: str, allow: Sequence[str] = ()) -> str:
    """Personal data of every kind becomes a placeholder, numbered within the text; what `allow` lists stays.

    >>> redact("Tom, tom@example.com or 07700 900123, on 14/06/2025")
    'Tom, [EMAIL_1] or [PHONE_1], on 14/06/2025'
    """
    for _ in range(_PASSES):
        finds = find(text, allow=allow)
        if not finds:
            break
        text = replaced(text, finds, Numbering([text], "en"))
    return text


def mask(text: str, allow: Sequence[str] = ()) -> str:
    """What `redact` would replace, dotted out but for its first character, to show where something stood.

    >>> mask("tom@example.com")
    't••@•••••••.•••'
    """
    parts, place = [], 0
    for found in find(text, allow=allow):
        parts += [text[place : found.start], dotted(text[found.start : found.end])]
        place = found.end
    return "".join([*parts, text[place:]])


def dotted(found: str) -> str:
    """A find but for its first character: "07700 900123" → "0•••• ••••••"."""
    return found[:1] + re.sub(r"\w", "•", found[1:])
