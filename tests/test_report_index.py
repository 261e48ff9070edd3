"""The list of all runs, and that a run's end writes both pages and suffers from neither."""

import json
import shutil
from pathlib import Path

import pytest
from reported import assert_sound, book, finished, shown, stopped
from shown import BOTH

from marcus_nb import parameters, runs
from marcus_nb.pipeline import order, plans, report
from marcus_nb.pipeline.console import Console


@pytest.fixture(autouse=True)
def _outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))


def listed():
    path = report.write_index()
    return assert_sound(path.read_text(encoding="utf-8"), path.parent)


def rows(page):
    """The text of each row, the newest first."""
    text = page.text[page.text.index("size [MB]") + len("size [MB]") :]
    return text


def test_all_runs_are_listed_the_newest_first_with_a_link_to_each_page():
    old, new = finished(name="20200101-000000-aaaaaaa"), finished(name="20210101-000000-bbbbbbb")
    report.write(new)
    page = listed()
    text = rows(page)
    assert text.index(new.name) < text.index(old.name)
    assert [a["href"] for a in page.all("a") if a["href"] != "#main"] == [f"smoke/{new.name}/report.html"]
    assert "PASSEDacquiredwith care2 of 2" in text and "75%" in text


def test_a_run_that_failed_says_why_and_what_is_hostile_is_text():
    stopped("FAILED", BOTH)
    text = rows(listed())
    assert "FAILED: train: <script>alert(1)</script>" in text and "900123" not in text


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"status": 3}', '{"status": "RUNNING", "stages": {}}'])
def test_a_damaged_run_is_listed_and_hides_no_other(damage):
    good, bad = finished(name="20200101-000000-aaaaaaa"), finished(name="20210101-000000-bbbbbbb")
    (bad.folder / "run.json").write_text(damage, encoding="utf-8")
    text = rows(listed())
    assert bad.name in text and good.name in text
    assert "unreadable: its run.json is damaged" in text or damage == '{"status": 3}'


def test_the_folder_can_be_moved(tmp_path):
    run = finished()
    report.write(run)
    path = report.write_index()
    moved = shutil.move(path.parent, tmp_path / "elsewhere")
    markup = (moved / "index.html").read_text(encoding="utf-8")
    assert_sound(markup, moved)
    assert str(tmp_path) not in markup and str(tmp_path) not in (moved / "smoke" / run.name / "report.html").read_text()


def test_no_runs_are_a_list_too(tmp_path):
    (tmp_path / "outputs").mkdir()
    assert "0 runs" in listed().text


def test_a_run_that_ends_says_where_its_page_is(capsys):
    run = finished()
    order._report(run, Console())
    said = capsys.readouterr().out
    assert str(run.folder / "report.html") in said and str(runs.outputs_root() / "index.html") in said


def test_a_page_that_cannot_be_written_is_one_line_and_changes_nothing(capsys):
    run = finished()
    (run.folder / "report.html").mkdir()
    before = (run.folder / "run.json").read_bytes()
    order._report(run, Console())
    said = capsys.readouterr().out.strip()
    assert said.startswith("The page about this run could not be written") and "\n" not in said
    assert (run.folder / "run.json").read_bytes() == before


def test_a_run_that_is_refused_halfway_has_its_page(monkeypatch, capsys):
    """A real run: its parent's file was edited, so that the stage cannot be taken over."""
    parent = finished()
    chosen = parameters.load("smoke")
    planned = plans.Plan((plans.Step("ingest", "reuse", "unchanged"),), parent)
    assert order.run(chosen, planned, Console()) == order.FAILED
    made = next(folder for folder in runs.list_runs("smoke") if folder != parent.folder)
    assert json.loads((made / "run.json").read_text(encoding="utf-8"))["status"] == "FAILED"
    assert "FAILED" in assert_sound((made / "report.html").read_text(encoding="utf-8"), made).text
    said = capsys.readouterr().out
    assert "report.html" in said and "FAILED in 01_ingest" in said and "--resume" in said


def test_a_killed_run_has_a_page_without_the_folders_of_this_machine():
    run = stopped("RUNNING", "")
    (run.folder / "03_train.FAILED.ipynb").unlink()
    told = book(shown(f"<p>{Path.home()}/notes.txt, hf_{'a1' * 20}</p>"))
    (run.folder / "03_train.partial.ipynb").write_text(json.dumps(told), encoding="utf-8")
    state = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    state["process"] = {"pid": 2**22, "created": 1.0}
    (run.folder / "run.json").write_text(json.dumps(state), encoding="utf-8")
    report.write_index()
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "~/notes.txt" in page and f"{Path.home()}/notes.txt" not in page
    after = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    assert {"file": "report.html", "what": "a password or token"}.items() <= after["hygiene"][-1].items()
    assert after["status"] == "RUNNING" and run.state["status"] == "INCOMPLETE", "only its page tells of it"
