"""Several runs beside each other: tables with a column a run, and figures with a colour a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.style
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from marcus_nb.display.blocks import Block, banner, sentence, shorten, stack, table
from marcus_nb.display.evaluate import folded
from marcus_nb.display.figures import STYLE, Picture, picture
from marcus_nb.display.hiding import know

MARKS = {"supported": "✓", "not supported": "✗", "open": "?", "not measurable": "–"}
LONGEST = 320  # characters of a reply in a table
ACROSS = 3  # panels of the claims' figure beside each other


def runs_compared(verdicts: pd.DataFrame) -> Block:
    """Which runs these are and what was found of each; from now on their personas' names are shown."""
    for name in verdicts["persona"]:
        know(name)
    return table(verdicts, f"{len(verdicts)} runs")


def _told(value: float, low: float | None, high: float | None, n: int) -> str:
    """`"0.83 (0.70 to 0.91), n = 43"`; without an interval where there is none."""
    if value is None or pd.isna(value):
        return "–"
    form = ".2f" if abs(value) < 100 else ",.0f"
    interval = "" if low is None or pd.isna(low) else f" ({low:{form}} to {high:{form}})"
    return f"{value:{form}}{interval}, n = {n}"


def _wide(frame: pd.DataFrame, keys: Sequence[str], cells: pd.Series) -> pd.DataFrame:
    """A column a run, a dash where a run has no such figure."""
    shown = frame.assign(cell=cells).pivot_table(
        index=list(keys), columns="run", values="cell", aggfunc="first", sort=False
    )
    return shown[list(dict.fromkeys(frame["run"]))].reset_index().fillna("–")


def claims_compared(claims: pd.DataFrame) -> Block:
    """Every claim, a column a run: the deciding figure with its interval, and what came of it."""
    cells = [
        f"{MARKS.get(row.status, '?')} {row.status}"
        + ("" if row.status == "not measurable" else f"\n{_told(row.value, row.low, row.high, row.n)}")
        for row in claims.itertuples()
    ]
    shown = _wide(claims, ["claim"], pd.Series(cells, index=claims.index))
    return table(shown, "The claims, by their deciding figures")


def measures_compared(measures: pd.DataFrame) -> Block:
    """The tuned models' figures behind the claims, a column a run."""
    cells = [_told(row.value, row.low, row.high, row.n) for row in measures.itertuples()]
    shown = _wide(measures, ["claim", "measure", "unit", "better"], pd.Series(cells, index=measures.index))
    return folded(f"All {len(shown)} figures behind them, for the tuned models", table(shown))


def claims_compared_figure(claims: pd.DataFrame) -> Picture:
    """A small panel for each claim: every run's figure with its interval, its mark, and the threshold, dashed."""
    measured = claims[claims["status"] != "not measurable"]
    names = list(dict.fromkeys(measured["claim"]))
    colors = _colors(claims["run"])
    with matplotlib.style.context(STYLE):
        deep = max(1, -(-len(names) // ACROSS))
        figure = Figure(figsize=(9.6, (1.0 + 0.26 * len(colors)) * deep + 0.7), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(deep, ACROSS, squeeze=False).flat
        for name, axes in zip(names, panels, strict=False):
            part = measured[measured["claim"] == name].set_index("run")
            for place, (run, color) in enumerate(colors.items()):
                if run in part.index:
                    row = part.loc[run]
                    spread = [[max(0, row["value"] - row["low"])], [max(0, row["high"] - row["value"])]]
                    axes.errorbar(row["value"], place, xerr=spread, fmt="o", color=color, capsize=4)
                    mark, end = MARKS.get(row["status"], "?"), (row["high"], place)
                    axes.annotate(mark, end, xytext=(6, 0), textcoords="offset points", va="center", color=color)
            axes.axvline(part["threshold"].iloc[0], color="#444444", linewidth=1.3, linestyle="--")
            axes.set_title(name, fontsize=11, pad=5)
            axes.set_ylim(len(colors) - 0.5, -0.5)
            first = axes.get_subplotspec().is_first_col()
            axes.set_yticks(range(len(colors)), list(colors) if first else [""] * len(colors))
            axes.tick_params(labelsize=9)
            axes.set_xlabel(part["unit"].iloc[0], fontsize=9)
            axes.margins(x=0.12)
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.grid(axis="y", visible=False)
        for axes in panels:  # those that are left over
            axes.set_visible(False)
        title = _passed(claims)
        figure.suptitle(title, fontsize=13, fontweight="bold", x=0.01, ha="left")
        return picture(figure, title)


def _passed(claims: pd.DataFrame) -> str:
    able = claims[claims["status"] != "not measurable"]
    told = [
        f"{run} {int((part['status'] == 'supported').sum())} of {len(part)}"
        for run, part in able.groupby("run", sort=False)
    ]
    return f"Claims that hold: {', '.join(told) or 'none could be measured'}"


def _colors(runs: pd.Series) -> dict[str, str]:
    cycle = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    return {run: cycle[place % len(cycle)] for place, run in enumerate(dict.fromkeys(runs))}


def differences(frame: pd.DataFrame) -> Block:
    """The parameters that differ; one sentence where none does."""
    if frame.empty:
        return sentence("Every parameter is the same in all runs: what differs is chance, the data or the version.")
    shown = frame.map(lambda value: shorten(value, 240))
    return table(shown, f"{len(frame)} parameters differ; all others are the same")


def data_compared(frame: pd.DataFrame, same: str) -> Block:
    """What each model learned from, and the sentence on whether it was the same."""
    caption = "Data and training; in brackets the first characters of the file's SHA-256"
    return stack(sentence(same), table(frame, caption))


def courses_figure(courses: pd.DataFrame) -> Picture:
    """All trainings in one figure: validation loss over the epochs as a line, the training loss thin behind it."""
    colors = _colors(courses["run"])
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(7.6, 3.9), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        ends = []
        for run, part in courses.groupby("run", sort=False):
            learned = part.dropna(subset=["loss"])
            axes.plot(learned["epoch"], learned["loss"], color=colors[run], linewidth=1, alpha=0.45)
            checked = part.dropna(subset=["validation_loss"])
            axes.plot(checked["epoch"], checked["validation_loss"], color=colors[run], marker="o")
            if len(checked):
                ends.append((checked["validation_loss"].iloc[-1], checked["epoch"].iloc[-1], run))
        _label_ends(axes, ends, colors)
        axes.margins(x=0.02)
        axes.set_xlim(right=axes.get_xlim()[1] * 1.22)
        axes.set_xlabel("epoch (passes over the training data)")
        axes.set_ylabel("loss [nats per learned token]")
        last_of = {run: value for value, _, run in ends}
        last = ", ".join(f"{run} {last_of[run]:.2f}" for run in colors if run in last_of)
        title = f"Validation loss at the end: {last}" if ends else "No validation loss was measured"
        axes.set_title(title)
        return picture(figure, f"{title}. Thin lines: training loss.")


def _label_ends(axes: Any, ends: list[tuple[float, float, str]], colors: Mapping[str, str]) -> None:
    """A name at the end of each line; names that would lie on each other are moved apart."""
    low, high = axes.get_ylim()
    apart, place = 0.075 * (high - low), -float("inf")
    for value, epoch, run in sorted(ends):
        place = max(value, place + apart)
        axes.annotate(
            run,
            (epoch, value),
            xytext=(epoch, place),
            textcoords="data",
            va="center",
            color=colors[run],
            fontsize=10.5,
            fontweight="bold",
            annotation_clip=False,
        ).set_x(epoch + 0.02 * (axes.get_xlim()[1] - axes.get_xlim()[0]))


def replies_compared(replies: pd.DataFrame, asked_by: str | None = None) -> Block:
    """The same questions answered by every model, a column a model; `asked_by` chooses whose questions."""
    part = replies if asked_by is None else replies[replies["asked_by"] == asked_by]
    if part.empty:
        return sentence("There is no such question that the models could be asked.")
    names = [
        f"{model} told: {persona}" if model.startswith("base model") else model
        for model, persona in zip(part["model"], part["speaks_as"], strict=True)
    ]
    said = [
        (shorten(reply, LONGEST) or "(nothing)") + ("" if ended else " ✂")
        for reply, ended in zip(part["reply"], part["ended"], strict=True)
    ]
    wide = part.assign(name=names, said=said).pivot_table(
        index="question", columns="name", values="said", aggfunc="first", sort=False
    )
    tuned = [name for name in dict.fromkeys(names) if not name.startswith("base model")]
    order = [*tuned, *(name for name in dict.fromkeys(names) if name not in tuned)]
    shown = wide[order].reset_index().fillna("could not be asked")
    caption = "The likeliest replies, each model under its own system prompt; ✂: cut at max_new_tokens"
    return table(shown.rename(columns={"question": "asked"}), caption)


def matrix_figure(matrix: pd.DataFrame, speaks_as: Mapping[str, str]) -> Picture | Block:
    """Every model on every persona's unseen replies: how much likelier they became than to the base model.

    `speaks_as` tells each model's persona.
    """
    if matrix.empty:
        return sentence("No unseen conversation could be scored by all models, so there is no matrix.")
    models, personas = list(dict.fromkeys(matrix["model"])), list(dict.fromkeys(matrix["persona"]))
    gains = matrix.pivot(index="model", columns="persona", values="gain").loc[models, personas]
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(1.9 + 2.1 * len(personas), 1.6 + 0.8 * len(models)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        top = max(0.01, float(gains.max().max()))
        axes.imshow(gains.to_numpy(), cmap="Blues", vmin=0, vmax=1.25 * top, aspect="auto")
        for row in matrix.itertuples():
            dark = row.gain > 0.65 * 1.25 * top
            axes.text(
                personas.index(row.persona),
                models.index(row.model),
                f"{row.gain:+.2f}\n{row.low:+.2f} to {row.high:+.2f}, n = {row.n}",
                ha="center",
                va="center",
                fontsize=10,
                color="white" if dark else "#222222",
            )
        axes.set_xticks(range(len(personas)), [f"{persona}'s replies" for persona in personas])
        axes.set_yticks(range(len(models)), [f"{model}\n(is {speaks_as[model]})" for model in models])
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        own = sum(gains.loc[model].idxmax() == speaks_as[model] for model in models)
        title = f"{own} of {len(models)} models gained most on their own persona"
        axes.set_title(title, loc="right" if len(personas) < 3 else "left")
        axes.set_xlabel(f"gain over the base model [{matrix['unit'].iloc[0]}]")
        return picture(figure, f"{title}; gain over the base model on each persona's unseen replies")


def matrix_table(matrix: pd.DataFrame) -> Block:
    """The numbers of the matrix."""
    unit = matrix["unit"].iloc[0] if len(matrix) else ""
    shown = matrix.drop(columns="unit").rename(
        columns={"persona": "on the replies of", "base": "loss of the base model", "tuned": "loss of the model"}
    )
    names = ("loss of the base model", "loss of the model", "gain", "low", "high")
    return table(shown, f"Mean losses and their differences [{unit}]", dict.fromkeys(names, ".2f"))


def apart(words: Sequence[str], own: pd.DataFrame) -> Block:
    """The answer to "does A sound like A rather than B?", a sentence for each pair."""
    if own.empty:
        return banner("There is nothing to tell apart", list(words), "plain")
    won = int(own["own_wins"].sum())
    title = f"{won} of {len(own)} times a model knows its own persona better than another's model does"
    return banner(title, list(words), "good" if won == len(own) else "open" if won else "bad")


def voices_table(voices: pd.DataFrame) -> Block:
    """Whom a classifier of real replies takes every model for."""
    if voices.empty:
        return sentence("Not measurable: a classifier needs two personas with at least 20 real replies of each.")
    cells = [f"{row.share:.0%} ({row.low:.0%} to {row.high:.0%})" for row in voices.itertuples()]
    wide = voices.assign(cell=cells, taken=[f"taken for {name}" for name in voices["taken_for"]]).pivot_table(
        index=["who", "n"], columns="taken", values="cell", aggfunc="first", sort=False
    )
    shown = wide.reset_index().rename(columns={"who": "whose replies", "n": "replies"})
    order = ["whose replies", *(name for name in shown if name.startswith("taken")), "replies"]
    return table(shown[order], "Whom a classifier of the personas' real replies takes them for")
