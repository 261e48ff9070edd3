"""ingest: all sources together, the account that must balance, the files that are written."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from marcus_nb import ingest
from marcus_nb.conversation import Origin, read_conversations, read_jsonl
from marcus_nb.formats import FormatError, Outcome
from marcus_nb.parameters import Source

DATA = Path(__file__).parent.parent / "notebooks" / "data"
NELL = [Source(path=name) for name in ("nell_chat.csv", "nell_counter.xlsx", "nell_export.json")]
LOG = "chat,who,text\n1,Tom,Hi\n1,Nell,Aye.\n1,SYSTEM,Closed.\n2,Ann,Open?\n2,Nell,\n"


def sources(folder: Path, **files: str) -> list[Source]:
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8", newline="\n")
    return [Source(path=f"{name}.csv") for name in files]


def test_the_account_has_a_row_per_table_and_a_total(tmp_path):
    ingested = ingest.read_sources(sources(tmp_path, log=LOG, ask="question,answer\nHi,Aye.\n"), tmp_path, "Nell")
    frame = ingest.account(ingested)
    assert list(frame.columns) == [
        *("file", "sheet", "container", "shape", "records", "used", "set aside", "rejected"),
        *("conversations", "messages"),
    ]
    assert frame.to_numpy().tolist() == [
        ["log.csv", "", "csv", "row_per_message", 5, 2, 1, 2, 1, 2],
        ["ask.csv", "", "csv", "pairs", 1, 1, 0, 0, 1, 2],
        ["total", "", "", "", 6, 3, 1, 2, 2, 4],
    ]
    ingest.check_account(ingested)


def test_the_examples_sources_balance():
    ingested = ingest.read_sources(NELL, DATA, "Nell")
    ingest.check_account(ingested)
    total = ingest.account(ingested).iloc[-1]
    assert (total["records"], total["used"], total["set aside"], total["rejected"]) == (507, 489, 2, 16)
    # 290 good conversations, 4 + 2 + 1 exported twice, one question that is only "?"
    assert len(ingested.conversations) == 298 == len({conversation.id for conversation in ingested.conversations})


def test_all_errors_are_listed_together(tmp_path):
    listed = [
        *sources(tmp_path, bad="height,width\n1,2\n", good="question,answer\nHi,Aye.\n"),
        Source(path="elsewhere"),
    ]
    with pytest.raises(FormatError) as caught:
        ingest.read_sources(listed, tmp_path, "Nell")
    message = str(caught.value)
    assert message.startswith("2 of 3 sources cannot be read:")
    assert "bad.csv: the records have no known shape" in message and "elsewhere: there is no such file" in message
    assert "good.csv" not in message


def test_no_conversation_at_all(tmp_path):
    with pytest.raises(
        FormatError, match="no conversation in any source: 1 records read, 1 rejected, 0 set aside"
    ) as e:
        ingest.read_sources(sources(tmp_path, ask="question,answer\nHi,\n"), tmp_path, "Nell")
    assert "- ask.csv, line 2: no answer: `answer` is empty or no text" in str(e.value)


def test_ids_of_two_files_do_not_collide(tmp_path):
    (tmp_path / "old").mkdir()
    content = "ticket,question,answer\n7,Hi,Aye.\n8,Open?,Nay.\n"
    both = [*sources(tmp_path, chat=content), Source(path="old/chat.csv")]
    sources(tmp_path / "old", chat=content)
    ingested = ingest.read_sources(both, tmp_path, "Nell")
    assert [c.id for c in ingested.conversations] == ["chat:7", "chat:8", "chat:7-2", "chat:8-2"]
    assert ingested.tables[1].sample_id == "chat:7-2"
    assert any("suffix: 2, such as chat:7 → chat:7-2" in said for said in ingested.tables[1].evidence)
    assert ingested.tables[1].conversations == ingested.conversations[2:]


def test_an_account_that_does_not_balance_is_named(tmp_path):
    ingested = ingest.read_sources(sources(tmp_path, log=LOG), tmp_path, "Nell")
    (table,) = ingested.tables
    lost = replace(ingested, tables=(replace(table, rejected=table.rejected[1:]),))
    with pytest.raises(ingest.AccountError, match=r"log.csv: 5 records, but 2 used \+ 1 set aside \+ 1 rejected = 4"):
        ingest.check_account(lost)
    twice = replace(ingested, tables=(replace(table, rejected=(table.rejected[0], table.rejected[0])),))
    with pytest.raises(ingest.AccountError, match=r"log.csv: 5 records, but line 5 has two outcomes"):
        ingest.check_account(twice)
    with pytest.raises(ingest.AccountError, match="all sources together: 5 records, but 2 used"):
        ingest.write(replace(ingested, rejected=()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_written(tmp_path):
    ingested = ingest.read_sources(NELL, DATA, "Nell")
    folder = tmp_path / "run" / "ingest"
    assert ingest.write(ingested, folder) == {"conversations": 298, "rejected": 16, "set_aside": 2}
    assert sorted(path.name for path in folder.iterdir()) == ["conversations.jsonl", "rejected.jsonl", "rejected.xlsx"]
    assert read_conversations(folder / "conversations.jsonl") == list(ingested.conversations)
    rows = list(read_jsonl(folder / "rejected.jsonl"))
    assert len(rows) == 18
    assert rows[0] == {
        "kind": "rejected",
        "file": "nell_chat.csv",
        "sheet": None,
        "line": 192,
        "reason": "no persona turn in the conversation",
        "text": "3072;Tycho;27/07/2025 08:57;Tycho;can you keep a boat back for me till noon",
    }
    assert [row["line"] for row in rows if row["kind"] == "set_aside"] == [229, 274]
    sheet = load_workbook(folder / "rejected.xlsx").active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[0] == ["kind", "file", "sheet", "line", "reason", "text"]
    assert [dict(zip(cells[0], row, strict=True)) for row in cells[1:]] == rows
    assert sheet.freeze_panes == "A2" and sheet["A1"].font.bold and sheet.column_dimensions["F"].width == 90
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    # the same sources give the same files, and a second writing replaces the first
    before = (folder / "conversations.jsonl").read_bytes()
    ingest.write(ingest.read_sources(NELL, DATA, "Nell"), folder)
    assert (folder / "conversations.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\x00=1", "'=1"),
        ("a\x07b", "ab"),
        ("plain = text", "plain = text"),
        ("x" * 40000, "x" * (32767 - len(ingest._CUT)) + ingest._CUT),
    ],
)
def test_no_formula_gets_into_the_workbook(tmp_path, text, written):
    ingested = ingest.read_sources(sources(tmp_path, log=LOG), tmp_path, "Nell")
    (table,) = ingested.tables
    outcome = Outcome(Origin("=a.csv", None, (5,)), text, text, "rejected")
    rejected = (outcome, *(o for o in table.rejected if o.origin.lines != (5,)))
    ingest.write(replace(ingested, tables=(replace(table, rejected=rejected),), rejected=rejected), tmp_path / "o")
    sheet = load_workbook(tmp_path / "o" / "rejected.xlsx").active
    assert [cell.value for cell in sheet[2]] == ["rejected", "'=a.csv", None, 5, written, written]
    assert {cell.data_type for cell in sheet[2] if isinstance(cell.value, str)} == {"s"}
    (row,) = (row for row in read_jsonl(tmp_path / "o" / "rejected.jsonl") if row["file"] == "=a.csv")
    assert row["text"] == text


TEXT = st.text(max_size=8) | st.sampled_from(["", " ", "=1+1", "Hi\nthere"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("12 "), st.sampled_from(["Tom", "Nell", "bot", ""]), TEXT), max_size=10),
    st.lists(st.tuples(TEXT, TEXT), max_size=6),
)
def test_in_is_kept_and_dropped_whatever_the_rows_hold(tmp_path_factory, log, pairs):
    folder = tmp_path_factory.mktemp("i")
    rows = [("9", "Kip", "Hi"), ("9", "Nell", "Aye."), *log]
    records = [dict(zip(("chat", "author", "text"), row, strict=True)) for row in rows]
    (folder / "log.json").write_text(json.dumps(records), encoding="utf-8")
    asked = [{"question": question, "answer": answer} for question, answer in [("Hi", "Aye."), *pairs]]
    (folder / "ask.json").write_text(json.dumps(asked), encoding="utf-8")
    ingested = ingest.read_sources([Source(path="log.json"), Source(path="ask.json")], folder, "Nell")
    ingest.check_account(ingested)
    counts = ingest.write(ingested, folder / "out")
    used = sum(
        len(conversation.origin.lines) for conversation in read_conversations(folder / "out/conversations.jsonl")
    )
    assert used + counts["rejected"] + counts["set_aside"] == len(records) + len(asked)
    parts = {part for record in (*records, *asked) for text in record.values() for part in text.split("\n")}
    assert all(
        set(m.content.split("\n")) <= parts for conversation in ingested.conversations for m in conversation.messages
    )
