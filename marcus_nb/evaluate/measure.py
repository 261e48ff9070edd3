"""What is asked of base and tuned model, on conversations and questions that training never saw."""

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from marcus_nb import formats, generate, models, text
from marcus_nb.conversation import PERSONA_ROLE, Conversation, read_conversations
from marcus_nb.parameters import Evaluate, Probe
from marcus_nb.render import IGNORED, Chat, RenderError, prompt_ids, render
from marcus_nb.runs import Stage, read_json

Log = Callable[[str], None]


class EvaluateError(RuntimeError):
    """Something that the evaluation needs and that is missing or does not fit; the message says what to do."""


@dataclass(frozen=True)
class Judged:
    """The two models side by side: `tuned` is the merged model, loaded from the folder that is deployed."""

    base: Any
    tuned: Any
    tokenizer: Any  # the base model's own: it still inserts its own system message when none is given
    system_prompt: str

    def chat(self, *messages: tuple[str, str], system: bool = True) -> Chat:
        """`judged.chat(("user", "Open?"))` → the messages with the persona's system message in front."""
        opening = [{"role": "system", "content": self.system_prompt}] if system else []
        return opening + [{"role": role, "content": content} for role, content in messages]


def trained_base(stage: Stage) -> models.Base:
    """The base model, checked. Raises EvaluateError when it is not the one that the adapter was trained on."""
    base = models.find_base(stage.parameters.shared.base_model)
    trained = read_json(stage.written_by("train", "outcome.json"))["base_model"]
    if trained != base.record:
        raise EvaluateError(
            f"The adapter was trained on {trained['name']} (sha256 {trained['sha256'][:12]}), and base_model now is "
            f"{base.name} (sha256 {base.sha256[:12]}): run 03_train.ipynb again"
        )
    return base


def load_judged(stage: Stage, model_folder: Path) -> Judged:
    """Load the base model and the deployed one, both in float32.

    Raises EvaluateError when the base model is not the one the adapter was trained on.
    """
    base = trained_base(stage)
    place = models.device()
    tuned, _ = models.load_exported(model_folder)
    return Judged(
        models.load_base(base).to(place),
        tuned.to(place),
        models.load_tokenizer(base),
        stage.parameters.shared.system_prompt,
    )


def read_test(stage: Stage) -> list[Conversation]:
    """The held-out conversations that begin with a question and its answer."""
    conversations = read_conversations(stage.written_by("clean", "test.jsonl"))
    return [item for item in conversations if [m.role for m in item.messages[:2]] == ["user", PERSONA_ROLE]]


def contrast_replies(
    test: Sequence[Conversation], parameters: Evaluate, root: Path, judged: Judged, log: Log
) -> pd.DataFrame:
    """For each held-out question, what somebody else says to a like question.

    Columns: conversation, question, other_question, similarity, other_reply, whose ("another persona" from
    `contrast_sources`, by the nearest question; without them "the base model": its own reply to the same question).
    """
    if not parameters.contrast_sources:
        log(f"no contrast_sources: the base model answers {len(test)} questions in their place")
        asked = [item for item in test if askable(judged, item)]
        chats = [judged.chat(("user", item.first_exchange[0])) for item in asked]
        answers = generate.replies(judged.base, judged.tokenizer, chats, parameters.max_new_tokens)
        replies = dict(zip([item.id for item in asked], answers, strict=True))
        return pd.DataFrame(
            {
                "conversation": [item.id for item in test],
                "question": [item.first_exchange[0] for item in test],
                "other_question": [item.first_exchange[0] for item in test],
                "similarity": 1.0,
                "other_reply": [replies.get(item.id, "") for item in test],
                "whose": "the base model",
            }
        )
    others = [
        tuple(text.tidy_whitespace(text.repair(part)) for part in item.first_exchange)
        for table in formats.read(parameters.contrast_sources, root, parameters.contrast_persona_name)
        for item in table.conversations
    ]
    if not others:
        raise EvaluateError("evaluate.contrast_sources hold no conversation of the other persona")
    rows = []
    for item in test:
        scored = [(text.similarity(item.first_exchange[0], question), question, reply) for question, reply in others]
        near, question, reply = max(scored, key=lambda entry: entry[0])
        rows.append((item.id, item.first_exchange[0], question, near, reply, "another persona"))
    return pd.DataFrame(
        rows, columns=["conversation", "question", "other_question", "similarity", "other_reply", "whose"]
    )


def losses(
    test: Sequence[Conversation], contrast: pd.DataFrame, judged: Judged, seed: int, log: Log
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Loss per persona token (nats) of each held-out conversation, in the ways that the claims compare.

    Columns: conversation, question, tokens; whole conversation: base, tuned, tuned_no_system; its first exchange:
    base_first, tuned_first; the same reply to another conversation's question: base_shuffled, tuned_shuffled;
    the other's reply to the like question: base_other, tuned_other. NaN where a comparison is not to be had.
    Second, the conversations that could not be scored, wholly or in one comparison, with the reason.
    """
    kept, unscored = [], []
    for item in test:
        problem = _problem(judged, item.as_chat(judged.system_prompt)) or _problem(judged, item.as_chat())
        if problem:
            unscored.append((item.id, problem))
        else:
            kept.append(item)
    strangers = _strangers([item.first_exchange[0] for item in kept], seed)
    others = dict(zip(contrast["conversation"], contrast["other_reply"], strict=True))
    jobs: dict[str, list[Chat | None]] = {name: [] for name in ("whole", "no_system", "first", "shuffled", "other")}
    for item, stranger in zip(kept, strangers, strict=True):
        question, reply = item.first_exchange
        jobs["whole"].append(item.as_chat(judged.system_prompt))
        jobs["no_system"].append(item.as_chat())
        jobs["first"].append(judged.chat(("user", question), (PERSONA_ROLE, reply)))
        # Where a comparison is not to be had, the conversation itself can still be scored.
        for name, against, chat in [
            ("shuffled", "another conversation's question", judged.chat(("user", stranger), (PERSONA_ROLE, reply))),
            ("other", "the other's reply", judged.chat(("user", question), (PERSONA_ROLE, others[item.id]))),
        ]:
            problem = _problem(judged, chat) if name == "other" or stranger else "there is no other question"
            jobs[name].append(None if problem else chat)
            if problem:
                unscored.append((item.id, f"only the comparison with {against}: {problem}"))

    def per_token(model: Any, name: str) -> list[float]:
        log(f"loss of {len(jobs[name])} conversations, {name.replace('_', ' ')}")
        rendered = [
            (place, item) for place, chat in enumerate(jobs[name]) if chat for item in render(judged.tokenizer, chat)
        ]
        scored = models.negative_log_likelihood(model, [(item.input_ids, item.labels) for _, item in rendered])
        sums, counts = [0.0] * len(kept), [0] * len(kept)
        for (place, _), (loss, count) in zip(rendered, scored, strict=True):
            sums[place] += loss
            counts[place] += count
        return [loss / count if count else math.nan for loss, count in zip(sums, counts, strict=True)]

    rendered = [render(judged.tokenizer, chat) for chat in jobs["whole"]]
    frame = pd.DataFrame(
        {
            "conversation": [item.id for item in kept],
            "question": [item.first_exchange[0] for item in kept],
            "tokens": [sum(label != IGNORED for item in items for label in item.labels) for items in rendered],
            "base": per_token(judged.base, "whole"),
            "tuned": per_token(judged.tuned, "whole"),
            "tuned_no_system": per_token(judged.tuned, "no_system"),
            "base_first": per_token(judged.base, "first"),
            "tuned_first": per_token(judged.tuned, "first"),
            "base_shuffled": per_token(judged.base, "shuffled"),
            "tuned_shuffled": per_token(judged.tuned, "shuffled"),
            "base_other": per_token(judged.base, "other"),
            "tuned_other": per_token(judged.tuned, "other"),
        }
    )
    return frame, unscored


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


def _problem(judged: Judged, chat: Chat) -> str | None:
    """Why a conversation cannot be scored; None when it can."""
    try:
        tokens = max(len(item.input_ids) for item in render(judged.tokenizer, chat))
    except RenderError as error:
        return str(error)
    context = getattr(judged.tuned.config, "max_position_embeddings", None)
    return f"needs {tokens} tokens where the model reads {context} at once" if context and tokens > context else None


def askable(judged: Judged, item: Conversation) -> bool:
    """Whether the models can be asked a conversation's first question: not when it forges the edge of a turn."""
    try:
        prompt_ids(judged.tokenizer, judged.chat(("user", item.first_exchange[0])))
    except RenderError:
        return False
    return True


def side_by_side(
    test: Sequence[Conversation], loss: pd.DataFrame, judged: Judged, parameters: Evaluate, log: Log
) -> pd.DataFrame:
    """Replies of both models to held-out questions, the worst for the tuned model first.

    Columns: conversation, question, real (what the persona said), base, tuned, loss (tuned, per token).
    """
    worst = loss.sort_values("tuned_first", ascending=False)
    # Evenly over the sorted list: the worst is there, and so are the ordinary and the best.
    count = min(parameters.side_by_side, len(worst))
    last = len(worst) - 1
    chosen = worst.iloc[[round(place * last / max(1, count - 1)) for place in range(count)]]
    by_id = {item.id: item for item in test}
    items = [by_id[name] for name in chosen["conversation"]]
    chats = [judged.chat(("user", item.first_exchange[0])) for item in items]
    log(f"both models answer {len(chats)} held-out questions")
    return pd.DataFrame(
        {
            "conversation": [item.id for item in items],
            "question": [item.first_exchange[0] for item in items],
            "real": [item.first_exchange[1] for item in items],
            "base": generate.replies(judged.base, judged.tokenizer, chats, parameters.max_new_tokens),
            "tuned": generate.replies(judged.tuned, judged.tokenizer, chats, parameters.max_new_tokens),
            "loss": chosen["tuned_first"].to_list(),
        }
    )


def probe_answers(
    probes: Sequence[Probe], training: Sequence[Conversation], judged: Judged, parameters: Evaluate, log: Log
) -> pd.DataFrame:
    """Both models' answers to the knowledge probes, scored by what they must and must not contain.

    Columns: question, must, base, tuned, base_right, tuned_right, nearest (the training question most like it),
    similarity.
    """
    columns = ["question", "must", "base", "tuned", "base_right", "tuned_right", "nearest", "similarity"]
    if not probes:
        return pd.DataFrame(columns=columns)
    log(f"both models answer {len(probes)} knowledge probes")
    chats = [judged.chat(("user", probe.question)) for probe in probes]
    base = generate.replies(judged.base, judged.tokenizer, chats, parameters.max_new_tokens)
    tuned = generate.replies(judged.tuned, judged.tokenizer, chats, parameters.max_new_tokens)
    asked = [question for item in training for question in item.questions]
    rows = []
    for probe, from_base, from_tuned in zip(probes, base, tuned, strict=True):
        near = max(asked, key=lambda question: text.similarity(probe.question, question))
        rows.append(
            (
                probe.question,
                " or ".join(probe.must),
                from_base,
                from_tuned,
                answers_right(from_base, probe),
                answers_right(from_tuned, probe),
                near,
                text.similarity(probe.question, near),
            )
        )
    return pd.DataFrame(rows, columns=columns)


def answers_right(answer: str, probe: Probe) -> bool:
    """Whether an answer contains one of `must` and none of `must_not`, as whole words; case does not count."""

    def holds(words: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", answer, re.IGNORECASE) is not None

    return any(map(holds, probe.must)) and not any(map(holds, probe.must_not))
