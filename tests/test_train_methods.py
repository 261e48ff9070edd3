"""03_train computes what a plain loop computes, whatever the method; what it cannot do it refuses in words."""

import math
import shutil
from functools import cache

import pytest
import torch
import transformers
from chat_families import tokenizer_of
from conftest import conversation, small_talk
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from trained import count_graphs, keep_gradients, loss_of, train
from training import said, train_in_child
from transformers import (
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
)

from marcus_nb import evaluate, models
from marcus_nb.conversation import Message, read_conversations
from marcus_nb.evaluate.asking import trained_base
from marcus_nb.models import ModelError, tiny
from marcus_nb.models.export import TRAINED
from marcus_nb.render import render
from marcus_nb.runs import Stage
from marcus_nb.train import TrainError, failures, trackers
from marcus_nb.train.method import COMPILERS, computing, prepare

TINY = tiny.tokenizer()
ONE = {"train.max_steps": 1}
# Two passes, of steps of eight and four rows, each cut into several micro-batches; some replies weigh less.
UNEVEN = {
    "train.max_steps": 3,
    "train.gradient_accumulation_steps": 2,
    "train.max_tokens_per_micro_batch": 200,
    "train.learning_rate": 0.001,
}


def weighing(item, *weights):
    """A conversation whose replies have these weights."""
    left = iter(weights)
    return item.with_messages(
        Message(message.role, message.content, weight=next(left) if message.role == "assistant" else 1.0)
        for message in item.messages
    )


def uneven():
    rows = small_talk(12)  # the first and the seventh have two replies
    return [weighing(rows[0], 0.5, 0.0), weighing(rows[1], 0.25), *rows[2:6], weighing(rows[6], 0.0, 1.0), *rows[7:]]


@pytest.fixture(scope="module")
def really(make_draft):
    """`really(method="full")`: trained in a child that kept each step's gradients; each once."""

    @cache
    def go(**chosen):
        run = make_draft(in_yaml=UNEVEN | {f"train.{name}": value for name, value in chosen.items()}, train=uneven())
        return train(run, keep_gradients)

    return go


def plainly(model, result, steps=3, learning_rate=0.001):
    """A training loop as a textbook has it: nothing of ours but `render`, and the rows that each step saw."""
    rendered = [sample for item in uneven() for sample in render(TINY, item.as_chat("You are Nell."))]
    by_ids = {tuple(sample.input_ids): sample for sample in rendered}
    named = {name: weights for name, weights in model.named_parameters() if weights.requires_grad}
    optimizer = torch.optim.AdamW(named.values(), lr=learning_rate, weight_decay=0.0)
    seen = [[by_ids[tuple(ids)] for ids in row["rows"]] for row in result.seen if "rows" in row]
    losses, gradients = [], []
    for rows in seen[:steps]:
        total, weight = torch.zeros(()), 0.0
        for row in rows:
            ids, labels = torch.tensor([row.input_ids]), torch.tensor(row.labels[1:])
            weights = torch.tensor(row.weights or [1.0] * len(row.labels))[1:]
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, :-1]
            each = torch.nn.functional.cross_entropy(logits, labels, reduction="none")  # 0 where a label is -100
            total = total + (each * weights).sum()
            weight += float(weights[labels != -100].sum())
        loss = total / weight
        loss.backward()
        losses.append(float(loss.detach()))
        gradients.append({name: weights.grad.clone() for name, weights in named.items()})
        torch.nn.utils.clip_grad_norm_(named.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return losses, gradients, {name: weights.detach() for name, weights in named.items()}


def adapted(first):
    """The tiny model with an adapter that has the first weights of another."""
    model = get_peft_model(
        tiny.model(), LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=16, target_modules="all-linear")
    )
    named = dict(model.named_parameters())
    with torch.no_grad():
        for name, weights in first.items():
            named[name].copy_(weights)
    return model.train()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_three_steps_are_those_of_a_plain_loop(really, method):
    ours = really(method=method)
    steps = [load_file(ours.folder / f"gradient-{step}.safetensors") for step in (1, 2, 3)]
    first = load_file(ours.folder / "before-1.safetensors")
    model = adapted(first) if method == "lora" else tiny.model().train()
    losses, gradients, weights = plainly(model, ours)
    assert [len(row["rows"]) for row in ours.seen if "rows" in row] == [8, 4, 8]
    assert sum("micro_batch" in row for row in ours.seen) >= 10
    assert ours.losses == pytest.approx(losses, abs=1e-5)
    for ours_then, plain_then in zip(steps, gradients, strict=True):
        assert ours_then.keys() == plain_then.keys()
        largest = max(float(gradient.abs().max()) for gradient in plain_then.values())
        for name, gradient in plain_then.items():
            assert (ours_then[name] - gradient).abs().max() < 1e-5 * max(1.0, largest), name
    after = load_file(ours.folder / f"checkpoints/checkpoint-3/{TRAINED}")
    assert after.keys() == weights.keys()
    for name in weights:
        assert (after[name] - weights[name]).abs().max() < 1e-5, name
        assert not after[name].equal(first[name])


FAMILIES = {
    "LlamaForCausalLM": LlamaConfig,
    "MistralForCausalLM": MistralConfig,
    "Qwen2ForCausalLM": Qwen2Config,
    "Qwen3ForCausalLM": Qwen3Config,
    "Gemma2ForCausalLM": Gemma2Config,  # its logits are bent after the output layer
    "Gemma3ForCausalLM": Gemma3TextConfig,
    "Phi3ForCausalLM": Phi3Config,
    "GPT2LMHeadModel": GPT2Config,  # absolute positions
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_output_layer_may_leave_out_what_is_not_learned_in_every_family(family):
    """Rows of unlike lengths, padded, without an attention mask: each token's loss as by itself, with all logits."""
    names = {"GPT2LMHeadModel": {"n_embd": 32, "n_layer": 2, "n_head": 4}}
    usual = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    usual |= {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 7}
    torch.manual_seed(1)
    config = FAMILIES[family](vocab_size=259, pad_token_id=0, **names.get(family, usual))
    model = getattr(transformers, family)(config).eval()
    rows = [sample for item in small_talk(3) for sample in render(TINY, item.as_chat("You are Nell."))]
    longest = max(len(row.input_ids) for row in rows)
    ids, labels = (
        torch.tensor([values + [fill] * (longest - len(values)) for values in all_values])
        for all_values, fill in (([row.input_ids for row in rows], 0), ([row.labels for row in rows], -100))
    )
    with torch.no_grad():
        losses, where, columns = models.token_losses(model, ids, labels)
        for place, row in enumerate(rows):
            logits = model(input_ids=torch.tensor([row.input_ids])).logits[0, :-1]
            each = torch.nn.functional.cross_entropy(logits, torch.tensor(row.labels[1:]), reduction="none")
            learned = [column for column, label in enumerate(row.labels) if label != -100]
            assert columns[where == place].tolist() == learned
            assert losses[where == place].tolist() == pytest.approx(each[torch.tensor(learned) - 1].tolist(), abs=1e-4)


def test_bfloat16_is_close_to_float32(really):
    """Losses within a thousandth, and gradients that point the same way: bfloat16 has three decimal digits."""
    exact, half = really(), really(dtype="bfloat16")
    assert half.losses == pytest.approx(exact.losses, rel=1e-3) and half.losses != exact.losses
    one, other = (
        torch.cat([part.flatten() for part in load_file(it.folder / "gradient-1.safetensors").values()])
        for it in (exact, half)
    )
    assert torch.cosine_similarity(one, other, dim=0) > 0.999
    assert float(other.norm()) == pytest.approx(float(one.norm()), rel=0.01)


def test_activations_that_are_computed_twice_in_bfloat16_give_the_same_gradients(really):
    """They are computed again outside of the choices that the forward pass was computed with."""
    once, twice = (
        load_file(really(dtype="bfloat16", activation_checkpointing=on).folder / "gradient-3.safetensors")
        for on in (False, True)
    )
    one, other = (torch.cat([part.flatten() for part in gradients.values()]) for gradients in (once, twice))
    assert torch.cosine_similarity(one, other, dim=0) > 0.999


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="needs a C++ compiler")
def test_a_compiled_model_learns_the_same(trained):
    plain, compiled = (trained(trap=count_graphs, torch_compile=on, max_steps=2) for on in (False, True))
    assert [row["graphs"] > 0 for row in plain.seen + compiled.seen] == [False, False, True, True]
    assert compiled.losses == pytest.approx(plain.losses, abs=1e-5)
    assert all(compiled.adapter[name].allclose(plain.adapter[name], atol=1e-5) for name in plain.adapter)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_trained_is_float32_whatever_is_computed_in(make_draft, dtype):
    parameters = make_draft().parameters.train
    model = prepare(models.find_base("tiny"), parameters, dtype)
    assert {weights.dtype for weights in model.parameters() if weights.requires_grad} == {torch.float32}
    assert {weights.dtype for weights in model.parameters() if not weights.requires_grad} == {dtype}
    found = set()
    for name, part in model.named_modules():
        if name.endswith(("q_proj.base_layer", "q_proj.lora_A.default", "q_proj.lora_B.default")):
            part.register_forward_hook(lambda _, __, output: found.add(output.dtype))
    with computing(model, dtype):
        model(input_ids=torch.tensor([[5, 6, 7]])).logits.float().sum().backward()
    assert found == {dtype}, "the adapter is computed in the precision of the rest"
    gradients = [weights.grad for weights in model.parameters() if weights.grad is not None]
    assert gradients and {gradient.dtype for gradient in gradients} == {torch.float32}
    full = prepare(models.find_base("tiny"), parameters.model_copy(update={"method": "full"}), dtype)
    assert {(weights.dtype, weights.requires_grad) for weights in full.parameters()} == {(torch.float32, True)}


def test_a_weight_of_a_turn_is_its_share_of_the_loss(make_draft):
    """One step over one conversation, whose first reply counts half and whose second not at all."""
    item = conversation("a", "Open?", "Aye, mind the tide.", "And now?", "Nay, skipper.")
    weighed = weighing(item, 0.5, 0.0)
    run = make_draft(in_yaml=ONE, train=[weighed, conversation("b", "Bye!", "Aye.")])
    result = train(run)
    model = tiny.model().eval()

    def nats(item, reply):
        [sample] = render(TINY, item.as_chat("You are Nell."))
        wanted = TINY.encode(f"{reply}<|im_end|>")
        start = next(i for i in range(len(sample.input_ids)) if sample.input_ids[i : i + len(wanted)] == wanted)
        labels = [-100] * start + wanted + [-100] * (len(sample.input_ids) - start - len(wanted))
        [(nll, count)] = models.negative_log_likelihood(model, [(sample.input_ids, labels)])
        return nll, count

    (half, tokens), (whole, others) = nats(item, "Aye, mind the tide."), nats(conversation("b", "Bye!", "Aye."), "Aye.")
    assert result.losses == [pytest.approx((0.5 * half + whole) / (0.5 * tokens + others), abs=1e-5)]


def test_replies_that_all_weigh_nothing_are_told(make_draft):
    run = make_draft(train=[weighing(item, 0.0, 0.0) for item in small_talk(3)])
    assert train_in_child(run) == failures.DATA
    assert (
        said(run)
        .strip()
        .endswith(
            "The train split has no token to learn from: 3 conversations, 3 left out.\n"
            "  one of them: every reply has the weight 0, so there is nothing to learn from it\n"
            "Check that 02_clean kept conversations in which the persona answers."
        )
    )


def test_a_template_that_rewrites_history_is_learned_reply_by_reply(make_draft, tmp_path):
    tokenizer = tokenizer_of("mistral_v0_3")
    config = tiny.model().config
    config.vocab_size = len(tokenizer)
    torch.manual_seed(1)
    base = type(tiny.model())(config)
    base.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    run = make_draft(in_yaml=ONE | {"shared.base_model": str(tmp_path / "base"), "shared.max_length": 512})
    result = train(run)
    plan = result.outcome["plan"]
    assert (plan["conversations"], plan["steps_per_epoch"]) == (12, math.ceil(14 / 4)), "two have two replies"
    held_out = read_conversations(run.folder / "clean/validation.jsonl")
    assert result.validation[0][1] == pytest.approx(loss_of(base.eval(), held_out, tokenizer), abs=1e-5)


# --- every weight -------------------------------------------------------------------------------------------------


def test_full_training_from_the_data_to_the_deployed_model(make_draft):
    run = make_draft(in_yaml={"train.method": "full", "train.learning_rate": 0.001})
    Stage("clean", run).finish({}, [])
    stage = Stage("train", run)
    result = train(run)
    stage.finish({}, [])
    held_out = read_conversations(run.folder / "clean/validation.jsonl")
    assert result.validation[-1][1] < result.validation[0][1] - 0.3
    evaluating = Stage("evaluate", run)
    folder = evaluate.publish(evaluating, lambda line: None)
    exported, _ = models.load_exported(folder)
    assert loss_of(exported, held_out) == pytest.approx(result.outcome["kept_validation_loss"], abs=1e-5)
    assert not any((run.folder / "train").glob("adapter*"))
    assert trained_base(evaluating) == models.find_base("tiny")
    assert result.outcome["base_model"] == models.find_base("tiny").record
    start, moved = tiny.model().state_dict(), exported.state_dict()
    assert start.keys() == moved.keys()
    assert not any(torch.equal(start[name], moved[name]) for name in start)


def test_all_weights_of_another_model_are_refused(tmp_path):
    save_file({"model.norm.weight": torch.ones(64)}, tmp_path / TRAINED)
    with pytest.raises(ModelError, match=r"trained\.safetensors does not hold the weights of tiny but of another"):
        models.merge(models.find_base("tiny"), tmp_path)


# --- what cannot be done ------------------------------------------------------------------------------------------


def refused(make_draft, **chosen):
    """What a training says that ends for its parameters, before its first step."""
    run = make_draft(in_yaml={f"train.{name}": value for name, value in chosen.items()})
    assert train_in_child(run) == failures.DATA
    assert not (run.folder / "train/metrics.jsonl").exists()
    return said(run).strip()


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_four_bits_need_a_gpu(make_draft):
    assert refused(make_draft, method="qlora").endswith(
        "train.method: qlora needs an NVIDIA GPU (CUDA), and there is none here: choose lora"
    )


def test_four_bits_need_a_model_of_their_kind_and_a_package(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ModelError, match="qlora quantises a model by itself, and tiny is none that it can: use lora"):
        models.load_base_in_4_bits(models.find_base("tiny"), torch.bfloat16)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    tiny.model().save_pretrained(tmp_path / "base")
    with pytest.raises(ModelError, match="qlora needs one more package: pip install bitsandbytes"):
        models.load_base_in_4_bits(models.find_base(str(tmp_path / "base")), torch.bfloat16)


@pytest.mark.parametrize("targets", [["c_attn", "q_proj"], ["c_attn", "all-linear"]])
def test_layers_that_are_not_there_are_named(make_draft, targets):
    """PEFT passes over the one that is not there where the other is."""
    wrong = [name for name in targets if name != "q_proj"]
    assert refused(make_draft, target_modules=targets).endswith(
        f"train.target_modules: {', '.join(wrong)} fits no layer of tiny.\n"
        "Its layers are down_proj, gate_proj, k_proj, lm_head, o_proj, q_proj, up_proj, v_proj; [all-linear], alone, "
        "takes all but the output layer."
    )


def test_a_tracker_that_nobody_knows_is_refused_before_the_model_is_loaded(make_draft):
    words = refused(make_draft, report_to=["tensorbord"])
    assert "train.report_to: tensorbord is no tracker that transformers knows.\nIt knows azure_ml, " in words
    assert words.endswith("[] tells none.")


def test_a_tracker_that_is_not_installed_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(trackers, "get_available_reporting_integrations", lambda: ["tensorboard"])
    with pytest.raises(TrainError) as caught:
        trackers.set_up(["tensorboard", "swanlab"], tmp_path)
    assert str(caught.value) == (
        "train.report_to: swanlab is not installed here: install its Python package (mostly pip install swanlab), or "
        "take it out of the list."
    )
