"""The browser of what 04_evaluate kept: filters, order, words, pages; escaped; headless the table of always."""

import pandas as pd
import pytest
from kept_samples import kept_samples
from shown import BOTH, assert_harmless

from marcus_nb import display, evaluate
from marcus_nb.conversation import write_jsonl
from marcus_nb.display.blocks import Block
from marcus_nb.panels import live, replies
from marcus_nb.panels.found import views
from marcus_nb.parameters import load


@pytest.fixture
def samples():
    return kept_samples()


@pytest.fixture
def browser(samples, monkeypatch):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    return replies._Browser(samples, "Nell")


def choose(browser, title):
    browser.view.value = next(view for shown, view in browser.view.options if title in shown)
    return browser.boxes.value


def places(markup, *words):
    """Where each stands in what is shown, which must be in this order."""
    found = [markup.index(word) for word in words]
    assert found == sorted(found), words


def test_the_worst_come_first_or_the_best_or_as_they_were_asked(browser):
    assert browser.status.value == "20 in all, page 1 of 3"
    places(browser.boxes.value, "Is boat 19 free?", "loss 19.00", "Is boat 18 free?", "Is boat 12 free?")
    assert "Is boat 11 free?" not in browser.boxes.value
    browser.order.value = "best"
    places(browser.boxes.value, "Is boat 0 free?", "Is boat 1 free?", "Is boat 7 free?")
    browser.order.value = "asked"
    places(browser.boxes.value, "Is boat 0 free?", "I am an assistant 0", "Aye 0, skipper", "Is boat 1 free?")


def test_a_page_at_a_time(browser):
    assert browser.back.disabled and not browser.on.disabled
    for _ in range(4):
        browser.on.click()
    assert "page 3 of 3" in browser.status.value and browser.on.disabled and not browser.back.disabled
    assert "Is boat 3 free?" in browser.boxes.value and "Is boat 4 free?" not in browser.boxes.value
    browser.back.click()
    assert "page 2 of 3" in browser.status.value
    browser.order.value = "best"
    assert "page 1 of 3" in browser.status.value


def test_by_words(browser):
    browser.words.value = "AYE 7,"
    assert browser.status.value == "1 in all, page 1 of 1" and "Is boat 7 free?" in browser.boxes.value
    browser.words.value = "rudder"
    assert "There is none." in browser.boxes.value and browser.on.disabled and browser.back.disabled


@pytest.mark.parametrize(
    ("claim", "shown", "not_shown"),
    [
        ("knowledge", ["Who founded it?", "contradicts", "Where?"], "When?"),
        ("identity", ["Your name?", "neither", "No idea."], "¿Quién?"),
        ("steadiness", ["And?", "talk 1, message 5", "0.20", "Lost my voice."], "Drop it!"),
        ("health", ["Is boat 3 free?", "empty", "(nothing)", "Is boat 4 free?", "circles", "sampled"], "boat 5"),
        ("memory", ["Mail?", "masked by 02_clean", "Well?", "8 words", "Aye", "skipper mind it"], "c1"),
        ("loss", ["Is boat 7 free?"], "Is boat 8 free?"),
        ("training", ["Is boat 0 free?", "Is boat 1 free?"], "Is boat 2 free?"),
    ],
)
def test_by_what_counts_against_a_claim(browser, claim, shown, not_shown):
    markup = choose(browser, claim)
    places(markup, *shown)
    assert not_shown not in markup


def test_what_is_not_known_yet_is_told_and_there_when_it_is(browser, samples):
    later = samples.pop("probe")
    assert "not known yet (probe): run the cells below" in choose(browser, "knowledge")
    samples["probe"] = later
    choose(browser, "identity")
    assert "Who founded it?" in choose(browser, "knowledge")


def test_everything_is_escaped_and_redacted(samples):
    hostile = {
        kind: frame.map(lambda cell: BOTH if isinstance(cell, str) and " " in cell else cell)
        for kind, frame in samples.items()
    }
    for view in views():
        for row in view.rows(hostile, BOTH):
            assert_harmless(row.shown())


def test_a_mistake_is_shown(browser, samples):
    samples["identity"] = pd.DataFrame({"question": ["<b>"]})
    choose(browser, "identity")
    assert "That did not work" in browser.status.value and "<b>" not in browser.status.value


def test_headless_the_table_of_always(samples, monkeypatch):
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    parameters = load("smoke")
    chosen = evaluate.side_by_side(samples["unseen"], samples["loss"], parameters.evaluate, parameters.shared.seed)
    block = replies.browse(samples, parameters)
    assert block.markup == display.side_by_side(chosen, samples["seen"], "Nell").markup


def test_where_nothing_is_alive_the_table_is_read(samples, monkeypatch):
    shown = []
    monkeypatch.setattr(live, "display", lambda bundle, **_: shown.append(bundle))
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)
    assert replies.browse(samples, load("smoke")) is None
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    static = replies.browse(samples, load("smoke"))
    [bundle] = shown
    assert (bundle["text/html"], bundle["text/plain"]) == (static.markup, static.plain)
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_of_a_finished_run(samples, tmp_path, monkeypatch):
    class Kept:
        folder = tmp_path

    (tmp_path / "evaluate").mkdir()
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    nothing = replies.browse(replies.of_run(Kept), load("smoke"))
    assert isinstance(nothing, Block) and "kept no replies" in nothing.plain
    samples["personal"] = samples["personal"].iloc[:0]
    rows = [{"sample": kind} | row for kind, frame in samples.items() for row in frame.to_dict("records")]
    write_jsonl(tmp_path / "evaluate" / "samples.jsonl", rows)
    kept = replies.of_run(Kept)
    assert replies.browse(kept, load("smoke")).markup == replies.browse(samples, load("smoke")).markup
    for view in views():
        assert len(view.rows(kept, "Nell")) == len(view.rows(samples, "Nell"))
