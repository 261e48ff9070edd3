"""What 04_evaluate found, for who has to decide: the verdict, the report card, and the figures behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from marcus_nb.display.blocks import COLORS, Block, safe, sentence, stack, table
from marcus_nb.display.hiding import hidden
from marcus_nb.display.standing import (
    BASE,
    BASELINE,
    DIFFERENCE,
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
    between,
    needed,
    standing,
    told,
)

if TYPE_CHECKING:  # at run time they would bring torch into notebooks that need none, seconds each
    from marcus_nb.evaluate import Claim, Measured, Verdict

HOW_TO_READ = (
    "In brackets stands the interval: where the figure would lie if other conversations had been held out. n is how "
    "many conversations, replies or questions it rests on. Loss is surprise, in nats per word piece (token): 0.69 nats "
    "less is twice as likely. AUC is how often a pair is told apart: 0.50 by chance, 1.00 always."
)
_NEXT = "margin-top:8px"
_WRONG = ["asked", "it said", "it must say"]
_SHOWN = 8  # facts; all of them stand below Knowledge
_FIRST = (REFUTED, OPEN, NOT_MEASURED, SUPPORTED)


def folded(title: str, *blocks: Block) -> Block:
    """Blocks that are shown when one clicks on the title; in plain text they stand below it."""
    inside = stack(*blocks)
    markup = (
        f'<details style="margin:6px 0"><summary style="cursor:pointer">{safe(title)}</summary>{inside.markup}'
        "</details>"
    )
    return Block(markup, f"{hidden(title)}\n{inside.plain}")


def verdict(judged: Verdict, persona_name: str) -> Block:
    """The answer: acquired or not, whether to deploy and why, what to do next, and one line for each claim.

    Claims that do not hold come first, with their figures; those of the others are a click away.
    """
    mood = {"not acquired": "bad", "acquired": "good"}.get(judged.verdict, "open")
    mood = "open" if mood == "good" and judged.deploy != "yes" else mood
    title = f"The personality of {persona_name}: {judged.verdict.upper()}"
    why = [reason for reason in judged.why if reason != judged.summary]
    wrong = pd.DataFrame([(item.question, item.said, item.right) for item in judged.mistakes], columns=_WRONG)
    mistakes = table(wrong.head(_SHOWN), f"{len(wrong)} facts that it states wrongly") if len(wrong) else None
    steps = "".join(f"<li>{safe(step)}</li>" for step in judged.next_steps)
    steps = (
        steps and f'<div style="{_NEXT}"><strong>What to do next</strong><ol style="margin:2px 0">{steps}</ol></div>'
    )
    markup = (
        f'<div style="border-left:6px solid {COLORS[mood]};padding:8px 14px;margin:8px 0;background:#8881;'
        'max-width:62em">'
        f'<div style="font-size:1.25em;font-weight:700">{safe(title)}</div>'
        f'<div style="margin-top:4px">{safe(judged.summary)}</div>'
        f'<div style="{_NEXT}"><strong>Deploy: {safe(judged.deploy.upper())}.</strong> {safe(" ".join(why))}</div>'
        + (mistakes.markup if mistakes else "")
        + steps
        + f'<div style="{_NEXT}"><strong>The claims</strong> {_legend()}</div>'
        + "".join(_line(claim) for claim in sorted(judged.claims, key=lambda claim: _FIRST.index(claim.status)))
        + "</div>"
    )
    plain = [title, judged.summary, f"Deploy: {judged.deploy.upper()}. {' '.join(why)}".strip()]
    plain += [mistakes.plain] if mistakes else []
    plain += [f"Next: {step}" for step in judged.next_steps]
    plain += [f"{MARKS[claim.status]} {claim.name}: {claim.sentence}" for claim in judged.claims]
    return Block(markup, hidden("\n".join(plain)))


def _legend() -> str:
    more = {OPEN: " (undecided)"}
    words = " · ".join(f"{mark} {status}{more.get(status, '')}" for status, mark in MARKS.items())
    return f'<span style="opacity:.75">{words}</span>'


def _line(claim: Claim) -> str:
    color = f"color:{COLORS[MOODS[claim.status]]}" if claim.status != NOT_MEASURED else "opacity:.6"
    head = (
        f'<span style="{color};font-weight:700;display:inline-block;width:1.3em">{MARKS[claim.status]}</span>'
        f"<strong>{safe(claim.name)}</strong> · {safe(claim.statement)}"
    )
    unfolded = "" if claim.status == SUPPORTED else " open"
    return (
        f'<details{unfolded} style="margin:3px 0"><summary style="cursor:pointer">{head}</summary>'
        f'<div style="margin:1px 0 5px 2.6em;opacity:.85">{safe(claim.sentence)}</div></details>'
    )


def report_card(claims: Sequence[Claim], measures: Sequence[Measured]) -> Block:
    """One row a claim: what it decides, the figures of everybody in it, how much is asked for, and what came of it."""
    rows = []
    for claim in claims:
        place = standing(claim, measures)
        rows.append(
            {
                "claim": claim.name,
                "it says": claim.statement,
                "figure": _figure_of(place.measure, place.unit),
                PEOPLE[BASE]: told(place.base, place.unit),
                PEOPLE[BASELINE]: told(place.baseline, place.unit),
                f"{PEOPLE[TUNED]} (interval)": _tuned(claim, place),
                PEOPLE[REAL]: told(place.real, place.unit),
                "asked for": needed(place),
                "n": claim.n,
                "result": f"{MARKS[claim.status]}\N{NO-BREAK SPACE}{claim.status}",
            }
        )
    holds = sum(claim.status == SUPPORTED for claim in claims)
    able = sum(claim.status != NOT_MEASURED for claim in claims)
    caption = f"The report card: {holds} of {able} claims that could be measured hold"
    return stack(table(pd.DataFrame(rows), caption), sentence(HOW_TO_READ))


def _figure_of(measure: str, unit: str) -> str:
    return f"{measure} [{unit}]" if unit and unit not in ("share", "ratio", "words") else measure


def _tuned(claim: Claim, place: Standing) -> str:
    if claim.status == NOT_MEASURED:
        return "–"
    interval = between(claim.low, claim.high, place.unit)
    if place.gain and place.tuned is not None:
        return f"{told(place.tuned, place.unit)}\ngain {told(claim.value, place.unit)} {interval}"
    return f"{told(claim.value, place.unit)} {interval}".strip()


def measures_table(measures: Sequence[Measured], *claims: str) -> Block:
    """Every figure of these claims: a row for each measure, a column for each who, with interval and n."""
    taken = [claim for claim in claims if any(item.claim == claim for item in measures)]
    if not taken:
        return sentence(f"No figures were taken for: {', '.join(claims)}.")
    return stack(*(_figures_of([item for item in measures if item.claim == claim], claim) for claim in taken))


def _figures_of(own: Sequence[Measured], claim: str) -> Block:
    whose = [who for who in (BASE, BASELINE, TUNED, DIFFERENCE, REAL) if any(item.who == who for item in own)]
    rows = []
    for measure, unit in dict.fromkeys((item.measure, item.unit) for item in own):
        items = {item.who: item for item in own if (item.measure, item.unit) == (measure, unit)}
        counts = {item.n for item in items.values()}
        better = next(iter(items.values())).better
        row = {"figure": _figure_of(measure, unit), "better": better}
        for who in whose:
            item = items.get(who)
            shown = f"{told(item.value, unit)} {between(item.low, item.high, unit)}".strip() if item else ""
            row[PEOPLE[who]] = shown + (f"\nn = {item.n}" if item and len(counts) > 1 else "")
        rows.append(row | {"n": str(counts.pop()) if len(counts) == 1 else ""})
    return table(pd.DataFrame(rows), f"All figures of: {claim}")


def loss_table(asked: pd.DataFrame, confidence: float) -> Block:
    """The mean losses of everybody, a row for each way of asking, and how much less the tuned model is surprised.

    `asked` is from `evaluate.ways_of_asking`.
    """
    rows = [
        {
            "asked about": row.asked,
            PEOPLE[BASE]: told(row.base, ""),
            PEOPLE[BASELINE]: told(row.baseline, "") if pd.notna(row.baseline) else "",
            PEOPLE[TUNED]: told(row.tuned, ""),
            f"gain over the base model ({confidence:.0%} interval)": "–"
            if pd.isna(row.gain)
            else f"{row.gain:+.2f} ({row.low:+.2f}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{row.high:+.2f})",
            "n": row.n,
        }
        for row in asked.itertuples()
    ]
    caption = "Mean loss (surprise) on replies it never saw, in nats per word piece (token); lower is better"
    note = "A gain of 0.69 nats means: each word piece has become twice as likely. n counts conversations."
    return stack(table(pd.DataFrame(rows), caption), sentence(note))
