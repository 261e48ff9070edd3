"""ingest: all sources together, the account that must balance, the threshold, what is written and counted."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from marcus_nb import ingest, text
from marcus_nb.conversation import Conversation, Message, Origin, read_conversations, read_jsonl
from marcus_nb.formats import FormatError, Outcome, Table
from marcus_nb.ingest import files
from marcus_nb.ingest.groups import alike, place, title
from marcus_nb.ingest.sources import gather
from marcus_nb.parameters import Ingest, Source

DATA = Path(__file__).parent.parent / "notebooks" / "data"
NELL = Ingest(sources=[Source(path=name) for name in ("nell_chat.csv", "nell_counter.xlsx", "nell_export.json")])
LOG = "chat,who,text\n1,Tom,Hi\n1,Nell,Aye.\n1,SYSTEM,Closed.\n2,Ann,Open?\n2,Nell,Aye.\n3,Eve,Hello?\n3,,Lost\n"


def sources(folder: Path, **contents: str) -> Ingest:
    for name, content in contents.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8", newline="\n")
    return Ingest(sources=[Source(path=f"{name}.csv") for name in contents])


def talk(name: str, line: int, *turns: str, file: str = "a.csv", **more) -> Conversation:
    """`talk("a", 2, "Open?", "Aye.")`: each turn a line of its own, from line 2 on."""
    messages = tuple(
        Message(("user", "assistant")[place % 2], words, (line + place,)) for place, words in enumerate(turns)
    )
    lines = tuple(line + place for place in range(len(turns)))
    return Conversation(name, messages, Origin(file, None, lines), **more)


def outcome(line: int, reason: str, kind: str = "rejected", words: str = "Tom;", file: str = "a.csv") -> Outcome:
    return Outcome(Origin(file, None, (line,)), reason, words, kind)


def table(*conversations: Conversation, outcomes: tuple[Outcome, ...] = (), file: str = "a.csv", **more) -> Table:
    by_kind = {kind: tuple(o for o in outcomes if o.kind == kind) for kind in ("rejected", "set_aside", "left_out")}
    used = sum(len(conversation.origin.lines) for conversation in conversations)
    known = {"sheet": None, "container": "csv", "shape": "row_per_message", "columns": {}, "persona_speaker": "Nell"}
    records = used + len(by_kind["rejected"]) + len(by_kind["set_aside"])
    return Table(
        file=file, evidence=(), records=records, used=used, conversations=conversations, **by_kind, **(known | more)
    )


BALANCED = table(
    talk("a", 2, "Open?", "Aye."),
    talk("b", 4, "Closed?", "Nay."),
    outcomes=(
        outcome(6, "no text: column `text` is empty"),
        outcome(7, "system line", "set_aside"),
        outcome(3, "attachment", "left_out"),
    ),
)


# --- the account --------------------------------------------------------------------------------------------------


def test_the_account_has_a_row_per_table_and_a_total():
    other = table(talk("c", 1, "Hi", "Aye.", file="b.xlsx"), file="b.xlsx", sheet="May", container="excel")
    ingested = gather([BALANCED, other])
    frame = ingest.account(ingested)
    assert list(frame.columns) == [
        *("file", "sheet", "container", "shape", "records", "used", "set aside", "rejected", "left out"),
        *("conversations", "messages"),
    ]
    assert frame.to_numpy().tolist() == [
        ["a.csv", "", "csv", "row_per_message", 6, 4, 1, 1, 1, 2, 4],
        ["b.xlsx", "May", "excel", "row_per_message", 2, 2, 0, 0, 0, 1, 2],
        ["total", "", "", "", 8, 6, 1, 1, 1, 3, 6],
    ]
    ingest.check_account(ingested)
    assert [o.kind for o in ingested.outcomes] == ["rejected", "set_aside", "left_out"]


def test_an_account_that_does_not_balance_is_named(tmp_path):
    ingested = gather([BALANCED])
    with pytest.raises(ingest.AccountError, match=r"a.csv: 6 records, but 4 used \+ 1 set aside \+ 0 rejected = 5: a"):
        ingest.check_account(gather([replace(BALANCED, rejected=())]))
    twice = replace(BALANCED, rejected=(outcome(7, "x"),))
    with pytest.raises(ingest.AccountError, match=r"a.csv: 6 records, but line 7 has two outcomes: a fault of this"):
        ingest.check_account(gather([twice]))
    short = replace(BALANCED, rejected=(replace(BALANCED.rejected[0], origin=Origin("a.csv")),))
    with pytest.raises(ingest.AccountError, match=r"a.csv: 6 records, but 5 of them have an outcome"):
        ingest.check_account(gather([short]))
    with pytest.raises(ingest.AccountError, match="all sources together: 6 records, but 4 used"):
        ingest.write_conversations(replace(ingested, rejected=()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("lines", "found"), [((), "from no line at all"), ((2, 9), "from lines 2, 9")])
def test_every_message_knows_records_of_its_own_conversation(lines, found):
    first, second = BALANCED.conversations
    question, reply = first.messages
    wrong = first.with_messages([question, Message(reply.role, reply.content, lines)])
    with pytest.raises(ingest.AccountError, match=f"a.csv: conversation a has a message {found}, which is not among"):
        ingest.check_account(gather([replace(BALANCED, conversations=(wrong, second))]))


# --- the threshold ------------------------------------------------------------------------------------------------


def test_too_many_rejected_stop_the_stage_with_summary_cause_and_way_on():
    broken = [outcome(line, "too few fields: 2 where the header has 4") for line in range(4, 10)]
    broken += [outcome(line, "no text: column `text` is empty") for line in (10, 11)]
    ingested = gather([table(talk("a", 2, "Open?", "Aye."), outcomes=tuple(broken)), table(file="b.csv")])
    with pytest.raises(ingest.TooManyRejectedError) as caught:
        ingest.check_rejected(ingested, 0.2)
    assert str(caught.value).splitlines() == [
        "8 of 10 records were rejected: 80%, where ingest.max_rejected_share allows 20%.",
        "By file:",
        "- a.csv: 8 of 10",
        "Commonest reasons:",
        "- 6 × too few fields: 2 where the header has 4 (first: a.csv, line 4)",
        "- 2 × no text: column `text` is empty (first: a.csv, line 10)",
        "Likely cause: one reason stands behind 75% of them. In a.csv, its lines do not split into the columns that "
        'its header promises. State what separates them, or repair the lines: {path: a.csv, delimiter: ";"}.',
        "To go on: look through ingest/rejected.xlsx, then correct the file or overrule in the YAML, under "
        "ingest.sources, how it is read. If all is as it should be, set ingest.max_rejected_share: 0.80",
    ]
    ingest.check_rejected(ingested, 0.8)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("no text: column `message` is empty", "columns: {prompt: NAME, response: NAME}"),
        ("the records have no known shape", "Say which is which"),
        ("the file cannot be read: a picture", "Leave the file out"),
        ("no conversation: `ticket` is empty or no text", "columns: {conversation: NAME}"),
        ("no author: `role` is empty or no text", "columns: {author: NAME}"),
        ("no text: `author` is empty or no text", "columns: {prompt: NAME, response: NAME}"),
        ("only `total` is filled: a total or a heading, no exchange", "header_row: 3"),
        ("unknown role: `bot`", "columns: {author: NAME}"),
        ("nobody here is the persona", "persona_speaker: NAME"),
        ("holds zero bytes", "encoding"),
        ("this line is no JSON object: it was cut off", "Export it once more"),
        ("something new", "see its first lines in ingest/rejected.xlsx"),
    ],
)
def test_the_likely_cause_says_what_to_set(reason, advice):
    with pytest.raises(ingest.TooManyRejectedError) as caught:
        ingest.check_rejected(gather([table(talk("a", 2, "?", "!"), outcomes=(outcome(9, reason),))]), 0.2)
    cause = next(line for line in str(caught.value).splitlines() if line.startswith("Likely cause: "))
    assert advice in cause and "a.csv" in cause


def test_many_reasons_are_cut_and_name_no_single_cause():
    broken = tuple(outcome(line, f"reason {line}") for line in range(10, 19))
    with pytest.raises(ingest.TooManyRejectedError) as caught:
        ingest.check_rejected(gather([table(talk("a", 2, "?", "!"), outcomes=broken)]), 0.5)
    assert "- and 4 more" in str(caught.value) and "not one but many reasons" in str(caught.value)


def test_no_conversation_at_all():
    asked = table(outcomes=(outcome(2, "no answer: `answer` is empty", "set_aside"),))
    with pytest.raises(FormatError, match="no conversation in any source: 1 records read, 0 rejected, 1 set asi") as e:
        ingest.check_rejected(gather([asked]), 0.2)
    assert "- 1 × no answer: `answer` is empty (first: a.csv, line 2)" in str(e.value)


# --- what is written ----------------------------------------------------------------------------------------------


def cells_of(path: Path, sheet: str) -> list[list]:
    return [[cell.value for cell in row] for row in load_workbook(path)[sheet].iter_rows()]


def test_what_was_rejected_is_written_broken_first_and_summed_up(tmp_path):
    folder = tmp_path / "run" / "ingest"
    ingest.write_rejected(gather([BALANCED]), folder)
    rows = list(read_jsonl(folder / "rejected.jsonl"))
    assert rows[0] == {
        "kind": "rejected",
        "file": "a.csv",
        "sheet": None,
        "line": 6,
        "reason": "no text: column `text` is empty",
        "text": "Tom;",
    }
    assert [row["kind"] for row in rows] == ["rejected", "set_aside", "left_out"]
    cells = cells_of(folder / "rejected.xlsx", "records")
    assert cells[0] == ["kind", "file", "sheet", "line", "reason", "text"]
    assert [dict(zip(cells[0], row, strict=True)) for row in cells[1:]] == rows
    assert cells_of(folder / "rejected.xlsx", "summary") == [
        ["kind", "reason", "records", "first"],
        ["rejected", "no text: column `text` is empty", 1, "a.csv, line 6"],
        ["set_aside", "system line", 1, "a.csv, line 7"],
        ["left_out", "attachment", 1, "a.csv, line 3"],
    ]
    book = load_workbook(folder / "rejected.xlsx")
    assert book.sheetnames == ["summary", "records"]
    sheet = book["records"]
    assert sheet.freeze_panes == "A2" and sheet["A1"].font.bold and sheet.column_dimensions["F"].width == 90
    assert sheet["F2"].alignment.wrap_text and not sheet["A2"].alignment.wrap_text
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_long_list_is_cut_in_the_workbook_only(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_MOST_ROWS", 5)
    broken = tuple(outcome(line, "x") for line in range(1, 9))
    ingest.write_rejected(gather([table(outcomes=broken)]), tmp_path)
    cells = cells_of(tmp_path / "rejected.xlsx", "records")
    assert len(cells) == 7 and cells[-1][0] == "and 3 more: all of them are in rejected.jsonl"
    assert len(list(read_jsonl(tmp_path / "rejected.jsonl"))) == 8


def test_nothing_rejected_is_a_file_with_nothing_in_it(tmp_path):
    ingest.write_rejected(gather([table(talk("a", 2, "?", "!"))]), tmp_path)
    assert (tmp_path / "rejected.jsonl").read_bytes() == b""
    assert len(cells_of(tmp_path / "rejected.xlsx", "records")) == 1


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\x00=1", "'=1"),
        ("a\x07b", "ab"),
        ("#N/A", "#N/A"),
        ("17", "17"),
        ("plain = text", "plain = text"),
        ("x" * 40000, "x" * (32767 - len(files._CUT)) + files._CUT),
    ],
)
def test_no_formula_gets_into_the_workbook(tmp_path, words, written):
    ingest.write_rejected(gather([table(outcomes=(outcome(5, words, words=words, file="=a.csv"),))]), tmp_path)
    book = load_workbook(tmp_path / "rejected.xlsx")
    assert [cell.value for cell in book["records"][2]] == ["rejected", "'=a.csv", None, 5, written, written]
    assert [cell.value for cell in book["summary"][2]] == ["rejected", written, 1, "'=a.csv, line 5"]
    for sheet in book:
        assert {cell.data_type for cell in sheet[2] if isinstance(cell.value, str)} == {"s"}
    (row,) = read_jsonl(tmp_path / "rejected.jsonl")
    assert row["text"] == words


# --- what there is ------------------------------------------------------------------------------------------------

SPANISH = ("¿Abren los domingos por la mañana?", "Claro que sí, de diez a dos, y también por la tarde.")
ENGLISH = ("When do you open on Sunday morning?", "Open at eight in the morning, mind the tide.")


def test_counts_by_source_role_language_length_and_time():
    found = table(
        talk("a", 2, *SPANISH, *SPANISH, customer="Lucía", time="2025-06-14T09:12:00"),
        talk("b", 6, *SPANISH, customer="Lucía", time="2025-03-01T10:00:00"),
        talk("c", 8, *ENGLISH, customer=None),
        talk("d", 10, "?", "!"),
    )
    empty = table(file="passed.txt", shape="", outcomes=(outcome(1, "x"),))
    frame = ingest.counts(gather([found, empty, table(talk("e", 1, "Hi", "Aye"), file="b.csv")]))
    assert frame.to_dict("records") == [
        {
            "source": "a.csv",
            "conversations": 4,
            "persona's messages": 5,
            "customers' messages": 5,
            "customers named": 1,
            "languages": "es 67%, en 33%",
            "words (median)": 17,
            "from": "2025-03-01",
            "to": "2025-06-14",
        },
        {
            "source": "b.csv",
            "conversations": 1,
            "persona's messages": 1,
            "customers' messages": 1,
            "customers named": 0,
            "languages": "too short to tell",
            "words (median)": 2,
            "from": "",
            "to": "",
        },
    ]


def test_many_files_of_one_kind_are_counted_together():
    chats = [table(talk("a", 1, *SPANISH), file=f"x/export.zip/{n}.txt", container="transcript") for n in range(20)]
    book = table(talk("b", 1, *ENGLISH), file="x/book.xlsx", sheet="May", container="excel")
    frame = ingest.counts(gather([*chats, book]))
    assert frame[["source", "conversations"]].to_numpy().tolist() == [
        ["20 files in x/export.zip", 20],
        ["x/book.xlsx, sheet May", 1],
    ]


def test_what_is_alike():
    few = [table(file=f"x/{n}.csv") for n in range(12)]
    assert [len(group) for group in alike(few)] == [1] * 12
    folders = [table(file=f"x/{n}/chat.csv") for n in range(30)]
    assert [len(group) for group in alike(folders)] == [30], "one folder each: told apart by kind only"
    assert (place("a.csv"), place("x/y.zip/z/a.txt"), place("x/y/a.txt")) == (".", "x/y.zip", "x/y")
    assert title([("b.xlsx", "May"), ("b.xlsx", "June")]) == "2 sheets of b.xlsx"
    assert title([("a.csv", None), ("b.csv", None)]) == "2 files in the project"
    assert title([("x/a.csv", None), ("y/b.csv", None)]) == "2 files in 2 places"


def test_duplicates_across_files_are_named_pair_by_pair():
    first = table(talk("a", 2, "Open?", "Aye."), talk("b", 4, "Free?", "Nay."), talk("x", 6, "Open?", "Aye."))
    second = table(talk("c", 1, "OPEN", "aye!"), talk("d", 3, "free ?", "Nay"), talk("e", 5, "New?", "Aye"), file="b")
    third = table(talk("f", 1, "Open?", "Aye"), talk("g", 3, "new", "aye"), talk("h", 5, "new.", "aye"), file="c")
    assert ingest.duplicates(gather([first, second, third])).to_dict("records") == [
        {"file": "a.csv", "also in": "b", "conversations": 2, "example": "OPEN"},
        {"file": "a.csv", "also in": "c", "conversations": 1, "example": "Open?"},
        {"file": "b", "also in": "c", "conversations": 1, "example": "new"},
    ]
    within = ingest.duplicates(gather([first]))
    assert within.empty and list(within.columns) == ["file", "also in", "conversations", "example"]


def test_texts_without_words_are_the_same_only_when_they_are():
    tables = [
        table(talk("a", 1, "?", "👍"), file="a"),
        table(talk("b", 1, "!", "👍"), talk("c", 3, "?", "👍"), file="b"),
    ]
    assert ingest.duplicates(gather(tables))["conversations"].tolist() == [1]


def test_the_language_of_a_text():
    assert [text.language(words) for words in (" ".join(SPANISH), " ".join(ENGLISH), "Ahoy!", "1" * 90)] == [
        *("es", "en"),
        *(None, None),
    ]
    assert text.language(" ".join(SPANISH), ("en", "de")) in ("en", "de"), "only what is asked for"


# --- reading, all sources together --------------------------------------------------------------------------------


def test_sources_are_read_and_accounted_for(tmp_path):
    ingested = ingest.read_sources(sources(tmp_path, log=LOG, ask="question,answer\nHi,Aye.\n"), tmp_path, "Nell")
    ingest.check_account(ingested)
    assert ingest.account(ingested)[["file", "records", "used", "conversations"]].to_numpy().tolist() == [
        ["log.csv", 7, 4, 2],
        ["ask.csv", 1, 1, 1],
        ["total", 8, 5, 3],
    ]
    assert {o.origin.lines[0] for o in ingested.set_aside} >= {4, 7}, "a system's line; a question without an answer"


def test_the_examples_sources_balance(tmp_path):
    ingested = ingest.read_sources(NELL, DATA, "Nell")
    ingest.check_account(ingested)
    ingest.check_rejected(ingested, NELL.max_rejected_share)
    total = ingest.account(ingested).iloc[-1]
    assert (total["records"], total["used"], total["set aside"] + total["rejected"]) == (507, 489, 18)
    # 290 good conversations, 4 + 2 + 1 exported twice, one question that is only "?"
    assert len(ingested.conversations) == 298 == len({conversation.id for conversation in ingested.conversations})
    counts = ingest.write_conversations(ingested, tmp_path)
    assert counts["conversations"] == 298 and counts["rejected"] + counts["set_aside"] == 18
    ingest.write_rejected(ingested, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "conversations.jsonl",
        "rejected.jsonl",
        "rejected.xlsx",
    ]
    assert read_conversations(tmp_path / "conversations.jsonl") == list(ingested.conversations)
    assert len(list(read_jsonl(tmp_path / "rejected.jsonl"))) == 18 + len(ingested.left_out)
    # the same sources give the same files, and a second writing replaces the first
    before = (tmp_path / "conversations.jsonl").read_bytes()
    ingest.write_conversations(ingest.read_sources(NELL, DATA, "Nell"), tmp_path)
    assert (tmp_path / "conversations.jsonl").read_bytes() == before


def test_all_errors_are_listed_together(tmp_path):
    asked = sources(tmp_path, bad="height,width\n1,2\n", good="question,answer\nHi,Aye.\n")
    with pytest.raises(FormatError) as caught:
        ingest.read_sources(Ingest(sources=[*asked.sources, Source(path="elsewhere")]), tmp_path, "Nell")
    message = str(caught.value)
    assert "bad.csv: " in message and "elsewhere: there is no such file" in message
    assert "good.csv: " not in message


def test_ids_of_two_files_do_not_collide(tmp_path):
    (tmp_path / "old").mkdir()
    content = "ticket,question,answer\n7,Hi,Aye.\n8,Open?,Nay.\n"
    both = Ingest(sources=[*sources(tmp_path, chat=content).sources, Source(path="old/chat.csv")])
    sources(tmp_path / "old", chat=content)
    ingested = ingest.read_sources(both, tmp_path, "Nell")
    assert [c.id for c in ingested.conversations] == ["chat:7", "chat:8", "chat:7-2", "chat:8-2"]
    assert ingested.tables[1].conversations == ingested.conversations[2:]
    assert {sample.conversation_id for sample in ingested.tables[1].samples} <= {"chat:7-2", "chat:8-2"}
    assert ingest.duplicates(ingested)["conversations"].tolist() == [2]


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
    both = Ingest(sources=[Source(path="log.json"), Source(path="ask.json")])
    ingested = ingest.read_sources(both, folder, "Nell")
    counts = ingest.write_conversations(ingested, folder / "out")
    written = read_conversations(folder / "out/conversations.jsonl")
    used = sum(len(conversation.origin.lines) for conversation in written)
    assert used + counts["rejected"] + counts["set_aside"] == len(records) + len(asked)
    parts = {part for record in (*records, *asked) for words in record.values() for part in words.split("\n")}
    assert all(
        set(m.content.split("\n")) <= parts for conversation in ingested.conversations for m in conversation.messages
    )
