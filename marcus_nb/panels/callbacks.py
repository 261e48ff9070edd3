"""What a widget calls: an error in it is shown where the person looks, for raised it would be seen nowhere."""

import functools
import html
from collections.abc import Callable
from typing import Any

from marcus_nb.words import _


def guarded(say: Callable[[str], None]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a callback so that `say` gets what went wrong, as HTML: `button.on_click(guarded(say)(clicked))`."""

    def decorate(callback: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(callback)
        def called(*arguments: Any, **named: Any) -> Any:
            try:
                return callback(*arguments, **named)
            except Exception as error:
                told = _("That did not work: {error}").format(error=error)
                say(html.escape(told).replace("\n", "<br>"))
                return None

        return called

    return decorate
