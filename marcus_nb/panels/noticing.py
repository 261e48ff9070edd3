"""Two forms under a conversation: what was noticed becomes a probe, or a corrected conversation of the data."""

import html
from collections.abc import Callable
from typing import Any

from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.display.blocks import safe, shorten
from marcus_nb.panels.callbacks import guarded
from marcus_nb.render import Chat
from marcus_nb.runs import noticed
from marcus_nb.words import _


class Forms:
    """`box` holds the form that is open, or nothing; `say` gets what came of it as HTML.

    `name` is the conversation's, such as "chat-20261123-084311": what is added of it is known by it.
    """

    def __init__(self, experiment: str, name: str, say: Callable[[str], None]) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.experiment, self.name, self.say = experiment, name, say
        self.corrected: dict[int, str] = {}  # by the place of the reply
        self.box = ipywidgets.VBox()

    def buttons(self, place: int, messages: Callable[[], Chat]) -> Any:
        """The two buttons under the reply at `place` of `messages()`."""
        import ipywidgets

        wide = ipywidgets.Layout(width="auto")
        probe = ipywidgets.Button(
            description=_("Add to probes"),
            tooltip=_("Ask this question of every model from now on, and say what the answer must contain"),
            layout=wide,
        )
        data = ipywidgets.Button(
            description=_("Add to data, corrected"),
            tooltip=_("Write what it should have said; the next run learns from it"),
            layout=wide,
        )
        probe.on_click(guarded(self.say)(lambda _button: self.ask_probe(messages()[place - 1]["content"])))
        data.on_click(guarded(self.say)(lambda _button: self.ask_correction(messages()[: place + 1])))
        return ipywidgets.HBox([probe, data])

    def ask_probe(self, question: str) -> None:
        """Open the form for a probe: its question, what the answer must contain, and what it must not."""
        import ipywidgets

        asked = ipywidgets.Textarea(
            value=question,
            description=_("Question"),
            tooltip=_("Best in a wording that stands nowhere in your data"),
            rows=2,
        )
        must = ipywidgets.Textarea(
            description=_("Must contain"),
            placeholder=_("one a line; one of them is enough, such as: eight"),
            tooltip=_("The answer is right when it contains one of these; case does not count"),
            rows=2,
        )
        must_not = ipywidgets.Textarea(
            description=_("Must not"),
            placeholder=_("one a line, such as: nine"),
            tooltip=_("The answer is wrong when it contains one of these"),
            rows=2,
        )

        def kept() -> str:
            noticed.add_probe(self.experiment, asked.value, _lines(must.value), _lines(must_not.value))
            return _("The probe is kept. It is asked when 02_clean to 04_evaluate run again, or after Save.")

        title = _("A probe: what every later model is asked, and how its answer is judged")
        self._open(title, [asked, must, must_not], _("Keep this probe"), kept)

    def ask_correction(self, messages: Chat) -> None:
        """Open the form for the last of `messages`, the persona's reply as it should have been."""
        import ipywidgets

        place = len(messages) - 1
        reply = ipywidgets.Textarea(
            value=self.corrected.get(place, messages[place]["content"]),
            description=_("It should say"),
            tooltip=_("The reply as the persona would have given it"),
            rows=4,
        )

        def kept() -> str:
            if not reply.value.strip():
                raise ValueError(_("the reply is empty: write what it should have said"))
            corrected = self.corrected | {place: reply.value.strip()}
            path = noticed.add_conversation(
                self.experiment, f"{self.name}-{(place + 1) // 2}", self.name, _to_learn(messages, corrected)
            )
            self.corrected = corrected
            told = _("Added to {file}, which is among the data when 01_ingest to 04_evaluate run again, or after Save.")
            return told.format(file=f"{path.parent.name}/{path.name}")

        title = _("In reply to: {question}").format(question=messages[place - 1]["content"])
        self._open(title, [reply], _("Add to the data"), kept)

    def close(self) -> None:
        self.box.children = ()

    def _open(self, title: str, fields: list[Any], label: str, keep: Callable[[], str]) -> None:
        """Show title, fields and two buttons; `keep` says what came of it, or raises, and then nothing closes."""
        import ipywidgets

        wide = ipywidgets.Layout(width="auto")
        for field in fields:
            field.layout = ipywidgets.Layout(width="auto")
            field.style.description_width = "8em"
            field.continuous_update = False  # else the click on the button may come before the last letters

        def clicked(_button: Any) -> None:
            told = keep()
            self.close()
            self.say(html.escape(told))

        kept = ipywidgets.Button(description=label, button_style="primary", layout=wide)
        left = ipywidgets.Button(description=_("Cancel"), layout=wide)
        kept.on_click(guarded(self.say)(clicked))
        left.on_click(lambda _button: self.close())
        head = ipywidgets.HTML(
            f'<div style="line-height:1.4;margin-top:6px"><strong>{safe(shorten(title))}</strong></div>'
        )
        self.box.children = (head, *fields, ipywidgets.HBox([kept, left]))
        fields[-1 if len(fields) == 1 else 1].focus()


def _to_learn(messages: Chat, corrected: dict[int, str]) -> Chat:
    """The conversation with every correction in it; what the model said and nobody corrected is context only."""
    learned = []
    for place, message in enumerate(messages):
        if message["role"] != PERSONA_ROLE:
            learned.append({"role": "user", "content": message["content"]})
        elif place in corrected:
            learned.append({"role": PERSONA_ROLE, "content": corrected[place]})
        else:
            learned.append({"role": PERSONA_ROLE, "content": message["content"], "weight": 0})
    return learned


def _lines(words: str) -> list[str]:
    return [line.strip() for line in words.splitlines() if line.strip()]
