"""What stays of an evaluation: samples, results, the model card."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from marcus_nb import text
from marcus_nb.conversation import write_jsonl
from marcus_nb.evaluate.claims import Verdict
from marcus_nb.evaluate.deploy import modelfile
from marcus_nb.runs import Run, Stage, write_json


def write(
    stage: Stage,
    verdict: Verdict,
    loss: pd.DataFrame,
    unscored: list[tuple[str, str]],
    replies: pd.DataFrame,
    probes: pd.DataFrame,
    contrast: pd.DataFrame,
    outside: pd.DataFrame,
) -> dict[str, Any]:
    """Write `samples.jsonl` (every single figure and reply), `results.json` (the claims and the verdict), the model
    card and the Modelfile; returns the counts for the stage's record."""
    samples = [
        {"kind": kind, **row}
        for kind, frame in [
            ("loss", loss),
            ("reply", replies),
            ("probe", probes),
            ("contrast", contrast),
            ("outside", outside),
        ]
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]
    samples += [{"kind": "unscored", "conversation": name, "reason": why} for name, why in unscored]
    write_jsonl(stage.folder / "samples.jsonl", samples)
    write_json(stage.folder / "results.json", asdict(verdict))
    model = stage.run.folder / "model"
    shared = stage.parameters.shared
    (model / "Modelfile").write_text(modelfile(model, shared.system_prompt), encoding="utf-8", newline="\n")
    (model / "README.md").write_text(model_card(stage.run, verdict, replies), encoding="utf-8", newline="\n")
    return {
        "verdict": verdict.verdict,
        "test_conversations": len(loss),
        "unscored": len(unscored),
        "probes": len(probes),
        "probes_right": int(probes["tuned_right"].sum()) if len(probes) else 0,
        "probes_right_base": int(probes["base_right"].sum()) if len(probes) else 0,
        "claims": {claim.name: claim.status for claim in verdict.claims},
        "same_outside": int(outside["same_reply"].sum()),
    }


def headline(verdict: Verdict) -> list[str]:
    """The lines the console shows: the reasons for the verdict."""
    return list(verdict.reasons)


def _quote(words: str, persona_name: str) -> str:
    """A Markdown quotation, every line of it, without personal data: the card goes where the model goes."""
    return "".join(f"> {line}".rstrip() + "\n" for line in text.redact(words, (persona_name,)).splitlines())


def model_card(run: Run, verdict: Verdict, replies: pd.DataFrame) -> str:
    """MODEL_CARD in the hub's form (YAML front matter, then Markdown), filled from the run."""
    shared = run.parameters.shared
    trained, cleaned = run.record("train") or {}, run.record("clean") or {}
    outcome = trained.get("counts", {})

    def count(split: str) -> object:
        return cleaned.get("counts", {}).get(f"{split}.jsonl", "?")

    sample = replies.iloc[len(replies) // 2] if len(replies) else None
    quoted = (
        _quote(f"**Asked:** {sample['question']}\n\n**{shared.persona_name}:** {sample['tuned']}", shared.persona_name)
        if sample is not None
        else ""
    )
    claims = "\n".join(
        f"- **{claim.name}** ({claim.status}): {' '.join(text.redact(claim.sentence, (shared.persona_name,)).split())}"
        for claim in verdict.claims
    )
    return f"""---
base_model: {outcome.get("base_model", {}).get("name", shared.base_model)}
library_name: transformers
pipeline_tag: text-generation
tags: [marcus, persona, lora]
---

# {shared.persona_name}

{shared.persona_description}

The base model with a LoRA adapter merged into it (float32, safetensors), made by Marcus in run
`{run.experiment}/{run.name}`.
Whether it acquired the personality, on conversations it never saw: **{verdict.verdict}**.

{claims}

{quoted}
## Use

```python
from transformers import pipeline

chat = pipeline("text-generation", "PATH/TO/THIS/FOLDER")
print(chat([{{"role": "user", "content": "Who are you?"}}])[0]["generated_text"][-1]["content"])
```

The chat template brings the persona's system message when a conversation has none. `ollama create NAME -f Modelfile`
makes it an Ollama model.

## Data and limits

Trained on {count("train")} conversations ({count("validation")} more watched over the training, {count("test")} were
kept for the verdict). The data is not in this folder; the model may still repeat parts of it. The licence of the base
model applies to this model too. It may state wrong facts in the persona's voice: the knowledge claim above says how
often it was right.
"""
