"""Conversations that are bare lists of lines, said by turns, ["Hi", "Hello!"], or prefixed, ["A: Hi", "B: Aye."]."""

import re
from collections.abc import Sequence
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.messages.message import plan_of
from marcus_nb.formats.rows import columns
from marcus_nb.formats.tables import RawTable

_WORDS = frozenset(
    [
        "lines",
        "line",
        "dialog",
        "dialogs",
        "dialogue",
        "dialogues",
        "dialogo",
        "dialogos",
        "conversation",
        "conversations",
        "conversacion",
        "conversaciones",
        "utterances",
        "utterance",
        "turns",
        "turn",
        "turnos",
        "messages",
        "mensajes",
        "chat",
        "history",
        "exchange",
        "exchanges",
        "log",
        "lineas",
        "hilo",
        "data",
    ]
)
_PREFIX = re.compile(r"\s{0,4}([^\W\d_][\w .'’-]{0,30}?)\s?:\s+(?=\S)")
_MOST_SPEAKERS = 6
_WHO = frozenset(
    [
        "speakers",
        "speaker",
        "authors",
        "author",
        "roles",
        "role",
        "names",
        "who",
        "hablantes",
        "autores",
        "senders",
        "sender",
    ]
)


def is_lines(value: Any, is_alone: bool) -> bool:
    """Whether a value is a dialogue of at least two lines, or of [question, answer] pairs.

    Pairs in a file's only record are exchanges of their own, not one long conversation.
    """
    if not isinstance(value, list) or not value:
        return False
    value = _unfolded(value)
    if len(value) > 1 and isinstance(value[0], dict):
        return all(map(_is_unsaid, value))
    if len(value) > 1 and isinstance(value[0], str):
        return all(item is None or isinstance(item, str | int | float) for item in value)
    return not is_alone and all(is_pair(item) for item in value)


def _is_unsaid(item: Any) -> bool:
    """Whether an object is a line nobody is named for, {"text": "Hi", "metadata": {}}; a log's lines have times."""
    return isinstance(item, dict) and bool((plan := plan_of(tuple(item))).texts) and not (plan.speakers or plan.time)


def _unfolded(value: list[Any]) -> list[Any]:
    """The lines of a dialogue told turn by turn, [{"history": ["Hi"], "candidates": ["No.", "Aye."]}]; others as is.

    Each item repeats what was said before; the last of the candidates is what was said next.
    """
    last = value[-1] if value else None
    if not isinstance(last, dict) or not isinstance(last.get("history"), list):
        return value
    candidates = last.get("candidates")
    return [*last["history"], candidates[-1]] if isinstance(candidates, list) and candidates else value


def is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(one is None or isinstance(one, str) for one in item)


def promises(column: str) -> bool:
    """Whether a column's name says that it holds a dialogue: tags and addresses are lists of texts as well."""
    return bool(_WORDS.intersection(words.split(column)))


def speakers_beside(raw: RawTable, content: str, dialogues: Sequence[list[str] | str]) -> str | None:
    """The column that names who says each line: {"dialogue": ["Hi", "Aye."], "speakers": ["Ann", "Tom"]}."""
    for name in raw.columns:
        if name == content or not _WHO.intersection(words.split(name)):
            continue
        pairs = zip(raw.column(name), dialogues, strict=True)
        if all(isinstance(dialogue, str) or _name_each(who, dialogue) for who, dialogue in pairs):
            return name
    return None


def _name_each(who: Any, dialogue: list[str]) -> bool:
    named = isinstance(who, list) and len(who) == len(dialogue)
    return named and all(isinstance(one, str | int) and str(one).strip() for one in who)


def prefixes(dialogues: Sequence[list[str]]) -> bool:
    """Whether nearly every line begins with who says it, and few people do."""
    found = [_PREFIX.match(line) for lines in dialogues for line in lines]
    names = {match[1] for match in found if match}
    few = all(len({m[1] for line in lines if (m := _PREFIX.match(line))}) <= _MOST_SPEAKERS for lines in dialogues)
    return bool(found) and sum(map(bool, found)) >= 0.9 * len(found) and few and len(names) * 2 <= max(4, len(found))


def lines_of(value: Any) -> list[str] | str:
    """The lines of a dialogue, or why there is none."""
    if not isinstance(value, list):
        return "not a list of lines"
    if not value:
        return "empty list of lines"
    value = _unfolded(value)
    if all(is_pair(item) for item in value):
        value = [line for pair in value for line in pair]
    value = [item[plan_of(tuple(item)).texts[0]] if _is_unsaid(item) else item for item in value]
    for at, item in enumerate(value, start=1):
        if isinstance(item, list | dict):
            return f"line {at} is not a text"
        if not columns.text(item):
            return f"no text in line {at}"
    return [columns.text(item) for item in value]


def split(line: str) -> tuple[str, str]:
    """Who says a line, and what: split("Tom: Hi") is ("Tom", "Hi")."""
    found = _PREFIX.match(line)
    return (found[1].strip(), line[found.end() :]) if found else ("", line)
