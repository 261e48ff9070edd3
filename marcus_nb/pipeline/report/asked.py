"""What was asked of a run: every parameter by section, those changed from the default first and marked."""

from typing import Any

from marcus_nb.display.blocks import safe
from marcus_nb.parameters import Parameters
from marcus_nb.parameters.schema import SECTIONS
from marcus_nb.pipeline.report.pieces import Markup, folded, section, table
from marcus_nb.runs.folders import known_folders, without_folders
from marcus_nb.words import _


def asked(parameters: Parameters) -> str:
    """The section of the page."""
    parts, values = [], without_folders(parameters.as_dict(), known_folders(parameters))
    for name, model in SECTIONS.items():
        changed, usual = [], []
        for field_name, field in model.model_fields.items():
            origin = parameters.origins.get(f"{name}.{field_name}", "default")
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            unit, value = str(extra.get("unit", "")), values[name][field_name]
            default = (
                _said(field.get_default(call_default_factory=True), unit)
                if not field.is_required()
                else _("no default")
            )
            shown = _said(value, unit)
            if origin == "default":
                usual.append([field_name, shown])
            else:
                changed.append([Markup(f"<mark>{field_name}</mark>"), shown, default, origin])
        parts.append(f"<h3>{_('Shared by all stages') if name == 'shared' else name.capitalize()}</h3>")
        if changed:
            caption = _("{count} of {all} parameters chosen for this run")
            caption = caption.format(count=len(changed), all=len(changed) + len(usual))
            parts.append(table(caption, [_("parameter"), _("value"), _("default"), _("chosen in")], changed))
        if usual:
            title = _("{count} at their defaults").format(count=len(usual))
            parts.append(folded(title, table(name, [_("parameter"), _("value")], usual), "list"))
    return section("asked", _("What was asked"), "".join(parts))


def _said(value: Any, unit: str) -> Markup:
    """A value as people write it: sources and probes as lists, true as yes, nothing as a dash; hidden and escaped."""
    if isinstance(value, bool):
        return Markup(_("yes") if value else _("no"))
    if isinstance(value, int | float):
        return Markup(
            f"{value:g} {safe(unit)}".strip() if isinstance(value, float) else f"{value} {safe(unit)}".strip()
        )
    if value in (None, "", [], {}):
        return Markup("–")
    if isinstance(value, list):
        items = "".join(f"<li>{_item(item)}</li>" for item in value)
        listed = f'<ul class="plain">{items}</ul>'
        return folded(_("{count} entries").format(count=len(value)), listed) if len(value) > 3 else Markup(listed)
    return Markup(_item(value))


def _item(value: Any) -> str:
    """One entry of a list: `{"path": "a.csv", "encoding": ""}` → `path: a.csv`."""
    if isinstance(value, dict):
        told = {key: ", ".join(map(str, item)) if isinstance(item, list) else item for key, item in value.items()}
        return "<br>".join(f"{safe(key)}: {safe(item)}" for key, item in told.items() if item not in ("", 0, {}, []))
    return safe(value)
