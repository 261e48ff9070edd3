"""Whole chats in one text with the marks that models are trained on: ChatML, Llama, Gemma, `### Response:`."""

import re
from collections.abc import Iterator

from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.formats import speakers

_BEGUN = r"\s*(?:(?:<s>|<bos>|<\|begin_of_text\|>|<\|startoftext\|>|<[|｜]begin.of.sentence[|｜]>)\s*)*"
# <|im_start|>user, <start_of_turn>user, <|start_header_id|>user<|end_header_id|>, <|user|>, <｜User｜>, <|USER_TOKEN|>
_TAG = (
    r"(?:<\|im_start\|>|<start_of_turn>|<\|start_header_id\|>)[ \t]*(\w{1,30})[^\n<]{0,60}"
    r"(?:<\|(?:end_header_id|im_sep)\|>)?\n*"
    r"|(?:<\|START_OF_TURN_TOKEN\|>)?<[|｜](user|assistant|system|chatbot|tool)(?:_TOKEN)?[|｜]>\n*"
)
_OPENED = re.compile(_TAG, re.IGNORECASE)
_BEGINS = re.compile(rf"{_BEGUN}(?:{_TAG}|\[INST\])", re.IGNORECASE)
_CLOSED = re.compile(
    r"<\|im_end\|>|<end_of_turn>|<\|eot_id\|>|<\|end\|>|<\|endoftext\|>|<\|end_of_text\|>|</s>|<eos>"
    r"|<\|END_OF_TURN_TOKEN\|>|<[|｜]end.of.sentence[|｜]>"
)
_ORDER = re.compile(r"(\[/?INST\])")
_SYSTEM = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)
_HEADING = re.compile(
    r"^#{2,4}[ \t]?(?:(Instruction|Input|Question|Context|Instrucci[oó]n|Entrada|Pregunta|Contexto)"
    r"|(Response|Output|Answer|Respuesta|Salida)|End)[ \t]*:?[ \t]*$\n?|^#{2,4}[ \t]?(?:(Instruction|Input|Question"
    r"|Instrucci[oó]n|Entrada|Pregunta)|(Response|Output|Answer|Respuesta|Salida)):[ \t]",
    re.MULTILINE | re.IGNORECASE,
)
_LONGEST_PREAMBLE = 600
# USER: Hi ASSISTANT: Aye.</s>USER: …, all on one line
_CAPITALS = re.compile(r"(?:^|(?<=\s)|(?<=</s>))(USER|HUMAN|ASSISTANT|SYSTEM):[ \t]")

Turn = tuple[str, str]


def begins(text: str) -> bool:
    """Whether a text begins with such marks; instructions may stand under a few lines that are always the same."""
    if _BEGINS.match(text):
        return True
    found = _HEADING.search(text, 0, _LONGEST_PREAMBLE)
    if found and (found[1] or found[3]):
        return any(later[2] or later[4] for later in _HEADING.finditer(text, found.end()))
    return _is_in_capitals(text)


def turns(text: str) -> list[Turn] | None:
    """The turns of a text that begins with such marks, None of any other.

    "<|im_start|>user\\nHi<|im_end|>\\n<|im_start|>assistant\\nAye.<|im_end|>" → [("user", "Hi"), ("assistant", "Aye.")]
    """
    if not begins(text):
        return None
    if _ORDER.match(text, re.match(_BEGUN, text).end()):
        said = _orders(text)
    elif _BEGINS.match(text):
        said = _between(_OPENED, text)
    elif _is_in_capitals(text):
        said = _between(_CAPITALS, text)
    else:
        said = _headed(text)
    return [(role, content) for role, found in said if (content := _CLOSED.split(found, 1)[0].strip())]


def _is_in_capitals(text: str) -> bool:
    found = {mark[1] for mark in _CAPITALS.finditer(text)} if _CAPITALS.match(text) else set()
    return "ASSISTANT" in found and bool(found & {"USER", "HUMAN"})


def _between(mark: re.Pattern[str], text: str) -> Iterator[Turn]:
    marks = list(mark.finditer(text))
    ends = [found.start() for found in marks[1:]] + [len(text)]
    for found, end in zip(marks, ends, strict=True):
        name = next(filter(None, found.groups()))
        yield speakers.role_word(name) or "user", text[found.end() : end]


def _orders(text: str) -> Iterator[Turn]:
    """<s>[INST] <<SYS>>Be kind.<</SYS>> Hi [/INST] Aye.</s>"""
    role = ""
    for piece in _ORDER.split(text):
        if piece in ("[INST]", "[/INST]"):
            role = "user" if piece == "[INST]" else PERSONA_ROLE
            continue
        system = _SYSTEM.match(piece) if role == "user" else None
        if system:
            yield "system", system[1]
            piece = piece[system.end() :]
        if role:
            yield role, piece


def _headed(text: str) -> Iterator[Turn]:
    """### Instruction: …, with ### Input: under it, and ### Response: …"""
    marks = list(_HEADING.finditer(text))
    yield "system", text[: marks[0].start()]
    asked: list[str] = []
    ends = [found.start() for found in marks[1:]] + [len(text)]
    for found, end in zip(marks, ends, strict=True):
        content = text[found.end() : end]
        if found[1] or found[3]:
            asked.append(content.strip())
        elif found[2] or found[4]:
            yield "user", "\n".join(filter(None, asked))
            yield PERSONA_ROLE, content
            asked = []
    yield "user", "\n".join(asked)
