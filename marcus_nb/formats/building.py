"""Threads to conversations: cut at pauses, from the first question to the last reply, one message for one speaker."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from marcus_nb.conversation import PERSONA_ROLE, Conversation, Message, Origin
from marcus_nb.formats.dialogue import conversation_id, cut
from marcus_nb.formats.speakers import COLLEAGUE, Persona, is_generic
from marcus_nb.formats.tables import Outcome, Thread, Threads

# An answer that comes later than this belongs to no question any more.
_LONGEST_WAIT = 3 * 24 * 3600
_TURNS = ["user", PERSONA_ROLE]
_OUTSIDE = {"system": "system line", COLLEAGUE: "another agent, not the persona"}


def build(table: Threads, persona: Persona, keep_leading: bool) -> tuple[list[Conversation], list[Outcome]]:
    """The conversations of a table, and the outcomes of what is none.

    Consecutive messages of one speaker become one message, as do those of several speakers who are all the persona;
    customers of a group keep their own. What the persona says before the first question, questions that stay
    without an answer and whole threads without persona or customer are set aside; as parts of a record that is used
    they are left out.
    """
    builder = _Builder(table, persona, keep_leading)
    for thread in table.threads:
        builder.add(thread)
    return builder.conversations, builder.outcomes


class _Builder:
    def __init__(self, table: Threads, persona: Persona, keep_leading: bool) -> None:
        self.table, self.persona, self.keep_leading = table, persona, keep_leading
        self.conversations: list[Conversation] = []
        self.outcomes: list[Outcome] = []
        # Whom a conversation may be named after.
        self.names = [None if is_generic(who.name) else who.name for who in table.speakers]

    def add(self, thread: Thread) -> None:
        roles = self._roles(thread)
        if self.table.gap_seconds is None and roles and roles == _TURNS * (len(roles) // 2):
            self.conversations.append(self._whole(thread, roles))
            return
        made, left = 0, []
        pieces = list(_pieces(thread, roles, self.table.gap_seconds))
        for start, stop in pieces:
            conversation = self._conversation(thread, roles, start, stop, len(pieces) == 1, left)
            if conversation is not None:
                self.conversations.append(conversation)
                made += 1
        self._leave(thread, left, made)

    def _roles(self, thread: Thread) -> list[str]:
        if self.persona.by_answer:
            first = thread.speakers[0] if thread.speakers else None
            second = next((who for who in thread.speakers if who != first), None)
            return [PERSONA_ROLE if who == second else "user" for who in thread.speakers]
        roles = self.persona.roles
        return [roles[who] for who in thread.speakers]

    def _whole(self, thread: Thread, roles: list[str]) -> Conversation:
        """A thread in which customer and persona take turns to the end, as nearly all do: nothing to cut or join."""
        raw, places = self.table.raw, thread.places
        if self.table.by_record:
            own = [(raw.lines[place],) for place in places]
            lines = tuple(sorted({line for (line,) in own}))
        else:
            # The parts of one record share its line.
            lines = (raw.lines[places[0]],)
            own = [lines] * len(places)
        messages = tuple(map(Message, roles, thread.texts, own))
        if thread.weights:
            messages = tuple(
                Message(one.role, one.content, one.lines, thread.weights.get(at, 1.0))
                for at, one in enumerate(messages)
            )
        identifier = conversation_id(raw, thread.own_id, roles, thread.texts)
        time = _iso(thread.times[0]) if thread.times else None
        customer = self._customer(thread, thread.speakers[::2])
        return Conversation(identifier, messages, Origin(raw.file, raw.sheet, lines), customer, time)

    def _customer(self, thread: Thread, asking: Iterable[int]) -> str | None:
        if thread.customer is not None:
            return thread.customer
        for who in asking:
            if self.names[who] is not None:
                return self.names[who]
        return None

    def _conversation(
        self, thread: Thread, roles: list[str], start: int, stop: int, whole: bool, left: list[tuple[int, str]]
    ) -> Conversation | None:
        """One conversation of the turns from start to stop; what becomes no part of it is added to `left`."""
        places = range(start, stop)
        if not _OUTSIDE.keys().isdisjoint(roles[start:stop]):
            left.extend((at, _OUTSIDE[roles[at]]) for at in places if roles[at] in _OUTSIDE)
            places = [at for at in places if roles[at] not in _OUTSIDE]
        found = cut([roles[at] for at in places], self.keep_leading)
        if found.reason:
            left.extend((at, found.reason) for at in places)
            return None
        left.extend((places[at], "greeting before the first question") for at in found.before)
        left.extend((places[at], "question without an answer") for at in found.after)
        kept = [places[at] for at in found.kept]
        raw = self.table.raw
        messages = _joined(thread, roles, kept, raw.lines)
        lines = tuple(sorted({line for message in messages for line in message.lines}))
        customer = self._customer(thread, (thread.speakers[at] for at in kept if roles[at] == "user"))
        time = _iso(thread.times[kept[0]]) if thread.times else None
        identifier = conversation_id(
            raw, thread.own_id if whole else "", [one.role for one in messages], [one.content for one in messages]
        )
        return Conversation(identifier, messages, raw.origin(*lines), customer, time)

    def _leave(self, thread: Thread, left: list[tuple[int, str]], made: int) -> None:
        raw = self.table.raw
        if self.table.by_record:
            self.outcomes.extend(raw.outcome(thread.places[at], reason, "set_aside") for at, reason in left)
        elif made:
            origins = {place: raw.origin(raw.lines[place]) for place in set(thread.places)}
            self.outcomes.extend(
                Outcome(origins[thread.places[at]], reason, thread.texts[at], "left_out") for at, reason in left
            )
        else:
            reason = next((why for _, why in left if why not in _OUTSIDE.values()), "no message of a dialogue")
            self.outcomes.extend(raw.outcome(place, reason, "set_aside") for place in dict.fromkeys(thread.places))


def _pieces(thread: Thread, roles: Sequence[str], gap: float | None) -> Iterator[tuple[int, int]]:
    """Where a channel's conversations begin and end: at pauses, but not between a question and its late answer."""
    times, start, before = thread.times, 0, None
    if gap == 0:
        for at in range(1, len(roles)):
            if roles[at] == "user" and roles[at - 1] == PERSONA_ROLE:
                yield start, at
                start = at
    if not gap or times is None:
        yield start, len(roles)
        return
    for at, time in enumerate(times):
        if time is None:
            continue
        pause = time - before if before is not None else 0
        before = time
        if pause > gap:
            waited = roles[at - 1] == "user" and roles[at] == PERSONA_ROLE and pause <= _LONGEST_WAIT
            if not waited:
                yield start, at
                start = at
    yield start, len(times)


def _joined(thread: Thread, roles: Sequence[str], kept: Sequence[int], lines: Sequence[int]) -> tuple[Message, ...]:
    speakers = [PERSONA_ROLE if roles[at] == PERSONA_ROLE else thread.speakers[at] for at in kept]
    messages: list[Message] = []
    weights = thread.weights or {}
    for _, group in groupby(zip(speakers, kept, strict=True), key=itemgetter(0)):
        turns = [at for _, at in group]
        if len(turns) == 1:
            at = turns[0]
            messages.append(Message(roles[at], thread.texts[at], (lines[thread.places[at]],), weights.get(at, 1.0)))
        else:
            content = "\n".join([thread.texts[at] for at in turns])
            own = tuple(dict.fromkeys([lines[thread.places[at]] for at in turns]))
            # What was not to be learned stays so, whatever it is joined to.
            messages.append(Message(roles[turns[0]], content, own, min(weights.get(at, 1.0) for at in turns)))
    return tuple(messages)


def _iso(seconds: float | None) -> str | None:
    if seconds is None or seconds != seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return None
