"""`report.html`: everything of one run on one page that needs nothing else."""

import base64
import hashlib
import html
from collections.abc import Callable
from pathlib import Path

from marcus_nb.display.blocks import safe
from marcus_nb.display.hiding import know
from marcus_nb.pipeline.report.asked import asked
from marcus_nb.pipeline.report.facts import gather
from marcus_nb.pipeline.report.markup import Styles
from marcus_nb.pipeline.report.notebooks import Chapter, chapters
from marcus_nb.pipeline.report.opening import figures, strip, title, verdict
from marcus_nb.pipeline.report.provenance import provenance
from marcus_nb.renaming import replace
from marcus_nb.runs import Run
from marcus_nb.runs.files import saying_disk_full
from marcus_nb.words import _, language

NAME = "report.html"
_HERE = Path(__file__).parent


def write(run: Run) -> Path:
    """Write the run's page and return its path. Raises RunError, DiskFull, OSError; the run is not touched."""
    return save(run.folder / NAME, page(run))


def page(run: Run) -> str:
    """The whole page as HTML."""
    know(run.parameters.shared.persona_name)
    facts, styles = gather(run), Styles()
    books = chapters(facts, styles)
    articles = "".join(f'<article id="{book.stage}">{book.body}</article>' for book in books)
    opening, closing = html.escape(_("Open all code")), html.escape(_("Close all code"))
    opener = f'<p><button id="code" type="button" data-other="{closing}" hidden>{opening}</button></p>' if books else ""
    shown = '<section id="notebooks" aria-labelledby="notebooks-title">'
    shown += f'<h2 id="notebooks-title">{_("The notebooks")}</h2>'
    shown += f"{opener}{articles or '<p>' + _('No notebook was begun.') + '</p>'}</section>"
    parts = [
        _part("verdict", title(facts), lambda: verdict(facts), level=1),
        _part("stages", _("The stages"), lambda: strip(facts)),
        _part("figures", _("Headline figures"), lambda: figures(facts)),
        _part("asked", _("What was asked"), lambda: asked(run.parameters)),
        shown,
        _part("provenance", _("Where it comes from"), lambda: provenance(facts)),
    ]
    main = "".join(parts)
    body = f'<div class="page">{_contents(books)}<main id="main">{main}</main></div>'
    return document(f"{title(facts)} · {run.experiment}/{run.name}", body, "page.js", styles.css())


def _part(identity: str, name: str, make: Callable[[], str], level: int = 2) -> str:
    """A part of the page; records that are damaged, or another version's, cost no more than the part they are in."""
    try:
        return make()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        said = _("This cannot be shown: the run's records are damaged or another version's ({error}).")
        said = said.format(error=type(error).__name__)
        return f'<section id="{identity}"><h{level}>{safe(name)}</h{level}><p>{said}</p></section>'


def _contents(books: list[Chapter]) -> str:
    def entry(identity: str, words: str, below: str = "") -> str:
        return f'<li><a href="#{html.escape(identity)}">{safe(words)}</a>{below}</li>'

    inner = ""
    for book in books:
        below = "".join(entry(identity, words) for identity, words in book.headings)
        inner += entry(book.stage, book.title, f'<ol lang="en">{below}</ol>' if below else "")
    entries = [
        entry("verdict", _("The verdict")),
        entry("stages", _("The stages")),
        entry("figures", _("Headline figures")),
        entry("asked", _("What was asked")),
        entry("notebooks", _("The notebooks"), f"<ol>{inner}</ol>" if inner else ""),
        entry("provenance", _("Where it comes from")),
    ]
    return f'<nav aria-label="{_("Contents")}"><p>{_("Contents")}</p><ol>{"".join(entries)}</ol></nav>'


def document(name: str, body: str, script: str, rules: str = "") -> str:
    """A page of its own: `body` in the common dress, with the script of that file, and no door to anywhere.

    The policy lets a browser run and apply exactly what stands here, whatever a notebook's output may contain.
    """
    dress = f"{(_HERE / 'page.css').read_text(encoding='utf-8')}\n{rules}"
    steps = (_HERE / script).read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_fingerprint(dress)}'; script-src '{_fingerprint(steps)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{safe(name)}</title>\n<style>{dress}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">{_("Skip to the content")}</a>\n{body}\n'
        f"<script>{steps}</script>\n</body>\n</html>\n"
    )


def _fingerprint(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def save(path: Path, text: str) -> Path:
    """Write a page whole or not at all. Raises DiskFull with the old one intact."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with saying_disk_full(path):
            temporary.write_text(text, encoding="utf-8", newline="\n")
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
