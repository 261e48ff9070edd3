"""What mail programs add to what people write goes: quotes, contacts, legal notes. What people write stays."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mail_notes import NOT_NOTES, NOTES

from marcus_nb.clean.rules import texts
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters.schema import Clean
from marcus_nb.text.mail_disclaimers import without_disclaimer
from marcus_nb.text.mail_quotes import without_quotes
from marcus_nb.text.mail_signatures import without_signature

INTRODUCTIONS = [
    # Gmail, on the web and on telephones
    "On Mon, 3 Jun 2024 at 10:12, Tom <tom@x.example> wrote:",
    "On Mon, Jun 3, 2024 at 10:12 AM Tom Archer <tom.archer@x.example>\nwrote:",
    "On Mon, Jun 3, 2024, 10:12 AM Tom Archer via Example Support Desk\n<tom.archer.of.the.boatyard@x.example>\nwrote:",
    "El lun, 3 jun 2024 a las 10:12, Ana (<ana@x.example>) escribió:",
    "Le lun. 3 juin 2024 à 10:12, Anne <anne@x.example> a écrit :",
    "Am Mo., 3. Juni 2024 um 10:12 Uhr schrieb Ana <ana@x.example>:",
    "Il giorno lun 3 giu 2024 alle ore 10:12 Ana <ana@x.example> ha scritto:",
    "Em seg., 3 de jun. de 2024 às 10:12, Ana <ana@x.example> escreveu:",
    "Missatge de Ana <ana@x.example> del dia dl., 3 de juny 2024 a les 10:12:",
    "2024-06-03 10:12 GMT+02:00 Ana <ana@x.example>:",
    # Apple Mail
    "On 3 Jun 2024, at 10:12, Tom <tom@x.example> wrote:",
    "> On 3 Jun 2024, at 10:12, Tom <tom@x.example> wrote:",
    "El 3 jun 2024, a las 10:12, Ana <ana@x.example> escribió:",
    "Am 03.06.2024 um 10:12 schrieb Ana <ana@x.example>:",
    # Thunderbird, Yahoo, Outlook on the web
    "On 6/3/24 10:12, Tom wrote:",
    "El 3/6/24 a las 10:12, Ana escribió:",
    "Am 03.06.24 um 10:12 schrieb Ana:",
    "El dl., 3 de juny 2024, 10:12, Ana <ana@x.example> va escriure:",
    "El lunes, 3 de junio de 2024, 10:12:33 CEST, Ana <ana@x.example> escribió:",
    "Ana López <ana@x.example> escribió el lunes, 3 de junio de 2024 a las 10:12:",
    # Outlook
    "-----Original Message-----\nFrom: Tom\nSent: 3 June 2024",
    "-----Mensaje original-----\nDe: Ana",
    "________________________________\nFrom: Tom <t@x.example>\nSent: 3 June 2024 10:12\nTo: N\nSubject: Re: x\n",
    "De: Ana <ana@x.example>\nEnviado: lunes, 3 de junio de 2024 10:12\nPara: Info <i@x.example>\nAsunto: RE: barcos\n",
    "De: Ana [mailto:ana@x.example]\nEnviado el: lunes, 3 de junio de 2024 10:12\nPara: I\nCC: L\nAsunto: RE: barcos",
    "*From:* Tom <t@x.example>\n*Sent:* Monday\n*To:* Nell\n*Subject:* Re: x\n",
    "De : Anne <a@x.example>\nEnvoyé : lundi 3 juin 2024 10:12\nÀ : Info\nObjet : RE: bateaux\n",
    "Von: Ana <a@x.example>\nGesendet: Montag, 3. Juni 2024 10:12\nAn: Info\nBetreff: AW: Boote\n",
    "Da: Ana <a@x.example>\nInviato: lunedì 3 giugno 2024 10:12\nA: Info\nOggetto: R: barche\n",
    "From: Tom <t@x.example>\nDate: Monday, 3 June 2024 at 10:12\nTo: N <n@x.example>\nSubject: Re: x\n",
    # Zendesk
    "##- Please type your reply above this line -##",
    "##- Escriba su respuesta por encima de esta línea -##",
]
OTHER_QUOTES = [
    ("Ok! On Mon, 3 Jun 2024 at 10:12, Ann <a@x.example> wrote: Hi there", "Ok!"),
    ("Gracias El lun, 3 jun 2024 a las 10:12, Ana <ana@x.example> escribió: Hola", "Gracias"),
    ("Ok. From: Ann <a@x.example> Sent: Monday, June 3, 2024 10:12 AM To: Info Subject: Re: boats Hello", "Ok."),
    ("> When do you open?\nAt 8.\n> And dogs?\nWelcome.", "At 8.\nWelcome."),
    ("Hi Tom,\n> When do you open?\nAt 8.\n\n> And dogs?\n> Two of them.\n\nWelcome.", "Hi Tom,\nAt 8.\n\nWelcome."),
    ("On 3 Jun 2024, at 10:12, Tom wrote:\n> Open?\nAye.\n> Dogs?\nAye.", "Aye.\nAye."),
    (
        "See inline.\n\nFrom: N <n@x.example>\nSent: 2 June 2025 10:14\nTo: Tom\nSubject: fit\n\n"
        "> Height?\n178 cm\n> Leg?\n82",
        "See inline.\n\n178 cm\n82",
    ),
    ("On 3 Jun 2024, at 10:12, Tom wrote:\n\n> Open?\n\nAye.\n\n-- \nNell", "Aye.\n\n-- \nNell"),
    (
        "How much?\n\n---------- Forwarded message ---------\nFrom: Ann <a@x.example>\nDate: Mon, 3 Jun 2024\n"
        "Subject: Boats\nTo: <i@x.example>\n\nTwo boats, please.",
        "How much?\n\nTwo boats, please.",
    ),
    ("Inicio del mensaje reenviado:\n\nDe: Ana <a@x.example>\nAsunto: Barcos\nFecha: 3 junio\nPara: i\n\nDos.", "Dos."),
    ("##- Please type your reply above this line -##\n\nHello Ann", "Hello Ann"),
]
NOT_QUOTES = [
    "> When do you open?\nAt 8",
    "> only\n> quotes",
    "On Mon, 3 Jun 2024 at 10:12, Tom <tom@x.example> wrote:\n> all that there is",
    "Our boats:\n> Rowing boat 14\n> Punt 18",
    "Our boats:\n> Rowing boat 14\n> Punt 18\nSee you!",
    ">>> print(1)\n1\n>>> print(2)\n2",
    "a > b\nc > d",
    "-> here\n=> there\n> 18 only",
    "as my mother wrote:\nDry socks",
    "On Monday my mother wrote: dry socks",
    "In 1920 he wrote:\nMind the tide",
    "El 3 de junio escribió:\nnada",
    "Ana me escribió: mañana a las 10:30 en el muelle",
    "He wrote at 10:30, then again at 11:00. What now?",
    "From: London\nTo: Paris\nDate: 3 June 2024\nTwo people",
    "De: Madrid\nA: Sevilla\nFecha: 3/6/2024",
    "Name: Tom\nFrom: 3 June\nTo: 5 June\nSubject: boats",
    "De: 9:00\nA: 14:00",
    "From: the old quay\nMind the tide",
    "New message from the website\nFrom: Tom <t@x.example>\nSubject: boats\nDate: 3 June\nMessage: How much?",
    "Nuevo mensaje\nDe: Ana <ana@x.example>\nAsunto: barcos\nTeléfono: 600 123 123\nMensaje: ¿Cuánto cuesta?",
    "---\nHello\n---",
    "_____\nForm below\n_____",
    "Please forward this message to Tom",
    "I never got your original message",
    "Here is a poem\n\n> Roses\n> Violets\n> Boats",
    "Subject: boats\nHow much?",
    "The letter said, on 3 May 2021, he wrote: come",
    "Quedamos el lunes a las 10:12, como escribiste",
    "Esto me llegó:\n\nDe: Correos <a@x.example>\nPara: mí\nAsunto: Paga 1,99 €\n\n¿Es vuestro o es un timo?",
    "Datos del envío:\nDe: Marta, Lugo\nPara: Luis, Vigo\nFecha: 12 de mayo\nAsunto: sofá\n¿Cuánto?",
    "Para la tarjeta.\nDe: Los abuelos\nPara: Leo\nEnviado: 3 de marzo\nAsunto: ¡Feliz cumple!",
    "Sent: yesterday\nArrived: today\nFrom: Tom",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
@pytest.mark.parametrize("quote", ["\n> When do you open?\n> \n> Tom", "\n\nWhen do you open?\n\nTom"])
def test_what_a_mail_quotes_goes(introduction, quote):
    assert without_quotes(f"At eight.\n\nNell\n\n{introduction}{quote}") == "At eight.\n\nNell"


@pytest.mark.parametrize(("mail", "said"), OTHER_QUOTES)
def test_answers_and_forwarded_words_stay(mail, said):
    assert without_quotes(mail) == said


@pytest.mark.parametrize("text", NOT_QUOTES)
def test_what_is_no_quote_stays(text):
    assert without_quotes(text) == text


SENT_FROM = [
    *(
        "Sent from my iPhone",
        "Sent from my Samsung Galaxy smartphone.",
        "Sent from Outlook for Android",
        "Get Outlook for iOS",
    ),
    *(
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Get Outlook for Android (https://aka.ms/x)",
        "Sent from my T-Mobile 5G Device",
    ),
    *("Sent from Mail for Windows 10", "Sent from Yahoo Mail on Android", "Sent from my mobile, please excuse typos"),
    *("Sent with Proton Mail secure email.", "Sent from the all-new AOL app for iOS", "Enviado desde mi iPhone"),
    *("Enviado desde Outlook para Android", "Enviado desde mi móvil", "Enviado desde mi Samsung Mobile de Claro"),
    *(
        "Enviado desde Correo para Windows",
        "Obtener Outlook para iOS",
        "Enviado con Proton Mail",
        "Von meinem iPhone gesendet",
    ),
    *("Gesendet von meinem iPhone", "Gesendet von Mail für Windows", "Outlook für Android herunterladen"),
    *(
        "Diese Nachricht wurde von meinem Android-Gerät mit GMX Mail gesendet.",
        "Envoyé de mon iPhone",
        "Inviato da iPhone",
    ),
    *("Envoyé depuis mon téléphone", "Envoyé à partir de Outlook pour Android", "Télécharger Outlook pour iOS"),
    *(
        "Provenance : Courrier pour Windows 10",
        "Inviato dal mio iPhone",
        "Ottieni Outlook per iOS",
        "Enviado do meu iPhone",
    ),
    *("Enviado a partir do meu telemóvel", "Obter o Outlook para Android", "Enviat des del meu iPhone"),
]
SIGNED = [
    (
        "At eight.\n\nKind regards,\nNell Pellow\nPellow's Boatyard\nTel. 01326 555 010\nwww.x.example",
        "At eight.\n\nKind regards,\nNell Pellow",
    ),
    (
        "Abrimos.\n\nUn saludo,\nAna López\nDirectora\nBarcos S.L.\nC/ Mayor 12, 28001 Madrid\nTel. +34 600 123 123",
        "Abrimos.\n\nUn saludo,\nAna López",
    ),
    ("Ok\n--\nAna\n600 123 123", "Ok\n--\nAna"),
    ("Ok\n\n-- \nAna Ruiz | Barcos\nM: 600 123 123 | E: ana@x.example", "Ok\n\n-- \nAna Ruiz"),
    ("Vale. Un cordial saludo,\n\nAna\nTel: 600123123", "Vale. Un cordial saludo,\n\nAna"),
    ("Vale.\n\nUn saludo, Ana López\nTel. 600 123 123\nana@x.example", "Vale.\n\nUn saludo, Ana López"),
    (
        "Dry socks!\n\nBest,\nNell\n☎ 01326555010 | n@x.example\nMind the tide!",
        "Dry socks!\n\nBest,\nNell\nMind the tide!",
    ),
    (
        "Hi\n\nThanks and regards,\nTom Archer\nAcme Ltd | 12 High Street, London\nT: 020 7946 0018\nE: t@x.example",
        "Hi\n\nThanks and regards,\nTom Archer",
    ),
    (
        "Passt.\n\nMit freundlichen Grüßen\nAna Maier\n\nBoote GmbH\nHafenstraße 3, 20359 Hamburg\nTelefon: 040 123456",
        "Passt.\n\nMit freundlichen Grüßen\nAna Maier",
    ),
    ("D'accord.\n\nCordialement,\nAnne Petit\nTél. : 01 23 45 67 89", "D'accord.\n\nCordialement,\nAnne Petit"),
    ("Ok\n\nAtentamente\n\nPedro Ruiz\nDpto. Comercial\nhttps://x.example", "Ok\n\nAtentamente\n\nPedro Ruiz"),
    (
        "Va bene.\n\nCordiali saluti\nAnna Rossi\nVia Roma 3, 00100 Roma\nTel. 06 1234567",
        "Va bene.\n\nCordiali saluti\nAnna Rossi",
    ),
    ("Certo.\n\nMelhores cumprimentos,\nAna\nTelemóvel: 912 345 678", "Certo.\n\nMelhores cumprimentos,\nAna"),
    ("D'acord.\n\nSalutacions,\nJordi\nMòbil: 600 123 123", "D'acord.\n\nSalutacions,\nJordi"),
    ("Aye.\n\nRegards,\nNell\nMind the tide\nwww.x.example", "Aye.\n\nRegards,\nNell\nMind the tide"),
    ("Sure. Sent from my iPhone", "Sure."),
    ("Vale, gracias. Enviado desde mi iPhone", "Vale, gracias."),
    ("Sent from my iPhone\n\nBut I add this.", "But I add this."),
    ("Sent from my iPhone", ""),
]
NOT_SIGNED = [
    *(
        "Sent from my heart",
        "Enviado desde mi corazón",
        "Sent from my boat",
        "It was sent from my iPhone",
        "Get the phone",
    ),
    *("Get Outlook working again please", "Von der Mail weiss ich nichts", "Sent by mail yesterday?"),
    *("Descargar la app en mi móvil no funciona", "My iPhone. Was it sent from my iPhone?"),
    "You can call me on 600 123 123",
    "Gracias,\nAna\n600123123",
    "Thanks\nmy number is 600 123 123",
    "See you soon!\n– your Florian!",
    "Cheers,\nNell, Pellow's Boatyard",
    "Here are our contacts:\nTel: 600 123 123\nwww.x.example",
    "Our boatyard\n\nPellow's\nTel. 01326 555 010\nwww.x.example",
    "Kind regards,\nNell",
    "Un saludo,\nAna López\nAtención al cliente",
    "Gracias\nMi teléfono es 600 123 123.",
    "Thanks\nPlease call me on 600123123, I am at home until 8 and then leave",
    "Saludos,\nVuestro capitán\nFlorian, a bordo desde 1998",
    "--\nNell, Pellow's Boatyard",
    "Best,\nNell\n\nP.S. Our number is 01326 555010 if you get lost.",
    "Ok\n\nSaludos,\nAna\n12/06/2024 10:30",
    "Ok\n\nSaludos,\nJ. P. Morgan\nP.S. e.g. this",
    "Gracias,\nAna\nPedido 123456789",
    "Prices:\n--\nPunt 14\nSkiff 18",
    "Best boats:\nTom's\nwww.x.example",
    "Cheers\nMind the tide\nDry socks",
    "Regards to Tom\nhis number is 600 123 123",
    "Saludos desde Cádiz\nwww.x.example es nuestra web, por si te sirve",
]


@pytest.mark.parametrize("line", SENT_FROM)
def test_what_a_telephone_adds_goes(line):
    assert without_signature(f"At eight.\n\n{line}") == "At eight."
    assert without_signature(f"At eight.\n\n{line}\n\nNell") == "At eight.\n\nNell"


@pytest.mark.parametrize(("mail", "said"), SIGNED)
def test_contacts_go_and_the_closing_stays(mail, said):
    assert without_signature(mail) == said


@pytest.mark.parametrize("text", NOT_SIGNED)
def test_what_is_no_contact_block_stays(text):
    assert without_signature(text) == text


FUNCTIONS = [without_quotes, without_signature, without_disclaimer]
PIECES = [*INTRODUCTIONS[:8], *INTRODUCTIONS[20:24], *SENT_FROM[:6], *(mail for mail, _ in SIGNED[:6]), *NOTES[:8]]
PIECES += [
    "> Open?",
    "> Dogs?\n> Two",
    "Aye.",
    "",
    "Best regards,",
    "--",
    "Nell",
    "Mind the tide.",
    "600 123 123",
    "Tel. 1",
]


@pytest.mark.parametrize("text", [*NOT_QUOTES, *NOT_SIGNED, *NOT_NOTES])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_good_text_stays_with_each_of_them(function, text):
    assert function(text) == text


@pytest.mark.parametrize("function", FUNCTIONS)
@settings(derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=6).map("\n".join))
def test_nothing_is_added_and_a_second_pass_changes_nothing(function, mail):
    once = function(mail)
    assert set(once.split()) <= set(mail.split())
    assert function(once) == once


def seconds(function, value):
    best = 9e9
    for _ in range(2):
        started = time.perf_counter()
        function(value)
        best = min(best, time.perf_counter() - started)
    return best


HOSTILE = [
    "On a ",
    "On 1 wrote:\n",
    "On 2024 <a@b.c> ",
    "El 3 jun 2024 ",
    "> \n",
    "> a\nb\n",
    ">",
    "From: a\n",
    "From: Sent: ",
]
HOSTILE += [
    "From: @",
    "De: Subject: To: ",
    "From: x@y.z Sent:\nTo: Subject:\n",
    "-----",
    "_____\n",
    "wrote:",
    "Missatge de ",
]
HOSTILE += ["From: x@y.z\nSent:\nTo:\n> a\nb\n> c\nd\n", "This e-mail virus ", "Powered by Zendesk\n", "Finalidad: x\n"]
HOSTILE += [
    "---------- Forwarded message ---------\n",
    "Sent from my ",
    "\nSent from my iPhone",
    "Saludos, A ",
    "Regards,\n",
]
HOSTILE += [
    "--\n",
    "600 123 123\n",
    "a@",
    "www.",
    "Tel. \n",
    "This e-mail and any files confidential recipient delete ",
]
HOSTILE += [
    "\nThis message confidential recipient delete notify error",
    "confidential\n",
    "Antes de imprimir ",
    "P ",
    "\n",
    " \n",
]


@pytest.mark.parametrize("part", HOSTILE)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_hostile_mail_takes_linear_time(function, part):
    short, long = (seconds(function, part * (size // len(part))) for size in (25_000, 100_000))
    assert long < 10 * short + 0.15, f"{short:.3f} s, of four times as much {long:.3f} s"


def test_the_rules_change_the_mails_they_are_for():
    mail = "At eight.\n\nBest regards,\nNell\nTel. 01326 555 010\nwww.x.example"
    mail = f"{mail}\n\n{NOTES[0]}\n\n{INTRODUCTIONS[0]}\n> Open?"
    talk = Conversation("a", (Message("user", "Open?"), Message("assistant", mail, (2,))), Origin("f.csv"))
    for rule, gone in (
        (texts.email_quotes, "Tom"),
        (texts.disclaimers, "confidential"),
        (texts.email_signatures, "01326"),
    ):
        assert gone in talk.messages[1].content
        changed = rule([talk], Clean()).changed["a"]
        assert changed[0] is talk.messages[0] and changed[1].lines == (2,)
        talk = talk.with_messages(changed)
        assert gone not in talk.messages[1].content
        assert not rule([talk], Clean()).changed
    assert talk.messages[1].content == "At eight.\n\nBest regards,\nNell"


def test_a_mail_in_html_becomes_what_its_sender_wrote():
    html = (
        '<div dir="ltr">Abrimos a las ocho.<div><br></div><div>Un saludo,</div><div>Ana López</div>'
        '<div>Tel. 600 123 123</div></div><br><div class="gmail_quote">'
        '<div class="gmail_attr">El lun, 3 jun 2024 a las 10:12, Tom (&lt;'
        '<a href="mailto:t@x.example">t@x.example</a>&gt;) escribió:<br></div><blockquote class="gmail_quote">Hola'
        "</blockquote></div>"
    )
    talk = Conversation("a", (Message("user", "¿Cuándo?"), Message("assistant", html)), Origin("f.csv"))
    order = ["unicode_repair", "html_to_text", "invisible_characters", "unicode_nfc", "whitespace"]
    for name in [*order, "email_quotes", "email_signatures", "disclaimers", "system_lines", "media_placeholders"]:
        talk = talk.with_messages(getattr(texts, name)([talk], Clean()).changed.get("a", talk.messages))
    assert talk.messages[1].content == "Abrimos a las ocho.\n\nUn saludo,\nAna López"
