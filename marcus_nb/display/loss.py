"""The course of a training as one figure: losses above, the learning rate below, what happened as numbered marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from marcus_nb.display.figures import STYLE, Picture, picture
from marcus_nb.words import _

QUIET = "#444444"
Points = Sequence[tuple[int, float]]


def grouped(events: Sequence[dict[str, Any]]) -> list[tuple[str, list[int]]]:
    """What happened, in the order of its first time: `[("loss was no number: step skipped", [3, 7]), …]`."""
    steps: dict[str, list[int]] = {}
    for event in events:
        words = "; ".join(filter(None, (event["what"], event.get("did"))))
        steps.setdefault(words, []).append(event["step"])
    return list(steps.items())


def loss_figure(
    metrics: Sequence[dict[str, Any]], kept_step: int | None = None, events: Sequence[dict[str, Any]] = ()
) -> Picture:
    """Train and validation loss and the learning rate over the steps; best and kept step and `events` are marked.

    `metrics` and `events` are the rows of metrics.jsonl and events.jsonl; a loss of null leaves a gap.
    """
    validation = _points(metrics, "validation_loss")
    title = _course(validation, kept_step) if validation else _("Waiting for the first measurement")
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(7.6, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
        _draw_losses(axes, _points(metrics, "loss", gaps=True), validation)
        _mark_steps(axes, validation, kept_step)
        _mark_events(axes, events)
        axes.set_title(title)
        axes.set_ylabel(_("loss [nats per\nlearned token]"))
        axes.margins(y=0.09)
        last = max([1, *(row["step"] for row in (*metrics, *events))])
        axes.set_xlim(-0.02 * last, 1.02 * last)
        rates = _points(metrics, "learning_rate")
        below.plot(*_columns(rates), color=QUIET, linewidth=1.6)
        below.set_ylim(bottom=0)
        below.ticklabel_format(axis="y", scilimits=(-2, 4), useMathText=True)
        below.yaxis.get_major_locator().set_params(nbins=3)
        for panel, points in ((axes, metrics), (below, rates)):
            if not points:
                panel.set_yticks([])
        below.set_ylabel(_("learning\nrate"))
        below.set_xlabel(_("step"))
        below.xaxis.get_major_locator().set_params(integer=True)
        figure.align_ylabels()
        return picture(figure, title)


def _points(metrics: Sequence[dict[str, Any]], name: str, gaps: bool = False) -> list[tuple[int, float]]:
    """The steps that tell of `name`, with its values; null becomes NaN, at which a line breaks, or is left out."""
    found = [(row["step"], math.nan if row[name] is None else row[name]) for row in metrics if name in row]
    return [point for point in found if gaps or math.isfinite(point[1])]


def _columns(points: Points) -> tuple[list[int], list[float]]:
    return [step for step, _ in points], [value for _, value in points]


def _draw_losses(axes: Any, train: Points, validation: Points) -> None:
    named = ((_("train"), train, {"linewidth": 1.6}), (_("validation"), validation, {"marker": "o", "markersize": 5}))
    told = {name: [point for point in points if math.isfinite(point[1])] for name, points, _look in named}
    # The higher of the two ends is labelled above itself and the lower below, so that they never overlap.
    ends = [points[-1][1] for points in told.values() if points]
    for name, points, look in named:
        line = axes.plot(*_columns(points), **look)[0]
        if told[name]:
            step, last = told[name][-1]
            place = {"xytext": (8, 7 if last == max(ends) else -7), "textcoords": "offset points", "va": "center"}
            words = f"{name} {last:.2f}"
            axes.annotate(
                words, (step, last), **place, color=line.get_color(), fontweight="bold", annotation_clip=False
            )


def _mark_steps(axes: Any, validation: Points, kept_step: int | None) -> None:
    if not validation:
        return
    best = min(validation, key=lambda point: point[1])
    axes.plot(*best, marker="*", markersize=15, color="#009E73", markeredgecolor="white", linestyle="", zorder=4)
    marks = {best[0]: _("best")}
    if kept_step is not None:
        marks[kept_step] = _("best, kept") if kept_step == best[0] else _("kept")
    middle = (validation[0][0] + validation[-1][0]) / 2
    for step, words in marks.items():
        axes.axvline(step, color=QUIET, linestyle=":", linewidth=1.4)
        side = "right" if step > middle else "left"  # towards the middle, where no end of the figure cuts it
        shift = {"xytext": (-4 if side == "right" else 4, -2), "textcoords": "offset points"}
        axes.annotate(words, (step, 1), xycoords=("data", "axes fraction"), ha=side, va="top", fontsize=10, **shift)


def _mark_events(axes: Any, events: Sequence[dict[str, Any]]) -> None:
    """A numbered circle on the axis for each; the words stand beneath the figure under the same number."""
    for number, (_event, steps) in enumerate(grouped(events), 1):
        for step in dict.fromkeys(steps):
            axes.annotate(
                str(number),
                (step, 0),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="center",
                fontsize=8.5,
                fontweight="bold",
                color="white",
                bbox={"boxstyle": "circle,pad=0.25", "facecolor": "#B8860B", "edgecolor": "white"},
                annotation_clip=False,
                zorder=5,
            )


def _course(validation: Points, kept_step: int | None = None) -> str:
    """How the validation loss went: `[(0, 5.2), (9, 3.1)]` is measured before the first step and at step 9."""
    (first_step, first), *later = validation
    if not later:
        return _("Validation loss is {first} at step {step}").format(first=f"{first:.2f}", step=first_step)
    step, best = min(later, key=lambda point: point[1])
    kept = dict(validation).get(kept_step, best)
    if best < kept:
        told = _("Validation loss {first} before, {best} at best (step {step}), {kept} as kept")
    elif best < first:
        told = _("Validation loss fell from {first} to {best}, best at step {step}")
    else:
        told = _("Validation loss never fell below its first {first}; {best} at step {step} came nearest")
    return told.format(first=f"{first:.2f}", best=f"{best:.2f}", step=step, kept=f"{kept:.2f}")
