"""Where in the text of a conversation the persona's replies stand: what the model has to generate, turn by turn."""

import re
from dataclasses import dataclass
from typing import Any

from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.render.manner import Chat, Manner, RenderError, written

_THINK, _THOUGHT = "<think>", "</think>"
# What may stand before a reply: blanks, and the end of a thought that the template has begun.
_LEAD = re.compile(rf"\s*(?:{_THOUGHT}\s*)?")
_BLANKS = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Place:
    """A reply in a text: from `start` on the model generates, up to `end`, where the end-of-turn token begins."""

    start: int
    end: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A text to learn from: `messages` of the chat, as the template writes them, and the replies to learn in it."""

    messages: Chat
    text: str
    places: list[Place]
    is_whole: bool  # holds all replies of the conversation, not one of them


def pieces(tokenizer: Any, manner: Manner, chat: Chat) -> list[Piece]:
    """A conversation as one text, where each reply stands after exactly what it would be generated after.

    Where a template rewrites what was said before (Qwen 3 takes the thoughts out of earlier turns, Mistral moves the
    system message to the last question), that holds for no single text: then one text a reply.
    Raises RenderError for what cannot be told apart.
    """
    if not manner.end:
        written(tokenizer, manner, chat)  # a template that refuses the conversation says why
        raise RenderError(
            "the chat template does not end a reply with a special token: it would never stop. Choose another base "
            "model (shared.base_model), one whose template closes each reply"
        )
    taught = [position for position, message in enumerate(chat) if message["role"] == PERSONA_ROLE]
    if any(not chat[position]["content"].strip() for position in taught):
        raise RenderError("a reply is empty")
    taught = [position for position in taught if _weight(chat[position]) > 0]
    if not taught:
        raise RenderError("every reply has the weight 0, so there is nothing to learn from it")
    whole = _whole(tokenizer, manner, chat, taught)
    return [whole] if whole else [last_piece(tokenizer, manner, chat[: position + 1]) for position in taught]


def whole_piece(tokenizer: Any, manner: Manner, chat: Chat) -> Piece:
    """The conversation as one text. Raises RenderError where it cannot be."""
    found = pieces(tokenizer, manner, chat)
    if len(found) > 1:
        raise RenderError("the chat template rewrites earlier turns of a part of it only, so it cannot be cut to fit")
    return found[0]


def last_piece(tokenizer: Any, manner: Manner, chat: Chat) -> Piece:
    """A text in which the last message, a reply, follows on exactly what it would be generated after."""
    before, text = written(tokenizer, manner, chat[:-1], opened=True), written(tokenizer, manner, chat)
    content = chat[-1]["content"]
    end = _end(manner, text, len(before), content) if text.startswith(before) else None
    if end is None:
        said = _said(manner, before, text, content)
        text, end = before + said + manner.end, len(before) + len(said)
    return Piece(chat, text, [Place(len(before), end, _weight(chat[-1]))], False)


def _whole(tokenizer: Any, manner: Manner, chat: Chat, taught: list[int]) -> Piece | None:
    text = written(tokenizer, manner, chat)
    places = []
    for position in taught:
        before = written(tokenizer, manner, chat[:position], opened=True)
        if not text.startswith(before):
            return None
        end = _end(manner, text, len(before), chat[position]["content"])
        if end is None:
            return None
        places.append(Place(len(before), end, _weight(chat[position])))
    return Piece(chat, text, places, True)


def _end(manner: Manner, text: str, start: int, content: str) -> int | None:
    """Where the end-of-turn token begins, if from `start` on nothing but the reply stands before it."""
    exact = start + len(content)
    if text.startswith(content, start) and text.startswith(manner.end, exact):
        return exact
    lead = _LEAD.match(text, start)
    reply = content.strip()
    if lead is None or not text.startswith(reply, lead.end()):
        return None
    blanks = _BLANKS.match(text, lead.end() + len(reply))
    return blanks.end() if blanks and text.startswith(manner.end, blanks.end()) else None


def _said(manner: Manner, before: str, text: str, content: str) -> str:
    """What the model has to generate after `before`, taken from a text that begins otherwise.

    `"… [/INST]"` and `"… [/INST] Aye.</s>"` give `" Aye."`; where the template opens a thought (DeepSeek R1's prompt
    ends with `<think>`), it is closed at once.
    """
    body = text.rpartition(manner.end)[0]
    kept = body.rstrip()
    reply = content.strip()
    head = kept.removesuffix(reply)
    opening = manner.opening.rstrip()
    if head != kept:
        begun = head.rstrip()
        blanks = head[len(begun) :]
        spaces = manner.opening[len(opening) :]
        if opening and begun.endswith(opening) and before.endswith(manner.opening) and blanks.startswith(spaces):
            return blanks.removeprefix(spaces) + reply + body[len(kept) :]
        plain = opening.removesuffix(_THINK).rstrip()
        if plain != opening and plain and begun.endswith(plain):
            # An empty thought as such models write it themselves: <think>, an empty line, </think>, an empty line.
            breaks = "\n" if manner.opening.endswith("\n") else "\n\n"
            return f"{breaks}{_THOUGHT}\n\n{reply}{body[len(kept) :]}"
    raise RenderError(
        f"the chat template rewrites the reply, so the persona's tokens cannot be told apart: after {before[-30:]!r} "
        f"{content[:60]!r} was expected, and the template ends with {text[-60:]!r}"
    )


def _weight(message: dict[str, Any]) -> float:
    return float(message.get("weight", 1.0))
