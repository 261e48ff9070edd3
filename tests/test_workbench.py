"""JupyterLab as a person uses it: real server, real kernel, real browser, and the files that come of it."""

import sys
from pathlib import Path

import pytest
import workbench

from marcus_nb.parameters import ROOT
from marcus_nb.runs import read_json

CHAT = "tests/fixtures/smoke.csv"


@pytest.fixture(scope="module")
def browser():
    with workbench.browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    begun = workbench.Lab(workbench.project(tmp_path_factory.mktemp("project")))
    yield begun
    begun.end()


def kept(lab):
    path = lab.root / "outputs/acme/draft/choices.json"
    return read_json(path) if path.is_file() else {}


def test_what_is_chosen_in_the_browser_is_what_the_yaml_says_then(browser, lab):
    book = lab.open(browser, "01_ingest")
    book.run_all()
    written = (lab.root / "parameters/acme.yaml").read_text(encoding="utf-8")
    page = book.page
    page.get_by_text("Which column plays which part").click()
    book.field("prompt").select_option("response")
    book.says("That did not work")
    book.field("prompt").select_option(index=0)
    book.says("conversations from tests/fixtures/smoke.csv")
    book.field("customer").select_option("customer")
    chosen = [{"customer": "customer"}]
    workbench.comes(lambda: [source["columns"] for source in kept(lab).get("ingest.sources", [])] == chosen)
    book.menu("Run", "Run All Cells")
    book.ran()
    book.says("+        customer: customer")
    assert (lab.root / "parameters/acme.yaml").read_text(encoding="utf-8") == written
    book.button("Save").click()
    book.says("Saved in acme.yaml.")
    saved = (lab.root / "parameters/acme.yaml").read_text(encoding="utf-8")
    assert "customer: customer" in saved and "# For tests" in saved
    assert kept(lab) == {}


def test_menus_hear_the_keyboard_and_cells_still_do(browser, lab):
    """JupyterLab's own keys of the command mode are for cells alone: in a menu C would copy a cell, X cut it."""
    book = lab.open(browser, "01_ingest")
    book.run_all()
    cells = book.page.locator(".jp-Cell")
    count = cells.count()
    menu = book.page.get_by_label("Records are", exact=True).first
    workbench.comes(menu.is_enabled)
    menu.focus()
    for key in ("ArrowDown", "x", "b"):
        book.page.keyboard.press(key)
    workbench.comes(lambda: menu.evaluate("one => one === document.activeElement && one.selectedIndex > 0"))
    assert cells.count() == count
    book.page.locator(".jp-InputPrompt").first.click()
    book.page.keyboard.press("b")
    workbench.comes(lambda: cells.count() == count + 1)


def test_every_key_of_the_command_mode_is_for_cells_alone():
    """Of the JupyterLab that is installed: one that a later version adds is told here."""
    [schema] = Path(sys.prefix).glob("share/jupyter/lab/schemas/@jupyterlab/notebook-extension/tracker.json")
    everywhere = ".jp-Notebook.jp-mod-commandMode:not(.jp-mod-readWrite) :focus"
    ours = read_json(ROOT / "marcus_nb/pipeline/labconfig/default_setting_overrides.json")
    switched = ours["@jupyterlab/shortcuts-extension:shortcuts"]["shortcuts"]
    off = {tuple(one["keys"]) for one in switched if one.get("disabled") and one["selector"] == everywhere}
    on = {(one["command"], *one["keys"]) for one in switched if "disabled" not in one}
    for one in read_json(schema)["jupyter.lab.shortcuts"]:
        held = any(name in "".join(one["keys"]) for name in ("Ctrl", "Accel", "Alt"))
        if one["selector"] == everywhere and one["keys"] and not held:
            assert tuple(one["keys"]) in off and (one["command"], *one["keys"]) in on
