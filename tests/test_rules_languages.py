"""drop_wrong_language: no good conversation goes, planted foreign ones do; figures are printed with `pytest -s`."""

import importlib.util
import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from language_sentences import SENTENCES

from marcus_nb import ingest
from marcus_nb.clean.records import CleanError
from marcus_nb.clean.rules.languages import drop_wrong_language
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters import ROOT, load
from marcus_nb.parameters.schema import Clean
from marcus_nb.text.language import ENOUGH_LETTERS, LANGUAGES, passages, plausible_languages

DEFAULT = Clean()
# Hindi in Latin letters, as it is typed on phones: no model of ours knows it.
HINGLISH = (
    "Aapka order aaj subah nikal gaya hai, kal tak pahunch jayega",
    "Sorry ji, hum aapko naya bhej denge bina kisi charge ke",
    "Haan bhai dukaan sunday ko band rehti hai lekin saturday ko khuli hai",
    "Aap bill ke saath tees din ke andar wapas kar sakte hain",
    "Photo bhej dijiye machine ke peeche wale label ka please",
    "Koi baat nahi, sabke saath hota hai, agle hafte milte hain",
    "Mera naam Rahul hai, main aapki kya madad kar sakta hoon aaj",
)


def answered(*replies: str, id: str = "a") -> Conversation:
    messages = [message for reply in replies for message in (Message("user", "Hi"), Message("assistant", reply))]
    return Conversation(id, tuple(messages), Origin("f.csv"))


def many(code: str, count: int, sentences: int = 3) -> list[Conversation]:
    """Conversations with replies of some sentences of one language, the same every time."""
    drawn = random.Random(f"{code} {count}")
    return [
        answered(" ".join(drawn.sample(SENTENCES[code], sentences)), id=f"{code}:{number}") for number in range(count)
    ]


def dropped(conversations, parameters=DEFAULT) -> list[str]:
    return [drop.conversation.id for drop in drop_wrong_language(conversations, parameters).drops]


def test_there_are_sentences_enough_to_judge_by():
    assert sum(map(len, SENTENCES.values())) >= 300 and set(SENTENCES) == {
        "en",
        "es",
        "ca",
        "pt",
        "gl",
        "fr",
        "it",
        "de",
        "nl",
    }


@pytest.mark.parametrize("own", list(SENTENCES))
def test_no_conversation_in_the_personas_language_goes(own):
    """Each of the 315 sentences, alone and by threes; with the language named and found."""
    alone = [answered(sentence, id=str(number)) for number, sentence in enumerate(SENTENCES[own])]
    for conversations in (alone, many(own, 100)):
        assert dropped(conversations, Clean(languages=[own])) == []
        assert dropped(conversations) == []


def test_planted_foreign_conversations_are_found():
    """Every language planted in a persona of every other: at least 100 letters, 33 conversations a pair."""
    print("\nplanted (rows) among a persona's (columns): share that is dropped\n    " + "     ".join(SENTENCES))
    found, all_ = 0, 0
    for foreign, lines in SENTENCES.items():
        planted = [answered(" ".join(lines[at : at + 3]), id=f"planted:{at}") for at in range(len(lines) - 2)]
        assert all(sum(map(str.isalpha, item.replies[0])) >= 100 for item in planted)
        row = []
        for own in SENTENCES:
            gone = len(dropped(planted, Clean(languages=[own])))
            row.append(f"{gone / len(planted):.2f}")
            if own == foreign:
                assert gone == 0
                continue
            found, all_ = found + gone, all_ + len(planted)
        print(foreign, "  ".join(row))
    print(f"recall {found / all_:.3f} of {all_}")
    assert found / all_ >= 0.95


def test_planted_ones_are_found_without_naming_a_language():
    spanish, french = many("es", 200), many("fr", 4)
    outcome = drop_wrong_language(spanish + french, DEFAULT)
    assert [drop.conversation for drop in outcome.drops] == french
    assert outcome.drops[0].reason == "its replies are in French (fr); the persona's are in Spanish"
    assert outcome.note.startswith("The persona's languages: Spanish (98%) of the conversations")
    assert "Dropped: 4 in French; a language that the persona speaks after all belongs in" in outcome.note


def test_a_shop_in_three_languages_loses_none():
    shop = many("es", 160) + many("en", 26) + many("ca", 14)
    outcome = drop_wrong_language(shop, DEFAULT)
    assert not outcome.drops and not outcome.changed
    assert "Spanish (80%), English (13%) and Catalan (7%)" in outcome.note


def test_min_language_share_decides_what_is_the_personas():
    shop = many("es", 90) + many("de", 10)
    assert dropped(shop) == []
    assert dropped(shop, Clean(min_language_share=0.2)) == [f"de:{number}" for number in range(10)]


def test_languages_decides_what_is_the_personas():
    shop = many("es", 20) + many("en", 20)
    assert dropped(shop, Clean(languages=["en"])) == [f"es:{number}" for number in range(20)]
    assert dropped(shop, Clean(languages=["es-ES", "EN"])) == []
    (drop, *_) = drop_wrong_language(many("de", 3) + shop, Clean(languages=["en", "es"])).drops
    assert drop.reason.endswith("the persona's are in English and Spanish")


def test_an_unknown_language_is_refused_with_those_that_are_known():
    with pytest.raises(CleanError, match=r"(?s)names 'Spanish', which .* es \(Spanish\)"):
        drop_wrong_language([], Clean(languages=["en", "Spanish"]))


def test_short_replies_are_left_alone_and_said_so():
    short = [answered("Oui, bien sûr, à demain !", id="one"), answered("Merci !", "Ça marche.", id="two")]
    outcome = drop_wrong_language(many("en", 50) + short, DEFAULT)
    assert not outcome.drops
    assert outcome.note.endswith("2 conversations are too short to tell their language and were left alone.")
    assert "1 conversation is too short" in drop_wrong_language(short[:1], DEFAULT).note


def test_who_says_it_in_two_languages_stays():
    spanish, french = SENTENCES["es"], SENTENCES["fr"]
    mail = answered("\n".join(french[:3]) + "\n\n" + "\n".join(spanish[:3]), id="mail")
    talk = answered(" ".join(french[3:6]), " ".join(french[6:9]), " ".join(spanish[6:9]), id="talk")
    short = answered(f"{french[0]}\n{spanish[0]}", id="short")
    for own in ("es", "fr"):
        assert dropped([mail, talk, short], Clean(languages=[own])) == []
    assert dropped([mail, talk, short], Clean(languages=["nl"])) == ["mail", "talk", "short"]


def test_the_customers_language_does_not_matter():
    asked = Message("user", " ".join(SENTENCES["fr"][:4]))
    reply = Message("assistant", " ".join(SENTENCES["es"][:3]))
    conversation = Conversation("a", (asked, reply), Origin("f.csv"))
    assert dropped([conversation], Clean(languages=["es"])) == []


@pytest.mark.parametrize(
    "reply",
    [
        "Tapas: patatas bravas, croquetas de jamón, pan con tomate. Come and try them, the kitchen is open till ten.",
        "asdf asdf jkl sdfg sdfg asdf jkl sdfjk asdf sdfg jklj sdfg asdf jkl",
        "https://example.com/es/ayuda/como-devolver-un-pedido-de-la-tienda-de-ropa [CORREO_1] [TELEFONO_2]",
        "```\nfor zeile in datei: drucke(zeile) und dann noch einmal die ganze Zeile\n```\nLike this.",
        "haha hahaha hahahaha aha ha hahahahahaha hahahaha ahahahahah hahaha",
        "THE ORDER IS READY, PLEASE PICK IT UP AT OUR STORE BEFORE SIX THIS AFTERNOON",
    ],
)
def test_odd_replies_of_an_english_persona_stay(reply):
    assert dropped([answered(reply)], Clean(languages=["en"])) == []


def test_a_language_that_nobody_can_tell_loses_nothing():
    conversations = [answered(line, id=str(number)) for number, line in enumerate(HINGLISH)] + many("en", 2)
    outcome = drop_wrong_language(conversations, DEFAULT)
    assert not outcome.drops and outcome.note.startswith("Most replies are in no language that can be told for sure")


def test_languages_none_of_which_is_frequent_lose_nothing():
    mixed = many("es", 10) + many("en", 10) + many("fr", 10)
    outcome = drop_wrong_language(mixed, Clean(min_language_share=0.5))
    assert not outcome.drops and outcome.note.startswith("No language has min_language_share")


@pytest.mark.parametrize("experiment", ["quickstart", "florian"])
def test_the_example_loses_none(experiment):
    chosen = load(experiment)
    conversations = ingest.read_sources(chosen.ingest, ROOT, chosen.shared.persona_name).conversations
    assert len(conversations) > 250
    assert dropped(conversations) == [] and dropped(conversations, Clean(languages=["en"])) == []


def test_a_corpus_of_english_chat_loses_none():
    found = importlib.util.find_spec("chitchat_dataset")
    if found is None:
        pytest.skip("chitchat_dataset is not installed: pip install --no-deps chitchat-dataset")
    talks = json.loads((Path(found.submodule_search_locations[0]) / "dataset.json").read_text(encoding="utf-8"))
    conversations = [
        answered("\n".join(line["text"] for burst in talk["messages"] for line in burst[:1]), id=name)
        for name, talk in talks.items()
    ]
    assert len(conversations) > 4000
    assert dropped(conversations) == []


def test_every_language_has_a_name_and_the_model_knows_it():
    assert set(plausible_languages("")) <= set(LANGUAGES) and len(LANGUAGES) > 60
    told = Counter(next(iter(plausible_languages(line))) for line in SENTENCES["gl"])
    assert told.most_common(1)[0][0] == "gl"


def test_passages_are_whole_lines_and_long_enough():
    lines = SENTENCES["en"][:6]
    pieces = list(passages(["\n".join(lines)]))
    assert " ".join(lines).startswith(" ".join(pieces)) and len(pieces) >= 2
    assert all(sum(map(str.isalpha, piece)) >= ENOUGH_LETTERS for piece in pieces)
    assert list(passages(["ok", "thanks", "see [NAME_1] at www.example.com"])) == []


def test_twice_the_same():
    conversations = many("es", 60) + many("fr", 2)
    assert drop_wrong_language(conversations, DEFAULT) == drop_wrong_language(conversations, DEFAULT)


@pytest.mark.parametrize("unit", ["palabra ", "a", "我们", "a1 ", "```\n", "\n", "¿? ", "@ x.y ", "Ünlü mots "])
def test_time_grows_with_the_length(unit):
    def seconds(length: int) -> float:
        conversation = [answered((unit * length)[:length])]
        begin = time.perf_counter()
        drop_wrong_language(conversation, Clean(languages=["de"]))
        return time.perf_counter() - begin

    seconds(1000)
    small = min(seconds(250_000) for _ in range(3))
    large = min(seconds(1_000_000) for _ in range(2))
    assert large < 10 * small + 0.05, f"{small:.3f} s, {large:.3f} s"
