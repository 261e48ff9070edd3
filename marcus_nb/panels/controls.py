"""A control for a parameter, as the schema declares it: its meaning, and its value back again."""

from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

from marcus_nb.parameters.schema import SECTIONS
from marcus_nb.words import _, shown


def meaning(section: str, name: str) -> str:
    """What a parameter does, with its unit: `"Conversations with a shorter message are dropped. [characters]"`."""
    field = SECTIONS[section].model_fields[name]
    unit = (field.json_schema_extra or {}).get("unit", "") if isinstance(field.json_schema_extra, dict) else ""
    words = shown(" ".join((field.description or "").split()))
    return f"{words} [{shown(unit)}]" if unit else words


def control(section: str, name: str, value: Any, changed: Callable[[Any], None]) -> Any:
    """A widget that shows a parameter's value and calls `changed` with each new one, in the schema's own type.

    A box commits with Enter or when it is left; a list is one entry a line; a policy is a menu for each kind.
    """
    import ipywidgets  # headless nothing of it may exist

    field = SECTIONS[section].model_fields[name]
    kind = field.annotation
    told: dict[str, Any] = {
        "description": name,
        "tooltip": meaning(section, name),
        "style": {"description_width": "12em"},
        "layout": ipywidgets.Layout(width="24em"),
    }
    if get_origin(kind) is dict:
        return _policy(kind, value, changed, told)
    if kind is bool:
        widget = ipywidgets.Checkbox(value=value, indent=False, **told)
    elif get_origin(kind) is Literal:
        widget = ipywidgets.Dropdown(options=list(get_args(kind)), value=value, **told)
    elif kind in (int, float):
        # None with limits: it would turn what is typed into something else without a word.
        box = ipywidgets.IntText if kind is int else ipywidgets.FloatText
        widget = box(value=value, step=1 if kind is int else 0.01, continuous_update=False, **told)
    elif get_origin(kind) is list:
        told["placeholder"] = _("one a line")
        text, rows = "\n".join(value), max(1, len(value))
        widget = ipywidgets.Textarea(value=text, rows=rows, continuous_update=False, **told)
        widget.observe(
            lambda change: changed([line.strip() for line in change["new"].split("\n") if line.strip()]), "value"
        )
        return widget
    else:
        widget = ipywidgets.Text(value=value, continuous_update=False, **told)
    widget.observe(lambda change: changed(change["new"]), "value")
    return widget


def _policy(kind: Any, value: dict[str, str], changed: Callable[[Any], None], told: dict[str, Any]) -> Any:
    """A menu for each key that the parameter knows; what says the same as none is left out."""
    import ipywidgets

    keys, policies = (get_args(part) for part in get_args(kind))
    menus = {
        key: ipywidgets.Dropdown(
            **told | {"description": f"{told['description']}: {key}"},
            options=list(policies),
            value=value.get(key, policies[0]),
        )
        for key in keys
    }

    def chosen(_: Any) -> None:
        changed({key: menu.value for key, menu in menus.items() if menu.value != policies[0]})

    for menu in menus.values():
        menu.observe(chosen, "value")
    return ipywidgets.VBox(list(menus.values()))
