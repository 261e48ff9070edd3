"""What cleaning returns: the splits, and every change and drop with its rule; and its errors."""

from dataclasses import dataclass

from marcus_nb.conversation import Conversation


class CleanError(ValueError):
    """Nothing, or not enough for three splits, is left; the message says which rule took it and what to do."""


class AccountError(ValueError):
    """What came in is not what came out: a record got lost or doubled. A bug, never the data's fault."""


class LeakError(ValueError):
    """Two splits share ids, customers or near-copies of questions, so the verdict would be worth nothing."""


@dataclass(frozen=True)
class Change:
    """One message that one rule changed: `Change("chat:17", "redact", "Ask tom@example.com", "Ask [EMAIL]")`."""

    conversation: str
    rule: str
    before: str
    after: str


@dataclass(frozen=True)
class Drop:
    """One conversation that one rule dropped, as it was then; `resembles` is the id or text that it is too like."""

    conversation: Conversation
    rule: str
    reason: str
    resembles: str = ""


@dataclass(frozen=True)
class Step:
    """What one rule did, counted in conversations, with its first example. Fit to be shown: personal data is masked.

    For a rule that drops, `before` is the victim's text and `after` the reason.
    """

    rule: str
    enabled: bool
    entered: int
    changed: int
    dropped: int
    before: str
    after: str


@dataclass(frozen=True)
class Cleaned:
    """The outcome of `run`. `max_similarity` and `probes` are those it ran with, for the proof to hold it to."""

    entered: int
    train: tuple[Conversation, ...]
    validation: tuple[Conversation, ...]
    test: tuple[Conversation, ...]
    dropped: tuple[Drop, ...]
    changed: tuple[Change, ...]
    steps: tuple[Step, ...]
    max_similarity: float = 1.0
    probes: tuple[str, ...] = ()
