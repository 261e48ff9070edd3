"""What there is: conversations by source, role, language, length and time, and what stands in two files."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from statistics import median

import pandas as pd

from marcus_nb import text
from marcus_nb.conversation import PERSONA_ROLE, Conversation
from marcus_nb.formats import Table
from marcus_nb.ingest.groups import alike, title
from marcus_nb.ingest.sources import Ingested

_SAMPLE = 300  # conversations of a source whose language is looked at
_NO_WORD = re.compile(r"[\W_]+")


def counts(ingested: Ingested) -> pd.DataFrame:
    """One row per source that has conversations, alike tables together when there are many: source, conversations,
    persona's messages, customers' messages, customers (named ones), languages, words (median of a conversation),
    from, to (days; empty where the file names none)."""
    rows = []
    for group in alike([table for table in ingested.tables if table.conversations]):
        found = [conversation for table in group for conversation in table.conversations]
        messages = sum(len(item.messages) for item in found)
        persona = sum(message.role == PERSONA_ROLE for item in found for message in item.messages)
        days = [item.time[:10] for item in found if item.time]
        rows.append(
            {
                "source": title([(table.file, table.sheet) for table in group]),
                "conversations": len(found),
                "persona's messages": persona,
                "customers' messages": messages - persona,
                "customers named": len({item.customer for item in found if item.customer}),
                "languages": _languages(found),
                "words (median)": int(median(sum(len(m.content.split()) for m in item.messages) for item in found)),
                "from": min(days, default=""),
                "to": max(days, default=""),
            }
        )
    return pd.DataFrame(rows)


def _languages(found: Sequence[Conversation]) -> str:
    """`"es 92 %, en 8 %"` of a sample evenly spread over the conversations, so that it is the same every time."""
    step = max(1, -(-len(found) // _SAMPLE))
    named = Counter(text.language(_said(item)) for item in found[::step])
    known = [(name, count) for name, count in named.most_common() if name]
    total = sum(count for _, count in known)
    large = [f"{name} {count / total:.0%}" for name, count in known[:3] if count * 50 >= total]
    return ", ".join(large) if large else "too short to tell"


def duplicates(ingested: Ingested) -> pd.DataFrame:
    """Conversations that say the same in more than one table, by pair of tables, the most frequent first: file,
    also in, conversations, example (the first such question). Case, spacing and punctuation do not count."""
    tables = [table for table in ingested.tables if table.conversations]
    if len(tables) == 1:
        tables = []  # there is no other to share with
    places: dict[str, set[int]] = {}
    rough: list[list[str]] = []
    for number, table in enumerate(tables):
        rough.append([_rough(_said(item)) for item in table.conversations])
        for key in rough[-1]:
            places.setdefault(key, set()).add(number)
    first: dict[str, Table] = {}
    pairs: dict[tuple[str, str], list[str]] = {}
    for table, keys in zip(tables, rough, strict=True):
        here: dict[str, str] = {}
        for conversation, key in zip(table.conversations, keys, strict=True):
            if len(places[key]) > 1:  # the fingerprint proper goes through every character: only where it can matter
                here.setdefault(text.fingerprint(_said(conversation)), conversation.messages[0].content)
        for print_, example in here.items():
            if print_ in first:
                pairs.setdefault((first[print_].name, table.name), []).append(example)
            else:
                first[print_] = table
    rows = [(one, other, len(examples), examples[0]) for (one, other), examples in pairs.items()]
    rows.sort(key=lambda row: -row[2])
    return pd.DataFrame(rows, columns=["file", "also in", "conversations", "example"])


def _said(conversation: Conversation) -> str:
    return "\n".join(message.content for message in conversation.messages)


def _rough(said: str) -> str:
    """The same for all texts of one fingerprint, and quickly made."""
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", said).casefold()))
