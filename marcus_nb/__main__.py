"""The command line: `./run_all.sh [EXPERIMENT] [options]`, and the commands that are no experiments."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from marcus_nb import parameters as parameters_module
from marcus_nb import runs
from marcus_nb.parameters import ROOT, STAGES, ParameterError
from marcus_nb.runs import RunError

EXAMPLE = "quickstart"
USAGE_ERROR = 2

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def _stage(name: str) -> str:
    if name not in STAGES:
        raise ParameterError(f"There is no stage {name!r}; stages are {', '.join(STAGES)}")
    return name


@app.command("run", help="Run an experiment's notebooks in order; without a name, the example.")
def run_experiment(
    experiment: Annotated[str, typer.Argument(help="A name in parameters/, or the path of a YAML file.")] = EXAMPLE,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.NAME=VALUE", help="Override one parameter.")
    ] = None,
    from_: Annotated[
        str, typer.Option("--from", metavar="|".join(STAGES), help="Reuse the stages before this one.")
    ] = STAGES[0],
    until: Annotated[str, typer.Option("--until", metavar="|".join(STAGES), help="Stop after this stage.")] = STAGES[
        -1
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and why; do nothing.")] = False,
    require_acquired: Annotated[
        bool, typer.Option("--require-acquired", help="Exit with 3 unless the verdict is acquired.")
    ] = False,
) -> None:
    from marcus_nb.pipeline import order  # papermill and what it brings: `list` and mistakes answer without

    overrides = dict(parameters_module.parse_set(text) for text in set_ or [])
    chosen = parameters_module.load(experiment, overrides)
    order.check_sources(chosen)
    planned = order.plan(chosen, _stage(from_), _stage(until))
    if dry_run:
        for step in planned.steps:
            typer.echo(f"{step.stage:10}{step.action:8}{step.reason}")
        return
    raise typer.Exit(order.run(chosen, planned, order.Console(), require_acquired))


@app.command("list", help="All runs: when, what, how they ended.")
def list_runs() -> None:
    folders = runs.list_runs()
    if not folders:
        typer.echo(f"No runs yet in {runs.outputs_root()}. Experiments: {', '.join(parameters_module.experiments())}")
    for folder in folders:
        state = runs.open_run(folder.parent.name, folder.name).state
        ended = state["verdict"] or state["cause"] or ""
        typer.echo(f"{folder.parent.name + '/' + folder.name:50} {state['status']:11} {ended}")


@app.command(
    "test",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    help="The project's tests; --all adds the slow drills and the benchmarks.",
)
def test(context: typer.Context, all_: Annotated[bool, typer.Option("--all")] = False) -> None:
    selected = [] if all_ else ["-m", "not slow"]
    command = [sys.executable, "-m", "pytest", *selected, "--cov=marcus_nb", "--cov-report=term", *context.args]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


@app.command("sync", help="For developers: write the parameters cells and the README's table from the schema.")
def sync() -> None:
    from marcus_nb.pipeline.sync import sync as write_all

    for path in write_all():
        typer.echo(f"written: {path}")


COMMANDS = ("run", "list", "test", "sync")


def main() -> None:
    """Hand over to the command; anything that is no command is an experiment to run."""
    arguments = sys.argv[1:]
    if not arguments or (arguments[0] not in COMMANDS and arguments[0] not in ("--help", "-h")):
        arguments = ["run", *arguments]
    os.environ["PYTHONUTF8"] = "1"
    try:
        app(arguments, prog_name="run_all.sh", standalone_mode=True)
    except (ParameterError, RunError) as error:
        typer.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
