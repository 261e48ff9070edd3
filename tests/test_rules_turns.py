"""The rules about turns and their lengths: what they change and drop, and what they leave alone."""

import copy
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marcus_nb.clean.rules.lengths import max_characters, min_characters
from marcus_nb.clean.rules.turns import drop_one_sided, empty, join_turns, lowercase
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters.schema import Clean

DEFAULT = Clean()
NAMES = {"u": "user", "a": "assistant", "s": "system"}


def talk(*turns: str, id: str = "a") -> Conversation:
    """`talk("u Open?", "a Aye.")`: a letter for the role, a blank, the text; each on a line of its own."""
    messages = (Message(NAMES[turn[0]], turn[2:], (line,)) for line, turn in enumerate(turns, start=1))
    return Conversation(id, tuple(messages), Origin("f.csv"))


def said(messages) -> list[str | None]:
    letters = {name: letter for letter, name in NAMES.items()}
    return [message and f"{letters[message.role]} {message.content}" for message in messages]


GOOD = (
    talk("u Open?", "a Aye, skipper."),
    talk("s You are Nell.", "u Open?", "a Aye.", "u Thanks", "a Mind the tide."),
    talk("a Welcome aboard!", "u Open?", "a Aye.", "u And on Monday?"),
    talk("u 👍👍", "a 😊🚣"),
)


@pytest.mark.parametrize("rule", [join_turns, empty, drop_one_sided, min_characters, max_characters])
def test_good_conversations_stay(rule):
    conversations = [Conversation(str(n), item.messages, item.origin) for n, item in enumerate(GOOD)]
    before = copy.deepcopy(conversations)
    outcome = rule(conversations, DEFAULT)
    assert not outcome.changed and not outcome.drops and not outcome.note
    assert conversations == before


# --- lowercase ----------------------------------------------------------------------------------------------------


def test_lowercase_leaves_placeholders():
    outcome = lowercase([talk("u Ask NELL", "a Write to [EMAIL_1], [CORREO_2] or Ana Ruiz. I do. We do.")], DEFAULT)
    assert said(outcome.changed["a"]) == ["u ask nell", "a write to [EMAIL_1], [CORREO_2] or ana ruiz. i do. we do."]
    assert outcome.note == "2 words inside the persona's sentences, names most of them, lost their capital."


def test_lowercase_keeps_what_has_no_capitals():
    conversation = talk("u open? ñandú ß", "a [EMAIL_1] aye.", "u Ok")
    outcome = lowercase([conversation, talk("u hi", "a [hello] 1", id="b")], DEFAULT)
    assert list(outcome.changed) == ["a"] and outcome.note == ""
    assert all(one is other for one, other in zip(outcome.changed["a"][:2], conversation.messages[:2], strict=True))


# --- join_turns ---------------------------------------------------------------------------------------------------


def test_messages_of_one_side_in_a_row_become_one_turn():
    conversation = talk("u Hi", "u Open today?", "a Aye.", "a Till six.", "u Thanks")
    changed = join_turns([conversation], DEFAULT).changed["a"]
    assert said(changed) == ["u Hi\nOpen today?", None, "a Aye.\nTill six.", None, "u Thanks"]
    assert [message and message.lines for message in changed] == [(1, 2), None, (3, 4), None, (5,)]
    assert changed[4] is conversation.messages[4]


def test_system_messages_are_no_turns():
    outcome = join_turns([talk("s One", "s Two", "u Hi", "s Three", "u Open?", "a Aye.")], DEFAULT)
    assert said(outcome.changed["a"]) == ["s One", "s Two", "u Hi\nOpen?", "s Three", None, "a Aye."]


def test_a_blank_message_adds_no_line():
    assert said(join_turns([talk("u ", "u Open?", "a Aye.")], DEFAULT).changed["a"]) == ["u Open?", None, "a Aye."]


def test_a_conversation_that_begins_with_the_persona_stays_so():
    outcome = join_turns([talk("a Hello!", "a I am Nell.", "u Hi", "a Aye?")], DEFAULT)
    assert said(outcome.changed["a"]) == ["a Hello!\nI am Nell.", None, "u Hi", "a Aye?"]


@given(st.lists(st.tuples(st.sampled_from("uas"), st.text("ab \n", max_size=3)), max_size=12))
def test_joined_turns_alternate_and_lose_nothing(turns):
    conversation = talk(*(f"{letter} {text}" for letter, text in turns))
    outcome = join_turns([conversation], DEFAULT)
    messages = outcome.changed.get("a", conversation.messages)
    assert len(messages) == len(conversation.messages)
    roles = [message.role for message in messages if message and message.role != "system"]
    assert all(one != other for one, other in pairwise(roles))
    for role in NAMES.values():
        before = [line for item in conversation.messages if item.role == role for line in item.content.split()]
        after = [line for item in messages if item and item.role == role for line in item.content.split()]
        assert after == before
    left = conversation.with_messages(message for message in messages if message)
    assert not join_turns([left], DEFAULT).changed, "once is enough"
    assert bool(outcome.changed) == (len(left.messages) < len(conversation.messages))


# --- empty, drop_one_sided ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        (talk(), "the conversation has no message"),
        (talk("s You are Nell."), "the conversation has no message"),
        (talk("u ", "a Aye."), "a message of the customer is empty"),
        (talk("u Open?", "a \u200b\n\t"), "a message of the persona is empty"),
    ],
)
def test_empty(conversation, reason):
    (drop,) = empty([conversation], DEFAULT).drops
    assert (drop.rule, drop.reason, drop.conversation) == ("empty", reason, conversation)


def test_what_is_a_sign_is_not_empty():
    assert not empty([talk("s ", "u ?", "a 👍"), talk("u _", "a …", id="b")], DEFAULT).drops


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        (talk("u Open?", "u Hello?"), "the persona says nothing"),
        (talk("s You are Nell.", "a Welcome!"), "the customer says nothing"),
        (talk(), "the customer says nothing"),
    ],
)
def test_one_sided(conversation, reason):
    (drop,) = drop_one_sided([conversation], DEFAULT).drops
    assert (drop.rule, drop.reason) == ("drop_one_sided", reason)


# --- lengths ------------------------------------------------------------------------------------------------------


def test_lengths_drop_by_the_message_and_name_the_side():
    short, long, system = (
        talk("u k", "a Aye."),
        talk("u Open?", "a " + "x" * 21),
        talk("s " + "x" * 50, "u Hi", "a Aye"),
    )
    parameters = Clean(min_characters=2, max_characters=20)
    (drop,) = min_characters([short, long, system], parameters).drops
    assert (drop.conversation, drop.rule) == (short, "min_characters")
    assert drop.reason == "a message of the customer has 1 character, fewer than 2"
    (drop,) = max_characters([short, long, system], parameters).drops
    assert (drop.conversation, drop.rule) == (long, "max_characters")
    assert drop.reason == "a message of the persona has 21 characters, more than 20"


def test_the_limits_themselves_are_allowed():
    at_limit = [talk("u ab", "a " + "x" * 20)]
    parameters = Clean(min_characters=2, max_characters=20)
    assert not min_characters(at_limit, parameters).drops and not max_characters(at_limit, parameters).drops
    assert min_characters(at_limit, Clean(min_characters=3)).drops
    assert max_characters(at_limit, Clean(max_characters=19)).drops
    assert not min_characters([talk("u ?", "a Ask a bigger one.")], Clean(min_characters=1)).drops
