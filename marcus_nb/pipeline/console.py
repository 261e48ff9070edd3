"""What a person sees while a run is made: plain lines, and a live one where there is a terminal.

All of it, and every line of the stages' own logs, stands in the run's `log.txt` as well, whatever is shown.
"""

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich.console
from rich.markup import escape

from marcus_nb.launcher import to_type
from marcus_nb.parameters import STAGES
from marcus_nb.runs import Run
from marcus_nb.runs.folders import Known, known_folders, without_folders
from marcus_nb.runs.provenance import NOTEBOOKS

# What a terminal would take for an order: colours and the like, and control characters that are no line ends.
CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
QUIET, NORMAL, VERBOSE = _LEVELS = ("quiet", "normal", "verbose")
RUN_LOG = "log.txt"
_STEP = re.compile(r"\bstep (\d+)/(\d+)\b")
_BAR = 20  # characters
HEARTBEAT_SECONDS = 20  # without a terminal: at least one line in this time, so that nobody takes it for dead


class Console:
    """Lines for a person; `begin`, then `stage`/`passed` for each stage, then `end`.

    `asked` is what the person typed that has to be typed again to go on: `["acme", "--set", "train.lora_r=8"]`.
    `level` is "quiet" (how it ended), "normal", or "verbose" (every line of the stages' logs as it comes).
    """

    def __init__(self, asked: Sequence[str] = (), level: str = NORMAL) -> None:
        self.asked, self.level = tuple(asked), level
        self.out = rich.console.Console(highlight=False, soft_wrap=True)
        self.log: Path | None = None
        self.run: Run | None = None  # the one that was begun
        self.known: Known = ()  # folders that the log must not tell

    def say(self, text: str = "", style: str = "", level: str = NORMAL) -> None:
        """One line, shown from this level on: "quiet" is always shown, "verbose" only when asked for."""
        self.note(text)
        if _LEVELS.index(level) <= _LEVELS.index(self.level):
            self.out.print(escape(text), style=style or None)

    def note(self, text: str) -> None:
        """A line for the run's log alone."""
        if self.log is None or not text.strip():
            return
        text = without_folders(text, self.known)
        # A full disk is told by what has to be written.
        with contextlib.suppress(OSError), self.log.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {plain(text).strip()}\n")

    def command(self, run: Run, stage: str, until: str = STAGES[-1]) -> str:
        """What goes on from a stage: `"./run_all.sh acme --set train.lora_r=8 --from train"`."""
        words = [*(self.asked or (run.experiment,)), "--from", stage]
        words += [] if until == STAGES[-1] else ["--until", until]
        return to_type(*words)

    def resume(self, run: Run, until: str = STAGES[-1]) -> str:
        """What goes on with a run where it stopped, unchanged: `"./run_all.sh acme --resume"`."""
        kept = [word for word in self.asked if word in ("--require-acquired", "--keep-checkpoints")]
        words = [run.experiment, "--resume", *kept]
        words += [] if until == STAGES[-1] else ["--until", until]
        return to_type(*words)

    def begin(self, run: Run, resumed: bool = False) -> None:
        self.started = time.monotonic()
        self.run, self.log, self.known = run, run.folder / RUN_LOG, known_folders(run.parameters)
        self.say(f"Marcus · {run.experiment} · run {run.name}{' goes on' if resumed else ''}", "bold")
        self.say(f"{run.parameters.shared.persona_name} from {run.parameters.shared.base_model}")
        self.say(f"in {run.folder}", "dim")

    @contextmanager
    def stage(self, run: Run, stage: str) -> Iterator[None]:
        """Show that a stage is at work, with the newest line of its log."""
        self.say()
        self.say(_title(stage), "bold")
        follower = _Follower(run.folder / stage / "log.txt")
        done = threading.Event()
        start = time.monotonic()

        def new() -> None:
            for line in follower.lines():
                text = f"    {elapsed(start)}  {line}"
                self.say(text, "dim", VERBOSE)

        def lines() -> None:
            shown, last = "", time.monotonic()
            while not done.wait(1):
                new()
                quiet = time.monotonic() - last
                if self.level != NORMAL:
                    continue
                if quiet >= HEARTBEAT_SECONDS or (quiet >= HEARTBEAT_SECONDS / 4 and follower.newest != shown):
                    shown, last = follower.newest, time.monotonic()
                    self.out.print(escape(f"    {elapsed(start)}  {shown}"), style="dim")

        def live() -> None:
            with self.out.status("") as status:
                while not done.wait(0.5):
                    new()
                    status.update(escape(f"{elapsed(start)}  {_with_bar(follower.newest)}"))

        shows_live = self.out.is_interactive and self.level != QUIET
        watcher = threading.Thread(target=live if shows_live else lines, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join(5)
            new()

    def passed(self, record: dict[str, Any], began: float) -> None:
        for line in record["headline"]:
            self.say(f"    {line}")
        self.say(f"    done in {elapsed(began)}", "green")

    def reused(self, stage: str, parent: str) -> None:
        self.say()
        self.say(_title(stage), "bold")
        self.say(f"    taken over from run {parent}, checked", "green")

    def done(self, stage: str) -> None:
        self.say()
        self.say(_title(stage), "bold")
        self.say("    finished before", "green")

    def end(self, run: Run, state: dict[str, Any]) -> None:
        self.say()
        if state["status"] != "PASSED":
            self.say(f"INCOMPLETE: {state['cause']} ({elapsed(self.started)})", "bold yellow", QUIET)
            self.say(f"Go on with: {state['go_on']}", level=QUIET)
            return
        color = {"acquired": "bold green", "not acquired": "bold red"}.get(state["verdict"], "bold yellow")
        name = run.parameters.shared.persona_name
        self.say(f"PASSED in {elapsed(self.started)}", "bold green", QUIET)
        self.say(f"Personality of {name}: {state['verdict'].upper()}", color, QUIET)
        self.say(f"Why, with the evidence:  {run.folder / '04_evaluate.ipynb'}", level=QUIET)
        self.say(f"The model to deploy:     {run.folder / 'model'}", level=QUIET)

    def failed(self, stage: str, cause: str, notebook: Path | None, again: str, changed: str) -> None:
        self.say()
        self.say(f"FAILED in {NOTEBOOKS[stage]}", "bold red", QUIET)
        for line in cause.splitlines():
            self.say(f"    {line}", level=QUIET)
        if notebook and notebook.is_file():
            self.say(f"The notebook as far as it came:  {notebook}", level=QUIET)
        self.say(f"When that is mended, go on with:  {again}", level=QUIET)
        self.say(f"With parameters changed for it:   {changed}", level=QUIET)

    def interrupted(self, stage: str, again: str) -> None:
        self.say()
        said = f"INCOMPLETE: interrupted in {NOTEBOOKS[stage]}; the stages before it are kept."
        self.say(said, "bold yellow", QUIET)
        self.say(f"Go on with: {again}", level=QUIET)

    def page(self, page: Path, index: Path) -> None:
        self.say(f"All of it on one page:   {page}")
        self.say(f"All runs:                {index}")


class _Follower:
    """The lines of a log that is being written, each once; `newest` is the last of them."""

    def __init__(self, path: Path) -> None:
        self.path, self.read, self.newest = path, 0, "starting the notebook"
        with contextlib.suppress(OSError):
            self.read = path.stat().st_size  # of an attempt before this one

    def lines(self) -> list[str]:
        """Those that came since the last call, without their time: `["step 5/10: loss 2.1"]`."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.read)
                written = file.read()
        except OSError:
            return []
        whole = written[: written.rfind(b"\n") + 1]
        self.read += len(whole)
        found = [line[9:] for line in plain(whole.decode("utf-8", errors="replace")).splitlines()]
        self.newest = found[-1] if found else self.newest
        return found


def _title(stage: str) -> str:
    return f"{STAGES.index(stage) + 1}/{len(STAGES)} {NOTEBOOKS[stage]}"


def _with_bar(line: str) -> str:
    """`"step 5/10: loss 2.1"` with how far that is, drawn before it."""
    found = _STEP.search(line)
    if not found or not int(found[2]):
        return line
    done = min(_BAR, _BAR * int(found[1]) // int(found[2]))
    return f"{'━' * done}{'╌' * (_BAR - done)} {line}"


def elapsed(since: float) -> str:
    """Minutes and seconds since a moment of time.monotonic(): `"1:05"`."""
    seconds = int(time.monotonic() - since)
    return f"{seconds // 60}:{seconds % 60:02d}"


def plain(text: str) -> str:
    """Text without what would steer a terminal: `"\\x1b[31mred\\x1b[0m"` → `"red"`."""
    return CONTROL.sub("", text)
