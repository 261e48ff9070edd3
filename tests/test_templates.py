"""Real chat templates: what is learned is what the persona says and its end, after exactly what generation sees."""

import copy
import json
import unicodedata
from datetime import date
from itertools import pairwise

import pytest
from chat_families import FAMILIES, SYSTEM, TALK, chat_of, tokenizer_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel
from transformers import ByT5Tokenizer

from marcus_nb.models.export import with_default_system
from marcus_nb.render import IGNORED, RenderError, prompt_ids, render, render_all, shared_template

TOKENIZERS = {name: tokenizer_of(name) for name in FAMILIES}
TRICKY = {
    "one turn": [("Open?", "Aye.")],
    "several turns": [*TALK, ("Bye", "Mind the tide.")],
    "blanks around": [("\n Open?  ", "\n\n  Aye.\n"), (" And? ", "\tNay. \n\n")],
    "emoji": [("😀?", "👩\u200d🚒 😀"), ("¿?", "naïve 你好 😀")],
    "code": [("How?", "```python\nif a < b:\n    print('x')\n```"), ("#", "### Title\n\n- a\n- b")],
    "Spanish": [("¿Cuándo abrís?", "¡Mañana a las ocho, señor!"), ("¿Y el café?", "También, ahí mismo.")],
    "the same words": [("Aye.", "Aye."), ("Aye.", "Aye."), ("assistant", "assistant")],
}
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")) | st.sampled_from("\n\t \u00a0😀<|>[]/'’#")
FORGED = sorted({token for family in FAMILIES.values() for token in family.get("special", [])} | {"<s>", "</s>"})
TEXTS = st.text(CHARACTERS, min_size=1, max_size=30).filter(lambda words: words.strip())
SYSTEMS = st.one_of(st.none(), st.just(""), TEXTS)
# What ends a reply: the mark that stands last in what is learned.
END = {
    name: family["expected"][0].partition("⟧")[0][family["expected"][0].partition("⟧")[0].rindex("<") :]
    for name, family in FAMILIES.items()
}
each_family = pytest.mark.parametrize("name", FAMILIES)


def runs_of(item):
    """Where labels begin and end: [(3, 7), …]."""
    edges = [0, *(at for at in range(1, len(item.labels)) if _on(item, at) != _on(item, at - 1)), len(item.labels)]
    return [(left, right) for left, right in pairwise(edges) if _on(item, left)]


def _on(item, at):
    return item.labels[at] != IGNORED


def same(text):
    return unicodedata.normalize("NFC", text.strip())


def assert_faithful(name, exchanges, system):
    """Each reply is learned once, with its end, after the tokens of its prompt; nothing else is."""
    tokenizer, chat = TOKENIZERS[name], chat_of(exchanges, system)
    places = [at for at, message in enumerate(chat) if message["role"] == "assistant"]
    learned = []
    for item in render(tokenizer, chat):
        assert len(item.input_ids) == len(item.labels) and item.weights is None
        assert all(label in (IGNORED, token) for token, label in zip(item.input_ids, item.labels, strict=True))
        assert item.input_ids[:2].count(tokenizer.bos_token_id) < 2
        for left, right in runs_of(item):
            words = tokenizer.backend_tokenizer.decode(item.input_ids[left : right - 1], skip_special_tokens=False)
            learned.append(words.removeprefix("\n</think>\n\n"))
            assert item.input_ids[right - 1] == tokenizer.convert_tokens_to_ids(END[name])
            prompt = prompt_ids(tokenizer, chat[: places[len(learned) - 1]])
            before = item.input_ids[:left]
            tidy = all(message["content"] == message["content"].strip() for message in chat)
            assert before == prompt if tidy else tokenizer.decode(before).strip() == tokenizer.decode(prompt).strip()
    assert [same(words) for words in learned] == [same(reply) for _, reply in exchanges]


@each_family
def test_a_conversation_is_rendered_as_its_makers_meant_it(name):
    """Against texts that were written by hand; the small tokenizers of some families put blanks after marks."""
    tokenizer, expected = TOKENIZERS[name], FAMILIES[name]["expected"]
    items = render(tokenizer, chat_of(TALK, SYSTEM))
    assert len(items) == len(expected)
    for item, text in zip(items, expected, strict=True):
        decoded, after = "", 0
        for left, right in runs_of(item):
            decoded += (
                tokenizer.decode(item.input_ids[after:left]) + f"⟦{tokenizer.decode(item.input_ids[left:right])}⟧"
            )
            after = right
        decoded += tokenizer.decode(item.input_ids[after:])
        exact = FAMILIES[name]["tokenizer"] == "bytes"
        blanks = str.maketrans("", "", " \n")
        assert decoded == text if exact else decoded.translate(blanks) == text.translate(blanks)
    whole = tokenizer.apply_chat_template(
        chat_of(TALK, SYSTEM), chat_template=shared_template(tokenizer), tokenize=False
    )
    if len(expected) == 1:
        assert whole == expected[0].replace("⟦", "").replace("⟧", "")


@each_family
@pytest.mark.parametrize("system", [None, "", SYSTEM, " Eres Nell.\n\nAlquilas botes. "])
@pytest.mark.parametrize("exchanges", TRICKY.values(), ids=TRICKY)
def test_replies_and_their_ends_are_learned_and_nothing_else(name, exchanges, system):
    assert_faithful(name, exchanges, system)


@each_family
@given(exchanges=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3), system=SYSTEMS)
@example(exchanges=[("a", "\n\na"), ("a", "a\n\n")], system="\n")
@settings(max_examples=25, deadline=None)
def test_any_conversation_is_rendered_faithfully(name, exchanges, system):
    try:
        assert_faithful(name, exchanges, system)
    except RenderError as error:
        # A character that normalizing makes a mark of (＜s＞) or a mark itself: refused before anything is learned.
        assert "edge of a turn" in str(error)
        assert any(token in text for pair in [*exchanges, (system or "",)] for text in pair for token in FORGED)


@each_family
@pytest.mark.parametrize("system", ["", SYSTEM, "She says 'ahoy' \\ {{ x }} {% y %}\nand \"no\"."])
def test_the_exported_template_gives_the_same_text(name, system):
    tokenizer, exported = TOKENIZERS[name], copy.deepcopy(TOKENIZERS[name])
    exported.chat_template = with_default_system(shared_template(tokenizer), system)
    for exchanges in TRICKY.values():
        chat, bare = chat_of(exchanges, system), chat_of(exchanges)
        for at, message in enumerate(bare):
            if message["role"] == "assistant":
                theirs = exported.apply_chat_template(bare[:at], add_generation_prompt=True, return_dict=False)
                assert theirs == prompt_ids(tokenizer, chat[: at + 1])
                explicit = exported.apply_chat_template(chat[: at + 1], add_generation_prompt=True, return_dict=False)
                assert explicit == theirs
        assert [item.input_ids for item in render(exported, bare)] == [
            item.input_ids for item in render(tokenizer, chat)
        ]


@each_family
def test_an_empty_system_prompt_stays_where_there_is_a_place_for_one(name):
    tokenizer = TOKENIZERS[name]
    ids = {system: prompt_ids(tokenizer, chat_of(TALK[:1], system)[:-1]) for system in (None, "", SYSTEM)}
    assert ids[SYSTEM] != ids[None]
    assert "Nell" in tokenizer.decode(ids[SYSTEM])
    if FAMILIES[name].get("system", True):
        assert "Qwen, created" not in tokenizer.decode(ids[""])
    else:
        assert ids[""] == ids[None]


def test_a_date_does_not_change_from_day_to_day():
    tokenizer = TOKENIZERS["llama3_1"]
    today = tokenizer.apply_chat_template(chat_of(TALK), tokenize=False)
    assert date.today().strftime("%d %b %Y") in today and "strftime_now" in tokenizer.chat_template
    assert "strftime_now(" not in shared_template(tokenizer)
    assert "Today Date: 26 Jul 2024" in tokenizer.decode(prompt_ids(tokenizer, chat_of(TALK)[:1]))


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in ("qwen3", "llama3_1")])
def test_a_template_that_needs_nothing_stays_as_it_is(name):
    own = TOKENIZERS[name].chat_template
    assert (shared_template(TOKENIZERS[name]) == own) == FAMILIES[name].get("system", True)


# --- one text a reply ---------------------------------------------------------------------------------------------

REWRITING = ("qwen3", "mistral_v0_3", "deepseek_r1_distill")


@pytest.mark.parametrize("name", REWRITING)
def test_where_earlier_turns_are_rewritten_each_reply_has_its_own_text(name):
    chats = [chat_of(exchanges, SYSTEM) for exchanges in TRICKY.values()] * 3
    for chat, items in zip(chats, render_all(TOKENIZERS[name], iter(chats)), strict=True):
        assert len(items) == sum(message["role"] == "assistant" for message in chat)
        assert all(len(runs_of(item)) == 1 for item in items)
        assert items == render(TOKENIZERS[name], chat)


@pytest.mark.parametrize("name", REWRITING)
def test_a_text_that_is_too_long_loses_exchanges_at_its_front(name):
    tokenizer = TOKENIZERS[name]
    chat = chat_of([("Tell me. " * 40, "Aye."), ("And now?", "Nay."), ("Sure?", "Aye, sure.")], SYSTEM)
    first, second, third = render(tokenizer, chat)
    assert [item.whole for item in (first, second, third)] == [len(item.input_ids) for item in (first, second, third)]
    items = render(tokenizer, chat, 100)
    assert [item.turns_cut for item in items] == [2, 2], "the first reply is cut with its question"
    assert [item.whole for item in items] == [second.whole, third.whole]
    rest = render(tokenizer, [chat[0], *chat[3:]])
    assert [item.input_ids for item in items] == [item.input_ids for item in rest]
    with pytest.raises(RenderError, match=r"needs at least [0-9]+ tokens where shared.max_length allows 10") as caught:
        render(tokenizer, chat, 10)
    assert caught.value.tokens == third.whole


def test_a_line_break_before_a_reply_makes_no_token_with_the_templates_own():
    """Two line breaks are one token of this tokenizer, and generation is given the first of them alone."""
    tokenizer = TOKENIZERS["chatml"]
    double = tokenizer.encode("\n\n")
    assert len(double) == 1
    for reply in ("\nAye.", "\n\nAye."):
        chat = chat_of([("Open?", reply), ("Sure?", reply)], SYSTEM)
        [item] = render(tokenizer, chat)
        for at, (left, right) in zip((2, 4), runs_of(item), strict=True):
            assert item.input_ids[:left][-5:] == prompt_ids(tokenizer, chat[:at])[-5:]
            assert tokenizer.decode(item.input_ids[left:right]) == f"{reply}<|im_end|>"


def test_line_breaks_that_end_a_prompt_are_the_token_that_generation_sees():
    """GPT-2 reads two line breaks at the end of a text as one token, and as two where a word follows."""
    tokenizer = tokenizer_of("llama3")
    tokenizer.backend_tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    chat = chat_of(TALK[:1], SYSTEM)
    [item] = render(tokenizer, chat)
    [(left, right)] = runs_of(item)
    assert item.input_ids[:left] == prompt_ids(tokenizer, chat[:-1])
    assert item.input_ids[left:right] == tokenizer.encode("Aye, till six.<|eot_id|>")
    assert item.input_ids != tokenizer.encode(tokenizer.decode(item.input_ids)), "read in one piece it is another"


# --- weights ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chatml", "llama2", "qwen3"])
def test_a_reply_counts_by_its_weight(name):
    tokenizer, chat = TOKENIZERS[name], chat_of([*TALK, ("Bye", "Mind the tide.")], SYSTEM)
    for message, weight in zip(chat[2::2], (0.25, 0, 1), strict=True):
        message["weight"] = weight
    items = render(tokenizer, chat)
    found = [
        (tokenizer.decode(item.input_ids[left:right]).split(END[name])[0].strip(), set(item.weights[left:right]))
        for item in items
        if item.weights
        for left, right in runs_of(item)
    ]
    expected = [("Aye, till six.", {0.25}), ("Mind the tide.", {1.0})]
    assert found == (expected[:1] if name == "qwen3" else expected)
    assert len(items) == (2 if name == "qwen3" else 1)
    for item in items:
        weights = item.weights or [float(label != IGNORED) for label in item.labels]
        assert all((weight > 0) == (label != IGNORED) for weight, label in zip(weights, item.labels, strict=True))
    assert "Two left." in tokenizer.decode(items[-1].input_ids), "it is read, if not learned"
    for message in chat[2::2]:
        message["weight"] = 0
    with pytest.raises(RenderError, match="every reply has the weight 0"):
        render(tokenizer, chat)


def test_weights_of_nothing_and_all_need_none():
    chat = chat_of(TALK)
    chat[1]["weight"] = 0
    [item] = render(TOKENIZERS["chatml"], chat)
    assert item.weights is None and len(runs_of(item)) == 1


# --- what is refused, and why -------------------------------------------------------------------------------------


def test_a_template_whose_replies_do_not_end_is_refused():
    tokenizer = tokenizer_of("alpaca", "alpaca_without_eos")
    with pytest.raises(RenderError, match=r"would never stop. Choose another base model \(shared.base_model\)"):
        render(tokenizer, chat_of(TALK))


STRICT = ("llama2", "gemma2", "gemma3", "mistral_v0_2", "mistral_v0_3", "alpaca")


@pytest.mark.parametrize("name", STRICT)
def test_two_turns_of_one_side_are_refused_with_what_cures_it(name):
    chat = [{"role": "user", "content": "Hi"}, *chat_of(TALK)]
    with pytest.raises(
        RenderError, match=r"the chat template refuses it: .*clean.join_turns .*switch it on in 02_clean"
    ):
        render(TOKENIZERS[name], chat)
    joined = [{"role": "user", "content": "Hi\nOpen today?"}, *chat[2:]]
    assert render(TOKENIZERS[name], joined)


@pytest.mark.parametrize("name", ["gemma2", "mistral_v0_3"])
def test_a_persona_that_speaks_first_is_refused_where_the_template_does(name):
    chat = [{"role": "system", "content": SYSTEM}, {"role": "assistant", "content": "Ahoy!"}, *chat_of(TALK)]
    with pytest.raises(RenderError, match=r"the persona speaks first|Here the persona speaks first"):
        render(TOKENIZERS[name], chat)


def test_a_base_model_that_was_never_taught_to_converse_is_refused():
    tokenizer = tokenizer_of("chatml")
    tokenizer.chat_template = None
    for ask in (render, prompt_ids, lambda tokenizer, _: shared_template(tokenizer)):
        with pytest.raises(RenderError, match="has no chat template, so it was never taught to converse: choose"):
            ask(tokenizer, chat_of(TALK))


def test_a_tokenizer_that_loses_characters_is_refused_with_what_it_makes_of_them():
    """Its vocabulary has no byte of ñ, and it leaves out what it has no token for."""
    tokenizer = tokenizer_of("chatml")
    model = json.loads(tokenizer.backend_tokenizer.to_str())
    names = {
        token: number for token, number in model["model"]["vocab"].items() if "Ã" not in token and "±" not in token
    }
    model["model"]["vocab"] = names
    model["model"]["merges"] = [pair for pair in model["model"]["merges"] if "".join(pair) in names]
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(model))
    assert render(tokenizer, chat_of([("¿Señor?", "Aye.")])), "only what is learned has to be whole"
    with pytest.raises(RenderError, match="the tokens to learn say 'Seor' where the persona said 'Señor'"):
        render(tokenizer, chat_of([("Hi", "Señor")]))


def test_a_tokenizer_of_the_slow_kind_is_refused():
    tokenizer = ByT5Tokenizer()
    tokenizer.chat_template = TOKENIZERS["chatml"].chat_template
    with pytest.raises(RenderError, match="this tokenizer is of the slow kind"):
        render(tokenizer, chat_of(TALK))
