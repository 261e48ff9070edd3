"""Single conversations that a person drops, keeps or corrects: a small file beside the YAML, and the rule that obeys.

{"chat:17": {"choice": "drop", "why": "a test call of ours"},
 "chat:18": {"choice": "keep", "why": "long, and worth it"},
 "chat:19": {"choice": "correct", "why": "we moved", "messages": ["Where are you?", "By the river now, skipper."]}}
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marcus_nb.clean.records import CleanError, Drop, Outcome
from marcus_nb.conversation import Conversation, Message
from marcus_nb.renaming import replace
from marcus_nb.text import redact

DROP, KEEP, CORRECT = CHOICES = ("drop", "keep", "correct")
# Rules that judge whether a conversation is worth learning from, which a person may know better. Against the others
# nobody can choose: they keep personal data out (redact), what cannot be taught (empty, tokens), and the verdict
# honest (split_by, leak).
JUDGING = frozenset(
    (
        *("drop_one_sided", "min_characters", "max_characters", "drop_wrong_language"),
        *("drop_duplicates", "near_duplicate_similarity", "max_same_reply"),
    )
)
_NAMED = 5  # ids in a note


@dataclass(frozen=True)
class Choice:
    """What was chosen for one conversation: `choice` is drop, keep or correct.

    `messages`, of a correction, are the texts of all its messages in their order; a blank one takes its message out.
    """

    choice: str
    why: str = ""
    messages: tuple[str, ...] = ()


Choices = Mapping[str, Choice]


def by_hand(stage: Any) -> dict[str, Choice]:
    """The choices that the stage's parameters name, none where they name none; their file is noted as read.

    Raises CleanError when the file is not there or damaged.
    """
    path = stage.parameters.by_hand_file
    if path is None:
        return {}
    choices = read_choices(path)
    stage.read_source(path)
    return choices


def read_choices(path: Path) -> dict[str, Choice]:
    """The choices of a file by conversation id. Raises CleanError that says what is wrong with it and what to do."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_doubles)
    except FileNotFoundError:
        raise CleanError(
            f"{path.name} is not there, and clean.by_hand names it (looked for {path}).\n"
            "What to do: bring it back, or set clean.by_hand to '', which means no choices by hand."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, f"it cannot be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise _damaged(path, f'expected {{"ID": {{"choice": "drop"}}, …}}, found {_short(content)}')
    return {name: _choice(path, name, entry) for name, entry in content.items()}


def write_choices(path: Path, choices: Choices) -> None:
    """Write the file whole or not at all, readable by its owner only: a correction holds what people said."""
    content = {
        name: {"choice": one.choice, "why": one.why} | ({"messages": one.messages} if one.choice == CORRECT else {})
        for name, one in choices.items()
    }
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)  # one left behind may be readable by others, and would stay so
    temporary.touch(mode=0o600)
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def apply_choices(conversations: Sequence[Conversation], choices: Choices) -> Outcome:
    """Drop and correct what was chosen by hand; the note tells of choices that fit nothing any more."""
    drops: list[Drop] = []
    changed: dict[str, Sequence[Message | None]] = {}
    other = []
    for conversation in conversations:
        chosen = choices.get(conversation.id)
        if chosen is None:
            continue
        if chosen.choice == DROP:
            drops.append(Drop(conversation, "by_hand", f"dropped by hand: {chosen.why or 'without a reason'}"))
        elif chosen.choice == CORRECT and len(chosen.messages) != len(conversation.messages):
            other.append(conversation.id)
        elif chosen.choice == CORRECT:
            pairs = zip(conversation.messages, chosen.messages, strict=True)
            messages = [_corrected(message, text) for message, text in pairs]
            if any(one is not two for one, two in zip(messages, conversation.messages, strict=True)):
                changed[conversation.id] = messages
    here = {conversation.id for conversation in conversations}
    notes = []
    if gone := [name for name in choices if name not in here]:
        notes.append(
            f"Not among the conversations any more: {_listed(gone)}; what was chosen for them does nothing. Take them "
            "out of the file that clean.by_hand names, or look at whether 01_ingest still reads their source."
        )
    if other:
        notes.append(
            f"Have another number of messages now than their correction, which was not applied: {_listed(other)}. "
            "Correct them again."
        )
    return Outcome(changed, drops, " ".join(notes))


def protected(rule: str, outcome: Outcome, choices: Choices) -> tuple[Outcome, list[Drop]]:
    """A rule's outcome without the drops that a person overruled by keeping the conversation; and these."""
    kept = {name for name, chosen in choices.items() if chosen.choice == KEEP}
    saved = [drop for drop in outcome.drops if drop.conversation.id in kept] if rule in JUDGING else []
    if not saved:
        return outcome, []
    drops = [drop for drop in outcome.drops if drop.conversation.id not in kept]
    return Outcome(outcome.changed, drops, outcome.note, outcome.rows), saved


def came_of_it(choices: Choices, saved: Sequence[Drop], dropped: Sequence[Drop]) -> list[str]:
    """Sentences about the conversations that were kept by hand: what they were kept from, and which had to go.

    `saved` are the drops that were overruled, `dropped` all that were made.
    """
    told = []
    if saved:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in Counter(drop.rule for drop in saved).most_common())
        told.append(f"Kept by hand against a rule: {rules}.")
    if lost := [drop for drop in dropped if (one := choices.get(drop.conversation.id)) and one.choice == KEEP]:
        named = redact(_listed([f"{drop.conversation.id} ({drop.rule})" for drop in lost]))
        told.append(
            f"Kept by hand, and dropped all the same: {named}. These rules keep out personal data and what cannot be "
            "taught, and the verdict honest."
        )
    return told


def _corrected(message: Message, text: str) -> Message | None:
    if text == message.content:
        return message
    return Message(message.role, text, message.lines, message.weight) if text.strip() else None


def _choice(path: Path, name: str, entry: Any) -> Choice:
    choice = entry.get("choice") if isinstance(entry, dict) else None
    if choice not in CHOICES:
        raise _damaged(path, f'{name}: expected "choice": "drop", "keep" or "correct", found {_short(entry)}')
    if unknown := entry.keys() - {"choice", "why", "messages"}:
        raise _damaged(path, f"{name}: expected choice, why and messages, found {_short(min(unknown))}")
    why, messages = entry.get("why", ""), entry.get("messages", [])
    if not isinstance(why, str):
        raise _damaged(path, f'{name}: expected words in quotes as "why", found {_short(why)}')
    texts = isinstance(messages, list) and all(isinstance(text, str) for text in messages)
    if not texts or (choice == CORRECT) != bool(messages):
        expected = "a list of texts, one for each message," if choice == CORRECT else "none"
        raise _damaged(path, f'{name}: expected {expected} as "messages", found {_short(messages)}')
    return Choice(choice, why, tuple(messages))


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one place")
    return found


def _damaged(path: Path, problem: str) -> CleanError:
    return CleanError(
        f"{path.name}: {problem}.\n"
        "What to do: mend it there, or choose anew by hand in 02_clean.ipynb after moving the file away "
        f"({path}). Nothing was cleaned, since choices of yours would be left out."
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _short(value: Any) -> str:
    words = json.dumps(value, ensure_ascii=False)
    return words if len(words) <= 80 else f"{words[:80]}…"
