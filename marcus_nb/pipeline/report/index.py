"""`outputs/index.html`: every run there is, the newest first, each with a link to its page."""

import html
import urllib.parse
from pathlib import Path

from marcus_nb.display.blocks import safe
from marcus_nb.display.standing import NOT_MEASURED, SUPPORTED, between, told
from marcus_nb.parameters import ParameterError
from marcus_nb.pipeline.listing import size
from marcus_nb.pipeline.report.facts import Facts, gather_from
from marcus_nb.pipeline.report.pieces import Markup, cell, moment, seconds_between
from marcus_nb.pipeline.report.whole import NAME, document, save, write
from marcus_nb.runs import DRAFT, RunError, hygiene, list_runs, open_run, outputs_root, read_json, read_state
from marcus_nb.runs.folders import known_folders, without_folders
from marcus_nb.runs.lock import locked
from marcus_nb.words import _, shown, worded

INDEX = "index.html"
_HEADS = (
    *(worded("began [UTC]"), worded("experiment"), worded("run"), worded("status"), worded("verdict")),
    *(worded("deploy"), worded("claims that hold"), worded("gain in loss"), worded("knowledge")),
    *(worded("minutes"), worded("size [MB]")),
)
_NUMBERS = (6, 7, 8, 9, 10)


def write_index() -> Path:
    """Write the page of all runs and return its path; a run that cannot be read is listed as such."""
    _catch_up()
    return save(outputs_root() / INDEX, index())


def _catch_up() -> None:
    """Write the pages of runs that were killed and look for what tells of a person, as they could not do it."""
    for folder in list_runs():
        if folder.name == DRAFT or (folder / NAME).exists():
            continue
        try:
            killed = read_json(folder / "run.json")["status"] == "RUNNING"
            if killed and read_state(folder)["status"] != "RUNNING":
                run = open_run(folder.parent.name, folder.name)
                write(run)
                with locked(folder):
                    hygiene.keep(run)
        except (ParameterError, RunError, KeyError, TypeError, AttributeError, ValueError, OSError):
            continue  # the list says what is wrong with it


def index() -> str:
    """The whole page as HTML, with links that stay right when the folder is moved."""
    folders = sorted(list_runs(), key=lambda folder: (folder.name[:1].isdigit(), folder.name), reverse=True)
    rows = "".join(_row(folder) for folder in folders)
    heads = "".join(
        f'<th scope="col"{" class=number" if place in _NUMBERS else ""}>{html.escape(shown(name))}</th>'
        for place, name in enumerate(_HEADS)
    )
    count = (
        _("1 run, the newest first")
        if len(folders) == 1
        else _("{count} runs, the newest first").format(count=len(folders))
    )
    note = _(
        "Each run links to its page. What a run is, is said in its own run.json; this list is made anew after each run."
    )
    body = (
        f'<main id="main" class="all"><h1>{_("All runs")}</h1><p>{note}</p>'
        f'<div class="wide" role="region" tabindex="0" aria-label="{count}"><table class="ours sortable">'
        f"<caption>{count}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></main>"
    )
    return document(_("All runs"), body, "index.js")


def _row(folder: Path) -> str:
    experiment, name = folder.parent.name, folder.name
    taken = round(size(folder) / 1e6, 2)
    try:
        cells = _cells(gather_from(folder), taken)
    except (RunError, KeyError, TypeError, AttributeError, ValueError, OSError):  # must not hide the others
        said = _("unreadable: its run.json is damaged")  # an error's own words would name a folder of this machine
        cells = [("", ""), (experiment, ""), (name, ""), (said, ""), *[("", "")] * 6, (f"{taken:,.1f}", taken)]
    link = urllib.parse.quote(f"{experiment}/{name}/{NAME}")
    made = []
    for place, (text, key) in enumerate(cells):
        shown = safe(text) if place in (3, 4, 5) else cell(text)  # names and figures are nobody's data
        if place == 2 and (folder / NAME).is_file():
            shown = f'<a href="{link}">{shown}</a>'
        classed = ' class="number"' if place in _NUMBERS else ""
        sorted_by = f' data-key="{html.escape(str(key))}"' if key != "" else ""
        made.append(f'<th scope="row"{classed}>{shown}</th>' if place == 2 else f"<td{classed}{sorted_by}>{shown}</td>")
    return f"<tr>{''.join(made)}</tr>"


def _cells(facts: Facts, taken: float) -> list[tuple[str, object]]:
    """Text and what it is sorted by, "" where that is the text itself, for each column."""
    state, places = facts.state, facts.standings()
    began, ended = state.get("started"), state.get("finished")
    spent = seconds_between(began, ended)
    able = [place for place in places.values() if place.claim.status != NOT_MEASURED]
    holds = sum(place.claim.status == SUPPORTED for place in able)
    cause = " ".join(without_folders(state.get("cause") or "", known_folders()).split())
    status = shown(facts.status) + (f": {cause[:160]}" if cause and facts.status in ("FAILED", "INCOMPLETE") else "")
    finished = facts.status == "PASSED"
    return [
        (moment(began).removesuffix(" UTC"), str(began or "")),
        (facts.experiment, ""),
        (facts.name, ""),
        (status, ""),
        (shown(str(state.get("verdict") or "")), ""),
        (shown(str(facts.results.get("deploy") or "")) if finished else "", ""),
        (_("{count} of {n}").format(count=holds, n=len(able)) if able else "", holds if able else ""),
        _figure(facts, "loss"),
        _figure(facts, "knowledge"),
        (f"{spent / 60:.1f}" if spent is not None else "", spent if spent is not None else ""),
        (f"{taken:,.1f}", taken),
    ]


def _figure(facts: Facts, name: str) -> tuple[str, object]:
    """A claim's figure with its interval and n, and the bare figure to sort by."""
    place = facts.standings().get(name)
    if place is None or place.claim.status == NOT_MEASURED or place.claim.value is None:
        return "", ""
    claim = place.claim
    about = ", ".join(filter(None, (between(claim.low, claim.high, place.unit), f"n = {claim.n}")))
    return Markup(f"{told(claim.value, place.unit)}<small>{safe(about)}</small>"), claim.value
