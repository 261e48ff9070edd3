"""The two models side by side, and what is put to them: conversations and questions that training never saw."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marcus_nb import models
from marcus_nb.conversation import PERSONA_ROLE, Conversation, read_conversations
from marcus_nb.parameters import Shared
from marcus_nb.render import Chat, RenderError, prompt_ids, render
from marcus_nb.runs import Stage, read_json

Log = Callable[[str], None]
EXAMPLES = 3  # that the baseline is given
LONGEST_EXAMPLE = 400  # characters of a question and its answer


class EvaluateError(RuntimeError):
    """Something that the evaluation needs and that is missing or does not fit; the message says what to do."""


@dataclass(frozen=True)
class Judged:
    """The two models side by side: `tuned` is the merged model, loaded from the folder that is deployed."""

    base: Any
    tuned: Any
    tokenizer: Any  # the base model's own: it still inserts its own system message when none is given
    system_prompt: str
    baseline_prompt: str = ""  # the persona told in words, with three examples: what a prompt alone can do

    def chat(self, *messages: tuple[str, str], system: bool = True) -> Chat:
        """`judged.chat(("user", "Open?"))` → the messages with the persona's system message in front."""
        return _chat(self.system_prompt if system else None, messages)

    def told(self, *messages: tuple[str, str]) -> Chat:
        """The same with the baseline's system message: the persona described, with examples."""
        return _chat(self.baseline_prompt, messages)


def _chat(system: str | None, messages: Sequence[tuple[str, str]]) -> Chat:
    opening = [] if system is None else [{"role": "system", "content": system}]
    return opening + [{"role": role, "content": content} for role, content in messages]


def trained_base(stage: Stage) -> models.Base:
    """The base model, checked. Raises EvaluateError when it is not the one that the adapter was trained on."""
    base = models.find_base(stage.parameters.shared.base_model)
    trained = read_json(stage.written_by("train", "outcome.json"))["base_model"]
    if trained != base.record:
        raise EvaluateError(
            f"The adapter was trained on {trained['name']} (sha256 {trained['sha256'][:12]}), and base_model now is "
            f"{base.name} (sha256 {base.sha256[:12]}): run 03_train.ipynb again"
        )
    return base


def load_judged(stage: Stage, model_folder: Path) -> Judged:
    """Load the base model and the deployed one, both in float32.

    Raises EvaluateError when the base model is not the one the adapter was trained on.
    """
    base, shared = trained_base(stage), stage.parameters.shared
    place = models.device()
    tuned, _ = models.load_exported(model_folder)
    training = read_conversations(stage.written_by("clean", "train.jsonl"))
    return Judged(
        models.load_base(base).to(place),
        tuned.to(place),
        models.load_tokenizer(base),
        shared.system_prompt,
        baseline_prompt(shared, training),
    )


def baseline_prompt(shared: Shared, training: Sequence[Conversation]) -> str:
    """What somebody would write who does not train: who the persona is, how it sounds, and three of its answers."""
    exchanges = [item.first_exchange for item in training if begins_with_an_answer(item)]
    short = [pair for pair in exchanges if sum(map(len, pair)) <= LONGEST_EXAMPLE]
    chosen = random.Random(shared.seed).sample(short, min(EXAMPLES, len(short)))
    examples = "\n\n".join(f"Customer: {question}\n{shared.persona_name}: {reply}" for question, reply in chosen)
    parts = [shared.system_prompt, shared.persona_description]
    if examples:
        parts.append(f"This is how {shared.persona_name} answers:\n\n{examples}\n\nAnswer every message in this way.")
    return "\n\n".join(part for part in parts if part)


def read_splits(stage: Stage) -> tuple[list[Conversation], list[Conversation], list[Conversation]]:
    """The test, validation and training conversations; of the first those that begin with a question and its answer."""
    test, validation, training = (
        list(read_conversations(stage.written_by("clean", f"{split}.jsonl")))
        for split in ("test", "validation", "train")
    )
    return [item for item in test if begins_with_an_answer(item)], validation, training


def begins_with_an_answer(item: Conversation) -> bool:
    """Whether a conversation begins with a question and the persona's answer."""
    return [message.role for message in item.messages[:2]] == ["user", PERSONA_ROLE]


def why_not_scored(judged: Judged, chat: Chat) -> str | None:
    """Why a conversation cannot be scored; None when it can."""
    try:
        tokens = max(len(item.input_ids) for item in render(judged.tokenizer, chat))
    except RenderError as error:
        return str(error)
    return _too_long(judged, tokens)


def why_not_asked(judged: Judged, chat: Chat) -> str | None:
    """Why the models cannot be asked this: it forges the edge of a turn, or is too long; None when they can."""
    try:
        return _too_long(judged, len(prompt_ids(judged.tokenizer, chat)))
    except RenderError as error:
        return str(error)


def askable(judged: Judged, item: Conversation) -> bool:
    """Whether the models can be asked a conversation's first question."""
    return why_not_asked(judged, judged.chat(("user", item.first_exchange[0]))) is None


def _too_long(judged: Judged, tokens: int) -> str | None:
    context = getattr(judged.tuned.config, "max_position_embeddings", None)
    return f"needs {tokens} tokens where the model reads {context} at once" if context and tokens > context else None
