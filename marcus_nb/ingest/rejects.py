"""Whether so much was rejected that a file was most likely taken for something that it is not, and why."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from marcus_nb.formats import FormatError, Outcome
from marcus_nb.ingest.sources import Ingested

_SHOWN = 5
_NAMES = re.compile("`[^`]*`")  # columns and values, which may be called anything
# Words of the commonest reason, and what most likely lies behind it; `{file}` is the file that most of them are in.
_CAUSES = (
    (
        ("fields", "quote", "delimiter"),
        "its lines do not split into the columns that its header promises. State what separates them, "
        'or repair the lines: {{path: {file}, delimiter: ";"}}',
    ),
    (
        ("zero byte", "control character", "decode", "encoding"),
        "its bytes are read in the wrong encoding, or are no text. State it: {{path: {file}, encoding: cp1252}}",
    ),
    (
        ("header",),
        "the line with the column names was not found. State where it is: {{path: {file}, header_row: 3}}",
    ),
    (
        ("known shape",),
        "its columns are not known by their names. Say which is which: "
        "{{path: {file}, columns: {{prompt: NAME, response: NAME}}}}, or choose one sheet with `sheet`",
    ),
    (
        ("cannot be read",),
        "the reason stands beside it. Leave the file out of ingest.sources, or state what it is: "
        "{{path: {file}, container: csv}}",
    ),
    (
        ("no conversation",),
        "the wrong column was taken for what tells conversations apart. Name it: "
        "{{path: {file}, columns: {{conversation: NAME}}}}",
    ),
    (
        ("filled:",),
        "most rows are headings, totals or notes. State where the column names are: {{path: {file}, header_row: 3}}",
    ),
    (
        ("persona",),
        "it is not clear who the persona is. Name it as the file does: {{path: {file}, persona_speaker: NAME}}",
    ),
    (
        ("role", "author", "speaker"),
        "the wrong column was taken for who speaks. Name it: {{path: {file}, columns: {{author: NAME}}}}",
    ),
    (
        ("json", "cut off"),
        "it is damaged or was cut off on the way. Export it once more",
    ),
    (
        ("empty", "no text", "no answer", "no question", "no content", "missing"),
        "the wrong column was taken for what is said, or much of it is empty. Name the right ones: "
        "{{path: {file}, columns: {{prompt: NAME, response: NAME}}}} (or content: NAME)",
    ),
)


class TooManyRejectedError(ValueError):
    """More records were rejected than `ingest.max_rejected_share` allows: says which, why, and how to go on."""


def check_rejected(ingested: Ingested, max_rejected_share: float) -> None:
    """Stop where there is too little to go on with: 300 of 1,000 records rejected and a share of 0.2 allowed.

    Raises TooManyRejectedError with the summary and the likely cause; FormatError when not one conversation was found.
    """
    records, rejected = sum(table.records for table in ingested.tables), len(ingested.rejected)
    if rejected > max_rejected_share * records:
        share = rejected / records
        enough = min(1.0, math.ceil(share * 20) / 20)
        raise TooManyRejectedError(
            f"{rejected:,} of {records:,} records were rejected: {share:.0%}, where ingest.max_rejected_share allows "
            f"{max_rejected_share:.0%}.\n{_summary(ingested)}\n"
            f"Likely cause: {_likely_cause(ingested.rejected)}.\n"
            "To go on: look through ingest/rejected.xlsx, then correct the file or overrule in the YAML, under "
            f"ingest.sources, how it is read. If all is as it should be, set ingest.max_rejected_share: {enough:.2f}"
        )
    if not ingested.conversations:
        raise FormatError(
            f"no conversation in any source: {records:,} records read, {rejected:,} rejected, "
            f"{len(ingested.set_aside):,} set aside.\n{_summary(ingested)}\n"
            "Expected records with a question and the persona's answer: see `columns`, `shape` and `persona_speaker`; "
            "all records are listed in ingest/rejected.xlsx"
        )


def _summary(ingested: Ingested) -> str:
    records: Counter[str] = Counter()
    for table in ingested.tables:
        records[table.file] += table.records
    files = Counter(outcome.origin.file for outcome in ingested.rejected)
    outcomes = ingested.rejected if ingested.conversations else ingested.rejected + ingested.set_aside
    reasons = Counter(outcome.reason for outcome in outcomes)
    first: dict[str, Outcome] = {}
    for outcome in outcomes:
        first.setdefault(outcome.reason, outcome)
    return "\n".join(
        [
            *_listed("By file:", (f"{name}: {count:,} of {records[name]:,}" for name, count in files.most_common())),
            *_listed(
                "Commonest reasons:",
                (f"{count:,} × {reason} (first: {first[reason].origin})" for reason, count in reasons.most_common()),
            ),
        ]
    )


def _listed(title: str, lines: Iterable[str]) -> list[Any]:
    every = list(lines)
    if not every:
        return []
    more = [f"- and {len(every) - _SHOWN:,} more"] if len(every) > _SHOWN else []
    return [title, *(f"- {line}" for line in every[:_SHOWN]), *more]


def _likely_cause(rejected: tuple[Outcome, ...]) -> str:
    reason, count = Counter(outcome.reason for outcome in rejected).most_common(1)[0]
    concerned = rejected if count * 2 < len(rejected) else [one for one in rejected if one.reason == reason]
    file = Counter(outcome.origin.file for outcome in concerned).most_common(1)[0][0]
    if count * 2 < len(rejected):
        return f"not one but many reasons, the most of them in {file}: it may be damaged, or no list of conversations"
    bare = _NAMES.sub("", reason).casefold()
    advice = next(
        (said for names, said in _CAUSES if any(name in bare for name in names)),
        "see its first lines in ingest/rejected.xlsx: most likely it was taken for something that it is not",
    )
    return f"one reason stands behind {count / len(rejected):.0%} of them. In {file}, {advice.format(file=file)}"
