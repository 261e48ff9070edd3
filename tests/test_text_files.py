"""Text files: encodings, times, CSV of every kind, headers and files without, transcripts in every form."""

import csv
import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb.formats import times
from marcus_nb.formats.files import phone_notes
from marcus_nb.formats.files.csv_files import read_csv
from marcus_nb.formats.files.encodings import decode
from marcus_nb.formats.files.header import to_table
from marcus_nb.formats.files.stringified import parsed
from marcus_nb.formats.files.transcripts import read_transcript
from marcus_nb.formats.tables import FormatError, RawTable
from marcus_nb.formats.times import join, parse_times

KNOWN = ("chat", "author", "text", "question", "answer", "time", "message", "letter", "reply", "pregunta", "respuesta")


def is_known(name: str) -> bool:
    return name.strip().casefold() in KNOWN


def csv_table(content: str | bytes, delimiter: str = "", header_row: int = 0) -> RawTable:
    data = content.encode("utf-8") if isinstance(content, str) else content
    return read_csv(data, "a.csv", delimiter, header_row, is_known, [])


def rows(raw: RawTable) -> list[tuple[str, ...]]:
    return list(zip(*map(raw.column, raw.columns), strict=True))


def faults(raw: RawTable) -> list[tuple[int, str]]:
    assert all(outcome.text or "blank" in outcome.reason for outcome in raw.faults)
    return [(outcome.origin.lines[0], outcome.reason) for outcome in raw.faults]


# --- encodings

SPANISH = (
    "pregunta;respuesta\n¿Abren mañana?;Sí, a las nueve. ¡Gracias!\n¿Qué día está libre?;El miércoles, señor Muñoz\n"
    "Ángel quería un café;Está aquí - mañana más\nÉl ganó;Año nuevo\n"
)
POLISH = "prompt;reply\nCzy był złoty żółw w łodzi?;Dzień dobry, łódź płynie źle"
RUSSIAN = "prompt;reply\nОткрыто ли сегодня вечером?;Да, конечно, приходите вечером"
ENCODED = [
    (SPANISH, "utf-8", "encoding UTF-8: every byte fits"),
    (SPANISH, "utf-8-sig", "encoding UTF-8: byte order mark at the start"),
    (SPANISH, "utf-16", "encoding UTF-16: byte order mark at the start"),
    (SPANISH, "utf-32", "encoding UTF-32: byte order mark at the start"),
    (SPANISH, "utf-16-le", "encoding utf-16-le: every second byte is zero, or nearly"),
    (SPANISH, "utf-16-be", "encoding utf-16-be"),
    (RUSSIAN, "utf-16-le", "encoding utf-16-le"),
    (SPANISH, "cp1252", "encoding cp1252: not UTF-8 (byte 0xbf at line 2); western letters"),
    (SPANISH, "latin-1", "encoding cp1252"),
    (
        SPANISH,
        "mac-roman",
        "encoding mac-roman: not UTF-8 (byte 0xc0 at line 2); western letters, as old Macs wrote them",
    ),
    (SPANISH, "cp850", "encoding cp850: not UTF-8 (byte 0xa8 at line 2); western letters, as MS-DOS and Excel's \"CSV"),
    ("Où êtes-vous? Ça va, à l’été – œuvre", "cp1252", "encoding cp1252"),
    ("Où êtes-vous? Ça va, à l’été – œuvre", "mac-roman", "encoding mac-roman"),
    ("Wann öffnen Sie? Größe über fünf Äpfel", "cp850", "encoding cp850"),
    ("prompt;reply\nSí?;Ñu", "cp1252", "encoding cp1252"),
    ("prompt;reply\nIt’s £4 – aye;ok", "cp1252", "encoding cp1252"),
    (POLISH, "cp1250", "encoding cp1250: not UTF-8 (byte 0xb3 at line 2); the likeliest by charset-normalizer"),
    (RUSSIAN, "cp1251", "encoding cp1251"),
]


@pytest.mark.parametrize(("text", "encoding", "said"), ENCODED, ids=[f"{e}-{n}" for n, (_, e, _) in enumerate(ENCODED)])
def test_encodings(text, encoding, said):
    data, evidence = decode(text.encode(encoding), "a.csv")
    assert data.decode("utf-8") == text
    assert said in evidence


def test_utf8_is_not_copied():
    data = (SPANISH * 10_000).encode("utf-8")
    assert decode(data, "a.csv")[0] is data


def test_an_error_far_into_the_file_is_found_at_its_line():
    data = (SPANISH * 10_000).encode("utf-8") + "señor\n".encode("cp1252")
    mended, evidence = decode(data, "a.csv")
    assert mended.decode("utf-8") == SPANISH * 10_000 + "señor\n"
    assert "byte 0xf1 at line 50001" in evidence


def test_mixed_damage():
    lines = ["día uno".encode(), "¿mañana?".encode("cp1252"), b"plain", "más".encode(), "día".encode() + b" y a\xf1o"]
    data, evidence = decode(b"\n".join(lines), "a.csv")
    assert data.decode("utf-8").split("\n") == ["día uno", "¿mañana?", "plain", "más", "día y año"]
    assert "but 2 other lines are; 2 with single bytes read as cp1252: lines 2, 5" in evidence
    assert "which the byte order mark promises; 1 with" in decode(b"\xef\xbb\xbfa\nd\xeda", "a.csv")[1]


def test_a_few_zero_bytes_stay():
    assert decode(b"a;b\nc\0;d\n", "a.csv")[0] == b"a;b\nc\0;d\n"
    assert decode(b"a\x1fb\nc\x1fd\n", "a.csv")[0] == b"a\x1fb\nc\x1fd\n"


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (b"\0" * 500, "", "no text file (it holds zero bytes or many control characters): expected CSV"),
        (b"\x01\x02\x03\x04\x05abc", "", "no text file (it holds"),
        (bytes(range(1, 256)) * 20, "", "no text"),
        (
            "é".encode("utf-16")[:-1],
            "",
            "is no UTF-16, which the byte order mark at the start promises: a damaged file",
        ),
        (b"a", "utf-99", "unknown encoding 'utf-99': expected a name such as utf-8 or cp1252"),
        (b"a", "zlib", "unknown encoding 'zlib'"),
        ("a\ncafé".encode("cp1252"), "utf-8", "a.csv, line 2: byte 0xe9 does not fit the encoding utf-8: leave"),
    ],
)
def test_what_is_no_text(data, encoding, message):
    with pytest.raises(FormatError) as caught:
        decode(data, "a.csv", encoding)
    assert message in str(caught.value) and str(caught.value).startswith("a.csv")


def test_a_given_encoding_overrules():
    assert decode("Ñu".encode("cp1252"), "a.csv", "cp437") == (
        "╤u".encode(),
        "encoding cp437: as the parameters say",
    )
    assert decode(b"\xef\xbb\xbfa", "a.csv", "utf-8")[0] == b"a"


# --- times

DAY = 86400.0
JUNE_14 = 20253 * DAY  # 2025-06-14
NINE_12 = JUNE_14 + 9 * 3600 + 12 * 60
NIGHT_12 = NINE_12 + 12 * 3600
MOMENTS = [
    ("2025-06-14 09:12", NINE_12), ("2025-06-14T09:12:00Z", NINE_12), ("2025/06/14 9:12", NINE_12),
    ("2025-06-14T11:12:00.500+02:00", NINE_12 + 0.5), ("2025-06-14 09:12:00,250", NINE_12 + 0.25),
    ("2025-06-14", JUNE_14), ("2025.06.14 9:12 PM", NIGHT_12), ("2025-06-14 09:12 UTC", NINE_12),
    ("20250614", JUNE_14), ("20250614091200", NINE_12), ("2025-06-14 00:00:00", JUNE_14),
    ("14/06/2025 09:12", NINE_12), ("14.06.25, 09:12", NINE_12), ("14-06-2025 09:12:00", NINE_12),
    ("14/06/2025", JUNE_14), ("14.06.25 09.12", NINE_12), ("14/06/2025T09:12:00", NINE_12),
    ("14/6/25, 9:12 p. m.", NIGHT_12), ("14/6/25, 9:12\u202fp.\u00a0m.", NIGHT_12), ("14/6/25 9:12pm", NIGHT_12),
    ("6/14/25, 9:12\u202fPM", NIGHT_12), ("06/14/2025 09:12 AM", NINE_12), ("\u200e14/6/25, 9:12 a.m.", NINE_12),
    ("6/14/25, 12:00 AM", JUNE_14), ("14/6/25 9h12", NINE_12), ("09:12 14/06/2025", NINE_12),
    ("14 jun 2025, 9:12", NINE_12), ("Jun 14, 2025 9:12 AM", NINE_12), ("14 de junio de 2025", JUNE_14),
    ("sábado, 14 de junio de 2025, 9:12:00", NINE_12), ("Sat, 14 Jun 2025 11:12:00 +0200", NINE_12),
    ("14-Jun-25 21:12", NIGHT_12), ("June 14th, 2025 at 9:12 PM", NIGHT_12), ("2025 Jun 14 09:12", NINE_12),
    ("Sat Jun 14 09:12:00 +0000 2025", NINE_12), ("2025/6/14 下午9:12", NIGHT_12),
    ("2025. 6. 14. 오전 9:12", NINE_12), (str(int(NINE_12)), NINE_12), (f"{NINE_12:.0f}000", NINE_12),
    (f"{NINE_12:.0f}000000", NINE_12),
]  # fmt: skip


@pytest.mark.parametrize(("value", "seconds"), MOMENTS, ids=[value for value, _ in MOMENTS])
def test_a_moment(value, seconds):
    numbers, _, moments = parse_times([value])
    assert moments and numbers.dtype == np.float64
    assert numbers.tolist() == [seconds]


@pytest.mark.parametrize(
    ("values", "order", "said", "moments"),
    [
        (["14/06/2025 09:12", "02/07/2025 08:00"], [0, 1],
         "times day first: 14/06/2025 09:12 can be nothing else", True),
        (["06/14/2025 09:12", "02/07/2025 08:00"], [1, 0],
         "times month first: 06/14/2025 09:12 can be nothing else", True),
        (["02.07.25", "01.08.25"], [0, 1], "times day first: assumed, no day is above 12", True),
        (["06/11/25", "07/02/25"], [0, 1],
         "times month first: only so does the file run in the order of time", True),
        (["1/2/2025 1:05 PM", "1/2/2025 11:00 am"], [1, 0], "day first: assumed", True),
        (["2025-06-14T09:12:00Z", "2025/06/14 09:11"], [1, 0], "times in ISO form", True),
        (["14 jun 2025", "13 jun 2025"], [1, 0], "times with the month's name or the year first", True),
        (["10", "9", "9.5"], [1, 2, 0], "running numbers", False),
        (["1718356320", "1718356319"], [1, 0], "times in epoch seconds: 1718356320 is 2024-06-14 09:12 UTC", True),
        (["1718356320000"], [0], "times in epoch milliseconds", True),
        (["1718356320000000"], [0], "times in epoch microseconds", True),
        (["20250615", "20250614"], [1, 0], "times written as one number, year first", True),
        (["23:59", "00:03", "10:00"], [0, 1, 2], "times of day without a date", False),
        (["soon", "later"], [0, 1], "times not readable: the order of the file counts", False),
        ([], [], "times not readable", False),
        (["", " "], [0, 1], "times not readable", False),
    ],
)  # fmt: skip
def test_how_times_were_read(values, order, said, moments):
    numbers, evidence, real = parse_times(values)
    assert said in evidence and real is moments and len(numbers) == len(values)
    assert sorted(range(len(values)), key=lambda at: (np.nan_to_num(numbers[at]), at)) == order


@pytest.mark.parametrize("values", [
    ["2025-06-14 09:12:00", "", "2025-06-14T09:13", "2025-06-15", "2025-06-14 09:12:00.250000"],
    ["2025-06-14T09:12:00Z", "2025-06-14T09:12:00+02:00", "2025-06-14 09:12:00-05:00", "2025-06-14", ""],
    ["2025-06-14 09:12", "2025-13-01 00:00", "2025-6-1", "today", "2025-06-14 25:00"],
    ["2025-06-14 09:12", "2025-06-14 09:13", "2025", "NaT", "now"],
    ["2025-06-14 09:12-05", "2025-06:14 09:12", "2025-06-14 09:12"],
])  # fmt: skip
def test_the_fast_way_through_iso_times_is_the_same(values, monkeypatch):
    fast = parse_times(values)[0]
    monkeypatch.setattr(times, "_plain_iso", lambda _: None)
    assert np.array_equal(fast, parse_times(values)[0], equal_nan=True)


def test_impossible_and_missing_times_are_not_numbers():
    numbers, _, _ = parse_times(["14/06/2025", "31/02/2025", "", "nonsense"])
    assert numbers[0] == JUNE_14 and np.isnan(numbers[1:]).all()
    assert np.isnan(parse_times(["2025-13-45", "1e999"])[0]).all()


def test_a_date_and_a_time_column_are_one():
    dates, clocks = ["2025-06-14 00:00:00", "14/06/2025", "", None], ["1899-12-31 09:12:00", "09:12", "09:12", "1:00"]
    assert list(join(dates, clocks)) == ["2025-06-14 09:12:00", "14/06/2025 09:12", "", ""]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=25) | st.from_regex(r"[0-9/:. -]{0,20}", fullmatch=True), max_size=6))
def test_any_text_is_a_time_or_none(values):
    numbers, evidence, _ = parse_times(values)
    assert len(numbers) == len(values) and evidence and not np.isinf(numbers).any()


# --- CSV

TWO = [("Hi", "Aye."), ("Open?", "Nay.")]
CSVS = [
    *((f"delimiter {d!r}", f"question{d}answer\nHi{d}Aye.\nOpen?{d}Nay.\n", TWO, [2, 3], [], "header at line 1")
      for d in (",", ";", "\t", "|", "^", "~", "\x1f", "¦")),
    ("line ends \\r\\n", "question;answer\r\nHi;Aye.\r\nOpen?;Nay.\r\n", TWO, [2, 3], [], ""),
    ("line ends \\r", "question;answer\rHi;Aye.\rOpen?;Nay.", TWO, [2, 3], [], ""),
    ("quoted breaks", 'question,answer\n"Hi\r\nthere, ""you""",Aye.\n"Open?",Nay.\n',
     [('Hi\r\nthere, "you"', "Aye."), ("Open?", "Nay.")], [2, 4], [], ""),
    ("sep line", "sep=;\nquestion;answer\na,b,c;Aye.\n", [("a,b,c", "Aye.")], [3], [], "as line 1 says (sep=;)"),
    ("title rows", "Hatch 2025\n\nquestion,answer\nHi,Aye.\n,\n", TWO[:1], [4], [],
     "1 line above the header passed over, a title: Hatch 2025"),
    ("blank rows", "question,answer\n\nHi,Aye.\n , \n;;\n", TWO[:1], [3],
     [(5, "too few fields: 1 where the header has 2")], "2 lines passed over: blank"),
    ("open quote", 'question,answer\n"Hi,Aye.\nOpen?,Nay.\n', TWO[1:], [3],
     [(2, "unreadable: a quote is opened and never closed")], ""),
    ("bad quote", 'question,answer\n"a"b,c\nOpen?,Nay.\n', TWO[1:], [3],
     [(2, 'unreadable: a quote inside a quoted field is not doubled ("")')], ""),
    ("too many", "question,answer\nHi,there,you\nOpen?,Nay.\n", TWO[1:], [3],
     [(2, "too many fields: 3 where the header has 2")], "3 filled rows have 2 fields"),
    ("surplus blanks", "question;answer\nHi;Aye.;;\nOpen?;Nay.\n", TWO, [2, 3], [],
     "1 line with more empty fields at the end than the header: left away"),
    ("missing blanks", "question;answer;tags\nHi;Aye.\nOpen?;Nay.;\nx;y;z\n",
     [("Hi", "Aye.", ""), ("Open?", "Nay.", ""), ("x", "y", "z")], [2, 3, 4], [],
     "1 line without the empty fields at the end: taken as empty"),
    ("header with blanks", "question;answer;;\nHi;Aye.\nOpen?;Nay.\n",
     [("Hi", "Aye.", "", ""), ("Open?", "Nay.", "", "")], [2, 3], [], "2 lines without the empty fields"),
    ("zero bytes", b"question,answer\nHi\0,Aye.\nOpen?,Nay.\n", TWO[1:], [3], [(2, "holds zero bytes")], ""),
    ("no header, times", "1;14/06/2025 09:12;Hi\n1;14/06/2025 09:13;Aye.\n",
     [("1", "14/06/2025 09:12", "Hi"), ("1", "14/06/2025 09:13", "Aye.")], [1, 2], [],
     "no header: the first line is data like the others"),
    ("no header, sentences", "Do you have a room for two?,Yes we do have one for you.\nx,y\n",
     [("Do you have a room for two?", "Yes we do have one for you."), ("x", "y")], [1, 2], [], "no header"),
    ("a form's questions", "When;What would you like to ask us today?\n14/06/2025;Hi\n15/06/2025;Ho\n",
     [("14/06/2025", "Hi"), ("15/06/2025", "Ho")], [2, 3], [], "header at line 1"),
    ("a header that nobody knows", "height,width\n1,2\n", [("1", "2")], [2], [], "header at line 1"),
    ("names twice", "text,text,\na,b,c\n", [("a", "b", "c")], [2], [], "text | text (2) | column 3"),
    ("junk outnumbers the rows", "chat;author;text\nx\ny\nv,w\nz,u\n1;Tom;Hi\n", [("1", "Tom", "Hi")], [6],
     [(line, "too few fields: 1 where the header has 3") for line in (2, 3, 4, 5)], "2 of 6 filled rows"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "found", "lines", "wrong", "said"), [c[1:] for c in CSVS], ids=[c[0] for c in CSVS]
)
def test_csv(content, found, lines, wrong, said):
    raw = csv_table(content)
    assert (rows(raw), list(raw.lines), faults(raw)) == (found, lines, wrong)
    assert said in " ".join(raw.evidence)
    assert raw.container == "csv" and raw.sheet is None


def test_a_sample_may_end_inside_a_character():
    for place in range(4):
        raw = csv_table("x" * place + "question,answer\n" + "€" * 400_000 + ",é\n")
        assert len(raw) == 1 and raw.column("answer") == ("é",)


def test_csv_overruled():
    content = "question,answer\nHi;x,Aye.\n"
    assert rows(csv_table(content, delimiter="semicolon", header_row=-1)) != rows(csv_table(content))
    assert rows(csv_table(content, header_row=-1)) == [("question", "answer"), ("Hi;x", "Aye.")]
    assert "no header: as the parameters say" in csv_table(content, header_row=-1).evidence
    late = "x,y\n" * 300 + content
    raw = csv_table(late, header_row=301)
    assert raw.columns == ("question", "answer") and list(raw.lines) == [302]


@pytest.mark.parametrize(
    ("content", "delimiter", "header_row", "message"),
    [
        (
            "Dear Nell,\nthank you.\nYours\nTom\n",
            "",
            0,
            "no delimiter (, ; tab |) splits most lines into the same n",
        ),
        ("", "", 0, "no delimiter"),
        ("one\ncolumn\n", "", 0, "no delimiter"),
        ("question,answer\n", ";;", 0, "delimiter ';;': expected one character, such as ; or , or tab"),
        ("question,answer\nHi,Aye.\n", "", 9, "header_row 9 is no filled row: the file has 2 lines"),
        (
            f"{'x' * 70},{'y' * 70}\n",
            ",",
            0,
            "no header: expected a row with the names of the columns; set",
        ),
    ],
)
def test_csv_errors(content, delimiter, header_row, message):
    with pytest.raises(FormatError) as caught:
        csv_table(content, delimiter, header_row)
    assert str(caught.value).startswith(f"a.csv: {message}")


def test_the_text_of_a_record_is_cut_from_the_file():
    raw = csv_table('question,answer\r\n"Hi\r\n\r\nthere",Aye.\r\nOpen?,"Nay."\r\nx,y,z\r\n')
    assert [raw.text(place) for place in range(len(raw))] == ['"Hi\r\n\r\nthere",Aye.', 'Open?,"Nay."']
    assert raw.faults[0].text == "x,y,z"


def test_records_over_the_bounds_of_blocks_and_the_longest():
    long = "\n".join(map(str, range(400)))
    content = "question,answer\n" + f'"{long}",Aye.\n' * 12 + '"' + "a\n" * 600 + '",b\nHi,Aye.\n'
    raw = csv_table(content)
    assert raw.column("question")[:12] == (long,) * 12 and list(raw.lines[:3]) == [2, 402, 802]
    assert rows(raw)[-1] == ("Hi", "Aye.")
    assert faults(raw)[0] == (4802, "unreadable: a quote is opened and never closed")
    assert len(raw) + len(raw.faults) == 12 + 601 + 1


@pytest.mark.parametrize("line", ['"x,y\n', '",x","\n', '"a","b\n', '""",\n'])
def test_a_file_of_open_quotes_does_not_hang(line):
    begun = time.process_time()
    raw = csv_table("question,answer\n" + line * 40_000)
    assert time.process_time() - begun < 4
    assert len(raw) + len(raw.faults) > 0


TEXT = st.text(
    alphabet=st.sampled_from('ab é’",;\t\n\r|=+-@😀שלוםﷺ\u200f\u2028\x85\x0b'), min_size=1, max_size=12
) | st.sampled_from(["=1+1", "-2", "@x", '"', "\r", "sep=;", "x" * 300])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_csv_round_trip(said, delimiter, end):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["question", "answer"])
    lines = []
    for row in said:
        # One more than the line ends so far: \r\n counts once.
        lines.append(len(out.getvalue().replace("\r\n", "\n").replace("\r", "\n").split("\n")))
        writer.writerow(row)
    raw = csv_table(out.getvalue())
    kept = [at for at, row in enumerate(said) if "".join(row).strip()]
    assert rows(raw) == [said[at] for at in kept]
    assert list(raw.lines) == [lines[at] for at in kept]
    assert not raw.faults
    for place in range(len(raw)):
        assert next(csv.reader(io.StringIO(raw.text(place), newline=""), delimiter=delimiter)) == list(rows(raw)[place])


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='a,;"\n\r 1é\0', max_size=80))
def test_any_csv_is_accounted_for(body):
    raw = csv_table("question;answer\n" + body)
    places = [*raw.lines, *(outcome.origin.lines[0] for outcome in raw.faults)]
    assert len(set(places)) == len(places)
    assert all(len(raw.column(name)) == len(raw) for name in raw.columns)
    unread = [line for line in body.splitlines() if line.strip(' ;"\0')]
    assert bool(places) >= (len(unread) > 0 and '"' not in body)


def test_questions_of_a_form_are_names():
    asked = "What did the customer ask?,What did we answer?\nIs it open?,Since eight.\nTea?,Aye.\n"
    assert csv_table(asked).columns == ("What did the customer ask?", "What did we answer?")
    # questions of customers are none, whatever they ask
    for content in (
        "Is the gate open today?,Since eight.\nIs there any tea left?,Always.\n",
        "Is the gate open today?,Which gate do you mean?\nIs there any tea left?,Always.\n",
        "What was your answer again?,Which answer do you mean?\nIs there any tea left?,Green or black?\n",
    ):
        assert csv_table(content).columns == ("column 1", "column 2")


def test_one_column_of_chats():
    raw = csv_table('chat log\n"User: Hi, you\nBot: Aye."\n"User: Ho\nBot: Nay."\n')
    assert raw.columns == ("chat log",) and list(raw.lines) == [2, 4]
    assert list(raw.column("chat log")) == ["User: Hi, you\nBot: Aye.", "User: Ho\nBot: Nay."]
    with pytest.raises(FormatError, match="no delimiter"):
        csv_table("Text\nTom: Hi\nNell: Aye.\n")


# --- sheets


def sheet(grid: list[list[str]], header_row: int = 0, lines: list[int] | None = None) -> RawTable:
    return to_table(grid, "b.xlsx", "Letters", "excel", header_row, is_known, ["sheet Letters"], lines)


def test_a_sheet():
    raw = sheet([["", ""], ["Hatch", ""], ["Letter", "Reply"], ["Hi", "Aye."], ["", " "], ["Open?", ""]])
    assert (raw.columns, rows(raw), list(raw.lines)) == (("Letter", "Reply"), [("Hi", "Aye."), ("Open?", "")], [4, 6])
    assert raw.text(0) == "Hi | Aye." and raw.name == "b.xlsx, sheet Letters" and not raw.faults
    assert raw.evidence[2:] == ("1 line above the header passed over, a title: Hatch", "2 lines passed over: blank")
    assert list(sheet([["Letter", "Reply"], ["Hi", "Aye."]], lines=[7, 9]).lines) == [9]
    assert rows(sheet([["x", "y"], ["Letter", "Reply"], ["a", "b"]], header_row=1)) == [("Letter", "Reply"), ("a", "b")]
    assert len(sheet([["Letter", "Reply"]])) == 0


def test_a_sheet_without_a_header():
    notes = sheet([["Remember: " + "the paint of the Marigold wants two coats. " * 2]])
    assert faults(notes) == [(1, "no header in this sheet: no row with the names of the columns")] and not len(notes)
    data = sheet([["Do you open on Sundays, please?", "Aye we do."], ["And on Mondays?", "Nay."]])
    assert data.columns == ("column 1", "column 2") and len(data) == 2
    with pytest.raises(FormatError, match=r"b.xlsx, sheet Letters: header_row 5 is no filled row: the file has 1 line"):
        sheet([["a", "b"]], header_row=5)


# --- transcripts

TOM, NELL, BYE = ("Tom", "Hi"), ("Nell", "Aye."), ("Tom", "Bye")
STAMPS = [
    "14/6/25, 9:12 - ", "14/06/2025, 09:12 - ", "6/14/25, 9:12\u202fPM - ", "14.06.25, 09:12 - ", "14-06-2025 09:12 - ",
    "14/6/25, 9:12 p. m. - ", "14/6/25, 9:12 p.\u00a0m. - ", "2025/06/14, 09:12 - ", "2025-06-14, 9:12 a.m. - ",
    "[14/06/25, 9:12:33] ", "\u200e[14/06/25, 9:12:33\u202fp.\u202fm.] ", "[2025-06-14 09:12:33] ",
    "[14.06.25, 09:12:33] ",
    "[2025/6/14 下午9:12:33] ", "2025. 6. 14. 오전 9:12, ", "[10:32] ", "[10:32:01 PM] ", "10:32 ", "(10:32) ",
    "2025-06-14 10:32 ", "2025-06-14T10:32:00Z ", "14 jun 2025, 10:32 - ", "Jun 14, 2025 10:32 AM: ", "- [10:32] ",
]  # fmt: skip


@pytest.mark.parametrize("stamp", STAMPS)
@pytest.mark.parametrize("said", ["{}: {}", "<{}> {}"])
def test_times_before_names(stamp, said):
    lines = [stamp + said.format(*turn) for turn in (TOM, NELL, BYE)]
    raw = read_transcript("\r\n".join(lines).encode(), "a.txt", ["x"])
    assert raw.columns == ("time", "author", "message") and not raw.faults
    assert [turn[1:] for turn in rows(raw)] == [TOM, NELL, BYE]
    assert np.isfinite(parse_times(raw.column("time"))[0]).all()
    assert "transcript: 3 of 3 filled lines begin with a time and a name" in raw.evidence[1]


TALK = [TOM, NELL, BYE]
PLAIN = [
    ("name", "Tom: Hi\nNell: Aye.\nTom: Bye\n", TALK),
    ("two lines are enough", "Tom: Hi\nNell: Aye.\n", TALK[:2]),
    ("bullets", "- Tom: Hi\n- Nell: Aye.\n- Tom: Bye\n", TALK),
    ("markdown", "**Tom:** Hi\n\n**Nell**: Aye.\n\n**Tom:** Bye\n", TALK),
    ("angles", "<Tom> Hi\n<Nell> Aye.\n<Tom> Bye\n", TALK),
    ("a name beneath", "Tom:\nHi\n\nNell:\nAye.\n\nTom:\nBye\n", TALK),
    ("roles", "User: Hi\n\nAssistant: A list:\n\n- Note: x\n---\nFlour: 2\n\nUser: ok\n",
     [("User", "Hi"), ("Assistant", "A list:\n\n- Note: x\n---\nFlour: 2"), ("User", "ok")]),
    ("human", "Human: Hi\n\nAssistant: Aye.", [("Human", "Hi"), ("Assistant", "Aye.")]),
    ("spanish", "Cliente: ¿Abren?\nAgente: Sí.\n", [("Cliente", "¿Abren?"), ("Agente", "Sí.")]),
    ("many lines", "Tom: Hi\nare you open\n\ntoday?\nNell: Aye.\nTom: Bye\nNell: x\nTom: y\nNell: z\nTom: a\nNell: b\n",
     [("Tom", "Hi\nare you open\n\ntoday?"), NELL, BYE, ("Nell", "x"), ("Tom", "y"), ("Nell", "z"), ("Tom", "a"),
      ("Nell", "b")]),
    ("one pair of a question", "P: ¿Abren?\nR: Sí.\n", [("P", "¿Abren?"), ("R", "Sí.")]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), [c[1:] for c in PLAIN], ids=[c[0] for c in PLAIN])
def test_names_alone(content, said):
    raw = read_transcript(content.encode(), "a.txt", [])
    assert raw.columns == ("author", "message") and rows(raw) == said and not raw.faults


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Tom (10:32): Hi\nNell (10:33): Aye.\nTom (10:34): Bye\n", TALK),
        ("Tom [14/06/2025 10:32]: Hi\nNell [14/06/2025 10:33]: Aye.\nTom [14/06/2025 10:34]: Bye\n", TALK),
        ("Tom 10:32\nHi\n\nNell 10:33\nAye.\nTom  10:35 AM\nBye\n", TALK),
        ("Tom\n10:32 AM\nHi\n\nNell\n10:33 AM\nAye.\n\nTom\n10:34 AM\nBye\n", TALK),
        ("Tom (14/06/2025 10:32)\nHi\nNell (14/06/2025 10:33)\nAye.\nTom (14/06/2025 10:34)\nBye\n", TALK),
    ],
)
def test_times_after_names(content, said):
    raw = read_transcript(content.encode(), "a.txt", [])
    assert [turn[1:] for turn in rows(raw)] == said
    assert raw.columns == ("time", "author", "message") and all("10:3" in when for when in raw.column("time"))


ONE, TWO_TALKS = "Tom: Hi\nNell: Aye.\n", [("Tom", "Nell"), ("Ann", "Nell")]
SECOND = "Ann: Open?\nNell: Nay.\n"


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("--- Conversation 12 ---\n", "\n--- Conversation 13 ---\n", ["12", "13"]),
        ("", "\n-----\n", ["1", "2"]),
        ("", "\n* * *\n\n", ["1", "2"]),
        ("", "==========\n", ["1", "2"]),
        ("Chat started\n", "Chat ended\n\nChat started\n", ["1", "2"]),
        ("Chat Started: Saturday, June 14, 2025, 10:32\n", "Chat Started: Sunday, June 15, 2025\n", ["1", "2"]),
        ("Conversación 3\n", "Conversación 4\n", ["3", "4"]),
        ("### Ticket 77\n", "### Ticket 78\n", ["77", "78"]),
        ("Ticket #A-77:\n", "\nTicket #A-78:\n", ["A-77", "A-78"]),
        ("=== Conversation with Tom ===\n", "=== Conversation with Ann ===\n", ["1", "2"]),
        ("Chat 5\n", "Chat 5\n", ["5", "2"]),
    ],
)
def test_lines_between_conversations(first, second, names):
    raw = read_transcript((first + ONE + second + SECOND).encode(), "a.txt", [])
    assert raw.columns == ("conversation", "author", "message") and not raw.faults
    assert list(raw.column("conversation")) == [names[0]] * 2 + [names[1]] * 2
    assert list(raw.column("author")) == ["Tom", "Nell", "Ann", "Nell"]
    assert "2 conversations: separators between them:" in raw.evidence[-1]


@pytest.mark.parametrize("content", [
    "FAQ\n\n1. Q: Open? A: Aye,\nsince eight.\n2. Q: Q: or not? A: Nay.\n",
    "FAQ\nPregunta: Open? Respuesta: Aye,\n  since eight.\nPregunta: Q: or not? Respuesta: Nay.\n",
])  # fmt: skip
def test_question_and_answer_on_one_line(content):
    raw = read_transcript(content.encode(), "a.txt", [])
    assert rows(raw) == [("Open?", "Aye,\nsince eight."), ("Q: or not?", "Nay.")]
    assert [(fault.origin.lines, fault.kind) for fault in raw.faults] == [((1,), "set_aside")]
    assert raw.text(0).endswith("since eight.") and raw.text(1).endswith("Nay.")


@pytest.mark.parametrize(
    "content",
    [
        "Q: Open?\nA: Aye.\nQ: Sunday?\nA: Nay.\n",
        "Q1. Open?\nA1. Aye.\n\nQ2. Sunday?\nA2. Nay.\n",
        "**P:** Open?\n**R:** Aye.\n**P:** Sunday?\n**R:** Nay.\n",
        "Pregunta: Open?\nRespuesta: Aye.\n\nPregunta: Sunday?\nRespuesta: Nay.\n",
        "1. Q: Open?\nA: Aye.\n\n2. Q: Sunday?\nA: Nay.\n",
        "1) Pregunta: Open?\nRespuesta: Aye.\n2) Pregunta: Sunday?\nRespuesta: Nay.\n",
    ],
)
def test_each_question_begins_a_conversation(content):
    raw = read_transcript(content.encode(), "a.txt", [])
    assert list(raw.column("conversation")) == ["1", "1", "2", "2"]
    assert list(raw.column("message")) == ["Open?", "Aye.", "Sunday?", "Nay."]
    assert "2 conversations: each question begins one" in raw.evidence


NOTES = [
    ("Los mensajes y las llamadas están cifrados de extremo a extremo.", "system line"),
    ("Tom cambió el asunto a “Barcas: verano”", "system line"),
    ("Tom: \u200eMessages and calls are end-to-end encrypted. No one outside can read them.", "system line"),
    ("Tom: \u200eMissed voice call", "system line"),
    *((f"Tom: {text}", "media, no text") for text in (
        "<Media omitted>", "<Multimedia omitido>", "\u200eimage omitted", "imagen omitida", "\u200eaudio omitido",
        "IMG-2025.jpg (file attached)", "\u200eIMG-2025.jpg (archivo adjunto)", "\u200e<attached: 01-PHOTO.jpg>",
        "<Medien ausgeschlossen>", "\u200eBild weggelassen", "<Médias omis>")),
    *((f"Tom: {text}", "deleted message") for text in (
        "This message was deleted", "You deleted this message.", "Se eliminó este mensaje.", "Eliminaste este mensaje",
        "\u200eThis message was deleted.")),
]  # fmt: skip


@pytest.mark.parametrize(("note", "reason"), NOTES)
def test_what_phones_write_themselves_is_set_aside(note, reason):
    stamp = "14/6/25, 9:1{} - "
    lines = [stamp.format(1) + "Tom: Hi", stamp.format(2) + note, stamp.format(3) + "Nell: Aye."]
    raw = read_transcript("\n".join(lines).encode(), "a.txt", [])
    assert [turn[1:] for turn in rows(raw)] == [TOM, NELL]
    (outcome,) = raw.faults
    assert (outcome.kind, outcome.reason, outcome.origin.lines) == ("set_aside", reason, (2,))
    assert outcome.text == lines[1]


def test_a_group_of_many_and_chats_of_a_site():
    group = [
        f"14/6/25, 9:0{n} - {name}: x" for n, name in enumerate(("Hugh", "Mina", "Nell", "+44 7700 900123", "Nell"))
    ]
    assert len(read_transcript("\n".join(group).encode(), "a.txt", [])) == 5
    content = (
        "Chat started: 2025-06-14 10:00\n(10:00:20) Visitor 1: Hi\n(10:00:58) Nell: Aye.\nChat ended\n\n"
        "Chat started: 2025-06-14 11:30\n(11:30:05) Visitor 2: Hi\n(11:30:31) Nell: Nay.\nChat ended\n"
    )
    raw = read_transcript(content.encode(), "a.txt", [])
    assert list(raw.column("conversation")) == ["1", "1", "2", "2"] and not raw.faults
    assert list(raw.column("message")) == ["Hi", "Aye.", "Hi", "Nay."]


def test_days_that_stand_above_their_messages():
    content = (
        "2025/06/14(Sat)\n09:12\tTom\tHi\n09:13\tNell\t[Photo]\n- 15/06/2025 -\n09:12\tNell\tAye.\n9:14\tTom\tx: y\n"
    )
    raw = read_transcript(content.encode(), "a.txt", [])
    assert list(raw.column("time")) == ["2025/06/14 09:12", "15/06/2025 09:12", "15/06/2025 9:14"]
    assert list(raw.column("message")) == ["Hi", "Aye.", "x: y"]
    assert [outcome.reason for outcome in raw.faults] == ["media, no text"]
    assert "lines with the day of the messages beneath: 2" in raw.evidence


def test_captions_edits_and_lines_above():
    content = (
        "Chat export\n\n14/6/25, 9:11 - Tom: IMG-1.jpg (file attached)\nLook!\n"
        "14/6/25, 9:12 - Nell: Nice <This message was edited>\n14/6/25, 9:13 - Tom: Case 12\nCase 12\n-----\nend <3>\n"
    )
    raw = read_transcript(content.encode(), "a.txt", [])
    assert [turn[1:] for turn in rows(raw)] == [
        ("Tom", "Look!"),
        ("Nell", "Nice"),
        ("Tom", "Case 12\nCase 12\n-----\nend <3>"),
    ]
    assert [(o.origin.lines, o.reason, o.kind) for o in raw.faults] == [((1,), "above the first message", "set_aside")]
    assert list(raw.lines) == [3, 5, 6]
    assert raw.text(0) == "14/6/25, 9:11 - Tom: IMG-1.jpg (file attached)\nLook!"
    assert "notes that a message was edited, removed: 1" in raw.evidence


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("just prose\nand more", "no line begins with a name and a colon, or with a time and a name"),
        ("", "no line begins with a name and a colon"),
        ("Dear Nell,\nthank you: it was nice.\nNote: we loved it\nP.S.: more\nYours\nTom\n", "less than 60% of"),
        ("Note: one\nWarning: two\nHint: three\n", "are 3 different names, hardly one comes again"),
        ("Tom: a\nTom: b\n", "the only name before a colon is `Tom`"),
        (
            "From: a\nTo: b\nSubject: c\n\nFrom: d\nTo: e\nSubject: f\n",
            "it looks like letters with heads (`From`, ",
        ),
        ("Q: Open?\nQ: Sunday?\n", "the only name before a colon is `Q`"),
        ("14/06/2025 09:12;Tom;Hi\n14/06/2025 09:13;Nell;Aye\n", "no line begins with a name"),
        ('{"a": "b"}\n{"a": "c"}\n', "no line begins with a name"),
    ],
)
def test_what_is_no_transcript(content, why):
    with pytest.raises(FormatError) as caught:
        read_transcript(content.encode(), "a.txt", [])
    assert str(caught.value).startswith("a.txt: no dialogue in plain text: ") and why in str(caught.value)
    assert str(caught.value).endswith("Expected lines such as `Tom: Hello`")


@pytest.mark.parametrize(
    "data",
    [b"a b c d e f " * 50_000 + b":\n", b" " * 1_000_000 + b"\nx: y", b"1" * 1_000_000, b"<" * 1_000_000,
     b"[1:11" * 200_000,
     b"Tom: " + b"(" * 500_000 + b"\nNell: x\n", b"1:11 Tom: " + b"<a " * 200_000 + b">\n1:12 Nell: x\n",
     (b"-" * 999 + b"x\n") * 500, "٠/".encode() * 300_000, b"[a] [1:1" * 100_000,
     b"1:11 From " + b"a to " * 100_000 + b": x",
     b"WEBVTT\n\n00:00:00.120 --> 00:00:04.880\n" + b"<v " * 300_000, (b"--- " + b"1 de " * 20 + b"\n") * 5000],
)  # fmt: skip
def test_hostile_lines_cost_no_time(data):
    begun = time.process_time()
    try:
        read_transcript(data, "a.txt", [])
    except FormatError as error:
        assert str(error).startswith("a.txt")
    assert time.process_time() - begun < 2


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Tom: Hi", "Nell: Aye.", "more", "", "---", "Chat 3", "Note: x", "Q: a", "A: b"]), max_size=14
    )
)
def test_every_line_of_a_transcript_belongs_somewhere(lines):
    content = "\n".join(["Tom: Hi", "Nell: Aye.", "Tom: Hi", "Nell: Aye.", *lines])
    try:
        raw = read_transcript(content.encode(), "a.txt", [])
    except FormatError:
        return
    kept = "\n".join([raw.text(place) for place in range(len(raw))] + [outcome.text for outcome in raw.faults])
    for line in set(lines) - {"", "---", "Chat 3"}:
        assert kept.count(line) >= lines.count(line)


# --- what exports of other programs do

SAID = [("Tom", "Hi"), ("Nell", "Aye."), ("Tom", "Bye"), ("Nell", "Ta.")]
EXPORTS = {
    "days changed": (
        "--- Log opened Tue Mar 04 2025 09:04:11\n09:04 < Tom> Hi\n09:07 <@Nell> Aye.\n"
        "--- Day changed Wed Mar 05 2025\n10:11 < Tom> Bye\n10:12 <@Nell> Ta.\n",
        ["Mar 04 2025 09:04", "Mar 04 2025 09:07", "Mar 05 2025 10:11", "Mar 05 2025 10:12"], None,
    ),
    "sessions": (
        "Session Start: Tue Mar 04 09:04:11 2025\nSession Ident: #oak\n[09:04] <Tom> Hi\n[09:07] <Nell> Aye.\n"
        "Session Close: Tue Mar 04 09:13:50 2025\n\nSession Start: Wed Mar 05 10:11:11 2025\nSession Ident: #oak\n"
        "[10:11] <Tom> Bye\n[10:12] <Nell> Ta.\n",
        ["Mar 04 2025 09:04", "Mar 04 2025 09:07", "Mar 05 2025 10:11", "Mar 05 2025 10:12"], ["1", "1", "2", "2"],
    ),
    "headings with a day": (
        "Conversation 40 — March 4, 2025\n\nTom (9:04 AM): Hi\nNell (9:07 AM): Aye.\n\n"
        "Conversation 41 — March 5, 2025\n\nTom (9:10 AM): Bye\nNell (9:11 AM): Ta.\n",
        ["March 4, 2025 9:04 AM", "March 4, 2025 9:07 AM", "March 5, 2025 9:10 AM", "March 5, 2025 9:11 AM"],
        ["40", "40", "41", "41"],
    ),
    "heads of a block": (
        "Chat transcript #0\nDate: 04 Mar 2025\nVisitor: Tom\n------\n[09:04:11] Tom: Hi\n[09:07:24] Nell: Aye.\n"
        "------\n\n"
        "Chat transcript #1\nDate: 05 Mar 2025\nVisitor: Tom\nPage: https://oak.org\n------\n[10:11:11] Tom: Bye\n"
        "[10:12:24] Nell: Ta.\n------\n",
        ["04 Mar 2025 09:04:11", "04 Mar 2025 09:07:24", "05 Mar 2025 10:11:11", "05 Mar 2025 10:12:24"],
        ["0", "0", "1", "1"],
    ),
    "Arabic digits": (
        "٠٤/٠٣/٢٠٢٥، ٩:٠٤ ص - Tom: Hi\n\u200f4\u200f/3\u200f/2025، 9:07 ص - Nell: Aye.\n٠٤/٠٣/٢٠٢٥، ٩:١٠ م - Tom: Bye\n"
        "٠٤/٠٣/٢٠٢٥، ٩:١١ م - Nell: Ta.\n",
        ["04/03/2025, 9:04 ص", "4/3/2025, 9:07 ص", "04/03/2025, 9:10 م", "04/03/2025, 9:11 م"], None,
    ),
    "Finnish": (
        "4.3.2025 klo 9.04 - Tom: Hi\n4.3.2025 klo 9.07 - Nell: Aye.\n"
        "4.3.2025 klo 9.10 - Tom: Bye\n4.3.2025 klo 9.11 - Nell: Ta.\n",
        [f"4.3.2025 klo 9.{minute}" for minute in ("04", "07", "10", "11")], None,
    ),
    "Korean": (
        "--------------- 2025년 3월 4일 화요일 ---------------\n[Tom] [오전 9:04] Hi\n[Nell] [오전 9:07] Aye.\n"
        "[Tom] [오후 9:10] Bye\n[Nell] [오후 9:11] Ta.\n",
        [f"2025년 3월 4일 {clock}" for clock in ("오전 9:04", "오전 9:07", "오후 9:10", "오후 9:11")], None,
    ),
    "a name beneath a time": (
        "Mar 04, 2025  9:04:11 AM (Read by you after 2 minutes)\nTom\nHi\n\nMar 04, 2025  9:07:24 AM\nNell\nAye.\n\n"
        "Mar 04, 2025  9:10:11 AM\nTom\nBye\n\nMar 04, 2025  9:11:24 AM\nNell\nTa.\n",
        [f"Mar 04, 2025  9:{clock} AM" for clock in ("04:11", "07:24", "10:11", "11:24")], None,
    ),
    "a meeting's chat": (
        "09:04:11\t From  Tom  to  Everyone : Hi\n09:07:24\t From  Nell  to  Everyone : Aye.\n"
        "09:08:11\t From Tom to Nell(Direct Message): Bye\n09:09:24\t From  Nell  to  Everyone : Ta.\n",
        ["09:04:11", "09:07:24", "09:08:11", "09:09:24"], None,
    ),
    "subtitles": (
        "WEBVTT\n\n7f-0\n00:00:00.120 --> 00:00:04.880\n<v Tom>Hi</v>\n\n"
        "00:00:05.120 --> 00:00:09.880\n<v Nell>Aye.</v>\n\n"
        "00:00:10.120 --> 00:00:12.000\n<v Tom>Bye</v>\n<v Nell>Ta.</v>\n",
        ["00:00:00.120", "00:00:05.120", "00:00:10.120", "00:00:10.120"], None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_other_programs(name):
    content, when, conversations = EXPORTS[name]
    raw = read_transcript(content.encode(), "a.txt", [])
    assert list(zip(raw.column("author"), raw.column("message"), strict=True)) == SAID
    assert list(raw.column("time")) == when and not np.isnan(parse_times(when)[0]).any()
    assert (list(raw.column("conversation")) if "conversation" in raw.columns else None) == conversations


def test_words_like_headings_stay_in_their_messages():
    content = (
        "14/6/25, 9:11 - Tom: of\nTicket 55, March 4, 2025\n14/6/25, 9:12 - Nell: Aye\n\nCase 12\n"
        "14/6/25, 9:13 - Tom: x\n"
    )
    raw = read_transcript(content.encode(), "a.txt", [])
    assert list(raw.column("message")) == ["of\nTicket 55, March 4, 2025", "Aye\n\nCase 12", "x"]
    assert "conversation" not in raw.columns
    raw = read_transcript(b"Tom:\nWhen?\n\nNell:\n14/06/2025\n\nTom:\nTa\n\nNell:\nBye\n", "a.txt", [])
    assert list(raw.column("message")) == ["When?", "14/06/2025", "Ta", "Bye"]


def test_a_message_of_two_lines_in_quotes_and_a_table_that_is_no_chat():
    raw = read_transcript(b'09:04\tTom\t"One ""two""\nthree"\n09:05\tNell\tAye.\n', "a.txt", [])
    assert list(raw.column("message")) == ['One "two"\nthree', "Aye."]
    table = (
        'Id,Agent,Chat\n1,Nell,"(09:04:11) Tom: Hi\n(09:05:11) Nell: Aye."\n'
        '2,Nell,"(09:04:11) Tom: Hi\n(09:06:11) Nell: Nay."\n'
    )
    with pytest.raises(FormatError, match="a table, each row of which has 3 fields"):
        read_transcript(table.encode(), "a.csv", [])
    raw = parsed(csv_table(table))
    assert raw.column("Chat")[0] == [{"author": "Tom", "content": "Hi"}, {"author": "Nell", "content": "Aye."}]
    assert raw.evidence[-1] == "whole chats, with a time and a name before each message, in `Chat`"


def test_instructions_and_responses():
    content = "### Instruction:\nHi\n\n### Response:\nAye.\n\n### Instruction:\nOpen?\nNow?\n\n### Response:\nNay.\n"
    raw = read_transcript(content.encode(), "a.txt", [])
    assert list(raw.column("message")) == ["Hi", "Aye.", "Open?\nNow?", "Nay."]
    assert list(raw.column("conversation")) == ["1", "1", "2", "2"]


def test_lines_in_quotes_and_dumps_of_databases():
    raw = csv_table('"Chat,Author,Text"\n"1,Tom,""Hi, you"""\n"1,Nell,""""""Aye"""", she said"""\n')
    assert rows(raw) == [("1", "Tom", "Hi, you"), ("1", "Nell", '"Aye", she said')]
    assert "each line stood in quotes as one field: they are removed" in raw.evidence
    raw = csv_table("chat\tauthor\ttext\tfile\n1\tTom\tHi\\nyou\\tthere\\\\n\t\\N\n1\tNell\tAye\ta\n")
    assert rows(raw) == [("1", "Tom", "Hi\nyou\tthere\\n", ""), ("1", "Nell", "Aye", "a")]
    raw = csv_table("chat\tauthor\ttext\n1\tTom\tC:\\new\n1\tNell\tAye\n")
    assert raw.column("text")[0] == "C:\\new"


def test_headers_that_are_questions():
    names = "Timestamp,Email,What is your name?,How can we help you today?,Our reply\n"
    row = "2025/03/04 9:04:11 AM GMT+1,a@b.org,Ann,Is it open?,Aye.\n"
    assert csv_table(names + row + row).lines[0] == 2
    names, row = "Where shall we write to you?,What can we do?\n", "a@b.org,Is it open?\n"
    assert csv_table(names + row + row).columns == ("Where shall we write to you?", "What can we do?")
    assert csv_table("Is it open on the Sunday?,Aye.\nIs it open now?,Nay.\n").columns == ("column 1", "column 2")


@pytest.mark.parametrize(
    "text", ["Ta wiadomość została usunięta", "הודעה זו נמחקה", "このメッセージは削除されました", "Bu mesaj silindi",
             "تم حذف هذه الرسالة", "此消息已删除", "삭제된 메시지입니다", "Данное сообщение удалено",
             "Esta mensagem foi apagada", "Questo messaggio è stato eliminato", "Dit bericht is verwijderd"],
)  # fmt: skip
def test_deleted_messages_in_other_languages(text):
    assert phone_notes.judged(text) == ("", "deleted message")
    assert phone_notes.judged(f"{text}, ja?") == (f"{text}, ja?", "")
