"""What was chosen in a draft, kept: shown as a difference, saved into the YAML, and run headless from there."""

import html
import threading
from typing import Any

from marcus_nb import display as shown
from marcus_nb.display import Block
from marcus_nb.display.blocks import safe
from marcus_nb.panels import headless, headless_run
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.live import show
from marcus_nb.parameters import ParameterError, load
from marcus_nb.parameters.saving import Edit, edit
from marcus_nb.runs import DRAFT, Stage, choices, open_run
from marcus_nb.words import _

_LINES = 14  # of the headless run's words
_PRE = "max-height:22em;overflow:auto;white-space:pre-wrap;background:#8881;padding:8px 12px;font-size:.9em"


def next_step(stage: Stage, record: dict[str, Any]) -> Block:
    """What was written and what comes next; in a draft in JupyterLab also the choices, to save and to run headless."""
    if not headless() and stage.run.name == DRAFT:
        show(Keeping(stage).box, Block("", ""))
    return shown.next_step(stage, record)


def differing(experiment: str) -> dict[str, Any]:
    """What the draft has otherwise than the YAML, clicked or typed in a cell: `{"clean.redact": False}`."""
    draft, written = open_run(experiment, DRAFT).parameters, load(experiment).as_dict()
    values = draft.as_dict()
    typed = {key for key, origin in draft.origins.items() if origin == "this cell"}
    chosen = choices.read(experiment)  # the draft was opened before some of them were made
    differing = {}
    for key in sorted(typed | set(chosen)):
        section, _dot, name = key.partition(".")
        value = values[section][name] if key in typed else chosen[key]
        if value != written[section][name]:
            differing[key] = value
    return differing


class Keeping:
    """The panel: `box` is the widget. `edit` is the difference that is shown, and the one that Save writes."""

    def __init__(self, stage: Stage) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.stage, self.experiment = stage, stage.run.experiment
        self.run = headless_run.at_work(self.experiment)  # of a panel before this one
        self.follower: threading.Thread | None = None
        wide = ipywidgets.Layout(width="auto")
        self.difference = ipywidgets.HTML()
        self.said = ipywidgets.HTML()
        self.save = ipywidgets.Button(
            description=_("Save"), icon="save", tooltip=_("Write these choices into the YAML"), layout=wide
        )
        self.forget = ipywidgets.Button(
            description=_("Forget choices"), icon="undo", tooltip=_("Go back to what the YAML says"), layout=wide
        )
        self.start = ipywidgets.Button(
            description=_("Run headless"), icon="play", tooltip=_("A run of its own, from the YAML"), layout=wide
        )
        guard = guarded(self._say)
        self.save.on_click(guard(self._saved))
        self.forget.on_click(guard(self._forgotten))
        self.start.on_click(guard(self._started))
        self.progress = ipywidgets.HTML()
        buttons = ipywidgets.HBox([self.save, self.forget, self.start], layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.box = ipywidgets.VBox(
            [self.difference, buttons, self.said, self.progress], layout=ipywidgets.Layout(max_width="60em")
        )
        guard(self.look)()
        if self.run:
            self._watch(self.run)

    def look(self) -> Edit:
        """Show what saving would change now."""
        self.changes = differing(self.experiment)
        self.edit = edit(self.experiment, self.changes)
        name = html.escape(self.edit.path.name)
        if self.edit.difference:
            told = _("Chosen here, and not yet in {name}:").format(name=name)
            self.difference.value = f'<p>{told}</p><pre style="{_PRE}">{safe(self.edit.difference)}</pre>'
        else:
            self.difference.value = "<p>{}</p>".format(_("Everything is as {name} says.").format(name=name))
        return self.edit

    def _say(self, markup: str) -> None:
        self.said.value = f"<p>{markup}</p>"

    def _saved(self, _button: Any) -> None:
        before = self.edit
        if self.look().after != before.after or self.edit.before != before.before:
            self._say(_("The difference is another now: look at it, then save."))
            return
        if not self.edit.difference:
            self._say(_("There is nothing to save."))
            return
        self.edit.save()
        self.stage.choose(self.changes)  # what the YAML says is no choice any more
        self.look()
        self._say(_("Saved in {name}.").format(name=html.escape(self.edit.path.name)))

    def _forgotten(self, _button: Any) -> None:
        written = load(self.experiment).as_dict()
        keys = [(key, *key.split(".")) for key in choices.read(self.experiment)]
        self.stage.choose({key: written[section][name] for key, section, name in keys})
        self._say(_("Forgotten. What is typed in a parameters cell counts as long as it stands there."))
        self.look()

    def _started(self, _button: Any) -> None:
        if headless_run.at_work(self.experiment):  # begun here, or from another notebook's panel
            raise ParameterError(_("A run from here is still at work"))
        if self.look().difference:
            raise ParameterError(_("A headless run is made from the YAML: save the choices first, or forget them"))
        self.run = headless_run.begin(self.experiment)
        self._watch(self.run)

    def _watch(self, run: headless_run.HeadlessRun) -> None:
        self._say(_("At work in a process of its own: it goes on when this page, or JupyterLab, is closed."))
        self.follower = threading.Thread(target=guarded(self._say)(self._follow), args=(run,), daemon=True)
        self.follower.start()

    def _follow(self, run: headless_run.HeadlessRun) -> None:
        waiting = threading.Event()
        while True:
            ended = run.ended  # asked for before the words, or the last of them would be missed
            lines = "\n".join(run.said.splitlines()[-_LINES:])
            self.progress.value = f'<pre style="{_PRE}">{safe(lines)}</pre>' if lines else ""
            if ended:
                self._say(safe(ended).replace("\n", "<br>"))
                return
            waiting.wait(1)
