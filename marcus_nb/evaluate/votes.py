"""Blind votes between the base model's reply and the tuned one's: what is voted on, and what the votes come to."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from marcus_nb.evaluate.claims import BASE, TUNED
from marcus_nb.evaluate.statistics import share
from marcus_nb.text import comparable

A, B, SAME, SKIPPED = "A", "B", "no difference", "skip"


@dataclass(frozen=True)
class Pair:
    """Both models' replies to the question before reply number `turn` of a held-out conversation."""

    conversation: str
    turn: int
    question: str
    said: Mapping[str, str]  # {"base": "I am an assistant.", "tuned": "Aye, skipper."}

    @property
    def replies(self) -> str:
        """Tells these two replies from those that another model of the draft gave to the question."""
        return hashlib.sha256(f"{self.said[BASE]}\0{self.said[TUNED]}".encode()).hexdigest()[:12]

    def order(self, session: int) -> list[str]:
        """Whose reply is A and whose is B for this voter: `["tuned", "base"]`."""
        who = [BASE, TUNED]
        random.Random(f"{session} {self.conversation} {self.turn}").shuffle(who)
        return who

    def was_voted_on(self, vote: Mapping[str, Any]) -> bool:
        asked = (vote.get("conversation"), vote.get("turn"), vote.get("replies"))
        return asked == (self.conversation, self.turn, self.replies)


def pairs(unseen: pd.DataFrame) -> list[Pair]:
    """What can be voted on of `evaluate.unseen_replies`: wherever the two models did not say the same."""
    return [
        Pair(row.conversation, int(row.turn), row.question, {BASE: row.base, TUNED: row.tuned})
        for row in unseen.itertuples()
        if comparable(row.base) != comparable(row.tuned)
    ]


@dataclass(frozen=True)
class Tally:
    """How often each was better, over all questions; of several votes on one the newest counts.

    `value` is the tuned model's share of the decided votes with its interval, None where nothing was decided.
    """

    tuned: int
    base: int
    same: int
    skipped: int
    left: int
    confidence: float
    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def decided(self) -> int:
        return self.tuned + self.base


def tally(asked: Sequence[Pair], votes: Sequence[Mapping[str, Any]], confidence: float) -> Tally:
    """Count votes, the oldest first, as `runs.feedback.votes` gives them; those on other replies do not count.

    The interval is Wilson's (1927) over the decided votes: near its nominal confidence for few votes, too, where
    Clopper and Pearson's is far wider than it need be (Brown, Cai, DasGupta, Statistical Science 16, 2001).
    """
    of = {(pair.conversation, pair.turn): pair for pair in asked}
    newest: dict[tuple[str, int], str] = {}
    for vote in votes:
        pair = of.get((vote.get("conversation"), vote.get("turn")))
        if pair and pair.was_voted_on(vote):
            chosen = vote["choice"]
            newest[pair.conversation, pair.turn] = vote["order"][(A, B).index(chosen)] if chosen in (A, B) else chosen
    counts = {what: list(newest.values()).count(what) for what in (TUNED, BASE, SAME, SKIPPED)}
    decided = counts[TUNED] + counts[BASE]
    interval = share(counts[TUNED], decided, confidence) if decided else (None, None, None)
    return Tally(*counts.values(), len(asked) - len(newest), confidence, *interval)
