"""Panels that answer while cells are at work, and that leave something to read where nothing is alive."""

from typing import Any

from IPython.display import display

from marcus_nb.display import Block


def show(box: Any, static: Block, display_id: str | None = None) -> None:
    """Display a panel; where the saved notebook is read without its kernel (GitHub, nbconvert), `static` is read.

    With a `display_id` another thing can take its place later.
    """
    bundle = at_once(box)._repr_mimebundle_()
    display(bundle | {"text/html": static.markup, "text/plain": static.plain}, raw=True, display_id=display_id)


def at_once(box: Any) -> Any:
    """Make every control in a box answer during a long cell, too, and return the box.

    JupyterLab sends clicks to a subshell, a thread of the kernel's own; but ipykernel 7.4 notes which shell last
    wrote to a widget, and would keep its clicks there until the cells have ended.
    """
    for child in getattr(box, "children", ()):
        at_once(child)
    if box.comm is not None:
        box.comm._reply_subshell_for = None  # for good: a cell at work may write to it any time
    return box
