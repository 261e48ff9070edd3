"""Personal data: what is found and what is not, in figures; placeholders and the allow list."""

import importlib.util
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from personal_items import planted
from personal_name_traps import NO_NAMES
from personal_traps import NO_DATA

from marcus_nb import ingest, text
from marcus_nb.parameters import ROOT, Clean, Ingest, load
from marcus_nb.parameters.schema import PersonalKind
from marcus_nb.text.personal import KINDS, REGIONS, Numbering, find, replaced

EACH = 500
RECALL = {kind: 0.98 for kind in KINDS} | {"postal_address": 0.9, "name": 0.9}
MOST_ALARMS = 1 / 1000  # finds that are none, per message of clean text


def found(value: str, **choices) -> list[tuple[str, str]]:
    return [(item.kind, value[item.start : item.end]) for item in find(value, **choices)]


# --- the figures -----------------------------------------------------------------------------------------------------


def is_hidden(message: str, item: str, kind: str) -> bool:
    """Whether one find of the kind lies within the planted item, and leaves nothing of it but the words around."""
    start = message.index(item)
    finds = [one for one in find(message) if one.kind == kind and one.start < start + len(item) and start < one.end]
    if not finds or any(one.start < start or one.end > start + len(item) for one in finds):
        return False
    rest = message[start : finds[0].start] + message[finds[-1].end : start + len(item)]
    said = (
        "password",
        "contraseña",
        "clave",
        "CVV",
        "PIN",
        "DNI",
        "NIE",
        "CIF",
        "SSN",
        "NHS",
        "mailto",
        "my",
        "number",
        "is",
        "la",
        "es",
    )
    return not any(word.strip(":<>()!. ") not in (*said, "") for word in rest.split())


def measured_recall() -> dict[str, float]:
    return {kind: sum(is_hidden(*pair, kind) for pair in planted(kind, EACH, seed=2026)) / EACH for kind in KINDS}


def test_planted_items_are_found(capsys):
    recall = measured_recall()
    with capsys.disabled():
        print(f"\n{'kind':16}{'planted':>9}{'found':>9}{'recall':>9}")
        for kind, share in recall.items():
            print(f"{kind:16}{EACH:9}{round(share * EACH):9}{share:9.3f}")
    assert {kind: share for kind, share in recall.items() if share < RECALL[kind]} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_item_is_nothing_else(kind):
    for message, item in planted(kind, 100, seed=7):
        others = [one for one in find(message) if one.kind != kind]
        assert not others, (message, item, others)


@pytest.fixture(scope="module")
def own_messages() -> list[tuple[str, str]]:
    """(persona, message) of the example's own conversations, both personas'."""
    chosen = load("quickstart")
    other = Ingest(sources=chosen.evaluate.contrast_sources)
    made = []
    for section, persona in (
        (chosen.ingest, chosen.shared.persona_name),
        (other, chosen.evaluate.contrast_persona_name),
    ):
        for item in ingest.read_sources(section, ROOT, persona).conversations:
            made += [(persona, message.content) for message in item.messages]
    return made


def test_nothing_is_found_in_the_example_but_what_was_planted_there(own_messages):
    assert len(own_messages) > 1000
    finds = [(kind, value) for persona, message in own_messages for kind, value in found(message, allow=(persona,))]
    assert {kind for kind, _ in finds} == {"email", "phone"}
    for kind, value in finds:
        assert value.endswith("@example.com") if kind == "email" else value.startswith("07700 900"), value
    planted_there = sum(message.count("@example.com") + message.count("07700 900") for _, message in own_messages)
    assert len(finds) == planted_there > 5


def package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{name} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def flat(lines) -> list[str]:
    return [message for line in lines for message in (flat(line) if isinstance(line, list) else [str(line)])]


def chatterbot() -> list[str]:
    files = sorted(package("chatterbot_corpus").rglob("*.yml"))
    loaded = (yaml.load(path.read_text(encoding="utf-8"), yaml.CBaseLoader) for path in files)
    return [message for one in loaded for message in flat(one.get("conversations") or [])]


def chitchat() -> list[str]:
    talks = json.loads((package("chitchat_dataset") / "dataset.json").read_text(encoding="utf-8"))
    return [line["text"] for talk in talks.values() for burst in talk["messages"] for line in burst][::4]


@pytest.mark.parametrize("corpus", [chatterbot, chitchat])
def test_false_alarms_in_talk_that_nobody_here_wrote(corpus, capsys):
    """Most of these finds are right, people greet each other by name; even so they are few."""
    messages = corpus()
    finds = [item for message in messages for item in found(message)]
    others = [item for item in finds if item[0] not in ("name", "email")]
    with capsys.disabled():
        print(
            f"\n{corpus.__name__}: {len(messages)} messages, {len(finds)} finds, {len(others)} beside names and e-mail"
        )
    assert len(messages) > 15_000
    assert len(finds) <= MOST_ALARMS * len(messages)
    assert len(others) <= MOST_ALARMS / 10 * len(messages)


@pytest.mark.parametrize("good", [*NO_DATA, *NO_NAMES])
def test_text_that_only_looks_like_it_stays(good):
    assert found(good) == []
    assert text.redact(good) == text.mask(good) == good


def test_there_are_enough_traps():
    assert len(NO_DATA) >= 150 and len(NO_NAMES) >= 150


# --- what is found ---------------------------------------------------------------------------------------------------


def test_kinds_and_regions_are_those_of_the_parameters():
    assert PersonalKind.__args__ == KINDS
    assert list(REGIONS) == Clean().redact_regions


@pytest.mark.parametrize(
    ("message", "hidden"),
    [
        ("Write to tom.o'brien+boat@mail.example.co.uk.", "Write to [EMAIL_1]."),
        ("<mailto:a@example.com>,'b@example.com'", "<mailto:[EMAIL_1]>,'[EMAIL_2]'"),
        ("x@example.com+y@example.com", "[EMAIL_1]+[EMAIL_2]"),
        ("tom (at) example.com; ana [arroba] example [punto] es", "[EMAIL_1]; [EMAIL_2]"),
        ("Ring 07700 900123, or +44 (0)7700 900456.", "Ring [PHONE_1], or [PHONE_2]."),
        ("(020) 7946 0018 / 020-7946-0018", "[PHONE_1] / [PHONE_1]"),
        ("06 12 34 56 78 and 06.12.34.56.78", "[PHONE_1] and [PHONE_1]"),
        ("612 345 678; 555-867-5309; 98765 43210; 0171/1234567", "[PHONE_1]; [PHONE_2]; [PHONE_3]; [PHONE_4]"),
        ("07700900123 14/06/2025 09:12", "[PHONE_1] 14/06/2025 09:12"),
        ("14/06/2025 09:12 07700900123", "14/06/2025 09:12 [PHONE_1]"),
        ("07700 900123 07700 900456", "[PHONE_1] [PHONE_2]"),
        ("(07700 900123) (2 boats)", "([PHONE_1]) (2 boats)"),
        ("600112233 or +34 600 11 22 33 or 0034-600-112-233", "[PHONE_1] or [PHONE_1] or [PHONE_1]"),
        ("my mobile number is 5552345, order 5552346", "my mobile number is [PHONE_1], order 5552346"),
        ("tarjeta 4111 1111 1111 1111 y 4111111111111112", "tarjeta [CARD_1] y 4111111111111112"),
        ("tarjeta 4111 1111 1111 1111 12/27 123", "tarjeta [CARD_1] 12/27 123"),
        ("ES9121000418450200051332 DE89370400440532013000", "[IBAN_1] [IBAN_2]"),
        ("IBAN: ES00 2100 0418 4502 0005 1332 (mal)", "IBAN: [IBAN_1] (mal)"),
        ("IBAN: ES91 2100 0418 4502 0005 1332 PLEASE", "IBAN: [IBAN_1] PLEASE"),
        ("DNI 12345678Z, NIE X1234567L", "DNI [ID_1], NIE [ID_2]"),
        ("passport number: XDA123456", "passport number: [ID_1]"),
        ("from 203.0.113.7 and 2001:db8::8a2e:370:7334 via 192.168.1.1", "from [IP_1] and [IP_2] via 192.168.1.1"),
        (
            "see https://a.example/reset?token=7aB93kd02jf and https://a.example/help.",
            "see [URL_1] and https://a.example/help.",
        ),
        ("https://wa.me/34600112233", "[URL_1]"),
        ("Password: Sunshine\nthe rest", "Password: [SECRET_1]\nthe rest"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nbye", "[SECRET_1]\nbye"),
        ("Vivo en C/ Mayor 12, 3º B, 28013 Madrid.", "Vivo en [ADDRESS_1]."),
        ("Send it to Flat 2, 12 High Street, London, please", "Send it to [ADDRESS_1], please"),
        ("Calle 72 # 10-34 y Av. Insurgentes 300", "[ADDRESS_1] y [ADDRESS_2]"),
        ("Hi Tom,\nyours\n\nKind regards,\nAna García", "Hi [NAME_1],\nyours\n\nKind regards,\n[NAME_2]"),
        ("Hola María y José:", "Hola [NAME_1] y [NAME_2]:"),
        ("Dear Mrs Brown, my name is tom", "Dear Mrs [NAME_1], my name is [NAME_2]"),
    ],
)
def test_redact_replaces_what_is_personal_and_nothing_beside_it(message, hidden):
    assert text.redact(message) == hidden


def test_regions_decide_whose_phones_and_ids_are_known():
    assert found("CURP HEGG560427MVZRRL04", regions=["ES"]) == []
    assert found("CURP HEGG560427MVZRRL04", regions=["MX"]) == [("national_id", "HEGG560427MVZRRL04")]
    assert found("ring 22 33 44 55", regions=["NO"]) == [("phone", "22 33 44 55")]
    assert found("12345678Z", regions=[]) == [("national_id", "12345678Z")]
    assert found("Call 600112233", regions=["XX"]) == [("phone", "600112233")]


@pytest.mark.parametrize(
    ("entry", "stays"),
    [
        ("Info@Example.com", "info@example.com"),
        ("@example.com", "anybody@EXAMPLE.com"),
        ("600 11 22 33", "+34600112233"),
        ("+34 600-112-233", "600 112 233"),
        ("shop.example", "https://www.shop.example/login?token=7aB93kd02jf"),
        ("https://shop.example/share/", "https://shop.example/share/7aB93kd02jfk44"),
        ("ES9121000418450200051332", "ES91 2100 0418 4502 0005 1332"),
        ("12 High Street", "12 High Street, Penzance TR18 2AB"),
        ("B12345674", "B-12345674"),
    ],
)
def test_what_is_allowed_stays(entry, stays):
    message = f"It is {stays}, and not tom@other.example."
    assert len(found(message)) == 2
    assert found(message, allow=[entry]) == [("email", "tom@other.example")]


def test_an_allowed_name_stays_whole_and_in_part():
    assert found("Hi Nell,\nbye\n\nRegards,\nNell Tregenza", allow=["nell tregenza"]) == []
    assert found("Hi Tom,", allow=["nell tregenza"]) == [("name", "Tom")]


def test_a_domain_of_mail_is_no_other_domain():
    assert found("a@notexample.com", allow=["@example.com"]) == [("email", "a@notexample.com")]


# --- placeholders ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "held",
    ["[EMAIL] [EMAIL_1] <phone> {{name}} (redacted)", "[CORREO_2], [TELEFONO_1]: [NOMBRE]", "password: [SECRET_1]"],
)
def test_placeholders_of_earlier_stay(held):
    assert text.redact(held) == text.mask(held) == held


def test_numbers_do_not_collide_with_those_present():
    assert text.redact("[EMAIL_3] and tom@example.com") == "[EMAIL_3] and [EMAIL_4]"


def test_spanish_placeholders():
    message = "Hola, Ana: ana@example.com, 600112233, 12345678Z"
    assert replaced(message, find(message), Numbering([message], "es")) == (
        "Hola, [NOMBRE_1]: [CORREO_1], [TELEFONO_1], [DOCUMENTO_1]"
    )


DIRT = [
    *"ab. ,@+-()/0123456789\n\t&;:€£[]#",
    "Hi ",
    "Tom",
    "x@y.com",
    "07700 900123",
    "600112233",
    "14/06/2025",
    "tel ",
    "order ",
    "password: ",
    "DNI ",
    "12345678Z",
    "[EMAIL_1]",
    "[PHONE]",
    "http://a.b/",
    "?token=",
    "7aB93kd02jf",
    "Calle Mayor 1",
    "Regards,\n",
    "Ana García",
    "1.2.3.4",
]
dirty = st.lists(st.sampled_from(DIRT), max_size=25).map("".join) | st.text(max_size=40)


@given(dirty)
def test_a_second_pass_changes_nothing(value):
    once = text.redact(value)
    assert text.redact(once) == once


@given(dirty)
def test_finds_are_in_order_apart_and_within_the_text(value):
    place = 0
    for item in find(value):
        assert place <= item.start < item.end <= len(value) and item.kind in KINDS and item.value
        place = item.end


@given(st.text(st.sampled_from("ab 1.,"), max_size=15), st.from_regex(r"07\d{3} ?\d{6}", fullmatch=True))
def test_a_phone_is_found_among_words(before, phone):
    if len(set(phone)) > 3:
        assert phone not in text.redact(f"{before}x, {phone}, thanks")


def test_mask_shows_where_it_stood_and_not_what():
    assert text.mask("I am tom@example.com, 07700 900123") == "I am t••@•••••••.•••, 0•••• ••••••"
