"""One conversation, or one channel, per record: a list of messages, or of lines, somewhere in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.files.records import spread
from marcus_nb.formats.messages import channels, hearing, lines, replies, ticket, trees
from marcus_nb.formats.messages.collecting import no_collecting
from marcus_nb.formats.messages.hearing import Hearing, Turns, listen
from marcus_nb.formats.messages.message import hear, is_message, opened
from marcus_nb.formats.messages.message_columns import nested_parts
from marcus_nb.formats.messages.message_lists import RejectedError, exchange_keys, items_of
from marcus_nb.formats.messages.message_rows import by_message
from marcus_nb.formats.rows import columns
from marcus_nb.formats.tables import Outcome, RawTable, Thread, Threads

_SAMPLED = 150
_MESSAGES_LOOKED_AT = 200
_PLATFORM = frozenset(["sender_name", "from_id", "ts", "isPinned", "text_entities", "date_unixtime"])

__all__ = ["nested_parts", "read_nested"]


def read_nested(
    raw: RawTable, shape: str, parts: dict[str, str], gap_minutes: int, names: Mapping[str, str]
) -> Threads:
    """Who said what when, record by record.

    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Aye."}]}

    `names` are names and roles by id. In training data a message of an unknown role or without text rejects its record;
    in chats and tickets such messages are left out. Channels are given a pause (`gap_minutes`) to be cut at.
    """
    with no_collecting():
        return (_read_lines if shape == "lines" else _read_messages)(raw, shape, parts, gap_minutes, names)


def _read_messages(
    raw: RawTable, shape: str, parts: dict[str, str], gap_minutes: int, names: Mapping[str, str]
) -> Threads:
    content = parts["content"]
    values = raw.column(content)
    current = _current(raw, content)
    beside = ticket.ticket_of(raw, content)
    told = _decide(raw, shape, values, current, beside, content, names)
    to_text = hearing.text_reader(told)
    threads: list[Thread] = []
    stamps: list[list[Any]] = []
    outcomes: list[Outcome] = []
    own_ids, customers = _column(raw, parts, "conversation"), _column(raw, parts, "customer")
    answers = replies.answers_beside(raw, content)
    branches, known, stands_alone = 0, {}, beside.is_empty and answers is None
    for place, value in enumerate(values):
        customer = _customer(customers[place]) if customers is not None else None
        own = columns.text(own_ids[place]).strip() if own_ids is not None else ""
        if stands_alone and (said := _plainly(told, value)):
            who, texts = said
            threads.append(Thread(own, customer, who, texts, [place] * len(who)))
            stamps.append([])
            continue
        try:
            is_plain = type(value) is list and value and type(value[0]) is dict and not told.are_exchanges
            items = value if is_plain else None
            if items is None:
                items = items_of(value, content, current[place] if current else None)
                branches += _others(value, items)
            if answers is not None:
                items = [*items, *replies.answer_of(answers[place])]
            requester = set()
            if not stands_alone:
                requester = ticket.requester_of(beside.requester[place]) if told.knows_requester else set()
                for at, column in enumerate(beside.people):
                    # The list beside all records is the same object for each of them: it is read once.
                    if column[place] is not known.get(at):
                        known[at] = column[place]
                        told.people |= ticket.people_of(known[at])
            turns = listen(told, items, requester)
        except RejectedError as error:
            outcomes.append(raw.outcome(place, str(error)))
            continue
        if beside.opening is not None and not told.is_strict:
            text, opener = ticket.opening_of(beside, place, turns.texts[0] if turns.texts else "", to_text)
            if text:
                _open(told, turns, text, opener, requester)
        if not turns.texts:
            reason = Counter(why for why, _ in turns.left).most_common(1)
            said = f"no message of a dialogue: {reason[0][0]}" if reason else "no message of a dialogue"
            outcomes.append(raw.outcome(place, said, "set_aside"))
            continue
        if turns.left:
            origin = raw.origin(raw.lines[place])
            outcomes.extend(Outcome(origin, reason, text, "left_out") for reason, text in turns.left)
        count = len(turns.who)
        threads.append(
            Thread(
                own, customer or turns.customer or None, turns.who, turns.texts, [place] * count, None, turns.weights
            )
        )
        stamps.append(turns.times)
    keys = f"{told.speaker_key}/{_text_key(values, content)}"
    said = [f"one conversation per record: `{content}` is a list of messages ({keys})"]
    if any(map(replies.key_of, values[:20])):
        said = [f"one conversation per record: a message with its replies ({keys})"]
    if told.has_html:
        said.append("texts are HTML: read as plain text")
    if told.context:
        said.append(f"{told.context} replies of weight 0, which training was to skip, are kept as context")
    if told.system_answers:
        said.append("`system` answers the user: taken for the persona's side")
    if told.are_exchanges:
        said.append("each item of the list is a question with its answer")
    if branches:
        said.append(f"{branches} messages in other branches (edits and retries) are not read")
    extra = [who.name for who in told.speakers if words.key(who.name) in told.extra_roles]
    if extra and told.is_strict:
        said.append(f"{words.listed(extra)} stand as roles in most records: people, not roles")
    said.extend(_unread(raw))
    lists = None if raw.faults or any(item.kind == "rejected" for item in outcomes) else values
    platform = any(_PLATFORM.intersection(item) for value in values[:20] for item in _some(value))
    is_tree = any(isinstance(value, dict) for value in values[:20])
    sorting = "never" if is_tree else "newest" if told.is_strict else "always"
    found = channels.as_threads(
        raw, shape, parts, gap_minutes, told.speakers, threads, stamps, outcomes, said, platform, sorting
    )
    if found.gap_seconds is None or lists is None:
        return found
    return by_message(raw, [items_of(value, content) for value in lists], found, names)


def _plainly(told: Hearing, value: Any) -> tuple[list[int], list[str]] | None:
    """Who says what in a record whose messages are no more than a known word for the speaker and a text, as in nearly
    all training data: it need not be listened to one by one. None for any other record."""
    if told.plain is None or not value:
        return None
    speaker, content = told.plain
    by_word = told.by_word
    try:
        who = [by_word[item[speaker]] for item in value if len(item) == 2]
        texts = [item[content] for item in value]
        return (who, texts) if len(who) == len(texts) and all(map(str.strip, texts)) else None
    except (KeyError, TypeError):
        return None


def _decide(
    raw: RawTable,
    shape: str,
    values: Sequence[Any],
    current: Sequence[Any] | None,
    beside: ticket.Ticket,
    content: str,
    names: Mapping[str, str],
) -> Hearing:
    """What a sample of the records tells of all of them."""
    sample: list[tuple[list[Any], set[str]]] = []
    for place in spread(len(raw), _SAMPLED):
        try:
            items = items_of(values[place], content, current[place] if current else None)[:_MESSAGES_LOOKED_AT]
        except RejectedError:
            continue
        asked = ticket.requester_of(beside.requester[place]) if beside.requester is not None else set()
        sample.append((items, asked))
    told = hearing.decide([items for items, _ in sample], shape)
    told.names = names
    told.are_exchanges = any(_are_exchanges(values[place]) for place in spread(len(raw), _SAMPLED))
    told.people = ticket.names_of(names)
    told.knows_requester = not told.is_strict and hearing.side_finder(told, sample)
    return told


def _others(value: Any, items: list[Any]) -> int:
    """How many messages of a tree are not among those that are read."""
    if not isinstance(value, dict):
        return 0
    return (
        replies.others(value, items)
        if replies.key_of(value)
        else trees.others(value, items)
        if trees.is_tree(value)
        else 0
    )


def _are_exchanges(value: Any) -> bool:
    is_list = isinstance(value, list) and value and isinstance(value[0], dict)
    return bool(is_list and exchange_keys(tuple(value[0])))


def _open(told: Hearing, turns: Turns, text: str, opener: dict[str, Any] | None, requester: set[str]) -> None:
    """A ticket's first message, which stands beside the list of the others."""
    said = hear({"author": opener, "text": text}) if opener else None
    if said and said.who:
        name, role = said.who, said.role or "user"
    else:
        own = next((own for own in sorted(requester) if own in told.people), None)
        name, role = (told.people[own][0] if own else "") or next(iter(sorted(requester)), "requester"), "user"
    turns.who.insert(0, told.seat(name, role))
    turns.texts.insert(0, text)
    turns.times.insert(0, None)


def _read_lines(
    raw: RawTable, shape: str, parts: dict[str, str], gap_minutes: int, names: Mapping[str, str]
) -> Threads:
    values = raw.column(parts["content"])
    found = [lines.lines_of(value) for value in values]
    good = [dialogue for dialogue in found if isinstance(dialogue, list)]
    own_ids, customers = _column(raw, parts, "conversation"), _column(raw, parts, "customer")
    beside = lines.speakers_beside(raw, parts["content"], found) if good else None
    named_by = raw.column(beside) if beside else ()
    has_names = not beside and lines.prefixes(good[:_SAMPLED])
    told = Hearing("", is_strict=False)
    prefixes = {name for dialogue in good for name, _ in map(lines.split, dialogue) if name} if has_names else set()
    threads, outcomes = [], []
    for place, dialogue in enumerate(found):
        if isinstance(dialogue, str):
            outcomes.append(raw.outcome(place, dialogue))
            continue
        if beside:
            named = [str(one).strip() for one in named_by[place]]
            who = [told.seat(name, hearing.role_of_line(name, set(named))) for name in named]
            texts = dialogue
        elif has_names:
            spoken = [lines.split(line) for line in dialogue]
            who = [told.seat(name or "unnamed", hearing.role_of_line(name, prefixes)) for name, _ in spoken]
            texts = [text for _, text in spoken]
        else:
            seats = told.seat("user", "user"), told.seat("assistant", "assistant")
            who, texts = [seats[at % 2] for at in range(len(dialogue))], dialogue
        own = columns.text(own_ids[place]).strip() if own_ids is not None else ""
        customer = _customer(customers[place]) if customers is not None else None
        threads.append(Thread(own, customer, who, texts, [place] * len(texts)))
    how = f"each with its speaker: {words.listed(sorted(prefixes))}" if has_names else "by turns, the customer first"
    how = f"`{beside}` says who speaks" if beside else how
    said = [f"one conversation per record: `{parts['content']}` is a list of lines, {how}"]
    stamps = [[None] * len(thread.texts) for thread in threads]
    return channels.as_threads(
        raw, shape, parts, gap_minutes, told.speakers, threads, stamps, outcomes, said, False, "never"
    )


def _current(raw: RawTable, content: str) -> Sequence[Any] | None:
    """Which node of a tree was seen last, by record."""
    names = [column for column in raw.columns if words.key(column.split(".")[-1]) == "current node"]
    return raw.column(names[0]) if names else None


def _column(raw: RawTable, parts: Mapping[str, str], part: str) -> Sequence[Any] | None:
    return raw.column(parts[part]) if part in parts else None


def _customer(value: Any) -> str | None:
    return columns.customer_of(value)


def _some(value: Any) -> list[dict[str, Any]]:
    return [item for item in value[:5] if isinstance(item, dict)] if isinstance(value, list) else []


def _text_key(values: Sequence[Any], content: str) -> str:
    for value in values[:20]:
        try:
            items = items_of(value, content)
        except RejectedError:
            continue
        for item in filter(is_message, items[:20]):
            return str(opened(item)[1].texts[0])
    return "text"


def _unread(raw: RawTable) -> list[str]:
    """Columns of training data that are no dialogue, with the number of records that have them."""
    said = []
    for name in ("tools", "functions"):
        if name in raw.columns and (count := sum(bool(value) for value in raw.column(name))):
            said.append(f"`{name}` of {count} records are no dialogue: not read")
    return said
