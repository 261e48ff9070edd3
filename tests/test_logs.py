"""formats: which rows of a chat log are one conversation, who of several agents is the persona, and what is no turn."""

import pytest
from openpyxl import Workbook

from marcus_nb.formats import FormatError, Table, read
from marcus_nb.formats.rows.columns import (
    is_author,
    is_conversation,
    is_other_id,
    order_column,
    prompt_rank,
    response_rank,
)
from marcus_nb.formats.rows.log_threads import roots
from marcus_nb.parameters import Source

HI, AYE, OPEN, NAY = "Is it open?", "Aye, till six.", "Any cake left?", "Nay, skipper."


def log(folder, text: str, persona: str = "Nell", **overruled) -> Table:
    (folder / "l.csv").write_text(text, encoding="utf-8")
    (table,) = read([Source(path="l.csv", **overruled)], folder, persona)
    return table


def said(table: Table) -> list[list[str]]:
    return [[f"{m.role[0]}:{m.content}" for m in conversation.messages] for conversation in table.conversations]


def rows(*lines: str) -> str:
    return "\n".join(lines) + "\n"


TWO = [[f"u:{HI}", f"a:{AYE}"], [f"u:{OPEN}", f"a:{NAY}"]]
CASES = {
    "messages that answer each other": rows(
        "id,author,text,in_reply_to", f"1,Tom,{HI},", f"2,Ann,{OPEN},", f'3,Nell,"{NAY}",2.0',
        f'4,Nell,"{AYE}",1'),
    "threads by the time of their first message": rows(
        "ts,user,text,thread_ts", f"1741079051.0,Tom,{HI},", f"1741079052.0,Ann,{OPEN},",
        f'1741079060.0,Nell,"{AYE}",1741079051.0', f'1741079061.0,Nell,"{NAY}",1741079052.0'),
    "subjects, with what mail programs put before them": rows(
        "Subject,From,Body", f"Hours,Tom,{HI}", f"Cake,Ann,{OPEN}", f'Re: Hours,Nell,"{AYE}"',
        f'RE: FW: cake,Nell,"{NAY}"'),
    "sender and recipient": rows(
        "From,To,Body,Date", f"Tom,Nell,{HI},2025-06-14 09:00", f"Ann,Nell,{OPEN},2025-06-14 09:01",
        f'Nell,Tom,"{AYE}",2025-06-14 09:02', f'Nell,Ann,"{NAY}",2025-06-14 09:03'),
    "the number of what they are about": rows(
        "Order ID,Sent,Author,Text", f"71,2025-06-14 09:00,Tom,{HI}", f"72,2025-06-14 09:01,Ann,{OPEN}",
        f'71,2025-06-14 09:02,Nell,"{AYE}"', f'72,2025-06-14 09:03,Nell,"{NAY}"'),
    "a column for each side": rows(
        "Date,Customer,Nell", f"2025-06-14,{HI},", f'2025-06-14,,"{AYE}"', f"2025-06-20,{OPEN},",
        f'2025-06-20,,"{NAY}"'),
    "newest first, without hours": rows(
        "Date,Author,Text,Chat", f'2025-06-15,Nell,"{NAY}",2', f"2025-06-15,Ann,{OPEN},2",
        f'2025-06-14,Nell,"{AYE}",1', f"2025-06-14,Tom,{HI},1"),
    "true and false for who speaks": rows(
        "chat,from_me,body", f"1,false,{HI}", f'1,true,"{AYE}"', f"2,false,{OPEN}", f'2,true,"{NAY}"'),
    "names of columns in German": rows(
        "Vorgang;Absender;Nachricht", f"1;Kunde;{HI}", f"1;Nell;{AYE}", f"2;Kunde;{OPEN}", f"2;Nell;{NAY}"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_tells_conversations_apart(tmp_path, name):
    table = log(tmp_path, CASES[name])
    assert sorted(said(table)) == sorted(TWO), table.evidence
    assert table.records == table.used == 4


def test_blank_rows_and_headers_that_come_again_part_the_chats_of_a_sheet(tmp_path):
    book = Workbook()
    for row in (("Author", "Text"), ("Tom", HI), ("Nell", AYE), (), ("Author", "Text"), ("Ann", OPEN), ("Nell", NAY)):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    (table,) = read([Source(path="b.xlsx")], tmp_path, "Nell")
    assert said(table) == TWO
    assert [(o.origin.lines, o.reason) for o in table.set_aside] == [((5,), "the header again")]


AGENTS = rows(
    "chat,role,author,text", f"1,customer,Tom,{HI}", '1,agent,Ida Roe,"Wait, please."', f'1,agent,Nell Hatch,"{AYE}"',
    f"2,customer,Ann,{OPEN}", "2,agent,Ida Roe,None left.",
)  # fmt: skip


def test_of_several_agents_the_one_of_the_personas_name_is_the_persona(tmp_path):
    table = log(tmp_path, AGENTS)
    assert (table.persona_speaker, said(table)) == ("Nell Hatch", [[f"u:{HI}", f"a:{AYE}"]])
    reasons = [(outcome.origin.lines[0], outcome.reason) for outcome in table.set_aside]
    assert reasons == [
        (3, "another agent, not the persona"),
        (5, "no persona turn in the conversation"),
        (6, "another agent, not the persona"),
    ]
    named = log(tmp_path, AGENTS, persona_speaker="Ida Roe")
    assert said(named) == [[f"u:{HI}", "a:Wait, please."], [f"u:{OPEN}", "a:None left."]]
    together = log(tmp_path, AGENTS, persona="Sofia")
    assert said(together) == [[f"u:{HI}", f"a:Wait, please.\n{AYE}"], [f"u:{OPEN}", "a:None left."]]
    assert "1 more answer beside it and count as the persona, too" in together.evidence[-1]


def test_notes_and_attachments_are_no_turns(tmp_path):
    text = rows(
        "chat,author,text,public,attachment", f"1,Tom,{HI},true,", "1,Nell,Looks odd.,false,",
        "1,Tom,,true,boat.png", f'1,Nell,"{AYE}",true,', "1,,,true,",
    )  # fmt: skip
    table = log(tmp_path, text)
    assert said(table) == [[f"u:{HI}", f"a:{AYE}"]]
    assert [(o.origin.lines[0], o.reason) for o in table.set_aside] == [
        (3, "internal note: `public` says so"),
        (4, "attachment without text: `attachment` is filled"),
    ]
    assert [o.origin.lines[0] for o in table.rejected] == [6]


def test_texts_of_html_are_read_as_text(tmp_path):
    table = log(tmp_path, rows("chat,author,text", "1,Tom,<p>Is it &lt;open&gt;?</p>", "1,Nell,<p>Aye<br>skipper</p>"))
    assert said(table) == [["u:Is it <open>?", "a:Aye\nskipper"]] and "texts are HTML" in " ".join(table.evidence)


def test_a_refusal_proposes_what_to_write(tmp_path):
    strange = rows("Nr,Foo,Bar", "1,Where is the yard please?,Behind the chapel.", "2,Is it deep here?,Not very deep.")
    with pytest.raises(FormatError) as caught:
        log(tmp_path, strange)
    assert "for example {prompt: Foo, response: Bar}" in str(caught.value)
    assert "as transcript" not in str(caught.value), "what a table is not, beside CSV, would bury what to write"
    table = log(tmp_path, strange, columns={"prompt": "Foo", "response": "Bar"})
    assert len(table.conversations) == 2
    with pytest.raises(FormatError, match=r"\{author: Foo, content: Bar\}"):
        log(tmp_path, rows("Foo,Bar", *(f"{who},a few words of {at}" for at, who in enumerate("ababab"))))


def test_roots_of_threads_do_not_hang_on_circles():
    assert roots(["1", "2", "3", "4"], ["", "1", "2", "9"]) == ["1", "1", "1", "9"]
    assert len(roots(["1", "2"], ["2", "1"])) == 2
    many = [str(at) for at in range(50_000)]
    assert set(roots(many, ["", *many[:-1]])) == {"0"}


def test_what_headers_promise():
    nobody = frozenset()
    assert prompt_rank("Asked by", nobody) == response_rank("Answered by", nobody) == 0
    assert is_author("Enviado por") and is_author("sent by") and not is_author("Answered by")
    assert is_other_id("Order ID") and not is_other_id("Customer ID") and not is_other_id("ID")
    assert is_conversation("N° de ticket") and is_conversation("thread_ts") and is_conversation("conversationsThreadId")
    assert order_column(["Order ID", "Sent"]) == "Sent" and order_column(["date", "turn_id"]) == "turn_id"
    for asked, answered in (("Frage", "Antwort"), ("Pergunta", "Resposta"), ("Domanda", "Risposta"), ("Q", "A")):
        assert prompt_rank(asked, nobody) >= 3 and response_rank(answered, nobody) >= 3
