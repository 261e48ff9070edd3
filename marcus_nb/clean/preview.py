"""The same conversations cleaned again and again with other parameters, which takes only what a change makes new."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from marcus_nb.clean import stage, tokens
from marcus_nb.clean.by_hand import Choices
from marcus_nb.clean.cleaned import Cleaned
from marcus_nb.clean.order import Planned, plan
from marcus_nb.clean.records import Outcome
from marcus_nb.conversation import Conversation, Message
from marcus_nb.parameters.schema import Clean, Shared

SAMPLE = 500  # conversations that are cleaned while a person waits
_REMEMBERED = 3  # outcomes of each rule: on, off, and one before
_AT_ONCE = 100  # conversations whose tokens are counted between two looks at whether to go on


def sample(conversations: Sequence[Conversation]) -> list[Conversation]:
    """SAMPLE of them, or all there are: always the same, from all parts of the data alike."""
    count = min(SAMPLE, len(conversations))
    return [conversations[place * len(conversations) // count] for place in range(count)]


@dataclass(frozen=True)
class _Made:
    """What a rule made of conversations, and the parameters that it looked at for that."""

    looked_at: dict[str, Any]
    entered: list[Conversation]
    outcome: Outcome


class Preview:
    """Cleans `conversations` whenever it is asked; `everything`, all ids, tells what a choice by hand may name."""

    def __init__(self, conversations: Sequence[Conversation], everything: Sequence[Conversation]) -> None:
        self._conversations, self.size = list(conversations), len(conversations)
        here = {conversation.id for conversation in conversations}
        self._elsewhere = {conversation.id for conversation in everything} - here
        self._made: dict[str, list[_Made]] = {}
        self._lengths: dict[tuple[Message, ...], tokens.Length] = {}

    def run(
        self,
        parameters: Clean,
        shared: Shared,
        tokenizer: Any,
        choices: Choices = MappingProxyType({}),
        go_on: Callable[[], None] = lambda: None,
    ) -> Cleaned:
        """As `clean.run`; the same comes out, sooner. `go_on` is asked all the time, and may raise to end it there.

        Shared parameters and tokenizer must be the same each time.
        """
        chosen = {name: one for name, one in choices.items() if name not in self._elsewhere}
        reading = _Reading(parameters)

        def measure(talks: Sequence[Conversation], *how: Any) -> list[tokens.Length]:
            return self._measure(talks, go_on, *how)

        planned = plan(reading, shared.persona_name, tokens.special_tokens(tokenizer), chosen)
        rules = [
            one if one.name == "by_hand" else self._remembering(one, parameters, reading, go_on) for one in planned
        ]
        return stage.run(
            self._conversations, parameters, shared, tokenizer, lambda _: go_on(), chosen, rules=rules, measure=measure
        )

    def _measure(
        self, conversations: Sequence[Conversation], go_on: Callable[[], None], *how: Any
    ) -> list[tokens.Length]:
        if len(self._lengths) > _REMEMBERED * len(self._conversations):
            self._lengths.clear()
        new = [conversation for conversation in conversations if conversation.messages not in self._lengths]
        for start in range(0, len(new), _AT_ONCE):
            go_on()
            some = new[start : start + _AT_ONCE]
            lengths = tokens.measure(some, *how)
            self._lengths.update(zip((conversation.messages for conversation in some), lengths, strict=True))
        return [self._lengths[conversation.messages] for conversation in conversations]

    def _remembering(
        self, planned: Planned, parameters: Clean, reading: "_Reading", go_on: Callable[[], None]
    ) -> Planned:
        def rule(entered: Sequence[Conversation]) -> Outcome:
            known = self._made.setdefault(planned.name, [])
            for made in known:
                same = all(getattr(parameters, name) == value for name, value in made.looked_at.items())
                if same and made.entered == entered:
                    return made.outcome
            reading.looked_at = {}
            outcome = planned.rule(_Asking(entered, go_on))
            known.insert(0, _Made(reading.looked_at, list(entered), outcome))
            del known[_REMEMBERED:]
            return outcome

        return replace(planned, rule=rule)


class _Asking(list[Conversation]):
    """A list that asks whether to go on whenever a rule goes through it: on everything, one rule can take seconds."""

    def __init__(self, conversations: Sequence[Conversation], go_on: Callable[[], None]) -> None:
        super().__init__(conversations)
        self._go_on = go_on

    def __iter__(self) -> Iterator[Conversation]:
        for conversation in super().__iter__():
            self._go_on()
            yield conversation


class _Reading:
    """The parameters, and what a rule looked at of them."""

    def __init__(self, parameters: Clean) -> None:
        self._parameters = parameters
        self.looked_at: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._parameters, name)
        self.looked_at[name] = value
        return value
