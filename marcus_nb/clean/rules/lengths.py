"""The rules that drop conversations with a message too short or too long."""

from collections.abc import Callable, Sequence

from marcus_nb.clean.records import Drop, Outcome
from marcus_nb.clean.rules.turns import SIDES
from marcus_nb.conversation import Conversation
from marcus_nb.parameters.schema import Clean


def min_characters(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """Drop conversations in which a message of the customer or the persona is shorter than `min_characters`.

    A drop's reason: `a message of the customer has 1 character, fewer than 2`.
    """
    limit = parameters.min_characters
    return _by_length("min_characters", conversations, lambda size: size < limit, f"fewer than {limit}")


def max_characters(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """Drop conversations in which a message of the customer or the persona is longer than `max_characters`."""
    limit = parameters.max_characters
    return _by_length("max_characters", conversations, lambda size: size > limit, f"more than {limit}")


def _by_length(rule: str, conversations: Sequence[Conversation], wrong: Callable[[int], bool], limit: str) -> Outcome:
    drops = []
    for conversation in conversations:
        for message in conversation.messages:
            size = len(message.content)
            if message.role in SIDES and wrong(size):
                characters = "1 character" if size == 1 else f"{size:,} characters"
                reason = f"a message of the {SIDES[message.role]} has {characters}, {limit}"
                drops.append(Drop(conversation, rule, reason))
                break
    return Outcome(drops=drops)
