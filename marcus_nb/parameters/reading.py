"""An experiment's YAML file and its parents (`extends`): what they choose, and in which line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scalarbool import ScalarBoolean

from marcus_nb.parameters.problems import ParameterError, did_you_mean
from marcus_nb.parameters.schema import SECTIONS

# A parameters file is a page of text; more is a mistake or an attack (an alias that repeats itself).
MAX_BYTES = 1_000_000
MAX_VALUES = 50_000
MAX_DEPTH = 20


@dataclass
class Content:
    """What a file and its parents choose.

    values {"train": {"lora_r": 8}}; origins {"train.lora_r": "acme.yaml"}; places {"train.lora_r": "acme.yaml, line 7",
    "shared.probes.0.must": …}, where "" is the file itself; problems are lines for a person.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def choose(self, section: str, name: str, value: Any, origin: str) -> None:
        """Give one parameter its value; whatever a parent said about it, a list included, is gone."""
        if not isinstance(self.values.get(section), dict):
            self.values[section] = {}
        key = f"{section}.{name}"
        self.values[section][name] = value
        self.origins[key] = origin
        for place in [place for place in self.places if place == key or place.startswith(f"{key}.")]:
            del self.places[place]
        self.places[key] = origin


def read(path: Path, seen: tuple[Path, ...] = (), text: str | None = None) -> Content:
    """Read a file, or what is about to be written there, and its parents.

    Raises ParameterError for a file that cannot be understood at all.
    """
    if path in seen:
        raise ParameterError(f"{path.name}: extends itself by way of {' → '.join(p.name for p in (*seen, path))}")
    raw = _read_yaml(path, _read_text(path) if text is None else text)
    content = Content()
    if raw.get("extends") is not None:
        content = read(_parent(path, raw["extends"]), (*seen, path))
    content.places[""] = path.name
    counter = count(1)
    for section, chosen in raw.items():
        if section == "extends":
            continue
        place = _line(path, raw, section)
        content.places[str(section)] = place
        if section not in SECTIONS:
            content.problems.append(
                f"{place}: no such section {section!r}.{did_you_mean(str(section), [*SECTIONS, 'extends'])} "
                f"Sections: {', '.join(SECTIONS)}; and extends."
            )
        elif isinstance(chosen, dict):
            for name, value in chosen.items():
                key = f"{section}.{name}"
                content.choose(section, str(name), _plain(value, path, 0, counter), path.name)
                content.places[key] = _line(path, chosen, name)
                _note_places(value, key, path, content.places)
        elif chosen is not None:
            content.values[section] = _plain(chosen, path, 0, counter)
    return content


def _parent(path: Path, name: Any) -> Path:
    known = sorted(other.stem for other in path.parent.glob("*.yaml") if other != path)
    if isinstance(name, str) and name in known:
        return path.with_name(f"{name}.yaml")
    if name == path.stem:
        raise ParameterError(f"{path.name}: extends itself")
    raise ParameterError(
        f"{path.name}: extends: {_short(name)} is not an experiment beside this file.{did_you_mean(str(name), known)} "
        f"There: {', '.join(known) or 'none'}."
    )


def _short(value: Any) -> str:
    return "nothing" if value is None else repr(_plain(value, Path(), 0, count()))[:80]


def _read_yaml(path: Path, text: str) -> Any:
    try:
        raw = YAML(typ="rt", pure=True).load(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ParameterError(
            f"{path.name}, line {line}: a control character (U+{error.character:04X}); a parameters file is plain text"
        ) from error
    except MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = str(error.problem or error.context)
        if isinstance(error, DuplicateKeyError):
            problem = problem.partition(" with value")[0]
        raise ParameterError(f"{path.name}{where}: not readable as YAML: {problem}") from error
    except (YAMLError, ValueError) as error:  # ValueError: a date such as 2024-13-45, a number of 5000 digits
        raise ParameterError(f"{path.name}: not readable as YAML: {error} (quotes make it text)") from error
    except RecursionError as error:
        raise ParameterError(f"{path.name}: nested too deeply") from error
    if not isinstance(raw, dict):
        raise ParameterError(f"{path.name}: expected sections ({', '.join(SECTIONS)}), found {_short(raw)}")
    return raw


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ParameterError(f"{path.name}: larger than {MAX_BYTES:,} bytes; a parameters file is a page of text")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ParameterError(f"{path.name}: cannot be read ({error.strerror}): {path}") from error
    except UnicodeDecodeError as error:
        raise ParameterError(
            f"{path.name}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error


def _line(path: Path, node: Any, key: Any) -> str:
    """`acme.yaml, line 7`; what a merge key (<<) brought in has no line of its own, and the file must do."""
    mark = (node.lc.data or {}).get(key)
    return f"{path.name}, line {mark[0] + 1}" if mark else path.name


def _note_places(node: Any, key: str, path: Path, places: dict[str, str]) -> None:
    if not isinstance(node, dict | list):
        return
    for name, item in node.items() if isinstance(node, dict) else enumerate(node):
        mark = (node.lc.data or {}).get(name)
        if mark:
            places[f"{key}.{name}"] = f"{path.name}, line {mark[0] + 1}"
        _note_places(item, f"{key}.{name}", path, places)


def _plain(value: Any, path: Path, depth: int, counter: Iterator[int]) -> Any:
    """Built-in types instead of the YAML library's own, which remember how they were written."""
    if next(counter) > MAX_VALUES or depth > MAX_DEPTH:
        raise ParameterError(f"{path.name}: more than {MAX_VALUES:,} values, or nested too deeply (a YAML alias?)")
    if isinstance(value, dict):
        return {str(key): _plain(item, path, depth + 1, counter) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, path, depth + 1, counter) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, (kind, ScalarBoolean) if kind is bool else kind):
            return kind(value)
    return value
