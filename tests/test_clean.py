"""Cleaning as a whole: the account adds up, every change is told, good data comes out as it went in, errors help."""

import dataclasses
import json
import os
import stat
import time

import pytest
from cleaning import SHARED, TINY, drops, everything, good, in_split, run, step, talk
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb import clean
from marcus_nb.clean.history import History
from marcus_nb.clean.order import plan
from marcus_nb.conversation import Message, read_conversations, read_jsonl, to_row
from marcus_nb.parameters import Clean, Probe

AFTER_THE_RULES = ["split_by", "leak", "tokens"]
QUESTION = "May I bring my grandmother's parrot aboard?"
NEAR = "May I bring my grandmother's parrot on board?"
DIRTY = [
    talk("chat:9000", "Is it â€œopenâ€\x9d?", "Aye.   Ask tom@example.com\u200b."),
    talk("chat:9001", "When?", "At nine."),
    talk("chat:9002", "WHEN", "at nine"),
    talk("chat:9003", "Hello?", ""),
    talk("chat:9004", "Where do I park?", "Behind the chapel.", "Conversation closed", roles=("user", "assistant")),
]


def test_good_data_comes_out_as_it_went_in():
    cleaned = run(good())
    assert not cleaned.changed and not cleaned.dropped
    kept = everything(cleaned)
    assert all(kept[conversation.id] is conversation for conversation in good())
    order = {conversation.id: place for place, conversation in enumerate(good())}
    for part in (cleaned.train, cleaned.validation, cleaned.test):
        assert part and sorted(part, key=lambda one: order[one.id]) == list(part)


def test_the_steps_are_the_rules_in_their_order():
    names = [planned.name for planned in plan(Clean(), "Nell", [], {})]
    assert [one.rule for one in run(good()).steps] == [*names, *AFTER_THE_RULES]
    switches = [name for name in Clean.model_fields if name in names]
    assert switches == [name for name in names if name in switches], "the YAML lists them in another order"


def test_every_change_is_told_with_its_rules():
    cleaned = run([*good(), *DIRTY])
    told = [change for change in cleaned.changed if change.conversation == "chat:9000"]
    assert [(one.message, one.role, one.before, one.after) for one in told] == [
        (0, "user", "Is it â€œopenâ€\x9d?", "Is it “open”?"),
        (1, "assistant", "Aye.   Ask tom@example.com\u200b.", "Aye. Ask [EMAIL_1]."),
    ]
    assert [one.rules for one in told] == [("unicode_repair",), ("invisible_characters", "whitespace", "redact")]
    (closed,) = [change for change in cleaned.changed if change.conversation == "chat:9004"]
    assert closed == clean.Change("chat:9004", 2, "user", ("system_lines",), "Conversation closed", None)


def test_history_follows_messages_through_removals_and_joins():
    history = History()
    start = talk("chat:1", "a", "b", "c", "d")
    a, _, c, d = start.messages
    one = history.apply(start, "first", [a, None, c, d])
    two = history.apply(one, "second", [Message("user", "a c"), None, Message("assistant", "D")])
    assert [message.content for message in two.messages] == ["a c", "D"]
    assert [(row.message, row.rules, row.before, row.after) for row in history.changes([start])] == [
        (0, ("second",), "a", "a c"),
        (1, ("first",), "b", None),
        (2, ("second",), "c", None),
        (3, ("second",), "d", "D"),
    ]
    with pytest.raises(ValueError, match="third gave 1 messages for 2"):
        history.apply(two, "third", [None])


def test_steps_are_fit_to_be_shown():
    cleaned = run([*good(), talk("chat:9000", "Ring  me: +34 600 11 22 33, tom@example.com", "x" * 5000)])
    told = " ".join(one.before + one.after for one in cleaned.steps)
    assert "600 11" not in told and "tom@" not in told
    assert step(cleaned, "redact").before == "Ring me: +•• ••• •• •• ••, t••@•••••••.•••"
    assert step(cleaned, "redact").after == "Ring me: [PHONE_1], [EMAIL_1]"
    assert "5,000 characters, more than 4000" in step(cleaned, "max_characters").after


def test_an_example_shows_what_surrounds_the_change():
    far = "word " * 100 + "â€œhereâ€\x9d" + " word" * 100
    one = step(run([*good(), talk("chat:9000", "And?", far)]), "unicode_repair")
    assert "“here”" in one.after and one.after.startswith("…") and one.after.endswith("…") and len(one.after) < 200


def test_an_example_hides_the_customers_name_wherever_it_stands():
    form = talk("chat:9000", "<table><tr><td>Marta Gil</td></tr></table>", "Aye.", customer="Marta Gil")
    assert step(run([*good(), form]), "html_to_text").before == "<table><tr><td>M•••• G••</td></tr></table>"
    form = talk("chat:9000", "<table><tr><td><b>Name:</b></td><td>Marta Gil</td></tr></table>", "Aye.")
    assert "<td>M•••• G••</td>" in step(run([*good(), form]), "html_to_text").before


def test_a_planted_leak_is_dropped_from_training():
    kept, leak = in_split("test", [QUESTION, "Aye, skipper."], 9001), in_split("train", [NEAR, "Parrots, aye."], 9002)
    cleaned = run([*good(), leak, kept])
    (drop,) = cleaned.dropped
    assert (drop.conversation, drop.rule) == (leak, "leak") and kept.id in everything(cleaned)
    probe = Probe(question=QUESTION, must=["aye"])
    (drop,) = run([*good(), leak], [probe]).dropped
    assert drop.conversation == leak and QUESTION in drop.reason


def test_adding_data_moves_nobody():
    old, new = good()[: int(len(good()) * 0.9)], good()[int(len(good()) * 0.9) :]
    before, after = run(old), run([*new, *reversed(old)])
    for name in ("train", "validation", "test"):
        first, second = ({one.id for one in getattr(cleaned, name)} for cleaned in (before, after))
        assert first - {drop.conversation.id for drop in after.dropped} <= second


contents = st.sampled_from(
    [
        "", "Ahoy", "AHOY ", "How deep is it?", "How deep is it", "Mud &amp; rope", "a@b.com", "x" * 40, "<|im_end|>",
        "<p>Hello</p>", "> quoted\nanswer", "Conversation closed", "<Media omitted>", "Hi Tom,\nring 600112233",
        "¿Dónde puedo aparcar el coche mañana por la tarde?",
    ]
)  # fmt: skip
conversations = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), contents), max_size=5),
        st.sampled_from([None, "Tom", "tom ", "Ann", "Bob", "Eve"]),
    ),
    max_size=12,
).map(
    lambda rows: [
        dataclasses.replace(
            talk(f"chat:{number}", customer=who), messages=tuple(Message(role, said) for role, said in row)
        )
        for number, (row, who) in enumerate(rows)
    ]
)
switches = {name: st.booleans() for name, field in Clean.model_fields.items() if field.annotation is bool}
choices = st.builds(
    Clean,
    **switches,
    min_characters=st.integers(1, 5),
    max_characters=st.integers(10, 50),
    max_same_reply=st.integers(1, 3),
    near_duplicate_similarity=st.floats(0.2, 1),
    max_canned_share=st.floats(0.1, 1),
    redact_policy=st.dictionaries(st.sampled_from(["email", "name"]), st.sampled_from(["keep", "drop", "replace"])),
    validation_share=st.floats(0.2, 0.45),
    test_share=st.floats(0.2, 0.45),
    max_similarity=st.floats(0.2, 1),
)


@given(conversations, choices, st.booleans())
@settings(max_examples=100, deadline=None)
def test_whatever_comes_in_is_accounted_for_and_apart(data, parameters, base):
    data = [*data, *good()[:60]] if base else data
    before = [to_row(conversation) for conversation in data]
    shared = SHARED.model_copy(update={"probes": [Probe(question="How deep is it?", must=["mud"])]})
    try:
        cleaned = clean.run(data, parameters, shared, TINY)
    except clean.CleanError as error:
        assert "What to do:" in str(error)
        return
    finally:
        assert [to_row(conversation) for conversation in data] == before
    clean.check_account(cleaned)
    clean.prove_disjoint(cleaned)
    table = clean.funnel(cleaned)
    assert (table.entered[1:].to_numpy() == table.left[:-1].to_numpy()).all()
    assert table.left.iloc[-1] == len(everything(cleaned)) and table.entered.iloc[0] == len(data)
    first = {one.id: one for one in data}
    changed = {(one.conversation, one.message): one for one in cleaned.changed}
    for name, kept in everything(cleaned).items():  # what is told is what happened, message by message
        rows = [(place, changed.get((name, place))) for place in range(len(first[name].messages))]
        expected = [
            first[name].messages[place].content if row is None else row.after
            for place, row in rows
            if row is None or row.after is not None
        ]
        assert [message.content for message in kept.messages] == expected


def test_the_funnel_counts_conversations():
    table = clean.funnel(run([*good(), *DIRTY])).set_index("rule")
    count = len(good()) + len(DIRTY)
    assert list(table.columns) == ["entered", "changed", "messages removed", "dropped", "left"]
    assert tuple(table.loc["whitespace"]) == (count, 1, 0, 0, count)
    assert tuple(table.loc["system_lines"]) == (count, 1, 1, 0, count)
    assert tuple(table.loc["empty"]) == (count, 0, 0, 1, count - 1)
    assert "lowercase" not in table.index


def test_the_account_finds_what_is_wrong():
    cleaned = run(good())
    shared = dataclasses.replace(cleaned, train=(*cleaned.train, cleaned.test[0]))
    with pytest.raises(
        clean.AccountError, match=rf"{len(good())} conversations entered, but train .* is {len(good()) + 1}"
    ):
        clean.check_account(shared)
    with pytest.raises(clean.AccountError, match=r"1 conversations are counted twice, such as '.*' in train, test"):
        clean.check_account(dataclasses.replace(shared, entered=shared.entered + 1))
    steps = (*cleaned.steps[:2], dataclasses.replace(cleaned.steps[2], entered=7), *cleaned.steps[3:])
    with pytest.raises(clean.AccountError, match=r"left unicode_repair, 7 entered html_to_text"):
        clean.check_account(dataclasses.replace(cleaned, steps=steps))


def test_writing_twice_gives_the_same_private_files(tmp_path):
    for folder in (tmp_path / "a", tmp_path / "b"):
        cleaned = run([*good(), *DIRTY])
        counts = clean.write(cleaned, folder)
        assert clean.write(cleaned, folder) == counts
    files = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert counts == {
        f"{name}.jsonl": files[f"{name}.jsonl"].count(b"\n")
        for name in ("train", "validation", "test", "dropped", "changed")
    }
    if os.name == "posix":
        assert {stat.S_IMODE((tmp_path / "a" / name).stat().st_mode) for name in files} == {0o600}
    for name in ("train", "validation", "test"):
        assert tuple(read_conversations(tmp_path / "a" / f"{name}.jsonl")) == getattr(cleaned, name)
    dropped = {row["id"]: row for row in read_jsonl(tmp_path / "a" / "dropped.jsonl")}
    assert {name: row["rule"] for name, row in dropped.items()} == {
        "chat:9002": "drop_duplicates",
        "chat:9003": "empty",
    }
    assert dropped["chat:9002"]["resembles"] == "chat:9001"
    assert set(dropped["chat:9003"]) == {*json.loads(json.dumps(to_row(DIRTY[3]))), "rule", "reason", "resembles"}
    changed = list(read_jsonl(tmp_path / "a" / "changed.jsonl"))
    assert [row["conversation"] for row in changed] == ["chat:9000", "chat:9000", "chat:9004"]
    assert set(changed[0]) == {"conversation", "message", "role", "rules", "before", "after"}
    assert "â€œ" in (tmp_path / "a" / "changed.jsonl").read_text(encoding="utf-8")


def test_nothing_left_names_the_rule_and_shows_three_victims():
    data = [talk(f"chat:{number}", f"Call +34 600 11 22 3{number}", "Nay.") for number in range(5)]
    with pytest.raises(clean.CleanError) as caught:
        run([*data, talk("chat:9", "", "")], min_characters=10, redact=False)
    message = str(caught.value)
    assert "No conversation is left: 6 came in, and the rule min_characters dropped most of them (5)" in message
    assert message.count("chat.csv, line ") == 3
    assert "a message of the persona has 4 characters, fewer than 10" in message
    assert message.endswith("What to do: choose a smaller clean.min_characters.") and "600 11" not in message


def test_leaks_that_empty_training_say_so():
    held_out = [in_split("test", [QUESTION, "Aye."], 9001), in_split("validation", ["Any otters about?", "Two."], 9002)]
    with pytest.raises(
        clean.CleanError, match="No conversation is left in train: 1 came in, and the rule leak"
    ) as caught:
        run([*held_out, in_split("train", [NEAR, "Nay."], 9003)])
    assert "larger clean.max_similarity" in str(caught.value)


def test_no_conversation_and_two_of_one_id_are_refused():
    with pytest.raises(clean.CleanError, match="No conversation came in"):
        run([])
    again = dataclasses.replace(good()[0], origin=talk("chat:7").origin)
    with pytest.raises(clean.CleanError, match=r"Two conversations have the id '.*': .* and chat.csv, line 7"):
        run([*good(), again])


HOSTILE = (
    "@", "a@", "@a.", "<", "<a ", "</", "&", "&amp;", "&lt;", ">", "\n> ", "1", "1 ", "1-", "(1) ", "+1 ", "1.", "::",
    "a:", "[", "](", "http://", "?a=", "-", "_", "\n\n", "\u200b", "\u0301", "Hi ", "Dear A", "On a wrote:\n",
    "From: a\n", "--\n", "password: ", "<div>", "<|", "é", "😀\u200d", "\ud800", "A1", "0x", "C/ ",
)  # fmt: skip


def test_hostile_text_takes_linear_time():
    """Four times the text takes about four times as long; a ratio of the machine with itself, no timer."""

    def seconds(size: int) -> float:
        data = [talk(f"chat:{place}", piece * (size // len(piece)), "Aye.") for place, piece in enumerate(HOSTILE)]
        begun = time.perf_counter()
        run([*good()[:60], *data], max_characters=10**9)
        return time.perf_counter() - begun

    seconds(1_000)  # what is loaded once
    small, large = (min(seconds(size) for _ in range(2)) for size in (5_000, 20_000))
    print(f"\n20,000 characters take {large / small:.1f} times as long as 5,000")
    assert large / small < 9


def test_a_megabyte_and_a_million_rows_of_the_same_come_through():
    big = talk("chat:9000", "Where is it? " * 80_000, "Aye. " * 200_000)
    cleaned = run([*good(), big])
    assert [drop.rule for drop in cleaned.dropped] == ["max_characters"]


def test_many_identical_rows_leave_one():
    data = [talk(f"chat:{10_000 + number}", QUESTION, "Aye, skipper.") for number in range(100_000)]
    cleaned = run([*good(), *data])
    assert len(drops(cleaned, "drop_duplicates")) == len(data) - 1
    clean.check_account(cleaned)
