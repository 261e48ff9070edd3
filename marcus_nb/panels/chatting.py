"""Talking with a persona: a panel in JupyterLab, a static conversation everywhere else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from marcus_nb import generate, models
from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.display import Block, banner, sentence
from marcus_nb.display.hiding import know
from marcus_nb.display.talking import talk as bubbles
from marcus_nb.launcher import to_type
from marcus_nb.panels import headless
from marcus_nb.panels.live import show
from marcus_nb.panels.talking import Panel
from marcus_nb.render import Chat, RenderError, prompt_ids
from marcus_nb.runs import Run, RunError, Stage
from marcus_nb.runs.which import find_run
from marcus_nb.words import _, shown

if TYPE_CHECKING:  # at run time it would bring what measures, and to talk needs none of it
    from marcus_nb.evaluate import Judged


@dataclass
class Talk:
    """A conversation with a model of a run, the one that it deploys or its base; `messages` is what was said so far."""

    run: Run
    model: Any
    tokenizer: Any
    messages: Chat = field(default_factory=list)
    seed: int = 0

    @property
    def persona(self) -> str:
        return self.run.parameters.shared.persona_name

    def say(self, words: str, temperature: float, max_new_tokens: int) -> Iterator[str]:
        """The persona's reply as far as it has come, ever longer: `"Aye"`, `"Aye, skipper."`.

        Both messages belong to the conversation afterwards, also when whoever waits stops early. Raises RenderError,
        and forgets the message, when it forges the edge of a turn or is longer than the model reads at once.
        """
        asked = {"role": "user", "content": words}
        chat = self._within_context([*self.messages, asked], max_new_tokens)
        reply = {"role": PERSONA_ROLE, "content": ""}
        self.messages += [asked, reply]
        pieces = generate.stream(
            self.model,
            self.tokenizer,
            chat,
            max_new_tokens,
            temperature=temperature,
            seed=self.seed + len(self.messages),  # asked the same again, it may say something else
        )
        for piece in pieces:
            reply["content"] += piece
            yield reply["content"]

    def _within_context(self, messages: Chat, max_new_tokens: int) -> Chat:
        """The persona's system message and as many of the newest turns as leave room for a reply."""
        system = {"role": "system", "content": self.run.parameters.shared.system_prompt}
        context = getattr(self.model.config, "max_position_embeddings", None)
        while True:
            chat = [system, *messages]
            tokens = len(prompt_ids(self.tokenizer, chat)) + max_new_tokens
            if not context or tokens <= context:
                return chat
            if len(messages) == 1:
                raise RenderError(
                    f"This message and a reply of {max_new_tokens} tokens need {tokens} tokens, and the model reads "
                    f"{context} at once: say it shorter"
                )
            messages = messages[2:]

    def shown(self, working: bool = False) -> Block:
        """The conversation so far as chat bubbles."""
        if not self.messages:
            return sentence(_("Nothing was said yet."))
        return bubbles(self.messages, self.persona, working)


def begin(named: str, seed: int = 0) -> Talk:
    """Load the model that a run deploys: `begin("quickstart")` is its newest finished run, or EXPERIMENT/RUN.

    Raises RunError when there is no such run, or when it made no model.
    """
    run = find_run(named)
    folder = run.folder / "model"
    if not (folder / "config.json").is_file():
        raise RunError(
            f"Run {run.experiment}/{run.name} has no model/ to talk with: 04_evaluate makes it. "
            f"Go on with the run: {to_type(run.experiment, '--resume')}"
        )
    know(run.parameters.shared.persona_name)
    model, tokenizer = models.load_exported(folder)
    return Talk(run, model.to(models.device()), tokenizer, seed=seed)


def introduction(talk: Talk) -> Block:
    """Whom one talks with, and what was found out about it."""
    shared, verdict = talk.run.parameters.shared, talk.run.state.get("verdict")
    mood = {"acquired": "good", "not acquired": "bad"}.get(verdict, "open")
    found = _("Its personality was not judged yet.")
    if verdict:
        found = _("Its personality: {verdict}.").format(verdict=shown(verdict))
    lines = [line for line in (shared.persona_description, found) if line]
    title = _("{name}, from run {run}").format(name=shared.persona_name, run=f"{talk.run.experiment}/{talk.run.name}")
    return banner(title, lines, mood)


def base_of(talk: Talk) -> Talk:
    """A conversation of its own with the base model of the same run, under the same system message; loading takes time.

    Raises RunError where the base model now is another than the run's, and ModelError where it is not to be had.
    """
    run, base = talk.run, models.find_base(talk.run.parameters.shared.base_model)
    trained = (run.record("train") or {}).get("counts", {}).get("base_model", base.record)
    if trained != base.record:
        raise RunError(f"{base.name} is another file now than the base model of run {run.experiment}/{run.name}")
    return Talk(run, models.load_base(base).to(models.device()), models.load_tokenizer(base), seed=talk.seed)


def chat(talk: Talk, questions: Sequence[str], temperature: float, max_new_tokens: int) -> Block | None:
    """In JupyterLab a panel to talk with the persona, its base model beside it; headless it is asked `questions`,
    without a widget."""
    if not headless():
        _panel(talk, lambda: base_of(talk), temperature, max_new_tokens)
        return None
    for question in questions:
        deque(talk.say(question, temperature, max_new_tokens), maxlen=0)
    told = _("Nobody is here to talk, so {name} was asked {count} questions.")
    return sentence(told.format(name=talk.persona, count=len(questions)))


def chat_with_judged(stage: Stage, judged: Judged) -> None:
    """In JupyterLab the same panel over the two models that 04_evaluate has loaded; headless nothing."""
    if not headless():
        shared, chosen = stage.parameters.shared, stage.parameters.evaluate
        tuned, base = (
            Talk(stage.run, model, judged.tokenizer, seed=shared.seed) for model in (judged.tuned, judged.base)
        )
        _panel(tuned, lambda: base, chosen.temperature, chosen.max_new_tokens)


def _panel(talk: Talk, base: Callable[[], Talk], temperature: float, max_new_tokens: int) -> None:
    static = sentence(_("Here one talks with the persona in JupyterLab: run this cell again."))
    show(Panel(talk, base, temperature, max_new_tokens).box, static)
