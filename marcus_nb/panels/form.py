"""The form of 03_train: every parameter with its meaning, and what the training will take with what is chosen."""

import html
from typing import Any

import pandas as pd

from marcus_nb import train
from marcus_nb.display import Block, banner, sentence, table
from marcus_nb.display.amounts import capital, duration, gigabytes
from marcus_nb.display.blocks import shorten
from marcus_nb.panels import headless
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.fields import Field, meaning_of
from marcus_nb.panels.folding import folded
from marcus_nb.panels.live import show
from marcus_nb.panels.measuring import Measuring
from marcus_nb.parameters import load
from marcus_nb.parameters.cell import CHOSEN
from marcus_nb.parameters.schema import SECTIONS
from marcus_nb.runs import DRAFT, Stage
from marcus_nb.train import Split
from marcus_nb.words import _, shown

COMMON = (
    *("train.method", "train.learning_rate", "train.num_train_epochs", "train.per_device_train_batch_size"),
    *("train.lora_r", "train.lora_alpha", "train.lora_dropout", "train.early_stopping_patience"),
    *("train.load_best_model_at_end", "train.fixed_prompts", "shared.max_length", "shared.seed"),
)
MORE = tuple(key for name in SECTIONS["train"].model_fields if (key := f"train.{name}") not in COMMON)


def training_form(stage: Stage, estimate: dict[str, Any], splits: dict[str, Split]) -> Block | None:
    """In a draft in JupyterLab a form whose choices count at once; else a table of what is not at its default.

    `estimate` is what the preflight has measured.
    """
    if headless() or stage.run.name != DRAFT:
        return _table(stage)
    show(Form(stage, estimate, splits).box, _table(stage))
    return None


def _table(stage: Stage) -> Block:
    rows = []
    for section, name in (key.split(".") for key in (*COMMON, *MORE)):
        field, value = SECTIONS[section].model_fields[name], getattr(getattr(stage.parameters, section), name)
        if value != field.default:
            rows.append((name, *(_in_cell(item) for item in (value, field.default)), shown(meaning_of(field))))
    if not rows:
        return sentence(_("Every parameter of the training is at its default."))
    heads = [_("parameter"), _("value"), _("default"), _("meaning")]
    return table(pd.DataFrame(rows, columns=heads), _("What is not at its default"))


def _in_cell(value: Any) -> str:
    return shorten("\n".join(map(str, value)) if isinstance(value, list) else value, 400)


class Form:
    """`box` is the widget; `fields` are its rows by key; `now` is what the training will take with what is chosen."""

    def __init__(self, stage: Stage, estimate: dict[str, Any], splits: dict[str, Split]) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.stage, self.split = stage, splits["train"]
        self.found, self.measured_with = train.last_measured(stage) or (estimate, stage.parameters.train)
        self.measuring = Measuring(stage, self._measured)
        # What is typed in the parameters cell wins over what is clicked when the notebook is run again.
        self.typed = {key for key, origin in stage.parameters.origins.items() if origin == "this cell"}
        self.takes = ipywidgets.HTML()
        self.said = ipywidgets.HTML()
        self.fields = {key: Field(key, self._value(key), self.choose) for key in (*COMMON, *MORE)}
        self.more = folded(_("More"), ipywidgets.VBox([self.fields[key].box for key in MORE]))
        self.back = ipywidgets.Button(
            description=_("Back to the YAML"),
            icon="undo",
            tooltip=_("Take back everything that was chosen in this form"),
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self.back.on_click(guarded(self._say)(self._taken_back))
        common = [self.fields[key].box for key in COMMON]
        self.box = ipywidgets.VBox(
            [self.takes, self.said, *common, self.more, self.back], layout=ipywidgets.Layout(max_width="62em")
        )
        self._show()
        self._foresee()

    def choose(self, changes: dict[str, Any]) -> None:
        """Take choices, `{"train.lora_r": 8}`, and show what they come to. Raises ParameterError."""
        self.stage.choose(changes)
        self._show()
        self._say("<br>".join(map(html.escape, self._notes(changes))))
        self._foresee()

    # --- the values -------------------------------------------------------------------------------------------------

    def _value(self, key: str) -> Any:
        section, _dot, name = key.partition(".")
        return getattr(getattr(self.stage.parameters, section), name)

    def _show(self) -> None:
        chosen = {key for key in self.fields if self.stage.parameters.origins[key] == CHOSEN}
        written = self._written(chosen) if chosen else {}
        for key, field in self.fields.items():
            field.show(self._value(key), written.get(key))
        self.back.disabled = not chosen

    def _written(self, keys: set[str]) -> dict[str, Any]:
        """What the YAML says of these."""
        as_written = load(self.stage.run.experiment).as_dict()
        return {key: as_written[section][name] for key in keys for section, name in [key.split(".")]}

    def _taken_back(self, _button: Any) -> None:
        self.choose(self._written({key for key in self.fields if self.stage.parameters.origins[key] == CHOSEN}))
        self._say(html.escape(_("Everything is as the YAML says.")))

    def _notes(self, changes: dict[str, Any]) -> list[str]:
        """What one should know of such a choice."""
        names = ", ".join(key.partition(".")[2] for key in changes if key in self.typed)
        notes = []
        if names:
            notes.append(
                _("{names}: the parameters cell says otherwise, and wins when it is run again: change it there, too.")
            )
        if "shared.max_length" in changes:
            notes.append(_("max_length counts in 02_clean, too: run that notebook again, then this one from the top."))
        if train.busy(self.stage):
            notes.append(_("The training at work began without this: stop it and run its cell again to train with it."))
        return [note.format(names=names) for note in notes]

    def _say(self, markup: str) -> None:
        self.said.value = f'<div role="status">{markup}</div>'

    # --- what it will take ------------------------------------------------------------------------------------------

    def _foresee(self) -> None:
        chosen = self.stage.parameters.train
        self.now = train.estimated(self.found, self.measured_with, chosen, self.split)
        if train.measured_alike(self.measured_with, chosen):
            self.measuring.drop()
            measured = chosen == self.measured_with
            how = (
                _("Measured on this machine with these values.")
                if measured
                else _("Estimated from the last measurement.")
            )
        elif train.busy(self.stage):
            how = _("Estimated from the last measurement; memory and speed are measured when no training is at work.")
        else:
            self.measuring.ask()
            how = _("Estimated from the last measurement; memory and speed are being measured anew on this machine …")
        self._show_takes(how)

    def _measured(self, found: dict[str, Any] | None, error: Exception | None) -> None:
        """What the measurement in the background came to."""
        if found:
            self.found, self.measured_with = train.last_measured(self.stage) or (found, self.stage.parameters.train)
            self._foresee()
        elif error is None or train.busy(self.stage):
            self._foresee()
        else:
            self._show_takes(_("Estimated from the last measurement: measuring anew did not work."), str(error))

    def _show_takes(self, how: str, problem: str = "") -> None:
        now = self.now
        title = _("{steps} steps, about {time}").format(steps=f"{now['steps']:,}", time=duration(60 * now["minutes"]))
        lines = [
            _("Memory: {needed} of {free} free; disk for checkpoints: {disk} of {free_disk} free.").format(
                needed=gigabytes(now["peak_memory_gb"]),
                free=gigabytes(now["free_memory_gb"]),
                disk=gigabytes(now["disk_gb"]),
                free_disk=gigabytes(now["free_disk_gb"]),
            ),
            how,
            *problem.splitlines(),
        ]
        # Why, the preflight above says at length.
        lines += [f"⚠ {capital(warning['what'])}. What to do: {warning['do']}." for warning in now["warnings"]]
        shown = banner(title, lines, "open" if now["warnings"] else "plain")
        self.takes.value = f'<div role="status" style="line-height:1.4">{shown.markup}</div>'
