"""The record all stages speak: nothing is lost in JSONL, and its files are their owner's alone."""

import json
import os
import stat
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb.conversation import (
    ROLES,
    Conversation,
    Message,
    Origin,
    from_row,
    read_conversations,
    read_jsonl,
    to_row,
    write_jsonl,
)

TALK = Conversation(
    "chat:17",
    (
        Message("user", "Hi"),
        Message("assistant", "Aye."),
        Message("user", "Open?"),
        Message("assistant", "From eight."),
    ),
    Origin("chat.csv", None, (2, 3)),
    "Tom",
)

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\n", "\r", "\u2028", "\x85", '"', "\\", "\x00"]
)
CONVERSATIONS = st.builds(
    Conversation,
    TEXT,
    st.lists(st.builds(Message, st.sampled_from(ROLES), TEXT), max_size=4).map(tuple),
    st.builds(Origin, TEXT, st.none() | TEXT, st.lists(st.integers(1, 2**40), max_size=3).map(tuple)),
    st.none() | TEXT,
)
POSIX = pytest.mark.skipif(os.name != "posix", reason="this system knows no modes")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_turns_by_who_says_them():
    assert TALK.questions == ["Hi", "Open?"]
    assert TALK.replies == ["Aye.", "From eight."]


def test_a_chat_begins_with_the_system_prompt_even_an_empty_one():
    turns = [{"role": m.role, "content": m.content} for m in TALK.messages]
    assert TALK.as_chat() == turns
    assert TALK.as_chat("Be Nell.") == [{"role": "system", "content": "Be Nell."}, *turns]
    assert TALK.as_chat("") == [{"role": "system", "content": ""}, *turns]


def test_other_messages_keep_id_origin_and_customer():
    other = TALK.with_messages([Message("user", "Bye")])
    assert other == Conversation("chat:17", (Message("user", "Bye"),), TALK.origin, "Tom")
    assert len(TALK.messages) == 4


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (Origin("a.csv"), "a.csv"),
        (Origin("a.csv", None, (12, 13)), "a.csv, line 12"),
        (Origin("b.xlsx", "May", (3,)), "b.xlsx, sheet May, row 3"),
    ],
)
def test_an_origin_reads_as_a_place(origin, words):
    assert str(origin) == words


def test_a_row_is_plain_json():
    assert json.loads(json.dumps(to_row(TALK))) == {
        "id": "chat:17",
        "customer": "Tom",
        "messages": [
            {"role": "user", "content": "Hi", "lines": []},
            {"role": "assistant", "content": "Aye.", "lines": []},
            {"role": "user", "content": "Open?", "lines": []},
            {"role": "assistant", "content": "From eight.", "lines": []},
        ],
        "time": None,
        "origin": {"file": "chat.csv", "sheet": None, "lines": [2, 3]},
    }


@pytest.mark.parametrize("missing", ["id", "messages", "origin", "customer", "time"])
def test_a_row_without_a_field_is_no_conversation(missing):
    row = {key: value for key, value in to_row(TALK).items() if key != missing}
    with pytest.raises(KeyError, match=missing):
        from_row(row)
    with pytest.raises(TypeError, match="mood"):
        from_row(to_row(TALK) | {"messages": [{"role": "user", "content": "Hi", "lines": [], "mood": "gay"}]})


@settings(max_examples=60, deadline=None)
@given(st.lists(CONVERSATIONS, max_size=4))
def test_what_is_written_is_what_is_read(tmp_path_factory, talks):
    path = tmp_path_factory.getbasetemp() / "talks.jsonl"
    assert write_jsonl(path, map(to_row, talks)) == len(talks)
    assert read_conversations(path) == talks
    assert path.read_bytes().count(b"\n") == len(talks)  # one a line, whatever is in them


def test_a_file_is_utf_8_readable_by_a_person(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [{"text": "Grüße 🦦\n"}])
    assert (tmp_path / "a.jsonl").read_bytes() == '{"text":"Grüße 🦦\\n"}\n'.encode()


def test_nothing_is_half_written(tmp_path):
    path = tmp_path / "a.jsonl"
    write_jsonl(path, [{"n": 1}])

    def broken():
        yield {"n": 2}
        raise RuntimeError("the reader failed")

    for rows, error in ((broken(), RuntimeError), ([{"n": 2}, {"n": {1}}], TypeError), ([{"n": "\ud83d"}], TypeError)):
        with pytest.raises(error):
            write_jsonl(path, rows)
        assert list(read_jsonl(path)) == [{"n": 1}]
        assert [item.name for item in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_file_can_be_rewritten_from_itself(tmp_path):
    path = tmp_path / "a.jsonl"
    write_jsonl(path, [{"n": 1}, {"n": 2}])
    assert write_jsonl(path, (row | {"seen": True} for row in read_jsonl(path))) == 2
    assert list(read_jsonl(path)) == [{"n": 1, "seen": True}, {"n": 2, "seen": True}]


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_from_the_first_byte_on(tmp_path, umask):
    seen = []

    def rows():
        for number in range(3):
            seen.extend(mode(item) for item in tmp_path.iterdir())
            yield {"n": number}

    before = os.umask(umask)
    try:
        write_jsonl(tmp_path / "a.jsonl", rows())
    finally:
        os.umask(before)
    assert seen == [0o600] * 3
    assert mode(tmp_path / "a.jsonl") == 0o600


@POSIX
def test_files_left_open_to_others_do_not_lend_their_mode(tmp_path):
    for name in ("a.jsonl", "a.jsonl.tmp"):
        (tmp_path / name).write_text("{}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o666)
    with (tmp_path / "a.jsonl.tmp").open(encoding="utf-8") as held:  # somebody who waits for what is to come
        write_jsonl(tmp_path / "a.jsonl", [{"secret": 1}])
        assert held.read() == "{}\n"
    assert mode(tmp_path / "a.jsonl") == 0o600
    assert not (tmp_path / "a.jsonl.tmp").exists()


def test_who_reads_meanwhile_sees_the_old_or_the_new(tmp_path):
    path = tmp_path / "a.jsonl"
    write_jsonl(path, [{"n": 0}] * 50)
    writer = threading.Thread(target=lambda: [write_jsonl(path, [{"n": n}] * 50) for n in range(1, 30)])
    writer.start()
    while writer.is_alive():
        rows = list(read_jsonl(path))
        assert len(rows) == 50 and len({row["n"] for row in rows}) == 1
    writer.join()
