"""`new`: from somebody's files to an experiment that can be run, and words that help."""

import shutil

import pytest

from marcus_nb import parameters
from marcus_nb.formats import FormatError
from marcus_nb.parameters import ROOT, ParameterError
from marcus_nb.pipeline import beginning

DATA = ROOT / "notebooks" / "data"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project's folder in which a person stands."""
    for module in (parameters.files, beginning):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setenv("MARCUS_CWD", str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    for path in DATA.glob("nell_*"):
        shutil.copy(path, tmp_path / "mine")
    return tmp_path


def test_an_experiment_from_files_loads_and_says_what_was_seen(here):
    path, told = beginning.new("pellow", ["nell_chat.csv", "nell_counter.xlsx", "nell_export.json"], "")
    assert path == here / "parameters" / "pellow.yaml"
    made = parameters.load("pellow")
    assert made.shared.persona_name == "Nell" and made.shared.system_prompt == "You are Nell."
    assert [source.path for source in made.ingest.sources] == [
        *("mine/nell_chat.csv", "mine/nell_counter.xlsx", "mine/nell_export.json")
    ]
    said = "\n".join(told)
    assert "mine/nell_chat.csv: csv, row per message; 115 conversations of 315 records" in said
    assert "persona `Nell`: the speaker, in 115 of 118 conversations" in said
    assert "lab pellow" in said and "are few" not in said
    text = path.read_text(encoding="utf-8")
    assert "#   - question:" in text and "    - mine/nell_chat.csv\n" in text
    opened = text.replace("# probes:", "probes:").replace("  #   - question", "    - question")
    opened = opened.replace("  #     must", "      must").replace("# clean", "clean").replace("#   redact", "  redact")
    loaded = parameters.parameters_of(path, opened)
    assert loaded.shared.probes[0].must_not == ["sixty"] and loaded.clean.redact_allow == ["@your-company.com"]


@pytest.mark.parametrize(("persona", "told"), [("Nell", False), ("Neil", True)])
def test_a_persona_that_nobody_in_the_files_is_called_is_told(here, persona, told):
    path, lines = beginning.new("pellow", ["nell_chat.csv"], persona)
    assert f"Persona: {persona} (as you said" in "\n".join(lines)
    for text in ("\n".join(lines), path.read_text(encoding="utf-8")):
        assert ("the one who answers in your files is Nell" in text) == told


def test_names_files_and_personas_of_every_kind(here):
    odd = here / "mine" / "año: (1) #2.csv"
    odd.write_text("question,answer\nHi?,Aye\n", encoding="utf-8")
    _, told = beginning.new("mi-empresa", [str(odd)], "Sofía: #1")
    made = parameters.load("mi-empresa")
    assert made.shared.persona_name == "Sofía: #1" and made.ingest.sources[0].path == f"mine/{odd.name}"
    assert "1 conversations are few" in "\n".join(told)
    beginning.new("mi-otra.empresa", ["nell_counter.xlsx"], "")
    assert parameters.load("mi-otra.empresa").shared.persona_name == "Mi Otra Empresa"
    outside = here.parent / "elsewhere.csv"
    shutil.copy(odd, outside)
    beginning.new("far", [str(outside)], "")
    assert parameters.load("far").ingest.sources[0].path == outside.as_posix()
    beginning.new("many", ["nell_*.*"], "")
    assert parameters.load("many").ingest.sources[0].path == "mine/nell_*.*"


@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        ("a b", ["nell_chat.csv"], "'a b' is no name"),
        ("nul", ["nell_chat.csv"], "'nul' is no name"),
        ("../x", ["nell_chat.csv"], "is no name"),
        ("acme", [], r"Which files\? Such as: .* new acme chats\.xlsx"),
    ],
)
def test_what_cannot_be_begun_says_why(here, name, files, message):
    with pytest.raises(ParameterError, match=message):
        beginning.new(name, files, "")
    assert not (here / "parameters").exists()


def test_three_hundred_chats_are_one_line(here):
    chats = here / "mine" / "chats"
    chats.mkdir()
    for number in range(300):
        said = f"14/06/2025, 09:12 - Tom{number}: Open?\n14/06/2025, 09:15 - Sofia: From ten.\n"
        (chats / f"WhatsApp {number}.txt").write_text(said, encoding="utf-8")
    _, told = beginning.new("acme", ["chats"], "")
    assert parameters.load("acme").shared.persona_name == "Sofia" and len(told) < 12
    assert told[0] == "300 files in mine/chats: transcript, row per message; 300 conversations of 600 records"


def test_an_experiment_that_is_there_is_never_written_over(here):
    path, _ = beginning.new("acme", ["nell_chat.csv"], "")
    path.write_text("mine", encoding="utf-8")
    for name in ("acme", "ACME"):
        with pytest.raises(ParameterError, match="There is an experiment acme already"):
            beginning.new(name, ["nell_chat.csv"], "")
    assert path.read_text(encoding="utf-8") == "mine"


def test_files_that_cannot_be_read_leave_nothing(here):
    with pytest.raises(FormatError, match=r"gone\.csv"):
        beginning.new("acme", ["gone.csv"], "")
    assert not (here / "parameters").exists()
