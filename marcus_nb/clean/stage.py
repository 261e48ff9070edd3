"""The stage: change, drop, split, and take from training what would give the held-out questions away."""

from collections import Counter
from collections.abc import Sequence

from marcus_nb.clean import rules
from marcus_nb.clean.leaks import like_held_out, like_probes
from marcus_nb.clean.records import Change, Cleaned, CleanError, Drop, Step
from marcus_nb.clean.split import SPLITS, split
from marcus_nb.conversation import Conversation
from marcus_nb.parameters.schema import Clean, Probe
from marcus_nb.text import redact

_ADVICE = {
    "empty": "look at what 01_ingest read: the wrong column may have been taken for the replies",
    "min_characters": "choose a smaller clean.min_characters",
    "max_characters": "choose a larger clean.max_characters",
    "drop_duplicates": "add conversations that differ, or set clean.drop_duplicates to false",
    "leak": "add conversations with other questions, or choose a larger clean.max_similarity",
}


def run(conversations: Sequence[Conversation], parameters: Clean, probes: Sequence[Probe]) -> Cleaned:
    """Clean and split. The same conversations and parameters give the same outcome, and nothing that comes in changes.

    Raises CleanError when two conversations share an id, when nothing is left, and when a split is empty.
    """
    _check_ids(conversations)
    left = list(conversations)
    changed: list[Change] = []
    dropped: list[Drop] = []
    steps: list[Step] = []

    for rule in rules.CHANGES:
        left, changes, step = rules.change(rule, getattr(parameters, rule), left)
        changed += changes
        steps.append(step)

    for rule in ("empty", "min_characters", "max_characters", "drop_duplicates"):
        enabled, drops = _drop(rule, left, parameters)
        steps.append(rules.drop_step(rule, enabled, len(left), drops))
        left = rules.without(left, drops)
        dropped += drops
    if not left:
        raise CleanError(_nothing_left("No conversation is left", len(conversations), dropped))

    splits = split(left, parameters.validation_share, parameters.test_share)
    asked = tuple(probe.question for probe in probes)
    drops = _leaks(splits, asked, parameters.max_similarity)
    steps.append(rules.drop_step("leak", True, len(left), drops))
    dropped += drops
    train, validation, test = (tuple(rules.without(splits[name], drops)) for name in SPLITS)
    for name, kept in (("train", train), ("validation", validation)):
        if not kept:
            leaked = [drop for drop in drops if drop.conversation in splits[name]]
            raise CleanError(_nothing_left(f"No conversation is left in {name}", len(splits[name]), leaked))

    return Cleaned(
        entered=len(conversations),
        train=train,
        validation=validation,
        test=test,
        dropped=tuple(dropped),
        changed=tuple(changed),
        steps=tuple(steps),
        max_similarity=parameters.max_similarity,
        probes=asked,
    )


def _drop(rule: str, conversations: Sequence[Conversation], parameters: Clean) -> tuple[bool, list[Drop]]:
    if rule == "empty":
        return True, rules.empty(conversations)
    if rule == "min_characters":
        return True, rules.min_characters(conversations, parameters.min_characters)
    if rule == "max_characters":
        return True, rules.max_characters(conversations, parameters.max_characters)
    return parameters.drop_duplicates, rules.drop_duplicates(conversations) if parameters.drop_duplicates else []


def _leaks(splits: dict[str, list[Conversation]], probes: Sequence[str], limit: float) -> list[Drop]:
    # Test wins over validation, validation over training: what is scarcer and decides more is kept.
    from_validation = like_held_out(splits["validation"], splits["test"], limit)
    held_out = rules.without(splits["validation"], from_validation) + splits["test"]
    from_train = like_probes(splits["train"], probes, limit)
    from_train += like_held_out(rules.without(splits["train"], from_train), held_out, limit)
    return from_validation + from_train


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


def _nothing_left(what: str, entered: int, dropped: Sequence[Drop]) -> str:
    rule, count = Counter(drop.rule for drop in dropped).most_common(1)[0]
    victims = [drop for drop in dropped if drop.rule == rule][:3]
    lines = [
        f"  {drop.conversation.origin}: {redact(drop.reason)}\n    "
        + rules.shown(drop.conversation)[:300].replace("\n", "\n    ")
        for drop in victims
    ]
    return "\n".join(
        [
            f"{what}: {entered} came in, and the rule {rule} dropped most of them ({count}). Its first victims:",
            *lines,
            f"What to do: {_ADVICE[rule]}.",
        ]
    )
