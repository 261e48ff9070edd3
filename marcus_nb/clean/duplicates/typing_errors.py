"""Whether one word, or words written as one, is a typing error of another, and whose."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from marcus_nb.clean.duplicates.closed_words import DECISIVE, DECISIVE_GROUPS, NEGATIONS, PERSONS_AND_LINKS
from marcus_nb.clean.duplicates.vocabulary import Vocabulary

# Zipf frequencies: 3 is once in a million words.
_NO_WORD = 1.5
_WORD = 2.5
_RARE = 3.2
_SELDOM = 4.0
_KNOWN_NAME = 4.0
_RARE_NAME = 2.2
_EVERYDAY = 4.5
_GRAMMAR = 6.0  # "the", "with", "para": against a much rarer word no other meaning is likely
_LONG = 5  # letters: a longer real word seldom is an error
_TYPO_GAP = 2.4  # the other word is three hundred times as usual
_SLIP_GAP = 1.3
_OWN = 3  # conversations with a word
_OWN_SHARE = 15  # for one of them so many with the other word: an error that many make
_LONG_SHARE = 80
_SLIP_SHARE = 20  # one conversation with the word against so many with the other
_MANY = 5  # conversations with a name make it well known
_REMEMBERED = 100_000  # answers
LATIN = "\u024f"


class Cost(NamedTuple):
    """What was mistyped on either side: real words that a finger made of others, and plain errors."""

    slips: tuple[int, int] = (0, 0)
    errors: tuple[int, int] = (0, 0)
    either: int = 0  # slips of which nothing tells whose they are

    def plus(self, other: "Cost") -> "Cost":
        return Cost(_sum(self.slips, other.slips), _sum(self.errors, other.errors), self.either + other.either)

    @property
    def weight(self) -> tuple[int, int]:
        return sum(self.slips) + self.either, sum(self.errors)


def _sum(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    return one[0] + two[0], one[1] + two[1]


def on(right: bool) -> tuple[int, int]:
    """One on that side: `on(True)` is `(0, 1)`."""
    return (0, 1) if right else (1, 0)


def cost_of(
    ours: list[str], theirs: list[str], code: str | None, names: frozenset[str], vocabulary: Vocabulary
) -> Cost | None:
    """What it takes to make words of the one text of words of the other; None where they differ in meaning.

    Two words on one side and one on the other are taken for a blank too many or too few. `code` is the language, None
    where it has no list: then only blanks may differ. `names` are words that either text writes with a capital.
    """
    one, two = "".join(ours), "".join(theirs)
    if one == two and (code is None or ours == theirs):
        return Cost()
    if code is None or not _plain_letters(one) or not _plain_letters(two):
        return Cost() if one == two else None
    allowed = allowed_edits(max(len(one), len(two)))
    if len(ours) + len(theirs) > 2:  # a blank too many or too few is one error of the two already
        allowed = 0 if len(ours) == len(theirs) else allowed - 1
    edits = OSA.distance(one, two, score_cutoff=allowed)
    if edits > allowed or not (_holds_decisive(ours, two) and _holds_decisive(theirs, one)):
        return None
    left, right = _weigh(ours, code, vocabulary), _weigh(theirs, code, vocabulary)
    rare, usual = (right, left) if right.evidence < left.evidence else (left, right)
    side = on(rare is right)
    if not edits:
        return Cost(errors=side)
    decisive = [not DECISIVE.isdisjoint(words) for words in (ours, theirs)]
    if not any(decisive) and all(any(word in names for word in words) for words in (ours, theirs)):
        return Cost(errors=side) if _name_error(rare, usual, edits, vocabulary) else None
    if _is_error(rare, usual, edits, any(decisive)):
        return Cost(errors=side)
    if edits == 2 and not any(decisive) and _is_rough(rare, usual):
        return Cost(slips=_sum(side, side))
    if one in PERSONS_AND_LINKS and two in PERSONS_AND_LINKS:
        return None
    if edits > 1 or all(decisive) or not NEGATIONS.isdisjoint(ours + theirs):
        return None
    if min(rare.zipf, usual.zipf) >= _GRAMMAR:
        return Cost(slips=side) if any(decisive) else Cost(either=1)
    if not _may_slip(rare, usual):
        return None
    return Cost(slips=side if len(rare.text) < _LONG else _sum(side, side))


def _holds_decisive(words: list[str], other: str) -> bool:
    """Of words written as one, those that decide must be there, and no other: "puertaoeste" is not "puerta este"."""
    if len(words) == 1:
        return True
    for word in words:
        if word not in DECISIVE:
            continue
        if any(else_ in other and else_ not in word for else_ in _others(word) if len(else_) > 2):
            return False
        sizes = range(len(word) - 1, len(word) + 2)
        pieces = {piece for size in sizes for piece in (other[:size], other[-size:])}
        if word not in other and not any(
            OSA.distance(piece, word, score_cutoff=1) < 2 and _only_decisive(piece, word, 1) for piece in pieces
        ):
            return False
    return True


def _plain_letters(word: str) -> bool:
    # Of scripts without cases or blanks one sign may be a whole word.
    return word.isalpha() and max(word) <= LATIN


def allowed_edits(length: int) -> int:
    """How many letters of a word that long may be wrong."""
    return 2 if length < 9 else 3


@dataclass(frozen=True)
class _Weight:
    """The least usual of the words that stand for one."""

    text: str
    zipf: float
    count: int  # conversations that have it

    @property
    def evidence(self) -> float:
        return self.zipf + math.log10(1 + self.count)


def _weigh(words: list[str], code: str, vocabulary: Vocabulary) -> _Weight:
    zipf, count = min((vocabulary.usual(word, code), vocabulary.conversations(word, code)) for word in words)
    return _Weight("".join(words), zipf, count)


def _no_word(rare: _Weight, usual: _Weight) -> bool:
    return rare.zipf < _NO_WORD and not _own(rare, usual)


def _own(rare: _Weight, usual: _Weight) -> bool:
    """The business's own word: often enough in the data to be no error, even of a very usual word."""
    return rare.count >= _OWN and rare.count * _OWN_SHARE > usual.count


def _name_error(rare: _Weight, usual: _Weight, edits: int, vocabulary: Vocabulary) -> bool:
    """Only a well-known name beside what no list and no other conversation has: Meier is not Meyer."""
    if len(usual.text) < 3 or edits > (1 if len(usual.text) < 7 else 2):
        return False
    if rare.zipf > _RARE_NAME or vocabulary.said(rare.text) >= _OWN:
        return False
    return usual.zipf >= _KNOWN_NAME or vocabulary.said(usual.text) >= _MANY


def _is_error(rare: _Weight, usual: _Weight, edits: int, decisive: bool) -> bool:
    """Whether one is no word, or so seldom that it is no likely other meaning."""
    if decisive and not _only_decisive(rare.text, usual.text, edits):
        return False
    if _no_word(rare, usual) and (usual.zipf >= _WORD or usual.count >= _OWN):
        # Of a short word two wrong letters leave little: only of one that everybody uses.
        return edits == 1 or len(usual.text) > 4 or (len(usual.text) == 4 and usual.zipf >= _EVERYDAY)
    if edits > 1 or _own(rare, usual):
        return False
    gap = usual.zipf - rare.zipf
    if rare.zipf < _WORD and len(usual.text) > _LONG and _unheard(rare, usual):
        return True
    if gap >= _TYPO_GAP and (rare.zipf < _RARE or usual.zipf >= _GRAMMAR):
        return True
    return gap >= _SLIP_GAP and rare.zipf < (_RARE if decisive else _SELDOM) and _unheard(rare, usual)


@lru_cache(_REMEMBERED)
def _only_decisive(wrong: str, right: str, edits: int) -> bool:
    """Whether no other word that decides is as near: "jujio" may be June or July."""
    return edits < 3 and not any(
        OSA.distance(wrong, other, score_cutoff=edits) <= edits
        for other in _others(right) - {wrong}
        if not other.startswith(right) and not right.startswith(other)  # "Mondays" is no other day than "Monday"
    )


@lru_cache(_REMEMBERED)
def _others(word: str) -> frozenset[str]:
    """The words of its groups that mean something else."""
    return frozenset(
        other
        for group in DECISIVE_GROUPS
        if any(word in meaning for meaning in group)
        for meaning in group
        if word not in meaning
        for other in meaning
    )


def _unheard(rare: _Weight, usual: _Weight) -> bool:
    return rare.count * _SLIP_SHARE <= usual.count


def _is_rough(rare: _Weight, usual: _Weight) -> bool:
    """Whether a short word with two wrong letters is no likely other meaning."""
    return not _own(rare, usual) and (usual.zipf >= _GRAMMAR or _unheard(rare, usual)) and rare.zipf < _EVERYDAY


def _may_slip(rare: _Weight, usual: _Weight) -> bool:
    """Whether a finger may have made one word of another: short ones often are, long ones seldom."""
    if _own(rare, usual):
        return False
    if max(rare.zipf, usual.zipf) < _NO_WORD:
        return len(rare.text) > 5  # seldom forms of verbs, which no list has
    if len(rare.text) > _LONG:
        return rare.count * _LONG_SHARE <= usual.count
    return usual.zipf - rare.zipf >= _SLIP_GAP or _unheard(rare, usual)
