"""From what a person names to tables: what kind of file each is, by trying; what it means; and who the persona is."""

import gc
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from marcus_nb.conversation import Conversation, Origin
from marcus_nb.formats.building import build
from marcus_nb.formats.containers import raw_tables
from marcus_nb.formats.files import opening
from marcus_nb.formats.identifiers import unique
from marcus_nb.formats.people import is_side_file, names_of
from marcus_nb.formats.rows.exchanges import Reading
from marcus_nb.formats.shapes import read_shape
from marcus_nb.formats.speakers import Persona, find_persona
from marcus_nb.formats.tables import FormatError, Outcome, RawTable, Sample, Table, Threads, sampled
from marcus_nb.parameters import Source

_LONGEST_SAMPLE = 20  # records
_MANY = 50_000
_MOST_SPEAKERS = 200  # that a person could choose the persona from


def read(
    sources: Sequence[Source], root: Path, persona_name: str, leading_persona_turns: str = "set_aside"
) -> list[Table]:
    """Read all sources: a table for each file, sheet or list of records in them; ids are unique over all.

    `source.path` is relative to `root` or absolute. What is recognised is explained in each table's `evidence`, and
    what `source` states overrules it. `leading_persona_turns` may be "keep". A file of a folder or an archive that
    cannot be read is a table of one rejected record; Raises FormatError, with every source's error, when a source is
    missing, empty, unreadable or of no known shape.
    """
    tables: list[Table] = []
    errors: list[FormatError] = []
    collecting = gc.isenabled()
    gc.disable()  # millions of new texts and not one cycle among them: it would go through them again and again
    try:
        for source in sources:
            try:
                tables.extend(_read_source(source, root, persona_name, leading_persona_turns == "keep"))
            except FormatError as error:
                errors.append(error)
        if errors and len(sources) == 1:
            raise errors[0]
        if errors:
            listed = "\n\n".join(map(str, errors))
            raise FormatError(f"{len(errors)} of {len(sources)} sources cannot be read:\n\n{listed}")
        tables = unique(tables)
        if sum(len(table.conversations) for table in tables) > _MANY:
            gc.freeze()  # they stay: what comes after need not search them for cycles either, seconds each time
        return tables
    finally:
        if collecting:
            gc.enable()


def paths(sources: Sequence[Source], root: Path) -> list[Path]:
    """The files on the disk that the sources name, folders and patterns resolved."""
    return list(dict.fromkeys(path for source in sources for path in opening.paths(source.path, root)))


def _read_source(source: Source, root: Path, persona_name: str, keep_leading: bool) -> list[Table]:
    opened = opening.open_source(source.path, root)
    several = len(opened) > 1
    names = names_of(opened)
    found: list[Table | Threads | tuple[RawTable, Reading]] = []
    errors: list[FormatError] = []
    opened.reverse()
    while opened:  # taken out one by one, as are the tables below: what has been read need not be kept
        item = opened.pop()
        if item.skipped or (several and is_side_file(item.name, names)):
            found.append(
                _passed_over(
                    item.name, item.skipped or "a list of the export's own, without messages; names in it are used"
                )
            )
            continue
        try:
            raws = raw_tables(item, source, persona_name)
        except FormatError as error:
            errors.append(error)
            found.append(_unreadable(item.name, str(error), item.data))
            continue
        raws.reverse()
        del item
        while raws:
            raw = raws.pop()
            try:
                meant = read_shape(raw, source, persona_name, names)
            except FormatError as error:
                errors.append(error)
                found.append(_shapeless(raw, str(error)))
            else:
                found.append(meant if isinstance(meant, Threads) else (raw, meant))
            del raw
    if not any(isinstance(item, Threads | tuple) for item in found):
        listed = "\n".join(map(str, errors)) or f"{source.path}: holds no file that could be read: " + "; ".join(
            f"{table.file}: {table.evidence[0]}" for table in found[:10] if isinstance(table, Table)
        )
        raise FormatError(listed, [name for error in errors for name in error.columns])
    threads = [item for item in found if isinstance(item, Threads)]
    personas = iter(_personas(threads, persona_name, source, alone=len(threads) == len(found)))
    return [
        item
        if isinstance(item, Table)
        else _of_threads(item, next(personas), keep_leading)
        if isinstance(item, Threads)
        else _of_exchanges(*item)
        for item in found
    ]


def _personas(threads: list[Threads], persona_name: str, source: Source, alone: bool) -> list[Persona]:
    """Who the persona is in each table; where nobody can be, files that need no persona must not be lost for it."""
    try:
        return find_persona(threads, persona_name, source.persona_speaker) if threads else []
    except FormatError as error:
        if alone or source.persona_speaker:
            every = [name for table in threads for name in table.raw.columns]
            raise FormatError(str(error), every, error.speakers) from None
        return [Persona(tuple("user" for _ in table.speakers), None, str(error)) for table in threads]


def _passed_over(name: str, why: str) -> Table:
    return Table(name, None, "", "", {}, None, (f"passed over: {why}",), 0, 0, (), (), ())


def _unreadable(name: str, why: str, data: bytes) -> Table:
    reason = "the file cannot be read: " + " ".join(why.removeprefix(f"{name}: ").split())
    text = data[:200].decode("utf-8", "replace")
    outcome = Outcome(Origin(name, None, (1,)), reason, text, "rejected")
    return Table(name, None, "", "", {}, None, (why,), 1, 0, (), (outcome,), ())


def _shapeless(raw: RawTable, why: str) -> Table:
    reason = "the records have no known shape"
    outcomes = [raw.outcome(place, reason) for place in range(len(raw))]
    return _table(raw, "", {}, None, (why,), [], outcomes)


def _of_threads(threads: Threads, persona: Persona, keep_leading: bool) -> Table:
    conversations, outcomes = build(threads, persona, keep_leading)
    evidence = (*threads.evidence, persona.evidence)
    return _table(
        threads.raw,
        threads.shape,
        threads.columns,
        persona.speaker,
        evidence,
        conversations,
        [*threads.outcomes, *outcomes],
        tuple(dict.fromkeys(threads.speakers[at].name for at, _ in threads.taking_part.most_common(_MOST_SPEAKERS))),
    )


def _of_exchanges(raw: RawTable, reading: Reading) -> Table:
    return _table(
        raw,
        reading.shape,
        reading.columns,
        reading.persona_speaker,
        reading.evidence,
        list(reading.conversations),
        list(reading.outcomes),
    )


def _table(
    raw: RawTable,
    shape: str,
    columns_: dict[str, str],
    speaker: str | None,
    evidence: Sequence[str],
    conversations: list[Conversation],
    outcomes: list[Outcome],
    speakers: tuple[str, ...] = (),
) -> Table:
    every = sorted([*raw.faults, *outcomes], key=lambda outcome: outcome.origin.lines)
    return Table(
        file=raw.file,
        sheet=raw.sheet,
        container=raw.container,
        shape=shape,
        columns=columns_,
        persona_speaker=speaker,
        evidence=(*raw.evidence, *evidence),
        records=len(raw) + len(raw.faults),
        used=_used(conversations),
        conversations=tuple(conversations),
        rejected=tuple(outcome for outcome in every if outcome.kind == "rejected"),
        set_aside=tuple(outcome for outcome in every if outcome.kind == "set_aside"),
        left_out=tuple(outcome for outcome in every if outcome.kind == "left_out"),
        samples=_samples(raw, conversations),
        every_column=raw.columns,
        speakers=speakers,
    )


def _used(conversations: Sequence[Conversation]) -> int:
    """How many records stand in conversations: one that holds many conversations counts once."""
    if not conversations:
        return 0
    every = chain.from_iterable([conversation.origin.lines for conversation in conversations])
    lines = np.fromiter(every, np.int64)
    lines.sort()  # they nearly are; `np.unique` would take ten times as long
    return 1 + int(np.count_nonzero(lines[1:] != lines[:-1]))


def _samples(raw: RawTable, conversations: Sequence[Conversation]) -> tuple[Sample, ...]:
    """The first, the middle and the last conversation's records, as they lie in the file."""
    return tuple(Sample(conversations[at].id, _records(raw, conversations[at])) for at in sampled(len(conversations)))


def _records(raw: RawTable, conversation: Conversation) -> tuple[tuple[int, str], ...]:
    lines = conversation.origin.lines[:_LONGEST_SAMPLE]
    return tuple((line, raw.text(bisect_left(raw.lines, line))) for line in sorted(lines))
