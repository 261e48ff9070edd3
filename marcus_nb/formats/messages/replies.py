"""Messages with their replies: threads, {"user": …, "text": …, "replies": […]}, trees of answers, answers beside."""

from collections.abc import Sequence
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.messages.message import hear, is_message, opened
from marcus_nb.formats.tables import RawTable

_REPLIES = frozenset(["replies", "respuestas", "responses", "children"])


def key_of(item: Any) -> str | None:
    """The key under which a message holds the messages that answer it; None for any other value."""
    if not isinstance(item, dict) or not is_message(item):
        return None
    for key, value in item.items():
        if words.key(str(key)) in _REPLIES and isinstance(value, list) and all(map(is_message, value)):
            return key
    return None


def unrolled(item: dict[str, Any]) -> list[dict[str, Any]]:
    """A message and its replies as one list, in the order they were said.

    unrolled({"role": "user", "text": "Hi", "replies": [{"role": "assistant", "text": "Aye.", "replies": []}]})
    gives [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Aye."}]

    Replies of one speaker that are ranked, or have replies of their own, are alternatives: the best ranked is read,
    else the first.
    """
    spoken: list[dict[str, Any]] = []
    at: dict[str, Any] | None = item
    while at is not None:
        key = key_of(at)
        spoken.append({name: value for name, value in at.items() if name != key})
        replies = at[key] if key else []
        at = None
        if _are_alternatives(replies):
            at = min(replies, key=_rank)
        else:
            for reply in replies:
                spoken.extend(unrolled(reply))
    return spoken


def others(item: dict[str, Any], shown: list[Any]) -> int:
    """How many messages lie in other branches."""
    count, level = 0, [item]
    while level:
        count += len(level)
        level = [reply for one in level if (key := key_of(one)) for reply in one[key]]
    return count - len(shown)


def _are_alternatives(replies: list[dict[str, Any]]) -> bool:
    are_told = any(key_of(reply) or "rank" in reply for reply in replies)
    return are_told and len({hear(reply).who for reply in replies}) == 1


def _rank(reply: dict[str, Any]) -> float:
    """Lower is better; those without a rank come last, in the order of the file."""
    rank = reply.get("rank")
    return float(rank) if isinstance(rank, int | float) else float("inf")


def answers_beside(raw: RawTable, content: str) -> Sequence[Any] | None:
    """The column of what a model answered to a list of messages, {"messages": […], "choices": [{"message": {…}}]}."""
    names = (name for name in raw.columns if words.key(name.split(".")[-1]) == "choices" and name != content)
    column = next(names, None)
    return raw.column(column) if column else None


def answer_of(choices: Any) -> list[dict[str, Any]]:
    """The first of a model's answers as a message; none when there is no answer."""
    first = choices[0] if isinstance(choices, list) and choices else None
    return [opened(first)[0]] if is_message(first) else []
