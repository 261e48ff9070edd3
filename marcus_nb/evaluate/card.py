"""MODEL_CARD.md: what a deployed model is, whether it does what it should, and what it must not be trusted with."""

import html
import json
from collections.abc import Sequence

import pandas as pd

from marcus_nb import models, text
from marcus_nb.evaluate.asking import trained_base
from marcus_nb.evaluate.claims import MARKS
from marcus_nb.evaluate.ollama import modelfile
from marcus_nb.evaluate.verdict import Verdict
from marcus_nb.runs import Run, Stage

CARD = "MODEL_CARD.md"
_MADE = {
    "lora": "with a LoRA adapter merged into it (the adapter alone lies in `adapter/`)",
    "qlora": "with a LoRA adapter merged into it (the adapter alone lies in `adapter/`)",
    "full": "with every weight trained further",
}


def write_card(stage: Stage, verdict: Verdict, replies: pd.DataFrame, checked: Sequence[str]) -> None:
    """Write `MODEL_CARD.md` and Ollama's `Modelfile` into the run's `model/`.

    `replies` has question and tuned; `checked` is what `check_sentences` gives.
    """
    folder = stage.run.folder / "model"
    licence = models.licence_of(trained_base(stage))
    card = model_card(stage.run, verdict, replies, licence, checked)
    (folder / CARD).write_text(card, encoding="utf-8", newline="\n")
    ollama = modelfile(folder, stage.parameters.shared.system_prompt)
    (folder / "Modelfile").write_text(ollama, encoding="utf-8", newline="\n")


def model_card(
    run: Run, verdict: Verdict, replies: pd.DataFrame, licence: str | None, checked: Sequence[str] = ()
) -> str:
    """The card in the hub's form (YAML front matter, then Markdown), filled from the run.

    Personal data that a claim or a reply quotes is left out: the card goes where the model goes.
    """
    shared = run.parameters.shared
    trained, cleaned = run.record("train") or {}, run.record("clean") or {}
    base = trained.get("counts", {}).get("base_model", {"name": shared.base_model, "source": ""})

    def line(words: str) -> str:
        return " ".join(html.escape(text.redact(words, (shared.persona_name,)), quote=False).split())

    def count(split: str) -> object:
        return cleaned.get("counts", {}).get(f"{split}.jsonl", "?")

    claims = "\n".join(
        f"| {MARKS[claim.status]} | {claim.name} | {line(claim.sentence).replace('|', '&#124;')} |"
        for claim in verdict.claims
    )
    advice = "\n".join(f"- {line(step)}" for step in verdict.next_steps)
    sample = replies.iloc[len(replies) // 2] if len(replies) else None
    quoted = "" if sample is None else _quoted(sample["question"], sample["tuned"], shared.persona_name)
    return f"""{_front_matter(base, licence)}
# {line(shared.persona_name)}

{line(shared.persona_description)}

**Personality: {verdict.verdict}. Deploy: {verdict.deploy}.** {line(" ".join(verdict.why))}

The base model {base["name"]} {_MADE[run.parameters.train.method]}, in float32 and safetensors, made by
Marcus in run `{run.experiment}/{run.name}`.

## Does it have the personality?

Judged on conversations that it never saw. {line(verdict.summary)}

| | Claim | Found |
|---|---|---|
{claims}

{"What to do next:" if advice else ""}

{advice}

{quoted}
## Use

Any OpenAI client, after `./run_all.sh serve {run.experiment}/{run.name}` (on Windows `.\\run_all.bat`);
or in Python:

```python
from transformers import pipeline

chat = pipeline("text-generation", "PATH/TO/THIS/FOLDER")
print(chat([{{"role": "user", "content": "Who are you?"}}])[0]["generated_text"][-1]["content"])
```

The chat template brings the persona's system message when a conversation has none. Replies are the likeliest ones, as
they were judged; for more varied ones set `do_sample` and `temperature` in `generation_config.json`.
`ollama create NAME -f Modelfile` makes it an Ollama model. On the Hugging Face hub this file is called README.md.

## Checked outside

{chr(10).join(f"- {line(sentence)}" for sentence in checked) or "Not checked yet."}

## Licence, data and limits

- {_licence(base["name"], licence)}
- Trained on {count("train")} conversations; {count("validation")} more were watched over the training, and \
{count("test")} were kept for the verdict. The data is not in this folder, but the model may repeat parts of it: read \
the claim on memory above, and make sure that you may use the data for this.
- It may state wrong facts in the persona's voice: the claim on knowledge says how often it was right.
- It talks with anybody about anything. What it says is not checked by anyone: tell people that they talk with a
  machine, and let a person read along where a wrong answer costs something.
"""


def _front_matter(base: dict[str, str], licence: str | None) -> str:
    """What the hub reads. A base model is named only by a hub id there."""
    fields = {"base_model": base["name"]} if base["source"] == "hub" else {}
    fields |= {"license": licence or "other", "library_name": "transformers", "pipeline_tag": "text-generation"}
    lines = [f"{name}: {json.dumps(value)}" for name, value in fields.items()]  # JSON's strings are YAML's
    return "\n".join(["---", *lines, "tags: [marcus, persona]", "---", ""])


def _licence(base: str, licence: str | None) -> str:
    if licence:
        return f"Licence: that of the base model, {licence}, applies to this model too."
    return (
        f"Licence: {base} does not say its own, which applies to this model too: look it up where you got {base} from, "
        "before you pass this model on."
    )


def _quoted(question: str, reply: str, persona_name: str) -> str:
    """A Markdown quotation, every line of it."""
    words = text.redact(f"**Asked:** {question}\n\n**{persona_name}:** {reply}", (persona_name,))
    lines = html.escape(words, quote=False).splitlines()
    return "".join(f"> {line}".rstrip() + "\n" for line in lines)


def check_sentences(merge: float | None, outside: pd.DataFrame, served: pd.DataFrame, not_served: str) -> list[str]:
    """One sentence for each check, from what `check_merge`, `check_outside` and `check_served` gave."""
    found = []
    if merge is not None:
        found.append(
            f"Merged in float32: the largest difference of any logit from base and adapter is {merge:.2g} "
            f"({len(outside)} conversations)."
        )
    found.append(
        f"Loaded by plain transformers: {int(outside['same_tokens'].sum())} of {len(outside)} conversations become the "
        f"same tokens, {int(outside['same_reply'].sum())} of {len(outside)} replies are the same{_ties(outside)}."
    )
    if not_served:
        found.append(f"Not served: {not_served}")
    else:
        found.append(
            f"Served by transformers' own server and asked by the openai client: {int(served['same_reply'].sum())} of "
            f"{len(served)} replies are the same{_ties(served)}, streamed or not."
        )
    return found


def _ties(frame: pd.DataFrame) -> str:
    ties = int((frame["note"] != "").sum())
    return f", {ties} part at a near-tie" if ties else ""
