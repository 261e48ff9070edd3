"""Which runs are asked for: experiments one after the other, and parameters in several values (`--sweep`)."""

import fnmatch
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marcus_nb import parameters as parameters_module
from marcus_nb.parameters import STAGES, ParameterError, parse_set


@dataclass(frozen=True)
class Wanted:
    """One run that is asked for: `Wanted("acme", {"train.lora_r": 4}, ("train.lora_r",))`."""

    experiment: str
    overrides: dict[str, Any]
    swept: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """`"acme"`, or `"acme · train.lora_r=4"`."""
        return " · ".join([self.experiment, *(f"{name}={self.overrides[name]}" for name in self.swept)])


def named(words: Sequence[str]) -> list[str]:
    """Experiments by name, path or pattern, each once: `named(["acme*", "smoke"])` → `["acme", "acme2", "smoke"]`.

    Raises ParameterError for a pattern that fits none.
    """
    found: dict[str, None] = {}
    known = parameters_module.experiments()
    for word in words:
        fitting = [word]
        if any(sign in word for sign in "*?["):
            fitting = fnmatch.filter(known, word)
            if not fitting:
                raise ParameterError(f"No experiment fits {word!r}; there are {', '.join(known)}")
        found |= dict.fromkeys(fitting)
    return list(found)


def wanted(experiments: Sequence[str], overrides: dict[str, Any], sweeps: Sequence[str]) -> list[Wanted]:
    """A run for each experiment and each combination of swept values; `sweeps` is `["train.lora_r=4,8,16"]`.

    Raises ParameterError for a sweep without two values, or of what --set chooses too.
    """
    parsed = [_sweep(text) for text in sweeps]
    names = [name for name, _ in parsed]
    for name in names:
        if name in overrides or names.count(name) > 1:
            raise ParameterError(f"{name} is chosen twice: by --sweep and by --set, or by two --sweep")
    return [
        Wanted(experiment, overrides | dict(zip(names, values, strict=True)), tuple(names))
        for experiment in experiments
        for values in itertools.product(*(values for _, values in parsed))
    ]


def _sweep(text: str) -> tuple[str, list[Any]]:
    name, equals, listed = text.partition("=")
    values = parse_set(f"{name}=[{listed}]")[1] if equals else []
    if len(values) < 2:
        raise ParameterError(
            f"--sweep {text}: expected SECTION.PARAMETER=VALUE,VALUE and so on, such as train.lora_r=4,8,16"
        )
    return name.strip(), values


def start_of(one: Wanted, start: str, before: Sequence[Wanted]) -> str:
    """From which stage on a run of a sweep has work of its own: its fellow has made what does not depend on the sweep.

    `start_of(Wanted("acme", {"train.lora_r": 8}, ("train.lora_r",)), "ingest", [its fellow])` → "train".
    """
    if not one.swept or not any(fellow.experiment == one.experiment for fellow in before):
        return start
    sections = [name.partition(".")[0] for name in one.swept]
    first = min(STAGES.index(section) if section in STAGES else 0 for section in sections)
    return STAGES[max(first, STAGES.index(start))]
