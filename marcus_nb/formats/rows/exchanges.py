"""Exchanges to conversations: a record is a question and its answer, with earlier turns or not; ids join several."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from marcus_nb.conversation import PERSONA_ROLE, Conversation, Message
from marcus_nb.formats.dialogue import conversation_id, cut
from marcus_nb.formats.rows import cell_turns, columns, html
from marcus_nb.formats.rows.cell_turns import NoTurnsError, Turn
from marcus_nb.formats.rows.exchange_order import in_order, times_of
from marcus_nb.formats.rows.exchange_parts import MARKS, instruction_parts, mark, pairs_parts, preference_parts
from marcus_nb.formats.rows.stop_marks import without_marks
from marcus_nb.formats.tables import Outcome, RawTable

__all__ = ["Reading", "instruction_parts", "pairs_parts", "preference_parts", "read_exchanges"]

_Spoken = tuple[Message, ...]

_QUESTION, _ANSWER = "question", "answer"


@dataclass(frozen=True)
class Reading:
    """What a table of exchanges gives: columns by part, conversations, and the records and parts that became none."""

    shape: str
    columns: dict[str, str]
    persona_speaker: str | None
    evidence: tuple[str, ...]
    conversations: tuple[Conversation, ...]
    outcomes: tuple[Outcome, ...]


class _SetAsideError(ValueError):
    """Why a record is right, but no dialogue."""


def read_exchanges(raw: RawTable, shape: str, parts: dict[str, str]) -> Reading:
    """One conversation for each record, or for each id where ids of conversations repeat.

    {"instruction": "Greet", "input": "Asked by e-mail", "output": "Ah!"} is asked as "Greet\\nAsked by e-mail";
    {"question": "And now?", "answer": "Aye.", "history": [["Open?", "Nay."]]} is a conversation of two exchanges.
    A record with a question alone or an answer alone is set aside. The table's own faults are not in the outcomes.
    """
    parts = dict(parts)
    spoken, outcomes, said = _spoken(raw, parts)
    groups, repeated = _groups(raw, parts, spoken)
    times, ordered, moments = times_of(raw, parts)
    said += repeated
    if groups is None:
        parts.pop("order", None)
        places = ((place,) for place, turns in enumerate(spoken) if turns)
    else:
        said.append(ordered)
        places = in_order(groups, times)
    said += _not_read(raw, parts)
    conversations = tuple(_conversations(raw, parts, places, spoken, moments))
    return Reading(shape, parts, None, tuple(said), conversations, tuple(outcomes))


def _spoken(raw: RawTable, parts: Mapping[str, str]) -> tuple[list[_Spoken], list[Outcome], list[str]]:
    """The messages of each record, none for one that becomes no part of a conversation; the outcomes; the evidence."""
    count = len(raw)
    questions = list(raw.column(parts["prompt"])) if "prompt" in parts else [None] * count
    answers = list(raw.column(parts["response"]))
    said = [_meaning(parts)]
    questions, marks = without_marks(questions, parts.get("prompt", ""), asked=True)
    said += marks
    answers, marks = without_marks(answers, parts["response"], asked=False)
    said += marks
    (questions, asked_in_html), (answers, answered_in_html) = html.texts(questions), html.texts(answers)
    if asked_in_html or answered_in_html:
        said.append(html.EVIDENCE)
    extras = raw.column(parts["input"]) if "input" in parts else [None] * count
    histories = raw.column(parts["history"]) if "history" in parts else [None] * count
    labels = raw.column(parts["label"]) if "label" in parts else ["true"] * count
    transcripts = _are_transcripts(questions if "prompt" in parts else answers)
    simple = not transcripts and not parts.keys() & {"history", "label"}
    spoken: list[_Spoken] = []
    outcomes: list[Outcome] = []
    lines = raw.lines
    for place, (question, extra, answer) in enumerate(zip(questions, extras, answers, strict=True)):
        if simple and type(question) is type(answer) is str and question.strip() and answer.strip():
            if extra and (under := columns.text(extra)):
                question = f"{question}\n{under}"
            record = (lines[place],)
            spoken.append((Message("user", question, record), Message(PERSONA_ROLE, answer, record)))
            continue
        try:
            _check_label(labels[place], parts)
            turns = _turns(question, extra, answer, histories[place], transcripts, parts)
            kept, left = _kept(turns)
        except _SetAsideError as error:
            filled = columns.filled(raw, place)
            if len(filled) == 1 and filled[0] not in (parts.get("prompt"), parts["response"], parts.get("history")):
                outcomes.append(raw.outcome(place, f"only `{filled[0]}` is filled: a total or a heading, no exchange"))
            else:
                outcomes.append(raw.outcome(place, str(error), "set_aside"))
            kept, left = (), []
        except NoTurnsError as error:
            outcomes.append(raw.outcome(place, str(error)))
            kept, left = (), []
        record = (lines[place],)
        spoken.append(tuple([Message(role, text, record) for role, text in kept]))
        origin = raw.origin(*record) if left else None
        outcomes += [Outcome(origin, reason, text, "left_out") for reason, text in left]
    return spoken, outcomes, said


def _check_label(label: Any, parts: Mapping[str, str]) -> None:
    found = mark(label)
    if found == MARKS[1]:
        raise _SetAsideError(f"marked as a bad answer: `{parts['label']}` is false")
    if found != MARKS[0]:
        raise NoTurnsError(f"`{parts['label']}` is neither true nor false")


def _turns(
    question: Any, extra: Any, answer: Any, history: Any, transcripts: bool, parts: Mapping[str, str]
) -> list[Turn]:
    """All turns of a record, in the order they were said. Raises NoTurnsError and _SetAsideError."""
    answered = _part(answer, PERSONA_ROLE, _ANSWER, parts["response"], transcripts)
    if not answered:
        raise _SetAsideError(f"no answer: `{parts['response']}` is empty or no text")
    # A list or transcript that the customer begins is the whole dialogue, the question of the record in it.
    if next((role for role, _ in answered if role != "system"), "") == "user":
        return answered
    if "prompt" not in parts:
        if "user" in {role for role, _ in answered}:
            return answered
        if "history" in parts:
            return _before(history, parts) + answered
        raise NoTurnsError(f"no question: `{parts['response']}` holds an answer alone")
    asked = _part(question, "user", _QUESTION, parts["prompt"], transcripts)
    if not asked:
        raise _SetAsideError(f"no question: `{parts['prompt']}` is empty or no text")
    if under := columns.text(extra):
        role, text = asked[-1]
        asked[-1] = (role, f"{text}\n{under}")
    try:
        earlier = cell_turns.of_history(history)
    except NoTurnsError as error:
        raise NoTurnsError(f"broken history in `{parts['history']}`: {error}") from error
    return earlier + asked + answered


def _before(history: Any, parts: Mapping[str, str]) -> list[Turn]:
    """What was said before an answer, the question last."""
    try:
        turns = cell_turns.before_answer(history)
    except NoTurnsError as error:
        raise NoTurnsError(f"broken history in `{parts['history']}`: {error}") from error
    if not turns:
        raise _SetAsideError(f"no question: `{parts['history']}` is empty")
    return turns


def _part(value: Any, role: str, what: str, column: str, transcripts: bool) -> list[Turn]:
    if transcripts and cell_turns.begins_transcript(value):
        return cell_turns.of_transcript(value)
    try:
        return cell_turns.of_value(value, role)
    except NoTurnsError as error:
        raise NoTurnsError(f"the {what} in `{column}` cannot be read: {error}") from error


def _kept(turns: Sequence[Turn]) -> tuple[Sequence[Turn], list[tuple[str, str]]]:
    """The dialogue among the turns, and what is left out of it: why, and the text."""
    left = [("system line", text) for role, text in turns if role == "system"]
    turns = [turn for turn in turns if turn[0] != "system"]
    found = cut([role for role, _ in turns])
    if found.reason:
        raise _SetAsideError(found.reason)
    left += [("greeting before the first question", turns[at][1]) for at in found.before]
    left += [("question without an answer", turns[at][1]) for at in found.after]
    return cell_turns.joined([turns[at] for at in found.kept]), left


def _are_transcripts(values: Sequence[Any]) -> bool:
    filled = [value for value in values[:1000] if columns.text(value)]
    return bool(filled) and sum(map(cell_turns.begins_transcript, filled)) * 10 >= 9 * len(filled)


def _groups(
    raw: RawTable, parts: Mapping[str, str], spoken: Sequence[_Spoken]
) -> tuple[list[list[int]] | None, list[str]]:
    """The records of each conversation where ids repeat, else None; and the evidence, if there is any.

    Preference data and several answers to one question repeat ids too: these are no turns of one conversation.
    """
    if "conversation" not in parts or parts.keys() & {"rejected", "label"}:
        return None, []
    by_id: dict[object, list[int]] = {}
    # An id that two customers share is none of one conversation.
    whose = raw.column(parts["customer"]) if "customer" in parts else repeat(None)
    told = zip(raw.column(parts["conversation"]), whose, spoken, strict=False)
    for place, (value, customer, turns) in enumerate(told):
        if turns:
            own = columns.text(value).strip()
            by_id.setdefault((own, columns.customer_of(customer)) if own else place, []).append(place)
    groups, column = list(by_id.values()), parts["conversation"]
    several = [group for group in groups if len(group) > 1]
    if not several:
        return None, []
    same = [group for group in several if len({spoken[place][0] for place in group}) == 1]
    if len(same) * 2 > len(several):
        return None, [f"`{column}` repeats with the same first question: each record is a conversation of its own"]
    records, most = sum(map(len, groups)), max(map(len, several))
    return groups, [f"`{column}` repeats: {len(groups):,} conversations in {records:,} records, at most {most} in one"]


def _conversations(
    raw: RawTable,
    parts: Mapping[str, str],
    groups: Iterator[Sequence[int]],
    spoken: Sequence[_Spoken],
    moments: Sequence[str | None],
) -> Iterator[Conversation]:
    none = [None] * len(raw)
    ids = raw.column(parts["conversation"]) if "conversation" in parts else none
    customers = raw.column(parts["customer"]) if "customer" in parts else none
    for places in groups:
        first = places[0]
        messages = spoken[first] if len(places) == 1 else tuple(chain.from_iterable([spoken[at] for at in places]))
        identifier = conversation_id(
            raw,
            columns.text(ids[first]) if ids is not none else "",
            [one.role for one in messages],
            [one.content for one in messages],
        )
        customer = None
        if customers is not none:
            customer = next((who for at in places if (who := columns.customer_of(customers[at]))), None)
        lines = messages[0].lines if len(places) == 1 else [raw.lines[at] for at in places]
        yield Conversation(identifier, messages, raw.origin(*lines), customer, moments[first])


def _meaning(parts: Mapping[str, str]) -> str:
    response = parts["response"]
    if "prompt" not in parts and "history" in parts:
        said = (
            f"one dialogue per record: `{parts['history']}` up to the last question, `{response}` the persona's answer"
        )
    elif "prompt" not in parts:
        said = f"one dialogue per record: `{response}` holds question and answer"
    else:
        said = f"one exchange per record: `{parts['prompt']}` is the question, `{response}` the persona's answer"
    if "input" in parts:
        said += f", `{parts['input']}` is put under the question"
    if "prompt" in parts and "history" in parts:
        said += f", `{parts['history']}` holds earlier exchanges of the same conversation"
    if "rejected" in parts:
        said += (
            f"; preference data: the chosen answer is taken, the rejected answers (`{parts['rejected']}`) are not read"
        )
    if "label" in parts:
        said += f"; preference data: answers that `{parts['label']}` marks as bad are set aside"
    return said


def _not_read(raw: RawTable, parts: Mapping[str, str]) -> list[str]:
    """What is no dialogue and stands in a column of its own."""
    if "system" not in parts:
        return []
    filled = sum(not cell_turns.is_empty(value) for value in raw.column(parts["system"]))
    return [f"`{parts['system']}` is filled in {filled:,} of {len(raw):,} records: no dialogue, left out"]
