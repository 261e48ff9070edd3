"""Replies wherever nothing was learned from, each in its true context, beside what the persona really said."""

from collections.abc import Sequence

import pandas as pd

from marcus_nb import generate
from marcus_nb.conversation import PERSONA_ROLE, Conversation, Message
from marcus_nb.evaluate.asking import Judged, Log, why_not_asked
from marcus_nb.parameters import Evaluate
from marcus_nb.render import Chat

COLUMNS = ["conversation", "turn", "split", "question", "real"]


def unseen_replies(
    splits: dict[str, Sequence[Conversation]], judged: Judged, parameters: Evaluate, seed: int, log: Log
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Both models' replies wherever the persona replied in a conversation that nothing was learned from.

    `splits` is {"test": …, "validation": …}, the more important first; at most `replies_per_claim` rows. Columns:
    conversation, turn (0: the first reply), split, question, real, base, base_ended, tuned, tuned_ended (False: cut at
    max_new_tokens), sampled and sampled_ended (tuned at `temperature`). Second, what could not be asked, and why.
    """
    rows, chats, unasked = [], [], []
    for split, conversations in splits.items():
        for item in conversations:
            for turn, (chat, question, real) in enumerate(_places(item, judged)):
                problem = why_not_asked(judged, chat)
                if problem:
                    unasked.append((item.id, f"its reply {turn + 1} was not asked for: {problem}"))
                elif len(rows) < parameters.replies_per_claim:
                    rows.append((item.id, turn, split, question, real))
                    chats.append(chat)
                else:
                    limit = f"evaluate.replies_per_claim is {parameters.replies_per_claim}"
                    unasked.append((item.id, f"its reply {turn + 1} was not asked for: {limit}"))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for name, model, temperature in [
        ("base", judged.base, 0.0),
        ("tuned", judged.tuned, 0.0),
        ("sampled", judged.tuned, parameters.temperature),
    ]:
        log(f"{len(chats)} unseen questions, {name}")
        found = generate.answers(
            model, judged.tokenizer, chats, parameters.max_new_tokens, temperature=temperature, seed=seed, log=log
        )
        frame[name] = [reply.text for reply in found]
        frame[f"{name}_ended"] = [reply.ended for reply in found]
    return frame, unasked


def seen_replies(
    training: Sequence[Conversation], judged: Judged, parameters: Evaluate, count: int, log: Log
) -> pd.DataFrame:
    """The tuned model's replies to questions of its own training, to be read beside the unseen ones."""
    step = max(1, len(training) // count)
    items = [item for item in training[::step] if _places(item, judged)][:count]
    pairs = [(item, *_places(item, judged)[0]) for item in items]
    pairs = [pair for pair in pairs if why_not_asked(judged, pair[1]) is None]
    log(f"{len(pairs)} questions of the training data")
    chats = [chat for _, chat, _, _ in pairs]
    frame = pd.DataFrame([(item.id, 0, "train", question, real) for item, _, question, real in pairs], columns=COLUMNS)
    for name, model in (("base", judged.base), ("tuned", judged.tuned)):
        found = generate.answers(model, judged.tokenizer, chats, parameters.max_new_tokens)
        frame[name], frame[f"{name}_ended"] = [r.text for r in found], [r.ended for r in found]
    return frame


def said_before(item: Conversation, turn: int) -> tuple[Message, ...]:
    """What had been said before the reply that `unseen_replies` calls `turn` of this conversation, its question last.

    Raises IndexError where the conversation has no such reply.
    """
    return item.messages[: _answered(item)[turn]]


def _places(item: Conversation, judged: Judged) -> list[tuple[Chat, str, str]]:
    """Every reply of the persona that answers somebody: what had been said before it, the question, the real reply."""
    chat = item.as_chat(judged.system_prompt)
    start = len(chat) - len(item.messages)
    return [
        (chat[: start + place], item.messages[place - 1].content, item.messages[place].content)
        for place in _answered(item)
    ]


def _answered(item: Conversation) -> list[int]:
    """Where in a conversation the persona answers somebody: `[1, 3]`."""
    return [
        place
        for place, message in enumerate(item.messages)
        if place and message.role == PERSONA_ROLE and item.messages[place - 1].role == "user"
    ]


def side_by_side(replies: pd.DataFrame, loss: pd.DataFrame, parameters: Evaluate, seed: int) -> pd.DataFrame:
    """Rows of the unseen replies to be read: the best, the worst, and some at random, by the tuned model's loss.

    Columns: those of `replies` and chosen ("worst", "random", "best") and loss (of the tuned model on the real first
    reply, nats per token). A third of `side_by_side` each.
    """
    known = dict(zip(loss["conversation"], loss["tuned_first"], strict=True))
    first = replies[(replies["turn"] == 0) & replies["conversation"].isin(known)]
    first = first.assign(loss=[known[name] for name in first["conversation"]])
    ordered = first.sort_values("loss", ascending=False, kind="stable").reset_index(drop=True)
    each = max(1, min(parameters.side_by_side, len(ordered)) // 3)
    worst, best = ordered.head(each), ordered.tail(each)
    middle = ordered.iloc[each : max(each, len(ordered) - each)]
    middle = middle.sample(min(each, len(middle)), random_state=seed).sort_index()
    parts = [part.assign(chosen=name) for name, part in (("worst", worst), ("random", middle), ("best", best))]
    return pd.concat(parts).drop_duplicates(["conversation", "turn"]).reset_index(drop=True)
