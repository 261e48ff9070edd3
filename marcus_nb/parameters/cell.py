"""The tagged `parameters` cell of each notebook: generated from the schema, and read back."""

import difflib
import types
from typing import Any, get_origin

from marcus_nb.parameters.files import ParameterError, Parameters, load, override
from marcus_nb.parameters.schema import SECTIONS, STAGES, fields_of

# What a notebook's own machinery leaves among its names.
NOT_PARAMETERS = {"In", "Out", "exit", "quit", "open", "get_ipython"}


def _type_name(annotation: Any) -> str:
    """papermill reads the cell with a regular expression: only plain type names survive it."""
    kind = get_origin(annotation) or annotation
    return kind.__name__ if isinstance(kind, type) else "str"


def _default_text(default: Any) -> str:
    return repr(default).replace("#", "") if default != [] else "none"


def cell_source(stage: str) -> str:
    """The source of a notebook's parameters cell.

    >>> print(cell_source("clean"))  # doctest: +ELLIPSIS
    experiment: str = "quickstart"  # the YAML file in parameters/, without its ending
    run: str = "draft"  # the run's folder in outputs/<experiment>/; draft is the one that may be overwritten
    ...
    """
    lines = [
        'experiment: str = "quickstart"  # the YAML file in parameters/, without its ending',
        'run: str = "draft"  # the run\'s folder in outputs/<experiment>/; draft is the one that may be overwritten',
    ]
    for section, name in fields_of(stage):
        field = SECTIONS[section].model_fields[name]
        unit = (field.json_schema_extra or {}).get("unit", "") if isinstance(field.json_schema_extra, dict) else ""
        meaning = " ".join((field.description or "").split()).rstrip(".")
        meaning = meaning.replace(": ", " - ")  # a colon would end the type in papermill's regular expression
        default = "" if field.is_required() else f"; default {_default_text(field.default)}"
        lines.append(
            f"{name}: {_type_name(field.annotation)} = None  # {meaning}{f' [{unit}]' if unit else ''}{default}"
        )
    return "\n".join(lines)


def from_cell(stage: str, names: dict[str, Any], base: Parameters | None = None) -> Parameters:
    """Resolve a notebook's parameters: a value typed in the cell wins over the YAML, which wins over the default.

    With `base`, the parameters that a run keeps of itself stand in for the YAML.
    `names` is the notebook's `vars()`. Raises ParameterError for a name that no parameter has (an injected typo).
    """
    sections = {name: section for section, name in fields_of(stage)}
    allowed = {"experiment", "run", *sections}
    for name, value in names.items():
        is_value = value is None or isinstance(value, str | int | float | bool | list | dict)
        if name.startswith("_") or name in NOT_PARAMETERS or name in allowed or not is_value:
            continue
        if isinstance(value, types.ModuleType):
            continue
        near = difflib.get_close_matches(name, sorted(allowed), 1, 0.5)
        raise ParameterError(
            f"{name}: no such parameter of {stage}.{f' Did you mean {near[0]}?' if near else ''}\n"
            f"Known here: {', '.join(sorted(allowed))}."
        )
    typed = {f"{section}.{name}": names[name] for name, section in sections.items() if names.get(name) is not None}
    if base is None:
        return load(names["experiment"], typed, override_origin="this cell")
    return override(base, typed, "this cell")


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
