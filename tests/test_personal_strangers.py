"""What two testers found in the data of businesses they made up: text that was damaged, and data that was left."""

import pytest

from marcus_nb.clean.rules.personal import redact
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters import Clean
from marcus_nb.text.personal import find

STAYS = """
¡Hola, Bombón! ¿Qué necesitas?|¡Hola, Solete!|¡Hola, Reina!|¡Hola, Guapi!|¡Hola, Morena!|¡Hola, Maca!|¡Hola, Valiente!
Hi Duck,|Hello Treacle,|Hi Chicken,|Hello Trouble!|Hey Hotshot,|Hi Early Bird,|Hello Bristol! We're open.
Hi Viz, always.
Hola Movistar, una pregunta|Hola Factura, una pregunta|Hola Sonrisa Dental, hacéis carillas?
Hello Helpwell, export fails.
Hola, Zara Home tiene la misma funda|Hola, Julia en blanco sigue disponible?|Hey Jude is on the radio.
Claro que sí, Madrid
En rojo, Julia y Martina; en azul, Luna.|A woman, Ada Pellow, founded the yard.|No, Rosa Palo no queda
Paseo de Gracia, 10 minutos|Plaza Cataluña, 5 paradas de metro|Camino de Santiago 2025|Calle Sierpes, 20 tiendas
Avenida de la Paz, 3 líneas de bus|Plaza Nueva 14 de abril|Camino Viejo, 15 min andando|Carretera de Burgos 45 km
la calle del mercado, 3 portales más allá|Take the 76 Gloucester Road bus, duck.|The 3 Peaks Road race is on.
Our 3 Abbey Road mugs are in.|We've 6 Wall Street Journal copies|Get 2 High Street vouchers
Cuesta Invisalign 3000 euros.
pedidos 600100200 y 600100201 juntos?|Pedidos 600100200, 600100201 y 600100202|Presupuesto 934000111|NRC 612345678
Justificante 911222334|CSV: 934567891|transferencia nº 699000111|historia clínica 655332211
4 cuotas de 600 700 800 y 912
Código de barras 612345678|pieza B12345674|filtro 45678901G|La pieza 12345678Z está a 4 €.|Tallas 600 700 800 900
Fixed in 4.11.9.22, duck.|It's in 14.2.0.12|You're on 23.1.44.7, latest is 23.1.50.2.|apartado 4.10.11.12 del manual
api_key: YOUR_API_KEY|password: ${DB_PASSWORD}|export TOKEN=$MY_TOKEN|bus pass: 24.50|La clave: Modelo 303
"""
CHANGES = """
¡Un abrazo, Rosa!=[Rosa]|¡Holi, Vero!=[Vero]|¡Muy buenas, Toñi!=[Toñi]|Gracias a ti, Sonia 😊=[Sonia]
Nos vemos, Álex=[Álex]
Claro que sí, Marta, dime=[Marta]|¡Feliz cumple, Raquel!=[Raquel]|Sra. Gutiérrez, buenas tardes=[Gutiérrez]
Hola familia García:=[García]|Paciente: Juan Pérez Gómez=[Juan Pérez Gómez]|Nombre: Jordi Mas=[Jordi Mas]
Titular: Josep Mª Puig i Roca=[Josep Mª Puig i Roca]|Cita a nombre de Marta Gil para el 12=[Marta Gil]
Fdo.: Ana Roldán=[Ana Roldán]
Buenos días, habla Ignacio Prieto, del 2º=[Ignacio Prieto]|A/A Sr. Puig: adjunto factura=[Puig]
Att. Marta Gil=[Marta Gil]
Hola, soy la Sra. Gutiérrez=[Gutiérrez]|Saludos. Marta Gil=[Marta Gil]|Gracias!! Marta=[Marta]
Soy Pilar y quiero cita=[Pilar]
Soy Fátima Zahra El Amrani=[Fátima Zahra El Amrani]|Atentamente, Dª Marta Gil=[Marta Gil]
Te habla Lucía de Nudo Shop=[Lucía]
Pza. Mayor 3, bajo izq., 28012 Madrid=[Pza. Mayor 3, bajo izq., 28012 Madrid]
calle los naranjos 15, 2b=[calle los naranjos 15, 2b]
C/Mallorca,245-3º2ª=[C/Mallorca,245-3º2ª]|C/ Real s/n, 11130 Chiclana=[C/ Real s/n, 11130 Chiclana]
Gran Vía, 45, 6º=[Gran Vía, 45, 6º]
Ronda Sant Pere 32, 2n 1a, 08010 Barcelona=[Ronda Sant Pere 32, 2n 1a, 08010 Barcelona]
Avgda. Diagonal, 600=[Avgda. Diagonal, 600]
c/ gran via 12 3b madrid 28013=[c/ gran via 12 3b madrid 28013]
Rúa do Príncipe 22, 36202 Vigo=[Rúa do Príncipe 22, 36202 Vigo]
PO Box 1123, Boise, ID 83701=[PO Box 1123, Boise, ID 83701]|my postcode is BS8 1AF=[BS8 1AF]
in 27 Acacia Avenue please=[27 Acacia Avenue]
IBAN: ES 91 2100 0418 4502 0005 1332=[ES 91 2100 0418 4502 0005 1332]
cuenta 2100 0418 45 0200051332=[2100 0418 45 0200051332]
sort code 20-00-00 account 55779911=[20-00-00][55779911]|VAT ESB12345674=[ESB12345674]|dni 12345678 z=[12345678 z]
613·45·67·89=[613·45·67·89]|marta.gil @ gmail.com=[marta.gil @ gmail.com]
tom dot baker at gmail dot com=[tom dot baker at gmail dot com]
wa.me/447873451209=[wa.me/447873451209]|DB_PASSWORD=p4ssW0rd!=[p4ssW0rd!]|my_token=9d8f7a6b5c4d=[9d8f7a6b5c4d]
pw: bluebike99=[bluebike99]
mi pass es Perrito2024=[Perrito2024]|usuario marta clave 4821=[4821]|curl -u tom:S3cr3tPass! x=[S3cr3tPass!]
hw_live_8f3kd92mxlq0=[hw_live_8f3kd92mxlq0]
600 11 22 33 2 cajas=[600 11 22 33]|612345678 28013 Madrid=[612345678]|3 600112233=[600112233]
Call 07700 900123 10am=[07700 900123]
Llama al 612345678 15 minutos=[612345678]|call 020 7183 8750 24 hours=[020 7183 8750]
+34 600 112 233 12 cajas=[+34 600 112 233]
my server is 81.2.69.142=[81.2.69.142]
"""


def cases(listed: str) -> list[str]:
    return [case for line in listed.strip().split("\n") for case in line.split("|")]


@pytest.mark.parametrize("good", cases(STAYS))
def test_good_text_stays(good):
    assert find(good) == []


@pytest.mark.parametrize("case", cases(CHANGES))
def test_personal_data_is_found_whole(case):
    text, _, held = case.rpartition("=[")
    assert [text[item.start : item.end] for item in find(text)] == held.rstrip("]").split("][")


@pytest.mark.parametrize(
    "lines",
    ["27 Acacia Avenue\nBristol\nBS6 5QT", "1742 Maple Street\nSpringfield, IL 62704", "Am Alten Markt 5\n50667 Köln"],
)
def test_an_address_goes_on_over_lines(lines):
    assert [(item.start, item.end) for item in find(lines)] == [(0, len(lines))]


def after(persona: str, *texts: str, copies: int = 1) -> list[str]:
    roles = ("user", "assistant")
    talks = [
        Conversation(
            f"c{n}",
            tuple(Message(roles[place % 2], text, (place,)) for place, text in enumerate(texts)),
            Origin("chat.csv", None, (n,)),
            f"guest {n}",
        )
        for n in range(copies)
    ]
    changed = redact(talks, Clean(), persona).changed.get("c0")
    return [message.content for message in changed] if changed else list(texts)


@pytest.mark.parametrize(
    "reply",
    [
        "Hola, soy Ana de Nudo",
        "Te atiende Ana de Nudo",
        "Un abrazo,\nAna de Nudo",
        "Un saludo,\nAna Prats",
        "Soc Ana de Nudo",
    ],
)
def test_the_persona_keeps_its_name(reply):
    assert after("Ana", "Hola Ana de Nudo, ¿qué tal?", reply) == ["Hola Ana de Nudo, ¿qué tal?", reply]
    assert after("Ana Prats", "Hola Ana", reply) == ["Hola Ana", reply]


def test_a_customer_of_the_same_first_name_is_still_hidden():
    assert after("Ana", "Soy Ana Pérez", "Un saludo,\nAna Prats") == ["Soy [NAME_1]", "Un saludo,\nAna Prats"]


def test_a_short_name_that_the_persona_often_signs_with_stays():
    assert after("Ana", "Hola Anita", "Un beso,\nAnita", copies=9) == ["Hola Anita", "Un beso,\nAnita"]


def test_a_known_name_is_carried_on_but_not_to_things():
    assert after("Ana", "Soy Marta", "Dile a Marta que sí", "Marta") == [
        "Soy [NAME_1]",
        "Dile a [NAME_1] que sí",
        "[NAME_1]",
    ]
    assert after("Ana", "Me llamo Luna", "La lámpara Luna, 149 €.")[1] == "La lámpara Luna, 149 €."


def test_what_follows_a_greeting_is_known_from_elsewhere():
    """No list knows Xiomara; she has said her name."""
    assert after("Ana", "Me llamo Xiomara Duarte", "Hola Xiomara, dime")[1] == "Hola [NAME_1], dime"
