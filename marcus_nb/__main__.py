"""The command line: `./run_all.sh [EXPERIMENT] [options]`, and the commands that are no experiments."""

import difflib
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from marcus_nb import parameters as parameters_module
from marcus_nb import runs
from marcus_nb.launcher import LAUNCHER, to_type
from marcus_nb.parameters import ROOT, STAGES, ParameterError
from marcus_nb.pipeline import asked
from marcus_nb.runs import DiskFull, RunError
from marcus_nb.runs.which import find_folder, find_run

EXAMPLE = "quickstart"
FAILED, USAGE_ERROR = 1, 2
COMMANDS = ("run", "new", "lab", "list", "verify", "reproduce", "compare", "chat", "serve", "test", "sync")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"A name that is no command is an experiment: `{LAUNCHER} acme` is `{LAUNCHER} run acme`; see `run --help`.",
)


def _stage(name: str) -> str:
    if name not in STAGES:
        raise ParameterError(f"There is no stage {name!r}; stages are {', '.join(STAGES)}")
    return name


def _find(experiment: str) -> None:
    try:
        path = parameters_module.find(experiment)
    except ParameterError as error:
        near = difflib.get_close_matches(experiment, COMMANDS, 1)
        raise ParameterError(
            f"{error}\nCommands: {', '.join(COMMANDS)}.{f' Did you mean {near[0]}?' if near else ''}"
        ) from error
    if path.stem in COMMANDS:
        raise ParameterError(_taken(path))


def _taken(path: Path) -> str:
    return f"{path}: an experiment cannot be called {path.stem}, which is a command. Rename the file."


@app.command("run", help="Run an experiment's notebooks in order, or those of several; without a name, the example.")
def run_experiment(
    experiments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EXPERIMENT]...", help="Names in parameters/, patterns, or YAML files."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.NAME=VALUE", help="Override one parameter.")
    ] = None,
    sweep: Annotated[
        list[str] | None, typer.Option(metavar="SECTION.NAME=VALUE,VALUE", help="One run for each of these values.")
    ] = None,
    from_: Annotated[
        str, typer.Option("--from", metavar="|".join(STAGES), help="Reuse the stages before this one.")
    ] = STAGES[0],
    until: Annotated[str, typer.Option("--until", metavar="|".join(STAGES), help="Stop after this stage.")] = STAGES[
        -1
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and why; do nothing.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run, with its own parameters.")
    ] = False,
    require_acquired: Annotated[
        bool, typer.Option("--require-acquired", help="Exit with 3 unless the verdict is acquired.")
    ] = False,
    keep_checkpoints: Annotated[
        bool, typer.Option("--keep-checkpoints", help="Of a finished run, keep all of them and not only the best.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Only how it ended; the run's log.txt has everything.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every line of the stages' logs.")] = False,
) -> None:
    names = asked.named(experiments or [EXAMPLE])
    if resume and (set_ or sweep or from_ != STAGES[0]):
        raise ParameterError(
            "--resume goes on with a run as it is: --set, --sweep and --from make a new one, so they do not go together"
        )
    if resume and len(names) > 1:
        raise ParameterError(f"--resume goes on with one run: {to_type(names[0], '--resume')}, then the next")
    if quiet and verbose:
        raise ParameterError("--quiet and --verbose do not go together")
    if not resume:
        for name in names:
            _find(name)
    overrides = dict(parameters_module.parse_set(text) for text in set_ or [])
    wanted = asked.wanted(names, overrides, sweep or [])
    start, end = _stage(from_), _stage(until)
    if not resume:  # a wrong parameter is told before the seconds that reading files takes to load
        loaded = {one.title: parameters_module.load(one.experiment, one.overrides) for one in wanted}

    from marcus_nb.pipeline import plans
    from marcus_nb.pipeline.console import Console

    def console(one: asked.Wanted) -> Console:
        typed = [one.experiment, *(word for text in set_ or [] for word in ("--set", text))]
        swept = {name: one.overrides[name] for name in one.swept}
        values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in swept.items()}
        typed += [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        typed += ["--require-acquired"] if require_acquired else []
        typed += ["--keep-checkpoints"] if keep_checkpoints else []
        return Console(typed, "quiet" if quiet else "verbose" if verbose else "normal")

    def planned(one: asked.Wanted) -> tuple[parameters_module.Parameters, plans.Plan]:
        if resume:
            # Its own parameters count: the YAML may have changed since, or be gone.
            is_file = one.experiment.endswith((".yaml", ".yml"))
            name = Path(one.experiment).stem if is_file else one.experiment
            going_on = plans.plan_to_resume(name, end)
            return going_on.resumed.parameters, going_on
        chosen = loaded[one.title]
        plans.check_sources(chosen)
        return chosen, plans.plan(chosen, start, end)

    if dry_run:
        for place, one in enumerate(wanted):
            if len(wanted) > 1:
                typer.echo(one.title)
            own = asked.start_of(one, start, wanted[:place])
            for step in plans.beside(planned(one)[1].steps, own):
                typer.echo(f"{step.stage:10}{step.action:8}{step.reason}")
        return
    chosen = [planned(one) for one in wanted] if len(wanted) == 1 else []

    from marcus_nb.pipeline import many, order  # papermill and what it brings, seconds: the rest answers without

    if chosen:
        raise typer.Exit(order.run(*chosen[0], console(wanted[0]), require_acquired, None, keep_checkpoints))
    raise typer.Exit(
        many.run(wanted, [loaded[one.title] for one in wanted], start, end, console, require_acquired, keep_checkpoints)
    )


@app.command("new", help="Begin an experiment from your files: looks at them and writes parameters/NAME.yaml.")
def begin_new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the experiment is to be called.")],
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILES...", help="Files, folders, archives or patterns.")
    ] = None,
    persona: Annotated[str, typer.Option(metavar="NAME", help="The persona's name; without it, a guess.")] = "",
) -> None:
    if name in COMMANDS:
        raise ParameterError(f"An experiment cannot be called {name}, which is a command")

    from marcus_nb.formats import FormatError
    from marcus_nb.pipeline import beginning

    try:
        _, told = beginning.new(name, files or [], persona)
    except FormatError as error:
        raise ParameterError(f"{error}\nNothing was written.") from error
    typer.echo("\n".join(told))


@app.command("lab", help="Open an experiment's notebooks in JupyterLab, to explore, clean and choose; until Ctrl-C.")
def open_lab(
    experiment: Annotated[str, typer.Argument(metavar="[EXPERIMENT]", help="A name in parameters/.")] = EXAMPLE,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it answers; 0: anywhere free.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Say where it is, and open no browser.")] = False,
) -> None:
    _find(experiment)

    from marcus_nb.pipeline import lab
    from marcus_nb.pipeline.console import Console

    raise typer.Exit(lab.lab(experiment, port, not no_browser, Console()))


@app.command("list", help="All runs: how they ended, verdict, minutes and size.")
def list_runs() -> None:
    from marcus_nb.pipeline import listing

    for line in listing.listed():
        typer.echo(line)


@app.command("verify", help="Hash every file of a run again: is it still what was recorded?")
def verify(
    named: Annotated[
        str, typer.Argument(metavar="[RUN]", help="An experiment (its newest finished run) or EXPERIMENT/RUN.")
    ] = EXAMPLE,
) -> None:
    from marcus_nb.pipeline import listing

    lines, code = listing.verified(find_folder(named))
    for line in lines:
        typer.echo(line)
    raise typer.Exit(code)


@app.command("reproduce", help="Make a run again from its record, and compare what comes out.")
def reproduce(
    named: Annotated[
        str, typer.Argument(metavar="[RUN]", help="An experiment (its newest finished run) or EXPERIMENT/RUN.")
    ] = EXAMPLE,
    with_: Annotated[
        str, typer.Option("--with", metavar="RUN", help="Compare with this finished run, and make none.")
    ] = "",
) -> None:
    run = find_run(named)
    other = find_run(with_) if with_ else None

    from marcus_nb.pipeline import reproducing
    from marcus_nb.pipeline.console import Console

    raise typer.Exit(reproducing.against(run, other, Console()) if other else reproducing.reproduce(run, Console()))


@app.command("compare", help="Runs side by side: figures, what differed, and whether each persona sounds like itself.")
def compare(
    named: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN...", help="An experiment (its newest finished run) or EXPERIMENT/RUN."),
    ],
) -> None:
    from marcus_nb.pipeline import comparing
    from marcus_nb.pipeline.console import Console

    raise typer.Exit(comparing.compare(named, Console()))


@app.command("chat", help="Talk with the persona of a run, here in the terminal.")
def chat(
    named: Annotated[
        str, typer.Argument(metavar="[RUN]", help="An experiment (its newest finished run) or EXPERIMENT/RUN.")
    ] = EXAMPLE,
    temperature: Annotated[
        float, typer.Option(min=0, max=2, help="0: always the likeliest reply; higher: more varied, more mistakes.")
    ] = 0.7,
) -> None:
    find_run(named)  # before the seconds that torch takes

    from marcus_nb.panels import chatting, terminal

    terminal.converse(chatting.begin(named), temperature)


@app.command("serve", help="Serve the persona of a run to any OpenAI client on this machine, until Ctrl-C.")
def serve(
    named: Annotated[
        str, typer.Argument(metavar="[RUN]", help="An experiment (its newest finished run) or EXPERIMENT/RUN.")
    ] = EXAMPLE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it answers.")] = 8000,
    host: Annotated[str, typer.Option(hidden=True)] = "127.0.0.1",  # so that another one is refused with the reason
) -> None:
    run = find_run(named)

    from marcus_nb.pipeline import offer
    from marcus_nb.pipeline.console import Console

    offer.offer(run, host, port, Console())


@app.command(
    "test",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    help="The project's tests; --all adds the slow drills and the benchmarks.",
)
def test(context: typer.Context, all_: Annotated[bool, typer.Option("--all")] = False) -> None:
    selected = [] if all_ else ["-m", "not slow"]
    command = [sys.executable, "-m", "pytest", *selected, "--cov=marcus_nb", "--cov-report=term", *context.args]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


@app.command(
    "sync", help="For developers: write what is made from the code: parameters cells, README's table, Spanish texts."
)
def sync() -> None:
    from marcus_nb.pipeline.sync import sync as write_all

    for path in write_all():
        typer.echo(f"written: {path}")


def main() -> None:
    """Hand over to the command; anything that is no command is an experiment to run."""
    arguments = sys.argv[1:]
    if not arguments or (arguments[0] not in COMMANDS and arguments[0] not in ("--help", "-h")):
        arguments = ["run", *arguments]
    os.environ["PYTHONUTF8"] = "1"
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # where the launcher did not see to UTF-8, a → must not end a run
    try:
        if arguments[0] in parameters_module.experiments():
            raise ParameterError(_taken(ROOT / "parameters" / f"{arguments[0]}.yaml"))
        app(arguments, prog_name=LAUNCHER, standalone_mode=True)
    except DiskFull as error:
        typer.echo(str(error), err=True)
        sys.exit(FAILED)
    except (ParameterError, RunError) as error:
        typer.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)
    except OSError as error:
        typer.echo(_explain(error), err=True)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


def _explain(error: OSError) -> str:
    """What the system refused, and where to look: `"/mnt/x/outputs: Permission denied. …"`."""
    where = f"{error.filename}: " if error.filename else ""
    what = "The disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return (
        f"{where}{what}. Marcus could not go on; what was finished before is kept ({to_type('list')}).\n"
        f"Runs are kept in {runs.outputs_root()}: that folder must be yours to write in, with space left; "
        "MARCUS_OUTPUTS names another one."
    )


if __name__ == "__main__":
    main()
