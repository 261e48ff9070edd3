"""Lines of the software and placeholders of media go, with replies to nothing else; what people say stays."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb.clean.rules import texts
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters.schema import Clean
from marcus_nb.text.chatter import is_system_line
from marcus_nb.text.media import is_media, without_media

SYSTEM = [
    # Intercom, Zendesk, Freshdesk, LiveChat, Tawk, Crisp
    *(
        "Conversation closed",
        "Conversation was reopened by Ana",
        "This conversation has been closed due to inactivity.",
    ),
    *(
        "Assigned to Ana",
        "Unassigned from Ana",
        "Auto-assigned to Billing team",
        "Ana assigned the conversation to Tom",
    ),
    *(
        "Ana reopened the conversation",
        "Ana closed this conversation",
        "[Conversation closed]",
        "Customer rated 5 stars",
    ),
    *("Chat started", "The chat has ended.", "--- Chat ended ---", "Visitor has left", "Chat transcript"),
    *(
        "Agent transferred the chat",
        "Transferring you to an agent",
        "You are now connected with Ana",
        "Ana is typing...",
    ),
    *(
        "Rate this conversation",
        "Please rate your experience",
        "How would you rate the support you received?",
        "typing…",
    ),
    *("Ticket #123 was merged into #120", "Status changed from open to solved", "Priority changed to high"),
    *("Your ticket #4512 has been resolved", "Ana changed the status to solved", "Tags added: billing"),
    *(
        "Este chat ha finalizado",
        "Conversación asignada a Ana López",
        "La conversación ha sido cerrada",
        "Ticket cerrado",
    ),
    *(
        "Chat finalizado por el agente",
        "Ana López se ha unido al chat",
        "El agente Ana ha abandonado el chat",
        "Ticket reabierto",
    ),
    *(
        "Valora esta conversación",
        "¿Cómo valorarías la atención recibida?",
        "Estado cambiado a resuelto",
        "escribiendo…",
    ),
    *("Caso cerrado por inactividad", "Conversación iniciada", "Chat wurde beendet", "Ana a rejoint la conversation"),
    # Slack, Teams, Telegram
    *("Ana joined the chat", "Ana left the conversation", "Tom was added to the group", "Ana added Tom to the group"),
    *("ana92 has joined #general", "*Ana joined the chat*", "Ana unsent a message", "Missed call"),
    # WhatsApp
    "Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read them.",
    "Los mensajes y las llamadas están cifrados de extremo a extremo. Nadie fuera de este chat puede leerlos.",
    "Esta empresa usa un servicio seguro de Meta para administrar este chat.",
    *("You missed a voice call", "Missed video call", "Llamada perdida", "Videollamada perdida a las 10:12"),
    *("This message was deleted", "Se eliminó este mensaje", "Eliminaste este mensaje.", "Mensaje eliminado"),
    *("\u200eThis message was deleted.", "Diese Nachricht wurde gelöscht", "Ce message a été supprimé"),
    *("CONVERSATION CLOSED", "+34 600 123 123 left the group", "Waiting for this message. This may take a while."),
]
SAID = [
    *("conversation closed?", "The ticket is assigned to Ana, she told me", "Is the chat closed", "I joined the chat"),
    *("Why was my ticket closed?", "My case is closed in leather", "Ana left the boat", "We closed the ticket office"),
    *(
        "Everyone in my family left the group",
        "My wife left the chat",
        "Todos han abandonado el grupo",
        "She left the chat",
    ),
    *("Chat", "I missed a call from you", "Please rate my boat", "We have started", "Case closed", "Caso cerrado"),
    *(
        "You left the chat too early, sorry",
        "Can you transfer the chat to Ana?",
        "The session started late and nobody came",
    ),
    *("Ticket to the island: 14", "Ana is typing her thesis", "He joined the group of sailors", "It was closed"),
    *("I deleted this message by mistake", "The case was opened with a knife", "This request is for two boats"),
    *("Hola, se cerró la puerta", "Cerrado los lunes", "Abierto de 9 a 14", "Ticket cerrado no me deja abrirlo"),
    *(
        "Transferred to your account: 20 euros.",
        "Assigned seats?",
        "Missed you!",
        "Rate of exchange",
        "Escribiendo una novela",
    ),
    *(
        "They left the group at noon, so two boats remain",
        "El cliente ha salido a comer, vuelve a las 3",
        "Assigned to me",
    ),
    *(
        "Ana joined the group tour",
        "Lost the chat",
        "Are messages end-to-end encrypted?",
        "Closed on Tuesdays, skipper.",
    ),
    "The conversation was closed by you before I could answer. Please open it again, I need two boats.",
]


@pytest.mark.parametrize("line", SYSTEM)
def test_the_software_s_lines_are_found(line):
    assert is_system_line(line)


@pytest.mark.parametrize("line", SAID)
def test_what_people_say_is_not_the_software_s(line):
    assert not is_system_line(line)
    assert not is_system_line(f"{line}\nConversation closed")


@pytest.mark.parametrize(
    ("line", "text", "found"),
    [
        ("Bot: *", "bot:  17 boats left", True),
        ("Ticket * was merged", "TICKET 12 was\nmerged", True),
        ("Ticket * was merged", "Ticket 12 was merged, why?", False),
        ("Ticket *", "Tickets, please", False),
        ("*left", "17 left", True),
        ("*x*y*", "axbyc", True),
        ("ab*b", "ab", False),
        ("Welcome!", "welcome!", True),
        ("Welcome!", "Welcome! How are you?", False),
        ("a.c", "abc", False),
        ("*", "anything", False),
        ("* - *", "a - b", False),
        ("", "", False),
    ],
)
def test_further_lines(line, text, found):
    assert is_system_line(text, [line]) is found


MEDIA = [
    # WhatsApp on Android and iPhones
    *(
        "<Media omitted>",
        "<Multimedia omitido>",
        "<Medien ausgeschlossen>",
        "image omitted",
        "\u200eimage omitted",
        "imagen omitida",
    ),
    *(
        "sticker omitted",
        "audio omitido",
        "GIF omitted",
        "video omitted",
        "nota de voz omitida",
        "\u200edocument omitted",
    ),
    *(
        "Contact card omitted",
        "Bild weggelassen",
        "image absente",
        "immagine omessa",
        "imagem ocultada",
        "imatge omesa",
    ),
    *(
        "IMG-20240603-WA0001.jpg (file attached)",
        "\u200eIMG-20240603-WA0001.jpg (archivo adjunto)",
        "(archivo adjunto)",
    ),
    *(
        "\u200e<attached: 00000012-PHOTO-2024-06-03-10-12-33.jpg>",
        "<adjunto: 00000012-PHOTO.jpg>",
        "IMG-20240603-WA0001.jpg",
    ),
    *("factura junio.pdf (archivo adjunto)", "video note omitted"),
    # Telegram, Messenger, Slack, Intercom, Outlook, Gmail
    *(
        "[image]",
        "[Foto]",
        "[Sticker]",
        "[Voice message]",
        "[Ubicación]",
        "📷 Photo",
        "🎤 Voice message (0:12)",
        "📎 Attachment",
    ),
    *(
        "[Attachment: x.pdf]",
        "[Adjunto: factura 12.pdf]",
        "[image: image.png]",
        "[cid:image001.png@01DAB5.5B]",
        "(image)",
    ),
    "[Foto]\n[Foto]",
    "<Media omitted> <Media omitted>",
]
EDGES = [
    ("Here it is <Media omitted>", "Here it is"),
    ("<Media omitted>\nLook", "Look"),
    ("Mira <Multimedia omitido>\nguapo", "Mira\nguapo"),
    ("<Multimedia omitido> mira", "mira"),
    ("IMG-20240603-WA0001.jpg (file attached)\nLook!", "Look!"),
    ("Here is IMG_1234.jpg (file attached)", "Here is"),
    ("Mira\n[Foto]\nguapo", "Mira\nguapo"),
    ("Te lo mando [Adjunto: x.pdf]", "Te lo mando"),
    ("Thanks [cid:image001.png@01D] [cid:image002.png@01D]", "Thanks"),
]
NOT_MEDIA = [
    *(
        "Photo",
        "Foto",
        "image",
        "Use [image] tags",
        "I sent a photo",
        "He omitted the image",
        "Attachment",
        "📷",
        "[1]",
        "[sic]",
    ),
    *(
        "The image omitted from the page is here",
        "Send me a [photo] please",
        "the file is attached",
        "see (image) above",
    ),
    *("video", "<phone>", "[EMAIL_1]", "I love stickers", "An image is omitted in the catalogue", "<3", "*waves*"),
    *(
        "My photo omitted the boat",
        "Here is a photo: 📷",
        "(photo by Tom)",
        "IMG or PNG?",
        "Me mandas una foto?",
        "[Open]",
    ),
    *("document 3", "Location: the quay", "report.pdf", "(see file)", "📍 The old quay", "Ring <name>", "a < b > c"),
]


@pytest.mark.parametrize("line", MEDIA)
def test_placeholders_are_nothing_else(line):
    assert is_media(line)
    assert without_media(line) == ""


@pytest.mark.parametrize(("text", "said"), EDGES)
def test_a_placeholder_at_the_edge_is_cut_out(text, said):
    assert without_media(text) == said
    assert without_media(said) == said


@pytest.mark.parametrize("text", [*NOT_MEDIA, *SAID])
def test_what_is_no_placeholder_stays(text):
    assert without_media(text) == text
    assert not is_media(text)


@settings(derandomize=True)
@given(st.lists(st.sampled_from([*MEDIA, *NOT_MEDIA, " ", "\n", "\n", "Aye."]), max_size=6).map("".join))
def test_a_second_pass_changes_nothing(value):
    once = without_media(value)
    assert without_media(once) == once


def seconds(function, value):
    best = 9e9
    for _ in range(2):
        started = time.perf_counter()
        function(value)
        best = min(best, time.perf_counter() - started)
    return best


HOSTILE = [
    "a ",
    "[image] ",
    "<Media omitted> ",
    "<Media omitted>\n",
    "[",
    "(",
    "IMG-",
    "a.jpg (file attached) ",
    "a (",
    "*\n",
    "--\n",
]


@pytest.mark.parametrize(
    "part", [*HOSTILE, "[foto]\n", "ticket ", "Ana joined ", "a b c closed ", "<image", "\u200e", "é"]
)
@pytest.mark.parametrize("function", [without_media, lambda text: is_system_line(text, ["a*b*c*", "*x*y"])])
def test_hostile_text_takes_linear_time(function, part):
    short, long = (seconds(function, part * (size // len(part))) for size in (25_000, 100_000))
    assert long < 10 * short + 0.15, f"{short:.3f} s, of four times as much {long:.3f} s"


@pytest.mark.parametrize(
    "part", ["a ", "ticket ", "Ana joined ", "a b c closed ", "The chat ", "A A A left ", "Ana B "]
)
def test_short_hostile_lines_take_no_time(part):
    assert seconds(is_system_line, (part * 100)[:119]) < 0.01


def talk(*said):
    messages = [Message("user" if side == "u" else "assistant", text) for side, text in said]
    return Conversation("a", tuple(messages), Origin("f.csv"))


def left(rule, conversation, **parameters):
    outcome = rule([conversation], Clean(**parameters))
    after = outcome.changed.get(conversation.id, conversation.messages)
    return [None if message is None else message.content for message in after], outcome


def test_system_lines_are_removed_whole():
    said = talk(
        ("u", "Open?"), ("a", "Assigned to Ana"), ("a", "Aye."), ("u", "conversation closed?"), ("u", "Chat ended")
    )
    kept, outcome = left(texts.system_lines, said)
    assert kept == ["Open?", None, "Aye.", "conversation closed?", None]
    assert outcome.changed["a"][0] is said.messages[0]
    assert not outcome.drops


def test_further_system_lines_are_removed():
    said = talk(("u", "Open?"), ("a", "Bot: 3 in the queue"), ("a", "Aye."))
    assert left(texts.system_lines, said)[0] == ["Open?", "Bot: 3 in the queue", "Aye."]
    assert left(texts.system_lines, said, extra_system_lines=["bot: *"])[0] == ["Open?", None, "Aye."]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([("u", "<Media omitted>"), ("a", "Lovely!")], [None, None]),
        (
            [("u", "[Foto]"), ("a", "Lovely!"), ("a", "Really."), ("u", "Open?"), ("a", "Aye.")],
            [None, None, None, "Open?", "Aye."],
        ),
        ([("u", "Which boat?"), ("u", "[Foto]"), ("a", "The punt.")], ["Which boat?", None, "The punt."]),
        ([("u", "[Foto]"), ("u", "Which boat?"), ("a", "The punt.")], [None, "Which boat?", "The punt."]),
        ([("u", "This one <Media omitted>"), ("a", "The punt.")], ["This one", "The punt."]),
        (
            [("a", "Welcome!"), ("u", "Open?"), ("a", "<Media omitted>"), ("a", "Aye.")],
            ["Welcome!", "Open?", None, "Aye."],
        ),
        ([("u", "Open?"), ("a", "Aye."), ("u", "sticker omitted"), ("a", "Ha!")], ["Open?", "Aye.", None, None]),
        ([("u", "Foto?"), ("a", "Aye.")], ["Foto?", "Aye."]),
    ],
)
def test_a_reply_to_nothing_but_a_picture_goes_with_it(said, kept):
    assert left(texts.media_placeholders, talk(*said))[0] == kept


def test_the_note_counts_such_replies():
    outcome = left(texts.media_placeholders, talk(("u", "[Foto]"), ("a", "Lovely!"), ("a", "Really.")))[1]
    assert outcome.note.startswith("2 replies ")
    assert not left(texts.media_placeholders, talk(("u", "[Foto] x"), ("a", "Lovely!")))[1].note


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("unicode_repair", "donâ€™t", "don’t"),
        ("invisible_characters", "Two\u200b boats", "Two boats"),
        ("unicode_nfc", "cafe\u0301", "café"),
        ("whitespace", " Two  boats ", "Two boats"),
    ],
)
def test_rules_of_characters(name, before, after):
    rule = getattr(texts, name)
    good = "¿Cuánto cuesta? 👩‍👩‍👧 – “sicher”, می‌خواهم"
    assert left(rule, talk(("u", good), ("a", before)))[0] == [good, after]
    assert not rule([talk(("u", good), ("a", after))], Clean()).changed


def test_a_message_of_nothing_visible_is_removed_and_a_blank_one_stays():
    assert left(texts.invisible_characters, talk(("u", "\u200b"), ("a", " ")))[0] == [None, " "]
