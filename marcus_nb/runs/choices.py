"""What a person chose by clicking in an experiment's draft, kept from the click on: it stands above the YAML there.

Two files of the draft: `choices.json` is what was clicked, `{"clean.redact": false}`; `prepared.json` is what
`./run_all.sh lab` wrote into the notebooks' parameters cells, so that only what was typed there since counts as typed.
"""

import threading
from pathlib import Path
from typing import Any

from marcus_nb.parameters import Parameters, load
from marcus_nb.parameters.cell import CHOSEN
from marcus_nb.parameters.schema import SECTIONS
from marcus_nb.runs.files import RunError, read_json, write_json
from marcus_nb.runs.folder import DRAFT, outputs_root

PREPARED = "prepared.json"
_CHOOSING = threading.Lock()  # panels choose from several threads


def read(experiment: str) -> dict[str, Any]:
    """Every choice that stands: `{"clean.redact": False, "train.lora_r": 8}`.

    Raises RunError for a damaged file, or one with a parameter that there is no more.
    """
    found = _read(experiment, "choices.json")
    for key in found:
        section, _, name = key.partition(".")
        if section not in SECTIONS or name not in SECTIONS[section].model_fields:
            raise RunError(
                f"{_path(experiment, 'choices.json')} has {key}, which is no parameter of this version: take it out "
                "of the file, or delete the file; what was clicked and not saved is lost with it"
            )
    return found


def prepared(experiment: str, stage: str) -> dict[str, Any]:
    """What the parameters cell of a draft's notebook was prepared with: `{"train.lora_r": 16, …}`; empty where not.

    `prepared.json` holds it for each stage.
    """
    return _read(experiment, PREPARED).get(stage, {}).get("values", {})


def choose(experiment: str, changes: dict[str, Any]) -> Parameters:
    """Keep choices beside those there are and return the experiment's parameters with all of them.

    One that is what the YAML says anyway is no choice and is forgotten. Raises ParameterError, and keeps nothing, for
    a value that the schema refuses.
    """
    with _CHOOSING:
        return _choose(experiment, changes)


def _choose(experiment: str, changes: dict[str, Any]) -> Parameters:
    as_written = load(experiment)
    resolved = load(experiment, read(experiment) | changes, CHOSEN)
    before, after = as_written.as_dict(), resolved.as_dict()
    kept = {}
    for key in read(experiment) | changes:
        section, _, name = key.partition(".")
        if after[section][name] != before[section][name]:
            kept[key] = after[section][name]
    write(experiment, "choices.json", kept)
    return load(experiment, kept, CHOSEN)


def write(experiment: str, name: str, content: dict[str, Any]) -> None:
    """Write one of the two files whole, and the draft's folder with it."""
    path = _path(experiment, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, content)


def _path(experiment: str, name: str) -> Path:
    return outputs_root() / experiment / DRAFT / name


def _read(experiment: str, name: str) -> dict[str, Any]:
    path = _path(experiment, name)
    try:
        return read_json(path) if path.is_file() else {}
    except RunError as error:
        raise RunError(f"{path} is damaged: delete it; what was clicked and not saved is lost with it") from error
