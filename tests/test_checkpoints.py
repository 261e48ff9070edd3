"""Checkpoints are whole or told for what they are; a training goes on only from what it is itself made of."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import STRANGE
from training import TRAINER, USUAL, kill_before, limit_file_size, rows, said, told, train_in_child

from marcus_nb.launcher import LAUNCHER
from marcus_nb.runs import DiskFull, Run, read_json, write_json
from marcus_nb.train import checkpoints, failures

# --- the files ----------------------------------------------------------------------------------------------------


def fill(folder: Path) -> None:
    (folder / "weights").write_bytes(b"w" * 100)
    (folder / "deeper").mkdir()
    (folder / "deeper/state").write_bytes(b"s" * 50)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Checkpoints 1 to 3 of which the last two are kept; the newest."""
    for step in (1, 2, 3):
        checkpoints.write(tmp_path, step, fill, {"parameter": {"seed": 1}, "data": {"train.jsonl": "aa"}}, [])
    return tmp_path / "checkpoint-3"


def test_what_is_written_is_whole_and_the_newest_two_are_kept(written):
    assert checkpoints.problem(written) is None
    assert checkpoints.newest(written.parent) == (written, [])
    assert sorted(path.name for path in written.parent.iterdir()) == ["checkpoint-2", "checkpoint-3"]


def test_the_best_is_kept_besides(tmp_path):
    for step in range(1, 6):
        checkpoints.write(tmp_path, step, fill, {}, [2])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-2", "checkpoint-4", "checkpoint-5"]


def test_older_ones_stay_until_the_new_one_reads_back_as_written(written, monkeypatch):
    def spoil(temporary: Path, target: Path) -> Path:
        temporary.rename(target)
        (target / "weights").write_bytes(b"w" * 99 + b"x")  # as a bad disk has it
        return target

    monkeypatch.setattr(checkpoints, "replace", spoil)
    for step in (4, 5):
        assert checkpoints.write(written.parent, step, fill, {}, []) == "has another weights than was written"
    monkeypatch.undo()
    assert checkpoints.write(written.parent / "other", 1, fill, {}, []) is None
    found, complaints = checkpoints.newest(written.parent)
    assert found == written
    assert complaints == [
        "checkpoint-5 has another weights than was written: passed over",
        "checkpoint-4 has another weights than was written: passed over",
    ]


def test_a_checkpoint_that_fails_leaves_nothing_and_the_others_as_they_were(written):
    def full(folder: Path) -> None:
        (folder / "weights").write_bytes(b"w")
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskFull, match="checkpoint-9"):
        checkpoints.write(written.parent, 9, full, {}, [])
    assert sorted(path.name for path in written.parent.iterdir()) == ["checkpoint-2", "checkpoint-3"]
    assert checkpoints.problem(written) is None


def with_hash(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest that says of itself that it is as written."""
    text = json.dumps(manifest, sort_keys=True)
    return manifest | {"sha256": hashlib.sha256(text.encode()).hexdigest()}


FILES = {"weights": {"bytes": 100, "sha256": hashlib.sha256(b"w" * 100).hexdigest()}}
ODD = {
    "a list": [],
    "a number": 7,
    "nothing": {},
    "no files": with_hash({"step": 3, "made_of": {}}),
    "files as a list": with_hash({"step": 3, "made_of": {}, "files": ["weights"]}),
    "a file without its size": with_hash({"step": 3, "made_of": {}, "files": {"weights": {}}}),
    "a file as a number": with_hash({"step": 3, "made_of": {}, "files": {"weights": 100}}),
    "no step": with_hash({"made_of": {}, "files": FILES}),
    "no word of what it is made of": with_hash({"step": 3, "files": FILES}),
    "what it is made of as a list": with_hash({"step": 3, "made_of": [], "files": FILES}),
    "another step": with_hash({"step": 4, "made_of": {}, "files": FILES}),
    "a path outside": with_hash({"step": 3, "made_of": {}, "files": {"../outside": FILES["weights"]}}),
    "an absolute path": with_hash({"step": 3, "made_of": {}, "files": {"/etc/hostname": FILES["weights"]}}),
    "a hash of its own that is another": {"step": 3, "made_of": {}, "files": FILES, "sha256": "0" * 64},
}


@pytest.mark.parametrize("kind", ODD)
def test_a_strange_manifest_is_passed_over(written, kind):
    (written.parent / "outside").write_bytes(b"w" * 100)
    write_json(written / "manifest.json", ODD[kind])
    found, [complaint] = checkpoints.newest(written.parent)
    assert found.name == "checkpoint-2"
    assert complaint.startswith("checkpoint-3 ") and ("manifest.json" in complaint or "lacks" in complaint)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\0" * 500, '{"step": NaN}', "null"])
def test_a_manifest_that_is_no_json_is_passed_over(written, text):
    (written / "manifest.json").write_text(text, encoding="utf-8")
    assert checkpoints.newest(written.parent)[0].name == "checkpoint-2"


def damage(path: Path, how: str) -> None:
    whole = path.read_bytes()
    if how == "deleted":
        path.unlink()
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(whole[:-1])
    else:
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])


HOW = ("deleted", "emptied", "truncated", "flipped")


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", ["manifest.json", "weights", "deeper/state"])
def test_a_damaged_file_is_told_by_name(written, name, how):
    damage(written / name, how)
    [complaint] = checkpoints.newest(written.parent)[1]
    assert complaint.startswith("checkpoint-3 ") and name in complaint and complaint.endswith(": passed over")


def test_every_single_flipped_bit_of_a_manifest_is_noticed(written):
    path = written / "manifest.json"
    whole = path.read_bytes()
    blank = [place for place, byte in enumerate(whole) if byte in b" \n"]  # between words; flipped, they are no JSON
    for place in range(len(whole)):
        for bit in range(8):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
            same = place in blank and path.read_bytes()[place] in b" \n\r\t"
            assert same or checkpoints.problem(written) is not None, (place, bit)


def test_differences_are_told_then_and_now(written):
    now = {"parameter": {"seed": 2, "lora_r": 8}, "data": {"train.jsonl": "a" * 64}}
    assert checkpoints.differences(written, now) == [
        "parameter seed: 1 then, 2 now",
        "data train.jsonl: aa then, aaaaaaaaaaaa… now",
        "parameter lora_r: nothing then, 8 now",
    ]
    same = {"parameter": {"seed": 1}, "data": {"train.jsonl": "aa"}}
    assert checkpoints.differences(written, same) == []


# --- a training that goes on ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference(make_draft):
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run) == 0, said(run)
    return told(run)


@pytest.fixture(scope="module")
def interrupted(make_draft) -> Run:
    """Killed before the last of its eight steps, with checkpoints of the fourth and sixth."""
    run = make_draft(in_yaml=USUAL)
    assert train_in_child(run, (kill_before, TRAINER, "PersonaTrainer", "training_step", 8)) < 0
    return run


@pytest.fixture
def copied(interrupted, tmp_path):
    def copy(name: str = "draft", where: Path = tmp_path) -> Run:
        folder = where / "outputs" / interrupted.experiment / name
        shutil.copytree(interrupted.folder, folder)
        return Run(interrupted.experiment, name, folder, interrupted.parameters)

    return copy


def folder_of(run: Run) -> Path:
    return run.folder / "train/checkpoints"


def events(run: Run) -> list[str]:
    return [f"{row['what']}; {row['did']}" for row in rows(run, "events.jsonl")]


NAMES = (
    "manifest.json",
    "trained.safetensors",
    "optimizer.pt",
    "scheduler.pt",
    "rng_state.pth",
    "trainer_state.json",
    "progress.json",
)
DAMAGES = [(name, how) for name in NAMES for how in HOW]
BY_DEFAULT = [("optimizer.pt", "flipped"), ("manifest.json", "truncated"), ("trained.safetensors", "emptied")]


def test_all_files_of_a_checkpoint_are_damaged_below(interrupted):
    names = {path.name for path in (folder_of(interrupted) / "checkpoint-6").iterdir()}
    assert names - set(NAMES) <= {"training_args.bin"} and set(NAMES) <= names


@pytest.mark.parametrize(
    ("name", "how"), [pytest.param(*case, marks=() if case in BY_DEFAULT else pytest.mark.slow) for case in DAMAGES]
)
def test_a_damaged_checkpoint_is_passed_over_for_an_older_one(copied, reference, name, how):
    run = copied()
    damage(folder_of(run) / "checkpoint-6" / name, how)
    older = max(checkpoints.step_of(path) for path in folder_of(run).iterdir() if path.name != "checkpoint-6")
    assert train_in_child(run) == 0, said(run)
    assert told(run) == reference
    [complaint, _resumed] = events(run)
    assert complaint.startswith("checkpoint-6 ") and name in complaint
    assert complaint.endswith(f": passed over; going on from checkpoint-{older}")
    assert complaint in (run.folder / "train/log.txt").read_text(encoding="utf-8")
    assert read_json(run.folder / "train/outcome.json")["resumed_from"] == older


def test_without_any_whole_checkpoint_it_begins_anew_and_says_so(copied, reference):
    run = copied()
    for path in folder_of(run).iterdir():
        damage(path / "manifest.json", "truncated")
    assert train_in_child(run) == 0, said(run)
    assert told(run) == reference
    assert all(line.endswith("beginning anew: no other checkpoint is whole") for line in events(run))
    assert len(events(run)) >= 2 and read_json(run.folder / "train/outcome.json")["resumed_from"] == 0


def test_a_best_checkpoint_that_is_damaged_in_the_end_is_told(make_draft):
    run = make_draft(in_yaml={"train.num_train_epochs": 20, "train.learning_rate": 0.02}, validation=STRANGE)
    assert train_in_child(run, (kill_before, TRAINER, "PersonaTrainer", "load_best", 1)) < 0
    newest, _ = checkpoints.newest(folder_of(run))
    best = read_json(newest / "trainer_state.json")["best_global_step"]
    last = checkpoints.step_of(newest)
    assert best < last, "this data is meant to get worse with training"
    damage(folder_of(run) / f"checkpoint-{best}/trained.safetensors", "flipped")
    assert train_in_child(run) == 0, said(run)
    outcome = read_json(run.folder / "train/outcome.json")
    assert (outcome["best_step"], outcome["kept_step"]) == (best, last)
    found = f"checkpoint-{best}, the best, has another trained.safetensors than was written"
    assert f"{found}; kept the last weights instead" in events(run)


CHANGES = {
    "one byte of the data": "data train.jsonl: ",
    "a parameter": "parameter weight_decay: 0.0 then, 0.5 now",
    "the seed": "parameter seed: 1 then, 3 now",
    "the base model": "base model ",
}


def change(run: Run, what: str, tmp_path: Path) -> None:
    saved = run.folder / "parameters.yaml"
    text = saved.read_text(encoding="utf-8")
    if what == "one byte of the data":
        path = run.folder / "clean/train.jsonl"
        path.write_bytes(path.read_bytes().replace(b"skipper", b"Skipper", 1))
        return
    if what == "the base model":
        from marcus_nb.models import tiny

        model = tiny.model()
        model.get_output_embeddings().weight.data[0, 0] += 1
        model.save_pretrained(tmp_path / "other")
        tiny.tokenizer().save_pretrained(tmp_path / "other")
        changed = text.replace("base_model: tiny", f"base_model: {tmp_path / 'other'}")
    elif what == "the seed":
        changed = text.replace("seed: 1\n", "seed: 3\n")
    else:
        changed = text.replace("weight_decay: 0.0", "weight_decay: 0.5")
    assert changed != text
    saved.write_text(changed, encoding="utf-8")


@pytest.mark.parametrize("what", CHANGES)
def test_a_run_that_changed_is_refused_and_the_difference_named(copied, tmp_path, what):
    run = copied("20261122-120455-a1b2c3d")
    change(run, what, tmp_path)
    before = sorted(path.relative_to(run.folder) for path in folder_of(run).rglob("*"))
    assert train_in_child(run) == failures.DATA, said(run)
    assert (
        said(run).strip().startswith("checkpoint-6 was made of something else, so the training cannot go on from it:")
    )
    assert f"  {CHANGES[what]}" in said(run) and " then, " in said(run)
    assert f"Start a new run ({LAUNCHER} {run.experiment} --from train), or undo the change." in said(run)
    assert sorted(path.relative_to(run.folder) for path in folder_of(run).rglob("*")) == before


@pytest.mark.parametrize("what", CHANGES)
def test_a_draft_that_changed_begins_anew_and_says_so(copied, tmp_path, what):
    run = copied()
    change(run, what, tmp_path)
    assert train_in_child(run) == 0, said(run)
    [only] = events(run)
    assert only.startswith(f"the checkpoint at step 6 was made of something else ({CHANGES[what]}")
    assert only.endswith("; began anew") and "beginning anew" in (run.folder / "train/log.txt").read_text("utf-8")
    assert [row["step"] for row in rows(run, "metrics.jsonl") if "loss" in row] == list(range(1, 9))
    assert read_json(run.folder / "train/outcome.json")["resumed_from"] == 0


# --- a full disk ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own with 32 MB."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs Linux to mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"may not mount a small disk here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def after_full_disk(run: Run) -> None:
    """The earlier checkpoint is whole and nothing half-made lies about; with room again it goes on to the same end."""
    assert checkpoints.newest(folder_of(run))[0].name == "checkpoint-6"
    assert not list((run.folder / "train").rglob("*.tmp"))
    assert not (run.folder / "train/outcome.json").exists()


@pytest.mark.parametrize("left", [0.1, pytest.param(0.5, marks=pytest.mark.slow), 0.8])
def test_a_full_disk_leaves_the_earlier_checkpoint(copied, small_disk, reference, left):
    """`left` is the share of a checkpoint for which there is room."""
    run = copied(where=small_disk)
    newest = folder_of(run) / "checkpoint-6"
    size = sum(path.stat().st_size for path in newest.iterdir())
    filler = small_disk / "filler"
    filler.write_bytes(b"\0" * (shutil.disk_usage(small_disk).free - int(left * size) - 4096))
    assert train_in_child(run) == failures.DISK, said(run)
    after_full_disk(run)
    filler.unlink()
    assert train_in_child(run) == 0, said(run)
    assert told(run) == reference


def test_a_disk_without_room_for_a_line_ends_with_its_code_too(copied, small_disk, reference):
    run = copied(where=small_disk)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"\0" * 4096)
    assert train_in_child(run) == failures.DISK, said(run)
    after_full_disk(run)
    filler.unlink()
    assert train_in_child(run) == 0, said(run)
    assert told(run) == reference


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
def test_a_limit_on_a_files_size_is_as_a_full_disk(copied, reference):
    run = copied()
    size = (folder_of(run) / "checkpoint-6/optimizer.pt").stat().st_size
    assert train_in_child(run, (limit_file_size, size // 2)) == failures.DISK, said(run)
    after_full_disk(run)
    assert train_in_child(run) == 0, said(run)
    assert told(run) == reference
