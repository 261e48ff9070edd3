"""One exchange per record: a question and its answer (`pairs`), or instruction, input and output (`instruction`)."""

from collections.abc import Mapping

from marcus_nb.conversation import PERSONA_ROLE, Conversation, Message
from marcus_nb.formats import columns
from marcus_nb.formats.dialogue import conversation_id
from marcus_nb.formats.tables import RawTable, Reading, Record


def pairs_parts(raw: RawTable, given: Mapping[str, str], persona: frozenset[str], least: int) -> dict[str, str] | str:
    """The columns of question and answer, or why there are none.

    `least` 2: the answer's column is named for it; 1: any message will do when the question's column is named for it.
    """
    response, sure = _best(raw, given, "response", columns.response_rank, 2, persona, given.get("prompt"))
    prompt, asked = _best(raw, given, "prompt", columns.prompt_rank, 1, persona, response)
    if response is None or sure < least or (least == 1 and asked < 3):
        return "no column is named for the answers (reply, answer, response, respuesta, the persona's name …)"
    if prompt is None:
        return "no column is named for the questions (prompt, question, message, pregunta …)"
    return _with_names(raw, {"prompt": prompt, "response": response}, given)


def instruction_parts(
    raw: RawTable, given: Mapping[str, str], persona: frozenset[str], forced: bool
) -> dict[str, str] | str:
    """The columns of instruction, input and output, or why there are none."""
    prompt = columns.first(raw.columns, lambda name: columns.words.key(name) in ("instruction", "instruccion"))
    if prompt is None and (forced or "input" in given):
        prompt = given.get("prompt")
    if prompt is None:
        return "no column `instruction`"
    prompt = given.get("prompt", prompt)
    response, sure = _best(raw, given, "response", columns.response_rank, 0, persona, prompt)
    if response is None or sure < 4:
        return "no column `output` beside the instruction"
    names = ("input", "entrada", "context", "contexto")
    extra = columns.first(raw.columns, lambda name: columns.words.key(name) in names, (prompt, response))
    extra = given.get("input", extra)
    return _with_names(raw, {"prompt": prompt, "response": response} | ({"input": extra} if extra else {}), given)


def _best(
    raw: RawTable,
    given: Mapping[str, str],
    part: str,
    rank: object,
    name_rank: int,
    persona: frozenset[str],
    besides: str | None,
) -> tuple[str | None, int]:
    """The column that most surely plays a part, and how surely; one called like a person must not hold names."""
    if part in given:
        return given[part], 9
    ranks = {
        column: rank(column, persona) for column in raw.columns if column != besides and column not in given.values()
    }
    ranks = {
        column: found
        for column, found in ranks.items()
        if found and not (found == name_rank and columns.looks_like_names(raw.records, column))
    }
    best = max(ranks, key=lambda column: ranks[column], default=None)
    return best, ranks.get(best, 0)


def _with_names(raw: RawTable, parts: dict[str, str], given: Mapping[str, str]) -> dict[str, str]:
    tests = {"conversation": columns.is_id, "customer": columns.is_customer}
    for part, test in tests.items():
        found = given.get(part) or columns.first(raw.columns, test, parts.values())
        if found:
            parts[part] = found
    return parts


def read_exchanges(raw: RawTable, shape: str, parts: dict[str, str]) -> Reading:
    """One conversation of two messages per record; a record without question or answer is rejected.

    {"instruction": "Greet", "input": "Asked by e-mail", "output": "Ah!"} is asked as "Greet\\nAsked by e-mail".
    """
    conversations, outcomes = [], []
    for record in raw.records:
        if fault := _fault(record, parts):
            outcomes.append(raw.outcome(record, fault))
            continue
        question = record.fields[parts["prompt"]]
        question, answer = columns.text(question), columns.text(record.fields[parts["response"]])
        if extra := columns.text(record.fields.get(parts.get("input", ""))):
            question = f"{question}\n{extra}"
        messages = (Message("user", question), Message(PERSONA_ROLE, answer))
        own_id = columns.text(record.fields.get(parts.get("conversation", "")))
        customer = columns.customer_of(record, parts.get("customer"))
        identifier = conversation_id(raw, own_id, messages)
        conversations.append(Conversation(identifier, messages, raw.origin(record.line), customer))
    said = f"one exchange per record: `{parts['prompt']}` is the question, `{parts['response']}` the persona's answer"
    if "input" in parts:
        said += f", `{parts['input']}` is put under the question"
    return Reading(shape, parts, None, (said,), tuple(conversations), tuple(outcomes))


def _fault(record: Record, parts: Mapping[str, str]) -> str:
    if record.fault:
        return record.fault
    filled = columns.filled(record)
    if len(filled) == 1 and filled[0] not in (parts["prompt"], parts["response"]):
        return f"only `{filled[0]}` is filled: a total or a heading, no exchange"
    if not columns.text(record.fields.get(parts["prompt"])):
        return f"no question: `{parts['prompt']}` is empty or no text"
    if not columns.text(record.fields.get(parts["response"])):
        return f"no answer: `{parts['response']}` is empty or no text"
    return ""
