"""How soon 01_ingest's panels answer: from a click to what is shown, in the kernel.

`./run_all.sh test --all -k explore_panel_speed -s` prints median and worst of 50; it never fails by time. The data are
10,000 conversations of test_clean_speed, and the example's three files.
"""

import random
import shutil
import statistics
import time
from collections.abc import Callable
from itertools import cycle

import pytest
from benchmarks.test_clean_speed import conversations

from marcus_nb import parameters, runs
from marcus_nb.panels import browsing, overruling
from marcus_nb.parameters import ROOT

TIMES = 50
HEAD = f"\n{'':58}{'median':>11}{'worst':>11}"


def told(what: str, seconds: list[float]) -> str:
    assert len(seconds) == TIMES
    return f"{what:58}{1000 * statistics.median(seconds):8.1f} ms{1000 * max(seconds):8.1f} ms"


def timed(changes: Callable[[], None]) -> float:
    begun = time.perf_counter()
    changes()
    return time.perf_counter() - begun


@pytest.mark.slow
def test_explore_panel_speed_browsing(monkeypatch, capsys):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    items = conversations(10_000)
    draw = random.Random(1)
    words = sorted({word for item in items[:500] for message in item.messages for word in message.content.split()})
    made, panel = [], None
    for _ in range(TIMES):
        begun = time.perf_counter()
        panel = browsing.Browser(items, "Sofia")
        made.append(time.perf_counter() - begun)
    searched = [timed(lambda: setattr(panel.search, "value", " ".join(draw.sample(words, 2)))) for _ in range(TIMES)]
    panel.search.value = ""
    assert len(panel.found) == 10_000
    turned = [timed(panel.pages.after.click) for _ in range(TIMES)]
    assert panel.pages.start == TIMES * browsing.PAGE
    row = cycle([1, 2, 3, 4])
    read = [timed(lambda: setattr(panel.rows, "index", next(row))) for _ in range(TIMES)]
    least = cycle([2, 3, 4, 1])
    filtered = [timed(lambda: setattr(panel.turns, "value", next(least))) for _ in range(TIMES)]
    with capsys.disabled():
        print(HEAD)
        print(told("10,000 conversations: the browser made", made))
        print(told("10,000 conversations: two words searched", searched))
        print(told("10,000 conversations: the next page", turned))
        print(told("10,000 conversations: another one read", read))
        print(told("10,000 conversations: a filter", filtered))


@pytest.mark.slow
def test_explore_panel_speed_overruling(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setattr(parameters.files, "ROOT", tmp_path)
    (tmp_path / "parameters").mkdir()
    shutil.copy(ROOT / "parameters" / "quickstart.yaml", tmp_path / "parameters")
    stage = runs.open_stage("ingest", {"experiment": "quickstart", "run": "draft"})
    panel = overruling.Sources(stage)
    panel.work.wait()
    menu = panel.columns["author"]
    ways = cycle(["", menu.options[1][1]])
    lines = []

    def overrule(widget, values) -> list[float]:
        waits = []
        for _ in range(TIMES):
            before = next(values)
            if widget.value == before:
                before = next(values)
            shown, begun = panel.seen.value, time.perf_counter()
            widget.value = before
            panel.work.wait()
            waits.append(time.perf_counter() - begun)
            assert "conversations from" in panel.said.value, panel.said.value
            assert shown
        return waits

    lines.append(told(f"{panel.wanted['path']}: a column to three conversations", overrule(menu, ways)))
    with capsys.disabled():
        print(HEAD)
        print(*lines, sep="\n")
