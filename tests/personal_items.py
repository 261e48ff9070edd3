"""Planting: personal data as the world writes it, and sentences of helpdesk mail that hold it.

Nothing here uses the finders' own expressions: formats follow the offices that issue the numbers, and check digits are
computed by their published rules.
"""

import random
import string
from collections.abc import Callable

_ENGLISH_FIRST = """
Tom Sarah Emily James Oliver Amelia Harry Isla Jack Ava Charlotte George Sophie Daniel Hannah Lucy Liam Noah Priya
Mohammed Aisha Rachel Patrick Fiona Ewan Gareth Megan Owen Nathan Zoe
"""
ENGLISH_FIRST = _ENGLISH_FIRST.split()
_SPANISH_FIRST = """
María Ana Lucía José Antonio Carmen Javier Pablo Laura Marta Sergio Elena Raúl Cristina Alberto Beatriz Íñigo Nuria
Jorge Alejandro Teresa Ignacio Rocío Álvaro Inés Manuel Sofía Diego Montserrat Joaquín
"""
SPANISH_FIRST = _SPANISH_FIRST.split()
_OTHER_FIRST = """
Jürgen Katrin Stefan Monika François Amélie Guillaume Chloé Giulia Matteo João Inês Jordi Núria Thomas
"""
OTHER_FIRST = _OTHER_FIRST.split()
_ENGLISH_LAST = """
Baker Smith Brown Taylor Wilson Davies Evans O'Connor Patel Khan Hughes Wood Harrison Clarke McDonald Penrose
"""
ENGLISH_LAST = _ENGLISH_LAST.split()
_SPANISH_LAST = """
García López Martínez Sánchez Fernández Ruiz Gómez Muñoz Álvarez Romero Navarro Torres Ortega Castro Ibáñez Iglesias
"""
SPANISH_LAST = _SPANISH_LAST.split()
LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"

ENGLISH_SENTENCES = [
    "Hello, I still have not received anything. Please use {} from now on.",
    "Thanks for getting back to me so quickly! It is {}, if that helps.",
    "I wrote down {} when I signed up last week and now I cannot get in.",
    "The form asks for it again: {}. Could you check on your side?",
    "Sorry, that was the wrong one – the right one is {} (the other no longer works).",
    "{} – that's all I have. When can I expect an answer?",
    "We changed it in March, so please put {} in your records, and cancel the 2 old ones.",
]
SPANISH_SENTENCES = [
    "Hola, sigo sin recibir nada. Por favor, usad {} a partir de ahora.",
    "¡Gracias por contestar tan rápido! Es {}, por si os sirve.",
    "Apunté {} cuando me di de alta la semana pasada y ahora no puedo entrar.",
    "El formulario me lo pide otra vez: {}. ¿Podéis mirarlo?",
    "Perdón, el anterior estaba mal; el bueno es {} (el otro ya no funciona).",
    "{}, no tengo nada más. ¿Cuándo me diréis algo?",
    "Lo cambiamos en marzo, así que poned {} en la ficha y borrad los 2 antiguos.",
]


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def grouped(number: str, *sizes: int, mark: str = " ") -> str:
    parts, place = [], 0
    for size in sizes:
        parts.append(number[place : place + size])
        place += size
    return mark.join(part for part in [*parts, number[place:]] if part)


def ascii_name(name: str) -> str:
    return name.lower().translate(str.maketrans("áéíóúñüçèãê'", "aeiounuceae_")).replace("_", "")


def email(rng: random.Random) -> str:
    first, last = (
        ascii_name(rng.choice(ENGLISH_FIRST + SPANISH_FIRST)),
        ascii_name(rng.choice(ENGLISH_LAST + SPANISH_LAST)),
    )
    user = rng.choice(
        [
            f"{first}.{last}",
            f"{first[0]}{last}",
            f"{first}{rng.randint(1, 99)}",
            f"{first}_{last}+shop",
            f"{last}-{first}",
        ]
    )
    host = rng.choice(
        [
            "gmail.com",
            "hotmail.es",
            "yahoo.co.uk",
            "example.com",
            "mail.example.org",
            "web.de",
            "orange.fr",
            "empresa-sl.es",
        ]
    )
    written = f"{user}@{host}"
    return rng.choice([written, written, written, written.upper(), f"<{written}>", f"mailto:{written}"])


def phone(rng: random.Random) -> str:
    kind = rng.choice(["es", "es", "gb", "us", "fr", "de"])
    if kind == "es":
        number = rng.choice(["6", "71", "72", "91", "93", "95"])
        number += digits(rng, 9 - len(number)) if number in ("6", "71", "72") else rng.choice("2345") + digits(rng, 6)
        shape = rng.choice([(3, 3, 3), (3, 2, 2, 2), (9,), (3, 6)])
        mark = rng.choice([" ", " ", "-", "."]) if shape != (3, 6) else " "
        return rng.choice(["", "", "+34 ", "0034 ", "(+34) "]) + grouped(number, *shape, mark=mark)
    if kind == "gb":
        local, area = rng.choice([("7911 123456", ""), ("", "20"), ("", "161"), ("", "1736"), ("drama", "")])
        if area:
            rest = {
                "20": f"7{digits(rng, 3)} {digits(rng, 4)}",
                "161": f"2{digits(rng, 2)} {digits(rng, 4)}",
                "1736": f"3{digits(rng, 5)}",
            }[area]
            number = f"0{area} {rest}"
        elif local == "drama":
            number = f"07700 900{digits(rng, 3)}"
        else:
            number = f"07{rng.choice(['400', '500', '789', '912', '985'])} {digits(rng, 6)}"
        return rng.choice([number, number.replace(" ", ""), "+44 " + number[1:], "+44 (0)" + number[1:]])
    if kind == "us":
        area, middle, last = (
            rng.choice(["212", "415", "305", "617", "808"]),
            f"{rng.choice('23456789')}{digits(rng, 1)}{rng.choice('02345')}",
            digits(rng, 4),
        )
        return rng.choice(
            [
                f"({area}) {middle}-{last}",
                f"{area}-{middle}-{last}",
                f"{area}.{middle}.{last}",
                f"+1 {area} {middle} {last}",
                f"1-{area}-{middle}-{last}",
                f"{area} {middle} {last}",
            ]
        )
    if kind == "fr":
        number = f"0{rng.choice('1234567')}{digits(rng, 8)}"
        return rng.choice(
            [
                grouped(number, 2, 2, 2, 2, 2),
                grouped(number, 2, 2, 2, 2, 2, mark="."),
                number,
                "+33 " + grouped(number[1:], 1, 2, 2, 2, 2),
            ]
        )
    number = f"0{rng.choice(['151', '171', '30', '89'])}"
    return rng.choice(
        [f"{number}/{digits(rng, 7)}", f"+49 {number[1:]} {digits(rng, 8)}", f"{number} {digits(rng, 7)}"]
    )


def luhn(body: str) -> str:
    """The check digit of ISO/IEC 7812: every second digit from the right doubled."""
    total = sum(
        sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10)) for place, digit in enumerate(reversed(body))
    )
    return str(-total % 10)


def card(rng: random.Random) -> str:
    start, size = rng.choice(
        [("4", 16), ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("6011", 16), ("36", 14)]
    )
    body = start + digits(rng, size - len(start) - 1)
    number = body + luhn(body)
    if size == 15:
        return rng.choice([number, grouped(number, 4, 6, 5)])
    if size == 14:
        return rng.choice([number, grouped(number, 4, 6, 4)])
    return rng.choice([number, grouped(number, 4, 4, 4, 4), grouped(number, 4, 4, 4, 4, mark="-")])


def iban(rng: random.Random) -> str:
    country = rng.choice(["ES", "ES", "GB", "FR", "DE"])
    if country == "ES":
        bank, account = digits(rng, 8), digits(rng, 10)
        weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)

        def control(ten: str) -> str:
            rest = 11 - sum(int(a) * b for a, b in zip(ten, weights, strict=True)) % 11
            return {11: "0", 10: "1"}.get(rest, str(rest))

        bban = bank + control("00" + bank) + control(account) + account
    elif country == "GB":
        bban = rng.choice(["NWBK", "BARC", "LOYD"]) + digits(rng, 14)
    elif country == "FR":
        body = digits(rng, 21)
        bban = body + f"{97 - int(body + '00') % 97:02d}"
    else:
        bban = digits(rng, 18)
    number = "".join(str(int(mark, 36)) for mark in bban + country + "00")
    whole = f"{country}{98 - int(number) % 97:02d}{bban}"
    return rng.choice(
        [
            whole,
            grouped(whole, *[4] * (len(whole) // 4)),
            grouped(whole, *[4] * (len(whole) // 4), mark="-"),
            whole.lower(),
        ]
    )


def national_id(rng: random.Random) -> str:
    kind = rng.choice(["dni", "dni", "nie", "cif", "nino", "ssn", "ssn said", "nhs"])
    if kind == "dni":
        body = digits(rng, 8)
        letter = LETTERS[int(body) % 23]
        return rng.choice(
            [
                f"{body}{letter}",
                f"{body}-{letter}",
                f"DNI {body} {letter}",
                f"{grouped(body, 2, 3, 3, mark='.')}-{letter}",
                f"{body}{letter.lower()}",
            ]
        )
    if kind == "nie":
        start, body = rng.choice("XYZ"), digits(rng, 7)
        letter = LETTERS[int(str("XYZ".index(start)) + body) % 23]
        return rng.choice([f"{start}{body}{letter}", f"{start}-{body}-{letter}", f"NIE: {start} {body} {letter}"])
    if kind == "cif":
        start, body = rng.choice("ABGF"), digits(rng, 2) + digits(rng, 5)
        if body[:2] == "00":
            body = "28" + body[2:]
        total = sum(int(d) for d in body[1::2]) + sum(sum(divmod(2 * int(d), 10)) for d in body[::2])
        check = str(-total % 10)
        return rng.choice([f"{start}{body}{check}", f"{start}-{body}{check}", f"CIF {start}{body}{check}"])
    if kind == "nino":
        body = f"{rng.choice(['AB', 'CE', 'JG', 'PX', 'SR', 'WL'])}{digits(rng, 6)}{rng.choice('ABCD')}"
        return rng.choice([body, grouped(body, 2, 2, 2, 2)])
    if kind == "nhs":
        while True:
            body = digits(rng, 9)
            check = 11 - sum(int(d) * w for d, w in zip(body, range(10, 1, -1), strict=True)) % 11
            if check != 10:
                number = body + str(check % 11)
                return f"NHS number {rng.choice([number, grouped(number, 3, 3, 4)])}"
    area, group, serial = rng.choice([*range(1, 665), *range(668, 730)]), rng.randint(1, 99), rng.randint(1, 9999)
    written = f"{area:03d}-{group:02d}-{serial:04d}"
    return written if kind == "ssn" else f"SSN {written.replace('-', rng.choice(['', ' ']))}"


def ip_address(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return ":".join(["2a02", *(f"{rng.randint(0, 65535):x}" for _ in range(7))])
    first = rng.choice([81, 84, 90, 95, 147, 188, 212])
    return f"{first}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"


def mac_address(rng: random.Random) -> str:
    pairs = [f"{rng.randint(0, 255):02x}" for _ in range(6)]
    pairs[0] = "3c"
    return rng.choice([":".join(pairs), "-".join(pairs).upper(), ":".join(pairs).upper()])


def token(rng: random.Random, size: int, marks: str = string.ascii_letters + string.digits) -> str:
    return "7a" + "".join(rng.choice(marks) for _ in range(size - 2))


def url(rng: random.Random) -> str:
    host = rng.choice(["shop.example.com", "www.tienda.es", "accounts.example.co.uk"])
    return rng.choice([
        f"https://{host}/reset-password?token={token(rng, 32)}",
        f"https://{host}/account/reset/{token(rng, 24)}",
        f"https://{host}/login?email=tom%40example.com&next=/",
        f"https://{host}/pedido;jsessionid={token(rng, 24)}",
        f"https://user:{token(rng, 8)}@{host}/files",
        f"http://{host}/verify/{token(rng, 20)}",
        f"https://{host}/cart?PHPSESSID={token(rng, 26)}",
        f"https://{host}/download?file=a.pdf&X-Amz-Signature={token(rng, 40)}",
    ])  # fmt: skip


def secret(rng: random.Random) -> str:
    upper = string.ascii_uppercase + string.digits
    return rng.choice([
        f"sk-{token(rng, 40)}",
        f"ghp_{token(rng, 36)}",
        f"AKIA{token(rng, 16, upper).upper()}",
        f"xoxb-{digits(rng, 11)}-{token(rng, 20)}",
        f"AIza{token(rng, 35)}",
        f"eyJ{token(rng, 20)}.eyJ{token(rng, 30)}.{token(rng, 30)}",
        f"password: {rng.choice(['Sunshine', 'hunter', 'Bluebell'])}{digits(rng, 2)}",
        f"contraseña: {rng.choice(['Verano', 'miperro', 'Sevilla'])}{digits(rng, 4)}!",
        f"my password is {token(rng, 9)}",
        f"la clave es {token(rng, 8)}",
        f"PIN {digits(rng, 4)}",
        f"CVV: {digits(rng, 3)}",
    ])  # fmt: skip


def postal_address(rng: random.Random) -> str:
    number = rng.randint(1, 180)
    spanish = rng.choice(
        ["Mayor", "de Alcalá", "San Bernardo", "de la Constitución", "Gran Vía", "del Carmen", "Miguel de Cervantes"]
    )
    english = rng.choice(["High", "Station", "Church", "Victoria", "Mill", "Harbour", "Old Castle"])
    code = f"{rng.randint(1, 50):02d}{digits(rng, 3)}"
    return rng.choice([
        f"C/ {spanish} {number}, 3º B, {code} Madrid",
        f"Calle {spanish}, {number}, 2º izq., {code} Sevilla",
        f"Avda. {spanish} nº {number}",
        f"Plaza {spanish}, {number}, {code} Valencia (Valencia)",
        f"Paseo {spanish} {number}, bajo",
        f"{number} {english} Street, Penzance TR18 2AB",
        f"{number} {english} Road, Leeds, LS1 4AP",
        f"Flat 2, {number} {english} Lane, London",
        f"{number * 11} {english} Avenue, Apt 4, Springfield, IL 62704",
        f"{number} {english} Drive, Exeter EX4 3PL",
        f"{number} rue de la République, 69002 Lyon",
        f"{number}, avenue Victor Hugo, 75016 Paris",
        f"Hauptstraße {number}, 10115 Berlin",
        f"Goethestr. {number}a, 80336 München",
    ])  # fmt: skip


def name(rng: random.Random) -> tuple[str, str]:
    """A message and the name in it: greetings, introductions, closing words."""
    english, spanish, other = rng.choice(ENGLISH_FIRST), rng.choice(SPANISH_FIRST), rng.choice(OTHER_FIRST)
    last, apellido = rng.choice(ENGLISH_LAST), rng.choice(SPANISH_LAST)
    who, message = rng.choice([
        (english, "Hi {},\nthank you for your order."),
        (english, "Hello {}! Your parcel left today."),
        (english, "Good morning {}, sorry to hear that."),
        (last, "Dear Mrs {},\n\nwe have received your letter."),
        (f"{english} {last}", "Dear {},\nwe have received your letter."),
        (f"{english} {last}", "Hi, my name is {} and my parcel is late."),
        (f"{english} {last}", "The zip broke after a week.\n\nKind regards,\n{}"),
        (english, "Could you send me the invoice?\nThanks,\n{}"),
        (f"{english} {last}", "I'm {}, I booked two seats for Sunday."),
        (spanish, "Hola {}:\ngracias por tu pedido."),
        (spanish, "¡Hola, {}! Tu paquete ya ha salido."),
        (spanish, "Buenos días, {}. Lamentamos lo ocurrido."),
        (apellido, "Estimado Sr. {}:\nhemos recibido su carta."),
        (f"{spanish} {apellido}", "Hola, me llamo {} y mi paquete no llega."),
        (f"{spanish} {apellido}", "Buenas, soy {}, reservé dos plazas para el domingo."),
        (f"{spanish} {apellido}", "Se ha roto en una semana.\n\nUn saludo,\n{}"),
        (spanish, "¿Me podéis mandar la factura?\nMuchas gracias,\n{}"),
        (other, "Bonjour {},\nmerci pour votre commande."),
        (other, "Hallo {}, danke für die Bestellung."),
        (other, "Ich habe nichts bekommen.\nViele Grüße\n{}"),
    ])  # fmt: skip
    return message.format(who), who


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "email": email,
    "phone": phone,
    "card": card,
    "iban": iban,
    "national_id": national_id,
    "ip_address": ip_address,
    "mac_address": mac_address,
    "url": url,
    "secret": secret,
    "postal_address": postal_address,
}


def planted(kind: str, count: int, seed: int = 4) -> list[tuple[str, str]]:
    """Messages of a helpdesk, each with one item: `[("Es 600 11 22 33, por si os sirve.", "600 11 22 33")]`."""
    rng = random.Random(f"{kind} {seed}")
    made = []
    for number in range(count):
        if kind == "name":
            made.append(name(rng))
            continue
        item = MAKERS[kind](rng)
        sentence = rng.choice((ENGLISH_SENTENCES, SPANISH_SENTENCES)[number % 2])
        made.append((sentence.format(item), item))
    return made
