"""What made a record: code, versions, machine."""

import ast
import functools
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from marcus_nb.parameters import ROOT
from marcus_nb.runs.files import read_json, sha256, sha256_once

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "datasets",
    "tokenizers",
    "numpy",
    "pandas",
    "pyarrow",
    "orjson",
    "python-calamine",
    "charset-normalizer",
    "scikit-learn",
    "papermill",
)
PACKAGE = "marcus_nb"
NOTEBOOKS = {"ingest": "01_ingest", "clean": "02_clean", "train": "03_train", "evaluate": "04_evaluate"}


def notebook_of(stage: str) -> Path:
    return ROOT / "notebooks" / f"{NOTEBOOKS[stage]}.ipynb"


def notebook_hash(stage: str) -> str:
    """SHA-256 of the notebook's code; its parameters cell does not count, since its values are recorded elsewhere."""
    code = [
        "".join(cell["source"])
        for cell in read_json(notebook_of(stage))["cells"]
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", [])
    ]
    return hashlib.sha256("\n\n".join(code).encode()).hexdigest()


def library_files(stage: str) -> dict[str, str]:
    """SHA-256 of every file of ours that the stage imports, however indirectly: `{"marcus_nb/clean.py": "9f…"}`."""
    found: dict[str, str] = {}
    waiting = [f"marcus_nb.{stage}"]
    while waiting:
        module = waiting.pop()
        base = ROOT.joinpath(*module.split("."))
        path = base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
        if not path.is_file() or path.relative_to(ROOT).as_posix() in found:
            continue
        found[path.relative_to(ROOT).as_posix()] = sha256(path)
        waiting += _imported(path)
        main = base / "__main__.py"
        if main.is_file() and module != PACKAGE:  # the command line is no part of a stage
            waiting.append(f"{module}.__main__")
    return dict(sorted(found.items()))


@functools.cache  # a process imports a file once; so reading it again would tell of another code than it runs
def _imported(path: Path) -> tuple[str, ...]:
    """The modules of ours that a file imports, scripts that it starts included."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.startswith(PACKAGE)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".py"):
            # A script beside it that it starts as a process of its own.
            names.append(".".join(path.with_name(node.value).with_suffix("").relative_to(ROOT).parts))
    return tuple(names)


def changed_code(stage: str, record: dict[str, Any]) -> list[str]:
    """What of the code that made a record is another now: `["notebooks/02_clean.ipynb", "marcus_nb/clean/rules.py"]`.

    A module that the stage has come to import shows in the file that imports it.
    """
    path = notebook_of(stage)
    same = _notebook_hash_once(stage, sha256_once(path)) == record["notebook"]
    changed = [] if same else [f"notebooks/{NOTEBOOKS[stage]}.ipynb"]
    for name, digest in record["library"].items():
        path = ROOT / name
        if not path.is_file() or sha256_once(path) != digest:
            changed.append(name)
    return changed


@functools.cache
def _notebook_hash_once(stage: str, _of_file: str) -> str:
    return notebook_hash(stage)


def versions() -> dict[str, str]:
    """Versions of what decides an outcome: `{"python": "3.11.7", "torch": "2.13.0+cpu", …}`."""
    installed = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": ".".join(map(str, sys.version_info[:3])), **installed}


def hardware() -> dict[str, Any]:
    """The kind of machine; nothing that names its owner."""
    return {"system": sys.platform, "machine": platform.machine(), "cpu": _cpu_name(), "cores": os.cpu_count()}


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return os.environ.get("PROCESSOR_IDENTIFIER", platform.machine())


def git() -> dict[str, Any]:
    """The commit that the code came from and whether files differ from it; empty outside a git checkout."""

    def ask(*arguments: str) -> str | None:
        try:
            answer = subprocess.run(
                ["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    return {} if commit is None else {"commit": commit, "dirty": bool(ask("status", "--porcelain"))}
