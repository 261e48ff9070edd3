"""What a helpdesk's record tells beside its messages: who asks, who is who, and what was said first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.files.records import PEOPLE
from marcus_nb.formats.messages import persons
from marcus_nb.formats.rows import columns
from marcus_nb.formats.tables import RawTable, Role

_REQUESTERS = (
    "requester id",
    "requester",
    "requester name",
    "customer id",
    "customer",
    "contact id",
    "contact",
    "end user id",
)
_OPENINGS = ("source body", "description text", "description", "descripcion")
_PEOPLE = frozenset(
    [
        "users",
        "participants",
        "participant",
        "members",
        "people",
        "contacts",
        "agents",
        "usuarios",
        "participantes",
        "teammates",
        "userprofile",
        "profiles",
    ]
)
_THREADS = frozenset(
    [
        "comments",
        "comment",
        "comentarios",
        "replies",
        "respuestas",
        "parts",
        "responses",
        "notes",
        "conversations",
        "threads",
    ]
)


@dataclass(frozen=True)
class Ticket:
    """The columns of a table of tickets that say more; each holds one value for each record."""

    requester: Sequence[Any] | None
    opening: Sequence[Any] | None
    opener: Sequence[Any] | None
    people: tuple[Sequence[Any], ...]

    @property
    def is_empty(self) -> bool:
        return self.requester is None and self.opening is None and not self.people


def ticket_of(raw: RawTable, content: str) -> Ticket:
    """The columns that say who asks (`requester_id`), what was said first (`description`), and who is who (`users`)."""
    by_key: dict[str, str] = {}
    inside = content.rpartition(".")[0]  # {"ticket": {"description": …, "notes": […]}}: beside the list, too
    for column in sorted(raw.columns, key=lambda name: not name.startswith(f"{inside}.") if inside else 0):
        by_key.setdefault(words.key(column.removeprefix(f"{inside}.") if inside else column), column)

    def values(name: str | None) -> Sequence[Any] | None:
        return raw.column(by_key[name]) if name in by_key else None

    requester = next((name for name in _REQUESTERS if name in by_key), None)
    opening = next((name for name in _OPENINGS if name in by_key), None)
    is_ticket = bool(_THREADS.intersection(words.split(content))) or (requester or "").startswith("requester")
    if opening and not opening.startswith("source") and not is_ticket:
        opening = None
    people = [raw.column(name) for name in raw.columns if name == PEOPLE or _are_people(name)]
    opener = by_key[opening].rpartition(".")[0] + ".author" if opening and opening.startswith("source") else ""
    has_opener = any(column.startswith(f"{opener}.") for column in raw.columns)
    return Ticket(values(requester), values(opening), raw.column(opener) if has_opener else None, tuple(people))


def _are_people(column: str) -> bool:
    said = words.split(column.split(".")[-1])
    return said[-1:] == ("people",) or bool(_PEOPLE.intersection(said[-2:]) and said[-1] in _PEOPLE | {"data", "list"})


def people_of(value: Any) -> dict[str, tuple[str, Role | None]]:
    """Name and side by id: [{"id": 7, "name": "Tom", "role": "end-user"}] gives {"7": ("Tom", "user")}."""
    found: dict[str, tuple[str, Role | None]] = {}
    by_id = value if isinstance(value, dict) else {}
    listed = value if isinstance(value, list) else []
    entries = [*by_id.items(), *((None, one) for one in listed)]
    for key, one in entries:
        if isinstance(one, dict):
            name, own, kind = persons.person(one)
            if own or key:
                found[own or str(key)] = (name, persons.side_of(kind) if kind else None)
    return found


def requester_of(value: Any) -> set[str]:
    """What the one who asks may be called in the messages: their id and their name."""
    if isinstance(value, dict):
        name, own, _ = persons.person(value)
        return {name, own} - {""}
    return {columns.text(value).strip()} - {""}


def opening_of(
    ticket: Ticket, place: int, first: str, plain: Callable[[str], str]
) -> tuple[str, dict[str, Any] | None]:
    """What a ticket begins with beside its list of messages, and who says it; "" when the list begins with it too."""
    if ticket.opening is None:
        return "", None
    text = plain(columns.text(ticket.opening[place]))
    if not text or _same(text, first):
        return "", None
    opener = ticket.opener[place] if ticket.opener is not None else None
    return text, opener if isinstance(opener, dict) else None


def names_of(names: Mapping[str, str]) -> dict[str, tuple[str, Role | None]]:
    """Names found elsewhere; a role word among them is a role: {"U1": "Sofia", "U2": "agent"}."""
    return {own: (name, persons.side_of(name) if name else None) for own, name in names.items()}


def _same(text: str, other: str) -> bool:
    text, other = " ".join(text.split()), " ".join(other.split())
    return bool(other) and (text == other or text.startswith(other) or other.startswith(text))
