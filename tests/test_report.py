"""The page of a run: what it says first, what it never lets through, and that it is always made."""

import base64
import hashlib
import json
import re

import pytest
from reported import assert_sound, book, claim, figure, finished, measure, record, results, shown, stopped, write_book
from shown import BOTH, HOSTILE

from marcus_nb import runs
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import report
from marcus_nb.pipeline.report.markup import Styles, rewritten
from marcus_nb.runs import write_json


@pytest.fixture(autouse=True)
def _outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))


def page_of(run):
    return assert_sound(report.write(run).read_text(encoding="utf-8"), run.folder)


def test_the_verdict_comes_first_and_the_provenance_last():
    page = page_of(finished())
    parts = ["The personality of Nell: ACQUIRED", "Deploy: WITH CARE.", "1 fact that it states wrongly"]
    parts += ["At nine, skipper.", "What to do next", "The stages", "Headline figures", "What was asked"]
    parts += ["The notebooks", "A title", "Where it comes from"]
    main = page.text[page.text.rindex("The personality of Nell", 0, page.text.index("PASSED")) :]  # below the contents
    places = [main.index(part) for part in parts]
    assert places == sorted(places)


def test_a_browser_is_let_run_exactly_what_stands_in_the_page():
    run = finished()
    markup = report.write(run).read_text(encoding="utf-8")
    policy = next(meta["content"] for meta in page_of(run).all("meta") if "http-equiv" in meta)
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", markup, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;") and "unsafe" not in policy
    assert not re.search(r"(src|href)=\"(https?:)?//|url\(|@import", markup)


def test_stages_say_how_they_ended_and_where_they_were_made():
    run = finished()
    record(run, "ingest", reused_from="20260101-000000-abcdefg")
    text = page_of(run).text
    assert "taken over from run 20260101-000000-abcdefg" in text and "made in this run" in text
    assert "headline of clean" in text and "finished, 12 s" in text


def test_a_run_that_failed_says_why_where_and_how_it_goes_on():
    page = page_of(stopped("FAILED", "ValueError: no air"))
    text = page.text
    assert "FAILED in 03_train: Nell is not finished" in text and "acquired" not in text.lower()
    assert "train: ValueError: no air" in text and "12:00:01 out of breath" in text
    assert "./run_all.sh smoke --resume" in text and "03_train.FAILED.ipynb" in text
    assert {"href": "#train"} in page.all("a") and "04_evaluatenot begun" in text
    assert "\x1b" not in text and "line 1" in text


def test_a_run_that_was_interrupted_is_incomplete():
    text = page_of(stopped("INCOMPLETE", "interrupted")).text
    assert "INCOMPLETE in 03_train" in text and "train: interrupted" in text and "--resume" in text


def test_a_run_that_was_killed_is_incomplete_and_gets_its_page_with_the_next_list():
    run = stopped("RUNNING", "")
    write_json(run.folder / "run.json", run.state | {"status": "RUNNING", "process": {"pid": 2**22 + 1, "created": 1}})
    report.write_index()
    page = assert_sound((run.folder / report.NAME).read_text(encoding="utf-8"), run.folder)
    assert "INCOMPLETE in 03_train" in page.text and "without a word during train" in page.text


def test_a_run_that_was_asked_to_end_early_says_so():
    run = stopped("INCOMPLETE", "")
    state = run.state | {"cause": "asked to end after clean", "stages": {"ingest": {"status": "PASSED"}}}
    write_json(run.folder / "run.json", state)
    text = page_of(run).text
    assert "INCOMPLETE: Nell" in text and "asked to end after clean" in text


def test_figures_stand_beside_those_of_the_run_before():
    then = results(claims=[claim("knowledge", 0.7), claim("style", 0.1), claim("gone", 1)])
    then["measures"] = [measure("knowledge", 0.7), measure("style", 0.1, "AUC", "lower"), measure("gone", 1)]
    finished({"train.lora_r": 8}, name="20200101-000000-aaaaaaa", found=then)
    finished(name="99990101-000000-bbbbbbb")  # later: none that this one could have bettered
    text = page_of(finished()).text
    assert "✓ 70%+5 points, within the intervals" in text
    assert "✓ 0.10+0.61, worse" in text
    assert "Before: run 20200101-000000-aaaaaaa. Parameters that differ: train: lora_r" in text


def test_parameters_that_were_chosen_are_marked_with_where_and_the_default():
    page = page_of(finished({"train.lora_r": 5}))
    marked = [text for path, text in page.texts if "mark" in path]
    assert "lora_r" in marked and "persona_name" in marked and "lora_alpha" not in marked
    assert "lora_r516--set" in page.text.replace(" ", "")
    assert all(name in page.text for name in ("max_memorised", "redact_policy", "warmup_steps")), "every one is there"


def test_code_is_folded_with_its_time_and_prose_is_not():
    run = finished()
    write_book(run, "clean", book(prose="# One\n\n### Deep\n\n## Two\n\n## Two", source="for x in y: '<b>'  # why"))
    page = page_of(run)
    assert any("summary" in path and text == "Code · 1½ min" for path, text in page.texts)
    assert [a["id"] for a in page.all("h4", "h5") if "clean" in a["id"]] == ["clean-deep", "clean-two", "clean-two-2"]
    assert [a for a in page.all("details") if a.get("class") == "code" and "open" in a] == []


def test_hostile_and_personal_texts_are_only_text_and_hidden():
    found = results(summary=BOTH, why=[BOTH], next_steps=[BOTH], deploy=BOTH)
    found["mistakes"] = [{"question": BOTH, "said": BOTH, "right": BOTH}]
    found["claims"] = [claim("knowledge", 0.7, statement=BOTH, sentence=BOTH), claim(BOTH, 0.7)]
    run = finished({"shared.persona_description": BOTH, "train.fixed_prompts": [BOTH]}, found=found)
    stream = {"output_type": "stream", "name": "stderr", "text": BOTH}
    error = {"output_type": "error", "ename": BOTH, "evalue": BOTH, "traceback": [BOTH]}
    plain = {"output_type": "display_data", "data": {"text/plain": BOTH}, "metadata": {}}
    prose = f"# {HOSTILE}\n\n{HOSTILE}\n\n[a](javascript:alert(1)) ![b](http://x.example/y.png) <http://x.example>"
    made = json.dumps({"nbformat": 4, "cells": book(figure(BOTH), prose=prose, source=HOSTILE)["cells"]})
    made = json.loads(made)
    made["cells"][1]["outputs"] += [stream, error, plain]
    (run.folder / "02_clean.ipynb").write_text(json.dumps(made), encoding="utf-8")
    page = page_of(run)
    assert page.text.count("<script>alert(1)</script>") > 12
    markup = (run.folder / report.NAME).read_text(encoding="utf-8")
    assert "tom@example.com" not in markup and "900123" not in markup
    assert "<b>" not in markup and markup.count("<script") == 1


def test_a_cause_and_a_log_are_only_text_and_hidden():
    run = stopped("FAILED", f"{BOTH}\x1b[31m", log=f"12:00:00 {BOTH}\x07\n" * 30)
    assert page_of(run).text.count("<script>alert(1)</script>") == 12 + 1
    assert "900123" not in (run.folder / report.NAME).read_text(encoding="utf-8")


def test_no_folder_of_this_machine_is_told():
    root = runs.outputs_root()
    run = stopped("FAILED", f"{root}/smoke/x could not be written, nor {ROOT}/y", log=f"12:00:00 {root}/smoke\n")
    text = page_of(run).text
    assert str(root) not in text and str(ROOT) not in text
    assert "outputs/smoke/x could not be written, nor ./y" in text and "12:00:00 outputs/smoke" in text
    report.write_index()
    assert str(root) not in (root / "index.html").read_text(encoding="utf-8")


def test_an_output_keeps_its_dress_as_classes_and_loses_what_could_act():
    styles = Styles()
    box = '<div style="overflow-x:auto"><table><caption>All</caption><thead><tr><th>a</th><th></th></tr></thead>'
    markup = rewritten(
        f'{box}<tbody><tr><td onclick="x()" style="color:#0072B2;">1 &lt; 2</td></tr></tbody></table></div></div>'
        '<a href="http://x">leave</a><img src=x><svg><p>gone</p></svg><script>gone()</script><p style="color:#0072B2">'
        '<span style="background:url(http://x)">kept',
        styles,
    )
    assert markup == (
        '<div class="s0" role="region" tabindex="0" aria-label="All"><table><caption>All</caption><thead><tr>'
        '<th scope="col">a</th><td></td></tr></thead><tbody><tr><td class="s1">1 &lt; 2</td></tr></tbody></table></div>'
        'leave<p class="s1"><span>kept</span></p>'
    )
    assert styles.css() == ".s0{overflow-x:auto}\n.s1{color:var(--plain)}"
    for unsafe in ("}body{display:none", "a</style><script>", "position:fixed;top:0", "color:\\75 rl(x)"):
        assert styles.name(unsafe) == ""


def test_a_style_that_is_said_a_thousand_times_is_kept_once():
    run = finished()
    style = "border:1px solid #8886;vertical-align:top;text-align:left;white-space:pre-wrap"
    write_book(run, "clean", book(shown(f"<table><tr>{f'<td style={style!r}>x</td>' * 2000}</tr></table>")))
    markup = report.write(run).read_text(encoding="utf-8")
    assert markup.count(style) == 1
    assert len(markup) < 0.5 * (run.folder / "02_clean.ipynb").stat().st_size


PIECES = [
    *("01_ingest.ipynb", "04_evaluate.ipynb", "evaluate/results.json", "train/record.json", "clean/record.json"),
    *("ingest/record.json", "parameters.yaml"),
]


@pytest.mark.parametrize("damage", [None, "", "{", "[]", "{}", '{"cells": [{}], "claims": 3, "writes": null}'])
def test_a_page_is_made_whatever_is_missing_or_damaged(damage):
    run = finished()
    for piece in PIECES:
        whole = (run.folder / piece).read_bytes()
        (run.folder / piece).unlink()
        if damage is not None:
            (run.folder / piece).write_text(damage, encoding="utf-8")
        assert "PASSED" in page_of(run).text, piece
        (run.folder / piece).write_bytes(whole)


def test_records_that_make_no_sense_cost_only_their_part():
    run = finished(found=results(mistakes=3, claims=[claim("knowledge", 0.5) | {"value": "much"}]))
    record(run, "train", seconds="long", headline=3, writes=7, versions=[])
    text = page_of(run).text
    assert text.count("This cannot be shown: the run's records are damaged") == 4
    assert "The personality of Nell: ACQUIRED" in text and "What was asked" in text and "A title" in text


def test_results_of_older_versions_are_shown_as_far_as_they_go():
    old = {"verdict": "acquired", "claims": [{"name": "loss", "value": 2.3, "status": "supported"}, {"name": "bare"}]}
    text = page_of(finished(found=old)).text
    assert "ACQUIRED" in text and "2.30" in text


def test_a_page_that_cannot_be_written_leaves_the_old_one(monkeypatch):
    run = finished()
    before = report.write(run).read_bytes()
    (run.folder / "report.html.tmp").mkdir()
    with pytest.raises(OSError):
        report.write(run)
    assert (run.folder / report.NAME).read_bytes() == before


def test_the_page_of_the_example_is_light_enough():
    """The executed notebooks of the shipped run make a page well under five megabytes."""
    example = ROOT / "outputs" / "example"
    run = finished()
    for path in example.glob("*.ipynb"):
        (run.folder / path.name).write_bytes(path.read_bytes())
    (run.folder / "evaluate/results.json").write_bytes((example / "evaluate/results.json").read_bytes())
    page = page_of(run)
    assert len(page.all("img")) >= 6 and len(page.all("article")) == 4
    assert (run.folder / report.NAME).stat().st_size < 500_000


def test_nothing_but_the_page_is_touched():
    run = finished()
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    report.write(run)
    after = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    assert after.pop(run.folder / report.NAME) and after == before
    assert runs.open_run(run.experiment, run.name).state["status"] == "PASSED"
