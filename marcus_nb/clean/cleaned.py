"""The outcome of a cleaning."""

from dataclasses import dataclass

from marcus_nb.clean.records import Change, Drop, Step
from marcus_nb.clean.tokens import Seen
from marcus_nb.conversation import Conversation


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
    seen: Seen
    max_similarity: float
    probes: tuple[str, ...]
