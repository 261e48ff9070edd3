"""compare: runs side by side, and whether each persona sounds like itself, on tiny models that really differ."""

import os
import re
import subprocess
import sys
import time
from dataclasses import replace

import nbformat
import pandas as pd
import pytest
from conftest import conversation
from runs_side_by_side import VOICES, make_run, talk

from marcus_nb import runs
from marcus_nb.conversation import to_row, write_jsonl
from marcus_nb.display import compare as display
from marcus_nb.evaluate import across, apart, matrix
from marcus_nb.evaluate.gains import NATS
from marcus_nb.launcher import LAUNCHER
from marcus_nb.parameters import ROOT, Evaluate
from marcus_nb.pipeline import comparing
from marcus_nb.pipeline.console import Console
from marcus_nb.runs import RunError, read_json, write_json
from marcus_nb.runs.which import find_run

SETTINGS = Evaluate(bootstrap_samples=400)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Nell, an earlier Nell that hardly learned, and Florian."""
    root = tmp_path_factory.mktemp("compare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARCUS_OUTPUTS", str(root / "outputs"))
        make_run(root, "nell", "Nell", gain=0.4, steps=1, shared__seed=7)
        time.sleep(1.1)  # a run's name tells when it began, to the second
        make_run(root, "nell", "Nell")
        make_run(root, "florian", "Florian", gain=1.5, train__lora_r=8)
        yield root / "outputs"


@pytest.fixture(scope="module")
def compared(outputs):
    return across.find(["nell", "florian"])


@pytest.fixture(scope="module")
def unseen(compared):
    return matrix.held_out(compared, 100, 1)[0]


@pytest.fixture(scope="module")
def told(compared, unseen):
    """(losses, replies) of both models and of the base model."""
    asked = matrix.prompts(compared, unseen, ["Is boat 3 free?"], 8, 1)
    lines = []
    losses, replies, unasked = matrix.ask(compared, unseen, asked, 40, lines.append)
    assert unasked == [] and len(lines) >= 6
    return losses, replies


# --- which runs -------------------------------------------------------------------------------------------------------


def test_an_experiment_is_its_newest_finished_run(outputs):
    newest = find_run("nell")
    assert newest.name == max(path.name for path in (outputs / "nell").iterdir())
    oldest = min(path.name for path in (outputs / "nell").iterdir())
    assert find_run(f"nell/{oldest}").name == oldest != newest.name


def test_an_unfinished_run_is_not_the_newest(outputs):
    newest = find_run("florian")
    later = runs.create(newest.parameters)
    try:
        assert later.name > newest.name and find_run("florian").name == newest.name
    finally:
        (later.folder / "run.json").unlink()


def test_an_unknown_experiment_says_which_there_are(outputs):
    with pytest.raises(RunError, match=r"no finished run of 'florain'\. Did you mean florian\?") as raised:
        find_run("florain")
    assert "Finished runs there are of: florian, nell" in str(raised.value)
    assert f"{LAUNCHER} florain" not in str(raised.value), "there is no such experiment to run"
    with pytest.raises(RunError, match="no run nell/nope"):
        find_run("nell/nope")


def test_one_run_is_not_compared_with_itself(outputs):
    for names in ([], ["nell"], ["nell", "nell"], ["nell", f"nell/{find_run('nell').name}"]):
        with pytest.raises(RunError, match="two runs or more"):
            across.find(names)


def test_a_run_that_was_not_evaluated_says_how_to_go_on(outputs):
    run = find_run("florian")
    record = run.folder / "evaluate/record.json"
    kept = record.read_bytes()
    record.unlink()
    try:
        with pytest.raises(RunError, match=r"has not finished evaluate.*\n.*run_all\.sh florian --resume"):
            across.find(["nell", "florian"])
    finally:
        record.write_bytes(kept)


def test_a_run_of_an_earlier_version_says_so(outputs):
    results = find_run("florian").folder / "evaluate/results.json"
    kept = read_json(results)
    write_json(results, {name: value for name, value in kept.items() if name != "measures"})
    try:
        with pytest.raises(RunError, match=r"earlier version.*\n.*florian --from evaluate"):
            across.find(["nell", "florian"])
    finally:
        write_json(results, kept)


def test_names_are_as_short_as_they_can_be(outputs, compared):
    assert [item.label for item in compared] == ["nell", "florian"]
    both = [f"nell/{path.name}" for path in sorted((outputs / "nell").iterdir())]
    labels = [item.label for item in across.find(both)]
    assert len(set(labels)) == 2 and all(label.startswith("nell 20") for label in labels)


# --- what the runs have kept ------------------------------------------------------------------------------------------


def test_only_what_differs_is_shown(compared):
    frame = across.differences(compared)
    assert list(frame.columns) == ["parameter", "nell", "florian"]
    rows = frame.set_index("parameter")
    assert set(rows.index) == {"shared.persona_name", "shared.system_prompt", "train.lora_r"}
    assert tuple(rows.loc["train.lora_r"]) == ("16", "8")


def test_figures_of_all_runs_with_their_intervals(compared):
    claims = across.claims(compared)
    assert claims[["claim", "run", "value", "n"]].values.tolist() == [
        ["loss", "nell", 2.0, 30],
        ["style", "nell", 0.0, 6],
        ["loss", "florian", 1.5, 30],
        ["style", "florian", 0.0, 6],
    ]
    assert claims["unit"].tolist() == [NATS, "", NATS, ""], "the unit of the figure that decides"
    measures = across.measures(compared)
    assert measures["value"].tolist() == [2.0, 3.5, 1.5, 4.0], "the base model's figures are not repeated for each run"
    shown = display.claims_compared(claims).plain
    assert "2.00 (1.90 to 2.10), n = 30" in shown and "1.50 (1.40 to 1.60), n = 30" in shown
    assert re.search("– not measurable", shown) and "0.00" not in shown, "what was not measured has no figure"


def test_a_claim_that_one_run_does_not_make_is_a_dash(compared):
    short = replace(compared[1], results={**compared[1].results, "claims": compared[1].results["claims"][:1]})
    shown = display.claims_compared(across.claims([compared[0], short])).plain
    style = next(line for line in shown.splitlines() if line.split()[:1] == ["style"])
    assert style.rstrip().endswith("–")


def test_what_they_learned_from(compared, outputs):
    frame = across.data(compared).set_index("what")
    assert frame.loc["train conversations (file)", "nell"].startswith("24 (")
    assert frame.loc["train conversations (file)", "nell"] != frame.loc["train conversations (file)", "florian"]
    assert "No two" in across.same_data(compared)
    both = across.find([f"nell/{path.name}" for path in (outputs / "nell").iterdir()])
    assert "exactly the same conversations" in across.same_data(both)


def test_an_edited_file_is_not_compared(compared):
    path = compared[0].run.folder / "clean/test.jsonl"
    kept = path.read_bytes()
    path.write_bytes(kept + kept.splitlines(keepends=True)[0])
    try:
        with pytest.raises(RunError, match=r"clean/test\.jsonl of run nell/.* was edited"):
            matrix.held_out(compared, 100, 1)
    finally:
        path.write_bytes(kept)


def test_courses_in_one_figure(compared):
    courses = across.courses(compared)
    assert courses.groupby("run").size().to_dict() == {"nell": 3, "florian": 3}
    figure = display.courses_figure(courses)
    assert figure.png.startswith(b"\x89PNG") and "nell 3.60, florian 4.10" in figure.alt


# --- the matrix -------------------------------------------------------------------------------------------------------


def test_what_another_run_learned_from_is_no_test(compared, outputs):
    """Another split of the same persona: its training holds three of the first one's test conversations."""
    older = across.find(["nell", f"nell/{min(path.name for path in (outputs / 'nell').iterdir())}"])
    path = older[1].run.folder / "clean/train.jsonl"
    kept = path.read_bytes()
    write_jsonl(path, [to_row(item) for item in talk("Nell", 3, 28)])
    older[1].made["clean"]["writes"]["clean/train.jsonl"] = runs.sha256(path)
    try:
        found, told = matrix.held_out(older, 100, 1)
    finally:
        path.write_bytes(kept)
    assert len(found["Nell"]) == 11 and "11 of 14 of Nell; 3 left out" in told
    assert matrix.why_no_matrix(older).startswith("All of these runs are Nell")
    assert matrix.why_no_matrix(compared) == ""


def test_questions_are_asked_once(compared, unseen):
    asked = matrix.prompts(compared, unseen, ["Is boat 30 free?", "Who are you?"], 100, 1)
    assert asked["question"].is_unique
    assert asked["asked_by"].tolist()[:2] == [matrix.YOURS] * 2
    assert len(matrix.prompts(compared, unseen, [], 3, 1)) <= 6


def test_each_model_gains_most_on_its_own_persona(told, compared):
    losses, _ = told
    assert losses.groupby(["model", "persona"]).size().tolist() == [14] * 4
    frame = apart.cross_matrix(losses, NATS, SETTINGS, 1).set_index(["model", "persona"])
    for mine, other in (("Nell", "Florian"), ("Florian", "Nell")):
        own, strange = frame.loc[mine.lower(), mine], frame.loc[mine.lower(), other]
        assert own["low"] > strange["high"], "the intervals lie apart"
        assert own["n"] == 14 and own["low"] < own["gain"] < own["high"]
        assert own["base"] - own["tuned"] == pytest.approx(own["gain"])
    speaks_as = {item.label: item.persona for item in compared}
    assert "2 of 2 models gained most on their own persona" in display.matrix_figure(frame.reset_index(), speaks_as).alt
    own = apart.own_or_other(losses, speaks_as, NATS, SETTINGS, 1)
    assert own["own_wins"].tolist() == [True, True]
    assert [word.split(" than ")[0] for word in apart.in_words(own)] == [
        "nell knows Nell's replies better",
        "florian knows Florian's replies better",
    ]


def test_the_base_models_loss_is_the_one_of_the_base_model(told, compared, unseen):
    from marcus_nb import models
    from marcus_nb.render import render

    losses, _ = told
    item = unseen["Florian"][0]
    [rendered] = render(models.load_tokenizer(models.find_base("tiny")), item.as_chat("You are Florian."))
    [(nll, count)] = models.negative_log_likelihood(
        models.load_base(models.find_base("tiny")), [(rendered.input_ids, rendered.labels)]
    )
    row = losses[(losses["conversation"] == item.id) & (losses["model"] == "nell")].iloc[0]
    assert row["base"] == pytest.approx(nll, rel=1e-4) and row["tokens"] == count
    assert row["bytes"] == len(item.replies[0].encode())


def constructed(advantage, n=40):
    """Losses of 10 tokens a conversation: `a` knows A better than `b` does by so many nats a token, and vice versa."""
    rows = []
    for number in range(n):
        noise = 0.1 * (-1) ** number
        for persona in "AB":
            for model in "ab":
                own = model.upper() == persona
                rows.append((model, persona, f"{persona}:{number}", 10, 40, 50.0, 10 * (3 + noise - advantage * own)))
    return pd.DataFrame(rows, columns=matrix.LOSSES)


@pytest.mark.parametrize(("advantage", "wins"), [(0.5, True), (0.0, False), (-0.5, False)])
def test_the_paired_difference_is_what_was_built_in(advantage, wins):
    own = apart.own_or_other(constructed(advantage), {"a": "A", "b": "B"}, NATS, SETTINGS, 1)
    assert own["advantage"].tolist() == pytest.approx([advantage] * 2)
    assert own["own_wins"].tolist() == [wins] * 2
    words = {0.5: "a knows A's replies better than b does", 0.0: "cannot be told apart", -0.5: "than a, its own model"}
    assert words[advantage] in apart.in_words(own)[0]


def test_few_conversations_win_nothing():
    own = apart.own_or_other(constructed(0.5, n=5), {"a": "A", "b": "B"}, NATS, SETTINGS, 1)
    assert own["low"].min() > 0 and not own["own_wins"].any()


def test_bits_per_byte_where_tokens_do_not_compare(compared):
    frame = apart.cross_matrix(constructed(0.5), apart.BITS, SETTINGS, 1)
    row = frame[(frame["model"] == "a") & (frame["persona"] == "A")].iloc[0]
    assert row["gain"] == pytest.approx((50 - 25) / 0.6931472 / 40) and row["unit"] == "bits per byte"
    assert apart.unit_of(compared) == NATS
    counts = compared[1].made["train"]["counts"]
    other = counts | {"base_model": {**compared[1].base, "sha256": "f" * 64}}
    made = {**compared[1].made, "train": {**compared[1].made["train"], "counts": other}}
    assert apart.unit_of([compared[0], replace(compared[1], made=made)]) == apart.BITS


def test_another_file_of_the_base_models_name_is_refused(compared, unseen):
    made = compared[1].made
    counts = made["train"]["counts"] | {"base_model": {**compared[1].base, "sha256": "f" * 64}}
    other = replace(compared[1], made={**made, "train": {**made["train"], "counts": counts}})
    asked = matrix.prompts(compared, unseen, [], 1, 1)
    with pytest.raises(matrix.EvaluateError, match="another file"):
        matrix.ask([other], unseen, asked, 4, lambda _: None)


def test_what_cannot_be_rendered_is_told(compared, unseen):
    forged = conversation("forged", "Hello<|im_end|>", "Aye.")
    asked = pd.DataFrame([("Hi", matrix.YOURS), ("<|im_start|>", matrix.YOURS)], columns=["question", "asked_by"])
    losses, replies, unasked = matrix.ask(compared, {"Nell": [forged, *unseen["Nell"][:2]]}, asked, 4, lambda _: None)
    assert len(losses) == 4 and [line.split()[0] for line in unasked] == ["forged"]
    assert set(replies["question"]) == {"Hi"}


# --- in its own words -------------------------------------------------------------------------------------------------


def test_every_model_is_taken_for_its_own_persona(told, compared, unseen):
    _, replies = told
    assert replies.groupby("model").size().to_dict() == {
        "base model": 2 * (len(replies) // 4),
        "nell": len(replies) // 4,
        "florian": len(replies) // 4,
    }
    heard = {persona: [item.first_exchange[1] for item in items] for persona, items in unseen.items()}
    frame = apart.voices(matrix.real_replies(compared), heard, replies, SETTINGS, 1).set_index(["who", "taken_for"])
    for persona in VOICES:
        assert frame.loc[(f"{persona}, really", persona), "share"] == 1.0
        own = frame.loc[(persona.lower(), persona)]
        assert own["share"] == 1.0 and own["low"] < 1.0 and own["high"] == 1.0


def test_voices_need_two_personas_and_enough_replies():
    replies = pd.DataFrame([], columns=matrix.REPLIES)
    for learned in ({"Nell": ["Aye"] * 50}, {"Nell": ["Aye"] * 50, "Florian": ["Bravo"] * 5}):
        frame = apart.voices(learned, learned, replies, SETTINGS, 1)
        assert frame.empty and "Not measurable" in display.voices_table(frame).plain


def test_an_empty_reply_is_nobodys():
    learned = {"Nell": ["Aye, mind the tide"] * 30, "Florian": ["Bravo, dearest guest"] * 30}
    said = [("q", matrix.YOURS, "nell", "Nell", reply, True) for reply in ("Aye, the tide", " ", "")]
    frame = apart.voices(learned, {}, pd.DataFrame(said, columns=matrix.REPLIES), SETTINGS, 1)
    assert frame["n"].tolist() == [1, 1]


# --- the notebook and the command -------------------------------------------------------------------------------------


def test_what_a_model_said_is_escaped():
    said = [("<b>q</b>", matrix.YOURS, "nell", "Nell", "<script>alert(1)</script>", False)]
    shown = display.replies_compared(pd.DataFrame(said, columns=matrix.REPLIES), matrix.YOURS)
    assert "<script" not in shown.markup and "&lt;script&gt;" in shown.markup and "✂" in shown.markup
    assert "<b>q" not in shown.markup


def command(*words: str, outputs) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "marcus_nb", "compare", *words],
        cwd=ROOT,
        env={**os.environ, "MARCUS_OUTPUTS": str(outputs), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=180,
    )


def test_the_command_makes_the_notebook(outputs):
    done = command("nell", "florian", outputs=outputs)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = (outputs / "compare").glob("*/compare.ipynb")
    assert str(path) in done.stdout.replace("\n", "")
    assert sorted(file.name for file in path.parent.iterdir()) == ["compare.ipynb", "log.txt"]
    book = nbformat.read(path, as_version=4)
    assert all(cell.metadata.papermill.status == "completed" for cell in book.cells if cell.cell_type == "code")
    text = path.read_text(encoding="utf-8")
    assert "2 of 2 times a model knows its own persona better" in text
    assert "application/vnd.jupyter.widget" not in text and str(outputs) not in text and str(ROOT) not in text
    injected = next(cell for cell in book.cells if "injected-parameters" in cell.metadata.get("tags", []))
    assert re.search(r'runs = \["nell/20\d+-\d+-\w+", "florian/20\d+-\d+-\w+"\]', injected.source), (
        "the runs themselves"
    )


def test_a_mistake_is_told_before_anything_is_made(outputs):
    before = list((outputs / "compare").glob("*"))
    for names, told in ((["nell", "florain"], "Did you mean florian"), (["nell"], "two runs or more")):
        with pytest.raises(RunError, match=told):
            comparing.compare(names, Console())
    assert list((outputs / "compare").glob("*")) == before


def test_the_notebook_keeps_its_contract():
    book = nbformat.read(ROOT / "notebooks/compare.ipynb", as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert code[0].metadata.tags == ["parameters"] and 8 <= len(code) - 1 <= 16
    assert all(len(cell.source.splitlines()) <= 12 for cell in code)
    words = sum(len(cell.source.split()) for cell in book.cells if cell.cell_type == "markdown")
    assert 250 <= words <= 500
    assert not re.search(r"\b(def|class|try|lambda)\b", "\n".join(cell.source for cell in code))
