"""Near-copies of held-out questions and of probes, found exactly: the Jaccard similarity of five-character runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from marcus_nb.clean.records import Drop
from marcus_nb.conversation import PERSONA_ROLE, Conversation
from marcus_nb.text import comparable, shingles

SHORT = 12  # characters; "Thank you!" is said by everybody and gives nothing away
_CELLS = 4_000_000  # similarities held at a time: 32 MB


@dataclass(frozen=True)
class Question:
    """What is compared: a customer's question, or the question with its reply where the question alone is short."""

    conversation: Conversation
    text: str


@dataclass(frozen=True)
class Nearest:
    """The most similar pair of two lists of texts: `Nearest(0.83, 4, 17)`; -1 where a list is empty."""

    similarity: float
    first: int
    second: int


def questions(conversations: Sequence[Conversation]) -> list[Question]:
    """Every customer's turn; one shorter than SHORT stands with the reply it got, and is left out if it got none."""
    found = []
    for conversation in conversations:
        for index, message in enumerate(conversation.messages):
            if message.role != "user":
                continue
            if len(comparable(message.content)) >= SHORT:
                found.append(Question(conversation, message.content))
                continue
            later = conversation.messages[index + 1 :]
            reply = next((other.content for other in later if other.role == PERSONA_ROLE), None)
            if reply is not None:
                found.append(Question(conversation, f"{message.content}\n{reply}"))
    return found


def nearest_of_each(texts: Sequence[str], others: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """For each text its highest similarity to any of the others, and which one that is (the first of equals).

    >>> nearest_of_each(["When do you open?"], ["Are dogs allowed?", "When do you OPEN?"])
    (array([1.]), array([1]))
    """
    if not texts or not others:
        return np.zeros(len(texts)), np.full(len(texts), -1)
    runs = CountVectorizer(analyzer=shingles, binary=True, dtype=np.int32).fit_transform([*texts, *others])
    sizes = np.asarray(runs.sum(axis=1)).ravel()
    ours, theirs = runs[: len(texts)], runs[len(texts) :]
    sizes, their_sizes = sizes[: len(texts)], sizes[len(texts) :]
    best, which = np.zeros(len(texts)), np.zeros(len(texts), dtype=int)
    height = max(1, _CELLS // len(others))
    for start in range(0, len(texts), height):
        rows = slice(start, start + height)
        shared = (ours[rows] @ theirs.T).toarray()
        similarity = shared / (sizes[rows, None] + their_sizes[None, :] - shared)
        which[rows] = similarity.argmax(axis=1)
        best[rows] = similarity.max(axis=1)
    return best, which


def nearest(texts: Sequence[str], others: Sequence[str]) -> Nearest:
    """The most similar pair."""
    best, which = nearest_of_each(texts, others)
    if not others or not len(best):
        return Nearest(0.0, -1, -1)
    first = int(best.argmax())
    return Nearest(float(best[first]), first, int(which[first]))


def like_probes(conversations: Sequence[Conversation], probes: Sequence[str], limit: float) -> list[Drop]:
    """Conversations with a question that resembles a probe; a probe has no reply, so short questions count as well."""
    asked = [Question(conversation, text) for conversation in conversations for text in conversation.questions]
    return _drops(asked, probes, limit, lambda probe: f"resembles the probe {probe!r}")


def like_held_out(conversations: Sequence[Conversation], held_out: Sequence[Conversation], limit: float) -> list[Drop]:
    """Conversations with a question that resembles one of a conversation that is kept for judging."""
    others = [question.text for question in questions(held_out)]
    return _drops(questions(conversations), others, limit, lambda _: "resembles a held-out question")


def _drops(
    asked: Sequence[Question], others: Sequence[str], limit: float, resembles: Callable[[str], str]
) -> list[Drop]:
    best, which = nearest_of_each([question.text for question in asked], others)
    worst: dict[str, int] = {}  # conversation id → its most telling question
    for index in np.flatnonzero(best > limit):
        kept = worst.setdefault(asked[index].conversation.id, index)
        if best[index] > best[kept]:
            worst[asked[index].conversation.id] = index
    return [
        Drop(
            asked[index].conversation,
            "leak",
            f"{resembles(others[which[index]])} ({best[index]:.2f}, limit {limit:g}): {asked[index].text!r}",
            others[which[index]],
        )
        for index in worst.values()
    ]
