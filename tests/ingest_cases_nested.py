"""Cases of nested values: training data, exports of chat platforms and helpdesks, and nestings of our own invention."""

from ingest_case import ANY, LO, SA, Case, R, T, exchange

__all__ = ["CASES"]


def case(file, container, shape, records, said, outcomes=(), persona=None, count=None, **more) -> Case:
    counted = {"json": "json_records", "jsonl": "jsonl_records", "yaml": "yaml_records"}[container]
    table = T(container, shape, records, said, list(outcomes), persona)
    return Case(f"nested/{file}", [table], (counted, count or {}), **more)


def lists(*paths: str) -> dict:
    return {"lists": paths}


CASES = [
    case("messages.json", "json", "messages", 5, [
        exchange("Is it open?", "Since nine."),
        ["u: ¿Hablas español?", "a: Un poco, sí.", "u: ¡Bien!", "a: Despacio, ¿eh?"],
    ], [(1, LO), (3, SA), (4, R), (5, R)], "assistant"),
    case("finetune.jsonl", "jsonl", "messages", 2, [
        ["u: Tell me the price.", "a: Let me see.", "u: Well?", "a: Four pounds."],
        exchange("And the weather?", "Sun till six."),
    ], [(1, LO), (2, LO), (2, LO), (2, LO)], "assistant"),
    case("typed_parts.jsonl", "jsonl", "messages", 2, [
        exchange("What is this?", "A sprocket."), exchange("Two\nparts", "I see both."),
    ], [(1, LO)], "assistant"),
    case("broken_lines.jsonl", "jsonl", "messages", 6, [
        exchange("Hi", "Aye."), exchange("Open?", "Nay."), exchange("Late?", "Never."),
    ], [(2, R), (5, R), (6, R)], "assistant"),
    case("sharegpt.json", "json", "sharegpt", 4, [
        exchange("Hi there", "Hello, skipper."), exchange("Bell?", "Brass."), exchange("Thanks", "Any time."),
    ], [(1, LO), (2, LO), (2, LO), (3, LO), (4, R)], "gpt"),
    case("alpaca_history.json", "json", "instruction", 3, [
        ["u: Price of one?", "a: Four.", "u: A day?", "a: An hour.", "u: And for two?", "a: Eight."],
        exchange("Translate to Spanish\nbicycle", "bicicleta"),
    ], [(3, SA)]),
    case("trl.jsonl", "jsonl", "pairs", 2, [
        exchange("Is it late?", "Not for me."), ["u: Tea?", "a: Please.", "u: Milk?", "a: A drop."],
    ]),
    case("completion.jsonl", "jsonl", "pairs", 5, [
        exchange("Open today?", "Till six."), exchange("Open tomorrow?", "From nine."),
        exchange("Any bells?", "Brass."),
        exchange("Any maps?", "By the door."), exchange("Any soup?", "Leek."),
    ]),
    case("preference_messages.jsonl", "jsonl", "preference", 2, [
        exchange("Is it cold?", "Wear wool."), exchange("Is it far?", "Two miles."),
    ]),
    case("hh_rlhf.jsonl", "jsonl", "preference", 2, [
        ["u: Can I ride here?", "a: On the left.", "u: Fast?", "a: Slowly, there are ducks."],
        exchange("Lamp on?", "After dusk."),
    ]),
    case("unpaired.jsonl", "jsonl", "preference", 3, [
        exchange("Is the tea hot?", "Always."), exchange("Biscuits?", "In the tin."),
    ], [(2, SA)]),
    case("dailydialog.jsonl", "jsonl", "lines", 2, [
        ["u: Say, Jim, how about going for a ride?", "a: You know that is tempting.", "u: Come on.",
         "a: All right, then."],
        exchange("Can you mend it?", "I can mend anything."),
    ], persona=ANY),
    case("lines.json", "json", "lines", 3, [
        ["u: Hola", "a: Hola, ¿en qué te ayudo?", "u: Busco una bici", "a: Tengo la tuya."],
        exchange("¿Precio?", "Cuatro euros."),
    ], [(3, SA)], ANY),
    case("telegram.json", "json", "messages", 8, [
        ["u: Hola, ¿hay sitio?", "a: Sí, mira https://bicis.example y elige.", "u: ¿Esta?", "a: Esa misma."],
        exchange("Gracias por todo", "A ti, Marta."),
    ], [(1, SA), (4, SA)], "Sofía", lists("messages"), name="Sofía"),
    case("telegram_full.json", "json", "messages", 5, [
        exchange("¿Abrís?", "A las nueve."), exchange("¿Cascos?", "De todas las tallas."),
    ], [(5, SA)], "Sofía", lists("chats.list.*.messages"), name="Alba"),
    case("discord.json", "json", "messages", 6, [
        ["u: Is there a ride on Sunday?", "a: At ten, from the bridge.", "u: This bridge?", "a: That very one."],
    ], [(1, SA), (4, SA)], "Nell", lists("messages")),
    # doubly encoded, newest first
    case("messenger.json", "json", "messages", 5, [
        ["u: ¿Tenéis la azul?", "a: Sí, la tengo.", "u: Vale, mañana voy", "a: Aquí estaré 🙂"],
    ], [(3, SA)], "Bicis Alameda", lists("messages"), name="Bicis Alameda"),
    # the visible branch: the first answer was thrown away
    case("chatgpt.json", "json", "messages", 2, [
        ["u: Name a river.", "a: The Wye.", "u: Why?", "a: It is near."], exchange("Tea or coffee?", "Tea."),
    ], [(1, LO)], "assistant"),
    case("claude.json", "json", "messages", 3, [
        exchange("Brass or steel?", "Brass."),
        ["u: Which oil?", "a: A light one.", "u: And how much?", "a: A drop."],
    ], [(1, LO), (2, R)], "assistant"),
    # the description is the first comment; the private one was never said; two agents speak with one voice
    case("zendesk.json", "json", "messages", 2, [
        ["u: My order has not come.", "a: I look into it at once.\nA new one leaves today."],
        exchange("Can I change the colour?", "You can, until it ships."),
    ], [(1, LO), (1, LO), (1, LO)], "Nell Hatch", lists("tickets")),
    case("intercom.json", "json", "messages", 2, [
        ["u: Do you post abroad?", "a: To the whole world,\nby boat.", "u: How long?", "a: Three weeks & a day."],
        exchange("Is this a robot?", "No, it is Nell."),
    ], [(1, LO), (1, LO), (1, LO)], ANY, lists("conversations")),
    case("freshdesk.json", "json", "messages", 2, [
        ["u: The tyre is flat again.", "a: I bring a new tube.", "u: Thank you, when?", "a: Before noon."],
        exchange("When are you open?", "From nine to six."),
    ], [(1, LO)], ANY),
    case("hubspot.json", "json", "row_per_message", 4, [
        exchange("Do you repair e-bikes?", "We do, bring the charger."),
        exchange("Is Saturday busy?", "Come before eleven."),
    ], persona=ANY, count=lists("results")),
    # four levels deep, in a nesting that nobody exports
    case("unknown.json", "json", "messages", 2, [
        exchange("Anyone home?", "Up the ladder."), exchange("Is the kettle on?", "It sings."),
    ], [(2, LO)], "Nell", lists("dump.payload.rooms")),
    case("keyed.json", "json", "messages", 2, [
        exchange("Is it raining?", "Cats and dogs."), exchange("Still?", "Only cats."),
    ], persona="assistant", count={"keyed": True}),
    case("concatenated.json", "json", "messages", 3, [
        exchange("One?", "One."), exchange("Two?", "Two."), exchange("Three?", "Three."),
    ], persona="assistant"),
    case("pretty_documents.json", "json", "pairs", 2, [
        exchange("Red or blue?", "Blue."), exchange("New or old?", "Old, and oiled."),
    ]),
    case("pairs_inside.json", "json", "pairs", 2, [exchange("Is there wifi?", "There is a view.")], [(2, SA)],
         count=lists("data.faq")),
    case("log.json", "json", "row_per_message", 5, [
        exchange("Is it you?", "As ever."), exchange("Good day", "Good day to you."),
    ], [(5, R)], "Nell"),
    Case("nested/train_and_test.json", [
        T("json", "pairs", 2, [exchange("Left?", "Right."), exchange("Up?", "Down.")], sheet="train"),
        T("json", "pairs", 1, [exchange("In?", "Out.")], sheet="test"),
    ], ("json_records", lists("train", "test"))),
    case("chatterbot.yml", "yaml", "lines", 3, [
        exchange("Are you open?", "Yes"),
        ["u: What is 7 times 6?", "a: 42", "u: Sure?", "a: I counted: 42"],
        exchange("¿Hablas español?", "Claro que sí."),
    ], persona=ANY, count=lists("conversations")),
    case("messages.yaml", "yaml", "messages", 2, [
        exchange("Is it far?", "Two miles,\nall flat."), exchange("Is it dear?", "Four pounds."),
    ], persona="assistant"),
    case("pairs.yaml", "yaml", "pairs", 2, [
        exchange("Is there a lock?", "In the basket."), exchange("And a pump?", "Outside, on a hook."),
    ], count=lists("faq")),
]  # fmt: skip
