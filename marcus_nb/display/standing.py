"""Where a claim stands between base model, threshold and the persona itself, and its figures as people say them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from marcus_nb.words import _, worded

if TYPE_CHECKING:  # at run time they would bring torch into notebooks that need none, seconds each
    from marcus_nb.evaluate import Claim, Measured

# The words of evaluate/claims.py, which cannot be imported here for the same reason; a test holds them together.
SUPPORTED, REFUTED, OPEN, NOT_MEASURED = "supported", "not supported", "open", "not measurable"
MARKS = {SUPPORTED: "✓", REFUTED: "✗", OPEN: "?", NOT_MEASURED: "–"}
MOODS = {SUPPORTED: "good", REFUTED: "bad", OPEN: "open", NOT_MEASURED: "plain"}
BASE, BASELINE, TUNED, REAL, DIFFERENCE = "base", "baseline", "tuned", "real", "difference"
PEOPLE = {
    BASE: worded("base model"),
    BASELINE: worded("base model, told the persona"),
    TUNED: worded("tuned model"),
    REAL: worded("the persona itself"),
    DIFFERENCE: worded("difference"),
}


@dataclass(frozen=True)
class Standing:
    """A claim on the scale of the figure that decides it: where tuned model, threshold and the others lie.

    A gain is told on the scale of what it is a gain in: a gain of 1.2 nats over a base model of 3.8 is `tuned` 2.6.
    None where there is no such figure; `tuned` is None where nothing can be drawn.
    """

    claim: Claim
    measure: str
    unit: str
    higher: bool  # better
    tuned: float | None
    low: float | None
    high: float | None
    threshold: float | None
    base: float | None = None
    baseline: float | None = None
    real: float | None = None
    gain: bool = False


def standing(claim: Claim, measures: Sequence[Measured]) -> Standing:
    """Where the claim stands, by the figures that belong to it."""
    own = [item for item in measures if item.claim == claim.name]
    decider = next((item for item in own if item.who in (TUNED, DIFFERENCE) and _decides(item, claim)), None)
    if claim.status == NOT_MEASURED or decider is None or not _is_finite(decider.value):
        return Standing(claim, "", "", True, None, None, None, None)
    if decider.measure == "gain":
        return _gained(claim, decider, own)
    others = {who: _beside(decider, who, own) for who in (BASE, BASELINE, REAL)}
    if decider.unit == "ratio":
        others[BASE] = 1.0  # what it is a ratio to
    interval = (decider.low, decider.high)
    higher = decider.better != "lower"
    measured = (decider.measure, decider.unit, higher, decider.value)
    return Standing(claim, *measured, *interval, claim.threshold, others[BASE], others[BASELINE], others[REAL])


def _gained(claim: Claim, decider: Measured, own: Sequence[Measured]) -> Standing:
    level = next(
        (item for item in own if item.who == TUNED and item.unit == decider.unit and item.better),
        None,
    )
    if level is None:
        measured = (worded("gain over the base model"), decider.unit, True, claim.value)
        return Standing(claim, *measured, claim.low, claim.high, claim.threshold, 0.0, gain=True)
    at = {item.who: item.value for item in own if item.measure == level.measure}
    floor = at.get(BASELINE if claim.name == "beyond prompting" else BASE, math.nan)
    sign = 1 if level.better == "higher" else -1
    low, high = sorted((floor + sign * claim.low, floor + sign * claim.high))
    return Standing(
        claim,
        level.measure,
        decider.unit,
        level.better == "higher",
        floor + sign * claim.value if _is_finite(floor) else None,
        low,
        high,
        floor + sign * claim.threshold,
        at.get(BASE),
        at.get(BASELINE),
        at.get(REAL),
        gain=True,
    )


def _decides(item: Measured, claim: Claim) -> bool:
    return item.n == claim.n and math.isclose(item.value, claim.value, abs_tol=1e-9) and item.better != ""


def _beside(decider: Measured, who: str, own: Sequence[Measured]) -> float | None:
    """The same figure of somebody else, or the first of the same kind: the persona itself is never pressed."""
    alike = [item for item in own if item.who == who and item.unit == decider.unit and item.better == decider.better]
    same = [item for item in alike if item.measure == decider.measure] or alike
    return same[0].value if same and _is_finite(same[0].value) else None


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def told(value: float | None, unit: str) -> str:
    """A figure in its unit: `told(0.712, "share")` → "71%", `told(0.004, "share")` → "0.4%", `told(2.5, "nats per
    token")` → "2.50"; a dash where there is none."""
    if not _is_finite(value):
        return "–"
    if unit == "share":
        return f"{value:z.1%}" if 0.0005 <= abs(value) < 0.095 else f"{value:z.0%}"
    if unit == "words":
        return f"{value:,.0f}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    times = "\N{NO-BREAK SPACE}×" if unit == "ratio" else ""
    return f"{value:z,.{digits}f}{times}"  # z: nothing is −0.00


def counted(place: Standing) -> str:
    """What a figure rests on: `"9 of 12"` for a share of so many, else `"n = 43"`."""
    count = place.claim.value * place.claim.n
    if place.unit == "share" and place.tuned == place.claim.value and math.isclose(count, round(count), abs_tol=1e-6):
        return _("{count} of {n}").format(count=f"{round(count):,}", n=f"{place.claim.n:,}")
    return f"n = {place.claim.n:,}"


def between(low: float | None, high: float | None, unit: str) -> str:
    """An interval: `"(0.62 to 0.79)"`, which no line break divides; "" where there is none."""
    if not (_is_finite(low) and _is_finite(high)):
        return ""
    said = _("({low} to {high})").format(low=told(low, unit), high=told(high, unit))
    return said.replace(" ", "\N{NO-BREAK SPACE}")


def needed(place: Standing) -> str:
    """What is asked for: `"≥ 60%"`, `"≤ 0.90"`, `"gain ≥ 0.20"`; "" where the claim is not measurable."""
    if place.claim.status == NOT_MEASURED:
        return ""
    if place.gain and place.claim.threshold == 0:
        return _("any gain")
    if place.gain:
        said = _("gain ≥ {threshold}").format(threshold=told(place.claim.threshold, place.unit))
        return said.replace(" ", "\N{NO-BREAK SPACE}")
    sign = "" if place.tuned is None else "≥\N{NO-BREAK SPACE}" if place.higher else "≤\N{NO-BREAK SPACE}"
    return sign + told(place.claim.threshold, place.unit)
