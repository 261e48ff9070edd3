"""What the models answered, beside what the persona really said: one box a question, wide pages side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from marcus_nb.display.blocks import COLORS, Block, safe, sentence, shorten, stack
from marcus_nb.display.hiding import hidden

LONG = 180  # characters of an answer that are shown at once
CHOSEN = {
    "worst": "Hardest for it: what the persona really said surprised the tuned model most",
    "random": "At random",
    "best": "Easiest for it: what the persona really said surprised the tuned model least",
}
SEEN = "Questions of its own training, for comparison: these it has read"
_CUT = "cut: it reached max_new_tokens"
_OUTCOMES = {  # what became of an answer: its mark, its words and its colour
    "right": ("✓", "right", "good"),
    "contradicts": ("✗", "contradicts the facts", "bad"),
    "wrong": ("✗", "without the fact", "bad"),
    "declines": ("–", "declines", "open"),
    "silent": ("–", "says nothing", "open"),
}
_WORDS = "white-space:pre-wrap;overflow-wrap:anywhere"
_BOX = "border:1px solid #8885;border-radius:6px;padding:6px 10px;margin:6px 0"


def side_by_side(unseen: pd.DataFrame, seen: pd.DataFrame, persona_name: str) -> Block:
    """Questions with the real reply and both models' replies: unseen ones as chosen, then some of the training.

    `unseen` has the columns question, real, base, tuned, chosen ("worst", "random", "best"), loss (of the real reply,
    tuned model, nats per token), base_ended and tuned_ended; `seen` the same without chosen and loss.
    """
    groups = [(CHOSEN.get(str(chosen), chosen), part) for chosen, part in unseen.groupby("chosen", sort=False)]
    groups += [(SEEN, seen)] if len(seen) else []
    if not groups:
        return sentence("No replies were asked for, so there are none to read.")
    parts = [_heading(f"{len(unseen)} questions that it never saw, {len(seen)} that it did")]
    for title, frame in groups:
        parts.append(_heading(title, small=True))
        parts += [reply_box(row, persona_name) for row in frame.to_dict("records")]
    return stack(*parts)


def reply_box(row: Mapping[str, Any], persona_name: str) -> Block:
    """One question with the real reply and both models' replies; `row` has the columns of `side_by_side`."""
    note = f"loss {row['loss']:.2f}" if pd.notna(row.get("loss")) else ""
    answers = [(f"{persona_name} really said", row["real"], "", "")]
    for who in ("base", "tuned"):
        ended = row.get(f"{who}_ended", True)
        answers.append((f"{who} model", row[who], "" if ended else f"… ({_CUT})", ""))
    return box(row["question"], note, answers)


def probes(answers: pd.DataFrame) -> Block:
    """Every knowledge probe with the three answers, what became of each, and the training question most like it.

    Those that the tuned model did not answer right come first: they are what to read.
    """
    n = len(answers)
    if n == 0:
        return sentence("No knowledge probes are given (shared.probes), so knowledge is not measured.")
    right = {who: int((answers[f"{who}_outcome"] == "right").sum()) for who in ("base", "baseline", "tuned")}
    outcomes = Counter(answers["tuned_outcome"])
    others = ", ".join(f"{outcomes[name]} {words}" for name, (_, words, _) in _OUTCOMES.items() if outcomes[name])
    title = (
        f"{right['tuned']} of {n} right after training; the base model: {right['base']}, and {right['baseline']} when "
        "it is told the persona with three examples"
    )
    parts = [_heading(title), sentence(f"The tuned model: {others}. What it does not answer right comes first.")]
    for row in (
        answers.assign(_right=answers["tuned_outcome"] == "right")
        .sort_values("_right", kind="stable")
        .to_dict("records")
    ):
        parts.append(probe_box(row))
    return stack(*parts)


def probe_box(row: Mapping[str, Any]) -> Block:
    """One knowledge probe with the three answers; `row` has the columns of `evaluate.probe_answers`."""
    shown = []
    for who, label in (("base", "base model"), ("baseline", "base model, told"), ("tuned", "tuned model")):
        mark, words, mood = _OUTCOMES.get(row[f"{who}_outcome"], ("?", str(row[f"{who}_outcome"]), "open"))
        shown.append((f"{label}: {mark} {words}", row[who], "", COLORS[mood]))
    near = f"Most like it in training ({row['similarity']:.2f}): {row['nearest']}"
    return box(row["question"], f"must contain: {row['must']}", shown, near)


def _heading(words: str, small: bool = False) -> Block:
    look = "margin:10px 0 2px" if small else "margin:6px 0;font-size:1.05em"
    return Block(f'<div style="font-weight:600;{look}">{safe(words)}</div>', hidden(words))


def box(question: str, note: str, answers: Sequence[tuple[str, str, str, str]], below: str = "") -> Block:
    """A question and, beside each other or on a narrow page below each other, (label, answer, ending, colour)."""
    columns, plain = [], [f"» {shorten(question)}" + (f" ({shorten(note)})" if note else "")]
    for label, answer, ending, color in answers:
        frame = f";border-left:3px solid {color};padding-left:8px" if color else ""
        columns.append(
            f'<div style="flex:1 1 15em;min-width:0{frame}"><small style="opacity:.7">{safe(label)}</small>'
            f"{_words(answer, ending)}</div>"
        )
        plain.append(f"   {hidden(label)}: {shorten(answer)}{ending and f' {ending}'}")
    markup = (
        f'<div style="{_BOX}"><div><strong style="{_WORDS}">{safe(question)}</strong>'
        + (f' <small style="opacity:.7">· {safe(note)}</small>' if note else "")
        + f'</div><div style="display:flex;flex-wrap:wrap;gap:4px 14px;margin-top:3px">{"".join(columns)}</div>'
        + (f'<small style="opacity:.7">{safe(below)}</small>' if below else "")
        + "</div>"
    )
    return Block(markup, "\n".join([*plain, *([f"   {shorten(below)}"] if below else [])]))


def _words(answer: str, ending: str) -> str:
    """An answer as HTML, what is long of it unfolding with a click."""
    said = hidden(answer)  # before cutting: half an address would no longer be known as one
    last = f' <small style="opacity:.7">{safe(ending)}</small>' if ending else ""
    if not said.strip():
        return f'<div style="{_WORDS};opacity:.6">(nothing)</div>'
    if len(said) <= LONG:
        return f'<div style="{_WORDS}">{safe(said)}{last}</div>'
    cut = said.rfind(" ", LONG // 2, LONG)
    cut = cut if cut > 0 else LONG
    return (
        f'<details><summary style="{_WORDS};cursor:pointer">{safe(said[:cut])} …</summary>'
        f'<div style="{_WORDS}">{safe(said[cut:].lstrip())}{last}</div></details>'
    )
