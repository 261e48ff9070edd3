"""One stage: its notebook executed into the run folder, audited, renamed."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError

from marcus_nb.parameters import ROOT
from marcus_nb.pipeline.engine import MarcusEngine, audit
from marcus_nb.runs import Run, RunError
from marcus_nb.runs.files import replace
from marcus_nb.runs.provenance import notebook_of

papermill_engines.register("marcus", MarcusEngine)


class StageFailed(RuntimeError):
    """A stage that did not finish: `cause` in one line, `notebook` is the executed notebook that shows it."""

    def __init__(self, stage: str, cause: str, notebook: Path) -> None:
        super().__init__(cause)
        self.stage, self.cause, self.notebook = stage, cause, notebook


def execute(run: Run, stage: str) -> Path:
    """Execute a stage's notebook with the run's parameters; returns the executed notebook.

    Raises StageFailed (the notebook is kept as `03_train.FAILED.ipynb`) or KeyboardInterrupt (kept likewise).
    """
    source = notebook_of(stage)
    _refuse_executed(source)
    done = run.folder / source.name
    partial, failed = done.with_suffix(".partial.ipynb"), done.with_suffix(".FAILED.ipynb")
    values = {"experiment": run.experiment, "run": run.name, **run.parameters.stage(stage)}
    try:
        with _kernel_environment(run), _end_on_sigterm():
            notebook = papermill.execute_notebook(
                _relative(source),
                str(partial),
                parameters=values,
                engine_name="marcus",
                kernel_name="python3",
                language="python",
                cwd=str(ROOT),
                progress_bar=False,
                log_output=False,
                start_timeout=300,
                autosave_cell_every=30,
            )
    except PapermillExecutionError as error:
        replace(partial, failed)
        raise StageFailed(stage, f"{error.ename}: {error.evalue}", failed) from error
    except KeyboardInterrupt:
        if partial.is_file():
            replace(partial, failed)
        raise
    problem = audit(notebook)
    if problem is None and run.record(stage) is None:
        problem = "the notebook ran to its end without writing its record"
    if problem:
        replace(partial, failed)
        raise StageFailed(stage, problem, failed)
    replace(partial, done)
    return done


def _relative(path: Path) -> str:
    """papermill notes the path in the record, where no folder of this machine belongs."""
    return os.path.relpath(path) if Path.cwd() == ROOT else str(path)


def _refuse_executed(source: Path) -> None:
    notebook = nbformat.read(source, as_version=4)
    injected = any("injected-parameters" in cell.metadata.get("tags", []) for cell in notebook.cells)
    if "papermill" in notebook.metadata or injected:
        raise RunError(
            f"{source.name} is an executed notebook, whose old parameters would stay in the record. "
            "Restore the project's own: git checkout -- notebooks"
        )


@contextmanager
def _kernel_environment(run: Run) -> Iterator[None]:
    """What the kernel has to find in its environment when it starts; some of it works only from the start."""
    changes: dict[str, str | None] = {
        "MARCUS_HEADLESS": "1",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": str(run.parameters.shared.seed),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "TOKENIZERS_PARALLELISM": "false",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",  # a kernel of the user's of the same name may be another Python
        "MPLBACKEND": None,  # set, it would silently take every figure out of the record
    }
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def _end_on_sigterm() -> Iterator[None]:
    """A scheduler's or the system's request to end is an interrupt like Ctrl-C: the record is still written."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
