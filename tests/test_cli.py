"""The command line: what it answers to mistakes, and `run_all.sh smoke` from end to end."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from reported import assert_sound

from marcus_nb import __main__ as command_line
from marcus_nb import runs
from marcus_nb.launcher import LAUNCHER
from marcus_nb.parameters import ROOT, STAGES
from marcus_nb.runs.provenance import NOTEBOOKS

WINDOWS = os.name == "nt"
SMOKE = ROOT / "parameters" / "smoke.yaml"


def environment(outputs: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARCUS_")}
    # One thread: several that compute share two cores badly (28 instead of 2,777 tokens/s beside another training).
    plain = {"MARCUS_LANG": "en", "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    return kept | plain | {"MARCUS_OUTPUTS": str(outputs)} | variables


def marcus(outputs: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """`python -m marcus_nb …`, which must never answer with a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "marcus_nb", *arguments],
        env=environment(outputs, **variables),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["smkoe"], ["no experiment 'smkoe'", "Did you mean smoke?", "florian, quickstart, smoke", "parameters/NAME"]),
        (
            ["lst"],
            [
                "no experiment 'lst'",
                "Commands: run, new, lab, list, verify, reproduce, compare, chat, serve, test, sync. Did you mean",
            ],
        ),
        (["no/such.yaml"], ["no experiment 'no/such.yaml'", str(ROOT / "no/such.yaml")]),
        (["../evil"], ["no experiment '../evil'"]),
        (["smoke", "--form", "train"], ["No such option: --form", "--from"]),
        (["smoke", "--from", "tarin"], ["There is no stage 'tarin'; stages are ingest, clean, train, evaluate"]),
        (["smoke", "--until", "05"], ["There is no stage '05'"]),
        (["smoke", "--from", "evaluate", "--until", "clean"], ["nothing would run"]),
        (["smoke", "--from", "train"], ["--from train needs a run of smoke", "no run at all", f"{LAUNCHER} smoke"]),
        (["smoke", "--set", "lora_r 8"], ["--set lora_r 8: expected SECTION.PARAMETER=VALUE"]),
        (["smoke", "--set", "train.lora_rank=8"], ["train.lora_rank: no such parameter. Did you mean train.lora_r?"]),
        (["smoke", "--set", "lora_r=8"], ["no such parameter. Did you mean train.lora_r?"]),
        (["smoke", "--set", "train.lora_r=many"], ["train.lora_r", "'many'", "Rank of the adapter"]),
        (["smoke", "--set", "train.lora_r=[1"], ["train.lora_r=[1", "not readable as YAML"]),
        (["smoke", "--set", "ingest.sources=[no/such.csv]"], ["ingest.sources: no/such.csv: there is no such file"]),
        (["smoke", "nonsense"], ["no experiment 'nonsense'", "Commands: run"]),
        (["smoke", "--sweep", "train.lora_r=4"], ["--sweep train.lora_r=4: expected SECTION.PARAMETER=VALUE,VALUE"]),
        (["smoke", "--sweep", "train.lora_rank=4,8"], ["no such parameter. Did you mean train.lora_r?"]),
        (["smoke", "--sweep", "train.lora_r=4,8", "--set", "train.lora_r=2"], ["train.lora_r is chosen twice"]),
        (["no*"], ["No experiment fits 'no*'; there are florian, quickstart, smoke"]),
        (["smoke", "florian", "--resume"], ["--resume goes on with one run"]),
        (["smoke", "--quiet", "--verbose"], ["do not go together"]),
    ],
)
def test_a_mistake_gets_one_clear_answer(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    monkeypatch.delenv("MARCUS_CWD", raising=False)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["marcus_nb", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    heard = capsys.readouterr()
    assert ended.value.code == 2
    for words in said:
        assert words in heard.err
    assert heard.out == ""
    assert not list(tmp_path.iterdir()), "nothing was begun"


def test_a_mistake_shows_no_traceback_from_outside_either(tmp_path):
    done = marcus(tmp_path, "smkoe")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) <= 5


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_the_commands_and_how_to_run_an_experiment(tmp_path, option):
    done = marcus(tmp_path, option)
    assert done.returncode == 0
    for words in (*command_line.COMMANDS, "run_all.sh acme"):
        assert words in done.stdout
    one = marcus(tmp_path, "smoke", option)
    assert one.returncode == 0
    for words in ("--set", "--from", "--until", "--dry-run", "--require-acquired", "ingest|clean|train|evaluate"):
        assert words in one.stdout


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_an_experiment_cannot_be_called_like_a_command(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    monkeypatch.delenv("MARCUS_CWD", raising=False)
    path = Path(shutil.copy(SMOKE, tmp_path / f"{name}.yaml"))
    monkeypatch.setattr(sys, "argv", ["marcus_nb", str(path)])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    assert f"an experiment cannot be called {name}" in capsys.readouterr().err


def test_a_command_that_an_experiment_hides_is_told(monkeypatch, capsys):
    monkeypatch.setattr(command_line.parameters_module, "experiments", lambda: ["list", "smoke"])
    monkeypatch.setattr(sys, "argv", ["marcus_nb", "list"])
    with pytest.raises(SystemExit):
        command_line.main()
    assert f"{ROOT / 'parameters/list.yaml'}: an experiment cannot be called list" in capsys.readouterr().err


def test_list_answers_at_once_and_without_torch(tmp_path):
    began = time.monotonic()
    heavy = ("torch", "transformers", "papermill", "pandas", "matplotlib")
    code = (
        "import sys; sys.argv = ['m', 'list']; from marcus_nb.__main__ import main\n"
        f"try: main()\nfinally: print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    seconds = time.monotonic() - began
    assert done.stdout.splitlines()[-1] == "[]"
    assert f"No runs yet in {tmp_path}. Experiments: florian, quickstart, smoke" in done.stdout
    assert seconds < 2 * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_an_unwritable_outputs_folder_is_one_clear_message(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = marcus(tmp_path / "file" / "outputs", "smoke")
    assert done.returncode == 1
    assert "Not a directory" in done.stderr or "cannot find" in done.stderr
    assert f"Runs are kept in {tmp_path / 'file' / 'outputs'}" in done.stderr
    assert "MARCUS_OUTPUTS names another one" in done.stderr


def test_a_terminal_without_unicode_gets_question_marks_not_an_error(tmp_path):
    done = marcus(tmp_path, "smoke", "--set", "train.lora_r=ü→", PYTHONUTF8="0", PYTHONIOENCODING="ascii:strict")
    assert done.returncode == 2
    assert "train.lora_r" in done.stderr


# --- run_all.sh smoke, end to end -------------------------------------------------------------------------------------


def launch(outputs: Path, *arguments: str, **options) -> subprocess.Popen:
    """The launcher as a person starts it: a process group of its own, as a terminal makes one."""
    launcher = [str(ROOT / "run_all.bat")] if WINDOWS else ["bash", str(ROOT / "run_all.sh")]
    if not WINDOWS:
        options["start_new_session"] = True
        options["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(
        [*launcher, *arguments],
        env=environment(outputs, MARCUS_PYTHON=sys.executable),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **options,
    )


def run_all(outputs: Path, *arguments: str) -> SimpleNamespace:
    began = time.monotonic()
    before = set(runs_in(outputs))
    process = launch(outputs, *arguments)
    out, err = process.communicate(timeout=600)
    new = sorted(set(runs_in(outputs)) - before)
    assert "Traceback" not in out + err, out + err
    return SimpleNamespace(
        code=process.returncode, out=out, err=err, seconds=time.monotonic() - began, folder=new[0] if new else None
    )


def runs_in(outputs: Path) -> list[Path]:
    return [path.parent for path in outputs.glob("smoke/*/run.json")]


def read(path: Path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("end to end") / "outputs"


@pytest.fixture(scope="module")
def smoke(outputs) -> SimpleNamespace:
    """The first run, which everything below looks at or goes on from."""
    done = run_all(outputs, "smoke")
    assert done.code == 0, done.out + done.err
    return done


def test_the_run_says_how_it_ended(smoke):
    state = read(smoke.folder / "run.json")
    assert (state["status"], state["cause"], state["go_on"]) == ("PASSED", None, None)
    assert state["verdict"] in ("acquired", "not acquired", "inconclusive")
    assert state["verdict"] == read(smoke.folder / "evaluate/record.json")["counts"]["verdict"]
    assert list(state["stages"]) == list(STAGES)
    assert {entry["status"] for entry in state["stages"].values()} == {"PASSED"}
    assert (smoke.folder / "parameters.yaml").is_file()


def test_the_console_tells_the_story(smoke):
    state = read(smoke.folder / "run.json")
    lines = smoke.out.splitlines()
    assert lines[0] == f"Marcus · smoke · run {smoke.folder.name}"
    for number, stage in enumerate(STAGES, start=1):
        at = lines.index(f"{number}/4 {NOTEBOOKS[stage]}")
        own = lines[at : lines.index("", at)]
        for headline in read(smoke.folder / stage / "record.json")["headline"]:
            assert f"    {headline}" in own
        assert re.fullmatch(r"    done in \d+:\d\d", own[-1])
    assert any(re.fullmatch(r"PASSED in \d+:\d\d", line) for line in lines)
    assert f"Personality of Nell: {state['verdict'].upper()}" in lines
    assert f"Why, with the evidence:  {smoke.folder / '04_evaluate.ipynb'}" in lines
    assert f"The model to deploy:     {smoke.folder / 'model'}" in lines
    assert "\x1b" not in smoke.out
    assert smoke.err == ""


@pytest.mark.parametrize("stage", STAGES)
def test_an_executed_notebook_is_a_record_that_can_be_shared(smoke, stage):
    path = smoke.folder / f"{NOTEBOOKS[stage]}.ipynb"
    assert path.stat().st_size < 2_000_000
    text = path.read_text(encoding="utf-8")
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    assert "widgets" not in book.metadata
    assert "application/vnd.jupyter.widget" not in text
    assert book.metadata.papermill.exception is None
    assert book.metadata.papermill.parameters["run"] == smoke.folder.name
    for cell in book.cells:
        assert cell.metadata.papermill.status == "completed"
        if cell.cell_type == "code":
            assert not [output for output in cell.outputs if output.output_type == "error"]
            assert cell.execution_count or not cell.source.strip()
            assert "execution" not in cell.metadata
            shown = [output.data for output in cell.outputs if "text/html" in output.get("data", {})]
            assert all(len(data["text/plain"]) < 1100 for data in shown)
    shown = json.dumps([book.metadata, [c.get("outputs") for c in book.cells]], ensure_ascii=False)
    for folder in (ROOT, smoke.folder.parents[2], Path.home(), Path(sys.prefix)):
        assert str(folder) + "/" not in shown.replace("\\\\", "/"), f"{folder} is in the record"


def test_only_what_belongs_there_lies_in_the_run_folder(smoke):
    files = sorted(path.name for path in smoke.folder.iterdir() if path.is_file())
    assert files == sorted(
        ["parameters.yaml", "run.json", "report.html", "log.txt", *(f"{name}.ipynb" for name in NOTEBOOKS.values())]
    )
    assert not [path for path in smoke.folder.rglob("*") if ".partial" in path.name or path.suffix == ".tmp"]


def test_its_page_says_what_its_records_say(smoke):
    page = assert_sound((smoke.folder / "report.html").read_text(encoding="utf-8"), smoke.folder)
    state = read(smoke.folder / "run.json")
    assert f"The personality of Nell: {state['verdict'].upper()}" in page.text and state["run"] in page.text
    assert len(page.all("article")) == len(STAGES) and len(page.all("img")) >= 4
    assert str(smoke.folder.parent) not in page.text and str(ROOT) not in page.text
    listed = (smoke.folder.parents[1] / "index.html").read_text(encoding="utf-8")
    assert f'href="{state["experiment"]}/{state["run"]}/report.html"' in listed


@pytest.mark.parametrize("stage", STAGES)
def test_a_record_verifies(smoke, stage):
    record = read(smoke.folder / stage / "record.json")
    assert record["stage"] == stage
    assert record["reused_from"] is None
    assert record["writes"]
    for name, digest in record["writes"].items():
        assert runs.sha256(smoke.folder / name) == digest, f"{name} is not what was written"
    for name, digest in record["reads"].items():
        path = ROOT / name.removeprefix("source:") if name.startswith("source:") else smoke.folder / name
        assert runs.sha256(path) == digest, f"{name} is not what was read"
    assert record["parameters_hash"] and record["versions"]["torch"] and record["library"] and record["notebook"]


def test_the_model_is_whole(smoke):
    model = smoke.folder / "model"
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        assert (model / name).stat().st_size > 0, name
    for name in ("config.json", "MODEL_CARD.md", "Modelfile"):
        assert (model / name).stat().st_size > 0, name
    assert list(model.glob("*.safetensors"))
    assert not list(model.glob("*.bin")), "pickles run code when they are loaded"
    written = read(smoke.folder / "evaluate/record.json")["writes"]
    files = {path.relative_to(smoke.folder).as_posix() for path in model.rglob("*") if path.is_file()}
    assert files <= set(written) and "model/adapter/adapter_model.safetensors" in files


def test_the_runner_costs_little_beside_the_notebooks(smoke):
    """Everything that is not a cell at work: starting Python and papermill, four kernels' starts and ends, saving."""
    books = [nbformat.read(smoke.folder / f"{name}.ipynb", as_version=4) for name in NOTEBOOKS.values()]
    cells = sum(cell.metadata.papermill.duration or 0 for book in books for cell in book.cells)
    overhead = smoke.seconds - cells
    print(f"{smoke.seconds:.1f} s, of which {overhead:.1f} s are the runner's and the kernels' starts")
    assert overhead < 0.5 * smoke.seconds
    # 30 s are what it may cost at most; measured on a quiet machine of two cores: 10 to 12.
    assert overhead < 20 * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_a_dry_run_does_nothing_and_says_why(smoke, outputs):
    before = sorted(path for path in outputs.rglob("*"))
    done = marcus(outputs, "smoke", "--from", "train", "--dry-run")
    assert done.returncode == 0
    plan = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    unchanged = f"unchanged since run {smoke.folder.name}"
    assert plan == [
        ["ingest", "reuse", unchanged],
        ["clean", "reuse", unchanged],
        ["train", "run", "--from train"],
        ["evaluate", "run", "--from train"],
    ]
    changed = marcus(outputs, "smoke", "--from", "train", "--set", "clean.redact=false", "--dry-run")
    assert changed.returncode == 2
    assert f"{smoke.folder.name}: clean: parameters changed: redact" in changed.stderr
    assert sorted(path for path in outputs.rglob("*")) == before


def test_from_evaluate_reuses_three_stages_and_set_reaches_the_record(smoke, outputs):
    done = run_all(
        outputs, "smoke", "--from", "evaluate", "--set", "evaluate.bootstrap_samples=150", "--require-acquired"
    )
    state = read(done.folder / "run.json")
    assert state["status"] == "PASSED", done.out
    assert done.code == (0 if state["verdict"] == "acquired" else 3)
    assert state["verdict"] != "acquired", "the tiny random model of smoke cannot learn a personality"
    assert state["parent"] == smoke.folder.name
    assert done.out.count(f"taken over from run {smoke.folder.name}, checked") == 3
    for stage in STAGES[:3]:
        paths = {"notebook": f"{NOTEBOOKS[stage]}.ipynb", "record": f"{stage}/record.json"}
        kept = {name: runs.sha256(done.folder / path) for name, path in paths.items()}
        assert state["stages"][stage] == {"status": "PASSED", "reused_from": smoke.folder.name, **kept}
        first, again = (read(folder / stage / "record.json") for folder in (smoke.folder, done.folder))
        assert again == first | {"reused_from": smoke.folder.name}
        assert all(runs.sha256(done.folder / name) == digest for name, digest in again["writes"].items())
        assert (done.folder / f"{NOTEBOOKS[stage]}.ipynb").is_file()
    record = read(done.folder / "evaluate/record.json")
    assert record["parameters"]["bootstrap_samples"] == 150
    assert state["origins"]["evaluate.bootstrap_samples"] == "--set"
    book = nbformat.read(done.folder / "04_evaluate.ipynb", as_version=4)
    assert book.metadata.papermill.parameters["bootstrap_samples"] == 150


def test_until_clean_ends_incomplete_with_the_command_to_go_on(smoke, outputs, tmp_path):
    """By path, with a value of its own, which the run keeps: no later command has to repeat it."""
    by_path = Path(shutil.copy(SMOKE, tmp_path / "smoke.yaml"))
    done = run_all(outputs, str(by_path), "--until", "clean", "--set", "clean.min_characters=3")
    assert done.code == 0
    state = read(done.folder / "run.json")
    assert (state["status"], state["cause"], state["verdict"]) == ("INCOMPLETE", "asked to end after clean", None)
    assert "INCOMPLETE: asked to end after clean" in done.out
    command = next(line for line in done.out.splitlines() if line.startswith("Go on with: ")).removeprefix(
        "Go on with: "
    )
    assert command == state["go_on"]
    assert sorted(path.name for path in done.folder.glob("*.ipynb")) == ["01_ingest.ipynb", "02_clean.ipynb"]
    words = shlex.split(command)
    assert words == [LAUNCHER, "smoke", "--resume"]
    going_on = marcus(outputs, *words[1:], "--dry-run")
    assert f"clean     done    finished in run {done.folder.name}" in going_on.stdout
    assert "train     run     had not finished" in going_on.stdout
    again = marcus(outputs, "smoke", "--resume", "--until", "clean")
    assert again.returncode == 2
    assert f"Run smoke/{done.folder.name} has finished clean already: nothing would run" in again.stderr


def test_list_shows_every_run_also_a_damaged_one(smoke, outputs):
    damaged = outputs / "smoke" / "20200101-000000-0000000"
    damaged.mkdir()
    (damaged / "run.json").write_text("{", encoding="utf-8")
    done = marcus(outputs, "list")
    shutil.rmtree(damaged)
    lines = done.stdout.partition("\n\n")[0].splitlines()
    assert len(lines) == len(runs_in(outputs)) + 2, "a heading, the damaged one"
    assert lines[0].split() == ["run", "status", "claims", "min", "size", "verdict"]
    assert re.search(r"^smoke/20200101-000000-0000000 +unreadable +.*damaged", lines[1])
    ended = rf"smoke/{smoke.folder.name} +PASSED +\d+ of 1\d +\d+\.\d +\d+ MB +(not acquired|inconclusive|acquired)"
    assert any(re.match(ended, line) for line in lines)


# --- Ctrl-C in the middle of the training ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def interrupted(smoke, outputs) -> SimpleNamespace:
    if WINDOWS:
        pytest.skip("Ctrl-C cannot be sent to one process there")
    before = set(runs_in(outputs))
    longer = ["--set", "train.num_train_epochs=40", "--set", "train.early_stopping_patience=40"]
    process = launch(outputs, "smoke", "--from", "train", *longer)
    end = time.monotonic() + 240
    while True:
        assert process.poll() is None, "".join(process.communicate())
        assert time.monotonic() < end
        new = set(runs_in(outputs)) - before
        folder = next(iter(new)) if new else None
        if folder and any(folder.glob("train/checkpoints/checkpoint-*")):
            break
        time.sleep(0.2)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    alive = psutil.wait_procs(children, timeout=15)[1]
    return SimpleNamespace(code=process.returncode, out=out, err=err, folder=folder, children=children, alive=alive)


def test_ctrl_c_in_training_leaves_an_honest_record_and_nobody_behind(interrupted, smoke):
    assert interrupted.code == 130
    assert "Traceback" not in interrupted.out + interrupted.err
    assert len(interrupted.children) >= 2, "a kernel and the training"
    assert not interrupted.alive, "left behind"
    state = read(interrupted.folder / "run.json")
    assert (state["status"], state["cause"]) == ("INCOMPLETE", "train: interrupted")
    assert {stage: entry["status"] for stage, entry in state["stages"].items()} == {
        "ingest": "PASSED",
        "clean": "PASSED",
        "train": "INCOMPLETE",
    }
    for stage in STAGES[:2]:
        writes = read(interrupted.folder / stage / "record.json")["writes"]
        assert all(runs.sha256(interrupted.folder / name) == digest for name, digest in writes.items())
    assert not (interrupted.folder / "train/record.json").exists()
    assert (interrupted.folder / "03_train.FAILED.ipynb").is_file()
    assert not list(interrupted.folder.glob("*.partial*"))
    assert "INCOMPLETE: interrupted in 03_train; the stages before it are kept." in interrupted.out


def test_the_command_it_prints_goes_on(interrupted, outputs):
    words = shlex.split(re.search(r"Go on with: (.+)", interrupted.out)[1])
    plan = marcus(outputs, *words[1:], "--dry-run").stdout
    assert f"clean     done    finished in run {interrupted.folder.name}" in plan
    assert "train     run     goes on from its newest checkpoint" in plan
    done = run_all(outputs, *words[1:])
    assert done.code == 0
    assert done.folder is None, "the same run goes on"
    state = read(interrupted.folder / "run.json")
    assert (state["status"], state["cause"]) == ("PASSED", None)
    assert not (interrupted.folder / "03_train.FAILED.ipynb").exists()
    record = read(interrupted.folder / "train/record.json")
    assert record["parameters"]["num_train_epochs"] == 40
    assert record["counts"]["resumed_from"] > 0
    assert any("resumed from" in event["what"] for event in record["counts"]["events"])
    nothing = marcus(outputs, "smoke", "--resume", "--set", "train.lora_r=2")
    assert nothing.returncode == 2
    assert "--resume goes on with a run as it is" in nothing.stderr
