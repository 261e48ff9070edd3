"""Under which licence a base model may be used: what is made of it falls under the same."""

import struct
from pathlib import Path

import yaml
from huggingface_hub import ModelCard, hf_hub_download

from marcus_nb.models.base import Base

_KEY = b"general.license"
_STRING = 8  # the number of that type in a .gguf file


def licence_of(base: Base) -> str | None:
    """The licence that a base model names itself, as the hub writes it (`"apache-2.0"`); None where it names none.

    A .gguf file says it in its own header, a folder or a hub id in the README.md beside the weights.
    """
    if base.gguf_file:
        return _in_gguf(Path(base.location, base.gguf_file))
    try:
        if base.source == "hub":
            readme = hf_hub_download(base.location, "README.md", etag_timeout=5)
        else:
            readme = Path(base.location, "README.md")
        return ModelCard.load(readme).data.license
    except (
        OSError,
        ValueError,
        yaml.YAMLError,
    ):  # none, unreadable, or the hub is out of reach
        return None


def _in_gguf(path: Path) -> str | None:
    """A string of a .gguf file's header: length, key, type, length, value; what is general stands before all else.

    The gguf package reads all of the vocabulary first, which takes seconds.
    """
    with path.open("rb") as file:
        start = file.read(2**16)
    _, found, rest = start.partition(struct.pack("<Q", len(_KEY)) + _KEY)
    if not found or len(rest) < 12:
        return None
    kind, size = struct.unpack_from("<IQ", rest)
    return rest[12 : 12 + size].decode("utf-8", errors="replace") if kind == _STRING else None
