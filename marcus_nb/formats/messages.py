"""What a message object says: who, what, when, and whether it belongs to the dialogue; by the names of its keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from marcus_nb.formats import speakers, words
from marcus_nb.formats.parts import text_of
from marcus_nb.formats.tables import Role


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


_ROLE = _names("role, rol")
_WHO = _names(
    "sender name, author name, user name, from name, display name, from, author, sender, speaker, user, who, de, "
    "autor, remitente, hablante, quien, emisor, usuario, participant, creator, name, nombre, username, senders, "
    "author id, sender id, user id, from id, actor id, participant id, member id, speaker id, uid, created by, "
    "bot id"
)
_WEAK = frozenset(_names("name, nombre, type, user id, created by"))
_TEXT = _names(
    "plain body, body text, text body, body plain, plaintext, plain text, text, content, body, value, message, msg, "
    "utterance, mensaje, texto, contenido, valor, cuerpo, comment, comentario, body html, html body, rich text, html, "
    "parts"
)
_HTML = frozenset(_names("html body, body html, rich text, html"))
_WEAK_TEXT = frozenset(_names("value, valor, html"))
_TIME = _names(
    "timestamp ms, timestamp, ts, created at, create time, created time, created date, created date time, "
    "sent at, datetime, date time, date, fecha, "
    "time, hora, created, when"
)
_TYPE = _names("type, subtype, part type, event, event type, action, message type, kind")
_SIDE = _names(
    "author type, sender type, user type, actor type, from type, sender role, author role, user role, tipo autor"
)
_INCOMING = frozenset(
    _names("incoming, inbound, is incoming, is inbound, from customer, is customer, is user, from user")
)
_OUTGOING = frozenset(
    _names("outgoing, outbound, from me, is from me, is outgoing, is agent, from agent, is staff, from staff")
)
_PRIVATE = frozenset(_names("private, internal, is internal, is private, is note, private note, internal note"))
_MEDIA = frozenset(
    _names(
        "attachments, files, photo, photos, videos, video, audio, audio files, gifs, sticker, stickers, file, image, "
        "images, media, media type, share, embeds, documents"
    )
)
_TOOLS = frozenset(_names("tool calls, function call"))
_DELETED = frozenset(_names("is unsent, deleted, is deleted"))
_OTHER = frozenset(_names("direction, public, visibility, hidden, metadata, recipient, weight"))
_EVENTS = frozenset(
    _names(
        "join, joined, leave, left, service, system, event, topic, purpose, pin, pinned, call, assignment, assigned, "
        "unassigned, close, closed, reopened, snoozed, status, archive, unarchive, subscribe, unsubscribe, invite, "
        "invited, removed, recipient, rename, renamed, transfer, transferred, notification, "
        "remove, premium, boost, deleted"
    )
)
_SAID = frozenset(_names("message, mensaje, comment, comentario, reply, respuesta"))
_CHANGES = frozenset(_names("created, added, add, change, changed, updated"))
_USERS = frozenset(_names("lead, contact, requester, end user, enduser, customer, client, user, visitor, incoming"))
_AGENTS = frozenset(_names("admin, team, teammate, operator, staff, owner, workflow, agent, bot, support"))
_TOOL_ROLES = frozenset(
    _names(
        "tool, function, observation, function call, tool call, tool response, tool result, ipython, function response"
    )
)
_CONVERSATION = frozenset(
    _names("conversation, conversations, conversacion, chat, thread, ticket, session, dialogue, dialog, case, hilo")
)
_NO = (None, False, 0, "", "false", "False", "no", "0")


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

    `own` is the speaker's id; `parts` are (reason, text) of what is left out of it; `outside` says why the whole is no
    turn: "system line".
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
    is_context: bool = False


@lru_cache(maxsize=4096)
def plan_of(keys: tuple[str, ...]) -> Plan:
    """The plan for messages of these keys: plan_of(("role", "content")).speakers is ("role",)."""
    named: dict[str, str] = {}
    for key in keys:
        named.setdefault(words.key(str(key)), key)
    roles = [named[name] for name in _ROLE if name in named]
    texts = [named[name] for name in _TEXT if name in named]
    who = [named[name] for name in _WHO if name in named]
    # A `message` that is who says something, and the text under another name, does not occur; the other way does.
    if not roles and not who and "type" in named:
        who, roles = [named["type"]], [named["type"]]
    speaking = list(dict.fromkeys([*roles, *who]))
    if not roles and {words.key(key) for key in speaking} <= _WEAK:
        texts = [key for key in texts if words.key(key) not in _WEAK_TEXT]
    watched = (*_TYPE, *_SIDE, *_INCOMING, *_OUTGOING, *_PRIVATE, *_MEDIA, *_TOOLS, *_DELETED, *_OTHER)
    extra = {name: named[name] for name in watched if name in named}
    timed = (name for name in named if name.endswith(("time", "timestamp", "date", " at")))
    time = next((named[name] for name in (*_TIME, *timed) if name in named), None)
    is_plain = not extra and len(speaking) == 1 and len(texts) == 1 and words.key(texts[0]) not in _HTML
    return Plan(tuple(speaking), tuple(texts), time, bool(roles), extra, is_plain, _conversation_keys(named))


def _conversation_keys(named: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        key for name, key in named.items() if name.endswith(" id") and _CONVERSATION.intersection(name.split())
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
    return item, plan


def is_message(item: Any) -> bool:
    """Whether an object says who speaks and what."""
    if not isinstance(item, dict):
        return False
    item, plan = opened(item)
    if not plan.speakers or not plan.texts:
        return bool(plan.texts) and _flagged(item, plan.extra) is not None
    # A `type` says who speaks only where it is a role: {"type": "human", "content": "Hi"}.
    speaker = plan.speakers[0]
    return words.key(str(speaker)) != "type" or speakers.role_word(str(item[speaker])) is not None


def hear(item: dict[str, Any]) -> Said:
    """What a message says."""
    item, plan = opened(item)
    said = Said(time=item.get(plan.time) if plan.time else None)
    _who(said, item, plan)
    _text(said, item, plan)
    extra = plan.extra
    said.outside = _outside(item, extra, said, plan)
    for name, key in extra.items():
        if name in _MEDIA and item[key] not in _NO and item[key] not in ([], {}):
            said.parts.append(("attachment", str(item[key])[:500]))
        elif name in _TOOLS and item[key]:
            said.parts.append(("tool call", str(item[key])[:500]))
    weight = extra.get("weight")
    said.is_context = weight is not None and item[weight] in (0, "0")
    return said


def side_of(word: str) -> Role | None:
    """The side on which a kind of person stands: "end-user" and "lead" are customers, "admin" and "team" are not."""
    name = words.key(word)
    return "user" if name in _USERS else "assistant" if name in _AGENTS else speakers.role_word(word)


def is_tool(word: str) -> bool:
    return words.key(word) in _TOOL_ROLES


def person(value: dict[str, Any]) -> tuple[str, str, str]:
    """Name, id and kind of a person: {"id": 7, "name": "Tom", "type": "lead"} gives ("Tom", "7", "lead")."""
    by_key = {words.key(str(name)): found for name, found in value.items() if isinstance(found, str | int)}
    names = ("nickname", "name", "nombre", "display name", "real name", "full name", "username", "email", "handle")
    name = next((str(by_key[key]).strip() for key in names if by_key.get(key) not in (None, "")), "")
    own = next((str(by_key[key]) for key in ("id", "uuid", "user id", "actor id") if key in by_key), "")
    kind = next((str(by_key[key]) for key in ("role", "rol", "type", "tipo") if by_key.get(key)), "")
    inner = next((one for one in value.values() if isinstance(one, dict)), None)
    # Teams says {"user": {"displayName": "Tom"}, "application": null}.
    return person(inner) if inner and not name and not own else (name, own, kind)


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
    kind = kind or next((str(item[extra[name]]) for name in _SIDE if name in extra and item[extra[name]]), "")
    said.role = side_of(kind) if kind else None
    # `A` answers a `Q`; without one it is what somebody called the first of two speakers.
    is_word = plan.has_role or len(said.who) > 1
    said.role = said.role or (speakers.role_word(said.who) if is_word else None) or _flagged(item, extra)
    if not said.role and said.own[:2] in ("A-", "V-"):  # as HubSpot names agents and visitors
        said.role = "assistant" if said.own[0] == "A" else "user"
    if not said.who and said.role:
        said.who = said.role
    if is_tool(kind) or is_tool(said.who):
        said.role, said.outside = "system", "tool call"


def _flagged(item: dict[str, Any], extra: dict[str, str]) -> Role | None:
    for name, key in extra.items():
        if name == "direction":
            word = words.key(str(item[key]))
            if word in ("incoming", "inbound", "in", "received", "entrante"):
                return "user"
            if word in ("outgoing", "outbound", "out", "sent", "saliente"):
                return "assistant"
        elif (name in _INCOMING or name in _OUTGOING) and item[key] is not None:
            return "user" if (name in _INCOMING) == (item[key] not in _NO) else "assistant"
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
            said.text, said.is_html = text, words.key(str(key)) in _HTML
            return


def _outside(item: dict[str, Any], extra: dict[str, str], said: Said, plan: Plan) -> str:
    if not extra:
        return said.outside
    for name, key in extra.items():
        value = item[key]
        if name in _DELETED and value not in _NO:
            return "deleted message"
        if name in _PRIVATE and value not in _NO:
            return "internal note"
        if (name == "public" and value in _NO and value is not None) or (name == "visibility" and value == "internal"):
            return "internal note"
        if name in _TYPE and isinstance(value, str) and key not in plan.speakers:
            kind = words.split(value)
            if "note" in kind or "nota" in kind or (kind == ("comment",) and "senders" in map(str, item)):
                return "internal note"
            is_reply = kind in (("open",), ("close",)) and said.text
            # "message created" tells of a message, "user added" of none.
            events = _EVENTS if _SAID.intersection(kind) else _EVENTS | _CHANGES
            if not is_reply and events.intersection(kind) and speakers.role_word(value) in (None, "system"):
                return "system line"
        if name == "metadata" and isinstance(value, dict) and value.get("is_visually_hidden_from_conversation"):
            return "hidden message"
        if name == "hidden" and value not in _NO:
            return "hidden message"
        if name == "recipient" and isinstance(item.get("author"), dict) and value not in (None, "", "all"):
            return "tool call"
    return said.outside
