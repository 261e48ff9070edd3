"""Marks that fine-tuning files put around their texts: a separator after each prompt, a stop word after each answer."""

from collections.abc import Sequence
from typing import Any

_AFTER_QUESTIONS = ("\n\n###\n\n", "\n\n###", "\n###\n", " ->", "->", "\n\n")
_AFTER_ANSWERS = (" END", "\nEND", " ###", "\n\n###", "###", " <|endoftext|>", "<|endoftext|>", " </s>", "</s>", "\n")
# So many of the texts must have the same mark: some may have lost it, but a mark that a few have is their own text.
_LEAST_SHARE = 0.95
_SAMPLED = 1000


def without_marks(values: Sequence[Any], column: str, asked: bool) -> tuple[Sequence[Any], list[str]]:
    """The same values without the mark that nearly all of them share, and what was taken away.

    (["Hi ->", "Open? ->"], "prompt", True) → (["Hi", "Open?"], ["mark ' ->' at the end of the texts in `prompt` …"])
    """
    said = []
    mark = next((mark for mark in (_AFTER_QUESTIONS if asked else _AFTER_ANSWERS) if _share(values, mark)), "")
    if mark:
        values = [value.removesuffix(mark) if isinstance(value, str) else value for value in values]
        said.append(f"mark {mark!r} at the end of the texts in `{column}` taken away")
    if not asked and _share(values, " ", first=True):
        values = [value.removeprefix(" ") if isinstance(value, str) else value for value in values]
        said.append(f"blank at the beginning of the texts in `{column}` taken away")
    return values, said


def _share(values: Sequence[Any], mark: str, first: bool = False) -> bool:
    """Whether nearly all texts end (or begin) with a mark; a sample rules out most marks before all are looked at."""
    for part in (values[:_SAMPLED], values):
        texts = [value for value in part if isinstance(value, str) and value.strip()]
        marked = sum(text.startswith(mark) if first else text.endswith(mark) for text in texts)
        if not texts or marked < _LEAST_SHARE * len(texts):
            return False
    return True
