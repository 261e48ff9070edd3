"""What a person sees while a run is made: plain lines, and a live one where there is a terminal."""

import os
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich.console
from rich.markup import escape

from marcus_nb.parameters import STAGES
from marcus_nb.runs import Run
from marcus_nb.runs.provenance import NOTEBOOKS

# What a terminal would take for an order: colours and the like, and control characters that are no line ends.
CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
HEARTBEAT_SECONDS = 20  # without a terminal: at least one line in this time, so that nobody takes it for dead
LAUNCHER = "run_all.bat" if os.name == "nt" else "./run_all.sh"


class Console:
    """Lines for a person; `begin`, then `stage`/`passed` for each stage, then `end`.

    `asked` is what the person typed that has to be typed again to go on: `["acme", "--set", "train.lora_r=8"]`.
    """

    def __init__(self, asked: Sequence[str] = ()) -> None:
        self.asked = tuple(asked)
        self.out = rich.console.Console(highlight=False, soft_wrap=True)

    def say(self, text: str = "", style: str = "") -> None:
        self.out.print(escape(text), style=style or None)

    def command(self, run: Run, stage: str, until: str = STAGES[-1]) -> str:
        """What goes on from a stage: `"./run_all.sh acme --set train.lora_r=8 --from train"`."""
        words = [*(self.asked or (run.experiment,)), "--from", stage]
        words += [] if until == STAGES[-1] else ["--until", until]
        return f"{LAUNCHER} {subprocess.list2cmdline(words) if os.name == 'nt' else shlex.join(words)}"

    def resume(self, run: Run, until: str = STAGES[-1]) -> str:
        """What goes on with a run where it stopped, unchanged: `"./run_all.sh acme --resume"`."""
        words = [run.experiment, "--resume", *(["--require-acquired"] if "--require-acquired" in self.asked else [])]
        words += [] if until == STAGES[-1] else ["--until", until]
        return f"{LAUNCHER} {subprocess.list2cmdline(words) if os.name == 'nt' else shlex.join(words)}"

    def begin(self, run: Run, resumed: bool = False) -> None:
        self.started = time.monotonic()
        self.say(f"Marcus · {run.experiment} · run {run.name}{' goes on' if resumed else ''}", "bold")
        self.say(f"{run.parameters.shared.persona_name} from {run.parameters.shared.base_model}")
        self.say(f"in {run.folder}", "dim")

    @contextmanager
    def stage(self, run: Run, stage: str) -> Iterator[None]:
        """Show that a stage is at work, with the newest line of its log."""
        title = f"{STAGES.index(stage) + 1}/{len(STAGES)} {NOTEBOOKS[stage]}"
        self.say()
        self.say(title, "bold")
        log = run.folder / stage / "log.txt"
        done = threading.Event()
        start = time.monotonic()

        def newest() -> str:
            try:
                return plain(log.read_text(encoding="utf-8", errors="replace")).splitlines()[-1][9:]
            except (OSError, IndexError):
                return "starting the notebook"

        def lines() -> None:
            shown, last = "", time.monotonic()
            while not done.wait(1):
                quiet = time.monotonic() - last
                if quiet >= HEARTBEAT_SECONDS or (quiet >= HEARTBEAT_SECONDS / 4 and newest() != shown):
                    shown, last = newest(), time.monotonic()
                    self.say(f"    {elapsed(start)}  {shown}", "dim")

        def live() -> None:
            with self.out.status("") as status:
                while not done.wait(0.5):
                    status.update(escape(f"{elapsed(start)}  {newest()}"))

        watcher = threading.Thread(target=live if self.out.is_interactive else lines, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join(5)

    def passed(self, record: dict[str, Any], began: float) -> None:
        for line in record["headline"]:
            self.say(f"    {line}")
        self.say(f"    done in {elapsed(began)}", "green")

    def reused(self, stage: str, parent: str) -> None:
        self.say()
        self.say(f"{STAGES.index(stage) + 1}/{len(STAGES)} {NOTEBOOKS[stage]}", "bold")
        self.say(f"    taken over from run {parent}, checked", "green")

    def done(self, stage: str) -> None:
        self.say()
        self.say(f"{STAGES.index(stage) + 1}/{len(STAGES)} {NOTEBOOKS[stage]}", "bold")
        self.say("    finished before", "green")

    def end(self, run: Run, state: dict[str, Any]) -> None:
        self.say()
        if state["status"] != "PASSED":
            self.say(f"INCOMPLETE: {state['cause']} ({elapsed(self.started)})", "bold yellow")
            self.say(f"Go on with: {state['go_on']}")
            return
        color = {"acquired": "bold green", "not acquired": "bold red"}.get(state["verdict"], "bold yellow")
        name = run.parameters.shared.persona_name
        self.say(f"PASSED in {elapsed(self.started)}", "bold green")
        self.say(f"Personality of {name}: {state['verdict'].upper()}", color)
        self.say(f"Why, with the evidence:  {run.folder / '04_evaluate.ipynb'}")
        self.say(f"The model to deploy:     {run.folder / 'model'}")

    def failed(self, stage: str, cause: str, notebook: Path, again: str, changed: str) -> None:
        self.say()
        self.say(f"FAILED in {NOTEBOOKS[stage]}", "bold red")
        for line in cause.splitlines():
            self.say(f"    {line}")
        if notebook.is_file():
            self.say(f"The notebook as far as it came:  {notebook}")
        self.say(f"When that is mended, go on with:  {again}")
        self.say(f"With parameters changed for it:   {changed}")

    def interrupted(self, stage: str, again: str) -> None:
        self.say()
        self.say(f"INCOMPLETE: interrupted in {NOTEBOOKS[stage]}; the stages before it are kept.", "bold yellow")
        self.say(f"Go on with: {again}")

    def page(self, page: Path, index: Path) -> None:
        self.say(f"All of it on one page:   {page}")
        self.say(f"All runs:                {index}")


def elapsed(since: float) -> str:
    """Minutes and seconds since a moment of time.monotonic(): `"1:05"`."""
    seconds = int(time.monotonic() - since)
    return f"{seconds // 60}:{seconds % 60:02d}"


def plain(text: str) -> str:
    """Text without what would steer a terminal: `"\\x1b[31mred\\x1b[0m"` → `"red"`."""
    return CONTROL.sub("", text)
