"""Personal data in text: find it, and put something else in its place."""

from marcus_nb.text.personal.allowing import is_allowed
from marcus_nb.text.personal.finding import find
from marcus_nb.text.personal.kinds import KINDS, REGIONS, Found
from marcus_nb.text.personal.known_names import is_frequent, looks_like_name, occurrences
from marcus_nb.text.personal.names import own_names
from marcus_nb.text.personal.placeholders import Numbering, replaced
from marcus_nb.text.personal.redacting import dotted, mask, redact

__all__ = [
    "KINDS",
    "REGIONS",
    "Found",
    "Numbering",
    "dotted",
    "find",
    "is_allowed",
    "is_frequent",
    "looks_like_name",
    "mask",
    "occurrences",
    "own_names",
    "redact",
    "replaced",
]
