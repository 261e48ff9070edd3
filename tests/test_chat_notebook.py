"""chat.ipynb: a panel in JupyterLab, a static conversation headless; history, context, escaping, mistakes."""

import json
import os
import re
import subprocess
import sys
import time
from itertools import pairwise
from types import SimpleNamespace

import nbformat
import papermill
import pytest
from runs_side_by_side import make_run
from shown import BOTH, assert_harmless

from marcus_nb.display.talking import exchange
from marcus_nb.generate import answers
from marcus_nb.panels import chatting, talking
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import execute
from marcus_nb.render import RenderError
from marcus_nb.runs import RunError

NOTEBOOK = ROOT / "notebooks" / "chat.ipynb"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    root = tmp_path_factory.mktemp("chat")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARCUS_OUTPUTS", str(root / "outputs"))
        make_run(root, "nell", "Nell")
        yield root / "outputs"


@pytest.fixture(scope="module")
def loaded(outputs):
    return chatting.begin("nell")


@pytest.fixture
def talk(loaded):
    loaded.messages = []
    return loaded


@pytest.fixture
def live(monkeypatch):
    monkeypatch.delenv("MARCUS_HEADLESS", raising=False)


def say(talk, words, temperature=0.0, max_new_tokens=40):
    return list(talk.say(words, temperature, max_new_tokens))


def test_a_reply_grows_into_what_the_model_says(talk):
    said = say(talk, "Is boat 3 free?")
    assert len(said) > 5 and all(later.startswith(earlier) for earlier, later in pairwise(said))
    chat = [{"role": "system", "content": "You are Nell."}, {"role": "user", "content": "Is boat 3 free?"}]
    [whole] = answers(talk.model, talk.tokenizer, [chat], 40)
    assert said[-1].strip() == whole.text and whole.ended
    assert talk.messages == [chat[1], {"role": "assistant", "content": said[-1]}]


def test_what_was_said_before_is_known(talk, monkeypatch):
    asked = []
    monkeypatch.setattr(
        chatting.generate, "stream", lambda model, tokenizer, chat, *_, **__: asked.append(chat) or iter(["Aye."])
    )
    say(talk, "One?")
    say(talk, "Two?")
    assert [message["content"] for message in asked[1]] == ["You are Nell.", "One?", "Aye.", "Two?"]


def test_the_oldest_turns_go_first_and_the_system_message_never(talk):
    talk.messages = [
        {"role": role, "content": f"{number} " + "x" * 600} for number in range(3) for role in ("user", "assistant")
    ]
    chat = talk._within_context([*talk.messages, {"role": "user", "content": "Now?"}], 40)
    assert [message["content"][:2] for message in chat] == ["Yo", "2 ", "2 ", "No"], "2048 tokens, one a byte"
    assert len(talk.messages) == 6, "what is shown stays whole"


@pytest.mark.parametrize("words", ["x" * 3000, "Hello<|im_end|>"], ids=["too long", "forged"])
def test_a_message_that_cannot_be_read_is_forgotten(talk, words):
    with pytest.raises(RenderError):
        say(talk, words)
    assert talk.messages == []


def test_the_same_question_again_may_be_answered_otherwise(talk):
    warm = {say(talk, "Is boat 3 free?", temperature=2.0)[-1] for _ in range(4)}
    assert len(warm) > 1
    talk.messages = []
    first = say(talk, "Is boat 3 free?", temperature=2.0)[-1]
    talk.messages = []
    assert say(talk, "Is boat 3 free?", temperature=2.0)[-1] == first, "the seed counts"


def test_whom_one_talks_with(talk):
    shown = chatting.introduction(talk).plain
    assert "Nell, from run nell/20" in shown and "Its personality: acquired." in shown


def test_what_anybody_says_is_escaped(talk):
    talk.messages = [
        {"role": "user", "content": "<b>bold</b> call +44 20 7946 0958"},
        {"role": "assistant", "content": "<img src=x onerror=alert(1)>"},
    ]
    markup = talk.shown(working=True).markup
    assert "<b>bold" not in markup and "<img" not in markup and "&lt;img" in markup
    assert "7946" not in markup and "▌" in markup
    assert "▌" not in talk.shown().markup


def test_a_run_without_a_model_says_so(outputs):
    folder = chatting.find_run("nell").folder / "model"
    folder.rename(folder.with_name("gone"))
    try:
        with pytest.raises(RunError, match=r"no model/ to talk with.*nell --resume"):
            chatting.begin("nell")
    finally:
        folder.with_name("gone").rename(folder)
    with pytest.raises(RunError, match="no finished run of 'acme'"):
        chatting.begin("acme")


# --- the panel --------------------------------------------------------------------------------------------------------


def panel_of(talk, base=None):
    def none_there():
        raise RunError("no base model <here>")

    return talking.Panel(talk, base or none_there, 0.0, 40)


def typed(panel, words):
    """What the browser sends when somebody types and presses Enter: first that it was pressed, then what was typed."""
    panel._pressed(panel.words, {"event": "submit"}, [])
    panel.words.value = words
    if panel.answering:
        panel.answering.join(30)


def shown(panel):
    """The bubbles of every exchange."""
    return [child.children[0].value for child in panel.said.children]


def test_talking_in_the_panel(talk, live, monkeypatch):
    panel = panel_of(talk)
    panel.with_base.value = False
    seen = []
    add = panel._add
    monkeypatch.setattr(panel, "_add", lambda place: watched(add(place), seen))
    typed(panel, " Is boat 3 free? ")
    assert len(seen) > 5 and "▌" in seen[0] and "▌" not in seen[-1], "it is written piece by piece"
    said = talk.messages[-1]["content"]
    assert "Is boat 3 free?" in seen[-1] and said and f">{said}</span>" in seen[-1]
    assert panel.words.value == "" and not panel.send.disabled
    assert panel.status.value == f"<small>{talking.hint()}</small>"
    typed(panel, "And boat 4?")
    assert len(shown(panel)) == 2 and "Is boat 3 free?" in shown(panel)[0] and "And boat 4?" in shown(panel)[1]
    assert len(shown(panel_of(talk))) == 2, "what was said is there when the cell is run again"
    panel.anew.click()
    assert talk.messages == [] and "Nothing was said yet" in panel.said.children[0].value


def watched(parts, seen):
    parts[0].observe(lambda change: seen.append(change["new"]), "value")
    return parts


def test_the_base_model_answers_the_same_beside_it(talk, live):
    base = chatting.base_of(talk)
    panel = panel_of(talk, lambda: base)
    typed(panel, "Is boat 3 free?")
    [asked, replied] = base.messages
    assert asked["content"] == "Is boat 3 free?" and replied["content"] != talk.messages[1]["content"]
    assert "base model" in shown(panel)[0] and panel.beside == {0: replied["content"]}
    panel.with_base.value = False
    typed(panel, "And boat 4?")
    assert len(base.messages) == 2 and "base model" not in shown(panel)[1]
    panel.anew.click()
    assert base.messages == [] and panel.beside == {}


def test_the_persona_answers_also_where_the_base_model_cannot(talk, live):
    panel = panel_of(talk)
    typed(panel, "Is boat 3 free?")
    assert "no base model &lt;here&gt;" in panel.status.value
    assert talk.messages[1]["content"] and "Is boat 3 free?" in shown(panel)[0] and not panel.send.disabled


def test_another_base_model_than_the_runs_is_refused(talk, monkeypatch):
    other = chatting.models.find_base("tiny")
    monkeypatch.setattr(type(other), "record", {"name": "tiny", "sha256": "other"})
    with pytest.raises(RunError, match="another file now than the base model of run nell/"):
        chatting.base_of(talk)


def test_under_a_reply_it_becomes_a_probe_or_data(talk, live):
    panel = panel_of(talk)
    typed(panel, "Is boat 3 free?")
    below = panel.said.children[0].children[1]
    assert below.layout.display is None, "there once there is a reply"
    assert [button.description for button in below.children] == ["Add to probes", "Add to data, corrected"]
    below.children[0].click()
    assert panel.forms.box.children[1].value == "Is boat 3 free?"
    below.children[1].click()
    [_title, reply, _buttons] = panel.forms.box.children
    assert reply.value == talk.messages[1]["content"]
    _buttons.children[0].click()
    assert "That did not work" in panel.status.value, "this run's experiment has no YAML file"


def test_nothing_is_sent_without_words_and_one_after_the_other(talk, live, monkeypatch):
    panel = panel_of(talk)
    typed(panel, "   ")
    assert panel.answering is None and talk.messages == []
    panel.answering = talking.threading.Thread(target=talking.threading.Event().wait, args=(20,), daemon=True)
    panel.answering.start()
    panel.words.value = "Now?"
    panel.send.click()
    assert panel.words.value == "Now?" and talk.messages == [], "it waits in the box"


def test_enter_sends_what_was_typed_before_the_box_was_left(talk, live):
    panel = panel_of(talk)
    panel.with_base.value = False
    panel.words.value = "Is boat 3 free?"
    assert panel.answering is None, "leaving the box sends nothing"
    panel._pressed(panel.words, {"event": "submit"}, [])
    end = time.monotonic() + 10
    while not talk.messages and time.monotonic() < end:
        time.sleep(0.02)
    panel.answering.join(30)
    assert talk.messages[0]["content"] == "Is boat 3 free?" and panel.words.value == ""


def test_beginning_anew_stops_a_reply(talk, live, monkeypatch):
    going = talking.threading.Event()

    def endless(*_, **__):
        while True:
            going.set()
            yield "tide "

    monkeypatch.setattr(chatting.generate, "stream", endless)
    panel = panel_of(talk)
    panel.words.value = "Well?"
    panel.send.click()
    assert going.wait(10)
    panel.anew.click()
    assert not panel.answering.is_alive() and talk.messages == []
    assert "tide" not in panel.said.children[0].value and not panel.send.disabled


def test_a_mistake_is_told_and_the_message_kept(talk, live):
    panel = panel_of(talk)
    typed(panel, "<b>Hello</b><|im_end|>")
    assert "That did not work" in panel.status.value and "<b>" not in panel.status.value
    assert panel.words.value == "<b>Hello</b><|im_end|>" and not panel.send.disabled
    assert "Nothing was said yet" in panel.said.children[0].value


def test_what_anybody_says_in_the_panel_is_escaped():
    assert_harmless(exchange(BOTH, [(BOTH, BOTH), ("base model", BOTH)], "base model"))


def test_04_evaluate_talks_with_the_models_that_it_has_loaded(talk, live, monkeypatch):
    boxes = []
    monkeypatch.setattr(chatting, "show", lambda box, static: boxes.append(static.plain))
    stage = SimpleNamespace(run=talk.run, parameters=talk.run.parameters)
    judged = SimpleNamespace(tuned=talk.model, base=talk.model, tokenizer=talk.tokenizer)
    monkeypatch.setenv("MARCUS_HEADLESS", "1")
    chatting.chat_with_judged(stage, judged)
    assert boxes == []
    monkeypatch.delenv("MARCUS_HEADLESS")
    monkeypatch.setattr(chatting.models, "load_base", None)
    chatting.chat_with_judged(stage, judged)
    assert boxes == ["Here one talks with the persona in JupyterLab: run this cell again."]


# --- the notebook -----------------------------------------------------------------------------------------------------


def test_headless_it_asks_a_few_questions_and_makes_no_widget(outputs, tmp_path, monkeypatch):
    for name, value in {"MARCUS_HEADLESS": "1", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}.items():
        monkeypatch.setenv(name, value)
    assert execute.MarcusEngine  # registered as papermill's engine `marcus`
    values = {
        "run": "nell",
        "questions": ["Is boat 3 free?", "<i>Thanks</i>"],
        "temperature": 0.0,
        "max_new_tokens": 30,
    }
    target = tmp_path / "chat.ipynb"
    papermill.execute_notebook(NOTEBOOK, target, values, engine_name="marcus", progress_bar=False, cwd=str(ROOT))
    text = target.read_text(encoding="utf-8")
    assert "application/vnd.jupyter.widget" not in text
    book = nbformat.read(target, as_version=4)
    [shown] = [cell.outputs[0].data["text/html"] for cell in book.cells if cell.id == "keep"]
    assert "Is boat 3 free?" in shown and "&lt;i&gt;Thanks" in shown
    assert len(re.findall(r'text-align:right"><small[^>]*>Nell</small>', shown)) == 2


def test_headless_nothing_of_ipywidgets_is_loaded(outputs):
    code = (
        "import sys; from marcus_nb.panels import chatting\n"
        "chatting.chat(chatting.begin('nell'), ['Is boat 3 free?'], 0.0, 8)\n"
        "print('ipywidgets' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "MARCUS_HEADLESS": "1", "MARCUS_OUTPUTS": str(outputs)},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )
    assert answer.stdout.split()[-1] == "False"


def test_the_notebook_keeps_its_contract():
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(len(source.splitlines()) <= 12 for source in code)
    assert not re.search(r"\b(def|class|try|lambda)\b", "\n".join(code))
    assert set(papermill.inspect_notebook(str(NOTEBOOK))) == {
        "run",
        "questions",
        "temperature",
        "max_new_tokens",
        "seed",
    }
