"""E-mail addresses."""

import re
from collections.abc import Iterator

from marcus_nb.text.personal.kinds import Span

# Possessive quantifiers and a second branch that eats what is no address keep the time linear.
_EMAIL = re.compile(r"(\w[\w.%+'-]*+@(?:[\w-]++\.)+[^\W\d_][\w-]*+)|\w[\w.%+'-]*+")
_SPELLED = re.compile(
    r"(\w[\w.%+-]*+) ?(?:\[at\]|\(at\)|\{at\}|\[arroba\]|\(arroba\)) ?"
    r"((?:[\w-]++(?:\.| ?(?:\[dot\]|\(dot\)|\[punto\]|\(punto\)) ?))+[^\W\d_][\w-]*+)|\w[\w.%+-]*+",
    re.IGNORECASE,
)
_LAST = r"(?:com|net|org|es|cat|eu|info|edu|gov|fr|de|it|pt|uk|co\.uk|us|mx|ar|io|me)"
# "tom @ gmail . com" and "marta@gmail,com": the last part must be one of the frequent ones, since blanks stand there.
_BROKEN = re.compile(
    rf"(?<![\w.%+-])([\w.%+-]{{1,64}}+) ?@ ?([\w-]{{2,63}}+)(?: ?[.,] ?| (?:dot|punto) )({_LAST})(?![\w@])",
    re.IGNORECASE,
)
_SAID_ALOUD = re.compile(
    rf"(?<![\w.%+-])((?:[\w.%+-]{{1,64}}+ (?:dot|punto) ){{0,3}}[\w.%+-]{{2,64}}+) (?:at|arroba) ([\w-]{{2,63}}+)"
    rf" (?:dot|punto) ({_LAST})(?!\w)",
    re.IGNORECASE,
)
_DOT = re.compile(r" ?(?:\[dot\]|\(dot\)|\[punto\]|\(punto\)) ?", re.IGNORECASE)


def emails(text: str) -> Iterator[Span]:
    """Addresses, also "tom (at) example.com"; "2@14.50", "@tom" and "a@b" are none."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            if match[1]:
                yield match.start(), match.end(), match[0].casefold()
        for match in _BROKEN.finditer(text):
            yield match.start(), match.end(), f"{match[1]}@{match[2]}.{match[3]}".casefold()
    lowered = text.lower()
    if " dot " in lowered or " punto " in lowered:
        for match in _SAID_ALOUD.finditer(text):
            name = re.sub(r" (?:dot|punto) ", ".", match[1], flags=re.IGNORECASE)
            yield match.start(), match.end(), f"{name}@{match[2]}.{match[3]}".casefold()
    if any(mark in text for mark in "([{") and any(mark in lowered for mark in _MARKS):
        for match in _SPELLED.finditer(text):
            if match[2]:
                yield match.start(), match.end(), f"{match[1]}@{_DOT.sub('.', match[2])}".casefold()


_MARKS = ("[at]", "(at)", "{at}", "[arroba]", "(arroba)")
