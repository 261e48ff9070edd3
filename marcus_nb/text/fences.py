"""Programs, mails and tables that somebody shows between two fences (``` or ~~~): text rules leave them as they are."""

import re
from collections.abc import Callable

_OPENS = re.compile(r"[ \t]{0,3}(```|~~~)")
_SIGNS = ("```", "~~~")
_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]++\1(?!`)")
_TOKEN = "\ue000shown{}\ue000"  # stands for a block meanwhile: a word in small letters, on a line of its own
_TOKENS = re.compile("\ue000shown([0-9]{1,9})\ue000", re.I)


def outside_fences(function: Callable[[str], str], inline: bool = False) -> Callable[[str], str]:
    """The function, with what stands in fences kept from it; `inline`: also what stands in single backticks.

    >>> outside_fences(str.upper)("Run:\\n```\\nls -l\\n```\\nDone")
    'RUN:\\n```\\nls -l\\n```\\nDONE'

    A fence that is never closed fences nothing in. What the function removes of the text around goes with its fences.
    """

    def outside(text: str) -> str:
        fenced = any(map(text.__contains__, _SIGNS)) or (inline and "`" in text)
        if not fenced or "\ue000" in text:
            return function(text)
        shown: list[str] = []
        hidden = _hide(text, shown)
        if inline:
            hidden = _INLINE.sub(lambda found: _token(found[0], shown), hidden)
        if not shown:
            return function(text)
        return _TOKENS.sub(lambda found: shown[int(found[1])], function(hidden))

    return outside


def _token(block: str, shown: list[str]) -> str:
    shown.append(block)
    return _TOKEN.format(len(shown) - 1)


def _hide(text: str, shown: list[str]) -> str:
    """The text with a token for each block, which `shown` then holds."""
    lines = text.split("\n")
    kept: list[str] = []
    opened, sign = -1, ""
    for line in lines:
        kept.append(line)
        found = _OPENS.match(line)
        if opened < 0:
            # "```ls -l```" begins and ends on its line.
            if found and found[1] not in line[found.end() :]:
                opened, sign = len(kept) - 1, found[1]
        elif line.strip() == sign:
            kept[opened:] = [_token("\n".join(kept[opened:]), shown)]
            opened = -1
    return "\n".join(kept)
