"""Excel workbooks (.xlsx) through calamine: every sheet, with the sheet's own row numbers."""

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from marcus_nb.formats import words
from marcus_nb.formats.header import Row, to_table
from marcus_nb.formats.tables import FormatError, RawTable

MOST_UNZIPPED_BYTES = 500 * 1024 * 1024


def read_excel(path: Path, file: str, sheet: str, header_row: int, is_known: Callable[[str], bool]) -> list[RawTable]:
    """The sheets of a workbook that hold anything, or the one named. Raises FormatError."""
    _check_archive(path, file)
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            # Empty rows at the top count: row numbers must be the sheet's own.
            grids = {
                name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
                for name in _chosen(_worksheets(workbook), sheet, file)
            }
    except CalamineError as error:
        raise FormatError(
            f"{file}: not readable as an Excel workbook ({error}): open it and save it as .xlsx"
        ) from None
    every = {name: _rows(grid) for name, grid in grids.items()}
    sheets = {name: rows for name, rows in every.items() if any(row.filled for row in rows)}
    if not sheets:
        raise FormatError(f"{file}: every sheet is empty: {words.listed(grids)}")
    empty = [f"sheet {name} is empty: passed over" for name in grids if name not in sheets]
    tables = []
    for name, rows in sheets.items():
        evidence = [f"sheet {name} of an Excel workbook", *(empty if not tables else [])]
        tables.append(to_table(rows, file, name, "excel", header_row, is_known, evidence))
    return tables


def _check_archive(path: Path, file: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise FormatError(
            f"{file}: no whole Excel workbook: another kind of file, or one cut off "
            f"while it was copied ({error}): export it again"
        ) from None
    if size > MOST_UNZIPPED_BYTES:
        raise FormatError(
            f"{file}: {size / 1e6:,.0f} MB when unpacked, above the limit of {MOST_UNZIPPED_BYTES / 1e6:,.0f} MB: "
            "save the sheets that matter as CSV"
        )


def _worksheets(workbook: CalamineWorkbook) -> list[str]:
    """Sheets of cells; sheets that are one chart hold no records."""
    return [found.name for found in workbook.sheets_metadata if found.typ == SheetTypeEnum.WorkSheet]


def _chosen(names: list[str], sheet: str, file: str) -> list[str]:
    if not sheet:
        return names
    if sheet not in names:
        raise FormatError(
            f"{file}: there is no sheet `{sheet}`{words.near(sheet, names)}: the sheets are {words.listed(names)}"
        )
    return [sheet]


def _rows(grid: list[list[object]]) -> list[Row]:
    """Cells as text; columns that are empty all the way down are left out at the right."""
    cells = [tuple(_text(cell) for cell in row) for row in grid]
    width = max((at + 1 for row in cells for at, cell in enumerate(row) if cell.strip()), default=0)
    return [Row(line, row[:width], " | ".join(row[:width]).rstrip(" |")) for line, row in enumerate(cells, start=1)]


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)
