"""Which files are read, and what each is taken for: add, remove, and overrule what was recognised, seen at once."""

import html
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, get_args

from marcus_nb import display as shown
from marcus_nb import formats
from marcus_nb.display import Block
from marcus_nb.formats import FormatError, Table
from marcus_nb.formats.speakers import role_word
from marcus_nb.ingest.sources import gather
from marcus_nb.panels import headless, picking
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.folding import folded
from marcus_nb.panels.live import show
from marcus_nb.panels.newest import Newest
from marcus_nb.parameters import ROOT, ParameterError, Source, source_path
from marcus_nb.runs import DRAFT, Stage
from marcus_nb.words import _

# The parts that columns can play (`Source.columns`), in two families.
PARTS = (
    *("prompt", "response", "input", "history", "customer"),
    *("conversation", "author", "role", "order", "time", "content"),
)


def sources(stage: Stage) -> None:
    """In JupyterLab's draft menus to overrule what each file was taken for, and to add files; headless nothing.

    They stand before the files are read: one that cannot be read is the one that wants overruling most.
    """
    if not headless() and stage.run.name == DRAFT:
        show(Sources(stage).box, Block("", ""))


class Sources:
    """One file at a time: its menus, the evidence, and three of its conversations.

    `wanted` is the file as a person set the menus; it becomes a choice when it can be read so. What is set while
    another thread fills the menus is added to it like everything else.
    """

    def __init__(self, stage: Stage) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.stage = stage
        self.fillers: set[int] = set()  # threads that fill the menus now
        self.wanted: dict[str, Any] = {}
        self.sheets: dict[str, list[str]] = {}  # by file: with one of them chosen the others are no longer read
        narrow = ipywidgets.Layout(width="auto", flex="1 1 17em")
        wide = ipywidgets.Layout(width="auto")
        named = {"style": {"description_width": "initial"}, "layout": narrow}
        self.said, self.seen = ipywidgets.HTML(), ipywidgets.HTML()
        self.work = Newest(self._say)
        guard = guarded(self._say)
        self.file = ipywidgets.Dropdown(description=_("File"), **named)
        self.remove = ipywidgets.Button(description=_("Remove file"), icon="trash", layout=wide)
        self.menus = {
            name: ipywidgets.Dropdown(description=words, **named)
            for name, words in {
                "container": _("Kind of file"),
                "sheet": _("Sheet"),
                "shape": _("Records are"),
                "persona_speaker": _("Persona speaks as"),
            }.items()
        }
        self.header = ipywidgets.BoundedIntText(min=-1, max=10**6, description=_("Header in line"), **named)
        self.header.tooltip = _("0: recognised; -1: there is none")
        self.columns = {part: ipywidgets.Dropdown(description=part, **named) for part in PARTS}
        self.path = ipywidgets.Combobox(
            placeholder=_("Path of a file, folder or pattern"), continuous_update=False, layout=narrow
        )
        self.path.tooltip = _("Type a folder and press Enter to choose from what lies in it")
        self.path.options = picking.near(stage.parameters.ingest.sources)
        self.add = ipywidgets.Button(description=_("Add file"), icon="plus", layout=wide)
        self.upload = ipywidgets.FileUpload(description=_("Upload"), multiple=True, layout=wide)
        for widget in (*self.menus.values(), self.header, *self.columns.values()):
            widget.observe(guard(self._overruled), "value")
        self.file.observe(guard(self._picked), "value")
        self.remove.on_click(guard(self._removed))
        self.path.observe(guard(self._looked), "value")
        self.add.on_click(guard(self._added))
        self.upload.observe(guard(self._uploaded), "value")
        row = ipywidgets.Layout(flex_flow="row wrap")
        parts = ipywidgets.HBox(list(self.columns.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
        columns = folded(_("Which column plays which part"), parts)
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HBox([self.file, self.remove], layout=row),
                ipywidgets.HBox([*self.menus.values(), self.header], layout=row),
                columns,
                ipywidgets.HBox([self.path, self.add, self.upload], layout=row),
                *(self.said, self.seen),
            ],
            layout=ipywidgets.Layout(max_width="60em"),
        )
        self._list(0)
        guard(self._turn_to)(0)

    @property
    def _all(self) -> list[dict[str, Any]]:
        return self.stage.parameters.stage("ingest")["sources"]

    def _say(self, markup: str) -> None:
        self.said.value = f"<p>{markup}</p>"

    @contextmanager
    def _filling(self) -> Iterator[None]:
        self.fillers.add(threading.get_ident())
        try:
            yield
        finally:
            self.fillers.discard(threading.get_ident())

    def _list(self, chosen: int) -> None:
        with self._filling():
            self.file.options = [(item["path"], at) for at, item in enumerate(self._all)]
            self.file.value = chosen
        self._wait(False)

    def _wait(self, waiting: bool) -> None:
        """While a choice is read no other file can be turned to: the choice would be lost over it."""
        for widget in (self.file, self.add, self.upload):
            widget.disabled = waiting
        self.remove.disabled = waiting or len(self._all) == 1

    def _ask(self, chosen: Sequence[dict[str, Any]], take: Callable[[list[Table]], None]) -> None:
        """Read files and hand over what the last one holds; if one cannot be read, say why and offer what it has."""
        asked = self.stage.parameters
        persona, leading = asked.shared.persona_name, asked.ingest.leading_persona_turns
        names = ", ".join(item["path"] for item in chosen)
        self._say(_("Reading {name} …").format(name=html.escape(names)))

        def read() -> list[Table] | Exception:
            try:
                return [formats.read([Source.model_validate(item)], ROOT, persona, leading) for item in chosen][-1]
            except Exception as error:  # shown below, once everything can be clicked again
                return error

        def done(found: list[Table] | Exception) -> None:
            self._wait(False)
            if isinstance(found, FormatError) and len(chosen) == 1 and chosen[0]["path"] == self.file.label:
                self._offer(chosen[0], found.columns, found.speakers)
            if isinstance(found, Exception):
                raise found
            take(found)

        self.work.ask(read, done)

    def _turn_to(self, at: int, told: str = "") -> None:
        """Another file: nothing of the last one stays to be seen, also where this one cannot be read; then `told`."""
        source = self.wanted = self._all[at]
        self._show(source, [])
        self.seen.value = ""

        def take(tables: list[Table]) -> None:
            self._show(source, tables)
            self._say(told)

        self._ask([source], take)

    def _offer(self, source: dict[str, Any], columns: Iterable[str], speakers: Iterable[str]) -> None:
        """Columns and speakers to choose from; what `source` says is always among them, so that it is never lost."""
        with self._filling():
            for part, menu in self.columns.items() if columns else ():
                _fill(menu, menu.options[0][0], columns, source["columns"].get(part, ""))
            if speakers:
                menu = self.menus["persona_speaker"]
                _fill(menu, menu.options[0][0], speakers, source["persona_speaker"])

    def _show(self, source: dict[str, Any], tables: Sequence[Table]) -> None:
        """The menus with what this file offers, the evidence, and three conversations."""
        found = list(dict.fromkeys(table.sheet for table in tables if table.sheet))
        sheets = found if not source["sheet"] else self.sheets.get(source["path"], found)
        self.sheets[source["path"]] = sheets
        columns = list(dict.fromkeys(column for table in tables for column in table.every_column))
        taken = {part: column for table in tables for part, column in table.columns.items()}
        with self._filling():
            for name, menu in self.menus.items():
                first, offered = _offered(name, tables)
                _fill(menu, first, sheets if name == "sheet" else offered, source[name])
            for part, menu in self.columns.items():
                recognised = f" ({taken[part]})" if part in taken and part not in source["columns"] else ""
                _fill(menu, _("recognised") + recognised, columns, source["columns"].get(part, ""))
            self.header.value = source["header_row"]
        read = gather(list(tables))
        persona = self.stage.parameters.shared.persona_name
        seen = shown.stack(shown.recognised(read), shown.before_after(read, persona))
        self.seen.value = f'<div style="line-height:1.35">{seen.markup}</div>'  # a widget sets lines far apart

    def _picked(self, _change: Any) -> None:
        if threading.get_ident() not in self.fillers:
            self._turn_to(self.file.value)

    def _overruled(self, change: dict[str, Any]) -> None:
        if threading.get_ident() in self.fillers:
            return
        at, widget = self.file.value, change["owner"]
        part = next((part for part, menu in self.columns.items() if menu is widget), None)
        if part:
            columns = self.wanted["columns"] | {part: change["new"]}
            changed = {"columns": {part: column for part, column in columns.items() if column}}
        else:
            names = {"header_row": self.header} | self.menus
            changed = {name: change["new"] for name, menu in names.items() if menu is widget}
        source = self.wanted = self.wanted | changed

        def take(tables: list[Table]) -> None:
            listed = self._all
            listed[at] = source
            self._choose(listed, at, tables)

        self._wait(True)
        self._ask([source], take)

    def _choose(self, listed: list[dict[str, Any]], at: int, tables: Sequence[Table]) -> None:
        self.stage.choose({"ingest.sources": listed})
        self.wanted = listed[at]
        self._list(at)
        self._show(listed[at], tables)
        count = sum(len(table.conversations) for table in tables)
        told = _("{count:,} conversations from {name}. Run the cells from “{heading}” on to take it in.")
        heading = "What each file was taken for"  # as it stands in the notebook
        self._say(html.escape(told.format(count=count, name=listed[at]["path"], heading=heading)))

    def _take(self, paths: Sequence[str]) -> None:
        known = [item["path"] for item in self._all]
        fresh = [path for path in dict.fromkeys(paths) if path not in known]
        if not fresh:
            raise ParameterError(_("{name} is read already").format(name=", ".join(paths)))
        added = [Source(path=path).model_dump(mode="json") for path in fresh]
        self._wait(True)
        self._ask(added, lambda tables: self._choose([*self._all, *added], len(self._all) + len(added) - 1, tables))

    def _added(self, _button: Any) -> None:
        if not self.path.value.strip():
            raise ParameterError(_("Which file? Type its path beside the button"))
        self._take([source_path(str(picking.typed(self.path.value)))])
        self.path.value = ""

    def _looked(self, _change: Any) -> None:
        """A folder was typed: what lies in it is what the box offers from now on."""
        if self.path.value.strip() and (folder := picking.typed(self.path.value)).is_dir():
            self.path.options = picking.inside(folder)
            told = _("{count:,} files and folders in {name}: choose one in the box, or add the whole folder.")
            self._say(html.escape(told.format(count=len(self.path.options), name=self.path.value.strip())))

    def _uploaded(self, change: dict[str, Any]) -> None:
        if change["new"]:
            experiment = self.stage.run.experiment
            kept = [picking.uploaded(experiment, item["name"], bytes(item["content"])) for item in change["new"]]
            self.upload.value = ()  # the same file can then be uploaded once more
            self._take(kept)

    def _removed(self, _button: Any) -> None:
        listed = self._all
        gone = listed.pop(self.file.value)
        self.stage.choose({"ingest.sources": listed})
        self._list(0)
        self._turn_to(0, _("{name} is not read any more.").format(name=html.escape(gone["path"])))


def _fill(menu: Any, first: str, offered: Iterable[str], chosen: str) -> None:
    """A menu whose first option means what was recognised; what is chosen is an option also if the file lacks it."""
    names = dict.fromkeys([*offered, *([chosen] if chosen else [])])
    menu.options = [(first, ""), *((name, name) for name in names)]
    menu.value = chosen


def _offered(name: str, tables: Sequence[Table]) -> tuple[str, list[str]]:
    """A menu's first option, with what was recognised in brackets, and the others: `("recognised (csv)", ["csv"])`."""
    if name in ("container", "shape"):
        found = {getattr(table, name) for table in tables}
        offered = [value for value in get_args(Source.model_fields[name].annotation) if value]
    elif name == "sheet":
        found, offered = set(), []
    else:
        found = {table.persona_speaker or "" for table in tables}
        offered = [speaker for table in tables for speaker in table.speakers if role_word(speaker) != "system"]
    recognised = ", ".join(sorted(filter(None, found)))
    first = _("recognised") if name != "sheet" else _("all sheets")
    return f"{first} ({recognised})" if recognised else first, offered
