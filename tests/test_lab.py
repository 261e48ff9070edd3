"""`lab`: notebooks prepared with an experiment's values, never over a person's own work; JupyterLab for them alone."""

import ast
import asyncio
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from tornado.websocket import websocket_connect

from marcus_nb import parameters, runs
from marcus_nb.parameters import ROOT, STAGES, ParameterError
from marcus_nb.pipeline import drafts
from marcus_nb.runs import choices
from marcus_nb.runs.folder import DEEPEST
from marcus_nb.runs.provenance import notebook_of


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    return tmp_path / "outputs"


def cell_of(path: Path) -> dict:
    book = nbformat.read(path, as_version=4)
    [source] = [cell.source for cell in book.cells if "parameters" in cell.metadata.get("tags", [])]
    values: dict = {}
    exec(source, values)
    return {name: value for name, value in values.items() if not name.startswith("__")}


def test_the_cells_hold_the_experiments_values_and_resolve_to_them(outputs):
    folder, changed = drafts.prepare("smoke")
    assert folder == outputs / "smoke" / "draft" and not changed
    expected = parameters.load("smoke")
    for stage in STAGES:
        cell = cell_of(folder / notebook_of(stage).name)
        assert cell["experiment"] == "smoke" and cell["run"] == "draft"
        assert set(cell) == {"experiment", "run", *expected.stage(stage)}
        opened = runs.open_stage(stage, cell).parameters
        assert opened == expected and "this cell" not in opened.origins.values()


def test_what_is_typed_since_counts_and_what_is_chosen_is_prepared(outputs):
    choices.choose("smoke", {"train.lora_r": 4})
    folder, _ = drafts.prepare("smoke")
    cell = cell_of(folder / "03_train.ipynb")
    assert cell["lora_r"] == 4
    opened = runs.open_stage("train", cell | {"max_steps": 7}).parameters
    assert (opened.train.lora_r, opened.origins["train.lora_r"]) == (4, "chosen here")
    assert (opened.train.max_steps, opened.origins["train.max_steps"]) == (7, "this cell")


def test_a_notebook_that_a_person_changed_is_left_and_the_others_follow_the_yaml(outputs):
    folder, _ = drafts.prepare("smoke")
    path = folder / "02_clean.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("mine = 1"))
    nbformat.write(book, path)
    choices.choose("smoke", {"train.lora_r": 4, "clean.redact": False})
    before = path.read_bytes()
    _, changed = drafts.prepare("smoke")
    assert changed == [path] and path.read_bytes() == before
    assert cell_of(folder / "03_train.ipynb")["lora_r"] == 4
    opened = runs.open_stage("clean", cell_of(path)).parameters
    assert opened.clean.redact is False, "the cell says True, as it was prepared; the choice is newer"


def test_a_damaged_notebook_is_left_for_its_owner_to_look_at(outputs):
    folder, _ = drafts.prepare("smoke")
    path = folder / "01_ingest.ipynb"
    path.write_text(path.read_text(encoding="utf-8")[:500], encoding="utf-8")
    assert drafts.prepare("smoke")[1] == [path]


def test_a_draft_stays_usable_after_one_was_killed_while_it_looked_for_room(outputs):
    chosen = parameters.load("smoke")
    folder = runs.create(chosen, runs.DRAFT).folder
    shutil.rmtree(folder)
    (folder / DEEPEST).mkdir(parents=True)
    assert runs.create(chosen, runs.DRAFT).folder == folder


def test_a_notebook_that_would_come_out_the_same_keeps_what_it_shows(outputs):
    folder, _ = drafts.prepare("smoke")
    path = folder / "01_ingest.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[-1].outputs = [nbformat.v4.new_output("stream", text="shown")]
    nbformat.write(book, path)
    assert drafts.prepare("smoke")[1] == [] and "shown" in path.read_text(encoding="utf-8")


def test_a_long_list_has_a_line_for_each_item_and_papermill_still_reads_the_cell(outputs):
    folder, _ = drafts.prepare("quickstart")
    path = folder / "04_evaluate.ipynb"
    seen = papermill.inspect_notebook(str(path))
    assert list(seen) == list(papermill.inspect_notebook(str(notebook_of("evaluate"))))
    book = nbformat.read(path, as_version=4)
    [source] = [cell.source for cell in book.cells if "parameters" in cell.metadata.get("tags", [])]
    assert "    {'question': 'When does the yard open?', 'must': ['eight in the morning', '8']},\n" in source
    assert "    'notebooks/data/florian_messages.csv',\n" in source
    opened = runs.open_stage("evaluate", cell_of(path)).parameters
    assert opened == parameters.load("quickstart") and "this cell" not in opened.origins.values()


def test_an_empty_cell_is_no_change_and_new_values_leave_what_is_shown(outputs):
    folder, _ = drafts.prepare("smoke")
    path = folder / "03_train.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[-1].outputs = [nbformat.v4.new_output("stream", text="shown")]
    book.cells.append(nbformat.v4.new_code_cell(""))
    nbformat.write(book, path)
    choices.choose("smoke", {"train.lora_r": 4})
    assert drafts.prepare("smoke")[1] == [] and cell_of(path)["lora_r"] == 4
    assert "shown" in path.read_text(encoding="utf-8")


def test_an_experiment_outside_the_project_is_told(outputs, tmp_path):
    elsewhere = tmp_path / "smoke.yaml"
    elsewhere.write_bytes((ROOT / "parameters" / "smoke.yaml").read_bytes())
    with pytest.raises(ParameterError, match="put the file into parameters/"):
        drafts.prepare(str(elsewhere))
    assert drafts.prepare(str(ROOT / "parameters" / "smoke.yaml"))[0].name == "draft"


HOSTILE = """
c.IdentityProvider.token = ""
c.ServerApp.token = ""
c.ServerApp.ip = "0.0.0.0"
c.ServerApp.base_url = "/mine"
"""


async def said_by_a_kernel(server: str, token: str, notebook: str) -> str:
    """What the kernel of a notebook, opened as JupyterLab opens it, finds where it stands."""
    code = (
        "import os, sys, marcus_nb, marcus_nb.parameters as p; "
        "print([sys.executable, marcus_nb.__file__, str(p.ROOT), os.getcwd(), os.environ.get('MARCUS_HEADLESS')])"
    )
    asked = {"path": notebook, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    request = urllib.request.Request(
        f"{server}/api/sessions",
        json.dumps(asked).encode(),
        {"Authorization": f"token {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        kernel = json.load(answer)["kernel"]["id"]
    socket_ = await websocket_connect(f"{server.replace('http', 'ws')}/api/kernels/{kernel}/channels?token={token}")
    header = {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "1", "version": "5.3"}
    uploaded = {"file": "x" * 11_000_000}  # more than tornado takes by itself
    message = {"header": header, "parent_header": {}, "metadata": uploaded, "content": {"code": code}}
    message["channel"] = "shell"
    await socket_.write_message(json.dumps(message))
    while True:
        heard = json.loads(await asyncio.wait_for(socket_.read_message(), 90))
        if heard["msg_type"] in ("stream", "error"):
            socket_.close()
            return heard["content"].get("text", str(heard["content"]))


@pytest.mark.skipif(os.name == "nt", reason="ends it by a signal")
def test_it_answers_this_machine_with_its_token_and_ends_in_order(outputs, tmp_path):
    """Whatever a person's own Jupyter settings say."""
    (tmp_path / "jupyter_server_config.py").write_text(HOSTILE, encoding="utf-8")
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path), "MARCUS_HEADLESS": "1"}
    command = [sys.executable, "-m", "marcus_nb", "lab", "smoke", "--no-browser"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8")
    try:
        said = process.stdout.readline() + process.stdout.readline()
        address = re.search(r"(http://127\.0\.0\.1:(\d+))/lab/tree/(\S+)\?token=(\S+)", said)
        server, port, first, token = address.groups()
        assert first.endswith("draft/01_ingest.ipynb")
        ask = urllib.request.Request(f"{server}/api/contents/{first}", headers={"Authorization": f"token {token}"})
        with urllib.request.urlopen(ask, timeout=30) as answer:
            assert json.load(answer)["type"] == "notebook"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{server}/api/contents/{first}", timeout=30)
        found = ast.literal_eval(asyncio.run(said_by_a_kernel(server, token, first)))
        assert found[:2] == [sys.executable, str(ROOT / "marcus_nb" / "__init__.py")]
        assert found[2:] == [str(ROOT), str(outputs / "smoke" / "draft"), None]
        for name in {item[4][0] for item in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}:
            if not name.startswith("127."):
                with pytest.raises(OSError):
                    socket.create_connection((name, int(port)), timeout=2)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        assert len(family) > 1 and token not in str([one.cmdline() for one in family])
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0 and "JupyterLab was ended" in process.stdout.read()
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=2)
    finally:
        process.kill()
        process.wait()


def test_a_port_in_use_is_told(outputs):
    """By a server that answers, as somebody's own Jupyter would, and would be sent the token."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = str(server.server_address[1])
    command = [sys.executable, "-m", "marcus_nb", "lab", "smoke", "--no-browser", "--port", port]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=90, check=False)
    server.shutdown()
    assert done.returncode == 2 and re.search(rf"Port {port} cannot be had \(.+\)\. Another one: --port", done.stderr)
    assert "token" not in done.stdout
