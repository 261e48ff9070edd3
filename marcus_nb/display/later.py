"""A place in the notebook whose content is only known further down."""

from typing import Any

from IPython.display import display

from marcus_nb.display.blocks import Block, banner


class Place:
    """What stands under a cell now, and can be replaced from a later one, in the executed notebook too."""

    def __init__(self, waiting: str) -> None:
        self._handle = display(banner(waiting, [], "plain"), display_id=True)

    def fill(self, shown: Block) -> Any:
        """Put this there instead."""
        self._handle.update(shown)
        return shown


def later(waiting: str) -> Place:
    """Keep a place open here: `answer = later("Still at work …")`, and further down `answer.fill(block)`."""
    return Place(waiting)
