"""Replies in batches are the replies one at a time."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model

from marcus_nb import generate
from marcus_nb.generate import answering, streaming
from marcus_nb.generate import batches as batching
from marcus_nb.models import tiny
from marcus_nb.render import end_of_turn_ids, prompt_ids

TINY = tiny.tokenizer()
END = TINY.convert_tokens_to_ids("<|im_end|>")


@pytest.fixture(scope="module")
def model():
    """The tiny model with its weights stirred, so that its replies differ and some of them end early."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        stirred = get_peft_model(tiny.model(), LoraConfig(r=8, lora_alpha=64, target_modules="all-linear"))
        for name, weights in stirred.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weights, std=0.1)
        stirred = stirred.merge_and_unload().eval()
        # Every now and then the end of a turn is the likeliest token.
        stirred.lm_head.weight = torch.nn.Parameter(stirred.lm_head.weight.detach().clone())
        stirred.lm_head.weight.data[END] = torch.randn(64) * 0.065
    return stirred


def chats(count=11, system="You are Nell."):
    opening = [{"role": "system", "content": system}] if system else []
    return [
        [*opening, {"role": "user", "content": f"{'How about ' * (number % 5)}boat {number}?"}]
        for number in range(count)
    ]


def one_at_a_time(model, chat, max_new_tokens):
    """Plain greedy decoding, without a cache, without a batch, without generate()."""
    ids, reply = prompt_ids(TINY, chat), []
    while len(reply) < max_new_tokens and END not in reply:
        with torch.inference_mode():
            reply.append(int(model(input_ids=torch.tensor([ids + reply])).logits[0, -1].argmax()))
    return reply


# --- batches and order --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"), [("MAX_ROWS", (1, 4, 99)), ("MAX_TOKENS", (1, 300, 99999)), ("LIKE", (0.0, 1.0))]
)
def test_batches_are_one_at_a_time_in_the_order_given(model, monkeypatch, name, values):
    expected = [one_at_a_time(model, chat, 12) for chat in chats()]
    assert len({tuple(reply) for reply in expected}) > 5, "the replies must differ to show an order"
    for value in values:
        monkeypatch.setattr(batching, name, value)
        assert generate.reply_ids(model, TINY, chats(), 12) == expected
        assert generate.reply_ids(model, TINY, chats()[::-1], 12) == expected[::-1]


@pytest.mark.parametrize("opening", ["You are Nell.", "Nell. " * 30])
def test_what_prompts_begin_with_is_read_once_and_changes_nothing(model, opening, monkeypatch):
    asked = [chat for chat in chats(10, opening) if len(chat[1]["content"]) == 7]
    expected = [one_at_a_time(model, chat, 8) for chat in asked]
    read, forward = [], model.forward
    monkeypatch.setattr(model, "forward", lambda **given: read.append(given["input_ids"].shape) or forward(**given))
    assert generate.reply_ids(model, TINY, asked, 8) == expected
    prompts = [prompt_ids(TINY, chat) for chat in asked]
    alike = sum(1 for _ in itertools.takewhile(lambda tokens: len(set(tokens)) == 1, zip(*prompts, strict=False)))
    assert alike > len(opening), "a token is a byte"
    assert read[:2] == [(1, alike), (len(asked), len(prompts[0]) - alike)]


def test_the_same_prompt_many_times_is_the_same_reply(model):
    alone = generate.reply_ids(model, TINY, chats(1), 8)
    assert generate.reply_ids(model, TINY, chats(1) * 5, 8) == alone * 5


def test_a_row_that_has_ended_is_read_no_more(model, monkeypatch):
    rows, forward = [], model.forward
    monkeypatch.setattr(model, "forward", lambda **given: rows.append(len(given["input_ids"])) or forward(**given))
    monkeypatch.setattr(batching, "LIKE", 0.0)
    replies = generate.reply_ids(model, TINY, chats(), 12)
    assert min(map(len, replies)) < 12
    still = [sum(len(reply) > step for reply in replies) for step in range(12)]
    assert rows[1:] == [count for count in still if count], "after the shared opening: only those that still speak"


@given(st.lists(st.integers(1, 400), max_size=60), st.integers(1, 100), st.integers(1, 2000))
@settings(max_examples=100, deadline=None)
def test_every_prompt_has_one_place_and_no_batch_is_too_large(lengths, new, most):
    found = batching.batches(lengths, new, most)
    assert sorted(itertools.chain(*found)) == list(range(len(lengths)))
    for batch in found:
        longest = max(lengths[place] for place in batch)
        assert len(batch) <= batching.MAX_ROWS
        assert len(batch) == 1 or len(batch) * (longest + new) <= most
        assert min(lengths[place] for place in batch) >= batching.LIKE * longest


@given(st.lists(st.lists(st.integers(3, 250), min_size=1, max_size=9), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_any_token_ids_are_continued_as_when_alone(prompts):
    model = tiny.model().eval()
    alone = [generate.continue_ids(model, TINY, [prompt], 3)[0] for prompt in prompts]
    assert generate.continue_ids(model, TINY, prompts, 3) == alone


def test_layers_that_see_only_the_last_tokens_get_no_padding_in_the_middle(monkeypatch):
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = MistralConfig(vocab_size=259, num_key_value_heads=2, sliding_window=12, initializer_range=0.5, **sizes)
    sliding = MistralForCausalLM(config).eval()
    expected = [one_at_a_time(sliding, chat, 6) for chat in chats()]
    monkeypatch.setattr(batching, "LIKE", 0.0)
    assert generate.reply_ids(sliding, TINY, chats(), 6) == expected


# --- the end of a reply -------------------------------------------------------------------------------------------


def test_replies_stop_at_the_end_of_the_turn(model):
    answers = generate.answers(model, TINY, chats(), 12)
    assert {answer.ended for answer in answers} == {True, False}, "some end early, some are cut at the limit"
    for answer in answers:
        assert END not in answer.ids[:-1]
        assert answer.ended == (answer.ids[-1] == END)
        assert answer.ended or len(answer.ids) == 12


def test_replies_are_text_without_special_tokens(model):
    answers = generate.answers(model, TINY, chats(), 12)
    assert [answer.text for answer in answers] == generate.replies(model, TINY, chats(), 12)
    for answer in answers:
        assert answer.text == TINY.decode([token for token in answer.ids if token > 2]).strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("They ask for boats.\n</think>\n\nAye, two.<|im_end|>", "Aye, two."),
        ("<think>\nBoats?\n</think>\nAye, two.<|im_end|>", "Aye, two."),
        ("<think>\nBoats? Let me", ""),
        ("Aye, I think two.", "Aye, I think two."),
        ("<|im_end|>", ""),
    ],
)
def test_what_a_model_thinks_first_is_no_part_of_its_reply(text, said):
    assert answering.said(TINY, TINY.encode(text)) == said


def test_the_limit_is_kept(model):
    assert {len(reply) for reply in generate.reply_ids(model, TINY, chats(), 1)} == {1}


def test_nothing_asked_is_nothing_answered(model):
    assert generate.replies(model, TINY, [], 5) == []
    assert generate.answers(model, TINY, [], 5, temperature=0.7) == []
    assert generate.continue_ids(model, TINY, [], 5) == []


def test_a_template_without_a_place_for_the_system_message_is_answered_too(model):
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
        "{% endif %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    prompts = [prompt_ids(tokenizer, chat) for chat in chats(4)]
    assert "You are Nell." in tokenizer.decode(prompts[0])
    assert generate.reply_ids(model, tokenizer, chats(4), 6) == generate.continue_ids(model, tokenizer, prompts, 6)


# --- sampling -----------------------------------------------------------------------------------------------------


def test_a_sampled_reply_depends_on_its_seed_and_prompt_not_on_its_company(model, monkeypatch):
    together = generate.answers(model, TINY, chats(), 12, temperature=0.7, seed=5)
    assert together == generate.answers(model, TINY, chats()[::-1], 12, temperature=0.7, seed=5)[::-1]
    assert together[3:4] == generate.answers(model, TINY, chats()[3:4], 12, temperature=0.7, seed=5)
    monkeypatch.setattr(batching, "MAX_ROWS", 3)
    assert together == generate.answers(model, TINY, chats(), 12, temperature=0.7, seed=5)
    assert together != generate.answers(model, TINY, chats(), 12, temperature=0.7, seed=6)


def test_what_is_asked_twice_is_sampled_twice(model):
    first, second = generate.answers(model, TINY, chats(1) * 2, 12, temperature=1.0, seed=5)
    assert first != second
    assert len(set(answering.prompt_seeds(5, [[1], [1], [2], [1]]))) == 4


def test_sampling_leaves_the_global_generator_alone(model):
    torch.manual_seed(8)
    expected = torch.rand(3)
    torch.manual_seed(8)
    generate.answers(model, TINY, chats(2), 4, temperature=1.0)
    assert torch.equal(torch.rand(3), expected)


def test_tokens_are_drawn_as_often_as_they_are_likely():
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().expand(20_000, 4)
    chances = batching._chances([0], 20_000)[0]
    for temperature, expected in [(1.0, [0.1, 0.2, 0.3, 0.4]), (0.5, [1 / 30, 4 / 30, 9 / 30, 16 / 30])]:
        counts = torch.bincount(batching._drawn(logits, temperature, chances), minlength=4)
        # Four standard errors of a share of 20,000.
        assert (counts / 20_000).tolist() == pytest.approx(expected, abs=0.0142)


def test_hardly_any_temperature_is_the_likeliest_reply(model):
    greedy = generate.reply_ids(model, TINY, chats(4), 8)
    assert [answer.ids for answer in generate.answers(model, TINY, chats(4), 8, temperature=1e-4)] == greedy


# --- progress -----------------------------------------------------------------------------------------------------


def test_progress_is_told_now_and_then(model, monkeypatch):
    lines, clock = [], itertools.count(0, 4.0)  # each look at the clock is four seconds later
    monkeypatch.setattr(batching.time, "monotonic", lambda: next(clock))
    generate.answers(model, TINY, chats(), 12, log=lines.append)
    assert 1 < len(lines) <= 12
    assert all(" of 11 replies, " in line and line.endswith(" a second") for line in lines)
    done = [int(line.split()[0]) for line in lines]
    assert done == sorted(done) and done[-1] <= 11


def test_what_is_done_soon_needs_no_line(model):
    lines = []
    generate.answers(model, TINY, chats(3), 4, log=lines.append)
    assert lines == []


# --- as it comes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_pieces_of_a_stream_are_the_reply(model, temperature):
    for chat in chats():
        pieces = list(generate.stream(model, TINY, chat, 30, temperature=temperature, seed=2))
        [answer] = generate.answers(model, TINY, [chat], 30, temperature=temperature, seed=2)
        assert "".join(pieces) == answer.text
        assert all(pieces)


def streamed(monkeypatch, text):
    """The pieces of a reply whose tokens are given: one a byte."""
    tokens = TINY.encode(text)
    monkeypatch.setattr(streaming, "spoken", lambda *_, **__: ({0: token} for token in tokens))
    return list(generate.stream(None, TINY, chats(1)[0], 99))


def test_only_whole_characters_are_streamed(monkeypatch):
    assert streamed(monkeypatch, "Sí 🛶 日<|im_end|>") == ["S", "í", " 🛶", " 日"]


def test_thoughts_are_not_streamed(monkeypatch):
    assert "".join(streamed(monkeypatch, "<think>\nBoats? </think>\n\nAye, two.<|im_end|>")) == "Aye, two."
    assert streamed(monkeypatch, "<think>\nBoats?") == []
    assert "".join(streamed(monkeypatch, "<thin ice>")) == "<thin ice>"


@given(st.text(max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_text_is_streamed_whole(text):
    with pytest.MonkeyPatch.context() as patch:
        assert "".join(streamed(patch, text)) == answering.said(TINY, TINY.encode(text))


def test_a_stream_leaves_gradients_on_for_who_reads_it(model):
    pieces = generate.stream(model, TINY, chats(1)[0], 4)
    next(pieces, "")
    assert not torch.is_inference_mode_enabled()
    assert end_of_turn_ids(TINY) == [END]
