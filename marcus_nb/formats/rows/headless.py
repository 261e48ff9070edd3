"""Tables without names of columns: which column plays which part, by what stands in it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from marcus_nb.formats import speakers
from marcus_nb.formats.rows import columns
from marcus_nb.formats.tables import RawTable
from marcus_nb.formats.times import parse_times

_SAMPLED = 1000
_MOST_AUTHOR_WORDS, _LEAST_TEXT_WORDS = 3.0, 2.0
_LEAST_READABLE = 0.8


@dataclass(frozen=True)
class _Profile:
    name: str
    filled: float  # share of the rows
    words: float  # on average
    distinct: float  # share of the filled
    is_time: bool
    is_number: bool
    has_roles: bool
    has_persona: bool


def is_headless(raw: RawTable) -> bool:
    """Whether the columns had to be numbered, for want of a header."""
    return bool(raw.columns) and all(name == f"column {at}" for at, name in enumerate(raw.columns, start=1))


def guessed_log(raw: RawTable, persona: frozenset[str]) -> dict[str, str] | str:
    """Author and text of a chat log without header, with conversation and time where there are any; or why not."""
    if not is_headless(raw):
        return "its columns have names"
    profiles = _profiles(raw, persona)
    content = _wordiest(profiles)
    authors = [
        item
        for item in profiles
        if item is not content
        and not item.is_time
        and not item.is_number
        and 0 < item.words <= _MOST_AUTHOR_WORDS
        and (item.has_roles or item.has_persona or item.distinct <= 0.5)
    ]
    if content is None or not authors:
        return "no header, and no column looks like authors beside one of text"
    author = max(authors, key=lambda item: (item.has_roles or item.has_persona, -item.distinct))
    parts = {"author": author.name, "content": content.name}
    rest = [item for item in profiles if item not in (author, content)]
    if time := next((item for item in rest if item.is_time), None):
        parts["order"] = time.name
    if thread := next(
        (i for i in rest if not i.is_time and 0 < i.distinct < 1 and i.words <= 1.5 and i.filled == 1), None
    ):
        parts["conversation"] = thread.name
    return parts


def guessed_pairs(raw: RawTable) -> dict[str, str] | str:
    """The two columns of text of a table without header, question first; or why not."""
    if not is_headless(raw):
        return "its columns have names"
    texts = [item for item in _profiles(raw, frozenset()) if _is_text(item)]
    if len(texts) != 2:
        return f"no header, and {len(texts)} columns of text instead of two"
    return {"prompt": texts[0].name, "response": texts[1].name}


def wordiest(raw: RawTable, names: Iterable[str]) -> str | None:
    """Of some columns the one that holds the most words, if it holds prose; None when none does."""
    found = _wordiest([_profile(raw, name, frozenset()) for name in names])
    return found.name if found else None


def moments_column(raw: RawTable, names: Iterable[str]) -> str | None:
    """Of some columns the first that holds moments, whatever it is called."""
    return next((name for name in names if _profile(raw, name, frozenset()).is_time), None)


def proposal(raw: RawTable) -> str:
    """What a person could write for `columns` when no name is known: {prompt: Frage, response: Antwort}, by content."""
    profiles = _profiles(raw, frozenset())
    texts = sorted(filter(_is_text, profiles), key=lambda item: -item.words)[:2]
    if len(texts) == 2 and texts[1].words * 8 >= texts[0].words:
        first, second = sorted(texts, key=lambda item: raw.columns.index(item.name))
        return f"{{prompt: {first.name}, response: {second.name}}}"
    authors = [item for item in profiles if item not in texts and not item.is_time and 0 < item.distinct <= 0.7]
    if texts and authors:
        author = min(authors, key=lambda item: (item.is_number, item.distinct))
        return f"{{author: {author.name}, content: {texts[0].name}}}"
    return "{prompt: …, response: …}, or {author: …, content: …} where each row is a message"


def _is_text(item: _Profile) -> bool:
    return not item.is_time and not item.is_number and item.words >= _LEAST_TEXT_WORDS and item.distinct > 0.5


def _wordiest(profiles: list[_Profile]) -> _Profile | None:
    return max((item for item in profiles if _is_text(item)), key=lambda item: item.words, default=None)


def _profiles(raw: RawTable, persona: frozenset[str]) -> list[_Profile]:
    return [_profile(raw, name, persona) for name in raw.columns]


def _profile(raw: RawTable, name: str, persona: frozenset[str]) -> _Profile:
    values = [columns.text(value).strip() for value in raw.column(name)[:_SAMPLED]]
    filled = [value for value in values if value]
    if not filled:
        return _Profile(name, 0, 0, 0, False, False, False, False)
    times, _, moments = parse_times(filled)
    numbers = sum(value.replace(".", "", 1).lstrip("-").isdigit() for value in filled)
    return _Profile(
        name=name,
        filled=len(filled) / len(values),
        words=sum(len(value.split()) for value in filled) / len(filled),
        distinct=len(set(filled)) / len(filled),
        is_time=bool(moments) and float(np.mean(~np.isnan(times))) >= _LEAST_READABLE,
        is_number=numbers >= _LEAST_READABLE * len(filled),
        has_roles=len({speakers.role_word(value) for value in set(filled)} & {"user", "assistant"}) == 2,
        has_persona=bool({value.casefold() for value in set(filled)} & persona),
    )
