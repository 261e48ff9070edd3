"""Conversation → token ids and labels, through the tokenizer's own chat template; the only place that does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from marcus_nb.conversation import PERSONA_ROLE

IGNORED = -100  # what torch's cross entropy leaves out (its ignore_index)

Chat = list[dict[str, str]]


class RenderError(ValueError):
    """A conversation or a chat template that cannot be rendered faithfully; the message says why."""


@dataclass(frozen=True)
class Rendered:
    """`input_ids` and `labels` of equal length; a label is the token's own id where it carries loss, else -100."""

    input_ids: list[int]
    labels: list[int]
    turns_cut: int = 0  # messages left out at the front to fit the context


def render(tokenizer: Any, chat: Chat, max_length: int | None = None) -> Rendered:
    """Token ids of a whole conversation, with labels on the persona's turns and their end-of-turn tokens.

    `[{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Aye."}]` becomes, with ChatML,
    `<|im_start|>user\\nOpen?<|im_end|>\\n<|im_start|>assistant\\n` unlabelled and `Aye.<|im_end|>` labelled.
    Longer than `max_length` tokens, whole exchanges are cut from the front, the system message kept.

    Raises RenderError when one exchange alone is too long, when the persona never answers, when the text holds the
    template's special tokens (they would forge turns), or when the template refuses the conversation or alters replies
    so that their tokens cannot be found.
    """
    _refuse_special_tokens(tokenizer, chat)
    if not _answers(chat):
        raise RenderError("holds no reply of the persona, so there is nothing to learn from it")
    shorter, cut = chat, 0
    while True:
        rendered = _render_whole(tokenizer, shorter)
        if max_length is None or len(rendered.input_ids) <= max_length:
            return Rendered(rendered.input_ids, rendered.labels, cut)
        left = _without_first_exchange(shorter)
        if left is None or not _answers(left):
            raise RenderError(f"needs {len(rendered.input_ids)} tokens where max_length allows {max_length}")
        cut += len(shorter) - len(left)
        shorter = left


def prompt_ids(tokenizer: Any, chat: Chat) -> list[int]:
    """Token ids that a reply is generated after: the conversation so far, and the opening of the persona's turn."""
    _refuse_special_tokens(tokenizer, chat)
    return tokenizer.encode(_text(tokenizer, chat, opened=True), add_special_tokens=False)


def end_of_turn_ids(tokenizer: Any) -> list[int]:
    """The tokens that end a persona's turn in this template: what generation has to stop at."""
    rendered = _render_whole(tokenizer, [{"role": "user", "content": "a"}, {"role": PERSONA_ROLE, "content": "b"}])
    last = [label for label in rendered.labels if label != IGNORED][-1]
    return sorted({last} | ({tokenizer.eos_token_id} if tokenizer.eos_token_id is not None else set()))


def share_learned(rendered: Sequence[Rendered]) -> float:
    """Share of all tokens that carry loss; 0.0 for nothing."""
    total = sum(len(item.input_ids) for item in rendered)
    return sum(label != IGNORED for item in rendered for label in item.labels) / total if total else 0.0


def _text(tokenizer: Any, chat: Chat, opened: bool = False) -> str:
    if not chat:
        raise RenderError("the persona speaks first, and the chat template can open no turn before any message")
    try:
        return tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=opened)
    except TemplateError as error:  # how templates refuse what they were not made for, such as two questions in a row
        raise RenderError(f"the chat template refuses it: {error}") from error


def _answers(chat: Chat) -> bool:
    return any(message["role"] == PERSONA_ROLE for message in chat)


def _render_whole(tokenizer: Any, chat: Chat) -> Rendered:
    text = _text(tokenizer, chat)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    special = set(_special_tokens(tokenizer).values())
    labels = [IGNORED] * len(ids)
    for position, message in enumerate(chat):
        if message["role"] != PERSONA_ROLE:
            continue
        before = _text(tokenizer, chat[:position], opened=True)
        start, content = len(before), message["content"]
        if not content:
            raise RenderError("a reply is empty")
        if not text.startswith(before) or not text.startswith(content, start):
            raise RenderError(
                "the chat template rewrites earlier turns or replies, so the persona's tokens cannot be told apart"
            )
        end = start + len(content)
        inside = [index for index, (left, right) in enumerate(offsets) if left < end and right > start and right > left]
        if not inside or offsets[inside[0]][0] < start or offsets[inside[-1]][1] > end:
            raise RenderError("a token of the chat template runs into the reply, so the two cannot be told apart")
        after = inside[-1] + 1
        if after >= len(ids) or ids[after] not in special:
            raise RenderError("the chat template does not end a reply with a special token: it would never stop")
        for index in [*inside, after]:
            labels[index] = ids[index]
    return Rendered(ids, labels)


def _without_first_exchange(chat: Chat) -> Chat | None:
    """The conversation from its second customer turn on, the system message kept; None when there is no such turn."""
    system = chat[:1] if chat and chat[0]["role"] == "system" else []
    for position in range(len(system) + 1, len(chat)):
        if chat[position]["role"] == "user":
            return [*system, *chat[position:]]
    return None


def _refuse_special_tokens(tokenizer: Any, chat: Chat) -> None:
    for message in chat:
        for token in _special_tokens(tokenizer):
            if token in message["content"]:
                raise RenderError(f"the text holds {token}, which the model reads as the edge of a turn")


def _special_tokens(tokenizer: Any) -> dict[str, int]:
    """The tokens that stand for no text, with their ids: `{"<|im_end|>": 2, …}`.

    Some families (Llama 3, Gemma) name only a few of those that their template uses.
    """
    named = dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    template = str(tokenizer.chat_template)
    added = {str(token): number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return named | {token: number for token, number in added.items() if token in template}
