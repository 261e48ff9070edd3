"""Figures: a title that states the finding, axes with units, series labelled where they end."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.style
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from marcus_nb.display.blocks import Block, sentence

if TYPE_CHECKING:  # at run time it would bring torch into notebooks that need none
    from marcus_nb.conversation import Conversation

STYLE = Path(__file__).resolve().parents[1] / "marcus.mplstyle"
WIDTH = 760  # pixels on the page
COLOURS = 32
_STEPS = ((62, "day", "D"), (3 * 366, "month", "M"), (float("inf"), "year", "Y"))  # up to so many days


class Picture:
    """A figure as PNG, with its finding as text for those who cannot see it."""

    def __init__(self, png: bytes, alt: str) -> None:
        self.png, self.alt = png, alt

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt, "width": WIDTH}}


def _figure(height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7.6, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def picture(figure: Figure, alt: str) -> Picture:
    """The finished figure as PNG; `alt` is its finding in words."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    # A quarter of the bytes in a notebook, and no difference to the eye: figures have few colours.
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(small, format="png", optimize=True)
    return Picture(small.getvalue(), alt)


def lengths_figure(lengths: Sequence[int], unit: str, limit: int | None = None) -> Picture:
    """How long the conversations are, against the limit when there is one."""
    with matplotlib.style.context(STYLE):
        figure, axes = _figure(2.9)
        axes.hist(lengths, bins=min(40, max(5, len(set(lengths)))))
        median = sorted(lengths)[len(lengths) // 2]
        title = f"Half of the {len(lengths)} conversations have at most {median} {unit}"
        if limit is not None:
            over = sum(length > limit for length in lengths)
            title = f"{over} of {len(lengths)} conversations exceed {limit} {unit}; the longest has {max(lengths)}"
        axes.set_title(title)
        axes.set_xlabel(f"length [{unit}]")
        axes.set_ylabel("conversations")
        axes.yaxis.get_major_locator().set_params(integer=True)
        return picture(figure, title)


def times_figure(conversations: Sequence[Conversation]) -> Picture | Block:
    """How many conversations began in each day, month or year, where the files tell when; else a sentence."""
    days = Counter(item.time[:10] for item in conversations if item.time)
    if not days:
        return sentence("No file tells when its conversations took place.")
    periods = pd.PeriodIndex(days, freq="D")
    first, last, known = periods.min(), periods.max(), days.total()
    unit, step = next((name, letter) for most, name, letter in _STEPS if (last - first).n <= most)
    every = pd.period_range(first, last, freq="D").asfreq(step).unique()
    counted = pd.Series(list(days.values()), index=periods.asfreq(step)).groupby(level=0).sum()
    counted = counted.reindex(every, fill_value=0)
    with matplotlib.style.context(STYLE):
        figure, axes = _figure(2.7)
        axes.bar(range(len(counted)), counted.to_numpy(), width=0.85)
        places = sorted({round(place * (len(counted) - 1) / 5) for place in range(6)})
        axes.set_xticks(places, [str(counted.index[place]) for place in places])
        axes.set_ylabel("conversations")
        undated = len(conversations) - known
        axes.set_xlabel(f"{unit} of the first message" + (f" ({undated:,} without a time)" if undated else ""))
        axes.yaxis.get_major_locator().set_params(integer=True)
        most = f"most in {counted.idxmax()}: {counted.max():,}"
        title = f"{known:,} conversations from {first} to {last}; {most}"
        axes.set_title(title)
        return picture(figure, title)


def funnel_figure(frame: pd.DataFrame) -> Picture:
    """Conversations left after each rule that dropped some; `frame` is `clean.funnel`."""
    entered, dropped, left = frame["entered"].iloc[0], int(frame["dropped"].sum()), int(frame["left"].iloc[-1])
    took = frame[frame["dropped"] > 0]
    bars = [("came in", entered, 0), *zip(took["rule"], took["left"], took["dropped"], strict=True)]
    with matplotlib.style.context(STYLE):
        figure, axes = _figure(0.36 * len(bars) + 1.2)
        axes.barh([name for name, _, _ in bars], [remaining for _, remaining, _ in bars])
        for position, (_, remaining, lost) in enumerate(bars):
            label = f" {remaining:,}" + (f"  (−{lost:,})" if lost else "")
            axes.text(remaining, position, label, va="center", fontsize=10.5)
        axes.invert_yaxis()
        axes.set_xlim(0, entered * 1.18)
        axes.grid(axis="y", visible=False)
        title = f"{left:,} of {entered:,} conversations are left; {dropped:,} were dropped"
        axes.set_title(title)
        axes.set_xlabel("conversations left after the rule")
        return picture(figure, title)
