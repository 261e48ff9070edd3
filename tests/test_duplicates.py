"""Exact and near duplicates, and the cap on equal replies: what goes and what stays.

`./run_all.sh test -k duplicates -s` prints the planted copies' precision, recall and F1.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter

import near_copies
import pytest
from conftest import conversation
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb.clean.duplicates import drop_duplicates, max_same_reply, near_duplicate_similarity
from marcus_nb.clean.duplicates.plain import capitalised, numbers, plain, signs
from marcus_nb.conversation import Conversation, Message, Origin

LIMIT = 0.5
LONG_EN = "Good morning, I would like to bring the boat back earlier and I wonder what happens with the deposit."
LONG_ES = "Buenos días, me gustaría devolver la barca antes de lo previsto y quería saber qué pasa con la fianza."


def ids(outcome) -> list[str]:
    return [drop.conversation.id for drop in outcome.drops]


def near(*turns: tuple[str, ...], limit: float = LIMIT) -> list[str]:
    return ids(near_duplicate_similarity([conversation(str(place), *said) for place, said in enumerate(turns)], limit))


# What is compared


def test_plain_keeps_words_numbers_and_signs_only():
    assert plain("¿Qué tal?  It’s 5 €, or £5! 😊 ok…") == "que tal its 5 € or £ 5 ok"
    assert plain("नमस्ते दुनिया") != plain("नमसत दनय"), "vowel signs are part of a word"
    assert numbers("row 12 at 8 30") == ("12", "8", "30")
    assert signs("5 €, 👍") == "€👍"
    assert capitalised("Ask Tom. The end, says Eva") == {"tom", "eva"}


# Exact


@pytest.mark.parametrize(
    ("question", "answer"),
    [("open today", "aye"), ("OPEN  TODAY??", "Aye!"), ("“Open today?”", " Aye. "), ("Open\ntoday", "aye…")],
)
def test_case_spacing_and_punctuation_do_not_count(question, answer):
    outcome = drop_duplicates([conversation("a", "Open today?", "Aye."), conversation("b", question, answer)])
    assert ids(outcome) == ["b"]
    assert outcome.drops[0].resembles == "a" and outcome.drops[0].rule == "drop_duplicates"
    assert "says the same as a (small.csv, line 2)" in outcome.drops[0].reason


@pytest.mark.parametrize(
    "other",
    [
        ("Open today?", "Nay."),
        ("Open today?", "Aye.", "And tomorrow?", "Aye."),
        ("Open today, 5 €?", "Aye."),
        ("Open today 👍", "Aye."),
    ],
)
def test_what_says_something_else_stays(other):
    first = [conversation("a", "Open today?", "Aye."), conversation("c", "Open today, 5 $?", "Aye.")]
    assert ids(drop_duplicates([*first, conversation("b", *other), conversation("d", "Open today 👎", "Aye.")])) == []


def test_the_same_words_in_another_role_stay():
    said = [("user", "Aye, skipper."), ("assistant", "Aye, skipper.")]
    one, two = (Conversation(role, (Message(role, text),), Origin("f.csv")) for role, text in said)
    assert ids(drop_duplicates([one, two])) == []


def test_the_best_copy_stays_wherever_it_stands():
    shouted, plain_one, good, later = (
        conversation("shouted", "OPEN TODAY", "AYE SKIPPER"),
        conversation("plain", "open today", "aye skipper"),
        conversation("good", "Open today?", "Aye, skipper."),
        conversation("later", "Open today?", "Aye, skipper."),
    )
    outcome = drop_duplicates([shouted, plain_one, good, later])
    assert ids(outcome) == ["shouted", "plain", "later"]
    assert [drop.reason.split(", which ")[1] for drop in outcome.drops] == [
        "is better written",
        "is better written",
        "came first",
    ]


def test_of_equals_one_with_a_known_customer_stays():
    outcome = drop_duplicates([conversation("a", "Open?", "Aye."), conversation("b", "Open?", "Aye.", customer="Tom")])
    assert ids(outcome) == ["a"] and outcome.drops[0].reason.endswith("which has a known customer")


@given(st.lists(st.sampled_from(["Open?", "open", "OPEN!", "Closed?", "5 €", "5 $", "", "?"]), max_size=12))
def test_exactly_one_of_each_stays_and_doing_it_twice_changes_nothing(said):
    conversations = [conversation(str(place), text, "Aye.") for place, text in enumerate(said)]
    gone = set(ids(drop_duplicates(conversations)))
    left = [one for one in conversations if one.id not in gone]
    assert ids(drop_duplicates(left)) == []
    assert len(left) == len({(plain(text), text if not plain(text) else "") for text in said})


# Near


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LONG_EN, LONG_EN.replace("would", "wuold").replace("deposit", "depositt")),
        (LONG_EN, LONG_EN.replace("boat back", "boatback").replace(",", "")),
        (LONG_EN, LONG_EN.lower().rstrip(".") + "  !!"),
        (LONG_EN, LONG_EN.replace("Good", "Hello, good").replace("deposit", "deposit, please")),
        (LONG_ES, LONG_ES.replace("í", "i").replace("é", "e")),
        (LONG_ES, LONG_ES.replace("gustaría", "gustria").replace("previsto", "prevsito")),
        (LONG_ES, LONG_ES.replace("quería", "queria").replace("fianza", "fiannza") + " Gracias."),
    ],
)
def test_a_copy_with_typing_errors_goes(first, second):
    answers = ("You get the whole of it back, we count full hours only.",) * 2
    assert near((first, answers[0]), (second, answers[1])) == ["1"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The north side is dry on Mondays", "The south side is dry on Mondays"),
        ("The north side is dry on Mondays", "The north side is dry on Sundays"),
        ("The yard opens at 8 for everybody", "The yard opens at 9 for everybody"),
        ("The yard opens at eight for everybody", "The yard opens at eighteen for everybody"),
        ("The yard opens at ten am for everybody", "The yard opens at ten pm for everybody"),
        ("Please ask Ana about the wooden boat", "Please ask Eva about the wooden boat"),
        ("Please ask Jon about the wooden boat", "Please ask Jan about the wooden boat"),
        ("You can bring the dog to the yard", "You can't bring the dog to the yard"),
        ("Dogs are allowed in the boat all day", "Dogs are not allowed in the boat all day"),
        ("It was never this cold in the old yard", "It was ever this cold in the old yard"),
        ("Come before the bridge is opened again", "Come after the bridge is opened again"),
        ("Turn left at the lock and wait for us", "Turn right at the lock and wait for us"),
        ("The price is with the skipper and fuel", "The price is without the skipper and fuel"),
        ("The yard is open on all the holidays", "The yard is closed on all the holidays"),
        ("The price for the boat is 20 € an hour", "The price for the boat is 20 $ an hour"),
        ("We rent the old boat to everybody", "We rent the old goat to everybody"),
        ("Take the model XR for the long journey", "Take the model XS for the long journey"),
        ("Yes, the boat has room for the family", "No, the boat has room for the family"),
        ("El lado norte está seco los lunes siempre", "El lado sur está seco los lunes siempre"),
        ("El taller abre los martes por la mañana", "El taller abre los jueves por la mañana"),
        ("La barca se puede alquilar con patrón ya", "La barca se puede alquilar sin patrón ya"),
        ("La casa está junto al río desde siempre", "La cosa está junto al río desde siempre"),
        ("Pregunte por Mario en la oficina grande", "Pregunte por María en la oficina grande"),
        ("Nos vemos en junio en el embarcadero", "Nos vemos en julio en el embarcadero"),
        ("Gire a la izquierda después del puente", "Gire a la derecha después del puente"),
        ("Tenemos dos barcas para el domingo", "Tenemos doce barcas para el domingo"),
        ("Le atiende el señor Zubiri en la puerta", "Le atiende el señor Zubira en la puerta"),
        ("Wir haben montags bis abends geöffnet", "Wir haben mittwochs bis abends geöffnet"),
        ("Con la barca van remos y chalecos gratis", "Con la barca van remos o chalecos gratis"),
        ("Le guardamos su bolsa en la oficina", "Le guardamos tu bolsa en la oficina"),
        ("Nous sommes ouverts avant le déjeuner", "Nous sommes ouverts après le déjeuner"),
        ("办公室星期一早上八点开门欢迎大家光临" * 2, "办公室星期二早上八点开门欢迎大家光临" * 2),
    ],
)
def test_a_look_alike_stays(first, second):
    question = "I have a question about the boats and the yard, can you help me with it?"
    assert near((question, first), (question, second)) == []
    assert near((first, question), (second, question)) == [], "in the customer's turn as well"


def test_the_copy_without_errors_stays_and_the_reason_says_so():
    bad = conversation("bad", "When doess the yrad open on the holidays, pleas?", "We opne at eight as on evry day.")
    good = conversation("good", "When does the yard open on the holidays, please?", "We open at eight as on every day.")
    outcome = near_duplicate_similarity([bad, good], LIMIT)
    assert ids(outcome) == ["bad"] and outcome.drops[0].resembles == "good"
    assert outcome.drops[0].reason == "is nearly the same as good (small.csv, line 2), which has fewer misspelt words"


def test_short_ones_are_left_to_the_exact_rule():
    assert near(("Open todayy?", "Aye."), ("Open today?", "Aye.")) == []


def test_a_limit_of_one_switches_it_off_and_a_high_one_keeps_more():
    turns = ((LONG_EN, "Aye."), (LONG_EN.replace("would", "wuold").replace("morning", "mornign"), "Aye."))
    assert near(*turns, limit=1) == [] and near(*turns, limit=0.95) == [] and near(*turns, limit=0.6) == ["1"]


def test_roles_and_turns_must_be_the_same():
    assert near((LONG_EN, "Aye."), (LONG_EN, "Aye.", "Thanks", "Mind the tide.")) == []


def test_every_dropped_one_is_itself_like_the_one_that_stays():
    draw = random.Random(4)
    made = []
    for family, (_, turns) in enumerate(near_copies.originals(60, 5)):
        for generation in range(5):  # each a copy of the one before: the last is far from the first
            made.append(near_copies.talk(f"{family}-{generation}", turns))
            turns = near_copies.with_errors(turns, 0.02, draw)
    outcome = near_duplicate_similarity(made, LIMIT)
    gone = set(ids(outcome))
    of = {one.id: one for one in made}
    assert len(gone) > 60
    for drop in outcome.drops:
        assert drop.resembles not in gone
        # Alone with the one that stays it is seen through as well, but for what only the other data tell of words.
        assert near_copies.distance(of[drop.resembles], drop.conversation) <= 0.16, drop.reason


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_nothing_comes_in_changed_and_a_second_run_finds_nothing_new_of_the_same(seed):
    made = [one.conversation for one in near_copies.planted(30, seed)]
    before = list(made)
    outcome = near_duplicate_similarity(made, LIMIT)
    assert made == before and not outcome.changed
    assert ids(near_duplicate_similarity(made, LIMIT)) == ids(outcome)
    assert len(set(ids(outcome))) == len(outcome.drops)


def test_hash_seeds_do_not_matter():
    code = (
        "import near_copies, marcus_nb.clean.duplicates as d; "
        "made = [one.conversation for one in near_copies.planted(150, 3)]; "
        "print([(x.conversation.id, x.reason) for x in d.near_duplicate_similarity(made, 0.5).drops])"
    )
    told = []
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        told.append(done.stdout)
    assert told[0] == told[1] and len(told[0]) > 100


def test_planted_copies_are_told_from_look_alikes():
    made = near_copies.planted(2000, 1)
    conversations = [one.conversation for one in made]
    exact = drop_duplicates(conversations)
    gone = set(ids(exact))
    outcome = near_duplicate_similarity([one for one in conversations if one.id not in gone], LIMIT)
    told = near_copies.score(made, [*exact.drops, *outcome.drops])
    print(f"\nplanted copies: precision {told.precision:.3f}, recall {told.recall:.3f}, F1 {told.f1:.3f}")
    for kind, (found, planted) in told.found.items():
        print(f"  {kind:<24}{found:>5} of {planted} found")
    for kind, (wrong, planted) in told.wrong.items():
        print(f"  {kind:<24}{wrong:>5} of {planted} wrongly taken for a copy")
    assert told.f1 >= 0.95
    assert told.precision >= 0.99


# The same reply


def test_only_so_many_may_have_the_same_reply():
    thanks = [conversation(str(place), f"Thanks for number {place}", "You're welcome!") for place in range(6)]
    outcome = max_same_reply(thanks, 4)
    assert ids(outcome) == ["4", "5"], "the first that came in stay"
    assert outcome.drops[0].rule == "max_same_reply" and outcome.drops[0].resembles == "0"
    assert outcome.drops[0].reason == "its reply “You're welcome!” stands in 6 conversations, and 4 may have it"
    assert ids(max_same_reply(thanks, 6)) == []


def test_one_reply_of_its_own_keeps_a_conversation():
    thanks = [conversation(str(place), f"Thanks {place}", "you're welcome") for place in range(3)]
    own = conversation("own", "Thanks", "You're welcome!", "And the dog?", "Dogs ride free.")
    assert ids(max_same_reply([*thanks, own], 1)) == ["1", "2"]


def test_what_is_added_later_takes_no_older_one_away():
    draw = random.Random(2)
    replies = ["Aye.", "Nay.", "Mind the tide.", "Eight, skipper."]
    every = [conversation(str(n), f"Question {n}", draw.choice(replies)) for n in range(200)]
    assert (
        ids(max_same_reply(every[:150], 10))
        == ids(max_same_reply(every, 10))[: len(max_same_reply(every[:150], 10).drops)]
    )


def test_a_conversation_without_replies_is_not_its_business():
    assert ids(max_same_reply([conversation("a", "Anybody?"), conversation("b", "Anybody?")], 1)) == []


def test_personal_data_of_a_reply_is_not_in_the_reason():
    replies = [conversation(str(n), f"Mail {n}?", "Write to tom.smith@example.com any time") for n in range(2)]
    assert "tom.smith" not in max_same_reply(replies, 1).drops[0].reason


# Much, and hostile


def _seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def _all(conversations: list[Conversation]) -> None:
    drop_duplicates(conversations)
    near_duplicate_similarity(conversations, LIMIT)
    max_same_reply(conversations, 20)


@pytest.mark.parametrize("kind", ["number", "same", "hostile"])
def test_time_grows_with_the_data(kind):
    def made(count: int) -> list[Conversation]:
        if kind == "hostile":
            draw = random.Random(1)
            characters = "aé '-–.,5€👍\n\u0301\u200d字𝔘" + chr(0xD800)
            return [conversation(str(n), "".join(draw.choices(characters, k=40 * count)), "Aye.") for n in range(4)]
        number = (lambda n: n) if kind == "number" else (lambda n: 0)
        return [
            conversation(str(n), f"Where is my order {number(n)}, please?", f"Order {number(n)} is on its way to you.")
            for n in range(count)
        ]

    _all(made(500))
    small = min(_seconds(_all, made(2_000)) for _ in range(2))
    assert _seconds(_all, made(8_000)) < 8 * small + 0.2


def test_many_that_differ_in_a_name_only_are_compared_with_a_few_and_counted():
    draw = random.Random(1)
    names = ["".join(draw.choice("bdfglmnprst") + draw.choice("aeiou") for _ in range(3)).title() for _ in range(400)]
    made = [
        conversation(
            str(n), "Where is my order? I have waited for days.", f"It is on its way to you, {name}, have a good day."
        )
        for n, name in enumerate(dict.fromkeys(names))
    ]
    outcome = near_duplicate_similarity(made, LIMIT)
    assert len(outcome.drops) == 0
    assert "near-copies may be left" in outcome.note


# What others wrote


def test_of_the_examples_conversations_only_true_copies_go():
    from marcus_nb import ingest
    from marcus_nb.parameters import ROOT, load

    for name in ("quickstart", "florian"):
        chosen = load(name)
        made = ingest.read_sources(chosen.ingest, ROOT, chosen.shared.persona_name).conversations
        exact = drop_duplicates(made)
        gone = set(ids(exact))
        left = [one for one in made if one.id not in gone]
        assert ids(near_duplicate_similarity(left, LIMIT)) == []
        assert ids(max_same_reply(left, 20)) == []
        of = {one.id: one for one in made}
        for drop in exact.drops:
            said = [
                [plain(message.content) for message in one.messages] for one in (drop.conversation, of[drop.resembles])
            ]
            assert said[0] == said[1]


def test_strangers_corpora_lose_only_true_copies():
    made = near_copies.corpora()
    if not made:
        pytest.skip("neither chatterbot-corpus nor chitchat-dataset is installed")
    gone = set(ids(drop_duplicates(made)))
    outcome = near_duplicate_similarity([one for one in made if one.id not in gone], LIMIT)
    of = {one.id: one for one in made}
    told = Counter(near_copies.distance(drop.conversation, of[drop.resembles]) > 0.1 for drop in outcome.drops)
    print(f"\n{len(made)} conversations of strangers: {len(gone)} exact copies, {len(outcome.drops)} near")
    assert told[True] == 0 and len(outcome.drops) < 0.01 * len(made)
