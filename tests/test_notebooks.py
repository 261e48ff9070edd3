"""The notebooks keep their contract: short cells of calls and looks, prose for a manager, nothing executed in git."""

import ast
import json
import re
import subprocess
import sys

import nbformat
import papermill
import pytest

from marcus_nb.parameters import ROOT, STAGES, cell_source
from marcus_nb.parameters.schema import fields_of
from marcus_nb.runs.provenance import NOTEBOOKS, notebook_of

EVERY = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_LINES = 12
FORBIDDEN = {
    "with Output": r"\bOutput\(",
    "tqdm.auto": r"tqdm\.(auto|notebook)",
    "MPLBACKEND": r"MPLBACKEND|matplotlib\.use",
    "a folder of one machine": r"(?:^|[\s\"'(=`])(?:/(?:home|Users|root|tmp|work|mnt|opt|var)\b|~/|[A-Za-z]:[\\/])",
}


@pytest.fixture(params=STAGES)
def stage(request) -> str:
    return request.param


def book_of(stage: str) -> nbformat.NotebookNode:
    return nbformat.read(notebook_of(stage), as_version=4)


def is_parameters(cell: nbformat.NotebookNode) -> bool:
    return "parameters" in cell.metadata.get("tags", [])


def code_of(stage: str) -> list[nbformat.NotebookNode]:
    """The code cells, the parameters cell aside, and the place that 04_evaluate keeps for its verdict before it."""
    cells = [cell for cell in book_of(stage).cells if cell.cell_type == "code" and cell.id != "answer"]
    return [cell for cell in cells if not is_parameters(cell)]


def test_the_four_are_there():
    assert {notebook_of(stage) for stage in STAGES} <= set(EVERY)
    assert list(NOTEBOOKS.values()) == ["01_ingest", "02_clean", "03_train", "04_evaluate"]


def test_one_parameters_cell_first_and_as_the_schema_has_it(stage):
    code = [cell for cell in book_of(stage).cells if cell.cell_type == "code"]
    if stage == "evaluate":  # a place for the verdict comes before everything: it is what one opens the notebook for
        assert code.pop(0).id == "answer"
    assert [is_parameters(cell) for cell in code] == [True] + [False] * (len(code) - 1)
    assert code[0].metadata.tags == ["parameters"]
    assert code[0].source == cell_source(stage), "the schema has changed: run ./run_all.sh sync"


def test_papermill_sees_every_parameter(stage):
    seen = papermill.inspect_notebook(str(notebook_of(stage)))
    assert list(seen) == ["experiment", "run", *(name for _, name in fields_of(stage))]
    assert all(parameter["help"] and parameter["inferred_type_name"] != "None" for parameter in seen.values())


def test_few_and_short_cells(stage):
    code = code_of(stage)
    assert 8 <= len(code) <= 16
    for cell in code:
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.id
        assert cell.source.strip(), f"{cell.id} is empty"
        assert cell.source == cell.source.strip(), f"{cell.id} begins or ends with an empty line"


def test_cells_are_calls_and_looks(stage):
    for cell in code_of(stage):
        tree = ast.parse(cell.source, cell.id)  # fails on ! and %
        for node in ast.walk(tree):
            assert not isinstance(
                node,
                ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Try | ast.TryStar | ast.While | ast.Lambda,
            ), f"{cell.id}: {ast.unparse(node)[:60]}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("exit", "quit", "input", "get_ipython", "print", "exec", "eval"), cell.id
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) not in ("sys.exit", "os._exit", "os.system", "os.environ"), cell.id


def test_no_cell_but_the_first_gives_a_parameter_a_value(stage):
    names = {"experiment", "run", *(name for _, name in fields_of(stage))}
    for cell in code_of(stage):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                assert node.id not in names, f"{cell.id} would change the parameter {node.id} for whoever runs it again"


def test_the_order_of_a_stage(stage):
    code = code_of(stage)
    assert f'runs.open_stage("{stage}", vars())' in code[0].source and code[0].id == "resolve"
    assert sum("open_stage(" in cell.source for cell in code) == 1
    assert "stage.finish(" in code[-1].source and code[-1].id == "write"
    assert sum("stage.finish(" in cell.source for cell in code) == 1, "the record is written once, last"
    assert code[-1].source.splitlines()[-1] == "keeping.next_step(stage, record)"


def test_a_notebook_imports_at_the_top_and_from_marcus_only(stage):
    for cell in code_of(stage):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                assert cell.id == "resolve" and {alias.name for alias in node.names} == set(), ast.unparse(node)
            if isinstance(node, ast.ImportFrom):
                assert cell.id == "resolve" and node.module.partition(".")[0] == "marcus_nb", ast.unparse(node)


def test_prose_for_a_manager(stage):
    cells = book_of(stage).cells
    prose = [cell for cell in cells if cell.cell_type == "markdown"]
    words = sum(len(cell.source.split()) for cell in prose)
    assert 250 <= words <= 500, f"{words} words"
    assert cells[0].cell_type == "markdown"
    assert re.match(rf"# {NOTEBOOKS[stage][:2]} · {stage.title()}: ", cells[0].source)
    assert "**In:**" in cells[0].source and "**Out:**" in cells[0].source
    headings = [line for cell in prose for line in cell.source.splitlines() if line.startswith("#")]
    assert sum(line.startswith("# ") for line in headings) == 1
    assert len(set(headings)) == len(headings)


def test_nothing_from_outside_and_nothing_of_one_machine(stage):
    for cell in book_of(stage).cells:
        if is_parameters(cell):
            continue
        for what, pattern in FORBIDDEN.items():
            assert not re.search(pattern, cell.source, re.MULTILINE), f"{cell.id}: {what}"
        assert not re.search(r"<(?:script|iframe|img|object|link)\b|!\[", cell.source), cell.id
        assert "attachments" not in cell


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_nothing_that_was_executed_is_kept(path):
    book = json.loads(path.read_text(encoding="utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert book["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in book["cells"]:
        assert set(cell["metadata"]) <= {"tags"}, cell["id"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, f"{path.name}: clear {cell['id']}"
    nbformat.validate(nbformat.from_dict(book))


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_cells_are_known_by_readable_names(path):
    names = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z]{2,}(-[a-z]{2,})*", name), name


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_the_file_is_as_nbformat_writes_it(path):
    """So that saving in JupyterLab, `sync` and a person change only the lines that they mean to change."""
    text = path.read_bytes().decode()
    assert text == nbformat.writes(nbformat.reads(text, as_version=4), indent=1) + "\n"


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_ruff_is_content(command):
    answer = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", *map(str, EVERY)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
