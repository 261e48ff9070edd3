"""The types that reading speaks in: records by column, who said what in which thread, and what became of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from marcus_nb.conversation import Conversation, Origin

Kind = Literal["rejected", "set_aside", "left_out"]
Role = Literal["user", "assistant", "system"]


class FormatError(ValueError):
    """A file that is missing, empty, unreadable or of no known shape; says what was tried and what to do.

    `columns` and `speakers` are what was found in it all the same: what a person can choose from.
    """

    def __init__(self, told: str, columns: Iterable[str] = (), speakers: Iterable[str] = ()) -> None:
        super().__init__(told)
        self.columns, self.speakers = tuple(dict.fromkeys(columns)), tuple(dict.fromkeys(speakers))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A record, or a part of one, that became no part of a conversation.

    Outcome(Origin("chat.csv", None, (7,)), "no answer: column `reply` is empty", "Hello?;", "rejected")

    `kind` is "rejected" (broken or wrong) or "set_aside" (right, but no dialogue: system lines, greetings, questions
    without an answer); "left_out" is a part of a record whose other parts are used, such as a system message in a
    list of messages: it is listed with the others but counts as no record of its own.
    """

    origin: Origin
    reason: str
    text: str
    kind: Kind


@dataclass(frozen=True)
class RawTable:
    """What a container hands over: records with named columns, before anyone knows what they mean.

    A record is a row of a table, a line of JSONL, an item of a JSON list, a message of a transcript. It is known by
    its place, 0 … len(raw) - 1; `lines[place]` is its physical line, sheet row or place in its JSON list, from 1.
    `column(name)` has one value for each place (None where a record has none), `text(place)` the record as it lies in
    the file. Records that cannot be read at all stand in `faults` instead.
    """

    file: str
    sheet: str | None
    container: str
    columns: tuple[str, ...]
    lines: Sequence[int]
    column: Callable[[str], Sequence[Any]]
    text: Callable[[int], str]
    faults: tuple[Outcome, ...] = ()
    evidence: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def origin(self, *lines: int) -> Origin:
        return Origin(self.file, self.sheet, lines)

    def outcome(self, place: int, reason: str, kind: Kind = "rejected") -> Outcome:
        return Outcome(self.origin(self.lines[place]), reason, self.text(place), kind)

    @property
    def name(self) -> str:
        """The table in an error message: `book.xlsx, sheet Letters`."""
        return str(self.origin())


@dataclass(slots=True)
class Thread:
    """What was said in one conversation, or in one channel that holds many, in the order it was said.

    Parallel lists: who (a place in `Threads.speakers`), what, the record's place in the table, and when (seconds;
    None where the file does not tell). `own_id` and `customer` are "" and None where the file names none. `weights` are
    those of turns that are to count less than others when a model learns them: `{3: 0.0}`.
    """

    own_id: str
    customer: str | None
    speakers: list[int]
    texts: list[str]
    places: list[int]
    times: list[float | None] | None = None
    weights: dict[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who speaks, as the file writes them, with the role that a role word or a flag of the file gives."""

    name: str
    role: Role | None = None


@dataclass(frozen=True)
class Threads:
    """What a shape made of a table, before it is decided who the persona is.

    `threads` can be gone through more than once. `by_record` tells whether each turn is a record of its own (a row of
    a chat log) or part of one (a message in a list): what lies outside the dialogue is then set aside or left out.
    `gap_seconds`: a longer pause starts a new conversation; 0: each question does, for want of times; None where
    threads are conversations already.
    `taking_part` counts in how many conversations each speaker takes part, `answering` in how many somebody else
    began, of `conversations`. `outcomes` holds the records and parts of records that are no turn.
    """

    raw: RawTable
    shape: str
    columns: dict[str, str]
    speakers: tuple[Speaker, ...]
    threads: Iterable[Thread]
    by_record: bool
    conversations: int
    taking_part: Counter[int]
    answering: Counter[int]
    gap_seconds: float | None = None
    outcomes: tuple[Outcome, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """One conversation's records as they lie in the file, with their lines: for looking at before and after."""

    conversation_id: str
    records: tuple[tuple[int, str], ...]


def sampled(count: int) -> list[int]:
    """Which of so many conversations are shown: the first, the middle and the last."""
    return sorted({at for at in (0, count // 2, count - 1) if 0 <= at < count})


@dataclass(frozen=True)
class Table:
    """One file or one sheet, read.

    `records == used + len(rejected) + len(set_aside)`, always; `used` counts the records that stand in conversations,
    `left_out` the parts of used records that do not. `columns` says which column plays which part; `evidence` holds
    plain sentences on how all this was recognised. A file that was passed over has no shape and no conversation.
    `every_column` and `speakers`, the most talkative first, are what could be chosen instead.
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
    left_out: tuple[Outcome, ...] = ()
    samples: tuple[Sample, ...] = field(default=())
    every_column: tuple[str, ...] = field(default=(), compare=False)
    speakers: tuple[str, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        return str(Origin(self.file, self.sheet))
