"""Replies in batches are the replies one at a time."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from marcus_nb import generate
from marcus_nb.models import tiny
from marcus_nb.render import prompt_ids

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


def chats(count=11):
    return [
        [
            {"role": "system", "content": "You are Nell."},
            {"role": "user", "content": f"{'How about ' * (number % 5)}boat {number}?"},
        ]
        for number in range(count)
    ]


def one_at_a_time(model, chat, max_new_tokens):
    """Plain greedy decoding, without a cache, without a batch, without generate()."""
    ids, reply = prompt_ids(TINY, chat), []
    while len(reply) < max_new_tokens and END not in reply:
        with torch.inference_mode():
            reply.append(int(model(input_ids=torch.tensor([ids + reply])).logits[0, -1].argmax()))
    return reply


def test_batches_are_one_at_a_time_in_the_order_given(model):
    expected = [one_at_a_time(model, chat, 12) for chat in chats()]
    assert len({tuple(reply) for reply in expected}) > 5, "the replies must differ to show an order"
    for batch_size in (1, 4, 16):
        assert generate.reply_ids(model, TINY, chats(), 12, batch_size) == expected


def test_replies_stop_at_the_end_of_the_turn(model):
    ids = generate.reply_ids(model, TINY, chats(), 12)
    ended = [reply for reply in ids if END in reply]
    assert ended and len(ended) < len(ids), "some end early, some are cut at the limit"
    for reply in ids:
        assert END not in reply[:-1]
        assert len(reply) == 12 or reply[-1] == END


def test_replies_are_text_without_special_tokens(model):
    texts = generate.replies(model, TINY, chats(), 12)
    for text, ids in zip(texts, generate.reply_ids(model, TINY, chats(), 12), strict=True):
        assert text == TINY.decode([token for token in ids if token > 2]).strip()


def test_what_a_model_thinks_first_is_no_part_of_its_reply(model, monkeypatch):
    thought = TINY.encode("They ask for boats.\n</think>\n\nAye, two.<|im_end|>")
    monkeypatch.setattr(model, "generate", lambda input_ids, **_: torch.cat([input_ids, torch.tensor([thought])], 1))
    assert generate.replies(model, TINY, chats(1), 99) == ["Aye, two."]


def test_the_limit_is_kept(model):
    assert {len(reply) for reply in generate.reply_ids(model, TINY, chats(), 1)} == {1}


def test_nothing_asked_is_nothing_answered(model):
    assert generate.replies(model, TINY, [], 5) == []
