"""What cleaning returns: the splits, and every change and drop with its rule; and its errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marcus_nb.conversation import Conversation, Message


class CleanError(ValueError):
    """Nothing, or not enough for three splits, is left; the message says which rule took it and what to do."""


class AccountError(ValueError):
    """What came in is not what came out: a record got lost or doubled. A bug, never the data's fault."""


class LeakError(ValueError):
    """Two splits share ids, customers or near-copies of questions, so the verdict would be worth nothing."""


@dataclass(frozen=True)
class Drop:
    """One conversation that one rule dropped, as it was then; `resembles` is the id or text that it is too like."""

    conversation: Conversation
    rule: str
    reason: str
    resembles: str = ""


@dataclass(frozen=True)
class Outcome:
    """What one rule did.

    `changed` holds, by conversation id, the messages that stand where the conversation's own stood, in the same
    number: `{"chat:17": (Message("user", "Open?"), None, Message("assistant", "Aye."))}` leaves the first as it was
    (the same object), removes the second and changes the third. `note` is a sentence for the reader, `rows` a
    table of what was found: `PersonalCount("email", "replace", 12, 15, ("t••@•••••••.•••",))`.
    """

    changed: Mapping[str, Sequence[Message | None]] = field(default_factory=dict)
    drops: Sequence[Drop] = ()
    note: str = ""
    rows: Sequence[Any] = ()


Rule = Callable[[Sequence[Conversation]], Outcome]


@dataclass(frozen=True)
class Change:
    """One message as it came in and as it goes out, with the rules that touched it.

    `Change("chat:17", 0, "user", ("redact",), "Ask tom@example.com", "Ask [EMAIL_1]")`; `message` is its place in the
    conversation that came in, counted from 0; `after` is None where the message was removed, or joined to the turn
    before it.
    """

    conversation: str
    message: int
    role: str
    rules: tuple[str, ...]
    before: str
    after: str | None


@dataclass(frozen=True)
class Step:
    """What one rule did, counted in conversations, with its first example. Fit to be shown: personal data is masked.

    `removed` counts messages. For a rule that drops, `before` is the victim's text and `after` the reason.
    """

    rule: str
    enabled: bool
    entered: int
    changed: int = 0
    removed: int = 0
    dropped: int = 0
    before: str = ""
    after: str = ""
    note: str = ""
    rows: Sequence[Any] = ()

    def __str__(self) -> str:
        """`"redact: 12 conversations changed"`."""
        did = [
            f"{count:,} {what}"
            for what, count in (
                ("conversations changed", self.changed),
                ("messages removed", self.removed),
                ("conversations dropped", self.dropped),
            )
            if count
        ]
        return f"{self.rule}: {', '.join(did) or 'nothing to do'}"
