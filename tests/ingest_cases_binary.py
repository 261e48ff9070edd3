"""Cases of workbooks, Parquet, archives, folders and patterns, written by tests/ingest_books.py."""

from ingest_case import ANY, SA, Case, R, T, exchange

__all__ = ["CASES"]


def case(build: str, tables, count, **more) -> Case:
    return Case(build, tables, count, build=build, id=build, **more)


def members(**of: tuple) -> tuple:
    return "members", of


COUNTER = [exchange("Is the gate open?", "Since eight."), exchange("42", "That is the number of the tandem.")]
CHAT = [exchange("Is it you?", "As ever."), exchange("Tea?", "Please.")]
SHOP = [
    T("excel", "pairs", 3, COUNTER, [(7, SA)], sheet="Counter"),
    T("excel", "row_per_message", 4, CHAT, [], "Nell", sheet="Chat"),
]
COUNTED = ("excel_records", {"headers": {"Counter": 3, "Chat": 1}})
ORIGINAL = T("csv", "pairs", 3, [
    exchange("Do you hire out bicycles by the hour?", "Aye, four pounds an hour, and a lock goes with it."),
    exchange("Is the towpath muddy today?", "It is. Wear boots, my dear."),
    exchange("What if I get a puncture?", "Ring me and I come out with the van, no charge."),
], file="backup.zip/backup/2024/original.csv")  # fmt: skip
DIALOGUES = T("jsonl", "lines", 2, [
    ["u: Say, Jim, how about going for a ride?", "a: You know that is tempting.", "u: Come on.", "a: All right, then."],
    exchange("Can you mend it?", "I can mend anything."),
], persona=ANY, file="backup.zip/backup/2025/dialogues.jsonl.gz")  # fmt: skip
CARTA = T("csv", "pairs", 4, [
    exchange("¿Cuánto cuesta alquilar una bici un día?", "Son 18 € el día entero, y el candado va incluido."),
    exchange("¿Abrís los domingos?", "Sí, de 10 a 14 h, por la tarde descansamos."),
    exchange('Hola, ¿tenéis "tándem"?', "Uno solo, así que resérvalo con tiempo – vuela."),
], [(5, SA)], file="exports/carta.csv")  # fmt: skip
FAQ = T("json", "pairs", 2, [exchange("Is there wifi?", "There is a view.")], [(2, SA)], file="exports/more/faq.json")
WHATSAPP = {"begins": r"\d{1,2}/\d{1,2}/\d{2}"}
MARTA = "WhatsApp Chat with Marta.zip/WhatsApp Chat with Marta.txt"
CASES = [
    case("shop_book", SHOP, COUNTED),
    case("shop_book_with_macros", SHOP, COUNTED),
    case("merged_book", [T("excel", "row_per_message", 6, [
        ["u: Is it far?", "a: Two miles.", "u: Hilly?", "a: Flat."], exchange("Is it dear?", "Four pounds."),
    ], [], "Nell", sheet="Chats")], ("excel_records", {"headers": {}})),
    case("formula_book", [T("excel", "pairs", 2, [
        exchange("How much for two?", "8 pounds."), exchange("And for one?", "Four pounds."),
    ], sheet="Answers")], ("excel_records", {"headers": {}})),
    case("old_book", [
        T("excel", "pairs", 2, [exchange("Abrís los domingos?", "Sí."), exchange("12", "0.5")], sheet="Letters"),
        T("excel", "pairs", 1, [exchange("Hi", "Aye.")], sheet="Old"),
    ], ("stated", {("Letters", 3): "007 Abrís los domingos? Sí.", ("Letters", 4): "12 0.5", ("Old", 6): "Hi Aye."})),
    case("open_document", [T("ods", "pairs", 2, [
        exchange("¿Hay sitio?", "Dos plazas."), exchange("And to-morrow?", "Come & see."),
    ], sheet="Preguntas")], ("ods_records", {})),
    case("parquet_messages", [T("parquet", "messages", 2, [exchange("Is it open?", "Since nine."),
                                                          exchange("¿Sí?", "Sí.")], [], "assistant")],
         ("parquet_records", {})),
    case("parquet_pairs", [T("parquet", "pairs", 3, [exchange("Left?", "Right."), exchange("In?", "Out.")], [(2, SA)])],
         ("parquet_records", {})),
    case("parquet_log", [T("parquet", "row_per_message", 4, [exchange("Late?", "Never."), exchange("Soon?", "Now.")],
                           [], "Nell")], ("parquet_records", {})),
    case("gzipped", [T("csv", "row_per_message", 12, [
        ["u: Quería una bici\npara mañana", "a: Te guardo la azul."], exchange("¿Abrís hoy?", "Sí, hasta las ocho."),
        exchange("¿Y un casco?", "También."),
    ], [(2, SA), (8, SA), (9, SA), (10, SA), (11, R)], "Sofía", file="log.csv.gz")],
         members(**{"log.csv.gz": ("tables/log.csv", "csv_records", {})}), name="Sofía"),
    case("slack_export", [
        T("json", "row_per_message", 3, [exchange("@Nell Hatch is the gate & the shed open?",
                                                     "Both, see the page (https://hatch.example)")],
          [(1, SA)], ANY, file="slack.zip/help/2025-06-14.json"),
        T("json", "row_per_message", 2, [exchange("And today?", "Just the gate.")], [], ANY,
          file="slack.zip/help/2025-06-15.json"),
    ], members(**{
        "slack.zip/help/2025-06-14.json": ("nested/slack/help/2025-06-14.json", "json_records", {}),
        "slack.zip/help/2025-06-15.json": ("nested/slack/help/2025-06-15.json", "json_records", {}),
    })),
    case("whatsapp_zip", [T("transcript", "row_per_message", 9, [
        ["u: Hola, ¿tenéis sitio\npara mañana a las diez?", "a: Sí, quedan dos bicis.", "u: Esa de la foto",
         "a: La roja, entonces: anotada."],
        exchange("¿Llueve?", "Ni una gota."),
    ], [(1, SA), (5, SA), (8, SA)], "Sofía", file=MARTA)],
         members(**{MARTA: ("chats/whatsapp_android_es.txt", "transcript_records", WHATSAPP)}), name="Sofía"),
    case("zip_with_folders", [ORIGINAL, DIALOGUES], members(**{
        ORIGINAL.file: ("tables/original.csv", "csv_records", {}),
        DIALOGUES.file: ("nested/dailydialog.jsonl", "jsonl_records", {}),
    })),
    case("folder_of_files", [CARTA, FAQ], members(**{
        CARTA.file: ("tables/excel_es.csv", "csv_records", {"encoding": "cp1252", "delimiter": ";"}),
        FAQ.file: ("nested/pairs_inside.json", "json_records", {"lists": ("data.faq",)}),
    })),
    case("pattern", [
        T("csv", "pairs", 2, [exchange("¿A qué hora cerráis?", "A las ocho en punto."),
                              exchange("¿Hay fuente de agua?", "En el patio, al fondo.")], file="in/enero.csv"),
        T("csv", "pairs", 2, [exchange("¿Dónde estáis?", "Junto al puente viejo, en el número 4."),
                              exchange("¿Se puede pagar con tarjeta?", "Sí, y también por móvil.")],
          file="in/febrero.csv"),
    ], members(**{
        "in/enero.csv": ("tables/p_r.csv", "csv_records", {"delimiter": ";"}),
        "in/febrero.csv": ("tables/pipe.txt", "csv_records", {"delimiter": "|"}),
    })),
]  # fmt: skip
