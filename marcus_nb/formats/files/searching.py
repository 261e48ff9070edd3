"""Where the records lie in a nested value: lists of objects, and objects that are lists by id."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.files.records import as_fields
from marcus_nb.formats.messages.message import plan_of

DEEPEST = 6  # lists in lists of records that are looked into
_MOST_LISTS = 200
_MOST_TRIED = 40
_LOOKED_AT = 50
_SMALL = 10
_PEOPLE = frozenset(
    [
        "users",
        "agents",
        "members",
        "participants",
        "people",
        "contacts",
        "profiles",
        "usuarios",
        "agentes",
        "contactos",
        "userprofile",
        "userprofiles",
    ]
)


def lists(value: Any) -> dict[str, list | dict]:
    """Every list of objects (or of lists of messages) reached through objects, by dotted path, nearest first.

    {"export": {"tickets": [{…}, {…}]}} gives {"export.tickets": [{…}, {…}]}

    An object whose values are of one kind, {"c1": {…}, "c2": {…}}, is a list by id.
    """
    found: dict[str, list | dict] = {}
    queue = deque([("", value)])
    while queue and len(found) < _MOST_LISTS:
        path, value = queue.popleft()
        if isinstance(value, dict):
            by_id = is_by_id(value)
            if by_id:
                found[path] = value
            if not by_id or len(value) <= _SMALL:
                queue.extend((f"{path}.{name}" if path else str(name), child) for name, child in value.items())
        elif isinstance(value, list) and any(as_fields(item) for item in value):
            found[path] = value
    return found


def by_column(value: Any) -> list[dict[str, Any]] | None:
    """The rows of a table that pandas wrote column by column, {"question": {"0": …, "1": …}, "answer": {"0": …}}."""
    if not isinstance(value, dict) or len(value) < 2 or not all(isinstance(column, dict) for column in value.values()):
        return None
    first = next(iter(value.values()))
    if list(first) != [str(number) for number in range(len(first))]:
        return None
    if not first or any(column.keys() != first.keys() for column in value.values()):
        return None
    return [{name: column[row] for name, column in value.items()} for row in first]


def inner_lists(outer: Mapping[str, list | dict]) -> dict[str, list]:
    """The lists in the records of lists, those of one path joined: `customers` gives `customers.tickets`."""
    found: dict[str, list] = {}
    for outer_path, group in outer.items():
        for item in group.values() if isinstance(group, dict) else group:
            level = [(outer_path, item)] if isinstance(item, dict) else []
            while level:
                deeper = []
                for path, parent in level:
                    for name, child in parent.items():
                        if isinstance(child, dict) and path.count(".") < outer_path.count(".") + DEEPEST:
                            deeper.append((f"{path}.{name}" if path else str(name), child))
                        elif isinstance(child, list) and any(isinstance(one, dict | list) for one in child):
                            name = f"{path}.{name}" if path else str(name)
                            if name in found or len(found) < _MOST_LISTS:
                                found.setdefault(name, []).extend(child)
                level = deeper if len(deeper) <= _MOST_LISTS else []
    return {path: items for path, items in found.items() if any(as_fields(item) for item in items)}


def items(found: list | dict) -> list[Any]:
    """The records of a list, or of an object that is one by id: the id becomes one of their values."""
    if isinstance(found, list):
        return found
    return [
        {"id": name, "messages": value} if isinstance(value, list)
        else value if not isinstance(value, dict) or "id" in value
        else {"id": name, **value}
        for name, value in found.items()
    ]  # fmt: skip


def nearest(found: Mapping[str, list | dict]) -> list[tuple[str, list | dict]]:
    """Those worth trying: the nearest, of the same depth the longest."""
    ranked = sorted(found.items(), key=lambda pair: (pair[0].count(".") + bool(pair[0]), -len(pair[1])))
    tried = {path for path, _ in ranked[:_MOST_TRIED]}
    return [pair for pair in found.items() if pair[0] in tried]


def people(value: Any, path: str) -> list[dict[str, Any]]:
    """The people listed beside a list of records, on the way to it: [{"id": 7, "name": "Tom", "role": "end-user"}]."""
    found: list[dict[str, Any]] = []
    for name in [*path.split("."), None]:
        if not isinstance(value, dict) or len(value) > _MOST_LISTS:
            break
        for key, side in value.items():
            if _PEOPLE.intersection(words.split(str(key))[-1:]) and key != name:
                found.extend(person for person in items(side) if isinstance(person, dict)) if isinstance(
                    side, list | dict
                ) else None
        value = value.get(name)
    return found


def are_messages(values: Sequence[Any]) -> bool:
    """Whether objects say who speaks and what: {"author": …, "text": …}."""
    objects = [value for value in values[:_LOOKED_AT] if isinstance(value, dict)]
    speaking = [plan for value in objects if (plan := plan_of(tuple(value))).speakers and plan.texts]
    return bool(objects) and len(speaking) * 2 > len(objects)


def holds_lists_by_id(value: dict[str, Any]) -> bool:
    """Whether an object holds conversations by id, {"store": {"u1": [{"role": …}, …], "u2": […]}}."""
    return any(
        isinstance(found, dict) and all(isinstance(child, list) and are_messages(child) for child in found.values())
        for found in lists(value).values()
    )


def is_by_id(value: dict[str, Any]) -> bool:
    """Whether an object's values are records: most are objects that have a name in common, or lists of messages."""
    if len(value) < 2:
        return False
    children = [child for child, _ in zip(value.values(), range(_LOOKED_AT), strict=False)]
    if all(isinstance(child, list) and are_messages(child) for child in children):
        return True
    objects = [child for child in children if isinstance(child, dict) and child]
    if len(objects) < 0.8 * len(children) or len(objects) < 2:
        return False
    return any(sum(name in other for other in objects) >= 0.8 * len(objects) for name in objects[0])
