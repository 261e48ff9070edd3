"""A claim: a statement about the persona, held or not by a figure with its interval against a stated threshold."""

from dataclasses import dataclass

from marcus_nb.words import worded

SUPPORTED, REFUTED = worded("supported"), worded("not supported")
OPEN, NOT_MEASURED = worded("open"), worded("not measurable")
MARKS = {SUPPORTED: "✓", REFUTED: "✗", OPEN: "?", NOT_MEASURED: "–"}

# Whose figure it is. `base`: the floor; `baseline`: the base model told the persona with three examples;
# `real`: the persona's own replies, the ceiling.
BASE, BASELINE, TUNED, REAL, DIFFERENCE = "base", "baseline", "tuned", "real", "difference"


@dataclass(frozen=True)
class Measured:
    """One figure of the report card: `value` from `n` conversations, replies or questions, with its interval.

    `Measured("style", "told from real replies", "AUC", "lower", TUNED, 0.71, 0.62, 0.79, 94)`. `low` and `high` are
    None where an interval makes no sense. `better` is "lower", "higher", or "" where neither is.
    """

    claim: str
    measure: str
    unit: str
    better: str
    who: str
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Claim:
    """One claim: the deciding `value` with its interval, `n`, the `threshold` it is held against, and its `status`.

    `statement` is true when it is supported; `sentence` says the result for people; `advice` what to do about it, empty
    where it is supported or not measurable.
    """

    name: str
    statement: str
    value: float
    low: float
    high: float
    n: int
    threshold: float
    status: str
    sentence: str
    advice: str = ""


def at_least(value: float, low: float, high: float, threshold: float) -> str:
    """A gain must be beyond doubt: supported when the whole interval lies at or above the threshold, refuted when all
    of it lies below, else open.

    >>> at_least(0.8, 0.7, 0.9, 0.6)
    'supported'
    """
    return SUPPORTED if low >= threshold else REFUTED if high < threshold else OPEN


def at_most(value: float, low: float, high: float, threshold: float) -> str:
    """A harm must not be beyond doubt: supported up to the threshold, refuted when all of the interval lies above it,
    else open.

    >>> at_most(0.04, 0.01, 0.12, 0.05)
    'supported'
    """
    return SUPPORTED if value <= threshold else REFUTED if low > threshold else OPEN


def interval(low: float, high: float, confidence: float, form: str = ".0%") -> dict[str, str]:
    """What a sentence says of an interval: `{"confidence": "95%", "low": "40%", "high": "60%"}`."""
    return {"confidence": f"{confidence:.0%}", "low": f"{low:{form}}", "high": f"{high:{form}}"}


def not_measurable(name: str, statement: str, why: str, n: int = 0) -> Claim:
    """A claim that says why it could not be measured, instead of a score: `why` is a sentence that names n."""
    return Claim(name, statement, 0.0, 0.0, 0.0, n, 0.0, NOT_MEASURED, why)
