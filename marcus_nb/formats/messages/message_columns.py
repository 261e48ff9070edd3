"""Which column of a table holds the conversations: lists of messages, or lists of lines."""

from collections.abc import Mapping
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.files.records import RECORD, spread
from marcus_nb.formats.messages import lines, replies, trees
from marcus_nb.formats.messages.message import hear, is_message, plan_of
from marcus_nb.formats.messages.message_lists import RejectedError, exchange_keys, items_of
from marcus_nb.formats.rows import columns, topics
from marcus_nb.formats.tables import RawTable

_NESTED = ("json", "jsonl", "yaml")
_FEW = 4
_SAMPLED = 150
_MESSAGES_LOOKED_AT = 200
_SHAREGPT = (frozenset(["from", "de"]), frozenset(["value", "valor"]))
_HALVES = (
    frozenset(["prompt", "completion"]),
    frozenset(["chosen", "rejected"]),
    frozenset(["prompt", "chosen"]),
    frozenset(["prompt", "response"]),
)
_EXPECTED = {
    "messages": "`role` and `content`, or an author and a text",
    "sharegpt": "`from` and `value`",
    "lines": "lines of a dialogue",
}


def nested_parts(raw: RawTable, given: Mapping[str, str], shape: str) -> dict[str, str] | str:
    """The column that holds the list of messages (`messages`, `sharegpt`) or `lines`, or why there is none."""
    wanted = [given["content"]] if "content" in given else _wanted(raw)
    score = _dialogue_score if shape == "lines" else _message_score
    scores = {column: score(raw, column, shape, "content" in given) for column in wanted}
    found = max(scores, key=scores.__getitem__, default=None)
    if found is None or not scores[found]:
        what = "lists of texts that are" if shape == "lines" else "lists of messages with"
        return f"no column holds {what} {_EXPECTED[shape]}"
    parts = {"content": found}
    besides = [column for column in raw.columns if not column.startswith(f"{found}.")]
    for part, test in {"conversation": columns.is_id, "customer": columns.is_customer}.items():
        column = given.get(part) or columns.first(besides, test, parts.values())
        if column:
            parts[part] = column
    return parts


def _wanted(raw: RawTable) -> list[str]:
    """The columns to look at: not the halves of training pairs, which are lists of messages too."""
    keys = {words.key(column) for column in raw.columns}
    halves = {half for pair in _HALVES if pair <= keys for half in pair}
    wanted = [column for column in raw.columns if words.key(column) not in halves]
    return [*wanted, RECORD] if raw.container in _NESTED and any(map(replies.key_of, _sample(raw, RECORD))) else wanted


def _sample(raw: RawTable, column: str) -> list[Any]:
    values = raw.column(column)
    return [value for place in spread(len(raw), _SAMPLED) if (value := values[place]) is not None]


def _message_score(raw: RawTable, column: str, shape: str, _: bool) -> int:
    """How much text of messages a column holds; 0 unless most of its values are lists, and some of messages."""
    values = _sample(raw, column)
    lists = []
    for value in values:
        if isinstance(value, list | dict) or (isinstance(value, str) and value.lstrip()[:2] in ("[{", "[[", "[\n")):
            try:
                lists.append(items_of(value, column))
            except RejectedError:
                lists.append([])
    if len(lists) * 2 <= len(values) or any(map(_are_conversations, values)):
        return 0
    found = [item for items in lists for item in items[:_MESSAGES_LOOKED_AT] if is_message(item)]
    if isinstance(values[0], dict) and not trees.is_tree(values[0]) and len(found) < 2:
        return 0
    if len(raw) == 1 and any(isinstance(value, list) and _are_exchanges(value) for value in values):
        return 0  # questions with their answers are conversations of their own
    if len(raw) == 1 and any(map(_are_strangers, lists)):
        return 0
    holding = [_hold_messages(item) for item in found[:50]]
    if not found or sum(holding) * 2 > len(holding) or any(map(_are_rows, lists)):
        return 0
    is_sharegpt = [_SHAREGPT[0].intersection(item) and _SHAREGPT[1].intersection(item) for item in found]
    if (sum(map(bool, is_sharegpt)) * 2 > len(found)) != (shape == "sharegpt"):
        return 0
    return 1 + sum(len(str(said.text)) for said in map(hear, found[:500]))


def _are_conversations(value: Any) -> bool:
    """Lists of messages in a list: bursts of one speaker each are one conversation, dialogues are not."""
    if not isinstance(value, list) or not value or not all(isinstance(inner, list) for inner in value):
        return False
    several = [len({hear(item).who for item in inner if is_message(item)}) > 1 for inner in value[:50]]
    return sum(several) * 2 > len(several)


def _are_exchanges(value: list[Any]) -> bool:
    return bool(value) and isinstance(value[0], dict) and exchange_keys(tuple(value[0])) is not None


def _are_strangers(items: list[Any]) -> bool:
    """Whether nobody says anything twice, as in a list of reviews: that is no conversation."""
    said = [hear(item).who for item in items if is_message(item)]
    return len(said) > _FEW and len(set(said)) == len(said)


def _hold_messages(item: dict[str, Any]) -> bool:
    """Whether what looks like a message holds a list of messages, at most three levels down: then it is a ticket."""
    texts = plan_of(tuple(item)).texts
    level: list[Any] = [value for name, value in item.items() if name not in texts]
    for _ in range(3):
        if any(isinstance(value, list) and value and all(map(is_message, value)) for value in level):
            return True
        level = [value for parent in level if isinstance(parent, dict) for value in parent.values()]
    return False


def _are_rows(items: list[Any]) -> bool:
    """Whether messages of several conversations stand in one list: a log, not a conversation."""
    for item in items[:1]:
        if isinstance(item, dict):
            for key in plan_of(tuple(item)).conversation:
                if len({str(other.get(key)) for other in items if isinstance(other, dict)}) > 1:
                    return True
            for key in filter(topics.is_topic, map(str, item)):
                found = [topics.topic_of(other.get(key)) for other in items if isinstance(other, dict)]
                if 1 < len(set(found)) < len(found):
                    return True
    return False


def _are_sentences(value: list[Any]) -> bool:
    return sum(len(str(line).split()) > 1 for line in value) * 2 > len(value)


def _dialogue_score(raw: RawTable, column: str, shape: str, is_given: bool) -> int:
    if not is_given and not lines.promises(column):
        return 0
    values = _sample(raw, column)
    found = [value for value in values if lines.is_lines(value, len(raw) == 1)]
    if words.split(column)[-1:] == ("data",) and not any(map(_are_sentences, found)):
        return 0
    return sum(map(len, found)) if len(found) * 2 > len(values) else 0
