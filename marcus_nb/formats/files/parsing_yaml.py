"""YAML bytes to values: safe, fast, every scalar as it is written."""

from typing import Any

import yaml

from marcus_nb.formats.tables import FormatError

# libyaml's parser, of events only: some fifty times as fast as ruamel's, and nothing in the file can name a type to
# be made, so `no`, `1e3` and `2025-06-14` stay what somebody wrote. Events are put together here without recursion.
_PARSER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEEPEST = 100
_NOTHING = frozenset(["", "~", "null", "Null", "NULL"])


def load_yaml(data: bytes, file: str) -> tuple[list[Any], list[str]]:
    """The documents of a YAML text, and sentences on what is odd in them. Raises FormatError.

    load_yaml(b"a: no\n---\n- 1", "x.yaml") gives ([{"a": "no"}, ["1"]], [])
    """
    try:
        return _documents(data, file)
    except FormatError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise FormatError(f"{file}: not YAML: {error.problem or error.context}{at}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise FormatError(f"{file}: not YAML: {str(error).splitlines()[0]}") from None


class _Open:
    """A list or an object whose end has not come yet; `size` counts its values with those that aliases repeat."""

    __slots__ = ("anchor", "key", "size", "value")

    def __init__(self, value: list | dict, anchor: str | None) -> None:
        self.value, self.anchor, self.key, self.size = value, anchor, None, 1


def _documents(data: bytes, file: str) -> tuple[list[Any], list[str]]:
    documents: list[Any] = []
    anchors: dict[str, tuple[Any, int]] = {}
    stack: list[_Open] = []
    total, twice = 0, []
    parser = _PARSER(data)
    try:
        while parser.check_event():
            event = parser.get_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value, size, anchor = event.value, 1, event.anchor
                holder = stack[-1] if stack else None
                # A plain `null` is nothing beside a key; as a line of a dialogue it is what somebody said.
                is_value = holder is not None and isinstance(holder.value, dict) and holder.key is not None
                if is_value and not event.style and value in _NOTHING:
                    value = None
            elif kind is yaml.AliasEvent:
                if event.anchor not in anchors:
                    raise FormatError(
                        f"{file}: YAML, {_line(event)}: `*{event.anchor}` points to nothing, or to itself"
                    )
                (value, size), anchor = anchors[event.anchor], None
            elif kind in (yaml.SequenceStartEvent, yaml.MappingStartEvent):
                if len(stack) >= _DEEPEST:
                    raise FormatError(f"{file}: YAML nested more than {_DEEPEST} levels deep, {_line(event)}")
                stack.append(_Open([] if kind is yaml.SequenceStartEvent else {}, event.anchor))
                continue
            elif kind in (yaml.SequenceEndEvent, yaml.MappingEndEvent):
                done = stack.pop()
                value, size, anchor = done.value, done.size, done.anchor
            elif kind is yaml.DocumentStartEvent:
                anchors.clear()
                continue
            else:
                continue
            if anchor:
                anchors[anchor] = (value, size)
            if not stack:
                total += size
                documents.append(value)
            else:
                holder = stack[-1]
                holder.size += size
                if holder.size + total > len(data) + 1000:
                    raise FormatError(f"{file}: YAML whose aliases stand for more values than it has letters: refused")
                if isinstance(holder.value, list):
                    holder.value.append(value)
                elif holder.key is None:
                    holder.key = value if isinstance(value, str) else str(value)[:100]
                else:
                    if holder.key in holder.value:
                        twice.append(f"`{holder.key}` ({_line(event)})")
                    holder.value[holder.key] = value
                    holder.key = None
    finally:
        parser.dispose()
    said = [f"keys that stand twice in one object, the last one counts: {', '.join(twice[:5])}"] if twice else []
    return documents, said


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1}"
