"""Conversations, tokens and replies, as a reader wants them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from marcus_nb.conversation import PERSONA_ROLE, Conversation
from marcus_nb.display.blocks import COLORS, Block, safe, table
from marcus_nb.render import IGNORED, Rendered

BUBBLE = "display:inline-block;max-width:34em;padding:6px 11px;border-radius:12px;margin:3px 0;white-space:pre-wrap"


def bubbles(conversations: Sequence[Conversation], persona_name: str) -> Block:
    """Conversations as chat bubbles: customers on the left, the persona on the right, where each came from above."""
    parts, plain = [], []
    for item in conversations:
        rows = []
        for message in item.messages:
            persona = message.role == PERSONA_ROLE
            who = persona_name if persona else (item.customer or "customer")
            side = "right" if persona else "left"
            colors = "background:#0072B2;color:white" if persona else "background:#8883"
            rows.append(
                f'<div style="text-align:{side}"><small style="opacity:.7">{safe(who)}</small><br>'
                f'<span style="{BUBBLE};{colors};text-align:left">{safe(message.content)}</span></div>'
            )
            plain.append(f"{who}: {message.content}")
        parts.append(
            f'<div style="flex:1 1 18em;border:1px solid #8884;border-radius:8px;padding:8px 12px">'
            f'<small style="opacity:.7">{safe(item.origin)}</small>{"".join(rows)}</div>'
        )
    return Block(f'<div style="display:flex;flex-wrap:wrap;gap:12px">{"".join(parts)}</div>', "\n".join(plain))


def learned_tokens(tokenizer: Any, rendered: Rendered) -> Block:
    """A conversation token by token: what carries loss stands on a coloured ground and is underlined."""
    pieces = []
    for token, label in zip(rendered.input_ids, rendered.labels, strict=True):
        words = safe(tokenizer.decode([token])).replace("\n", "⏎\n")
        style = (
            f"background:{COLORS['good']}44;border-bottom:2px solid {COLORS['good']}"
            if label != IGNORED
            else "background:#8882;opacity:.8"
        )
        pieces.append(f'<span style="{style};margin-right:1px">{words}</span>')
    learned = sum(label != IGNORED for label in rendered.labels)
    legend = (
        f"<p>Learned (underlined, green): {learned} of {len(rendered.labels)} tokens. "
        "Everything else is read, never learned.</p>"
    )
    markup = f'{legend}<div style="font-family:monospace;white-space:pre-wrap;line-height:1.9">{"".join(pieces)}</div>'
    ids = [token for token, label in zip(rendered.input_ids, rendered.labels, strict=True) if label != IGNORED]
    return Block(markup, f"Learned {learned} of {len(rendered.labels)} tokens: {tokenizer.decode(ids)}")


def side_by_side(replies: pd.DataFrame, persona_name: str) -> Block:
    """Held-out questions with the real reply and both models' replies, the worst first."""
    frame = pd.DataFrame(
        {
            "asked": replies["question"],
            f"{persona_name} really said": replies["real"],
            "base model": replies["base"],
            "tuned model": replies["tuned"],
            "loss": replies["loss"],
        }
    )
    return table(frame, "Held-out questions, never trained on; the worst first", {"loss": ".2f"})


def replies_over_training(rows: Sequence[dict[str, Any]]) -> Block:
    """The fixed prompts' replies before, during and after training: one row a prompt, one column a moment."""
    frame = pd.DataFrame(rows)
    names = {0.0: "before", 0.25: "after ¼", 0.5: "after ½", 1.0: "at the end (best checkpoint)"}
    wide = frame.assign(moment=frame["share"].map(names)).pivot_table(
        index="prompt", columns="moment", values="reply", aggfunc="last", sort=False
    )
    order = [name for name in names.values() if name in wide.columns]
    return table(wide[order].reset_index(), "The personality emerging: the same prompts, answered as training went on")
