"""01_ingest: every source read, every record accounted for, all of it written where the next stage looks."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill

from marcus_nb.conversation import Conversation, to_row, write_jsonl
from marcus_nb.formats import FormatError, Outcome, Table, read, unique
from marcus_nb.parameters import Source

_COLUMNS = {"kind": 12, "file": 32, "sheet": 16, "line": 8, "reason": 48, "text": 90}  # name: width in characters
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 32_767
_REPORT = "a fault of this program: please report it with the first lines of the file"
_CUT = " … (cut here: the whole text is in rejected.jsonl)"


class AccountError(ValueError):
    """Records of a table are neither used nor set aside nor rejected, or counted twice: a fault of this program."""


@dataclass(frozen=True)
class Ingested:
    """What all sources gave: their tables, and the conversations and outcomes of all tables in one row."""

    tables: tuple[Table, ...]
    conversations: tuple[Conversation, ...]
    rejected: tuple[Outcome, ...]
    set_aside: tuple[Outcome, ...]


def read_sources(sources: list[Source], root: Path, persona_name: str) -> Ingested:
    """Read all sources; ids are unique over all of them.

    Raises FormatError with every source's error, and when not one conversation was found.
    """
    tables: list[Table] = []
    errors: list[str] = []
    for source in sources:
        try:
            tables.extend(read(source, root, persona_name))
        except FormatError as error:
            errors.append(str(error))
    if errors:
        listed = "\n\n".join(errors)
        raise FormatError(f"{len(errors)} of {len(sources)} sources cannot be read:\n\n{listed}")
    tables = unique(tables)
    ingested = Ingested(
        tables=tuple(tables),
        conversations=tuple(conversation for table in tables for conversation in table.conversations),
        rejected=tuple(outcome for table in tables for outcome in table.rejected),
        set_aside=tuple(outcome for table in tables for outcome in table.set_aside),
    )
    if not ingested.conversations:
        raise FormatError(_no_conversation(ingested))
    return ingested


def _no_conversation(ingested: Ingested) -> str:
    records = sum(table.records for table in ingested.tables)
    examples = "".join(f"\n- {outcome.origin}: {outcome.reason}" for outcome in ingested.rejected[:5])
    return (
        f"no conversation in any source: {records} records read, {len(ingested.rejected)} rejected, "
        f"{len(ingested.set_aside)} set aside. The first of them:{examples}\n"
        "Expected records with a question and the persona's answer: see `columns`, `shape` and `persona_speaker`"
    )


def account(ingested: Ingested) -> pd.DataFrame:
    """One row per table and the total last: file, sheet, container, shape, records, used, set aside, rejected,
    conversations, messages."""
    rows = [
        {
            "file": table.file,
            "sheet": table.sheet or "",
            "container": table.container,
            "shape": table.shape,
            "records": table.records,
            "used": table.used,
            "set aside": len(table.set_aside),
            "rejected": len(table.rejected),
            "conversations": len(table.conversations),
            "messages": sum(len(conversation.messages) for conversation in table.conversations),
        }
        for table in ingested.tables
    ]
    frame = pd.DataFrame(rows)
    total = {"file": "total", "sheet": "", "container": "", "shape": ""}
    numbers = {name: int(frame[name].sum()) for name in frame.columns if name not in total}
    return pd.concat([frame, pd.DataFrame([total | numbers])], ignore_index=True)


def check_account(ingested: Ingested) -> None:
    """Assert records == used + set aside + rejected, per table and in total, and one outcome for each record.

    Raises AccountError naming the table.
    """
    for table in ingested.tables:
        where = f"{table.file}, sheet {table.sheet}" if table.sheet else table.file
        _balance(where, table.records, table.used, len(table.set_aside), len(table.rejected))
        origins = [conversation.origin for conversation in table.conversations]
        origins += [outcome.origin for outcome in (*table.rejected, *table.set_aside)]
        places = Counter(line for origin in origins for line in origin.lines)
        twice = [line for line, count in places.items() if count > 1]
        if twice or places.total() != table.records:
            found = f"line {twice[0]} has two outcomes" if twice else f"{places.total()} of them have an outcome"
            raise AccountError(f"{where}: {table.records} records, but {found}: {_REPORT}")
    records, used = sum(table.records for table in ingested.tables), sum(table.used for table in ingested.tables)
    _balance("all sources together", records, used, len(ingested.set_aside), len(ingested.rejected))


def _balance(where: str, records: int, used: int, set_aside: int, rejected: int) -> None:
    found = used + set_aside + rejected
    if records != found:
        raise AccountError(
            f"{where}: {records} records, but {used} used + {set_aside} set aside + {rejected} rejected = {found}: "
            f"{_REPORT}"
        )


def write(ingested: Ingested, folder: Path) -> dict[str, int]:
    """Write conversations.jsonl, rejected.jsonl and rejected.xlsx, each under a temporary name first.

    Returns {"conversations": 251, "rejected": 16, "set_aside": 2}. Only the owner may read the files, where the
    system knows owners. Raises AccountError before anything is written.
    """
    check_account(ingested)
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = sorted((*ingested.rejected, *ingested.set_aside), key=_place)
    rows = [_outcome_row(outcome) for outcome in outcomes]
    write_jsonl(folder / "conversations.jsonl", (to_row(conversation) for conversation in ingested.conversations))
    write_jsonl(folder / "rejected.jsonl", rows)
    _write_workbook(folder / "rejected.xlsx", rows)
    return {
        "conversations": len(ingested.conversations),
        "rejected": len(ingested.rejected),
        "set_aside": len(ingested.set_aside),
    }


def _place(outcome: Outcome) -> tuple[str, str, tuple[int, ...]]:
    return outcome.origin.file, outcome.origin.sheet or "", outcome.origin.lines


def _outcome_row(outcome: Outcome) -> dict[str, str | int | None]:
    return {
        "kind": outcome.kind,
        "file": outcome.origin.file,
        "sheet": outcome.origin.sheet,
        "line": outcome.origin.lines[0] if outcome.origin.lines else None,
        "reason": outcome.reason,
        "text": outcome.text,
    }


def _write_workbook(path: Path, rows: Iterable[dict]) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "rejected"
    for column, (name, width) in enumerate(_COLUMNS.items(), start=1):
        head = sheet.cell(1, column, name)
        head.font, head.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", start_color="33475B")
        sheet.column_dimensions[head.column_letter].width = width
    for number, row in enumerate(rows, start=2):
        for column, name in enumerate(_COLUMNS, start=1):
            value = row[name]
            cell = sheet.cell(number, column, value if isinstance(value, int) else None)
            if isinstance(value, str):
                cell.value, cell.data_type = _harmless(value), "s"
            cell.alignment = Alignment(vertical="top", wrap_text=name in ("reason", "text"))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600, exist_ok=False)  # its owner's alone before anything personal is written into it
    book.save(temporary)
    temporary.replace(path)


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula, without characters that Excel refuses, no longer than a cell."""
    text = ILLEGAL_CHARACTERS_RE.sub("", text)
    if text.startswith(_FORMULA_STARTS):
        text = "'" + text
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - len(_CUT)] + _CUT
