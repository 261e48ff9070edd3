"""Cases of exports that the issue does not name: what a person may well have, and be right to expect to work."""

from ingest_case import ANY, LO, SA, Case, T, exchange

__all__ = ["CASES"]


def csv(file, shape, records, said, outcomes=(), persona=None, count=None, **more) -> Case:
    table = T("csv", shape, records, said, list(outcomes), persona)
    return Case(f"tables/{file}", [table], ("csv_records", count or {}), **more)


def nested(file, container, shape, records, said, outcomes=(), persona=None, count=None, **more) -> Case:
    table = T(container, shape, records, said, list(outcomes), persona)
    return Case(f"nested/{file}", [table], (f"{container}_records", count or {}), **more)


CASES = [
    # training data of Google's models
    nested("gemini.jsonl", "jsonl", "messages", 2, [
        exchange("Is the kettle on?", "It sings."), exchange("Two\nsugars?", "Three."),
    ], persona="model"),
    # newest first, the time in a key of its own name
    nested("skype.json", "json", "messages", 2, [
        exchange("Is the lamp out?", "Since dawn."), exchange("May I bring a friend?", "Bring two."),
    ], persona="8:nell", count={"lists": ("conversations",)}),
    nested("teams.json", "json", "messages", 4, [
        ["u: Is the room free?", "a: It is, come & see.", "u: How long?", "a: Till the bell."],
    ], persona="Nell Hatch", name="Nell Hatch", count={"lists": ("value",)}),
    nested("google_chat.json", "json", "messages", 4, [
        ["u: Open today?", "a: Till six.", "u: And the bar?", "a: Till seven."],
    ], persona="Nell", count={"lists": ("messages",)}),
    nested("message_tree.jsonl", "jsonl", "row_per_message", 4, [
        exchange("How does one fold a map?", "As it was folded."), exchange("What is a thole?", "A pin for the oar."),
    ], persona="assistant"),
    nested("from_me.json", "json", "row_per_message", 4, [
        exchange("Is it shut?", "Wide open."), exchange("Any cake?", "Ginger."),
    ], persona=ANY),
    # turns that hold a question and its answer each
    nested("turns.json", "json", "messages", 2, [
        ["u: Is it open?", "a: It is.", "u: Till when?", "a: Till six."], exchange("Tea?", "Please."),
    ], persona=ANY),
    nested("multiwoz.json", "json", "messages", 2, [
        exchange("I need a bicycle", "For how many days?"), exchange("Is it dear?", "Four pounds an hour."),
    ], persona="SYSTEM", source={"persona_speaker": "SYSTEM"}),
    # phone numbers, no conversation id, two customers at once: who writes with whom keeps them apart
    csv("direction.csv", "row_per_message", 4, [
        exchange("Is the ferry running?", "It runs."), exchange("Do you mend prams?", "We mend all wheels."),
    ], persona=ANY),
    csv("inbox.csv", "row_per_message", 4, [
        exchange("Are you open on Monday?", "We are, from nine."),
        exchange("Is there tea at the hatch?", "Always a pot."),
    ], persona=ANY),
    csv("mensaje_respuesta.csv", "pairs", 2, [
        exchange("¿Está abierto el camino?", "Hasta la esclusa, sí."), exchange("¿Y más allá?", "Más allá hay barro."),
    ], count={"delimiter": ";"}, name="Alba"),
    # lists of messages as Python prints them: what pandas writes into a CSV
    csv("stringified.csv", "messages", 2, [
        exchange("Is it open?", "It's open."), exchange("Till when?", "Till six."),
    ], persona="assistant"),
    csv("nobody_named_the_columns.txt", "row_per_message", 4, [
        ["u: Is the gate open today?", "a: Since eight this morning.", "u: And in the evening?",
         "a: Till the lamp is lit."],
    ], persona="Nell", count={"header": 0, "delimiter": "|"}),
    Case("chats/line.txt", [T("transcript", "row_per_message", 7, [
        ["u: Is it open today?", "a: Since eight.", "u: This door?", "a: The other one."],
    ], [(1, SA), (2, SA), (7, SA)], "Nell")], ("transcript_records", {"begins": r"\d\d:\d\d\t|\[LINE|Saved"})),
    # messages that answer messages, of several customers at once
    csv("replies.csv", "row_per_message", 6, [
        ["u: My order is late", "a: Which order is it?", "u: Order 55", "a: It comes tomorrow."],
        exchange("Are you open?", "We are open till six."),
    ], persona="hatchcare", name="hatchcare"),
    # what pandas writes with to_json: column by column
    Case("nested/columns_of_pandas.json", [
        T("json", "pairs", 2, [exchange("Open?", "Aye."), exchange("Tea?", "Please.")]),
    ], ("stated", {(None, 1): "Open? Aye.", (None, 2): "Tea? Please."})),
    csv("plurals.csv", "pairs", 2, [
        exchange("¿Dónde se recoge la bici?", "En el patio, junto a la fuente."),
        exchange("¿Hay que traer casco?", "Lo ponemos nosotros."),
    ], count={"delimiter": ";"}),
    csv("turn_id.csv", "row_per_message", 6, [
        exchange("Where is the loft?", "Up the ladder."),
        ["u: Where does one pay?", "a: At the till.", "u: And the tens?", "a: Tens are paid at the till, too."],
    ], persona="assistant"),
    # helpdesks write their cells in HTML
    csv("html.csv", "pairs", 2, [
        exchange("Is the gate open?", "Since eight,\ncome in."), exchange("Fish & chips?", "On Fridays, skipper."),
    ]),
    nested("history_and_response.jsonl", "jsonl", ANY, 2, [
        ["u: Is it open?", "a: Aye.", "u: Till when?", "a: Till six."], exchange("Tea?", "Please."),
    ], persona=ANY),
    # who speaks stands beside the messages
    nested("participants.json", "json", "messages", 2, [
        exchange("Is the lamp lit?", "At dusk."), exchange("May I ring the bell?", "Once."),
    ], persona=ANY, count={"lists": ("export",)}),
    # one column of whole chats with the marks that models are trained on
    csv("chatml.csv", ANY, 2, [
        exchange("Is it open?", "It is, come in."), exchange("Tea, or not?", "Please."),
    ], [(2, LO)], persona=ANY),
    # names and roles stand in a list of their own; a colleague's ticket is not the persona's
    nested("users_beside_rows.json", "json", "row_per_message", 6, [
        exchange("Is the lamp lit?", "At dusk."), exchange("Nell, may I?", "Once."),
    ], [(3, SA), (4, SA)], persona="Nell", count={"lists": ("comments",)}),
    # lines of several kinds; a message holds those that answer it
    nested("lines_of_kinds.jsonl", "jsonl", "messages", 4, [
        ["u: Is it open?", "a: Since eight.", "u: Till when?", "a: Till six."], exchange("Any tea?", "A pot of it."),
    ], [(1, SA), (2, SA)], persona="nell"),
    # what a form asks stands above the columns
    csv("form_questions.csv", "pairs", 3, [
        exchange("I want my money back", "Of course you get it back"),
        exchange("My lamp is broken", "Bring it in, please"), exchange("Where do I pay?", "At the till"),
    ]),
    Case("chats/numbered_faq.txt", [
        T("transcript", "pairs", 3, [
            exchange("Is it open?", "Since eight."), exchange("Is there tea?", "Always a pot."),
        ], [(1, SA)]),
    ], ("transcript_records", {"begins": r"\d\. Q|Questions"})),
]  # fmt: skip
