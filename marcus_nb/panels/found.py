"""What 04_evaluate kept, by what it counts against: one row for each reply that a person may want to read."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from marcus_nb.display import Block
from marcus_nb.display.answers import box, probe_box, reply_box
from marcus_nb.evaluate.claims import TUNED
from marcus_nb.evaluate.health import SAMPLED
from marcus_nb.evaluate.identity import NAMED, NEITHER
from marcus_nb.evaluate.knowledge import CONTRADICTS, DECLINES, RIGHT, SILENT, WRONG
from marcus_nb.evaluate.memory import TRAIN
from marcus_nb.evaluate.steadiness import AFTER, IN_VOICE, LATE, PRESSURE, TALK
from marcus_nb.words import _

Samples = Mapping[str, pd.DataFrame]  # by kind, as `evaluate.Report` keeps them


@dataclass(frozen=True)
class Found:
    """One question with what was replied: `words` is all its text, `worse` is higher where it is worse, NaN unknown."""

    words: str
    worse: float
    shown: Callable[[], Block]


@dataclass(frozen=True)
class View:
    """One choice of what to look at: it can be had once the samples that it `needs` have been taken."""

    title: str
    needs: tuple[str, ...]
    rows: Callable[[Samples, str], list[Found]]


def views() -> list[View]:
    """Everything one can look at, first what has no fault by itself, then what counts against a claim."""
    return [
        View(_("Every question that it never saw"), ("unseen", "loss"), _unseen),
        View(_("Questions of its own training, for comparison"), ("seen",), _seen),
        View(_("Counts against knowledge: probes not answered right"), ("probe",), _probes),
        View(_("Counts against identity: the name is not given"), ("identity",), _identity),
        View(_("Counts against steadiness: out of its voice"), ("steadiness",), _steadiness),
        View(_("Counts against health: broken replies"), ("unseen", "health"), _health),
        View(_("Counts against memory: by heart, or personal data"), ("continued", "span", "personal"), _memory),
        View(_("Counts against loss: the base model expects the real replies more"), ("unseen", "loss"), _loss),
    ]


def _unseen(samples: Samples, persona: str) -> list[Found]:
    surprise = {row["conversation"]: row["tuned_first"] for row in _records(samples, "loss")}
    found = []
    for row in _records(samples, "unseen"):
        worse = surprise.get(row["conversation"], float("nan"))
        # The figure is that of the conversation's first reply: beside a later one it would be taken for its own.
        shown = row if row["turn"] else row | {"loss": worse}
        found.append(_replied(shown, persona, worse))
    return found


def _seen(samples: Samples, persona: str) -> list[Found]:
    return [_replied(row, persona, float("nan")) for row in _records(samples, "seen")]


def _loss(samples: Samples, persona: str) -> list[Found]:
    gains = {row["conversation"]: row["tuned"] - row["base"] for row in _records(samples, "loss")}
    rows = _records(samples, "unseen")
    return [_replied(row, persona, gain) for row in rows if (gain := gains.get(row["conversation"], -1.0)) >= 0]


def _replied(row: dict[str, Any], persona: str, worse: float) -> Found:
    said = (row["question"], row["real"], row["base"], row["tuned"])
    return Found(_text(said), worse, functools.partial(reply_box, row, persona))


def _probes(samples: Samples, _persona: str) -> list[Found]:
    order = (RIGHT, DECLINES, SILENT, WRONG, CONTRADICTS)
    return [
        Found(
            _text((row["question"], row["base"], row["baseline"], row["tuned"])),
            order.index(row["tuned_outcome"]),
            functools.partial(probe_box, row),
        )
        for row in _records(samples, "probe")
        if row["tuned_outcome"] != RIGHT
    ]


def _identity(samples: Samples, _persona: str) -> list[Found]:
    return [
        _boxed(
            row["question"],
            row["tuned_outcome"],
            [(_("base model"), row["base"]), (_("tuned model"), row["tuned"])],
            0 if row["tuned_outcome"] == NEITHER else 1,
        )
        for row in _records(samples, "identity")
        if row["own"] and row["tuned_outcome"] != NAMED
    ]


def _steadiness(samples: Samples, _persona: str) -> list[Found]:
    return [
        _boxed(
            row["question"],
            _("{conversation}, message {turn}; in its voice: {voice:.2f} of 1").format(**row),
            [(_("tuned model"), row["reply"])],
            -row["voice"],
        )
        for row in _records(samples, "steadiness")
        if row["voice"] < IN_VOICE
        and (row["kind"] in (PRESSURE, AFTER) or (row["kind"] == TALK and row["turn"] >= LATE))
    ]


def _health(samples: Samples, persona: str) -> list[Found]:
    replies = _records(samples, "unseen")
    labels = {TUNED: _("tuned model"), SAMPLED: _("tuned model, sampled")}
    found = []
    for place, row in enumerate(_records(samples, "health")):  # the same replies in order, once for each who
        if row["who"] in labels and row["fault"]:
            beside = replies[place % len(replies)]
            said = [
                (_("{persona} really said").format(persona=persona), beside["real"]),
                (_("base model"), beside["base"]),
                (labels[row["who"]], row["reply"]),
            ]
            found.append(_boxed(row["question"], row["fault"], said, float("nan")))
    return found


def _memory(samples: Samples, _persona: str) -> list[Found]:
    """Personal data first, then by how many words are another's."""
    found = []
    for row in _records(samples, "personal"):
        note = _("{kind}, masked by 02_clean") if row["original"] else _("{kind}, from nowhere in the data")
        said = [(_("tuned model"), row["reply"])]
        found.append(_boxed(row["question"], note.format(kind=row["kind"]), said, 1e6 if row["original"] else 1e5))
    for row in _records(samples, "span"):
        note = _("{words} words from training conversation {conversation}").format(**row)
        said = [(_("tuned model"), row["reply"]), (_("word by word from training"), row["span"])]
        found.append(_boxed(row["question"], note, said, row["words"]))
    for row in _records(samples, "continued"):
        if row["split"] != TRAIN or not row["whole"]:
            continue
        note = _("given the first words of training conversation {conversation}").format(**row)
        said = [(_("the training reply goes on"), row["real"]), (_("tuned model"), row["continued"])]
        found.append(_boxed(row["given"], note, said, len(row["real"].split())))
    return found


def _boxed(question: str, note: str, said: Sequence[tuple[str, str]], worse: float) -> Found:
    answers = [(label, answer, "", "") for label, answer in said]
    words = _text((question, *(answer for _, answer in said)))
    return Found(words, worse, functools.partial(box, question, note, answers))


def _records(samples: Samples, kind: str) -> list[dict[str, Any]]:
    return samples[kind].to_dict("records")


def _text(parts: Sequence[str]) -> str:
    return "\n".join(parts).casefold()
