"""The pieces a page is made of. What goes in as text comes out escaped; `Markup` is HTML already."""

import html
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from marcus_nb.display.amounts import duration
from marcus_nb.words import _


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def cell(value: object) -> str:
    return value if isinstance(value, Markup) else html.escape(str(value))


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = (), kind: str = ""
) -> Markup:
    """A table in a box of its own that scrolls; the first cell of a row heads it. `numbers` are right-aligned columns.

    The caption, heads and cells are escaped, `Markup` apart.
    """

    def classed(place: int) -> str:
        return ' class="number"' if place in numbers else ""

    head = "".join(f'<th scope="col"{classed(place)}>{cell(name)}</th>' for place, name in enumerate(heads))
    body = "".join(
        "<tr>"
        + f'<th scope="row"{classed(0)}>{cell(row[0])}</th>'
        + "".join(f"<td{classed(place)}>{cell(value)}</td>" for place, value in enumerate(row[1:], 1))
        + "</tr>"
        for row in rows
    )
    return Markup(
        f'<div class="wide" role="region" tabindex="0" aria-label="{html.escape(caption)}">'
        f'<table class="ours {kind}"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(title: str, inside: str, kind: str = "") -> Markup:
    """What is shown when one opens it; `inside` is HTML."""
    classed = f' class="{kind}"' if kind else ""
    return Markup(f"<details{classed}><summary>{html.escape(title)}</summary>{inside}</details>")


def section(identity: str, title: str, inside: str) -> Markup:
    """A part of the page with its heading; `inside` is HTML."""
    return Markup(
        f'<section id="{identity}" aria-labelledby="{identity}-title">'
        f'<h2 id="{identity}-title">{html.escape(title)}</h2>{inside}</section>'
    )


def moment(stamp: object) -> str:
    """`moment("2026-11-23T04:03:52+00:00")` → `"23 Nov 2026, 04:03 UTC"`; what is no time stays as it is."""
    try:
        when = datetime.fromisoformat(str(stamp)).astimezone(UTC)
    except ValueError:
        return str(stamp or "")
    month = _("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec").split()[when.month - 1]
    return f"{when.day} {month} {when:%Y, %H:%M} UTC"


def seconds_between(start: object, end: object) -> float | None:
    """Seconds from one time stamp to another, or None where one is missing."""
    try:
        return (datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(start))).total_seconds()
    except (ValueError, TypeError):
        return None


def took(seconds: object) -> str:
    """`took(250.8)` → `"4 min"`; "under 1 s" for less, "" where it is not known."""
    if not isinstance(seconds, int | float):
        return ""
    return duration(seconds) if seconds >= 0.95 else _("under 1 s")
