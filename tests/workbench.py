"""A real JupyterLab, started by `lab` in a copy of the project, with a browser: what a person does, done by a test."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from marcus_nb.parameters import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def browser() -> Iterator[Any]:
    """The system's Chromium, else Playwright's own, which it fetches once; skips where neither is to be had."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError):
            pytest.skip("no Chromium here, and none to be fetched")
    with playwright.sync_playwright() as begun:
        opened = begun.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def project(folder: Path) -> Path:
    """A copy of the project with the experiment `acme`, a twin of smoke."""
    for name in ("marcus_nb", "notebooks", "parameters", "tests/fixtures"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.partial.ipynb"))
    shutil.copy(folder / "parameters/smoke.yaml", folder / "parameters/acme.yaml")
    return folder


def comes(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so: what a click asks for is done in a thread of its own."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


class Lab:
    """`lab acme` at work in a copy of the project; `page(notebook)` opens one in a browser."""

    def __init__(self, root: Path, theme: str = "JupyterLab Light", language: str = "en") -> None:
        settings = root / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}), encoding="utf-8")
        environment = {
            name: value for name, value in os.environ.items() if name not in ("MARCUS_HEADLESS", "PYTHONPATH")
        }
        environment |= {
            **{"JUPYTERLAB_SETTINGS_DIR": str(root / "settings"), "MARCUS_OUTPUTS": str(root / "outputs")},
            **{"MARCUS_LANG": language, "OMP_NUM_THREADS": "1", "MARCUS_CWD": str(root)},
        }
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, "-m", "marcus_nb", "lab", "acme", "--no-browser"],
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        said = ""
        for line in self.process.stdout:
            said += line
            if address := re.search(r"http://\S+", line):
                self.address = address[0]
                return
        raise AssertionError(said)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)

    def open(self, browser: Any, notebook: str) -> "Book":
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        page.goto(
            self.address.replace("01_ingest", notebook) + "&reset"
        )  # else every notebook opened before comes along
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.get_by_text("| Idle").first.wait_for()
        return Book(page)


class Book:
    """One notebook in a browser."""

    def __init__(self, page: Any) -> None:
        self.page = page
        page.keyboard.press("Control+b")  # the file browser away: panels get the width

    def run_all(self, seconds: float = 120) -> None:
        """Run All Cells from the menu, and wait until every one has run."""
        self.menu("Run", "Run All Cells")
        self.ran(seconds)

    def menu(self, name: str, item: str) -> None:
        self.page.get_by_role("menuitem", name=name, exact=True).first.click()
        self.page.get_by_text(item, exact=True).first.click()

    def ran(self, seconds: float = 120) -> None:
        """Wait until no cell is at work and none waits; fails with what an error in a cell says."""
        until = time.monotonic() + seconds
        while True:
            prompts = self.page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()
            if prompts and all(re.fullmatch(r"\[\d+\]:", prompt.strip()) for prompt in prompts):
                break
            self._nothing_wrong()
            assert time.monotonic() < until, prompts
            time.sleep(0.2)
        self._nothing_wrong()

    def _nothing_wrong(self) -> None:
        kinds = [f"[data-mime-type='application/vnd.jupyter.{kind}']" for kind in ("stderr", "error")]
        wrong = self.page.locator(f".jp-OutputArea-output:is({', '.join(kinds)})")
        assert wrong.count() == 0, wrong.first.text_content()[-2000:]

    def run_from(self, code: str) -> None:
        """Run the cell in which this stands."""
        self.page.locator(".jp-CodeCell", has_text=code).locator(".jp-Editor").first.click()
        self.page.keyboard.press("Control+Enter")
        time.sleep(0.5)
        self.ran()

    def button(self, words: str) -> Any:
        # Its icon is a character of the name that a screen reader is told.
        return self.page.locator("button.jupyter-button", has_text=re.compile(f"^{re.escape(words)}$")).first

    def field(self, words: str) -> Any:
        return self.page.get_by_label(words, exact=True).first

    def says(self, words: str, seconds: float = 60) -> None:
        """Wait until a panel or an output says this."""
        shown = self.page.locator(".jp-OutputArea-output").get_by_text(words).first
        shown.wait_for(timeout=seconds * 1000)

    def save(self) -> None:
        """The notebook's file, as a person keeps it; returns once it is written."""
        self.page.keyboard.press("Control+s")
        self.page.locator(".jp-DirtyIndicator, .jp-mod-dirty").first.wait_for(state="detached")

    def picture(self, name: str) -> None:
        """Each panel as it stands, in the folder `MARCUS_PICTURES`, where a person wants to look at them."""
        if not (folder := os.environ.get("MARCUS_PICTURES")):
            return
        for at, panel in enumerate(self.page.locator(".jp-OutputArea-output:has(.widget-vbox)").all()):
            panel.evaluate("one => one.scrollIntoView({block: 'start'})")
            time.sleep(0.7)
            self.page.screenshot(path=Path(folder) / f"{name}-{at}.png")
