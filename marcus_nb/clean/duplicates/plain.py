"""A text reduced to what it says: folded words, numbers, and the few signs that change an answer."""

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]++")
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")
# Whatever is no blank, punctuation or symbol belongs to a word: \w would lose the vowel signs of Indic scripts.
_BETWEEN = r"\s!-/:-@\[-`{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20cf"
_SYMBOLS = r"\u2190-\u2bff\u3000-\u303f\ufe00-\ufe0f\uff01-\uff0f\U0001f000-\U0001faff"
# $5 is not €5, C no C++, -5 not 5, and a thumb up not a thumb down; other symbols and punctuation do not count.
_SIGN = r"[$€£¥%°#+=<>👍👎✅❌✔✖]|(?<!\S)[-−](?=\d)"
_SIGNS = re.compile(_SIGN)
_TOKENS = re.compile(rf"[^{_BETWEEN}{_SYMBOLS}]++|{_SIGN}")
_NUMBERS = re.compile(r"\d++")
# A capital after a word: a name, or in German a noun. After a full stop it says nothing.
_CAPITALS = re.compile(r"(?<=[^\W\d_]\s|[\d,;]\s)[^\W\d_a-zß-öø-ÿ][\w'’]*+")
_I = {"i", "im", "ill", "ive", "id"}  # English alone writes these with a capital


def plain(text: str) -> str:
    """Words without case, accents, apostrophes and punctuation, one blank between them.

    >>> plain("¿Qué tal? Don't pay 5 €!")
    'que tal dont pay 5 €'
    """
    folded = text.casefold()
    if not folded.isascii():
        folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", folded))
    return " ".join(_TOKENS.findall(folded.translate(_APOSTROPHES)))


def signs(text: str) -> str:
    """Its signs that are neither words nor punctuation: `signs("-5 °C: 3 €!")` is `"-°€"`."""
    return "".join(_SIGNS.findall(text))


def numbers(plain_text: str) -> tuple[str, ...]:
    """The numbers in their order: `numbers("row 12 opens at 9am")` is `("12", "9")`."""
    return tuple(_NUMBERS.findall(plain_text))


def capitalised(text: str) -> set[str]:
    """The plain forms of words with a capital inside a sentence.

    >>> sorted(capitalised("Ask for Tom at the North gate. Thanks"))
    ['north', 'tom']
    """
    return {plain(word) for word in _CAPITALS.findall(text)} - _I
