"""What is folded away until a person asks for it, by mouse or by keyboard."""

from typing import Any


def folded(title: str, content: Any) -> Any:
    """A button with this title over a box that it opens and closes; ipywidgets' Accordion hears no keyboard."""
    import ipywidgets  # headless nothing of it may exist

    button = ipywidgets.ToggleButton(
        description=title, icon="caret-right", layout=ipywidgets.Layout(width="auto", align_self="flex-start")
    )
    content.layout.display = "none"

    def turned(change: dict[str, Any]) -> None:
        content.layout.display = None if change["new"] else "none"
        button.icon = "caret-down" if change["new"] else "caret-right"

    button.observe(turned, "value")
    return ipywidgets.VBox([button, content])
