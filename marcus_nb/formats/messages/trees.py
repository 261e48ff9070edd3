"""Message trees, as ChatGPT exports them: every edit and every retry is a branch; the one that was seen is read."""

from collections.abc import Mapping
from typing import Any

_PARENT, _CHILDREN, _MESSAGE = "parent", "children", "message"


def is_tree(value: Any) -> bool:
    """An object of nodes by id, {"n1": {"id": "n1", "message": {…}, "parent": null, "children": ["n2"]}}."""
    if not isinstance(value, dict) or not value:
        return False
    nodes = [node for node in list(value.values())[:20] if isinstance(node, dict)]
    return bool(nodes) and all(_PARENT in node and _MESSAGE in node for node in nodes)


def visible(tree: Mapping[str, Any], current: Any) -> list[Any]:
    """The messages from the root to the current node (else to the newest leaf), in the order they were said.

    Other branches are passed over; a node whose parent is missing is a root, a circle ends where it closes.
    """
    at = current if isinstance(current, str) and current in tree else _newest_leaf(tree)
    path: list[Any] = []
    seen: set[str] = set()
    while isinstance(at, str) and at in tree and at not in seen and isinstance(tree[at], dict):
        seen.add(at)
        message = tree[at].get(_MESSAGE)
        if message is not None:
            path.append(message)
        at = tree[at].get(_PARENT)
    return path[::-1]


def others(tree: Mapping[str, Any], shown: list[Any]) -> int:
    """How many messages lie in other branches."""
    return sum(isinstance(node, dict) and node.get(_MESSAGE) is not None for node in tree.values()) - len(shown)


def _newest_leaf(tree: Mapping[str, Any]) -> str | None:
    """The leaf with the latest message; without times the last in the file, since exports append."""
    nodes = {name: node for name, node in tree.items() if isinstance(node, dict)}
    parents = {node.get(_PARENT) for node in nodes.values() if isinstance(node.get(_PARENT), str)}
    # A circle has no leaf: then any node will do.
    leaves = [name for name in nodes if name not in parents] or list(nodes)
    return max(enumerate(leaves), key=lambda pair: (_time(nodes[pair[1]]), pair[0]))[1] if leaves else None


def _time(node: Mapping[str, Any]) -> float:
    message = node.get(_MESSAGE)
    time = message.get("create_time") if isinstance(message, dict) else None
    return float(time) if isinstance(time, int | float) else 0.0
