"""What the model will see of each conversation, in tokens, and what of it there is to learn."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marcus_nb.clean.records import CleanError, Drop, Outcome
from marcus_nb.conversation import Conversation
from marcus_nb.render import IGNORED, Rendered, RenderError, render, render_all, special_tokens

_LITTLE = 0.05  # share of learned tokens below which something is wrong with the data or the system prompt
_MANY_CUT = 0.05  # share of the messages; what is cut is not taught
_MOST = 0.9  # of the conversations that an advised max_length would hold whole
_TOO_LONG = "too long, even alone"
_SEVERAL = 3  # replies; more make a long example, and show nothing else


@dataclass(frozen=True, slots=True)
class Length:
    """One conversation in tokens: `Length(640, 410, 120, 2)` had 640, lost two messages, and 120 of 410 are learned.

    A base model whose chat template rewrites earlier turns reads a conversation once for each reply: `kept` counts them
    all, `whole` the longest.

    Where `problem` says why it cannot be taught, the rest is 0, but for `whole` where it is too long.
    """

    whole: int
    kept: int = 0
    learned: int = 0
    turns_cut: int = 0
    problem: str = ""


@dataclass(frozen=True)
class SplitTokens:
    """A split in tokens; `conversations` without the dropped, `longest` before anything was cut."""

    split: str
    conversations: int
    tokens: int
    learned: int
    learned_share: float
    conversations_cut: int
    turns_cut: int
    dropped: int
    longest: int


@dataclass(frozen=True)
class Example:
    """A conversation to show, its learned tokens in colour; `kind` is "short", "several turns", "cut" or "longest"."""

    kind: str
    conversation: Conversation
    rendered: list[Rendered]


@dataclass(frozen=True)
class Seen:
    """What the model will see of all splits.

    `figures` has one row a split; `lengths` are tokens before anything is cut, of every conversation that could be
    measured, dropped ones included; `warnings` are sentences for the reader.
    """

    drops: tuple[Drop, ...]
    figures: tuple[SplitTokens, ...]
    lengths: tuple[int, ...]
    warnings: tuple[str, ...]
    examples: tuple[Example, ...]

    @property
    def outcome(self) -> Outcome:
        """What the stage does with it."""
        cut, turns = (sum(getattr(row, name) for row in self.figures) for name in ("conversations_cut", "turns_cut"))
        note = f"Cut at the front to fit the context, whole turns only: {turns:,} messages of {cut:,} conversations."
        return Outcome(drops=self.drops, note=note if cut else "")


def measure(
    conversations: Sequence[Conversation], tokenizer: Any, system_prompt: str, max_length: int
) -> Iterator[Length]:
    """The length of each conversation, in their order, as 03_train will render it."""
    chats = (conversation.as_chat(system_prompt) for conversation in conversations)
    for item in render_all(tokenizer, chats, max_length):
        if isinstance(item, RenderError):
            yield Length(item.tokens, problem=str(item))
        else:
            # A template that rewrites earlier turns makes a text of each reply; the last one is cut the most.
            kept = sum(len(text.input_ids) for text in item)
            learned = kept - sum(text.labels.count(IGNORED) for text in item)
            yield Length(max(text.whole for text in item), kept, learned, item[-1].turns_cut)


Measure = Callable[[Sequence[Conversation], Any, str, int], Iterable[Length]]


def look(
    splits: Mapping[str, Sequence[Conversation]],
    tokenizer: Any,
    system_prompt: str,
    max_length: int,
    measure: Measure = measure,
) -> Seen:
    """Measure the splits, `{"train": […], "validation": […], "test": […]}`, and drop what cannot be taught.

    Raises CleanError when a split that has conversations has nothing to learn, or when the system prompt holds special
    tokens; it says why and what to do.
    """
    forged = next((token for token in special_tokens(tokenizer) if token in system_prompt), "")
    if forged:
        raise CleanError(
            f"The system prompt holds {forged}, which the model reads as a mark of its own and not as text.\n"
            "What to do: take it out of shared.system_prompt."
        )
    prompt = len(tokenizer.encode(system_prompt, add_special_tokens=False))
    measured = {
        name: list(measure(conversations, tokenizer, system_prompt, max_length))
        for name, conversations in splits.items()
    }
    drops, warnings = [], []
    for name, lengths in measured.items():
        if lengths and all(length.problem for length in lengths):
            raise CleanError(_nothing_to_learn(name, lengths, prompt, max_length))
        drops += [
            Drop(conversation, "tokens", length.problem)
            for conversation, length in zip(splits[name], lengths, strict=True)
            if length.problem
        ]
        warnings += _little_learned(name, lengths, prompt)
        warnings += _much_cut(name, splits[name], lengths, max_length)
    return Seen(
        drops=tuple(drops),
        figures=tuple(_figures(name, lengths) for name, lengths in measured.items()),
        lengths=tuple(length.whole for lengths in measured.values() for length in lengths if length.whole),
        warnings=tuple(warnings),
        examples=tuple(
            Example(kind, item, render(tokenizer, item.as_chat(system_prompt), max_length))
            for kind, item in _examples(splits["train"], measured["train"])
        ),
    )


def _figures(name: str, lengths: Sequence[Length]) -> SplitTokens:
    kept = [length for length in lengths if not length.problem]
    total, learned = sum(length.kept for length in kept), sum(length.learned for length in kept)
    return SplitTokens(
        split=name,
        conversations=len(kept),
        tokens=total,
        learned=learned,
        learned_share=learned / total if total else 0.0,
        conversations_cut=sum(length.turns_cut > 0 for length in kept),
        turns_cut=sum(length.turns_cut for length in kept),
        dropped=len(lengths) - len(kept),
        longest=max((length.whole for length in lengths), default=0),
    )


def _examples(conversations: Sequence[Conversation], lengths: Sequence[Length]) -> Iterator[tuple[str, Conversation]]:
    """One short conversation, one with several turns, and one that was cut or else the longest; always the same."""
    fine = [pair for pair in zip(conversations, lengths, strict=True) if not pair[1].problem]
    whole = [(item, length) for item, length in fine if not length.turns_cut]
    single = sorted((length.kept, item.id, item) for item, length in whole if len(item.replies) == 1)
    several = [
        (-min(len(item.replies), _SEVERAL), length.kept, item.id, item)
        for item, length in whole
        if len(item.replies) > 1
    ]
    cut = [(length.whole, item.id, item) for item, length in fine if length.turns_cut]
    chosen = {}
    if single:  # not the very shortest, which is seldom like the rest
        chosen["short"] = single[len(single) // 4][-1]
    if several:
        chosen["several turns"] = min(several)[-1]
    if cut:
        chosen["cut"] = min(cut)[-1]
    elif rest := [(-length.kept, item.id, item) for item, length in whole if item not in chosen.values()]:
        chosen["longest"] = min(rest)[-1]
    yield from chosen.items()


def _little_learned(name: str, lengths: Sequence[Length], prompt: int) -> Iterator[str]:
    figures = _figures(name, lengths)
    if figures.conversations and figures.learned_share < _LITTLE:
        every = figures.tokens / figures.conversations
        replies = figures.learned / figures.conversations
        rest = every - replies - prompt
        largest, advice = (
            ("the system prompt is long", "shorten shared.system_prompt")
            if prompt > rest
            else (
                "customers' messages are long beside short replies",
                "look for quoted mails, signatures or logs that are left in them",
            )
        )
        yield (
            f"Only {figures.learned_share:.1%} of the tokens in {name} are learned, since {largest}: of {every:.0f} in "
            f"a conversation, {prompt} are the system prompt, {rest:.0f} the customer's messages and the marks of "
            f"turns, and {replies:.0f} the replies. Training will be slow for what it teaches: {advice}."
        )


def _much_cut(
    name: str, conversations: Sequence[Conversation], lengths: Sequence[Length], max_length: int
) -> Iterator[str]:
    kept = [pair for pair in zip(conversations, lengths, strict=True) if not pair[1].problem]
    messages, cut = sum(len(item.messages) for item, _ in kept), sum(length.turns_cut for _, length in kept)
    if messages and cut > _MANY_CUT * messages:
        wholes = sorted(length.whole for _, length in kept)
        needed = wholes[int(_MOST * (len(wholes) - 1))]
        wish = (
            f"To keep {_MOST:.0%} of them whole takes {needed:,} tokens" if needed > max_length else "Most of them fit"
        )
        yield (
            f"{cut / messages:.0%} of the messages in {name} ({cut:,} of {messages:,}) are cut from the front of "
            f"conversations that are longer than shared.max_length, {max_length:,} tokens; what the persona says in "
            f"them is not taught. {wish}."
        )


def _nothing_to_learn(name: str, lengths: Sequence[Length], prompt: int, max_length: int) -> str:
    reasons = Counter(_TOO_LONG if length.whole else length.problem for length in lengths).most_common(3)
    lines = [
        f"The {name} split has no token to learn from: none of its {len(lengths)} conversations can be taught.",
        *(f"  {count}: {reason}" for reason, count in reasons),
    ]
    commonest = reasons[0][0]
    if commonest == _TOO_LONG:
        lines.append(
            f"What to do: shared.max_length is {max_length} tokens, {prompt} of which the system prompt takes, and the "
            f"shortest of these conversations has {min(length.whole for length in lengths if length.whole)}. Raise "
            "shared.max_length, shorten shared.system_prompt, or bring shorter conversations."
        )
    elif "clean.join_turns" in commonest:
        lines.append("What to do: switch clean.join_turns on.")
    elif "edge of a turn" in commonest:
        lines.append("What to do: switch clean.special_tokens on.")
    elif "template" in commonest:
        lines.append(
            "What to do: choose another base model (shared.base_model) whose chat template takes such conversations."
        )
    else:
        lines.append("What to do: look at what 01_ingest read: the persona's replies may be missing or misread.")
    return "\n".join(lines)
