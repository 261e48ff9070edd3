"""A control for one parameter, made from what the schema says of it: type, range, default, unit and meaning."""

import html
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from marcus_nb.display.blocks import COLORS
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.live import at_once
from marcus_nb.parameters import ParameterError
from marcus_nb.parameters.schema import SECTIONS
from marcus_nb.runs import RunError
from marcus_nb.words import _, shown

_SHORT = 24  # characters of a value on a button


class Field:
    """A parameter's row in a form: its control, what it means, and what is wrong with what was entered.

    `key` is `"train.lora_r"`; `choose({key: value})` takes a new value, or raises ParameterError, which is shown while
    the old value stays. `box` is the widget.
    """

    def __init__(self, key: str, value: Any, choose: Callable[[dict[str, Any]], None]) -> None:
        import ipywidgets  # headless nothing of it may exist

        section, _dot, self.name = key.partition(".")
        self.key, self.value, self.choose = key, value, choose
        self.schema = SECTIONS[section].model_fields[self.name]
        self.control = _control(self.name, self.schema, value)
        self.about = ipywidgets.HTML()
        self.beside = ipywidgets.VBox([self.about], layout=ipywidgets.Layout(flex="1 1 20em"))
        self.box = ipywidgets.HBox(
            [self.control, self.beside],
            layout=ipywidgets.Layout(flex_flow="row wrap", align_items="flex-start", grid_gap="0 12px"),
        )
        self._showing = False
        self._back_to: Any = None
        self.say("")
        self.control.observe(guarded(self.say)(self._entered), "value")

    def show(self, value: Any, back_to: Any = None) -> None:
        """Show the value that stands; `back_to` is what the YAML says where that is another, for the way back."""
        self.value = value
        if self._read() != value:
            self._showing = True
            try:
                self.control.value = _written(self.schema, value)
            finally:
                self._showing = False
        if back_to != self._back_to:
            self._back_to = back_to
            self.beside.children = [self.about, *([] if back_to is None else [self._button(back_to)])]

    def say(self, markup: str) -> None:
        """Show what is wrong, as HTML, or with nothing that all is well."""
        facts = html.escape(facts_of(self.schema))
        meaning = html.escape(shown(meaning_of(self.schema)))
        wrong = f'<div role="alert" style="color:{COLORS["bad"]}">⚠ {markup}</div>' if markup else ""
        about = f'{meaning} <span style="opacity:.75;white-space:nowrap">{facts}</span>'
        self.about.value = f'<div style="line-height:1.35;padding:3px 0;font-size:.92em">{about}{wrong}</div>'

    def _entered(self, _change: Any) -> None:
        if self._showing or (value := self._read()) == self.value:
            return
        try:
            self.choose({self.key: value})
        except (ParameterError, RunError) as error:
            problem = str(error).partition(f"{self.key}: ")[2] or str(error)
            problem = problem.removesuffix(meaning_of(self.schema))  # it stands there already
            stays = _("It stays at {value}.").format(value=_short(self.value))
            self.show(self.value, self._back_to)
            self.say(f"{html.escape(problem)}<br>{html.escape(stays)}")
        else:
            self.say("")

    def _read(self) -> Any:
        entered, kind = self.control.value, _kind(self.schema)
        if kind is list:
            return [line.strip() for line in entered.splitlines() if line.strip()]
        return _number(entered) if kind in (int, float) else entered

    def _button(self, value: Any) -> Any:
        import ipywidgets

        made = ipywidgets.Button(
            description=_("{name}: back to {value}").format(name=self.name, value=_short(value)),
            tooltip=_("Take what the YAML says"),
            icon="undo",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        made.on_click(guarded(self.say)(lambda _button: self.choose({self.key: value})))
        return at_once(made)


def meaning_of(schema: FieldInfo) -> str:
    """What the parameter means, in the schema's words."""
    return " ".join((schema.description or "").split())


def facts_of(schema: FieldInfo) -> str:
    """Range, default and unit: `"≥ 1, ≤ 1024 · default 16"`."""
    signs = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt")}
    limits = [
        f"{sign} {getattr(limit, name):,}"
        for limit in schema.metadata
        for kind, (sign, name) in signs.items()
        if isinstance(limit, kind)
    ]
    if any(isinstance(limit, MinLen) for limit in schema.metadata):
        limits.append(_("not empty"))
    extra = schema.json_schema_extra
    unit = extra.get("unit", "") if isinstance(extra, dict) else ""
    default = "" if schema.is_required() else _("default {value}").format(value=_short(schema.default))
    lines = [_("one a line")] if _kind(schema) is list else []
    return " · ".join(filter(None, [*lines, ", ".join(limits), default, shown(str(unit))]))


def _kind(schema: FieldInfo) -> Any:
    origin = get_origin(schema.annotation)
    return origin if origin in (list, Literal) else schema.annotation


def _control(name: str, schema: FieldInfo, value: Any) -> Any:
    import ipywidgets

    kind = _kind(schema)
    look = {
        "description": name,
        "tooltip": shown(meaning_of(schema)),
        # A checkbox has its name on its other side, where it needs the room.
        "style": {"description_width": "9em" if kind is bool else "14.5em"},
        "layout": ipywidgets.Layout(width="27em"),
    }
    if kind is bool:
        return ipywidgets.Checkbox(value, **look)
    if kind is Literal:
        return ipywidgets.Dropdown(options=get_args(schema.annotation), value=value, **look)
    text = _written(schema, value)
    # On Enter or when the person leaves the field: half a number is not a choice.
    if kind is list:
        return ipywidgets.Textarea(text, rows=min(4, max(1, len(value))), continuous_update=False, **look)
    if kind in (int, float, str):
        return ipywidgets.Text(text, continuous_update=False, **look)
    raise TypeError(f"{name} is no parameter for one control: {schema.annotation}")


def _written(schema: FieldInfo, value: Any) -> Any:
    kind = _kind(schema)
    if kind in (bool, Literal):
        return value
    return "\n".join(value) if kind is list else str(value)


def _number(text: str) -> Any:
    """`"8"` → 8, `"2e-4"` → 0.0002; what is no number stays text, for the schema to refuse."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip()


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    words = words or _("none")
    return words if len(words) <= _SHORT else f"{words[: _SHORT - 1]}…"
