"""Conversation → token ids and labels, through the tokenizer's own chat template; the only place that does it.

`manner` finds out what a template does, `places` where in its text the persona's replies stand, `tokens` makes token
ids and labels of them. The promise: training, evaluation, generation and the exported model see the same text.
"""

from marcus_nb.render.manner import Chat, RenderError, shared_template, special_tokens
from marcus_nb.render.tokens import (
    IGNORED,
    Rendered,
    end_of_turn_ids,
    prompt_ids,
    render,
    render_all,
    share_learned,
)

__all__ = [
    "IGNORED",
    "Chat",
    "RenderError",
    "Rendered",
    "end_of_turn_ids",
    "prompt_ids",
    "render",
    "render_all",
    "share_learned",
    "shared_template",
    "special_tokens",
]
