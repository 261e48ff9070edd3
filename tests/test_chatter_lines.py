"""Lines that helpdesks, chats and mail programs write themselves, and what people write that reads alike."""

import time

import pytest

from marcus_nb.text.chatter import is_system_line
from marcus_nb.text.chatter_away import is_away
from marcus_nb.text.media import is_media, without_media

SYSTEM = [
    # Zendesk, Intercom, Freshdesk
    "This ticket was merged into #20417.",
    'Request #20418 "Where\'s my van" was closed and merged into this request. Last comment in request #20418: hi',
    "Your request (20417) has been received and is being reviewed by our support staff. To add additional comments, "
    "reply to this email.",
    "Su solicitud (48213) ha sido recibida y nuestro equipo la está revisando.",
    "Esta solicitud se ha cerrado y no se aceptan más comentarios.",
    *("While you wait, you can browse our help centre.", "You'll get replies here and in your email: tom@x.example"),
    *("Our usual reply time 🕒 A few minutes", "How would you rate the support you received? Bad | Good | Amazing"),
    *("All our agents are busy. You are number 3 in the queue.", "Estimated wait time: 5 minutes"),
    *("Está siendo atendido por Ana. Tiempo de espera estimado: 2 minutos", "Tiempo de espera estimado: 2 minutos"),
    *("Ana cerró la conversación", "Se ha cerrado la conversación", "Ana marcó la conversación como resuelta"),
    *("Prioridad cambiada a Alta", "El agente Ana se ha conectado", "Chat iniciado el 14/01/2025 a las 10:22"),
    *("Ana añadió la etiqueta 'urgente'", "Marta ha valorado el chat como Bueno"),
    # Catalan
    *("Assignat a l'Ana", "L'Ana s'ha unit a la conversa", "El xat ha finalitzat", "Missatge eliminat"),
    *("La conversa s'ha tancat per inactivitat.", "S'ha suprimit aquest missatge.", "Heu suprimit aquest missatge."),
    # telephones, Teams, WhatsApp
    *(
        "Call ended 12m 5s",
        "Missed call from Tom Baker",
        "Missed call from +44 7700 900123",
        "Llamada finalizada 12 min",
    ),
    "Bloqueaste a este contacto.",
    "Se activaron los mensajes temporales. Los mensajes nuevos desaparecerán de este chat 24 horas después.",
]
AWAY = [
    "Automatic reply: I am out of the office until Monday 9 June with limited access to email.",
    "Out of office: Thank you for your email. I am on annual leave until 23 June and will reply on my return.",
    "Ich bin bis zum 9. Juni nicht im Büro und habe keinen Zugriff auf meine E-Mails. In dringenden Fällen wenden Sie "
    "sich an die Zentrale.",
    "Réponse automatique : Je suis absent jusqu'au 9 juin. En cas d'urgence, contactez l'accueil.",
    "Respuesta automática: vuelvo el lunes.",
    "Fuera de la oficina: vuelvo el lunes. Para temas urgentes, escriba a info@x.example",
    "Thank you for your email. I am currently out of the office with limited access to email.",
]
SAID = [
    *("Missed call from you at nine, rang back at ten!", "Ticket closed!", "Ticket solved!", "¡Resuelto!"),
    *("Missed voice call from my bank, ignore that. Your bike's ready!", "Escalated to the Ministry of Grease!"),
    *("Asignado a mí, ¡qué suerte la tuya! 😜", "Chat finalizado, pero el cariño sigue 💛", "Assignat a mi"),
    *("Mientras esperas puedes tomar café", "While you wait, you can browse the shed", "Call ended badly"),
    *("You're number 3 in the queue, duck, hold tight", "You are number one, duck", "Te avisaremos por aquí"),
    *("El wifi se ha conectado solo", "Marta se ha quedado dormida", "Prioridad uno: tú", "Missed call from my bank"),
    "I am out of the office on Monday, come Tuesday!",
    "I'm on holiday next week, can you hold the bike?",
    "Hi, I'm on holiday until Monday and it's urgent, my bike is stuck!",
    "Hola, estoy de vacaciones en Cádiz. ¿Abrís el lunes? Es urgente",
    "Estoy fuera de la oficina, vuelvo en 5 minutos",
    "Estoy de vacaciones hasta el lunes, te lo miro a mi vuelta, guapa",
    "Out of office: the whole crew on Tuesday!",
]


@pytest.mark.parametrize("line", [*SYSTEM, *AWAY])
def test_programs_lines_are_found(line):
    assert is_system_line(line)


@pytest.mark.parametrize("line", SAID)
def test_what_people_say_stays(line):
    assert not is_system_line(line)


@pytest.mark.parametrize("line", [line for line in SYSTEM if len(line) < 60])
def test_a_further_sentence_is_somebodys(line):
    assert not is_system_line(f"{line.rstrip('.')}, duck, and the kettle is on")
    assert not is_system_line(f"Mira: {line}")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('It looks like this:\n[Image "screenshot.png"]', "It looks like this:"),
        ("Broken layout:\n!image-20250602-101412.png|width=300!", "Broken layout:"),
        ("Can I come at 5? <This message was edited>", "Can I come at 5?"),
        ("Voy el martes <Se editó este mensaje.>", "Voy el martes"),
        ("¿A las 18:30? \u200e<Se editó este mensaje.>", "¿A las 18:30?"),
    ],
)
def test_marks_of_programs_are_cut_out(text, left):
    assert without_media(text) == left == without_media(left)


@pytest.mark.parametrize(
    "text",
    [
        *("<Multimèdia omès>", "<Mitjans omesos>", "àudio omès", "ubicación: https://maps.google.com/?q=41.38,2.17"),
        *(
            "Contrato firmado.pdf • 2 páginas documento omitido",
            "Contrato.pdf • \u200e2 páginas \u200edocumento omitido",
        ),
    ],
)
def test_placeholders(text):
    assert is_media(text)


@pytest.mark.parametrize(
    "text",
    [
        *("¡Wow! Qué foto!", "Mira la foto.png!", "It is !important!", "Edited: this message"),
        *(
            "Nuestra ubicación: https://maps.google.com/?q=1",
            "El [Image] tag",
            "documento omitido en la declaración, ¿multa?",
        ),
    ],
)
def test_what_only_looks_like_one_stays(text):
    assert without_media(text) == text


@pytest.mark.parametrize(
    "part", ["I am ", "out of office ", "Hi, ", "thanks. ", "estoy 9. ", "!a.png", '[Image "', "a • 1 pag "]
)
def test_hostile_lines_take_linear_time(part):
    def seconds(size):
        text = part * (size // len(part))
        best = 9e9
        for _ in range(2):
            started = time.perf_counter()
            is_away(text[:1_400])
            is_system_line(text[:300])
            without_media(text)
            best = min(best, time.perf_counter() - started)
        return best

    short, long = seconds(25_000), seconds(100_000)
    assert long < 10 * short + 0.15, f"{short:.3f} s, of four times as much {long:.3f} s"
