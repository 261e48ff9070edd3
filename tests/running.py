"""The real runner in a process of its own, with a first notebook that a test writes: to interrupt, kill and break."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
import psutil

from marcus_nb.parameters import ROOT

PARAMETERS = 'experiment: str = ""\nrun: str = ""\npersona_name: str = None\nsources: list = None'
FINISH = "Path('{folder}/ingest').mkdir(exist_ok=True)\nPath('{folder}/ingest/record.json').write_text(RECORD)"
RECORD = '{"seconds": 1.5, "headline": ["one line"]}'
DIE = "import os\nprint('last words', flush=True)\nimport time; time.sleep(0.3)\nos.kill(os.getpid(), 9)"
BUSY = (  # what is printed takes a moment to come from the kernel to the notebook
    "print('at work', flush=True)\nimport time; time.sleep(1)\n"
    "from pathlib import Path\nPath('{0}').write_text('')\ntime.sleep(60)"
)
WINDOWS = os.name == "nt"


def write(path: Path, *cells: str) -> Path:
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    )
    book.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate((PARAMETERS, *cells))]
    book.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(book, path)
    return path


def statuses(book) -> list[str]:
    """Of the notebook's own cells, without those that papermill put in."""
    return [c.metadata.papermill.status for c in book.cells if c.id.startswith("cell-")]


def streams(cell) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def failing(book):
    return next(cell for cell in book.cells if cell.metadata.get("papermill", {}).get("status") == "failed")


class Runner:
    """`run_all.sh smoke --until ingest` with another first notebook, as a process group like a terminal's."""

    def __init__(self, tmp_path: Path, *cells: str, arguments: Sequence[str] = ("smoke", "--until", "ingest")) -> None:
        self.outputs = tmp_path / "outputs"
        notebook = write(tmp_path / "01_ingest.ipynb", *cells)
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/drills/runner.py"), str(notebook), *arguments],
            env=os.environ | {"MARCUS_OUTPUTS": str(self.outputs), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=ROOT,
            start_new_session=True,
            # a test run in the background may have been told to ignore Ctrl-C, and its children inherit that
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def wait_for(self, there: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not there():
            assert self.process.poll() is None, "".join(self.process.communicate())
            assert time.monotonic() < end, "nothing came of it"
            time.sleep(0.05)

    @property
    def folder(self) -> Path:
        return next(self.outputs.glob("smoke/*"))

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err
