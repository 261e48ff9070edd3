"""Subjects of messages: what tells conversations apart where people write on several topics in one place."""

import re
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.rows import columns

_TOPICS = frozenset(["topic", "subject", "asunto", "tema", "betreff", "objet", "assunto", "oggetto", "assumpte"])
_ANSWERED = re.compile(r"\s*(?:(?:re|rv|fw|fwd|aw|wg|sv|tr|rif|res|enc)\s*:\s*)+", re.IGNORECASE)


def is_topic(name: str) -> bool:
    return words.key(name) in _TOPICS


def topic_of(value: Any) -> str:
    """A subject without the marks of an answer: topic_of("Re: RE: My hat") is "my hat"."""
    return _ANSWERED.sub("", columns.text(value), count=1).strip().casefold()
