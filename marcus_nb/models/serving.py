"""transformers' own server on a model folder: any OpenAI client can talk with it, on this machine only."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

HOST = "127.0.0.1"  # the server asks for no password: beyond this machine it would be open to everybody
INSTALL = 'pip install "transformers[serving]"'

# transformers' own command, and beside it a watch over whoever started it: however that ends, its server ends too.
# A pipe would tell as much, but on Windows a thread that waits for one holds up everything that loads a DLL.
SERVE = """
import os, sys, threading, time
import psutil

starter, began = int(sys.argv.pop(1)), float(sys.argv.pop(1))

def alive():
    try:
        process = psutil.Process(starter)
        return abs(process.create_time() - began) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

def watch():
    while alive():
        time.sleep(1)
    os._exit(0)

threading.Thread(target=watch, daemon=True).start()
from transformers.cli.transformers import app
app()
"""


class ServingError(RuntimeError):
    """The server could not be started; the message says why, with the end of its log."""


@dataclass(frozen=True)
class Server:
    """A server at work: its `url` (`"http://127.0.0.1:8000/v1"`), and the `model` that requests must name."""

    url: str
    model: str
    log: Path
    process: subprocess.Popen


def why_no_server() -> str:
    """Why no server can be started here, with what helps; empty when one can."""
    from transformers.utils.import_utils import is_serve_available

    if is_serve_available():
        return ""
    return f"The packages that transformers' own server needs are not installed; in Marcus' own .venv: {INSTALL}"


@contextmanager
def serving(folder: Path, log: Path, device: str, port: int = 0, seconds: float = 180) -> Iterator[Server]:
    """Serve the model of a folder in float32 for as long as the block lasts; port 0 is one that is free.

    What the server says goes to the file `log`. It loads from the folder alone, reaches no network, and ends with
    this process. Raises ServingError: packages missing, port in use, died, or not ready within so many `seconds`.
    """
    if problem := why_no_server():
        raise ServingError(problem)
    if port and _in_use(port):
        raise ServingError(f"Port {port} is in use by another program: choose another one, such as --port {port + 1}")
    with tempfile.TemporaryDirectory() as cache, log.open("w", encoding="utf-8") as sink:
        process = subprocess.Popen(
            # By its name in its parent folder: requests must name the model as it stands here, and no path of a
            # machine belongs into them. -P: the run's own folders, such as evaluate/, are no packages to import.
            [
                *(sys.executable, "-P", "-c", SERVE, str(os.getpid()), str(psutil.Process().create_time())),
                *("serve", folder.name, "--host", HOST, "--port", str(port)),
                *("--device", device, "--dtype", "float32"),
            ],
            cwd=folder.parent,
            # Without an existing cache /v1/models fails (transformers 5.23); an empty one offers no other model.
            env=os.environ
            | {"HF_HUB_CACHE": cache, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
            | {"PYTHONUTF8": "1", "TQDM_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        try:
            found = _wait(process, log, seconds)
            yield Server(f"http://{HOST}:{found}/v1", folder.name, log, process)
        finally:
            _end(process)


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _wait(process: subprocess.Popen, log: Path, seconds: float) -> int:
    """The port on which the process itself listens, once it answers there: nobody else's is ever asked."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ServingError(f"The server ended (exit code {process.returncode}) before it was ready:\n{_told(log)}")
        for port in _ports(process.pid):
            if _healthy(port):
                return port
        time.sleep(0.2)
    raise ServingError(f"The server was not ready within {seconds:g} seconds. The end of {log.name}:\n{_told(log)}")


def _told(log: Path) -> str:
    return last_lines(log) or "(it said nothing)"


def _family(pid: int) -> list[psutil.Process]:
    """A process and what it started: on Windows a virtual environment's python is a launcher of the real one."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _ports(pid: int) -> list[int]:
    found = []
    for process in _family(pid):
        try:
            sockets = process.net_connections("tcp")
        except psutil.Error:
            continue
        found += [item.laddr.port for item in sockets if item.status == psutil.CONN_LISTEN]
    return found


def _healthy(port: int) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy is for the world outside
    try:
        with direct.open(f"http://{HOST}:{port}/health", timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _end(process: subprocess.Popen) -> None:
    family = _family(process.pid)
    for member in family:
        try:
            member.terminate()
        except psutil.NoSuchProcess:
            continue
    _, left = psutil.wait_procs(family, timeout=5)
    for member in left:
        member.kill()
    process.wait(10)
