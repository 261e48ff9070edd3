"""papermill's engine made honest.

The stock engine writes "completed" for cells whose kernel was killed, that timed out or were interrupted: its client
catches only CellExecutionError, its `finally` marks the cell completed, and the rest of the notebook follows
(papermill 2.7, clientwrap.py and engines.py). A cell that leaves by `sys.exit(0)` passes for a success, too.
"""

import asyncio
import os
import signal
import tempfile
from typing import IO, Any

from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger
from traitlets.config import Config

INTERRUPTED = "The run was interrupted here (Ctrl-C, or the system asked it to end)."
NOT_STARTED = "The notebook's kernel did not start, so that no cell ran: {}."
LEFT_EARLY = "This cell left the notebook early (exit or sys.exit): nothing after it ran."
NEVER_RAN = "This cell never ran, although nothing failed before it."


class _Client(PapermillNotebookClient):
    """Executes the cells; knows how its kernel ended, and does not wait for one that has nothing left to do."""

    exit_code: int | None = None

    def papermill_execute_cells(self) -> None:
        try:
            super().papermill_execute_cells()
        except DeadKernelError:
            self.exit_code = self.km.provisioner.process.poll()
            raise
        except KeyboardInterrupt:
            _end_tasks()
            raise
        # Graceful, which an interrupted kernel needs to end its children, takes two to three seconds.
        self.shutdown_kernel = "immediate"


class MarcusEngine(NBClientEngine):
    """Executes a notebook so that killed, timed-out, interrupted and left cells are told as such: as `marcus`.

    The cell at work is marked failed and gets our own error output first, the cells after it stay pending, and
    papermill then raises PapermillExecutionError; an interrupt stays KeyboardInterrupt.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        input_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        settings = {
            "coalesce_streams": True,
            "iopub_timeout": 60,  # 4 s, papermill's own, ends runs at random on slow machines
            # Without it ipykernel 7 warns in every notebook that the kernel talks over unencrypted TCP.
            "config": Config({"KernelManager": {"transport_encryption": "auto"}}),
            "kernel_name": kernel_name,
            "startup_timeout": start_timeout,
            "timeout": execution_timeout,
            "log": logger,
        }
        client = _Client(nb_man, **settings | kwargs)
        # What the kernel's process says beside the notebook: noise at every interrupt, evidence when it dies.
        with tempfile.TemporaryFile() as aside:
            try:
                client.execute(stderr=aside)
            except KeyboardInterrupt:
                _fail(nb_man, _cell_at_work(nb_man.nb), "KeyboardInterrupt", INTERRUPTED)
                raise
            except (CellTimeoutError, RuntimeError) as error:  # RuntimeError: a dead kernel, or one that did not start
                cell = _cell_at_work(nb_man.nb)
                if cell is None:
                    _fail(nb_man, None, "KernelNotStarted", NOT_STARTED.format(error), _last_words(aside))
                elif isinstance(error, CellTimeoutError):
                    text = f"This cell took longer than the {client.timeout} seconds it may take."
                    _fail(nb_man, cell, "CellTimeoutError", text)
                elif isinstance(error, DeadKernelError):
                    _fail(nb_man, cell, "DeadKernelError", _how_it_died(client.exit_code), _last_words(aside))
                else:
                    raise
            else:
                cell, name, text = _silently_unfinished(nb_man.nb)
                if cell is not None:
                    _fail(nb_man, cell, name, text)


def _end_tasks() -> None:
    """End the cell that an interrupt left in the event loop: it would notice its dead kernel later, loudly."""
    loop = ensure_event_loop()
    if tasks := asyncio.all_tasks(loop):
        for task in tasks:
            task.cancel()
        ended, _ = loop.run_until_complete(asyncio.wait(tasks, timeout=5))
        for task in ended:
            if not task.cancelled():
                task.exception()  # asked for, or asyncio prints it


def _fail(nb_man: Any, cell: Any, name: str, text: str, evidence: str = "") -> None:
    """Mark a cell failed, our own text above what the ending kernel itself still said.

    Without a cell at work the first one is marked: papermill would call all cells completed if none had failed.
    """
    cell = cell or next(cell for cell in nb_man.nb.cells if cell.cell_type == "code")
    lines = [f"{name}: {text}", *evidence.splitlines()]
    cell.outputs.insert(0, new_output("error", ename=name, evalue=text, traceback=lines))
    nb_man.cell_exception(cell)
    nb_man.save()


def _last_words(aside: IO[bytes]) -> str:
    aside.seek(max(0, aside.seek(0, os.SEEK_END) - 2000))
    return aside.read().decode("utf-8", errors="replace").strip()


def _cell_at_work(notebook: Any) -> Any:
    """The last code cell that was started; None before the first."""
    started = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return started[-1] if started else None


# What Windows ends a process with (NTSTATUS), where Linux has signals.
_OF_WINDOWS = {
    1: "it was ended from outside, as the task manager does",
    0xC0000005: "a library crashed (access violation)",
    0xC0000017: "memory ran out",
    0xC000012D: "memory ran out",
    0xC000013A: "it was ended by Ctrl-C or a closed window",
    0xC0000409: "a library crashed (stack buffer overrun)",
}


def _how_it_died(exit_code: int | None) -> str:
    """An exit code as a person understands it; -9 is what the system's out-of-memory killer leaves."""
    start = "The notebook's kernel died in this cell"
    if exit_code == -9:
        return f"{start}: it was killed from outside, most likely by the system for want of memory."
    if exit_code is None:
        return f"{start}, most likely for want of memory."
    if exit_code < 0:
        return f"{start} with {signal.Signals(-exit_code).name}: a library crashed, or the system ended it."
    if os.name == "nt" and (likely := _OF_WINDOWS.get(exit_code)):
        return f"{start} with exit code {exit_code:#x}: {likely}."
    return f"{start} with exit code {exit_code}."


def _silently_unfinished(notebook: Any) -> tuple[Any, str, str]:
    """The first cell that did not do its work although nothing raised, with a name and the reason; else Nones."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or not cell.source.strip() or "skip-execution" in cell.metadata.get("tags", []):
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if any(error.ename != "SystemExit" for error in errors):
            break  # papermill itself raises for it
        if errors:
            early = errors[0].evalue in ("", "0", "None")  # the others papermill raises for
            return (cell, "LeftEarly", LEFT_EARLY) if early else (None, "", "")
        if cell.execution_count is None:
            return cell, "NeverRan", NEVER_RAN
    return None, "", ""
