"""The stage: run the rules, split, and take from training what would give the held-out questions away."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

from marcus_nb.clean import tokens
from marcus_nb.clean.by_hand import Choices, came_of_it, protected
from marcus_nb.clean.cleaned import Cleaned
from marcus_nb.clean.history import History
from marcus_nb.clean.leaks import leaks
from marcus_nb.clean.order import Planned, plan
from marcus_nb.clean.records import CleanError, Drop, Outcome, Step
from marcus_nb.clean.split import SPLITS, split
from marcus_nb.clean.steps import describe, shown
from marcus_nb.conversation import Conversation
from marcus_nb.parameters.schema import Clean, Shared
from marcus_nb.text import redact

_ADVICE = {
    "by_hand": "take choices out of the file that clean.by_hand names",
    "redact": "choose replace instead of drop in clean.redact_policy",
    "empty": "look at what 01_ingest read: the wrong column may have been taken for the replies",
    "drop_one_sided": "look at what 01_ingest took for the persona (ingest.sources, persona_speaker)",
    "min_characters": "choose a smaller clean.min_characters",
    "max_characters": "choose a larger clean.max_characters",
    "drop_wrong_language": "name the persona's languages in clean.languages, or set clean.drop_wrong_language to false",
    "drop_duplicates": "add conversations that differ, or set clean.drop_duplicates to false",
    "near_duplicate_similarity": "add conversations that differ, or choose a larger clean.near_duplicate_similarity",
    "max_same_reply": "choose a larger clean.max_same_reply, or add conversations with other replies",
    "split_by": "choose clean.split_by: customer",
    "leak": "add conversations with other questions, or choose a larger clean.max_similarity (at 1 none is "
    "dropped, and the verdict then measures memory)",
    "tokens": "choose a larger shared.max_length, or another base model",
}


def run(
    conversations: Sequence[Conversation],
    parameters: Clean,
    shared: Shared,
    tokenizer: Any,
    finished: Callable[[Step], None] = lambda step: None,
    choices: Choices = MappingProxyType({}),
    rules: Sequence[Planned] = (),
    measure: tokens.Measure = tokens.measure,
) -> Cleaned:
    """Clean and split. The same conversations and parameters give the same outcome, and nothing that comes in changes.

    `finished` gets each step as it is done; `choices` are those by hand; `rules` and `measure` stand in for
    the plan of the parameters and `tokens.measure`. Raises CleanError when two conversations share an id, when nothing
    is left, when a split is empty, or when there is nothing to learn in one.
    """
    _check_ids(conversations)
    left = list(conversations)
    history = History()
    dropped: list[Drop] = []
    saved: list[Drop] = []
    steps: list[Step] = []

    for planned in rules or plan(parameters, shared.persona_name, tokens.special_tokens(tokenizer), choices):
        if not planned.enabled:
            steps.append(Step(planned.name, False, len(left)))
            continue
        outcome, kept = protected(planned.name, planned.rule(left), choices)
        saved += kept
        steps.append(describe(planned.name, left, outcome))
        left = _apply(planned.name, left, outcome, history)
        dropped += outcome.drops
        finished(steps[-1])
        if not left:
            raise CleanError(nothing_left("No conversation is left", len(conversations), dropped))

    splits, drops = split(left, parameters)
    steps.append(describe("split_by", left, Outcome(drops=drops)))
    finished(steps[-1])
    dropped += drops
    asked = tuple(probe.question for probe in shared.probes)
    outcome = leaks(splits, asked, parameters.max_similarity)
    splits = _take("leak", splits, outcome, steps, finished)
    dropped += outcome.drops
    seen = tokens.look(splits, tokenizer, shared.system_prompt, shared.max_length, measure)
    splits = _take("tokens", splits, seen.outcome, steps, finished)
    dropped += seen.drops
    steps[0] = dataclasses.replace(
        steps[0], note=" ".join([steps[0].note, *came_of_it(choices, saved, dropped)]).strip()
    )

    return Cleaned(
        entered=len(conversations),
        train=tuple(splits["train"]),
        validation=tuple(splits["validation"]),
        test=tuple(splits["test"]),
        dropped=tuple(dropped),
        changed=tuple(history.changes(conversations)),
        steps=tuple(steps),
        seen=seen,
        max_similarity=parameters.max_similarity,
        probes=asked,
    )


def without(conversations: Sequence[Conversation], drops: Sequence[Drop]) -> list[Conversation]:
    gone = {drop.conversation.id for drop in drops}
    return [conversation for conversation in conversations if conversation.id not in gone]


def nothing_left(what: str, entered: int, dropped: Sequence[Drop]) -> str:
    """An error's text: what there is nothing left of, the rule that took most, three victims and what to do."""
    rule, count = Counter(drop.rule for drop in dropped).most_common(1)[0]
    victims = [drop for drop in dropped if drop.rule == rule][:3]
    lines = [
        f"  {drop.conversation.origin}: {redact(drop.reason)}\n    "
        + shown(drop.conversation)[:300].replace("\n", "\n    ")
        for drop in victims
    ]
    return "\n".join(
        [
            f"{what}: {entered} came in, and the rule {rule} dropped most of them ({count}). Its first victims:",
            *lines,
            f"What to do: {_ADVICE[rule]}.",
        ]
    )


def _take(
    rule: str,
    splits: dict[str, list[Conversation]],
    outcome: Outcome,
    steps: list[Step],
    finished: Callable[[Step], None],
) -> dict[str, list[Conversation]]:
    """The splits without what a rule drops. Raises CleanError when one of them is left with nothing."""
    steps.append(describe(rule, [talk for name in SPLITS for talk in splits[name]], outcome))
    finished(steps[-1])
    left = {name: without(splits[name], outcome.drops) for name in SPLITS}
    for name in SPLITS:
        if not left[name]:
            here = {conversation.id for conversation in splits[name]}
            victims = [drop for drop in outcome.drops if drop.conversation.id in here]
            raise CleanError(nothing_left(f"No conversation is left in {name}", len(here), victims))
    return left


def _apply(rule: str, left: Sequence[Conversation], outcome: Outcome, history: History) -> list[Conversation]:
    gone = {drop.conversation.id for drop in outcome.drops}
    after = []
    for conversation in left:
        if conversation.id in gone:
            continue
        messages = outcome.changed.get(conversation.id)
        after.append(conversation if messages is None else history.apply(conversation, rule, messages))
    return after


def _check_ids(conversations: Sequence[Conversation]) -> None:
    if not conversations:
        raise CleanError("No conversation came in.\nWhat to do: look at what 01_ingest read and rejected.")
    first: dict[str, Conversation] = {}
    for conversation in conversations:
        other = first.setdefault(conversation.id, conversation)
        if other is not conversation:
            raise CleanError(
                f"Two conversations have the id {conversation.id!r}: {other.origin} and {conversation.origin}. "
                "Each needs its own, or the account would not add up.\nWhat to do: run 01_ingest again."
            )
