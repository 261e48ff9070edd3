"""The executed notebooks as chapters of the page: prose and what was shown in order, code folded away."""

import base64
import binascii
import html
import io
import re
from dataclasses import dataclass, field
from typing import Any

import mistune
import PIL.Image
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Number, String

from marcus_nb.display.blocks import safe
from marcus_nb.parameters import STAGES
from marcus_nb.pipeline.console import plain
from marcus_nb.pipeline.report.facts import Facts, notebook
from marcus_nb.pipeline.report.markup import Styles, rewritten
from marcus_nb.pipeline.report.pieces import Markup, folded, took
from marcus_nb.runs import RunError, read_json
from marcus_nb.runs.folders import known_folders, without_folders
from marcus_nb.runs.provenance import NOTEBOOKS
from marcus_nb.words import _

_PARAMETERS = "resolve"  # the cell that shows the stage's parameters
_TOP = 3  # a notebook's title is a heading of this level
_LONG = 40  # lines of plain text that are shown at once
_COLOURED = {Keyword: "k", String: "t", Comment: "c", Number: "m"}


@dataclass
class Chapter:
    """One notebook: `headings` are those of the table of contents, `[("train-the-loss", "The loss")]`."""

    stage: str
    title: str
    body: str = ""
    headings: list[tuple[str, str]] = field(default_factory=list)


def chapters(facts: Facts, styles: Styles) -> list[Chapter]:
    """One chapter for each stage that was begun, in order; one that cannot be read says so."""
    made = []
    for stage in STAGES:
        path = notebook(facts.folder, stage)
        if path is None:
            continue
        chapter = Chapter(stage, f"{NOTEBOOKS[stage]}")
        try:
            book = read_json(path)
            if path.name.endswith(".partial.ipynb"):  # of a run that was killed before it could clean it
                book = without_folders(book, known_folders())
            chapter.body = _body(book, chapter, styles)
        except (RunError, KeyError, TypeError, AttributeError, ValueError) as error:
            said = _("{file} is damaged and cannot be shown: {error}").format(file=path.name, error=error)
            chapter.body = f"<h3>{NOTEBOOKS[stage]}</h3><p>{safe(said)}</p>"
        if path.name != f"{NOTEBOOKS[stage]}.ipynb":
            said = _("This is {file}: the notebook as far as it came.").format(file=path.name)
            chapter.body += f"<p class='quiet'>{said}</p>"
        made.append(chapter)
    return made


class _Prose(mistune.HTMLRenderer):
    """Markdown of our notebooks: HTML in it is shown as text, links out of the page are only told."""

    def __init__(self, chapter: Chapter) -> None:
        super().__init__(escape=True)
        self.chapter, self.level, self.seen = chapter, _TOP - 1, {}

    def heading(self, text: str, level: int, **options: Any) -> str:
        # No level is left out, however the notebook's author counted.
        self.level = min(level + _TOP - 1, self.level + 1, 6)
        words = html.unescape(re.sub(r"<[^>]*>", "", text)).strip()
        name = f"{self.chapter.stage}-{re.sub(r'[^a-z0-9]+', '-', words.lower()).strip('-') or 'part'}"
        self.seen[name] = self.seen.get(name, 0) + 1
        name += f"-{self.seen[name]}" if self.seen[name] > 1 else ""
        if self.level > _TOP:
            self.chapter.headings.append((name, words))
        return f'<h{self.level} id="{html.escape(name)}">{text}</h{self.level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return text if url.startswith("#") or text == url else f"{text} (<code>{html.escape(url)}</code>)"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return html.escape(html.unescape(text))


def _body(book: dict[str, Any], chapter: Chapter, styles: Styles) -> str:
    renderer = _Prose(chapter)
    prose = mistune.create_markdown(renderer=renderer, plugins=["table", "strikethrough"])
    parts = []
    for cell in book["cells"]:
        source, tags = _text(cell["source"]), cell["metadata"].get("tags", [])
        if cell["cell_type"] == "markdown":
            if source.lstrip().startswith("<") and "papermill-error-cell-tag" in tags:  # papermill's own banner
                parts.append(f'<p class="stopped">{safe(re.sub(r"<[^>]*>", "", source))}</p>')
            else:
                parts.append(f'<div class="prose" lang="en">{prose(source)}</div>')
        elif cell["cell_type"] == "code":
            parts.append(_code(source, tags, cell))
            if cell.get("id") == _PARAMETERS and _shows(cell):  # the page has them already, those of all stages
                link = f'<a href="#asked">{_("What was asked")}</a>'
                parts.append(f'<p class="quiet">{_("Its parameters stand under {link}.").format(link=link)}</p>')
                continue
            parts += [_output(output, styles) for output in cell.get("outputs", [])]
    if renderer.level < _TOP:
        parts.insert(0, f"<h{_TOP}>{html.escape(chapter.title)}</h{_TOP}>")
    return "\n".join(parts)


def _shows(cell: dict[str, Any]) -> bool:
    return any(output["output_type"] in ("display_data", "execute_result") for output in cell.get("outputs", []))


def _code(source: str, tags: list[str], cell: dict[str, Any]) -> str:
    """A cell's code, folded; not the control panel, whose every value is None in a run made by the launcher."""
    if not source.strip() or ("parameters" in tags and source.lstrip().startswith("# fmt: off")):
        return ""
    name = _("Code: the parameters of this run") if "injected-parameters" in tags else _("Code")
    mill = cell["metadata"].get("papermill", {})
    spent = took(mill.get("duration")) if mill.get("status") != "pending" else _("never ran")
    shown = f'<pre class="python"><code>{_coloured(source)}</code></pre>'
    return folded(f"{name}{f' · {spent}' if spent else ''}", shown, "code")


def _coloured(source: str) -> str:
    """Python as HTML; only what helps to read it is coloured, or the marks would weigh more than the code."""
    parts: list[tuple[str, str]] = []
    for token, text in PythonLexer().get_tokens(source):
        name = next((name for kind, name in _COLOURED.items() if token in kind), "")
        if parts and (parts[-1][0] == name or not text.strip()):  # white space needs no colour of its own
            parts[-1] = (parts[-1][0], parts[-1][1] + text)
        else:
            parts.append((name, text))
    return "".join(f'<i class="{name}">{safe(text)}</i>' if name else safe(text) for name, text in parts).rstrip()


def _output(output: dict[str, Any], styles: Styles) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return _plain(_text(output["text"]), output.get("name", "stdout"))
    if kind == "error":
        said = plain(f"{output.get('ename', '')}: {output.get('evalue', '')}")
        trace = plain("\n".join(output.get("traceback", [])))
        return (
            f'<div class="error"><p><strong>{safe(said)}</strong></p>'
            + folded(_("Where it happened"), f"<pre>{safe(trace)}</pre>")
            + "</div>"
        )
    data = output.get("data", {})
    if "image/png" in data and (picture := _picture(output, data)):
        return picture
    if "text/html" in data:
        return f'<div class="output">{rewritten(_text(data["text/html"]), styles)}</div>'
    return _plain(_text(data.get("text/plain", "")), "stdout")


def _picture(output: dict[str, Any], data: dict[str, Any]) -> str:
    """A figure with its finding in words for those who cannot see it; "" when it is no picture."""
    try:
        drawn = base64.b64decode("".join(_text(data["image/png"]).split()), validate=True)
        with PIL.Image.open(io.BytesIO(drawn), formats=["PNG"]) as picture:
            wide, high = picture.size
            smaller = io.BytesIO()
            picture.convert("RGBA" if "transparency" in picture.info else "RGB").save(
                smaller, "WEBP", lossless=True, quality=100, method=4
            )
    except (binascii.Error, ValueError, OSError, PIL.Image.DecompressionBombError):
        return ""
    encoded = base64.b64encode(smaller.getvalue()).decode()  # a third less, the same to the last pixel
    told = output.get("metadata", {}).get("image/png", {})
    shown = told.get("width") if isinstance(told.get("width"), int) else wide
    alt = safe(told.get("alt") or _text(data.get("text/plain", "")) or _("A figure without a description"))
    size = f'width="{shown}" height="{round(high * shown / max(wide, 1))}"'
    return f'<figure><img alt="{alt}" {size} src="data:image/webp;base64,{encoded}"></figure>'


def _plain(text: str, name: str) -> str:
    """Text that a cell printed; a long one is folded away."""
    text = plain(text).strip("\n")
    if not text.strip():
        return ""
    shown = f'<pre class="{"stderr" if name == "stderr" else "stdout"}">{safe(text)}</pre>'
    count = text.count("\n") + 1
    return folded(_("{count} lines of text").format(count=count), shown) if count > _LONG else Markup(shown)


def _text(value: Any) -> str:
    """Notebooks keep text whole or as a list of lines."""
    return "".join(value) if isinstance(value, list) else str(value)
