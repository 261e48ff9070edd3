"""The same reply in many conversations."""

from collections import Counter
from collections.abc import Sequence

from marcus_nb.clean.records import Drop, Outcome
from marcus_nb.conversation import Conversation
from marcus_nb.text import fingerprint, redact

_SHOWN = 60  # characters of a reply in a reason


def max_same_reply(conversations: Sequence[Conversation], most: int) -> Outcome:
    """A conversation all of whose replies stand in `most` earlier ones that stay is dropped.

    One reply of its own keeps it, and with it the common ones; so a reply may in the end stand in more than `most`.
    The first that came in stay, so that what is added later takes no older one away.
    """
    marks: dict[str, str] = {}
    said: list[dict[str, str]] = []
    for conversation in conversations:
        replies: dict[str, str] = {}
        for reply in conversation.replies:
            mark = marks.get(reply)
            if mark is None:
                mark = marks[reply] = fingerprint(reply)
            replies.setdefault(mark, reply)
        said.append(replies)
    everywhere = Counter(mark for replies in said for mark in replies)

    kept: Counter[str] = Counter()
    first: dict[str, str] = {}
    drops = []
    for conversation, replies in zip(conversations, said, strict=True):
        if replies and all(kept[mark] >= most for mark in replies):
            mark = max(replies, key=everywhere.__getitem__)
            reason = (
                f"its reply “{_short(replies[mark])}” stands in {everywhere[mark]:,} conversations, "
                f"and {most:,} may have it"
            )
            drops.append(Drop(conversation, "max_same_reply", reason, first[mark]))
            continue
        kept.update(replies.keys())
        for mark in replies:
            first.setdefault(mark, conversation.id)
    return Outcome(drops=drops)


def _short(reply: str) -> str:
    shown = " ".join(redact(reply[: 10 * _SHOWN]).split())
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
