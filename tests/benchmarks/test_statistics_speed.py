"""How long intervals and classifiers take for 2,000 replies: at most 20 s on two cores.

`./run_all.sh test --all -k statistics_speed -s` prints the table.
"""

import time

import numpy as np
import pandas as pd
import pytest

from marcus_nb.evaluate import broken_replies, judge_health, judge_style, voice
from marcus_nb.evaluate.statistics import auc, bootstrap, bootstrap_mean
from marcus_nb.parameters import Evaluate

REPLIES, CLUSTERS, AIM = 2000, 700, 20.0
LETTERS = np.array(list("aeioulnrstdmcpgbvhfqyjz"))


@pytest.mark.slow
def test_statistics_speed(capsys):
    """It fails by time only far above the aim, so that a busy machine does not fail it."""
    chance, settled = np.random.default_rng(1), Evaluate()
    vocabulary = ["".join(chance.choice(LETTERS, size)) for size in chance.integers(2, 9, 3000)]
    replies = pd.DataFrame(
        {"conversation": chance.integers(0, CLUSTERS, REPLIES), "question": "Open?"}
        | {who: spoken(chance, vocabulary, late) for late, who in enumerate(("real", "tuned", "sampled", "base"))}
        | {f"{who}_ended": chance.random(REPLIES) < 0.8 for who in ("tuned", "sampled", "base")}
    )
    clusters, scores = replies["conversation"].tolist(), chance.normal(size=REPLIES)
    labels = chance.random(REPLIES) < 0.5

    said = [replies[who].tolist() for who in ("real", "tuned", "sampled", "base")]

    def area(places):
        return auc(scores[places], labels[places])

    parts = {
        f"interval of a mean, {settled.bootstrap_samples} draws": lambda: bootstrap_mean(
            scores, 0.95, settled.bootstrap_samples, 1, clusters
        ),
        "interval of an AUC, 1000 draws": lambda: bootstrap(area, clusters, 0.95, 1000, 1),
        "style: nine classifiers, intervals, p": lambda: judge_style(replies, settled, 1),
        "voice: learned, and 2000 replies told": lambda: voice(*said[::3], 1)(said[1]),
        "health": lambda: judge_health(broken_replies(replies), settled, 1),
    }
    rows = []
    for name, work in parts.items():
        started = time.perf_counter()
        work()
        rows.append((name, time.perf_counter() - started))
    total = sum(seconds for _, seconds in rows)
    with capsys.disabled():
        print(f"\n{REPLIES} replies of {CLUSTERS} conversations, seconds (aim: {AIM:g} in all)")
        for name, seconds in [*rows, ("all", total)]:
            print(f"{name:<42}{seconds:>8.2f}")
    assert total < 5 * AIM


def spoken(chance, vocabulary, late):
    """Replies of about 100 characters; the later the speaker, the other the words."""
    words = vocabulary[late * 300 : late * 300 + 2000]
    return [" ".join(chance.choice(words, size)).capitalize() + "." for size in chance.integers(8, 25, REPLIES)]
