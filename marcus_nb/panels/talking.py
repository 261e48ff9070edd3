"""The panel in which one talks with the persona, its base model beside it."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from marcus_nb.display import sentence
from marcus_nb.display.talking import exchange
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.live import at_once
from marcus_nb.panels.noticing import Forms
from marcus_nb.words import _

if TYPE_CHECKING:
    from marcus_nb.panels.chatting import Talk


LATE = 0.3  # seconds


def hint() -> str:
    return _("Type a message and press Enter. The persona knows what was said before, until you begin anew.")


class Panel:
    """Box, buttons and bubbles. A reply is written in a thread of its own, so that the buttons work meanwhile.

    `base` gives the conversation with the base model; it is called when the base model is first asked.
    """

    def __init__(self, talk: Talk, base: Callable[[], Talk], temperature: float, max_new_tokens: int) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.talk, self.load_base, self.max_new_tokens = talk, base, max_new_tokens
        self.base: Talk | None = None
        self.beside: dict[int, str] = {}  # what the base model said, by the number of the exchange
        self.answering: threading.Thread | None = None
        self.stopped = threading.Event()
        wide = ipywidgets.Layout(width="auto")
        self.said = ipywidgets.VBox(layout=ipywidgets.Layout(flex="0 0 auto"))
        # The newest stays in sight: a box with one child that is laid out from its end.
        scrolled = ipywidgets.Layout(max_height="30em", overflow="hidden auto", flex_flow="column-reverse nowrap")
        self.words = ipywidgets.Text(
            placeholder=_("Your message"),
            continuous_update=False,  # else what is typed fast comes after the Enter, and one letter is sent
            tooltip=_("What you say to the persona; press Enter to send it"),
            layout=ipywidgets.Layout(flex="1 1 auto"),
        )
        self.send = ipywidgets.Button(description=_("Send"), icon="paper-plane", button_style="primary", layout=wide)
        self.anew = ipywidgets.Button(description=_("Begin anew"), icon="refresh", layout=wide)
        self.with_base = ipywidgets.Checkbox(
            value=True,
            description=_("Ask the base model too"),
            tooltip=_("It answers beside the persona, in a conversation of its own; that takes twice the time"),
            indent=False,
            layout=ipywidgets.Layout(width="auto", margin="2px 24px 2px 2px"),
        )
        self.temperature = ipywidgets.FloatSlider(
            value=temperature,
            min=0.0,
            max=max(1.5, temperature),
            step=0.1,
            description=_("temperature"),
            style={"description_width": "initial"},
            tooltip=_("0: always the likeliest reply; higher: more varied, and more mistakes"),
        )
        self.status = ipywidgets.HTML()
        careful = guarded(self._say)
        self.entered = False
        self.words.on_msg(careful(self._pressed))
        self.words.observe(careful(lambda _change: self._sent() if self.entered else None), "value")
        self.send.on_click(careful(self._sent))
        self.anew.on_click(careful(self._begun))
        self.forms = self._new_forms()
        self.under = ipywidgets.VBox([self.forms.box])
        self.box = ipywidgets.VBox(
            [
                ipywidgets.Box([self.said], layout=scrolled),
                self.under,
                ipywidgets.HBox([self.words, self.send]),
                ipywidgets.HBox(
                    [self.with_base, self.temperature, self.anew], layout=ipywidgets.Layout(flex_flow="row wrap")
                ),
                self.status,
            ],
            layout=ipywidgets.Layout(max_width="60em"),
        )
        self._empty()
        for place in range(len(talk.messages) // 2):  # said before the cell was run again
            self._finish("", place, *self._add(place))

    def _new_forms(self) -> Forms:
        return Forms(self.talk.run.experiment, f"chat-{datetime.now():%Y%m%d-%H%M%S-%f}", self._say)

    def _say(self, markup: str) -> None:
        self.status.value = f"<small>{markup}</small>"

    def _empty(self) -> None:
        import ipywidgets

        self.said.children = (ipywidgets.HTML(sentence(_("Nothing was said yet.")).markup),)
        self._say(html.escape(hint()))

    def _pressed(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        """Enter. What was typed comes right after it; unless the box had been left since, and the words are known."""
        if content.get("event") == "submit":
            self.entered = True
            late = threading.Timer(LATE, guarded(self._say)(lambda: self._sent() if self.entered else None))
            late.daemon = True
            late.start()

    def _sent(self, _button: Any = None) -> None:

        words, self.entered = self.words.value.strip(), False
        if words and not (self.answering and self.answering.is_alive()):
            self.words.value, self.send.disabled = "", True
            self.stopped.clear()
            place = len(self.talk.messages) // 2
            bubbles, below = self._add(place)
            self.answering = threading.Thread(target=self._answer, args=(words, place, bubbles, below), daemon=True)
            self.answering.start()

    def _add(self, place: int) -> tuple[Any, Any]:
        """A new exchange at the end: its bubbles, and the two buttons below, hidden until there is a reply."""
        import ipywidgets

        bubbles, below = ipywidgets.HTML(), self.forms.buttons(2 * place + 1, lambda: self.talk.messages)
        below.layout.display = "none"
        whole = at_once(ipywidgets.VBox([bubbles, below], layout=ipywidgets.Layout(flex="0 0 auto")))
        self.said.children = (*self.said.children[:place], whole)
        return bubbles, below

    def _answer(self, words: str, place: int, bubbles: Any, below: Any) -> None:
        told = html.escape(hint())
        try:
            self._reply(words, place, bubbles)
            if self.with_base.value and not self.stopped.is_set():
                self._reply_of_base(words, place, bubbles)
        except Exception as error:  # raised in a thread it would be seen nowhere
            told = html.escape(_("That did not work: {error}").format(error=error))
        finally:
            self.send.disabled = False
            if not self.stopped.is_set():
                self._finish(words, place, bubbles, below)
                self._say(told)

    def _reply(self, words: str, place: int, bubbles: Any) -> None:
        who = self.talk.persona
        self._say(html.escape(_("{who} is writing …").format(who=who)))
        for _reply in self.talk.say(words, self.temperature.value, self.max_new_tokens):
            if self.stopped.is_set():
                return
            bubbles.value = self._bubbles(place, who)

    def _reply_of_base(self, words: str, place: int, bubbles: Any) -> None:
        who = _("base model")
        if self.base is None:
            self._say(html.escape(_("The base model is being loaded …")))
            self.base = self.load_base()
        self._say(html.escape(_("{who} is writing …").format(who=who)))
        for reply in self.base.say(words, self.temperature.value, self.max_new_tokens):
            if self.stopped.is_set():
                return
            self.beside[place] = reply
            bubbles.value = self._bubbles(place, who)
        self.beside.setdefault(place, "")  # it said nothing, which is an answer

    def _bubbles(self, place: int, writing: str = "") -> str:
        question, reply = self.talk.messages[2 * place : 2 * place + 2]
        replies = [(self.talk.persona, reply["content"])]
        if place in self.beside:
            replies.append((_("base model"), self.beside[place]))
        return exchange(question["content"], replies, writing).markup

    def _finish(self, words: str, place: int, bubbles: Any, below: Any) -> None:
        """The whole exchange with its two buttons; or the words back in their box where they were not understood."""
        if len(self.talk.messages) > 2 * place:
            bubbles.value, below.layout.display = self._bubbles(place), None
        else:
            self.words.value = words
            self.said.children = self.said.children[:place]
            if not place:
                self._empty()

    def _begun(self, _button: Any) -> None:
        self.stopped.set()
        if self.answering:
            self.answering.join(30)
        self.talk.messages, self.beside = [], {}
        if self.base:
            self.base.messages = []
        self.forms = self._new_forms()
        self.under.children = (self.forms.box,)
        self._empty()
