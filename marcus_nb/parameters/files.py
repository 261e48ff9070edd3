"""Experiments as YAML files: find, load with `extends`, override, validate with useful errors, save."""

import difflib
import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from marcus_nb.parameters.schema import (
    SECTIONS,
    Clean,
    Evaluate,
    Ingest,
    Shared,
    Train,
    fields_of,
)

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAX_BYTES = 1_000_000  # a parameters file is a page of text; more is a mistake or an attack


class ParameterError(ValueError):
    """A parameter that is unknown, missing or out of range; the message says where, what was found and what to do."""


@dataclass(frozen=True)
class Parameters:
    """The resolved parameters of one experiment.

    `origins` tells where each value came from: `{"train.lora_r": "default", "train.learning_rate": "acme.yaml"}`.
    """

    experiment: str
    shared: Shared
    ingest: Ingest
    clean: Clean
    train: Train
    evaluate: Evaluate
    origins: dict[str, str] = field(compare=False)

    def stage(self, stage: str) -> dict[str, Any]:
        """Everything a stage depends on, as JSON values: `{"probes": [...], "redact": True, …}`."""
        return {name: _json(getattr(getattr(self, section), name)) for section, name in fields_of(stage)}

    def stage_hash(self, stage: str) -> str:
        """SHA-256 over what the stage depends on, so that a parameter of evaluate never retrains."""
        return _digest(self.stage(stage))

    def as_dict(self) -> dict[str, dict[str, Any]]:
        return {section: getattr(self, section).model_dump(mode="json") for section in SECTIONS}

    @property
    def hash(self) -> str:
        return _digest(self.as_dict())


def _json(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [_json(item) for item in value] if isinstance(value, list) else value


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def experiments() -> list[str]:
    """The names of the experiments in `parameters/`."""
    return sorted(path.stem for path in (ROOT / "parameters").glob("*.yaml"))


def find(experiment: str) -> Path:
    """The YAML file of an experiment named by its name or its path. Raises ParameterError with the names there are."""
    if experiment.endswith((".yaml", ".yml")):
        # A path is meant from where the person stands; the launcher says where that was.
        path = Path(os.environ.get("MARCUS_CWD", "."), experiment).resolve()
    else:
        path = ROOT / "parameters" / f"{experiment}.yaml"
    if not NAME.fullmatch(path.stem) or not path.is_file():
        near = difflib.get_close_matches(experiment, experiments(), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ParameterError(
            f"There is no experiment {experiment!r} (looked for {path}).{hint}\n"
            f"Experiments here: {', '.join(experiments()) or 'none'}.\n"
            "An experiment is a file parameters/NAME.yaml, named with letters, digits, dots, dashes and underscores."
        )
    return path


def load(experiment: str, overrides: dict[str, Any] | None = None, override_origin: str = "--set") -> Parameters:
    """Read an experiment's YAML, its parents (`extends`) and the overrides (`{"train.lora_r": 8}`), and validate all.

    Raises ParameterError that lists every problem with its file, line, key, what was found and the nearest name.
    """
    path = find(experiment)
    values, origins, lines = _read_with_parents(path, ())
    for key, value in (overrides or {}).items():
        section, name = _split_key(key)
        values.setdefault(section, {})[name] = value
        origins[f"{section}.{name}"] = override_origin
    return _validate(path.stem, values, origins, lines)


def load_saved(path: Path, experiment: str, origins: dict[str, str]) -> Parameters:
    """The parameters that a run kept of itself."""
    values, _, lines = _read_with_parents(path, ())
    return _validate(experiment, values, dict(origins), lines)


def merge_stage(kept: Parameters, chosen: Parameters, stage: str) -> Parameters:
    """`kept` with everything that `stage` depends on taken from `chosen`: a draft is chosen stage by stage."""
    values, origins = kept.as_dict(), dict(kept.origins)
    for section, name in fields_of(stage):
        values[section][name] = chosen.as_dict()[section][name]
        origins[f"{section}.{name}"] = chosen.origins[f"{section}.{name}"]
    return _validate(kept.experiment, values, origins, {})


def override(base: Parameters, changes: dict[str, Any], origin: str) -> Parameters:
    """`base` with some values replaced, `{"train.lora_r": 8}`, validated again."""
    values, origins = base.as_dict(), dict(base.origins)
    for key, value in changes.items():
        section, name = _split_key(key)
        if values[section][name] != value:
            values[section][name] = value
            origins[key] = origin
    return _validate(base.experiment, values, origins, {})


def save(parameters: Parameters, path: Path) -> None:
    """Every resolved value, as YAML."""
    writer = YAML()
    writer.allow_unicode = True
    writer.width = 4096
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        writer.dump(parameters.as_dict(), file)
    temporary.replace(path)


def parse_set(text: str) -> tuple[str, Any]:
    """`"train.lora_r=8"` → `("train.lora_r", 8)`; the value is read as YAML reads it."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(f"--set {text}: expected SECTION.PARAMETER=VALUE, such as train.num_train_epochs=1")
    try:
        return key.strip(), YAML(typ="safe", pure=True).load(value)
    except YAMLError as error:
        raise ParameterError(f"--set {text}: the value is not readable as YAML ({error.__class__.__name__})") from error


def _split_key(key: str) -> tuple[str, str]:
    section, _, name = key.partition(".")
    if section in SECTIONS and name in SECTIONS[section].model_fields:
        return section, name
    every = [f"{s}.{n}" for s, model in SECTIONS.items() for n in model.model_fields]
    same_name = [known for known in every if known.split(".")[1] == (name or section)]
    near = same_name or difflib.get_close_matches(key, every, 1, 0.5)
    raise ParameterError(f"--set {key}: no such parameter.{f' Did you mean {near[0]}?' if near else ''}")


def _read_with_parents(path: Path, seen: tuple[Path, ...]) -> tuple[dict, dict[str, str], dict[str, str]]:
    """Values by section, and for each key the file it came from and the place (file, line) to name in an error."""
    if path in seen:
        raise ParameterError(f"{path.name}: extends itself by way of {' → '.join(p.name for p in seen)}")
    raw = _read_yaml(path)
    values: dict[str, dict] = {}
    origins: dict[str, str] = {}
    lines: dict[str, str] = {}
    parent = raw.pop("extends", None)
    if parent is not None:
        beside = path.with_name(f"{parent}.yaml")
        if not isinstance(parent, str) or not NAME.fullmatch(parent) or not beside.is_file():
            raise ParameterError(f"{path.name}: extends: {parent!r} is not an experiment beside this file ({beside})")
        values, origins, lines = _read_with_parents(beside, (*seen, path))
    for section, content in raw.items():
        lines[section] = f"{path.name}, line {raw.lc.key(section)[0] + 1}"
        if section not in SECTIONS:
            near = difflib.get_close_matches(str(section), [*SECTIONS, "extends"], 1)
            raise ParameterError(
                f"{lines[section]}: no such section {section!r}.{f' Did you mean {near[0]}?' if near else ''}\n"
                f"Sections: {', '.join(SECTIONS)}; and extends."
            )
        if content is None:
            continue
        if not isinstance(content, dict):
            raise ParameterError(f"{lines[section]}: expected a list of parameters below {section}, found {content!r}")
        for name, value in content.items():
            key = f"{section}.{name}"
            values.setdefault(section, {})[str(name)] = _plain(value)
            origins[key] = path.name
            lines[key] = f"{path.name}, line {content.lc.key(name)[0] + 1}"
    return values, origins, lines


def _read_yaml(path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise ParameterError(f"{path.name}: larger than {MAX_BYTES:,} bytes; a parameters file is a page of text")
    try:
        raw = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ParameterError(
            f"{path.name}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error
    except MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ParameterError(f"{path.name}{where}: not readable as YAML: {error.problem or error.context}") from error
    if not isinstance(raw, dict):
        raise ParameterError(f"{path.name}: expected sections ({', '.join(SECTIONS)}), found {type(raw).__name__}")
    return raw


def _plain(value: Any) -> Any:
    """Built-in types instead of the YAML library's own, which remember how they were written."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _validate(experiment: str, values: dict, origins: dict[str, str], lines: dict[str, str]) -> Parameters:
    models: dict[str, Any] = {}
    problems: list[str] = []
    for section, model in SECTIONS.items():
        try:
            models[section] = model.model_validate(values.get(section, {}))
        except ValidationError as error:
            problems += [_explain(section, model, item, lines) for item in error.errors()]
    if problems:
        raise ParameterError("\n".join(problems))
    for section, model in SECTIONS.items():
        for name in model.model_fields:
            origins.setdefault(f"{section}.{name}", "default")
    return Parameters(experiment, **models, origins=origins)


def _explain(section: str, model: type[BaseModel], error: Any, lines: dict[str, str]) -> str:
    """One problem as: where, key, what was expected, what was found, what it means."""
    location = [str(part) for part in error["loc"]]
    key = ".".join([section, *location])
    place = lines.get(".".join([section, *location[:1]])) or lines.get(section, "")
    start = f"{place}: {key}" if place else key
    fields, here = model.model_fields, model
    for part in location[:-1]:  # to the innermost model, where the neighbours of a mistyped name are
        if not part.isdigit() and part in fields:
            inner = _model_inside(fields[part].annotation)
            if inner:
                here, fields = inner, inner.model_fields
    name = location[-1] if location else ""
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, list(fields), 1, 0.5)
        hint = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(fields)}."
        return f"{start}: no such parameter. {hint}"
    meaning = (fields[name].description or "").replace("\n", " ") if name in fields else here.__doc__ or ""
    if error["type"] == "missing":
        return f"{start}: required, and missing. {meaning}"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    found = "" if error["type"] == "value_error" else f", found {error['input']!r}"
    return f"{start}: {message}{found}. {meaning}".rstrip()


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
