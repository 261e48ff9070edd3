"""One record's list of messages to turns: who speaks, on which side, and what is left out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marcus_nb.formats import speakers, words
from marcus_nb.formats.messages.chat_texts import slack_text
from marcus_nb.formats.messages.message import Said, hear, is_message, plan_of
from marcus_nb.formats.messages.message_lists import RejectedError
from marcus_nb.formats.messages.persons import side_of
from marcus_nb.formats.rows import html
from marcus_nb.formats.tables import Role, Speaker

_MOST_SHOWN = 500
_SYSTEM = frozenset(["system", "sistema"])
_CUSTOMERS = frozenset(["customer", "contact", "client", "lead", "visitor", "end user", "enduser", "requester"])


@dataclass
class Hearing:
    """What is known of a table's messages before they are read, and who has spoken so far.

    `is_strict`: they must say a role (`speaker_key`) and a text, as training data does; else people speak, as in chats.
    `extra_roles` are words that are no role, but take part in most records: people whose names stand as roles.
    `system_answers`: "system" is who answers the user, as corpora of task dialogues call it. `are_exchanges`: each item
    of the lists is a question with its answer. `people` are names and sides by id, `names`
    what the ids in Slack's texts stand for. `has_breaks`: a text here and there holds a <br>.
    `users_are_staff`: "user" stands beside "customer". `has_odd_types`: only few have a type `t`.
    """

    speaker_key: str
    is_strict: bool
    extra_roles: frozenset[str] = frozenset()
    has_html: bool = False
    is_slack: bool = False
    knows_requester: bool = False
    system_answers: bool = False
    are_exchanges: bool = False
    has_breaks: bool = False
    users_are_staff: bool = False
    has_odd_types: bool = False
    people: dict[str, tuple[str, Role | None]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    speakers: list[Speaker] = field(default_factory=list)
    places: dict[tuple[str, Role | None], int] = field(default_factory=dict)
    # Speakers by the very word of the message, and the keys that say all: what most messages need and no more.
    by_word: dict[str, int] = field(default_factory=dict)
    by_keys: dict[tuple[str, ...], tuple[str, str, str | None]] = field(default_factory=dict)
    plain: tuple[str, str] | None = None
    context: int = 0

    @property
    def is_marked_up(self) -> bool:
        return self.has_html or self.has_breaks

    def seat(self, name: str, role: Role | None) -> int:
        """The place of a speaker; one more when they have not spoken yet."""
        known = self.places.get((words.key(name), role))
        if known is None:
            known = self.places[words.key(name), role] = len(self.speakers)
            self.speakers.append(Speaker(name, role))
        return known


@dataclass(slots=True)
class Turns:
    """What was said in one record, in its own order, and the parts that are left out: (reason, text).

    `weights` are those of replies that do not count fully: `{1: 0.0}`.
    """

    who: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    times: list[Any] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    customer: str = ""
    weights: dict[int, float] = field(default_factory=dict)


def listen(hearing: Hearing, items: list[Any], requester: set[str]) -> Turns:
    """The turns of one record. Raises RejectedError for what training data must not have."""
    turns = Turns()
    who, texts, times = turns.who, turns.texts, turns.times
    by_word, by_keys = hearing.by_word, {} if requester else hearing.by_keys
    for at, item in enumerate(items, start=1):
        if type(item) is not dict:
            raise RejectedError(f"message {at} is not an object")
        keys = by_keys.get(tuple(item))
        if keys:
            speaker, content, time = keys
            word, text = item[speaker], item[content]
            if type(word) is str and type(text) is str and word in by_word and text and not text.isspace():
                who.append(by_word[word])
                texts.append(text)
                times.append(time and item[time])
                continue
        said = hear(item)
        before = len(texts)
        _take(hearing, turns, said, item, at, requester)
        if len(texts) > before:
            _learn(hearing, item, who[-1])
    return turns


def _learn(hearing: Hearing, item: dict[str, Any], seat: int) -> None:
    """Note a message's keys, and the word for its speaker, when nothing else needs to be looked at in such ones."""
    plan = plan_of(tuple(item))
    if plan.is_plain and not (hearing.is_marked_up or hearing.is_slack or hearing.people or hearing.knows_requester):
        hearing.by_keys[tuple(item)] = (plan.speakers[0], plan.texts[0], plan.time)
        if type(item[plan.speakers[0]]) is str:
            hearing.by_word.setdefault(item[plan.speakers[0]], seat)
            if len(item) == 2:
                hearing.plain = (plan.speakers[0], plan.texts[0])


def _plain(hearing: Hearing, text: str, is_html: bool) -> str:
    """A text without the marks of its platform."""
    if is_html or (hearing.has_html and "<" in text) or (hearing.has_breaks and html.has_break(text)):
        text = html.to_text(text)
    return slack_text(text, hearing.names) if hearing.is_slack else text


def _take(hearing: Hearing, turns: Turns, said: Said, item: dict[str, Any], at: int, requester: set[str]) -> None:
    if hearing.is_strict and not said.outside:
        _check(hearing, said, at)
    name, role = _known(hearing, said, requester)
    weight = _weight(said.weight, at) if hearing.is_strict and role == "assistant" else 1.0
    if hearing.has_odd_types and not said.outside and isinstance(item.get("t"), str):
        said.outside = "system line"
    if said.outside or role == "system":
        turns.left.append((said.outside or "system message", said.text or str(item)[:_MOST_SHOWN]))
        return
    turns.left.extend(part for part in said.parts if said.text)
    if not said.text:
        if said.parts:
            reason = "media, no text" if any(why == "attachment" for why, _ in said.parts) else said.parts[0][0]
            if hearing.is_strict and reason == "media, no text":
                raise RejectedError(f"no text in message {at} ({said.who})")
            turns.left.append((reason, said.parts[0][1]))
        elif hearing.is_strict:
            raise RejectedError(f"no text in message {at} ({said.who})")
        else:
            turns.left.append(("no text", str(item)[:_MOST_SHOWN]))
        return
    if not name:
        turns.left.append(("no author", said.text))
        return
    text = _plain(hearing, said.text, said.is_html)
    if not text.strip():
        turns.left.append(("no text", said.text))
        return
    turns.who.append(hearing.seat(name, role))
    turns.texts.append(text)
    turns.times.append(said.time)
    if weight != 1:
        turns.weights[len(turns.texts) - 1] = weight
        hearing.context += weight == 0
    if said.customer and role == "user" and not turns.customer:
        turns.customer = said.customer


def _check(hearing: Hearing, said: Said, at: int) -> None:
    if not said.who:
        raise RejectedError(f"message {at} has no `{hearing.speaker_key}`")
    if said.role is None and words.key(said.who) not in hearing.extra_roles:
        raise RejectedError(f"unknown role `{said.who}` in message {at}: expected user, assistant or system")


def _weight(value: Any, at: int) -> float:
    """A reply's weight, as OpenAI's fine-tuning files have it: `0` → 0.0, `"1"` → 1.0, None → 1.0."""
    if value is None:
        return 1.0
    try:
        weight = float("" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        weight = -1.0
    if not 0 <= weight <= 1:
        raise RejectedError(f"message {at} has the weight `{str(value)[:40]}`: expected a number from 0 to 1")
    return weight


def _known(hearing: Hearing, said: Said, requester: set[str]) -> tuple[str, Role | None]:
    """The speaker's name and side, with what the record and the file tell beside the message."""
    name, role = said.who, said.role
    for own in (said.own, said.who):
        if own in hearing.people:
            found, side = hearing.people[own]
            name, role = found or name, role or side
            break
    if hearing.users_are_staff and said.kind == "user":
        role = "assistant"
    if role == "system" and hearing.system_answers and words.key(name) in _SYSTEM:
        role = "assistant"
    if role is None and hearing.knows_requester:
        role = "user" if requester & {said.who, said.own, name} else "assistant" if requester else None
    return name, role


def decide(sample: Sequence[list[Any]], shape: str) -> Hearing:
    """What the messages of a sample of records tell of all of them."""
    heard = [[hear(item) for item in items if is_message(item)] for items in sample]
    plans = Counter(plan_of(tuple(item)).speakers[:1] for items in sample for item in items if is_message(item))
    first = plans.most_common(1)[0][0] if plans else ()
    key = str(first[0]) if first else "role"
    flat = [said for record in heard for said in record if said.who]
    has_roles = words.key(key) in ("role", "rol") or shape == "sharegpt"
    unknown = Counter(
        word for record in heard for word in {words.key(said.who) for said in record if said.who and not said.role}
    )
    filled = sum(bool(record) for record in heard)
    extra = frozenset(word for word, count in unknown.items() if count * 2 > filled and filled > 1)
    known = sum(said.role is not None for said in flat)
    texts = [said.text for said in flat if said.text and not said.is_html][:1000]
    items = [item for items in sample for item in items if isinstance(item, dict)]
    is_slack = sum("ts" in item and ("user" in item or "bot_id" in item) for item in items) * 2 > len(items)
    roles = Counter(said.role for said in flat)
    # What stands first may be instructions; what comes later answers.
    by_system = sum(words.key(said.who) in _SYSTEM for record in heard for said in record[1:])
    system_answers = bool(roles["user"]) and not roles["assistant"] and by_system * 3 >= len(flat)
    is_strict = has_roles and known * 2 >= len(flat)
    kinds = {said.kind for said in flat if said.kind}
    odd = sum(isinstance(item.get("t"), str) and not item["t"].isdigit() for item in items)
    return Hearing(
        key,
        is_strict,
        extra,
        has_html=html.are_html(texts),
        has_breaks=not is_strict and any(map(html.has_break, texts)),
        is_slack=is_slack,
        system_answers=system_answers,
        users_are_staff="user" in kinds and bool(kinds & _CUSTOMERS) and "assistant" not in map(side_of, kinds),
        has_odd_types=0 < odd * 3 < len(items),
    )


def side_finder(hearing: Hearing, sample: Sequence[tuple[list[Any], set[str]]]) -> bool:
    """Whether those who ask, as the records name them, are found among the speakers of the messages."""
    for items, requester in sample:
        if requester and any(requester & {said.who, said.own} for said in map(hear, filter(is_message, items))):
            return True
    return False


def text_reader(hearing: Hearing) -> Callable[[str], str]:
    return lambda text: html.to_text(text) if "<" in text and html.is_html([text]) else text


def role_of_line(name: str, names: set[str]) -> Role | None:
    """The role of a prefix: `A` answers where there is a `Q`; beside a `B` it is nobody's role."""
    if len(name) == 1 and not {"q", "p"} & {words.key(other) for other in names}:
        return None
    return "assistant" if words.key(name) == "r" else "user" if words.key(name) == "p" else speakers.role_word(name)
