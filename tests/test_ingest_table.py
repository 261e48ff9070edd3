"""Whatever file the business has: small files, each with the container, shape, conversations and outcomes it must have.

The cases, written from the public descriptions of the formats, not from our code:

- tests/ingest_cases_tables.py (tests/fixtures/ingest/tables): CSV with every delimiter, `sep=`, titles, ragged rows,
  no header, ten encodings and kinds of damage; pairs, instruction, preference, row per message with and without ids
- tests/ingest_cases_chats.py (…/chats): WhatsApp in nine locales and a group, dialogues as people write them, widgets
- tests/ingest_cases_nested.py (…/nested): OpenAI, ShareGPT, Alpaca, TRL, preference, lines of dialogue; Telegram,
  Discord, Messenger, ChatGPT, Claude, Zendesk, Intercom, Freshdesk, HubSpot; unknown nestings; YAML
- tests/ingest_cases_binary.py (made by tests/ingest_books.py): Excel, OpenDocument, Parquet, gz, zip, folder
- tests/ingest_cases_more.py: exports that the issue does not name, since generality counts

Each is counted again by tests/recount.py, which shares no code with formats/.
"""

from collections import Counter
from pathlib import Path

import ingest_books
import ingest_cases_binary
import ingest_cases_chats
import ingest_cases_more
import ingest_cases_nested
import ingest_cases_tables
import pytest
import recount
from ingest_case import ANY, Case

from marcus_nb.formats import Table, read
from marcus_nb.parameters import Source

FIXTURES = Path(__file__).parent / "fixtures" / "ingest"
DATA = Path(__file__).parent.parent / "notebooks" / "data"
CASES = [
    *ingest_cases_tables.CASES,
    *ingest_cases_chats.CASES,
    *ingest_cases_nested.CASES,
    *ingest_cases_binary.CASES,
    *ingest_cases_more.CASES,
]
EVERY = pytest.mark.parametrize("case", CASES, ids=[case.id or case.path for case in CASES])


def tables(case: Case, folder: Path) -> list[Table]:
    """The tables of a case that hold records; what was merely passed over (a list of users, a picture) is left out."""
    root = folder if case.build else FIXTURES
    path = getattr(ingest_books, case.build)(folder) if case.build else case.path
    found = read([Source(path=path, **case.source)], root, case.name)
    return [table for table in found if table.shape]


def said(table: Table) -> list[list[str]]:
    letters = {"user": "u", "assistant": "a"}
    return [[f"{letters[m.role]}: {m.content}" for m in c.messages] for c in table.conversations]


def outcomes(table: Table) -> list[tuple[int, str]]:
    listed = (*table.rejected, *table.set_aside, *table.left_out)
    return sorted((outcome.origin.lines[0], outcome.kind) for outcome in listed)


def test_there_are_enough_cases():
    assert len({case.id or case.path for case in CASES}) == len(CASES) >= 75
    shapes = {table.shape for case in CASES for table in case.tables} - {ANY}
    assert shapes == {"pairs", "instruction", "preference", "messages", "sharegpt", "lines", "row_per_message"}
    containers = {table.container for case in CASES for table in case.tables}
    assert containers == {"csv", "excel", "ods", "json", "jsonl", "yaml", "parquet", "transcript"}


@EVERY
def test_recognised(case, tmp_path):
    found = tables(case, tmp_path)
    assert len(found) == len(case.tables), [(table.name, table.shape, table.evidence) for table in found]
    for table, wanted in zip(found, case.tables, strict=True):
        assert table.container == wanted.container and wanted.shape in (table.shape, ANY), table.evidence
        assert sorted(said(table)) == sorted(wanted.said), table.evidence
        assert outcomes(table) == sorted(wanted.outcomes), (*table.rejected, *table.set_aside, *table.left_out)
        assert table.records == wanted.records
        if wanted.persona != ANY:
            assert table.persona_speaker == wanted.persona
        assert (table.sheet == wanted.sheet or wanted.sheet is None) and (table.file == wanted.file or not wanted.file)
        assert table.evidence and all(o.reason for o in (*table.rejected, *table.set_aside, *table.left_out))


def counted(case: Case, folder: Path) -> dict[str, recount.Records]:
    """The own count of every file of a case: {file: {(sheet, line): text}}."""
    function, told = case.count
    if function == "members":
        return {
            name: getattr(recount, by)((FIXTURES / fixture).read_bytes(), **how)
            for name, (fixture, by, how) in told.items()
        }
    path = next(folder.iterdir()) if case.build else FIXTURES / case.path
    if function == "stated":  # the case says what a person sees in it, as no rule of ours could
        return {path.name if case.build else case.path: told}
    whole = function in ("excel_records", "ods_records", "parquet_records")
    return {
        path.name if case.build else case.path: getattr(recount, function)(path if whole else path.read_bytes(), **told)
    }


def check(found: list[Table], own: dict[str, recount.Records], names: dict[str, str] | None = None) -> None:
    """Every record of the own count has exactly one outcome, and each message stands in the records that it names."""
    for table in found:
        mine = {line: text for (sheet, line), text in own[table.file].items() if sheet in (None, table.sheet)}
        used = {line for conversation in table.conversations for line in conversation.origin.lines}
        rest = Counter(outcome.origin.lines[0] for outcome in (*table.rejected, *table.set_aside))
        assert table.records == table.used + len(table.rejected) + len(table.set_aside) == len(mine)
        assert len(used) == table.used and not used & rest.keys() and set(rest.values()) <= {1}
        assert used | rest.keys() == mine.keys()
        for conversation in table.conversations:
            for message in conversation.messages:
                assert message.lines and set(message.lines) <= set(conversation.origin.lines)
                raw = "\n".join(mine[line] for line in message.lines)
                for old, new in (names or {}).items():
                    raw = raw.replace(old, new)
                assert stands_in(message.content, raw), (message, raw)


def stands_in(text: str, raw: str) -> bool:
    """Whether the words of a message follow each other in a record, once tags and entities are out of the way."""
    words = iter(recount.plain(raw.replace("<", " ").replace(">", " ").replace("|", " ")).split())
    inside = all(
        word in words for word in recount.plain(text.replace("<", " ").replace(">", " ").replace("|", " ")).split()
    )
    return inside or recount.plain(text) in recount.plain(raw)


@EVERY
def test_recount(case, tmp_path):
    found = tables(case, tmp_path)
    own = counted(case, tmp_path)
    assert {table.file for table in found} == own.keys()
    assert sum(table.records for table in found) == sum(len(records) for records in own.values())
    link = {"<https://hatch.example|the page>": "the page (https://hatch.example)"}
    check(found, own, {"U2": "Nell Hatch", "@U1": "@Hugh"} | link)


SHIPPED = [
    ("nell_chat.csv", "csv_records", {"encoding": "", "delimiter": ";"}, "Nell"),
    ("nell_counter.xlsx", "excel_records", {"headers": {"Counter book": 3, "Letters": 1}}, "Nell"),
    ("nell_export.json", "json_records", {"lists": ("export.tickets",)}, "Nell"),
    ("florian_messages.csv", "csv_records", {}, "Florian"),
    ("florian_guestbook.xlsx", "excel_records", {"headers": {"Spring": 3, "Autumn": 1}}, "Florian"),
    ("florian_sharegpt.json", "json_records", {}, "Florian"),
]


@pytest.mark.parametrize(("name", "function", "told", "persona"), SHIPPED, ids=[row[0] for row in SHIPPED])
def test_recount_of_the_files_we_ship(name, function, told, persona):
    path = DATA / name
    own = getattr(recount, function)(path if function == "excel_records" else path.read_bytes(), **told)
    found = [table for table in read([Source(path=name)], DATA, persona) if table.shape]
    assert sum(table.records for table in found) == len(own) > 0
    check(found, {name: own})


def test_every_file_we_ship_is_recounted():
    assert {row[0] for row in SHIPPED} == {path.name for path in DATA.iterdir()} - {"README.md"}
