"""Choices written into an experiment's YAML: only the lines that differ, all else stays as a person wrote it."""

import difflib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

from marcus_nb.parameters.files import Parameters, find, load, parameters_of
from marcus_nb.parameters.problems import ParameterError
from marcus_nb.parameters.schema import SECTIONS
from marcus_nb.renaming import replace

_QUOTES = {'"': DoubleQuotedScalarString, "'": SingleQuotedScalarString}


@dataclass(frozen=True)
class Edit:
    """What saving would make of a file: its text `before` and `after`."""

    path: Path
    before: str
    after: str

    @property
    def difference(self) -> str:
        """The lines that go and come, as `diff -u` shows them; empty where nothing changes."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), self.path.name, f"{self.path.name}, saved", "", "", 2, ""
        )
        return "\n".join(lines)

    def save(self) -> None:
        """Write it, whole or not at all. Raises ParameterError when the file is not what it was when it was read."""
        if not self.path.is_file() or _read(self.path) != self.before:
            raise ParameterError(
                f"{self.path.name} was changed meanwhile, so nothing was saved: look at the difference again, then save"
            )
        temporary = self.path.with_name(self.path.name + ".tmp")
        try:
            temporary.write_bytes(self.after.encode())
            replace(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)


def edit(experiment: str, choices: dict[str, Any]) -> Edit:
    """What an experiment's file would be with these choices, `{"train.lora_r": 8}`, written into it.

    Raises ParameterError for a choice that the schema refuses, and for a file in which it cannot be written so that it
    reads back as chosen (an alias stands in the way).
    """
    path = find(experiment)
    chosen = load(experiment, choices).as_dict()
    before = _read(path)
    ends = "\r\n" if "\r\n" in before else "\n"
    mark, text = ("\ufeff", before[1:]) if before.startswith("\ufeff") else ("", before)
    text = text.replace("\r\n", "\n")
    for key in choices:
        section, _, name = key.partition(".")
        text = _with(text, section, name, brief(section, name, chosen[section][name]))
    if _parameters(path, text).as_dict() != chosen:
        raise ParameterError(f"{path.name}: the choices cannot be written so that they are read back; write them there")
    return Edit(path, before, mark + text.replace("\n", ends))


def _read(path: Path) -> str:
    return path.read_bytes().decode()


def _parameters(path: Path, text: str) -> Parameters:
    try:
        return parameters_of(path, text)
    except ParameterError as error:
        raise ParameterError(
            f"{path.name}: the choices cannot be written there, write them yourself:\n{error}"
        ) from error


def brief(section: str, name: str, value: Any) -> Any:
    """A value as a person writes it: without what is the default anyway, a source that is only a path as that."""
    kind = _kind(section, name)
    if kind is None or not isinstance(value, list):
        return value
    defaults = {key: field.default for key, field in kind.model_fields.items() if not field.is_required()}
    items = [
        {key: said for key, said in item.items() if key not in defaults or defaults[key] != said} for item in value
    ]
    return [item["path"] if list(item) == ["path"] else item for item in items]


def _kind(section: str, name: str) -> type[BaseModel] | None:
    """What a list of this parameter holds, where that is more than plain values: of ingest.sources, Source."""
    held = get_args(SECTIONS[section].model_fields[name].annotation)
    return next((kind for kind in held if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _with(text: str, section: str, name: str, value: Any) -> str:
    """The text with one parameter set in it."""
    root = YAML(typ="rt", pure=True).compose(text)
    found = _entry(root, section)
    if found is None:
        start = f"{text.rstrip()}\n" if text.strip() else ""
        return f"{start}{section}:\n{lines(name, value, 2)}\n"
    held = found[1]
    if not isinstance(held, MappingNode):  # `train:` with nothing below
        at = found[0].end_mark.index + 1
        return f"{text[:at]}\n{lines(name, value, 2)}{text[at:]}"
    if held.flow_style:
        _refuse_comments(text, held, section)
        whole = YAML(typ="safe", pure=True).load(text[held.start_mark.index : held.end_mark.index])
        return text[: held.start_mark.index] + _flow(whole | {name: value}) + text[held.end_mark.index :]
    indent = held.value[0][0].start_mark.column
    entry = _entry(held, name)
    if entry is None:
        at = text.find("\n", _end(text, held.value[-1][1], held.value[-1][0]))
        before, after = (text.rstrip("\n"), "\n") if at < 0 else (text[:at], text[at:])
        return f"{before}\n{lines(name, value, indent)}{after}"
    line, old = entry[0].start_mark.index - indent, entry[1]
    if getattr(old, "flow_style", False):
        _refuse_comments(text, old, f"{section}.{name}")
    if isinstance(old, SequenceNode) and not old.flow_style and isinstance(value, list) and value:
        return _with_items(text, old, _items(text, section, name), value)
    if isinstance(old, ScalarNode) and old.style in _QUOTES and isinstance(value, str) and value.isprintable():
        value = _QUOTES[old.style](value)
    return text[:line] + lines(name, value, indent) + text[_end(text, old, entry[0]) :]


def _refuse_comments(text: str, held: Node, where: str) -> None:
    """A value within brackets is written anew, and what a person noted inside would be lost."""
    between, at = "", held.start_mark.index
    for scalar in _scalars(held):
        between, at = between + text[at : scalar.start_mark.index], scalar.end_mark.index
    comment = re.search(r"#.*", between + text[at : held.end_mark.index])
    if comment:
        raise ParameterError(
            f"line {held.start_mark.line + 1}: {comment.group().strip()!r} stands within the brackets of {where} and "
            "would be lost when they are written anew: move it above them, then save"
        )


def _scalars(held: Node) -> Iterator[ScalarNode]:
    """The scalars of a value, in the order of the text."""
    if isinstance(held, ScalarNode):
        yield held
    for item in held.value if not isinstance(held, ScalarNode) else ():
        for node in item if isinstance(item, tuple) else (item,):
            yield from _scalars(node)


def _items(text: str, section: str, name: str) -> list[Any]:
    """The items that stand in the text, as `brief` writes them, so that they can be told from those that are new."""
    items = YAML(typ="safe", pure=True).load(text)[section][name]
    kind = _kind(section, name)
    if kind is None:
        return items
    try:
        return brief(section, name, [kind.model_validate(item).model_dump(mode="json") for item in items])
    except ValidationError:  # what is wrong there is about to be replaced
        return items


def _with_items(text: str, node: SequenceNode, old: list[Any], new: list[Any]) -> str:
    """The text with a list's items set in it, one below the other; those that stay keep their lines and comments."""
    most = min(len(old), len(new))
    first = next((at for at in range(most) if old[at] != new[at]), most)
    same = next((at for at in range(most - first) if old[-1 - at] != new[-1 - at]), most - first)
    starts = [text.rindex("-", 0, item.start_mark.index) for item in node.value]
    ends = [_end(text, item) for item in node.value]
    column = starts[0] - (text.rfind("\n", 0, starts[0]) + 1)
    written = [_item(item, column) for item in new[first : len(new) - same]]
    last = len(old) - same - 1  # of those that go
    if last >= first and written:
        return text[: starts[first] - column] + "\n".join(written) + text[ends[last] :]
    if last >= first:
        after = text.find("\n", ends[last])
        return text[: starts[first] - column] + (text[after + 1 :] if after >= 0 else "")
    if not first:
        return text[: starts[0] - column] + "".join(f"{item}\n" for item in written) + text[starts[0] - column :]
    at = text.find("\n", ends[first - 1])
    at = len(text) if at < 0 else at
    return text[:at] + "".join(f"\n{item}" for item in written) + text[at:]


def _entry(mapping: Node | None, name: str) -> tuple[Node, Node] | None:
    pairs = mapping.value if isinstance(mapping, MappingNode) else []
    return next(((key, held) for key, held in pairs if key.value == name), None)


def _end(text: str, held: Node, key: Node | None = None) -> int:
    """Where a value ends; blank lines and comments after it belong to what follows."""
    start, end = held.start_mark.index, held.end_mark.index
    if key is not None:
        start, end = key.start_mark.index, max(end, key.end_mark.index + 1)
    lines = text[start:end].split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return start + len("\n".join(lines).rstrip())


def lines(name: str, value: Any, indent: int) -> str:
    """`lines("lora_r", 8, 2)` → `"  lora_r: 8"`; lists of plain values stand in one line."""
    return _dumped({name: _one_line(value)}, indent, sequence=4, offset=2)


def _item(item: Any, column: int) -> str:
    """`_item({"question": "Who?", "must": ["Ada"]}, 4)` → `"    - question: Who?\\n      must: [Ada]"`."""
    return _dumped([_one_line(item)], column, sequence=2, offset=0)


def _one_line(value: Any) -> Any:
    """The value with its lists of plain values marked for one line each."""
    if isinstance(value, dict):
        return {key: _one_line(held) for key, held in value.items()}
    if not isinstance(value, list):
        return value
    if any(isinstance(item, dict) for item in value):
        return [_one_line(item) for item in value]
    listed = CommentedSeq(value)
    listed.fa.set_flow_style()
    return listed


def _dumped(value: Any, indent: int, sequence: int, offset: int) -> str:
    writer = YAML()
    writer.allow_unicode, writer.width = True, 4096
    writer.indent(mapping=2, sequence=sequence, offset=offset)
    stream = io.StringIO()
    writer.dump(value, stream)
    return "\n".join(" " * indent + line for line in stream.getvalue().rstrip("\n").split("\n"))


def _flow(value: dict[str, Any]) -> str:
    writer = YAML()
    writer.allow_unicode, writer.width, writer.default_flow_style = True, 4096, True
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue().strip()
