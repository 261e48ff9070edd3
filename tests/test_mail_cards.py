"""A contact block goes only when it is one: what somebody writes below a sign-off stays, whatever words it holds."""

import time

import pytest

from marcus_nb.text.mail_cards import capitals, contacts, filler
from marcus_nb.text.mail_signatures import without_signature

TAILS = [
    *("PD: tráete el móvil cargado", "PD: mándame un correo cuando llegues", "PD: mira la web nueva"),
    *("PD: Plaza 14 del parking", "PD: el código del descuento es 10101 SONRISA", "PS bring your helmet"),
    *("Facebook o Instagram, donde quieras, nos etiquetas 😘", "Instagram: sube tu foto con #NudoEnCasa"),
    *("14.50 - 16.30", "9.30 - 14.00\n16.00 - 20.00", "100045872", "482913-00-11", "Tu pedido:\n100045872\n45,90"),
    *("📍 ¡Te esperamos!", "📱💙", "Equipo Nudo\nMóvil en mano y sonrisa puesta", "M: 40-42\nL: 44-46", "🌻"),
    *("Nos vemos el martes en la calle Aribau 112", "Plaza 14 del parking", "Te esperamos en C/ Sol 8"),
    *("Tel. de urgencias: pregunta en recepción", "Whatsapp me when you land!", "Web nueva, precios viejos 😉"),
    *("Pedido: 645 123 987", "Ref. 934 567 890", "Talla 38", "12.345,67", "Código 08007 MADRID", "2 x 600 123 123"),
    *("1. Abre la app\n2. Pulsa Tel\n3. Listo", "Lunes: 9-14\nMartes: 16-20", "Ana, tu dentista favorita"),
    *("https://nudoshop.es/pedido/100045872", "Sigue tu pedido: https://nudoshop.es/t/1", "Cita: 12/06/2025 10:30"),
    *("Support your local dealer", "Office opens at 9", "Dirección: la de siempre", "Mail me!", "Mayor 3, segundo"),
    *("Medidas:\n120 x 60\nM: 75\nPuerta: 210", "```\nTel. 900 123 123\n```", "IBAN ES91 2100 0418 4502 0005 1332"),
]
MESSAGES = [
    "Gracias!\nMi dirección es C/ Sol 8, 14001 Córdoba\nMi móvil 612345678",
    "Gracias!\nTalla M: una\nTalla L: dos\nMóvil: 612345678",
    "Gracias!\nMóvil: 612345678\nCorreo: marta@x.example",
    "Thanks!\nMobile: 07700 900123\nEmail: tom@x.example",
    "Saludos\nPedido 100045872\nMóvil Xiaomi 12 negro\nCorreo urgente",
    "Gracias.\nwww.nudo.example\nhola@nudo.example",
    "Te paso el contacto del notario.\n\nNotaría Ruiz,\nPedro\nTel. 93 488 12 12\nwww.notaria.example",
    "You can reach us here:\n\nSprocket & Pine,\nBristol\nT: 0117 325 4410\nwww.x.example",
    "Llámanos,\nAna\n900 123 123\nhola@nudo.example",
    "Contact either:\n\nSales,\nFiona\nfiona@x.example\n020 7183 8750\n\nSupport,\nTom\ntom@x.example\n020 7183 875",
]
CARDS = [
    "Ana\nAtención al cliente\nNudo Shop\n☎ 900 123 123\nwww.nudoshop.es",
    "Ana\nDpto. Laboral\nGestoría Prats\nRambla de Catalunya 45, 2n 1a\n08007 Barcelona\nT. 93 488 12 12",
    "Ana\nNudo Shop\nTel./Fax: 93 123 12 12\nMóvil 612 345 678",
    "Ana\n\n📍 C/ Sol 8, 14001 Córdoba\n📱 612345678\nInstagram: @nudo",
    "Ana | Responsable de ventas | Nudo S.L.\nana@nudo.example | +34 600 123 123\nCIF: B12345674",
    "Ana\n[cid:logo.png]\n[facebook] [linkedin]",
]
CLOSINGS = ["Un abrazo,", "Un abrazo enorme,", "¡Un besazo!", "Reciba un cordial saludo,", "Kind regards,", "Big hugs,"]


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize(
    "closing", ["Un abrazo,\nAna", "¡Un besazo!\nAna", "Kind regards,\nTom Archer", "Rubber up,\nTom"]
)
def test_what_is_written_below_a_sign_off_stays(closing, tail):
    mail = f"Todo listo.\n\n{closing}\n\n{tail}"
    assert without_signature(mail) == mail


@pytest.mark.parametrize("message", MESSAGES)
def test_contacts_that_are_the_message_stay(message):
    assert without_signature(message) == message


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("closing", CLOSINGS)
def test_a_card_goes_below_every_closing(closing, card):
    assert without_signature(f"Dos años.\n\n{closing}\n{card}") == f"Dos años.\n\n{closing}\nAna"
    postscript = "PD: tráete el móvil cargado"
    assert without_signature(f"Dos años.\n\n{closing}\n{card}\n\n{postscript}").endswith(postscript)


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        (
            "We do, duck.\n\nRubber side down,\nMaggie\n\nMaggie Thwaite | Customer Happiness\n"
            "Sprocket & Pine Ltd, 4 Canal Wharf, Bristol BS1 5TX\nT: 0117 325 4410 | www.sprocketandpine.co.uk",
            "We do, duck.\n\nRubber side down,\nMaggie",
        ),
        (
            "Forty quid, duck.\n\nTa-ra,\nMaggie\n--\nSprocket & Pine Ltd | Co. no. 08123456\nwww.x.example",
            "Forty quid, duck.\n\nTa-ra,\nMaggie",
        ),
        ("Me falta una pata\n\n--\nLaura Gil\nC/ Sol 8, 14001 Córdoba", "Me falta una pata\n\n--\nLaura Gil"),
        (
            "Please cancel.\n\n--\nDave Hollis | CTO | Northwind Apps\ndave@x.example | +1 212 736 5000\n"
            "123 W 33rd St, New York, NY 10001",
            "Please cancel.\n\n--\nDave Hollis",
        ),
        (
            "Quote please\n\nThanks,\nFiona Carmichael | Office Manager | Brightwater Ltd | 020 7183 8750",
            "Quote please\n\nThanks,\nFiona Carmichael",
        ),
        (
            "Hecho.\n\nUn abrazo,\nAna\nServicio con sonrisa desde 1998\nTel. 900 123 123",
            "Hecho.\n\nUn abrazo,\nAna\nServicio con sonrisa desde 1998",
        ),
        (
            "Hecho.\n\nUn abrazo,\nAna\nwww.x.example\n\nHe reservado la mesa de siempre.\nTel. 900 123 123",
            "Hecho.\n\nUn abrazo,\nAna\n\nHe reservado la mesa de siempre.\nTel. 900 123 123",
        ),
        ("¿Factura?\n\nEnviado con el correo electrónico seguro de Proton Mail.", "¿Factura?"),
        ("Late checkout.\n\nGet [Outlook for Android](https://aka.ms/AAb9ysg)", "Late checkout."),
    ],
)
def test_cards_of_many_kinds(mail, said):
    assert without_signature(mail) == said
    assert without_signature(said) == said


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("T: 020 7946 0018 | www.x.example", 2),
        ("Tel. +34 (0)93 123 12 12 ext. 4", 1),
        ("600 123 123", 1),
        ("hola@nudo.example, www.nudo.example", 2),
        ("www.nudo.example/citas/123", 0),
        ("100045872", 0),
        ("Móvil", 0),
        ("Tel. 12", 0),
        ("", 0),
    ],
)
def test_contacts_of_a_line(line, count):
    assert contacts(line) == count


def test_lines_that_say_nothing_alone():
    assert all(
        map(filler, ["Atención al cliente", "Nudo S.L.", "C/ Mayor 12, 3º B, 28013 Madrid", "12 High Street, York"])
    )
    assert not any(map(filler, ["Support your local dealer", "Plaza 14 del parking", "Ven a la calle Sol 8", "Ana:"]))
    assert capitals("Nudo Shop") and capitals("Ana de la Cruz") and not capitals("Mind the tide") and not capitals("")


@pytest.mark.parametrize(
    "part", ["600 123 ", "a@b.co ", "Tel. ", "Aa ", "| ", "A 1, ", ". ", "C/ A 1 ", "Regards,\nA\n"]
)
def test_a_line_of_a_card_takes_linear_time(part):
    def seconds(size):
        mail = "Hi\n\nRegards,\nNell\n" + part * (size // len(part))
        best = 9e9
        for _ in range(2):
            started = time.perf_counter()
            without_signature(mail)
            contacts(part * 40)
            best = min(best, time.perf_counter() - started)
        return best

    short, long = seconds(25_000), seconds(100_000)
    assert long < 10 * short + 0.15, f"{short:.3f} s, of four times as much {long:.3f} s"
