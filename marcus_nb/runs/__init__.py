"""Where a run keeps its files, what made them, and whether they are still what was written."""

from marcus_nb.runs.files import DiskFull, RunError, read_json, sha256, write_json
from marcus_nb.runs.folder import (
    DRAFT,
    STATUSES,
    Run,
    create,
    list_runs,
    open_run,
    outputs_root,
    read_state,
    take_up,
    update,
)
from marcus_nb.runs.stage import Stage, open_stage, reuse, why_not_reusable

__all__ = [
    "DRAFT",
    "STATUSES",
    "DiskFull",
    "Run",
    "RunError",
    "Stage",
    "create",
    "list_runs",
    "open_run",
    "open_stage",
    "outputs_root",
    "read_json",
    "read_state",
    "reuse",
    "sha256",
    "take_up",
    "update",
    "why_not_reusable",
    "write_json",
]
