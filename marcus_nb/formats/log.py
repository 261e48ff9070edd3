"""One row per message, as chat logs are exported: conversation, author, text, and an order or the order of the file."""

from collections.abc import Mapping
from dataclasses import dataclass

from marcus_nb.conversation import Conversation
from marcus_nb.formats import columns, speakers, words
from marcus_nb.formats.dialogue import conversation_id, cut, join
from marcus_nb.formats.tables import FormatError, Outcome, RawTable, Reading, Record
from marcus_nb.formats.times import parse_times


@dataclass(frozen=True)
class _Turn:
    record: Record
    author: str
    role: str
    content: str


def log_parts(raw: RawTable, given: Mapping[str, str], forced: bool) -> dict[str, str] | str:
    """The columns of a chat log, or why this is none."""
    parts = dict(given)
    tests = {
        "conversation": (columns.is_conversation, lambda name: columns.is_id(name) and _repeats(raw, name)),
        "author": (columns.is_author, lambda name: words.key(name) in ("user", "usuario", "name", "nombre")),
        "content": (columns.is_content,),
        "customer": (columns.is_customer,),
    }
    for part, tried in tests.items():
        found = (columns.first(raw.columns, test, parts.values()) for test in tried)
        if part not in parts and (column := next((name for name in found if name), None)):
            parts[part] = column
    missing = [part for part in ("conversation", "author", "content") if part not in parts]
    if missing:
        return f"no column for {', '.join(missing)}"
    if not _repeats(raw, parts["conversation"]) and not forced:
        return f"column `{parts['conversation']}` never repeats: no several rows per conversation"
    if "order" not in parts:
        order = columns.order_column(name for name in raw.columns if name not in parts.values())
        parts |= {"order": order} if order else {}
    return parts


def _repeats(raw: RawTable, column: str) -> bool:
    filled = [value for record in raw.records if (value := columns.text(record.fields.get(column)).strip())]
    return len(set(filled)) < len(filled)


def read_log(raw: RawTable, parts: dict[str, str], persona_name: str, persona_speaker: str) -> Reading:
    """Conversations from rows that share an id, sorted by time, then by place in the file.

    Rows of machines (SYSTEM, bot) and greetings before the first question are set aside; rows without text, questions
    that stay without an answer and whole conversations without one are rejected. Raises FormatError when nobody can be
    the persona.
    """
    outcomes: list[Outcome] = []
    rows: list[Record] = []
    for record in raw.records:
        outcome = _no_message(raw, record, parts, persona_speaker)
        if outcome:
            outcomes.append(outcome)
        else:
            rows.append(record)
    threads, order_said = _threads(rows, parts)
    persona = _persona(raw, threads, parts, persona_name, persona_speaker)
    conversations = []
    for name, records in threads.items():
        turns = [_turn(record, parts, persona) for record in records]
        found = cut([turn.role for turn in turns])
        if found.reason:
            outcomes.extend(raw.outcome(record, found.reason) for record in records)
            continue
        outcomes.extend(
            raw.outcome(turns[at].record, "greeting before the first question", "set_aside") for at in found.before
        )
        outcomes.extend(raw.outcome(turns[at].record, "question without an answer") for at in found.after)
        conversations.append(_conversation(raw, name, [turns[at] for at in found.kept], parts))
    ids = len({_own_id(record, parts) for record in raw.records} - {""})
    said = [
        f"row per message: column `{parts['conversation']}` repeats, {ids} conversations in {len(raw.records)} rows",
        order_said,
        persona.evidence,
    ]
    outcomes.sort(key=lambda outcome: outcome.origin.lines)
    speaker = persona.speaker
    return Reading("row_per_message", parts, speaker, tuple(said), tuple(conversations), tuple(outcomes))


def _no_message(raw: RawTable, record: Record, parts: Mapping[str, str], persona_speaker: str) -> Outcome | None:
    """What becomes of a row that says nothing in a dialogue; None for a row that does."""
    if record.fault:
        return raw.outcome(record, record.fault)
    filled = columns.filled(record)
    if len(filled) <= 1:
        return raw.outcome(record, f"only {words.listed(filled) or 'nothing'} is filled: no message")
    author = columns.text(record.fields.get(parts["author"])).strip()
    if speakers.is_automatic(author) and words.key(author) != words.key(persona_speaker):
        return raw.outcome(record, f"automatic message by `{author}`", "set_aside")
    for part, what in (("conversation", "conversation"), ("author", "author"), ("content", "text")):
        if not columns.text(record.fields.get(parts[part])):
            return raw.outcome(record, f"no {what}: `{parts[part]}` is empty or no text")
    return None


def _own_id(record: Record, parts: Mapping[str, str]) -> str:
    return columns.text(record.fields.get(parts["conversation"])).strip()


def _threads(rows: list[Record], parts: Mapping[str, str]) -> tuple[dict[str, list[Record]], str]:
    """Rows by conversation, in the order they were said; a row without a readable time follows the one before it."""
    threads: dict[str, list[tuple[float, Record]]] = {}
    times: list[float | None] = [None] * len(rows)
    said = "no column of times: the order of the file counts"
    if "order" in parts:
        times, how = parse_times([columns.text(row.fields.get(parts["order"])) for row in rows])
        said = f"order `{parts['order']}`: {how}"
    for row, time in zip(rows, times, strict=True):
        thread = threads.setdefault(_own_id(row, parts), [])
        before = thread[-1][0] if thread else float("-inf")
        thread.append((before if time is None else time, row))
    in_order = {
        name: [row for _, row in sorted(thread, key=lambda pair: (pair[0], pair[1].line))]
        for name, thread in threads.items()
    }
    return in_order, said


def _persona(
    raw: RawTable, threads: Mapping[str, list[Record]], parts: Mapping[str, str], name: str, speaker: str
) -> speakers.Persona:
    if not threads:
        raise FormatError(f"{raw.name}: no row has conversation, author and text: nothing to read")
    authors_of, spelling = {}, {}
    for thread, records in threads.items():
        authors = [columns.text(record.fields[parts["author"]]).strip() for record in records]
        authors_of[thread] = {words.key(author) for author in authors}
        for author in authors:
            spelling.setdefault(words.key(author), author)
    return speakers.find_persona(authors_of, spelling, name, speaker, raw.name)


def _turn(record: Record, parts: Mapping[str, str], persona: speakers.Persona) -> _Turn:
    author = columns.text(record.fields[parts["author"]]).strip()
    role = "assistant" if words.key(author) in persona.keys else "user"
    return _Turn(record, author, role, columns.text(record.fields[parts["content"]]))


def _conversation(raw: RawTable, name: str, turns: list[_Turn], parts: Mapping[str, str]) -> Conversation:
    messages = join([(turn.role, turn.content) for turn in turns])
    named = (columns.customer_of(turn.record, parts.get("customer")) for turn in turns)
    authors = (turn.author for turn in turns if turn.role == "user" and not speakers.is_generic(turn.author))
    customer = next((who for who in named if who), None) or next(authors, None)
    origin = raw.origin(*(turn.record.line for turn in turns))
    return Conversation(conversation_id(raw, name, messages), messages, origin, customer)
