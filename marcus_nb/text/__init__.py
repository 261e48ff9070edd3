"""Text: repair, tidy, redact, fingerprint and compare it. Plain functions."""

from marcus_nb.text.characters import nfc, repair, strip_invisible, tidy_whitespace
from marcus_nb.text.compare import SHINGLE, comparable, fingerprint, shingles, similarity
from marcus_nb.text.language import language
from marcus_nb.text.personal import dotted, mask, redact

__all__ = [
    "SHINGLE",
    "comparable",
    "dotted",
    "fingerprint",
    "language",
    "mask",
    "nfc",
    "redact",
    "repair",
    "shingles",
    "similarity",
    "strip_invisible",
    "tidy_whitespace",
]
