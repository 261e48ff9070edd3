"""What a rule did, counted, with its first example; fit to be shown."""

import re
from collections.abc import Sequence

from marcus_nb.clean.records import Outcome, Step
from marcus_nb.conversation import Conversation, Message
from marcus_nb.text import dotted, mask, redact

_AROUND = 70  # characters shown on each side of what a rule changed
_EXAMPLE = 400  # characters of a dropped conversation that are shown
REMOVED = "(removed)"


def describe(rule: str, conversations: Sequence[Conversation], outcome: Outcome) -> Step:
    """The step that a rule made of these conversations."""
    dropped = {drop.conversation.id for drop in outcome.drops}
    removed, example = 0, None
    changed = 0
    for conversation in conversations:
        messages = outcome.changed.get(conversation.id)
        if messages is None or conversation.id in dropped:
            continue
        changed += 1
        removed += sum(message is None for message in messages)
        if example is None:
            example = _first_change(conversation, messages)
    if outcome.drops:
        drop = outcome.drops[0]
        example = shown(drop.conversation)[:_EXAMPLE], redact(drop.reason)
    before, after = example or ("", "")
    counted = len(conversations), changed, removed, len(outcome.drops)
    return Step(rule, True, *counted, before, after, redact(outcome.note), outcome.rows)


def shown(conversation: Conversation) -> str:
    """A conversation on a few lines, redacted: `"user: When do you open?\\nassistant: Eight, skipper."`."""
    return "\n".join(f"{message.role}: {redact(message.content)}" for message in conversation.messages)


def _first_change(conversation: Conversation, new: Sequence[Message | None]) -> tuple[str, str]:
    """The first message that a rule touched, before and after, cut to what surrounds the difference and masked.

    Where messages were joined, the first of them says what happened; so a changed message goes before a removed one.
    """
    old = conversation.messages
    pairs = [(one.content, other) for one, other in zip(old, new, strict=True) if other is None or one != other]
    before, after = next((pair for pair in pairs if pair[1] is not None), pairs[0])
    if after is None:
        return _cut(_masked(before, conversation), 0, len(before)), REMOVED
    start = 0
    for one, other in zip(before, after.content, strict=False):
        if one != other:
            break
        start += 1
    most = min(len(before), len(after.content)) - start
    same = next((n for n in range(most) if before[-1 - n] != after.content[-1 - n]), most)
    # Masked before it is cut: half an address would no longer be known as one. Masking keeps the length.
    return (
        _cut(_masked(before, conversation, _hidden(after.content)), start, len(before) - same),
        _cut(_masked(after.content, conversation), start, len(after.content) - same),
    )


def _hidden(text: str) -> list[str]:
    """The words that masking dots out: in a table of HTML a name has no words around it, in its text it has."""
    masked = mask(text)
    return [word[0] for word in re.finditer(r"\w{3,}", text) if masked[word.start() : word.end()] != word[0]]


def _masked(text: str, conversation: Conversation, words: Sequence[str] = ()) -> str:
    """Personal data dotted out, and these words, and the customer's own name."""
    text = mask(text)
    for name in {*words, *re.findall(r"\w{3,}", conversation.customer or "")}:
        text = re.sub(rf"\b{re.escape(name)}\b", dotted(name), text)
    return text


def _cut(text: str, start: int, end: int) -> str:
    left, right = max(0, start - _AROUND), min(len(text), end + _AROUND, start + 4 * _AROUND)
    return ("…" if left else "") + text[left:right] + ("…" if right < len(text) else "")
