"""The names of a message's keys, and the words in them that say whether it belongs to the dialogue."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


ROLE = _names("role, rol")
WHO = _names(
    "sender name, author name, user name, from name, display name, from, author, sender, speaker, user, who, de, "
    "autor, remitente, hablante, quien, emisor, usuario, participant, creator, name, nombre, username, senders, "
    "author id, sender id, user id, from id, actor id, participant id, member id, speaker id, uid, created by, bot id"
)
WHO_ELSE = _names("sent by, written by, posted by, account id, u")
WEAK = frozenset(_names("name, nombre, type, user id, created by"))
TEXT = _names(
    "plain body, body text, text body, body plain, plaintext, plain text, text, content, body, value, message, msg, "
    "utterance, mensaje, texto, contenido, valor, cuerpo, comment, comentario, body html, html body, rich text, html, "
    "parts, blocks, message parts, segment, segments, text content, message content, chat message, mes"
)
HTML = frozenset(_names("html body, body html, rich text, html"))
WEAK_TEXT = frozenset(_names("value, valor, html"))
TIME = _names(
    "timestamp ms, timestamp, ts, created at, create time, created time, created date, created date time, "
    "sent at, date sent, time sent, datetime, date time, date, fecha, "
    "time, hora, created, when"
)
TYPE = _names("type, subtype, part type, event, event type, action, message type, messagetype, kind")
SIDE = _names(
    "author type, sender type, user type, actor type, from type, sender role, author role, user role, tipo autor"
)
INCOMING = frozenset(
    _names("incoming, inbound, is incoming, is inbound, from customer, is customer, is user, from user")
)
OUTGOING = frozenset(
    _names("outgoing, outbound, from me, is from me, is outgoing, is agent, from agent, is staff, from staff")
)
PRIVATE = frozenset(_names("private, internal, is internal, is private, is note, private note, internal note"))
MEDIA = frozenset(
    _names(
        "attachments, files, photo, photos, videos, video, audio, audio files, gifs, sticker, stickers, file, image, "
        "images, media, media type, share, embeds, documents"
    )
)
TOOLS = frozenset(_names("tool calls, function call"))
DELETED = frozenset(_names("is unsent, deleted, is deleted"))
OTHER = frozenset(_names("direction, public, visibility, hidden, metadata, recipient, weight"))
EVENTS = frozenset(
    _names(
        "join, joined, leave, left, service, system, event, topic, purpose, pin, pinned, call, assignment, assigned, "
        "unassigned, close, closed, reopened, snoozed, status, archive, unarchive, subscribe, unsubscribe, invite, "
        "invited, removed, recipient, rename, renamed, transfer, transferred, notification, "
        "remove, premium, boost, deleted, member, membership, activity"
    )
)
SAID = frozenset(_names("message, mensaje, comment, comentario, reply, respuesta"))
CHANGES = frozenset(_names("created, added, add, change, changed, updated"))
USERS = frozenset(_names("lead, contact, requester, end user, enduser, customer, client, user, visitor, incoming"))
AGENTS = frozenset(_names("admin, team, teammate, operator, staff, owner, workflow, agent, bot, support"))
TOOL_ROLES = frozenset(
    _names(
        "tool, function, observation, function call, tool call, tool response, tool result, ipython, function response"
    )
)
CONVERSATION = frozenset(
    _names(
        "conversation, conversations, conversacion, chat, thread, ticket, session, dialogue, dialog, case, hilo, room"
    )
)
NO = (None, False, 0, "", "false", "False", "no", "0")
WATCHED = (*TYPE, *SIDE, *INCOMING, *OUTGOING, *PRIVATE, *MEDIA, *TOOLS, *DELETED, *OTHER)
