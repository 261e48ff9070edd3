"""How usual a word is: in the language, by the lists that come with wordfreq, and in the data themselves."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from marcus_nb.clean.duplicates.plain import plain
from marcus_nb.text import language

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "ca")
_LETTER_WORDS = {"en": "aiu", "es": "aeouy", "fr": "ayo", "de": "", "it": "aeio", "pt": "aeo", "ca": "aeio"}
_FOREIGN = 1.5  # Zipf: a word is thirty times as usual in its own language
_SAMPLE = 400  # conversations whose language is asked
_FEWEST = 0.02  # of them in a language for it to count
_HEARD = 2.0  # Zipf
_KNOWN_SHARE = 0.6  # of a turn's words, else it is in a language without a list
_MANY = 100_000  # words or texts remembered
_OWN = 3  # conversations with a word make it one of the business's own


class Vocabulary:
    """`usual` gives a word's Zipf frequency (van Heuven and others, 2014): 6 or 7 for "the", 0 for what is no word."""

    def __init__(self, conversations: Sequence[Sequence[str]]) -> None:
        """`conversations` are their turns in plain form."""
        self._counts: Counter[str] = Counter()
        for turns in conversations:
            self._counts.update({word for turn in turns for word in turn.split()})
        step = max(1, len(conversations) // _SAMPLE)
        told = Counter(language(turn, LANGUAGES) for turns in conversations[::step] for turn in turns)
        told.pop(None, None)
        few = _FEWEST * told.total()
        self.languages = tuple(code for code in LANGUAGES if told[code] > few) or ("en",)
        self.of = lru_cache(_MANY)(self._of)

    def _of(self, plain_text: str) -> str | None:
        """The language whose list knows these words best; None where none knows most of them."""
        words = plain_text.split()
        best, most = None, 0.0
        for code in self.languages:
            usual = [_zipf(word, code) for word in words]
            if sum(one > _HEARD for one in usual) >= _KNOWN_SHARE * len(words) and sum(usual) > most:
                best, most = code, sum(usual)
        return best

    def usual(self, word: str, code: str) -> float:
        return _zipf(word, code)

    def conversations(self, word: str, code: str) -> int:
        """In how many of the data's conversations it stands; 0 for a word of another of their languages."""
        here = _zipf(word, code) + _FOREIGN
        return 0 if any(_zipf(word, other) > here for other in self.languages) else self._counts[word]

    def said(self, word: str) -> int:
        """In how many of the data's conversations it stands, whatever its language: names have none."""
        return self._counts[word]

    def misspelt(self, plain_turns: Sequence[str]) -> int:
        """Words that neither the language nor another conversation has."""
        count = 0
        for turn in plain_turns:
            words = turn.split()
            code = self.of(turn)
            if code:
                count += sum(_zipf(word, code) < 1.5 and self._counts[word] < _OWN for word in words if word.isalpha())
        return count


@lru_cache(_MANY)
def _zipf(word: str, code: str) -> float:
    if len(word) == 1 and word.isascii() and word.isalpha() and word not in _LETTER_WORDS[code]:
        return 0.0  # lists count the letters of initials
    usual, folded = _frequencies(code)
    share = max(usual.get(word, 0.0), folded.get(word, 0.0))
    return math.log10(share) + 9 if share else 0.0


@cache
def _frequencies(code: str) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Each word's share, and that of the words that accents or apostrophes hide from it."""
    from wordfreq import get_frequency_dict  # here: some seconds, which data without near-copies need not wait for

    usual = get_frequency_dict(code, "best")
    folded: dict[str, float] = {}
    for word, share in usual.items():
        if not word.isascii() or "'" in word:
            bare = plain(word)
            folded[bare] = max(folded.get(bare, 0.0), share)
    return usual, folded
