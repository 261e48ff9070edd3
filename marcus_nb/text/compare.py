"""Whether two texts say the same: fingerprints, and the Jaccard similarity of their runs of characters."""

import hashlib
import unicodedata

SHINGLE = 5  # characters; shorter ones say little, longer ones miss reworded short questions


def fingerprint(text: str) -> str:
    """16 hexadecimal digits that are equal for texts of the same words, whatever their case, spacing and punctuation.

    A text without any word, such as "?" or "👍", counts as what it is.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Letters, numbers and marks: \w would lose the vowel signs of Indic scripts.
    spaced = "".join(character if unicodedata.category(character)[0] in "LNM" else " " for character in folded)
    words = spaced.split() or folded.split()
    return hashlib.sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def comparable(text: str) -> str:
    """Case-folded, one blank between words: `comparable(" When do\\nYOU open?")` is `"when do you open?"`."""
    return " ".join(unicodedata.normalize("NFC", text.casefold()).split())


def shingles(text: str) -> set[str]:
    """The runs of five characters of the comparable text; a shorter text is its own only run.

    >>> sorted(shingles("Ahoy you"))
    ['ahoy ', 'hoy y', 'oy yo', 'y you']
    """
    text = comparable(text)
    return {text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1))}


def similarity(first: str, second: str) -> float:
    """Jaccard similarity of two texts' shingles: 1.0 for the same text in another case, 0.0 for nothing in common."""
    ours, theirs = shingles(first), shingles(second)
    return len(ours & theirs) / len(ours | theirs)
