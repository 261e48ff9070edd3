"""Conversation → token ids and labels, through the tokenizer's own chat template; the only place that does it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from marcus_nb.conversation import PERSONA_ROLE

IGNORED = -100  # what torch's cross entropy leaves out (its ignore_index)
_AT_ONCE = 500  # conversations
_CHARACTERS_AT_ONCE = 1_000_000  # each takes about 50 bytes on the way, as a part of a token and its place

Chat = list[dict[str, str]]


class RenderError(ValueError):
    """A conversation or a chat template that cannot be rendered faithfully; the message says why.

    `tokens` is the length of the whole conversation where that is what is wrong, else 0.
    """

    def __init__(self, reason: str, tokens: int = 0) -> None:
        super().__init__(reason)
        self.tokens = tokens


@dataclass(frozen=True)
class Rendered:
    """`input_ids` and `labels` of equal length; a label is the token's own id where it carries loss, else -100."""

    input_ids: list[int]
    labels: list[int]
    turns_cut: int = 0  # messages left out at the front to fit the context
    whole: int = 0  # tokens of the conversation before anything was cut


def render(tokenizer: Any, chat: Chat, max_length: int | None = None) -> Rendered:
    """Token ids of a whole conversation, with labels on the persona's turns and their end-of-turn tokens.

    `[{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Aye."}]` becomes, with ChatML,
    `<|im_start|>user\\nOpen?<|im_end|>\\n<|im_start|>assistant\\n` unlabelled and `Aye.<|im_end|>` labelled.
    Longer than `max_length` tokens, whole exchanges are cut from the front, the system message kept.

    Raises RenderError when one exchange alone is too long, when the persona never answers, when a system message stands
    anywhere but at the start, when the text holds the template's special tokens (they would forge turns), or when the
    template refuses the conversation or alters replies so that their tokens cannot be found.
    """
    [rendered] = render_all(tokenizer, [chat], max_length)
    if isinstance(rendered, RenderError):
        raise rendered
    return rendered


def render_all(
    tokenizer: Any, chats: Iterable[Chat], max_length: int | None = None
) -> Iterator[Rendered | RenderError]:
    """What `render` gives for each conversation, in their order, or the error that it raises.

    Hundreds go to the tokenizer at a time, which then works on all cores; what was yielded is not held on to.
    """
    special = _special_tokens(tokenizer)
    for some in _portions(chats):
        yield from _render_some(tokenizer, special, some, max_length)


def prompt_ids(tokenizer: Any, chat: Chat) -> list[int]:
    """Token ids that a reply is generated after: the conversation so far, and the opening of the persona's turn."""
    _refuse_special_tokens(_special_tokens(tokenizer), chat)
    return tokenizer.encode(_text(tokenizer, chat, opened=True), add_special_tokens=False)


def end_of_turn_ids(tokenizer: Any) -> list[int]:
    """The tokens that end a persona's turn in this template: what generation has to stop at."""
    rendered = render(tokenizer, [{"role": "user", "content": "a"}, {"role": PERSONA_ROLE, "content": "b"}])
    last = [label for label in rendered.labels if label != IGNORED][-1]
    return sorted({last} | ({tokenizer.eos_token_id} if tokenizer.eos_token_id is not None else set()))


def share_learned(rendered: Sequence[Rendered]) -> float:
    """Share of all tokens that carry loss; 0.0 for nothing."""
    total = sum(len(item.input_ids) for item in rendered)
    return sum(label != IGNORED for item in rendered for label in item.labels) / total if total else 0.0


def special_tokens(tokenizer: Any) -> list[str]:
    """Every string that the tokenizer never reads as text: `["<repo_name>", "<|endoftext|>", "<|im_end|>", …]`."""
    added = (str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
    return sorted(token for token in {*tokenizer.all_special_tokens, *added} if len(token) > 1)


def _text(tokenizer: Any, chat: Chat, opened: bool = False) -> str:
    if not chat:
        raise RenderError("the persona speaks first, and the chat template can open no turn before any message")
    try:
        return tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=opened)
    except TemplateError as error:  # how templates refuse what they were not made for, such as two questions in a row
        raise RenderError(f"the chat template refuses it: {error}") from error


def _portions(chats: Iterable[Chat]) -> Iterator[list[Chat]]:
    portion, characters = [], 0
    for chat in chats:
        portion.append(chat)
        characters += sum(len(message["content"]) for message in chat)
        if len(portion) >= _AT_ONCE or characters >= _CHARACTERS_AT_ONCE:
            yield portion
            portion, characters = [], 0
    if portion:
        yield portion


def _render_some(
    tokenizer: Any, special: dict[str, int], chats: Sequence[Chat], max_length: int | None
) -> list[Rendered | RenderError]:
    found: list[Rendered | RenderError] = []
    texts: dict[int, str] = {}  # place → the whole conversation as the template writes it
    for place, chat in enumerate(chats):
        try:
            _refuse(special, chat)
            texts[place] = _text(tokenizer, chat)
            found.append(Rendered([], []))
        except RenderError as error:
            found.append(error)
    for (place, text), (ids, offsets) in zip(texts.items(), _encode(tokenizer, list(texts.values())), strict=True):
        chat, whole = chats[place], len(ids)
        try:
            cut = 0
            if max_length is not None and whole > max_length:
                chat, cut = _shortened(tokenizer, chat, whole, max_length)
                text = _text(tokenizer, chat)
                [(ids, offsets)] = _encode(tokenizer, [text])
            found[place] = Rendered(ids, _labels(tokenizer, special, chat, text, ids, offsets), cut, whole)
        except RenderError as error:
            found[place] = error
    return found


def _encode(tokenizer: Any, texts: list[str]) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
    """Token ids of each text, and where in it each token begins and ends."""
    if not texts:
        return iter(())
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False)
    return zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)


def _labels(
    tokenizer: Any,
    special: dict[str, int],
    chat: Chat,
    text: str,
    ids: list[int],
    offsets: Sequence[tuple[int, int]],
) -> list[int]:
    labels, after = [IGNORED] * len(ids), -1
    ends = set(special.values())
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
        inside = _inside(offsets, after + 1, start, end)
        if not inside or offsets[inside[0]][0] < start or offsets[inside[-1]][1] > end:
            raise RenderError("a token of the chat template runs into the reply, so the two cannot be told apart")
        after = inside[-1] + 1
        if after >= len(ids) or ids[after] not in ends:
            raise RenderError("the chat template does not end a reply with a special token: it would never stop")
        for index in [*inside, after]:
            labels[index] = ids[index]
    return labels


def _inside(offsets: Sequence[tuple[int, int]], first: int, start: int, end: int) -> list[int]:
    """The tokens, from `first` on, that stand for a character between `start` and `end`."""
    inside = []
    for index in range(first, len(offsets)):
        left, right = offsets[index]
        if left >= end:
            break
        if right > start and right > left:
            inside.append(index)
    return inside


def _shortened(tokenizer: Any, chat: Chat, tokens: int, max_length: int) -> tuple[Chat, int]:
    """The conversation without as few exchanges at its front as make it fit, and how many messages that leaves out.

    Found by bisection: with fewer exchanges it is never longer.
    """
    system = chat[:1] if chat[0]["role"] == "system" else []
    # A customer's turn that no reply follows would leave nothing to learn.
    last = max(position for position, message in enumerate(chat) if message["role"] == PERSONA_ROLE)
    starts = [position for position in range(len(system) + 1, last) if chat[position]["role"] == "user"]
    low, high, needed = 0, len(starts), tokens
    while low < high:
        middle = (low + high) // 2
        shorter = [*system, *chat[starts[middle] :]]
        needed = len(tokenizer.encode(_text(tokenizer, shorter), add_special_tokens=False))
        low, high = (low, middle) if needed <= max_length else (middle + 1, high)
    if low == len(starts):  # then the shortest was tried last
        raise RenderError(f"needs at least {needed} tokens where shared.max_length allows {max_length}", tokens)
    return [*system, *chat[starts[low] :]], starts[low] - len(system)


def _refuse(special: dict[str, int], chat: Chat) -> None:
    _refuse_special_tokens(special, chat)
    if any(message["role"] == "system" for message in chat[1:]):
        raise RenderError("holds a system message of its own: the persona has one, at the start (shared.system_prompt)")
    if not any(message["role"] == PERSONA_ROLE for message in chat):
        raise RenderError("holds no reply of the persona, so there is nothing to learn from it")


def _refuse_special_tokens(special: dict[str, int], chat: Chat) -> None:
    for message in chat:
        for token in special:
            if token in message["content"]:
                raise RenderError(f"the text holds {token}, which the model reads as the edge of a turn")


def _special_tokens(tokenizer: Any) -> dict[str, int]:
    """The tokens that stand for no text, with their ids: `{"<|im_end|>": 2, …}`.

    Some families (Llama 3, Gemma) name only a few of those that their template uses.
    """
    named = dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    template = str(tokenizer.chat_template)
    added = {str(token): number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    found = named | {token: number for token, number in added.items() if token in template}
    # Some models pad with an exclamation mark; it forges nothing, and texts hold it.
    return {token: number for token, number in found.items() if len(token) > 1}
