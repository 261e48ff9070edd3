"""What each notebook looks at, put together from what its stage returned."""

from __future__ import annotations

from typing import Any

import pandas as pd

from marcus_nb.display.blocks import Block, banner, sentence, shorten, stack, table
from marcus_nb.display.hiding import know
from marcus_nb.parameters.cell import CHOSEN
from marcus_nb.parameters.schema import SECTIONS, STAGES, fields_of
from marcus_nb.runs import DRAFT, Stage
from marcus_nb.runs.provenance import NOTEBOOKS


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
    typed = [name for name, _, _, origin in rows if origin in ("this cell", "--set", CHOSEN)]
    run = f"Run {stage.run.experiment}/{stage.run.name}"
    if not typed:
        return stack(sentence(f"{run}: all values as in the YAML and the defaults."), shown)
    note = "Keep it: save it into the YAML." if stage.run.name == DRAFT else "It is part of this run's record."
    return stack(banner(f"Differs from the YAML: {', '.join(typed)}", [run, note], "open"), shown)


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
