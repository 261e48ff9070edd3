"""max_canned_share: formulas go where they are asked to go, and the persona's voice and knowledge stay."""

import random
import time

import pytest
from language_sentences import SENTENCES

from marcus_nb import ingest
from marcus_nb.clean.rules.canned import max_canned_share
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters import ROOT, load
from marcus_nb.parameters.schema import Clean

ON = Clean(max_canned_share=0.3)
OFF = Clean(max_canned_share=1.0)
THANKS = "Thank you for contacting Acme Support!"
ELSE = "Is there anything else I can help you with?"


def talk(number: int, *turns: str, customer: str | None = None, first: str = "user") -> Conversation:
    roles = ("user", "assistant") if first == "user" else ("assistant", "user")
    messages = [Message(roles[place % 2], text, (place + 1,)) for place, text in enumerate(turns)]
    return Conversation(f"c{number}", tuple(messages), Origin("f.csv"), customer)


def sentence(number: int, code: str = "en") -> str:
    """A sentence of its own for each number."""
    line = SENTENCES[code][number % len(SENTENCES[code])]
    return f"{line[0].upper()}{line[1:-1]}, and that makes {number}."


def closing(count: int, of: int = 100, with_=ELSE) -> list[Conversation]:
    """Conversations, `count` of them with a reply that closes with a formula."""
    return [
        talk(number, f"Question {number}?", sentence(number) + (f" {with_}" if number < count else ""))
        for number in range(of)
    ]


def replies(outcome, conversations) -> list[list[str]]:
    return [
        [turn.content for turn in outcome.changed.get(item.id, item.messages) if turn and turn.role == "assistant"]
        for item in conversations
    ]


# --- what is removed ----------------------------------------------------------------------------------------------


def test_a_closing_above_the_share_is_removed_and_named():
    conversations = closing(62)
    outcome = max_canned_share(conversations, ON)
    assert replies(outcome, conversations) == [[sentence(number)] for number in range(100)]
    assert set(outcome.changed) == {f"c{number}" for number in range(62)} and not outcome.drops
    assert outcome.note == f"“{ELSE}” was removed from 62 conversations."
    changed = outcome.changed["c0"]
    assert changed[0] is conversations[0].messages[0] and changed[1].lines == (2,)


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("¡Gracias por contactar con Viajes Costa Brava!", "es"),
        ("Gràcies per contactar amb la nostra botiga.", "ca"),
        ("Merci d'avoir contacté notre service client !", "fr"),
        ("Vielen Dank für Ihre Nachricht an unser Team.", "de"),
        ("Grazie per aver contattato il nostro servizio clienti.", "it"),
        ("Obrigado por entrar em contacto com a loja.", "pt"),
    ],
)
def test_an_opening_in_other_languages(formula, code):
    conversations = [talk(number, "?", f"{formula} {sentence(number, code)}") for number in range(30)]
    assert replies(max_canned_share(conversations, ON), conversations) == [[sentence(n, code)] for n in range(30)]


def test_the_share_decides():
    conversations = closing(40)
    assert len(max_canned_share(conversations, Clean(max_canned_share=0.39)).changed) == 40
    assert not max_canned_share(conversations, Clean(max_canned_share=0.4)).changed


def test_a_greeting_and_a_name_around_it_stay():
    mails = [
        talk(n, "?", f"Hi Tom,\n\n{THANKS} {sentence(n)}\n\n{sentence(n, 'es')}\n\n{ELSE}\n\nKind regards,\nAna")
        for n in range(20)
    ]
    left = replies(max_canned_share(mails, ON), mails)
    assert left[7] == [f"Hi Tom,\n\n{sentence(7)}\n\n{sentence(7, 'es')}\n\nKind regards,\nAna"]


def test_names_and_ticket_numbers_may_differ_and_are_not_shown():
    names, agents = ["Tom", "Ana Ruiz", "Mehmet"], ["Luis", "Marta", "Jo"]
    conversations = [
        talk(
            n,
            "?",
            f"Thanks for writing to Acme, {names[n % 3]}. My name is {agents[n % 3]} and I look after you today. "
            f"Your ticket has the number {70000 + n}. {sentence(n)}",
            customer=names[n % 3],
        )
        for n in range(30)
    ]
    outcome = max_canned_share(conversations, ON)
    assert replies(outcome, conversations) == [[sentence(n)] for n in range(30)]
    assert "“Thanks for writing to Acme, …. ”" not in outcome.note and "writing to Acme, …" in outcome.note
    assert not any(word in outcome.note for word in ("Tom", "Ruiz", "Luis", "Marta", "70000"))


def test_a_greeting_message_of_its_own_goes_and_its_question_joins_the_next():
    conversations = [
        talk(n, "Hi", f"{THANKS} How can I help you today?", f"Question {n}?", sentence(n), "Thanks", ELSE)
        for n in range(20)
    ]
    outcome = max_canned_share(conversations, ON)
    kept = [message and message.role for message in outcome.changed["c3"]]
    assert kept == ["user", None, "user", "assistant", "user", None]
    apart = max_canned_share(conversations, Clean(max_canned_share=0.3, join_turns=False))
    kept = [message and message.role for message in apart.changed["c3"]]
    assert kept == ["user", "assistant", "user", "assistant", "user", None], "turns still alternate"


def test_a_first_message_of_the_persona_goes():
    conversations = [talk(n, THANKS, f"Question {n}?", sentence(n), first="assistant") for n in range(20)]
    outcome = max_canned_share(conversations, Clean(max_canned_share=0.3, join_turns=False))
    assert outcome.changed["c0"] == [None, *conversations[0].messages[1:]]


# --- what stays ---------------------------------------------------------------------------------------------------


def test_nothing_is_removed_where_it_is_switched_off_but_named():
    outcome = max_canned_share(closing(62), OFF)
    assert not outcome.changed
    assert outcome.note == (
        f"Often said, and kept: “{ELSE}” (62% of the conversations). Where that is a formula and not the persona's own "
        "voice, clean.max_canned_share: 0.6 removes what stands in more."
    )
    assert max_canned_share(closing(62), Clean(max_canned_share=0.6)).changed, "the advice works"
    assert max_canned_share(closing(10, of=10), Clean(max_canned_share=0.95)).changed
    assert max_canned_share(closing(9), OFF).note == ""


@pytest.mark.parametrize("voice", ["Aye, skipper.", "Mind the tide.", "– your Florian!"])
def test_a_short_catchphrase_stays(voice):
    conversations = [talk(n, "?", f"{voice} {sentence(n)}\n{sentence(n, 'es')}\n{voice}") for n in range(30)]
    outcome = max_canned_share(conversations, Clean(max_canned_share=0.01))
    assert not outcome.changed and not outcome.note


def test_what_stands_in_the_middle_stays():
    conversations = []
    for n in range(30):
        before, after = ([sentence(n, code) for code in codes] for codes in (("en", "es", "fr"), ("de", "it", "nl")))
        conversations.append(talk(n, "?", " ".join([*before, ELSE, *after])))
    assert not max_canned_share(conversations, ON).changed


def test_answers_that_differ_in_a_price_or_a_day_are_no_formula():
    prices = [talk(n, "?", f"The boat costs you {n + 10} pounds for an hour. {sentence(n)}") for n in range(30)]
    houses = [talk(n, "?", f"The asking price of that house is {n + 100}000. {sentence(n)}") for n in range(30)]
    days = [talk(n, "?", f"Your table is booked for {n} June, skipper. {sentence(n)}") for n in range(30)]
    for conversations in (prices, houses, days):
        assert not max_canned_share(conversations, Clean(max_canned_share=0.01)).changed


def test_few_conversations_make_no_formula():
    assert not max_canned_share(closing(9, of=9), ON).changed
    assert max_canned_share(closing(10, of=10), ON).changed


def test_a_copied_conversation_counts_once():
    copies = [talk(n, "Open?", f"We open at eight and close at six. {ELSE}") for n in range(60)]
    assert not max_canned_share(copies + closing(0, of=40), ON).changed


def test_a_conversation_with_no_other_reply_stays_as_it_was():
    alone = [talk(1000 + n, f"Question {n}?", f"{THANKS} {ELSE}") for n in range(20)]
    outcome = max_canned_share(alone + closing(30, of=30), ON)
    assert not outcome.changed.keys() & {item.id for item in alone}
    assert len(outcome.changed) == 30


@pytest.mark.parametrize("title", ["Dr.", "Sra.", "St.", "D.", "Prof."])
def test_a_sentence_does_not_end_at_a_title(title):
    conversations = [talk(n, "?", f"Your appointment was made with {title} Smith{n} of room {n}.") for n in range(30)]
    assert not max_canned_share(conversations, ON).changed


def test_what_the_customer_says_stays():
    conversations = [
        talk(n, f"Hello dear people of the boat shop! {sentence(n)}", sentence(n, "es")) for n in range(30)
    ]
    outcome = max_canned_share(conversations, Clean(max_canned_share=0.01))
    assert not outcome.changed and not outcome.note


@pytest.mark.parametrize("experiment", ["quickstart", "florian"])
@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_nothing_of_nell_and_florian_is_touched(experiment, share):
    chosen = load(experiment)
    conversations = ingest.read_sources(chosen.ingest, ROOT, chosen.shared.persona_name).conversations
    outcome = max_canned_share(conversations, Clean(max_canned_share=share))
    assert not outcome.changed and not outcome.drops and not outcome.note


# --- the same every time, and linear ------------------------------------------------------------------------------


def test_a_second_time_finds_nothing_more():
    conversations = closing(62)
    outcome = max_canned_share(conversations, ON)
    assert max_canned_share(conversations, ON) == outcome
    again = [item.with_messages(m for m in outcome.changed.get(item.id, item.messages) if m) for item in conversations]
    assert not max_canned_share(again, ON).changed


def test_order_does_not_matter():
    conversations = closing(62)
    mixed = random.Random(1).sample(conversations, len(conversations))
    assert max_canned_share(mixed, ON).changed == max_canned_share(conversations, ON).changed


@pytest.mark.parametrize("unit", ["word ", ".", ". A", "!”) ", "\n", "[A", "{{", "9", "my name is ", "Dr. ", "。"])
def test_time_grows_with_the_length(unit):
    def seconds(length: int) -> float:
        conversations = [talk(n, "?", (unit * length)[:length] + str(n), customer="a b") for n in range(12)]
        begin = time.perf_counter()
        max_canned_share(conversations, ON)
        return time.perf_counter() - begin

    small = min(seconds(100_000) for _ in range(3))
    large = min(seconds(400_000) for _ in range(3))
    assert large < 10 * small + 0.05, f"{small:.3f} s, {large:.3f} s"
