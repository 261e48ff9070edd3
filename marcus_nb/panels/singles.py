"""Single conversations, one at a time: looked for, looked at, and kept, dropped or corrected by hand."""

import html
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marcus_nb import clean
from marcus_nb.clean.by_hand import CORRECT, DROP, KEEP, Choice, Choices, apply_choices
from marcus_nb.conversation import PERSONA_ROLE, Conversation
from marcus_nb.display import Block, bubbles, sentence
from marcus_nb.display.blocks import safe
from marcus_nb.panels import headless
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.live import at_once, show
from marcus_nb.parameters import find
from marcus_nb.parameters.cell import CHOSEN
from marcus_nb.runs import DRAFT, Stage
from marcus_nb.words import _

ALL, BY_HAND = "", "by hand"  # what is shown, beside the names of rules


def by_hand(stage: Stage, conversations: Sequence[Conversation], cleaned: clean.Cleaned) -> Block | None:
    """In a draft in JupyterLab a panel that chooses for single conversations; elsewhere a line about what was chosen.

    `cleaned` is what the rules made of the conversations, to look through what they dropped.
    """
    path = stage.parameters.by_hand_file
    static = sentence(_counted(clean.read_choices(path) if path else {}))
    if headless() or stage.run.name != DRAFT:
        return static
    show(SinglesPanel(stage, conversations, cleaned).box, static)
    return None


def file_of(stage: Stage) -> Path:
    """The file that `clean.by_hand` names, else the one that choices go into: `parameters/acme.by_hand.json`."""
    return stage.parameters.by_hand_file or find(stage.run.experiment).with_suffix(".by_hand.json")


def choose(stage: Stage, name: str, choice: Choice | None) -> Choices:
    """Write the choice for one conversation, None to take it back, and have `clean.by_hand` name the file.

    The file is read anew each time, since it may be edited meanwhile. Returns all choices that it has then.
    """
    path = file_of(stage)
    choices = clean.read_choices(path) if path.is_file() else {}
    choices.pop(name, None)
    if choice is not None:
        choices[name] = choice
    if not choices and stage.parameters.origins["clean.by_hand"] == CHOSEN:
        stage.choose({"clean.by_hand": ""})
        path.unlink(missing_ok=True)
        return choices
    clean.write_choices(path, choices)
    if stage.parameters.by_hand_file is None:
        stage.choose({"clean.by_hand": f"parameters/{path.name}"})
    return choices


def _counted(choices: Choices) -> str:
    counts = Counter(choice.choice for choice in choices.values())
    if not counts:
        return _("Nothing was chosen by hand.")
    return _("By hand: {dropped} dropped, {kept} kept, {corrected} corrected.").format(
        dropped=counts[DROP], kept=counts[KEEP], corrected=counts[CORRECT]
    )


class SinglesPanel:
    """Search at the top, the conversation as bubbles, and the choices for it below."""

    def __init__(self, stage: Stage, conversations: Sequence[Conversation], cleaned: clean.Cleaned) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.stage, self.conversations = stage, conversations
        self.dropped = {drop.conversation.id: drop for drop in cleaned.dropped}
        self.searched = [
            "\n".join([one.id, *(message.content for message in one.messages)]).casefold() for one in conversations
        ]
        self.choices: Choices = {}
        self.found: list[Conversation] = []
        self.areas: list[Any] = []
        wide = ipywidgets.Layout(width="auto")
        rules = Counter(drop.rule for drop in cleaned.dropped)
        self.which = ipywidgets.Dropdown(
            description=_("Show"),
            options=[
                (_("all conversations"), ALL),
                (_("those chosen by hand"), BY_HAND),
                *((_("dropped by {rule}").format(rule=f"{name} ({n:,})"), name) for name, n in rules.most_common()),
            ],
        )
        self.search = ipywidgets.Text(
            description=_("Search"), placeholder=_("words or an id"), tooltip=_("Words of any message, or an id")
        )
        self.back = ipywidgets.Button(description=_("Previous"), icon="arrow-left", layout=wide)
        self.on = ipywidgets.Button(description=_("Next"), icon="arrow-right", layout=wide)
        self.place = ipywidgets.BoundedIntText(
            value=1, min=1, max=1, tooltip=_("Which of those found"), layout=ipywidgets.Layout(width="6em")
        )
        self.of, self.about, self.said = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.talk = ipywidgets.HTML(layout=ipywidgets.Layout(max_height="26em", overflow="auto"))
        self.why = ipywidgets.Text(
            description=_("Why"), placeholder=_("for whoever reads it later"), layout=ipywidgets.Layout(width="40em")
        )
        self.keep = ipywidgets.Button(
            description=_("Keep it"), icon="check", layout=wide, tooltip=_("No rule that judges may drop it")
        )
        self.drop = ipywidgets.Button(description=_("Drop it"), icon="trash", layout=wide, tooltip=_("It is not used"))
        self.correct = ipywidgets.Button(
            description=_("Correct it"), icon="pencil", layout=wide, tooltip=_("Other words for its messages")
        )
        self.undo = ipywidgets.Button(
            description=_("Undo the choice"), icon="undo", layout=wide, tooltip=_("Leave it to the rules")
        )
        self.save = ipywidgets.Button(description=_("Save the correction"), button_style="primary", layout=wide)
        self.leave = ipywidgets.Button(description=_("Leave it as it was"), layout=wide)
        self.editor = ipywidgets.VBox([])
        self._wire()
        line = ipywidgets.Layout(flex_flow="row wrap")
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HBox([self.which, self.search], layout=line),
                ipywidgets.HBox([self.back, self.place, self.of, self.on], layout=line),
                self.about,
                self.talk,
                self.why,
                ipywidgets.HBox([self.keep, self.drop, self.correct, self.undo], layout=line),
                self.editor,
                self.said,
            ],
            layout=ipywidgets.Layout(max_width="60em"),
        )
        guarded(self._say)(self._begin)()

    def _wire(self) -> None:
        say = guarded(self._say)
        for widget in (self.which, self.search):
            widget.observe(say(lambda _change: self._look()), "value")
        self.place.observe(say(lambda _change: self._show()), "value")
        self.back.on_click(say(lambda _button: self._go(-1)))
        self.on.on_click(say(lambda _button: self._go(1)))
        self.keep.on_click(say(lambda _button: self._choose(Choice(KEEP, self.why.value.strip()))))
        self.drop.on_click(say(lambda _button: self._choose(Choice(DROP, self.why.value.strip()))))
        self.undo.on_click(say(lambda _button: self._choose(None)))
        self.correct.on_click(say(lambda _button: self._edit()))
        self.save.on_click(say(lambda _button: self._save()))
        self.leave.on_click(say(lambda _button: self._show()))

    def _begin(self) -> None:
        path = file_of(self.stage)
        there = clean.read_choices(path) if path.is_file() else {}
        in_use = self.stage.parameters.by_hand_file is not None
        self.choices = there if in_use else {}
        self._look()
        if there and not in_use:
            told = _("{file} has {count} choices that clean.by_hand does not name; the next choice takes them in, too.")
            self._say(html.escape(told.format(file=path.name, count=len(there))))
        else:
            self._say(html.escape(_counted(self.choices)))

    def _say(self, markup: str) -> None:
        self.said.value = f'<div role="status" style="line-height:1.4">{markup}</div>'

    def _look(self) -> None:
        words, which = self.search.value.strip().casefold(), self.which.value
        wanted = self.choices if which == BY_HAND else {n for n, drop in self.dropped.items() if drop.rule == which}
        self.found = [
            one
            for one, text in zip(self.conversations, self.searched, strict=True)
            if words in text and (which == ALL or one.id in wanted)
        ]
        self.place.max = max(1, len(self.found))
        self.place.value = 1
        self._show()

    def _go(self, step: int) -> None:
        self.place.value = min(max(1, self.place.value + step), max(1, len(self.found)))

    @property
    def _elsewhere(self) -> tuple[Any, ...]:
        """What leads to other conversations."""
        return self.which, self.search, self.place

    @property
    def _one(self) -> Conversation:
        return self.found[self.place.value - 1]

    def _show(self) -> None:
        self._close()
        self.of.value = html.escape(_("of {count}").format(count=f"{len(self.found):,}"))
        none = not self.found
        for control in (*self._elsewhere, self.keep, self.drop, self.correct, self.undo):
            control.disabled = none and control not in self._elsewhere
        self.back.disabled = none or self.place.value == 1
        self.on.disabled = none or self.place.value == len(self.found)
        if none:
            self.talk.value, self.about.value = html.escape(_("No conversation is like that.")), ""
            return
        chosen, drop = self.choices.get(self._one.id), self.dropped.get(self._one.id)
        told = [safe(self._one.id)]
        if drop is not None:
            told.append(safe(_("Dropped by {rule}: {reason}").format(rule=drop.rule, reason=drop.reason)))
        if chosen is not None:
            words = {
                KEEP: _("You chose: keep it."),
                DROP: _("You chose: drop it."),
                CORRECT: _("You chose: correct it, as shown."),
            }
            told.append(f"<b>{html.escape(words[chosen.choice])}</b>")
        self.about.value = "<br>".join(told)
        self.why.value = chosen.why if chosen else ""
        self.undo.disabled = chosen is None
        if chosen is not None and chosen.choice == CORRECT:  # its words would be lost: the choice is undone first
            self.keep.disabled = self.drop.disabled = True
        self.talk.value = (
            '<div style="line-height:1.4">'
            + bubbles([self._corrected(chosen)], self.stage.parameters.shared.persona_name).markup
            + "</div>"
        )

    def _corrected(self, chosen: Choice | None) -> Conversation:
        """The conversation as its correction has it, where that still fits."""
        if chosen is None or len(chosen.messages) != len(self._one.messages):
            return self._one
        outcome = apply_choices([self._one], {self._one.id: chosen})
        messages = outcome.changed.get(self._one.id, self._one.messages)
        return self._one.with_messages(message for message in messages if message is not None)

    def _choose(self, choice: Choice | None) -> None:
        name = self._one.id
        self.choices = choose(self.stage, name, choice)
        self._show()
        told = [_counted(self.choices)]
        if path := self.stage.parameters.by_hand_file:
            told.append(_("They stand in {file}, which clean.by_hand names.").format(file=path.name))
        told.append(_("Run the cells from “What was removed” on to see what comes of it."))
        self._say(html.escape(" ".join(told)))

    def _edit(self) -> None:
        """A box for each message: its words as they are in the person's own file, which nobody could correct masked."""
        import ipywidgets

        if self.areas:  # clicked twice: what is typed already stays
            return
        chosen = self.choices.get(self._one.id)
        texts = [message.content for message in self._one.messages]
        if chosen and len(chosen.messages) == len(texts):
            texts = list(chosen.messages)
        sides = {PERSONA_ROLE: self.stage.parameters.shared.persona_name, "user": _("customer")}
        self.areas = [
            ipywidgets.Textarea(
                value=text,
                rows=min(10, 2 + len(text) // 80),
                description=sides.get(message.role, message.role),
                tooltip=_("Empty: the message is taken out"),
                layout=ipywidgets.Layout(width="46em"),
            )
            for message, text in zip(self._one.messages, texts, strict=True)
        ]
        hint = ipywidgets.HTML(
            html.escape(_("As it is in your file, personal data too. An empty message is taken out."))
        )
        self.editor.children = [hint, *self.areas, ipywidgets.HBox([self.save, self.leave])]
        for control in (*self._elsewhere, self.back, self.on, self.keep, self.drop, self.correct, self.undo):
            control.disabled = True  # whoever goes elsewhere would lose what is typed
        at_once(self.editor)

    def _save(self) -> None:
        texts = tuple(area.value for area in self.areas)
        if not any(text.strip() for text in texts):
            self._say(html.escape(_("Nothing is left of it: drop it instead.")))
        elif texts == tuple(message.content for message in self._one.messages):
            chosen = self.choices.get(self._one.id)
            if chosen and chosen.choice == CORRECT:
                self._choose(None)
            else:
                self._say(html.escape(_("Nothing was corrected.")))
        else:
            self._choose(Choice(CORRECT, self.why.value.strip(), texts))

    def _close(self) -> None:
        for area in self.areas:
            area.close()
        self.editor.children, self.areas = (), []
