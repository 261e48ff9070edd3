"""What 01_ingest looks at: how files were recognised, conversations before and after, what there is and what is not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from marcus_nb.conversation import Conversation
from marcus_nb.display.blocks import Block, safe, sentence, shorten, stack, table
from marcus_nb.display.chat import bubbles
from marcus_nb.ingest.groups import MOST_LINES, alike, place, title
from marcus_nb.words import _

if TYPE_CHECKING:
    from marcus_nb.formats import Outcome, Sample, Table
    from marcus_nb.ingest import Ingested

_EXAMPLES = 3
_MOST_RECORDS = 8  # of a conversation that is shown as it lies in the file, and of its bubbles
_MOST_DIFFERENT = 4
_PARTICULARS = re.compile(r"`[^`]*`|[\d.,:%/]+")
_RAW = "font-family:monospace;font-size:.88em;white-space:pre-wrap;overflow-wrap:anywhere"


def recognised(ingested: Ingested) -> Block:
    """What each file was taken for, and the evidence; many alike share a row, what was passed over stands below."""
    read = [part for part in ingested.tables if part.shape]
    rows = [
        {
            _("file"): title([(part.file, part.sheet) for part in group]),
            _("taken for"): _taken_for(group[0].container, group[0].shape),
            _("evidence"): "\n".join(f"• {shorten(line)}" for line in _evidence(group)),
            _("conversations"): sum(len(part.conversations) for part in group),
        }
        for group in alike(read)
    ]
    blocks = [table(pd.DataFrame(rows), _("What each file was taken for, and why"))] if rows else []
    return stack(*blocks, *_not_read([part for part in ingested.tables if not part.shape]))


def _not_read(parts: Sequence[Table]) -> list[Block]:
    """The files that made no conversations, those of one reason and one folder together."""
    if not parts:
        return []
    groups: dict[tuple[str, str], list[Table]] = {}
    for part in parts:
        groups.setdefault((place(part.file), _PARTICULARS.sub("…", _why(part))), []).append(part)
    rows = [
        {
            _("not read"): title([(part.file, part.sheet) for part in group]),
            _("why"): shorten(_why(group[0]), 240),
            _("records"): sum(part.records for part in group),
        }
        for group in groups.values()
    ]
    shown = table(
        pd.DataFrame(rows[:MOST_LINES]), _("Files and sheets without conversations: {count:,}").format(count=len(parts))
    )
    more = sentence(_("And {count:,} more lines like these: see rejected.xlsx.").format(count=len(rows) - MOST_LINES))
    return [shown, more] if len(rows) > MOST_LINES else [shown]


def _why(part: Table) -> str:
    """The last of the evidence says why it went no further; its first line is the reason, the others are what to do."""
    last = part.evidence[-1] if part.evidence else "no reason given"
    return last.removeprefix("passed over: ").removeprefix(f"{part.name}: ").splitlines()[0].removesuffix(" Tried:")


def _evidence(group: Sequence[Table]) -> list[str]:
    """The first table's, and of the others what is not the same but for names and figures."""
    lines = list(group[0].evidence)
    known = {_PARTICULARS.sub("…", line) for line in lines}
    others: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for part in group[1:]:
        for line in part.evidence:
            kind = _PARTICULARS.sub("…", line)
            if kind not in known:
                others[kind] += 1
                examples.setdefault(kind, f"{part.name}: {line}")
    lines += [
        examples[kind] + (f" (and {count - 1:,} more like it)" if count > 1 else "")
        for kind, count in others.most_common(_MOST_DIFFERENT)
    ]
    if len(others) > _MOST_DIFFERENT:
        lines.append(f"and {len(others) - _MOST_DIFFERENT:,} other findings in single files")
    return lines


def before_after(ingested: Ingested, persona_name: str) -> Block:
    """Three conversations, of three different files if there are: the records as they lie there, and the bubbles."""
    shown = _chosen(ingested)
    if not shown:
        return sentence(_("No file kept an example to look at."))
    parts = []
    for part, sample, conversation in shown:
        records = [f"{line:>5}  {shorten(words, 240)}" for line, words in sample.records[:_MOST_RECORDS]]
        if len(sample.records) > _MOST_RECORDS:
            told = _("… {count:,} more records").format(count=len(sample.records) - _MOST_RECORDS)
            records.append(f"       {told}")
        lay = "".join(f'<div style="padding-left:7ch;text-indent:-7ch">{safe(record)}</div>' for record in records)
        made = bubbles([_beginning(conversation)], persona_name)
        markup = (
            '<div style="display:flex;flex-wrap:wrap;gap:12px;margin:10px 0">'
            f'<div style="flex:1 1 22em;min-width:0;border:1px solid #8884;border-radius:8px;padding:8px 12px">'
            f'<small style="opacity:.7">{safe(part.name)}, {_("as it lies there")}</small>'
            f'<div style="{_RAW}">{lay}</div></div>'
            f'<div style="flex:1 1 22em;min-width:0">{made.markup}</div></div>'
        )
        plain = [f"{shorten(part.name, 400)}, {_('as it lies there')}", *records, "", made.plain]
        parts.append(Block(markup, "\n".join(plain)))
    return stack(*parts)


def _chosen(ingested: Ingested) -> list[tuple[Table, Sample, Conversation]]:
    """A first sample of each kind of file, then of every file, then second ones, until there are three."""
    kinds = set()
    ranked = []
    for number, part in enumerate(ingested.tables):
        new = (part.container, part.shape) not in kinds
        kinds.add((part.container, part.shape))
        ranked += [(depth, not new, number, sample) for depth, sample in enumerate(part.samples)]
    ranked.sort(key=lambda item: item[:3])
    found = []
    for _depth, _new, number, sample in ranked:
        part = ingested.tables[number]
        made = [item for item in part.conversations if item.id == sample.conversation_id]
        found += [(part, sample, item) for item in made]
        if len(found) == _EXAMPLES:
            break
    return found


def _beginning(conversation: Conversation) -> Conversation:
    first = conversation.messages[:_MOST_RECORDS]
    return conversation.with_messages(replace(message, content=shorten(message.content, 400)) for message in first)


def sources(frame: pd.DataFrame) -> Block:
    """`ingest.counts`, without the columns that no file has anything for."""
    hyphen = "\N{NON-BREAKING HYPHEN}"  # a day is not broken at its hyphens
    days = zip(frame["from"], frame["to"], strict=True)
    time = [f"{first} – {last}".replace("-", hyphen) if first else "" for first, last in days]
    shown = frame.drop(columns=["from", "to"]).assign(time=time)
    filled = [name for name in shown.columns if name == "conversations" or shown[name].astype(bool).any()]
    return table(shown[filled], "What there is, source by source")


def duplicates(frame: pd.DataFrame) -> Block:
    """`ingest.duplicates`, the first twelve pairs."""
    if frame.empty:
        return sentence("No conversation stands in more than one file.")
    shown = frame.head(MOST_LINES).assign(example=[shorten(words, 90) for words in frame["example"].head(MOST_LINES)])
    caption = f"{frame['conversations'].sum():,} conversations say what one in an earlier file says"
    more = f"{len(frame) - MOST_LINES:,} more pairs of files have fewer in common."
    return stack(table(shown, caption), *([sentence(more)] if len(frame) > MOST_LINES else []))


def rejected(outcomes_: Sequence[Outcome]) -> Block:
    """Why records became no conversation, how often, and the first example of each."""
    if not outcomes_:
        return sentence("No record was rejected, set aside or left out.")
    found = Counter((item.kind, item.reason) for item in outcomes_)
    first: dict[tuple[str, str], Outcome] = {}
    for item in outcomes_:
        first.setdefault((item.kind, item.reason), item)
    order = ("rejected", "set_aside", "left_out")
    keys = sorted(found, key=lambda key: (order.index(key[0]), -found[key]))
    rows = [
        {
            "outcome": key[0].replace("_", " "),
            "reason": shorten(key[1]),
            "records": found[key],
            "first": str(first[key].origin),
            "example": shorten(first[key].text, 90),
        }
        for key in keys[: 2 * MOST_LINES]
    ]
    shown = table(pd.DataFrame(rows), "Records that became no conversation; all of them are in rejected.xlsx")
    if len(keys) <= 2 * MOST_LINES:
        return shown
    return stack(shown, sentence(f"{len(keys) - 2 * MOST_LINES:,} rarer reasons are in rejected.xlsx."))


def outcomes(frame: pd.DataFrame) -> Block:
    """The account of `ingest.account`, with its sentence; many files that are alike share a row."""
    total = frame.iloc[-1]
    words = (
        f"{total['records']:,} records in: {total['used']:,} used, {total['set aside']:,} set aside, "
        f"{total['rejected']:,} rejected; they make {total['conversations']:,} conversations of "
        f"{total['messages']:,} messages."
    )
    if total["left out"]:
        words += f" {total['left out']:,} parts of used records are no dialogue and were left out."
    return stack(table(_folded(frame)), sentence(words))


def _folded(frame: pd.DataFrame) -> pd.DataFrame:
    """A row per table, or per place and kind when there are many, and the total."""
    single, last = frame.iloc[:-1], frame.iloc[-1]
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    kinds = [single["file"].map(place), single["container"], single["shape"]]
    groups = single.groupby(kinds if len(single) > MOST_LINES else single.index, sort=False)
    rows = [
        {
            "file": title(list(zip(group["file"], group["sheet"], strict=True))),
            "taken for": _taken_for(group["container"].iloc[0], group["shape"].iloc[0]),
            **group[numbers].sum(),
        }
        for _, group in groups
    ]
    return pd.DataFrame([*rows, {"file": "total", "taken for": "", **last[numbers]}])


def _taken_for(container: str, shape: str) -> str:
    return f"{container}, {shape.replace('_', ' ')}" if shape else "not read"
