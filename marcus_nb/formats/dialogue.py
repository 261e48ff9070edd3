"""Turns to messages: from the first question to the last reply, one message for what one side says in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import PurePosixPath

from marcus_nb.conversation import PERSONA_ROLE, Message
from marcus_nb.formats.tables import RawTable


@dataclass(frozen=True)
class Cut:
    """Which turns make the dialogue (`kept`), stand before the first question, or follow the last reply: by place.

    `reason` is not empty when there is no dialogue at all; then all three are empty.
    """

    kept: range
    before: range
    after: range
    reason: str = ""


def cut(roles: Sequence[str]) -> Cut:
    """Find the dialogue in the roles of the turns.

    >>> cut(["assistant", "user", "assistant", "user"])
    Cut(kept=range(1, 3), before=range(0, 1), after=range(3, 4), reason='')
    """
    none = range(0)
    if "user" not in roles:
        return Cut(none, none, none, "no customer turn in the conversation")
    if PERSONA_ROLE not in roles:
        return Cut(none, none, none, "no persona turn in the conversation")
    start = roles.index("user")
    stop = len(roles) - list(reversed(roles)).index(PERSONA_ROLE)
    if stop <= start:
        return Cut(none, none, none, "no persona turn after the customer's first question")
    return Cut(range(start, stop), range(start), range(stop, len(roles)))


def join(turns: Sequence[tuple[str, str]]) -> tuple[Message, ...]:
    """Consecutive turns of one role become one message, a line break between them.

    >>> join([("user", "Hi"), ("user", "Open?"), ("assistant", "Aye.")])
    (Message(role='user', content='Hi\\nOpen?'), Message(role='assistant', content='Aye.'))
    """
    return tuple(
        Message(role, "\n".join(content for _, content in group))
        for role, group in groupby(turns, key=lambda turn: turn[0])
    )


def conversation_id(raw: RawTable, own_id: str, messages: Sequence[Message]) -> str:
    """`chat:17` by the file's own id; else `book/Letters:3f2a91c0de`, of the text, so that it outlives a moved row."""
    stem = PurePosixPath(raw.file).stem
    if own_id.strip():
        return f"{stem}:{own_id.strip()}"
    text = "\n".join(f"{message.role}: {message.content}" for message in messages)
    sheet = f"/{raw.sheet}" if raw.sheet else ""
    return f"{stem}{sheet}:{sha256(text.encode('utf-8')).hexdigest()[:10]}"
