"""The notebooks that a person works in: copies in the experiment's draft, with its resolved values in their cells."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from marcus_nb import parameters as parameters_module
from marcus_nb.parameters import STAGES, ParameterError, Parameters, cell_source
from marcus_nb.parameters.cell import CHOSEN
from marcus_nb.parameters.saving import brief
from marcus_nb.parameters.schema import fields_of
from marcus_nb.runs import DRAFT, choices, outputs_root, read_json, write_json
from marcus_nb.runs.provenance import notebook_of


def prepare(experiment: str) -> tuple[Path, list[Path]]:
    """Prepare the four notebooks of an experiment; returns the draft's folder, and those that were left as they are.

    A notebook that the person changed is never touched, nor is one that would come out the same; where only values are
    others it keeps what it shows. Raises ParameterError for parameters that are wrong, RunError, DiskFull.
    """
    path = parameters_module.find(experiment)
    if path.stem not in parameters_module.experiments() or parameters_module.find(path.stem) != path:
        raise ParameterError(f"{path}: notebooks find an experiment by its name only: put the file into parameters/")
    resolved = parameters_module.load(experiment, choices.read(experiment), CHOSEN)
    folder = outputs_root() / resolved.experiment / DRAFT
    folder.mkdir(parents=True, exist_ok=True)
    known = read_json(folder / choices.PREPARED) if (folder / choices.PREPARED).is_file() else {}
    changed = []
    for stage in STAGES:
        path, values = folder / notebook_of(stage).name, _values(stage, resolved)
        made = _with_values(nbformat.read(notebook_of(stage), as_version=4), stage, resolved.experiment, values)
        if path.is_file():
            try:
                there = nbformat.read(path, as_version=4)
            except ValueError:  # half-written by whatever was killed: for its owner to look at
                changed.append(path)
                continue
            if _sources(there) == _sources(made):
                continue
            if _digest(_sources(there)) != known.get(stage, {}).get("cells"):
                changed.append(path)
                continue
            _with_values(there, stage, resolved.experiment, values)
            made = there if _sources(there) == _sources(made) else made
        write_json(path, made)
        named = {f"{section}.{name}": values[name] for section, name in fields_of(stage)}
        known[stage] = {"cells": _digest(_sources(made)), "values": named}
        write_json(folder / choices.PREPARED, known)
    return folder, changed


def _values(stage: str, resolved: Parameters) -> dict[str, Any]:
    values = resolved.stage(stage)
    return {name: brief(section, name, values[name]) for section, name in fields_of(stage)}


def _with_values(book: Any, stage: str, experiment: str, values: dict[str, Any]) -> Any:
    for cell in book.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = cell_source(stage, experiment, values)
    return book


def _sources(book: Any) -> Sequence[tuple[str, str]]:
    """What is written in it; JupyterLab adds an empty cell where somebody runs the last one."""
    return [(cell.cell_type, cell.source) for cell in book.cells if cell.source]


def _digest(sources: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()
