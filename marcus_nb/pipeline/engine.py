"""papermill's engine made honest.

The stock engine writes "completed" for cells whose kernel was killed, that timed out or were interrupted: its client
catches only CellExecutionError, its `finally` marks the cell completed, and the rest of the notebook follows
(papermill 2.7, clientwrap.py and engines.py).
"""

from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from papermill.engines import NBClientEngine
from traitlets.config import Config

CAUSES = {
    "DeadKernelError": "The notebook's kernel died in this cell. Most likely the system ended it for want of memory.",
    "CellTimeoutError": "This cell took longer than it may.",
    "KeyboardInterrupt": "The run was interrupted in this cell (Ctrl-C, or the system asked it to end).",
}


class MarcusEngine(NBClientEngine):
    """Executes a notebook so that killed, timed-out and interrupted cells are told as such. Registered as `marcus`."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
        kwargs.setdefault("coalesce_streams", True)
        kwargs.setdefault("iopub_timeout", 60)  # 4 s, papermill's own, ends runs at random on slow machines
        # Without it ipykernel 7 warns in every notebook that the kernel talks over unencrypted TCP.
        kwargs.setdefault("config", Config({"KernelManager": {"transport_encryption": "auto"}}))
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
        except (DeadKernelError, CellTimeoutError, KeyboardInterrupt) as error:
            cell = _cell_at_work(nb_man.nb)
            if cell is None:
                raise
            name = type(error).__name__
            # First, so that it stands above what the ending kernel itself still says.
            cell.outputs.insert(
                0, new_output("error", ename=name, evalue=CAUSES[name], traceback=[f"{name}: {CAUSES[name]}"])
            )
            nb_man.cell_exception(cell, exception=error)
            if isinstance(error, KeyboardInterrupt):
                nb_man.save()
                raise


def _cell_at_work(notebook: Any) -> Any:
    """The last code cell that was started."""
    started = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return started[-1] if started else None


def audit(notebook: Any) -> str | None:
    """Why an executed notebook is no success although nothing raised; None when every cell did its work.

    Catches `sys.exit(0)` in a cell, after which the rest silently never runs.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        failed = [output for output in cell.outputs if output.output_type == "error"]
        if failed:
            return f"cell {number} shows an error: {failed[0].ename}: {failed[0].evalue}"
        if cell.execution_count is None:
            return f"cell {number} and what follows never ran: something left the notebook early"
    return None
