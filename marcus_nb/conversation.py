"""The one record that every stage speaks: a conversation of messages, with the place it came from."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from marcus_nb.renaming import replace

ROLES = ("system", "user", "assistant")
PERSONA_ROLE = "assistant"
_BUFFER = 1_000_000
_ONE_LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY


_UNITS = (
    ((".json", ".yaml", ".yml", ".parquet"), "record"),
    ((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "row"),
)


# There are millions of the three: the `__init__` that `dataclass` gives a frozen class takes half as long again.


@dataclass(frozen=True, slots=True, init=False)
class Origin:
    """Where a record stands in the person's own files: `Origin("chat.csv", None, (12, 13))`, lines counted from 1."""

    file: str
    sheet: str | None = None
    lines: tuple[int, ...] = ()

    def __init__(self, file: str, sheet: str | None = None, lines: tuple[int, ...] = ()) -> None:
        _set_file(self, file)
        _set_sheet(self, sheet)
        _set_origin_lines(self, lines)

    def __str__(self) -> str:
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        # Records of a JSON file are counted, since the lines it happens to be laid out in mean nothing.
        unit = next((unit for ends, unit in _UNITS if self.file.casefold().endswith(ends)), "line")
        lines = f", {unit} {self.lines[0]}" if self.lines else ""
        return f"{self.file}{sheet}{lines}"


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """One turn: `Message("user", "When do you open?", (12,))`; the persona's own turns have the role `assistant`.

    `lines` are the records that it came from, as in the conversation's origin; they do not make two messages differ.
    `weight`, from 0 to 1, is how much of a reply is to be learned; one of 0 is read as context only.
    """

    role: str
    content: str
    lines: tuple[int, ...] = field(default=(), compare=False)
    weight: float = 1.0

    def __init__(self, role: str, content: str, lines: tuple[int, ...] = (), weight: float = 1.0) -> None:
        _set_role(self, role)
        _set_content(self, content)
        _set_lines(self, lines)
        _set_weight(self, weight)


@dataclass(frozen=True, slots=True, init=False)
class Conversation:
    """Messages in the order they were said.

    `id` is unique within a run; `customer` (may be None) is who talked with the persona; the split is made by it.
    `time` is when the first message was said, where the file tells: `"2025-06-14T09:12:00"`.
    """

    id: str
    messages: tuple[Message, ...]
    origin: Origin
    customer: str | None = None
    time: str | None = None

    def __init__(
        self,
        id: str,
        messages: tuple[Message, ...],
        origin: Origin,
        customer: str | None = None,
        time: str | None = None,
    ) -> None:
        _set_id(self, id)
        _set_messages(self, messages)
        _set_origin(self, origin)
        _set_customer(self, customer)
        _set_time(self, time)

    @property
    def replies(self) -> list[str]:
        """The persona's own turns."""
        return [message.content for message in self.messages if message.role == PERSONA_ROLE]

    @property
    def questions(self) -> list[str]:
        """The customer's turns."""
        return [message.content for message in self.messages if message.role == "user"]

    @property
    def first_exchange(self) -> tuple[str, str]:
        """The first question that is answered, and the answer: of what stands before a question nothing is asked.

        >>> Conversation("a", (Message("assistant", "Welcome"), Message("user", "Open?"), Message("assistant", "Aye.")),
        ...              Origin("f.csv")).first_exchange
        ('Open?', 'Aye.')

        What several customers ask before the answer is one question, a line break between them.
        """
        asked: list[str] = []
        for message in self.messages:
            if message.role == "user":
                asked.append(message.content)
            elif asked and message.role == PERSONA_ROLE:
                return "\n".join(asked), message.content
        return "\n".join(asked), ""

    def as_chat(self, system_prompt: str | None = None) -> list[dict[str, Any]]:
        """The form chat templates take; a system prompt, when given, stands first; a weight where it is not 1.

        >>> Conversation("a", (Message("user", "Hi"),), Origin("f.csv")).as_chat("You are Nell.")
        [{'role': 'system', 'content': 'You are Nell.'}, {'role': 'user', 'content': 'Hi'}]
        """
        system = [] if system_prompt is None else [{"role": "system", "content": system_prompt}]
        return system + [
            {"role": message.role, "content": message.content}
            if message.weight == 1
            else {"role": message.role, "content": message.content, "weight": message.weight}
            for message in self.messages
        ]

    def with_messages(self, messages: Iterable[Message]) -> "Conversation":
        return dataclasses.replace(self, messages=tuple(messages))


_set_file, _set_sheet, _set_origin_lines = (Origin.__dict__[name].__set__ for name in Origin.__slots__)
_set_role, _set_content, _set_lines, _set_weight = (Message.__dict__[name].__set__ for name in Message.__slots__)
_set_id, _set_messages, _set_origin, _set_customer, _set_time = (
    Conversation.__dict__[name].__set__ for name in Conversation.__slots__
)


def to_row(conversation: Conversation) -> dict[str, Any]:
    """A plain dictionary for one line of JSONL.

    {"id": "chat:17", "customer": "Tom", "time": null, "messages": [{"role": "user", "content": "Hi", "lines": [2]}],
     "origin": {"file": "chat.csv", "sheet": null, "lines": [2, 3]}}

    A message has a `weight`, a number, where it is not 1.
    """
    # Field by field: `asdict` takes ten times as long, and orjson is slower with dataclasses than with dictionaries.
    origin = conversation.origin
    return {
        "id": conversation.id,
        "messages": [
            {"role": message.role, "content": message.content, "lines": message.lines}
            if message.weight == 1
            else {
                "role": message.role,
                "content": message.content,
                "lines": message.lines,
                "weight": message.weight,
            }
            for message in conversation.messages
        ],
        "origin": {"file": origin.file, "sheet": origin.sheet, "lines": origin.lines},
        "customer": conversation.customer,
        "time": conversation.time,
    }


def _message(row: dict[str, Any]) -> Message:
    if len(row) == 3:  # as nearly all are
        return Message(row["role"], row["content"], tuple(row["lines"]))
    weight = row.get("weight")  # None where `datasets` filled in what another row has
    return Message(**row | {"lines": tuple(row["lines"]), "weight": 1.0 if weight is None else weight})


def from_row(row: dict[str, Any]) -> Conversation:
    """What `to_row` wrote. Raises KeyError or TypeError when a field is missing or unknown."""
    origin = Origin(row["origin"]["file"], row["origin"]["sheet"], tuple(row["origin"]["lines"]))
    messages = tuple(map(_message, row["messages"]))
    return Conversation(row["id"], messages, origin, row["customer"], row["time"])


def write_jsonl(path: Path, rows: Iterable[Any]) -> int:
    """Write dictionaries or dataclasses (conversations), one a line, UTF-8; returns how many.

    A temporary name first, so nothing is half-written: when a row or the disk fails, what was there stays. Only the
    owner may read the file, from its first byte on, where the system knows owners.
    """
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)  # one left behind may be readable by others, and would stay so
    temporary.touch(mode=0o600, exist_ok=False)
    count = 0
    try:
        with temporary.open("wb", _BUFFER) as file:
            for row in rows:
                file.write(orjson.dumps(row, option=_ONE_LINE))
                count += 1
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The dictionaries of a JSONL file that this project wrote."""
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def read_conversations(path: Path) -> list[Conversation]:
    return [from_row(row) for row in read_jsonl(path)]
