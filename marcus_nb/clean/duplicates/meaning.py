"""Whether two conversations that look alike also say the same, or differ in a word that matters."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA, Levenshtein

from marcus_nb.clean.duplicates.closed_words import DECISIVE, FILLERS
from marcus_nb.clean.duplicates.typing_errors import LATIN, Cost, allowed_edits, cost_of, on
from marcus_nb.clean.duplicates.vocabulary import Vocabulary

_LONGEST_BLOCK = 8  # words in a row that all differ
_JOINED = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (1, 3), (1, 0), (0, 1))  # words that may stand for each other


@dataclass(frozen=True)
class Talk:
    """A conversation as it is compared: its turns in plain form, and the words it writes with a capital."""

    turns: Sequence[str]
    names: frozenset[str]


def same_meaning(ours: Talk, theirs: Talk, vocabulary: Vocabulary) -> bool:
    """Only typing errors, fillers, accents, punctuation and spacing differ; in doubt False.

    Both must have the same number of turns. A typing error is a form that is no word beside a similar one that is;
    two real words, such as "open" and "opens", are taken for an error only among several plain ones.
    """
    cost = Cost()
    for one, two in zip(ours.turns, theirs.turns, strict=True):
        if one == two:
            continue
        most = 3 + max(len(one), len(two)) // 6
        if Levenshtein.distance(one, two, score_cutoff=most) > most:
            return False
        found = _turn(one.split(), two.split(), ours.names | theirs.names, vocabulary)
        if found is None:
            return False
        cost = cost.plus(found)
    # Who mistypes elsewhere may have here: a real word counts as an error only on the side that has plain ones.
    allowed = [errors + 1 if errors else 0 for errors in cost.errors]
    if any(slips > most for slips, most in zip(cost.slips, allowed, strict=True)):
        return False
    # One "the" for "he" changes nothing, even where all else is right.
    return cost.weight[0] <= max(*allowed, min(1, cost.either))


def _turn(one: list[str], two: list[str], names: frozenset[str], vocabulary: Vocabulary) -> Cost | None:
    blocks = _blocks(one, two)
    if any(_hopeless(left, right) for left, right in blocks):
        return None
    code = vocabulary.of(" ".join(one)) or vocabulary.of(" ".join(two))
    # Without fillers nothing may be left: "ok" is no "hello" where it is all that is said.
    may_skip = any(word not in FILLERS for word in one) and any(word not in FILLERS for word in two)
    cost = Cost()
    for left, right in blocks:
        found = _block(left, right, code, names, vocabulary, may_skip)
        if found is None:
            return None
        cost = cost.plus(found)
    return cost


def _blocks(one: list[str], two: list[str]) -> list[tuple[list[str], list[str]]]:
    """The runs of words in which they differ."""
    blocks: list[tuple[list[str], list[str]]] = []
    last = (-1, -1)
    for change in Levenshtein.opcodes(one, two):
        if change.tag == "equal":
            continue
        left, right = one[change.src_start : change.src_end], two[change.dest_start : change.dest_end]
        if last == (change.src_start, change.dest_start):
            blocks[-1] = (blocks[-1][0] + left, blocks[-1][1] + right)
        else:
            blocks.append((left, right))
        last = (change.src_end, change.dest_end)
    return blocks


def _hopeless(left: list[str], right: list[str]) -> bool:
    """Whether a glance tells that no error makes one of the other; most candidates end here."""
    if len(left) != 1 or len(right) != 1:
        return max(len(left), len(right)) > _LONGEST_BLOCK
    one, two = left[0], right[0]
    allowed = allowed_edits(max(len(one), len(two)))
    return OSA.distance(one, two, score_cutoff=allowed) > allowed and not (one in FILLERS and two in FILLERS)


def _block(
    left: list[str],
    right: list[str],
    code: str | None,
    names: frozenset[str],
    vocabulary: Vocabulary,
    may_skip: bool,
) -> Cost | None:
    """The fewest slips, then errors, that make one run of words of the other; None where nothing does."""
    best: dict[tuple[int, int], Cost] = {(0, 0): Cost()}
    for i in range(len(left) + 1):
        for j in range(len(right) + 1):
            here = best.get((i, j))
            if here is None:
                continue
            for more_left, more_right in _JOINED:
                if i + more_left > len(left) or j + more_right > len(right):
                    continue
                ours, theirs = left[i : i + more_left], right[j : j + more_right]
                if more_left and more_right:
                    cost = cost_of(ours, theirs, code, names, vocabulary)
                else:
                    cost = _alone((ours or theirs)[0], may_skip, bool(theirs))
                if cost is not None:
                    there = (i + more_left, j + more_right)
                    reached = here.plus(cost)
                    if there not in best or reached.weight < best[there].weight:
                        best[there] = reached
    return best.get((len(left), len(right)))


def _alone(word: str, may_skip: bool, right: bool) -> Cost | None:
    """A word that only one of the two has."""
    if may_skip and word in FILLERS:
        return Cost()
    if len(word) == 1 and word.isalpha() and word not in DECISIVE and word != "o" and word <= LATIN:
        return Cost(slips=on(not right))
    return None
