"""Names of people that an export keeps in a file of its own, beside the messages that only hold their ids."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import orjson

from marcus_nb.formats.files.opening import Opened

_FILES = ("users.json", "org_users.json")
# What else such exports (Slack's) hold beside the messages.
_SIDE_FILES = (
    *_FILES,
    "channels.json",
    "groups.json",
    "dms.json",
    "mpims.json",
    "integration_logs.json",
    "canvases.json",
)


def names_of(opened: Sequence[Opened]) -> dict[str, str]:
    """Names by id, {"U123": "Ann Lee"}, from the `users.json` of an export; empty without one."""
    names: dict[str, str] = {}
    for item in opened:
        if PurePosixPath(item.name).name in _FILES:
            try:
                users = orjson.loads(item.data)
            except orjson.JSONDecodeError:
                continue
            users = users if isinstance(users, list) else []
            names |= {user["id"]: name for user in users if isinstance(user, dict) and (name := _name(user))}
    return names


def is_side_file(file: str, names: Mapping[str, str]) -> bool:
    """Whether a file belongs to an export with names, but holds no messages itself."""
    return bool(names) and PurePosixPath(file).name in _SIDE_FILES


def _name(user: Mapping[str, object]) -> str:
    profile = user.get("profile") if isinstance(user.get("profile"), dict) else {}
    found = (profile.get("real_name"), user.get("real_name"), profile.get("display_name"), user.get("name"))
    return next((name for name in found if isinstance(name, str) and name.strip()), "") if "id" in user else ""
