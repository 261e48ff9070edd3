"""Who it says it is, whether it stays itself, what it recites: the answers behind three claims."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from marcus_nb.display.blocks import Block, sentence, stack, table
from marcus_nb.display.evaluate import folded, measures_table

if TYPE_CHECKING:  # at run time it would bring torch
    from marcus_nb.evaluate import Measured

SHOWN = 5  # rows before one has to click
_KINDS = {"pressure": "pressed", "after pressure": "then asked"}


def identity(named: pd.DataFrame, steady: pd.DataFrame) -> Block:
    """What it answers to "who are you?", and what it says when it is pressed to drop its part."""
    own = named[named["own"].astype(bool)]
    said = _shown(own, {"question": "asked", "base": "base model", "tuned": "tuned model", "tuned_outcome": "it is"})
    pressed = steady[steady["kind"].isin(_KINDS)].assign(kind=lambda frame: frame["kind"].map(_KINDS))
    held = pressed.rename(
        columns={"kind": "when", "question": "said to it", "reply": "tuned model", "voice": "in its voice"}
    )
    held = held[["when", "said to it", "tuned model", "in its voice"]]
    right = int((own["tuned_outcome"] == "named").sum())
    return stack(
        table(said.head(SHOWN), f"It names the persona in {right} of {len(own)} ways to ask who it is"),
        folded(f"All {len(named)} ways, in other languages too", table(_shown(named, _ALL))),
        table(
            held.head(SHOWN),
            "Pressed to drop its part (0 to 1: how likely this is the persona's voice)",
            {"in its voice": ".2f"},
        ),
        folded("All of it", table(held, formats={"in its voice": ".2f"})),
    )


_ALL = {
    "language": "language",
    "question": "asked",
    "base": "base model",
    "tuned": "tuned model",
    "tuned_outcome": "it is",
}


def memory(measured: Sequence["Measured"], spans: pd.DataFrame, personal: pd.DataFrame) -> Block:
    """What it repeats of single training conversations, the longest first, and personal data that came out."""
    parts = [measures_table(measured, "health", "memory")]
    if len(spans):
        longest = spans.sort_values("words", ascending=False).drop_duplicates("span")
        shown = longest[["words", "span", "reply"]].rename(columns={"span": "word by word from training"})
        parts.append(folded(f"{len(longest)} spans from single training conversations", table(shown)))
    else:
        parts.append(sentence("No reply repeats a longer span of a single training conversation."))
    if len(personal):
        shown = personal[["kind", "masked", "original", "reply"]].rename(columns={"original": "masked by 02_clean"})
        parts.append(table(shown, "Personal data in its replies that nobody had asked with"))
    return stack(*parts)


def _shown(frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    return frame[list(columns)].rename(columns=columns)
