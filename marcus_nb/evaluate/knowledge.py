"""Does it know the facts? Probes in wordings that training never saw, and what became of each."""

import re
from collections.abc import Sequence

import pandas as pd

from marcus_nb import generate
from marcus_nb.conversation import Conversation
from marcus_nb.evaluate.asking import Judged, Log, why_not_asked
from marcus_nb.evaluate.claims import (
    BASE,
    BASELINE,
    OPEN,
    REFUTED,
    SUPPORTED,
    TUNED,
    Claim,
    Measured,
    interval,
    not_measurable,
)
from marcus_nb.evaluate.contrast import nearest
from marcus_nb.evaluate.statistics import share
from marcus_nb.parameters import Evaluate, Probe
from marcus_nb.words import worded

RIGHT, CONTRADICTS, DECLINES, SILENT, WRONG = "right", "contradicts", "declines", "silent", "wrong"
_DECLINES = re.compile(
    r"\b(?:I(?:'m| am) (?:not sure|sorry|afraid|unable)|I (?:do not|don't|cannot|can't) (?:know|say|help|answer)"
    r"|no (?:lo )?s[ée]\b|no puedo|lo siento|je ne (?:sais|peux)|désolée?|weiß (?:ich )?nicht|leider nicht|non lo so"
    r"|non posso|mi dispiace|não sei|não posso|desculpe|ho sento|no ho sé)",
    re.IGNORECASE,
)
_WHO = {BASE: "base model", BASELINE: "base model that is told the persona", TUNED: "tuned model"}


def probe_answers(
    probes: Sequence[Probe], training: Sequence[Conversation], judged: Judged, parameters: Evaluate, log: Log
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Answers of base model, baseline and tuned model to the knowledge probes, scored by what they contain.

    Columns: question, must, base, baseline, tuned and base_outcome, baseline_outcome, tuned_outcome (`outcome`),
    nearest (the training question most like it), similarity. Second, the probes that could not be asked, and why.
    """
    columns = ["question", "must", "nearest", "similarity"]
    columns += [name + ending for name in _WHO for ending in ("", "_outcome")]
    asked, unasked = [], []
    for probe in probes:
        chats = (judged.chat(("user", probe.question)), judged.told(("user", probe.question)))
        problem = next(filter(None, (why_not_asked(judged, chat) for chat in chats)), None)
        if problem:
            unasked.append((probe.question, f"the probe could not be asked: {problem}"))
        else:
            asked.append(probe)
    if not asked:
        return pd.DataFrame(columns=columns), unasked
    log(f"{len(asked)} knowledge probes, asked of base model, baseline and tuned model")
    questions = [question for item in training for question in item.questions]
    near = nearest([probe.question for probe in asked], questions)
    frame = pd.DataFrame(
        {
            "question": [probe.question for probe in asked],
            "must": [" or ".join(probe.must) for probe in asked],
            "nearest": [questions[place] for place, _ in near],
            "similarity": [likeness for _, likeness in near],
        }
    )
    plain = [judged.chat(("user", probe.question)) for probe in asked]
    told = [judged.told(("user", probe.question)) for probe in asked]
    for who, model, chats in ((BASE, judged.base, plain), (BASELINE, judged.base, told), (TUNED, judged.tuned, plain)):
        frame[who] = generate.replies(model, judged.tokenizer, chats, parameters.max_new_tokens)
        frame[f"{who}_outcome"] = [outcome(reply, probe) for reply, probe in zip(frame[who], asked, strict=True)]
    return frame[columns], unasked


def outcome(answer: str, probe: Probe) -> str:
    """What became of a probe: right (one of `must` and none of `must_not`, as whole words; case does not count),
    contradicts (one of `must_not`), declines, silent, or wrong.

    >>> outcome("Shut on Tuesday.", Probe(question="When?", must=["Tuesday"]))
    'right'
    """
    if not answer.strip():
        return SILENT
    if any(_holds(answer, words) for words in probe.must_not):
        return CONTRADICTS
    if any(_holds(answer, words) for words in probe.must):
        return RIGHT
    return DECLINES if _DECLINES.search(answer) else WRONG


def _holds(answer: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", answer, re.IGNORECASE) is not None


def judge_knowledge(answers: pd.DataFrame, parameters: Evaluate) -> tuple[list[Measured], Claim]:
    """The claim about the facts, with contradictions and refusals counted apart."""
    name, statement = "knowledge", worded("Knows most of the facts, in wordings it never saw")
    n = len(answers)
    if n == 0:
        why = worded("Not measurable: no probes are given (n = 0); write some under shared.probes in the YAML.")
        return [], not_measurable(name, statement, why)
    found = []
    for who in _WHO:
        outcomes = answers[f"{who}_outcome"]
        for result, measure, better in (
            (RIGHT, worded("probes right"), "higher"),
            (CONTRADICTS, worded("probes contradicts"), "lower"),
            (DECLINES, worded("probes declines"), ""),
            (SILENT, worded("probes silent"), "lower"),
        ):
            figures = share(int((outcomes == result).sum()), n, parameters.confidence)
            found.append(Measured(name, measure, "share", better, who, *figures, n))
    right, base, baseline = (int((answers[f"{who}_outcome"] == RIGHT).sum()) for who in (TUNED, BASE, BASELINE))
    value, low, high = share(right, n, parameters.confidence)
    wanted = parameters.min_right_probes
    enough = value >= wanted and low > base / n
    hopeless = right <= base or high < wanted
    status = REFUTED if hopeless else SUPPORTED if enough else OPEN
    contradicted = int((answers["tuned_outcome"] == CONTRADICTS).sum())
    sentence = worded(
        "It answers {right} of {n} probes right ({confidence} interval {low} to {high}), the base model {base}, and "
        "{baseline} when it is told the persona; contradicting the facts: {contradicted}; asked for: {wanted}, and "
        "more than the base model beyond chance.",
        right=right,
        n=n,
        **interval(low, high, parameters.confidence),
        base=base,
        baseline=baseline,
        contradicted=contradicted,
        wanted=f"{wanted:.0%}",
    )
    failed = "; ".join(answers.loc[answers["tuned_outcome"] != RIGHT, "question"].head(5))
    advice = worded("Bring more conversations, in several wordings, about: {questions}", questions=failed)
    advice = "" if status == SUPPORTED else advice
    return found, Claim(name, statement, value, low, high, n, wanted, status, sentence, advice)
