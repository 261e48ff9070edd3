"""What a run would tell of its person and machine is told at its end, without repeating it."""

import json
import os
from pathlib import Path

import pytest

from marcus_nb import parameters, runs
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import order
from marcus_nb.pipeline.console import Console
from marcus_nb.pipeline.report.asked import asked
from marcus_nb.runs import hygiene
from marcus_nb.runs.folders import known_folders, pattern, without_folders

TOKEN = "hf_" + "a1B2" * 9


def test_a_base_model_of_ones_own_is_named_without_its_folder():
    asked_of = parameters.load("smoke", {"shared.base_model": "/mnt/clients-of-ada/models/llama"})
    assert asked_of.own_folders == {"llama": "/mnt/clients-of-ada/models"}
    page = asked(asked_of)
    assert "llama" in page and "clients-of-ada" not in page
    assert not parameters.load("smoke", {"shared.base_model": "ada/llama"}).own_folders


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setattr("getpass.getuser", lambda: "adalove")
    monkeypatch.setattr("socket.gethostname", lambda: "engine-7.local")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/countess"))
    made = runs.create(parameters.load("smoke"))
    (made.folder / "evaluate").mkdir()
    return made


def found_in(run, text: str, name: str = "04_evaluate.ipynb") -> list[str]:
    (run.folder / name).write_text(f"fine\n{text}\n", encoding="utf-8")
    found = hygiene.scan(run)
    assert all((item.file, item.line) == (name, 2) for item in found)
    return sorted(item.what for item in found)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Aye, skipper. Mind the tide.", []),
        ("made by adalove", ["your user name"]),
        ("adalovely pre-adalove", []),
        ("Countess is a title, /home/countessa is another", []),
        ('"/home/countess/data"', ["your home folder", "your user name (of the home folder)"]),
        ("on engine-7 it took 3 s", ["this machine's name"]),
        (f"token={TOKEN}", ["a password or token"]),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz", ["a password or token"]),
        ("sk-" + "x" * 30, ["a password or token"]),
        (f"read {ROOT}/notebooks", ["the folder of this project"]),
        ("write to ada@lovelace-engines.org", ["an e-mail address"]),
        ("write to ada@example.org or b@shop.example", []),
        ("-----BEGIN RSA PRIVATE KEY-----", ["a password or token"]),
    ],
)
def test_what_tells_is_named_by_kind(run, text, kinds):
    assert found_in(run, text) == kinds


def test_windows_writes_folders_in_three_ways(run, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("C:/Users/Countess"))
    for text in ("C:/Users/Countess/x", r"C:\Users\Countess\x", r"C:\\Users\\Countess\\x"):
        assert "your home folder" in found_in(run, text)


def test_everyday_names_tell_nothing(run, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    monkeypatch.setattr("socket.gethostname", lambda: "vm")
    monkeypatch.setattr(Path, "home", lambda: Path("/root"))
    assert found_in(run, "the root of vm") == []
    assert found_in(run, "/root/marcus") == ["your home folder"]


def test_what_says_where_a_persons_files_lie_is_theirs_alone(run, tmp_path):
    source = tmp_path / "clients of ada" / "chat.csv"
    source.parent.mkdir()
    source.write_text("question,answer\nHi,Aye\n", encoding="utf-8")
    made = runs.create(parameters.load("smoke", {"ingest.sources": [str(source)]}))
    assert hygiene.private(made) == ["parameters.yaml"] and hygiene.private(run) == []
    assert os.name == "nt" or (made.folder / "parameters.yaml").stat().st_mode & 0o77 == 0
    assert hygiene.scan(made) == []
    (made.folder / "run.json").write_text(f'"{source}"', encoding="utf-8")
    assert "the folder of chat.csv" in {item.what for item in hygiene.scan(made)}


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/mnt/clients/ada/chat.csv", "/mnt/clients/ada"),
        (r"D:\clients\chat.csv", r"D:\clients"),
        ("../clients/chat.csv", "../clients"),
        ("notebooks/data/chat.csv", None),
        ("chat.csv", None),
        ("D:/chat.csv", None),
    ],
)
def test_files_outside_the_project_are_known_by_their_folder(path, folder):
    found = parameters.load("smoke", {"ingest.sources": [path]}).own_folders
    assert found == ({"chat.csv": folder} if folder else {})


def test_originals_are_named_as_private(run):
    (run.folder / "clean").mkdir()
    (run.folder / "clean/dropped.jsonl").write_text("{}", encoding="utf-8")
    order._look_for_what_tells(run, Console())
    assert runs.read_json(run.folder / "run.json")["private"] == ["clean/dropped.jsonl"]


def test_a_trackers_file_tells_by_its_name(run):
    (run.folder / "train/tracking").mkdir(parents=True)
    (run.folder / "train/tracking/events.out.tfevents.1.engine-7.2").write_bytes(b"\x00\xff")
    assert [(item.line, item.what) for item in hygiene.scan(run)] == [(0, "this machine's name")]


def test_the_conversations_themselves_are_not_for_sharing_and_not_looked_at(run):
    (run.folder / "evaluate/samples.jsonl").write_text("adalove", encoding="utf-8")
    assert hygiene.scan(run) == []


def test_what_was_found_is_told_without_repeating_it(run, capsys):
    (run.folder / "evaluate/results.json").write_text(json.dumps({"a": f"adalove {TOKEN}"}), encoding="utf-8")
    order._look_for_what_tells(run, Console())
    said = capsys.readouterr().out
    assert "a password or token, your user name can be read in evaluate/results.json" in " ".join(said.split())
    kept = (run.folder / "run.json").read_text(encoding="utf-8")
    assert json.loads(kept)["hygiene"][0] == {
        "file": "evaluate/results.json",
        "line": 1,
        "what": "a password or token",
    }
    assert "adalove" not in said + kept and TOKEN not in said + kept
    (run.folder / "run.json").unlink()
    order._look_for_what_tells(run, Console())
    assert "could not be looked through" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/mnt/clients/ada/chat.csv", r"D:\clients\ada\chat.csv", "../clients/ada/chat.csv"])
def test_what_is_shown_names_a_persons_files_without_their_folders(path):
    known = known_folders(parameters.load("smoke", {"ingest.sources": [path]}))
    doubled = path.replace("\\", "\\\\")
    shown = without_folders({"a": f"sources = ['{path}'] {doubled}", "image/png": path}, known)
    assert "clients" not in shown["a"] and shown["a"].count("chat.csv") == 2 and shown["image/png"] == path
    assert without_folders("notebooks/data/chat.csv", known) == "notebooks/data/chat.csv"


def test_windows_writes_a_folder_in_any_case_and_with_blanks_as_in_an_address():
    for said in (r"c:\users\ada b\marcus\x.py", "file:///C:/Users/Ada%20B/marcus/x.py", r"C:\\Users\\Ada B\\marcus"):
        assert pattern(r"C:\Users\Ada B\marcus").search(said), said
    assert not pattern("/home/ada").search("/HOME/ADA/x")


def test_only_the_folder_itself_is_hidden(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    known = known_folders()
    for text in ("/home/adam/x", "/mnt/home/ada", "/home/ada-2"):
        assert without_folders(text, known) == text
    assert without_folders(f"in '/home/ada/x' and {ROOT}/a.py", known) == "in '~/x' and ./a.py"
