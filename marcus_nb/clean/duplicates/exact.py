"""Conversations that say the same, turn by turn."""

import re
import unicodedata
from collections.abc import Sequence

from marcus_nb.clean.duplicates.best import best, why
from marcus_nb.clean.duplicates.plain import signs
from marcus_nb.clean.records import Drop, Outcome
from marcus_nb.conversation import Conversation
from marcus_nb.text import fingerprint

_NO_WORD = re.compile(r"[\W_]++")
_MANY = 200_000  # texts remembered


def drop_duplicates(conversations: Sequence[Conversation]) -> Outcome:
    """Of conversations that say the same words in the same roles, turn by turn, all but the best are dropped.

    Case, spacing and punctuation do not count. "Open?" – "Aye." stays beside "Open?" – "Nay."
    """
    drops: dict[int, Drop] = {}
    for group in _groups(conversations):
        kept = best([conversations[place] for place in group])
        for place in group:
            one = conversations[place]
            if one is not kept:
                reason = f"says the same as {kept.id} ({kept.origin}), which {why(kept, one)}"
                drops[place] = Drop(one, "drop_duplicates", reason, kept.id)
    return Outcome(drops=[drops[place] for place in sorted(drops)])


def _groups(conversations: Sequence[Conversation]) -> list[list[int]]:
    """The places of those that say the same. Fingerprints take long: only what may be equal gets one."""
    rough: dict[tuple[str, ...], list[int]] = {}
    remembered: dict[str, str] = {}
    for place, conversation in enumerate(conversations):
        key: list[str] = []
        for message in conversation.messages:
            letters = remembered.get(message.content)
            if letters is None:
                letters = _letters(message.content)
                if len(remembered) < _MANY:
                    remembered[message.content] = letters
            key += (message.role, letters)
        rough.setdefault(tuple(key), []).append(place)

    exact: dict[str, tuple[str, str]] = {}
    groups = []
    for places in rough.values():
        if len(places) < 2:
            continue
        same: dict[tuple[tuple[str, str], ...], list[int]] = {}
        for place in places:
            turns = []
            for message in conversations[place].messages:
                if message.content not in exact:
                    exact[message.content] = (fingerprint(message.content), signs(message.content))
                turns.append((message.role, *exact[message.content]))
            same.setdefault(tuple(turns), []).append(place)
        groups += [group for group in same.values() if len(group) > 1]
    return groups


def _letters(text: str) -> str:
    """Letters and digits only: equal wherever fingerprints are, and found five times as fast."""
    folded = text.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _NO_WORD.sub("", folded)
