"""What a person sees while a run is made: plain lines, and a live one where there is a terminal."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich.console
from rich.markup import escape

from marcus_nb.parameters import STAGES
from marcus_nb.runs import Run
from marcus_nb.runs.provenance import NOTEBOOKS

HEARTBEAT_SECONDS = 20  # without a terminal: at least one line in this time, so that nobody takes it for dead


class Console:
    """Lines for a person; `begin`, then `stage`/`passed` for each stage, then `end`."""

    def __init__(self) -> None:
        self.out = rich.console.Console(highlight=False, soft_wrap=True)

    def say(self, text: str = "", style: str = "") -> None:
        self.out.print(escape(text), style=style or None)

    def begin(self, run: Run) -> None:
        self.started = time.monotonic()
        self.say(f"Marcus · {run.experiment} · run {run.name}", "bold")
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
                return log.read_text(encoding="utf-8").splitlines()[-1][9:]
            except (OSError, IndexError):
                return "starting the notebook"

        def elapsed() -> str:
            seconds = int(time.monotonic() - start)
            return f"{seconds // 60}:{seconds % 60:02d}"

        def lines() -> None:
            shown, last = "", time.monotonic()
            while not done.wait(1):
                quiet = time.monotonic() - last
                if quiet >= HEARTBEAT_SECONDS or (quiet >= HEARTBEAT_SECONDS / 4 and newest() != shown):
                    shown, last = newest(), time.monotonic()
                    self.say(f"    {elapsed()}  {shown}", "dim")

        def live() -> None:
            with self.out.status("") as status:
                while not done.wait(0.5):
                    status.update(escape(f"{elapsed()}  {newest()}"))

        watcher = threading.Thread(target=live if self.out.is_terminal else lines, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join(5)

    def passed(self, stage: str, record: dict[str, Any]) -> None:
        for line in record["headline"]:
            self.say(f"    {line}")
        self.say(f"    done in {record['seconds']:.0f} s", "green")

    def reused(self, stage: str, parent: str) -> None:
        self.say()
        self.say(f"{STAGES.index(stage) + 1}/{len(STAGES)} {NOTEBOOKS[stage]}", "bold")
        self.say(f"    taken over from run {parent}, checked", "green")

    def end(self, run: Run, state: dict[str, Any]) -> None:
        seconds = int(time.monotonic() - self.started)
        self.say()
        if state["status"] != "PASSED":
            self.say(f"INCOMPLETE: {state['cause']} ({seconds // 60}:{seconds % 60:02d})", "bold yellow")
            following = STAGES[STAGES.index(state["cause"].split()[-1]) + 1]
            self.say(f"Go on with: ./run_all.sh {run.experiment} --from {following}")
            return
        color = {"acquired": "bold green", "not acquired": "bold red"}.get(state["verdict"], "bold yellow")
        name = run.parameters.shared.persona_name
        self.say(f"PASSED in {seconds // 60}:{seconds % 60:02d}", "bold green")
        self.say(f"Personality of {name}: {state['verdict'].upper()}", color)
        self.say(f"Why, with the evidence:  {run.folder / '04_evaluate.ipynb'}")
        self.say(f"The model to deploy:     {run.folder / 'model'}")

    def failed(self, run: Run, stage: str, cause: str, notebook: Path) -> None:
        self.say()
        self.say(f"FAILED in {NOTEBOOKS[stage]}", "bold red")
        self.say(f"    {cause}")
        self.say(f"The notebook as far as it came:  {notebook}")
        self.say(f"When that is mended, go on with: ./run_all.sh {run.experiment} --from {stage}")

    def interrupted(self, run: Run, stage: str) -> None:
        self.say()
        self.say(f"INCOMPLETE: interrupted in {NOTEBOOKS[stage]}; the stages before it are kept.", "bold yellow")
        self.say(f"Go on with: ./run_all.sh {run.experiment} --from {stage}")
