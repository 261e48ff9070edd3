"""Exports whose keys, wrappers and side lists differ from the common ones: each read by a rule, not by its name."""

import json

import pytest

from marcus_nb.formats import FormatError, Table, read
from marcus_nb.parameters import Source

TIMES = (1741079051, 1741079244, 1741079437, 1741079630)
SAID = ("Is the gate open?", "Since eight.", "And the hatch?", "Till six.")
WHOLE = [[f"{role}: {text}" for role, text in zip("uaua", SAID, strict=True)]]
ISO = tuple(f"2025-03-04T09:{minute:02}:11Z" for minute in (4, 7, 10, 13))


def four(message) -> list:
    """The four messages of the conversation, each made from its place, text, whether it is Sofia's, and its time."""
    return [message(at, text, at % 2 == 1, TIMES[at]) for at, text in enumerate(SAID)]


def tables(tmp_path, data: object, name: str = "x.json", persona: str = "Sofia") -> list[Table]:
    text = "\n".join(map(json.dumps, data)) if name.endswith("jsonl") else json.dumps(data)
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read([Source(path=name)], tmp_path, persona)


def said(found: list[Table]) -> list[list[str]]:
    every = [conversation for table in found for conversation in table.conversations]
    return [[f"{turn.role[0]}: {turn.content}" for turn in conversation.messages] for conversation in every]


def reasons(found: list[Table], kind: str) -> list[str]:
    return [outcome.reason for table in found for outcome in getattr(table, kind)]


def _tree(at: int = 0) -> dict:
    turn = {"text": SAID[at], "role": ("prompter", "assistant")[at % 2], "rank": 0 if at % 2 else None, "replies": []}
    if at < 3:
        turn["replies"] = [_tree(at + 1)]
    if at % 2 == 0:
        turn["replies"].insert(0, {"text": "No idea.", "role": "assistant", "rank": 1, "replies": []})
    return turn


EXPORTS = {
    # who speaks is an id, a letter or a word inside an object; the text lies in parts
    "letters": [{"id": 1, "messages": four(lambda at, text, ours, time: {
        "sender": {"t": "a", "n": "Sofia", "id": "5f"} if ours else {"t": "v"}, "type": "msg", "msg": text})}],
    "terse": [{"id": 1, "messages": four(lambda at, text, ours, time: {
        "t": time, "n": "Sofia" if ours else "Ann", "m": text})}],
    "message_parts": [{"id": "c", "messages": four(lambda at, text, ours, time: {
        "message_parts": [{"text": {"content": text}}], "actor_type": "agent" if ours else "user",
        "actor_id": "7" if ours else "8", "created_time": ISO[at]})[::-1]}],
    "segments": {"conversations": [{
        "conversation": {"participant_data": [
            {"id": {"gaia_id": "1"}, "fallback_name": "Sofia"}, {"id": {"gaia_id": "2"}, "fallback_name": "Ann"}]},
        "events": four(lambda at, text, ours, time: {
            "sender_id": {"gaia_id": "1" if ours else "2"}, "timestamp": f"{time}000000",
            "chat_message": {"message_content": {"segment": [{"type": "TEXT", "text": text}]}}})}] * 2},
    "two_wrappers": [{"threads": [{"id": 1, "items": four(lambda at, text, ours, time: {
        "message": {"accountId": 7 if ours else 8, "createdAt": ISO[at]},
        "messageContent": {"textContent": {"body": text}}})}]}],
    "sent_by": [{"ticket": {"id": at}, "conversation": {"messages": four(lambda at, text, ours, time: {
        "sent_by": "team" if ours else "customer", "text": text, "sent_at": ISO[at]})}} for at in range(2)],
    "type_and_data": [{"session": "s", "history": four(lambda at, text, ours, time: {
        "type": "ai" if ours else "human", "data": {"content": text, "name": None, "id": None}})}],
    "events": [{"sender_id": "s", "events": [{"event": "action", "name": "listen"}, *four(
        lambda at, text, ours, time: {"event": "bot" if ours else "user", "timestamp": time, "text": text})]}],
    "blocks_by_id": {"store": {name: four(lambda at, text, ours, time: {
        "role": "assistant" if ours else "user", "blocks": [{"block_type": "text", "text": text}]})
        for name in ("u1", "u2")}},
    "user_is_staff": [{"id": 1, "threads": four(lambda at, text, ours, time: {
        "type": "message", "createdAt": ISO[at], "body": text.replace(" ", "<br>", 1),
        "createdBy": {"type": "user", "first": "Sofia", "last": "Hatch"} if ours else
        {"type": "customer", "email": "ann@x.org"}})}],
    # texts without anybody named, by turns; or with a list of names beside them
    "texts_by_turns": {"d1": {"goal": {}, "log": four(lambda at, text, ours, time: {"text": text, "metadata": {}})},
                       "d2": {"goal": {}, "log": four(lambda at, text, ours, time: {"text": text, "metadata": {}})}},
    "data_by_turns": [{"id": at, "data": list(SAID)} for at in range(3)],
    "names_beside": [{"dialogue": list(SAID), "speakers": ["Ann", "Sofia"] * 2, "head": "x"} for _ in range(2)],
    "history_and_candidates": [{"personality": ["I keep a gate."], "utterances": [
        {"history": list(SAID[:at]), "candidates": ["No idea.", SAID[at]]} for at in (1, 3)]} for _ in range(2)],
    # what was said first, or last, stands beside the list
    "description": [{"ticket": {
        "id": 1, "description": SAID[0], "requester_name": "Ann", "notes": four(lambda at, text, ours, time: {
            "body": text, "incoming": not ours, "user_id": 7 if ours else 8, "created_at": ISO[at]})[1:]}}] * 2,
    "tree_of_answers": [{"id": at, "prompt": _tree()} for at in range(2)],
    # one side writes in an editor that makes HTML of it
    "html_of_one_side": [{"id": at, "conversations": four(lambda at, text, ours, time: {
        "from": "gpt" if ours else "human", "value": f'<div class="prose"><p>{text}</p></div>' if ours else text})}
        for at in range(2)],
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_exports(name, tmp_path):
    found = tables(tmp_path, EXPORTS[name])
    wanted = [[turn.replace("Is the", "Is\nthe").replace("Since e", "Since\ne").replace("And the", "And\nthe")
               .replace("Till s", "Till\ns") for turn in WHOLE[0]]] if name == "user_is_staff" else WHOLE  # fmt: skip
    assert said(found) == wanted * len(said(found)) and said(found), [table.evidence for table in found]
    assert not reasons(found, "rejected")
    if name == "tree_of_answers":
        assert any("4 messages in other branches" in line for line in found[0].evidence), found[0].evidence


def test_people_listed_beside_rows_give_names_and_roles(tmp_path):
    agents = [{"id": 7, "name": "Sofia", "role": "agent"}, {"id": 8, "name": "Tom", "role": "agent"}]
    people = [*agents, *({"id": at, "name": f"Guest {at}", "role": "end-user"} for at in (71, 72, 73))]
    comments = [
        {"ticket_id": ticket, "author_id": agent if at % 2 else 70 + ticket, "body": text, "created_at": ISO[at]}
        for ticket, agent in ((1, 7), (2, 8), (3, 8))
        for at, text in enumerate(SAID)
    ]
    found = tables(tmp_path, {"tickets": [{"id": 1, "assignee": 7}], "comments": comments, "users": people})
    assert said(found) == WHOLE and found[0].persona_speaker == "Sofia"


def test_topics_keep_conversations_apart(tmp_path):
    messages = [
        {"id": at * 10 + topic, "sender": 7 if at % 2 else 70 + topic, "content": text, "date_sent": TIMES[at] + topic,
         "subject": ("" if at < 2 else "Re: ") + f"S{topic}"}
        for topic in (1, 2) for at, text in enumerate(SAID)
    ]  # fmt: skip
    people = [{"id": 7, "full_name": "Sofia"}, {"id": 71, "full_name": "Ann"}, {"id": 72, "full_name": "Bo"}]
    found = tables(tmp_path, {"x_message": messages, "x_userprofile": people})
    assert said(found) == WHOLE * 2 and found[0].persona_speaker == "Sofia"


def test_room_ids_wrapped_times_and_odd_types(tmp_path):
    messages = [
        {"rid": f"r{room}", "msg": text, "ts": {"$date": 1000 * (TIMES[at] + room)},
         "u": {"_id": "a" if at % 2 else f"v{room}", "name": "Sofia" if at % 2 else f"Guest {room}"}}
        for room in (1, 2) for at, text in enumerate(SAID)
    ]  # fmt: skip
    joined = {"rid": "r1", "msg": "guest", "t": "uj", "ts": {"$date": 1000 * TIMES[0] - 9}, "u": {"name": "Guest 1"}}
    found = tables(tmp_path, {"messages": [joined, *messages]})
    assert said(found) == WHOLE * 2
    assert reasons(found, "set_aside") == ["system line"]


def test_a_room_is_cut_at_pauses_and_its_members_are_no_messages(tmp_path):
    member = {"type": "m.room.member", "sender": "@ann:x", "content": {"membership": "join"}, "origin_server_ts": 1000}
    messages = [
        {"type": "m.room.message", "sender": "@sofia:x" if at % 2 else "@ann:x",
         "origin_server_ts": 1000 * (TIMES[at] + day),
         "content": {"msgtype": "m.text", "body": text, "formatted_body": f"<p>{text}</p>"}}
        for day in (0, 86400) for at, text in enumerate(SAID)
    ]  # fmt: skip
    found = tables(tmp_path, {"room": "Help", "messages": [member, *messages]}, persona="@sofia:x")
    assert said(found) == WHOLE * 2
    assert reasons(found, "set_aside") == ["system line"]


def test_lines_of_several_kinds(tmp_path):
    post = {"user": "ann", "message": SAID[0], "create_at": TIMES[0], "team": "shop", "replies": [
        {"user": "sofia" if at % 2 else "ann", "message": SAID[at], "create_at": TIMES[at]} for at in (1, 2, 3)
    ]}  # fmt: skip
    lines = [{"type": "version", "version": 1}, {"type": "user", "user": {"username": "sofia", "email": "s@o"}}]
    found = tables(tmp_path, [*lines, *[{"type": "post", "post": post}] * 2], "x.jsonl")
    assert said(found) == WHOLE * 2
    assert [outcome.origin.lines for outcome in found[0].set_aside] == [(1,), (2,)]
    assert reasons(found, "set_aside")[1] == "no message: a line of the kind `user`"
    assert found[0].records == 4 and [c.origin.lines for c in found[0].conversations] == [(3,), (4,)]


def test_a_models_answer_beside_the_messages_is_the_last_turn(tmp_path):
    asked = [{"role": "assistant" if at % 2 else "user", "content": text} for at, text in enumerate(SAID[:3])]
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": SAID[3]}}]}
    (tmp_path / "x.jsonl").write_text(json.dumps({"request": {"messages": asked}, "response": answer}) + "\n" * 2)
    assert said(read([Source(path="x.jsonl", shape="messages")], tmp_path, "Sofia")) == WHOLE


def test_escaped_letters_and_events_of_calls(tmp_path):
    chat = [{"from": "8:sofia" if at % 2 else "8:ann", "messagetype": "RichText", "content": text,
             "originalarrivaltime": ISO[at]}
            for at, text in enumerate(("Ann&apos;s hat?", "Here &amp; dry."))]  # fmt: skip
    call = {"from": "8:ann", "messagetype": "Event/Call", "content": "<partlist/>", "originalarrivaltime": ISO[0]}
    found = tables(tmp_path, {"conversations": [{"id": at, "MessageList": [*chat, call]} for at in (1, 2)]})
    assert said(found) == [["u: Ann&apos;s hat?", "a: Here &amp; dry."]] * 2
    assert reasons(found, "left_out") == ["system line"] * 2


def test_many_people_in_one_channel_are_warned_of(tmp_path):
    messages = [{"user": f"guest{at}", "text": f"Question {at}?", "ts": f"{TIMES[0] + at}.0"} for at in range(6)]
    messages += [{"user": "Sofia", "text": "One by one.", "ts": f"{TIMES[0] + 60 + at}.0"} for at in range(3)]
    (found,) = tables(tmp_path, messages)
    assert any("7 people speak in a conversation on average" in line for line in found.evidence), found.evidence


def test_reviews_are_no_conversation_of_strangers(tmp_path):
    reviews = [
        {"name": f"r/{at}", "reviewer": {"displayName": f"Guest {at}"}, "comment": f"Lovely {at}.",
         "createTime": ISO[0], "reviewReply": {"comment": f"Thank you, guest {at}!", "updateTime": ISO[1]}}
        for at in range(6)
    ]  # fmt: skip
    found = tables(tmp_path, {"reviews": reviews})
    assert said(found) == [[f"u: Lovely {at}.", f"a: Thank you, guest {at}!"] for at in range(6)]


def test_lists_of_words_and_logs_of_machines_are_no_dialogues(tmp_path):
    for data in ([{"data": ["red", "blue"]}] * 3, [{"log": [{"time": ISO[0], "message": "up"}] * 2}] * 3):
        with pytest.raises(FormatError, match="no known shape"):
            tables(tmp_path, data)


def test_ranked_answers_are_alternatives(tmp_path):
    answers = [{"role": "assistant", "text": text, "rank": rank} for text, rank in (("No idea.", 1), (SAID[1], 0))]
    found = tables(
        tmp_path, [{"id": at, "prompt": {"role": "user", "text": SAID[0], "replies": answers}} for at in (1, 2)]
    )
    assert said(found) == [WHOLE[0][:2]] * 2


def test_whole_pages_that_a_model_wrote_keep_their_tags(tmp_path):
    page = "<html><body><p>Hi</p></body></html>"
    talk = [{"role": "user", "content": "Write a page"}, {"role": "assistant", "content": page}]
    found = tables(tmp_path, [{"messages": talk}] * 3)
    assert said(found) == [["u: Write a page", f"a: {page}"]] * 3


def test_chats_that_share_an_id_or_have_none_stay_apart(tmp_path):
    def chat(customer: str, minute: int, **own: str) -> dict:
        said = ((customer, f"I am {customer}"), ("Sofia", f"Hello {customer}"))
        return own | {
            "messages": [
                {"from": who, "from_id": who, "date": f"2025-06-14T09:{minute + at:02d}:00", "text": text}
                for at, (who, text) in enumerate(said)
            ]
        }

    # all at one time: only their places tell these chats apart, and one is called as another stands in the list
    chats = [chat("Tom", 0, id="1"), chat("Ann", 0), chat("Kip", 0, id="7"), chat("Eve", 0, id="7")]
    (found,) = tables(tmp_path, {"chats": {"list": chats}})
    assert found.records == found.used == 8
    assert said([found]) == [[f"u: I am {who}", f"a: Hello {who}"] for who in ("Tom", "Ann", "Kip", "Eve")]
