"""Where a name stands that a conversation has made known; and what a data column may call a customer."""

import re
from collections.abc import Iterator

from marcus_nb.text.personal.given_names import GIVEN, WORDS_TOO
from marcus_nb.text.personal.kinds import Span
from marcus_nb.text.personal.name_runs import Run, is_first_name
from marcus_nb.text.personal.name_words import OPENERS
from marcus_nb.text.personal.not_names import NOT_NAMES

_SMALL_WORD = re.compile(
    r"(?:(?<!\w)(?:a|con|para|y|to|for|with|and|tell|ask|mit|für|und|à|avec|pour|et|per|com|amb|i|de parte de),?"
    r"|[a-zà-ÿ],) \Z",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r" ([^\W\d_]+(?:['’-][^\W\d_]+)*)")


def is_frequent(name: str) -> bool:
    """Whether a found name begins with a frequent first name: "tom baker" does, "skipper" does not."""
    return name.partition(" ")[0].split("-")[0] in GIVEN


def looks_like_name(written: str) -> bool:
    """Whether what a data column calls a customer is a person's name: "Tom Baker" is, "Web visitor" is not."""
    if not written or len(written) > 60 or "@" in written or any(map(str.isdigit, written)):
        return False
    written = written.strip()
    run = Run(written.title(), 0)
    if not run.words or run.end != len(written) or run.cut:
        return False
    return run.words[0] in GIVEN or (len(run.words) > 1 and written[0].isupper())


def occurrences(text: str, name: str) -> Iterator[Span]:
    """Where a known name stands as a name: whole words with a capital; of a name of several words the first as well.

    >>> list(occurrences("So Tom called Will", "tom baker"))
    [(3, 6, 'tom baker')]

    One that no list knows, and a surname, are looked for only within a sentence or before a comma: what opens a
    sentence has a capital anyway ("Brown is a colour").
    An everyday word ("Rosa") must follow "to", "con" and the like; "Will"
    and "May" are never looked for alone.
    """
    words = name.split()
    first = words[0]
    forms = [name] if " " in name else []
    frequent = first in GIVEN
    sure = frequent and first not in WORDS_TOO
    if (first not in WORDS_TOO or is_first_name(first)) and first not in NOT_NAMES and len(first) > 2:
        forms.append(first)
    folded = text.lower()
    if len(folded) != len(text):  # "İ" is two characters in lower case
        return
    for form in forms:
        place = folded.find(form)
        while place >= 0:
            end = place + len(form)
            within = _is_after_small_word if first in WORDS_TOO else _is_within
            if not frequent and first != name:  # "Acme" of "Acme Boats" may be anything but in a greeting
                within = _is_greeted
            if _is_word(text, place, end) and (sure or " " in form or within(text, place, end)):
                end = _with_more(folded, end, words)
                yield place, end, name
            place = folded.find(form, end)


def _is_word(text: str, start: int, end: int) -> bool:
    after = text[end : end + 1]
    whole = not (start and text[start - 1].isalnum()) and not after.isalnum()
    saint = text[max(0, start - 6) : start].endswith(_SAINTS)
    return whole and text[start].isupper() and after not in _JOINED and not saint


def _with_more(folded: str, end: int, words: list[str]) -> int:
    """Where a name ends of which more words follow: "Ana" of "ana maría garcía" goes on in "Ana María"."""
    while match := _NEXT_WORD.match(folded, end):
        if match[1] not in words:
            break
        end = match.end()
    return end


def _is_after_small_word(text: str, start: int, end: int) -> bool:
    """Whether "Rosa" is somebody: "dile a Rosa", ", Rosa." or alone; "la silla Rosa" and "el Pilar" are things."""
    before = text[max(0, start - 8) : start]
    return bool(_SMALL_WORD.search(before)) or text.strip(" .!?") == text[start:end]


def _is_greeted(text: str, start: int, end: int) -> bool:
    words = text[max(0, start - 16) : start].casefold().replace(",", " ").split()
    return bool(words) and words[-1].strip("¡!") in OPENERS


def _is_within(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 3) : start].rstrip(" ")[-1:]
    return before.isalpha() or before == "," or text[end : end + 1] == ","


_SAINTS = ("San ", "Santa ", "Santo ", "St ", "St. ", "Saint ", "Sant ")
_JOINED = ("@", "_", "/", "-")  # of an address, a file or a longer word, not of a sentence
