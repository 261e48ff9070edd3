"""However a run ends, run.json, the executed notebook, the console, the exit code and `list` say the same."""

import json
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from running import BUSY, DIE, WINDOWS, Runner

from marcus_nb.launcher import LAUNCHER
from marcus_nb.parameters import ROOT

AGAIN = f"{LAUNCHER} smoke --resume --until ingest"
KILLED = "it was killed from outside, most likely by the system for want of memory"
# Cells of the first notebook, and what everything must say of them.
FAILING = {
    "an error": (["raise ValueError('the third row is odd')", "print('never')"], "ValueError: the third row is odd"),
    "sys.exit(0)": (["import sys; sys.exit(0)", "print('never')"], "This cell left the notebook early"),
    "sys.exit(3)": (["import sys; sys.exit(3)"], "SystemExit: 3"),
    "a kernel killed half-way": ([DIE, "print('never')"], KILLED),
    "a kernel killed in the last cell": (["print('fine')", DIE], KILLED),
    "a notebook that does nothing": (["print('fine')"], "ran to its end without writing its record"),
}


def listed(runner: Runner) -> str:
    """What `list` says of the run, on one line."""
    done = subprocess.run(
        [sys.executable, "-m", "marcus_nb", "list"],
        env=os.environ | {"MARCUS_OUTPUTS": str(runner.outputs), "COLUMNS": "400"},
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return " ".join(done.stdout.split())


def state_of(runner: Runner) -> dict:
    return json.loads((runner.folder / "run.json").read_text(encoding="utf-8"))


def log_of(runner: Runner) -> str:
    return (runner.folder / "log.txt").read_text(encoding="utf-8")


def banner(runner: Runner) -> str:
    """What a reader of the failed notebook sees as an error, wherever it stands."""
    [path] = runner.folder.glob("*.ipynb*")
    assert path.name == "01_ingest.FAILED.ipynb"
    book = nbformat.read(path, as_version=4)
    errors = [
        output.evalue for cell in book.cells for output in cell.get("outputs", []) if output.output_type == "error"
    ]
    marked = [cell.source for cell in book.cells if "papermill-error-cell-tag" in cell.metadata.get("tags", [])]
    assert marked, "no mark at the top"
    return " ".join([*errors, *marked])


@pytest.mark.parametrize("how", FAILING)
def test_a_run_that_fails_says_the_same_everywhere(tmp_path, how):
    cells, cause = FAILING[how]
    runner = Runner(tmp_path, *cells)
    code, out, err = runner.end()
    assert code == 1 and "Traceback" not in out + err
    assert "FAILED in 01_ingest" in out and cause in out and f"go on with:  {AGAIN}" in out
    state = state_of(runner)
    assert state["status"] == "FAILED" == state["stages"]["ingest"]["status"]
    assert cause in state["cause"] and state["go_on"] == AGAIN and state["verdict"] is None
    assert cause.split(": ")[-1] in banner(runner)
    line = listed(runner)
    assert "FAILED" in line and cause in line and "PASSED" not in line
    assert line.endswith(f"To go on with what has not finished: {AGAIN}")
    log = log_of(runner)
    assert "FAILED in 01_ingest" in log and cause in log
    assert all(re.match(r"\d\d:\d\d:\d\d ", entry) for entry in log.splitlines())


@pytest.mark.skipif(WINDOWS, reason="signals cannot be sent to one process there")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupted_run_says_the_same_everywhere(tmp_path, number):
    runner = Runner(tmp_path, BUSY.format(tmp_path / "busy"), "print('never')")
    runner.wait_for((tmp_path / "busy").exists)
    os.kill(runner.process.pid, getattr(signal, number))
    code, out, _ = runner.end()
    assert code == 130 and "INCOMPLETE: interrupted in 01_ingest" in out and f"Go on with: {AGAIN}" in out
    assert state_of(runner)["status"] == "INCOMPLETE" and state_of(runner)["cause"] == "ingest: interrupted"
    assert "The run was interrupted here" in banner(runner)
    line = listed(runner)
    assert "INCOMPLETE" in line and "ingest: interrupted" in line and line.endswith(AGAIN)


@pytest.mark.skipif(WINDOWS, reason="no SIGKILL there")
def test_a_machine_that_was_switched_off_leaves_a_run_that_says_so_and_goes_on(tmp_path):
    """Nothing after some point was written, and what was being written is half there."""
    runner = Runner(tmp_path, BUSY.format(tmp_path / "busy"))
    runner.wait_for((tmp_path / "busy").exists)
    children = runner.children()
    for process in [*children, runner.process]:
        process.kill()
    runner.end()
    partial = runner.folder / "01_ingest.partial.ipynb"
    partial.write_bytes(partial.read_bytes()[:200])
    (runner.folder / "run.json.tmp").write_text('{"status": "PAS', encoding="utf-8")
    line = listed(runner)
    assert "INCOMPLETE" in line and "the process ended without a word during ingest" in line and line.endswith(AGAIN)
    again = Runner(tmp_path, "print('fine')", arguments=("smoke", "--resume", "--until", "ingest"))
    code, out, err = again.end()
    assert code == 1 and "ran to its end without writing its record" in out, err
    assert len(list(runner.outputs.glob("smoke/*"))) == 1 and "Traceback" not in err
    assert state_of(runner)["status"] == "FAILED"


def test_quiet_says_only_how_it_ended_and_verbose_every_line(tmp_path):
    write_log = (
        f"from pathlib import Path\nfolder = next(Path({str(tmp_path)!r}).glob('outputs/smoke/*')) / 'ingest'\n"
        "folder.mkdir(exist_ok=True)\n"
        "for n in range(3):\n    (folder / 'log.txt').open('a').write(f'12:00:00 line {n}\\n')\n"
        "raise ValueError('enough')"
    )
    said = {}
    for level in ("--quiet", "--verbose"):
        runner = Runner(tmp_path, write_log, arguments=("smoke", "--until", "ingest", level))
        _, said[level], _ = runner.end()
        assert [f"line {n}" in log_of(runner) for n in range(3)] == [True] * 3
        assert "Marcus · smoke" in log_of(runner)
        for path in sorted(runner.folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        runner.folder.rmdir()
    assert said["--quiet"].splitlines()[0] == "FAILED in 01_ingest"
    assert all(f"line {n}" in said["--verbose"] for n in range(3))


@pytest.mark.parametrize(
    ("system", "code", "told"),
    [
        ("posix", -9, "most likely by the system for want of memory"),
        pytest.param(
            "posix", -11, "with SIGSEGV: a library crashed", marks=pytest.mark.skipif(WINDOWS, reason="POSIX")
        ),
        ("posix", 1, "with exit code 1."),
        ("nt", 0xC0000005, "with exit code 0xc0000005: a library crashed (access violation)."),
        ("nt", 0xC0000017, "memory ran out"),
        ("nt", 7, "with exit code 7."),
    ],
)
def test_a_kernels_death_has_a_likely_reason(monkeypatch, system, code, told):
    import papermill  # noqa: F401 - which imports the engine itself, by its entry point

    from marcus_nb.pipeline import engine

    monkeypatch.setattr(engine, "os", SimpleNamespace(name=system))
    assert told in engine._how_it_died(code)
