"""formats: every container and shape, every outcome of a record, every error message, every way to overrule."""

import json
import zipfile
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from marcus_nb.formats import FormatError, Table, read
from marcus_nb.formats.dialogue import cut
from marcus_nb.formats.files import parsing_json, values, workbooks
from marcus_nb.formats.rows.columns import prompt_rank, response_rank
from marcus_nb.parameters import Source

DATA = Path(__file__).parent.parent / "notebooks" / "data"
LOG = "conversation;time;author;message\n"


def write(folder: Path, name: str, content: str | bytes | dict) -> Path:
    """A file of text, bytes, or, for a dictionary of sheets with rows, a workbook."""
    path = folder / name
    if isinstance(content, dict):
        book = Workbook()
        book.remove(book.active)
        for title, rows in content.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(path)
    else:
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def tables(folder: Path, name: str, content: str | bytes | dict, persona: str = "Nell", **overruled) -> list[Table]:
    write(folder, name, content)
    found = read([Source(path=name, **overruled)], folder, persona)
    for table in found:
        assert table.records == table.used + len(table.rejected) + len(table.set_aside)
        lines = [line for conversation in table.conversations for line in conversation.origin.lines]
        assert all(set(m.lines) <= set(c.origin.lines) and m.lines for c in table.conversations for m in c.messages)
        lines += [outcome.origin.lines[0] for outcome in (*table.rejected, *table.set_aside)]
        assert len(set(lines)) == table.records == len(lines)
    return found


def one(folder: Path, name: str, content: str | bytes | dict, persona: str = "Nell", **overruled) -> Table:
    (table,) = tables(folder, name, content, persona, **overruled)
    return table


def texts(table: Table) -> list[list[str]]:
    return [[f"{m.role[0]}:{m.content}" for m in conversation.messages] for conversation in table.conversations]


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


SHAREGPT = [
    {"id": "x1", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Aye."}]},
    {"id": "x2", "conversations": [{"from": "human", "value": "Hi"}, {"from": "judge", "value": "No."}]},
    {"id": "x3", "conversations": []},
]
MESSAGES = [
    {"role": "system", "content": "You are Nell."},
    {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
    {"role": "tool", "content": "42"},
    {"role": "assistant", "content": "Aye."},
]
NESTED = {"export": {"made": "2025", "tickets": [{"ticket": 7, "customer": {"name": "Tom"}, "messages": MESSAGES}]}}

# name, content, container, shape, conversations, lines rejected, lines set aside
CASES = [
    # the original tool's file comes first: `message` is the persona's
    ("original.csv", "prompt,message\nHi,Aye.\nOpen?,Nay.\n", "csv", "pairs",
     [["u:Hi", "a:Aye."], ["u:Open?", "a:Nay."]], [], []),
    ("ask.csv", "question;answer\nHi;Aye.\nOpen?;\n", "csv", "pairs", [["u:Hi", "a:Aye."]], [], [3]),
    ("es.csv", "Pregunta\tRespuesta\n¿Abren?\tSí.\n", "csv", "pairs", [["u:¿Abren?", "a:Sí."]], [], []),
    ("cliente.csv", "cliente|agente\nHola, hay sitio?|Sí, claro.\n", "csv", "pairs",
     [["u:Hola, hay sitio?", "a:Sí, claro."]], [], []),
    ("agent.csv", "customer,agent\nDo you open?,Aye.\n", "csv", "pairs", [["u:Do you open?", "a:Aye."]], [], []),
    ("named.csv", "Guest,Message,Nell’s reply\nTom,Hi,Aye.\n", "csv", "pairs", [["u:Hi", "a:Aye."]], [], []),
    ("nell.csv", "Question,Nell\nHi,Aye.\n", "csv", "pairs", [["u:Hi", "a:Aye."]], [], []),
    ("io.jsonl", '{"input": "Hi", "output": "Aye."}\n{broken\n\n{"input": "x", "output": null}\n', "jsonl", "pairs",
     [["u:Hi", "a:Aye."]], [2], [4]),
    ("alpaca.json", as_json([{"instruction": "Greet", "input": "", "output": "Aye."},
                             {"instruction": "Greet", "input": "by mail", "output": "Aye!"}]),
     "json", "instruction", [["u:Greet", "a:Aye."], ["u:Greet\nby mail", "a:Aye!"]], [], []),
    ("chat.json", as_json(NESTED), "json", "messages", [["u:Hi", "a:Aye."]], [], []),
    ("alone.json", as_json({"messages": MESSAGES}), "json", "messages", [["u:Hi", "a:Aye."]], [], []),
    ("lists.json", as_json([MESSAGES, MESSAGES]), "json", "messages", [["u:Hi", "a:Aye."]] * 2, [], []),
    ("share.json", as_json(SHAREGPT), "json", "sharegpt", [["u:Hi", "a:Aye."]], [2, 3], []),
    # a misleading ending: what counts is the content
    ("share.csv", "\n".join(map(as_json, SHAREGPT)), "jsonl", "sharegpt", [["u:Hi", "a:Aye."]], [2, 3], []),
    ("pairs.json", "prompt,reply\nHi,Aye.\n", "csv", "pairs", [["u:Hi", "a:Aye."]], [], []),
    ("book.csv", {"A": [["Letter", "Reply"], ["Hi", "Aye."]]}, "excel", "pairs", [["u:Hi", "a:Aye."]], [], []),
    # titles and blank lines are passed over; quoted line breaks count as lines
    ("title.csv", 'Hatch 2025\n\nquestion,answer\n"Hi\nthere",Aye.\n,\nx,\nTotal: 4\n', "csv", "pairs",
     [["u:Hi\nthere", "a:Aye."]], [8], [7]),
    # an open quote costs its own line only
    ("quote.csv", 'question,answer\n"Hi,Aye.\nOpen?,Nay.\n"a"b,c\n', "csv", "pairs",
     [["u:Open?", "a:Nay."]], [2, 4], []),
    ("utf16.csv", "prompt,reply\nHi,Açai\n".encode("utf-16"), "csv", "pairs", [["u:Hi", "a:Açai"]], [], []),
    ("bom.csv", "\ufeffprompt,reply\r\nHi,Aye.\r\n", "csv", "pairs", [["u:Hi", "a:Aye."]], [], []),
    ("western.csv", "prompt;reply\nCafé?;It’s £4 – aye\n".encode("cp1252"), "csv", "pairs",
     [["u:Café?", "a:It’s £4 – aye"]], [], []),
    # row per message: interleaved, sorted by time, joined, greeted, closed, left unanswered
    ("log.csv", LOG + "1;14/06/2025 09:12;Tom;Hi\n2;14/06/2025 09:12;Nell;Welcome\n1;14/06/2025 09:20;Nell;Aye.\n"
     "1;14/06/2025 09:13;Tom;Open?\n2;14/06/2025 09:14;Ann;Hats?\n2;14/06/2025 09:15;Nell;Nay.\n"
     "1;14/06/2025 09:30;SYSTEM;Closed.\n1;14/06/2025 09:25;Tom;Hello?\n3;14/06/2025 10:00;Kip;Hi\n"
     "3;14/06/2025 10:01;Nell;\n",
     "csv", "row_per_message", [["u:Hi\nOpen?", "a:Aye."], ["u:Hats?", "a:Nay."]], [11], [3, 8, 9, 10]),
    ("hilo.csv", "hilo,autor,texto\n1,cliente,Hola\n1,agente,Sí\n", "csv", "row_per_message",
     [["u:Hola", "a:Sí"]], [], []),
    ("log.json", as_json([{"chat_id": 1, "sender": "Tom", "text": "Hi"},
                          {"chat_id": 1, "sender": "Nell", "text": "Aye."},
                          {"chat_id": 1, "sender": "", "text": "x"}, "stray"]),
     "json", "row_per_message", [["u:Hi", "a:Aye."]], [3, 4], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "container", "shape", "said", "rejected", "aside"), CASES, ids=[c[0] for c in CASES]
)
def test_recognised(tmp_path, name, content, container, shape, said, rejected, aside):
    table = one(tmp_path, name, content)
    assert (table.container, table.shape, texts(table)) == (container, shape, said)
    assert [outcome.origin.lines[0] for outcome in table.rejected] == rejected
    assert [outcome.origin.lines[0] for outcome in table.set_aside] == aside
    assert all(outcome.text and outcome.reason for outcome in (*table.rejected, *table.set_aside))
    assert table.samples[0].conversation_id == table.conversations[0].id
    assert [line for line, _ in table.samples[0].records] == sorted(table.conversations[0].origin.lines)


def test_reasons_say_why(tmp_path):
    rows = "1;a;Tom;Hi\n1;b;Nell;Aye.\n1;c;Nell;  \n1;d;;x\n;e;Tom;x\n1;f\n;;;sum\n2;g;Nell;Hi\n1;h;Tom;Bye\n"
    table = one(tmp_path, "log.csv", LOG + rows)
    assert [outcome.reason for outcome in table.rejected] == [
        "no text: `message` is empty or no text",
        "no author: `author` is empty or no text",
        "no conversation: `conversation` is empty or no text",
        "too few fields: 2 where the header has 4",
        "only `message` is filled: no message",
    ]
    assert [outcome.reason for outcome in table.set_aside] == [
        "no customer turn in the conversation",
        "question without an answer",
    ]
    records = [
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"messages": [{"role": "assistant", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": None}, {"role": "assistant", "content": "Aye."}]},
        {"messages": ["Hi"]},
        {"messages": [{"content": "Hi"}]},
        {"messages": "Hi"},
        {"messages": [{"role": "supervisor", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "image_url"}]}]},
        {"messages": [{"role": "user", "content": "\ud83d"}, {"role": "assistant", "content": "Aye."}]},
        {"messages": MESSAGES},
    ]
    path = write(tmp_path, "m.json", json.dumps(records))
    (table,) = read([Source(path=path.as_posix())], tmp_path, "Nell")
    assert [outcome.reason for outcome in table.rejected] == [
        "no text in message 1 (user)",
        "message 1 is not an object",
        "message 1 has no `role`",
        "`messages` is no list of messages",
        "unknown role `supervisor` in message 1: expected user, assistant or system",
        "no text in message 2 (assistant)",
        "half a character: an escape \\ud8… without its second half",
    ]
    assert all(outcome.text.encode("utf-8") for outcome in table.rejected)
    assert [outcome.reason for outcome in table.set_aside] == [
        "no persona turn in the conversation",
        "no customer turn in the conversation",
    ]
    assert [(outcome.origin.lines, outcome.text) for outcome in table.left_out] == [
        ((10,), "You are Nell."),
        ((10,), "42"),
    ]
    assert table.rejected[0].origin.file == path.as_posix()


def test_nested_dialogues_run_from_the_first_question_to_the_last_reply(tmp_path):
    turns = [("assistant", "Welcome"), ("user", "Hi"), ("user", "Open?"), ("assistant", "Aye."), ("user", "Bye")]
    table = one(tmp_path, "m.json", as_json([{"messages": [{"role": r, "content": c} for r, c in turns]}]))
    assert texts(table) == [["u:Hi\nOpen?", "a:Aye."]]
    left = [(outcome.reason, outcome.text) for outcome in table.left_out]
    assert left == [("greeting before the first question", "Welcome"), ("question without an answer", "Bye")]


def test_excel_keeps_its_own_rows_dates_and_sheets(tmp_path):
    book = {
        "Book": [[], ["Hatch, 2025"], [], ["No.", "Date", "Customer", "Question", "Answer"],
                 [1, date(2025, 4, 7), "Tom", "Hi", "Aye."], [], [2, datetime(2025, 4, 7, 9, 5), "Ann", 42, "Nay."],
                 [3, None, "Kip", "Open?", None], ["Total: 3"]],
        "Empty": [],
        "Notes": [["remember", "the paint"], ["red", "2 l"]],
        "Prose": [["Remember: " + "the paint of the Marigold wants two coats. " * 2]],
        "Letters": [["From", "Letter", "Reply"], ["Ann", "=1+1", "Nay."]],
    }  # fmt: skip
    book["Letters"][1][1] = "Dear Nell"
    counter, notes, prose, letters = tables(tmp_path, "b.xlsx", book)
    assert [c.origin.lines for c in counter.conversations] == [(5,), (7,)]
    assert texts(counter) == [["u:Hi", "a:Aye."], ["u:42", "a:Nay."]]
    assert counter.samples[0].records == ((5, "1 | 2025-04-07 | Tom | Hi | Aye."),)
    assert [o.origin.lines for o in counter.set_aside] == [(8,)]
    assert [o.origin.lines for o in counter.rejected] == [(9,)]
    assert counter.rejected[0].reason == "only `No.` is filled: a total or a heading, no exchange"
    assert "1 line above the header passed over, a title: Hatch, 2025" in counter.evidence
    assert "sheet Empty is empty: passed over" in counter.evidence
    # a sheet that means nothing keeps its rows, all rejected
    assert (notes.shape, notes.records, len(notes.rejected)) == ("", 1, 1)
    assert "the records have no known shape" in notes.evidence[-1]
    assert prose.rejected[0].origin.lines == (1,) and "no header in this sheet" in " ".join(prose.evidence)
    assert letters.conversations[0].customer == "Ann"
    assert letters.conversations[0].id.startswith("b/Letters:")
    only = one(tmp_path, "b.xlsx", book, sheet="Letters")
    assert only.sheet == "Letters"
    with pytest.raises(FormatError, match="no sheet `Leters` \\(did you mean `Letters`\\?\\): the sheets are `Book`"):
        tables(tmp_path, "b.xlsx", book, sheet="Leters")


def test_ids_are_the_files_own_or_made_of_the_text(tmp_path):
    table = one(tmp_path, "c.csv", "ticket,customer,question,answer\n7,Tom ,Hi,Aye.\n7,Ann,Open?,Nay.\n,Kip,Hi,Aye.\n")
    assert [c.id for c in table.conversations][:2] == ["c:7", "c:7-2"]
    assert [c.customer for c in table.conversations] == ["Tom", "Ann", "Kip"]
    same = one(tmp_path, "c.csv", "question,answer\nHi,Aye.\nx,y\nHi,Aye.\nHi,Aye.\n")
    first, _, second, third = [c.id for c in same.conversations]
    assert (second, third) == (f"{first}-2", f"{first}-3") and len(first) == len("c:") + 10
    assert any("ids that occurred before and got a suffix: 2" in said for said in same.evidence)
    # an id that looks like a suffix is left to its owner
    owned = one(tmp_path, "c.csv", "ticket,customer,question,answer\n7,Tom,a,b\n7,Ann,c,d\n7-2,Kip,e,f\n")
    assert [c.id for c in owned.conversations] == ["c:7", "c:7-3", "c:7-2"]
    generic = one(tmp_path, "l.csv", "chat,who,text\n1,customer,Hi\n1,agent,Aye.\n2,Tom,Hi\n2,agent,Nay.\n")
    assert [c.customer for c in generic.conversations] == [None, "Tom"]


@pytest.mark.parametrize(
    ("rows", "speaker", "why"),
    [
        ("1,Tom,Hi\n1,agente,Aye\n2,Nell,Hi\n2,agente,Aye\n", "agente", "a role word, in 2 of 2 conversations"),
        ("1,Tom,Hi\n1,NELL,Aye\n2,Ann,Hi\n2,Nell,Aye\n", "NELL", "the persona's name, in 2 of 2 conversations"),
        ("1,Tom,Hi\n1,Zoe,Aye\n2,Ann,Hi\n2,Zoe,Aye\n", "Zoe", "the speaker, in 2 of 2 conversations, more than anyone"),
        (
            "1,Tom,Hi\n1,bot,Hold\n1,Zoe,Aye\n2,Ann,Hi\n2,bot,Hold\n2,Zoe,Aye\n3,Kip,Hi\n3,bot,Hold\n",
            "Zoe",
            "the speaker",
        ),
    ],
)
def test_the_persona_is_found(tmp_path, rows, speaker, why):
    table = one(tmp_path, "l.csv", "chat,author,text\n" + rows)
    assert table.persona_speaker == speaker
    assert any(why in said for said in table.evidence)
    assert all(c.messages[-1].role == "assistant" for c in table.conversations)


def test_nobody_stands_out(tmp_path):
    # of two who take part in everything it is the one who answers; with strangers everywhere, whoever answers
    table = one(tmp_path, "l.csv", "chat,author,text\n1,Tom,Hi\n1,Zoe,Aye\n")
    assert table.persona_speaker == "Zoe" and "the one who answers" in table.evidence[-1]
    rows = "".join(f"{at},c{at},Hi\n{at},a{at},Aye\n" for at in range(5))
    strangers = one(tmp_path, "l.csv", "chat,author,text\n" + rows)
    assert texts(strangers) == [["u:Hi", "a:Aye"]] * 5 and strangers.persona_speaker is None
    assert "whoever answers in each conversation" in strangers.evidence[-1]
    with pytest.raises(FormatError, match="nobody stands out as the persona: the speakers are `Tom`: set `persona_sp"):
        one(tmp_path, "l.csv", "chat,author,text\n1,Tom,Hi\n1,Tom,Anyone?\n")


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        ("prompt;reply\nCzy był złoty żółw w łodzi?;Dzień dobry, łódź płynie źle".encode("cp1250"), "cp1250", "łódź"),
        ("prompt;reply\nSí?;Ñu".encode("cp1252"), "cp1252", "Ñu"),
        (
            "prompt;reply\nОткрыто ли сегодня вечером?;Да, конечно, приходите вечером".encode("cp1251"),
            "cp1251",
            "вечером",
        ),
    ],
)
def test_other_encodings(tmp_path, content, encoding, text):
    table = one(tmp_path, "e.csv", content)
    assert text in table.conversations[0].messages[1].content
    assert f"encoding {encoding}: not UTF-8 (byte" in table.evidence[0]


OVERRULED = [
        ("a.csv", '{"prompt": "Hi", "reply": "Aye."}', {"container": "jsonl"}, "container"),
        ("a.csv", "prompt,reply\nCafé,Aye.\n".encode("cp1252"), {"encoding": "cp437"}, "texts"),
        ("a.csv", "prompt,reply,x;x\nHi,Aye.,a;b\n",
         {"delimiter": ";", "columns": {"prompt": "prompt,reply,x", "response": "x"}}, "texts"),
        ("a.csv", "prompt,reply\nHi,Aye.\n", {"delimiter": "|"}, "error"),
        ("a.xlsx", {"A": [["q", "Letter", "Reply"], ["x", "Hi", "Aye."]],
                    "B": [["Letter", "Reply"], ["Ho", "Nay."]]}, {"sheet": "B"}, "count"),
        ("a.csv", "prompt,reply\nquestion,answer\nHi,Aye.\n", {"header_row": 2}, "texts"),
        ("a.csv", "ticket,author,text,question,answer\n1,Tom,Hi,A,B\n1,Nell,Aye.,C,D\n",
         {"shape": "row_per_message"}, "shape"),
        ("a.csv", "prompt,reply,message\nHi,Aye.,Nay.\n", {"columns": {"response": "Message"}}, "texts"),
        ("a.csv", "chat,author,text\n1,Tom,Hi\n1,Nell,Aye.\n1,Tom,Bye\n", {"persona_speaker": "tom"}, "texts"),
        ("a.json", as_json([SHAREGPT[0], {"conversations": [{"from": f, "value": "x"} for f in ("gpt", "human")]}]),
         {"persona_speaker": "human"}, "texts"),
        ("a.json", as_json({"train": SHAREGPT, "test": SHAREGPT[:1]}), {"sheet": "test"}, "count"),
        ("a.csv", "who,when,text\nTom,2025-06-14 09:00,Hi\nNell,2025-06-14 09:01,Aye.\n"
         "Tom,2025-06-14 09:30,Bye\nNell,2025-06-14 09:31,Bye.\n", {"gap_minutes": 5}, "texts"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "overruled", "attribute"), OVERRULED)
def test_every_field_of_a_source_overrules(tmp_path, name, content, overruled, attribute):
    def outcome(**fields: object) -> object:
        try:
            found = tables(tmp_path, name, content, **fields)
        except FormatError as error:
            return type(error)
        looks = {"texts": lambda: [texts(table) for table in found], "count": lambda: len(found), "error": lambda: None}
        return looks[attribute]() if attribute in looks else [getattr(table, attribute) for table in found]

    assert outcome() != outcome(**overruled)
    assert outcome() is not FormatError


def test_no_field_of_a_source_is_without_effect():
    assert {name for _, _, overruled, _ in OVERRULED for name in overruled} == Source.model_fields.keys() - {"path"}


def test_what_the_persona_says_first_is_set_aside_or_kept(tmp_path):
    write(tmp_path, "l.csv", "chat,author,text\n1,Nell,Ahoy!\n1,Tom,Hi\n1,Nell,Aye.\n")
    (aside,) = read([Source(path="l.csv")], tmp_path, "Nell")
    assert [outcome.reason for outcome in aside.set_aside] == ["greeting before the first question"]
    (kept,) = read([Source(path="l.csv")], tmp_path, "Nell", "keep")
    assert texts(kept) == [["a:Ahoy!", "u:Hi", "a:Aye."]] and not kept.set_aside
    assert kept.conversations[0].first_exchange == aside.conversations[0].first_exchange == ("Hi", "Aye.")


def test_columns_given_wrongly(tmp_path):
    with pytest.raises(
        FormatError, match="no column `repli` \\(wanted as response\\) \\(did you mean `reply`\\?\\): the colu"
    ):
        one(tmp_path, "a.csv", "prompt,reply\nHi,Aye.\n", columns={"response": "repli"})
    with pytest.raises(
        FormatError, match="unknown part `responce` \\(did you mean `response`\\?\\): parts are `prompt`"
    ):
        one(tmp_path, "a.csv", "prompt,reply\nHi,Aye.\n", columns={"responce": "reply"})
    with pytest.raises(
        FormatError, match="no speaker `Nel` \\(did you mean `Nell`\\?\\) \\(persona_speaker\\): the speakers"
    ):
        one(tmp_path, "a.csv", "chat,author,text\n1,Tom,Hi\n1,Nell,Aye.\n", persona_speaker="Nel")
    with pytest.raises(FormatError, match="no speaker `gtp` \\(did you mean `gpt`\\?\\)"):
        one(tmp_path, "a.json", as_json(SHAREGPT[:1]), persona_speaker="gtp")


DEEP = "[" * 5000 + "]" * 5000
HOSTILE = [
    ("empty.csv", "", {}, "the file is empty"),
    ("blank.csv", " \n\n", {}, "the file is empty"),
    ("bom.csv", b"\xef\xbb\xbf\n", {}, "the file is empty"),
    ("nul.csv", b"\0" * 500, {}, "no text file"),
    ("noise.csv", bytes(range(1, 256)) * 20, {}, "no text"),
    ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), {}, "this is a picture (PNG); expected CSV"),
    ("old.xlsx", b"\xd0\xcf\x11\xe0" + bytes(200), {}, "this is an old Office file without a whole workbook"),
    ("zip.xlsx", b"PK\x03\x04" + bytes(200), {}, "no whole Excel workbook"),
    ("text.xlsx", "prompt,reply\nHi,Aye.\n", {"container": "excel"}, "no whole Excel workbook"),
    ("deep.json", DEEP, {"container": "json"}, "not JSON: nested too deep"),
    ("deep.json", '{"a":' * 300 + "1" + "}" * 300, {}, "JSON nested more than 100 levels deep"),
    ("deep.jsonl", DEEP, {"container": "jsonl"}, "not JSONL: 0 of 1 lines"),
    ("bare.json", "42", {"container": "json"}, "JSON holds one bare value (42)"),
    ("none.json", '{"a": [1, 2]}', {"container": "json"}, "JSON without a list of objects"),
    ("cut.json", '[{"prompt": "Hi"', {}, "as json: not JSON: Expecting ',' delimiter at line 1"),
    ("prose.txt", "Dear Nell,\nthank you.\nYours\nTom\n", {}, "as csv: no delimiter (, ; tab |)"),
    ("shape.csv", "height,width\n1,2\n", {}, "Columns found: `height`, `width`"),
    ("head.csv", "prompt,reply\nHi,Aye.\n", {"header_row": 9}, "header_row 9 is no filled row: the file has 2 lines"),
    ("delim.csv", "prompt,reply\nHi,Aye.\n", {"delimiter": ";;"}, "delimiter ';;': expected one character"),
    ("enc.csv", "prompt,reply\nHi,Aye.\n", {"encoding": "utf-99"}, "unknown encoding 'utf-99'"),
    ("enc.csv", "prompt,reply\nHi,Café.\n".encode("cp1252"), {"encoding": "utf-8"},
     "enc.csv, line 2: byte 0xe9 does not fit"),
    ("shape.csv", "prompt,reply\nHi,Aye.\n", {"shape": "sharegpt"}, "no column holds lists of messages with `from`"),
    ("log.csv", "prompt,reply\nHi,Aye.\n", {"shape": "row_per_message"}, "no column for author, content"),
    ("list.json", as_json({"a": SHAREGPT}), {"sheet": "aa"}, "there is no list `aa`"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "overruled", "message"), HOSTILE)
def test_hostile_and_useless_files(tmp_path, name, content, overruled, message):
    with pytest.raises(FormatError) as caught:
        one(tmp_path, name, content, **overruled)
    assert message in str(caught.value)
    assert str(caught.value).startswith(name)


def test_missing_file_folder_and_unpacked_size(tmp_path, monkeypatch):
    write(tmp_path, "chat.csv", "prompt,reply\nHi,Aye.\n")
    with pytest.raises(FormatError, match=r"chta.csv: there is no such file \(did you mean `chat.csv`\?\)"):
        read([Source(path="chta.csv")], tmp_path, "Nell")
    (tmp_path / "sub").mkdir()
    with pytest.raises(FormatError, match="sub: there is no file to read in this folder"):
        read([Source(path="sub")], tmp_path, "Nell")
    write(tmp_path, "sub/b.xlsx", {"A": [["Letter", "Reply"], ["Hi", "Aye."]]})
    (table,) = read([Source(path="sub\\b.xlsx")], tmp_path, "Nell")
    assert table.file == table.conversations[0].origin.file == "sub/b.xlsx"
    whole = (tmp_path / "sub/b.xlsx").read_bytes()
    write(tmp_path, "cut.xlsx", whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"cut.xlsx: no whole Excel workbook: another kind of file, or one cut off"):
        read([Source(path="cut.xlsx")], tmp_path, "Nell")
    with zipfile.ZipFile(tmp_path / "word.docx", "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(FormatError, match=r"word.docx: this is a Word document"):
        read([Source(path="word.docx")], tmp_path, "Nell")
    monkeypatch.setattr(workbooks, "MOST_UNZIPPED_BYTES", 1000)
    with pytest.raises(FormatError, match="when unpacked, above the limit"):
        read([Source(path="sub/b.xlsx")], tmp_path, "Nell")


def test_a_bot_is_the_persona_when_it_is_named_or_nobody_else_answers(tmp_path):
    content = "chat,author,text\n1,user,Hi\n1,bot,Hold on.\n1,Zoe,Aye.\n"
    assert texts(one(tmp_path, "b.csv", content)) == [["u:Hi", "a:Aye."]]
    named = one(tmp_path, "b.csv", content, persona_speaker="Bot")
    assert (texts(named), named.persona_speaker) == ([["u:Hi", "a:Hold on."]], "bot")
    alone = one(tmp_path, "b.csv", "chat,author,text\n1,user,Hi\n1,bot,Aye.\n1,SYSTEM,Closed.\n")
    assert (texts(alone), alone.persona_speaker) == ([["u:Hi", "a:Aye."]], "bot")


def test_sheets_that_are_charts_hold_no_records(tmp_path):
    book = Workbook()
    book.active.append(["Letter", "Reply"])
    book.active.append(["Hi", "Aye."])
    book.create_chartsheet("Chart")
    book.save(tmp_path / "c.xlsx")
    (table,) = read([Source(path="c.xlsx")], tmp_path, "Nell")
    assert texts(table) == [["u:Hi", "a:Aye."]]


def test_two_lists_in_one_json_are_two_tables(tmp_path):
    train, test = tables(tmp_path, "s.json", as_json({"meta": [{"a": 1}], "train": SHAREGPT, "test": SHAREGPT[:1]}))
    assert (train.sheet, test.sheet) == ("train", "test")
    assert [c.id for c in (*train.conversations, *test.conversations)] == ["s:x1", "s:x1-2"]
    assert "other lists passed over: `meta`" in train.evidence


def test_names_of_columns():
    persona = frozenset(["nell"])
    assert prompt_rank("Customer message", persona) > prompt_rank("message", persona) > prompt_rank("customer", persona)
    assert response_rank("Nell's reply", persona) > response_rank("reply", persona) > response_rank("Agent", persona)
    for name in ("reply date", "Reply to", "answered by", "No.", "response time", ""):
        assert response_rank(name, persona) == prompt_rank(name, persona) == 0


@given(st.lists(st.sampled_from(["user", "assistant"]), max_size=12))
def test_cut_covers_every_turn_once(roles):
    found = cut(roles)
    if found.reason:
        assert not found.kept and not found.before and not found.after
    else:
        assert [*found.before, *found.kept, *found.after] == list(range(len(roles)))
        assert roles[found.kept[0]] == "user" and roles[found.kept[-1]] == "assistant"


CELL = st.text(alphabet='ab;,"\n\r\t =é’', max_size=6) | st.sampled_from(["", " ", "Hello there"])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("123 "), st.sampled_from(["Tom", "Nell", "SYSTEM", "", "Ann"]), CELL), max_size=14
    ),
    junk=st.lists(st.tuples(st.integers(0, 14), st.text(alphabet='x;"\n', max_size=5)), max_size=3),
)
def test_every_row_has_one_outcome(tmp_path_factory, rows, junk):
    lines = [f'{c};{a};"{t.replace(chr(34), chr(34) * 2)}"' for c, a, t in rows]
    for at, text in junk:
        lines.insert(at, text)
    known = ["9;Kip;Hi", "9;Nell;Aye."]
    content = "\n".join(["chat;author;text", *known, *lines])
    table = one(tmp_path_factory.mktemp("p"), "p.csv", content)
    for conversation in table.conversations:
        roles = [m.role for m in conversation.messages]
        # several customers of one conversation keep their own messages, the persona's are joined
        assert roles[0] == "user" and roles[-1] == "assistant" and ("assistant", "assistant") not in pairwise(roles)
        for message in conversation.messages:
            for part in message.content.split("\n"):
                assert part.replace('"', '""') in content


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, st.sampled_from(["1", "", "x"])), max_size=12))
def test_every_pair_has_one_outcome_and_its_own_text(tmp_path_factory, rows):
    records = [{"n": n, "prompt": p, "reply": r} for p, r, n in [("Hi", "Aye.", "0"), *rows]]
    table = one(tmp_path_factory.mktemp("p"), "p.json", as_json(records))
    for conversation in table.conversations:
        source = records[conversation.origin.lines[0] - 1]
        assert [m.content for m in conversation.messages] == [source["prompt"], source["reply"]]
    assert table.records == len(records)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("b")
    try:
        tables(folder, "x.csv", data)
    except FormatError as error:
        assert str(error).startswith("x.csv")


# file, sheet, container, shape, records, lines rejected, lines set aside: as the authors of the files planted them
SHIPPED = [
    ("nell_chat.csv", None, "csv", "row_per_message", 315, [193, 207, 215, 306], [192, 206, 229, 274, 305]),
    ("nell_counter.xlsx", "Counter book", "excel", "pairs", 54, [57], [13, 36]),
    ("nell_counter.xlsx", "Letters", "excel", "pairs", 46, [], [14]),
    ("nell_export.json", None, "json", "messages", 92, [8, 20, 42, 53], [31]),
    ("florian_messages.csv", None, "csv", "row_per_message", 257, [51, 117, 132, 195], [32, 50, 116, 154, 194]),
    ("florian_guestbook.xlsx", "Spring", "excel", "pairs", 49, [30], [24]),
    ("florian_guestbook.xlsx", "Autumn", "excel", "instruction", 46, [], [20]),
    ("florian_sharegpt.json", None, "json", "sharegpt", 95, [24, 41], []),
]


@pytest.mark.parametrize(("name", "sheet", "container", "shape", "records", "rejected", "aside"), SHIPPED)
def test_the_examples_own_files(name, sheet, container, shape, records, rejected, aside):
    found = read([Source(path=name)], DATA, "Nell" if name.startswith("nell") else "Florian")
    table = next(table for table in found if table.sheet == sheet)
    assert (table.container, table.shape, table.records) == (container, shape, records)
    assert [outcome.origin.lines[0] for outcome in table.rejected] == rejected
    assert [outcome.origin.lines[0] for outcome in table.set_aside] == aside
    assert table.used == records - len(rejected) - len(aside)


def test_lesser_ways(tmp_path):
    twice = one(tmp_path, "a.csv", "reply,prompt,reply\nAye.,Hi,Nay.\n", columns={"response": "reply (2)"})
    assert texts(twice) == [["u:Hi", "a:Nay."]]
    with pytest.raises(FormatError, match="every sheet is empty: `A`, `B`"):
        one(tmp_path, "e.xlsx", {"A": [], "B": []})
    with pytest.raises(FormatError, match="no column `output` beside the instruction"):
        one(tmp_path, "i.csv", "instruction,height\nHi,2\n")
    given = one(tmp_path, "i.csv", "a,b,c\nHi,2,Aye.\n", columns={"prompt": "a", "input": "b", "response": "c"})
    assert (given.shape, texts(given)) == ("instruction", [["u:Hi\n2", "a:Aye."]])
    with pytest.raises(FormatError, match="column `chat` never repeats"):
        one(tmp_path, "l.csv", "chat,author,text\n1,Tom,Hi\n2,Nell,Aye.\n")
    with pytest.raises(FormatError, match=r"no row has both author .`author`. and text .`text`."):
        one(tmp_path, "l.csv", "chat,author,text\n1,Tom,\n1,Nell,\n")
    ordered = one(tmp_path, "o.csv", "chat,author,text,x\n1,Nell,Aye.,2\n1,Tom,Hi,1\n", columns={"order": "x"})
    assert texts(ordered) == [["u:Hi", "a:Aye."]]
    tabbed = one(tmp_path, "t.csv", "prompt\treply\nHi\tAye.\n", delimiter="tab")
    assert "delimiter tab : 2 of 2 filled rows have 2 fields, as the parameters say" in tabbed.evidence


def test_what_is_too_large_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    def parsed(_: bytes) -> None:
        raise AssertionError("a value that would fill the memory was parsed to see what it is")

    monkeypatch.setattr(parsing_json, "_MOST_BYTES", 1_000_000)
    for name in ("load", "load_patiently"):
        monkeypatch.setattr(parsing_json, name, parsed)
    monkeypatch.setattr(values.orjson, "loads", parsed)
    with pytest.raises(FormatError, match="too large to read at once: save it as JSONL"):
        one(tmp_path, "large.json", b"[" + b"{}," * 700_000 + b"{}]")
