"""The tagged `parameters` cell of each notebook: generated from the schema, and read back."""

import ast
from dataclasses import replace
from typing import Any, get_origin

from marcus_nb.parameters.files import Parameters, load, override
from marcus_nb.parameters.problems import ParameterError, did_you_mean
from marcus_nb.parameters.schema import SECTIONS, STAGES, fields_of

CHOSEN = "chosen here"  # where a value comes from that was clicked in a draft
_LONGEST_LIST = 80  # characters of a list that stands in one line
INJECTED = "# Parameters"  # how the cell begins that papermill adds


def _type_name(annotation: Any) -> str:
    """papermill reads the cell with a regular expression: only plain type names survive it."""
    kind = get_origin(annotation) or annotation
    return kind.__name__ if isinstance(kind, type) else "str"


def _default_text(default: Any) -> str:
    return repr(default).replace("#", "") if default != [] else "none"


def cell_source(stage: str, experiment: str = "quickstart", values: dict[str, Any] | None = None) -> str:
    """The source of a notebook's parameters cell: one line per parameter, however long, which a formatter would break.

    With `values`, `{"lora_r": 16, …}`, each stands there instead of None, a long list with a line for each item.

    >>> print(cell_source("clean"))  # doctest: +ELLIPSIS
    # fmt: off
    experiment: str = "quickstart"  # the YAML file in parameters/, without its ending
    run: str = "draft"  # the run's folder in outputs/<experiment>/; draft is the one that may be overwritten
    ...
    """
    lines = [
        "# fmt: off",
        f'experiment: str = "{experiment}"  # the YAML file in parameters/, without its ending',
        'run: str = "draft"  # the run\'s folder in outputs/<experiment>/; draft is the one that may be overwritten',
    ]
    for section, name in fields_of(stage):
        field = SECTIONS[section].model_fields[name]
        unit = (field.json_schema_extra or {}).get("unit", "") if isinstance(field.json_schema_extra, dict) else ""
        meaning = " ".join((field.description or "").split()).rstrip(".")
        meaning = meaning.replace(": ", " - ")  # a colon would end the type in papermill's regular expression
        default = "" if field.is_required() else f"; default {_default_text(field.default)}"
        value = _value_text((values or {}).get(name))
        lines.append(
            f"{name}: {_type_name(field.annotation)} = {value}  # {meaning}{f' [{unit}]' if unit else ''}{default}"
        )
    return "\n".join(lines)


def _value_text(value: Any) -> str:
    if isinstance(value, list) and len(repr(value)) > _LONGEST_LIST:
        return "".join(["[\n", *(f"    {item!r},\n" for item in value), "]"])
    return repr(value)


def experiment_and_run(names: dict[str, Any]) -> tuple[str, str]:
    """What the cell's first two lines say. Raises ParameterError when they are not there or are no text."""
    for name in ("experiment", "run"):
        if not isinstance(names.get(name), str):
            found = repr(names[name]) if name in names else "nothing: run the parameters cell first"
            raise ParameterError(f'{name}: expected a name in quotes, such as {name} = "draft", found {found}')
    return names["experiment"], names["run"]


def from_cell(
    stage: str,
    names: dict[str, Any],
    base: Parameters | None = None,
    chosen: dict[str, Any] | None = None,
    prepared: dict[str, Any] | None = None,
) -> Parameters:
    """Resolve a notebook's parameters: a value typed in the cell wins over the YAML, which wins over the default.

    With `base`, the parameters that a run keeps of itself stand in for the YAML. `chosen`, what was clicked in a draft
    (`{"clean.redact": False}`), stands between YAML and cell; a value that the cell was `prepared` with is not typed.
    `names` is the notebook's `vars()`. Raises ParameterError for a name that no parameter has (an injected typo).
    """
    sections = {name: section for section, name in fields_of(stage)}
    allowed = ["experiment", "run", *sections]
    problems = [
        f"{name}: no such parameter of {stage}.{did_you_mean(name, allowed)}"
        for name in sorted(_typed(names) - set(allowed))
    ]
    if problems:
        raise ParameterError("\n".join([*problems, f"Known here: {', '.join(allowed)}."]))
    typed = {f"{section}.{name}": names[name] for name, section in sections.items() if names.get(name) is not None}
    typed = {key: value for key, value in typed.items() if key not in (prepared or {}) or prepared[key] != value}
    if base is None:
        layers = {key: "this cell" for key in typed} | {
            key: "chosen here" for key in (chosen or {}) if key not in typed
        }
        named = experiment_and_run(names)[0]
        resolved = load(named, (chosen or {}) | typed, layers)
        return _saved_since(named, resolved, typed) if typed else resolved
    return override(base, typed, "this cell")


def _saved_since(named: str, resolved: Parameters, typed: dict[str, Any]) -> Parameters:
    """What is typed and is what the YAML says anyway comes from there: it was saved, and does not differ."""
    try:
        written = load(named)
    except ParameterError:  # what is typed is what the YAML lacks
        return resolved
    origins = dict(resolved.origins)
    values, there = resolved.as_dict(), written.as_dict()
    for key in typed:
        section, _, name = key.partition(".")
        if values[section][name] == there[section][name]:
            origins[key] = written.origins[key]
    return replace(resolved, origins=origins)


def _typed(names: dict[str, Any]) -> set[str]:
    """The names that the parameters cell, and papermill's cell after it, gave a value.

    A notebook's history (`In`) tells them from those of later cells, which are there when a person runs the cell
    again. Without one, every plain value counts.
    """
    history = names.get("In")
    if not isinstance(history, list):
        plain = str | int | float | bool | list | dict | None
        return {name for name, value in names.items() if isinstance(value, plain) and not name.startswith("_")}
    typed: set[str] = set()
    for source in reversed(history):
        assigned = _assigned(source)
        if source.startswith(INJECTED):
            typed |= assigned
        elif "experiment" in assigned:
            return typed | assigned
    return typed


def _assigned(source: str) -> set[str]:
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a cell that is no plain Python (%matplotlib)
        return set()
    targets = [
        target
        for node in body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def reference_table() -> str:
    """The README's table of all parameters, in Markdown."""
    lines = ["| parameter | type | default | meaning |", "|---|---|---|---|"]
    for section in ("shared", *STAGES):
        for name, field in SECTIONS[section].model_fields.items():
            unit = (field.json_schema_extra or {}).get("unit", "") if isinstance(field.json_schema_extra, dict) else ""
            default = "**required**" if field.is_required() else f"`{field.default!r}`"
            meaning = " ".join((field.description or "").split()).replace("|", "\\|").replace("<", "&lt;")
            kind = _type_name(field.annotation) + (f" [{unit}]" if unit else "")
            lines.append(f"| `{section}.{name}` | {kind} | {default} | {meaning} |")
    return "\n".join(lines)
