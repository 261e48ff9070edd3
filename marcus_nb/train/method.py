"""What is trained: an adapter beside the frozen base model, or every weight of it."""

import shutil
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from peft.helpers import disable_input_dtype_casting
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from marcus_nb import models
from marcus_nb.models import Base
from marcus_nb.models.export import TRAINED
from marcus_nb.parameters import Train
from marcus_nb.train.data import TrainError

COMPILERS = ("g++", "clang++", "c++", "cl")
SHORT = 192  # tokens, measured (LOG.md): up to here plain attention is faster on a CPU than the fused one


def prepare(base: Base, parameters: Train, dtype: torch.dtype) -> Any:
    """The model with what is to be trained in float32 and all else frozen. Raises TrainError, ModelError."""
    if parameters.method == "full":
        # Small steps would be lost in bfloat16 weights, so these stay in float32 and are computed with in `dtype`.
        model = models.load_base(base, torch.float32).to(models.device())
        return model.requires_grad_(True)
    if parameters.method == "qlora":
        model = prepare_model_for_kbit_training(
            models.load_base_in_4_bits(base, dtype), use_gradient_checkpointing=False
        )
    else:
        model = models.load_base(base, dtype).to(models.device())
    targets = parameters.target_modules
    _check_targets(model, targets, base.name)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=parameters.lora_r,
        lora_alpha=parameters.lora_alpha,
        lora_dropout=parameters.lora_dropout,
        use_rslora=parameters.use_rslora,
        target_modules="all-linear" if targets == ["all-linear"] else targets,
    )
    return get_peft_model(model, config)


def compile_layers(model: Any) -> None:
    """Have the model's layers compiled when they are first computed (torch.compile, for rows of any length).

    Raises TrainError where a CPU has no C++ compiler at hand, which it takes.
    """
    if models.device().type == "cpu" and not any(map(shutil.which, COMPILERS)):
        raise TrainError(
            f"train.torch_compile: compiling for the CPU takes a C++ compiler, and none of {', '.join(COMPILERS)} is "
            "installed: install one, or leave torch_compile off."
        )
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    inner.get_decoder().compile(dynamic=True)


def _check_targets(model: Any, targets: list[str], base_name: str) -> None:
    """PEFT passes over a name that fits nothing, as long as another one fits."""
    # transformers' Conv1D, which GPT-2 has for its linear layers, has `nf` instead.
    linear = [name for name, part in model.named_modules() if hasattr(part, "in_features") or hasattr(part, "nf")]
    wrong = (
        []
        if targets == ["all-linear"]
        else [target for target in targets if not any(f".{name}".endswith(f".{target}") for name in linear)]
    )
    if wrong:
        names = sorted({name.rpartition(".")[2] for name in linear})
        raise TrainError(
            f"train.target_modules: {', '.join(wrong)} fits no layer of {base_name}.\n"
            f"Its layers are {', '.join(names)}; [all-linear], alone, takes all but the output layer."
        )


def computing(model: Any, dtype: torch.dtype, longest: int = SHORT + 1) -> AbstractContextManager:
    """Compute in `dtype` while what is trained stays float32; `longest` is the longest row of the micro-batch.

    PEFT would cast every input of every adapter up and down instead, which costs more than bfloat16 gains (LOG.md).
    """
    stack = ExitStack()
    if dtype != torch.float32:
        stack.enter_context(torch.autocast(models.device().type, dtype))
        stack.enter_context(disable_input_dtype_casting(model) if hasattr(model, "peft_config") else nullcontext())
    # Activations that are computed again in the backward pass, outside of this, must come out of the same attention.
    if longest <= SHORT and models.device().type == "cpu" and not model.is_activation_checkpointing:
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
    return stack


def trained_weights(model: Any) -> dict[str, torch.Tensor]:
    """Whatever is trained, by its name in the model."""
    return {name: weights.detach() for name, weights in model.named_parameters() if weights.requires_grad}


def save_weights(model: Any, folder: Path) -> None:
    save_file({name: weights.cpu().contiguous() for name, weights in trained_weights(model).items()}, folder / TRAINED)


def load_weights(model: Any, folder: Path) -> None:
    saved, present = load_file(folder / TRAINED), trained_weights(model)
    with torch.no_grad():
        for name, weights in present.items():
            weights.copy_(saved[name])
