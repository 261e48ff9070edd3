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
from marcus_nb.words import _, shown, worded

if TYPE_CHECKING:  # at run time they would bring torch into notebooks that need none, seconds each
    from marcus_nb.evaluate import Claim, Measured, Verdict

HOW_TO_READ = worded(
    "In brackets stands the interval: where the figure would lie if other conversations had been held out. n is how "
    "many conversations, replies or questions it rests on. Loss is surprise, in nats per word piece (token): 0.69 nats "
    "less is twice as likely. AUC is how often a pair is told apart: 0.50 by chance, 1.00 always."
)
_NEXT = "margin-top:8px"
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
    found = shown(judged.verdict).upper()
    title = _("The personality of {name}: {verdict}").format(name=persona_name, verdict=found)
    summary = shown(judged.summary)
    deploy = _("Deploy: {answer}.").format(answer=shown(judged.deploy).upper())
    why = " ".join(shown(reason) for reason in judged.why if reason != judged.summary)
    heads = [_("asked"), _("it said"), _("it must say")]
    wrong = pd.DataFrame([(item.question, item.said, item.right) for item in judged.mistakes], columns=heads)
    count = _("{count} facts that it states wrongly").format(count=len(wrong))
    mistakes = table(wrong.head(_SHOWN), count) if len(wrong) else None
    todo = [shown(step) for step in judged.next_steps]
    steps = "".join(f"<li>{safe(step)}</li>" for step in todo)
    steps = steps and (
        f'<div style="{_NEXT}"><strong>{_("What to do next")}</strong><ol style="margin:2px 0">{steps}</ol></div>'
    )
    markup = (
        f'<div style="border-left:6px solid {COLORS[mood]};padding:8px 14px;margin:8px 0;background:#8881;'
        'max-width:62em">'
        f'<div style="font-size:1.25em;font-weight:700">{safe(title)}</div>'
        f'<div style="margin-top:4px">{safe(summary)}</div>'
        f'<div style="{_NEXT}"><strong>{safe(deploy)}</strong> {safe(why)}</div>'
        + (mistakes.markup if mistakes else "")
        + steps
        + f'<div style="{_NEXT}"><strong>{_("The claims")}</strong> {_legend()}</div>'
        + "".join(_line(claim) for claim in sorted(judged.claims, key=lambda claim: _FIRST.index(claim.status)))
        + "</div>"
    )
    plain = [title, summary, f"{deploy} {why}".strip()]
    plain += [mistakes.plain] if mistakes else []
    plain += [_("Next: {step}").format(step=step) for step in todo]
    plain += [f"{MARKS[claim.status]} {shown(claim.name)}: {shown(claim.sentence)}" for claim in judged.claims]
    return Block(markup, hidden("\n".join(plain)))


def _legend() -> str:
    words = {status: shown(status) for status in MARKS} | {OPEN: _("open (undecided)")}
    words = " · ".join(f"{mark} {words[status]}" for status, mark in MARKS.items())
    return f'<span style="opacity:.75">{words}</span>'


def _line(claim: Claim) -> str:
    color = f"color:{COLORS[MOODS[claim.status]]}" if claim.status != NOT_MEASURED else "opacity:.6"
    head = (
        f'<span style="{color};font-weight:700;display:inline-block;width:1.3em">{MARKS[claim.status]}</span>'
        f"<strong>{safe(shown(claim.name))}</strong> · {safe(shown(claim.statement))}"
    )
    unfolded = "" if claim.status == SUPPORTED else " open"
    return (
        f'<details{unfolded} style="margin:3px 0"><summary style="cursor:pointer">{head}</summary>'
        f'<div style="margin:1px 0 5px 2.6em;opacity:.85">{safe(shown(claim.sentence))}</div></details>'
    )


def report_card(claims: Sequence[Claim], measures: Sequence[Measured]) -> Block:
    """One row a claim: what it decides, the figures of everybody in it, how much is asked for, and what came of it."""
    rows = []
    for claim in claims:
        place = standing(claim, measures)
        rows.append(
            {
                _("claim"): shown(claim.name),
                _("it says"): shown(claim.statement),
                _("figure"): _figure_of(place.measure, place.unit),
                shown(PEOPLE[BASE]): told(place.base, place.unit),
                shown(PEOPLE[BASELINE]): told(place.baseline, place.unit),
                _("tuned model (interval)"): _tuned(claim, place),
                shown(PEOPLE[REAL]): told(place.real, place.unit),
                _("asked for"): needed(place),
                "n": claim.n,
                _("result"): f"{MARKS[claim.status]}\N{NO-BREAK SPACE}{shown(claim.status)}",
            }
        )
    holds = sum(claim.status == SUPPORTED for claim in claims)
    able = sum(claim.status != NOT_MEASURED for claim in claims)
    caption = _("The report card: {holds} of {able} claims that could be measured hold")
    return stack(
        table(pd.DataFrame(rows), caption.format(holds=holds, able=able)),
        sentence(shown(HOW_TO_READ)),
    )


def _figure_of(measure: str, unit: str) -> str:
    bare = not unit or unit in ("share", "ratio", "words")
    return shown(measure) if bare else f"{shown(measure)} [{shown(unit)}]"


def _tuned(claim: Claim, place: Standing) -> str:
    if claim.status == NOT_MEASURED:
        return "–"
    interval = between(claim.low, claim.high, place.unit)
    if place.gain and place.tuned is not None:
        gain = _("gain {value} {interval}").format(value=told(claim.value, place.unit), interval=interval)
        return f"{told(place.tuned, place.unit)}\n{gain}"
    return f"{told(claim.value, place.unit)} {interval}".strip()


def measures_table(measures: Sequence[Measured], *claims: str) -> Block:
    """Every figure of these claims: a row for each measure, a column for each who, with interval and n."""
    taken = [claim for claim in claims if any(item.claim == claim for item in measures)]
    if not taken:
        return sentence(_("No figures were taken for: {claims}.").format(claims=", ".join(map(shown, claims))))
    return stack(*(_figures_of([item for item in measures if item.claim == claim], claim) for claim in taken))


def _figures_of(own: Sequence[Measured], claim: str) -> Block:
    whose = [who for who in (BASE, BASELINE, TUNED, DIFFERENCE, REAL) if any(item.who == who for item in own)]
    rows = []
    for measure, unit in dict.fromkeys((item.measure, item.unit) for item in own):
        items = {item.who: item for item in own if (item.measure, item.unit) == (measure, unit)}
        counts = {item.n for item in items.values()}
        side = {"lower": _("lower"), "higher": _("higher")}.get(next(iter(items.values())).better, "")
        row = {_("figure"): _figure_of(measure, unit), _("better"): side}
        for who in whose:
            item = items.get(who)
            figure = f"{told(item.value, unit)} {between(item.low, item.high, unit)}".strip() if item else ""
            row[shown(PEOPLE[who])] = figure + (f"\nn = {item.n}" if item and len(counts) > 1 else "")
        rows.append(row | {"n": str(counts.pop()) if len(counts) == 1 else ""})
    return table(pd.DataFrame(rows), _("All figures of: {claim}").format(claim=shown(claim)))


def loss_table(asked: pd.DataFrame, confidence: float) -> Block:
    """The mean losses of everybody, a row for each way of asking, and how much less the tuned model is surprised.

    `asked` is from `evaluate.ways_of_asking`.
    """
    gain = _("gain over the base model ({confidence} interval)").format(confidence=f"{confidence:.0%}")
    rows = [
        {
            _("asked about"): shown(row.asked),
            shown(PEOPLE[BASE]): told(row.base, ""),
            shown(PEOPLE[BASELINE]): told(row.baseline, "") if pd.notna(row.baseline) else "",
            shown(PEOPLE[TUNED]): told(row.tuned, ""),
            gain: "–" if pd.isna(row.gain) else f"{row.gain:+.2f} {_interval(row.low, row.high)}",
            "n": row.n,
        }
        for row in asked.itertuples()
    ]
    caption = _("Mean loss (surprise) on replies it never saw, in nats per word piece (token); lower is better")
    note = _("A gain of 0.69 nats means: each word piece has become twice as likely. n counts conversations.")
    return stack(table(pd.DataFrame(rows), caption), sentence(note))


def _interval(low: float, high: float) -> str:
    said = _("({low} to {high})").format(low=f"{low:+.2f}", high=f"{high:+.2f}")
    return said.replace(" ", "\N{NO-BREAK SPACE}")
