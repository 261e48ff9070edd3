"""Records that are messages, one each, as chat platforms export them: who said what, by conversation or by channel."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.files.parsing_json import as_text
from marcus_nb.formats.files.records import PEOPLE, RECORD, spread
from marcus_nb.formats.messages import channels, hearing, ticket
from marcus_nb.formats.messages.chat_texts import is_doubly_encoded, repaired
from marcus_nb.formats.messages.collecting import no_collecting
from marcus_nb.formats.messages.hearing import Hearing, listen
from marcus_nb.formats.messages.message import is_message, opened
from marcus_nb.formats.messages.message_lists import RejectedError
from marcus_nb.formats.rows import columns, log_columns, topics
from marcus_nb.formats.rows.log_threads import numbers, roots
from marcus_nb.formats.tables import Outcome, RawTable, Speaker, Thread, Threads

_KINDS = ("json", "jsonl", "yaml")
_LEAST = 0.6
_FEW = 4  # records
_CROWD = 4  # people in one conversation


def message_row_parts(raw: RawTable, given: Mapping[str, str]) -> dict[str, str] | str:
    """Which columns say who, what and when, {"author": "user", "content": "text", "order": "ts"}; "" or why none do."""
    if raw.container not in _KINDS or given.keys() - {"conversation", "customer"} or not len(raw):
        return ""  # `log_columns` says why a table is no log
    records = raw.column(RECORD)
    sample = [records[place] for place in spread(len(raw))]
    found = [item for item in sample if is_message(item)]
    if len(found) < _LEAST * len(sample):
        return ""
    plans = [opened(item)[1] for item in found]
    kinds: Counter[tuple[str, str, str]] = Counter()
    for plan in plans:
        flag = next(iter(plan.extra.values()), "")
        kinds[(plan.speakers or (flag,))[0], plan.texts[0], plan.time or ""] += 1
    (author, content, time), _ = kinds.most_common(1)[0]
    parts = dict(given) | {"author": author, "content": content} | ({"order": time} if time else {})
    if "conversation" not in parts:
        tests = (columns.is_conversation, columns.is_id)
        named = [name for test in tests for name in raw.columns if test(name) and name not in parts.values()]
        ids = dict.fromkeys(key for plan in plans for key in plan.conversation)
        named += [name for name in ids if name in raw.columns]
        found = next((name for name in named if columns.repeats(raw, name)), None)
        parts |= {"conversation": found} if found else log_columns.replies(raw, parts)
    is_flag = any(author in plan.extra.values() for plan in plans)
    sure = parts.keys() & {"conversation", "reply"} or (time and (is_flag or len(raw) <= _FEW))
    if not sure and len({str(record.get(author)) for record in records}) == len(raw):
        return f"column `{author}` never repeats: nobody says anything twice"
    return parts


def read_message_rows(raw: RawTable, parts: dict[str, str], gap_minutes: int, names: Mapping[str, str]) -> Threads:
    """Each record a turn, a part of none, or rejected; records of one id, or that answer each other, are a thread."""
    records = raw.column(RECORD)
    if "conversation" in parts:
        own = [columns.text(value).strip() for value in raw.column(parts["conversation"])]
        said = f"row per message: `{parts['conversation']}` tells conversations apart"
    elif "reply" in parts:
        ids, answered = numbers(raw, parts["id"]), numbers(raw, parts["reply"])
        own = roots(ids, answered)
        said = f"row per message: `{parts['reply']}` tells which message each one answers"
    else:
        channel = columns.first(raw.columns, columns.is_channel, parts.values())
        own = [columns.text(value).strip() for value in raw.column(channel)] if channel else [""] * len(raw)
        named = (name for name in raw.columns if topics.is_topic(name) and name not in parts.values())
        topic = next((name for name in named if columns.repeats(raw, name)), None)
        if topic:
            subjects = map(topics.topic_of, raw.column(topic))
            own = [f"{where} {what}" for where, what in zip(own, subjects, strict=True)]
        by = [name for name in (channel, topic) if name]
        said = "row per message" + (f", by {words.listed(by)}" if by else "")
    named = bool(parts.keys() & {"conversation", "reply"})
    with no_collecting():
        return _read(raw, records, own, named, parts, "row_per_message", gap_minutes, names, [said])


def by_message(raw: RawTable, lists: Sequence[list[Any]], nested: Threads, names: Mapping[str, str]) -> Threads:
    """Channels, whose records are whole lists of messages, read with each message as a record of its own.

    A person counts the messages of a chat, not the chats; and every message is to know where it came from.
    """
    ends = list(accumulate(map(len, lists)))

    def text(place: int) -> str:
        at = bisect_right(ends, place)
        return as_text(lists[at][place - (ends[at - 1] if at else 0)])

    total = ends[-1] if ends else 0
    rows = replace(raw, lines=range(1, total + 1), text=text)
    items = [item for own_list in lists for item in own_list]
    # By its place: chats may share an id or have none, and are two chats all the same.
    channel = [str(at) for at, own_list in enumerate(lists) for _ in own_list]
    said = [line for line in nested.evidence if not line.startswith(("one conversation per record", "channels rather"))]
    pause = round((nested.gap_seconds or 0) / 60)
    channel_said = (
        f"`{nested.columns['content']}` holds what people said, at known times: a channel, cut at pauses of more than "
        f"{pause:,} minutes; its {total:,} messages are the records"
    )
    evidence = [channel_said, *said]
    parts = nested.columns
    return _read(rows, items, channel, False, parts, nested.shape, pause, names, evidence)


def _read(
    raw: RawTable,
    items: Sequence[Any],
    own: Sequence[str],
    named: bool,
    parts: dict[str, str],
    shape: str,
    gap_minutes: int,
    names: Mapping[str, str],
    evidence: list[str],
) -> Threads:
    told = hearing.decide([[items[place]] for place in spread(len(items), 500)], "messages")
    told.names = names
    told.people = {name: (who, None) for name, who in names.items()}
    if PEOPLE in raw.columns and len(raw):
        told.people |= ticket.people_of(raw.column(PEOPLE)[0])
    outcomes: list[Outcome] = []
    threads: dict[str, Thread] = {}
    stamps: dict[str, list[Any]] = {}
    customers = raw.column(parts["customer"]) if "customer" in parts and shape == "row_per_message" else None
    for place, item in enumerate(items):
        turns = _turn(raw, told, place, item, outcomes)
        if turns is None:
            continue
        name = own[place]
        thread = threads.get(name)
        if thread is None:
            customer = columns.customer_of(customers[place]) if customers is not None else None
            thread = threads[name] = Thread(name if named else "", customer, [], [], [])
            stamps[name] = []
        thread.speakers.append(turns.who[0])
        thread.texts.append(turns.texts[0])
        thread.places.append(place)
        stamps[name].append(turns.times[0])
    speakers = _repair(told, list(threads.values()), evidence)
    how, moments = channels.put_in_order(list(threads.values()), list(stamps.values()), "always")
    if how and shape == "row_per_message":
        evidence.append(f"order: {how}")
    gap = (gap_minutes or channels.GAP_MINUTES) * 60.0 if moments and (gap_minutes or not named) else None
    if gap and shape == "row_per_message":
        evidence.append(f"a pause of more than {gap / 60:,.0f} minutes starts a new conversation")
    count, taking_part, answering = channels.statistics_of(list(threads.values()), gap)
    if not named and count and sum(taking_part.values()) > _CROWD * count:
        people = sum(taking_part.values()) / count
        evidence.append(
            f"{people:.0f} people speak in a conversation on average, and nothing tells whom each of them answers: "
            "where several talked at once, their conversations are read as one"
        )
    return Threads(
        raw=raw,
        shape=shape,
        columns=parts,
        speakers=speakers,
        threads=list(threads.values()),
        by_record=True,
        conversations=count,
        taking_part=taking_part,
        answering=answering,
        gap_seconds=gap,
        outcomes=tuple(outcomes),
        evidence=tuple(evidence),
    )


def _turn(raw: RawTable, told: Hearing, place: int, item: Any, outcomes: list[Outcome]) -> hearing.Turns | None:
    """What one record says; when it says nothing in a dialogue, why is added to the outcomes."""
    try:
        turns = listen(told, [item], set())
    except RejectedError as error:
        outcomes.append(raw.outcome(place, str(error).replace("message 1", "the message")))
        return None
    if not turns.texts:
        reason = turns.left[0][0] if turns.left else "no text"
        kind = "rejected" if reason in ("no text", "no author") else "set_aside"
        outcomes.append(raw.outcome(place, reason, kind))
        return None
    origin = raw.origin(raw.lines[place])
    outcomes.extend(Outcome(origin, reason, text, "left_out") for reason, text in turns.left)
    return turns


def _repair(told: Hearing, threads: Sequence[Thread], evidence: list[str]) -> tuple[Speaker, ...]:
    texts = (text for thread in threads for text in thread.texts)
    if not is_doubly_encoded([*texts, *(who.name for who in told.speakers)]):
        return tuple(told.speakers)
    said = "doubly encoded letters (Informaci\u00c3\u00b3n) repaired in all texts and names"
    if said not in evidence:
        evidence.append(said)
    for thread in threads:
        thread.texts = [repaired(text) for text in thread.texts]
    return tuple(Speaker(repaired(who.name), who.role) for who in told.speakers)
