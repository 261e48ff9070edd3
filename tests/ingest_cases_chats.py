"""Cases of plain-text transcripts: WhatsApp in its locales, and dialogues as people and chat widgets write them."""

from ingest_case import SA, Case, T, exchange

__all__ = ["CASES"]
_WHATSAPP = r"\W?\[?\d{1,4}[./-]\d{1,2}[./-]\d{2,4}"
_NAMED = r"\w[\w ]*:"


def case(file, records, said, aside=(), persona="Sofía", begins=_WHATSAPP, passed="(?!)", **more) -> Case:
    more.setdefault("name", "Sofía")
    return Case(
        f"chats/{file}",
        [T("transcript", "row_per_message", records, said, [(line, SA) for line in aside], persona)],
        ("transcript_records", {"begins": begins, "passed_over": passed}),
        **more,
    )


CASES = [
    case("whatsapp_android_es.txt", 9, [
        ["u: Hola, ¿tenéis sitio\npara mañana a las diez?", "a: Sí, quedan dos bicis.", "u: Esa de la foto",
         "a: La roja, entonces: anotada."],
        exchange("¿Llueve?", "Ni una gota."),
    ], [1, 5, 8]),
    case("whatsapp_android_en_us.txt", 7, [
        ["u: Morning Nell: is it open?", "a: Wide open.", "u: Is this yours?", "a: It is not."],
    ], [1, 4, 7], "Nell", name="Nell"),
    case("whatsapp_ios_en_gb.txt", 6, [
        ["u: Do you have a pump?", "a: Two of them.", "u: Great\nSee you at ten", "a: See you."],
    ], [1, 3], "Hatch Cycles", name="Nell"),
    case("whatsapp_ios_es.txt", 5, [
        ["u: ¿Cuánto es la hora?", "a: Cuatro euros.", "u: Vale, voy", "a: Aquí te espero."],
    ], [3]),
    # the morning's talk ends at 9:41 a. m., the next begins at 4:12 p. m.: a longer pause than 360 minutes
    case("whatsapp_es_pm.txt", 4, [
        exchange("¿Buenos días?", "Buenos días, Iván."), exchange("¿Sigues ahí?", "Comiendo, dime."),
    ]),
    case("whatsapp_de.txt", 6, [
        ["u: Haben Sie Fahrräder für Kinder?", "a: Ja, drei Stück.", "u: So eins?", "a: Genau so eins."],
    ], [1, 4], "Sofia"),
    case("whatsapp_pt.txt", 6, [
        ["u: Bom dia, vocês abrem hoje?", "a: Bom dia! Até às 18h.", "u: Obrigado", "a: De nada."],
    ], [1, 4], "Sofia"),
    case("whatsapp_fr.txt", 6, [
        ["u: Bonjour, vous êtes ouverts ?", "a: Oui, jusqu'à 18 h.", "u: Celui-ci ?", "a: Exactement."],
    ], [1, 4], "Sofia"),
    case("whatsapp_nl.txt", 5, [
        ["u: Hebben jullie nog fietsen?", "a: Nog vier.", "u: Mooi zo", "a: Tot straks!"],
    ], [1], "Sofia"),
    case("whatsapp_it.txt", 6, [
        ["u: Buongiorno, siete aperti?", "a: Fino alle otto.", "u: Va bene questa?", "a: Benissimo."],
    ], [1, 4], "Sofia"),
    case("whatsapp_iso.txt", 4, [exchange("Är ni öppna?", "Ja, till sex."), exchange("Och idag?", "Också.")],
         persona="Sofia"),
    case("whatsapp_group.txt", 8, [
        ["u: Who brings the map?", "u: Not me", "a: I do, as ever.", "u: Thanks Nell", "a: Wear gloves."],
    ], [1, 2, 8], "Nell", name="Nell"),
    case("plain.txt", 8, [
        ["u: Is the shop open today?", "a: It is, till six.", "u: Can I bring the dog?",
         "a: Bring him, there is a bowl."],
        ["u: Hello, do you sell bells?", "a: Brass and steel.\nWhich would you like?", "u: Brass, please.",
         "a: Kept for you."],
    ], persona="Nell", name="Nell", begins=_NAMED, passed="---"),
    case("human_assistant.txt", 6, [
        ["u: How do I oil a chain?", "a: One drop a link, then wipe.", "u: Which oil?", "a: Any light one.",
         "u: Is walnut oil fine?", "a: For salad."],
    ], persona="Assistant", name="Nell", begins=_NAMED),
    case("q_a.txt", 6, [
        exchange("Do you hire by the hour?", "Four pounds an hour."), exchange("Is there a deposit?", "None."),
        exchange("What if it rains?", "Then you get wet, and a towel."),
    ], persona="A", name="Nell", begins=_NAMED),
    case("p_r.txt", 6, [
        exchange("¿Hay que reservar?", "Solo en agosto."),
        exchange("¿Puedo pagar en efectivo?", "Claro, y con tarjeta."),
        exchange("¿Aceptáis niños?", "De todas las edades."),
    ], persona="R", begins=_NAMED),
    case("irc.txt", 5, [
        ["u: anyone awake?", "a: always", "u: is the lock open", "a: since eight"],
    ], [3], "nell", name="Nell", begins=r"\["),
    case("time_name.txt", 4, [
        ["u: Is the lamp fixed?", "a: It shines.", "u: And the bell?", "a: It rings."],
    ], persona="Nell", name="Nell", begins=r"\["),
    case("name_in_brackets_time.txt", 4, [
        ["u: Where do I park?", "a: By the chapel.", "u: For how long?", "a: Till the bell rings."],
    ], persona="Nell", name="Nell", begins=r"\w+ \("),
    case("widget.txt", 4, [
        ["u: Hello, can I ask something?", "a: Ask away.", "u: Do you ship abroad?\nI live in Oslo.",
         "a: By the slow boat, yes."],
    ], persona="Nell", name="Nell", begins=r"(Visitor|Nell)$"),
    case("numbered.txt", 4, [
        exchange("Is it flat?", "As a plate."), exchange("Is it long?", "Six miles."),
    ], persona="Nell", name="Nell", begins=r"\d", passed="---"),
    case("livechat.txt", 6, [
        ["u: Hi, my code does not work", "a: Which code, dear?", "u: SPRING10", "a: That one ended in May."],
        exchange("Are you real?", "As rain."),
    ], persona="Nell", name="Nell", begins=r"\(", passed="Chat "),
    case("days_changed.log", 5, [exchange("Is the shed open?", "Till six."), exchange("And now?", "Shut, alas.")],
         [2], "nell", name="Nell", begins=r"\d\d:\d\d ", passed="---"),
    case("call.vtt", 2, [exchange("Is the shed open?", "Till six, most days.")], persona="Nell", name="Nell",
         begins="00:", passed="WEBVTT|c-"),
]  # fmt: skip
