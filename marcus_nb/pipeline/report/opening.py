"""What the page opens with: the verdict or why there is none, the four stages, the headline figures."""

import html
from typing import Any

from marcus_nb.display.blocks import safe
from marcus_nb.display.standing import MARKS, MOODS, NOT_MEASURED, SUPPORTED, Standing, between, needed, told
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
)
from marcus_nb.runs.folders import known_folders, without_folders
from marcus_nb.runs.provenance import NOTEBOOKS
from marcus_nb.words import _, shown, worded

LOG_LINES = 12
WORDS = {
    worded("PASSED"): worded("finished"),
    worded("FAILED"): worded("failed"),
    worded("INCOMPLETE"): worded("stopped"),
    worded("RUNNING"): worded("at work"),
}


def title(facts: Facts) -> str:
    """The page's one sentence: `"The personality of Nell: ACQUIRED"`, `"FAILED in 03_train"`."""
    name, stage = facts.persona_name, facts.unfinished
    if facts.status == "PASSED" and facts.state.get("verdict"):
        found = shown(str(facts.state["verdict"])).upper()
        return _("The personality of {name}: {verdict}").format(name=name, verdict=found)
    if stage and facts.status in ("FAILED", "INCOMPLETE"):
        said = _("{status} in {notebook}: {name} is not finished")
        return said.format(status=shown(facts.status), notebook=NOTEBOOKS[stage], name=name)
    return f"{shown(facts.status)}: {name}"


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
    state = facts.state
    spent = seconds_between(state.get("started"), state.get("finished"))
    lasted = _("took {time}").format(time=took(spent)) if spent is not None else ""
    told_when = " · ".join(filter(None, (moment(state.get("started")), lasted)))
    where = _("{experiment}, run {run}").format(experiment=facts.experiment, run=facts.name)
    return (
        f'<h1 id="top">{safe(title(facts))}</h1>'
        f'<p class="quiet"><strong class="status">{safe(shown(facts.status))}</strong> · {html.escape(where)} · '
        f"{told_when}</p>"
    )


def _judged(facts: Facts) -> str:
    found = facts.results
    why = [reason for reason in _texts(found, "why") if reason != found.get("summary")]
    parts = [f"<p>{safe(shown(found['summary']))}</p>" if found.get("summary") else ""]
    if found.get("deploy"):
        deploy = _("Deploy: {answer}.").format(answer=shown(found["deploy"]).upper())
        parts.append(f"<p><strong>{safe(deploy)}</strong> {safe(' '.join(map(shown, why)))}</p>")
    wrong = [item for item in found.get("mistakes") or [] if isinstance(item, dict)]
    if wrong:
        rows = [[Markup(safe(item.get(key, ""))) for key in ("question", "said", "right")] for item in wrong]
        count = _("1 fact that it states wrongly") if len(rows) == 1 else _("{count} facts that it states wrongly")
        parts.append(table(count.format(count=len(rows)), [_("asked"), _("it said"), _("it must say")], rows))
    steps = "".join(f"<li>{safe(shown(step))}</li>" for step in _texts(found, "next_steps"))
    parts.append(f"<h2>{_('What to do next')}</h2><ol>{steps}</ol>" if steps else "")
    return "".join(parts)


def _stopped(facts: Facts) -> str:
    state, stage = facts.state, facts.unfinished
    parts = []
    cause = plain(without_folders(state.get("cause") or "", known_folders()))
    if cause:
        parts.append(f"<h2>{_('Why')}</h2><p class='cause'>{safe(cause)}</p>")
    if state.get("go_on"):
        how = _("Go on where it stopped, in the project's folder:")
        parts.append(
            f'<h2>{_("What to do next")}</h2><p>{how}</p><pre class="command"><code>{safe(state["go_on"])}</code></pre>'
        )
    if stage:
        book = notebook(facts.folder, stage)
        if book:
            link = f'<a href="#{stage}">{html.escape(book.name)}</a>'
            parts.append(f"<p>{_('The notebook as far as it came: {link}').format(link=link)}</p>")
        lines = _last_lines(facts, stage)
        if lines:
            parts.append(f"<h2>{_('The last lines of its log')}</h2><pre>{safe(lines)}</pre>")
    if state.get("status") == "RUNNING":
        parts.append(f"<p>{_('This page was written while the run was at work.')}</p>")
    return "".join(parts)


def _last_lines(facts: Facts, stage: str) -> str:
    try:
        log = (facts.folder / stage / "log.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(line[:400] for line in plain(without_folders(log, known_folders())).splitlines()[-LOG_LINES:])


def strip(facts: Facts) -> str:
    """The four stages: how each ended, how long it took, and whether it was made or taken over."""
    items = []
    for stage in STAGES:
        entry: dict[str, Any] = facts.state.get("stages", {}).get(stage, {})
        record = facts.records.get(stage, {})
        status = entry.get("status")
        if status == "RUNNING" and facts.status != "RUNNING":
            status = "INCOMPLETE"  # the process is gone: run.json could not be told any more
        word = shown(WORDS[status]) if status in WORDS else _("not begun")
        reused = entry.get("reused_from") or record.get("reused_from")
        made = _("made in this run") if record else ""
        made = _("taken over from run {run}").format(run=html.escape(reused)) if reused else made
        spent = took(record.get("seconds", entry.get("seconds")))
        lines = (
            "".join(f"<li>{safe(line)}</li>" for line in record.get("headline", [])[:2]) if stage != "evaluate" else ""
        )
        listed = f'<ul lang="en">{lines}</ul>' if lines else ""
        kind = {"PASSED": "good", "FAILED": "bad"}.get(status or "", "open" if status else "none")
        mark = {"good": "✓", "bad": "✗", "open": "!", "none": "–"}[kind]
        items.append(
            f'<li class="{kind}"><strong><span aria-hidden="true">{mark}</span> {NOTEBOOKS[stage]}</strong>'
            f"<div>{word}{f', {spent}' if spent else ''}</div><div>{made}</div>"
            f"{listed}</li>"
        )
    return section("stages", _("The stages"), f'<ol class="strip">{"".join(items)}</ol>')


def figures(facts: Facts) -> str:
    """Each claim with its figure, interval, n, what is asked for, and the difference to the run before."""
    places = facts.standings()
    if not places:
        nothing = _("Nothing was measured: 04_evaluate did not come so far.")
        return section("figures", _("Headline figures"), f"<p>{nothing}</p>")
    earlier = facts.before.standings() if facts.before else {}
    rows = []
    for name, place in places.items():
        claim = place.claim
        known = claim.status != NOT_MEASURED
        mark, kind = MARKS.get(claim.status, ""), MOODS.get(claim.status, "plain")
        result = Markup(f'<span class="{kind}">{mark}&nbsp;{safe(shown(claim.status))}</span>')
        about = Markup(f"{safe(shown(name))}<small>{safe(shown(claim.statement))}</small>")
        value = (
            f"{told(claim.value, place.unit)} {between(claim.low, claim.high, place.unit)}".strip() if known else "–"
        )
        row = [about, result, _with_unit(value, place), claim.n, needed(place)]
        rows.append(row + _difference(place, earlier.get(name)) if facts.before else row)
    heads = [_("claim"), _("result"), _("figure (interval)"), "n", _("asked for")]
    heads += [_("before"), _("difference")] if facts.before else []
    holds = sum(place.claim.status == SUPPORTED for place in places.values())
    able = sum(place.claim.status != NOT_MEASURED for place in places.values())
    caption = _("{holds} of {able} claims that could be measured hold").format(holds=holds, able=able)
    sentences = "".join(
        f"<li><strong>{safe(shown(name))}</strong>: {safe(shown(place.claim.sentence))}</li>"
        for name, place in places.items()
    )
    note = _(
        "In brackets stands the interval: where the figure would lie if other conversations had been held out. n is "
        "how many conversations, replies or questions it rests on."
    )
    inside = f"{table(caption, heads, rows, numbers=(3,))}<p class='quiet'>{note}</p>{_compared(facts)}"
    told_each = folded(_("Each claim in a sentence"), f"<ul>{sentences}</ul>")
    return section("figures", _("Headline figures"), inside + told_each)


def _with_unit(value: str, place: Standing) -> str:
    plain_units = ("share", "ratio", "words", "AUC", "")
    name = _("gain") if place.gain else shown(place.measure)
    unit = "" if place.unit in plain_units else f" {shown(place.unit)}"
    return Markup(f"{safe(value)}<small>{safe(name + (',' + unit if unit else ''))}</small>")


def _difference(place: Standing, earlier: Standing | None) -> list[object]:
    """The figure of the run before, and what changed: `"+0.02, within the intervals"`."""
    if earlier is None or NOT_MEASURED in (place.claim.status, earlier.claim.status):
        return ["–", "–"]
    now, then = place.claim, earlier.claim
    if (place.measure, place.unit) != (earlier.measure, earlier.unit) or None in (now.value, then.value):
        return [_("measured otherwise"), "–"]
    before = f"{MARKS.get(then.status, '')} {told(then.value, place.unit)}"
    change = now.value - then.value
    words = f"{change:+z.2f}"
    if place.unit == "share":
        words = _("{change} points").format(change=f"{change * 100:+z.0f}")
    if None in (now.low, now.high, then.low, then.high):
        return [before, words]
    if now.low <= then.high and then.low <= now.high:
        return [before, _("{change}, within the intervals").format(change=words) if change else _("no change")]
    better = (change > 0) == (place.higher or place.gain)
    told_side = _("{change}, better") if better else _("{change}, worse")
    return [before, told_side.format(change=words)]


def _compared(facts: Facts) -> str:
    if not facts.before:
        nothing = _("No run of this experiment had finished before this one, so there is nothing to compare with.")
        return f"<p>{nothing}</p>"
    differing = []
    for stage in STAGES:
        now, then = (side.records.get(stage, {}).get("parameters", {}) for side in (facts, facts.before))
        differing += [f"{stage}: {name}" for name in now if then.get(name, now) != now[name]]
    files = {key: digest for key, digest in facts.records.get("ingest", {}).get("reads", {}).items()}
    same_files = files == facts.before.records.get("ingest", {}).get("reads", {})
    what = _("The parameters are the same")
    if differing:
        what = _("Parameters that differ: {names}").format(names="; ".join(dict.fromkeys(differing)))
    data = _("the files that were read are the same") if same_files else _("the files that were read differ")
    before = _("Before: run {run}.").format(run=facts.before.name)
    return f"<p>{html.escape(before)} {safe(what)}; {data}.</p>"


def _texts(found: dict[str, Any], key: str) -> list[str]:
    value = found.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []
