"""What a message object says: who, what, when, and whether it belongs to the dialogue; by the names of its keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from marcus_nb.formats import speakers, words
from marcus_nb.formats.messages import message_words as known
from marcus_nb.formats.messages.parts import text_of
from marcus_nb.formats.messages.persons import is_tool, person, side_of
from marcus_nb.formats.tables import Role


@dataclass(frozen=True, slots=True)
class Plan:
    """Which keys of a message say what; `is_plain` when only one speaker, one text and a time need be looked at."""

    speakers: tuple[str, ...]
    texts: tuple[str, ...]
    time: str | None
    has_role: bool
    extra: dict[str, str]
    is_plain: bool
    conversation: tuple[str, ...] = ()


@dataclass(slots=True)
class Said:
    """One message.

    `own` is the speaker's id, `kind` the word for what they are; `parts` are (reason, text) of what is left out of it;
    `outside` says why the whole is no turn: "system line"; `weight` is as the file has it, None where it has none.
    """

    who: str = ""
    own: str = ""
    role: Role | None = None
    text: str = ""
    is_html: bool = False
    time: Any = None
    outside: str = ""
    parts: list[tuple[str, str]] = field(default_factory=list)
    customer: str = ""
    kind: str = ""
    weight: Any = None


@lru_cache(maxsize=4096)
def plan_of(keys: tuple[str, ...]) -> Plan:
    """The plan for messages of these keys: plan_of(("role", "content")).speakers is ("role",)."""
    named: dict[str, str] = {}
    for key in keys:
        named.setdefault(words.key(str(key)), key)
    roles = [named[name] for name in known.ROLE if name in named]
    texts = [named[name] for name in known.TEXT if name in named]
    who = [named[name] for name in known.WHO if name in named]
    who = who or [named[name] for name in known.WHO_ELSE if name in named]
    # A `message` that is who says something, and the text under another name, does not occur; the other way does.
    if not roles and not who and (kind := named.get("type") or named.get("event")):
        who, roles = [kind], [kind]
    if not texts and not roles and {"n", "m"} <= named.keys():  # terse: {"t": 1741079051, "n": "Tom", "m": "Hi"}
        who, texts = [named["n"]], [named["m"]]
    speaking = list(dict.fromkeys([*roles, *who]))
    if not roles and {words.key(key) for key in speaking} <= known.WEAK:
        texts = [key for key in texts if words.key(key) not in known.WEAK_TEXT]
    extra = {name: named[name] for name in known.WATCHED if name in named}
    timed = (name for name in named if name.endswith(("time", "timestamp", "date", " at", " ts", " sent")))
    time = next((named[name] for name in (*known.TIME, *timed) if name in named), None)
    time = time or (named.get("t") if who == [named.get("n")] else None)
    is_plain = not extra and len(speaking) == 1 and len(texts) == 1 and words.key(texts[0]) not in known.HTML
    return Plan(tuple(speaking), tuple(texts), time, bool(roles), extra, is_plain, _conversation_keys(named))


def _conversation_keys(named: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        key
        for name, key in named.items()
        if name == "rid" or (name.endswith(" id") and known.CONVERSATION.intersection(name.split()))
    )


def opened(item: dict[str, Any]) -> tuple[dict[str, Any], Plan]:
    """A message and its plan; one in a wrapper, {"at": …, "message": {"sender": …, "text": …}}, is taken out of it."""
    plan = plan_of(tuple(item))
    if plan.speakers and plan.texts and not isinstance(item[plan.texts[0]], dict):
        return item, plan
    for inner in item.values():
        if isinstance(inner, dict):
            whole = {**{name: value for name, value in item.items() if value is not inner}, **inner}
            inside = plan_of(tuple(inner))
            if inside.speakers and inside.texts and not (plan.speakers and plan.texts):
                return whole, plan_of(tuple(whole))
            if not plan.texts and inside.texts and plan.speakers:
                return whole, plan_of(tuple(whole))
    if plan.speakers and plan.texts:
        return item, plan
    return _halves(item) or (item, plan)


def _halves(item: dict[str, Any]) -> tuple[dict[str, Any], Plan] | None:
    """A message in two wrappers, {"message": {"accountId": 7}, "messageContent": {"body": "Hi"}}, as one object."""
    inner = [value for value in item.values() if isinstance(value, dict)]
    if len(inner) < 2:
        return None
    whole = {name: value for name, value in item.items() if not isinstance(value, dict)}
    for value in inner:
        whole = value | whole
    plan = plan_of(tuple(whole))
    is_sure = {words.key(key) for key in plan.speakers} - known.WEAK
    return (whole, plan) if is_sure and plan.texts else None


def is_message(item: Any) -> bool:
    """Whether an object says who speaks and what."""
    if not isinstance(item, dict):
        return False
    item, plan = opened(item)
    if not plan.speakers or not plan.texts:
        return bool(plan.texts) and _flagged(item, plan.extra) is not None
    # A `type` says who speaks only where it is a role: {"type": "human", "content": "Hi"}.
    speaker = plan.speakers[0]
    return words.key(str(speaker)) not in ("type", "event") or speakers.role_word(str(item[speaker])) is not None


def hear(item: dict[str, Any]) -> Said:
    """What a message says."""
    item, plan = opened(item)
    said = Said(time=_moment(item.get(plan.time)) if plan.time else None)
    _who(said, item, plan)
    _text(said, item, plan)
    extra = plan.extra
    said.outside = _outside(item, extra, said, plan)
    for name, key in extra.items():
        if name in known.MEDIA and item[key] not in known.NO and item[key] not in ([], {}):
            said.parts.append(("attachment", str(item[key])[:500]))
        elif name in known.TOOLS and item[key]:
            said.parts.append(("tool call", str(item[key])[:500]))
    if "weight" in extra:
        said.weight = item[extra["weight"]]
    return said


def _moment(value: Any) -> Any:
    """A time out of its wrappers: {"$date": {"$numberLong": "1741079051000"}} is "1741079051000"."""
    while isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value


def _who(said: Said, item: dict[str, Any], plan: Plan) -> None:
    kind = ""
    for key in plan.speakers:
        value = item[key]
        if isinstance(value, list):
            value = next(iter(value), None)
        name, own, word = "", "", ""
        if isinstance(value, dict):
            name, own, word = person(value)
            name = name or (word if side_of(word) or is_tool(word) else own)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            name = str(value).strip()
            own = name if words.key(str(key)).endswith(("id", "by", "user")) else ""
        if not name:
            continue
        if not said.who:
            said.who, said.own, kind = name, own, word
        elif not said.own and own:
            said.own = own
        elif plan.has_role and not said.customer and not own:
            said.customer = name
    extra = plan.extra
    kind = kind or next((str(item[extra[name]]) for name in known.SIDE if name in extra and item[extra[name]]), "")
    said.role, said.kind = side_of(kind) if kind else None, words.key(kind)
    # `A` answers a `Q`; without one it is what somebody called the first of two speakers.
    is_word = plan.has_role or len(said.who) > 1
    said.role = said.role or (speakers.role_word(said.who) if is_word else None) or _flagged(item, extra)
    if not said.role and said.own[:2] in ("A-", "V-"):  # as HubSpot names agents and visitors
        said.role = "assistant" if said.own[0] == "A" else "user"
    if not said.who and not said.role:  # {"type": "human", "name": null, "content": "Hi"}
        said.role = next((role for name in known.TYPE if name in extra and (role := _role(item[extra[name]]))), None)
    if not said.who and said.role:
        said.who = said.role
    if is_tool(kind) or is_tool(said.who):
        said.role, said.outside = "system", "tool call"


def _role(word: Any) -> Role | None:
    return speakers.role_word(word) if isinstance(word, str) else None


def _flagged(item: dict[str, Any], extra: dict[str, str]) -> Role | None:
    for name, key in extra.items():
        if name == "direction":
            word = words.key(str(item[key]))
            if word in ("incoming", "inbound", "in", "received", "entrante"):
                return "user"
            if word in ("outgoing", "outbound", "out", "sent", "saliente"):
                return "assistant"
        elif (name in known.INCOMING or name in known.OUTGOING) and item[key] is not None:
            return "user" if (name in known.INCOMING) == (item[key] not in known.NO) else "assistant"
    return None


def _text(said: Said, item: dict[str, Any], plan: Plan) -> None:
    """The first of the texts that says anything; typed parts first, since they tell what else there is."""
    keys: Sequence[str] = plan.texts
    if len(keys) > 1:
        keys = sorted(keys, key=lambda key: not (isinstance(item[key], list) and item[key]))
    for key in keys:
        text, parts = text_of(item[key])
        said.parts.extend(part for part in parts if part not in said.parts)
        if text:
            said.text, said.is_html = text, words.key(str(key)) in known.HTML
            return


def _outside(item: dict[str, Any], extra: dict[str, str], said: Said, plan: Plan) -> str:
    if not extra:
        return said.outside
    for name, key in extra.items():
        value = item[key]
        if name in known.DELETED and value not in known.NO:
            return "deleted message"
        if name in known.PRIVATE and value not in known.NO:
            return "internal note"
        if name == "public" and value in known.NO and value is not None:
            return "internal note"
        if name == "visibility" and value == "internal":
            return "internal note"
        if name in known.TYPE and isinstance(value, str) and key not in plan.speakers:
            kind = words.split(value)
            if "note" in kind or "nota" in kind or (kind == ("comment",) and "senders" in map(str, item)):
                return "internal note"
            is_reply = kind in (("open",), ("close",)) and said.text
            # "message created" tells of a message, "user added" of none.
            events = known.EVENTS if known.SAID.intersection(kind) else known.EVENTS | known.CHANGES
            if not is_reply and events.intersection(kind) and speakers.role_word(value) in (None, "system"):
                return "system line"
        if name == "metadata" and isinstance(value, dict) and value.get("is_visually_hidden_from_conversation"):
            return "hidden message"
        if name == "hidden" and value not in known.NO:
            return "hidden message"
        if name == "recipient" and isinstance(item.get("author"), dict) and value not in (None, "", "all"):
            return "tool call"
    return said.outside
