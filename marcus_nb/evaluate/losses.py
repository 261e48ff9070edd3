"""How surprised the models are by what the persona really said, and the counter-checks."""

import math
import random
from collections.abc import Sequence
from typing import Any

import pandas as pd

from marcus_nb import models, text
from marcus_nb.conversation import PERSONA_ROLE, Conversation
from marcus_nb.evaluate.asking import Judged, Log, why_not_scored
from marcus_nb.evaluate.statistics import bootstrap_mean
from marcus_nb.parameters import Evaluate
from marcus_nb.render import IGNORED, Chat, render
from marcus_nb.words import worded

_ASKED = (
    (worded("the whole conversation"), "base", "baseline", "tuned"),
    (worded("the whole conversation; the tuned model without its system prompt"), "base", "", "tuned_no_system"),
    (worded("the first reply, after its own question"), "base_first", "", "tuned_first"),
    (worded("the same reply, after another conversation's question"), "base_shuffled", "", "tuned_shuffled"),
    (worded("somebody else's reply to a like question"), "base_other", "", "tuned_other"),
)


def conversation_losses(
    test: Sequence[Conversation], contrast: pd.DataFrame, judged: Judged, seed: int, log: Log
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Loss per persona token (nats) of each held-out conversation, in the ways that the claims compare.

    Columns: conversation, question, tokens, bytes (of the persona's turns); whole conversation: base, baseline (told
    the persona with three examples), tuned, tuned_no_system; its first exchange: base_first, tuned_first; the same
    reply to another conversation's question: base_shuffled, tuned_shuffled; the other's reply to a like question:
    base_other, tuned_other. NaN where a comparison is not to be had.
    Second, the conversations that could not be scored, wholly or in one comparison, with the reason.
    """
    kept, unscored = [], []
    for item in test:
        problem = why_not_scored(judged, item.as_chat(judged.system_prompt)) or why_not_scored(judged, item.as_chat())
        if problem:
            unscored.append((item.id, problem))
        else:
            kept.append(item)
    strangers = _strangers([item.first_exchange[0] for item in kept], seed)
    others = dict(zip(contrast["conversation"], contrast["other_reply"], strict=True))
    asked: dict[str, list[Chat | None]] = {
        name: [] for name in ("whole", "baseline", "no_system", "first", "shuffled", "other")
    }
    for item, stranger in zip(kept, strangers, strict=True):
        question, reply = item.first_exchange
        asked["whole"].append(item.as_chat(judged.system_prompt))
        asked["no_system"].append(item.as_chat())
        asked["first"].append(judged.chat(("user", question), (PERSONA_ROLE, reply)))
        # Where a comparison is not to be had, the conversation itself can still be scored.
        for name, against, wanted, chat in [
            ("baseline", "the model that is told the persona", True, item.as_chat(judged.baseline_prompt)),
            ("shuffled", "another question", stranger, judged.chat(("user", stranger), (PERSONA_ROLE, reply))),
            (
                "other",
                "somebody else's reply",
                others[item.id],
                judged.chat(("user", question), (PERSONA_ROLE, others[item.id])),
            ),
        ]:
            problem = why_not_scored(judged, chat) if wanted else "there is none like it"
            asked[name].append(None if problem else chat)
            if problem:
                unscored.append((item.id, f"only the comparison with {against}: {problem}"))
    log(f"loss of {len(kept)} held-out conversations, asked in {len(asked)} ways of two models")
    base = _per_token(judged.base, judged.tokenizer, asked, ("whole", "baseline", "first", "shuffled", "other"))
    tuned = _per_token(judged.tuned, judged.tokenizer, asked, ("whole", "no_system", "first", "shuffled", "other"))
    rendered = [render(judged.tokenizer, chat) for chat in asked["whole"]]
    frame = pd.DataFrame(
        {
            "conversation": [item.id for item in kept],
            "question": [item.first_exchange[0] for item in kept],
            "tokens": [sum(label != IGNORED for item in items for label in item.labels) for items in rendered],
            "bytes": [sum(len(reply.encode("utf-8")) for reply in item.replies) for item in kept],
            "base": base["whole"],
            "baseline": base["baseline"],
            "tuned": tuned["whole"],
            "tuned_no_system": tuned["no_system"],
            **{f"base_{name}": base[name] for name in ("first", "shuffled", "other")},
            **{f"tuned_{name}": tuned[name] for name in ("first", "shuffled", "other")},
        }
    )
    return frame, unscored


def _per_token(
    model: Any, tokenizer: Any, asked: dict[str, list[Chat | None]], ways: Sequence[str]
) -> dict[str, list[float]]:
    """Loss per labelled token of each conversation in each way; a text that is asked in two ways is read once."""
    places: dict[tuple, int] = {}
    wanted: dict[str, list[list[int]]] = {}
    for way in ways:
        wanted[way] = []
        for chat in asked[way]:
            items = render(tokenizer, chat) if chat else []
            keys = [(tuple(item.input_ids), tuple(item.labels)) for item in items]
            wanted[way].append([places.setdefault(key, len(places)) for key in keys])
    scored = models.negative_log_likelihood(model, list(places))
    found: dict[str, list[float]] = {}
    for way, rows in wanted.items():
        sums = [(sum(scored[place][0] for place in row), sum(scored[place][1] for place in row)) for row in rows]
        found[way] = [loss / count if count else math.nan for loss, count in sums]
    return found


def _strangers(questions: Sequence[str], seed: int) -> list[str]:
    """For each question another one: the next in a shuffled circle that does not say the same; "" where none does."""
    order = list(range(len(questions)))
    random.Random(seed).shuffle(order)
    said = [text.comparable(question) for question in questions]
    found = [""] * len(questions)
    for place, index in enumerate(order):
        circle = (order[(place + step) % len(order)] for step in range(1, len(order)))
        found[index] = next((questions[other] for other in circle if said[other] != said[index]), "")
    return found


def ways_of_asking(loss: pd.DataFrame, parameters: Evaluate, seed: int) -> pd.DataFrame:
    """Mean losses in each way of asking, and the gain of the pairs: each conversation is compared with itself.

    Columns: asked, base, baseline (NaN where it is not asked), tuned, gain with its low and high, n (conversations).
    """
    rows = []
    for asked, base, baseline, tuned in _ASKED:
        both = loss[[base, tuned]].dropna()
        gain = (math.nan, math.nan, math.nan)
        if len(both):
            gains = both[base] - both[tuned]
            gain = bootstrap_mean(gains, parameters.confidence, parameters.bootstrap_samples, seed)
        told = loss[baseline].mean() if baseline else math.nan
        rows.append((asked, both[base].mean(), told, both[tuned].mean(), *gain, len(both)))
    return pd.DataFrame(rows, columns=["asked", "base", "baseline", "tuned", "gain", "low", "high", "n"])
