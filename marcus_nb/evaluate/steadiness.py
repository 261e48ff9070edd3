"""Does it stay itself? Late in a conversation, and when somebody presses it to drop its part."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from marcus_nb import generate
from marcus_nb.evaluate.asking import Judged, Log, why_not_asked
from marcus_nb.evaluate.claims import (
    BASE,
    OPEN,
    REAL,
    REFUTED,
    SUPPORTED,
    TUNED,
    Claim,
    Measured,
    interval,
    not_measurable,
)
from marcus_nb.evaluate.material import material
from marcus_nb.evaluate.statistics import bootstrap_mean, share
from marcus_nb.parameters import Evaluate
from marcus_nb.render import Chat
from marcus_nb.words import worded

Voice = Callable[[Sequence[str]], np.ndarray]

TALK, PRESSURE, AFTER = "talk", "pressure", "after pressure"
TALKS, TURNS, PRESSED = 8, 5, 8
LATE = TURNS - 1  # the last two turns
IN_VOICE = 0.5  # of the probability that a voice gives: where most of the persona's real replies lie above
LONGEST = 40  # tokens of a reply
FIRST, UNDER_PRESSURE = worded("in its voice, first reply"), worded("in its voice, under pressure")


def steady_replies(
    unseen: pd.DataFrame,
    languages: Sequence[str],
    voice: Voice,
    judged: Judged,
    parameters: Evaluate,
    seed: int,
    log: Log,
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """The tuned model in conversations of five turns, in its own context, and under pressure to drop its part.

    `unseen` is the frame of unseen replies, whose first questions are asked one after the other; `languages` those of
    the persona (`identity.own_languages`); `voice` gives the probability that a reply is in the persona's voice.
    Columns: conversation ("talk 1", "pressure 3"), kind ("talk"; "pressure": the reply to it; "after pressure": the
    reply to the ordinary question that follows; and, not asked here but beside them as ceiling and floor, "real" and
    "base"), turn (from 1), question, reply, voice (0 to 1). Second, what could not be asked, and why.
    """
    first = unseen[unseen["turn"] == 0]
    plans = _plans(list(dict.fromkeys(first["question"])), languages, seed)
    log(f"{len(plans)} conversations to see whether it stays itself, {TALKS} of {TURNS} turns, {PRESSED} with pressure")
    chats: list[Chat] = [judged.chat() for _ in plans]
    rows, unasked = [], []
    going = list(range(len(plans)))
    for turn in range(TURNS):
        asked = []
        for place in going:
            if turn < len(plans[place][1]):
                kind, question = plans[place][1][turn]
                chat = [*chats[place], {"role": "user", "content": question}]
                problem = why_not_asked(judged, chat)
                if problem:
                    unasked.append((plans[place][0], f"its turn {turn + 1} was not asked: {problem}"))
                else:
                    asked.append((place, kind, question, chat))
        replies = generate.replies(
            judged.tuned, judged.tokenizer, [chat for *_, chat in asked], min(parameters.max_new_tokens, LONGEST)
        )
        for (place, kind, question, chat), reply in zip(asked, replies, strict=True):
            rows.append((plans[place][0], kind, turn + 1, question, reply))
            chats[place] = [*chat, {"role": "assistant", "content": reply}]
        going = [place for place, *_ in asked]
    for who in (REAL, BASE):
        rows += [(row.conversation, who, 1, row.question, getattr(row, who)) for row in first.itertuples()]
    frame = pd.DataFrame(rows, columns=["conversation", "kind", "turn", "question", "reply"])
    frame["voice"] = np.asarray(voice(list(frame["reply"])), dtype=float) if len(frame) else []
    return frame, unasked


def _plans(questions: Sequence[str], languages: Sequence[str], seed: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each conversation's name and its (kind, question) turns; no question twice in one of them."""
    if not questions:
        return []
    chance = random.Random(seed)
    order = list(questions)
    chance.shuffle(order)
    plans = []
    for talk in range(TALKS):
        turns = [order[(talk * TURNS + turn) % len(order)] for turn in range(min(TURNS, len(order)))]
        plans.append((f"{TALK} {talk + 1}", [(TALK, question) for question in turns]))
    pressing = [
        text for texts in _by_turns([material("identity")["pressure"][name] for name in languages]) for text in texts
    ]
    for place, text in enumerate(pressing[:PRESSED]):
        plans.append((f"{PRESSURE} {place + 1}", [(PRESSURE, text), (AFTER, chance.choice(order))]))
    return plans


def _by_turns(lists: Sequence[Sequence[str]]) -> list[list[str]]:
    """`[["a", "b"], ["c"]]` → `[["a", "c"], ["b"]]`."""
    longest = max(map(len, lists))
    return [[texts[place] for texts in lists if place < len(texts)] for place in range(longest)]


def judge_steadiness(frame: pd.DataFrame, parameters: Evaluate, seed: int) -> tuple[list[Measured], Claim]:
    """The claim that it stays in its voice, decided by its replies late in a conversation and under pressure."""
    name, statement = "steadiness", worded("Stays itself in a long conversation and under pressure")
    deciding = frame[((frame["kind"] == TALK) & (frame["turn"] >= LATE)) | frame["kind"].isin([PRESSURE, AFTER])]
    n, needed = len(deciding), parameters.min_test_conversations
    if n < needed:
        why = worded(
            "Not measurable: {n} replies late in a conversation or under pressure, and {needed} are needed.",
            n=n,
            needed=needed,
        )
        return [], not_measurable(name, statement, why, n)

    def within(rows: pd.DataFrame) -> tuple[float, float, float]:
        held, clusters = rows["voice"] >= IN_VOICE, list(rows["conversation"])
        if held.nunique() == 1:  # drawing again what is all the same says that there is no doubt at all
            count = len(set(clusters))
            return share(count if held.iloc[0] else 0, count, parameters.confidence)
        return bootstrap_mean(held.astype(float), parameters.confidence, parameters.bootstrap_samples, seed, clusters)

    found = []
    for measure, who, rows in (
        (FIRST, BASE, frame[frame["kind"] == BASE]),
        (FIRST, TUNED, frame[(frame["kind"] == TALK) & (frame["turn"] == 1)]),
        (FIRST, REAL, frame[frame["kind"] == REAL]),
        (
            worded("in its voice, late in a conversation"),
            TUNED,
            frame[(frame["kind"] == TALK) & (frame["turn"] >= LATE)],
        ),
        (UNDER_PRESSURE, TUNED, frame[frame["kind"] == PRESSURE]),
        (worded("in its voice, after pressure"), TUNED, frame[frame["kind"] == AFTER]),
    ):
        if len(rows):
            found.append(Measured(name, measure, "share", "higher", who, *within(rows), len(rows)))
    value, low, high = within(deciding)
    found.append(Measured(name, worded("in its voice, late or pressed"), "share", "higher", TUNED, value, low, high, n))
    wanted = parameters.min_steadiness
    status = SUPPORTED if value >= wanted else REFUTED if high < wanted else OPEN
    told = {item.measure: f"{item.value:.0%}" for item in found if item.who == TUNED}
    sentence = worded(
        "{value} of its replies late in a conversation and under pressure are in the persona's voice ({confidence} "
        "interval {low} to {high}, n = {n}), against {first} of its first replies; under pressure to drop its part "
        "{pressed}; asked for: {wanted}.",
        value=f"{value:.0%}",
        **interval(low, high, parameters.confidence),
        n=n,
        first=told.get(FIRST, worded("none")),
        pressed=told.get(UNDER_PRESSURE, worded("none")),
        wanted=f"{wanted:.0%}",
    )
    fallen = frame[frame["kind"].isin([PRESSURE, AFTER])]
    pressed = (fallen["voice"] < IN_VOICE).mean() if len(fallen) else 0.0
    advice = {
        SUPPORTED: "",
        OPEN: worded("It loses its voice at times: read its replies late in a conversation and under pressure."),
        REFUTED: worded(
            "Bring longer conversations of the persona, so that it learns to stay itself from turn to turn."
        )
        if pressed <= 1 - value
        else worded("Add conversations in which customers press the persona to talk differently, and it stays itself."),
    }[status]
    return found, Claim(name, statement, value, low, high, n, wanted, status, sentence, advice)
