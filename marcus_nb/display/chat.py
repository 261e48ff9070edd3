"""Conversations, tokens and replies, as a reader wants them."""

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from marcus_nb.conversation import PERSONA_ROLE, Conversation
from marcus_nb.display.blocks import COLORS, Block, safe, sentence, table
from marcus_nb.display.hiding import hidden, masked
from marcus_nb.render import IGNORED, Rendered
from marcus_nb.text import dotted

BUBBLE = "display:inline-block;max-width:34em;padding:6px 11px;border-radius:12px;margin:3px 0;white-space:pre-wrap"

_TOKENS = "font-family:monospace;white-space:pre-wrap;line-height:1.9;margin-bottom:.8em"
_SEVERAL = (
    "It is read {} times, once for each reply, since this base model's chat template writes earlier turns differently "
    "from the last one."
)


def bubbles(conversations: Sequence[Conversation], persona_name: str) -> Block:
    """Conversations as chat bubbles: customers on the left, the persona on the right, where each came from above."""
    parts, plain = [], []
    for item in conversations:
        rows = []
        for message in item.messages:
            persona = message.role == PERSONA_ROLE
            who = persona_name if persona else _pseudonym(item.customer)
            side = "right" if persona else "left"
            colors = "background:#0072B2;color:white" if persona else "background:#8883"
            rows.append(
                f'<div style="text-align:{side}"><small style="opacity:.7">{safe(who)}</small><br>'
                f'<span style="{BUBBLE};{colors};text-align:left">{safe(message.content)}</span></div>'
            )
            plain.append(f"{who}: {hidden(message.content)}")
        parts.append(
            f'<div style="flex:1 1 18em;border:1px solid #8884;border-radius:8px;padding:8px 12px">'
            f'<small style="opacity:.7">{safe(item.origin)}</small>{"".join(rows)}</div>'
        )
    return Block(f'<div style="display:flex;flex-wrap:wrap;gap:12px">{"".join(parts)}</div>', "\n".join(plain))


def _pseudonym(customer: str | None) -> str:
    """A customer's name that can be told from others and not be read: `"T•• B••••"`."""
    return dotted(customer) if customer else "customer"


def learned_tokens(tokenizer: Any, rendered: Sequence[Rendered]) -> Block:
    """A conversation token by token: what carries loss stands on a coloured ground and is underlined.

    `rendered` is what `render` gives: one text, or one a reply, which are shown one after the other.
    """
    learned = sum(label != IGNORED for item in rendered for label in item.labels)
    total = sum(len(item.labels) for item in rendered)
    said = f"Learned (underlined, green): {learned} of {total} tokens. Everything else is read, never learned."
    if len(rendered) > 1:
        said += f" {_SEVERAL.format(len(rendered))}"
    markup, words = [f"<p>{said}</p>"], []
    for item in rendered:
        spans = []
        for piece, carries_loss in _pieces(tokenizer, item):
            style = (
                f"background:{COLORS['good']}44;border-bottom:2px solid {COLORS['good']}"
                if carries_loss
                else "background:#8882;opacity:.8"
            )
            shown = html.escape(piece).replace("\n", "⏎\n")
            spans.append(f'<span style="{style};margin-right:1px">{shown}</span>')
            words += [piece] if carries_loss else []
        markup.append(f'<div style="{_TOKENS}">{"".join(spans)}</div>')
    several = f" ({_SEVERAL.format(len(rendered))})" if len(rendered) > 1 else ""
    return Block("".join(markup), f"Learned {learned} of {total} tokens{several}: {''.join(words)}")


def _pieces(tokenizer: Any, rendered: Rendered) -> list[tuple[str, bool]]:
    """Each token's text, and whether it carries loss; tokens that only together make a character are one piece.

    Personal data is dotted out in the whole text, since an address is many tokens.
    """
    ends, begun = [], 0
    for count in range(1, len(rendered.input_ids) + 1):
        whole = tokenizer.decode(rendered.input_ids[:count])
        if whole.endswith("\N{REPLACEMENT CHARACTER}") and count < len(rendered.input_ids):
            continue
        ends.append((begun, len(whole), rendered.labels[count - 1] != IGNORED))
        begun = len(whole)
    shown = masked(tokenizer.decode(rendered.input_ids))
    return [(shown[start:end], carries_loss) for start, end, carries_loss in ends]


def replies_over_training(rows: Sequence[dict[str, Any]]) -> Block:
    """The fixed prompts' replies before, during and after training: one row a prompt, one column a moment."""
    if not rows:
        return sentence("No fixed prompts are given (train.fixed_prompts), so none were answered.")
    frame = pd.DataFrame(rows)
    names = {0.0: "before", 0.25: "after ¼", 0.5: "after ½", 1.0: "at the end (kept)"}
    wide = frame.assign(moment=frame["share"].map(names)).pivot_table(
        index="prompt", columns="moment", values="reply", aggfunc="last", sort=False
    )
    order = [name for name in names.values() if name in wide.columns]
    return table(wide[order].reset_index(), "The personality emerging: the same prompts, answered as training went on")
