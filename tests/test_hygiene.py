"""What a run would tell of its person and machine is told at its end, without repeating it."""

import json
from pathlib import Path

import pytest

from marcus_nb import parameters, runs
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import execute, order
from marcus_nb.pipeline.console import Console
from marcus_nb.runs import hygiene

TOKEN = "hf_" + "a1B2" * 9


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


def test_folders_of_a_persons_own_files_tell(run, tmp_path):
    source = tmp_path / "clients of ada" / "chat.csv"
    source.parent.mkdir()
    source.write_text("question,answer\nHi,Aye\n", encoding="utf-8")
    made = runs.create(parameters.load("smoke", {"ingest.sources": [str(source)]}))
    kinds = {item.what for item in hygiene.scan(made)}
    assert "the folder of chat.csv" in kinds, "parameters.yaml has it, to make the run again"


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


@pytest.mark.parametrize("path", ["/mnt/clients/ada/chat.csv", r"D:\clients\ada\chat.csv", "D:/clients/ada/chat.csv"])
def test_an_executed_notebook_names_a_persons_files_without_their_folders(path):
    folders = execute._folders({"sources": [{"path": path}], "contrast_sources": None})
    shown = execute._without_folders({"a": f"sources = ['{path}']", "image/png": path}, folders)
    assert "clients" not in shown["a"] and "chat.csv" in shown["a"] and shown["image/png"] == path
    near = execute._folders({"sources": [{"path": "notebooks/data/chat.csv"}]})
    assert execute._without_folders("notebooks/data/chat.csv", near) == "notebooks/data/chat.csv"
