"""Real chat templates with small tokenizers of their families' kinds, trained here on this project's own text."""

import functools
import json
from pathlib import Path

from ruamel.yaml import YAML
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from marcus_nb.parameters import ROOT

FOLDER = Path(__file__).parent / "fixtures" / "templates"
FAMILIES = YAML(typ="safe").load((FOLDER / "families.yaml").read_text(encoding="utf-8"))
SYSTEM = "You are Nell."
# Into what Llama 3 and Qwen cut a text before they merge: line breaks in a row stay together.
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TALK = [("Open today?", "Aye, till six."), ("And boats?", "Two left.")]


def chat_of(exchanges, system=None):
    opening = [] if system is None else [{"role": "system", "content": system}]
    return opening + [
        {"role": role, "content": content}
        for question, reply in exchanges
        for role, content in (("user", question), ("assistant", reply))
    ]


@functools.cache
def _trained(kind: str) -> str:
    # Line breaks are bytes to Llama 2 and its like.
    lines = [line for name in ("README.md", "LOG.md") for line in (ROOT / name).open(encoding="utf-8")]
    lines = ["".join(lines[:1500])] if kind == "bytes" else [line.rstrip("\n") for line in lines]
    learning = Tokenizer(models.BPE())
    if kind == "bytes":
        learning.pre_tokenizer = _into_words()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        learning.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
        alphabet = [chr(code) for code in range(33, 127)]
    trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=sorted(alphabet), show_progress=False)
    learning.train_from_iterator(lines[:1500], trainer)
    return learning.to_str()


def _into_words():
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def _backend(kind: str) -> Tokenizer:
    learned = json.loads(_trained("bytes" if kind == "bytes" else "pieces"))["model"]
    merges = [tuple(merge) for merge in learned["merges"]]
    if kind == "bytes":
        backend = Tokenizer(models.BPE(vocab=learned["vocab"], merges=merges))
        backend.normalizer = normalizers.NFC()
        backend.pre_tokenizer = _into_words()
        backend.decoder = decoders.ByteLevel()
        return backend
    names = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens = [*names, *(token for token in learned["vocab"] if token not in names)]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    backend = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    )
    # As in Llama 2's tokenizer.json: a blank is put before a text and after each special token. Gemma's has none.
    in_front = [] if kind.endswith("without a blank in front") else [normalizers.Prepend("▁")]
    backend.normalizer = normalizers.Sequence([*in_front, normalizers.Replace(" ", "▁")])
    strip = [decoders.Strip(" ", 1, 0)] if in_front else []
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip])
    return backend


def tokenizer_of(name: str, template: str = "") -> PreTrainedTokenizerFast:
    """The tokenizer of a family; `template` names another file than the family's own."""
    family = FAMILIES[name]
    backend = _backend(family["tokenizer"])
    special = [family[key] for key in ("bos", "eos") if key in family] + family.get("special", [])
    backend.add_special_tokens(
        [AddedToken(token, special=True, normalized=False, rstrip=family.get("rstrip", False)) for token in special]
    )
    backend.add_tokens([AddedToken(token, normalized=False) for token in family.get("words", [])])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=family.get("bos"),
        eos_token=family["eos"],
        pad_token=family["eos"],
        chat_template=(FOLDER / f"{template or name}.jinja").read_text(encoding="utf-8"),
        clean_up_tokenization_spaces=False,
    )
