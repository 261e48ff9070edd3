"""What 02_clean looks at: what every rule did, with an example and the look of a mistake, and what is left."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from marcus_nb.display.blocks import CELL, LINES, ROW, Block, banner, safe, sentence, shorten, stack, table
from marcus_nb.display.chat import learned_tokens
from marcus_nb.parameters.schema import Clean
from marcus_nb.words import _, shown, worded

if TYPE_CHECKING:
    from marcus_nb.clean import Cleaned, Step
    from marcus_nb.clean.tokens import Seen

_EXAMPLE = 260  # characters of a text in the table of rules

# What a rule does that is not a parameter's own meaning, and what a wrongly touched conversation would look like.
MEANING = {
    "by_hand": worded("Drop and correct what a person chose to, in the file that clean.by_hand names."),
    "empty": worded("Drop conversations without a turn, or with an empty one."),
    "leak": worded("Drop training conversations whose question resembles a held-out one or a probe."),
    "tokens": worded("Drop conversations of which no reply fits the model's context."),
}
WHY = {  # "7 …"
    "by_hand": "were taken out by hand",
    "redact": "hold personal data of a kind that redact_policy drops",
    "empty": "have an empty message, or none",
    "drop_one_sided": "have only one side: nobody asks, or nobody answers",
    "min_characters": "have a message that is too short",
    "max_characters": "have a message that is too long",
    "drop_wrong_language": "are in a language that is not the persona's",
    "drop_duplicates": "say the same as another one, which is kept",
    "near_duplicate_similarity": "say nearly the same as another one, which is kept",
    "max_same_reply": "give a reply that enough others give",
    "split_by": "are older talks of customers who are held out",
    "leak": "ask what a held-out conversation or a probe asks",
    "tokens": "do not fit the model's context",
}
WRONG = {
    "by_hand": worded("A choice about what was said before the file was exported anew."),
    "unicode_repair": worded("A text that shows &amp; or Ã© on purpose."),
    "html_to_text": worded("Advice that shows <b>so</b> as code."),
    "invisible_characters": worded("A Hebrew or Arabic line whose full stop moved to the other end."),
    "unicode_nfc": worded("Letters that look the same, spelt with other code points."),
    "whitespace": worded("A drawing or a table made of blanks."),
    "email_quotes": worded("A reply that ends where its writer copied a header and answered below it."),
    "disclaimers": worded("An answer about data protection whose last paragraph reads like a lawyer's."),
    "email_signatures": worded("Closing words, and below them the telephone that the customer had asked for."),
    "system_lines": worded("A customer's whole message: The chat was closed."),
    "media_placeholders": worded("A picture with a reply that said something worth learning."),
    "max_canned_share": worded("A catchphrase, or a fact that many ask for: We open at eight and close at six."),
    "special_tokens": worded("A customer who writes about chat software: < |user|>."),
    "redact": worded("An order number taken for a phone, or a boat's name for a person's."),
    "lowercase": worded("Ask ana about the rioja: a name lost its capital."),
    "join_turns": worded("Two answers in one, because the question between them was removed."),
    "empty": worded("A message that was only a picture, of which nothing was exported."),
    "drop_one_sided": worded("A good answer whose question came by phone."),
    "min_characters": worded("A customer's short yes, and the good reply lost with it."),
    "max_characters": worded("A long, careful letter of the persona."),
    "drop_wrong_language": worded("A reply that is mostly foreign names, such as a menu."),
    "drop_duplicates": worded("Two customers who asked the same, and the answer had changed in between."),
    "near_duplicate_similarity": worded("Two answers that differ in one word that matters."),
    "max_same_reply": worded("A short reply that belongs to the voice: Right you are."),
    "split_by": worded("A regular's older talk, taken out because a stranger of the same name wrote later."),
    "leak": worded("A talk dropped only because two customers used the same words of courtesy."),
    "tokens": worded("A good conversation with one very long message."),
}


def cleaned(outcome: Cleaned) -> Block:
    """In a few lines: how many conversations are left, what was removed and why, what was changed."""
    kept = len(outcome.train) + len(outcome.validation) + len(outcome.test)
    dropped = Counter(drop.rule for drop in outcome.dropped)
    touched = len({change.conversation for change in outcome.changed})
    removed = sum(change.after is None for change in outcome.changed)
    by_rule = Counter(rule for change in outcome.changed for rule in change.rules)
    lines = [f"Dropped: {count:,} {WHY[rule]} ({rule})." for rule, count in dropped.most_common()]
    lines.append(
        f"Changed: {len(outcome.changed):,} messages in {touched:,} conversations"
        + (f", {removed:,} of them removed or joined to the turn before" if removed else "")
        + (f": {', '.join(f'{rule} {count:,}' for rule, count in by_rule.most_common())}." if by_rule else ".")
    )
    share = kept / outcome.entered
    title = f"{kept:,} of {outcome.entered:,} conversations are kept ({share:.0%}), {len(outcome.dropped):,} dropped"
    return banner(title, lines, "good" if share >= 0.5 else "open")


def funnel(frame: pd.DataFrame) -> Block:
    """`clean.funnel`, the rules that touched nothing left out, and the sum."""
    worked = frame[(frame["changed"] > 0) | (frame["dropped"] > 0)]
    entered, dropped, left = frame["entered"].iloc[0], frame["dropped"].sum(), frame["left"].iloc[-1]
    words = _(
        "{entered:,} came in − {dropped:,} dropped = {left:,} left. "
        "{idle} of the {all} rules that are on touched nothing."
    ).format(entered=entered, dropped=dropped, left=left, idle=len(frame) - len(worked), all=len(frame))
    heads = [_("rule"), _("entered"), _("changed"), _("messages removed"), _("dropped"), _("left")]
    caption = _("Counted in conversations, rule after rule")
    counted = [table(worked.set_axis(heads, axis=1), caption)] if len(worked) else []
    return stack(*counted, sentence(words))


def rules(outcome: Cleaned) -> Block:
    """Each rule that touched something: how much, its first case before and after, what a mistake would look like.

    Below the table, what the rules have to say, and those that found nothing or are off.
    """
    worked = [step for step in outcome.steps if step.changed or step.dropped]
    idle = [step.rule for step in outcome.steps if step.enabled and not (step.changed or step.dropped)]
    off = [step.rule for step in outcome.steps if not step.enabled]
    blocks = [_rules(worked)] if worked else []
    blocks += [sentence(f"{step.rule}: {step.note}") for step in outcome.steps if step.note]
    if idle:
        blocks.append(sentence(_("Found nothing to do: {names}.").format(names=", ".join(idle))))
    if off:
        blocks.append(sentence(_("Switched off: {names}.").format(names=", ".join(off))))
    return stack(*blocks)


def meaning(rule: str) -> str:
    """The first sentence of what a rule does, for people."""
    known = MEANING.get(rule) or " ".join((Clean.model_fields[rule].description or "").split())
    return shown(known)


def _rules(steps: list[Step]) -> Block:
    heads = (_("rule"), _("touched"), _("its first case"), _("a mistake would look like"))
    head = "".join(f'<th style="{CELL}left">{name}</th>' for name in heads)
    rows, plain = [], []
    for step in steps:
        touched = _touched(step)
        before, after = shorten(step.before, _EXAMPLE), shorten(step.after, _EXAMPLE)
        case = (
            f'<div style="border-left:3px solid #D55E00;padding-left:7px">{safe(before)}</div>'
            f'<div style="border-left:3px solid #009E73;padding-left:7px;margin-top:4px">{safe(after)}</div>'
        )
        cells = (
            f'<span style="font-weight:600">{safe(step.rule)}</span><br><small>{safe(meaning(step.rule))}</small>',
            "<br>".join(map(safe, touched)),
            case,
            f"<small>{safe(shown(WRONG.get(step.rule, '')))}</small>",
        )
        widths = ("min-width:11em", "white-space:nowrap", "min-width:17em;overflow-wrap:anywhere", "min-width:9em")
        rows.append(
            ROW
            + "".join(f'<td style="{CELL}left;{LINES};{w}">{c}</td>' for c, w in zip(cells, widths, strict=True))
            + "</tr>"
        )
        plain.append(f"{step.rule} ({', '.join(touched)})\n  before: {before}\n  after:  {after}")
    caption = _("What each rule touched; personal data is dotted out here")
    markup = (
        '<div style="overflow-x:auto"><table cellpadding="6" style="border-collapse:collapse;margin:6px 0">'
        f'<caption style="text-align:left;padding:4px 0;font-weight:600">{html.escape(caption)}</caption>'
        f"<thead>{ROW}{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
    return Block(markup, "\n".join([caption, *plain]))


def _touched(step: Step) -> list[str]:
    return [
        f"{count:,} {what}"
        for count, what in (
            (step.changed, _("changed")),
            (step.removed, _("messages out")),
            (step.dropped, _("dropped")),
        )
        if count
    ]


def personal_data(outcome: Cleaned) -> Block:
    """How much personal data of each kind was found and what became of it, with samples that are dotted out."""
    found = [row for step in outcome.steps if step.rule == "redact" for row in step.rows if row.items]
    if not found:
        return sentence("No personal data was looked for, or none was found.")
    frame = pd.DataFrame(
        {
            "kind": [row.kind.replace("_", " ") for row in found],
            "found": [row.items for row in found],
            "in conversations": [row.conversations for row in found],
            "policy": [row.policy for row in found],
            "samples, dotted out": ["   ".join(row.samples) for row in found],
        }
    )
    return table(frame, f"{frame['found'].sum():,} pieces of personal data")


def tokens(seen: Seen) -> Block:
    """Each split in tokens, and what to know about it."""
    frame = pd.DataFrame(map(asdict, seen.figures)).rename(columns=lambda name: name.replace("_", " "))
    formats = {"learned share": ".0%"} | {
        name: "," for name in frame.columns if pd.api.types.is_integer_dtype(frame[name])
    }
    shown = table(frame, "The sets in tokens; only the learned ones teach", formats)
    return stack(shown, *(banner("Look at this", [warning], "open") for warning in seen.warnings))


def token_examples(tokenizer: Any, seen: Seen) -> Block:
    """A short conversation, one of several turns and one that was cut or is longest, the learned tokens in colour."""
    parts = []
    for example in seen.examples:
        cut = f", {turns_cut} messages cut from the front" if (turns_cut := example.rendered[-1].turns_cut) else ""
        parts.append(sentence(f"{example.kind.capitalize()} ({example.conversation.origin}{cut})"))
        parts.append(learned_tokens(tokenizer, example.rendered))
    return stack(*parts)
