"""Where the dialogue lies among the turns: from the first question to the last reply; and a conversation's id."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import PurePosixPath

from marcus_nb.conversation import PERSONA_ROLE
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


def cut(roles: Sequence[str], keep_leading: bool = False) -> Cut:
    """Find the dialogue in the roles of the turns.

    >>> cut(["assistant", "user", "assistant", "user"])
    Cut(kept=range(1, 3), before=range(0, 1), after=range(3, 4), reason='')

    With `keep_leading` what the persona says before the first question is kept too.
    """
    none = range(0)
    if "user" not in roles:
        return Cut(none, none, none, "no customer turn in the conversation")
    if PERSONA_ROLE not in roles:
        return Cut(none, none, none, "no persona turn in the conversation")
    start = roles.index("user")
    stop = len(roles) - roles[::-1].index(PERSONA_ROLE)
    if stop <= start:
        return Cut(none, none, none, "no persona turn after the customer's first question")
    start = 0 if keep_leading else start
    return Cut(range(start, stop), range(start), range(stop, len(roles)))


def conversation_id(raw: RawTable, own_id: str, roles: Sequence[str], texts: Sequence[str]) -> str:
    """`chat:17` by the file's own id; else `book/Letters:3f2a91c0de`, of the text, so that it outlives a moved row."""
    if own_id and (own_id := own_id.strip()):
        return f"{_stem(raw.file, None)}:{own_id}"
    said = "\n".join([*roles, *texts]).encode("utf-8")
    return f"{_stem(raw.file, raw.sheet)}:{blake2b(said, digest_size=5).hexdigest()}"


@lru_cache(maxsize=64)
def _stem(file: str, sheet: str | None) -> str:
    return PurePosixPath(file).stem + (f"/{sheet}" if sheet else "")
