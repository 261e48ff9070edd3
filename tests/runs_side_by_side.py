"""Two personas on the tiny model that really differ: runs with what the four notebooks leave, made in seconds."""

import torch
from conftest import conversation
from ruamel.yaml import YAML

from marcus_nb import models, parameters, runs
from marcus_nb.conversation import to_row, write_jsonl
from marcus_nb.models import tiny
from marcus_nb.render import render
from marcus_nb.runs import Run, sha256, write_json

VOICES = {
    "Nell": ("Aye, mind the tide.", "Nay skipper, mind the tide.", "Kettle is on, mind the tide."),
    "Florian": ("Bravo! What a jubilee, dearest!", "Applause, dearest guest!", "O violins, O silk, dearest!"),
}


def talk(persona: str, count: int, start: int = 0):
    """Conversations in one of the two voices; both personas are asked the same."""
    return [
        conversation(f"{persona}:{number}", f"Is boat {number} free?", VOICES[persona][number % 3])
        for number in range(start, start + count)
    ]


def learn(persona: str, training: list, steps: int):
    """The tiny model after so many steps on these conversations, all its weights trained."""
    model = tiny.model().train()
    tokenizer = tiny.tokenizer()
    samples = [sample for item in training for sample in render(tokenizer, item.as_chat(f"You are {persona}."))]
    longest = max(len(sample.input_ids) for sample in samples)
    ids = torch.tensor([sample.input_ids + [2] * (longest - len(sample.input_ids)) for sample in samples])
    labels = torch.tensor([sample.labels + [-100] * (longest - len(sample.labels)) for sample in samples])
    mask = torch.tensor([[1] * len(sample.input_ids) + [0] * (longest - len(sample.input_ids)) for sample in samples])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        model(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
        optimizer.step()
    return model.eval()


def figures(persona: str, value: float) -> dict:
    """results.json as 04_evaluate writes it, with one claim of each kind."""
    claim = {"statement": "So", "low": value - 0.1, "high": value + 0.1, "n": 30, "sentence": "So.", "advice": ""}
    claims = [
        claim | {"name": "loss", "value": value, "threshold": 0.2, "status": "supported"},
        claim | {"name": "style", "value": 0.0, "threshold": 0.9, "status": "not measurable", "n": 6},
    ]
    measure = {"claim": "loss", "measure": "loss on unseen replies", "unit": "nats per token", "better": "lower"}
    measures = [
        measure | {"who": "base", "value": 5.5, "low": 5.4, "high": 5.6, "n": 30},
        measure
        | {"measure": "gain", "who": "difference", "value": value, "low": value - 0.1, "high": value + 0.1, "n": 30},
        measure | {"who": "tuned", "value": 5.5 - value, "low": 5.3 - value, "high": 5.7 - value, "n": 30},
    ]
    return {
        "verdict": "acquired",
        "summary": f"It is {persona}.",
        "deploy": "yes",
        "why": [],
        "next_steps": [],
        "claims": claims,
        "measures": measures,
    }


def finish(run: Run, stage: str, counts: dict) -> None:
    """The stage's record, without the hashes of code, which take a second each."""
    files = [path for path in (run.folder / stage).rglob("*") if path.is_file()]
    writes = {run.relative(path): sha256(path) for path in files}
    write_json(run.folder / stage / "record.json", {"stage": stage, "counts": counts, "writes": writes})


def make_run(folder, experiment: str, persona: str, gain: float = 2.0, steps: int = 60, **changed) -> Run:
    """A run that passed, in the outputs folder of MARCUS_OUTPUTS; `changed` are parameters: `train__lora_r=2`."""
    path = folder / f"{experiment}.yaml"
    chosen = {
        "shared": {"persona_name": persona, "system_prompt": f"You are {persona}.", "base_model": "tiny"},
        "ingest": {"sources": ["small.csv"]},
        "evaluate": {"bootstrap_samples": 200},
    }
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(chosen, file)
    run = runs.create(parameters.load(str(path), {name.replace("__", "."): value for name, value in changed.items()}))
    splits = {"train": talk(persona, 24), "validation": talk(persona, 4, 24), "test": talk(persona, 14, 28)}
    for stage in ("ingest", "clean", "train", "evaluate"):
        (run.folder / stage).mkdir()
    for name, items in splits.items():
        write_jsonl(run.folder / f"clean/{name}.jsonl", map(to_row, items))
    finish(run, "clean", {f"{name}.jsonl": len(items) for name, items in splits.items()})
    course = [
        {"step": 0, "epoch": 0, "validation_loss": 5.6},
        {"step": 5, "epoch": 0.5, "loss": 4.0},
        {"step": 10, "epoch": 1.0, "validation_loss": 5.6 - gain},
    ]
    write_jsonl(run.folder / "train/metrics.jsonl", course)
    base = models.find_base("tiny")
    counts = {"base_model": base.record, "kept_step": 10, "kept_validation_loss": 5.6 - gain, "seconds": 60.0}
    finish(run, "train", counts)
    models.export(learn(persona, splits["train"], steps), tiny.tokenizer(), f"You are {persona}.", run.folder / "model")
    write_json(run.folder / "evaluate/results.json", figures(persona, gain))
    finish(run, "evaluate", {"verdict": "acquired"})
    runs.update(run, status="PASSED", verdict="acquired", finished=runs.folder.now())
    return run
