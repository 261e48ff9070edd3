"""Exchanges: which columns are question and answer, and what becomes of every record of every such shape."""

import json
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb.formats.rows import cell_turns, columns
from marcus_nb.formats.rows.exchange_parts import (
    instruction_parts,
    message_pairs_parts,
    pairs_parts,
    preference_parts,
    transcript_parts,
)
from marcus_nb.formats.rows.exchanges import Reading, read_exchanges
from marcus_nb.formats.tables import RawTable

PERSONA = columns.persona_words("Nell")
_ASKED = [
    "Do you have a boat free on Saturday?",
    "What does the crossing cost?",
    "Is there tea on board?",
    "Hi",
]
_SAID = [
    "Aye, two of them, at nine o'clock.",
    "Four pounds each way, children half.",
    "Nay, bring a flask with you.",
    "Aye.",
]


def table(file="chat.csv", sheet=None, **named):
    """A RawTable of columns given by name, or by `cols={name: values}` where a name is no Python name."""
    cols = {name: list(values) for name, values in (named.pop("cols", {}) | named).items()}
    count = len(next(iter(cols.values())))
    assert all(len(values) == count for values in cols.values())
    return RawTable(
        file,
        sheet,
        "csv",
        tuple(cols),
        range(2, count + 2),
        cols.__getitem__,
        lambda place: ";".join(str(values[place]) for values in cols.values()),
    )


def records(*rows, **options):
    """A RawTable of JSON records, as a JSON file gives them: a field that a record lacks is None."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return table(cols={name: [row.get(name) for row in rows] for name in names}, **options)


def texts(reading: Reading):
    short = {"user": "u:", "assistant": "a:"}
    return [[short[m.role] + m.content for m in c.messages] for c in reading.conversations]


def outcomes(reading: Reading):
    return [(o.origin.lines, o.kind, o.reason) for o in reading.outcomes]


def balanced(raw: RawTable, reading: Reading):
    """Every record has exactly one outcome, and every message the records it came from."""
    used = Counter(line for c in reading.conversations for line in c.origin.lines)
    lost = Counter(line for o in reading.outcomes if o.kind != "left_out" for line in o.origin.lines)
    assert used + lost == Counter(raw.lines)
    for conversation in reading.conversations:
        assert dict.fromkeys(line for m in conversation.messages for line in m.lines) == dict.fromkeys(
            conversation.origin.lines
        )


def pairs(raw, given=None, least=2, shape="pairs"):
    parts = pairs_parts(raw, given or {}, PERSONA, least)
    assert isinstance(parts, dict), parts
    reading = read_exchanges(raw, shape, parts)
    balanced(raw, reading)
    return reading


def preferences(raw, given=None):
    parts = preference_parts(raw, given or {}, PERSONA)
    assert isinstance(parts, dict), parts
    reading = read_exchanges(raw, "preference", parts)
    balanced(raw, reading)
    return reading


def instructions(raw, given=None, forced=False):
    parts = instruction_parts(raw, given or {}, PERSONA, forced)
    assert isinstance(parts, dict), parts
    reading = read_exchanges(raw, "instruction", parts)
    balanced(raw, reading)
    return reading


# --- pairs: the columns ---------------------------------------------------------------------------------------------


def test_the_original_tools_own_input():
    raw = table(prompt=["Hi", "Open?"], message=["Aye.", "Nay."])
    assert isinstance(pairs_parts(raw, {}, PERSONA, 2), str)  # a log may explain it: only the second try takes it
    reading = pairs(raw, least=1)
    assert reading.columns == {"prompt": "prompt", "response": "message"}
    assert texts(reading) == [["u:Hi", "a:Aye."], ["u:Open?", "a:Nay."]]
    assert reading.evidence == ("one exchange per record: `prompt` is the question, `message` the persona's answer",)
    assert (reading.shape, reading.persona_speaker, reading.outcomes) == ("pairs", None, ())
    first = reading.conversations[0]
    assert [m.lines for m in first.messages] == [(2,), (2,)] and first.origin.lines == (2,)
    assert first.id.startswith("chat:") and first.customer is None and first.time is None


@pytest.mark.parametrize(
    ("prompt", "response"),
    [
        ("question", "answer"), ("Pregunta", "Respuesta"), ("cliente", "agente"), ("customer", "agent"),
        ("input", "output"), ("ENTRADA", "Salida"), ("q", "a"), ("Q", "A"), ("p", "r"), ("user", "assistant"),
        ("human", "bot"), ("customer_message", "agent_reply"), ("userMessage", "botResponse"), ("usuario", "asistente"),
        ("Mensaje del cliente", "Contestación"), ("prompt", "completion"), ("Message", "Nell’s reply"),
        ("Question", "Nell"), ("Petición", "  RESPUESTA de Nell "), ("question_en", "answer_en"),
        ("Your question (required)", "Best answer"), ("consulta", "respuesta_final"), ("letter", "reply"),
        ("description", "resolution"), ("user_query", "ai_response"), ("text", "response"),
    ],
)  # fmt: skip
def test_names_of_questions_and_answers(prompt, response):
    raw = table(cols={"n": [1, 2, 3, 4], response: _SAID, prompt: _ASKED})
    reading = pairs(raw)
    assert (reading.columns["prompt"], reading.columns["response"]) == (prompt, response)
    assert texts(reading)[1] == [f"u:{_ASKED[1]}", f"a:{_SAID[1]}"]


def test_short_answers_are_no_names():
    raw = table(user=["Hi", "Open?", "Hi"], bot=["Aye.", "Nay.", "Aye."])
    assert texts(pairs(raw))[1] == ["u:Open?", "a:Nay."]


@pytest.mark.parametrize(
    ("cols", "least", "why"),
    [
        ({"customer": ["Tom", "Ann", "Tom"], "agent": ["Nell", "Nell", "Nell"], "message": _ASKED[:3]}, 2, "answers"),
        ({"height": [1, 2], "width": [3, 4]}, 2, "answers"),
        ({"answer": _SAID[:2], "height": [1, 2]}, 2, "questions"),
        ({"author": ["Tom", "Nell"], "message": ["Hi", "Aye."]}, 1, "answers"),
        ({"question_type": ["open", "closed"], "response_time": ["12", "14"]}, 2, "answers"),
        ({"system_prompt": _ASKED[:2], "answer": _SAID[:2]}, 2, "questions"),
    ],
)
def test_no_pairs(cols, least, why):
    assert f"no column is named for the {why}" in pairs_parts(table(cols=cols), {}, PERSONA, least)


def test_given_columns_overrule():
    raw = table(a=["1", "2"], b=_ASKED[:2], c=_SAID[:2], d=["Tom", "Ann"], e=["x", "y"])
    reading = pairs(raw, {"prompt": "b", "response": "c", "customer": "d", "conversation": "e"})
    assert reading.columns == {"prompt": "b", "response": "c", "customer": "d", "conversation": "e"}
    assert [(c.id, c.customer) for c in reading.conversations] == [("chat:x", "Tom"), ("chat:y", "Ann")]


# --- pairs: what becomes of each record -----------------------------------------------------------------------------


def test_every_record_has_one_outcome():
    raw = records(
        {"question": "Hi", "answer": "Aye."},
        {"question": "Open?", "answer": None},
        {"question": "Open?", "answer": "  "},
        {"question": "", "answer": "Nay."},
        {"question": "How?", "answer": True},
        {"question": {"x": 1}, "answer": "So."},
        {"question": ["Hi", "you"], "answer": "So."},
        {"no": 7},
        {"question": 42, "answer": "A number."},
        {"question": "\n ", "answer": None, "date": "2025-04-07", "no": 4},
        {"question": [{"type": "text", "text": "Two"}, {"type": "text", "text": "parts"}], "answer": {"text": "One"}},
    )
    reading = pairs(raw)
    assert texts(reading) == [["u:Hi", "a:Aye."], ["u:42", "a:A number."], ["u:Two\nparts", "a:One"]]
    assert outcomes(reading) == [
        ((3,), "set_aside", "no answer: `answer` is empty or no text"),
        ((4,), "set_aside", "no answer: `answer` is empty or no text"),
        ((5,), "set_aside", "no question: `question` is empty or no text"),
        ((6,), "rejected", "the answer in `answer` cannot be read: no text but true"),
        ((7,), "rejected", "the question in `question` cannot be read: no text but an object"),
        ((8,), "rejected", "the question in `question` cannot be read: no text but a list"),
        ((9,), "rejected", "only `no` is filled: a total or a heading, no exchange"),
        ((11,), "set_aside", "no answer: `answer` is empty or no text"),
    ]
    assert reading.outcomes[0].text == "Open?;None;None;None"


def test_ids_and_customers():
    raw = table(
        file="in/book.xlsx",
        sheet="Letters",
        ticket=["T1", "", "T3"],
        cols={"From": ["Tom", None, {"name": "Ann", "email": "a@b.example"}]},
        letter=_ASKED[:3],
        reply=_SAID[:3],
    )
    reading = pairs(raw)
    one, two, three = reading.conversations
    assert (one.id, three.id, two.id[:13]) == ("book:T1", "book:T3", "book/Letters:")
    assert [c.customer for c in reading.conversations] == ["Tom", None, "Ann"]
    assert str(three.origin) == "in/book.xlsx, sheet Letters, row 4"


def test_the_id_of_the_text_outlives_a_moved_row():
    before, after = table(q=_ASKED, a=_SAID), table(q=_ASKED[::-1], a=_SAID[::-1])
    assert {c.id for c in pairs(before).conversations} == {c.id for c in pairs(after).conversations}


_CELL = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.sampled_from(["Hi", "Human: Hi", '[["a","b"]]']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "text", "messages", "from", "value"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_CELL, _CELL, _CELL, _CELL), min_size=1, max_size=6))
def test_whatever_the_cells_hold_every_record_has_one_outcome(rows):
    prompt, response, other, name = (list(values) for values in zip(*rows, strict=True))
    raw = table(prompt=prompt, response=response, other=other, id=name)
    base = {"prompt": "prompt", "response": "response"}
    for more in ({}, {"history": "other"}, {"input": "other"}, {"label": "other"}, {"rejected": "other"}):
        balanced(raw, read_exchanges(raw, "pairs", base | more | {"conversation": "id", "customer": "id"}))
    balanced(raw, read_exchanges(raw, "lines", {"response": "response"}))


# --- pairs: several records per conversation ------------------------------------------------------------------------


def test_a_repeated_conversation_is_one():
    raw = table(
        conversation_id=["a", "b", "a", "", "a", "b"],
        question=["Hi", "Open?", "And now?", "Alone?", "", "Sure?"],
        answer=["Aye.", "Nay.", "So.", "Yes.", "No question.", None],
        customer=["Tom", None, "Tom", "Tom", "Tom", "Ann"],
    )
    reading = pairs(raw)
    assert texts(reading) == [["u:Hi", "a:Aye.", "u:And now?", "a:So."], ["u:Open?", "a:Nay."], ["u:Alone?", "a:Yes."]]
    first = reading.conversations[0]
    assert first.id == "chat:a" and first.origin.lines == (2, 4)
    assert [m.lines for m in first.messages] == [(2,), (2,), (4,), (4,)]
    assert "`conversation_id` repeats: 3 conversations in 4 records, at most 2 in one" in reading.evidence
    assert "no column of times or turns: the order of the file counts" in reading.evidence
    assert [o.kind for o in reading.outcomes] == ["set_aside", "set_aside"]


def test_turns_order_the_records_of_a_conversation():
    raw = table(chat=["x", "x", "x", "y"], turn=["3", "1", "2", "1"], q=_ASKED, a=_SAID)
    reading = pairs(raw)
    assert [c.origin.lines for c in reading.conversations] == [(3, 4, 2), (5,)]
    assert reading.columns["order"] == "turn" and reading.conversations[0].time is None
    assert "order `turn`: running numbers" in reading.evidence


def test_times_order_the_records_and_one_without_follows_the_one_before():
    raw = table(
        id=["7", "7", "7", "7"],
        date=["14/06/2025 09:12", "", "13/06/2025 08:00", "13/06/2025 08:05"],
        q=_ASKED,
        a=_SAID,
        response_time=["4", "3", "2", "1"],
    )
    reading = pairs(raw)
    assert reading.conversations[0].origin.lines == (4, 5, 2, 3)
    assert reading.conversations[0].time == "2025-06-13T08:00:00"
    assert reading.columns["order"] == reading.columns["time"] == "date"


def test_a_turn_orders_and_a_time_tells_when():
    raw = table(
        thread=["x", "x"], turn=["2", "1"], created_at=["2025-06-14T09:12:00Z", "2025-06-14T09:10:00Z"],
        q=_ASKED[:2], a=_SAID[:2],
    )  # fmt: skip
    reading = pairs(raw)
    assert (reading.columns["order"], reading.columns["time"]) == ("turn", "created_at")
    assert reading.conversations[0].origin.lines == (3, 2)
    assert reading.conversations[0].time == "2025-06-14T09:10:00"


def test_time_of_single_exchanges_with_the_hour_beside_the_day():
    raw = table(fecha=["14/06/2025", "15/06/2025"], hora=["09:12", "10:00"], pregunta=_ASKED[:2], respuesta=_SAID[:2])
    reading = pairs(raw)
    assert [c.time for c in reading.conversations] == ["2025-06-14T09:12:00", "2025-06-15T10:00:00"]
    assert reading.columns["time"] == "fecha" and "order" not in reading.columns


def test_a_customer_that_repeats_makes_no_conversation():
    raw = table(customer_id=["7", "7", "8"], question=_ASKED[:3], answer=_SAID[:3])
    reading = pairs(raw)
    assert len(reading.conversations) == 3 and "conversation" not in reading.columns
    assert [c.customer for c in reading.conversations] == ["7", "7", "8"]


def test_several_answers_to_one_question_are_no_turns():
    raw = table(id=["1", "1", "2", "2"], question=["Hi", "Hi", "Open?", "Open?"], answer=["Aye.", "Oi.", "No.", "Nay."])
    reading = pairs(raw)
    assert [len(c.messages) for c in reading.conversations] == [2, 2, 2, 2]
    assert "`id` repeats with the same first question: each record is a conversation of its own" in reading.evidence


def test_an_id_that_repeats_is_preferred_and_a_kind_is_no_conversation():
    raw = table(id=["1", "2", "3"], chat_id=["x", "x", "y"], question=_ASKED[:3], answer=_SAID[:3])
    assert [c.id for c in pairs(raw).conversations] == ["chat:x", "chat:y"]
    many = 300
    kinds = table(
        case=["refund", "order"] * (many // 2), question=[f"Q {at}" for at in range(many)], answer=["Aye."] * many
    )
    reading = pairs(kinds)
    assert len(reading.conversations) == many and "conversation" not in reading.columns


# --- instruction, history, system -----------------------------------------------------------------------------------


def test_instruction_input_output():
    raw = records(
        {"instruction": "Greet", "input": "", "output": "Aye."},
        {"instruction": "Greet", "input": "by mail", "output": "Aye!"},
        {"instruction": "Greet", "input": "by mail", "output": ""},
        {"instruction": ["Greet"], "input": None, "output": "Aye"},
    )
    reading = instructions(raw)
    assert texts(reading) == [["u:Greet", "a:Aye."], ["u:Greet\nby mail", "a:Aye!"]]
    assert [o.kind for o in reading.outcomes] == ["set_aside", "rejected"]
    assert reading.evidence[0].endswith("the persona's answer, `input` is put under the question")


def test_spanish_instruction_and_given_input():
    assert texts(instructions(table(instrucción=["Saluda"], entrada=["por carta"], salida=["Hola"]))) == [
        ["u:Saluda\npor carta", "a:Hola"]
    ]
    raw = table(instruction=["Hi"], height=["2"], say=["Aye."])
    assert instruction_parts(raw, {}, PERSONA, False) == "no column `output` beside the instruction"
    reading = instructions(raw, {"input": "height", "response": "say"})
    assert texts(reading) == [["u:Hi\n2", "a:Aye."]]
    assert instruction_parts(table(q=["Hi"], a=["Aye."]), {}, PERSONA, False) == "no column `instruction`"
    assert instructions(table(x=["Hi"], y=["Aye."]), {"prompt": "x", "response": "y"}, forced=True).conversations


@pytest.mark.parametrize(
    ("history", "earlier"),
    [
        ([["Hi", "Aye."], ["Open?", "Nay."]], ["u:Hi", "a:Aye.", "u:Open?", "a:Nay."]),
        ('[["Hi", "Aye."]]', ["u:Hi", "a:Aye."]),
        ("[['Hi', 'It\\'s so.']]", ["u:Hi", "a:It's so."]),
        (["Hi", "Aye."], ["u:Hi", "a:Aye."]),
        ([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Aye."}], ["u:Hi", "a:Aye."]),
        ([], []), (None, []), ("", []), ("[]", []),
    ],
)  # fmt: skip
def test_history_is_earlier_turns(history, earlier):
    raw = records(
        {"instruction": "Now?", "input": "x", "output": "So.", "history": history},
        {"instruction": "Other", "output": "Well.", "history": [["A", "B"]]},
    )
    reading = instructions(raw)
    assert texts(reading) == [[*earlier, "u:Now?\nx", "a:So."], ["u:A", "a:B", "u:Other", "a:Well."]]
    assert "`history` holds earlier exchanges" in reading.evidence[0]
    assert {m.lines for m in reading.conversations[0].messages} == {(2,)}


@pytest.mark.parametrize(
    ("history", "why"),
    [
        ([["Hi"]], "exchange 1 is no pair of question and answer"),
        ([["Hi", "Aye."], ["Hi", ""]], "exchange 2 is no pair of question and answer"),
        ([["Hi", "Aye.", "So"]], "exchange 1 is no pair of question and answer"),
        (["Hi", "Aye.", "So"], "exchange 2 is no pair of question and answer"),
        ([7], "exchange 1 is no pair of question and answer"),
        ('[["Hi", "Ay', "no readable list of earlier exchanges"),
        ("[" * 100_000, "no readable list of earlier exchanges"),
        ("-" * 100_000 + "1", "no readable list of earlier exchanges"),
        ("7", "no list of earlier exchanges but a number"),
        ({"a": 1}, "no list of earlier exchanges but an object"),
        ([{"role": "judge", "content": "Hi"}], "unknown role `judge` in message 1: expected user, assistant or system"),
    ],
)
def test_a_broken_history_rejects_its_record(history, why):
    good = {"question": "Now?", "answer": "So.", "history": [["A", "B"]]}
    raw = records({"question": "Now?", "answer": "So.", "history": history}, good, good)
    reading = pairs(raw)
    assert outcomes(reading) == [((2,), "rejected", f"broken history in `history`: {why}")]
    assert len(reading.conversations) == 2


def test_a_column_called_history_without_lists_is_none():
    raw = table(question=_ASKED[:2], answer=_SAID[:2], history=["three visits", "none"])
    assert "history" not in pairs(raw).columns


def test_a_system_column_is_said_not_listed():
    raw = table(system=["You are Nell.", "", "You are Nell."], instruction=_ASKED[:3], output=_SAID[:3])
    reading = instructions(raw)
    assert "`system` is filled in 2 of 3 records: no dialogue, left out" in reading.evidence
    assert reading.outcomes == () and reading.columns["system"] == "system"


# --- prompt and completion ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"), [("\n\n###\n\n", " END"), (" ->", "\n"), ("->", ""), ("\n\n###\n\n", "###"), (" ->", " </s>")]
)
def test_separators_and_stop_marks_are_taken_away(before, after):
    raw = table(prompt=[said + before for said in _ASKED], completion=[" " + said + after for said in _SAID])
    reading = pairs(raw)
    assert texts(reading) == [[f"u:{asked}", f"a:{said}"] for asked, said in zip(_ASKED, _SAID, strict=True)]
    assert f"mark {before!r} at the end of the texts in `prompt` taken away" in reading.evidence
    assert "blank at the beginning of the texts in `completion` taken away" in reading.evidence
    if after:
        assert f"mark {after!r} at the end of the texts in `completion` taken away" in reading.evidence


def test_marks_that_few_texts_have_are_their_own():
    raw = table(prompt=["Is this it ->", "Open?", "Hi"], completion=["THE END", " Aye.", "Nay.\n"])
    reading = pairs(raw)
    assert texts(reading) == [["u:Is this it ->", "a:THE END"], ["u:Open?", "a: Aye."], ["u:Hi", "a:Nay.\n"]]
    assert len(reading.evidence) == 1


def test_prompt_and_completion_as_messages():
    raw = records(
        {
            "prompt": [{"role": "system", "content": "You are Nell."}, {"role": "user", "content": "Hi"}],
            "completion": [{"role": "assistant", "content": "Aye."}],
        },
        {
            "prompt": [{"role": "user", "content": "Hi"}, {"role": "judge", "content": "x"}],
            "completion": [{"role": "assistant", "content": "Aye."}],
        },
        {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": ""}]},
        {"prompt": [{"role": "system", "content": "x"}], "completion": [{"role": "assistant", "content": "Aye."}]},
        {"prompt": [{"role": "user", "content": "Hi"}, "x"], "completion": "Aye."},
    )
    assert message_pairs_parts(raw, {}, PERSONA) == {"prompt": "prompt", "response": "completion"}
    assert "no two columns" in message_pairs_parts(table(prompt=_ASKED, completion=_SAID), {}, PERSONA)
    reading = pairs(raw)
    assert texts(reading) == [["u:Hi", "a:Aye."]]
    assert outcomes(reading) == [
        ((2,), "left_out", "system line"),
        (
            (3,),
            "rejected",
            "the question in `prompt` cannot be read: unknown role `judge` in message 2: expected user, assistant or "
            "system",
        ),
        ((4,), "rejected", "the answer in `completion` cannot be read: no text in message 1 (assistant)"),
        ((5,), "set_aside", "no customer turn in the conversation"),
        (
            (6,),
            "rejected",
            "the question in `prompt` cannot be read: message 2 is a text, expected an object with role and content",
        ),
    ]
    assert reading.outcomes[0].text == "You are Nell."


def test_prompts_that_are_transcripts():
    raw = table(
        prompt=["\n\nHuman: Hi\n\nAssistant: Aye.\n\nHuman: Open?\n\nAssistant:", "\n\nHuman: Tea?\n\nAssistant:"],
        completion=[" Nay.", " At four."],
    )
    assert texts(pairs(raw)) == [["u:Hi", "a:Aye.", "u:Open?", "a:Nay."], ["u:Tea?", "a:At four."]]


# --- preference data ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "chosen", "rejected"),
    [
        ("prompt", "chosen", "rejected"), ("question", "response_j", "response_k"),
        ("query", "better", "worse"), ("input", "preferred", "dispreferred"),
        ("question", "chosen_response", "rejected_response"), ("prompt", "preferred_output", "non_preferred_output"),
        ("pregunta", "respuesta_elegida", "respuesta_rechazada"), ("instruction", "answer_chosen", "answer_rejected"),
    ],
)  # fmt: skip
def test_the_chosen_answer_is_taken_and_said_so(prompt, chosen, rejected):
    raw = table(cols={rejected: ["Go away."] * 3, chosen: _SAID[:3], prompt: _ASKED[:3], "score_chosen": [1, 2, 3]})
    reading = preferences(raw)
    assert reading.columns == {"prompt": prompt, "response": chosen, "rejected": rejected}
    assert texts(reading)[0] == [f"u:{_ASKED[0]}", f"a:{_SAID[0]}"]
    assert f"the chosen answer is taken, the rejected answers (`{rejected}`) are not read" in reading.evidence[0]


def test_chosen_as_the_whole_dialogue_with_the_prompt():
    chosen = [
        {"role": "assistant", "content": "Welcome!"},
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Open?"},
        {"role": "assistant", "content": "Aye."},
        {"role": "user", "content": "Thanks"},
    ]
    raw = records({"prompt": "Hi", "chosen": chosen[1:4], "rejected": chosen[1:3]})
    assert texts(preferences(raw)) == [["u:Hi\nOpen?", "a:Aye."]]
    alone = records({"chosen": chosen[1:], "rejected": chosen[1:3]})
    reading = preferences(alone)
    assert texts(reading) == [["u:Hi\nOpen?", "a:Aye."]]
    assert outcomes(reading) == [((2,), "left_out", "question without an answer")]
    begun = records({"chosen": chosen, "rejected": chosen[1:3]})
    assert outcomes(preferences(begun)) == [
        ((2,), "left_out", "greeting before the first question"),
        ((2,), "left_out", "question without an answer"),
    ]


def test_chosen_as_transcripts_without_a_prompt():
    said = "\n\nHuman: Hi\n\nAssistant: Aye.\n\nTwo paragraphs.\n\nHuman: Open?\n\nAssistant: Nay."
    raw = records(
        {"chosen": said, "rejected": said},
        {"chosen": "\n\nHuman: Hi\n\nAssistant:", "rejected": said},
        {"chosen": "no transcript", "rejected": said},
        *({"chosen": said, "rejected": said} for _ in range(10)),
    )
    reading = preferences(raw)
    assert texts(reading)[0] == ["u:Hi", "a:Aye.\n\nTwo paragraphs.", "u:Open?", "a:Nay."]
    assert outcomes(reading) == [
        ((3,), "set_aside", "no persona turn in the conversation"),
        ((4,), "rejected", "no question: `chosen` holds an answer alone"),
    ]
    assert reading.evidence[0].startswith("one dialogue per record: `chosen` holds question and answer")


@pytest.mark.parametrize(
    "row",
    [
        {"conversations": [{"from": "human", "value": "Hi"}], "chosen": {"from": "gpt", "value": "Aye."},
         "rejected": {"from": "gpt", "value": "No."}},
        {"input": {"messages": [{"role": "user", "content": "Hi"}], "tools": []},
         "preferred_output": [{"role": "assistant", "content": "Aye."}],
         "non_preferred_output": [{"role": "assistant", "content": "No."}]},
        {"prompt": [{"role": "user", "content": "Hi"}], "chosen": [{"role": "assistant", "content": "Aye."}],
         "rejected": [{"role": "assistant", "content": "No."}]},
    ],
)  # fmt: skip
def test_preference_data_of_messages(row):
    assert texts(preferences(records(row))) == [["u:Hi", "a:Aye."]]


def test_unpaired_preferences_mark_bad_answers():
    raw = table(
        id=["1", "1", "2", "3", "3"],
        prompt=["Hi", "Hi", "Open?", "Tea?", "Tea?"],
        completion=["Aye.", "Go away.", "Nay.", "No.", "Yes."],
        label=[True, False, "TRUE", "false", None],
    )
    reading = preferences(raw)
    assert texts(reading) == [["u:Hi", "a:Aye."], ["u:Open?", "a:Nay."]]
    assert outcomes(reading) == [
        ((3,), "set_aside", "marked as a bad answer: `label` is false"),
        ((5,), "set_aside", "marked as a bad answer: `label` is false"),
        ((6,), "rejected", "`label` is neither true nor false"),
    ]
    assert "answers that `label` marks as bad are set aside" in reading.evidence[0]


def test_dialogues_marked_as_good_or_bad():
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Aye."}]
    reading = preferences(records({"messages": said, "label": True}, {"messages": said, "label": False}))
    assert reading.columns == {"response": "messages", "label": "label"}
    assert texts(reading) == [["u:Hi", "a:Aye."]] and [o.kind for o in reading.outcomes] == ["set_aside"]


@pytest.mark.parametrize(
    ("cols", "why"),
    [
        ({"prompt": _ASKED, "completion": _SAID}, "no columns of a chosen and a rejected answer"),
        ({"prompt": _ASKED, "completion": _SAID, "label": ["boats", "fees", "tea", "hi"]}, "no columns of a chosen"),
        ({"label": [True] * 4, "height": [1, 2, 3, 4]}, "no column is named for the answers"),
        ({"chosen": _SAID, "rejected": _SAID}, "no column is named for the questions that `chosen` and `rejected`"),
    ],
)
def test_no_preference_data(cols, why):
    assert why in preference_parts(table(cols=cols), {}, PERSONA)


# --- whole chats in one cell ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chat", "said"),
    [
        ("Customer: Hi\nAgent: Aye.\nCustomer: Open?\nUntil when?\nAgent: Nay.",
         ["u:Hi", "a:Aye.", "u:Open?\nUntil when?", "a:Nay."]),
        ("[10:32] Visitor: Hi\n[10:33:01] Bot: Note: closed on Mondays.", ["u:Hi", "a:Note: closed on Mondays."]),
        ("(2025-06-14 10:32) Cliente: Hola\n(2025-06-14 10:33) Agente: Buenas", ["u:Hola", "a:Buenas"]),
        ("### Human: Hi### Assistant: Aye.", ["u:Hi", "a:Aye."]),
        ("Customer: Hi\nAgent: Aye.\nContact: 555 123\nNote: not on Mondays",
         ["u:Hi", "a:Aye.\nContact: 555 123\nNote: not on Mondays"]),
        ("Agent: Welcome!\nCustomer: Hi\nAgent:\nAye.", ["u:Hi", "a:Aye."]),
        # the marks that models are trained on
        ("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi\n\nyou<|im_end|>\n<|im_start|>assistant\nAye."
         "<|im_end|>\n", ["u:Hi\n\nyou", "a:Aye."]),
        ("<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Aye. </s><s>[INST] Open? [/INST] Nay. </s>",
         ["u:Hi", "a:Aye.", "u:Open?", "a:Nay."]),
        ("<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nAye.<end_of_turn>", ["u:Hi", "a:Aye."]),
        ("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant"
         "<|end_header_id|>\n\nAye.<|eot_id|>", ["u:Hi", "a:Aye."]),
        ("<|user|>\nHi</s>\n<|assistant|>\nAye.</s>", ["u:Hi", "a:Aye."]),
        ("Below is an instruction.\n\n### Instruction:\nGreet\n\n### Input:\nTom\n\n### Response:\nHi Tom",
         ["u:Greet\nTom", "a:Hi Tom"]),
        ("### Instruction: Greet\n### Response: Hi\n\n### End", ["u:Greet", "a:Hi"]),
        ("USER: Hi ASSISTANT: Aye.</s>USER: Open? ASSISTANT: Nay.</s>", ["u:Hi", "a:Aye.", "u:Open?", "a:Nay."]),
    ],
)  # fmt: skip
def test_a_whole_chat_in_one_cell(chat, said):
    raw = table(id=["7", "8"], Transcript=[chat, chat], rating=["5", "4"])
    parts = transcript_parts(raw, {})
    assert parts == {"response": "Transcript", "conversation": "id"}
    reading = read_exchanges(raw, "lines", parts)
    balanced(raw, reading)
    assert texts(reading) == [said, said]
    assert [c.id for c in reading.conversations] == ["chat:7", "chat:8"]


def test_texts_with_colons_are_no_chats():
    raw = table(note=["Remember: the paint\nPrice: 4", "Agent: only one side"], other=["a: b", "x"])
    assert "no column holds whole chats" in transcript_parts(raw, {})


@pytest.mark.parametrize("text", [
    "How do I write ### Response", "The USER: one ASSISTANT: two", "## Question\nfoo\n## Tips\n", "use [INST] here",
])  # fmt: skip
def test_marks_inside_a_text_are_no_chat(text):
    assert not cell_turns.begins_transcript(text)


@pytest.mark.parametrize(
    "mark", ["<|user|>", "[INST]", "### Input:\n", "<s>", "USER: ", "<|im_start|>", "[INST]<<SYS>>"]
)
def test_marks_without_end_cost_no_time(mark):
    start = time.perf_counter()
    text = mark * 50_000
    assert not cell_turns.begins_transcript(text) or not cell_turns.is_dialogue(text)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "before",
    [
        ["Hi", "Aye.", "Open?"],
        json.dumps(["Hi", "Aye.", "Open?"]),
        [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Aye."},
            {"role": "user", "content": "Open?"},
        ],
        ["User: Hi", "Bot: Aye.", "User: Open?"],
        "User: Hi\nBot: Aye.\nUser: Open?",
    ],
)
def test_history_up_to_the_question_and_the_answer(before):
    raw = records({"history": before, "response": "Nay."}, {"history": [], "response": "Aye."}, {"history": before})
    parts = message_pairs_parts(raw, {}, PERSONA)
    assert parts == {"history": "history", "response": "response"}
    reading = read_exchanges(raw, "pairs", parts)
    balanced(raw, reading)
    assert texts(reading) == [["u:Hi", "a:Aye.", "u:Open?", "a:Nay."]]
    assert [(o.kind, o.reason) for o in reading.outcomes] == [
        ("set_aside", "no question: `history` is empty"),
        ("set_aside", "no answer: `response` is empty or no text"),
    ]


def test_a_context_is_the_question_and_finished_conversations_are_none():
    raw = table(Context=["I cannot sleep at night", "My cat is ill"], Response=["Put the phone away.", "Call the vet."])
    assert message_pairs_parts(raw, {}, PERSONA) == {"history": "Context", "response": "Response"}
    ended = table(
        Conversation=["Customer: Hi\nAgent: Aye.\nCustomer: Thanks"] * 2, Resolution=["Lamp repaired in shop"] * 2
    )
    assert isinstance(message_pairs_parts(ended, {}, PERSONA), str)
    done = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Aye."}]
    assert isinstance(message_pairs_parts(records({"messages": done, "response": "Aye."}), {}, PERSONA), str)


def test_texts_in_html():
    raw = table(question=["<p>Tea &amp; cake?</p>", "Open &lt; nine?", "<div>Hi</div>"], answer=["Aye.", "Nay.", "Hi."])
    reading = read_exchanges(raw, "pairs", {"prompt": "question", "response": "answer"})
    assert texts(reading) == [["u:Tea & cake?", "a:Aye."], ["u:Open < nine?", "a:Nay."], ["u:Hi", "a:Hi."]]
    assert "texts are HTML: read as plain text" in reading.evidence


# --- one value ------------------------------------------------------------------------------------------------------


def test_turns_in_one_value():
    assert cell_turns.of_value("Hi", "user") == [("user", "Hi")]
    assert cell_turns.of_value({"role": "assistant", "content": "Aye."}, "user") == [("assistant", "Aye.")]
    call = [{"role": "assistant", "content": None, "tool_calls": [{"id": 1}]}]
    assert cell_turns.of_value(call, "user") == [("system", "tool call")]
    named = [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Aye."}]
    assert cell_turns.of_value(named, "user") == [("user", "Hi"), ("assistant", "Aye.")]
    assert all(cell_turns.is_empty(value) for value in (None, "", " \n", [], {}))
    assert not any(cell_turns.is_empty(value) for value in (0, False, "x", [None]))
    parsed = json.loads('[["¿Abren?", "Sí."]]')
    assert cell_turns.of_history(parsed) == cell_turns.of_history(json.dumps(parsed))


def test_names_inside_a_paragraph_begin_no_turn():
    text = "Human: Who wrote\nHuman: All Too Human?\n\nAssistant: Nietzsche."
    assert cell_turns.of_transcript(text) == [
        ("user", "Who wrote\nHuman: All Too Human?"),
        ("assistant", "Nietzsche."),
    ]
