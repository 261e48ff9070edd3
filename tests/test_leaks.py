"""Near-copies are found exactly, at scale, and the proof sees what the stage may have missed."""

import dataclasses
import random
import time
import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb.clean import likeness, tiles
from marcus_nb.clean.cleaned import Cleaned
from marcus_nb.clean.leaks import COMMON, Common, common_sayings, leaks, like_probes, questions
from marcus_nb.clean.likeness import nearest_pairs, resembling
from marcus_nb.clean.proof import prove_disjoint
from marcus_nb.clean.records import Drop, LeakError
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.text import similarity

_SPANISH = "hola quería saber si mañana abren por la tarde gracias pedido factura entrega llegó roto cambiar talla"
_ENGLISH = "please order parcel arrived broken invoice refund Monday opening hours shop north ticket ferry cabin"
WORDS = f"{_SPANISH} {_ENGLISH}".split()
LIMITS = st.sampled_from([0.0, 0.2, 0.5, 0.6, 0.75, 0.9, 1.0])
TEXTS = st.lists(st.text("ab ", max_size=30) | st.text(max_size=12), max_size=12)


def sentences(count, words=20, seed=0):
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randint(4, words))) for _ in range(count)]


def edited(text, edits, draw):
    characters = list(text)
    for _ in range(edits):
        characters[draw.randrange(len(characters))] = draw.choice("aeiou")
    return "".join(characters)


def talk(name, *contents, customer=None):
    messages = tuple(Message(("user", "assistant")[at % 2], content) for at, content in enumerate(contents))
    return Conversation(name, messages, Origin("chat.csv", None, (2,)), customer)


def talks(prefix, asked):
    return [talk(f"{prefix}:{at}", text, "Aye, skipper.", customer=f"{prefix} {at}") for at, text in enumerate(asked)]


def cleaned(train, validation, test, limit=0.6, probes=(), dropped=()):
    entered = len(train) + len(validation) + len(test) + len(dropped)
    return Cleaned(
        entered, tuple(train), tuple(validation), tuple(test), tuple(dropped), (), (), None, limit, tuple(probes)
    )


def check(texts, others, limit):
    table = [[similarity(text, other) for other in others] for text in texts]
    found = resembling(texts, others, limit)
    expected = [at for at, row in enumerate(table) if max(row, default=0) > limit]
    assert [pair.first for pair in found] == expected
    assert all(table[pair.first][pair.second] == pair.similarity for pair in found)
    nearest = nearest_pairs(texts, others, 3)
    assert all(table[pair.first][pair.second] == pair.similarity > 0 for pair in nearest)
    distinct = {(text, other): table[at][to] for at, text in enumerate(texts) for to, other in enumerate(others)}
    highest = sorted((value for value in distinct.values() if value > 0), reverse=True)[:3]
    assert [pair.similarity for pair in nearest] == highest


@pytest.mark.parametrize("crowded", [-1, 1e9], ids=["tiles", "index"])
@given(texts=TEXTS, others=TEXTS, limit=LIMITS)
@settings(max_examples=150, deadline=None)
def test_the_same_as_comparing_each_with_each(crowded, texts, others, limit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(likeness, "_CROWDED", crowded)
        check(texts, others, limit)


@pytest.mark.parametrize("crowded", [-1, 1e9], ids=["tiles", "index"])
@pytest.mark.parametrize("limit", [0.1, 0.4, 0.6, 0.8])
def test_the_same_as_comparing_each_with_each_on_sentences(limit, crowded, monkeypatch):
    monkeypatch.setattr(likeness, "_CROWDED", crowded)
    draw = random.Random(1)
    texts = sentences(120)
    others = [edited(text, draw.randint(1, 12), draw) for text in texts[:60]] + sentences(60, seed=2)
    check(texts, others, limit)
    monkeypatch.setattr(likeness, "_PRODUCTS", 500)
    monkeypatch.setattr(likeness, "_PAIRS", 7)
    for name, value in (("_TILE", 16), ("_PAIRS", 7), ("_FEWEST_BITS", 8), ("_BITS_A_RUN", 0.1), ("_MOST_BITS", 100)):
        monkeypatch.setattr(tiles, name, value)
    check(texts, others, limit)


def test_every_planted_near_copy_is_dropped_and_nothing_else():
    draw = random.Random(3)
    held_out = sentences(200, 30, seed=4)
    planted = [edited(text, draw.randint(1, 8), draw) for text in held_out]
    above = [max(similarity(text, other) for other in held_out) > 0.6 for text in planted]
    fresh = sentences(200, 30, seed=5)
    above += [max(similarity(text, other) for other in held_out) > 0.6 for text in fresh]
    train = talks("train", planted + fresh)
    outcome = leaks({"train": train, "validation": talks("val", held_out[:100]), "test": talks("test", held_out[100:])},
                    [], 0.6)  # fmt: skip
    dropped = {drop.conversation.id for drop in outcome.drops if drop.conversation.id.startswith("train")}
    right = {talk.id for talk, leak in zip(train, above, strict=True) if leak}
    print(f"planted leaks above 0.6: {len(right)} of {len(train)}; found {len(dropped & right)}, wrongly dropped "
          f"{len(dropped - right)}: recall {len(dropped & right) / len(right):.3f}")  # fmt: skip
    assert dropped == right and len(right) > 60 and all(drop.rule == "leak" for drop in outcome.drops)


def test_test_wins_over_validation_and_both_over_training():
    said = "May I bring my grandmother's parrot aboard?"
    other = "Are there any swans?"
    splits = {"train": talks("train", [said]), "validation": talks("val", [said]), "test": talks("test", [other])}
    (drop,) = leaks(splits, [], 0.6).drops
    assert drop.conversation.id == "train:0"
    splits = {"train": talks("train", [other]), "validation": talks("val", [said]), "test": talks("test", [said])}
    outcome = leaks(splits, [], 0.6)
    assert [drop.conversation.id for drop in outcome.drops] == ["val:0"]
    assert f"resembles a held-out question (1.00, limit 0.6): {said!r}" == outcome.drops[0].reason
    assert not leaks(splits, [], 1.0).drops
    splits = {"train": talks("train", ["Where do the swans sleep at night?", said]), "validation": [], "test": []}
    (drop,) = leaks(splits, ["where do the swans sleep at night"], 0.6).drops
    assert drop.conversation.id == "train:0" and "resembles the probe 'where do the swans" in drop.reason


def test_short_questions_stand_with_their_reply():
    first, other = (
        talk("a", "Thank you!", "Mind the heron on the way out!"),
        talk("b", "Thank you!", "Dry socks, always."),
    )
    same = talk("c", "Thank you", "Mind the heron on the way out!")
    outcome = leaks({"train": [other, same], "validation": [], "test": [first]}, [], 0.6)
    assert [drop.conversation for drop in outcome.drops] == [same]
    assert questions([talk("d", "Hello", "Ahoy.", "And now, keeper?")], NOTHING)[0].text == "Hello\nAhoy."
    assert not questions([talk("d", "Hello")], NOTHING)
    assert like_probes([talk("e", "Hello", "Ahoy.")], ["hello"], 0.6)


NOTHING = Common(frozenset(), frozenset())


def courtesies(prefix, count, asked="How are you today?"):
    replies = sentences(count, 9, seed=prefix)
    return [talk(f"{prefix}:{at}", asked, text, customer=f"{prefix} {at}") for at, text in enumerate(replies)]


def test_what_many_customers_ask_is_compared_with_its_reply():
    train = courtesies("train", COMMON, "how are you  TODAY")
    splits = {"train": train, "validation": [], "test": courtesies("test", 1)}
    assert not leaks(splits, [], 0.6).drops
    same = talk("train:9", "How are you today", splits["test"][0].messages[1].content, customer="train 9")
    (drop,) = leaks(splits | {"train": [*train, same]}, [], 0.6).drops
    assert drop.conversation == same and splits["test"][0].messages[1].content == drop.resembles


@pytest.mark.parametrize("said", ["How are you today?", "Hi, how are you today??"])
def test_what_one_or_two_customers_ask_is_a_leak_whatever_the_reply(said):
    one, two = courtesies("train", 1, said), courtesies("test", 1)
    assert len(leaks({"train": one, "validation": [], "test": two}, [], 0.6).drops) == 1
    # One customer who asks it again and again makes nothing common.
    again = [dataclasses.replace(one[0], id=f"train:{at}") for at in range(9)]
    assert len(leaks({"train": again, "validation": [], "test": two}, [], 0.6).drops) == 9


def test_greetings_and_thanks_empty_no_training():
    """Nearly all conversations open and close alike; what stands between is what gives something away."""
    asked, told = sentences(60, 8, seed="asked"), sentences(60, 8, seed="told")
    opened = ("Hi", "Hello duck, what can I do?")
    closed = ("Thanks!", "Any time, duck.")
    helped = [("Can you help me please?", f"Course, {word}.") for word in ("petal", "duck", "love", "hen")]
    for around in ((opened, ()), ((), closed), (opened, closed), (helped[0], ())):
        talks_ = []
        for at in range(60):
            first = helped[at % 4] if around[0] is helped[0] else around[0]
            talks_.append(talk(f"{at}", *first, f"{asked[at]}?", told[at], *around[1], customer=f"{at}"))
        splits = {"train": talks_[:40], "validation": talks_[40:50], "test": talks_[50:]}
        assert not leaks(splits, [], 0.6).drops, around
        copied = talk("copy", *opened, f"{asked[55]}?", "It is so.", customer="copy")
        (drop,) = leaks(splits | {"train": [*talks_[:40], copied]}, [], 0.6).drops
        assert drop.conversation is copied


def test_a_talk_of_nothing_but_courtesies_is_compared_as_a_whole():
    talks_ = [talk(f"{at}", "Hello?", "Hi!", customer=f"{at}") for at in range(COMMON)]
    common = common_sayings(talks_)
    assert common == Common(frozenset({"Hello?"}), frozenset({("Hello?", "Hi!")}))
    assert [one.text for one in questions(talks_, common)] == ["Hello?\nHi!"] * COMMON
    assert len(leaks({"train": talks_[1:], "validation": [], "test": talks_[:1]}, [], 0.6).drops) == COMMON - 1


def test_common_questions_may_differ_in_a_number():
    asked = [talk(f"{at}", f"Where is order {at}?", "Soon.", customer=f"{at}") for at in range(COMMON)]
    assert common_sayings(asked).questions == {one.questions[0] for one in asked}
    assert not common_sayings(asked[1:]).questions


def test_the_proof_counts_those_who_were_dropped_after_the_split_as_well():
    train, test = courtesies("train", COMMON - 1), courtesies("test", 1)
    gone = [Drop(talk("train:9", "how are you today", "Aye."), "leak", "")]
    with pytest.raises(LeakError, match=r"similarity 1.00, above"):
        prove_disjoint(cleaned(train[:1], [], test))
    for rule in ("leak", "tokens"):
        drops = [dataclasses.replace(drop, rule=rule) for drop in gone]
        assert prove_disjoint(cleaned(train[:1], [], test, dropped=drops)).highest_similarity.max() < 0.6
    with pytest.raises(LeakError, match=r"similarity 1.00, above"):
        prove_disjoint(cleaned(train[:1], [], test, dropped=[dataclasses.replace(gone[0], rule="split_by")]))


@given(st.lists(st.tuples(st.sampled_from(["Hello", "How are you?", "How are you today?", "Any swans to see?", "42 £"]),
                          st.sampled_from(["Aye.", "Aye, skipper.", "Dry socks, always.", "Hm"]),
                          st.sampled_from("abcdefgh")), min_size=3, max_size=24))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_what_the_stage_leaves_passes_the_proof(rows):
    splits = {"train": [], "validation": [], "test": []}
    for at, (question, reply, who) in enumerate(rows):
        name = {"a": "test", "b": "validation"}.get(who, "train")
        splits[name].append(talk(f"chat:{at}", question, reply, customer=who))
    drops = leaks(splits, ["Any swans?"], 0.6).drops
    gone = {drop.conversation.id for drop in drops}
    left = {name: [one for one in talks_ if one.id not in gone] for name, talks_ in splits.items()}
    prove_disjoint(cleaned(*left.values(), probes=("Any swans?",), dropped=drops))


def test_few_words_are_compared_in_time_that_no_pair_can_blow_up():
    draw = random.Random(5)
    few = [" ".join(draw.choices(WORDS, k=draw.randint(3, 30))) for _ in range(6_000)]
    slots = [f"Where is my order of {draw.choice(WORDS)} {draw.choice(WORDS)}? It is late" for _ in range(6_000)]
    for texts in (few, slots):
        own, others = texts[:4_000], texts[4_000:]
        with pytest.MonkeyPatch.context() as patch:
            found, nearest = resembling(own, others, 0.6), nearest_pairs(own, others, 1)
            patch.setattr(likeness, "_CROWDED", 1e9)
            assert [pair.first for pair in found] == [pair.first for pair in resembling(own, others, 0.6)]
            assert nearest[0].similarity == nearest_pairs(own, others, 1)[0].similarity


def test_a_million_identical_questions_and_many_that_differ_in_a_number():
    same = ["Where is my order?"] * 300_000
    assert len(resembling(same, same, 0.6)) == 300_000
    orders = [f"Where is my order {number:06}?" for number in range(20_000)]
    random.Random(8).shuffle(orders)
    found = resembling(orders[:14_000], orders[14_000:], 0.6)
    assert len(found) == 14_000
    assert nearest_pairs(orders[:14_000], orders[14_000:], 1)[0].similarity > 0.85


@pytest.mark.parametrize("crowded", [-1, 1e9], ids=["tiles", "index"])
def test_texts_of_half_a_megabyte_are_compared_exactly(crowded, monkeypatch):
    monkeypatch.setattr(likeness, "_CROWDED", crowded)
    draw = random.Random(9)
    text = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz ", k=500_000))
    other = text[:310_000] + "".join(draw.choices("abcdefghij ", k=190_000))
    value = similarity(text, other)
    assert [pair.similarity for pair in nearest_pairs([text, "aye"], [other, "nay"], 1)] == [value]
    assert resembling([text], [other], value - 1e-9) and not resembling([text], [other], value)


def test_time_grows_little_faster_than_the_texts():
    def needed(count):
        draw = random.Random(count)
        words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(20_000)]
        texts = [" ".join(draw.choices(words, k=12)) for _ in range(count)]
        own, others = texts[: count * 7 // 10], texts[count * 7 // 10 :]
        assert len(resembling(own, others, 0.6)) < count / 100
        # Of this process alone, as others may be at work; and the best of five, without the garbage of other tests.
        return min(timeit.repeat(lambda: resembling(own, others, 0.6), timer=time.process_time, number=1, repeat=5))

    small, large = needed(5_000), needed(20_000)
    print(f"5,000 texts {small:.2f} s, 20,000 texts {large:.2f} s: {large / small:.1f} times as long")
    assert large / small < 12  # comparing each with each takes 16 times as long


def test_the_proof_shows_the_nearest_pairs_and_finds_what_is_wrong():
    near = ["Ring me about the parrot at noon", "Ring me about the kettle at noon"]
    train, validation, test = (
        talks("a", [near[0], *sentences(9)]),
        talks("b", sentences(5, seed=6)),
        talks("c", near[1:]),
    )
    good = cleaned(train, validation, test, limit=0.95, probes=("Zzz?",))
    proof = prove_disjoint(good).set_index("splits")
    assert list(proof.index) == ["train – validation", "train – test", "validation – test", "train – probes"]
    assert not proof.shared_ids.any() and not proof.shared_customers.any()
    row = proof.loc["train – test"]
    assert (row.first_text, row.second_text, row.highest_similarity) == (*near, similarity(*near))
    assert proof.loc["train – probes"].highest_similarity == 0 and proof.loc["train – probes"].first_text == ""
    with pytest.raises(LeakError, match=r"train – test share 1 ids\n.*share 1 customers\n.*similarity 1.00, above"):
        prove_disjoint(dataclasses.replace(good, train=(*good.train, good.test[0])))
    with pytest.raises(LeakError, match=r"train – probes have questions of similarity 1.00, above max_similarity 0.95"):
        prove_disjoint(dataclasses.replace(good, probes=(near[0],)))
