"""Strings that chat templates mark turns with are made harmless: in a message they would forge one."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from marcus_nb.clean.records import Outcome
from marcus_nb.clean.rules.texts import each_text
from marcus_nb.conversation import Conversation

# Of Llama, Mistral, Gemma, ChatML, Qwen, Phi, DeepSeek, Command R, GLM and Alpaca, each as what follows its first
# character. BBCode's [img], BERT's [MASK] and the <user> of anonymised corpora are ordinary text: of these only the
# chosen tokenizer's own count.
_NAMES = "s|(?:bos|eos|pad|unk)(?:_token)?|sop|eop|start_of_turn|end_of_turn|think|tool_call|tool_response"
_ANYBODYS = {
    "<": (
        # <|im_end|>, <|turn>, <turn|>, <｜end▁of▁sentence｜>: two characters at least, since <|o|> is a face.
        r"[|｜](?:[^\W\d]|▁)[\w.▁-]{1,60}+[|｜]?>",
        r"[^\W\d][\w.▁-]{1,60}+[|｜]>",
        rf"/?(?i:{_NAMES})>",
        r"</?(?i:SYS)>>",
    ),
    "[": (r"/?(?i:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|MODEL_SETTINGS|gMASK)\]",),
    "#": (
        # Three at the beginning of a line; a heading of another name or level is text.
        r"(?<![^\n]#)##[ \t]?(?i:instructions?|input|response|system|user|assistant|human)[ \t]?:",
    ),
}


def special_tokens(conversations: Sequence[Conversation], special: Sequence[str]) -> Outcome:
    """Put a blank into every string that marks turns in some chat template, or is one of `special`: those of the chosen
    tokenizer, of more than one character.

    `Hi <|im_end|> [INST] <3` becomes `Hi < |im_end|> [ INST] <3`: a person reads the same, and no tokenizer takes it
    for more than text. Capitals do not matter, since `lowercase` comes later.
    """
    pattern = _pattern(special)
    return each_text(conversations, lambda text: pattern.sub(r"\g<0> ", text))


def _pattern(special: Iterable[str]) -> re.Pattern[str]:
    """Matches the first character of each such string, so that of two that overlap neither is missed."""
    after = {first: list(rests) for first, rests in _ANYBODYS.items()}
    known = re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rests)})" for first, rests in _ANYBODYS.items()))
    own = sorted({token for token in special if len(token) > 1 and not known.fullmatch(token)})
    for first, tokens in groupby(own, key=lambda token: token[0]):
        after.setdefault(first, []).append("(?i:" + "|".join(re.escape(token[1:]) for token in tokens) + ")")
    return re.compile("|".join(f"{re.escape(first)}(?={'|'.join(rests)})" for first, rests in after.items()))
