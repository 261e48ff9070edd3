"""What the stage leaves: the conversations, and every record that became none."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill

from marcus_nb.conversation import Origin, to_row, write_jsonl
from marcus_nb.formats import Outcome
from marcus_nb.formats.messages.collecting import no_collecting
from marcus_nb.ingest.account import check_account
from marcus_nb.ingest.sources import Ingested
from marcus_nb.renaming import replace

_COLUMNS = {"kind": 12, "file": 32, "sheet": 16, "line": 8, "reason": 48, "text": 90}  # name: width in characters
_SUMMARY = {"kind": 12, "reason": 80, "records": 10, "first": 48}
_WRAPPED = ("reason", "text")
_MOST_ROWS = 20_000  # what a spreadsheet program opens at once; rejected.jsonl has them all
_KINDS = ("rejected", "set_aside", "left_out")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 32_767
_CUT = " … (cut here: the whole text is in rejected.jsonl)"


def write_rejected(ingested: Ingested, folder: Path) -> None:
    """Write rejected.jsonl (every outcome: kind, file, sheet, line, reason, text) and rejected.xlsx (a summary by
    reason, then the same, up to 20,000 rows). What is broken stands first.

    Only the owner may read the files, where the system knows owners.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row(outcome) for outcome in sorted(ingested.outcomes, key=_order)]
    write_jsonl(folder / "rejected.jsonl", rows)
    _write_workbook(folder / "rejected.xlsx", rows)


def write_conversations(ingested: Ingested, folder: Path) -> dict[str, int]:
    """Write conversations.jsonl, for its owner only as well.

    Returns {"conversations": 251, "rejected": 16, "set_aside": 2, "left_out": 0}. Raises AccountError before anything
    is written.
    """
    check_account(ingested)
    folder.mkdir(parents=True, exist_ok=True)
    with no_collecting():
        write_jsonl(folder / "conversations.jsonl", map(to_row, ingested.conversations))
    return {
        "conversations": len(ingested.conversations),
        "rejected": len(ingested.rejected),
        "set_aside": len(ingested.set_aside),
        "left_out": len(ingested.left_out),
    }


def _order(outcome: Outcome) -> tuple[int, str, str, tuple[int, ...]]:
    return _KINDS.index(outcome.kind), outcome.origin.file, outcome.origin.sheet or "", outcome.origin.lines


def _row(outcome: Outcome) -> dict[str, str | int | None]:
    return {
        "kind": outcome.kind,
        "file": outcome.origin.file,
        "sheet": outcome.origin.sheet,
        "line": outcome.origin.lines[0] if outcome.origin.lines else None,
        "reason": outcome.reason,
        "text": outcome.text,
    }


def _write_workbook(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    book = Workbook(write_only=True)
    _write_sheet(book, "summary", _SUMMARY, _by_reason(rows))
    _write_sheet(book, "records", _COLUMNS, rows)
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600, exist_ok=False)  # its owner's alone before anything personal is written into it
    book.save(temporary)
    replace(temporary, path)  # Windows: it may be open in Excel, or with a virus scanner for a moment


def _by_reason(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for row in rows:
        key = row["kind"], row["reason"]
        found[key] += 1
        if key not in first:
            first[key] = str(Origin(row["file"], row["sheet"], () if row["line"] is None else (row["line"],)))
    ordered = sorted(found, key=lambda key: (_KINDS.index(key[0]), -found[key]))
    return [{"kind": key[0], "reason": key[1], "records": found[key], "first": first[key]} for key in ordered]


def _write_sheet(book: Workbook, title: str, columns: dict[str, int], rows: Sequence[dict[str, Any]]) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEF", columns.values(), strict=False):
        sheet.column_dimensions[letter].width = width
    shown = rows[:_MOST_ROWS]
    sheet.auto_filter.ref = f"A1:{'ABCDEF'[len(columns) - 1]}{len(shown) + 1}"
    font, fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", start_color="33475B")
    heads = [WriteOnlyCell(sheet, name) for name in columns]
    for head in heads:
        head.font, head.fill = font, fill
    sheet.append(heads)
    top, wrapped = WriteOnlyCell(sheet), WriteOnlyCell(sheet)
    top.alignment = Alignment(vertical="top")
    wrapped.alignment = Alignment(vertical="top", wrap_text=True)
    for row in shown:
        sheet.append([_cell(sheet, row[name], wrapped if name in _WRAPPED else top) for name in columns])
    if len(rows) > len(shown):
        sheet.append([f"and {len(rows) - len(shown):,} more: all of them are in rejected.jsonl"])


def _cell(sheet: Any, value: str | int | None, like: WriteOnlyCell) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, _harmless(value) if isinstance(value, str) else value)
    cell._style = like._style  # through the cell's own attributes every cell would look its style up anew
    if isinstance(value, str):
        cell.data_type = "s"  # also what Excel would take for an error, such as #N/A
    return cell


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula, without characters that Excel refuses, no longer than a cell."""
    text = ILLEGAL_CHARACTERS_RE.sub("", text)
    if text.startswith(_FORMULA_STARTS):
        text = "'" + text
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - len(_CUT)] + _CUT
