"""A reply's weight, from the file that states it to the tokens that are learned."""

import json

import pytest

from marcus_nb import formats
from marcus_nb.clean.rules.texts import html_to_text, whitespace
from marcus_nb.clean.rules.turns import join_turns, lowercase
from marcus_nb.conversation import Conversation, Message, Origin, from_row, to_row
from marcus_nb.models import tiny
from marcus_nb.parameters import Source
from marcus_nb.parameters.schema import Clean
from marcus_nb.render import IGNORED, render


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


def read(tmp_path, *records):
    path = tmp_path / "talks.jsonl"
    path.write_text("".join(json.dumps({"messages": record}) + "\n" for record in records), encoding="utf-8")
    [table] = formats.read([Source(path="talks.jsonl")], tmp_path, "Nell")
    return table


def talk(*messages):
    return Conversation("a", messages, Origin("f.csv"))


def weights(conversation):
    return [message.weight for message in conversation.messages]


@pytest.mark.parametrize(
    ("stated", "weight"), [(0, 0.0), (1, 1.0), (0.25, 0.25), ("0", 0.0), (None, 1.0), (0.0, 0.0), ("0.5", 0.5)]
)
def test_a_weight_is_read(tmp_path, stated, weight):
    record = [turn("user", "Hi"), turn("assistant", "Hm.", weight=stated), turn("user", "?"), turn("assistant", "Aye.")]
    table = read(tmp_path, record, record[2:])
    assert [weights(item) for item in table.conversations] == [[1, weight, 1, 1], [1, 1]]
    assert not table.rejected


@pytest.mark.parametrize("stated", [2, -1, "high", True, [1], float("nan")])
def test_a_weight_that_is_none_rejects_its_record(tmp_path, stated):
    bad = [turn("user", "Hi"), turn("assistant", "Hm.", weight=stated)]
    table = read(tmp_path, bad, [turn("user", "Hi"), turn("assistant", "Aye.")])
    assert [item.replies for item in table.conversations] == [["Aye."]]
    [outcome] = table.rejected
    assert outcome.kind == "rejected" and outcome.origin.lines == (1,)
    assert outcome.reason == f"message 2 has the weight `{stated}`: expected a number from 0 to 1"


def test_a_customers_weight_says_nothing(tmp_path):
    [item] = read(tmp_path, [turn("user", "Hi", weight=0), turn("assistant", "Aye.")]).conversations
    assert weights(item) == [1, 1]


def test_replies_that_are_joined_have_the_smaller_weight(tmp_path):
    record = [turn("user", "Hi"), turn("assistant", "Hm.", weight=0), turn("assistant", "Aye.")]
    [item] = read(tmp_path, record).conversations
    assert item.replies == ["Hm.\nAye."] and weights(item) == [1, 0]
    apart = talk(Message("user", "Hi"), Message("assistant", "Hm.", (), 0.5), Message("assistant", "Aye."))
    joined = join_turns([apart], Clean()).changed["a"]
    assert [message and message.weight for message in joined] == [1, 0.5, None]


@pytest.mark.parametrize("rule", [lowercase, whitespace, html_to_text])
def test_a_changed_reply_keeps_its_weight(rule):
    item = talk(Message("user", "Hi"), Message("assistant", "<p>Aye,  Tom.</p><p>Ahoy</p>", (), 0.5))
    changed = rule([item], Clean()).changed["a"][1]
    assert changed.content != item.messages[1].content and changed.weight == 0.5


def test_a_weight_is_written_where_it_is_not_one():
    item = talk(Message("user", "Hi"), Message("assistant", "Hm.", (2,), 0.5), Message("assistant", "Aye.", (3,)))
    row = to_row(item)
    assert [message.get("weight") for message in row["messages"]] == [None, 0.5, None]
    assert from_row(json.loads(json.dumps(row))) == item
    filled = row | {"messages": [{"weight": None} | message for message in row["messages"]]}
    assert from_row(filled) == item, "as `datasets` fills a key that only some have"
    assert from_row(row | {"messages": [message | {"weight": 0.1} for message in row["messages"]]}) != item
    assert item.as_chat() == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hm.", "weight": 0.5},
        {"role": "assistant", "content": "Aye."},
    ]


def test_what_has_no_weight_is_not_learned(tmp_path):
    tokenizer = tiny.tokenizer()
    record = [turn("user", "Hi"), turn("assistant", "Hm.", weight=0), turn("user", "?"), turn("assistant", "Aye.")]
    [item] = read(tmp_path, record).conversations
    [rendered] = render(tokenizer, item.as_chat("You are Nell."))
    assert tokenizer.decode([label for label in rendered.labels if label != IGNORED]) == "Aye.<|im_end|>"
    assert "Hm." in tokenizer.decode(rendered.input_ids)
