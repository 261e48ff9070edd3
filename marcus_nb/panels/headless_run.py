"""A headless run started from a notebook: a process of its own, which neither browser nor kernel takes along."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marcus_nb.launcher import to_type
from marcus_nb.parameters import ROOT
from marcus_nb.runs import DRAFT, list_runs, outputs_root, read_json, read_state, write_json
from marcus_nb.runs.processes import identity, living
from marcus_nb.words import _

# A kernel that ends takes its children along, on Windows all of them: the run must be nobody's child, so a process
# that ends at once starts it. There it gets a console that is not seen, which its notebooks' kernels share.
_START = """
import subprocess, sys
apart = {"creationflags": 0x08000200} if sys.platform == "win32" else {"start_new_session": True}
with open(sys.argv[1], "wb") as log:
    print(subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **apart).pid)
"""
# What a kernel has for its notebook: where to draw, and colours although nobody's terminal is there.
_NOT_MEANT = ("MARCUS_HEADLESS", "MPLBACKEND", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")


@dataclass(frozen=True)
class HeadlessRun:
    """A run of an experiment in a process of its own, known by number and start time."""

    experiment: str
    process: dict[str, Any]

    @property
    def said(self) -> str:
        """All it has said so far, as in a terminal."""
        return _log(self.experiment).read_text(encoding="utf-8", errors="replace")

    @property
    def ended(self) -> str:
        """How it ended, a line for each sentence; empty while it is at work."""
        if living(self.process):
            return ""
        folder = next(filter(self._made, list_runs(self.experiment)), None)
        if folder is None:
            return _("It did not begin; the lines above say why.")
        state, told = read_state(folder), [_("It has finished.")]
        if state["status"] != "PASSED":
            told = [
                _("It did not come to its end ({cause}).").format(cause=state["cause"]),
                _("Go on with: {command}").format(command=state.get("go_on") or to_type(self.experiment)),
            ]
        if (folder / "report.html").is_file():
            told.append(_("All of it on one page: {page}").format(page=folder / "report.html"))
        return "\n".join(told)

    def _made(self, folder: Path) -> bool:
        made = read_json(folder / "run.json").get("process") or {}
        later = made.get("created", 0) - self.process["created"]
        # In a virtual environment on Windows the process is python's launcher, and the run is made by its child.
        same = made.get("pid") == self.process["pid"] or (os.name == "nt" and later < 60)
        return folder.name != DRAFT and same and later > -2


def begin(experiment: str) -> HeadlessRun:
    """Start `./run_all.sh EXPERIMENT`, with what the YAML says now."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_MEANT}
    command = [sys.executable, "-I", "-c", _START, str(_log(experiment)), sys.executable, "-m", "marcus_nb", experiment]
    started = subprocess.run(
        command, cwd=ROOT, env=environment | {"PYTHONUTF8": "1"}, stdout=subprocess.PIPE, check=True, timeout=60
    )
    run = HeadlessRun(experiment, identity(int(started.stdout)))
    write_json(_note(experiment), run.process)
    return run


def at_work(experiment: str) -> HeadlessRun | None:
    """The run that was begun from this experiment's draft, where it is still at work."""
    process = read_json(_note(experiment)) if _note(experiment).is_file() else None
    return HeadlessRun(experiment, process) if process and living(process) else None


def _log(experiment: str) -> Path:
    return outputs_root() / experiment / DRAFT / "headless.log"


def _note(experiment: str) -> Path:
    return _log(experiment).with_suffix(".json")
