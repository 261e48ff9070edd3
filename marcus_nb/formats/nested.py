"""One conversation per record: a list of messages, role/content (`messages`) or from/value (`sharegpt`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marcus_nb.conversation import Conversation
from marcus_nb.formats import columns, speakers, words
from marcus_nb.formats.dialogue import conversation_id, cut, join
from marcus_nb.formats.tables import FormatError, RawTable, Reading, Record

_KEYS = {
    "messages": (("role", "rol"), ("content", "contenido", "text", "texto", "message", "mensaje")),
    "sharegpt": (("from", "de"), ("value", "valor")),
}


class _NoDialogueError(ValueError):
    """Why one record becomes no conversation."""


@dataclass
class _Left:
    """What is left out inside conversations, as record numbers: named in the evidence."""

    system: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)

    def sentences(self) -> list[str]:
        said = (
            (self.system, "system or tool messages left out of the dialogues"),
            (self.before, "greetings before the first question left out of the dialogues"),
            (self.after, "questions without an answer left out at the end of dialogues"),
            (self.joined, "messages joined with the one before, by the same speaker"),
        )
        return [f"{len(lines)} {what}: records {_listed(lines)}" for lines, what in said if lines]


def nested_parts(raw: RawTable, given: Mapping[str, str], shape: str) -> dict[str, str] | str:
    """The column that holds the list of messages, or why there is none."""
    speaker, text = _KEYS[shape]
    wanted = [given["content"]] if "content" in given else raw.columns
    found = next((column for column in wanted if _holds_messages(raw, column, shape)), None)
    if found is None:
        return f"no column holds lists of messages with `{speaker[0]}` and `{text[0]}`"
    parts = {"content": found}
    for part, test in {"conversation": columns.is_id, "customer": columns.is_customer}.items():
        column = given.get(part) or columns.first(raw.columns, test, parts.values())
        if column:
            parts[part] = column
    return parts


def _holds_messages(raw: RawTable, column: str, shape: str) -> bool:
    """Lists in most records that say anything there, and in at least one of them a message with speaker and text."""
    values = [record.fields[column] for record in raw.records if record.fields.get(column) is not None]
    lists = [value for value in values if isinstance(value, list)]
    speaker, text = _KEYS[shape]
    return len(lists) * 2 > len(values) and any(
        isinstance(item, dict) and any(key in item for key in speaker) and any(key in item for key in text)
        for value in lists
        for item in value
    )


def read_nested(raw: RawTable, shape: str, parts: dict[str, str], persona_name: str, persona_speaker: str) -> Reading:
    """One conversation per record, from the first question to the last reply.

    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Aye."}]}

    A message of an unknown role or without text rejects its record. System and tool messages are left out and counted
    in the evidence. Raises FormatError when `persona_speaker` speaks nowhere.
    """
    conversations, outcomes, left = [], [], _Left()
    heard: dict[str, str] = {}
    for record in raw.records:
        try:
            turns = _turns(record, parts["content"], shape, persona_name, persona_speaker, left, heard)
        except _NoDialogueError as error:
            outcomes.append(raw.outcome(record, str(error)))
            continue
        messages = join(turns)
        left.joined.extend([record.line] * (len(turns) - len(messages)))
        own_id = columns.text(record.fields.get(parts.get("conversation", "")))
        customer = columns.customer_of(record, parts.get("customer"))
        identifier = conversation_id(raw, own_id, messages)
        conversations.append(Conversation(identifier, messages, raw.origin(record.line), customer))
    if persona_speaker and words.key(persona_speaker) not in map(words.key, heard):
        near = words.near(persona_speaker, heard)
        raise FormatError(
            f"{raw.name}: no speaker `{persona_speaker}`{near} (persona_speaker): "
            f"the speakers are {words.listed(heard)}"
        )
    persona = [speaker for speaker, role in heard.items() if role == "assistant"]
    keys = "/".join(names[0] for names in _KEYS[shape])
    said = [f"one conversation per record: `{parts['content']}` is a list of messages ({keys})"]
    if persona:
        why = "as the parameters say" if persona_speaker else "its role"
        said.append(f"persona {words.listed(persona)}: {why}")
    evidence = (*said, *left.sentences())
    return Reading(shape, parts, persona[0] if persona else None, evidence, tuple(conversations), tuple(outcomes))


def _turns(
    record: Record,
    column: str,
    shape: str,
    persona_name: str,
    persona_speaker: str,
    left: _Left,
    heard: dict[str, str],
) -> list[tuple[str, str]]:
    """The turns of the dialogue; what lies around it is noted in `left`, who spoke in `heard`."""
    if record.fault:
        raise _NoDialogueError(record.fault)
    messages = record.fields.get(column)
    if not isinstance(messages, list):
        raise _NoDialogueError(f"`{column}` is no list of messages")
    if not messages:
        raise _NoDialogueError("empty messages list")
    spoken = [_turn(item, at, shape, persona_name, persona_speaker, heard) for at, item in enumerate(messages, start=1)]
    turns = [turn for turn in spoken if turn[0] != "system"]
    found = cut([role for role, _ in turns])
    if found.reason:
        raise _NoDialogueError(found.reason)
    left.system.extend([record.line] * (len(spoken) - len(turns)))
    left.before.extend([record.line] * len(found.before))
    left.after.extend([record.line] * len(found.after))
    return [turns[at] for at in found.kept]


def _turn(
    item: Any, at: int, shape: str, persona_name: str, persona_speaker: str, heard: dict[str, str]
) -> tuple[str, str]:
    if not isinstance(item, dict):
        raise _NoDialogueError(f"message {at} is not an object")
    speaker, text = (next((item[key] for key in keys if key in item), None) for keys in _KEYS[shape])
    if not columns.text(speaker):
        raise _NoDialogueError(f"message {at} has no `{_KEYS[shape][0][0]}`")
    speaker = columns.text(speaker).strip()
    role = speakers.role_of(speaker, {words.key(persona_name)}, persona_speaker)
    if role is None:
        raise _NoDialogueError(f"unknown role `{speaker}` in message {at}: expected user, assistant or system")
    heard.setdefault(speaker, role)
    if role != "system" and not columns.text(text):
        raise _NoDialogueError(f"no text in message {at} ({speaker})")
    return role, columns.text(text)


def _listed(lines: list[int]) -> str:
    lines = sorted(set(lines))
    return ", ".join(map(str, lines[:10])) + (f" and {len(lines) - 10} more" if len(lines) > 10 else "")
