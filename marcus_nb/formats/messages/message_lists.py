"""The messages of one record, wherever and however they are written: a list, bursts, a tree, JSON in a cell, pairs."""

import ast
from functools import lru_cache
from typing import Any

import orjson

from marcus_nb.formats import words
from marcus_nb.formats.messages import replies, trees
from marcus_nb.formats.messages.message import plan_of

_ASKED = frozenset(
    ["user", "human", "customer", "client", "question", "prompt", "input", "usuario", "cliente", "pregunta", "q"]
)
_ANSWERED = frozenset(
    [
        "bot",
        "assistant",
        "agent",
        "answer",
        "response",
        "reply",
        "output",
        "gpt",
        "model",
        "asistente",
        "agente",
        "respuesta",
        "a",
    ]
)


class RejectedError(ValueError):
    """Why one record becomes no conversation."""


def items_of(value: Any, column: str, current: Any = None) -> list[Any]:
    """The messages of a record: of a list, of a list of lists, of a tree, or of these as JSON or Python in a cell.

    Raises RejectedError.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        value = _value(value, column)
    if isinstance(value, dict) and replies.key_of(value):
        value = replies.unrolled(value)
    if isinstance(value, dict) and trees.is_tree(value):
        value = trees.visible(value, current)
    if isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values()):
        value = list(value.values())
    if not isinstance(value, list):
        raise RejectedError(f"`{column}` is no list of messages")
    if not value:
        raise RejectedError("empty messages list")
    if isinstance(value[0], list) and all(isinstance(burst, list) for burst in value):
        value = [item for burst in value for item in burst]
        if not value:
            raise RejectedError("empty messages list")
    if isinstance(value[0], dict) and exchange_keys(tuple(value[0])):
        value = [message for item in value for message in _asked_and_answered(item)]
    return value


def _value(text: str, column: str) -> Any:
    """What a cell holds as JSON, or as Python writes it, [{'role': 'user', …}]: so pandas saves lists in a CSV file."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise RejectedError(f"`{column}` is broken: expected a list of messages as JSON") from None


@lru_cache(maxsize=1024)
def exchange_keys(keys: tuple[str, ...]) -> tuple[str, str] | None:
    """The keys of question and answer in items of both: exchange_keys(("turn", "user", "bot")) is ("user", "bot")."""
    if plan_of(keys).texts:
        return None
    asked = next((key for key in keys if words.key(str(key)) in _ASKED), None)
    answered = next((key for key in keys if words.key(str(key)) in _ANSWERED), None)
    return (asked, answered) if asked and answered else None


def _asked_and_answered(item: Any) -> list[Any]:
    keys = exchange_keys(tuple(item)) if isinstance(item, dict) else None
    if keys is None:
        return [item]
    pair = [{"role": "user", "content": item[keys[0]]}, {"role": "assistant", "content": item[keys[1]]}]
    return [message for message in pair if message["content"]]  # a last question may have no answer yet
