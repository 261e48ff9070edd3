"""How fast duplicates are found, beside a plain datasketch MinHashLSH run with as many permutations and the same limit.

`./run_all.sh test --all -k duplicates_speed -s` prints the tables; they never fail by time. The aims: at least as fast
as datasketch; 100,000 conversations of two turns in 30 s and 1 GB; ten times the data at most 12 times the time.

Both run in the same process, in turn, three times; the medians are compared. Each size is a process of its own, so that
its peak memory is its own too.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import near_copies
import pytest

from marcus_nb.clean.duplicates import drop_duplicates, max_same_reply, near_duplicate_similarity
from marcus_nb.clean.duplicates.sketches import PERMUTATIONS
from marcus_nb.conversation import Conversation
from marcus_nb.text import shingles

LIMIT = 0.5
_SIZES = (10_000, 100_000)
_CHILD = """
import json, sys, time, psutil
from test_duplicates_speed import KINDS, run
made = KINDS[sys.argv[1]](int(sys.argv[2]))
before = psutil.Process().memory_info().rss
start = time.perf_counter()
dropped = run(made)
seconds = time.perf_counter() - start
memory = psutil.Process().memory_info()
peak = getattr(memory, "peak_wset", None)
if peak is None:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"seconds": seconds, "peak": peak - before, "dropped": dropped}))
"""


def mixed(count: int) -> list[Conversation]:
    """Different conversations, a tenth of them with a mistyped copy among them, a twentieth said twice."""
    draw = random.Random(count)
    words: dict[str, set[str]] = {"en": set(), "es": set()}
    for language, turns in near_copies.originals(2000):
        words[language] |= {word for turn in turns for word in turn.split() if word.isalpha()}
    lists = [sorted(found) for found in words.values()]
    made = [_random_talk(draw.choice(lists), draw) for _ in range(count * 17 // 20)]
    made += [near_copies.with_errors(turns, 0.03, draw) for turns in made[: count // 10]]
    made += made[: count - len(made)]
    draw.shuffle(made)
    return [near_copies.talk(str(place), turns) for place, turns in enumerate(made)]


def _random_talk(words: list[str], draw: random.Random) -> tuple[str, ...]:
    return tuple(" ".join(draw.choices(words, k=draw.randint(15, 45))) for _ in range(2))


def numbers(count: int) -> list[Conversation]:
    said = ("Where is my order {0}? I have been waiting.", "Your order {0} is on its way to you.")
    return [near_copies.talk(str(n), tuple(turn.format(n) for turn in said)) for n in range(count)]


def names(count: int) -> list[Conversation]:
    draw = random.Random(1)

    def name() -> Iterator[str]:
        for _ in range(4):
            yield draw.choice("bdfglmnprst") + draw.choice("aeiou")

    said = ("Where is my order? I am {0}.", "Your order is on its way to you, {0}, have a good day.")
    called = ["".join(name()).title() for _ in range(count)]
    return [near_copies.talk(str(n), tuple(turn.format(one) for turn in said)) for n, one in enumerate(called)]


def templates(count: int) -> list[Conversation]:
    return [near_copies.talk(str(n), turns) for n, (_, turns) in enumerate(near_copies.originals(count))]


def same(count: int) -> list[Conversation]:
    return [near_copies.talk(str(n), ("Where is my order? I have been waiting.", "On its way!")) for n in range(count)]


KINDS = {"mixed": mixed, "numbers": numbers, "names": names, "templates": templates, "same": same}


def run(conversations: list[Conversation]) -> int:
    left = conversations
    for rule, more in ((drop_duplicates, ()), (near_duplicate_similarity, (LIMIT,)), (max_same_reply, (20,))):
        gone = {drop.conversation.id for drop in rule(left, *more).drops}
        left = [one for one in left if one.id not in gone]
    return len(conversations) - len(left)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_sizes(kind):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = {}
    for count in (*_SIZES, 1_000_000) if kind == "same" else _SIZES:
        command = [sys.executable, "-c", _CHILD, kind, str(count)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=True)
        told[count] = json.loads(done.stdout)
        print(
            f"\n{kind:<10}{count:>10,} conversations: {told[count]['seconds']:7.1f} s, "
            f"{told[count]['peak'] / 2**20:6.0f} MB more, {told[count]['dropped']:,} dropped"
        )
    first, last = (told[count]["seconds"] for count in _SIZES)
    print(f"{kind:<10}ten times the data: {last / first:.1f} times the time")
    assert all(one["dropped"] >= 0 for one in told.values())


def plain_datasketch(conversations: list[Conversation]) -> int:
    """Nothing but the library's own example: a MinHash of each text's shingles, and one query for each."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=LIMIT, num_perm=PERMUTATIONS)
    dropped = 0
    for one in conversations:
        sketch = MinHash(num_perm=PERMUTATIONS)
        text = "\n".join(message.content for message in one.messages)
        sketch.update_batch([run_of_five.encode("utf-8") for run_of_five in shingles(text)])
        if index.query(sketch):
            dropped += 1
        else:
            index.insert(one.id, sketch)
    return dropped


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["planted", "mixed"])
def test_beside_datasketch(kind):
    pytest.importorskip("datasketch")
    conversations = mixed(4_000) if kind == "mixed" else [one.conversation for one in near_copies.planted(2000)]
    ways = {
        "near_duplicate_similarity": lambda: len(near_duplicate_similarity(conversations, LIMIT).drops),
        "datasketch": lambda: plain_datasketch(conversations),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    found = {}
    for _ in range(3):
        for way, function in ways.items():
            start = time.perf_counter()
            found[way] = function()
            seconds[way].append(time.perf_counter() - start)
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    for way, median in medians.items():
        print(f"\n{kind:<8} {way:<26}{median:7.2f} s, {found[way]:,} dropped")
    print(
        f"{kind:<8} datasketch takes {medians['datasketch'] / medians['near_duplicate_similarity']:.1f} times as long"
    )
    assert min(medians.values()) > 0
