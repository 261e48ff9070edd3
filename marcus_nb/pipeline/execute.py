"""One stage: its notebook executed into the run folder, checked, renamed."""

import builtins
import errno
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError

from marcus_nb.parameters import ROOT
from marcus_nb.pipeline.console import plain
from marcus_nb.pipeline.engine import INTERRUPTED, MarcusEngine
from marcus_nb.renaming import replace
from marcus_nb.runs import DiskFull, Run, RunError, write_json
from marcus_nb.runs.folders import Known, known_folders, without_folders
from marcus_nb.runs.provenance import notebook_of

papermill_engines.register("marcus", MarcusEngine)

LONGEST_CAUSE = 2000
LONGEST_PLAIN = 1000  # characters of text that stand beside the same as HTML
# Errors whose message says it all: those of ours that are meant for a person, and the engine's own.
SPEAKING = (
    *("AccountError", "CleanError", "DeployError", "DiskFull", "EvaluateError", "FormatError", "LeakError"),
    *(
        "ModelError",
        "ParameterError",
        "RenderError",
        "RunError",
        "TooManyRejectedError",
        "TrainError",
        "TrainingFailed",
    ),
    *("CellTimeoutError", "DeadKernelError", "KernelNotStarted", "LeftEarly", "NeverRan"),
)


class StageFailed(RuntimeError):
    """A stage that did not finish: `cause` in plain words, `notebook` is the executed notebook that shows it."""

    def __init__(self, stage: str, cause: str, notebook: Path) -> None:
        super().__init__(cause)
        self.stage, self.cause, self.notebook = stage, cause, notebook


def execute(run: Run, stage: str) -> Path:
    """Execute a stage's notebook with the run's parameters; returns the executed notebook.

    Raises StageFailed (the notebook is kept as `03_train.FAILED.ipynb`) or KeyboardInterrupt (kept likewise).
    """
    values = {"experiment": run.experiment, "run": run.name, **run.parameters.stage(stage)}

    def unfinished() -> str:
        return "" if run.record(stage) else "The notebook ran to its end without writing its record."

    known, seed = known_folders(run.parameters), run.parameters.shared.seed
    return run_notebook(stage, notebook_of(stage), run.folder, values, seed, known, unfinished)


def run_notebook(
    name: str,
    source: Path,
    folder: Path,
    values: dict[str, Any],
    seed: int,
    known: Known,
    unfinished: Callable[[], str] = lambda: "",
) -> Path:
    """Execute a notebook into a folder, with these parameters; returns the executed one, which bears its name.

    `known` are the folders that it must not show. `unfinished` says what is missing although every cell ran. Raises
    StageFailed (with `name`) or KeyboardInterrupt, and keeps the notebook as `NAME.FAILED.ipynb` then.
    """
    done = folder / source.name
    partial, failed = done.with_suffix(".partial.ipynb"), done.with_suffix(".FAILED.ipynb")
    failed.unlink(missing_ok=True)  # of an attempt before this one
    try:
        with _kernel_environment(seed):
            papermill.execute_notebook(
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
        problem = unfinished()
        if not problem:
            _settle(partial, done, known)
            return done
    except PapermillExecutionError as error:
        problem = _cause(error)
    except KeyboardInterrupt:
        _keep(partial, failed, known, INTERRUPTED)
        raise
    except DiskFull as error:
        problem = str(error)
    except (OSError, ValueError) as error:  # papermill saves as it goes; ValueError: NaN, which JSON does not have
        full = getattr(error, "errno", None) == errno.ENOSPC
        problem = "The disk is full: the notebook could not be saved." if full else f"{type(error).__name__}: {error}"
    _keep(partial, failed, known, problem)
    raise StageFailed(name, problem, failed)


def _cause(error: PapermillExecutionError) -> str:
    """What failed, for a person: the message, the name of an error that is not ours, and the cell's own line."""
    text = plain(error.evalue or "").strip()
    if len(text) > LONGEST_CAUSE:
        text = f"{text[:LONGEST_CAUSE]} … (all of it in the notebook)"
    if error.ename in SPEAKING and text:
        return text
    text = f"{error.ename}: {text}" if text else error.ename
    # Of an exception that was not meant for a person, the line that it came from is the best there is to say.
    arrow = re.search(r"^-+> *\d+ (.+)$", plain("\n".join(error.traceback or [])), re.MULTILINE)
    return f"{text}\nin the line: {arrow[1].strip()}" if arrow and hasattr(builtins, error.ename) else text


def _keep(partial: Path, failed: Path, known: Known, problem: str) -> None:
    """Keep what there is of a notebook that failed, also when the disk takes nothing more."""
    try:
        _settle(partial, failed, known, problem)
    except (OSError, RunError, ValueError):  # ValueError: half-written, and no JSON any more
        if partial.is_file():
            replace(partial, failed)


def _settle(partial: Path, target: Path, known: Known, problem: str = "") -> None:
    """Give an executed notebook its name, without the folders of this machine and its user in what it shows."""
    notebook = without_folders(json.loads(partial.read_text(encoding="utf-8")), known)
    notebook["metadata"]["papermill"]["output_path"] = target.name
    _lighten(notebook)
    marked = any("papermill-error-cell-tag" in cell["metadata"].get("tags", []) for cell in notebook["cells"])
    if problem and not marked:  # papermill marks where a cell raised
        tags = {"tags": ["papermill-error-cell-tag"]}
        told = f"**{without_folders(problem, known)}**"
        notebook["cells"].insert(0, nbformat.v4.new_markdown_cell(told, metadata=tags))
    write_json(target, notebook)
    partial.unlink()


def _lighten(notebook: dict[str, Any]) -> None:
    """Take out what nobody reads: times of messages (papermill has those of cells), and long text beside its HTML."""
    for cell in notebook["cells"]:
        cell["metadata"].pop("execution", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            plain_text = "".join(data.get("text/plain", ""))
            if "text/html" in data and len(plain_text) > LONGEST_PLAIN:
                cut = plain_text[:LONGEST_PLAIN].rsplit("\n", 1)[0]
                data["text/plain"] = f"{cut}\n… (all of it where HTML is shown)"


def _relative(path: Path) -> str:
    """papermill notes the path in the record, where no folder of this machine belongs."""
    try:
        return os.path.relpath(path) if Path.cwd() == ROOT else str(path)
    except ValueError:  # Windows: outputs lie on another drive (MARCUS_OUTPUTS), and no relative path leads there
        return str(path)


def check_notebook(stage: str) -> None:
    """Refuse a notebook that cannot give an honest record: executed before, or without its parameters cell."""
    source = notebook_of(stage)
    notebook = nbformat.read(source, as_version=4)
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    if "parameters" not in tags:
        raise RunError(
            f"{source.name} has no cell tagged `parameters`: what the notebook itself says would win over the run's "
            "parameters. Restore the project's own: git checkout -- notebooks"
        )
    if "papermill" in notebook.metadata or "injected-parameters" in tags:
        raise RunError(
            f"{source.name} is an executed notebook, whose old parameters would stay in the record. "
            "Restore the project's own: git checkout -- notebooks"
        )


@contextmanager
def _kernel_environment(seed: int) -> Iterator[None]:
    """What the kernel has to find in its environment when it starts; some of it works only from the start."""
    changes: dict[str, str | None] = {
        "MARCUS_HEADLESS": "1",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": str(seed),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "TOKENIZERS_PARALLELISM": "false",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TQDM_DISABLE": "1",  # its bars are red noise in an executed notebook; ours are the log's lines
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
