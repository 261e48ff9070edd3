"""Nested values: where the records lie in JSON, JSONL and YAML, and who says what in their lists of messages."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb.formats.files.values import read_json, read_jsonl, read_yaml
from marcus_nb.formats.messages import chat_texts, trees
from marcus_nb.formats.messages.message import hear, plan_of
from marcus_nb.formats.messages.nested import nested_parts, read_nested
from marcus_nb.formats.messages.parts import text_of
from marcus_nb.formats.rows import html
from marcus_nb.formats.tables import FormatError, RawTable, Threads

SHAPES = ("messages", "sharegpt", "lines")


def shape_of(raw: RawTable) -> str:
    return next((shape for shape in SHAPES if isinstance(nested_parts(raw, {}, shape), dict)), "")


def tables(data: bytes | str | object, kind: str = "json", path: str = "") -> list[RawTable]:
    """The tables of a text, or of a value written as JSON; a flat list with authors is known, too."""
    if not isinstance(data, bytes | str):
        data = json.dumps(data)
    data = data.encode("utf-8") if isinstance(data, str) else data
    if kind == "jsonl":
        return [read_jsonl(data, "x.jsonl", [])]
    read = read_json if kind == "json" else read_yaml

    def is_shaped(raw: RawTable) -> bool:
        return bool(shape_of(raw)) or {"question", "answer"} <= set(raw.columns) or {"user", "ts"} <= set(raw.columns)

    return read(data, f"x.{kind}", path, is_shaped, [])


def heard(data: object, kind: str = "json", gap: int = 0, names: dict | None = None) -> Threads:
    (raw,) = tables(data, kind)
    shape = shape_of(raw)
    parts = nested_parts(raw, {}, shape)
    assert isinstance(parts, dict), raw.columns
    return read_nested(raw, shape, parts, gap, names or {})


def said(found: Threads) -> list[list[str]]:
    """Each turn as `Name/role: text`; a speaker who is called by a role is not named twice."""
    turns = []
    for thread in found.threads:
        assert len(thread.speakers) == len(thread.texts) == len(thread.places)
        who = [found.speakers[at] for at in thread.speakers]
        marks = [f"{one.name}" + (f"/{one.role[0]}" if one.role else "") for one in who]
        turns.append([f"{mark}: {text}" for mark, text in zip(marks, thread.texts, strict=True)])
    return turns


def left(found: Threads) -> list[tuple[int, str, str]]:
    return [(outcome.origin.lines[0], outcome.kind, outcome.reason) for outcome in (*found.raw.faults, *found.outcomes)]


def role(who: str, content: object, **more: object) -> dict:
    return {"role": who, "content": content, **more}


def telegram(at: int, who: str, text: object, **more: object) -> dict:
    day = {"id": at, "type": "message", "date": f"2025-06-14T09:{at:02}:00", "date_unixtime": str(1749885000 + 60 * at)}
    return {**day, "from": who, "from_id": f"user{who}", "text": text, "text_entities": [], **more}


def discord(at: int, who: str, content: str, **more: object) -> dict:
    author = {"id": who, "name": who.lower(), "discriminator": "0000", "nickname": who, "isBot": False, "roles": []}
    base = {"id": str(at), "type": "Default", "timestamp": f"2025-06-14T09:{at:02}:00+00:00", "isPinned": False}
    return {**base, "content": content, "author": author, "attachments": [], "embeds": [], "reactions": [], **more}


def node(name: str, parent: str | None, message: dict | None, children: tuple = ()) -> dict:
    return {"id": name, "parent": parent, "message": message, "children": list(children)}


def gpt(who: str, *parts: object, **more: object) -> dict:
    return {
        "author": {"role": who, "name": None, "metadata": {}},
        "content": {"content_type": "text", "parts": list(parts)},
        "create_time": 1749885600.5,
        "recipient": "all",
        "weight": 1.0,
        "metadata": {},
        **more,
    }


HI = [role("user", "Hi"), role("assistant", "Aye.")]
SAID_HI = ["user/u: Hi", "assistant/a: Aye."]

# what is in the file, what was said, what is left out or rejected
FORMATS = {
    "role and content": ({"messages": HI}, [SAID_HI], []),
    "Spanish keys": (
        [{"mensajes": [{"rol": "usuario", "contenido": "Hola"}, {"rol": "asistente", "contenido": "Sí."}]}],
        [["usuario/u: Hola", "asistente/a: Sí."]],
        [],
    ),
    "lists without names": ([HI, HI], [SAID_HI] * 2, []),
    "OpenAI fine-tuning with tools and weights": (
        [
            {
                "messages": [
                    role("system", "You are Nell."),
                    role("user", [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "x"}}]),
                    role("assistant", None, tool_calls=[{"id": "1", "function": {"name": "f", "arguments": "{}"}}]),
                    role("tool", "42", tool_call_id="1"),
                    role("assistant", "A hat.", weight=0),
                ],
                "tools": [{"type": "function"}],
            }
        ],
        [["user/u: Look:", "assistant/a: A hat."]],
        [
            (1, "left_out", "system message"),
            (1, "left_out", "attachment"),
            (1, "left_out", "tool call"),
            (1, "left_out", "tool call"),
        ],
    ),
    "ShareGPT": (
        [
            {
                "conversations": [
                    {"from": "system", "value": "Be brief."},
                    {"from": "human", "value": "Hi"},
                    {"from": "function_call", "value": "{}"},
                    {"from": "observation", "value": "42"},
                    {"from": "gpt", "value": "Aye."},
                ]
            },
            {"conversations": [{"from": "human", "value": "Hi"}, {"from": "judge", "value": "No."}]},
            {"conversations": []},
        ],
        [["human/u: Hi", "gpt/a: Aye."]],
        [
            (1, "left_out", "system message"),
            (1, "left_out", "tool call"),
            (1, "left_out", "tool call"),
            (2, "rejected", "unknown role `judge` in message 2: expected user, assistant or system"),
            (3, "rejected", "empty messages list"),
        ],
    ),
    "people as roles": (
        [{"turns": [{"role": "Tom", "text": "Hi"}, {"role": "Nell", "text": "Aye."}]}] * 3,
        [["Tom: Hi", "Nell: Aye."]] * 3,
        [],
    ),
    "LangChain": (
        [{"messages": [{"type": "human", "content": "Hi"}, {"type": "ai", "content": "Aye."}]}],
        [["human/u: Hi", "ai/a: Aye."]],
        [],
    ),
    "bursts of one speaker": (
        {
            f"c{n}": {"messages": [[{"text": "Hi", "sender": "p"}, {"text": "You?", "sender": "p"}],
                                   [{"text": "Aye.", "sender": "q7"}]], "ratings": {"witty": 1}}
            for n in range(3)
        },
        [["p: Hi", "p: You?", "q7: Aye."]] * 3,
        [],
    ),
    "Telegram, one chat": (
        {
            "name": "Tom", "type": "personal_chat", "id": 7,
            "messages": [
                {"id": 1, "type": "service", "date": "2025-06-14T09:00:00", "actor": "Tom", "action": "phone_call",
                 "text": ""},
                telegram(2, "Tom", ["See ", {"type": "link", "text": "https://a.org"}, " please"]),
                telegram(3, "Nell", [{"type": "bold", "text": "Aye"}, {"type": "plain", "text": ", Tom."}]),
                telegram(4, "Tom", "", photo="photos/1.jpg", width=1),
                telegram(5, None, "Who?") | {"from": None},
            ],
        },
        [["Tom: See https://a.org please", "Nell: Aye, Tom.", "userNone: Who?"]],
        [(1, "set_aside", "system line"), (4, "set_aside", "media, no text")],
    ),
    "Discord": (
        {
            "guild": {"id": "1", "name": "Boats"}, "channel": {"id": "2", "name": "help"}, "messageCount": 4,
            "messages": [
                discord(1, "Tom", "Hi"),
                discord(2, "Ann", "", type="GuildMemberJoin"),
                discord(3, "Nell", "Aye.", type="Reply", attachments=[{"id": "1", "url": "x"}]),
                discord(4, "Tom", "", attachments=[{"id": "2", "url": "x"}]),
            ],
        },
        [["Tom: Hi", "Nell: Aye."]],
        [(2, "set_aside", "system line"), (3, "left_out", "attachment"), (4, "set_aside", "media, no text")],
    ),
    "Messenger, newest first and doubly encoded": (
        {
            "participants": [{"name": "Marta"}, {"name": "Bicis"}], "title": "Marta", "thread_path": "inbox/1",
            "messages": [
                {"sender_name": "Bicis", "timestamp_ms": 1749885780000,
                 "content": "S\u00c3\u00ad \u00f0\u009f\u0099\u0082"},
                {"sender_name": "Marta", "timestamp_ms": 1749885700000, "photos": [{"uri": "p.jpg"}]},
                {"sender_name": "Marta", "timestamp_ms": 1749885600000, "content": "\u00c2\u00bfAzul?"},
            ],
        },
        [["Marta: ¿Azul?", "Bicis: Sí 🙂"]],
        [(2, "set_aside", "media, no text")],
    ),
    "Slack, as its interface gives it": (
        {
            "ok": True,
            "messages": [
                {"type": "message", "user": "U2", "text": "Aye &amp; <https://a.org|here>", "ts": "1749885700.0002"},
                {"type": "message", "subtype": "channel_join", "user": "U3", "text": "joined", "ts": "1749885650.1"},
                {"type": "message", "user": "U1", "text": "<@U2> open?", "ts": "1749885600.0001"},
            ],
        },
        [["Tom: @Nell open?", "Nell: Aye & here (https://a.org)"]],
        [(2, "set_aside", "system line")],
    ),
    "ChatGPT": (
        [
            {
                "title": "Boats", "current_node": "d", "conversation_id": "c1",
                "mapping": {
                    "r": node("r", None, None, ("s",)),
                    "s": node("s", "r", gpt("system", "", metadata={"is_visually_hidden_from_conversation": True})),
                    "a": node("a", "s", gpt("user", "Name a boat."), ("b", "c")),
                    "b": node("b", "a", gpt("assistant", "Thrown away.")),
                    "c": node("c", "a", {**gpt("assistant"), "content": {"content_type": "code", "text": "x"}}, ("d",)),
                    "d": node("d", "c", gpt("assistant", {"content_type": "image_asset_pointer"}, "Marigold.")),
                },
            }
        ],
        [["user/u: Name a boat.", "assistant/a: Marigold."]],
        [(1, "left_out", "hidden message"), (1, "left_out", "tool call"), (1, "left_out", "attachment")],
    ),
    "Claude": (
        [
            {
                "uuid": "c1", "name": "Boats", "account": {"uuid": "a"},
                "chat_messages": [
                    {"uuid": "1", "text": "Hi", "content": [{"type": "text", "text": "Hi"}], "sender": "human",
                     "created_at": "2025-06-14T09:12:00Z", "attachments": [{"file_name": "a.txt"}], "files": []},
                    {"uuid": "2", "text": "Aye.", "sender": "assistant", "created_at": "2025-06-14T09:13:00Z",
                     "content": [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "Aye."}],
                     "attachments": [], "files": []},
                ],
            }
        ],
        [["human/u: Hi", "assistant/a: Aye."]],
        [(1, "left_out", "attachment"), (1, "left_out", "thinking")],
    ),
    "Zendesk, with its list of users": (
        {
            "tickets": [
                {
                    "id": 1, "subject": "Hats", "description": "Hi, hats?", "requester_id": 7, "assignee_id": 9,
                    "comments": [
                        {"id": 1, "type": "Comment", "author_id": 7, "body": "Hi, hats?", "public": True},
                        {"id": 2, "type": "Comment", "author_id": 9, "body": "Is he known?", "public": False},
                        {"id": 3, "type": "Comment", "author_id": 9, "body": "Aye.", "public": True},
                    ],
                },
                {"id": 2, "description": "Open?", "requester_id": 8,
                 "comments": [{"id": 4, "author_id": 9, "body": "Nay.", "public": True}]},
            ],
            "users": [{"id": 7, "name": "Tom", "role": "end-user"}, {"id": 9, "name": "Nell", "role": "agent"}],
        },
        [["Tom/u: Hi, hats?", "Nell/a: Aye."], ["8/u: Open?", "Nell/a: Nay."]],
        [(1, "left_out", "internal note")],
    ),
    "Intercom": (
        {
            "type": "conversation.list",
            "conversations": [
                {
                    "type": "conversation", "id": "401",
                    "source": {"type": "conversation", "body": "<p>Hi there</p>",
                               "author": {"type": "lead", "id": "l1", "name": "Tom"}},
                    "conversation_parts": {"conversation_parts": [
                        {"part_type": "assignment", "body": None, "author": {"type": "bot", "id": "b", "name": "Op"}},
                        {"part_type": "note", "body": "<p>VIP</p>",
                         "author": {"type": "admin", "id": "9", "name": "Bo"}},
                        {"part_type": "comment", "body": "<p>Aye,<br>come &amp; see.</p>",
                         "author": {"type": "admin", "id": "9", "name": "Nell"}},
                    ]},
                }
            ],
        },
        [["Tom/u: Hi there", "Nell/a: Aye,\ncome & see."]],
        [(1, "left_out", "system line"), (1, "left_out", "internal note")],
    ),
    "Freshdesk": (
        [
            {
                "id": 5, "description_text": "Flat tyre.", "requester_id": 70,
                "conversations": [
                    {"body_text": "I come.", "body": "<div>I come.</div>", "incoming": False,
                     "private": False, "user_id": 9},
                    {"body_text": "Slow one.", "incoming": False, "private": True, "user_id": 9},
                    {"body_text": "When?", "incoming": True, "private": False, "user_id": 70},
                ],
            }
        ],
        [["70/u: Flat tyre.", "9/a: I come.", "70/u: When?"]],
        [(1, "left_out", "internal note")],
    ),
    "HubSpot": (
        {
            "id": "1",
            "messages": {"results": [
                {"type": "MESSAGE", "actorId": "V-1", "text": "Hi", "direction": "INCOMING", "senders": []},
                {"type": "COMMENT", "actorId": "A-2", "text": "Known.", "senders": []},
                {"type": "THREAD_STATUS_CHANGE", "actorId": "S-1", "newStatus": "OPEN", "senders": [], "text": ""},
                {"type": "MESSAGE", "actorId": "A-2", "text": "Aye.", "direction": "OUTGOING", "senders": []},
            ]},
        },
        [["V-1/u: Hi", "A-2/a: Aye."]],
        [(1, "left_out", "internal note"), (1, "left_out", "system line")],
    ),
    "flags only": (
        [{"sms": [{"direction": "inbound", "body": "Hi"}, {"direction": "outbound", "body": "Aye."}],
          "from": "+34"}],
        [["user/u: Hi", "assistant/a: Aye."]],
        [],
    ),
    "a wrapper about each message": (
        [{"dm": [{"at": 1, "message": {"sender": "Tom", "text": "Hi"}},
                 {"at": 2, "message": {"sender": "Nell", "text": "A"}}]}],
        [["Tom: Hi", "Nell: A"]],
        [],
    ),
    "deep in a nesting that nobody exports": (
        {"a": {"b": [{"c": {"d": [{"who": "Tom", "utterance": "Hi"}, {"who": "Nell", "utterance": "Aye."}]}}]}},
        [["Tom: Hi", "Nell: Aye."]],
        [],
    ),
    "lists in lists of records": (
        {"customers": [{"n": 1, "tickets": [{"log": HI}, {"log": HI}]}, {"n": 2, "tickets": [{"log": HI}]}]},
        [SAID_HI] * 3,
        [],
    ),
    "lists of messages by id": ({"c1": HI, "c2": HI, "c3": HI}, [SAID_HI] * 3, []),
    "a list of messages as JSON in a cell": ([{"messages": json.dumps(HI)}], [SAID_HI], []),
    "a list of messages as Python writes it": (
        [{"messages": str(HI)}, {"messages": "[{'role': 'user', oops"}, {"messages": "[{" + "[" * 9000},
         {"messages": str(HI)}],
        [SAID_HI] * 2,
        [
            (2, "rejected", "`messages` is broken: expected a list of messages as JSON"),
            (3, "rejected", "`messages` is broken: expected a list of messages as JSON"),
        ],
    ),
    "DailyDialog": ([{"dialog": ["Hi", "Aye.", "Bye"]}], [["user/u: Hi", "assistant/a: Aye.", "user/u: Bye"]], []),
    "lines with prefixes": (
        [["A: Hi", "B: Aye.", "A: Bye"], ["A: Oh", "B: Ah"]],
        [["A: Hi", "B: Aye.", "A: Bye"], ["A: Oh", "B: Ah"]],
        [],
    ),
    "pairs of question and answer": (
        {"pairs": [["Hi", "Aye."], ["Open?", ""]]},
        [["user/u: Hi", "assistant/a: Aye."]],
        [(2, "rejected", "no text in line 2")],
    ),
    "a question and its answer in each item": (
        [{"turns": [{"turn": 0, "user": "Hi", "bot": "Aye."}, {"turn": 1, "user": "Bye", "bot": None}]}] * 2,
        [["user/u: Hi", "assistant/a: Aye.", "user/u: Bye"]] * 2,
        [],
    ),
    "a system that answers": (
        [{"turns": [{"speaker": "USER", "utterance": "Hi"}, {"speaker": "SYSTEM", "utterance": "Aye."}]}],
        [["USER/u: Hi", "SYSTEM/a: Aye."]],
        [],
    ),
    "Gemini": (
        [{"systemInstruction": {"parts": [{"text": "Be Nell."}]},
          "contents": [{"role": "user", "parts": [{"text": "Two"}, {"text": "hats?"}]},
                       {"role": "model", "parts": [{"text": "Aye."}]}]}],
        [["user/u: Two\nhats?", "model/a: Aye."]],
        [],
    ),
    "Teams, newest first": (
        {"value": [
            {"createdDateTime": "2025-06-14T09:13:00Z", "messageType": "message", "attachments": [],
             "from": {"application": None, "user": {"id": "2", "displayName": "Nell"}},
             "body": {"contentType": "html", "content": "<p>Aye &amp; nay.</p>"}},
            {"createdDateTime": "2025-06-14T09:12:00Z", "messageType": "message", "attachments": [],
             "from": {"application": None, "user": {"id": "1", "displayName": "Tom"}},
             "body": {"contentType": "html", "content": "<p>Hi</p>"}},
        ]},
        [["Tom: Hi", "Nell: Aye & nay."]],
        [],
    ),
    "lists of pairs": (
        [{"history": [["Hi", "Aye."], ["Open?", "Nay."]]}, {"history": [["Oh", "Ah"]]}],
        [["user/u: Hi", "assistant/a: Aye.", "user/u: Open?", "assistant/a: Nay."], ["user/u: Oh", "assistant/a: Ah"]],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name):
    value, turns, outcomes = FORMATS[name]
    found = heard(value, names={"U1": "Tom", "U2": "Nell"} if name.startswith("Slack") else {})
    assert said(found) == turns
    assert left(found) == outcomes
    assert all(outcome.text for outcome in found.outcomes)


def test_what_is_no_message_is_told_record_by_record():
    records = [
        {"messages": [role("user", None), role("assistant", "Aye.")]},
        {"messages": ["Hi"]},
        {"messages": [{"content": "Hi"}]},
        {"messages": "Hi"},
        {"messages": [role("supervisor", "Hi")]},
        {"messages": [role("user", "Hi"), role("assistant", [{"type": "image_url"}])]},
        {"messages": []},
        {"other": 1},
        "stray",
        {"messages": [role("system", "Only this.")]},
        *[{"messages": HI}] * 3,
    ]
    assert left(heard(records)) == [
        (9, "rejected", "not an object: expected {…} with named values"),
        (1, "rejected", "no text in message 1 (user)"),
        (2, "rejected", "message 1 is not an object"),
        (3, "rejected", "message 1 has no `role`"),
        (4, "rejected", "`messages` is no list of messages"),
        (5, "rejected", "unknown role `supervisor` in message 1: expected user, assistant or system"),
        (6, "rejected", "no text in message 2 (assistant)"),
        (7, "rejected", "empty messages list"),
        (8, "rejected", "`messages` is no list of messages"),
        (10, "set_aside", "no message of a dialogue: system message"),
    ]


def test_every_turn_knows_its_record():
    found = heard(["x", {"id": "a", "messages": HI}, {"id": "b", "customer": {"name": "Tom"}, "messages": HI}])
    first, second = found.threads
    assert [found.raw.lines[place] for place in first.places + second.places] == [2, 2, 3, 3]
    assert (first.own_id, second.own_id, first.customer, second.customer) == ("a", "b", None, "Tom")
    assert json.loads(found.raw.text(1))["customer"] == {"name": "Tom"}
    assert (found.conversations, dict(found.taking_part), dict(found.answering)) == (2, {0: 2, 1: 2}, {1: 2})
    assert list(found.threads) == list(found.threads) and found.by_record is False


def test_channels_are_cut_at_pauses():
    day = [telegram(at, who, "Hi") for at, who in ((1, "Tom"), (2, "Nell"))]
    later = [{**message, "date": message["date"].replace("06-14", "06-15")} for message in day]
    value = {"name": "Boats", "type": "private_group", "messages": [*day, *later]}
    found = heard(value)
    assert found.gap_seconds == 360 * 60 and found.conversations == 2
    assert dict(found.answering) == {1: 2}
    (thread,) = found.threads
    assert thread.customer is None and thread.times[2] - thread.times[0] == 86400
    assert heard(value, gap=2000).conversations == 1
    # conversations with roles are none of that, whatever their times
    timed = [role("user", "Hi", timestamp="2025-06-14 09:00"), role("assistant", "Aye.", timestamp="2025-06-18 09:00")]
    assert heard({"messages": timed}).gap_seconds is None


def test_newest_first_is_turned_round_and_equal_times_keep_their_order():
    def message(who: str, text: str, minute: str) -> dict:
        return {"author": who, "text": text, "date": f"2025-06-14 {minute}"}

    said = (("B", "4", "09:03"), ("B", "3", "09:02"), ("A", "2", "09:02"), ("A", "1", "09:01"))
    messages = [message(*one) for one in said]
    (thread,) = heard({"messages": messages}).threads
    assert thread.texts == ["1", "2", "3", "4"]


def test_trees_with_circles_and_missing_parents_end():
    circle = {"a": node("a", "b", {"t": 1}), "b": node("b", "a", {"t": 2})}
    assert len(trees.visible(circle, "a")) == 2 and len(trees.visible(circle, None)) == 2
    assert trees.visible({"a": node("a", "gone", {"t": 1}), "b": node("b", "a", None)}, "b") == [{"t": 1}]
    old, new = {"create_time": 1}, {"create_time": 2}
    forked = {"r": node("r", None, None), "n": node("n", "r", new), "o": node("o", "r", old)}
    assert trees.visible(forked, None) == [new] and trees.visible({}, None) == []
    assert trees.others(forked, [new]) == 1


@pytest.mark.parametrize(
    ("content", "text", "reasons"),
    [
        ("Hi", "Hi", []),
        (" \n", "", []),
        (42, "42", []),
        (True, "", []),
        (None, "", []),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb", []),
        ([{"type": "input_text", "text": "a"}, {"type": "input_audio", "data": "x"}], "a", ["attachment"]),
        ([{"type": "tool_use", "input": {}}, {"type": "thinking", "thinking": "x"}], "", ["tool call", "thinking"]),
        ([{"type": "text", "text": {"value": "a", "annotations": []}}], "a", []),
        (["See ", {"type": "mention", "text": "@tom"}, "!"], "See @tom!", []),
        ({"parts": ["a", "b"], "content_type": "text"}, "a\nb", []),
        ({"content_type": "execution_output", "text": "1"}, "", ["tool call"]),
        ({"body": "a"}, "a", []),
        ({"text": {"text": {"text": {"text": {"text": "too deep"}}}}}, "", ["attachment"]),
    ],
)
def test_text_of_contents(content, text, reasons):
    found, parts = text_of(content)
    assert found == text
    if "deep" not in str(content):
        assert [reason for reason, _ in parts] == reasons


def test_hidden_and_deleted_messages_are_no_turns():
    assert hear({"sender_name": "Tom", "content": "x", "is_unsent": True}).outside == "deleted message"
    assert hear({"author": "Tom", "text": "x", "visibility": "internal"}).outside == "internal note"
    assert hear({"author": "Tom", "text": "x", "is_note": "false"}).outside == ""
    assert hear({"author": "Tom", "text": "x", "event": "message_created"}).outside == ""
    assert hear({"author": "Tom", "text": "x", "event": "user_added"}).outside == "system line"
    # a reply that closes a ticket is a reply
    assert hear({"author": "Tom", "body": "Bye", "part_type": "close"}).outside == ""
    assert hear({"author": "Tom", "body": None, "part_type": "close"}).outside == "system line"


def test_keys_are_known_by_their_words():
    assert plan_of(("originalarrivaltime", "from", "content")).time == "originalarrivaltime"
    assert plan_of(("sentBy", "senderName", "messageText", "text")).speakers == ("senderName",)
    assert plan_of(("role", "content")).is_plain and not plan_of(("role", "content", "tool_calls")).is_plain
    assert plan_of(("name", "value")).texts == () and plan_of(("from", "value")).texts == ("value",)


def test_platforms_texts():
    assert chat_texts.slack_text("<!here> &lt;b&gt; <#C1|hats> <mailto:a@b.org|a@b.org> <@U9>", {}) == (
        "@here <b> #hats a@b.org @U9"
    )
    assert not chat_texts.is_doubly_encoded(["Información", "S\u00c3\u00ad"])
    assert not chat_texts.is_doubly_encoded(["plain"])
    assert html.to_text("<style>p{}</style><p>Hi&nbsp;<b>Tom</b></p>\n<ul><li>a</li><li>b</li></ul>") == "Hi Tom\na\nb"
    assert not html.is_html(["a < b", "2 > 1"])
    odd = "<!-- x > y --><a href=\"a>b\" title='c'>go</a> 3 < 4 &#99999999999; <a@b.org> <img alt=it's>z <!-- open"
    assert html.to_text(odd) == "go 3 < 4 &#99999999999; <a@b.org> z open"


def test_html_of_a_column():
    bold = ["<b>bold</b>"] * 3
    assert html.texts(bold) == (bold, False)
    plain = ["a < b", "x <b> y", "line\nbreak", None, 4]
    assert html.texts(plain) == (plain, False) and html.texts(plain)[0] is plain
    mixed = ["<p>Hi <b>you</b></p>", "<div>Aye &amp; nay</div>", "two\nlines", "Tom &amp; Nell", None, "e", "f"]
    assert html.texts(mixed) == (["Hi you", "Aye & nay", "two\nlines", "Tom & Nell", None, "e", "f"], True)
    assert html.texts([]) == ([], False)


@pytest.mark.parametrize(
    "broken", ["<!--", "<a ", "</", "&#", "<", "<![CDATA[", "<?", "<a b='", "<script>", "&#9", "<p>x"]
)
def test_broken_html_costs_no_time(broken):
    start = time.perf_counter()
    html.to_text("<p>" + broken * 50_000)
    assert time.perf_counter() - start < 2


# how the file is laid out, as (text, container, records by table, sheets)
LAYOUTS = {
    "one object": ('{"messages": [{"role": "user", "content": "Hi"}]}', "json", [1], [None]),
    "several objects, pretty": (
        '{\n "messages": [{"role": "user", "content": "Hi"}]\n}\n'
        '{\n "messages": [{"role": "user", "content": "Ho"}]\n}',
        "json", [2], [None]),
    "several lists": (
        '[\n{"messages": [{"role": "user", "content": "Hi"}]}]\n[{"messages": []}, {"messages": []}]',
        "json", [3], [None]),
    "record separators": (
        '\x1e{"messages": [{"role": "user", "content": "Hi"}]}\n\x1e{"messages": []}\n', "json", [2], [None]),
    "in a script": ('window.YTD.dm.part0 = [{"messages": [{"role": "user", "content": "Hi"}]}];', "json", [1], [None]),
    "two lists": (json.dumps({"train": [{"messages": HI}] * 2, "test": [{"messages": HI}], "meta": [{"a": 1}]}),
                  "json", [2, 1], ["train", "test"]),
    "a flat log is a table": (json.dumps([{"user": "U1", "text": "Hi", "ts": "1"}] * 3), "json", [3], [None]),
    "column by column": (json.dumps({"question": {"0": "Hi", "1": "Ho"}, "answer": {"0": "A", "1": "B"}}),
                         "json", [2], [None]),
    "NaN, a huge number": ('[{"messages": [{"role": "user", "content": "Hi"}], "n": NaN, "m": %s}]' % ("9" * 9000),
                           "json", [1], [None]),
    "old Mac's line ends": (
        '{"messages": [{"role": "user", "content": "Hi"}]}\r{"messages": []}\r', "jsonl", [2], [None]),
    "a list per line": ('[{"role": "user", "content": "Hi"}]\n["Hi", "Aye."]\n', "jsonl", [2], [None]),
    "YAML, several documents": ("messages:\n- {role: user, content: Hi}\n---\nmessages: []\n", "yaml", [2], [None]),
    "YAML of lines": ("categories:\n- greetings\nconversations:\n- - Hi\n  - no\n- - 1e3\n  - 2025-06-14\n",
                      "yaml", [2], [None]),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name):
    text, kind, counts, sheets = LAYOUTS[name]
    found = tables(text, kind)
    assert ([len(raw) for raw in found], [raw.sheet for raw in found]) == (counts, sheets)
    assert all(len(list(raw.column(raw.columns[0]))) == len(raw) for raw in found)


def test_yaml_keeps_every_scalar_as_it_is_written():
    text = "conversations:\n- [yes, 1_000, ~]\n- ['012', !!python/name:os.system x]\nname: ~\n"
    found = heard(text, "yaml")
    assert [thread.texts for thread in found.threads] == [["yes", "1_000", "~"], ["012", "x"]]


def test_jsonl_lines_are_accounted_for_each():
    good = json.dumps({"messages": HI})
    half = '{"messages": [{"role": "user", "content": "\\ud83d"}]}'
    lines = [good, "", "{broken", "42", good, half, "[" * 200 + "]" * 200, good, good, good]
    (raw,) = tables("\n".join(lines), "jsonl")
    assert list(raw.lines) == [1, 5, 8, 9, 10] and raw.text(1) == good
    assert [(fault.origin.lines[0], fault.reason) for fault in raw.faults] == [
        (3, "broken JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        (4, "not an object: expected {…} with named values"),
        (6, "half a character: an escape \\ud8… without its second half"),
        (7, "broken JSON: nested too deep, or too large to read"),
    ]
    assert raw.evidence == ("JSONL: 5 of 9 lines are JSON objects", "1 blank lines passed over")


def test_a_broken_end_costs_the_end_only():
    (raw,) = tables('{\n"messages": [{"role": "user", "content": "Hi"}]}\n{\n"messages": [')
    assert [fault.origin.lines for fault in raw.faults] == [(2,)] and len(raw) == 1
    assert raw.faults[0].reason.startswith("broken JSON: Expecting value")


def test_half_a_character_rejects_its_record():
    (raw,) = tables('[{"messages": [{"role": "user", "content": "\\ud83d"}]}, {"messages": []}]')
    assert [(fault.origin.lines, fault.reason[:16]) for fault in raw.faults] == [((1,), "half a character")]
    assert raw.faults[0].text.encode("utf-8") and list(raw.lines) == [2]


def test_a_path_overrules_the_search():
    value = {"train": [{"messages": HI}] * 2, "export": {"test": [{"messages": HI}]}, "deep": [{"inner": [{"a": 1}]}]}
    assert [len(raw) for raw in tables(value, path="export.test")] == [1]
    assert [raw.columns for raw in tables(value, path="deep.inner")] == [("a",)]
    with pytest.raises(FormatError, match=r"x.json: there is no list `tran` \(did you mean `train`\?\): the lists are"):
        tables(value, path="tran")


def test_columns_of_nested_records():
    (raw,) = tables([{"id": 1, "author": {"name": "Tom", "at": {"x": 1}}, "a.b": 3, "messages": HI}, {"id": 2}])
    assert raw.columns == ("id", "author", "a.b", "messages", "author.name", "author.at.x")
    assert list(raw.column("author.at.x")) == [1, None] and list(raw.column("a.b")) == [3, None]
    assert raw.column("messages")[0] == HI and raw.column("id")[0:2] == [1, 2]
    (wide,) = tables([{f"k{n}": {"v": n} for n in range(900)} | {"messages": HI}])
    assert len(wide.columns) == 200


YAML_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)
HOSTILE = [
    ('{"a":' * 300 + "1" + "}" * 300, "json", "x.json: JSON nested more than 100 levels deep: expected a list"),
    ("[" * 5000 + "]" * 5000, "json", "x.json: not JSON: nested too deep"),
    ("[" * 300_000, "json", "x.json: not JSON: nested too deep"),
    ("42", "json", "x.json: JSON holds one bare value (42): expected a list of conversations"),
    ('{"a": [1, 2]}', "json", "x.json: JSON without a list of objects: expected a list of conversations"),
    ('[{"prompt": "Hi"', "json", "x.json: not JSON: Expecting ',' delimiter at line 1, column 17"),
    ("[14/06/25, 9:12] Tom: Hi", "json", "x.json: not JSON: Expecting ',' delimiter"),
    ('{"a": 1}\n{"a": 2}\n', "json", "x.json: not one JSON text but one on each line: JSONL"),
    ("\x1enothing", "json", "x.json: not JSON: Expecting an object or a list at line 1"),
    ("[1]\n" * 4, "jsonl", "x.jsonl: not JSONL: 0 of 4 lines are JSON objects"),
    ("Hi\nHo\n", "jsonl", "x.jsonl: not JSONL: most lines do not begin with {"),
    (YAML_BOMB, "yaml", "x.yaml: YAML whose aliases stand for more values than it has letters: refused"),
    ("a: &a [*a]\n", "yaml", "x.yaml: YAML, line 1: `*a` points to nothing, or to itself"),
    ("[" * 101 + "]" * 101, "yaml", "x.yaml: YAML nested more than 100 levels deep, line 1"),
    ("a: [b\nc: d", "yaml", "x.yaml: not YAML: "),
    ("just words", "yaml", "x.yaml: YAML holds bare text and no list"),
    ("a: \x00", "yaml", "x.yaml: not YAML: "),
    ("a: 1", "yaml", "x.yaml: YAML without a list of objects"),
]


@pytest.mark.parametrize(("text", "kind", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_files(text, kind, message):
    with pytest.raises(FormatError) as caught:
        tables(text, kind)
    assert str(caught.value).startswith(message)


def test_keys_that_stand_twice_are_said():
    (raw,) = tables("a: 1\na: 2\nmessages: [{role: user, content: Hi}]\n", "yaml")
    assert "keys that stand twice in one object, the last one counts: `a` (line 2)" in raw.evidence


def test_a_bomb_is_refused_before_it_is_parsed():
    started = time.process_time()
    with pytest.raises(FormatError, match=r"too large to read at once: save it as JSONL \(one conversation a line\)"):
        tables(b"[" + b"[]," * 25_000_000 + b"[]]")
    assert time.process_time() - started < 10


def test_no_list_of_messages_is_found_where_there_is_none():
    for value in (
        [{"tags": ["a", "b"], "headers": [{"name": "From", "value": "Tom"}]}],
        [{"prompt": HI, "completion": HI}],
        [{"chosen": HI, "rejected": HI}],
        [{"rows": [{"chat_id": 1, "sender": "Tom", "text": "Hi"}, {"chat_id": 2, "sender": "Ann", "text": "Ho"}]}],
    ):
        (raw,) = tables(value)
        assert shape_of(raw) == ""
    (raw,) = tables([{"text": "Hi"}])
    no = "no column holds lists of messages with"
    assert nested_parts(raw, {}, "messages") == f"{no} `role` and `content`, or an author and a text"
    assert nested_parts(raw, {}, "sharegpt") == "no column holds lists of messages with `from` and `value`"
    assert nested_parts(raw, {}, "lines") == "no column holds lists of texts that are lines of a dialogue"
    (raw,) = tables([{"one": HI, "two": HI}])
    assert nested_parts(raw, {"content": "two"}, "messages") == {"content": "two"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["role", "content", "messages", "text", "author", "type", "id", "mapping", "parent", "message",
                         "ts", "user", "comments", "description", "requester_id", "users", "lines", "public",
                         "tool_calls"]),
        inner, max_size=5),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(VALUES, st.lists(st.sampled_from(["user", "assistant", "system", "judge", 1, None]), max_size=4))
def test_any_value_is_read_or_refused_and_each_record_has_one_outcome(value, roles):
    messages = [{"role": who, "content": value} for who in roles]
    for file in (value, [value, {"messages": messages}], {"a": {"b": [{"messages": messages}, value]}}):
        try:
            found = tables(file)
        except FormatError as error:
            assert str(error).startswith("x.json: ")
            continue
        for raw in found:
            shape = shape_of(raw)
            if not shape:
                continue
            threads = read_nested(raw, shape, nested_parts(raw, {}, shape), 0, {})
            ended = [place for thread in threads.threads for place in set(thread.places)]
            ended += [raw.lines.index(o.origin.lines[0]) for o in threads.outcomes if o.kind != "left_out"]
            assert sorted(ended) == list(range(len(raw)))
            assert all(text.strip() for thread in threads.threads for text in thread.texts)
