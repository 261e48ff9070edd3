"""What the records of a table mean: the shapes, tried from the most to the least particular."""

from collections.abc import Callable, Mapping

from marcus_nb.formats import words
from marcus_nb.formats.messages.message_rows import message_row_parts, read_message_rows
from marcus_nb.formats.messages.nested import nested_parts, read_nested
from marcus_nb.formats.rows import columns
from marcus_nb.formats.rows.exchange_parts import (
    form_parts,
    instruction_parts,
    message_pairs_parts,
    pairs_parts,
    preference_parts,
    transcript_parts,
)
from marcus_nb.formats.rows.exchanges import Reading, read_exchanges
from marcus_nb.formats.rows.headless import guessed_log, guessed_pairs, proposal
from marcus_nb.formats.rows.log import read_log
from marcus_nb.formats.rows.log_columns import log_parts
from marcus_nb.formats.rows.wide import SPEAKER, TEXT, as_rows, is_wide
from marcus_nb.formats.tables import FormatError, RawTable, Threads
from marcus_nb.parameters import Source

NO_SHAPE = "the records have no known shape"
_EXCHANGES = ("pairs", "instruction", "preference")


def recognise(raw: RawTable, source: Source, persona_name: str) -> tuple[str, dict[str, str]]:
    """The shape of a table and the column for each part: ("pairs", {"prompt": "Question", "response": "Answer"}).

    `source.shape` and `source.columns` overrule. Raises FormatError with why each shape was ruled out.
    """
    given = columns.given(raw, source.columns)
    persona = columns.persona_words(persona_name, source.persona_speaker)
    forced = bool(source.shape)
    # The second try at pairs comes last: `prompt` and `message` make one when nothing else explains the file.
    tries: list[tuple[str, Callable[[], dict[str, str] | str]]] = [
        # Before the lists of messages that they hold: of two answers the bad one must not be read as a good one.
        ("preference", lambda: preference_parts(raw, given, persona)),
        ("pairs", lambda: message_pairs_parts(raw, given, persona)),
        ("messages", lambda: nested_parts(raw, given, "messages")),
        ("sharegpt", lambda: nested_parts(raw, given, "sharegpt")),
        ("instruction", lambda: instruction_parts(raw, given, persona, forced)),
        ("pairs", lambda: pairs_parts(raw, given, persona, 2)),
        ("row_per_message", lambda: message_row_parts(raw, given)),
        ("row_per_message", lambda: log_parts(raw, given, forced)),
        ("pairs", lambda: pairs_parts(raw, given, persona, 1)),
        ("lines", lambda: nested_parts(raw, given, "lines")),
        ("transcripts", lambda: transcript_parts(raw, given)),
        ("pairs", lambda: form_parts(raw, given, persona)),
        ("row_per_message", lambda: guessed_log(raw, persona)),
        ("pairs", lambda: guessed_pairs(raw)),
    ]
    if not forced and given.keys() & {"author", "content", "order"}:
        tries = [(shape, parts) for shape, parts in tries if shape not in _EXCHANGES]
    if not forced and given.keys() & {"prompt", "response"}:
        tries = [(shape, parts) for shape, parts in tries if shape in _EXCHANGES]
    reasons = {}
    for shape, parts_of in tries:
        if source.shape in ("", shape):
            parts = parts_of()
            if isinstance(parts, dict):
                return shape, parts
            if parts:
                reasons.setdefault(shape, parts)
    said = "".join(f"\n  not {shape}: {reason}" for shape, reason in reasons.items())
    raise FormatError(
        f"{raw.name}: {NO_SHAPE}. Columns found: {words.listed(raw.columns)}.\n"
        f"  Say which column is which with `columns`, for example {proposal(raw)}{said}",
        raw.columns,
    )


def read_shape(raw: RawTable, source: Source, persona_name: str, names: Mapping[str, str]) -> Threads | Reading:
    """Recognise a table and read who said what; `names` are those of people by their ids. Raises FormatError."""
    shape, parts = recognise(raw, source, persona_name)
    if shape in ("messages", "sharegpt", "lines"):
        return read_nested(raw, shape, parts, source.gap_minutes, names)
    if shape == "row_per_message" and message_row_parts(raw, columns.given(raw, source.columns)) == parts:
        return read_message_rows(raw, parts, source.gap_minutes, names)
    if shape == "row_per_message":
        return read_log(raw, parts, source.gap_minutes, source.persona_speaker)
    persona = columns.persona_words(persona_name, source.persona_speaker)
    if shape == "pairs" and not source.shape and is_wide(raw, parts, persona):
        rows = as_rows(raw, parts)
        found = log_parts(rows, {"author": SPEAKER, "content": TEXT}, True)
        if isinstance(found, dict):
            return read_log(rows, found, source.gap_minutes, source.persona_speaker)
    return read_exchanges(raw, shape, parts)
