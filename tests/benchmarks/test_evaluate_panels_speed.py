"""How long a person waits in the panels of 04_evaluate, from a click to what is shown, in the kernel.

`./run_all.sh test --all -k evaluate_panels_speed -s` prints median and worst of 50; it never fails by time. The sizes
are the most that 04_evaluate asks by default: 100 unseen replies, of 120 words each.
"""

import statistics
import time
from itertools import cycle

import pytest
from conftest import conversation
from kept_samples import kept_samples, unseen

from marcus_nb import parameters, runs
from marcus_nb.evaluate.votes import pairs
from marcus_nb.panels import replies, voting
from marcus_nb.panels.noticing import Forms

TIMES = 50
LONG = " The tide is out, mind the mud, skipper, and ask for boat 7 at the hatch." * 8


def long(count):
    frame = unseen(count)
    return frame.assign(**{who: frame[who] + LONG for who in ("real", "base", "tuned", "sampled")})


def told(capsys, what, waits):
    with capsys.disabled():
        print(f"\n{what}: median {statistics.median(waits) * 1e3:.1f} ms, worst {max(waits) * 1e3:.1f} ms of {TIMES}")


@pytest.fixture
def draft(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    return runs.create(parameters.load("smoke"), "draft")


@pytest.mark.slow
def test_vote_to_the_next_question(draft, capsys, monkeypatch):
    monkeypatch.setattr(voting, "SOONEST_SECONDS", 0)
    said = {f"c{n}": conversation(f"c{n}", f"Is boat {n} free?", f"Aye, boat {n}.") for n in range(100)}
    panel = voting._Booth(draft, pairs(long(100)), said, 1)
    waits = []
    for _, choice in zip(range(TIMES), cycle(panel.choices.values()), strict=False):
        before, start = panel.ballot.value, time.perf_counter()
        choice.click()
        waits.append(time.perf_counter() - start)
        assert panel.ballot.value != before
    told(capsys, "vote click to the next question, the vote on the disk", waits)


@pytest.mark.slow
def test_filter_change_to_what_is_shown(capsys):
    samples, asked = kept_samples(), long(100)
    samples["unseen"] = asked
    samples["loss"] = samples["loss"].iloc[[0] * 100].assign(conversation=asked["conversation"].to_numpy())
    panel = replies._Browser(samples, "Nell")
    views = cycle([*[view for _, view in panel.view.options if "health" not in view.needs][1:], panel.view.value])
    words = cycle(["tide", "boat 7", "", "rudder"])
    waits: dict[str, list[float]] = {"filter": [], "words": [], "page": []}
    for _ in range(TIMES):
        for what, change in (
            ("filter", lambda: setattr(panel.view, "value", next(views))),
            ("words", lambda: setattr(panel.words, "value", next(words))),
            ("page", panel.on.click),
        ):
            start = time.perf_counter()
            change()
            waits[what].append(time.perf_counter() - start)
    for what, found in waits.items():
        told(capsys, f"{what} changed to what is shown", found)


@pytest.mark.slow
def test_a_correction_kept(draft, tmp_path, monkeypatch, capsys):
    path = tmp_path / "added.jsonl"
    monkeypatch.setattr(runs.noticed, "added_file", lambda _: path)
    waits, heard = [], []
    said = [{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "At nine."}]
    for number in range(TIMES):
        forms = Forms("smoke", f"chat-{number}", heard.append)
        forms.ask_correction(said)
        start = time.perf_counter()
        forms.box.children[-1].children[0].click()
        waits.append(time.perf_counter() - start)
        assert "Added to" in heard[-1]
    told(capsys, "a corrected reply kept", waits)
