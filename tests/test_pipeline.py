"""The engine, one stage, the order of stages, and signals: real kernels, small notebooks."""

import _thread
import ast
import asyncio
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import papermill
import psutil
import pytest
from jupyter_core.utils import ensure_event_loop
from papermill.exceptions import PapermillExecutionError
from running import BUSY, DIE, FINISH, RECORD, WINDOWS, Runner, failing, statuses, streams, write

from marcus_nb import parameters, runs
from marcus_nb.launcher import LAUNCHER
from marcus_nb.parameters import ROOT, STAGES, ParameterError
from marcus_nb.pipeline import console, execute, order, plans
from marcus_nb.runs import RunError

# --- the engine, as `papermill --engine marcus` uses it by hand -------------------------------------------------------


def mill(tmp_path: Path, *cells: str, **settings):
    """Execute cells; returns the notebook on disk and what was raised."""
    source, target = write(tmp_path / "in.ipynb", *cells), tmp_path / "out.ipynb"
    raised = None
    try:
        papermill.execute_notebook(source, target, engine_name="marcus", progress_bar=False, **settings)
    except PapermillExecutionError as error:
        raised = error
    return nbformat.read(target, as_version=4), raised


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.05)


def test_a_notebook_that_works_is_completed_and_its_streams_are_whole(tmp_path):
    book, raised = mill(tmp_path, "for i in range(300): print(i, flush=True)", "# only a comment", "")
    assert raised is None
    assert statuses(book) == ["completed"] * 4
    assert book.metadata.papermill.exception is None
    assert len(book.cells[1].outputs) == 1, "300 flushes are one output"
    assert streams(book.cells[1]).splitlines() == [str(i) for i in range(300)]


def test_an_error_in_a_cell_stops_there(tmp_path):
    book, raised = mill(tmp_path, "print('before')\nraise KeyError('x')", "print('never')")
    assert (raised.ename, raised.evalue) == ("KeyError", "'x'")
    assert statuses(book) == ["completed", "failed", "pending"]
    assert streams(failing(book)) == "before\n"


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", pytest.param("raise SystemExit", marks=pytest.mark.slow)])
def test_leaving_early_is_no_success(tmp_path, leave):
    book, raised = mill(tmp_path, f"print('before')\n{leave}", "print('never')", "print('never')")
    assert raised.ename == "LeftEarly"
    assert statuses(book) == ["completed", "failed", "pending", "pending"]
    cell = failing(book)
    assert cell.outputs[0].evalue == "This cell left the notebook early (exit or sys.exit): nothing after it ran."
    assert streams(cell).startswith("before\n")


@pytest.mark.parametrize("after", [["print('never')"], []], ids=["in the middle", "in the last cell"])
@pytest.mark.skipif(WINDOWS, reason="no SIGKILL there")
def test_a_killed_kernel_is_told_where_it_happened(tmp_path, after):
    book, raised = mill(tmp_path, "print('fine')", DIE, *after)
    assert raised.ename == "DeadKernelError"
    assert statuses(book) == ["completed", "completed", "failed", *["pending"] * len(after)]
    cell = failing(book)
    assert cell.outputs[0].output_type == "error", "our own text comes first"
    assert "want of memory" in cell.outputs[0].evalue
    assert "last words" in streams(cell)
    assert "An Exception was encountered" in book.cells[0].source


def test_a_kernel_that_ends_otherwise_is_not_called_out_of_memory(tmp_path):
    book, raised = mill(tmp_path, "import os\nos._exit(7)")
    assert raised.evalue == "The notebook's kernel died in this cell with exit code 7."
    assert "memory" not in str(failing(book).outputs)


@pytest.mark.skipif(WINDOWS, reason="no SIGABRT there")
def test_the_last_words_of_a_crash_are_kept(tmp_path):
    crash = "import os\nos.write(2, b'terminate called after throwing\\n')\nimport time; time.sleep(0.3)\nos.abort()"
    book, raised = mill(tmp_path, crash)
    assert "died in this cell with SIGABRT: a library crashed" in raised.evalue
    assert "terminate called after throwing" in str(failing(book).outputs)


def test_a_cell_that_takes_too_long_is_told_as_such(tmp_path):
    book, raised = mill(tmp_path, "print('working', flush=True)\nimport time; time.sleep(60)", "1", execution_timeout=2)
    assert raised.ename == "CellTimeoutError"
    cell = failing(book)
    assert cell.outputs[0].evalue == "This cell took longer than the 2 seconds it may take."
    assert "working" in streams(cell)
    assert statuses(book) == ["completed", "failed", "pending"]


def test_a_kernel_that_does_not_start_completes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))  # no Python starts with it
    book, raised = mill(tmp_path, "1")
    assert raised.ename == "KernelNotStarted"
    assert "No module named 'encodings'" in "\n".join(raised.traceback), "what that Python said is the reason"
    assert statuses(book) == ["failed", "pending"]


def test_an_interrupted_cell_is_not_left_in_the_event_loop(tmp_path):
    """There it notices the dead kernel while others run, and asyncio prints a traceback: it failed CI once."""
    threading.Thread(target=lambda: (wait_for(tmp_path / "busy"), _thread.interrupt_main()), daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        mill(tmp_path, BUSY.format(tmp_path / "busy"))
    assert not asyncio.all_tasks(ensure_event_loop())


def test_cells_for_people_only_are_no_failure(tmp_path):
    source = write(tmp_path / "in.ipynb", "widget = 1 / 0", "print('after')")
    book = nbformat.read(source, as_version=4)
    book.cells[1].metadata["tags"] = ["skip-execution"]
    nbformat.write(book, source)
    done = papermill.execute_notebook(source, tmp_path / "out.ipynb", engine_name="marcus", progress_bar=False)
    assert streams(done.cells[2]) == "after\n"


# --- one stage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def smoke(tmp_path, monkeypatch) -> SimpleNamespace:
    """A new smoke run in a folder of its own, and `cells`, which gives its first stage another notebook."""
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    run = runs.create(parameters.load("smoke"))
    source = tmp_path / "01_ingest.ipynb"
    monkeypatch.setattr(execute, "notebook_of", lambda stage: source)

    def cells(*sources: str) -> None:
        write(
            source,
            *(
                text.replace(
                    "FINISH",
                    "from pathlib import Path\n" + FINISH.format(folder=run.folder).replace("RECORD", repr(RECORD)),
                )
                for text in sources
            ),
        )

    return SimpleNamespace(run=run, cells=cells, source=source)


def test_a_stage_that_works_leaves_one_notebook_without_folders_of_this_machine(smoke, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    smoke.cells(
        "import os, sys, warnings, matplotlib.pyplot as plt\nplt.plot([1, 2])",
        f"print({str(ROOT)!r}, {str(ROOT / 'a')!r}, {str(ROOT) + '-other'!r}, {str(smoke.run.folder)!r})\n"
        "print(os.environ['MARCUS_HEADLESS'], sys.flags.utf8_mode, os.environ['PYTHONHASHSEED'], persona_name)",
        "FINISH",
    )
    before = dict(os.environ)
    done = execute.execute(smoke.run, "ingest")
    assert dict(os.environ) == before
    assert done == smoke.run.folder / "01_ingest.ipynb"
    assert sorted(p.name for p in smoke.run.folder.glob("*.ipynb*")) == ["01_ingest.ipynb"]
    book = nbformat.read(done, as_version=4)
    nbformat.validate(book)
    printed = streams(next(cell for cell in book.cells if cell.id == "cell-2"))
    assert printed == f". ./a {ROOT}-other outputs/smoke/{smoke.run.name}\n1 1 42 Nell\n"
    assert book.metadata.papermill.output_path == "01_ingest.ipynb"
    assert book.metadata.papermill.parameters["sources"][0]["path"] == "tests/fixtures/smoke.csv"
    assert any("image/png" in o.get("data", {}) for c in book.cells if c.cell_type == "code" for o in c.outputs), (
        "MPLBACKEND of the user took the figure out"
    )


@pytest.mark.parametrize(
    "cell, cause",
    [
        ("print('done, really')", "The notebook ran to its end without writing its record."),
        ("import sys; sys.exit(0)", "This cell left the notebook early (exit or sys.exit): nothing after it ran."),
        ("total = 3\nassert total == 4", "AssertionError\nin the line: assert total == 4"),
        ("{}['key']", "KeyError: 'key'\nin the line: {}['key']"),
        (
            "class TrainingFailed(RuntimeError): pass\nraise TrainingFailed('ended\\n\\x1b[31mits words\\x1b[0m\\x07')",
            "ended\nits words",
        ),
        ("raise RuntimeError('x' * 9000)", f"RuntimeError: {'x' * 2000} … (all of it in the notebook)"),
    ],
)
def test_a_failed_stage_says_why_in_plain_words(smoke, cell, cause):
    smoke.cells(cell)
    with pytest.raises(execute.StageFailed) as failed:
        execute.execute(smoke.run, "ingest")
    assert failed.value.cause.partition("\nin the line")[0] == cause.partition("\nin the line")[0]
    if "in the line" in cause:
        assert failed.value.cause == cause
    assert failed.value.notebook == smoke.run.folder / "01_ingest.FAILED.ipynb"
    assert sorted(p.name for p in smoke.run.folder.glob("*.ipynb*")) == ["01_ingest.FAILED.ipynb"]
    shown = failed.value.notebook.read_text(encoding="utf-8")
    assert "papermill-error-cell-tag" in shown
    assert str(ROOT) not in shown
    nbformat.validate(nbformat.reads(shown, as_version=4))


def test_every_error_of_ours_speaks_for_itself():
    """execute.SPEAKING names them, because the runner must not import the stages to know them."""
    ours = {
        node.name
        for path in (ROOT / "marcus_nb").rglob("*.py")
        if "pipeline" not in path.parts and path.name != "bootstrap.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any("Error" in ast.unparse(base) for base in node.bases)
    }
    inside = {
        "NotFinite",
        "ServingError",
        "_NoAnswer",
        "Paused",
        "NoTurnsError",
        "_SetAsideError",
        "RejectedError",
    }  # never reach a notebook
    assert ours - inside <= set(execute.SPEAKING)


def test_an_executed_notebook_is_refused_as_source(smoke):
    smoke.cells("FINISH")
    execute.check_notebook("ingest")
    done = execute.execute(smoke.run, "ingest")
    shutil.copy(done, smoke.source)
    with pytest.raises(RunError, match=r"01_ingest.ipynb is an executed notebook.*git checkout"):
        execute.check_notebook("ingest")
    before = len(runs.list_runs("smoke"))
    with pytest.raises(RunError, match="executed notebook"):
        order.run(smoke.run.parameters, plans.plan(smoke.run.parameters, "ingest", "ingest"), console.Console())
    assert len(runs.list_runs("smoke")) == before, "refused before a run was made"


def test_a_notebook_without_its_parameters_cell_is_refused(smoke):
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("run = 'mine'")]), smoke.source)
    with pytest.raises(RunError, match="has no cell tagged `parameters`"):
        execute.check_notebook("ingest")


def test_the_projects_own_notebooks_are_accepted():
    for stage in STAGES:
        execute.check_notebook(stage)


# --- the order of stages ----------------------------------------------------------------------------------------------


def finished(*stages: str):
    """A run whose stages have finished, by their records."""
    run = runs.create(parameters.load("smoke"))
    for stage in stages:
        made = run.folder / stage / "made.txt"
        made.parent.mkdir()
        made.write_text(stage, encoding="utf-8")
        begun = runs.Stage(stage, run)
        if stage == "ingest":
            begun.read_source(ROOT / "tests/fixtures/smoke.csv")
        begun.finish({}, [])
    return run


def test_a_plan_from_the_beginning_runs_everything_until_told(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    chosen = parameters.load("smoke")
    planned = plans.plan(chosen, "ingest", "clean")
    assert planned.steps == (
        plans.Step("ingest", "run", "never ran"),
        plans.Step("clean", "run", "never ran"),
    )
    assert planned.parent is None
    with pytest.raises(ParameterError, match="--from train comes after --until clean: nothing would run"):
        plans.plan(chosen, "train", "clean")


def test_a_plan_reuses_the_newest_run_that_fits_and_says_why_others_do_not(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    chosen = parameters.load("smoke")
    with pytest.raises(RunError, match=r"(?s)--from train needs a run of smoke with ingest, clean.*no run at all"):
        plans.plan(chosen, "train", "evaluate")

    oldest, fits, short, edited = finished("ingest", "clean"), finished("ingest", "clean"), finished("ingest"), None
    edited = finished("ingest", "clean")
    (edited.folder / "clean/made.txt").write_text("by hand", encoding="utf-8")
    damaged = finished("ingest", "clean")
    (damaged.folder / "parameters.yaml").write_text("shared: {nonsense: 1}", encoding="utf-8")
    old = finished("ingest", "clean")
    (old.folder / "ingest/record.json").write_text('{"seconds": 1}', encoding="utf-8")

    planned = plans.plan(chosen, "train", "evaluate")
    assert planned.parent.name == fits.name != oldest.name
    assert [(s.stage, s.action) for s in planned.steps] == [
        ("ingest", "reuse"),
        ("clean", "reuse"),
        ("train", "run"),
        ("evaluate", "run"),
    ]
    assert planned.steps[0].reason == f"unchanged since run {fits.name}"

    changed = parameters.load("smoke", {"clean.redact": False})
    with pytest.raises(RunError) as none_fits:
        plans.plan(changed, "train", "evaluate")
    text = str(none_fits.value)
    assert f"{short.name}: clean: never finished" in text
    assert f"{fits.name}: clean: parameters changed: redact" in text
    assert f"{old.name}: ingest: its record is damaged, or of another version" in text, "one line, not the end"
    assert f"{LAUNCHER} smoke" in text
    assert plans.plan(changed, "clean", "clean").parent.name != "", "what clean does not change is still reused"


def test_a_run_goes_on_where_it_stopped_with_its_own_parameters(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    with pytest.raises(RunError, match="No run of smoke is unfinished, so there is nothing to resume"):
        plans.plan_to_resume("smoke", "evaluate")
    older = finished("ingest")
    runs.update(older, status="FAILED")
    stopped = finished("ingest", "clean")
    with pytest.raises(RunError, match=rf"smoke/{stopped.name} is at work in process {os.getpid()}"):
        plans.plan_to_resume("smoke", "evaluate")
    runs.update(stopped, status="INCOMPLETE", cause="train: interrupted", finished="…")
    planned = plans.plan_to_resume("smoke", "evaluate")
    assert (planned.resumed.name, planned.parent) == (stopped.name, None)
    assert [(step.stage, step.action) for step in planned.steps] == [
        ("ingest", "done"),
        ("clean", "done"),
        ("train", "run"),
        ("evaluate", "run"),
    ]
    assert planned.steps[2].reason == "had not finished"
    (stopped.folder / "train/checkpoints/checkpoint-3").mkdir(parents=True)
    assert plans.plan_to_resume("smoke", "train").steps[2].reason == "goes on from its newest checkpoint"
    with pytest.raises(RunError, match="has finished clean already: nothing would run"):
        plans.plan_to_resume("smoke", "clean")
    runs.take_up(planned.resumed)
    taken = planned.resumed
    assert (taken.state["status"], taken.state["cause"]) == ("RUNNING", None)
    runs.update(stopped, status="PASSED")
    assert plans.plan_to_resume("smoke", "evaluate").resumed.name == older.name, "the newest that is unfinished"


def test_missing_sources_are_all_named(tmp_path):
    chosen = parameters.load(
        "smoke",
        {"ingest.sources": ["no/such.csv", str(tmp_path / "gone.xlsx")], "evaluate.contrast_sources": ["x.json"]},
    )
    with pytest.raises(ParameterError) as missing:
        plans.check_sources(chosen)
    text = str(missing.value)
    assert f"ingest.sources: no/such.csv: there is no such file: looked for {ROOT / 'no/such.csv'}" in text
    assert str(tmp_path / "gone.xlsx") in text
    assert "evaluate.contrast_sources: x.json" in text


# --- what a person sees -----------------------------------------------------------------------------------------------


def test_without_a_terminal_there_is_a_sign_of_life_all_the_time(smoke, monkeypatch, capsys):
    assert console.HEARTBEAT_SECONDS + 1 < 30
    monkeypatch.setattr(console, "HEARTBEAT_SECONDS", 2)
    log = smoke.run.folder / "ingest/log.txt"
    log.parent.mkdir()
    seen = console.Console()
    with seen.stage(smoke.run, "ingest"):
        time.sleep(2.5)
        log.write_bytes(b"12:00:00 \x1b[31mstep 5/10\x1b[0m\n12:00:01 half a charact\xc3")
        time.sleep(2.5)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert "starting the notebook" in lines[0]
    assert len(lines) >= 2
    assert "\x1b" not in "".join(lines)


@pytest.mark.skipif(WINDOWS, reason="no pseudo-terminals there")
def test_in_a_terminal_there_is_one_live_line(tmp_path):
    import pty

    code = (
        "import time; from types import SimpleNamespace as N; from pathlib import Path\n"
        "from marcus_nb.pipeline.console import Console\n"
        f"with Console().stage(N(folder=Path({str(tmp_path)!r})), 'ingest'): time.sleep(1.4)\n"
    )
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        [sys.executable, "-c", code], stdout=theirs, stderr=theirs, cwd=ROOT, env=os.environ | {"TERM": "xterm"}
    )
    os.close(theirs)
    text = b""
    while started.poll() is None or not text.endswith(b"\x1b[?25h"):
        try:
            text += os.read(ours, 65536)
        except OSError:  # Linux says so at the end
            break
    assert started.wait() == 0
    assert b"1/4 01_ingest" in text and b"starting the notebook" in text
    assert b"\x1b[?25l" in text and b"\x1b[?25h" in text, "the cursor is given back"


@pytest.mark.parametrize(
    "text, seen",
    [("\x1b[31mred\x1b[0m", "red"), ("\x1b]0;title\x07x", "x"), ("a\rb\x08\x00", "ab"), ("tab\tline\n", "tab\tline\n")],
)
def test_plain_text_steers_no_terminal(text, seen):
    assert console.plain(text) == seen


# --- signals and disks: the real runner in a process of its own -----------------------------------------------


@pytest.mark.skipif(WINDOWS, reason="signals cannot be sent to one process there")
@pytest.mark.parametrize("number", ["SIGINT", pytest.param("SIGTERM", marks=pytest.mark.slow), "SIGHUP"])
def test_a_run_that_is_asked_to_end_writes_its_record(tmp_path, number):
    runner = Runner(tmp_path, BUSY.format(tmp_path / "busy"), "print('never')")
    runner.wait_for((tmp_path / "busy").exists)
    children = runner.children()
    assert children
    os.killpg(runner.process.pid, getattr(signal, number))
    code, out, err = runner.end()
    assert code == 130
    assert "Traceback" not in err
    assert "INCOMPLETE: interrupted in 01_ingest; the stages before it are kept." in out
    assert f"Go on with: {LAUNCHER} smoke --resume --until ingest" in out
    assert not psutil.wait_procs(children, timeout=10)[1], "a kernel was left behind"

    state = json.loads((runner.folder / "run.json").read_text(encoding="utf-8"))
    assert (state["status"], state["cause"]) == ("INCOMPLETE", "ingest: interrupted")
    assert state["go_on"] == f"{LAUNCHER} smoke --resume --until ingest"
    assert [p.name for p in runner.folder.glob("*.ipynb*")] == ["01_ingest.FAILED.ipynb"]
    book = nbformat.read(runner.folder / "01_ingest.FAILED.ipynb", as_version=4)
    assert statuses(book) == ["completed", "failed", "pending"]
    assert "interrupted" in failing(book).outputs[0].evalue
    assert "at work" in streams(failing(book))


@pytest.mark.skipif(WINDOWS, reason="signals cannot be sent to one process there")
def test_an_interrupt_while_the_kernel_starts_completes_nothing(tmp_path):
    runner = Runner(tmp_path, "print('never')")
    runner.wait_for(lambda: bool(list(runner.outputs.glob("smoke/*/01_ingest.partial.ipynb"))))
    runner.wait_for(lambda: bool(runner.children()))
    os.killpg(runner.process.pid, signal.SIGINT)
    os.killpg(runner.process.pid, signal.SIGTERM)  # impatience must not cost the record
    code, out, err = runner.end()
    assert (code, "Traceback" in err) == (130, False), err
    assert "INCOMPLETE" in out
    assert [p.name for p in runner.folder.glob("*.ipynb*")] == ["01_ingest.FAILED.ipynb"]
    assert "completed" not in statuses(nbformat.read(runner.folder / "01_ingest.FAILED.ipynb", as_version=4))


@pytest.mark.skipif(WINDOWS, reason="no SIGKILL there")
def test_a_runner_that_is_killed_leaves_no_kernel_and_no_false_record(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    runner = Runner(tmp_path, BUSY.format(tmp_path / "busy"))
    runner.wait_for((tmp_path / "busy").exists)
    children = runner.children()
    assert runs.open_run("smoke", runner.folder.name).state["status"] == "RUNNING"
    runner.process.kill()
    runner.end()
    state = runs.open_run("smoke", runner.folder.name).state
    assert state["status"] == "INCOMPLETE"
    assert state["cause"].startswith("the process ended without a word during ingest: killed, out of memory")
    assert state["go_on"] == f"{LAUNCHER} smoke --resume --until ingest"
    assert not psutil.wait_procs(children, timeout=15)[1]


FULL = "from pathlib import Path\nfolder = next(Path('{0}').glob('smoke/*'))\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_run_json_ends_with_one_clear_message(tmp_path):
    full = f"next(__import__('pathlib').Path({str(tmp_path)!r}).glob('outputs/smoke/*'))"
    runner = Runner(tmp_path, f"({full} / 'run.json.tmp').symlink_to('/dev/full')", "raise ValueError('and more')")
    code, out, err = runner.end()
    assert code == 1
    assert "The disk is full: run.json could not be written" in err
    assert "Traceback" not in out + err
    state = json.loads((runner.folder / "run.json").read_text(encoding="utf-8"))
    assert state["status"] == "RUNNING", "whole, and by its dead process INCOMPLETE"


def test_a_full_disk_under_the_notebook_is_said_and_recorded(smoke, monkeypatch, capsys):
    saved = papermill.engines.write_ipynb

    def full(book, path):
        if any(cell.metadata.papermill.get("status") == "completed" for cell in book.cells):
            raise OSError(errno.ENOSPC, "No space left on device", path)
        saved(book, path)

    smoke.cells("FINISH")
    monkeypatch.setattr(papermill.engines, "write_ipynb", full)
    chosen = smoke.run.parameters
    assert order.run(chosen, plans.plan(chosen, "ingest", "ingest"), console.Console()) == order.FAILED
    run = runs.open_run("smoke", runs.list_runs("smoke")[-1].name)
    assert (run.state["status"], run.state["cause"]) == (
        "FAILED",
        "ingest: The disk is full: the notebook could not be saved.",
    )
    assert [p.name for p in run.folder.glob("*.ipynb*")] == ["01_ingest.FAILED.ipynb"]
    assert "The disk is full: the notebook could not be saved." in capsys.readouterr().out
