"""Several runs by one command, each made whatever becomes of the others; at the end a table and a comparison."""

from collections.abc import Callable, Sequence

import rich.box
import rich.console
from rich.markup import escape
from rich.table import Table

from marcus_nb.launcher import to_type
from marcus_nb.parameters import Parameters
from marcus_nb.pipeline import comparing, order, plans
from marcus_nb.pipeline.asked import Wanted, start_of
from marcus_nb.pipeline.console import QUIET, Console
from marcus_nb.pipeline.listing import supported
from marcus_nb.runs import Run, RunError

WIDTH = 200  # characters: a narrower terminal breaks long rows itself, which is easier to read than folded cells


def run(
    asked: Sequence[Wanted],
    resolved: Sequence[Parameters],
    start: str,
    until: str,
    console: Callable[[Wanted], Console],
    require_acquired: bool = False,
    keep_checkpoints: bool = False,
) -> int:
    """Make one run after the other, then a table of them all and `compare.ipynb` over those that were judged.

    `resolved` are the parameters of each; `console` gives each run its own. A run that fails does not stop the others;
    the exit code is that of the worst. Ctrl-C stops all. Raises ParameterError, before anything is made, for what no
    run could be made of.
    """
    for parameters in resolved:
        plans.check_sources(parameters)
    made: list[tuple[Wanted, Run | None, str]] = []
    codes = []
    for place, (one, parameters) in enumerate(zip(asked, resolved, strict=True)):
        seen = console(one)
        seen.say(f"\n━━ {place + 1} of {len(asked)}: {one.title}", "bold", QUIET)
        problem = ""
        try:
            planned = _planned(parameters, start_of(one, start, asked[:place]), start, until)
            codes.append(order.run(parameters, planned, seen, require_acquired, None, keep_checkpoints))
        except Exception as error:  # whatever it is, the others are made
            problem = str(error) or type(error).__name__
            seen.say(problem, "red", QUIET)
            codes.append(order.FAILED)
        made.append((one, seen.run, problem))
        if codes[-1] == order.INTERRUPTED:
            break
    last = console(asked[-1])
    last.out.print()
    rich.console.Console(width=WIDTH, highlight=False).print(table(made))
    if codes[-1] == order.INTERRUPTED:
        last.say(f"Interrupted: {len(asked) - len(made)} of {len(asked)} runs were not begun.", "bold yellow", QUIET)
        return order.INTERRUPTED
    judged = [f"{run.experiment}/{run.name}" for _, run, _ in made if run and run.record("evaluate")]
    if len(judged) > 1:
        last.say(f"\nSide by side, once more with  {to_type('compare', *judged)}", "bold")
        codes.append(comparing.compare(judged, last))
    return worst(codes)


def worst(codes: Sequence[int]) -> int:
    """The exit code of several runs and their comparison: `worst([0, 3, 1])` → 1; Ctrl-C, 130, before all."""
    return next((code for code in (order.INTERRUPTED, order.FAILED, order.NOT_ACQUIRED) if code in codes), order.OK)


def _planned(parameters: Parameters, own: str, start: str, until: str) -> plans.Plan:
    """From the stage on that has work of its own; where its fellow did not come so far, from where it was asked."""
    try:
        return plans.plan(parameters, own, until)
    except RunError:
        if own == start:
            raise
        return plans.plan(parameters, start, until)


def table(made: Sequence[tuple[Wanted, Run | None, str]]) -> Table:
    """A row a run: what was asked, how it ended, its verdict and how many claims hold, minutes, its folder's name."""
    shown = Table(title=f"{len(made)} runs", title_justify="left", title_style="bold", box=rich.box.SIMPLE_HEAD)
    for heading in ("asked", "status", "verdict", "claims", "min", "run"):
        shown.add_column(heading, justify="right" if heading == "min" else "left", no_wrap=True)
    for one, run, problem in made:
        if run is None:
            shown.add_row(escape(one.title), "not begun", escape(problem.partition("\n")[0]), "", "", "")
            continue
        state = run.state
        cause = (state["cause"] or problem).partition("\n")[0]
        claims = ((run.record("evaluate") or {}).get("counts") or {}).get("claims", {})
        seconds = sum(stage.get("seconds", 0) for stage in state["stages"].values())
        shown.add_row(
            escape(one.title),
            state["status"],
            escape(state["verdict"] or cause),
            supported(claims),
            f"{seconds / 60:.1f}",
            run.name,
        )
    return shown
