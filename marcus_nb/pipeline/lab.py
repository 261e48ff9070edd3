"""`lab`: JupyterLab on an experiment's prepared notebooks, for this machine alone."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path

from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import drafts
from marcus_nb.pipeline.console import Console
from marcus_nb.pipeline.signals import ended_by_signals
from marcus_nb.runs import RunError, outputs_root
from marcus_nb.runs.provenance import NOTEBOOKS

HOST = "127.0.0.1"
LOG = "jupyter.log"
STARTS_WITHIN_SECONDS = 120
LARGEST_UPLOAD = 512 * 1024 * 1024  # bytes
_ENDS_WITHIN_SECONDS = 15
_HERE = Path(__file__).parent
# Said within Python, the token is seen by nobody else on this machine, and a person's own Jupyter settings, which may
# turn it off for good, do not count.
_START = """
import os, sys
from jupyterlab.labapp import main
main([*sys.argv[1:], "--IdentityProvider.token=" + os.environ["JUPYTER_TOKEN"]])
"""


def lab(experiment: str, port: int, browser: bool, console: Console) -> int:
    """Prepare the notebooks, start JupyterLab and stay until Ctrl-C or its own end; returns the exit code.

    `port` 0 is any that is free. Raises ParameterError, and RunError when JupyterLab does not start.
    """
    folder, changed = drafts.prepare(experiment)
    for path in changed:
        console.say(f"{path.name} was changed by you and is left as it is; deleted, it is prepared anew.", "yellow")
    root = ROOT if folder.is_relative_to(ROOT) else outputs_root()
    port, token = _free_port(port), secrets.token_urlsafe(24)
    first = (folder / f"{NOTEBOOKS['ingest']}.ipynb").relative_to(root).as_posix()
    address = f"http://{HOST}:{port}/lab/tree/{first}?token={token}"
    with ended_by_signals(), (folder / LOG).open("wb") as log:
        server = subprocess.Popen(
            _command(root, port), env=_environment(token), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **_apart()
        )
        try:
            _wait_for(server, port, folder / LOG)
            console.say("JupyterLab is open on this machine alone, at", "bold")
            console.say(address)
            console.say(f"The notebooks lie in {folder}. Ctrl-C ends it; what is saved stays.", "dim")
            if browser and _has_display():
                webbrowser.open(address)
            while (code := server.poll()) is None:
                time.sleep(0.5)  # waiting without an end, Windows hears no Ctrl-C
            if code:
                console.say(f"JupyterLab ended by itself. {_end_of(folder / LOG)}", "red")
            return code
        except KeyboardInterrupt:
            console.say("JupyterLab was ended.")
            return 0
        finally:
            _end(server)


def _command(root: Path, port: int) -> list[str]:
    command = [sys.executable, "-c", _START, "--no-browser", f"--ServerApp.ip={HOST}"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"]
    command += ["--ServerApp.base_url=/", "--ServerApp.certfile="]  # of a person's own server
    # A file that is uploaded in a notebook is one message; tornado's own limit, 10 MB, would cut the kernel off.
    command += [f"--ServerApp.tornado_settings={{'websocket_max_message_size': {LARGEST_UPLOAD}}}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; Jupyter asks to be told
        command.append("--allow-root")
    return command


def _environment(token: str) -> dict[str, str]:
    """The notebooks find our modules, their kernel is this Python, and they know that a person is there."""
    environment = os.environ | {
        "JUPYTER_TOKEN": token,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [str(_HERE), os.environ.get("JUPYTER_CONFIG_PATH")])),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "PYTHONUTF8": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    for name in ("MARCUS_HEADLESS", "MPLBACKEND"):  # the second would take every figure away
        environment.pop(name, None)
    return environment


def _has_display() -> bool:
    """Whether a browser can show itself; without a display Python might start one that takes the terminal over."""
    return not sys.platform.startswith("linux") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))


def _apart() -> dict[str, object]:
    """Ctrl-C is for us, who end it in order: JupyterLab would ask on a terminal that it does not have."""
    return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {"start_new_session": True}


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    start = time.monotonic()
    while time.monotonic() - start < STARTS_WITHIN_SECONDS:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/login", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RunError(f"JupyterLab did not start. {_end_of(log)}\nIs port {port} in use? Another one: --port 8890")


def _end_of(log: Path) -> str:
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return f"The end of {log}:\n" + "\n".join(f"  {line}" for line in said[-5:])


def _free_port(wanted: int) -> int:
    """The port, or any that is free for 0. Raises RunError where another program has it, which would get the token."""
    with socket.socket() as probe:
        if os.name == "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # as the server does: what a server before it left is no hindrance
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            raise RunError(f"Port {wanted} cannot be had ({error.strerror}). Another one: --port 8890") from error
        return probe.getsockname()[1]


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask it to end with its kernels; a kernel whose server is gone ends by itself."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(_ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
