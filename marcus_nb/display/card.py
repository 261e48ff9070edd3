"""The report card as one figure, and the habits of speech as another."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.style
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from marcus_nb.display.blocks import COLORS, Block, sentence, table
from marcus_nb.display.figures import STYLE, Picture, picture
from marcus_nb.display.hiding import hidden
from marcus_nb.display.standing import (
    BASE,
    BASELINE,
    MARKS,
    MOODS,
    NOT_MEASURED,
    OPEN,
    PEOPLE,
    REAL,
    REFUTED,
    SUPPORTED,
    TUNED,
    Standing,
    counted,
    needed,
    standing,
    told,
)
from marcus_nb.words import _, shown

if TYPE_CHECKING:  # at run time they would bring torch into notebooks that need none, seconds each
    from marcus_nb.evaluate import Claim, Measured

QUIET, FAINT = "#555555", "#8a8a8a"
_ROW, _HEAD, _FOOT = 0.56, 0.78, 0.7  # inches
_LEFT, _WIDE = 0.345, 0.455  # of the figure: where the scales begin, and how wide they are
_HIDES = 0.03  # of the scale: a mark as near as this lies under another
_ASKED = 1.1  # of the scale: where what is asked for stands
_APART = 0.115  # of the scale: figures nearer to each other would overlap


def card_figure(measures: Sequence[Measured], claims: Sequence[Claim]) -> Picture:
    """Every claim as a row: from the base model to the tuned one to the persona itself, and how much is asked for.

    Each row has its own scale, on which right is better; what is green is enough.
    """
    places = [standing(claim, measures) for claim in claims]
    title = finding(claims)
    rows = [f"{MARKS[place.claim.status]} {_in_words(place)}" for place in places]
    with matplotlib.style.context(STYLE):
        return picture(drawn(places, title), "\n".join([title, *rows]))


def drawn(places: Sequence[Standing], title: str) -> Figure:
    """The figure itself, its places in inches: rows are as high whether there are two of them or twelve."""
    lines = textwrap.wrap(title, 70)
    rows = _ROW * max(len(places), 1)
    height = _HEAD + 0.22 * (len(lines) - 1) + rows + _FOOT
    figure = Figure(figsize=(7.6, height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((_LEFT, _FOOT / height, _WIDE, rows / height))
    axes.set_xlim(0, 1)
    axes.set_ylim(max(len(places), 1) - 0.5, -0.5)
    axes.axis("off")
    for row, place in enumerate(places):
        _draw(axes, row, place)
    figure.text(0.01, 1 - 0.1 / height, "\n".join(lines), fontsize=13, fontweight="bold", va="top")
    quiet = {"y": (_FOOT + rows + 0.1) / height, "fontsize": 10, "color": QUIET}
    figure.text(_LEFT, s=_("← worse"), **quiet)
    figure.text(_LEFT + _WIDE, s=_("better →"), ha="right", **quiet)
    figure.text(_LEFT + _WIDE * _ASKED, s=_("asked for, n"), **quiet)
    figure.legend(handles=_handles(), loc="lower left", ncols=3, fontsize=10, columnspacing=1.4, handletextpad=0.6)
    return figure


def finding(claims: Sequence[Claim]) -> str:
    """`"10 of 12 claims hold; style does not; undecided: loss"`."""
    named = {status: [shown(claim.name) for claim in claims if claim.status == status] for status in MARKS}
    able = len(claims) - len(named[NOT_MEASURED])
    holds = len(named[SUPPORTED])
    hold = _("All {able} claims hold") if able and holds == able else _("{holds} of {able} claims hold")
    said = [hold.format(holds=holds, able=able)]
    if len(named[REFUTED]) == 1:
        said.append(_("{name} does not").format(name=named[REFUTED][0]))
    elif named[REFUTED]:
        said.append(_("{names} do not").format(names=_names(named[REFUTED])))
    if named[OPEN]:
        said.append(_("undecided: {names}").format(names=_names(named[OPEN])))
    if named[NOT_MEASURED]:
        said.append(_("{names} could not be measured").format(names=_names(named[NOT_MEASURED])))
    return hidden("; ".join(said))


def _names(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def _in_words(place: Standing) -> str:
    name = hidden(shown(place.claim.name))
    if place.tuned is None:
        return f"{name}: {shown(place.claim.status)}, n = {place.claim.n}"
    others = [f"{shown(PEOPLE[who])} {told(getattr(place, who), place.unit)}" for who in (TUNED, BASE, BASELINE, REAL)]
    said = [words for words in others if not words.endswith("–")] + [f"{_('asked for')} {needed(place)}"]
    return f"{name}: {', '.join(said)}, n = {place.claim.n}"


def _handles() -> list[Any]:
    dot = {"linestyle": "", "markeredgecolor": QUIET, "color": "white", "markersize": 8}
    interval = {"color": COLORS["good"], "linewidth": 4, "marker": "o", "markersize": 11}
    return [
        Line2D([], [], marker="o", **dot, label=shown(PEOPLE[BASE])),
        Line2D([], [], marker="s", **dot, label=shown(PEOPLE[BASELINE])),
        Line2D([], [], **interval, label=_("tuned model, with interval")),
        Line2D([], [], marker="D", linestyle="", color="black", markersize=7, label=shown(PEOPLE[REAL])),
        Line2D(
            [], [], marker="|", linestyle="", color="#222222", markersize=13, markeredgewidth=1.6, label=_("asked for")
        ),
        Patch(facecolor="#bfe5d8", label=_("enough")),
    ]


def scale(place: Standing) -> tuple[float, float]:
    """The worst and the best end of a row: the best there can be where there is such a thing, and the base model or
    chance at the worst."""
    shown = [place.tuned, place.low, place.high, place.threshold, place.base, place.baseline, place.real]
    values = [value for value in shown if value is not None and math.isfinite(value)]
    if place.unit == "share" and place.higher:
        return 0.0, 1.0
    if place.unit == "share":  # of harms, few are seen: on a scale to 100% they would all be one point
        return min(1.0, max(2.5 * place.threshold, *values)), min(0.0, *values)
    if place.unit == "AUC":
        return (min(0.5, *values), 1.0) if place.higher else (1.0, min(0.5, *values))
    if place.unit == "ratio":
        return max(1.5 * place.threshold, *values), min(1.0, *values)
    if place.higher:  # without a best: room for what is shown, at least three times what is asked for
        start = min(values)
        return start, max(1.08 * (max(values) - start), 3 * ((place.threshold or start) - start)) + start
    return max(values), min(0.0, *values)


def _draw(axes: Any, row: int, place: Standing) -> None:
    claim = place.claim
    color = COLORS[MOODS[claim.status]] if claim.status != NOT_MEASURED else FAINT
    left, right = -_LEFT / _WIDE + 0.025, _ASKED
    name = textwrap.shorten(hidden(shown(claim.name)), 22, placeholder="…")
    axes.text(left, row - 0.1, MARKS[claim.status], color=color, fontsize=14, fontweight="bold", va="center")
    ink = "#222222" if claim.status != NOT_MEASURED else FAINT
    axes.text(left + 0.055, row - 0.1, name, color=ink, fontsize=11.5, fontweight="bold", va="center")
    if place.tuned is None:
        said = _("not measurable") if claim.status == NOT_MEASURED else _("no figure to draw: see the table")
        axes.plot([0, 1], [row - 0.1] * 2, color="#dddddd", linewidth=1, linestyle=":")
        axes.text(0.5, row - 0.1, f" {said} ", color=QUIET, fontsize=10.5, backgroundcolor="white", **_MIDDLE)
        axes.text(right, row - 0.1, f"n = {claim.n}", fontsize=9.5, color=QUIET, va="center")
        return
    unit = "nats" if place.unit.startswith("nats") else "" if place.unit in ("share", "ratio") else shown(place.unit)
    below = textwrap.shorten(hidden(f"{shown(place.measure)}{unit and f' [{unit}]'}"), 40, placeholder="…")
    axes.text(left + 0.055, row + 0.24, below, color=QUIET, fontsize=8.2, va="center")
    axes.text(right, row - 0.1, needed(place), fontsize=11, va="center")
    axes.text(right, row + 0.24, counted(place), fontsize=9.5, color=QUIET, va="center")
    worst, best = scale(place)

    def at(value: float) -> float:
        return min(1.0, max(0.0, (value - worst) / (best - worst))) if best != worst else 1.0

    enough = at(place.threshold)
    axes.barh(row, 1, height=0.3, color="#eeeeee", zorder=0.5)
    axes.barh(row, 1 - enough, left=enough, height=0.3, color="#bfe5d8", zorder=0.6)
    axes.plot([enough] * 2, [row - 0.22, row + 0.22], color="#222222", linewidth=1.6, zorder=2)
    here = at(place.tuned)
    if place.base is not None:
        axes.plot([at(place.base), here], [row, row], color=color, linewidth=1.4, alpha=0.8, zorder=1)
    if all(value is not None and math.isfinite(value) for value in (place.low, place.high)):
        axes.plot([at(place.low), at(place.high)], [row, row], color=color, linewidth=5, alpha=0.45, zorder=1.5)
    axes.plot(here, row, marker="o", markersize=14, color=color, markeredgecolor="white", zorder=5, clip_on=False)
    bold = {"fontweight": "bold", **_MIDDLE}
    axes.text(here, row + 0.015, MARKS[claim.status], color="white", fontsize=9.5, zorder=6, **bold)
    axes.text(here, row - 0.36, told(place.tuned, place.unit), color=color, fontsize=11, **bold)
    written: list[float] = []
    for who, marker, size, order in ((BASE, "o", 8, 4), (REAL, "D", 7, 4), (BASELINE, "s", 8, 3.9)):
        value = getattr(place, who)
        if value is None or not math.isfinite(value):
            continue
        if abs(at(value) - here) < _HIDES:  # a rim around the tuned model's mark
            size, order = 15 if who == REAL else 19, 3.8
        elif who == BASELINE and place.base is not None and abs(at(value) - at(place.base)) < _HIDES:
            size = 12
        face = "black" if who == REAL else "white"
        look = {"color": face, "markeredgecolor": "black" if who == REAL else QUIET, "clip_on": False}
        axes.plot(at(value), row, marker=marker, markersize=size, zorder=order, **look)
        if all(abs(at(value) - other) >= _APART for other in written):
            side = "left" if at(value) < 0.05 else "right" if at(value) > 0.95 else "center"  # inside the scale
            shift = 0.02 if side == "right" else 0
            axes.text(
                at(value) + shift, row + 0.34, told(value, place.unit), color=QUIET, fontsize=9.5, ha=side, va="center"
            )
            written.append(at(value))


_MIDDLE = {"ha": "center", "va": "center"}


def profile_figure(profile: pd.DataFrame) -> Picture | Block:
    """Habits of speech against the persona's own: a row a habit, the persona in the middle.

    `profile` has the columns feature, unit, base, tuned, real; a row of the unit "number" says how many replies there
    are. Each row is in units of the farther model's distance.
    """
    counts = profile.loc[profile["unit"] == "number", "real"]
    known = profile[profile["unit"] != "number"].dropna(subset=["base", "tuned", "real"])
    if known.empty:
        return sentence(_("There are too few replies for a style profile: base or tuned model said nothing (n = 0)."))
    base, tuned = known["base"] - known["real"], known["tuned"] - known["real"]
    nearer = tuned.abs() <= base.abs()
    title = _("The tuned model is at least as near to the persona as the base model in {count} of {habits} habits")
    title = title.format(count=nearer.sum(), habits=len(known))
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(7.6, 0.36 * len(known) + 1.9), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.axvline(0, color="black", linewidth=1.6)
        for row, index in enumerate(known.index):
            unit = max(abs(base[index]), abs(tuned[index])) or 1.0
            start, end = base[index] / unit, tuned[index] / unit
            color = COLORS["good" if nearer[index] else "bad"]
            axes.plot([start, end], [row, row], color=color, linewidth=2)
            axes.plot(start, row, marker="o", color="white", markeredgecolor=QUIET, markersize=8, zorder=3)
            axes.plot(end, row, marker="o" if nearer[index] else "X", color=color, markersize=9, zorder=4)
            before, after, real = (_habit(known.at[index, who], known.at[index, "unit"]) for who in (BASE, TUNED, REAL))
            axes.text(1.2, row, f"{before} → {after} ({real})", color=QUIET, fontsize=9.5, va="center")
        twice = known["feature"].duplicated(keep=False)
        features = known["feature"].map(shown)
        names = features.where(~twice, features + " [" + known["unit"].map(shown) + "]")
        axes.set_yticks(range(len(known)), [textwrap.shorten(hidden(name), 34, placeholder="…") for name in names])
        axes.set_ylim(len(known) - 0.4, -0.6)
        axes.set_xlim(-1.12, 1.12)
        axes.set_xticks([-1, 0, 1], [_("← less"), shown(PEOPLE[REAL]), _("more →")])
        about = _("each row on its own scale; n = {count} replies") if len(counts) else _("each row on its own scale")
        about = about.format(count=f"{counts.iloc[0]:.0f}" if len(counts) else "")
        axes.set_xlabel(f"{about}\n{_('right: base → tuned (persona), units in the table')}")
        axes.grid(axis="y", visible=False)
        figure.suptitle("\n".join(textwrap.wrap(title, 72)), x=0.01, ha="left", fontsize=13, fontweight="bold")
        dot = {"linestyle": "", "markersize": 8}
        handles = [
            Line2D([], [], marker="o", color="white", markeredgecolor=QUIET, **dot, label=shown(PEOPLE[BASE])),
            Line2D([], [], marker="o", color=COLORS["good"], **dot, label=_("tuned model, as near or nearer")),
            Line2D([], [], marker="X", color=COLORS["bad"], **dot, label=_("tuned model, farther")),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=10)
        return picture(figure, title)


def profile_table(profile: pd.DataFrame) -> Block:
    """The same habits with their figures."""
    habits = {
        shown(PEOPLE[who]): [_habit(value, unit) for value, unit in zip(profile[who], profile["unit"], strict=True)]
        for who in (BASE, TUNED, REAL)
    }
    named = {_("habit"): profile["feature"].map(shown), _("unit"): profile["unit"].map(shown)}
    return table(pd.DataFrame(named).assign(**habits), _("Habits of speech in the unseen replies"))


def _habit(value: float, unit: str) -> str:
    """`_habit(0.167, "share of replies")` → "17%", `_habit(9.84, "words")` → "9.8"."""
    if unit.startswith("share") or pd.isna(value):
        return told(value, "share")
    return f"{value:,.0f}" if unit == "number" else f"{value:,.1f}"
