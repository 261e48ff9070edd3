"""01_ingest in JupyterLab: files added, removed and overruled by menu, and conversations found among thousands."""

import html
import shutil
import threading
from datetime import UTC, datetime

import openpyxl
import pytest

from marcus_nb import ingest, parameters, runs
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.formats import FormatError, Outcome
from marcus_nb.panels import browsing, overruling, picking
from marcus_nb.parameters import ROOT, load
from marcus_nb.runs import choices

CHAT = "when;from;text\n" + "".join(
    f"2026-01-{day:02} 10:0{minute};{who};{words} {day}\n"
    for day in range(1, 9)
    for minute, (who, words) in enumerate([(f"Guest{day}", "Open on day"), ("Ana", "Yes on"), ("Nell", "Aye, day")])
)


@pytest.fixture
def acme(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    for module in (parameters.files, overruling, picking):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setenv("MARCUS_CWD", str(tmp_path))
    (tmp_path / "parameters").mkdir()
    (tmp_path / "chat.csv").write_text(CHAT, encoding="utf-8")
    text = (ROOT / "parameters" / "smoke.yaml").read_text(encoding="utf-8")
    text = text.replace("tests/fixtures/smoke.csv", "chat.csv").replace("persona_name: Nell", "persona_name: Somebody")
    (tmp_path / "parameters" / "acme.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def stage(acme):
    return runs.open_stage("ingest", {"experiment": "acme", "run": "draft"})


def panel_of(stage) -> overruling.Sources:
    panel = overruling.Sources(stage)
    panel.work.wait()
    return panel


def choose(panel, menu, value) -> None:
    menu.value = value
    panel.work.wait()


def offered(menu) -> list[str]:
    return [value for _, value in menu.options]


def chosen() -> list[dict]:
    return choices.read("acme")["ingest.sources"]


def test_the_menus_offer_what_the_file_has_and_say_what_was_recognised(stage, acme):
    panel = panel_of(stage)
    assert panel.menus["container"].options[0] == ("recognised (csv)", "")
    assert {"Ana", "Nell"} <= {value for _, value in panel.menus["persona_speaker"].options}
    assert [value for _, value in panel.columns["content"].options] == ["", "when", "from", "text"]
    assert panel.columns["content"].options[0][0] == "recognised (text)"
    assert panel.seen.value.count("as it lies there") == 3 and choices.read("acme") == {}


def test_overruling_the_speaker_changes_three_conversations_at_once(stage, acme):
    panel = panel_of(stage)
    before = panel.seen.value
    panel.menus["persona_speaker"].value = "Nell"
    panel.work.wait()
    assert chosen()[0]["persona_speaker"] == "Nell" and panel.seen.value != before
    assert "persona `Nell`: as the parameters say" in html.unescape(panel.seen.value)
    assert "8 conversations from chat.csv" in panel.said.value
    assert stage.parameters.ingest.sources[0].persona_speaker == "Nell"
    panel.menus["persona_speaker"].value = ""
    panel.work.wait()
    assert choices.read("acme") == {}, "what was recognised is no choice"


def test_overruling_a_column_and_what_is_wrong(stage, acme):
    panel = panel_of(stage)
    panel.columns["author"].value = "from"
    panel.work.wait()
    assert chosen()[0]["columns"] == {"author": "from"}
    kept = choices.read("acme")
    panel.menus["container"].value = "json"
    panel.work.wait()
    assert "That did not work: " in panel.said.value and choices.read("acme") == kept


def test_adding_removing_and_uploading_files(stage, acme):
    shutil.copy(ROOT / "tests/fixtures/smoke.csv", acme / "other.csv")
    panel = panel_of(stage)
    assert "other.csv" in panel.path.options
    panel.path.value = "other.csv"
    panel.add.click()
    panel.work.wait()
    assert [item["path"] for item in chosen()] == ["chat.csv", "other.csv"] and panel.file.value == 1
    panel.path.value = str(acme / "other.csv")
    panel.add.click()
    assert "other.csv is read already" in panel.said.value
    panel.path.value = "gone.csv"
    panel.add.click()
    panel.work.wait()
    assert "gone.csv" in panel.said.value and len(chosen()) == 2
    item = {"name": "..\\..\\mine.csv", "content": memoryview(CHAT.encode())}
    panel.upload.value = [item | {"type": "", "size": 1, "last_modified": datetime.now(UTC)}]
    panel.work.wait()
    assert chosen()[2]["path"] == "outputs/acme/uploads/mine.csv"
    kept = acme / "outputs/acme/uploads/mine.csv"
    assert kept.read_bytes() == CHAT.encode() and kept.stat().st_mode & 0o77 == 0
    panel.file.value = 0
    panel.work.wait()
    panel.remove.click()
    panel.work.wait()
    assert [item["path"] for item in chosen()] == ["other.csv", "outputs/acme/uploads/mine.csv"]


def test_an_upload_never_replaces_another_file(acme):
    first = picking.uploaded("acme", "a.csv", b"1")
    assert picking.uploaded("acme", "a.csv", b"1") == first
    kept = {picking.uploaded("acme", name, name.encode()): name for name in ("a.csv", "a-2.csv.tmp", "a-2.csv", "..")}
    assert all((acme / path).read_bytes() == name.encode() for path, name in kept.items()) and len(kept) == 4
    assert (acme / first).read_bytes() == b"1" and picking.uploaded("acme", "a.csv", b"a.csv") in kept
    assert len(list((acme / "outputs/acme/uploads").iterdir())) == 5, "and nothing else is left lying there"


def test_a_file_of_no_known_shape_is_overruled_with_its_own_columns(stage, acme):
    """The cell that reads it stops: the panel stands before it."""
    rows = "".join(f"{n};Is boat {n} free?;Aye, boat {n} is.\n" for n in range(30))
    (acme / "chat.csv").write_text(f"foo;bar;baz\n{rows}", encoding="utf-8")
    with pytest.raises(FormatError, match="no known shape"):
        ingest.read_sources(stage.parameters.ingest, acme, "Nell")
    panel = panel_of(stage)
    assert "no known shape" in panel.said.value and panel.seen.value == ""
    assert offered(panel.columns["prompt"]) == ["", "foo", "bar", "baz"]
    choose(panel, panel.columns["prompt"], "bar")
    choose(panel, panel.columns["response"], "baz")
    assert chosen()[0]["columns"] == {"prompt": "bar", "response": "baz"}
    assert "30 conversations from chat.csv" in panel.said.value


def test_where_nobody_stands_out_the_speakers_are_offered(stage, acme):
    said = "".join(f"2026-01-0{day} 10:00;{who};Hello {who}\n" for day in range(1, 5) for who in ("user", "bot"))
    (acme / "chat.csv").write_text(f"when;from;text\n{said}", encoding="utf-8")
    stage.choose({"ingest.sources": [{"path": "chat.csv", "persona_speaker": "Zoe"}]})
    panel = panel_of(stage)
    assert "no speaker" in panel.said.value
    assert offered(panel.menus["persona_speaker"]) == ["", "user", "bot", "Zoe"]
    assert panel.menus["persona_speaker"].value == "Zoe" and offered(panel.columns["author"])[1:] == [
        *("when", "from", "text")
    ]
    choose(panel, panel.menus["persona_speaker"], "bot")
    assert chosen()[0]["persona_speaker"] == "bot"


def test_what_stands_in_the_yaml_is_not_lost_by_another_choice(stage, acme):
    """`nell` is Nell to the reader, and must be an option of the menu as it is written."""
    stage.choose({"ingest.sources": [{"path": "chat.csv", "persona_speaker": "nell", "gap_minutes": 90}]})
    panel = panel_of(stage)
    assert panel.menus["persona_speaker"].value == "nell"
    choose(panel, panel.columns["content"], "text")
    assert (chosen()[0]["persona_speaker"], chosen()[0]["gap_minutes"]) == ("nell", 90)


def test_with_one_sheet_chosen_the_others_are_still_offered(stage, acme):
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("Letters")):
        for row in [("question", "answer"), *((f"Is boat {n} free?", f"Aye, {n}.") for n in range(9))]:
            sheet.append(row)
    book.active.title = "Counter"
    book.save(acme / "book.xlsx")
    stage.choose({"ingest.sources": [{"path": "book.xlsx"}]})
    panel = panel_of(stage)
    for sheet in ("Letters", "Counter"):
        choose(panel, panel.menus["sheet"], sheet)
        assert offered(panel.menus["sheet"]) == ["", "Counter", "Letters"] and chosen()[0]["sheet"] == sheet
        assert "9 conversations from book.xlsx" in panel.said.value


def test_a_file_that_is_gone_is_said_and_can_be_removed(stage, acme):
    stage.choose({"ingest.sources": [{"path": "gone.csv"}, {"path": "chat.csv"}]})
    panel = panel_of(stage)
    assert "gone.csv: there is no such file" in panel.said.value
    panel.remove.click()
    panel.work.wait()
    assert [item["path"] for item in stage.parameters.stage("ingest")["sources"]] == ["chat.csv"]
    assert "gone.csv is not read any more" in panel.said.value and panel.seen.value.count("as it lies there") == 3


def test_no_other_file_can_be_turned_to_while_a_choice_is_read(stage, acme, monkeypatch):
    """The newer click would win, and the choice be lost without a word."""
    panel = panel_of(stage)
    reading, read_on, read = threading.Event(), threading.Event(), overruling.formats.read

    def slowly(*asked):
        reading.set()
        assert read_on.wait(20)
        return read(*asked)

    monkeypatch.setattr(overruling.formats, "read", slowly)
    panel.menus["persona_speaker"].value = "Nell"
    assert reading.wait(20)
    assert panel.file.disabled and panel.add.disabled and panel.upload.disabled
    read_on.set()
    panel.work.wait()
    assert not panel.file.disabled and not panel.add.disabled and chosen()[0]["persona_speaker"] == "Nell"


def test_what_is_set_while_the_menus_are_filled_is_no_less_a_choice(stage, acme, monkeypatch):
    panel = panel_of(stage)
    persons, show = [], panel._show

    def slow(*found):
        if not persons:
            persons.append(threading.Thread(target=lambda: setattr(panel.columns["author"], "value", "from")))
            with panel._filling():
                persons[0].start()
                persons[0].join()
        show(*found)

    monkeypatch.setattr(panel, "_show", slow)
    choose(panel, panel.menus["persona_speaker"], "Nell")
    assert (chosen()[0]["persona_speaker"], chosen()[0]["columns"]) == ("Nell", {"author": "from"})
    assert panel.columns["author"].value == "from" and panel.menus["persona_speaker"].value == "Nell"


def test_a_typed_folder_shows_what_lies_in_it(stage, acme):
    (acme / "exports/old").mkdir(parents=True)
    for name in ("b.csv", "a.csv", ".hidden"):
        (acme / "exports" / name).write_text(CHAT, encoding="utf-8")
    panel = panel_of(stage)
    assert "exports/" in panel.path.options
    panel.path.value = "exports/"
    assert panel.path.options == ("exports/old/", "exports/a.csv", "exports/b.csv")
    assert "3 files and folders in exports/" in panel.said.value and choices.read("acme") == {}


def test_clicked_and_typed_read_the_same(stage, acme):
    panel = panel_of(stage)
    panel.menus["persona_speaker"].value = "Nell"
    panel.work.wait()
    typed = load("acme", {"ingest.sources": [{"path": "chat.csv", "persona_speaker": "Nell"}]})
    assert stage.parameters.ingest == typed.ingest
    read = ingest.read_sources(stage.parameters.ingest, acme, "Somebody")
    assert [item.replies[-1] for item in read.conversations] == [f"Aye, day {day}" for day in range(1, 9)]


# --- browsing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def many():
    return [
        Conversation(
            str(at),
            (Message("user", f"Is boat {at} <b>free</b>?"), Message("assistant", "Aye. " + "Tide. " * (at % 3))),
            Origin(f"file{at % 4}.csv", None, (at,)),
            None,
        )
        for at in range(10_000)
    ]


def shown_rows(panel) -> list[str]:
    return [label for label, _ in panel.rows.options]


def test_conversations_are_found_filtered_and_read(many, monkeypatch):
    panel = browsing.Browser(many, "Nell")
    assert len(shown_rows(panel)) == browsing.PAGE and "1 to 20 of 10,000" in panel.pages.where.value
    panel.search.value = "BOAT 77 tide"
    expected = [at for at in range(10_000) if "77" in str(at) and at % 3]
    assert panel.found == expected and f"of {len(expected)}" in panel.pages.where.value
    panel.file.value = "file1.csv"
    assert all("file1.csv" in label for label in shown_rows(panel))
    assert "&lt;b&gt;free" in panel.read.value and "<b>free" not in panel.read.value
    panel.search.value = "no such words"
    assert shown_rows(panel) == [] and panel.read.value == "" and "none" in panel.pages.where.value
    panel.search.value, panel.file.value = "", ""
    panel.pages.after.click()
    assert shown_rows(panel)[0].startswith("21 · ") and not panel.pages.before.disabled
    panel.rows.index = 3
    assert "Is boat 23 " in panel.read.value
    panel.pages.page.value = 500
    assert "9,981 to 10,000" in panel.pages.where.value and panel.pages.after.disabled
    assert shown_rows(panel)[0].startswith("9981 · ")
    panel.search.value = "boat 77"
    assert (panel.pages.page.value, panel.pages.page.max) == (1, -(-len(panel.found) // browsing.PAGE))
    assert shown_rows(panel)[0].startswith("78 · ")


def test_rejected_records_by_reason():
    outcomes = [
        Outcome(Origin("a.csv", None, (at,)), f"reason {at % 3}", f"<i>row {at}</i>", "rejected") for at in range(50)
    ]
    panel = browsing.Rejected(outcomes)
    assert "1 to 20 of 50" in panel.pages.where.value and "<i>" not in panel.read.value
    panel.reason.value = ("rejected", "reason 1")
    assert "of 17" in panel.pages.where.value and "reason 2" not in panel.read.value


def test_headless_there_is_nothing(many, stage, monkeypatch, capsys):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    browsing.conversations(many, "Nell")
    browsing.rejected([])
    overruling.sources(stage)
    assert capsys.readouterr().out == ""
