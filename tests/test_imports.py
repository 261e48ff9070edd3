"""Imports point one way: a module imports only from rows above its own, and what is heavy waits until it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from marcus_nb.parameters import ROOT, STAGES

PACKAGE = ROOT / "marcus_nb"
ROWS = (
    ("renaming", "words", "launcher"),
    ("parameters", "conversation", "text"),
    ("runs", "formats", "render"),
    ("models", "generate"),
    STAGES,
    ("display",),
    ("panels", "pipeline"),
    ("__main__",),
)
ROW_OF = {name: row for row, names in enumerate(ROWS) for name in names}
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    """`marcus_nb/clean/rules.py` → `clean`: the module, or the package that the file is a part of."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> list[tuple[int, str]]:
    """Line and full name of everything that a file imports, inside functions too: `(7, "marcus_nb.text.redact")`."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, "." * node.level + f"{node.module or ''}.{alias.name}") for alias in node.names]
    return found


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_module_has_a_row():
    modules = {module_of(path) for path in FILES} - {"__init__", "bootstrap"}
    assert modules == set(ROW_OF), "a module is new or gone: DESIGN.md, section 5, says who may import whom"


@pytest.mark.parametrize("path", [f for f in FILES if module_of(f) not in ("__init__", "bootstrap")], ids=short)
def test_a_module_imports_only_from_rows_above_its_own(path):
    own = module_of(path)
    for line, name in imported(path):
        assert not name.startswith("."), f"{short(path)}:{line}: relative import {name}"
        package, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if package != PACKAGE.name or other == own:
            continue
        assert other in ROW_OF, f"{short(path)}:{line}: {name}"
        assert ROW_OF[other] < ROW_OF[own], (
            f"{short(path)}:{line}: {own} (row {ROW_OF[own]}) imports {other} (row {ROW_OF[other]})"
        )


def test_stages_never_meet_in_imports():
    for path in FILES:
        if module_of(path) in STAGES:
            others = {f"marcus_nb.{stage}" for stage in STAGES if stage != module_of(path)}
            names = {".".join(name.split(".")[:2]) for _, name in imported(path)}
            assert not names & others, short(path)


def test_display_alone_draws():
    drawing = {
        module_of(path) for path in FILES for _, name in imported(path) if name.startswith(("matplotlib", "pylab"))
    }
    assert drawing == {"display"}
    widgets = {module_of(path) for path in FILES for _, name in imported(path) if name.startswith("ipywidgets")}
    assert widgets <= {"panels"}


def test_the_bootstrap_needs_the_standard_library_only():
    for line, name in imported(PACKAGE / "bootstrap.py"):
        assert name.partition(".")[0] in sys.stdlib_module_names, f"bootstrap.py:{line}: {name}"


def test_the_package_itself_imports_nothing():
    assert imported(PACKAGE / "__init__.py") == []


@pytest.mark.parametrize("module", ["parameters", "conversation", "runs", "__main__"])
def test_what_must_start_quickly_brings_nothing_heavy(module):
    heavy = ("numpy", "pandas", "torch", "transformers", "matplotlib", "papermill", "sklearn", "scipy", "IPython")
    code = f"import sys, marcus_nb.{module}; print(*(name for name in {heavy!r} if name in sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    assert answer.stdout.strip() == ""


def test_the_command_line_starts_light():
    """These run wherever Python does (numpy's Windows wheel does not import under wine), and `list` answers at once."""
    modules = ("__main__", "bootstrap", "parameters", "conversation", "runs")
    code = "; ".join([*(f"import marcus_nb.{module}" for module in modules), "import sys; print(*sys.modules)"])
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {f"marcus_nb.{module}" for module in modules} <= loaded
    assert not loaded & {"numpy", "pandas", "torch", "transformers", "papermill", "matplotlib"}
