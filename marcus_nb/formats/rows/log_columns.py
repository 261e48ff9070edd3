"""Which columns of a chat log play which part: author, text, conversation, time, and what tells the two sides apart."""

from collections.abc import Callable, Mapping

from marcus_nb.formats import words
from marcus_nb.formats.rows import columns, headless
from marcus_nb.formats.rows.log_threads import numbers
from marcus_nb.formats.rows.topics import is_topic, topic_of
from marcus_nb.formats.tables import RawTable

_LEAST_KNOWN = 0.5


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RECIPIENT = _set("to para recipient destinatario receiver receptor destino a")
_PUBLIC, _PRIVATE = _set("public publico"), _set("private privado internal interno note nota")
_ATTACHMENT = _set(
    "attachment attachments adjunto adjuntos media file files archivo archivos image imagen photo foto sticker audio "
    "video multimedia"
)
_REPLY = (
    _set("reply to"),
    _set("response to"),
    _set("parent"),
    _set("replied to"),
    _set("quoted"),
    _set("respuesta a"),
)
_MESSAGE_ID = _set("id message tweet mensaje post comment uuid msg mid comentario")


def log_parts(raw: RawTable, given: Mapping[str, str], forced: bool) -> dict[str, str] | str:
    """The columns of a chat log, {"conversation": "chat", "author": "from", "content": "text", …}, or why it is none.

    Beside those that `columns` may state: `recipient`, `reply` and `id` tell threads apart; `note` tells notes that
    no customer saw, `attachment` why a message has no text.
    """
    parts = dict(given)
    if "role" not in parts and (role := columns.role_column(raw, parts.values())):
        parts["role"] = role

    def repeated(name: str) -> bool:
        return columns.is_id(name) and columns.repeats(raw, name)

    _add(raw, parts, "conversation", columns.is_conversation, repeated)
    _add(raw, parts, "author", columns.is_author, columns.is_likely_author, columns.is_author_id)
    if "role" in parts and "author" not in parts:
        parts["author"] = parts.pop("role")
    if "order" not in parts and (order := columns.order_column(_left(raw, parts))):
        parts["order"] = order
    if "order" not in parts and (order := headless.moments_column(raw, _left(raw, parts))):
        parts["order"] = order
    if "order" in parts and "time" not in parts and (clock := columns.clock_column(parts["order"], _left(raw, parts))):
        parts["time"] = clock
    _add(raw, parts, "content", columns.is_content)
    if "content" not in parts and "author" in parts and parts.keys() & {"conversation", "order"}:
        parts |= {"content": found} if (found := headless.wordiest(raw, _left(raw, parts))) else {}
    missing = [part for part in ("author", "content") if part not in parts]
    if missing:
        return f"no column for {', '.join(missing)}"
    named = "conversation" in parts and not columns.is_thread_time(parts["conversation"])
    if named and "conversation" not in given and not columns.repeats(raw, parts["conversation"]):
        if columns.is_conversation(parts["conversation"]) and not forced:
            return f"column `{parts['conversation']}` never repeats: no several rows per conversation"
        del parts["conversation"]
    _add(raw, parts, "recipient", lambda name: words.key(name) in _RECIPIENT)
    if "conversation" not in parts:
        parts |= replies(raw, parts) or _threads(raw, parts)
    sure = forced or raw.container == "transcript" or parts.keys() & {"conversation", "recipient", "reply"}
    if not sure and not columns.repeats(raw, parts["author"]):
        return f"column `{parts['author']}` never repeats: nobody says anything twice"
    _add(raw, parts, "customer", lambda name: columns.is_customer(name) and not columns.is_author_id(name))
    _add(raw, parts, "note", lambda name: _is_note(raw, name))
    _add(raw, parts, "attachment", lambda name: set(words.split(name)) & _ATTACHMENT)
    return parts


def _threads(raw: RawTable, parts: Mapping[str, str]) -> dict[str, str]:
    """What else tells conversations apart: a subject, or the number of what they are about."""
    subject = next((name for name in _left(raw, parts) if is_topic(name)), None)
    if subject:
        about = [topic_of(value) for value in raw.column(subject)]
        if len(set(about)) < len(about):
            return {"subject": subject}
    rows = len(raw)
    for name in _left(raw, parts):
        if columns.is_other_id(name) and name != parts.get("order"):
            different = len({columns.text(value) for value in raw.column(name)})
            if 1 < different <= 0.7 * rows:
                return {"conversation": name}
    return {}


def hidden(raw: RawTable, column: str) -> list[bool]:
    """For each record, whether it is a note that the customer never saw."""
    shown = bool(set(words.split(column)) & _PUBLIC)
    return [columns.truth(value) is not None and columns.truth(value) != shown for value in raw.column(column)]


def _is_note(raw: RawTable, name: str) -> bool:
    said = set(words.split(name))
    if not said & (_PUBLIC | _PRIVATE) or len(said) > 3:
        return False
    values = [value for value in raw.column(name)[:1000] if value not in (None, "")]
    return bool(values) and all(columns.truth(value) is not None for value in values)


def replies(raw: RawTable, parts: Mapping[str, str]) -> dict[str, str]:
    """The column of the message that each message answers, and the column of its own id."""
    names = [name for name in _left(raw, parts) if any(wanted <= set(words.split(name)) for wanted in _REPLY)]
    own = [name for name in _left(raw, parts) if set(words.split(name)) <= _MESSAGE_ID and name not in names]
    for reply in names:
        answered = set(numbers(raw, reply)) - {""}
        for name in own:
            known = set(numbers(raw, name))
            if answered and len(answered & known) >= _LEAST_KNOWN * len(answered):
                return {"reply": reply, "id": name}
    return {}


def _left(raw: RawTable, parts: Mapping[str, str]) -> list[str]:
    return [name for name in raw.columns if name not in parts.values()]


def _add(raw: RawTable, parts: dict[str, str], part: str, *tests: Callable[[str], object]) -> None:
    if part not in parts:
        found = (columns.first(raw.columns, test, parts.values()) for test in tests)
        parts |= {part: column} if (column := next((name for name in found if name), None)) else {}
