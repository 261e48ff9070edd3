"""The rules, in the order they run: first those that change texts, then those that drop conversations."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from marcus_nb import text
from marcus_nb.clean.records import Change, Drop, Step
from marcus_nb.conversation import Conversation, Message

CHANGES: dict[str, Callable[[str], str]] = {
    "unicode_repair": text.repair,
    "whitespace": text.tidy_whitespace,
    "redact": text.redact,
    "lowercase": str.lower,
}


def change(
    rule: str, enabled: bool, conversations: Sequence[Conversation]
) -> tuple[list[Conversation], list[Change], Step]:
    """Apply one of CHANGES to every message. A conversation in which nothing changes is the same object as before."""
    if not enabled:
        return list(conversations), [], Step(rule, False, len(conversations), 0, 0, "", "")
    after, changes = [], []
    for conversation in conversations:
        messages = tuple(replace(item, content=CHANGES[rule](item.content)) for item in conversation.messages)
        pairs = zip(conversation.messages, messages, strict=True)
        here = [Change(conversation.id, rule, old.content, new.content) for old, new in pairs if old != new]
        after.append(conversation.with_messages(messages) if here else conversation)
        changes += here
    example = (changes[0].before, changes[0].after) if changes else ("", "")
    shown = (text.mask(example[0]), text.redact(example[1]))
    changed = len({record.conversation for record in changes})
    return after, changes, Step(rule, True, len(conversations), changed, 0, *shown)


def empty(conversations: Sequence[Conversation]) -> list[Drop]:
    """Conversations without messages, or with a turn in which there is nothing to see."""
    drops = []
    for conversation in conversations:
        turns = _turns(conversation)
        if not turns:
            drops.append(Drop(conversation, "empty", "the conversation has no turn"))
        elif blank := next((message for message in turns if not text.tidy_whitespace(message.content)), None):
            drops.append(Drop(conversation, "empty", f"a turn of the {blank.role} is empty"))
    return drops


def min_characters(conversations: Sequence[Conversation], limit: int) -> list[Drop]:
    return _by_length("min_characters", conversations, lambda size: size < limit, f"fewer than {limit}")


def max_characters(conversations: Sequence[Conversation], limit: int) -> list[Drop]:
    return _by_length("max_characters", conversations, lambda size: size > limit, f"more than {limit}")


def drop_duplicates(conversations: Sequence[Conversation]) -> list[Drop]:
    """Conversations that say, turn by turn, the same words as an earlier one, which is kept."""
    first: dict[tuple[tuple[str, str], ...], Conversation] = {}
    drops = []
    for conversation in conversations:
        key = tuple((message.role, text.fingerprint(message.content)) for message in conversation.messages)
        kept = first.setdefault(key, conversation)
        if kept is not conversation:
            reason = f"says the same as {kept.id} ({kept.origin})"
            drops.append(Drop(conversation, "drop_duplicates", reason, kept.id))
    return drops


def drop_step(rule: str, enabled: bool, entered: int, drops: Sequence[Drop]) -> Step:
    """The count of a rule that drops, with its first victim."""
    if not drops:
        return Step(rule, enabled, entered, 0, 0, "", "")
    return Step(rule, enabled, entered, 0, len(drops), shown(drops[0].conversation), text.redact(drops[0].reason))


def without(conversations: Sequence[Conversation], drops: Sequence[Drop]) -> list[Conversation]:
    gone = {drop.conversation.id for drop in drops}
    return [conversation for conversation in conversations if conversation.id not in gone]


def shown(conversation: Conversation) -> str:
    """A conversation on a few lines, redacted: `"user: When do you open?\\nassistant: Eight, skipper."`."""
    return "\n".join(f"{message.role}: {text.redact(message.content)}" for message in conversation.messages)


def _turns(conversation: Conversation) -> list[Message]:
    # A system message is no turn: exports often carry an empty or a very long one, which says nothing about the talk.
    return [message for message in conversation.messages if message.role != "system"]


def _by_length(
    rule: str, conversations: Sequence[Conversation], wrong: Callable[[int], bool], limit: str
) -> list[Drop]:
    drops = []
    for conversation in conversations:
        found = next((message for message in _turns(conversation) if wrong(len(message.content))), None)
        if found:
            reason = f"a turn of the {found.role} has {len(found.content)} characters, {limit}"
            drops.append(Drop(conversation, rule, reason))
    return drops
