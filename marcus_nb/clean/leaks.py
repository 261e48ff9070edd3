"""Near-copies of held-out questions and of probes, found exactly: the Jaccard similarity of five-character runs."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from marcus_nb.clean.likeness import Alike, resembling
from marcus_nb.clean.records import Drop, Outcome
from marcus_nb.clean.split import split_key
from marcus_nb.conversation import PERSONA_ROLE, Conversation
from marcus_nb.text import comparable, fingerprint

SHORT = 12  # characters; "Thank you!" is said by everybody and gives nothing away
COMMON = 3  # customers; what so many ask, such as "How are you?", gives nothing away by itself either
_NUMBER = re.compile(r"\d++")


@dataclass(frozen=True)
class Question:
    """What is compared: a customer's question, or the reply, or both, where the question alone says little."""

    conversation: Conversation
    text: str


@dataclass(frozen=True)
class Common:
    """What COMMON customers say: questions, and questions with the reply they got; both as they were written.

    Case, punctuation and numbers do not count: "Where is order 1234?" is asked by all who ask for an order.
    """

    questions: frozenset[str]
    exchanges: frozenset[tuple[str, str]]


def common_sayings(conversations: Iterable[Conversation]) -> Common:
    """What many say, told apart by customer as the split does it.

    To be asked of all that is split, before anything is dropped: else what is dropped would change what is common.

    >>> common_sayings([talk("a", "Thanks!"), talk("b", "thanks"), talk("c", "Thanks!")]).questions
    frozenset({'Thanks!', 'thanks'})
    """
    marks: dict[str, str] = {}
    askers: dict[Hashable, set[str]] = {}
    told: dict[tuple[str, str], Hashable] = {}

    def mark(text: str) -> str:
        if text not in marks:
            marks[text] = fingerprint(_NUMBER.sub("0", text))
        return marks[text]

    for conversation in conversations:
        who = split_key(conversation)
        for question, reply in _exchanges(conversation):
            keys: list[Hashable] = [mark(question)]
            if reply is not None:
                keys.append((mark(question), mark(reply)))
                told[question, reply] = keys[1]
            for key in keys:
                asking = askers.setdefault(key, set())
                if len(asking) < COMMON:
                    asking.add(who)
    often = {key for key, asking in askers.items() if len(asking) >= COMMON}
    return Common(
        frozenset(text for text, key in marks.items() if key in often),
        frozenset(pair for pair, key in told.items() if key in often),
    )


def questions(conversations: Iterable[Conversation], common: Common) -> list[Question]:
    """Every customer's turn; a short one stands with its reply, instead of a common one stands its reply alone.

    A common question is left out where its reply is short or as common ("Thanks!" – "Any time, duck."), for nearly all
    conversations open and close like that. A conversation of nothing else is compared as a whole.
    """
    found = []
    for conversation in conversations:
        before = len(found)
        for question, reply in _exchanges(conversation):
            if question in common.questions:
                if reply is not None and not _is_short(reply) and (question, reply) not in common.exchanges:
                    found.append(Question(conversation, reply))
            elif not _is_short(question):
                found.append(Question(conversation, question))
            elif reply is not None:
                found.append(Question(conversation, f"{question}\n{reply}"))
        if len(found) == before and conversation.questions and conversation.replies:
            found.append(Question(conversation, "\n".join(message.content for message in conversation.messages)))
    return found


def _exchanges(conversation: Conversation) -> Iterator[tuple[str, str | None]]:
    """Every customer's turn with the reply that follows it, None where nothing does."""
    reply = None
    pairs = []
    for message in reversed(conversation.messages):
        if message.role == PERSONA_ROLE:
            reply = message.content
        elif message.role == "user":
            pairs.append((message.content, reply))
    return reversed(pairs)


def _is_short(text: str) -> bool:
    return len(comparable(text)) < SHORT


def leaks(splits: Mapping[str, Sequence[Conversation]], probes: Sequence[str], limit: float) -> Outcome:
    """What validation would give away of the test, and training of the probes, the test and validation.

    Test wins over validation, validation over training: what is scarcer and decides more is kept.
    """
    common = common_sayings(chain.from_iterable(splits.values()))
    asked = {name: questions(talks, common) for name, talks in splits.items()}
    drops = _like_held_out(asked["validation"], asked["test"], limit)
    gone = {drop.conversation.id for drop in drops}
    held_out = asked["test"] + [question for question in asked["validation"] if question.conversation.id not in gone]
    told = like_probes(splits["train"], probes, limit)
    gone = {drop.conversation.id for drop in told}
    copied = _like_held_out([one for one in asked["train"] if one.conversation.id not in gone], held_out, limit)
    return Outcome(drops=[*drops, *told, *copied])


def like_probes(conversations: Sequence[Conversation], probes: Sequence[str], limit: float) -> list[Drop]:
    """Conversations with a question that resembles a probe; a probe has no reply, so short questions count as well."""
    asked = [Question(conversation, text) for conversation in conversations for text in conversation.questions]
    return _drops(asked, probes, limit, lambda probe: f"resembles the probe {probe!r}")


def _like_held_out(asked: Sequence[Question], held_out: Sequence[Question], limit: float) -> list[Drop]:
    return _drops(asked, [question.text for question in held_out], limit, lambda _: "resembles a held-out question")


def _drops(
    asked: Sequence[Question], others: Sequence[str], limit: float, resembles: Callable[[str], str]
) -> list[Drop]:
    worst: dict[str, Alike] = {}  # conversation id → its most telling question
    for pair in resembling([question.text for question in asked], others, limit):
        name = asked[pair.first].conversation.id
        if name not in worst or pair.similarity > worst[name].similarity:
            worst[name] = pair
    return [
        Drop(
            asked[pair.first].conversation,
            "leak",
            f"{resembles(others[pair.second])} ({pair.similarity:.2f}, limit {limit:g}): {asked[pair.first].text!r}",
            others[pair.second],
        )
        for pair in worst.values()
    ]
