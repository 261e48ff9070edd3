"""How fast one training step is, in the ways we chose between: the same batches, taken in turn, medians and ratios.

`./run_all.sh test --all -k training_speed -s` prints the table; it never fails by time.
"""

import statistics
import time
from contextlib import nullcontext

import pytest
import torch
from peft import LoraConfig, get_peft_model

from marcus_nb import clean, ingest, models, parameters
from marcus_nb.conversation import Conversation
from marcus_nb.render import render
from marcus_nb.train.loop import LengthGrouped, collate, precision

STEPS = 12


def rendered(conversations: tuple[Conversation, ...], tokenizer, system_prompt: str) -> list[dict]:
    items = [render(tokenizer, conversation.as_chat(system_prompt)) for conversation in conversations]
    return [{"input_ids": item.input_ids, "labels": item.labels} for item in items]


@pytest.mark.slow
def test_training_speed(capsys):
    chosen = parameters.load("quickstart")
    base = models.find_base(chosen.shared.base_model)
    tokenizer = models.load_tokenizer(base)
    read = ingest.read_sources(chosen.ingest, parameters.ROOT, chosen.shared.persona_name)
    train = clean.run(read.conversations, chosen.clean, chosen.shared.probes).train
    rows = rendered(train, tokenizer, chosen.shared.system_prompt)
    order = list(LengthGrouped([len(row["input_ids"]) for row in rows], 8, 1))
    batches = [[rows[index] for index in order[start : start + 8]] for start in range(0, 8 * STEPS, 8)]
    config = LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear")
    ways = {
        "float32": (torch.float32, False),
        "bfloat16, adapters cast by PEFT": (torch.bfloat16, False),
        "bfloat16, autocast (ours)": (torch.bfloat16, True),
    }
    loaded = {name: get_peft_model(models.load_base(base, dtype), config).train() for name, (dtype, _) in ways.items()}
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for batch in batches:
        tensors = collate(batch)
        tokens = sum(len(row["input_ids"]) for row in batch)
        for name, (dtype, ours) in ways.items():
            start = time.perf_counter()
            with precision(loaded[name], dtype) if ours else nullcontext():
                losses, _ = models.token_losses(loaded[name], tensors["input_ids"], tensors["labels"])
            losses.mean().backward()
            speeds[name].append(tokens / (time.perf_counter() - start))
    medians = {name: statistics.median(values[1:]) for name, values in speeds.items()}  # the first one warms up
    with capsys.disabled():
        print(f"\n\n{'way':34}{'tokens/s':>10}{'ratio':>8}")
        for name, median in medians.items():
            print(f"{name:34}{median:10.0f}{median / medians['float32']:8.2f}")
    assert all(median > 0 for median in medians.values())
