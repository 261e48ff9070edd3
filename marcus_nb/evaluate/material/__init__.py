"""The questions and texts that the evaluation brings along, all written for this project."""

from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML


@cache
def material(name: str) -> Any:
    """`material("identity")["questions"]["en"]` → the questions; `name` is a file beside this one, no ending."""
    path = resources.files(__name__) / f"{name}.yaml"
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
