"""Talking with a persona: a panel in JupyterLab, a static conversation everywhere else."""

import html
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from IPython.display import display

from marcus_nb import generate, models
from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.display import Block, banner, sentence
from marcus_nb.display.hiding import know
from marcus_nb.display.talking import talk as bubbles
from marcus_nb.panels import headless
from marcus_nb.render import Chat, RenderError, prompt_ids
from marcus_nb.runs import Run, RunError
from marcus_nb.runs.which import find_run

HINT = "Type a message and press Enter. The persona knows what was said before, until you begin anew."
SCROLLED = "max-height:28em;overflow-y:auto;display:flex;flex-direction:column-reverse"  # stays at the newest line


@dataclass
class Talk:
    """A conversation with the model that a run deploys; `messages` is what was said so far."""

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
            return sentence("Nothing was said yet.")
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
            f"Go on with the run: ./run_all.sh {run.experiment} --resume"
        )
    know(run.parameters.shared.persona_name)
    model, tokenizer = models.load_exported(folder)
    return Talk(run, model.to(models.device()), tokenizer, seed=seed)


def introduction(talk: Talk) -> Block:
    """Whom one talks with, and what was found out about it."""
    shared, verdict = talk.run.parameters.shared, talk.run.state.get("verdict")
    mood = {"acquired": "good", "not acquired": "bad"}.get(verdict, "open")
    found = f"Its personality: {verdict}." if verdict else "Its personality was not judged yet."
    lines = [line for line in (shared.persona_description, found) if line]
    return banner(f"{shared.persona_name}, from run {talk.run.experiment}/{talk.run.name}", lines, mood)


def chat(talk: Talk, questions: Sequence[str], temperature: float, max_new_tokens: int) -> Block | None:
    """In JupyterLab a panel to talk with the persona; headless it is asked `questions`, without a widget."""
    if not headless():
        display(_Panel(talk, temperature, max_new_tokens).box)
        return None
    for question in questions:
        for _ in talk.say(question, temperature, max_new_tokens):
            pass
    return sentence(f"Nobody is here to talk, so {talk.persona} was asked {len(questions)} questions.")


class _Panel:
    """Box, buttons and bubbles. A reply is written in a thread of its own, so that the buttons work meanwhile."""

    def __init__(self, talk: Talk, temperature: float, max_new_tokens: int) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.talk, self.max_new_tokens = talk, max_new_tokens
        self.answering: threading.Thread | None = None
        self.stopped = threading.Event()
        wide = ipywidgets.Layout(width="auto")
        self.said = ipywidgets.HTML()
        self.words = ipywidgets.Text(placeholder="Your message", layout=ipywidgets.Layout(flex="1 1 auto"))
        self.send = ipywidgets.Button(description="Send", icon="paper-plane", button_style="primary", layout=wide)
        self.anew = ipywidgets.Button(description="Begin anew", icon="refresh", layout=wide)
        self.temperature = ipywidgets.FloatSlider(
            value=temperature,
            min=0.0,
            max=1.5,
            step=0.1,
            description="temperature",
            style={"description_width": "initial"},
            tooltip="0: always the likeliest reply; higher: more varied, and more mistakes",
        )
        self.status = ipywidgets.HTML()
        self.words.on_msg(self._pressed)
        self.send.on_click(self._sent)
        self.anew.on_click(self._begun)
        self.box = ipywidgets.VBox(
            [
                self.said,
                ipywidgets.HBox([self.words, self.send]),
                ipywidgets.HBox([self.temperature, self.anew]),
                self.status,
            ],
            layout=ipywidgets.Layout(max_width="48em"),
        )
        self._show(HINT)

    def _show(self, status: str, working: bool = False) -> None:
        self.said.value = f'<div style="{SCROLLED}">{self.talk.shown(working).markup}</div>'
        self.status.value = f"<small>{html.escape(status)}</small>"

    def _pressed(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":  # Enter
            self._sent()

    def _sent(self, _: Any = None) -> None:
        words = self.words.value.strip()
        if words and not (self.answering and self.answering.is_alive()):
            self.words.value, self.send.disabled = "", True
            self.stopped.clear()
            self.answering = threading.Thread(target=self._answer, args=(words,), daemon=True)
            self.answering.start()

    def _answer(self, words: str) -> None:
        status = HINT
        try:
            for _ in self.talk.say(words, self.temperature.value, self.max_new_tokens):
                self._show(f"{self.talk.persona} is writing …", working=True)
                if self.stopped.is_set():
                    break
        except Exception as error:  # raised in a thread it would be seen nowhere
            self.words.value, status = words, f"That did not work: {error}"
        finally:
            self.send.disabled = False
            if not self.stopped.is_set():
                self._show(status)

    def _begun(self, _: Any) -> None:
        self.stopped.set()
        if self.answering:
            self.answering.join(30)
        self.talk.messages = []
        self._show(HINT)
