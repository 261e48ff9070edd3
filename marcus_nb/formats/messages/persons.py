"""Whom a person object names, and on which side a kind of person stands."""

from typing import Any

from marcus_nb.formats import speakers, words
from marcus_nb.formats.messages import message_words as known
from marcus_nb.formats.tables import Role

_NAMES = (
    "nickname",
    "name",
    "nombre",
    "display name",
    "real name",
    "full name",
    "fallback name",
    "first and last",
    "username",
    "email",
    "handle",
    "n",
)
_FIRST, _LAST = ("first", "first name", "given name"), ("last", "last name", "family name", "surname")
# {"t": "v"}: kinds of people in terse exports.
_LETTERS = {"v": "visitor", "c": "customer", "u": "user", "a": "agent", "b": "bot", "s": "system"}


def side_of(word: str) -> Role | None:
    """The side on which a kind of person stands: "end-user" and "lead" are customers, "admin" and "team" are not."""
    name = words.key(word)
    return "user" if name in known.USERS else "assistant" if name in known.AGENTS else speakers.role_word(word)


def is_tool(word: str) -> bool:
    return words.key(word) in known.TOOL_ROLES


def person(value: dict[str, Any]) -> tuple[str, str, str]:
    """Name, id and kind of a person: {"id": 7, "name": "Tom", "type": "lead"} gives ("Tom", "7", "lead")."""
    by_key = {words.key(str(name)): found for name, found in value.items() if isinstance(found, str | int)}
    by_key.setdefault("first and last", " ".join(str(by_key[key]) for key in (*_FIRST, *_LAST) if by_key.get(key)))
    name = next((str(by_key[key]).strip() for key in _NAMES if by_key.get(key) not in (None, "")), "")
    if isinstance(value.get("id"), dict):
        by_key["id"] = person(value["id"])[1]
    others = (key for key in by_key if key.endswith(" id"))
    own = next((str(by_key[key]) for key in ("id", "uuid", "user id", "actor id", *others) if key in by_key), "")
    kind = next((str(by_key[key]) for key in ("role", "rol", "type", "tipo") if by_key.get(key)), "")
    kind = kind or _LETTERS.get(str(by_key.get("t", "")).casefold(), "")
    inner = next((one for one in value.values() if isinstance(one, dict)), None)
    # Teams says {"user": {"displayName": "Tom"}, "application": null}.
    return person(inner) if inner and not name and not own else (name, own, kind)
