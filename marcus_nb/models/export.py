"""From base and adapter to the model that is deployed."""

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from marcus_nb.models.base import Base, ModelError, load_base
from marcus_nb.render import end_of_turn_ids, shared_template

TRAINED = "trained.safetensors"  # where every weight was trained: all of them, by their names in the model
ADAPTER = ("adapter_model.safetensors", "adapter_config.json")  # as PEFT names them


def with_default_system(template: str, system_prompt: str) -> str:
    """A chat template that puts the persona's system message in front of conversations that bring none.

    `template` is what `render.shared_template` gives: how a system message is written is its business.
    """
    quoted = system_prompt.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return (
        "{%- if not messages or messages[0]['role'] != 'system' %}"
        f"{{%- set messages = [{{'role': 'system', 'content': '{quoted}'}}] + messages %}}"
        "{%- endif %}\n"  # jinja takes this line break away, and leaves those with which a template begins
    ) + template


def export(model: Any, tokenizer: Any, system_prompt: str, folder: Path) -> None:
    """Write the merged model as one deploys it: safetensors, tokenizer, chat template, generation config."""
    ends = end_of_turn_ids(tokenizer)
    tokenizer = copy.deepcopy(tokenizer)  # the caller's keeps the base model's own template
    tokenizer.chat_template = with_default_system(shared_template(tokenizer), system_prompt)
    model.config.name_or_path = ""
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=ends, pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def merge(base: Base, folder: Path) -> Any:
    """Base model and what was trained as one model, in float32 so that rounding does not eat what was learned.

    `folder` holds an adapter as PEFT saves it, or all weights (`trained.safetensors`). Raises ModelError when those
    are of another model.
    """
    model = load_base(base, torch.float32)
    if (folder / TRAINED).is_file():
        try:
            load_model(model, folder / TRAINED)  # knows that tied weights are saved once
        except RuntimeError as error:
            raise ModelError(
                f"{TRAINED} does not hold the weights of {base.name} but of another model, or not all of them: run "
                "03_train.ipynb again, or set shared.base_model to what it was trained on"
            ) from error
        return model
    from peft import PeftModel  # a second that who wants a tokenizer need not wait

    return PeftModel.from_pretrained(model, folder).merge_and_unload().eval()


@contextmanager
def with_adapter(base: Any, folder: Path) -> Iterator[Any]:
    """A loaded base model with an adapter put on it, not merged, for as long as the block lasts.

    Nothing is copied: `base` itself is taken apart for it, and is as it was afterwards, to the last bit.
    """
    from peft import PeftModel

    adapted = PeftModel.from_pretrained(base, folder).eval()
    try:
        yield adapted
    finally:
        adapted.unload()


def export_adapter(source: Path, folder: Path) -> None:
    """Put a copy of an adapter alone into a folder: for who has the base model, a few megabytes do."""
    folder.mkdir(parents=True)
    for name in ADAPTER:
        shutil.copyfile(source / name, folder / name)


def load_exported(folder: Path) -> tuple[Any, Any]:
    """Model and tokenizer of a `model/` folder, as anybody would load them."""
    return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


# The ChatML template in Go's template language, which Ollama's Modelfile speaks.
CHATML_FOR_OLLAMA = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
)


def is_chatml(template: str) -> bool:
    """Whether Ollama can be told this template as ChatML; one that writes thoughts is another."""
    return "<|im_start|>" in template and "<|im_end|>" in template and "<think>" not in template
