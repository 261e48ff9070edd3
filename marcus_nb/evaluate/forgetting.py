"""What did the base model lose? Its surprise at a small general text, and simple tasks with answers to check."""

import math
import re
from collections.abc import Sequence

import pandas as pd

from marcus_nb import generate, models
from marcus_nb.evaluate.asking import Judged, Log, why_not_asked
from marcus_nb.evaluate.claims import (
    BASE,
    DIFFERENCE,
    OPEN,
    REFUTED,
    SUPPORTED,
    TUNED,
    Claim,
    Measured,
    at_most,
    interval,
    not_measurable,
)
from marcus_nb.evaluate.material import material
from marcus_nb.evaluate.statistics import bootstrap_mean, share
from marcus_nb.parameters import Evaluate
from marcus_nb.render import IGNORED, render
from marcus_nb.words import worded

PLAIN, ANSWER = worded("plain text"), worded("answer to a question")
TASK_TOKENS = 12  # a right answer is short
_FEWEST = 10  # passages for an interval


def general_losses(judged: Judged, log: Log) -> pd.DataFrame:
    """Both models' loss on a small general text, as plain text and as answers to questions.

    The questions are asked without the persona's system prompt: what was unlearned is looked for, not what the persona
    would not talk about. Columns: form ("plain text", "answer to a question"), kind, language, text, tokens, base,
    tuned (nats per token).
    """
    rows, scored = [], []
    for passage in material("general")["passages"]:
        ids = judged.tokenizer(passage["text"], add_special_tokens=False).input_ids
        rows.append((PLAIN, passage["kind"], passage["language"], passage["text"]))
        scored.append((ids, ids))
    for asked in material("general")["questions"]:
        chat = judged.chat(("user", asked["question"]), ("assistant", asked["answer"]), system=False)
        rendered = render(judged.tokenizer, chat)[-1]
        rows.append((ANSWER, asked["kind"], asked["language"], f"{asked['question']}\n{asked['answer']}"))
        scored.append((rendered.input_ids, rendered.labels))
    context = getattr(judged.tuned.config, "max_position_embeddings", None)
    fitting = [place for place, (ids, _) in enumerate(scored) if not context or len(ids) <= context]
    rows, scored = [rows[place] for place in fitting], [scored[place] for place in fitting]
    log(f"loss of {len(rows)} short general texts")
    frame = pd.DataFrame(rows, columns=["form", "kind", "language", "text"])
    # The first token of a text is predicted by nothing.
    frame["tokens"] = [sum(label != IGNORED for label in labels[1:]) for _, labels in scored]
    for who, model in ((BASE, judged.base), (TUNED, judged.tuned)):
        frame[who] = [loss / count for loss, count in models.negative_log_likelihood(model, scored)]
    return frame


def task_answers(judged: Judged, parameters: Evaluate, log: Log) -> pd.DataFrame:
    """Both models' answers to simple tasks, half of them in Spanish, without the persona's system prompt.

    Columns: language, question, must ("5 or five"), base, tuned, base_right, tuned_right.
    """
    tasks = [
        task
        for task in material("tasks")["tasks"]
        if why_not_asked(judged, judged.chat(("user", task["question"]), system=False)) is None
    ]
    log(f"{len(tasks)} simple tasks")
    frame = pd.DataFrame(
        [(task["language"], task["question"], " or ".join(task["must"])) for task in tasks],
        columns=["language", "question", "must"],
    )
    chats = [judged.chat(("user", task["question"]), system=False) for task in tasks]
    longest = min(parameters.max_new_tokens, TASK_TOKENS)
    for who, model in ((BASE, judged.base), (TUNED, judged.tuned)):
        frame[who] = generate.replies(model, judged.tokenizer, chats, longest) if chats else []
        frame[f"{who}_right"] = [is_right(reply, task["must"]) for reply, task in zip(frame[who], tasks, strict=True)]
    return frame


def is_right(reply: str, must: Sequence[str]) -> bool:
    """Whether a reply holds one of the accepted answers as whole words, in any case.

    >>> is_right("That makes FIVE, skipper.", ["5", "five"])
    True
    """
    return any(re.search(rf"(?<!\w){re.escape(words)}(?!\w)", reply, re.IGNORECASE) for words in must)


def judge_forgetting(
    general: pd.DataFrame, tasks: pd.DataFrame, parameters: Evaluate, seed: int
) -> tuple[list[Measured], Claim]:
    """The claim that the base model's general abilities are still there.

    Decided by how many times the base model's perplexity on general text the tuned model's is: the geometric mean of
    the texts' own ratios, whole texts drawn again.
    """
    name, statement = "forgetting", worded("Can still do in general what the base model could")
    found = []
    for measure, rows in (
        (worded("general text"), general),
        *(((form, general[general["form"] == form])) for form in (PLAIN, ANSWER)),
    ):
        if len(rows):
            for who in (BASE, TUNED):
                figures = map(math.exp, _mean(rows[who], parameters, seed))
                about = worded("perplexity, {texts}", texts=measure)
                found.append(Measured(name, about, worded("perplexity"), "lower", who, *figures, len(rows)))
            figures = map(math.exp, _mean(rows[TUNED] - rows[BASE], parameters, seed))
            about = worded("perplexity ratio, {texts}", texts=measure)
            found.append(Measured(name, about, "ratio", "lower", DIFFERENCE, *figures, len(rows)))
    right = {}
    for who in (BASE, TUNED):
        if len(tasks):
            right[who] = int(tasks[f"{who}_right"].sum())
            figures = share(right[who], len(tasks), parameters.confidence)
            found.append(Measured(name, worded("simple tasks right"), "share", "higher", who, *figures, len(tasks)))
    n = len(general)
    if n < _FEWEST:
        why = worded(
            "Not measurable: {n} general texts fit what the model reads at once, and {needed} are needed.",
            n=n,
            needed=_FEWEST,
        )
        return found, not_measurable(name, statement, why, n)
    value, low, high = map(math.exp, _mean(general[TUNED] - general[BASE], parameters, seed))
    wanted = parameters.max_forgetting
    status = at_most(value, low, high, wanted)
    solved = {"tasks": len(tasks), "right": right[TUNED], "base": right[BASE]} if right else {}
    sentence = worded(
        "Its perplexity on general text is {value} times the base model's ({confidence} interval {low} to {high}, n = "
        "{n} texts; at most {wanted}){solved}.",
        value=f"{value:.2f}",
        **interval(low, high, parameters.confidence, ".2f"),
        n=n,
        wanted=f"{wanted:.2f}",
        solved=worded("; of {tasks} simple tasks it solves {right}, the base model {base}", **solved) if solved else "",
    )
    advice = {
        SUPPORTED: "",
        OPEN: worded(
            "It may have unlearned something: ask it about other things than the persona's own before you deploy."
        ),
        REFUTED: worded("It unlearned much: lower train.learning_rate, or train for fewer epochs."),
    }[status]
    return found, Claim(name, statement, value, low, high, n, wanted, status, sentence, advice)


def _mean(values: pd.Series, parameters: Evaluate, seed: int) -> tuple[float, float, float]:
    return bootstrap_mean(values, parameters.confidence, parameters.bootstrap_samples, seed)
