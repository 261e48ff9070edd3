"""The launchers and bootstrap, run as a user runs them: real processes, a real .venv, no network.

The project is a tiny one: its `__main__` says as JSON what reached it, and it installs through a build backend of its
own, because the real one would have to be downloaded. What the installed packages are called is all that it fakes.
"""

import ast
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = os.name == "nt"
LAUNCHER = "run_all.bat" if WINDOWS else "run_all.sh"

MAIN = """
import json, os, sys
heard = sys.stdin.readline().strip()
seen = dict(argv=sys.argv[1:], cwd=os.getcwd(), stood=os.environ.get("MARCUS_CWD"), python=sys.executable,
            utf8=sys.flags.utf8_mode, pid=os.getpid(), heard=heard)
print(json.dumps(seen))
sys.exit(int(os.environ.get("EXIT_WITH", "0")))
"""
BACKEND = """
import pathlib, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name, info = "marcus_nb-0.1-py3-none-any.whl", "marcus_nb-0.1.dist-info/"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        wheel.writestr("marcus.pth", str(pathlib.Path.cwd()))
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: marcus_nb\\nVersion: 0.1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "marcus_nb"
version = "0.1"
"""


def make_project(folder: Path) -> Path:
    (folder / "marcus_nb").mkdir(parents=True)
    for name in ("run_all.sh", "run_all.bat", "marcus_nb/bootstrap.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "marcus_nb/__init__.py").write_text("", encoding="utf-8")
    (folder / "marcus_nb/__main__.py").write_text(MAIN, encoding="utf-8")
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (folder / "constraints.txt").write_text("# none\n", encoding="utf-8")
    for module in ("papermill", "torch", "transformers", "peft"):
        (folder / f"{module}.py").write_text("", encoding="utf-8")
    return folder


def load(project: Path):
    """The project's own copy of bootstrap: where it lies is what it looks after."""
    spec = importlib.util.spec_from_file_location("bootstrap_copy", project / "marcus_nb/bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def environment(**changes) -> dict:
    """This process's, without what would lead pip or Marcus elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MARCUS_", "PIP_")) and k != "PYTHONUTF8"}
    return {**kept, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, **changes}


def launch(project: Path, *arguments: str, cwd: Path | None = None, stdin: str = "", **variables):
    command = [str(project / LAUNCHER), *arguments]
    return subprocess.run(
        command,
        cwd=cwd or project,
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return make_project(tmp_path_factory.mktemp("a") / "Año nuevo copia")


@pytest.fixture
def bootstrap(tmp_path):
    return load(make_project(tmp_path / "proyecto"))


# --- the launchers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, ending", [("run_all.sh", b"\n"), ("run_all.bat", b"\r\n")])
def test_launchers_are_short_ascii_and_have_their_systems_line_ends(name, ending):
    content = (ROOT / name).read_bytes()
    assert content.count(b"\n") == content.count(ending) < 14
    assert (b"\r" in content) == (ending == b"\r\n")
    assert content.isascii()


@pytest.mark.skipif(WINDOWS, reason="the shell launcher")
def test_the_shell_launcher_can_be_executed():
    assert os.access(ROOT / "run_all.sh", os.X_OK)


def test_bootstrap_imports_only_the_standard_library_and_an_old_python_can_read_it():
    tree = ast.parse((ROOT / "marcus_nb/bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names


def test_arguments_arrive_as_typed(project):
    arguments = [
        "acme",
        "two words",
        'say "hi"',
        "it's",
        "",
        "*",
        "ñ é 日本",
        "a & b",
        "c|d",
        "~",
        "$HOME",
        "back\\slash\\",
    ]
    if not WINDOWS:  # cmd, not we, takes these apart
        arguments += ["!x!", "50%", "%PATH%", "new\nline"]
    done = launch(project, *arguments, MARCUS_PYTHON=sys.executable)
    assert json.loads(done.stdout)["argv"] == arguments
    assert done.stderr == ""


@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_the_exit_code_comes_back(project, code):
    assert launch(project, MARCUS_PYTHON=sys.executable, EXIT_WITH=str(code)).returncode == code


def test_marcus_runs_in_the_project_and_knows_where_the_user_stands(project, tmp_path):
    seen = json.loads(launch(project, cwd=tmp_path, MARCUS_PYTHON=sys.executable).stdout)
    assert Path(seen["cwd"]).samefile(project)
    assert Path(seen["stood"]).samefile(tmp_path)
    assert seen["python"] == sys.executable
    assert seen["utf8"] == 1


def test_standard_input_reaches_marcus(project):
    assert json.loads(launch(project, MARCUS_PYTHON=sys.executable, stdin="hola\n").stdout)["heard"] == "hola"


@pytest.mark.skipif(WINDOWS, reason="there is no exec on Windows")
def test_signals_meet_one_process_only(project):
    started = subprocess.Popen(
        [str(project / LAUNCHER)],
        env=environment(MARCUS_PYTHON=sys.executable),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert json.loads(started.communicate(timeout=30)[0])["pid"] == started.pid


@pytest.mark.skipif(WINDOWS, reason="links need rights there")
def test_the_launcher_may_be_reached_by_a_link(project, tmp_path):
    (tmp_path / "marcus").symlink_to(project / LAUNCHER)
    done = subprocess.run(
        [tmp_path / "marcus", "list"], env=environment(MARCUS_PYTHON=sys.executable), input=b"", capture_output=True
    )
    assert json.loads(done.stdout)["argv"] == ["list"]


@pytest.mark.skipif(WINDOWS, reason="drilled under wine")
def test_no_python_at_all_is_said_plainly(project, tmp_path):
    for tool in ("dirname", "readlink", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    done = launch(project, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "python.org" in done.stderr


# --- which Python ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted, problem",
    [("/nowhere/python", "no such program"), (".", "that is a folder"), ("not-python", "does not start as a Python")],
)
def test_a_wrong_marcus_python_is_one_clear_error(project, tmp_path, wanted, problem):
    (tmp_path / "not-python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "not-python").chmod(0o755)
    done = launch(project, cwd=tmp_path, MARCUS_PYTHON=str(tmp_path / wanted))
    assert done.returncode == 1
    assert done.stdout == ""
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_marcus_python_without_the_packages_is_told_what_it_lacks(bootstrap):
    (bootstrap.ROOT / "torch.py").unlink()
    bootstrap.MODULES = ("papermill", "torch_of_another_name")
    with pytest.raises(bootstrap.Stop, match="it lacks torch_of_another_name"):
        bootstrap.named_python(sys.executable)


def test_the_versions_are_those_of_pyproject_and_said_so(bootstrap):
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'requires-python = ">=3.11,<3.14"' in pyproject
    assert "{}, {} or {}".format(*sorted(bootstrap.VERSIONS)) == bootstrap.WANTED


def test_a_python_that_does_not_fit_is_named_and_so_is_one_that_does(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, "VERSIONS", ("3.98", "3.99", "3.97"))
    with pytest.raises(bootstrap.Stop) as stop:
        bootstrap.base_python()
    assert "needs Python 3.11, 3.12 or 3.13" in str(stop.value)
    assert "found: Python {}.{} ".format(*sys.version_info) in str(stop.value)


def test_a_python_without_venv_gets_the_debian_hint(bootstrap, monkeypatch):
    here = bootstrap.look_at([sys.executable])
    monkeypatch.setattr(bootstrap, "look_at", lambda command: {**here, "venv": False})
    with pytest.raises(bootstrap.Stop, match=r"(?s)without venv.*apt install python3 python3-venv"):
        bootstrap.base_python()


# --- the life of one environment -------------------------------------------------------------------------------------


def start(project: Path, *arguments: str):
    """As the launcher does, with this Python: the one that PATH has may be any."""
    command = [sys.executable, str(project / "marcus_nb/bootstrap.py"), *arguments]
    return subprocess.run(
        command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60
    )


@pytest.fixture(scope="module")
def prepared(project) -> Path:
    """A project whose first start was killed half-way and whose second one repaired it."""
    killed = subprocess.Popen(
        [sys.executable, str(project / "marcus_nb/bootstrap.py")], env=environment(), stdout=subprocess.DEVNULL
    )
    while not (project / ".venv/pyvenv.cfg").exists():
        assert killed.poll() is None, "the first start ended before it made anything"
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    assert not (project / ".venv/marcus.json").exists()

    done = start(project, "list")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "did not get to finish" in done.stdout
    for step in ("1/3  Create the environment", "2/3  Install the packages", "3/3  Check", "done in 0:0"):
        assert step in done.stdout
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["argv"] == ["list"]
    assert Path(seen["python"]).parent.parent == project / ".venv"
    assert not (project / ".venv/marcus.unfinished").exists()
    return project


def test_a_whole_environment_is_used_without_a_word(prepared):
    done = start(prepared)
    assert json.loads(done.stdout)["python"].startswith(str(prepared / ".venv"))
    assert done.stderr == ""


def test_changed_constraints_are_noticed_and_a_failed_update_costs_nothing(prepared):
    constraints = prepared / "constraints.txt"
    before = constraints.read_text(encoding="utf-8")
    constraints.write_text("this is = not a constraint\n", encoding="utf-8")
    failed = start(prepared)
    assert failed.returncode == 1
    assert "constraints.txt has changed" in failed.stdout
    assert 'Step 1/2, "Install the packages", failed' in failed.stderr
    assert "Invalid" in failed.stderr, "pip's own words are missing"
    assert "Traceback" not in failed.stderr

    constraints.write_text(before, encoding="utf-8")
    assert load(prepared).inspect()[0] == "use"

    constraints.write_text("# changed\n", encoding="utf-8")
    updated = start(prepared)
    assert updated.returncode == 0, updated.stderr
    assert "brought up to date" in updated.stdout
    assert "Create the environment" not in updated.stdout
    assert load(prepared).inspect()[0] == "use"


def test_a_failed_check_is_tried_again_without_making_all_anew(prepared):
    constraints, torch = prepared / "constraints.txt", prepared / "torch.py"
    constraints.write_text("# again\n", encoding="utf-8")
    torch.write_text("raise OSError('[WinError 126] The specified module could not be found')", encoding="utf-8")
    failed = start(prepared)
    assert failed.returncode == 1
    assert "Visual C++ Redistributable" in failed.stderr
    torch.write_text("", encoding="utf-8")
    done = start(prepared)
    assert done.returncode == 0, done.stderr
    assert "could not check" in done.stdout
    assert "Create the environment" not in done.stdout


def test_a_changed_pyproject_is_noticed(prepared):
    pyproject = prepared / "pyproject.toml"
    pyproject.write_text(PYPROJECT + "\n", encoding="utf-8")
    assert load(prepared).inspect()[0] == "update"
    pyproject.write_text(PYPROJECT, encoding="utf-8")


def test_a_moved_project_gets_a_new_environment(prepared):
    elsewhere = prepared.rename(prepared.with_name("elsewhere"))
    state, reason = load(elsewhere).inspect()
    elsewhere.rename(prepared)
    assert (state, "moved or copied" in reason) == ("make", True)


@pytest.mark.skipif(WINDOWS, reason="bin/python is no link there")
def test_an_environment_whose_python_is_gone_is_made_anew(prepared):
    link = prepared / ".venv/bin/python"
    target = link.readlink()
    link.unlink()
    link.symlink_to("/nowhere/python3")
    state, reason = load(prepared).inspect()
    link.unlink()
    link.symlink_to(target)
    assert (state, "does not start" in reason) == ("make", True)


def test_an_environment_of_another_python_is_made_anew(prepared):
    stamp = prepared / ".venv/marcus.json"
    before = stamp.read_text(encoding="utf-8")
    stamp.write_text(json.dumps({**json.loads(before), "python": "3.10"}), encoding="utf-8")
    state = load(prepared).inspect()[0]
    stamp.write_text(before, encoding="utf-8")
    assert state == "make"


@pytest.mark.parametrize("content", [None, "", "[]", "{"])
def test_an_environment_that_somebody_else_made_is_completed_not_deleted(prepared, content):
    stamp = prepared / ".venv/marcus.json"
    before = stamp.read_text(encoding="utf-8")
    stamp.unlink() if content is None else stamp.write_text(content, encoding="utf-8")
    state = load(prepared).inspect()[0]
    stamp.write_text(before, encoding="utf-8")
    assert state == "update"


def test_a_folder_that_is_no_environment_is_left_alone(bootstrap):
    bootstrap.VENV.mkdir()
    (bootstrap.VENV / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(bootstrap.Stop, match="in the way"):
        bootstrap.prepared_python()
    assert (bootstrap.VENV / "thesis.txt").exists()


# --- steps -----------------------------------------------------------------------------------------------------------


def run_step(bootstrap, code: str):
    bootstrap.LOG.write_bytes(b"")
    with bootstrap.locked() as lock:
        bootstrap.run_step("1/1", "Install the packages", [sys.executable, "-c", code], lock)


def test_a_long_step_shows_that_it_lives_and_what_it_does(bootstrap, monkeypatch, capfd):
    monkeypatch.setattr(bootstrap, "HEARTBEAT", 0.3)
    run_step(bootstrap, "import time; print('  Downloading torch.whl (190.2 MB)', flush=True); time.sleep(0.7)")
    assert "0:00  Downloading torch.whl (190.2 MB)" in capfd.readouterr().out


@pytest.mark.parametrize(
    "output, reason",
    [
        ("[Errno -3] Temporary failure in name resolution\\nERROR: No matching distribution found", "no network"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no ready-made build"),
        ("ERROR: [WinError 32] The process cannot access the file", "Close JupyterLab"),
        ("OSError: [WinError 126] The specified module could not be found", "Visual C++ Redistributable"),
        ("something else", "see there"),
    ],
)
def test_a_failed_step_shows_the_end_of_the_log_and_the_likely_reason(bootstrap, output, reason):
    with pytest.raises(bootstrap.Stop) as stop:
        run_step(bootstrap, f"import sys; print('early ' * 9); print('{output}'); sys.exit(1)")
    assert reason in str(stop.value)
    assert output.split("\\n")[-1] in str(stop.value)


def test_a_folder_that_cannot_be_written_is_a_clear_error(bootstrap):
    bootstrap.LOCK = bootstrap.ROOT / "missing" / ".venv.lock"
    with pytest.raises(bootstrap.Stop, match="cannot write in its own folder"):
        bootstrap.prepared_python()


@pytest.mark.skipif(WINDOWS, reason="no Ctrl-C can be sent to one process there")
def test_ctrl_c_ends_pip_too_and_says_what_comes_next(bootstrap):
    slow = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text('x'); time.sleep(30)"
    code = (
        "import sys, bootstrap; bootstrap.inspect = lambda: ('make', 'Test.');"
        f"bootstrap.base_python = lambda: [sys.executable, '-c', {slow!r}, {str(bootstrap.ROOT / 'begun')!r}];"
        "sys.exit(bootstrap.main([]))"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment(PYTHONPATH=str(bootstrap.ROOT / "marcus_nb")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    while not (bootstrap.ROOT / "begun").exists():
        assert started.poll() is None
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    assert "The next start" in started.communicate(timeout=10)[1]
    assert started.returncode == 130
    with bootstrap.locked():  # nobody holds it any more
        assert bootstrap.UNFINISHED.exists()


# --- two starts at the same time -------------------------------------------------------------------------------------


def test_a_second_start_waits_and_a_dead_holder_does_not_block_it(bootstrap):
    code = "import bootstrap, time\nwith bootstrap.locked(): print('got it', flush=True); time.sleep(30)"
    arguments = {
        "env": environment(PYTHONPATH=str(bootstrap.ROOT / "marcus_nb")),
        "stdout": subprocess.PIPE,
        "encoding": "utf-8",
    }
    first = subprocess.Popen([sys.executable, "-c", code], **arguments)
    assert first.stdout.readline() == "got it\n"
    second = subprocess.Popen([sys.executable, "-c", code], **arguments)
    assert f"process {first.pid}" in second.stdout.readline()
    first.kill()  # as kill -9 does: nothing is tidied up
    first.wait()
    assert second.stdout.readline() == "got it\n"
    second.kill()
    second.wait()
    assert bootstrap.LOCK.exists(), "the stale file of the dead one"
    with bootstrap.locked():
        pass
