"""The pieces everything shown is made of. Every text is escaped and redacted here, once."""

import html
from collections.abc import Mapping
from typing import Any

import pandas as pd

from marcus_nb.display.hiding import hidden

COLORS = {"good": "#009E73", "bad": "#D55E00", "open": "#B8860B", "plain": "#0072B2"}
# Every cell says this, thousands of times in a run: JupyterLab's own rules for cells win over whatever a table says.
CELL = "vertical-align:top;text-align:"
ROW = '<tr style="border:1px solid #8886">'
LINES = "white-space:pre-wrap"  # for text with line ends or several spaces in it


class Block:
    """Something to show in a notebook: HTML for a browser, plain text for everything else."""

    def __init__(self, markup: str, plain: str) -> None:
        self.markup, self.plain = markup, plain

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.plain


def safe(value: Any) -> str:
    """Text from data or model as HTML: personal data replaced, markup escaped."""
    return html.escape(hidden(value))


def shorten(value: Any, limit: int = 160) -> str:
    """Text for one cell, cut, with personal data replaced."""
    words = hidden(value)  # before cutting: half an address would no longer be known as one
    return words if len(words) <= limit else words[: limit - 1] + "…"


def table(frame: pd.DataFrame, caption: str = "", formats: Mapping[str, str] | None = None) -> Block:
    """A data frame as a table; `formats` are format specifications by column: `{"loss": ".2f"}`."""
    formats = formats or {}

    def cell(column: str, value: Any) -> str:
        if isinstance(value, bool):
            return "✓" if value else "✗"
        if value is None or (isinstance(value, float) and pd.isna(value)):
            return ""
        if column in numeric:  # a large figure is no phone number
            return html.escape(format(value, formats.get(column, "")))
        return safe(format(value, formats[column]) if column in formats else value)

    def lines(shown: str) -> str:
        return f";{LINES}" if "\n" in shown or "  " in shown else ""

    numeric = {column for column in frame.columns if pd.api.types.is_numeric_dtype(frame[column])}
    numeric -= {column for column in numeric if pd.api.types.is_bool_dtype(frame[column])}
    heads = "".join(f'<th style="{CELL}left">{safe(column)}</th>' for column in frame.columns)
    rows = "".join(
        ROW
        + "".join(
            f'<td style="{CELL}{"right" if column in numeric else "left"}{lines(shown)}">{shown}</td>'
            for column in frame.columns
            for shown in [cell(column, row[column])]
        )
        + "</tr>"
        for _, row in frame.astype(object).iterrows()
    )
    title = (
        f'<caption style="text-align:left;padding:4px 0;font-weight:600">{safe(caption)}</caption>' if caption else ""
    )
    markup = (
        f'<div style="overflow-x:auto"><table cellpadding="6" style="border-collapse:collapse;margin:6px 0">{title}'
        f"<thead>{ROW}{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    shown = frame.astype(object).apply(lambda column: column.map(lambda value: html.unescape(cell(column.name, value))))
    plain = shown.to_string(index=False)
    if caption:
        plain = f"{hidden(caption)}\n{plain}"
    return Block(markup, plain)


def banner(title: str, lines: list[str], mood: str) -> Block:
    """A coloured box: `mood` is good, bad, open or plain; the words say the same as the colour."""
    items = "".join(f"<div style='margin-top:5px'>{safe(line)}</div>" for line in lines)
    markup = (
        f'<div style="border-left:6px solid {COLORS[mood]};padding:8px 14px;margin:8px 0;background:#8881">'
        f'<div style="font-size:1.25em;font-weight:700">{safe(title)}</div>{items}</div>'
    )
    return Block(markup, hidden("\n".join([title, *lines])))


def sentence(words: str) -> Block:
    """One computed sentence of prose."""
    return Block(f'<p style="margin:6px 0;max-width:60em">{safe(words)}</p>', hidden(words))


def stack(*blocks: Block) -> Block:
    """Several blocks under each other."""
    return Block("".join(block.markup for block in blocks), "\n\n".join(block.plain for block in blocks))
