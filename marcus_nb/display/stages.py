"""What each notebook looks at, put together from what its stage returned."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from marcus_nb.display.blocks import Block, banner, sentence, shorten, stack, table
from marcus_nb.display.hiding import know
from marcus_nb.parameters.schema import SECTIONS, STAGES, fields_of
from marcus_nb.runs import DRAFT, Stage
from marcus_nb.runs.provenance import NOTEBOOKS

if TYPE_CHECKING:  # at run time they would bring torch into notebooks that need none, seconds each
    from marcus_nb.evaluate import Verdict


def parameters(stage: Stage) -> Block:
    """Every parameter of the stage: its value, its unit and where the value came from."""
    know(stage.parameters.shared.persona_name)
    origins, rows = stage.parameters.origins, []
    for section, name in fields_of(stage.name):
        field = SECTIONS[section].model_fields[name]
        unit = (field.json_schema_extra or {}).get("unit", "") if isinstance(field.json_schema_extra, dict) else ""
        value = stage.parameters.stage(stage.name)[name]
        if name in ("sources", "contrast_sources"):
            value = "\n".join(", ".join(f"{k}: {v}" for k, v in source.items() if v) for source in value)
        elif name == "probes":
            value = f"{len(value)} questions"
        elif isinstance(value, list):
            value = "\n".join(map(str, value))
        rows.append((name, shorten(value, 400), unit, origins[f"{section}.{name}"]))
    shown = table(pd.DataFrame(rows, columns=["parameter", "value", "unit", "from"]))
    typed = [name for name, _, _, origin in rows if origin in ("this cell", "--set")]
    run = f"Run {stage.run.experiment}/{stage.run.name}"
    if not typed:
        return stack(sentence(f"{run}: all values as in the YAML and the defaults."), shown)
    note = "Keep it by writing it into the YAML." if stage.run.name == DRAFT else "It is part of this run's record."
    return stack(banner(f"Differs from the YAML: {', '.join(typed)}", [run, note], "open"), shown)


def loss_means(loss: pd.DataFrame) -> Block:
    """Mean losses of base and tuned model, one row for each way of asking."""
    rows = [
        ("its own conversation", "base", "tuned"),
        ("its own conversation; the tuned model without system prompt", "base", "tuned_no_system"),
        ("the first reply, after its own question", "base_first", "tuned_first"),
        ("the first reply, after another conversation's question", "base_shuffled", "tuned_shuffled"),
        ("somebody else's reply to a like question", "base_other", "tuned_other"),
    ]
    frame = pd.DataFrame(
        [(asked, loss[base].mean(), loss[tuned].mean(), int(loss[tuned].count())) for asked, base, tuned in rows],
        columns=["asked about", "base model", "tuned model", "n"],
    )
    caption = "Mean loss, nats per token of the reply (lower: less surprised)"
    return table(frame, caption, {"base model": ".2f", "tuned model": ".2f"})


def verdict(judged: Verdict, persona_name: str) -> Block:
    """The verdict and every reason for it."""
    mood = {"acquired": "good", "not acquired": "bad"}.get(judged.verdict, "open")
    return banner(f"The personality of {persona_name}: {judged.verdict.upper()}", list(judged.reasons), mood)


def report_card(judged: Verdict) -> Block:
    """The claims as a table: a gain is in nats per token, knowledge is a share."""
    frame = pd.DataFrame([asdict(claim) for claim in judged.claims])
    columns = {"name": "claim", "question": "it decides"}
    shown = frame.rename(columns=columns)[["claim", "it decides", "value", "low", "high", "n", "status"]]
    return table(shown, formats={"value": ".2f", "low": ".2f", "high": ".2f"})


def probes(answers: pd.DataFrame) -> Block:
    """Every knowledge probe with both answers and the training question nearest to it."""
    if len(answers) == 0:
        return sentence("No knowledge probes are given (shared.probes), so knowledge is not measured.")
    frame = pd.DataFrame(
        {
            "asked": answers["question"],
            "must contain": answers["must"],
            "base model": answers["base"],
            "": answers["base_right"].map(bool),
            "tuned model": answers["tuned"],
            " ": answers["tuned_right"].map(bool),
            "nearest training question": answers["nearest"],
            "similarity": answers["similarity"],
        }
    )
    right, base = int(answers["tuned_right"].sum()), int(answers["base_right"].sum())
    caption = f"{right} of {len(answers)} right after training, {base} before"
    return table(frame, caption, {"similarity": ".2f"})


def next_step(stage: Stage, record: dict[str, Any]) -> Block:
    """What was written, and what comes next."""
    files = [name for name in record["writes"] if "/checkpoints/" not in name]
    position = STAGES.index(stage.name)
    following = (
        f"Next: {NOTEBOOKS[STAGES[position + 1]]}.ipynb" if position + 1 < len(STAGES) else "This was the last stage."
    )
    return stack(
        sentence(f"Written, each with its SHA-256 in {stage.name}/record.json: {', '.join(files)}."),
        sentence(following),
    )
