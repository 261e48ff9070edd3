"""A Modelfile, with which Ollama takes the deployed folder in."""

from pathlib import Path

from marcus_nb.models.export import CHATML_FOR_OLLAMA, is_chatml


def modelfile(folder: Path, system_prompt: str) -> str:
    """An Ollama Modelfile for the folder, as Ollama's documentation of the format describes it."""
    lines = ["FROM .", "PARAMETER temperature 0"]
    if is_chatml((folder / "chat_template.jinja").read_text(encoding="utf-8")):
        lines += [f'TEMPLATE """{CHATML_FOR_OLLAMA}"""', "PARAMETER stop <|im_end|>"]
    else:
        lines.append("# No TEMPLATE: this chat template has no known Ollama form; check what Ollama makes of it.")
    if system_prompt:
        quoted = system_prompt.replace('"""', "'''")
        lines.append(f'SYSTEM """{quoted}"""')
    return "\n".join(lines) + "\n"


def gguf_note() -> str:
    """Why there is no .gguf file beside the others, and how one is made."""
    return (
        "No .gguf file was made: the maintained converter is a script of llama.cpp, which no Python package brings "
        "(November 2026); with a copy of llama.cpp: python convert_hf_to_gguf.py PATH/TO/model"
    )
