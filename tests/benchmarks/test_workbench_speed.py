"""How soon the workbench answers in a real browser: from a person's click to what is seen in JupyterLab.

`./run_all.sh test --all -k workbench_speed -s` prints median and worst of 50; it never fails by time. 01 and 02 have
12,345 conversations of test_clean_speed, 03 those of `smoke`.
"""

import csv
import statistics
import time
from itertools import cycle

import pytest
import workbench
from benchmarks.test_clean_speed import conversations

TIMES = 50
COUNT = 12_345
_CHANGED = """([selector, before]) => {
    const one = [...document.querySelectorAll(selector)].map(item => item.textContent).join(' ');
    return one !== '' && one !== before;
}"""


class Seen:
    """What a selector shows in the page; `timed` waits until a deed changed it."""

    def __init__(self, book, selector):
        self.page, self.selector = book.page, selector

    @property
    def text(self):
        return " ".join(self.page.locator(self.selector).all_text_contents())

    def timed(self, deed):
        before, begun = self.text, time.perf_counter()
        deed()
        self.page.wait_for_function(_CHANGED, arg=[self.selector, before], polling="raf")
        return time.perf_counter() - begun


def told(what, seconds):
    assert len(seconds) == TIMES
    return f"{what:58}{1000 * statistics.median(seconds):8.0f} ms{1000 * max(seconds):8.0f} ms"


def written(lab):
    """The conversations as a file of the experiment `acme`: a row for each exchange."""
    with (lab.root / "big.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer", "prompt", "response"])
        for at, item in enumerate(conversations(COUNT)):
            asked = next(message.content for message in item.messages if message.role == "user")
            rows.writerow([f"Customer {at}", asked, item.replies[0]])
    path = lab.root / "parameters/acme.yaml"
    small = path.read_text(encoding="utf-8")
    path.write_text(small.replace("tests/fixtures/smoke.csv", "big.csv"), encoding="utf-8")
    return path, small


@pytest.mark.slow
def test_workbench_speed(tmp_path, capsys):
    lines = [f"\n{'':58}{'median':>11}{'worst':>11}"]
    with workbench.browser() as browser:
        lab = workbench.Lab(workbench.project(tmp_path / "project"))
        try:
            path, small = written(lab)
            book = lab.open(browser, "01_ingest")
            book.run_all(300)
            panel = ".jp-OutputArea-output:has(input[placeholder^='Search in all'])"
            where = Seen(book, f"{panel} small")
            on = book.page.locator(panel).locator("button", has_text="Next page")
            lines.append(told(f"01: the next page of {COUNT:,}", [where.timed(on.click) for _ in range(TIMES)]))
            box, words = book.page.get_by_placeholder("Search in all").first, cycle(["room", "late", "price", "thank"])

            def searched():
                box.fill(next(words))
                box.press("Enter")

            lines.append(told(f"01: search in {COUNT:,}", [where.timed(searched) for _ in range(TIMES)]))
            book.page.close()
            book = lab.open(browser, "02_clean")
            book.run_all(600)
            table = Seen(book, ".jp-OutputArea-output:has(input[type=checkbox]) table:first-of-type")
            rule = book.field("whitespace")
            switched = [table.timed(rule.click) for _ in range(TIMES)]
            lines.append(told("02: a rule switched, the funnel of the sample", switched))
            book.page.close()
            path.write_text(small, encoding="utf-8")
            for name in ("01_ingest", "02_clean"):
                book = lab.open(browser, name)
                book.run_all(300)
                book.page.close()
            book = lab.open(browser, "03_train")
            book.run_all(300)
            epochs, values = book.field("num_train_epochs"), cycle(["3", "4"])
            banner = Seen(book, ".jp-OutputArea-output:has(.widget-vbox) div[role=status]")

            def changed():
                epochs.fill(next(values))
                epochs.press("Enter")

            foreseen = [banner.timed(changed) for _ in range(TIMES)]
            lines.append(told("03: a parameter changed, steps and minutes", foreseen))

        finally:
            lab.end()
    with capsys.disabled():
        print(*lines, sep="\n")
