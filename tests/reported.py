"""A run as its files tell of it, made without a model: for the tests of its page."""

import base64
import io
import itertools
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image

from marcus_nb import parameters, runs
from marcus_nb.parameters import STAGES
from marcus_nb.runs import Run, write_json
from marcus_nb.runs.provenance import NOTEBOOKS

VOID = {"meta", "img", "br", "hr", "link", "input"}


def claim(name: str, value: float, status: str = "supported", **more: Any) -> dict[str, Any]:
    usual = {"low": value - 0.1, "high": value + 0.1, "n": 43, "threshold": 0.2, "advice": ""}
    told = {"statement": f"What {name} says", "sentence": f"The sentence of {name}."}
    return {"name": name, "value": value, "status": status, **told, **usual, **more}


def measure(name: str, value: float, unit: str = "share", better: str = "higher") -> dict[str, Any]:
    return {
        **{"claim": name, "measure": f"figure of {name}", "unit": unit, "better": better, "who": "tuned"},
        **{"value": value, "low": value - 0.1, "high": value + 0.1, "n": 43},
    }


def results(**more: Any) -> dict[str, Any]:
    return {
        "verdict": "acquired",
        "summary": "All 2 claims hold on conversations it never saw.",
        "claims": [claim("knowledge", 0.75), claim("style", 0.71)],
        "deploy": "with care",
        "why": ["Not alone with customers: it states 1 fact wrongly."],
        "next_steps": ["Talk with it, then deploy model/."],
        "mistakes": [{"question": "When do you open?", "said": "At nine, skipper.", "right": "eight"}],
        "measures": [measure("knowledge", 0.75), measure("style", 0.71, "AUC", "lower")],
        **more,
    }


def png() -> str:
    drawn = io.BytesIO()
    Image.new("RGB", (912, 300), "white").save(drawn, format="png")
    return base64.b64encode(drawn.getvalue()).decode()


def book(*outputs: Any, prose: str = "# A title\n\nWords.\n\n## A part", source: str = "look(1)") -> Any:
    """An executed notebook: prose, a code cell with these outputs."""
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=1)
    cell.metadata["papermill"] = {"duration": 83.0, "status": "completed"}
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(prose), cell])


def shown(markup: str) -> Any:
    return nbformat.v4.new_output("display_data", {"text/html": markup, "text/plain": "plain"})


def figure(alt: str = "The loss fell") -> Any:
    told = {"image/png": {"alt": alt, "width": 760}}
    return nbformat.v4.new_output("display_data", {"image/png": png(), "text/plain": alt}, metadata=told)


def record(run: Run, stage: str, **more: Any) -> None:
    (run.folder / stage).mkdir(exist_ok=True)
    found = {
        **{"stage": stage, "seconds": 12.5, "reused_from": None, "headline": [f"headline of {stage}"], "counts": {}},
        **{"parameters": run.parameters.stage(stage), "reads": {"source:a.csv": "a" * 64}, "notebook": "b" * 64},
        **{"writes": {f"{stage}/x.jsonl": "c" * 64}, "versions": {"python": "3.11.7"}},
        **{"hardware": {"cpu": "a CPU", "cores": 2}, "git": {"commit": "0123456789abcdef", "dirty": True}},
    }
    write_json(run.folder / stage / "record.json", found | more)


def finished(overrides: dict[str, Any] | None = None, name: str = "", found: dict[str, Any] | None = None) -> Run:
    """A run of the smoke experiment that passed all stages; MARCUS_OUTPUTS says where."""
    run = runs.create(parameters.load("smoke", overrides), name)
    for stage in STAGES:
        record(run, stage)
        output = figure() if stage == "train" else shown("<p style='margin:6px 0'>Seen.</p>")
        write_book(run, stage, book(output))
    write_json(run.folder / "evaluate" / "results.json", found or results())
    stages = {stage: {"status": "PASSED", "seconds": 12.5} for stage in STAGES}
    ended = {"status": "PASSED", "finished": runs.folder.now(), "verdict": (found or results()).get("verdict")}
    runs.update(run, stages=stages, **ended)
    return run


def stopped(status: str, cause: str, log: str = "12:00:00 begins\n12:00:01 out of breath\n") -> Run:
    """A run that stopped in 03_train."""
    run = finished()
    for stage in ("train", "evaluate"):
        for path in (run.folder / stage).iterdir():
            path.unlink()
        (run.folder / f"{NOTEBOOKS[stage]}.ipynb").unlink()
    (run.folder / "train" / "log.txt").write_text(log, encoding="utf-8")
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no air", traceback=["\x1b[31mline 1\x1b[0m"])
    (run.folder / "03_train.FAILED.ipynb").write_text(json.dumps(book(error)), encoding="utf-8")
    state = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    del state["stages"]["evaluate"]
    state["stages"]["train"] = {"status": status, "cause": cause}
    state |= {"status": status, "cause": f"train: {cause}", "verdict": None, "go_on": "./run_all.sh smoke --resume"}
    write_json(run.folder / "run.json", state)
    return run


def write_book(run: Run, stage: str, made: Any) -> None:
    (run.folder / f"{NOTEBOOKS[stage]}.ipynb").write_text(nbformat.writes(made), encoding="utf-8")


class Page(HTMLParser):
    """What a browser makes of a page: every tag with its attributes, the text, and the text of each tag."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.open), data))

    @property
    def text(self) -> str:
        return "".join(text for path, text in self.texts if not {"script", "style"} & set(path))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def assert_sound(markup: str, folder: Path) -> Page:
    """One file that loads and runs nothing but its own, whose parts have names and whose links lead somewhere."""
    page = Page(markup)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"iframe", "object", "embed", "link", "form", "base", "svg"}
    assert len(page.all("script")) == len(page.all("style")) == 1 and page.all("script") == [{}]
    identities = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identities) == len(set(identities))
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), attributes
    for image in page.all("img"):
        assert image["src"].startswith("data:image/webp;base64,") and image["alt"].strip()
    for link in page.all("a"):
        target = link["href"]
        assert target[1:] in identities if target.startswith("#") else (folder / target).is_file(), target
    assert all(head["scope"] in ("col", "row") for head in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    assert page.all("html")[0]["lang"] == "en" and len(page.all("main")) == 1
    return page
