"""A blind vote as a voter sees it, and what the votes come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from marcus_nb.conversation import Conversation
from marcus_nb.display.blocks import Block, banner, safe, sentence, stack
from marcus_nb.display.chat import bubbles
from marcus_nb.display.hiding import hidden
from marcus_nb.words import _

if TYPE_CHECKING:  # at run time it would bring torch
    from marcus_nb.evaluate.votes import Tally

_REPLY = "line-height:1.4;flex:1 1 18em;min-width:0;border:1px solid #8885;border-radius:8px;padding:8px 12px"
_WORDS = "white-space:pre-wrap;overflow-wrap:anywhere"
# It stays scrolled to the question, at its end.
_BEFORE = "line-height:1.4;max-height:22em;overflow-y:auto;display:flex;flex-direction:column-reverse"


def ballot(before: Conversation, persona_name: str, replies: Sequence[str]) -> Block:
    """What had been said, the question last, and under it the replies as A and B; nothing tells whose they are."""
    said = bubbles([before], persona_name)
    columns, plain = [], [said.plain]
    for letter, reply in zip("AB", replies, strict=True):
        title = _("Reply {letter}").format(letter=letter)
        words = safe(reply) if reply.strip() else f'<span style="opacity:.6">{safe(_("(nothing)"))}</span>'
        columns.append(
            f'<div style="{_REPLY}"><small style="opacity:.7">{safe(title)}</small>'
            f'<div style="{_WORDS}">{words}</div></div>'
        )
        plain.append(f"{title}: {hidden(reply)}")
    markup = (
        f'<div style="{_BEFORE}"><div>{said.markup}</div></div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:12px;margin-top:8px">{"".join(columns)}</div>'
    )
    return Block(markup, "\n".join(plain))


def tally(counted: Tally) -> Block:
    """Which model's replies were preferred, with the interval, and how many votes that rests on."""
    if not counted.decided:
        lines = [_("No vote was decided yet.")]
        title, mood = _("Blind vote"), "plain"
    else:
        told = _(
            "The tuned model's reply was better in {tuned} of {decided} decided votes: {value:.0%} ({confidence:.0%} "
            "interval {low:.0%} to {high:.0%}, n = {decided}). By chance it would be 50%."
        )
        lines = [
            told.format(
                tuned=counted.tuned,
                decided=counted.decided,
                value=counted.value,
                confidence=counted.confidence,
                low=counted.low,
                high=counted.high,
            )
        ]
        if counted.low > 0.5:
            title, mood = _("Blind vote: the tuned model is preferred"), "good"
        elif counted.high < 0.5:
            title, mood = _("Blind vote: the base model is preferred"), "bad"
        else:
            title, mood = _("Blind vote: the two are not told apart yet"), "open"
    others = _("No difference: {same}; skipped: {skipped}; not voted on: {left}.")
    counts = others.format(same=counted.same, skipped=counted.skipped, left=counted.left)
    return stack(
        banner(title, [*lines, counts], mood), sentence(_("Of several votes on one question the newest counts."))
    )
