"""The languages: which one is asked for, and a catalogue that is whole."""

import ast
import copy
import io
import json
import pickle
import string
import symtable

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from marcus_nb import words
from marcus_nb.display.hiding import hidden
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline.catalogue import arguments, catalogues, texts, translations_file
from marcus_nb.words import _, language, listed, restored, shown, templates, worded

FILES = sorted((ROOT / "marcus_nb").rglob("*.py"))
ASKING = [path for path in FILES if "marcus_nb.words import" in path.read_text(encoding="utf-8")]


def translations():
    with translations_file("es").open("rb") as file:
        return [message for message in read_po(file) if message.id]


@pytest.fixture
def spanish(monkeypatch):
    monkeypatch.setenv("MARCUS_LANG", "es")


# --- which language -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "en"),
        ({"MARCUS_LANG": "es"}, "es"),
        ({"MARCUS_LANG": "ES"}, "es"),
        ({"MARCUS_LANG": "es-MX"}, "es"),
        ({"MARCUS_LANG": "Spanish_Spain.1252"}, "es"),
        ({"MARCUS_LANG": "en", "LANG": "es_ES.UTF-8"}, "en"),
        ({"MARCUS_LANG": "fr", "LANG": "es_ES.UTF-8"}, "es"),
        ({"LANG": "es_ES.UTF-8"}, "es"),
        ({"LANG": "es_ES@euro"}, "es"),
        ({"LANG": "estonian"}, "en"),
        ({"LANG": "et_EE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "es_AR.UTF-8"}, "es"),
        ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "es_ES.UTF-8", "LANG": "es_ES.UTF-8"}, "en"),
        ({"LANGUAGE": "ca:es:en", "LANG": "ca_ES.UTF-8"}, "es"),
        ({"LANGUAGE": "", "LANG": "es"}, "es"),
        ({"LC_ALL": "Spanish_Spain.1252"}, "es"),
        ({"LANG": "English_United States.1252"}, "en"),
    ],
)
def test_the_language_is_the_one_named_or_else_the_systems(asked, expected, monkeypatch):
    for name in ("MARCUS_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_windows_names_its_language_by_number(monkeypatch):
    """No variable says it there: the system's own number does, by the table that Python brings."""
    assert {words._language(words.locale.windows_locale[number]) for number in (0x040A, 0x0C0A, 0x080A)} == {"es"}
    assert words._language(words.locale.windows_locale[0x0409]) == "en"
    assert words._language(words.locale.windows_locale.get(0x7FFF, "")) == "en"


# --- texts that are made in one place and shown in another ------------------------------------------------------------


def test_a_sentence_is_english_in_a_record_and_spanish_where_it_is_shown(spanish):
    made = worded("{count} claims of {measured} did not hold: {names}.", count=2, measured=12, names=listed(["style"]))
    assert made == "2 claims of 12 did not hold: style."
    assert json.dumps({"a": made}) == '{"a": "2 claims of 12 did not hold: style."}'
    assert shown(made) == "No se cumplieron 2 afirmaciones de 12: estilo."
    assert shown(copy.deepcopy(made)) == shown(pickle.loads(pickle.dumps(made))) == shown(made)


def test_a_record_brings_what_its_sentences_were_made_of(spanish):
    question = "style"  # somebody's own word, which is no text of ours
    advice = worded("Bring more conversations, in several wordings, about: {questions}", questions=question)
    record = {"claims": [{"name": "style", "advice": advice, "n": 3}], "other": ["loss"]}
    kept = json.loads(json.dumps(templates(record)))
    read = restored(json.loads(json.dumps(record)), kept)
    assert read == record and list(kept) == [advice]
    assert shown(read["claims"][0]["advice"]) == shown(advice)
    assert shown(advice) == "Trae más conversaciones, con varias formulaciones, sobre: style"


@pytest.mark.parametrize(
    "kept",
    [
        *(None, [], "x", {"Two": None}, {"Two": {"template": "{n}"}}, {"Two": {"template": "{n}", "values": {}}}),
        *({"Two": {"template": "{n.x}", "values": {"n": "Two"}}}, {"Two": {"template": "{", "values": {}}}),
        *({"Two": {"template": "{0}", "values": {"n": "Two"}}}, {"Two": {"template": "{n}", "values": {"n": "Three"}}}),
    ],
)
def test_a_damaged_record_is_shown_as_it_is(kept, spanish):
    assert shown(restored({"a": ["Two"]}, kept)["a"][0]) == "Two"


def test_nothing_and_what_nobody_knows_stay_as_they_are(spanish):
    assert shown("") == "" and shown("Mind the tide {n}, 100%.") == "Mind the tide {n}, 100%."


# --- the catalogue ----------------------------------------------------------------------------------------------------


def test_the_catalogue_is_as_sync_makes_it():
    """So the texts are those of the code, nobody's text is left over, and .mo says what .po says."""
    for path, content in catalogues():
        assert path.read_bytes() == content, f"{path.name}: run ./run_all.sh sync, and translate what is new in it"


def test_every_text_has_a_spanish_one():
    found = {message.id: message for message in translations()}
    missing = [message.id for message in texts() if message.id and not found[message.id].string]
    assert missing == [], "write these in marcus_nb/locale/es/LC_MESSAGES/marcus.po, then ./run_all.sh sync"
    assert not [message.id for message in found.values() if message.fuzzy]
    with translations_file("es").open("rb") as file:
        assert not read_po(file).obsolete


def test_the_compiled_catalogue_says_the_same():
    compiled = read_mo(io.BytesIO(translations_file("es").with_suffix(".mo").read_bytes()))
    assert {item.id: item.string for item in compiled if item.id} == {item.id: item.string for item in translations()}


def test_both_languages_have_the_same_places_for_values():
    def places(text):
        return sorted((name, form, kind) for _text, name, form, kind in string.Formatter().parse(text) if name)

    differing = [message.id for message in translations() if places(message.id) != places(message.string)]
    assert differing == []


def test_texts_begin_and_end_alike():
    """A full stop, a colon or a blank that only one language has is seen where pieces are put together."""
    for message in translations():
        for end in ".: ":
            assert message.id.endswith(end) == message.string.endswith(end), message.id
        assert message.id.startswith(" ") == message.string.startswith(" "), message.id


def test_nothing_of_ours_is_taken_for_personal_data():
    assert [message.string for message in translations() if hidden(message.string) != message.string] == []


@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_texts_are_literals(path):
    """A text that is put together first is in no catalogue; what comes from elsewhere is `shown`."""
    if path.name == "words.py":
        return
    for argument in arguments(ast.parse(path.read_text(encoding="utf-8"))):
        assert isinstance(argument, ast.Constant) and isinstance(argument.value, str), (
            f"line {argument.lineno}: {ast.unparse(argument)}"
        )


@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_variable_hides_the_function(path):
    """`for _ in …` in a function that says `_("…")` would call what it counted."""

    def hiding(table):
        own = table.lookup("_") if "_" in table.get_identifiers() else None
        hides = own and table.get_type() == "function" and (own.is_local() or own.is_parameter())
        found = [table.get_name()] if hides and own.is_referenced() else []
        return found + [name for child in table.get_children() for name in hiding(child)]

    named = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "marcus_nb.words"
        for alias in node.names
    }
    if "_" in named:
        assert hiding(symtable.symtable(path.read_text(encoding="utf-8"), path.name, "exec")) == []


def test_the_function_itself(spanish):
    assert _("Send") == "Enviar"
