"""The split: nobody moves when data is added, customers stay whole, and by time the newest are held out."""

import dataclasses
import random

import pytest

from marcus_nb.clean.records import CleanError
from marcus_nb.clean.split import place, split, split_by_customer, split_by_time
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters.schema import Clean


def talk(name, *contents, customer=None, when=None, file="chat.csv", line=2):
    messages = tuple(Message(("user", "assistant")[at % 2], content) for at, content in enumerate(contents))
    return Conversation(name, messages, Origin(file, None, (line,)), customer, when)


def many(count, seed=0, named=True, file="chat.csv"):
    draw = random.Random(seed)
    return [
        talk(f"{file}:{seed}-{at}", f"Is the boat {draw.random():.9f} free today?", "Aye.", file=file, line=at,
             customer=f"Guest {seed}/{at}" if named else None)
        for at in range(count)
    ]  # fmt: skip


def sides(conversations):
    return {one.messages: name for name, part in split_by_customer(conversations, 0.12, 0.16).items() for one in part}


@pytest.mark.parametrize("named", [True, False])
def test_adding_a_tenth_moves_none_of_the_old(named):
    old, new = many(500, 1, named), many(50, 2, named)
    shuffled = [*old, *new]
    random.Random(3).shuffle(shuffled)
    moved_file = [dataclasses.replace(one, id=f"other:{at}", origin=Origin("other.xlsx", "May", (at + 9,)))
                  for at, one in enumerate(old)]  # fmt: skip
    before = sides(old)
    for data in ([*old, *new], [*new, *old], shuffled, [*new, *moved_file]):
        after = sides(data)
        assert all(after[messages] == side for messages, side in before.items())


def test_a_talk_that_goes_on_and_equal_questions_stay_on_their_side():
    first = talk("a", "Good morning!", "Ahoy.", "When does the ferry to the island leave?", "At nine.")
    longer = first.with_messages([*first.messages, Message("user", "Thanks!"), Message("assistant", "Aye.")])
    again = talk("b", "WHEN does the ferry to the island leave", "At nine sharp, skipper.")
    assert place(first) == place(longer) == place(again)
    hellos = {place(talk(f"c:{at}", "Hello", f"Ahoy {at}.")) for at in range(20)}
    assert len(hellos) == 20  # what everybody says does not tie them together
    place(talk("d"))


def test_one_customer_is_in_one_split_whatever_the_spelling():
    assert len({place(talk(f"x:{at}", f"a {at}", customer=who)) for at, who in
                enumerate(["Tom Reed", " tom  reed", "TOM REED\n"])}) == 1  # fmt: skip


def test_the_parameters_choose_and_shares_are_roughly_kept():
    data = many(600)
    for validation, test in ((0.12, 0.16), (0.3, 0.16), (0.12, 0.4)):
        parts, drops = split(data, Clean(validation_share=validation, test_share=test))
        assert not drops
        assert len(parts["validation"]) / 600 == pytest.approx(validation, abs=0.06)
        assert len(parts["test"]) / 600 == pytest.approx(test, abs=0.06)
    data = [dataclasses.replace(one, time=f"2025-01-{at % 28 + 1:02}T09:00:00") for at, one in enumerate(data)]
    by_time, _ = split(data, Clean(split_by="time"))
    assert min(one.time for one in by_time["test"]) > max(one.time for one in by_time["validation"])
    assert [one.id for one in by_time["train"]] == [one.id for one in data if one in by_time["train"]]


def test_an_empty_split_says_how_much_there_is():
    with pytest.raises(CleanError, match=r"nothing for .*: there are 30 conversations of 1 customers") as caught:
        split_by_customer([dataclasses.replace(one, customer="Tom") for one in many(30)], 0.12, 0.16)
    assert "add conversations of more customers, or choose" in str(caught.value)


def timed(*times, customers=()):
    return [talk(f"t:{at}", f"Question {at}?", "Aye.", when=when,
                 customer=customers[at] if at < len(customers) else f"Guest {at}")
            for at, when in enumerate(times)]  # fmt: skip


def names(parts):
    return {name: [one.id for one in part] for name, part in parts.items()}


def test_zones_are_compared_as_moments():
    data = timed("2025-06-14T09:00:00", "2025-06-14T10:30:00+02:00", "2025-06-14T08:45:00Z", "2025-06-13")
    parts, drops = split_by_time(data, 0.25, 0.25)
    assert names(parts) == {"train": ["t:1", "t:3"], "validation": ["t:2"], "test": ["t:0"]} and not drops


def test_equal_times_stay_together():
    days = ["2025-01-01"] * 10 + ["2025-01-02"] * 3 + ["2025-01-03"] * 4
    parts, _ = split_by_time(timed(*days), 0.12, 0.16)
    assert [len(parts[name]) for name in ("train", "validation", "test")] == [10, 3, 4]
    with pytest.raises(CleanError, match=r"leaves nothing for train and validation: .* 8 conversations at 1 different"):
        split_by_time(timed(*["2025-01-01"] * 8), 0.12, 0.16)


def test_customers_who_come_again_are_in_the_last_split_only():
    days = [f"2025-01-{day:02}" for day in range(1, 21)]
    customers = [f"Guest {at}" for at in range(20)]
    customers[0], customers[15], customers[19] = "Tom", "tom ", "TOM"
    parts, drops = split_by_time(timed(*days, customers=customers), 0.2, 0.2)
    assert [drop.conversation.id for drop in drops] == ["t:15", "t:0"] or {d.conversation.id for d in drops} == {
        "t:0", "t:15"}  # fmt: skip
    assert {drop.rule for drop in drops} == {"split_by"} and "t:19" in names(parts)["test"]
    assert drops[0].reason == "its customer talks again later, in a conversation that is in test: t:19"
    with pytest.raises(CleanError, match=r"nothing for train and validation: .*; 16 went|; 19 went"):
        split_by_time(timed(*days, customers=["Tom"] * 20), 0.2, 0.2)


def test_a_few_without_a_time_go_and_many_are_refused():
    days = [f"2025-01-{day:02}" for day in range(1, 31)]
    parts, (drop,) = split_by_time(timed(*days, None), 0.12, 0.16)
    assert drop.rule == "split_by" and drop.conversation.id == "t:30" and sum(map(len, parts.values())) == 30
    with pytest.raises(CleanError, match=r"10 of 40 conversations have no time") as caught:
        split_by_time(timed(*days, *["yesterday"] * 10), 0.12, 0.16)
    assert "set clean.split_by to customer" in str(caught.value)
