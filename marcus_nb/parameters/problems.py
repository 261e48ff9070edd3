"""What is wrong with a parameter, in words: where it stands, what was expected, what was found, what to do."""

import difflib
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from marcus_nb.parameters.schema import SECTIONS

_LONGEST_FOUND = 120


class ParameterError(ValueError):
    """A parameter that is unknown, missing or out of range; the message says where, what was found and what to do."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean lora_r?`, or nothing when no known name comes near."""
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f" Did you mean {near[0]}?" if near else ""


def unknown_key(key: str, origin: str) -> str:
    """The problem of a key such as `train.lora` that no parameter has."""
    section, _, name = key.partition(".")
    every = [f"{s}.{n}" for s, model in SECTIONS.items() for n in model.model_fields]
    same_name = [known for known in every if known.split(".")[1] == (name or section)]
    hint = f" Did you mean {same_name[0]}?" if same_name else did_you_mean(key, every)
    return f"{origin} {key}: no such parameter.{hint}"


def explain(section: str, error: Any, places: dict[str, str]) -> str:
    """One of pydantic's errors as a line of ours.

    `acme.yaml, line 7: train.lora_r: should be a valid integer, found 'many'. Rank of the adapter: …`
    """
    location = [str(part) for part in error["loc"]]
    place = _place([section, *location], places)
    start = f"{place}: {'.'.join([section, *location])}" if place else ".".join([section, *location])
    here: type[BaseModel] = SECTIONS[section]
    for part in location[:-1]:  # to the innermost model, where the neighbours of a mistyped name are
        inner = _model_inside(here.model_fields[part].annotation) if part in here.model_fields else None
        here = inner or here
    name, fields = location[-1] if location else "", here.model_fields
    if error["type"] == "extra_forbidden":
        return f"{start}: no such parameter.{_hint(name, here)}"
    described = next((part for part in reversed(location) if part in fields), None)
    meaning = " ".join(((fields[described].description if described else here.__doc__) or "").split())
    if error["type"] == "missing":
        return f"{start}: required, and missing. {meaning}"
    return f"{start}: {_expected(error)}. {meaning}".rstrip()


def _place(keys: list[str], places: dict[str, str]) -> str:
    """The place of the innermost key that stands in a file: what is missing has only its section's, or the file's."""
    for length in range(len(keys), -1, -1):
        place = places.get(".".join(keys[:length]))
        if place:
            return place
    return ""


def _hint(name: str, here: type[BaseModel]) -> str:
    elsewhere = [section for section, model in SECTIONS.items() if name in model.model_fields]
    if elsewhere and here in SECTIONS.values():
        return f" It belongs below {elsewhere[0]}."
    return did_you_mean(name, here.model_fields) or f" Known here: {', '.join(here.model_fields)}."


def _expected(error: Any) -> str:
    value = error["input"]
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if error["type"] == "value_error":
        return message
    if error["type"] == "model_type":
        message = "should be names with values, one NAME: VALUE a line"
    found = "nothing" if value is None else repr(value)
    if len(found) > _LONGEST_FOUND:
        found = f"{found[:_LONGEST_FOUND]}… ({len(found)} characters)"
    if error["type"] == "string_type" and value is None:
        found += " (empty text is written as '')"
    elif error["type"] == "string_type" and isinstance(value, int | float):
        found += " (put it in quotes)"
    return f"{message}, found {found}"


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
