"""Experiments as YAML files: find, load with `extends`, override, validate with useful errors, save."""

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from marcus_nb.parameters.problems import ParameterError, did_you_mean, explain, unknown_key
from marcus_nb.parameters.reading import Content, read
from marcus_nb.parameters.schema import (
    SECTIONS,
    Clean,
    Evaluate,
    Ingest,
    Shared,
    Train,
    fields_of,
)
from marcus_nb.renaming import replace

ROOT = Path(__file__).resolve().parents[2]
# Windows drops a dot at the end, and means a device by these names, also before a dot: `nul`, `Aux.v2`.
_DEVICE = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)"
NAME = re.compile(rf"(?!{_DEVICE})[A-Za-z0-9]([A-Za-z0-9._-]{{0,62}}[A-Za-z0-9_-])?")


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

    @property
    def by_hand_file(self) -> Path | None:
        """The file of choices by hand that `clean.by_hand` names, counted from the project's folder."""
        return ROOT / self.clean.by_hand if self.clean.by_hand else None

    @property
    def own_folders(self) -> dict[str, str]:
        """Where files lie that are named and are outside the project: `{"chat.csv": "/home/ada/chats"}`."""
        found = {}
        sources = (*self.ingest.sources, *self.evaluate.contrast_sources)
        for path in (*(source.path for source in sources), self.clean.by_hand, self.shared.base_model):
            folder = re.match(r"(?:(?:[A-Za-z]:)?[\\/]|\.\.[\\/]).*(?=[\\/])", path)
            if folder and len(folder[0]) > 3:  # the root of a drive is no one's
                found[re.split(r"[\\/]", path)[-1]] = folder[0]
        return found


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
        name = path.stem
    else:
        path = ROOT / "parameters" / f"{experiment}.yaml"
        name = experiment  # and not path.stem, which forgets the folders of "../elsewhere"
    if not NAME.fullmatch(name) or not path.is_file():
        raise ParameterError(
            f"There is no experiment {experiment!r} (looked for {path}).{did_you_mean(experiment, experiments())}\n"
            f"Experiments here: {', '.join(experiments()) or 'none'}.\n"
            "An experiment is a file parameters/NAME.yaml, named with letters, digits, dots, dashes and underscores\n"
            "(not con, prn, aux, nul, com1 or lpt1: Windows keeps these names for devices)."
        )
    alike = sorted(other.stem for other in path.parent.glob("*.yaml") if other.stem.casefold() == name.casefold())
    if len(alike) > 1:
        raise ParameterError(
            f"{' and '.join(alike)} differ only in upper and lower case: on Windows and macOS they are one file and "
            "their runs one folder. Rename one."
        )
    if alike and path.suffix == ".yaml":
        path = path.with_name(f"{alike[0]}.yaml")  # where ACME opens acme.yaml, it is still the experiment acme
    return path


def source_path(file: str) -> str:
    """A file as the YAML names it: from the project's folder where it lies in it, else by its whole path.

    It is meant from where the person stands. `source_path("/work/marcus/data/chat.csv")` → `"data/chat.csv"`.
    """
    whole = Path(os.environ.get("MARCUS_CWD", "."), file).resolve()
    return whole.relative_to(ROOT).as_posix() if whole.is_relative_to(ROOT) else whole.as_posix()


def load(
    experiment: str, overrides: dict[str, Any] | None = None, override_origin: str | dict[str, str] = "--set"
) -> Parameters:
    """Read an experiment's YAML, its parents (`extends`) and the overrides (`{"train.lora_r": 8}`), and validate all.

    `override_origin` says where the overrides come from: one word for all, or one for each key.
    Raises ParameterError that lists every problem with its file, line, key, what was found and the nearest name.
    """
    path = find(experiment)
    content = read(path)
    for key, value in (overrides or {}).items():
        origin = override_origin if isinstance(override_origin, str) else override_origin[key]
        try:
            content.choose(*_split_key(key, origin), value, origin)
        except ParameterError as error:
            content.problems.append(str(error))
    return _validate(path.stem, content)


def parameters_of(path: Path, text: str) -> Parameters:
    """The parameters that an experiment's file would give with this text in it. Raises ParameterError."""
    return _validate(path.stem, read(path, text=text))


def load_saved(path: Path, experiment: str, origins: dict[str, str]) -> Parameters:
    """The parameters that a run kept of itself. Raises ParameterError when this version does not understand them."""
    try:
        content = read(path)
        return _validate(experiment, Content(content.values, dict(origins), content.places, content.problems))
    except ParameterError as error:
        raise ParameterError(
            f"{error}\nThe run {path.parent.name} of {experiment} kept these parameters, and they were edited since or "
            f"are another version's: start a new run (a draft may be deleted: {path.parent})"
        ) from error


def merge_stage(kept: Parameters, chosen: Parameters, stage: str) -> Parameters:
    """`kept` with everything that `stage` depends on taken from `chosen`: a draft is chosen stage by stage."""
    values, origins = kept.as_dict(), dict(kept.origins)
    for section, name in fields_of(stage):
        values[section][name] = chosen.as_dict()[section][name]
        origins[f"{section}.{name}"] = chosen.origins[f"{section}.{name}"]
    return _validate(kept.experiment, Content(values, origins))


def override(base: Parameters, changes: dict[str, Any], origin: str) -> Parameters:
    """`base` with some values replaced, `{"train.lora_r": 8}`, validated again; only what differs has a new origin."""
    content = Content(base.as_dict(), dict(base.origins))
    for key, value in changes.items():
        section, name = _split_key(key, origin)
        same = content.values[section][name] == value
        content.choose(section, name, value, base.origins[key] if same else origin)
    return _validate(base.experiment, content)


def save(parameters: Parameters, path: Path) -> None:
    """Every resolved value, as YAML, written whole or not at all."""
    writer = YAML()
    writer.allow_unicode = True
    writer.width = 4096
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            writer.dump(_quoted(parameters.as_dict()), file)
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _quoted(value: Any) -> Any:
    """Text with line ends or invisible characters in double quotes: YAML's other styles lose some of them."""
    if isinstance(value, dict):
        return {_quoted(key): _quoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_quoted(item) for item in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) and not value.isprintable() else value


def parse_set(text: str) -> tuple[str, Any]:
    """`"train.lora_r=8"` → `("train.lora_r", 8)`; the value is read as YAML reads it."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(f"--set {text}: expected SECTION.PARAMETER=VALUE, such as train.num_train_epochs=1")
    try:
        return key.strip(), YAML(typ="safe", pure=True).load(value)
    except (YAMLError, ValueError) as error:
        problem = getattr(error, "problem", None) or str(error)
        raise ParameterError(f"--set {text}: the value is not readable as YAML ({problem}); try quotes") from error


def _split_key(key: str, origin: str) -> tuple[str, str]:
    section, _, name = key.partition(".")
    if section not in SECTIONS or name not in SECTIONS[section].model_fields:
        raise ParameterError(unknown_key(key, origin))
    return section, name


def _validate(experiment: str, content: Content) -> Parameters:
    models: dict[str, Any] = {}
    problems = list(content.problems)
    for section, model in SECTIONS.items():
        try:
            models[section] = model.model_validate(content.values.get(section, {}))
        except ValidationError as error:
            problems += [explain(section, item, content.places) for item in error.errors()]
    problems += _half_characters(models, content.places)
    if problems:
        raise ParameterError("\n".join(problems))
    defaults = {f"{section}.{name}": "default" for section, model in SECTIONS.items() for name in model.model_fields}
    return Parameters(experiment, **models, origins=defaults | content.origins)


def _half_characters(models: dict[str, BaseModel], places: dict[str, str]) -> list[str]:
    r"""What YAML's "\ud83d" makes is no character: it can be neither hashed nor saved."""
    problems = []
    for section, model in models.items():
        for name in type(model).model_fields:
            try:
                _digest(_json(getattr(model, name)))
            except UnicodeEncodeError as error:
                key = f"{section}.{name}"
                found = ascii(error.object[error.start])
                problems.append(
                    f"{places.get(key, '')}: {key}: {found} is half a character; write the character itself"
                )
    return [problem.removeprefix(": ") for problem in problems]
