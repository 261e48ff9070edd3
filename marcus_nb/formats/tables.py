"""The types that reading speaks in: a record as it lies in the file, a table of them, and what became of each."""

from dataclasses import dataclass
from typing import Any, Literal

from marcus_nb.conversation import Conversation, Origin

Kind = Literal["rejected", "set_aside"]


class FormatError(ValueError):
    """A file that is missing, empty, unreadable or of no known shape; says what was tried and what to do."""


@dataclass(frozen=True)
class Outcome:
    """A record that became no part of a conversation.

    Outcome(Origin("chat.csv", None, (7,)), "no answer: column `reply` is empty", "Hello?;", "rejected")

    `kind` is "rejected" (broken or wrong) or "set_aside" (right, but no dialogue: system lines, bots, greetings).
    """

    origin: Origin
    reason: str
    text: str
    kind: Kind


@dataclass(frozen=True)
class Record:
    """One record as it lies in the file.

    Record(7, {"prompt": "Hello?", "reply": ""}, "Hello?;", "")

    `line` is its physical line, sheet row, or place in its JSON list, from 1; a `fault` says why it is unreadable.
    """

    line: int
    fields: dict[str, Any]
    text: str
    fault: str = ""


@dataclass(frozen=True)
class RawTable:
    """What a container hands over: records with named columns, before anyone knows what they mean."""

    file: str
    sheet: str | None
    container: str
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    evidence: tuple[str, ...]

    def origin(self, *lines: int) -> Origin:
        return Origin(self.file, self.sheet, lines)

    def outcome(self, record: Record, reason: str, kind: Kind = "rejected") -> Outcome:
        return Outcome(self.origin(record.line), reason, record.text, kind)

    @property
    def name(self) -> str:
        """The table in an error message: `book.xlsx, sheet Letters`."""
        return str(self.origin())


@dataclass(frozen=True)
class Reading:
    """What one shape made of a table: columns by part, conversations, and the records that became none."""

    shape: str
    columns: dict[str, str]
    persona_speaker: str | None
    evidence: tuple[str, ...]
    conversations: tuple[Conversation, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Table:
    """One CSV, JSON or JSONL file, or one sheet, read.

    `records == used + len(rejected) + len(set_aside)`, always; `used` counts the records that stand in conversations.
    `columns` says which column plays which part; `evidence` holds plain sentences on how all this was recognised.
    `sample` is one source record as it lies in the file, `sample_id` the conversation that came of it.
    """

    file: str
    sheet: str | None
    container: str
    shape: str
    columns: dict[str, str]
    persona_speaker: str | None
    evidence: tuple[str, ...]
    records: int
    used: int
    conversations: tuple[Conversation, ...]
    rejected: tuple[Outcome, ...]
    set_aside: tuple[Outcome, ...]
    sample: dict[str, str]
    sample_id: str | None
