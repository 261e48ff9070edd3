"""How many replies a second batched generation gives, beside one-at-a-time `generate` of transformers.

`./run_all.sh test --all -k generation_speed -s` prints the tables after about four minutes; it never fails by time.
The aim: at least 5 times the replies per second, with the same greedy replies up to near-ties of rounding, which are
counted and shown.

The base model and the tuned model of the newest quickstart run in outputs/, asked wherever the persona replied in a
conversation that nothing was learned from; both ways in turn, in the same process, with the same threads. One at a
time takes long: each round asks it another part of the prompts, spread over all lengths, and batches all of them.
"""

import statistics
import time
from pathlib import Path

import psutil
import pytest
import torch
from ruamel.yaml import YAML

from marcus_nb import generate, models
from marcus_nb.conversation import PERSONA_ROLE, read_conversations
from marcus_nb.render import end_of_turn_ids, prompt_ids

ROOT = Path(__file__).parents[2]
ROUNDS, EVERY = 3, 6  # one prompt in six is asked alone in a round, half of them in all
NEW_TOKENS = 60
NEAR_TIE = 1e-3  # of two logits of about 20: what float32 and another order of sums make of them
AIM = 5.0


@pytest.mark.slow
def test_generation_speed(capsys):
    run = newest_run()
    settings = YAML(typ="safe").load((run / "parameters.yaml").read_text(encoding="utf-8"))["shared"]
    base = models.find_base(settings["base_model"])
    tokenizer = models.load_tokenizer(base)
    prompts = [prompt_ids(tokenizer, chat) for chat in unseen(run, settings["system_prompt"])]
    torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
    lines = [f"{len(prompts)} prompts, {NEW_TOKENS} new tokens at most, {torch.get_num_threads()} threads"]
    lines.append(f"{'model':<8}{'batched':>12}{'alone':>12}{'times':>8}   greedy replies")
    for name, model in (("base", models.load_base(base)), ("tuned", models.load_exported(run / "model")[0])):
        lines += compared(name, model.eval(), tokenizer, prompts)
    with capsys.disabled():
        print("\n" + "\n".join(lines))


def compared(name, model, tokenizer, prompts):
    """Lines of the table: replies a second of both ways, medians of the rounds, and every reply that differs."""
    ends = end_of_turn_ids(tokenizer)
    one_at_a_time(model, prompts[0], ends)  # the first pass counts for nobody
    batched, single, together, alone = [], [], [], {}
    for number in range(ROUNDS):
        started = time.perf_counter()
        together = generate.continue_ids(model, tokenizer, prompts, NEW_TOKENS)
        batched.append(len(prompts) / (time.perf_counter() - started))
        part = range(number * (EVERY // ROUNDS), len(prompts), EVERY)
        started = time.perf_counter()
        alone |= {place: one_at_a_time(model, prompts[place], ends) for place in part}
        single.append(len(part) / (time.perf_counter() - started))
    gaps = [
        gap_where_they_part(model, prompts[place], reply, together[place])
        for place, reply in alone.items()
        if reply != together[place]
    ]
    assert all(gap < NEAR_TIE for gap in gaps), f"{name}: a reply differs where one token is clearly likelier: {gaps}"
    a, b = statistics.median(batched), statistics.median(single)
    same = f"{len(alone) - len(gaps)} of {len(alone)} the same"
    rounds = f"{'':<8}{min(batched):.2f} to {max(batched):.2f} batched, {min(single):.2f} to {max(single):.2f} alone"
    near = [f"{'':<8}near-tie: two logits {gap:.1e} apart" for gap in gaps]
    return [f"{name:<8}{a:>10.2f}/s{b:>10.2f}/s{a / b:>7.1f}x   {same}; aim {AIM:.0f}x", rounds, *near]


def one_at_a_time(model, prompt, ends):
    """The greedy reply, by transformers' own means."""
    output = model.generate(
        input_ids=torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=NEW_TOKENS,
        do_sample=False,
        eos_token_id=ends,
        pad_token_id=ends[0],
    )
    return output[0, len(prompt) :].tolist()


def gap_where_they_part(model, prompt, first, second):
    """By how much the model finds the likelier of the first two differing tokens likelier than the other [logit]."""
    place = next(place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prompt + first[:place]]), logits_to_keep=1).logits[0, -1]
    return float(logits.max() - logits[[first[place], second[place]]].min())


def newest_run():
    found = sorted(folder.parent for folder in ROOT.glob("outputs/quickstart/*/model") if any(folder.iterdir()))
    if not found:
        pytest.skip("outputs/ holds no quickstart run with a model: start ./run_all.sh quickstart first")
    return found[-1]


def unseen(run, system_prompt):
    """What had been said before each reply of the persona in the test and validation conversations."""
    for split in ("test", "validation"):
        for item in read_conversations(run / "clean" / f"{split}.jsonl"):
            chat = item.as_chat(system_prompt)
            start = len(chat) - len(item.messages)
            for place, message in enumerate(item.messages):
                if place and message.role == PERSONA_ROLE and item.messages[place - 1].role == "user":
                    yield chat[: start + place]
