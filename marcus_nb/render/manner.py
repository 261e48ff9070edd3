"""What a chat template does with a conversation, found by trying it, and the form of it that everything here uses."""

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

from jinja2 import TemplateError

from marcus_nb.conversation import PERSONA_ROLE

Chat = list[dict[str, Any]]

# Llama 3.1's own fallback. A template that writes today's date would teach another text than it serves tomorrow.
PINNED = date(2024, 7, 26)
_DATES = re.compile(r"""strftime_now\(\s*(?P<quote>["'])(?P<format>[^"'\\]*)(?P=quote)\s*\)""")
# Each begins and ends at the beginning of a line, so that what follows is read as it was: a template may begin with
# blanks, and jinja takes the line break away that follows a block.
_NO_THINKING = "{%- set enable_thinking = false %}\n"
_SYSTEM_IN_QUESTION = """{%- if messages and messages[0]['role'] == 'system' %}
{%- set marcus = namespace(system=messages[0]['content'], messages=[]) %}
{%- for message in messages[1:] %}
{%- if marcus.system and message['role'] == 'user' %}
{%- set question = {'role': 'user', 'content': marcus.system + '\\n\\n' + message['content']} %}
{%- set marcus.messages = marcus.messages + [question] %}
{%- set marcus.system = '' %}
{%- else %}
{%- set marcus.messages = marcus.messages + [message] %}
{%- endif %}
{%- endfor %}
{%- set messages = marcus.messages %}
{%- endif %}
"""
_SYSTEM, _QUESTION, _ANSWER = "Qz7system", "Qz7question", "Qz7answer"  # in no template


class RenderError(ValueError):
    """A conversation or a chat template that cannot be rendered faithfully; the message says why.

    `tokens` is the length of the whole conversation where that is what is wrong, else 0.
    """

    def __init__(self, reason: str, tokens: int = 0) -> None:
        super().__init__(reason)
        self.tokens = tokens


@dataclass(frozen=True)
class Manner:
    """A tokenizer's way with conversations. For ChatML:

    Manner(template, end="<|im_end|>", opening="<|im_end|>\\n<|im_start|>assistant\\n", has_system=True)

    `template` is the Jinja that render, generation and the exported model share; `end` the special token that the
    template writes after a reply ("" where it writes none); `opening` what stands between a question and its reply,
    `tail` the ids of its last tokens, which no question changes.
    """

    template: str
    end: str
    opening: str
    has_system: bool
    tail: tuple[int, ...] = ()


_KNOWN: WeakKeyDictionary[Any, tuple[tuple[Any, ...], Manner]] = WeakKeyDictionary()


def manner_of(tokenizer: Any) -> Manner:
    """How this tokenizer's template writes conversations, tried once and then remembered.

    Raises RenderError when there is no template, or one that takes not even a question and its answer.
    """
    if not tokenizer.is_fast:  # a slow one cannot tell which characters a token stands for
        raise RenderError(
            "this tokenizer is of the slow kind (it has no tokenizer.json), and the persona's tokens cannot be told "
            "apart with it: choose another base model (shared.base_model)"
        )
    special = tuple(special_token_ids(tokenizer))
    key = (str(tokenizer.chat_template), special, *tokenizer.special_tokens_map.values())
    known = _KNOWN.get(tokenizer)
    if known is None or known[0] != key:
        known = _KNOWN[tokenizer] = (key, _tried(tokenizer, special))
    return known[1]


def shared_template(tokenizer: Any) -> str:
    """The chat template that training, generation and the exported model share; most are the tokenizer's own.

    Where that one differs from day to day or from call to call, it is made to stay: today's date becomes a fixed one,
    a model that can be told not to think (`enable_thinking`) is told so; and where it has no place for a system
    message, that message stands in front of the first question, a blank line between them.
    """
    return manner_of(tokenizer).template


def written(tokenizer: Any, manner: Manner, chat: Chat, opened: bool = False) -> str:
    """The conversation as the template writes it; `opened`: up to where the persona's next turn begins."""
    if not chat or (not manner.has_system and all(message["role"] == "system" for message in chat)):
        raise RenderError("the persona speaks first, and the chat template can open no turn before any message")
    try:
        return _applied(tokenizer, manner.template, chat, opened)
    except TemplateError as error:  # how templates refuse what they were not made for, such as two questions in a row
        raise RenderError(f"the chat template refuses it: {error}{_cure(chat)}") from error


def special_tokens(tokenizer: Any) -> list[str]:
    """Every string that the tokenizer never reads as text: `["<repo_name>", "<|endoftext|>", "<|im_end|>", …]`."""
    added = (str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
    return sorted(token for token in {*tokenizer.all_special_tokens, *added} if len(token) > 1)


def special_token_ids(tokenizer: Any) -> dict[str, int]:
    """The tokens that stand for no text, with their ids: `{"<|im_end|>": 2, …}`.

    Some families (Llama 3, Gemma) name only a few of those that their template uses.
    """
    named = dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    template = str(tokenizer.chat_template)
    added = {str(token): number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    found = named | {token: number for token, number in added.items() if token in template}
    # Some models pad with an exclamation mark; it forges nothing, and texts hold it.
    return {token: number for token, number in found.items() if len(token) > 1}


def _tried(tokenizer: Any, special: tuple[str, ...]) -> Manner:
    try:
        own = tokenizer.get_chat_template()
    except ValueError as error:
        raise RenderError(
            "this base model has no chat template, so it was never taught to converse: choose one that was "
            "(shared.base_model); its name mostly says Instruct, Chat or it"
        ) from error
    template = _DATES.sub(lambda found: f"'{PINNED.strftime(found['format'])}'", own)
    if "enable_thinking" in template:
        template = _NO_THINKING + template
    system, asked = {"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}
    # Asked for a reply: some write the system message into the last question, and only where that waits for one.
    has_system = _SYSTEM in _attempt(tokenizer, template, [system, asked])
    if not has_system:
        template = _SYSTEM_IN_QUESTION + template
    prompt = _attempt(tokenizer, template, [asked])
    opening = prompt.rpartition(_QUESTION)[2]
    answered = _attempt(tokenizer, template, [asked, {"role": PERSONA_ROLE, "content": _ANSWER}], opened=False)
    after = answered.rpartition(_ANSWER)[2].lstrip()
    ends = sorted((token for token in special if after.startswith(token)), key=len)
    return Manner(
        template,
        ends[-1] if ends and _ANSWER in answered else "",
        opening,
        has_system,
        _tail(tokenizer, prompt, opening),
    )


def _tail(tokenizer: Any, prompt: str, opening: str) -> tuple[int, ...]:
    """The last ids of a prompt: from the last mark after the question on, or the very last where there is none."""
    encoded = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    begins = len(prompt) - len(opening)
    marks = [at for at, token in enumerate(ids) if token in tokenizer.added_tokens_decoder and offsets[at][0] >= begins]
    return tuple(ids[marks[-1] :] if marks else ids[-1:])


def _attempt(tokenizer: Any, template: str, chat: Chat, opened: bool = True) -> str:
    """The text, or "" where the template refuses."""
    try:
        return _applied(tokenizer, template, chat, opened)
    except TemplateError:
        return ""


def _applied(tokenizer: Any, template: str, chat: Chat, opened: bool) -> str:
    return tokenizer.apply_chat_template(chat, chat_template=template, tokenize=False, add_generation_prompt=opened)


def _cure(chat: Chat) -> str:
    roles = [message["role"] for message in chat if message["role"] != "system"]
    if any(one == other for one, other in pairwise(roles)):
        return (
            ". One side speaks twice in a row here, which clean.join_turns makes one turn of: switch it on in 02_clean"
        )
    return ". Here the persona speaks first" if roles[:1] == [PERSONA_ROLE] else ""
