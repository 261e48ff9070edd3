"""Cleaning: every parameter changes what it names and no more, the account adds up, and the splits are apart."""

import dataclasses
import json
import os
import random
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb import clean
from marcus_nb.clean.leaks import nearest, nearest_of_each, questions
from marcus_nb.clean.rules import CHANGES
from marcus_nb.clean.split import assign, place
from marcus_nb.conversation import Conversation, Message, Origin, read_conversations, read_jsonl, to_row
from marcus_nb.parameters import Clean, Probe
from marcus_nb.text import similarity

WORDS = [
    "rope",
    "mud",
    "heron",
    "oar",
    "weir",
    "kettle",
    "moss",
    "sail",
    "tiller",
    "anchor",
    "lantern",
    "otter",
    "reed",
]
RULES = [*CHANGES, "empty", "min_characters", "max_characters", "drop_duplicates", "leak"]


def talk(name, *contents, customer=None, roles=("user", "assistant")):
    messages = tuple(Message(roles[index % 2], content) for index, content in enumerate(contents))
    return Conversation(name, messages, Origin("chat.csv", None, (int(name.split(":")[1]),)), customer)


def many(count, seed=0):
    """Conversations that have little in common, one customer each."""
    draw = random.Random(seed)
    return [
        talk(
            f"chat:{seed * 1000 + number}",
            f"{' '.join(draw.sample(WORDS, 5)).capitalize()} {draw.random():.15f}?",
            f"{' '.join(draw.sample(WORDS, 4)).capitalize()}, skipper.",
            customer=f"Customer {seed}/{number}",
        )
        for number in range(count)
    ]


def in_split(name, contents, start=9000, **shares):
    """A conversation with these contents whose customer falls in the named split."""
    shares = {"validation_share": 0.12, "test_share": 0.16} | shares
    candidates = (talk(f"chat:{start}", *contents, customer=f"Guest {number}") for number in range(10_000))
    return next(candidate for candidate in candidates if assign(candidate, **shares) == name)


def everything(cleaned):
    return {conversation.id: conversation for conversation in (*cleaned.train, *cleaned.validation, *cleaned.test)}


def step(cleaned, rule):
    return next(step for step in cleaned.steps if step.rule == rule)


def drops(cleaned, rule):
    return [drop for drop in cleaned.dropped if drop.rule == rule]


BASE = many(60)
PLAIN = Clean()


def test_good_data_comes_out_as_it_went_in():
    cleaned = clean.run(BASE, PLAIN, [])
    assert not cleaned.changed and not cleaned.dropped
    kept = everything(cleaned)
    assert [kept[conversation.id] for conversation in BASE] == BASE
    assert all(kept[conversation.id] is conversation for conversation in BASE)
    assert [step.rule for step in cleaned.steps] == RULES
    order = [conversation.id for conversation in BASE]
    for part in (cleaned.train, cleaned.validation, cleaned.test):
        assert part and sorted(part, key=lambda one: order.index(one.id)) == list(part)


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("unicode_repair", "I donâ€™t like the caf&eacute;", "I don’t like the café"),
        ("whitespace", " Two  boats,\u200b please.\n", "Two boats, please."),
        ("redact", "Ring 07700 900123 or tom@example.com", "Ring [PHONE] or [EMAIL]"),
        ("lowercase", "Ask Biscuit", "ask biscuit"),
    ],
)
def test_a_rule_that_changes_does_so_only_when_it_is_on(rule, before, after):
    data = [*BASE, talk("chat:5000", "When does the chandlery open?", before)]
    off = Clean(unicode_repair=False, whitespace=False, redact=False, lowercase=False)
    untouched = clean.run(data, off, [])
    assert everything(untouched)["chat:5000"] is data[-1] and not untouched.changed
    assert not any(step(untouched, name).enabled for name in CHANGES)

    cleaned = clean.run(data, off.model_copy(update={rule: True}), [])
    assert everything(cleaned)["chat:5000"].replies == [after]
    assert clean.Change("chat:5000", rule, before, after) in cleaned.changed
    assert step(cleaned, rule).enabled and step(cleaned, rule).changed == (61 if rule == "lowercase" else 1)
    if rule != "lowercase":
        assert len(cleaned.changed) == 1 and step(cleaned, rule).after == after


def test_steps_are_fit_to_be_shown():
    data = [*BASE, talk("chat:5000", "Ring  me: 07700 900123, tom@example.com", "x" * 5000)]
    cleaned = clean.run(data, PLAIN, [])
    told = " ".join(step.before + step.after for step in cleaned.steps)
    assert "900123" not in told and "tom@" not in told
    assert step(cleaned, "redact").before == "Ring me: 0•••• ••••••, t••@•••••••.•••"
    assert step(cleaned, "redact").after == "Ring me: [PHONE], [EMAIL]"
    assert step(cleaned, "max_characters").after == "a turn of the assistant has 5000 characters, more than 4000"


def test_empty_turns_are_dropped_whatever_the_switches():
    off = Clean(unicode_repair=False, whitespace=False, redact=False, drop_duplicates=False, min_characters=1)
    bad = [
        talk("chat:5000", "Do you open on Mondays?", ""),
        talk("chat:5001", "Do you open on Sundays?", " \n\u200b"),
        talk("chat:5002"),
    ]
    fine = Conversation("chat:5003", (Message("system", ""), *many(1, seed=7)[0].messages), Origin("chat.csv"))
    cleaned = clean.run([*BASE, *bad, fine], off, [])
    assert [drop.conversation for drop in drops(cleaned, "empty")] == bad
    assert [drop.reason for drop in drops(cleaned, "empty")] == [
        "a turn of the assistant is empty",
        "a turn of the assistant is empty",
        "the conversation has no turn",
    ]
    assert "chat:5003" in everything(cleaned)


@pytest.mark.parametrize(
    ("rule", "content", "kept_with", "dropped_with", "reason"),
    [
        ("min_characters", "No", 2, 3, "a turn of the assistant has 2 characters, fewer than 3"),
        ("max_characters", "n" * 300, 300, 299, "a turn of the assistant has 300 characters, more than 299"),
    ],
)
def test_length_limits(rule, content, kept_with, dropped_with, reason):
    data = [*BASE, talk("chat:5000", "Do you hire out canoes?", content)]
    assert not clean.run(data, Clean(**{rule: kept_with}), []).dropped
    (drop,) = clean.run(data, Clean(**{rule: dropped_with}), []).dropped
    assert (drop.conversation, drop.rule, drop.reason) == (data[-1], rule, reason)


def test_duplicates_go_and_the_first_stays():
    first = BASE[3]
    twin = talk("chat:5000", *(f"  {message.content.upper()} " for message in first.messages), customer="Somebody else")
    turned = talk("chat:5001", *(message.content for message in first.messages), roles=("assistant", "user"))
    (drop,) = drops(clean.run([*BASE, twin, turned], PLAIN, []), "drop_duplicates")
    assert (drop.conversation.id, drop.resembles) == ("chat:5000", first.id)
    assert drop.reason == f"says the same as {first.id} (chat.csv, line 3)"
    assert not drops(clean.run([*BASE, twin, turned], Clean(drop_duplicates=False), []), "drop_duplicates")


QUESTION = "May I bring my grandmother's parrot aboard?"
NEAR = "May I bring my grandmother's parrot on board?"


@pytest.mark.parametrize("held_out", ["test", "validation"])
def test_a_planted_leak_is_dropped_from_training(held_out):
    kept = in_split(held_out, [QUESTION, "Aye, skipper."], 9001)
    leak = in_split("train", ["Good morning, old boat keeper!", "Morning.", NEAR, "Parrots, aye."], 9002)
    cleaned = clean.run([*BASE, leak, kept], PLAIN, [])
    (drop,) = cleaned.dropped
    assert (drop.conversation, drop.rule, drop.resembles) == (leak, "leak", QUESTION)
    assert drop.reason.startswith("resembles a held-out question (0.74, limit 0.6)") and NEAR in drop.reason
    assert step(cleaned, "leak").dropped == 1 and kept.id in everything(cleaned)

    assert not clean.run([*BASE, leak, kept], Clean(max_similarity=0.8), []).dropped
    assert clean.prove_disjoint(cleaned).highest_similarity.max() <= 0.6


def test_between_validation_and_test_the_test_wins():
    validation, test = in_split("validation", [QUESTION, "Aye."], 9001), in_split("test", [NEAR, "Nay."], 9002)
    cleaned = clean.run([*BASE, validation, test], PLAIN, [])
    assert [drop.conversation for drop in cleaned.dropped] == [validation] and test in cleaned.test


def test_probes_are_never_trained_on_and_may_stand_in_held_out_data():
    probe = Probe(question=QUESTION, must=["aye"])
    leak, fine = in_split("train", [NEAR, "Aye."], 9001), in_split("test", ["Is there a parrot?", "Nay."], 9002)
    fine = dataclasses.replace(fine, messages=(Message("user", QUESTION.upper()), Message("assistant", "Nay.")))
    assert not clean.run([*BASE, leak], PLAIN, []).dropped
    cleaned = clean.run([*BASE, leak], PLAIN, [probe])
    (drop,) = cleaned.dropped
    assert drop.reason.startswith(f"resembles the probe {QUESTION!r} (0.74, limit 0.6)") and drop.resembles == QUESTION
    assert not clean.run([*BASE, fine], PLAIN, [probe]).dropped

    short = in_split("train", ["Who is it?", "Nell."], 9003)
    (drop,) = clean.run([*BASE, short], PLAIN, [Probe(question="who is it", must=["Nell"])]).dropped
    assert drop.conversation is short


def test_short_courtesies_leak_only_together_with_their_reply():
    held_out = in_split("test", ["Thank you!", "Mind the heron on the way out, skipper."], 9001)
    other = in_split("train", ["Thank you!", "Dry socks. Always dry socks."], 9002)
    same = in_split("train", ["Thank you", "Mind the heron on the way out, skipper!"], 9003)
    cleaned = clean.run([*BASE, held_out, other, same], Clean(drop_duplicates=False), [])
    assert [drop.conversation for drop in cleaned.dropped] == [same] and other in cleaned.train
    assert questions([talk("chat:1", "Hello", "Ahoy.", "And now, keeper?")])[0].text == "Hello\nAhoy."
    assert not questions([talk("chat:1", "Hello")])


@given(st.lists(st.text("abc ", max_size=12), max_size=8), st.lists(st.text("abc ", max_size=12), max_size=8))
@settings(max_examples=100, deadline=None)
def test_similarities_are_exact(texts, others):
    best, which = nearest_of_each(texts, others)
    for text, value, index in zip(texts, best, which, strict=True):
        expected = [similarity(text, other) for other in others]
        assert value == max(expected, default=0) and (expected.index(value) if others else -1) == index
    pair = nearest(texts, others)
    assert pair.similarity == max(best, default=0)


def test_similarities_are_the_same_in_blocks(monkeypatch):
    texts = [question.text for question in questions(BASE)]
    whole = nearest_of_each(texts[:40], texts[40:])
    monkeypatch.setattr("marcus_nb.clean.leaks._CELLS", 70)
    blocks = nearest_of_each(texts[:40], texts[40:])
    assert (whole[0] == blocks[0]).all() and (whole[1] == blocks[1]).all()


def test_one_customer_is_in_one_split_whatever_the_spelling_and_the_file():
    names = ["Tom Reed", " tom  reed", "TOM REED\n"]
    assert len({place(talk(f"chat:{number}", "a", customer=name)) for number, name in enumerate(names)}) == 1
    nameless = {place(talk(f"chat:{number}", "a", customer=name)) for number, name in enumerate([None, "", "  "])}
    assert len(nameless) == 3


def test_shares_are_roughly_kept_and_each_changes_the_split():
    data = many(400)
    sizes = {}
    for shares in ((0.12, 0.16), (0.3, 0.16), (0.12, 0.4)):
        cleaned = clean.run(data, Clean(validation_share=shares[0], test_share=shares[1]), [])
        sizes[shares] = (len(cleaned.validation) / 400, len(cleaned.test) / 400)
        assert sizes[shares] == pytest.approx(shares, abs=0.07)


def test_adding_data_moves_nobody():
    before = clean.run(many(100), PLAIN, [])
    after = clean.run([*many(10, seed=1), *reversed(many(100))], PLAIN, [])
    for name in ("train", "validation", "test"):
        old, new = ({one.id for one in getattr(cleaned, name)} for cleaned in (before, after))
        assert old <= new


contents = st.sampled_from(
    ["", "Ahoy", "AHOY ", "How deep is it?", "How deep is it", "Mud &amp; rope", "a@b.com", "x" * 40]
)
conversations = st.lists(
    st.tuples(st.lists(contents, max_size=4), st.sampled_from([None, "Tom", "tom ", "Ann", "Bob", "Eve"])), max_size=14
).map(lambda rows: [talk(f"chat:{number}", *row, customer=who) for number, (row, who) in enumerate(rows)])
choices = st.builds(
    Clean,
    unicode_repair=st.booleans(),
    whitespace=st.booleans(),
    redact=st.booleans(),
    lowercase=st.booleans(),
    drop_duplicates=st.booleans(),
    min_characters=st.integers(1, 5),
    max_characters=st.integers(10, 50),
    validation_share=st.floats(0.2, 0.45),
    test_share=st.floats(0.2, 0.45),
    max_similarity=st.floats(0.2, 1),
)


@given(conversations, choices, st.booleans())
@settings(max_examples=100, deadline=None)
def test_whatever_comes_in_is_accounted_for_and_apart(data, parameters, base):
    data = [*data, *many(25, seed=3)] if base else data
    before = [to_row(conversation) for conversation in data]
    try:
        cleaned = clean.run(data, parameters, [Probe(question="How deep is it?", must=["mud"])])
    except clean.CleanError as error:
        assert "What to do:" in str(error)
        return
    finally:
        assert [to_row(conversation) for conversation in data] == before
    clean.check_account(cleaned)
    clean.prove_disjoint(cleaned)
    table = clean.funnel(cleaned)
    assert list(table.columns) == ["rule", "entered", "changed", "dropped", "left"] and list(table.rule) == RULES
    assert (table.entered[1:].to_numpy() == table.left[:-1].to_numpy()).all()
    assert table.left.iloc[-1] == len(everything(cleaned)) and table.entered.iloc[0] == len(data)


def test_the_funnel_counts_conversations():
    data = [*BASE, talk("chat:5000", "Two  boats for  us?", "Aye,  two."), talk("chat:5001", "Any canoes here?", "")]
    table = clean.funnel(clean.run(data, PLAIN, [])).set_index("rule")
    assert tuple(table.loc["whitespace"]) == (62, 1, 0, 62)
    assert tuple(table.loc["empty"]) == (62, 0, 1, 61)


def test_the_proof_shows_the_nearest_pairs_redacted():
    ring, call = "Ring me about the parrot, Tom: 07700 900123", "Ring me about the kettle, Tom: 07700 900124"
    data = [*BASE, in_split("train", [ring, "Aye."], 9001), in_split("test", [call, "Nay."], 9002)]
    proof = clean.prove_disjoint(clean.run(data, Clean(redact=False, max_similarity=0.9), [])).set_index("splits")
    assert list(proof.index) == ["train – validation", "train – test", "validation – test", "train – probes"]
    assert not proof.shared_ids.any() and not proof.shared_customers.any()
    row = proof.loc["train – test"]
    assert row.first_text == "Ring me about the parrot, Tom: [PHONE]"
    assert row.second_text == "Ring me about the kettle, Tom: [PHONE]"
    assert row.highest_similarity == similarity(ring, call)


def test_the_proof_and_the_account_find_what_is_wrong():
    cleaned = clean.run(BASE, PLAIN, [])
    shared = dataclasses.replace(cleaned, train=(*cleaned.train, cleaned.test[0]))
    with pytest.raises(
        clean.LeakError, match=r"train – test share 1 ids\n.*share 1 customers\n.*similarity 1.00, above"
    ):
        clean.prove_disjoint(shared)
    with pytest.raises(
        clean.LeakError, match=r"train – probes have questions of similarity 1.00, above max_similarity 0.6"
    ):
        clean.prove_disjoint(dataclasses.replace(cleaned, probes=tuple(cleaned.train[0].questions)))
    with pytest.raises(clean.AccountError, match=r"60 conversations entered, but train .* is 61"):
        clean.check_account(shared)
    with pytest.raises(
        clean.AccountError, match=r"1 conversations are counted twice, such as 'chat:\d+' in train, test"
    ):
        clean.check_account(dataclasses.replace(shared, entered=61))


def test_writing_twice_gives_the_same_private_files(tmp_path):
    data = [*BASE, BASE[0].with_messages(BASE[0].messages), talk("chat:5001", "Café  “Heron”, caf&eacute;?", "Aye.")]
    data[-2] = dataclasses.replace(data[-2], id="chat:5000")
    for folder in (tmp_path / "a", tmp_path / "b"):
        cleaned = clean.run(data, PLAIN, [])
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
    (dropped,) = read_jsonl(tmp_path / "a" / "dropped.jsonl")
    assert dropped == json.loads(json.dumps(to_row(data[-2]))) | {
        "rule": "drop_duplicates",
        "reason": "says the same as chat:0 (chat.csv, line 0)",
        "resembles": "chat:0",
    }
    changed = list(read_jsonl(tmp_path / "a" / "changed.jsonl"))
    assert [row["rule"] for row in changed] == ["unicode_repair", "whitespace"]
    assert changed[0]["after"] == changed[1]["before"] == "Café  “Heron”, café?"
    assert "“" in (tmp_path / "a" / "changed.jsonl").read_text(encoding="utf-8")


def test_nothing_left_names_the_rule_and_shows_three_victims():
    data = [talk(f"chat:{number}", f"Call 07700 90012{number}", "Nay.") for number in range(5)]
    with pytest.raises(clean.CleanError) as caught:
        clean.run([*data, talk("chat:9", "", "")], Clean(min_characters=10, redact=False), [])
    message = str(caught.value)
    assert "No conversation is left: 6 came in, and the rule min_characters dropped most of them (5)" in message
    assert message.count("chat.csv, line ") == 3
    assert "a turn of the assistant has 4 characters, fewer than 10\n    user: Call [PHONE]" in message
    assert message.endswith("What to do: choose a smaller clean.min_characters.") and "90012" not in message


def test_an_empty_split_says_how_much_there_is():
    data = [talk(f"chat:{number}", one.messages[0].content, "Aye.", customer="Tom") for number, one in enumerate(BASE)]
    with pytest.raises(clean.CleanError, match=r"nothing for .*: there are 60 conversations of 1 customers") as caught:
        clean.run(data, PLAIN, [])
    assert "add conversations of more customers, or choose" in str(caught.value)


def test_leaks_that_empty_training_say_so():
    held_out = [in_split("test", [QUESTION, "Aye."], 9001), in_split("validation", ["Any otters about?", "Two."], 9002)]
    leaks = [in_split("train", [NEAR, "Nay."], 9003)]
    with pytest.raises(
        clean.CleanError, match="No conversation is left in train: 1 came in, and the rule leak"
    ) as caught:
        clean.run(held_out + leaks, PLAIN, [])
    assert "larger clean.max_similarity" in str(caught.value)


def test_no_conversation_and_two_of_one_id_are_refused():
    with pytest.raises(clean.CleanError, match="No conversation came in"):
        clean.run([], PLAIN, [])
    with pytest.raises(
        clean.CleanError, match=r"Two conversations have the id 'chat:0': chat.csv, line 0 and chat.csv"
    ):
        clean.run([*BASE, talk("chat:0", "Again, keeper?", "Aye.")], PLAIN, [])
