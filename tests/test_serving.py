"""`serve` and the deployment check: transformers' own server, the official openai client, and what can go wrong."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace

import psutil
import pytest
from evaluating import quiet
from test_cli import environment, marcus

from marcus_nb.evaluate import DeployError
from marcus_nb.evaluate import serving as check
from marcus_nb.evaluate.deploy import golden
from marcus_nb.evaluate.serving import Served, check_served, served_ids
from marcus_nb.models import serving, tiny
from marcus_nb.models.serving import Server, ServingError
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import offer
from marcus_nb.pipeline.offer import how_to_ask
from marcus_nb.runs import RunError

TINY = tiny.tokenizer()
END = TINY.eos_token_id


@pytest.fixture(scope="module")
def gold(judging):
    return golden(judging.test, judging.judged, 12)


def ids_of(text):
    return TINY.encode(text, add_special_tokens=False)


# --- without a server -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "text", "tokens", "ended", "expected"),
    [
        ([*ids_of("Aye."), END], "Aye.", 5, True, [*ids_of("Aye."), END]),
        ([*ids_of("Aye."), END], "Aye.", 5, False, [*ids_of("Aye."), END]),  # its end was the last token it might have
        (ids_of("Aye."), "Aye.", 4, False, ids_of("Aye.")),  # cut at the longest reply here and there
        (ids_of("Aye."), "Aye.", 5, True, [*ids_of("Aye."), END]),
        ([*ids_of("Aye."), END], "Aye!", 5, True, [*ids_of("Aye!"), END]),
        ([*ids_of("Aye."), END], "Aye. And", 8, False, ids_of("Aye. And")),
        ([*ids_of("Aye, two."), END], "Aye", 4, True, [*ids_of("Aye"), END]),
        ([*ids_of("ñandú"), END], "ñandó", 8, True, [*ids_of("ñandó"), END]),  # two tokens a letter
        ([*ids_of("Aye."), END], "Nay.", 5, True, [*ids_of("Nay."), END]),
        ([*ids_of("Aye."), END], "Aye.", 6, False, ids_of("Aye.")),  # the same words, but the server went on
        ([END], "Nay", 4, True, [*ids_of("Nay"), END]),
    ],
)
def test_token_ids_of_a_served_reply(inside, text, tokens, ended, expected):
    assert served_ids(TINY, inside, Served(text, text, tokens, ended)) == expected


def test_without_the_packages_the_check_says_how_to_get_them(judging, gold, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "why_no_server", lambda: "The packages are not there: pip install x")
    found, why = check_served(gold, judging.judged, judging.folder, 12, tmp_path / "server.txt", quiet)
    assert len(found) == 0 and list(found) == ["question", "same_reply", "same_stream", "note"]
    assert why == "The packages are not there: pip install x."
    assert not (tmp_path / "server.txt").exists()


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr("transformers.utils.import_utils.is_serve_available", lambda: False)
    assert serving.why_no_server().endswith('pip install "transformers[serving]"')


def answers_of(gold, **changed):
    """What a server says that gives the golden replies, as a whole and as a stream."""

    def ask(_, question, __):
        item = next(item for item in gold if item.question == question)
        text = TINY.decode(item.reply, skip_special_tokens=True)
        return Served(changed.get("whole", text), changed.get("stream", text), len(item.reply), item.reply[-1] == END)

    return ask


@pytest.fixture
def pretended(monkeypatch):
    """The judging half, without a server."""
    monkeypatch.setattr(check, "serving", lambda *_: contextlib.nullcontext())
    return monkeypatch


def test_equal_replies_are_the_same(judging, gold, pretended, tmp_path):
    pretended.setattr(check, "_ask", answers_of(gold))
    found, why = check_served(gold, judging.judged, judging.folder, 12, tmp_path / "s.txt", quiet)
    assert why == "" and len(found) == len(gold)
    assert found["same_reply"].all() and found["same_stream"].all() and (found["note"] == "").all()


def test_another_reply_is_found(judging, gold, pretended, tmp_path):
    pretended.setattr(check, "_ask", answers_of(gold, whole="Nonsense of quite another kind", stream=""))
    with pytest.raises(DeployError, match=r"replies part at token \d+, where the two choices are \d+\.\d{3} logits"):
        check_served(gold, judging.judged, judging.folder, 12, tmp_path / "s.txt", quiet)


def test_a_stream_of_other_words_is_found(judging, gold, pretended, tmp_path):
    pretended.setattr(check, "_ask", answers_of(gold, stream="Something else"))
    with pytest.raises(DeployError, match="streams another reply to 'Is boat 16 free"):
        check_served(gold, judging.judged, judging.folder, 12, tmp_path / "s.txt", quiet)


def test_a_line_to_copy_is_whole(tmp_path):
    """The quotes of the curl line are those that sh and cmd both take: a JSON document arrives."""
    lines = how_to_ask(Server("http://127.0.0.1:8123/v1", "model", tmp_path, None))
    curl = next(line for line in lines if "curl" in line).strip()
    arguments = subprocess.run(
        [sys.executable, "-c", "import shlex, sys, json; print(json.dumps(shlex.split(sys.argv[1])))", curl],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    words = json.loads(arguments.stdout)
    assert words[:2] == ["curl", "http://127.0.0.1:8123/v1/chat/completions"]
    assert json.loads(words[-1]) == {"model": "model", "messages": [{"role": "user", "content": "Who are you?"}]}
    compile("\n".join(line.strip() for line in lines[lines.index("or in Python:") + 1 : -2]), "lines", "exec")


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_told(judging, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ServingError, match=rf"Port {port} is in use by another program: .* --port {port + 1}"),
            serving.serving(judging.folder, tmp_path / "s.txt", "cpu", port),
        ):
            pass


@pytest.mark.slow
def test_a_server_that_dies_shows_the_end_of_its_log(tmp_path):
    empty = tmp_path / "model"
    empty.mkdir()
    with (
        pytest.raises(ServingError, match=r"(?s)ended \(exit code 1\) before it was ready:\n.*model"),
        serving.serving(empty, tmp_path / "s.txt", "cpu"),
    ):
        pass


def test_a_server_that_takes_too_long_is_ended(judging, tmp_path):
    before = set(psutil.Process().children(recursive=True))
    with (
        pytest.raises(ServingError, match=r"not ready within 0\.3 seconds\. The end of s\.txt:\n\(it said nothing\)"),
        serving.serving(judging.folder, tmp_path / "s.txt", "cpu", seconds=0.3),
    ):
        pass
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "There is no finished run of 'nosuch'"),
        (["nosuch/20260101-000000-abcdefg"], "There is no run nosuch/20260101-000000-abcdefg"),
        (["nosuch", "--port", "99999"], "less than or equal to 65535"),
    ],
)
def test_mistakes_of_serve_are_told(arguments, said, tmp_path):
    done = marcus(tmp_path, "serve", *arguments)
    assert done.returncode == 2 and said in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::"])
def test_beyond_this_machine_nothing_is_served(judging, host):
    with pytest.raises(RunError, match=rf"on this machine only \(127\.0\.0\.1\), not on {host}: .* no password"):
        offer.offer(judging.stage.run, host, 8000, None)


# --- the real thing ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_server_answers_as_the_evaluated_model_does(judging, gold, tmp_path, monkeypatch):
    """A proxy that the environment names is for the world outside, and so is a key."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    log = tmp_path / "server.txt"
    found, why = check_served(gold, judging.judged, judging.folder, 12, log, quiet)
    assert why == "" and found["question"].tolist() == [item.question for item in gold]
    assert found["same_reply"].all() and found["same_stream"].all(), found
    assert "POST /v1/chat/completions" in log.read_text(encoding="utf-8")
    other = replace(judging.judged, tuned=judging.judged.base)
    with pytest.raises(DeployError, match=r"replies part at token|streams another|stop tokens differ"):
        check_served(golden(judging.test, other, 12), other, judging.folder, 12, log, quiet)


@pytest.mark.slow
def test_the_server_is_alone_on_this_machine_and_ends_with_the_block(judging, tmp_path):
    with serving.serving(judging.folder, tmp_path / "s.txt", "cpu") as server:
        listening = [
            item.laddr.ip
            for process in serving._family(server.process.pid)
            for item in process.net_connections("tcp")
            if item.status == psutil.CONN_LISTEN
        ]
        assert listening == ["127.0.0.1"]
        with urllib.request.urlopen(f"{server.url}/models") as answer:
            assert json.load(answer)["data"] == [], "nothing of the hub's cache is offered"
        assert server.model == "model"
    assert server.process.poll() is not None


@pytest.mark.slow
def test_the_server_ends_when_its_starter_is_killed(judging, tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from marcus_nb.models.serving import serving\n"
        "with serving(Path(sys.argv[1]), Path(sys.argv[2]), 'cpu') as server:\n"
        "    print(server.process.pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(judging.folder), str(tmp_path / "s.txt")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment(tmp_path),
    )
    server = psutil.Process(int(starter.stdout.readline()))
    assert server.is_running()
    starter.kill()
    starter.wait(10)
    starter.stdout.close()
    psutil.wait_procs([server], timeout=20)
    assert not server.is_running()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a console, not to a process")
def test_serve_from_the_command_line_until_ctrl_c(judging, tmp_path):
    outputs = judging.stage.run.folder.parents[1]
    named = f"{judging.stage.run.experiment}/{judging.stage.run.name}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "marcus_nb", "serve", named, "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=environment(outputs, PYTHONUNBUFFERED="1"),
    )
    lines = []
    while not any("curl" in line for line in lines):
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    curl = next(line for line in lines if "curl" in line)
    assert f"http://127.0.0.1:{port}/v1" in curl
    if shutil.which("curl"):
        done = subprocess.run(["sh", "-c", curl.replace("curl ", "curl -s --noproxy '*' ")], capture_output=True)
        assert json.loads(done.stdout)["choices"][0]["message"]["role"] == "assistant"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and "The server has ended." in rest and "Traceback" not in rest
    deadline = time.monotonic() + 10
    while serving._in_use(port) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not serving._in_use(port)
