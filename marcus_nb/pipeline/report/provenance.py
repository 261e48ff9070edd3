"""Where a run comes from: code, versions, machine, the files that were read and written with their hashes."""

import html
import json
from typing import Any

from marcus_nb.pipeline.report.facts import Facts
from marcus_nb.pipeline.report.pieces import Markup, folded, moment, section, table
from marcus_nb.runs.provenance import NOTEBOOKS


def provenance(facts: Facts) -> str:
    """The section of the page, folded away but for its first lines."""
    run, state, records = facts.run, facts.state, facts.records
    rows: list[list[object]] = [
        ["run", f"{run.experiment}/{run.name}"],
        ["began", moment(state.get("started"))],
        ["ended", moment(state.get("finished"))],
        ["stages taken over from", state.get("parent") or "none: every stage was made in this run"],
        ["code", _code(records)],
        ["machine", _machine(records)],
        ["base model", _base_model(facts)],
    ]
    parts = [table("This run", ["what", "is"], rows, kind="narrow")]
    reads = {key: digest for record in records.values() for key, digest in record.get("reads", {}).items()}
    sources = {key.removeprefix("source:"): digest for key, digest in reads.items() if key.startswith("source:")}
    parts.append(_hashes("Files that were read", sources))
    parts.append(folded("Versions", table("Versions", ["package", "version"], _versions(records))))
    for stage, record in records.items():
        writes = record.get("writes", {})
        if writes:
            parts.append(_hashes(f"Files that {NOTEBOOKS[stage]} wrote", writes))
    kept = {f"{NOTEBOOKS[stage]}.ipynb": record.get("notebook", "") for stage, record in records.items()}
    parts.append(_hashes("The notebooks' code", kept))
    note = "<p class='quiet'>Each file is known by its SHA-256: one that was altered since has another.</p>"
    return section("provenance", "Where it comes from", note + "".join(parts))


def _hashes(title: str, files: dict[str, str]) -> Markup:
    if not files:
        return Markup("")
    rows = [[name, Markup(f"<code>{html.escape(str(digest))}</code>")] for name, digest in files.items()]
    return folded(f"{title} ({len(rows)})", table(title, ["file", "SHA-256"], rows))


def _code(records: dict[str, dict[str, Any]]) -> str:
    """`"commit 818fd63"`, with a warning where files differed from it; each that took part."""
    said = []
    for record in records.values():
        git = record.get("git") or {}
        if git.get("commit"):
            said.append(f"commit {git['commit'][:12]}{', and files that differed from it' if git.get('dirty') else ''}")
    return "; ".join(dict.fromkeys(said)) or "not known: made outside a git checkout"


def _machine(records: dict[str, dict[str, Any]]) -> str:
    said = []
    for record in records.values():
        machine = record.get("hardware") or {}
        parts = [
            machine.get("cpu"),
            f"{machine.get('cores', '?')} cores",
            machine.get("machine"),
            machine.get("system"),
        ]
        said.append(", ".join(str(part) for part in parts if part))
    train = records.get("train", {}).get("counts", {})
    used = f"; trained on {train['device']} in {train.get('dtype', '?')}" if train.get("device") else ""
    return ("; ".join(dict.fromkeys(said)) or "not known") + used


def _base_model(facts: Facts) -> str:
    model = facts.records.get("train", {}).get("counts", {}).get("base_model") or {}
    name = str(model.get("name") or facts.run.parameters.shared.base_model)
    return f"{name}, SHA-256 {model['sha256']}" if model.get("sha256") else name


def _versions(records: dict[str, dict[str, Any]]) -> list[list[object]]:
    """One row a package; more than one version where the stages were made with different ones."""
    found: dict[str, dict[str, None]] = {}
    for record in records.values():
        for name, version in (record.get("versions") or {}).items():
            found.setdefault(name, {})[version if isinstance(version, str) else json.dumps(version)] = None
    return [[name, ", ".join(versions)] for name, versions in found.items()]
