"""Base models and adapters: find, load, score, merge, export; device and precision."""

from marcus_nb.models.base import Base, ModelError, find_base, load_base, load_base_in_4_bits, load_tokenizer
from marcus_nb.models.export import export, export_adapter, load_exported, merge, with_adapter
from marcus_nb.models.licence import licence_of
from marcus_nb.models.precision import device, pick_dtype
from marcus_nb.models.scoring import negative_log_likelihood, token_losses

__all__ = [
    "Base",
    "ModelError",
    "device",
    "export",
    "export_adapter",
    "find_base",
    "licence_of",
    "load_base",
    "load_base_in_4_bits",
    "load_exported",
    "load_tokenizer",
    "merge",
    "negative_log_likelihood",
    "pick_dtype",
    "token_losses",
    "with_adapter",
]
