"""The rule `redact`: one placeholder for one value, policies, known names, counts; and text made to hang it."""

import time

import pytest
from conftest import conversation

from marcus_nb.clean.rules.personal import redact, redact_and_count
from marcus_nb.parameters import Clean
from marcus_nb.text.personal import KINDS, find


def contents(outcome, name: str) -> list[str]:
    return [message.content for message in outcome.changed[name]]


def test_one_value_has_one_placeholder_throughout_a_conversation():
    talk = conversation(
        "a",
        "Hi, I'm Tom Baker, 600 11 22 33",
        "Hi Tom, is it +34600112233?",
        "Yes. Tom's mail: t@example.com",
        "Noted, Will.",
    )
    other = conversation("b", "x@example.com", "Good.")
    good = conversation("c", "When do you open?", "Aye, at 9.")
    outcome = redact([talk, other, good], Clean(), "Nell")
    assert contents(outcome, "a") == [
        "Hi, I'm [NAME_1], [PHONE_1]",
        "Hi [NAME_1], is it [PHONE_1]?",
        "Yes. [NAME_1]'s mail: [EMAIL_1]",
        "Noted, Will.",
    ]
    assert contents(outcome, "b") == ["[EMAIL_1]", "Good."]
    assert outcome.changed["b"][1] is other.messages[1] and set(outcome.changed) == {"a", "b"} and not outcome.drops
    assert "2 e-mail addresses" in outcome.note and "t@example" not in outcome.note


def test_a_second_run_changes_nothing():
    talk = conversation("a", "Hi, I'm Tom Baker, 600 11 22 33", "Hi Tom. Tom, mind the tide.", customer="Tom Baker")
    first = redact([talk], Clean(), "Nell")
    again = redact([talk.with_messages(first.changed["a"])], Clean(), "Nell")
    assert again.changed == {} and again.drops == []


def test_the_customers_name_is_known_but_everyday_words_are_not():
    tom = conversation("a", "Is Tom there?", "Tom Baker? Aye, tom-tom, Tom-boy.", customer="tom baker")
    will = conversation("b", "May I? Will it rain?", "Will Brown, it will.", customer="Will Brown")
    nobody = conversation("c", "Is Web Visitor fine?", "Customer 12 is.", customer="customer 12")
    outcome = redact([tom, will, nobody], Clean(), "Nell")
    assert contents(outcome, "a") == ["Is [NAME_1] there?", "[NAME_1]? Aye, tom-tom, Tom-boy."]
    assert contents(outcome, "b") == ["May I? Will it rain?", "[NAME_1], it will."]
    assert set(outcome.changed) == {"a", "b"}


def test_a_surname_is_replaced_within_a_sentence_and_stays_where_it_may_be_a_word():
    talk = conversation("a", "Dear Mr Brown, hello", "Brown boats are dear. The Browns and Mr Brown agree.")
    assert contents(redact([talk], Clean(), "Nell"), "a") == [
        "Dear Mr [NAME_1], hello",
        "Brown boats are dear. The Browns and Mr [NAME_1] agree.",
    ]


def test_more_of_a_name_is_the_same_person():
    talk = conversation("a", "I'm Ana María López de Haro.", "Ana, Ana María, ANA MARÍA LÓPEZ DE HARO: noted.")
    assert contents(redact([talk], Clean(), "Nell"), "a") == ["I'm [NAME_1].", "[NAME_1], [NAME_1], [NAME_1]: noted."]


def test_the_personas_name_stays():
    talk = conversation("a", "Hi Nell, I'm Tom", "I'm Nell.\nCheers,\nNell Tregenza", customer="Nell")
    outcome = redact([talk], Clean(), "Nell Tregenza")
    assert contents(outcome, "a") == ["Hi Nell, I'm [NAME_1]", "I'm Nell.\nCheers,\nNell Tregenza"]


def test_what_everybody_is_called_is_nobodys_name():
    talks = [
        conversation(f"a{n}", "Hi Zorblax, my name is Zorblin", "Hello Moonbeam, aye.", customer=f"c{n}")
        for n in range(8)
    ]
    assert redact(talks, Clean(), "Nell").changed == {}
    assert contents(redact(talks[:2], Clean(), "Nell"), "a0") == [
        "Hi Zorblax, my name is [NAME_1]",
        "Hello Moonbeam, aye.",
    ]


def test_policies():
    talk = conversation("a", "I'm at t@example.com and 600 11 22 33", "Hi Tom,")
    assert (
        contents(redact([talk], Clean(redact_policy={"email": "keep"}), "N"), "a")[0]
        == "I'm at t@example.com and [PHONE_1]"
    )
    dropped = redact([talk], Clean(redact_policy={"phone": "drop"}), "N")
    assert dropped.changed == {}
    (drop,) = dropped.drops
    assert (
        drop.conversation is talk
        and drop.rule == "redact"
        and "1 phone number" in drop.reason
        and "600" not in drop.reason
    )
    kept = Clean(redact_policy={kind: "keep" for kind in KINDS})
    assert redact([talk], kept, "N").changed == {}


def test_allow_regions_and_language_reach_the_rule():
    talk = conversation("a", "t@example.com, CURP HEGG560427MVZRRL04", "Good.")
    choices = Clean(redact_allow=["@example.com"], redact_regions=["MX"], placeholder_language="es")
    assert contents(redact([talk], choices, "N"), "a")[0] == "t@example.com, CURP [DOCUMENTO_1]"


def test_counts_are_masked():
    talks = [conversation(f"a{n}", f"t{n}@example.com", "Good.") for n in range(5)]
    outcome, rows = redact_and_count(talks, Clean(redact_policy={"email": "keep"}), "N")
    assert outcome.changed == {} and rows == list(redact(talks, Clean(redact_policy={"email": "keep"}), "N").rows)
    (row,) = rows
    assert (row.kind, row.policy, row.conversations, row.items) == ("email", "keep", 5, 5)
    assert row.samples == ("t•@•••••••.•••",)


HOSTILE = [
    "a.",
    "a@",
    "a@x.1.",
    "1 ",
    "0 ",
    "0-",
    "(1)",
    "06.12.",
    "4111 ",
    "aa11 ",
    "ES9 1",
    "1.1.",
    "ab:",
    "http://a@",
    "?a=b&",
    "password: ",
    "eyJ-",
    "-----BEGIN PRIVATE KEY-----",
    "Calle A ",
    "C/ A 1 ",
    "1 A ",
    "12 St ",
    "A-",
    "Hi ",
    "Hi\n",
    "Hi Tom ",
    "Regards,\n",
    "my name is ",
    "[[EMAIL",
    "(at) ",
    "order ",
    "tel ",
    "nummer",
    "Dear Mr ",
    "1 rue ",
    "Astr. 1 ",
    "DNI: ",
    "\t",
    "!",
    "612345678 ",
    "Tom Baker ",
    "1.2.3.4 ",
    "Yes, Ana, ",
    "a at b dot ",
    "user a pass ",
    "calle a a 1 ",
    "C/ A 1, bajo izq, ",
    "600112233 2 ",
]


def seconds(value: str) -> float:
    started = time.perf_counter()
    find(value)
    redact([conversation("a", value, "Good.")], Clean(), "Nell")
    return time.perf_counter() - started


@pytest.mark.parametrize("part", HOSTILE)
def test_time_grows_with_the_text_and_no_faster(part):
    opening = "Hi Tom 1 a@b.co: password "
    short, long = (opening + (part * size)[:size] for size in (4_000, 16_000))
    ratio = min(seconds(long) for _ in range(2)) / max(min(seconds(short) for _ in range(3)), 0.002)
    assert ratio < 9, f"four times the text takes {ratio:.1f} times as long"
