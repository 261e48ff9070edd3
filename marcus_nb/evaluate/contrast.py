"""What somebody else says to a like question: so that "learned to chat" is told from "learned this persona"."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from marcus_nb import formats, generate, text
from marcus_nb.conversation import Conversation
from marcus_nb.evaluate.asking import EvaluateError, Judged, Log, askable, begins_with_an_answer
from marcus_nb.parameters import Evaluate
from marcus_nb.words import worded

LEAST_LIKE = 0.25  # below, the nearest questions of the shipped personas ask about something else (LOG.md)
_COLUMNS = ["conversation", "question", "other_question", "similarity", "other_reply", "whose"]


def contrast_replies(
    test: Sequence[Conversation], parameters: Evaluate, root: Path, judged: Judged, log: Log
) -> pd.DataFrame:
    """For each held-out question, what somebody else says to a like question.

    Columns: conversation, question, other_question, similarity, other_reply ("" where no question is like enough),
    whose ("another persona" from `contrast_sources`; without them "the base model": its own reply to the question).
    """
    if not parameters.contrast_sources:
        log(f"no contrast_sources: the base model answers {len(test)} questions in their place")
        asked = [item for item in test if askable(judged, item)]
        chats = [judged.chat(("user", item.first_exchange[0])) for item in asked]
        answers = generate.replies(judged.base, judged.tokenizer, chats, parameters.max_new_tokens)
        replies = dict(zip([item.id for item in asked], answers, strict=True))
        rows = [
            (
                item.id,
                item.first_exchange[0],
                item.first_exchange[0],
                1.0,
                replies.get(item.id, ""),
                worded("the base model"),
            )
            for item in test
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)
    others = [
        tuple(text.tidy_whitespace(text.repair(part)) for part in item.first_exchange)
        for table in formats.read(parameters.contrast_sources, root, parameters.contrast_persona_name)
        for item in table.conversations
        if begins_with_an_answer(item)
    ]
    if not others:
        raise EvaluateError("evaluate.contrast_sources hold no conversation of the other persona")
    near = nearest([item.first_exchange[0] for item in test], [question for question, _ in others])
    rows = []
    for item, (place, likeness) in zip(test, near, strict=True):
        question, reply = others[place]
        like = reply if likeness >= LEAST_LIKE else ""
        rows.append((item.id, item.first_exchange[0], question, likeness, like, worded("another persona")))
    return pd.DataFrame(rows, columns=_COLUMNS)


def nearest(questions: Sequence[str], among: Sequence[str]) -> list[tuple[int, float]]:
    """For each question the place of the most like one among others, and how like: cosine of character 3-5-grams.

    >>> nearest(["Are you open?"], ["What is it?", "Are you open?"])
    [(1, 1.0)]
    """
    if not questions:
        return []
    words = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    theirs = words.fit_transform(among)
    likeness = (words.transform(questions) @ theirs.T).toarray()
    return [(int(row.argmax()), round(float(row.max()), 4)) for row in likeness]
