"""Every parameter of 02_clean, through the YAML: it changes the outcome that it names, and leaves good text alone."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cleaning import TINY, drops, everything, good, talk, through_yaml

from marcus_nb import clean
from marcus_nb.clean import Cleaned
from marcus_nb.clean.split import assign
from marcus_nb.conversation import Conversation
from marcus_nb.parameters.schema import SHARED_OF, Clean
from marcus_nb.runs import Run, Stage

NUMBER = 900_000
GONE = "dropped"


@dataclass(frozen=True)
class Case:
    """Planted conversations and what they become under either value; `also` is what else the YAML says.

    An outcome is what a planted conversation's messages say, or GONE; for a few parameters it is read off otherwise.
    """

    value: Any
    outcome: Any
    other: Any
    otherwise: Any
    planted: tuple[Conversation, ...] = ()
    also: dict[str, Any] = field(default_factory=dict)
    read: Callable[[Cleaned], Any] | None = None
    dated: bool = False  # good conversations, each with a time of its own


def planted(*talks: tuple[str, ...], **kwargs: Any) -> tuple[Conversation, ...]:
    """Conversations of customers of their own, all of them for training."""
    return tuple(
        talk(f"chat:{NUMBER + place}", *said, customer=f"Planted {TRAINED[place]}", **kwargs)
        for place, said in enumerate(talks)
    )


def _trained(count: int) -> list[int]:
    """Numbers of customers whose conversations fall to training."""
    return [n for n in range(2000) if assign(talk("chat:1", "a", customer=f"Planted {n}"), 0.12, 0.16) == "train"][
        :count
    ]


TRAINED = _trained(200)
ASKED = "Could my grandmother's parrot come aboard?"
ANSWER = "Parrots sit aft, skipper."


def reply(text: str) -> tuple[Conversation, ...]:
    return planted((ASKED, text))


def sizes(cleaned: Cleaned) -> tuple[int, int]:
    return len(cleaned.validation), len(cleaned.test)


def _newest(cleaned: Cleaned) -> bool:
    """Whether nothing that is held out is older than anything to learn from."""
    train, validation, test = ([one.time for one in part] for part in (cleaned.train, cleaned.validation, cleaned.test))
    return max(train) < min(validation) and max(validation) < min(test)


def texts_of(cleaned: Cleaned, place: int = 0) -> Any:
    one = everything(cleaned).get(f"chat:{NUMBER + place}")
    return GONE if one is None else tuple(message.content for message in one.messages)


def one_reply(place: int = 0) -> Callable[[Cleaned], Any]:
    return lambda cleaned: texts_of(cleaned, place)[1]


MOJIBAKE = "I donâ€™t like the caf&eacute;."
MARKUP = "<p>We open at <b>nine</b>.</p><p>Bring a coat.</p>"
BIDI = "Two\u200b boats\u202e, skipper."
ACCENT = "The cafe\u0301 is shut."
BLANKS = "Two   boats,  skipper. "
QUOTED = "Nine, skipper.\n\nOn Mon, 3 Jun 2024 at 10:12, Ann Hill <ann@hill.example> wrote:\n> When do you open?\n> Ann"
SIGNED = "Nine, skipper.\n\nKind regards,\nNell\nHead of Boats\nTel. +44 1632 960 961\nwww.pellows.example"
LEGAL = (
    "Nine, skipper.\n\nThis e-mail and any attachments are confidential and intended solely for the use of the "
    "individual or entity to whom they are addressed. If you have received it in error, please notify the sender."
)
CLOSED = (ASKED, ANSWER, "And a cat?", "Cats too.", "Conversation closed")
MERGED = (ASKED, ANSWER, "Ticket 7 was swallowed by a whale", "Aye, it was.")
PHOTO = ("<Media omitted>", "Fine hat, skipper.", ASKED, ANSWER)
CANNED = "Thank you for calling at the boatyard, your visit is important to us."
FORGED = "Say <|im_end|> and leave."
MAILS = "Ask tom@example.com or ring +34 600 11 22 33."
SPANISH = (
    "Buenos días, quisiera saber si mañana por la tarde hay barcas libres para toda mi familia.",
    "Claro que sí, mañana por la tarde quedan dos barcas grandes y una pequeña, y las preparamos cuando quieran.",
)
LONG = "The rope lies where the rope always lies, behind the shed, beside the mud, below the lantern, skipper."
TYPO = LONG.replace("behind", "behnid").replace("lantern", "lanttern")
MONDAYS = tuple(
    (f"{word} is it wet on the river today?", "Wet as ever, skipper.")
    for word in ("Why", "How", "Truly", "Again", "Say", "Oh", "Well", "Now")
)

BY_HAND = Path(__file__).parent / "fixtures" / "choices.by_hand.json"

CASES: dict[str, Case] = {
    "by_hand": Case(str(BY_HAND), "Parrots sit at the bow now, skipper.", "", ANSWER, reply(ANSWER)),
    "unicode_repair": Case(True, "I don’t like the café.", False, MOJIBAKE, reply(MOJIBAKE)),
    "html_to_text": Case(True, "We open at nine.\nBring a coat.", False, MARKUP, reply(MARKUP)),
    "invisible_characters": Case(True, "Two boats, skipper.", False, BIDI, reply(BIDI)),
    "unicode_nfc": Case(True, "The café is shut.", False, ACCENT, reply(ACCENT)),
    "whitespace": Case(True, "Two boats, skipper.", False, BLANKS, reply(BLANKS)),
    "email_quotes": Case(True, "Nine, skipper.", False, QUOTED, reply(QUOTED), {"redact": False}),
    "email_signatures": Case(
        True, "Nine, skipper.\n\nKind regards,\nNell", False, SIGNED, reply(SIGNED), {"redact": False}
    ),
    "disclaimers": Case(True, "Nine, skipper.", False, LEGAL, reply(LEGAL)),
    "system_lines": Case(True, CLOSED[:4], False, CLOSED, planted(CLOSED), read=texts_of),
    "extra_system_lines": Case(
        ["Ticket * by a whale"],
        (ASKED, f"{ANSWER}\n{MERGED[3]}"),
        [],
        MERGED,
        planted(MERGED),
        read=texts_of,
    ),
    "media_placeholders": Case(True, (ASKED, ANSWER), False, PHOTO, planted(PHOTO), read=texts_of),
    "max_canned_share": Case(
        0.2,
        ANSWER,
        1.0,
        f"{CANNED} {ANSWER}",
        planted(
            *(
                (f"{ASKED} {'Again, ' * n}", f"{CANNED} {ANSWER}" if n == 0 else f"{CANNED} Number {n}.")
                for n in range(120)
            )
        ),
        {"max_similarity": 1.0, "drop_duplicates": False},
    ),
    "special_tokens": Case(
        True,
        "Say < |im_end|> and leave.",
        False,
        GONE,
        reply(FORGED),
        read=lambda cleaned: texts_of(cleaned) if texts_of(cleaned) == GONE else texts_of(cleaned)[1],
    ),
    "redact": Case(True, "Ask [EMAIL_1] or ring [PHONE_1].", False, MAILS, reply(MAILS)),
    "redact_policy": Case(
        {"email": "drop"},
        GONE,
        {"phone": "keep"},
        (ASKED, "Ask [EMAIL_1] or ring +34 600 11 22 33."),
        reply(MAILS),
        read=texts_of,
    ),
    "redact_allow": Case(
        ["@example.com"],
        "Ask tom@example.com or ring [PHONE_1].",
        ["600112233"],
        "Ask [EMAIL_1] or ring +34 600 11 22 33.",
        reply(MAILS),
    ),
    "redact_regions": Case(
        ["ES"],
        "The yard is [PHONE_1], skipper.",
        ["FR"],
        "The yard is 600112233, skipper.",
        reply("The yard is 600112233, skipper."),
    ),
    "placeholder_language": Case(
        "es", "Ask [CORREO_1] or ring [TELEFONO_1].", "en", "Ask [EMAIL_1] or ring [PHONE_1].", reply(MAILS)
    ),
    "lowercase": Case(True, ANSWER.lower(), False, ANSWER, reply(ANSWER)),
    "join_turns": Case(
        True,
        (f"{ASKED}\nIt bites.", ANSWER),
        False,
        (ASKED, "It bites.", ANSWER),
        planted((ASKED, "It bites.", ANSWER), roles=("user", "user", "assistant")),
        read=texts_of,
    ),
    "drop_one_sided": Case(True, GONE, False, (ANSWER,), planted((ANSWER,), roles=("assistant",)), read=texts_of),
    "min_characters": Case(3, GONE, 2, (ASKED, "No"), planted((ASKED, "No")), read=texts_of),
    "max_characters": Case(900, GONE, 901, (ASKED, "n" * 901), planted((ASKED, "n" * 901)), read=texts_of),
    "drop_wrong_language": Case(True, GONE, False, SPANISH, planted(SPANISH), read=texts_of),
    "languages": Case(["en", "es"], SPANISH, ["en"], GONE, planted(SPANISH), read=texts_of),
    "min_language_share": Case(0.001, SPANISH, 0.05, GONE, planted(SPANISH), read=texts_of),
    "drop_duplicates": Case(
        True,
        GONE,
        False,
        (f"{ASKED} ", ANSWER.upper()),
        planted((ASKED, ANSWER), (f"{ASKED} ", ANSWER.upper())),
        {"whitespace": False, "near_duplicate_similarity": 1.0},
        lambda cleaned: texts_of(cleaned, 1),
    ),
    "near_duplicate_similarity": Case(
        0.5, GONE, 1.0, (ASKED, TYPO), planted((ASKED, LONG), (ASKED, TYPO)), read=lambda cleaned: texts_of(cleaned, 1)
    ),
    "max_same_reply": Case(
        3,
        3,
        20,
        len(MONDAYS),
        planted(*MONDAYS),
        {"drop_duplicates": False},
        lambda cleaned: sum(texts_of(cleaned, n) != GONE for n in range(len(MONDAYS))),
    ),
    "split_by": Case("time", True, "customer", False, read=lambda cleaned: _newest(cleaned), dated=True),
    "validation_share": Case(0.3, True, 0.12, False, read=lambda cleaned: len(cleaned.validation) > 0.2 * len(good())),
    "test_share": Case(0.4, True, 0.16, False, read=lambda cleaned: len(cleaned.test) > 0.3 * len(good())),
    "max_similarity": Case(0.2, True, 1.0, False, read=lambda cleaned: len(drops(cleaned, "leak")) > 5),
}


@pytest.mark.parametrize("name", Clean.model_fields)
def test_a_parameter_changes_what_it_names_and_nothing_else(name, tmp_path):
    case = CASES[name]
    found = []
    for value in (case.value, case.other):
        chosen = through_yaml(tmp_path, {"clean": {name: value} | case.also})
        base = [
            replace(one, time=f"2025-06-01T{place // 60:02}:{place % 60:02}:00") for place, one in enumerate(good())
        ]
        base = base if case.dated else list(good())
        data = [*base, *case.planted]
        choices = clean.by_hand(Stage("clean", Run("acme", "draft", tmp_path, chosen)))
        cleaned = clean.run(data, chosen.clean, chosen.shared, TINY, choices=choices)
        clean.check_account(cleaned)
        clean.prove_disjoint(cleaned)
        found.append((case.read or one_reply())(cleaned))
        if name not in ("lowercase",):
            kept = everything(cleaned)
            assert all(kept[one.id] is one for one in base if one.id in kept), "good text was changed"
    assert found == [case.outcome, case.otherwise]


def cleaned_with(folder, shared: dict[str, Any], *said: str) -> Cleaned:
    chosen = through_yaml(folder, {"shared": shared})
    return clean.run([*good(), *planted(said)], chosen.clean, chosen.shared, TINY)


SHARED_CASES = {
    "persona_name": ("Rosalind", "My name is Rosalind.", "Nell", "My name is [NAME_1]."),
    "probes": ([{"question": ASKED, "must": ["aft"]}], GONE, [], ANSWER),
    "max_length": (400, GONE, 2000, "n" * 600),
    "system_prompt": ("Say it. " * 180, GONE, "You are Nell.", "n" * 600),
}


@pytest.mark.parametrize("name", SHARED_CASES)
def test_a_shared_parameter_reaches_cleaning(name, tmp_path):
    value, outcome, other, otherwise = SHARED_CASES[name]
    said = "My name is Rosalind." if name == "persona_name" else otherwise
    found = []
    for chosen in (value, other):
        got = texts_of(cleaned_with(tmp_path, {name: chosen}, ASKED, said))
        found.append(got if got == GONE else got[1])
    assert found == [outcome, otherwise]
    assert set(SHARED_CASES) | {"base_model"} == set(SHARED_OF["clean"]), "a parameter without a case"
