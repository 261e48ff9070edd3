"""A run of words with capitals: what a name looks like once the words around it have said that one stands there."""

import re
import unicodedata

from marcus_nb.text.personal.given_names import GIVEN, WORDS_TOO
from marcus_nb.text.personal.kinds import Span
from marcus_nb.text.personal.name_words import BOTH, PARTICLES
from marcus_nb.text.personal.not_names import FIRMS, NOT_NAMES

# "Ana de Nudo" is Ana, of Nudo; but these follow "de" in surnames.
_OF = ("de", "De")
_BEHIND_DE = """
armas león castro vega diego dios miguel pablo andrés juan lucas paz haro sousa
oliveira almeida souza vries jong boer haas groot wit bruijn ríos torres luna mora
prado toro blas marcos mateo frutos gracia jesús santiago
"""
_SURNAMES = frozenset(_BEHIND_DE.split())
_ARTICLES = frozenset(["el", "al", "ben", "bin"])
_LONGEST = 40  # characters of a name's word
_ENDS = ",!.:;?)\n—–-…\"'”’*_|"
_SHORTENED = ("fco", "mª")
_WORD = re.compile(r"[^\W\d_]++(?:['’-][^\W\d_]++)*+")
# As single words these are mostly no names, even with a capital.
_SELDOM = frozenset(
    [
        "may",
        "april",
        "june",
        "august",
        "summer",
        "autumn",
        "julio",
        "abril",
        "mayo",
        "domingo",
        "paris",
        "london",
        "israel",
        "jordan",
        "chelsea",
        "austin",
        "dallas",
        "phoenix",
        "florence",
        "georgia",
        "virginia",
        "savannah",
        "troy",
        "china",
        "nelson",
        "lourdes",
        "santiago",
        "victoria",
        "mercedes",
        "guadalupe",
        "trinidad",
        "sydney",
        "will",
        "bill",
        "rich",
        "pat",
        "sol",
        "mar",
        "luz",
        "paz",
        "faith",
        "hope",
        "joy",
        "grace",
        "love",
        "sunny",
        "christian",
        "art",
        "dean",
        "don",
        "king",
        "angel",
        "ángel",
        "amparo",
        "consuelo",
        "mark",
        "max",
        "chance",
        "rocky",
        "sandy",
        "pino",
        "perla",
        "gloria",
        "salvador",
        "reyes",
        "nieves",
        "montserrat",
        "valentine",
        "valentin",
        "frank",
        "grant",
    ]
)


class Run:
    """Words with a capital, one after the other, from a place on: what could be a name."""

    def __init__(self, text: str, place: int, small: bool = False, surnames: bool = False) -> None:
        """`small`: a first name may have no capital; `surnames`: what follows one may be any word with a capital."""
        self.text, self.words, self.start, self.end = text, [], place, place
        self.cut = self.placed = self.firm = False
        while len(self.words) < 5 and (match := _WORD.match(text, place)):
            word = match[0]
            if len(word) > _LONGEST:
                break
            folded = word.casefold()
            if len(self.words) == 1 and word in _OF and _is_place(text, match.end()):
                self.placed = True
                break
            if self.words and _joins(word, surnames, len(self.words)):
                ahead = _WORD.match(text, match.end() + 1)
                if (
                    text[match.end() : match.end() + 1] != " "
                    or not ahead
                    or not (ahead[0][0].isupper() or ahead[0] in PARTICLES)
                ):
                    break
                place = match.end() + 1
                continue
            if not word[0].isupper() and not (small and known(folded) in GIVEN and folded not in WORDS_TOO):
                break
            if folded in NOT_NAMES and folded not in BOTH and not (surnames and self._ends(match.end())):
                self.cut = True
                self.firm = bool(self.words) and folded in FIRMS
                break
            self.words.append(known(folded))
            self.end = match.end()
            if text[self.end : self.end + 1] == "." and (len(word) == 1 or folded in _SHORTENED):
                self.end += 1
            if text[self.end : self.end + 1] != " ":
                break
            place = self.end + 1

    def _ends(self, place: int) -> bool:
        """Whether a surname that is a word too ends the line: "Nombre: Jordi Mas"."""
        return (
            bool(self.words) and self.words[0] in GIVEN and self.text[place : place + 2].lstrip(" .,")[:1] in ("", "\n")
        )

    @property
    def span(self) -> Span:
        return self.start, self.end, " ".join(self.text[self.start : self.end].split()).rstrip(".").casefold()

    @property
    def given(self) -> bool:
        """Whether the first word is a frequent first name, and no everyday word alone."""
        first = self.words[0].split("-")[0] if self.words else ""
        return not self.firm and first in GIVEN and (first not in WORDS_TOO or len(self.words) > 1)

    @property
    def somebody(self) -> bool:
        """Whether the first word is a frequent first name, and neither a place, a month nor what one says in thanks."""
        return is_first_name(self.words[0])

    @property
    def clean(self) -> bool:
        return not self.cut and all(len(word) > 1 for word in self.words[-1:])

    @property
    def at_end(self) -> bool:
        after = self.text[self.end : self.end + 2]
        ends = not after or after[0] in _ENDS or not (after.strip()[:1] or "-").isalnum()
        return not self.cut and (ends or self.placed)

    @property
    def at_line_end(self) -> bool:
        rest = self.text[self.end : self.end + 3].lstrip(" .,;|*")
        return not self.cut and (
            self.placed or not rest or rest[0] in "\n\r(<[" or self.text[self.end : self.end + 1] in ",;|."
        )


def _joins(word: str, surnames: bool, count: int) -> bool:
    """Whether a word holds the parts of a name together: "García de Haro", "Puig i Roca", "Zahra El Amrani"."""
    if word == "i":
        return count > 1
    return word in PARTICLES or (surnames and word.casefold() in _ARTICLES)


def is_first_name(word: str) -> bool:
    """Whether a word with a capital is mostly a first name, and neither a place nor a month: "rosa", not "will"."""
    return word in GIVEN and word not in _SELDOM


def known(word: str) -> str:
    """A word as the list of first names has it, with or without its accents: "álex" is "alex"."""
    if word in GIVEN or word.isascii() or len(word) < 4:
        return word
    plain = "".join(filter(str.isalpha, unicodedata.normalize("NFD", word)))
    return plain if plain in GIVEN else word


def _is_place(text: str, place: int) -> bool:
    """Whether what follows "de" is where somebody is from, and no surname: "Ana de Nudo", not "Ana de Haro"."""
    ahead = _WORD.match(text, place + 1)
    return bool(ahead) and ahead[0][0].isupper() and ahead[0].casefold() not in _SURNAMES
