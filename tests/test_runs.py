"""Runs: what is finished is a record, what is stale or edited is refused by name, and a full disk damages nothing."""

import errno
import functools
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from marcus_nb import runs
from marcus_nb.conversation import read_jsonl, write_jsonl
from marcus_nb.launcher import LAUNCHER
from marcus_nb.parameters import ROOT, STAGES, ParameterError, load, save
from marcus_nb.runs import DiskFull, RunError, Stage, open_stage, provenance, reuse, why_not_reusable
from marcus_nb.runs.files import read_json, saying_disk_full, sha256, write_json
from marcus_nb.runs.provenance import NOTEBOOKS, library_files, notebook_hash, notebook_of

YAML = """\
shared:
  persona_name: Nell
  system_prompt: You are Nell.
  base_model: tiny
ingest:
  sources: [tests/fixtures/smoke.csv]
"""
INPUT = {
    "clean": ("ingest", "conversations.jsonl"),
    "train": ("clean", "train.jsonl"),
    "evaluate": ("train", "adapter/a"),
}
OUTPUT = {"ingest": "conversations.jsonl", "clean": "train.jsonl", "train": "adapter/a", "evaluate": "results.json"}


# The same in every test: hashed and asked for once, as each notebook does.
ONCE = {name: functools.cache(getattr(provenance, name)) for name in ("library_files", "git", "versions")}


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """An experiment beside its outputs: its YAML file."""
    for name, known in ONCE.items():
        monkeypatch.setattr(provenance, name, known)
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    path = tmp_path / "acme.yaml"
    path.write_text(YAML, encoding="utf-8")
    return path


def work(stage: Stage, text: str = "") -> dict:
    """What a notebook does between opening its stage and its end."""
    if stage.name in INPUT:
        (row,) = read_jsonl(stage.written_by(*INPUT[stage.name]))
        text += row["text"] + " → "
    else:
        for source in stage.parameters.ingest.sources:
            stage.read_source(ROOT / source.path)
    target = stage.folder / OUTPUT[stage.name]
    target.parent.mkdir(exist_ok=True)
    write_jsonl(target, [{"text": text + stage.name}])
    if stage.name == "train":
        (stage.folder / "checkpoints").mkdir(exist_ok=True)
        (stage.folder / "checkpoints/last").write_text("big", encoding="utf-8")
    if stage.name == "evaluate":
        (stage.run.folder / "model").mkdir(exist_ok=True)
        (stage.run.folder / "model/weights").write_text("w", encoding="utf-8")
        return stage.finish({"verdict": "acquired"}, ["It is."], also=["model"])
    return stage.finish({"rows": 1}, ["One row."])


def draft(experiment: Path, name: str, **cell) -> Stage:
    return open_stage(name, {"experiment": str(experiment), "run": "draft", **cell})


def make_draft(experiment: Path, *stages: str) -> None:
    for name in stages:
        work(draft(experiment, name))


def make_run(experiment: Path, *stages: str, **overrides) -> runs.Run:
    run = runs.create(load(str(experiment), overrides))
    for name in stages:
        work(open_stage(name, {"experiment": "acme", "run": run.name}))
    return run


# ---- a stage asks for its input by its maker


def test_a_draft_goes_from_stage_to_stage(acme):
    make_draft(acme, *STAGES)
    (row,) = read_jsonl(runs.outputs_root() / "acme/draft/evaluate/results.json")
    assert row["text"] == "ingest → clean → train → evaluate"


def test_what_has_not_finished_is_not_given_out(acme):
    stage = draft(acme, "clean")
    with pytest.raises(RunError, match=r"^01_ingest has not finished in run acme/draft: run 01_ingest\.ipynb first$"):
        stage.written_by("ingest", "conversations.jsonl")
    ingest = draft(acme, "ingest")
    write_jsonl(ingest.folder / "conversations.jsonl", [])  # written, but without a record
    with pytest.raises(RunError, match="01_ingest has not finished"):
        stage.written_by("ingest", "conversations.jsonl")


def test_a_stage_that_begins_again_has_not_finished(acme):
    make_draft(acme, "ingest")
    draft(acme, "ingest")
    with pytest.raises(RunError, match="01_ingest has not finished"):
        draft(acme, "clean").written_by("ingest", "conversations.jsonl")


@pytest.mark.parametrize(("change", "words"), [("edit", "was edited"), ("delete", "was deleted")])
def test_an_edited_or_deleted_file_names_the_notebook(acme, change, words):
    make_draft(acme, "ingest")
    path = runs.outputs_root() / "acme/draft/ingest/conversations.jsonl"
    path.unlink() if change == "delete" else path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(RunError) as caught:
        draft(acme, "clean").written_by("ingest", "conversations.jsonl")
    assert str(caught.value) == (
        f"ingest/conversations.jsonl {words} since 01_ingest wrote it: run 01_ingest.ipynb again "
        f"(headless: {LAUNCHER} EXPERIMENT --from ingest)"
    )


def test_a_name_that_the_stage_never_wrote_lists_what_it_wrote(acme):
    make_draft(acme, "ingest")
    (runs.outputs_root() / "acme/draft/ingest/conversation.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(
        RunError, match=r"^01_ingest wrote no conversation\.jsonl; it wrote ingest/conversations\.jsonl$"
    ):
        draft(acme, "clean").written_by("ingest", "conversation.jsonl")


def test_other_parameters_make_it_stale_and_are_named(acme):
    make_draft(acme, "ingest", "clean")
    acme.write_text(YAML + "clean: {redact: false, lowercase: true}\n", encoding="utf-8")
    stage = draft(acme, "train")
    assert stage.parameters.clean.redact, "a draft keeps what its stages were made with until they are opened again"
    assert stage.written_by("clean", "train.jsonl").is_file()
    save(load(str(acme)), stage.run.folder / "parameters.yaml")  # somebody edits what the run keeps of itself
    with pytest.raises(RunError, match=r"^clean was made with another redact, lowercase: run 02_clean\.ipynb again$"):
        draft(acme, "train").written_by("clean", "train.jsonl")
    draft(acme, "clean")
    assert not (stage.run.folder / "clean/record.json").exists(), "opened again, it is unfinished until it finishes"


def test_a_shared_parameter_makes_only_its_users_stale(acme):
    make_draft(acme, "ingest", "clean", "train")
    acme.write_text(YAML.replace("persona_name: Nell", "persona_name: Ada"), encoding="utf-8")
    stage = draft(acme, "evaluate")  # persona_name is also ingest's and train's
    with pytest.raises(RunError, match=r"^train was made with another persona_name: run 03_train\.ipynb again$"):
        stage.written_by("train", "adapter/a")
    with pytest.raises(RunError, match=r"^ingest was made with another persona_name: run 01_ingest\.ipynb again$"):
        stage.written_by("ingest", "conversations.jsonl")


def test_older_input_is_found_however_far_back(acme):
    make_draft(acme, "ingest", "clean", "train")
    work(draft(acme, "ingest"), text="more")
    with pytest.raises(RunError) as caught:
        draft(acme, "train").written_by("clean", "train.jsonl")
    message = "ingest/conversations.jsonl is newer than what 02_clean read: run 02_clean.ipynb again"
    assert str(caught.value) == message
    with pytest.raises(RunError) as caught:
        draft(acme, "evaluate").written_by("train", "adapter/a")
    assert str(caught.value) == "03_train has not finished in run acme/draft: run 03_train.ipynb first"


def test_older_input_two_stages_back(acme):
    make_draft(acme, "ingest", "clean", "train")
    work(draft(acme, "ingest"), text="more")
    with pytest.raises(RunError, match=r"^ingest/conversations\.jsonl is newer than what 02_clean read: run 02_clean"):
        draft(acme, "evaluate").written_by("train", "adapter/a")
    make_draft(acme, "clean")
    with pytest.raises(
        RunError, match=r"^clean/train\.jsonl is newer than what 03_train read: run 03_train\.ipynb again"
    ):
        draft(acme, "evaluate").written_by("train", "adapter/a")
    make_draft(acme, "train", "evaluate")


def test_the_same_again_is_not_newer(acme):
    make_draft(acme, "ingest", "clean", "train", "ingest")
    assert draft(acme, "evaluate").written_by("train", "adapter/a").is_file()


# ---- the record


def test_a_record_says_what_made_what(acme):
    make_draft(acme, *STAGES)
    folder = runs.outputs_root() / "acme" / "draft"
    for name in STAGES:
        record = read_json(folder / name / "record.json")
        assert record["stage"] == name and record["reused_from"] is None
        parameters = load(str(acme))
        assert record["parameters"] == parameters.stage(name)
        assert record["parameters_hash"] == parameters.stage_hash(name)
        assert (
            set(record["writes"])
            == {
                "ingest": {"ingest/conversations.jsonl"},
                "clean": {"clean/train.jsonl"},
                "train": {"train/adapter/a"},  # neither log nor checkpoints, which may be deleted
                "evaluate": {"evaluate/results.json", "model/weights"},
            }[name]
        )
        assert all(sha256(folder / key) == digest for key, digest in record["writes"].items())
        assert record["notebook"] == notebook_hash(name)
        assert record["library"] == library_files(name) and f"marcus_nb/{name}" in str(record["library"])
        assert all(sha256(ROOT / key) == digest for key, digest in record["library"].items())
        assert record["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
        assert re.match(r"2\.\d+", record["versions"]["torch"])
        assert set(record["hardware"]) == {"system", "machine", "cpu", "cores"}
        assert set(record["git"]) in (set(), {"commit", "dirty"})
        assert record["finished"].endswith("+00:00") and record["seconds"] >= 0
    reads = {name: read_json(folder / name / "record.json")["reads"] for name in STAGES}
    assert reads["ingest"] == {"source:tests/fixtures/smoke.csv": sha256(ROOT / "tests/fixtures/smoke.csv")}
    assert reads["clean"] == {"ingest/conversations.jsonl": sha256(folder / "ingest/conversations.jsonl")}
    log = (folder / "train/log.txt").read_text(encoding="utf-8")
    assert re.fullmatch(r"\d\d:\d\d:\d\d 03_train begins\n\d\d:\d\d:\d\d finished in \d+ s\n", log)


def test_nothing_in_the_records_names_a_folder_of_this_machine(acme):
    make_draft(acme, *STAGES)
    run = make_run(acme, *STAGES)
    for folder in (runs.outputs_root() / "acme" / "draft", run.folder):
        for path in (folder / "run.json", folder / "parameters.yaml", *folder.glob("*/record.json")):
            text = path.read_text(encoding="utf-8")
            for private in (str(ROOT), str(acme.parent), str(Path.home()), "/tmp", os.sep + "Users"):
                assert private not in text, f"{private} in {path.name}"


def test_two_sources_of_one_name_are_two(acme, tmp_path):
    stage = draft(acme, "ingest")
    for folder, text in (("a", "1"), ("b", "2"), ("c", "1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.csv").write_text(text, encoding="utf-8")
        stage.read_source(tmp_path / folder / "chat.csv")
    second = sha256(tmp_path / "b/chat.csv")
    assert stage.reads == {
        "source:chat.csv": sha256(tmp_path / "a/chat.csv"),
        f"source:chat.csv ({second[:7]})": second,
    }


def test_the_notebooks_hash_knows_code_and_not_values(tmp_path, monkeypatch):
    before = notebook_hash("clean")
    book = json.loads(notebook_of("clean").read_text(encoding="utf-8"))
    monkeypatch.setattr("marcus_nb.runs.provenance.ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()

    def rewritten(kind, tagged):
        copy = json.loads(json.dumps(book))
        for cell in copy["cells"]:
            if cell["cell_type"] == kind and ("tags" in cell["metadata"]) == tagged:
                cell["source"] = ["# other"]
        notebook_of("clean").write_text(json.dumps(copy), encoding="utf-8")
        return notebook_hash("clean")

    assert rewritten("code", True) == before
    assert rewritten("markdown", False) == before
    assert rewritten("code", False) != before


def test_the_library_of_a_stage_is_what_it_imports():
    train = library_files("train")
    wanted = [
        "train/loop.py",
        "train/__main__.py",
        "render/tokens.py",
        "models/base.py",
        "conversation.py",
        "runs/stage.py",
    ]
    assert {f"marcus_nb/{name}" for name in wanted} <= set(train)
    assert not any("/clean/" in name or "/ingest" in name or "/evaluate/" in name for name in train)
    ingest = library_files("ingest")
    assert "marcus_nb/formats/files/workbooks.py" in ingest and "marcus_nb/generate/batches.py" not in library_files(
        "clean"
    )
    assert "marcus_nb/formats/files/workbook_child.py" in ingest, "it is run as a script, not imported"


# ---- written whole or not at all


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_file_and_says_what_to_do(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_json(path, {"old": True})
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(DiskFull) as caught:
        write_json(path, {"new": True})
    assert str(caught.value) == (
        f"The disk is full: run.json could not be written in {tmp_path}. Nothing that was there is damaged. "
        "Free some space (old runs in outputs/ may be deleted), then run again with --from."
    )
    assert read_json(path) == {"old": True}
    assert [item.name for item in tmp_path.iterdir()] == ["run.json"]
    monkeypatch.undo()
    write_json(path, {"new": True})
    assert read_json(path) == {"new": True}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_disk_that_is_really_full(tmp_path):
    path = tmp_path / "run.json"
    write_json(path, {"old": True})
    path.with_name("run.json.tmp").symlink_to("/dev/full")
    with pytest.raises(DiskFull, match=r"The disk is full: run\.json could not be written"):
        write_json(path, {"new": "x" * 100_000})
    assert read_json(path) == {"old": True}
    assert [item.name for item in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EROFS])
def test_other_errors_are_not_called_a_full_disk(tmp_path, number):
    with pytest.raises(OSError, match=os.strerror(number)) as caught, saying_disk_full(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert not isinstance(caught.value, RunError)


def test_a_used_up_quota_is_a_full_disk(tmp_path):
    with pytest.raises(DiskFull, match="The disk is full: a could not be written"), saying_disk_full(tmp_path / "a"):
        raise OSError(errno.EDQUOT, "quota")


def test_a_full_disk_at_the_end_of_a_stage_leaves_it_unfinished(acme, monkeypatch):
    make_draft(acme, "ingest")
    stage = draft(acme, "clean")
    with monkeypatch.context() as patch, pytest.raises(DiskFull, match=r"record\.json could not be written"):
        patch.setattr(os, "fsync", full_disk)
        work(stage)
    assert sorted(path.name for path in stage.folder.iterdir()) == ["log.txt", "train.jsonl"]
    assert "finished" not in (stage.folder / "log.txt").read_text(encoding="utf-8")
    with pytest.raises(RunError, match="02_clean has not finished"):
        draft(acme, "train").written_by("clean", "train.jsonl")


def test_a_full_disk_at_the_beginning_of_a_run(acme, monkeypatch):
    real = Path.open

    def refuse(path, *arguments, **named):
        return full_disk() if path.name == "parameters.yaml.tmp" else real(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DiskFull, match=r"parameters\.yaml could not be written"):
        runs.create(load(str(acme)))


def test_no_number_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_who_reads_meanwhile_sees_the_old_or_the_new(tmp_path):
    path = tmp_path / "run.json"
    write_json(path, {"n": [0] * 500})
    writer = threading.Thread(target=lambda: [write_json(path, {"n": [n] * 500}) for n in range(1, 30)])
    writer.start()
    while writer.is_alive():
        assert len(set(read_json(path)["n"])) == 1
    writer.join()


def test_a_missing_or_damaged_record_says_so(tmp_path):
    with pytest.raises(RunError, match=r"run\.json is not there"):
        read_json(tmp_path / "run.json")
    for content in (b'{"status": "RUNN', b"\xff\xfe", b""):
        (tmp_path / "run.json").write_bytes(content)
        with pytest.raises(RunError, match=r"run\.json is damaged \(.*\); this run cannot be trusted, start a new one"):
            read_json(tmp_path / "run.json")


# ---- draft and finished runs


def test_a_draft_may_be_overwritten_stage_by_stage(acme):
    make_draft(acme, "ingest", "clean")
    acme.write_text(YAML + "clean: {lowercase: true}\ntrain: {max_steps: 7}\n", encoding="utf-8")
    stage = draft(acme, "train", lora_r=4)
    kept = runs.open_run("acme", "draft").parameters
    assert kept == stage.parameters
    assert (kept.train.max_steps, kept.train.lora_r) == (7, 4)
    assert kept.clean.lowercase is False, "clean has not been opened again: its parameters are those of its record"
    assert (kept.origins["train.lora_r"], kept.origins["train.max_steps"]) == ("this cell", "acme.yaml")
    work(stage)
    work(draft(acme, "clean", redact=False))
    kept = runs.open_run("acme", "draft").parameters
    assert (kept.clean.lowercase, kept.clean.redact, kept.train.lora_r) == (True, False, 4)


def test_a_typo_in_a_draft_destroys_nothing(acme):
    make_draft(acme, "ingest", "clean")
    folder = runs.outputs_root() / "acme" / "draft"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for wrong in ({"redct": True}, {"redact": "perhaps"}, {"min_characters": 0}):
        with pytest.raises(ParameterError):
            draft(acme, "clean", **wrong)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_run_makes_each_stage_once(acme):
    run = make_run(acme, "ingest")
    with pytest.raises(RunError) as caught:
        open_stage("ingest", {"experiment": "acme", "run": run.name})
    assert str(caught.value) == (
        f"Run acme/{run.name} is RUNNING: its ingest is a record and is not made again. "
        f"Work in run = 'draft', or start a new run: {LAUNCHER} acme --from ingest"
    )


@pytest.mark.parametrize("status", ["PASSED", "FAILED", "INCOMPLETE"])
def test_a_finished_run_refuses(acme, status):
    run = make_run(acme, "ingest")
    runs.update(run, status=status)
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    with pytest.raises(
        RunError, match=f"^Run acme/{run.name} is {status}: its clean is a record and is not made again"
    ):
        open_stage("clean", {"experiment": "acme", "run": run.name})
    assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before


def test_a_run_keeps_its_own_parameters(acme):
    run = runs.create(load(str(acme), {"clean.redact": False}))
    acme.write_text(YAML + "clean: {lowercase: true}\n", encoding="utf-8")
    stage = open_stage("clean", {"experiment": "acme", "run": run.name})
    assert (stage.parameters.clean.redact, stage.parameters.clean.lowercase) == (False, False)
    with pytest.raises(
        RunError, match=f"^Run {run.name} keeps its own parameters, and this cell differs: use run = 'dr"
    ):
        open_stage("ingest", {"experiment": "acme", "run": run.name, "sources": ["other.csv"]})
    injected = {"experiment": "acme", "run": run.name, **run.parameters.stage("ingest")}
    assert open_stage("ingest", injected).parameters == run.parameters


TRICKS = ["../x", "..", ".", "", "a/b", "a\\b", "/tmp", "x" * 65, "a\n", "a.", "C:"]


@pytest.mark.parametrize("name", TRICKS)
def test_names_are_no_paths(acme, name):
    make_run(acme)
    with pytest.raises(RunError, match="There is no run"):
        runs.open_run("acme", name)
    with pytest.raises(RunError, match="There is no run"):
        runs.open_run(name, "draft")
    with pytest.raises(RunError, match="There is no run"):
        open_stage("clean", {"experiment": "acme", "run": name})
    with pytest.raises((ParameterError, RunError), match="There is no experiment"):
        open_stage("clean", {"experiment": name, "run": "draft"})
    if name:
        with pytest.raises(RunError, match="names no run: letters, digits"):
            runs.create(load(str(acme)), name)


def test_names_cannot_reach_a_real_run_elsewhere(acme):
    run = make_run(acme)
    (runs.outputs_root() / "other").mkdir()
    with pytest.raises(RunError, match="There is no run"):
        runs.open_run("other", f"../acme/{run.name}")
    with pytest.raises(RunError, match="There is no run"):
        runs.open_run("other/../acme", run.name)


def test_a_cell_that_was_not_run_says_so(acme):
    with pytest.raises(
        ParameterError, match=r"experiment: expected a name in quotes, .* run the parameters cell first"
    ):
        open_stage("clean", {})
    with pytest.raises(ParameterError, match=r"run: expected a name in quotes, .* found 5"):
        open_stage("clean", {"experiment": "acme", "run": 5})


# ---- run.json


def test_a_new_run_says_what_it_is(acme):
    parameters = load(str(acme), {"train.lora_r": 4})
    run = runs.create(parameters, parent="20260101-000000-abcdef0")
    assert re.fullmatch(rf"\d{{8}}-\d{{6}}-{parameters.hash[:7]}", run.name)
    state = read_json(run.folder / "run.json")
    assert (state["experiment"], state["run"], state["status"]) == ("acme", run.name, "RUNNING")
    assert (state["parent"], state["verdict"], state["finished"]) == ("20260101-000000-abcdef0", None, None)
    again = runs.open_run("acme", run.name)
    assert again == run and again.parameters.origins == parameters.origins


def test_two_runs_in_one_second_get_two_folders(acme):
    parameters = load(str(acme))
    made = [runs.create(parameters) for _ in range(5)]
    assert len({run.folder for run in made}) == 5
    assert [read_json(run.folder / "run.json")["run"] for run in made] == [run.name for run in made]


def test_runs_made_at_once_by_two_processes_are_two(acme):
    code = f"from marcus_nb import runs; from marcus_nb.parameters import load; runs.create(load({str(acme)!r}))"
    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(runs.list_runs("acme")) == 3
    # their processes are gone: whatever run.json says, they are not running
    for folder in runs.list_runs("acme"):
        assert read_json(folder / "run.json")["status"] == "RUNNING"
        state = runs.open_run("acme", folder.name).state
        assert state["status"] == "INCOMPLETE"
        assert state["cause"].startswith("the process ended without a word between stages: killed, out of memory")


def test_a_run_whose_process_is_gone_names_the_stage(acme):
    run = make_run(acme, "ingest")
    runs.update(run, stages={"ingest": {"status": "PASSED"}, "clean": {"status": "RUNNING"}})
    assert run.state["status"] == "RUNNING"
    process = read_json(run.folder / "run.json")["process"]
    runs.update(run, process=process | {"created": process["created"] - 60})  # its number belongs to another one now
    assert run.state["status"] == "INCOMPLETE"
    assert run.state["cause"].startswith("the process ended without a word during clean: killed, out of memory")
    with pytest.raises(RunError, match="is INCOMPLETE: its clean is a record"):
        open_stage("clean", {"experiment": "acme", "run": run.name})


def test_updates_are_merged_stage_by_stage(acme):
    run = runs.create(load(str(acme)))
    runs.update(run, stages={"ingest": {"status": "RUNNING", "started": "now"}})
    runs.update(run, status="FAILED", stages={"ingest": {"status": "FAILED"}, "clean": {"status": "RUNNING"}})
    state = run.state
    assert state["status"] == "FAILED" and state["experiment"] == "acme"
    assert state["stages"] == {"ingest": {"status": "FAILED", "started": "now"}, "clean": {"status": "RUNNING"}}


def test_the_list_of_runs_is_in_order(acme):
    parameters = load(str(acme))
    for name in ("20260102-000000-bbbbbbb", "20260101-000000-ccccccc", "draft"):
        runs.create(parameters, name)
    (runs.outputs_root() / "acme" / "no-run").mkdir()
    names = [folder.name for folder in runs.list_runs("acme")]
    assert names == ["20260101-000000-ccccccc", "20260102-000000-bbbbbbb", "draft"]
    assert runs.list_runs("other") == [] and len(runs.list_runs()) == 3


# ---- reuse


def test_a_reused_stage_is_copied_verified_and_says_so(acme):
    parent = make_run(acme, "ingest", "clean")
    (parent.folder / "02_clean.ipynb").write_text("{}", encoding="utf-8")
    child = runs.create(parent.parameters, parent=parent.name)
    for stage in ("ingest", "clean"):
        assert why_not_reusable(parent.folder, stage, parent.parameters, [ROOT / "tests/fixtures/smoke.csv"]) is None
        reuse(parent, child, stage)
        record = child.record(stage)
        assert record["reused_from"] == parent.name
        assert record | {"reused_from": None} == parent.record(stage)
        assert all(sha256(child.folder / key) == digest for key, digest in record["writes"].items())
        assert not (child.folder / stage / "log.txt").exists()
    assert (child.folder / "02_clean.ipynb").is_file()
    work(open_stage("train", {"experiment": "acme", "run": child.name}))
    grandchild = runs.create(parent.parameters, parent=child.name)
    reuse(child, grandchild, "ingest")
    assert grandchild.record("ingest")["reused_from"] == parent.name  # who made it, not who passed it on


@pytest.mark.skipif(os.name != "posix", reason="this system knows no modes")
def test_a_copy_is_its_owners_alone_while_it_is_made(acme, monkeypatch):
    parent = make_run(acme, "ingest")
    child = runs.create(parent.parameters, parent=parent.name)
    copy, target, seen = shutil.copyfile, child.folder / "ingest/conversations.jsonl", []

    def watched(source, destination, **options):
        seen.append(stat.S_IMODE(Path(destination).stat().st_mode))
        return copy(source, destination, **options)

    monkeypatch.setattr("shutil.copyfile", watched)
    reuse(parent, child, "ingest")
    assert seen == [0o600] and stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("change", ["edited", "deleted"])
def test_a_file_that_changes_while_it_is_reused_is_not_taken_over(acme, change):
    parent = make_run(acme, "ingest")
    path = parent.folder / "ingest/conversations.jsonl"
    path.unlink() if change == "deleted" else path.write_text("other", encoding="utf-8")
    child = runs.create(parent.parameters, parent=parent.name)
    with pytest.raises(
        RunError, match=rf"ingest/conversations\.jsonl of run acme/{parent.name} was edited or deleted si"
    ):
        reuse(parent, child, "ingest")
    assert child.record("ingest") is None


def test_a_full_disk_while_reusing(acme, monkeypatch):
    parent = make_run(acme, "ingest")
    child = runs.create(parent.parameters, parent=parent.name)
    monkeypatch.setattr("shutil.copyfile", full_disk)
    with pytest.raises(DiskFull, match=r"conversations\.jsonl could not be written"):
        reuse(parent, child, "ingest")
    assert child.record("ingest") is None and parent.record("ingest")


def test_why_a_stage_cannot_be_reused(acme, tmp_path):
    source = tmp_path / "chat.csv"
    source.write_text("question,answer\n", encoding="utf-8")
    acme.write_text(YAML.replace("tests/fixtures/smoke.csv", str(source).replace("\\", "/")), encoding="utf-8")
    run = make_run(acme, "ingest", "clean")
    wanted = load(str(acme))
    assert [why_not_reusable(run.folder, stage, wanted, [source]) for stage in STAGES] == [
        None,
        None,
        "never finished",
        "never finished",
    ]

    other = load(str(acme), {"clean.redact": False, "clean.lowercase": True, "evaluate.max_new_tokens": 5})
    assert why_not_reusable(run.folder, "ingest", other, [source]) is None
    assert why_not_reusable(run.folder, "clean", other, [source]) == "parameters changed: redact, lowercase"

    source.write_text("question,answer\nHi,Aye\n", encoding="utf-8")  # a file outside the project's folder counts too
    assert why_not_reusable(run.folder, "ingest", wanted, [source]) == "input edited: chat.csv"
    source.write_text("question,answer\n", encoding="utf-8")
    assert why_not_reusable(run.folder, "ingest", wanted, [source]) is None
    assert why_not_reusable(run.folder, "ingest", wanted, [source, Path(__file__)]) == "input edited: test_runs.py"
    assert why_not_reusable(run.folder, "ingest", wanted, []) == "a file that it read is no longer there"

    (run.folder / "clean/train.jsonl").write_text("", encoding="utf-8")
    assert why_not_reusable(run.folder, "clean", wanted, [source]) == "clean/train.jsonl was edited or deleted"
    (run.folder / "ingest/conversations.jsonl").unlink()
    assert (
        why_not_reusable(run.folder, "ingest", wanted, [source]) == "ingest/conversations.jsonl was edited or deleted"
    )


def test_parameters_that_only_one_version_knows_count_as_changed(acme):
    run = make_run(acme, "ingest")
    record = run.record("ingest")
    record["parameters"]["forgotten"] = 1
    write_json(run.folder / "ingest/record.json", record | {"parameters_hash": "0" * 64})
    assert why_not_reusable(run.folder, "ingest", run.parameters, []) == "parameters changed: forgotten"


def test_outputs_are_where_the_person_wants_them(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "elsewhere"))
    assert runs.outputs_root() == (tmp_path / "elsewhere").resolve()
    monkeypatch.setenv("MARCUS_OUTPUTS", "")
    assert runs.outputs_root() == ROOT / "outputs"


def test_every_stage_has_its_notebook():
    assert list(NOTEBOOKS) == list(STAGES)
    assert all(notebook_of(stage).is_file() for stage in STAGES)


@pytest.mark.skipif(os.name == "nt", reason="Windows may allow names of any length")
def test_a_folder_too_deep_for_its_files_is_refused_at_once(acme, tmp_path, monkeypatch):
    deep = tmp_path
    while len(str(deep)) < 4000:
        deep = deep / ("d" * min(100, 4001 - len(str(deep))))
    monkeypatch.setenv("MARCUS_OUTPUTS", str(deep))
    with pytest.raises(
        RunError, match=r"longer than this system allows\.\nMove the project to a folder with a shorter"
    ):
        runs.create(load(str(acme)))
    assert not list(deep.rglob("run.json"))


def test_making_a_run_leaves_nothing_but_what_it_says(acme):
    assert sorted(path.name for path in runs.create(load(str(acme))).folder.rglob("*")) == [
        "parameters.yaml",
        "run.json",
    ]
