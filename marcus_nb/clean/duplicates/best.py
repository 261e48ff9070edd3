"""Which of several copies of a conversation stays."""

from collections.abc import Callable, Sequence

from marcus_nb.conversation import Conversation

_ENDS = (".", "!", "?", "…", ")", ":", '"', "”", "»", "。", "？", "！")


def best(copies: Sequence[Conversation], misspelt: Callable[[Conversation], int] | None = None) -> Conversation:
    """Fewest misspelt words, then best written, then a known customer, then a known time; among equals the first.

    Written well is a turn with capitals, small letters, and a full stop or its like at the end.
    """
    return min(copies, key=lambda one: tuple(rank for rank, _ in _ranks(one, misspelt)))  # min keeps the first


def why(kept: Conversation, other: Conversation, misspelt: Callable[[Conversation], int] | None = None) -> str:
    """What made it stay: `"is better written"` or `"came first"`; follows "which"."""
    ours, theirs = _ranks(kept, misspelt), _ranks(other, misspelt)
    return next((words for (one, words), (two, _) in zip(ours, theirs, strict=True) if one < two), "came first")


def _ranks(one: Conversation, misspelt: Callable[[Conversation], int] | None) -> list[tuple[int, str]]:
    accents = sum(not message.content.isascii() and _accents(message.content) for message in one.messages)
    return [
        (misspelt(one) if misspelt else 0, "has fewer misspelt words"),
        (-accents if misspelt else 0, "has all its accents"),
        (-sum(_well_written(message.content) for message in one.messages), "is better written"),
        (one.customer is None, "has a known customer"),
        (one.time is None, "has a known time"),
    ]


def _accents(text: str) -> int:
    return sum(character.isalpha() and not character.isascii() for character in text)


def _well_written(text: str) -> bool:
    text = text.strip()
    # A number stands for what is the same in any case: "14." is as good as it gets.
    return text.endswith(_ENDS) and not text.islower() and not (text.isupper() and len(text) > 3)
