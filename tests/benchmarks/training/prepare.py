"""`python prepare.py FOLDER ROUNDS PART WHOLE`: the quickstart's data, cleaned once, as runs that are ready to train.

`part-1`, `part-2`, … hold PART of the training conversations, for more than one pass, and a seed of their own; `whole`
holds the first WHOLE (0: all), for one pass.
`FOLDER/facts.json` says what is in them: `{"device": "cpu", "matmul_weights": 134479872, "runs": {"part-1": {…}}}`.
"""

import random
import sys
from pathlib import Path

import torch
from material import BATCH, EXPERIMENT, fingerprint, rows

from marcus_nb import clean, ingest, models, parameters, runs
from marcus_nb.conversation import to_row, write_jsonl
from marcus_nb.render import IGNORED

PASSES, PASSES_ON_A_GPU = 2, 25  # over a part, the first of them uncounted; a GPU is through one in a moment


def main(folder: Path, rounds: int, part: int, whole: int) -> None:
    chosen = parameters.load(EXPERIMENT)
    base = models.find_base(chosen.shared.base_model)
    tokenizer = models.load_tokenizer(base)
    read = ingest.read_sources(chosen.ingest, parameters.ROOT, chosen.shared.persona_name)
    cleaned = clean.run(list(read.conversations), chosen.clean, chosen.shared, tokenizer)
    some = random.Random(chosen.shared.seed).sample(cleaned.train, part)
    passes = PASSES if models.device().type == "cpu" else PASSES_ON_A_GPU
    # Marcus validates after each pass, the others never: over a part it shall have next to nothing to validate on.
    few = cleaned.validation[:2]
    wanted = {f"part-{number}": (some, few, passes, chosen.shared.seed + number) for number in range(1, rounds + 1)}
    wanted["whole"] = (cleaned.train[: whole or None], cleaned.validation, 1, chosen.shared.seed)
    facts = {}
    for name, (train, validation, epochs, seed) in wanted.items():
        overrides = {
            "shared.seed": seed,
            "train.num_train_epochs": epochs,
            # Neither is part of what is timed, and the answers would take longer than the training.
            "train.evals_per_epoch": 1,
            "train.fixed_prompts_max_new_tokens": 1,
        }
        run = runs.create(parameters.load(EXPERIMENT, overrides), name)
        for stage in ("clean", "train"):
            (run.folder / stage).mkdir()
        write_jsonl(run.folder / "clean/train.jsonl", map(to_row, train))
        write_jsonl(run.folder / "clean/validation.jsonl", map(to_row, validation))
        rendered = rows(run, tokenizer, "train")
        facts[name] = {
            "conversations": len(rendered),
            "passes": epochs,
            "steps_a_pass": -(-len(rendered) // BATCH),
            "tokens": epochs * sum(len(ids) for ids, _ in rendered),
            "learned": epochs * sum(label != IGNORED for _, labels in rendered for label in labels),
            "fingerprint": fingerprint(rendered),
        }
    linear = [module for module in models.load_base(base).modules() if isinstance(module, torch.nn.Linear)]
    weights = sum(module.weight.numel() for module in linear)
    device = models.device().type
    known = {"device": device, "base": base.name, "matmul_weights": weights, "runs": facts}
    runs.write_json(folder / "facts.json", known)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
