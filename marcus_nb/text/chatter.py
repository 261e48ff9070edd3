"""What the software itself writes into a chat: whole messages such as "Conversation closed" and "Assigned to Ana"."""

from collections.abc import Sequence

from marcus_nb.text.chatter_away import is_away
from marcus_nb.text.chatter_lines import LONG_STEMS, STEMS, SYSTEM

_LONG, _LONGEST = 120, 320  # characters; longer than the first are only notices about encryption and the like
# Signs that programs put around their lines: "--- Chat ended ---", "[Conversation closed]", "*Ana joined the chat*".
_AROUND = " \t\n\u200e\u200f-–—*_=~#•·|»«ℹ️🔒✅"
_BRACKETS = {"[": "]", "(": ")", "{": "}"}


def is_system_line(text: str, extra: Sequence[str] = ()) -> bool:
    """Whether a message is the software's own and nobody's: the whole of it, never a part.

    >>> is_system_line("Assigned to Ana"), is_system_line("conversation closed?")
    (True, False)
    >>> is_system_line("Bot: 17 left", ["bot: *"])
    True

    `extra` are lines to be found as well, whole; case and spacing do not count, and * stands for anything. One without
    a letter or digit finds nothing: "*" alone would take every message.
    """
    if extra and any(_is_like(text, line) for line in extra):
        return True
    if is_away(text):
        return True
    if len(text) > _LONG and (len(text) > _LONGEST or not any(map(text.lower().__contains__, LONG_STEMS))):
        return False
    if not any(map(text.lower().__contains__, STEMS)):
        return False
    line = text.strip(_AROUND)
    if line[:1] in _BRACKETS and line[-1:] == _BRACKETS[line[0]]:
        line = line[1:-1].strip()
    if SYSTEM.fullmatch(line):
        return True
    # "Ticket closed!" is somebody who is glad of it.
    return line.endswith(".") and bool(SYSTEM.fullmatch(line.rstrip(". ")))


def _is_like(text: str, line: str) -> bool:
    """Piece after piece, each at the first place where it stands, so that many * cost no more than one."""
    if not any(map(str.isalnum, line)):
        return False
    first, *others = " ".join(line.casefold().split()).split("*")
    text = " ".join(text.casefold().split())
    if not others:
        return text == first
    last = others.pop()
    if not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in others:
        found = text.find(piece, at, max(at, end))
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end
