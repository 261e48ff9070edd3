"""What the page opens with: the verdict or why there is none, the four stages, the headline figures."""

import html
from typing import Any

from marcus_nb.display.blocks import safe
from marcus_nb.display.standing import MARKS, MOODS, NOT_MEASURED, Standing, between, needed, told
from marcus_nb.parameters import STAGES
from marcus_nb.pipeline.console import plain
from marcus_nb.pipeline.report.facts import Facts, notebook
from marcus_nb.pipeline.report.pieces import (
    Markup,
    folded,
    moment,
    seconds_between,
    section,
    table,
    took,
    without_folders,
)
from marcus_nb.runs.provenance import NOTEBOOKS

LOG_LINES = 12
WORDS = {"PASSED": "finished", "FAILED": "failed", "INCOMPLETE": "stopped", "RUNNING": "at work"}


def title(facts: Facts) -> str:
    """The page's one sentence: `"The personality of Nell: ACQUIRED"`, `"FAILED in 03_train"`."""
    name, stage = facts.run.parameters.shared.persona_name, facts.unfinished
    if facts.status == "PASSED" and facts.state.get("verdict"):
        return f"The personality of {name}: {str(facts.state['verdict']).upper()}"
    if stage and facts.status in ("FAILED", "INCOMPLETE"):
        return f"{facts.status} in {NOTEBOOKS[stage]}: {name} is not finished"
    return f"{facts.status}: {name}"


def mood(facts: Facts) -> str:
    """The verdict's colour; the words say the same."""
    if facts.status == "FAILED" or facts.state.get("verdict") == "not acquired":
        return "bad"
    good = facts.state.get("verdict") == "acquired" and facts.results.get("deploy", "yes") == "yes"
    return "good" if facts.status == "PASSED" and good else "open"


def verdict(facts: Facts) -> str:
    """The verdict, whether to deploy and why, wrong facts and next steps; or why the run stopped and how it goes on."""
    inside = _judged(facts) if facts.status == "PASSED" else _stopped(facts)
    return f'<section id="verdict" class="verdict {mood(facts)}" aria-labelledby="top">{_head(facts)}{inside}</section>'


def _head(facts: Facts) -> str:
    run, state = facts.run, facts.state
    spent = seconds_between(state.get("started"), state.get("finished"))
    when = [moment(state.get("started")), f"took {took(spent)}" if spent is not None else ""]
    told_when = " · ".join(filter(None, when))
    return (
        f'<h1 id="top">{safe(title(facts))}</h1>'
        f'<p class="quiet"><strong class="status">{safe(facts.status)}</strong> · {html.escape(run.experiment)}, '
        f"run {html.escape(run.name)} · {told_when}</p>"
    )


def _judged(facts: Facts) -> str:
    found = facts.results
    why = [reason for reason in _texts(found, "why") if reason != found.get("summary")]
    parts = [f"<p>{safe(found.get('summary', ''))}</p>" if found.get("summary") else ""]
    if found.get("deploy"):
        parts.append(f"<p><strong>Deploy: {safe(found['deploy']).upper()}.</strong> {safe(' '.join(why))}</p>")
    wrong = [item for item in found.get("mistakes") or [] if isinstance(item, dict)]
    if wrong:
        rows = [[Markup(safe(item.get(key, ""))) for key in ("question", "said", "right")] for item in wrong]
        count = f"{len(rows)} fact{'' if len(rows) == 1 else 's'} that it states wrongly"
        parts.append(table(count, ["asked", "it said", "it must say"], rows))
    steps = "".join(f"<li>{safe(step)}</li>" for step in _texts(found, "next_steps"))
    parts.append(f"<h2>What to do next</h2><ol>{steps}</ol>" if steps else "")
    return "".join(parts)


def _stopped(facts: Facts) -> str:
    state, stage = facts.state, facts.unfinished
    parts = []
    cause = plain(without_folders(state.get("cause") or ""))
    if cause:
        parts.append(f"<h2>Why</h2><p class='cause'>{safe(cause)}</p>")
    if state.get("go_on"):
        parts.append(
            f"<h2>What to do next</h2><p>Go on where it stopped, in the project's folder:</p>"
            f'<pre class="command"><code>{safe(state["go_on"])}</code></pre>'
        )
    if stage:
        book = notebook(facts.run, stage)
        if book:
            parts.append(f'<p>The notebook as far as it came: <a href="#{stage}">{html.escape(book.name)}</a></p>')
        lines = _last_lines(facts, stage)
        if lines:
            parts.append(f"<h2>The last lines of its log</h2><pre>{safe(lines)}</pre>")
    if state.get("status") == "RUNNING":
        parts.append("<p>This page was written while the run was at work.</p>")
    return "".join(parts)


def _last_lines(facts: Facts, stage: str) -> str:
    try:
        log = (facts.run.folder / stage / "log.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(line[:400] for line in plain(without_folders(log)).splitlines()[-LOG_LINES:])


def strip(facts: Facts) -> str:
    """The four stages: how each ended, how long it took, and whether it was made or taken over."""
    items = []
    for stage in STAGES:
        entry: dict[str, Any] = facts.state.get("stages", {}).get(stage, {})
        record = facts.records.get(stage, {})
        status = entry.get("status")
        if status == "RUNNING" and facts.status != "RUNNING":
            status = "INCOMPLETE"  # the process is gone: run.json could not be told any more
        word = WORDS.get(status, "not begun") if status else "not begun"
        reused = entry.get("reused_from") or record.get("reused_from")
        made = f"taken over from run {html.escape(reused)}" if reused else "made in this run" if record else ""
        spent = took(record.get("seconds", entry.get("seconds")))
        lines = (
            "".join(f"<li>{safe(line)}</li>" for line in record.get("headline", [])[:2]) if stage != "evaluate" else ""
        )
        kind = {"PASSED": "good", "FAILED": "bad"}.get(status or "", "open" if status else "none")
        mark = {"good": "✓", "bad": "✗", "open": "!", "none": "–"}[kind]
        items.append(
            f'<li class="{kind}"><strong><span aria-hidden="true">{mark}</span> {NOTEBOOKS[stage]}</strong>'
            f"<div>{word}{f', {spent}' if spent else ''}</div><div>{made}</div>"
            f"{f'<ul>{lines}</ul>' if lines else ''}</li>"
        )
    return section("stages", "The stages", f'<ol class="strip">{"".join(items)}</ol>')


def figures(facts: Facts) -> str:
    """Each claim with its figure, interval, n, what is asked for, and the difference to the run before."""
    places = facts.standings()
    if not places:
        return section("figures", "Headline figures", "<p>Nothing was measured: 04_evaluate did not come so far.</p>")
    earlier = facts.before.standings() if facts.before else {}
    rows = []
    for name, place in places.items():
        claim = place.claim
        known = claim.status != NOT_MEASURED
        mark, kind = MARKS.get(claim.status, ""), MOODS.get(claim.status, "plain")
        result = Markup(f'<span class="{kind}">{mark}&nbsp;{safe(claim.status)}</span>')
        about = Markup(f"{safe(name)}<small>{safe(claim.statement)}</small>")
        value = (
            f"{told(claim.value, place.unit)} {between(claim.low, claim.high, place.unit)}".strip() if known else "–"
        )
        row = [about, result, _with_unit(value, place), claim.n, needed(place)]
        rows.append(row + _difference(place, earlier.get(name)) if facts.before else row)
    heads = ["claim", "result", "figure (interval)", "n", "asked for"]
    heads += ["before", "difference"] if facts.before else []
    holds = sum(place.claim.status == "supported" for place in places.values())
    able = sum(place.claim.status != NOT_MEASURED for place in places.values())
    caption = f"{holds} of {able} claims that could be measured hold"
    sentences = "".join(f"<li><strong>{safe(n)}</strong>: {safe(p.claim.sentence)}</li>" for n, p in places.items())
    note = (
        "<p class='quiet'>In brackets stands the interval: where the figure would lie if other conversations had been "
        "held out. n is how many conversations, replies or questions it rests on.</p>"
    )
    inside = table(caption, heads, rows, numbers=(3,)) + note + _compared(facts)
    return section("figures", "Headline figures", inside + folded("Each claim in a sentence", f"<ul>{sentences}</ul>"))


def _with_unit(value: str, place: Standing) -> str:
    plain_units = ("share", "ratio", "words", "AUC", "")
    name = "gain" if place.gain else place.measure
    unit = "" if place.unit in plain_units else f" {place.unit}"
    return Markup(f"{safe(value)}<small>{safe(name + (',' + unit if unit else ''))}</small>")


def _difference(place: Standing, earlier: Standing | None) -> list[object]:
    """The figure of the run before, and what changed: `"+0.02, within the intervals"`."""
    if earlier is None or NOT_MEASURED in (place.claim.status, earlier.claim.status):
        return ["–", "–"]
    now, then = place.claim, earlier.claim
    if (place.measure, place.unit) != (earlier.measure, earlier.unit) or None in (now.value, then.value):
        return ["measured otherwise", "–"]
    before = f"{MARKS.get(then.status, '')} {told(then.value, place.unit)}"
    change = now.value - then.value
    words = f"{change * 100:+z.0f} points" if place.unit == "share" else f"{change:+z.2f}"
    if None in (now.low, now.high, then.low, then.high):
        return [before, words]
    if now.low <= then.high and then.low <= now.high:
        return [before, f"{words}, within the intervals" if change else "none"]
    better = (change > 0) == (place.higher or place.gain)
    return [before, f"{words}, {'better' if better else 'worse'}"]


def _compared(facts: Facts) -> str:
    if not facts.before:
        return "<p>No run of this experiment had finished before this one, so there is nothing to compare with.</p>"
    differing = []
    for stage in STAGES:
        now, then = (side.records.get(stage, {}).get("parameters", {}) for side in (facts, facts.before))
        differing += [f"{stage}: {name}" for name in now if then.get(name, now) != now[name]]
    files = {key: digest for key, digest in facts.records.get("ingest", {}).get("reads", {}).items()}
    same_files = files == facts.before.records.get("ingest", {}).get("reads", {})
    what = (
        "Parameters that differ: " + "; ".join(dict.fromkeys(differing)) if differing else "The parameters are the same"
    )
    data = "the files that were read are the same" if same_files else "the files that were read differ"
    return f"<p>Before: run {html.escape(facts.before.run.name)}. {safe(what)}; {data}.</p>"


def _texts(found: dict[str, Any], key: str) -> list[str]:
    value = found.get(key)
    return [str(item) for item in value] if isinstance(value, list | tuple) else []
