"""Which columns hold a question and its answer: pairs, instructions, preference data; or why there are none."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.rows import cell_turns, columns, headless
from marcus_nb.formats.tables import RawTable

_SAMPLED = 2000
_INPUT = ("input", "entrada", "context", "contexto")
_HISTORY = ("history", "historial", "historia", "chat history", "conversation history", "dialogue history")
# Beside an answer, and without a column of questions, these hold what was said before it.
_BEFORE = (
    *(*_HISTORY, "context", "contexto", "dialog", "dialogue", "dialogo", "conversation", "conversacion", "messages"),
    *("dialog history", "dialogue context", "conversation context", "past", "previous turns", "turns", "mensajes"),
)
# How a whole conversation ended is not what was said next in it.
_CLOSING = frozenset(("resolution", "resolucion", "solution", "solucion"))
_SYSTEM = ("system", "sistema", "system prompt", "system message", "mensaje del sistema", "mensaje de sistema")
_LABEL = ("label", "etiqueta", "is good", "good", "liked", "accepted", "thumbs up")
MARKS = ("true", "false")
_CHOSEN = frozenset(
    (
        *("chosen", "preferred", "accepted", "better", "best", "good"),
        *("elegida", "elegido", "preferida", "preferido", "mejor"),
    )
)
_REJECTED = frozenset(
    (
        *("rejected", "dispreferred", "unpreferred", "nonpreferred", "non", "not", "worse", "worst", "bad"),
        *("rechazada", "rechazado", "descartada", "descartado", "peor"),
    )
)
# The answers of a question as the pairs of StackExchange name them: j is voted higher than k.
_VOTED = ("response j", "response k")
# More records than this for each id on average: the column says of what kind they are, not which belong together.
_MOST_EXCHANGES = 100
# Words in a value, on average: fewer, and a column is taken by a loose match of its name to hold kinds or numbers.
_PROSE = 3
_SPOKEN = frozenset(["role", "from", "content", "messages"])
# Columns that stand beside questions and answers, and are neither.
_BESIDE = frozenset(
    ["system", "context", "source", "title", "name", "note", "notes", "tag", "tags", "category", "url", "link"]
)


def pairs_parts(raw: RawTable, given: Mapping[str, str], persona: frozenset[str], least: int) -> dict[str, str] | str:
    """The columns of question and answer, {"prompt": "Question", "response": "Answer"}, or why there are none.

    `least` 2: the answer's column is named for it; 1: any message will do when the question's column is named for it.
    """
    response, sure = _best(raw, given, "response", columns.response_rank, 2, persona, given.get("prompt"))
    prompt, asked = _best(raw, given, "prompt", columns.prompt_rank, 1, persona, response)
    if response is None or sure < least or (least == 1 and asked < 3):
        return "no column is named for the answers (reply, answer, response, respuesta, the persona's name …)"
    if prompt is None:
        return "no column is named for the questions (prompt, question, message, pregunta …)"
    return _with_others(raw, {"prompt": prompt, "response": response}, given)


def form_parts(raw: RawTable, given: Mapping[str, str], persona: frozenset[str]) -> dict[str, str] | str:
    """As `pairs_parts` where only the answers' column is named for them: the other one with the most words asks.

    {"prompt": "How can we help you?", "response": "Our reply"}, as a form's table is headed.
    """
    response, sure = _best(raw, given, "response", columns.response_rank, 2, persona, None)
    if response is None or sure < 4:
        return ""
    left = [name for name in raw.columns if name != response and not _BESIDE.intersection(words.split(name))]
    prompt = headless.wordiest(raw, left)
    return _with_others(raw, {"prompt": prompt, "response": response}, given) if prompt else ""


def message_pairs_parts(raw: RawTable, given: Mapping[str, str], persona: frozenset[str]) -> dict[str, str] | str:
    """As `pairs_parts`, where both columns hold messages: neither of them alone is the dialogue.

    {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Aye."}]}
    """
    parts = pairs_parts(raw, given, persona, 2)
    if isinstance(parts, dict) and all(
        _mostly(_sample(raw, parts[part]), _holds_messages) for part in ("prompt", "response")
    ):
        return parts
    if isinstance(parts, str) and (before := _continued(raw, given, persona)):
        return _with_others(raw, before, given)
    return "no two columns of messages, the questions in one and the answers in the other"


def _holds_messages(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and not _SPOKEN.isdisjoint(value))


def _continued(raw: RawTable, given: Mapping[str, str], persona: frozenset[str]) -> dict[str, str] | None:
    """The columns of an answer and of all that was said before it, {"history": "history", "response": "response"}."""
    if "prompt" in given:
        return None
    response, sure = _best(raw, given, "response", columns.response_rank, 2, persona, None)
    if (
        response is None
        or sure < 3
        or _CLOSING.intersection(words.split(response))
        or not _mostly(_sample(raw, response), lambda value: bool(columns.text(value)))
    ):
        return None
    before = given.get("history") or columns.first(
        raw.columns, lambda name: words.key(name) in _BEFORE and name != response, given.values()
    )
    if before is None or not _mostly(_sample(raw, before), cell_turns.ends_with_customer):
        return None
    return {"history": before, "response": response}


def instruction_parts(
    raw: RawTable, given: Mapping[str, str], persona: frozenset[str], forced: bool
) -> dict[str, str] | str:
    """The columns of instruction, input and output, or why there are none."""
    prompt = columns.first(raw.columns, _is_instruction)
    if prompt is None and (forced or "input" in given):
        prompt = given.get("prompt")
    if prompt is None:
        return "no column `instruction`"
    prompt = given.get("prompt", prompt)
    response, sure = _best(raw, given, "response", columns.response_rank, 0, persona, prompt)
    if response is None or sure < 4:
        return "no column `output` beside the instruction"
    parts = {"prompt": prompt, "response": response}
    return _with_others(raw, parts | _input(raw, given, parts), given)


def preference_parts(raw: RawTable, given: Mapping[str, str], persona: frozenset[str]) -> dict[str, str] | str:
    """The columns of question, chosen and rejected answer, or of an answer and a label, true for a good one.

    {"prompt": "prompt", "response": "chosen", "rejected": "rejected"}; without a prompt when the chosen values hold
    the whole dialogue; {"prompt": "prompt", "response": "completion", "label": "label"}.
    """
    rejected = columns.first(raw.columns, _is_rejected, given.values())
    response = given.get("response") or columns.first(raw.columns, _is_chosen, given.values())
    if rejected and response:
        parts = {"response": response, "rejected": rejected}
        besides = (response, rejected)
        prompt = given.get("prompt") or _question(raw, given, persona, besides)
        if prompt:
            parts = {"prompt": prompt} | parts
            parts |= _input(raw, given, parts) if _is_instruction(prompt) else {}
        elif not _mostly(_sample(raw, response), _is_whole_dialogue):
            return f"no column is named for the questions that `{response}` and `{rejected}` answer"
        return _with_others(raw, parts, given)
    label = columns.first(raw.columns, lambda name: words.key(name) in _LABEL, given.values())
    if label and _mostly(_sample(raw, label), lambda value: mark(value) in MARKS):
        parts = pairs_parts(raw, given, persona, 2)
        if isinstance(parts, str) and (whole := _messages(raw, given.values())):
            parts = _with_others(raw, {"response": whole}, given)
        return parts | {"label": label} if isinstance(parts, dict) else parts
    return "no columns of a chosen and a rejected answer, and none that marks answers true or false"


def transcript_parts(raw: RawTable, given: Mapping[str, str]) -> dict[str, str] | str:
    """The column whose every value is a whole chat, {"response": "Transcript"}, or why there is none.

    "[10:32] Customer: Hi\\n[10:33] Agent: Aye.": the names before the colons are words for roles.
    """
    wanted = [given[part] for part in ("content", "response") if part in given] or raw.columns
    found = next((column for column in wanted if _mostly(_sample(raw, column), cell_turns.is_dialogue)), None)
    if found is None:
        return "no column holds whole chats (`Customer: …`, `Agent: …`, line by line)"
    return _with_others(raw, {"response": found}, {part: name for part, name in given.items() if part != "content"})


def mark(value: Any) -> str:
    """`true` or `false` of a label, of JSON (true) or of a cell ("TRUE"); something else for what is neither."""
    return str(value).strip().casefold() if isinstance(value, bool | str) else ""


def _best(
    raw: RawTable,
    given: Mapping[str, str],
    part: str,
    rank: Callable[[str, frozenset[str]], int],
    name_rank: int,
    persona: frozenset[str],
    besides: str | None,
) -> tuple[str | None, int]:
    """The column that most surely plays a part, and how surely; one called like a person must not hold names."""
    if part in given:
        return given[part], 9
    free = [column for column in raw.columns if column != besides and column not in given.values()]
    ranks = {column: rank(column, persona) for column in free}
    ranks = {
        column: found for column, found in ranks.items() if found and not (found == name_rank and _names(raw, column))
    }
    best = max(ranks, key=lambda column: ranks[column], default=None)
    if ranks.get(best or "", 0) >= 2:
        return best, ranks[best]
    loose = next((column for column in free if _named_for(column, rank) and _is_prose(raw, column)), None)
    return (loose, 3) if loose else (best, ranks.get(best or "", 0))


def _named_for(header: str, rank: Callable[[str, frozenset[str]], int]) -> bool:
    """Whether one of a column's words names the part, whatever the others say: `question_en`, `Best answer (2)`."""
    said = words.split(header)
    return not set(said) & (_REJECTED | {"system"}) and any(rank(word, frozenset()) >= 4 for word in said)


def _names(raw: RawTable, column: str) -> bool:
    """Names rather than short answers: `Tom`, `Tom`, `Ann`, not `Aye.`, `Aye.`, `When?`."""
    if not columns.looks_like_names(raw, column):
        return False
    filled = [said for value in _sample(raw, column) if (said := columns.text(value).strip())]
    return sum(said.endswith((".", "?", "!", "…")) for said in filled) * 4 < len(filled)


def _is_prose(raw: RawTable, column: str) -> bool:
    filled = [said for value in _sample(raw, column) if (said := columns.text(value))]
    # What a form asks is no name of a kind or a number.
    least = _PROSE / 2 if column.rstrip().endswith("?") else _PROSE
    return bool(filled) and sum(len(said.split()) for said in filled) >= least * len(filled)


def _is_instruction(header: str) -> bool:
    return words.key(header) in ("instruction", "instruccion")


def _is_rejected(header: str) -> bool:
    return words.key(header) == _VOTED[1] or _is_answer_that_is(header, _REJECTED, _REJECTED | _CHOSEN)


def _is_chosen(header: str) -> bool:
    return words.key(header) == _VOTED[0] or _is_answer_that_is(header, _CHOSEN, _CHOSEN)


def _is_answer_that_is(header: str, wanted: frozenset[str], allowed: frozenset[str]) -> bool:
    said = set(words.split(header))
    return bool(said & wanted) and all(columns.response_rank(word, frozenset()) for word in said - allowed)


def _question(raw: RawTable, given: Mapping[str, str], persona: frozenset[str], besides: Iterable[str]) -> str | None:
    """The column of questions in preference data; also one of lists of messages, whatever it is called."""
    taken = dict(given) | {f"besides {column}": column for column in besides}
    named, sure = _best(raw, taken, "prompt", columns.prompt_rank, 1, persona, None)
    if named and sure >= 2:
        return named
    return _messages(raw, besides)


def _messages(raw: RawTable, besides: Iterable[str]) -> str | None:
    lists = ("conversations", "messages", "conversation", "context")
    return columns.first(raw.columns, lambda name: words.key(name) in lists and _holds_lists(raw, name), besides)


def _input(raw: RawTable, given: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, str]:
    extra = columns.first(raw.columns, lambda name: words.key(name) in _INPUT, parts.values())
    extra = given.get("input", extra)
    return {"input": extra} if extra else {}


def _with_others(raw: RawTable, parts: dict[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The same parts and those of columns that stand beside question and answer."""
    tests = {
        "conversation": None,
        "customer": columns.is_customer,
        "history": lambda name: words.key(name) in _HISTORY and _holds_lists(raw, name),
        "system": lambda name: words.key(name) in _SYSTEM,
        "order": None,
        "time": lambda name: False,
    }
    for part, test in tests.items():
        besides = {*parts.values(), *given.values()}
        if part in given:
            found = given[part]
        elif part == "conversation":
            found = _conversation(raw, besides)
        elif part == "order":
            found = columns.order_column(name for name in raw.columns if name not in besides and not _on_answers(name))
        else:
            found = columns.first(raw.columns, test, besides)
        if found:
            parts[part] = found
    return parts


def _conversation(raw: RawTable, besides: Iterable[str]) -> str | None:
    """The column that says which exchanges belong together, else one that names each."""
    ids = [name for name in raw.columns if name not in besides and columns.is_id(name) and not _is_kind(raw, name)]
    repeated = [name for name in ids if columns.repeats(raw, name)]
    return next((name for name in repeated if columns.is_conversation(name)), next(iter(repeated + ids), None))


def _is_kind(raw: RawTable, column: str) -> bool:
    filled = [said for value in raw.column(column) if (said := columns.text(value).strip())]
    return len(filled) > _MOST_EXCHANGES * len(set(filled))


def _on_answers(header: str) -> bool:
    """`response_time`, `Answer date`: they say something about the answer and order nothing."""
    return any(columns.response_rank(word, frozenset()) >= 4 for word in words.split(header))


def _holds_lists(raw: RawTable, column: str) -> bool:
    return _mostly(_sample(raw, column), cell_turns.is_list_text)


def _is_whole_dialogue(value: Any) -> bool:
    return isinstance(value, list) or cell_turns.begins_transcript(value)


def _mostly(values: Iterable[Any], test: Callable[[Any], bool]) -> bool:
    filled = [value for value in values if not cell_turns.is_empty(value)]
    return bool(filled) and sum(map(test, filled)) * 2 > len(filled)


def _sample(raw: RawTable, column: str) -> list[Any]:
    return list(raw.column(column)[:_SAMPLED])
