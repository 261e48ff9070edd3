"""Chats that stand whole in a cell, a time and a name before each message: `(09:04:11) Tom: Hi`, made messages."""

from collections.abc import Sequence
from typing import Any

from marcus_nb.formats import speakers
from marcus_nb.formats.files import phone_notes, transcript_lines

_SAMPLED = 100
_LEAST = 0.8
_LONGEST = 20_000  # characters looked at
_FORMS = (transcript_lines.stamped, transcript_lines.bracketed, transcript_lines.name_then_time)


def are_chats(values: Sequence[Any]) -> bool:
    """Whether the cells of a column are such chats, by names that are no words for roles."""
    filled = [value for value in values[:_SAMPLED] if isinstance(value, str) and value.strip()]
    found = [messages for value in filled if len(messages := of_cell(value[:_LONGEST])) >= 2]
    names = {message["author"] for messages in found for message in messages}
    told = all(speakers.role_word(name) for name in names)
    return bool(found) and len(names) >= 2 and not told and len(found) >= _LEAST * len(filled)


def of_cell(text: str) -> list[dict[str, str]]:
    """The messages of a cell, none when it begins otherwise.

    >>> of_cell("(09:04:11) Tom: Hi\\n(09:05:02) Nell: Aye.")
    [{'author': 'Tom', 'content': 'Hi'}, {'author': 'Nell', 'content': 'Aye.'}]
    """
    messages: list[dict[str, str]] = []
    for line in text.strip().splitlines():
        said = next((found for form in _FORMS if (found := form(line))), None)
        if said:
            # What the chat writes itself, `(09:06) Tom has left`, is no word of the one above.
            messages.append({"author": said.author or "system", "content": said.text})
        elif messages:
            messages[-1]["content"] += f"\n{line}"
        else:
            return []
    for message in messages:
        message["content"] = phone_notes.judged(message["content"])[0].strip()
    return messages
