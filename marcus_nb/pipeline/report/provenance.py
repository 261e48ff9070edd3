"""Where a run comes from: code, versions, machine, the files that were read and written with their hashes."""

import html
import json
from typing import Any

from marcus_nb.pipeline.report.facts import Facts
from marcus_nb.pipeline.report.pieces import Markup, folded, moment, section, table
from marcus_nb.runs.provenance import NOTEBOOKS
from marcus_nb.words import _


def provenance(facts: Facts) -> str:
    """The section of the page, folded away but for its first lines."""
    state, records = facts.state, facts.records
    rows: list[list[object]] = [
        [_("run"), f"{facts.experiment}/{facts.name}"],
        [_("began"), moment(state.get("started"))],
        [_("ended"), moment(state.get("finished"))],
        [_("stages taken over from"), state.get("parent") or _("none: every stage was made in this run")],
        [_("code"), _code(records)],
        [_("machine"), _machine(records)],
        [_("base model"), _base_model(facts)],
    ]
    parts = [table(_("This run"), [_("what"), _("is")], rows, kind="narrow")]
    reads = {key: digest for record in records.values() for key, digest in record.get("reads", {}).items()}
    sources = {key.removeprefix("source:"): digest for key, digest in reads.items() if key.startswith("source:")}
    parts.append(_hashes(_("Files that were read"), sources))
    parts.append(folded(_("Versions"), table(_("Versions"), [_("package"), _("version")], _versions(records)), "list"))
    for stage, record in records.items():
        writes = record.get("writes", {})
        if writes:
            parts.append(_hashes(_("Files that {notebook} wrote").format(notebook=NOTEBOOKS[stage]), writes))
    kept = {f"{NOTEBOOKS[stage]}.ipynb": record.get("notebook", "") for stage, record in records.items()}
    parts.append(_hashes(_("The notebooks' code"), kept))
    told = _("Each file is known by its SHA-256: one that was altered since has another.")
    note = f"<p class='quiet'>{told}</p>"
    return section("provenance", _("Where it comes from"), note + "".join(parts))


def _hashes(title: str, files: dict[str, str]) -> Markup:
    if not files:
        return Markup("")
    rows = [[name, Markup(f"<code>{html.escape(str(digest))}</code>")] for name, digest in files.items()]
    return folded(f"{title} ({len(rows)})", table(title, [_("file"), "SHA-256"], rows), "list")


def _code(records: dict[str, dict[str, Any]]) -> str:
    """`"commit 818fd63"`, with a warning where files differed from it; each that took part."""
    said = []
    for record in records.values():
        git = record.get("git") or {}
        if git.get("commit"):
            told = _("commit {commit}, and files that differed from it") if git.get("dirty") else _("commit {commit}")
            said.append(told.format(commit=git["commit"][:12]))
    return "; ".join(dict.fromkeys(said)) or _("not known: made outside a git checkout")


def _machine(records: dict[str, dict[str, Any]]) -> str:
    said = []
    for record in records.values():
        machine = record.get("hardware") or {}
        parts = [
            machine.get("cpu"),
            _("{count} cores").format(count=machine.get("cores", "?")),
            machine.get("machine"),
            machine.get("system"),
        ]
        said.append(", ".join(str(part) for part in parts if part))
    train = records.get("train", {}).get("counts", {})
    if train.get("device"):
        used = _("trained on {device} in {precision}")
        said.append(used.format(device=train["device"], precision=train.get("dtype", "?")))
    return "; ".join(dict.fromkeys(said)) or _("not known")


def _base_model(facts: Facts) -> str:
    model = facts.records.get("train", {}).get("counts", {}).get("base_model") or {}
    name = str(model.get("name") or facts.base_model)
    return f"{name}, SHA-256 {model['sha256']}" if model.get("sha256") else name


def _versions(records: dict[str, dict[str, Any]]) -> list[list[object]]:
    """One row a package; more than one version where the stages were made with different ones."""
    found: dict[str, dict[str, None]] = {}
    for record in records.values():
        for name, version in (record.get("versions") or {}).items():
            found.setdefault(name, {})[version if isinstance(version, str) else json.dumps(version)] = None
    return [[name, ", ".join(versions)] for name, versions in found.items()]
