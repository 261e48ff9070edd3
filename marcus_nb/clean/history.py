"""Which rules touched which message, from what came in to what goes out."""

from collections.abc import Iterable, Sequence

from marcus_nb.clean.records import Change
from marcus_nb.conversation import Conversation, Message


class History:
    """Follows every message that a rule changes, joins or removes."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[Message, ...]] = {}  # conversation → its messages as they came in
        self._places: dict[str, list[int]] = {}  # conversation → where each of its present messages stood in them
        self._rules: dict[str, dict[int, list[str]]] = {}
        self._last: dict[str, Conversation] = {}

    def apply(self, conversation: Conversation, rule: str, messages: Sequence[Message | None]) -> Conversation:
        """The conversation after a rule; `messages` are those of its `Outcome`, aligned with the conversation's own.

        Raises ValueError when they are not.
        """
        if len(messages) != len(conversation.messages):
            raise ValueError(f"{rule} gave {len(messages)} messages for {len(conversation.messages)}")
        name = conversation.id
        self._first.setdefault(name, conversation.messages)
        places = self._places.setdefault(name, list(range(len(conversation.messages))))
        rules = self._rules.setdefault(name, {})
        for place, old, new in zip(places, conversation.messages, messages, strict=True):
            if new is None or new != old:
                rules.setdefault(place, []).append(rule)
        self._places[name] = [place for place, new in zip(places, messages, strict=True) if new is not None]
        after = conversation.with_messages(message for message in messages if message is not None)
        self._last[name] = after
        return after

    def changes(self, order: Iterable[Conversation]) -> list[Change]:
        """Every touched message, in the order of the conversations."""
        found = []
        for conversation in order:
            name = conversation.id
            if name not in self._rules:
                continue
            last = dict(zip(self._places[name], self._last[name].messages, strict=True))
            for place, rules in sorted(self._rules[name].items()):
                first = self._first[name][place]
                after = last[place].content if place in last else None
                found.append(Change(name, place, first.role, tuple(rules), first.content, after))
        return found
