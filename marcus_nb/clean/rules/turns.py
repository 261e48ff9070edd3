"""The rules about turns: their case, one after the other, blank ones, and whether both sides speak."""

import re
from collections.abc import Sequence
from itertools import pairwise

from marcus_nb.clean.records import Drop, Outcome
from marcus_nb.clean.rules.texts import each_text
from marcus_nb.conversation import PERSONA_ROLE, Conversation, Message
from marcus_nb.parameters.schema import Clean
from marcus_nb.text import strip_invisible, tidy_whitespace

# Who takes turns, in the reader's words. A system message is no turn: exports often carry an empty or a very long one,
# which says nothing about the talk.
SIDES = {"user": "customer", PERSONA_ROLE: "persona"}

_PLACEHOLDER = re.compile(r"(\[[A-Z][A-Z_]*+\d*+\])")
_AFTER_WORD = re.compile(r"(?<=[\w,;:] )[^\W\d_]{2}")
_VISIBLE = re.compile(r"\w")


def lowercase(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """Turn everything to lower case but for placeholders: `Ask Nell, [EMAIL_1]` becomes `ask nell, [EMAIL_1]`.

    The note tells the cost: how many capitals inside the persona's sentences, most of them of names, are lost.
    """
    outcome = each_text(conversations, _lower)
    replies = (reply for conversation in conversations for reply in conversation.replies)
    lost = sum(found[0][0].isupper() for reply in replies for found in _AFTER_WORD.finditer(reply))
    note = f"{lost:,} words inside the persona's sentences, names most of them, lost their capital." if lost else ""
    return Outcome(outcome.changed, note=note)


def _lower(text: str) -> str:
    parts = _PLACEHOLDER.split(text)
    return "".join(part if place % 2 else part.lower() for place, part in enumerate(parts))


def join_turns(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """Make messages that one side sends in a row one turn, a line break between them; blank ones add nothing.

    `Hi` and `Open today?` of the customer become `Hi\\nOpen today?`, which stands in the first one's place, with the
    lines of both and the smaller of their weights. A system message is no turn: it joins nothing, and what stands
    around it is joined over it.
    """
    changed: dict[str, Sequence[Message | None]] = {}
    for conversation in conversations:
        talk = [place for place, message in enumerate(conversation.messages) if message.role in SIDES]
        roles = [conversation.messages[place].role for place in talk]
        if all(one != other for one, other in pairwise(roles)):
            continue
        messages: list[Message | None] = list(conversation.messages)
        run: list[int] = []
        for place in talk:
            if run and conversation.messages[run[0]].role != conversation.messages[place].role:
                _join(messages, run)
                run = []
            run.append(place)
        _join(messages, run)
        changed[conversation.id] = messages
    return Outcome(changed)


def _join(messages: list[Message | None], run: Sequence[int]) -> None:
    """Join the messages at the places of `run`, in place."""
    joined = [message for place in run if (message := messages[place]) is not None]
    if len(joined) < 2:
        return
    content = "\n".join(message.content for message in joined if message.content.strip())
    lines = tuple(dict.fromkeys(line for message in joined for line in message.lines))
    # What was not to be learned stays so, whatever it is joined to.
    messages[run[0]] = Message(joined[0].role, content, lines, min(message.weight for message in joined))
    for place in run[1:]:
        messages[place] = None


def empty(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """Drop conversations without a message, or with one of the customer or the persona in which nothing is to be seen.

    A drop's reason: `a message of the customer is empty`.
    """
    drops = []
    for conversation in conversations:
        turns = [message for message in conversation.messages if message.role in SIDES]
        if not turns:
            drops.append(Drop(conversation, "empty", "the conversation has no message"))
        elif blank := next((message for message in turns if _is_blank(message.content)), None):
            drops.append(Drop(conversation, "empty", f"a message of the {SIDES[blank.role]} is empty"))
    return Outcome(drops=drops)


def _is_blank(text: str) -> bool:
    return not _VISIBLE.search(text) and not tidy_whitespace(strip_invisible(text))


def drop_one_sided(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """Drop conversations in which the customer or the persona says nothing. A last question may stay unanswered."""
    drops = []
    for conversation in conversations:
        speaking = {message.role for message in conversation.messages}
        if silent := next((side for role, side in SIDES.items() if role not in speaking), None):
            drops.append(Drop(conversation, "drop_one_sided", f"the {silent} says nothing"))
    return Outcome(drops=drops)
