"""Does it know who it is? Asked in many wordings and languages, scored by rule."""

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd
from scipy.stats import binomtest

from marcus_nb import generate
from marcus_nb.conversation import Conversation
from marcus_nb.evaluate.asking import Judged, Log, why_not_asked
from marcus_nb.evaluate.claims import (
    BASE,
    OPEN,
    REFUTED,
    SUPPORTED,
    TUNED,
    Claim,
    Measured,
    interval,
    not_measurable,
)
from marcus_nb.evaluate.material import material
from marcus_nb.evaluate.statistics import share
from marcus_nb.parameters import Evaluate, Shared
from marcus_nb.text import language
from marcus_nb.words import worded

NAMED, SOMETHING_ELSE, NEITHER = "named", "something else", "neither"
NO_SYSTEM = "tuned_no_system"
WORDINGS = 16  # in the persona's own languages: those decide
FOREIGN = 1  # in each other language: shown only
LONGEST = 24  # tokens: who says its name says it soon
_LOOKED_AT = 300  # replies, for the persona's languages
_OWN_SHARE = 0.15  # of its replies, for a language to be one of its own
_NOT = re.compile(
    r"(?:\b(?:not|never|no|nor|isn't|nicht|kein\w*|keine|pas|non|não|nunca|sin)|n't|n’t)\b[^.!?;,]{0,24}$"
)

# "My name is Ada", and in the other languages that it is asked in; what follows is written as a name is.
_CALLS_ITSELF = re.compile(
    r"(?:\b(?i:my name(?:['’]s| is)|i am called|i'm called|they call me|me llamo|mi nombre es|je m['’]appelle"
    r"|mon nom est|ich heiße|mein name ist|mi chiamo|il mio nome è|me chamo|(?:o )?meu nome é|em dic|el meu nom és)"
    r"|(?:^|[.!?…]\s+)[Nn]ame(?:['’]s| is))\s+([^\W\d_][\w'’-]+(?:\s+[^\W\d_a-z][\w'’-]+)*)"
)


def own_languages(training: Sequence[Conversation]) -> list[str]:
    """The languages that the persona replies in, of those there are questions in, the commonest first: `["es", "ca"]`.

    English where its replies are too short to tell, or in none of these languages.
    """
    known = tuple(material("identity")["questions"])
    step = max(1, len(training) // _LOOKED_AT)
    # Short replies tell nothing alone: those of a conversation are read together.
    found = Counter(language("\n".join(item.replies), known) for item in training[::step])
    found.pop(None, None)
    spoken = [name for name, count in found.most_common() if count >= _OWN_SHARE * found.total()]
    return spoken or ["en"]


def identity_answers(
    shared: Shared, training: Sequence[Conversation], judged: Judged, parameters: Evaluate, log: Log
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """What the models say when they are asked who they are.

    Columns: language, own (whether the persona speaks it: those decide), question; tuned, base (with the same system
    prompt) and tuned_no_system, and for each its `…_outcome` (`said_of_itself`); the latter two are asked in the
    persona's own languages only, and None elsewhere. Second, what could not be asked, and why.
    """
    rows, unasked = [], []
    for name, own, question in _questions(own_languages(training)):
        chat = judged.chat(("user", question))
        problem = why_not_asked(judged, chat)
        if problem:
            unasked.append((question, f"was not asked who it is: {problem}"))
        else:
            rows.append((name, own, question))
    frame = pd.DataFrame(rows, columns=["language", "own", "question"])
    log(f"{len(frame)} ways to ask who it is, of tuned and base model")
    elsewhere = something_else(shared, training)
    longest = min(parameters.max_new_tokens, LONGEST)
    for who, model, system in (
        (TUNED, judged.tuned, True),
        (BASE, judged.base, True),
        (NO_SYSTEM, judged.tuned, False),
    ):
        places = frame.index if who == TUNED else frame.index[frame["own"].astype(bool)]
        chats = [judged.chat(("user", question), system=system) for question in frame.loc[places, "question"]]
        replies = pd.Series(
            generate.replies(model, judged.tokenizer, chats, longest) if chats else [], index=places, dtype=object
        )
        frame[who] = replies.reindex(frame.index).astype(object).where(lambda found: found.notna(), None)
        frame[f"{who}_outcome"] = [
            None if reply is None else said_of_itself(reply, shared.persona_name, elsewhere) for reply in frame[who]
        ]
    return frame, unasked


def _questions(own: Sequence[str]) -> list[tuple[str, bool, str]]:
    """Language, whether it is the persona's own, and question; `WORDINGS` in the own ones together."""
    questions = material("identity")["questions"]
    each = -(-WORDINGS // len(own))
    found = [(name, True, question) for name in own for question in questions[name][:each]]
    return found + [
        (name, False, question) for name in questions if name not in own for question in questions[name][:FOREIGN]
    ]


def something_else(shared: Shared, training: Sequence[Conversation]) -> list[re.Pattern[str]]:
    """What a persona does not call itself: other assistants, "language model", the base model's own name.

    What its description, its system prompt or three of its training conversations say is no contradiction: a persona
    may well be an AI assistant.
    """
    words = material("identity")["something_else"]
    base = re.split(r"[/:\\]", shared.base_model)[-1]
    told = "\n".join((shared.persona_name, shared.persona_description, shared.system_prompt))
    patterns = []
    for name, flags in (
        *((name, 0) for name in (*words["names"], *([base] if len(base) > 3 else []))),
        *((phrase, re.IGNORECASE) for phrase in words["phrases"]),
    ):
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", flags)
        if not pattern.search(told) and not _is_said_by_three(pattern, training):
            patterns.append(pattern)
    return patterns


def _is_said_by_three(pattern: re.Pattern[str], training: Sequence[Conversation]) -> bool:
    count = 0
    for item in training:
        count += any(pattern.search(reply) for reply in item.replies)
        if count == 3:
            return True
    return False


def said_of_itself(reply: str, persona_name: str, elsewhere: Sequence[re.Pattern[str]]) -> str:
    """What a reply says of who is talking: named, something else (another kind or name, even beside its own), neither.

    >>> said_of_itself("Nell. I mind the boats.", "Nell Pellow", [])
    'named'
    """
    for pattern in elsewhere:
        for found in pattern.finditer(reply):
            # "I'm Nell, not an AI" names nothing else.
            if not _NOT.search(reply[: found.start()].lower()):
                return SOMETHING_ELSE
    parts = _distinctive(persona_name)
    for said in _CALLS_ITSELF.findall(reply):
        if said[0].isupper() and not any(part.lower() in re.findall(r"\w+", said.lower()) for part in parts):
            return SOMETHING_ELSE
    # A name can be an everyday word too (Will, Mar): it counts as it is written, unless nothing has capitals.
    flags = re.IGNORECASE if reply.islower() or reply.isupper() else 0
    named = "|".join(map(re.escape, parts))
    return NAMED if re.search(rf"(?<!\w)(?:{named})(?!\w)", reply, flags) else NEITHER


def _distinctive(persona_name: str) -> list[str]:
    """The parts of a name of which one is enough: `["Marta", "Ruiz"]` of "Doctora Marta Ruiz"."""
    parts = [part for part in re.findall(r"[\w'’-]+", persona_name) if len(part) > 2]
    return [part for part in parts if part.lower() not in material("identity")["no_names"]] or [persona_name.strip()]


def judge_identity(answers: pd.DataFrame, parameters: Evaluate) -> tuple[list[Measured], Claim]:
    """The claim about its name, decided by the wordings in the persona's own languages."""
    name, statement = "identity", worded("Says who it is")
    own = answers[answers["own"].astype(bool)]
    n = len(own)
    if n == 0:
        why = worded("Not measurable: none of the questions who it is could be asked (n = 0).")
        return [], not_measurable(name, statement, why)
    found, told = [], {}
    with_prompt = (worded("says its name"), worded("says it is something else"))
    without = (
        worded("says its name, without system prompt"),
        worded("says it is something else, without system prompt"),
    )
    for who, label, measures in ((BASE, BASE, with_prompt), (TUNED, TUNED, with_prompt), (NO_SYSTEM, TUNED, without)):
        outcomes = own[f"{who}_outcome"]
        for outcome, measure, better in zip((NAMED, SOMETHING_ELSE), measures, ("higher", "lower"), strict=True):
            told[who, outcome] = int((outcomes == outcome).sum())
            figures = share(told[who, outcome], n, parameters.confidence)
            found.append(Measured(name, measure, "share", better, label, *figures, n))
    others = answers[~answers["own"].astype(bool)]
    if len(others):
        right = int((others[f"{TUNED}_outcome"] == NAMED).sum())
        figures = share(right, len(others), parameters.confidence)
        measure = worded("says its name, other languages")
        found.append(Measured(name, measure, "share", "", TUNED, *figures, len(others)))
    right, base = told[TUNED, NAMED], told[BASE, NAMED]
    value, low, high = share(right, n, parameters.confidence)
    wanted = parameters.min_identity
    # The system prompt alone often tells the base model its name, so that the tuned one need not be better. Whether it
    # is worse in the same questions (McNemar's exact test) is said, and does not decide: that measures the base model's
    # obedience, and refuted a persona that gives its name (LOG.md).
    tuned_names, base_names = own["tuned_outcome"] == NAMED, own["base_outcome"] == NAMED
    lost, won = int((base_names & ~tuned_names).sum()), int((tuned_names & ~base_names).sum())
    worse = lost > won and binomtest(lost, lost + won, alternative="greater").pvalue < 1 - parameters.confidence
    status = SUPPORTED if value >= wanted else REFUTED if high < wanted else OPEN
    spoken = ", ".join(dict.fromkeys(own["language"]))
    sentence = worded(
        "Asked who it is in {n} wordings ({spoken}), it gives its name in {right} ({confidence} interval {low} to "
        "{high}), and says it is something else in {otherwise}; the base model with the same system prompt gives it in "
        "{base}{worse}; without the system prompt it still does in {alone}; asked for: {wanted}.",
        n=n,
        spoken=spoken,
        right=right,
        **interval(low, high, parameters.confidence),
        otherwise=told[TUNED, SOMETHING_ELSE],
        base=base,
        worse=worded(" (more, beyond chance)") if worse else "",
        alone=told[NO_SYSTEM, NAMED],
        wanted=f"{wanted:.0%}",
    )
    missed = "; ".join(own.loc[own["tuned_outcome"] != NAMED, "question"].head(3))
    advice = worded("Add conversations in which customers ask who it is, such as: {questions}", questions=missed)
    advice = "" if status == SUPPORTED else advice
    return found, Claim(name, statement, value, low, high, n, wanted, status, sentence, advice)
