"""From base and adapter to the model that is deployed."""

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from marcus_nb.models.base import Base, load_base
from marcus_nb.render import end_of_turn_ids


def with_default_system(template: str, system_prompt: str) -> str:
    """A chat template that puts the persona's system message in front of conversations that bring none."""
    quoted = system_prompt.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return (
        "{%- if not messages or messages[0]['role'] != 'system' -%}"
        f"{{%- set messages = [{{'role': 'system', 'content': '{quoted}'}}] + messages -%}}"
        "{%- endif -%}"
    ) + template


def export(model: Any, tokenizer: Any, system_prompt: str, folder: Path) -> None:
    """Write the merged model as one deploys it: safetensors, tokenizer, chat template, generation config."""
    ends = end_of_turn_ids(tokenizer)
    tokenizer = copy.deepcopy(tokenizer)  # the caller's keeps the base model's own template
    tokenizer.chat_template = with_default_system(tokenizer.chat_template, system_prompt)
    model.config.name_or_path = ""
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=ends, pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def merge(base: Base, adapter: Path) -> Any:
    """Base model and adapter as one model, merged in float32 so that rounding does not eat the adapter."""
    from peft import PeftModel  # a second that who wants a tokenizer need not wait

    return PeftModel.from_pretrained(load_base(base, torch.float32), adapter).merge_and_unload().eval()


def load_exported(folder: Path) -> tuple[Any, Any]:
    """Model and tokenizer of a `model/` folder, as anybody would load them."""
    return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


# The ChatML template in Go's template language, which Ollama's Modelfile speaks.
CHATML_FOR_OLLAMA = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
)


def is_chatml(template: str) -> bool:
    return "<|im_start|>" in template and "<|im_end|>" in template
