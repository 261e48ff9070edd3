"""Cases of tables in text: delimiters, encodings, headers and every shape that columns can have."""

from ingest_case import ANY, SA, Case, R, T, exchange

__all__ = ["CASES"]


def case(file, shape, records, said, outcomes=(), persona=None, count=None, **more) -> Case:
    return Case(
        f"tables/{file}",
        [T("csv", shape, records, said, list(outcomes), persona)],
        ("csv_records", count or {}),
        **more,
    )


SPANISH = {"delimiter": ";"}
LOG_A1 = ["u: Quería una bici\npara mañana", "a: Te guardo la azul."]
CASES = [
    # the original tool's own input comes first: `message` is the persona's
    case("original.csv", "pairs", 3, [
        exchange("Do you hire out bicycles by the hour?", "Aye, four pounds an hour, and a lock goes with it."),
        exchange("Is the towpath muddy today?", "It is. Wear boots, my dear."),
        exchange("What if I get a puncture?", "Ring me and I come out with the van, no charge."),
    ]),
    case("excel_es.csv", "pairs", 4, [
        exchange("¿Cuánto cuesta alquilar una bici un día?", "Son 18 € el día entero, y el candado va incluido."),
        exchange("¿Abrís los domingos?", "Sí, de 10 a 14 h, por la tarde descansamos."),
        exchange('Hola, ¿tenéis "tándem"?', "Uno solo, así que resérvalo con tiempo – vuela."),
    ], [(5, SA)], count={"encoding": "cp1252", "delimiter": ";"}),
    case("sep_line.csv", "pairs", 2, [
        exchange("¿Hay aparcamiento?", "Sí, detrás del taller, gratis."),
        exchange("¿Admitís perros?", "Claro, en el remolque van encantados."),
    ], count=SPANISH | {"header": 2}),
    case("title_rows.csv", "pairs", 2, [
        exchange("Can I book for Sunday?", "You can, I open at nine."),
        exchange("And for a child of six?", "I keep small ones, with a bell."),
    ], count={"header": 4}),
    case("ragged.csv", "row_per_message", 6, [
        exchange("Is the blue one free?", "It is till noon."),
        exchange("Two helmets, please", "Both are on the hook."),
    ], [(5, R), (7, R)], "Nell"),
    case("no_header.csv", "row_per_message", 5, [
        exchange("Good morning, is the shop open on bank holidays?",
                 "It is, from ten till four, and I put the kettle on."),
        exchange("I left a red scarf in the basket, did you find it?",
                 "Found it this morning; it hangs behind the counter."),
    ], [(5, SA)], "Nell", count={"header": 0}),
    case("no_header.csv", "row_per_message", 5, [
        exchange("Good morning, is the shop open on bank holidays?",
                 "It is, from ten till four, and I put the kettle on."),
        exchange("I left a red scarf in the basket, did you find it?",
                 "Found it this morning; it hangs behind the counter."),
    ], [(5, SA)], "Nell", count={"header": 0}, id="no_header.csv-overruled", source={
        "header_row": -1,
        "columns": {"conversation": "column 1", "order": "column 2", "author": "column 3", "content": "column 4"},
    }),
    case("quoted_newlines.csv", "row_per_message", 4, [
        exchange('Hello,\nI would like the "long" tour.\n\nIs lunch part of it?', "Yes:\n- soup\n- bread; cheese"),
        exchange("Tab\tinside, and a comma", "Fine."),
    ], persona="Agent"),
    case("tab.tsv", "pairs", 2, [
        exchange("Is it far?", "Two miles, all flat."),
        exchange("Any hills, steep ones?", 'One, "the Stair", and I push there too.'),
    ], count={"delimiter": "\t"}),
    case("pipe.txt", "pairs", 2, [
        exchange("¿Dónde estáis?", "Junto al puente viejo, en el número 4."),
        exchange("¿Se puede pagar con tarjeta?", "Sí, y también por móvil."),
    ], count={"delimiter": "|"}),
    case("caret.csv", "pairs", 2, [
        exchange("May I leave luggage?", "You may, in the back room."),
        exchange("Till when?", "Till six; then I lock up, mind."),
    ], count={"delimiter": "^"}),
    case("excel_unicode.txt", "pairs", 2, [
        exchange("¿Qué talla necesito?", "Dime tu altura y te digo."),
        exchange("Mido 1,80 m", "Entonces la L, sin duda."),
    ], count={"delimiter": "\t", "encoding": "utf-16"}),
    case("utf16_without_bom.csv", "pairs", 2, [
        exchange("Café nearby?", "Next door, ask for Zoë."), exchange("Is it dear?", "Not at all."),
    ], count={"encoding": "utf-16-le"}),
    case("utf8_bom.csv", "pairs", 2, [
        exchange("Où est la gare ?", "À dix minutes à pied."), exchange("Merci !", "Je vous en prie, bonne route."),
    ]),
    case("latin1.csv", "pairs", 2, [
        exchange("Wo ist der Eingang?", "Die grüne Tür - gleich über der Straße."),
        exchange("Und die Räder?", "Stehen im Hof, schön gewaschen."),
    ], count=SPANISH | {"encoding": "latin-1"}),
    case("mac_roman.csv", "pairs", 2, [
        exchange("¿Mañana abrís?", "Sí, mañana también, aquí estaré."),
        exchange("¿Y el sábado?", "El sábado, según la lluvia… ¡avísame!"),
    ], count=SPANISH | {"encoding": "mac-roman"}),
    case("cp850.csv", "pairs", 2, [
        exchange("¿Tenéis sillín para niño?", "Sí, y también casco pequeño."),
        exchange("¿Cuánto es la señal?", "Diez euros, y mañana te la devuelvo."),
    ], count=SPANISH | {"encoding": "cp850"}),
    case("mixed_damage.csv", "pairs", 5, [
        exchange("¿Está abierta la senda?", "Sí, está abierta todo el año."),
        exchange("¿Y en otoño?", "En otoño también, con cuidado."),
        exchange("¿Hay baños?", "Están detrás del café."),
        exchange("¿Es fácil?", "Facilísimo, sin cuestas."),
        exchange("¿Llego a Alcalá?", "En una mañana llegas."),
    ], count=SPANISH | {"encoding": ""}),
    case("old_mac.csv", "pairs", 2, [exchange("Is it open?", "It is."), exchange("And tomorrow?", "Aye, from nine.")]),
    # interleaved, joined, greeted, closed by a machine, left unanswered, empty
    case("log.csv", "row_per_message", 12, [
        LOG_A1, exchange("¿Abrís hoy?", "Sí, hasta las ocho."), exchange("¿Y un casco?", "También."),
    ], [(2, SA), (8, SA), (9, SA), (10, SA), (11, R)], "Sofía", name="Sofía"),
    case("log.csv", "row_per_message", 12, [
        LOG_A1, exchange("¿Abrís hoy?", "Sí, hasta las ocho."), exchange("¿Y un casco?", "También."),
    ], [(2, SA), (8, SA), (9, SA), (10, SA), (11, R)], "Sofía", name="Alba", id="log.csv-nobody-is-called-so"),
    case("log_de_atencion.csv", "row_per_message", 6, [
        ["u: ¿Dónde queda la tienda?", "a: Está en la calle Mayor, 3.", "u: Gracias", "a: De nada, hasta luego."],
        exchange("¿Quedan tándems?", "Sí, quedan dos."),
    ], persona="agente", count=SPANISH),
    # no conversation id: a pause begins a new one
    case("date_and_time.csv", "row_per_message", 6, [
        exchange("Is the canal path open?", "Open all the way to the lock."),
        exchange("Do you mend prams?", "I mend anything with wheels, dear."),
        exchange("Thank you for yesterday. One more thing: a map?", "They lie by the door."),
    ], persona="Nell"),
    case("gap.csv", "row_per_message", 6, [
        ["u: Late question: do you open at nine?", "a: At nine sharp, skipper.", "u: And on Monday?", "a: Monday too."],
        exchange("Do you sell bells?", "Brass ones."),
    ], persona="Nell"),
    case("gap.csv", "row_per_message", 6, [
        exchange("Late question: do you open at nine?", "At nine sharp, skipper."),
        exchange("And on Monday?", "Monday too."), exchange("Do you sell bells?", "Brass ones."),
    ], persona="Nell", source={"gap_minutes": 2}, id="gap.csv-two-minutes"),
    case("am_pm.csv", "row_per_message", 5, [
        ["u: Hello Nell\nWhen are you back?", "a: From two, after my tea."], exchange("Is there a bus?", "Number 6."),
    ], persona="Nell"),
    case("several_pairs.csv", "pairs", 4, [
        ["u: Do you hire tandems?", "a: One, the green.", "u: How much is it?", "a: Nine pounds.",
         "u: And a deposit?", "a: None from honest faces."],
        exchange("Is the tea room open?", "Till five."),
    ]),
    case("group.csv", "row_per_message", 8, [
        ["u: Shall we all go on Sunday?", "u: I would love to\nbut not too early",
         "a: Ten o'clock then, four bicycles.", "u: Perfect", "a: Bring gloves."],
        exchange("Is the shed locked?", "It is."),
    ], persona="Nell"),
    case("two_columns.csv", "pairs", 2, [
        exchange("Where can I leave the key?", "Under the third flowerpot."),
        exchange("Is the pump free to use?", "Always, it hangs outside."),
    ]),
    case("user_assistant.csv", "pairs", 2, [
        exchange("Are there lockers?", "There are six, by the stairs."),
        exchange("Do they take coins?", "Pound coins only."),
    ]),
    case("p_r.csv", "pairs", 2, [
        exchange("¿A qué hora cerráis?", "A las ocho en punto."),
        exchange("¿Hay fuente de agua?", "En el patio, al fondo."),
    ], count=SPANISH),
    # the agents' internal note (Public: false) is nothing that was said to the customer
    case("zendesk.csv", "row_per_message", 6, [
        ["u: My order has not come.", "a: I look into it at once, Priya.\nA new one leaves today."],
        exchange("Can I change the colour?", "You can, until it ships."),
    ], [(4, SA)], ANY),
    case("hubspot.csv", "row_per_message", 4, [
        exchange("Do you repair e-bikes?", "We do, bring the charger too."),
        exchange("Is Saturday busy?", "Come before eleven."),
    ], persona=ANY),
    case("discord.csv", "row_per_message", 5, [
        exchange("Does the winter ride happen?", "It does, wrap up warm."),
        exchange("Lost my light, anyone?", "It is in my drawer."),
    ], [(4, SA)], "nell"),
    case("with_total.csv", "pairs", 4, [
        exchange("Do you do gift cards?", "I do, in any sum."),
        exchange("Are they valid abroad?", "They are, if you find me there."),
    ], [(4, SA), (5, R)]),
    case("preference.csv", "preference", 2, [
        exchange("Is it going to rain?", "Ask the gulls, they know."),
        exchange("Can you hold a parcel?", "Till Friday."),
    ]),
    case("instruction.csv", "instruction", 2, [
        exchange("Answer as Nell.\nAre you open?", "Aye, come in."), exchange("Say goodbye as Nell.", "Mind the step!"),
    ]),
    case("formulas.csv", "pairs", 3, [
        exchange("=1+1", "@nell says two"), exchange("-5 degrees?", "+20 by noon"),
        exchange('=HYPERLINK("http://x")', "'quoted"),
    ]),
    # a quote that is never closed costs its own line only
    case("open_quote.csv", "pairs", 4, [exchange("Is it late?", "Not for me."), exchange("Do you hear me?", "I do.")],
         [(3, R), (5, R)]),
    case("spaces_and_case.csv", "pairs", 2, [
        exchange("Is there soup?", "Leek and potato."), exchange("Is it hot?", "It was."),
    ], count=SPANISH),
    case("conversation_without_persona.csv", "row_per_message", 5, [exchange("Are you open?", "I am.")],
         [(2, SA), (3, SA), (6, SA)], "Nell"),
    # a text column that no list of words knows: it is the one that is left
    case("latin_names_es.csv", "row_per_message", 4, [
        exchange("Buenas, ¿me oís?", "Alto y claro."), exchange("¿Tenéis cadenas?", "De todas las medidas."),
    ], persona="Sofía", name="Sofía", count=SPANISH),
    case("several_problems.csv", "row_per_message", 7, [exchange("Is it cold?", "Bitter."),
                                                        exchange("One more?", "One more.")],
         [(4, R), (5, R), (6, R)], "Nell", count=SPANISH),
]  # fmt: skip
