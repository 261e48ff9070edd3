"""Turns that stand in one value: lists of messages, [question, answer] pairs, `Human: … Assistant: …` in one text."""

import ast
import re
from collections.abc import Sequence
from typing import Any

import orjson

from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.formats import speakers, words
from marcus_nb.formats.rows import chat_marks, columns

Turn = tuple[str, str]

_SPEAKER = ("role", "from", "speaker", "author", "rol", "de")
_TEXT = ("content", "value", "text", "message", "contenido", "valor", "texto", "mensaje")
_CALLS = ("tool_calls", "function_call")
# Training data part turns by blank lines, so that a line of a text may begin with a name; chats in a cell do not.
_AFTER_BLANK = re.compile(r"(?:\A\s*|\n[ \t]*\n[ \t]*)(Human|User|Assistant|System):[ \t]?")
_CLOCK = r"(?:[\[(][\d:/., apmAPM-]{4,25}[\])][ \t]*)?"
_PREFIX = re.compile(rf"(?:^[ \t]*|#{{2,4}}[ \t]*){_CLOCK}([^\W\d_][\w .'-]{{0,30}}):(?:[ \t]|$)", re.MULTILINE)

# Words for roles in a column of their own; at the beginning of a line they are somebody's text: `Contact: 555 123`.
_NO_NAMES = frozenset(
    (
        *("in", "out", "sent", "received", "recibido", "entrante", "saliente", "contact", "contacto", "lead", "model"),
        *("team", "member", "note", "nota", "event", "evento", "function", "tool", "environment", "observation"),
    )
)


class NoTurnsError(ValueError):
    """Why a value holds no turns."""


def of_value(value: Any, role: str) -> list[Turn]:
    """The turns of a value; a plain text is one turn of the given role, an empty value none.

    "Hi" → [("user", "Hi")]; [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Aye."}] → two turns;
    {"from": "human", "value": "Hi"} → one; {"messages": […]} → those of the list. Raises NoTurnsError.
    """
    if is_empty(value):
        return []
    items = value.get("messages", value) if isinstance(value, dict) else value
    if isinstance(items, list) and any(map(_is_message, items)):
        return [_message(item, at) for at, item in enumerate(items, start=1)]
    if _is_message(items):
        return [_message(items, 1)]
    if isinstance(items, dict):
        items = next((items[key] for key in _TEXT if key in items), items)
    if text := columns.text(items):
        return [(role, text)]
    raise NoTurnsError(f"no text but {_kind(value)}")


def of_history(value: Any) -> list[Turn]:
    """Earlier turns: pairs of question and answer, or messages; also as the text of such a list, as CSV cells hold it.

    [["Hi", "Aye."], ["Open?", "Nay."]] and '[["Hi", "Aye."], ["Open?", "Nay."]]' → four turns. Raises NoTurnsError.
    """
    if is_empty(value):
        return []
    items = _parsed(value) if isinstance(value, str) else value
    if not isinstance(items, list):
        raise NoTurnsError(f"no list of earlier exchanges but {_kind(items)}")
    if items and all(isinstance(item, dict) for item in items):
        return of_value(items, "user")
    if items and all(isinstance(item, str) for item in items):
        items = [items[at : at + 2] for at in range(0, len(items), 2)]
    turns: list[Turn] = []
    for at, pair in enumerate(items, start=1):
        said = [columns.text(part) for part in pair] if isinstance(pair, list | tuple) else []
        if len(said) != 2 or not all(said):
            raise NoTurnsError(f"exchange {at} is no pair of question and answer")
        turns += [("user", said[0]), (PERSONA_ROLE, said[1])]
    return turns


def before_answer(value: Any) -> list[Turn]:
    """What was said before an answer: lines by turns, the customer last, or messages, pairs, a transcript, one text.

    ["Is it open?", "Aye.", "Till when?"] → [("user", "Is it open?"), ("assistant", "Aye."), ("user", "Till when?")].
    Raises NoTurnsError.
    """
    if is_empty(value):
        return []
    items = _parsed(value) if isinstance(value, str) and is_list_text(value) else value
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        if all(map(begins_transcript, items)):
            return [turn for item in items for turn in of_transcript(item)]
        if not all(item.strip() for item in items):
            raise NoTurnsError("a line without text")
        last = len(items) - 1
        return [(PERSONA_ROLE if (last - at) % 2 else "user", item) for at, item in enumerate(items)]
    if isinstance(items, list) and all(isinstance(item, list) for item in items):
        return of_history(items)
    if begins_transcript(items):
        return of_transcript(items)
    return of_value(items, "user")


def ends_with_customer(value: Any) -> bool:
    """Whether a value is a text or a list that leaves off where an answer is due."""
    try:
        turns = before_answer(value)
    except NoTurnsError:
        return False
    return bool(turns) and turns[-1][0] == "user"


def is_list_text(value: Any) -> bool:
    """Whether a value is a list or the text of one: `[["Hi", "Aye."]]`."""
    return isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith("["))


def begins_transcript(value: Any) -> bool:
    """Whether a text begins with the name of a role: "\\n\\nHuman: Hi", "[10:32] Customer: Hi", "### Human: Hi"."""
    if not isinstance(value, str):
        return False
    found = _PREFIX.match(value.lstrip()[:100])
    return bool(found and _is_name(found[1])) or chat_marks.begins(value)


def is_dialogue(value: Any) -> bool:
    """Whether a text is a transcript in which both sides speak."""
    return begins_transcript(value) and {"user", PERSONA_ROLE} <= {role for role, _ in of_transcript(value)}


def of_transcript(text: str) -> list[Turn]:
    """The turns of a transcript; an open `Assistant:` at the end is none, for there the answer is to be put.

    "\\n\\nHuman: Hi\\n\\nAssistant:" → [("user", "Hi")];
    "[10:32] Customer: Hi\\n[10:33] Agent: Aye." → [("user", "Hi"), ("assistant", "Aye.")]
    """
    if (marked := chat_marks.turns(text)) is not None:
        return marked
    text = text.lstrip()
    marks = list(_AFTER_BLANK.finditer(text))
    if len(marks) < 2 or marks[0].start():
        marks = [mark for mark in _PREFIX.finditer(text) if _is_name(mark[1])]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    said = [(mark[1], text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)]
    return [(speakers.role_word(name) or "user", content) for name, content in said if content]


def _is_name(said: str) -> bool:
    return words.key(said) not in _NO_NAMES and speakers.role_word(said) is not None


def is_empty(value: Any) -> bool:
    """Nothing at all: null, blanks only, an empty list or object."""
    return value is None or (not value.strip() if isinstance(value, str) else value in ([], {}))


def joined(turns: Sequence[Turn]) -> list[Turn]:
    """Consecutive turns of one role as one, a line break between them."""
    result: list[Turn] = []
    for role, text in turns:
        if result and result[-1][0] == role:
            result[-1] = (role, f"{result[-1][1]}\n{text}")
        else:
            result.append((role, text))
    return result


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and any(key in item for key in _SPEAKER)


def _message(item: Any, at: int) -> Turn:
    if not isinstance(item, dict):
        raise NoTurnsError(f"message {at} is {_kind(item)}, expected an object with role and content")
    name = next((columns.text(item[key]).strip() for key in _SPEAKER if key in item), "")
    if not name:
        raise NoTurnsError(f"message {at} has no `role`")
    role = speakers.role_word(name)
    if role is None:
        raise NoTurnsError(f"unknown role `{name}` in message {at}: expected user, assistant or system")
    text = next((columns.text(item[key]) for key in _TEXT if key in item), "")
    if not text and any(item.get(key) for key in _CALLS):
        return "system", "tool call"
    if not text and role != "system":
        raise NoTurnsError(f"no text in message {at} ({name})")
    return role, text


def _parsed(text: str) -> Any:
    """The list that a text spells: JSON, or Python's own spelling, as pandas writes lists into CSV."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise NoTurnsError("no readable list of earlier exchanges") from error


def _kind(value: Any) -> str:
    """What a value is, in a message: `a number`, `an object`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = ((str, "a text"), (int | float, "a number"), (dict, "an object"), (list | tuple, "a list"))
    return next((said for kind, said in kinds if isinstance(value, kind)), f"a {type(value).__name__}")
