"""Personal data never reaches what is shown; the persona's own name is none."""

from typing import Any

from marcus_nb import text

_known: set[str] = set()  # of this notebook: its first look, at the parameters, says who the persona is


def know(name: str) -> None:
    """From now on this name is shown."""
    _known.add(name)


def hidden(value: Any) -> str:
    """The value as text, personal data replaced by placeholders: `"Ask [EMAIL_1]"`."""
    return text.redact(str(value), tuple(_known))


def masked(value: Any) -> str:
    """The value as text of the same length, personal data dotted out: `"Ask t••@•••••••.•••"`."""
    return text.mask(str(value), tuple(_known))
