"""A choice made by clicking and the same choice typed give the same bytes: data, adapter and the run's parameters."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from marcus_nb import runs
from marcus_nb.panels.keeping import Keeping
from marcus_nb.parameters import ROOT
from marcus_nb.parameters import files as parameter_files
from marcus_nb.pipeline import drafts

CHOICES = {"clean.redact": False, "clean.max_characters": 900, "train.lora_r": 4}
TYPED = {"clean:\n": "clean:\n  redact: false\n  max_characters: 900\n", "train:\n": "train:\n  lora_r: 4\n"}
DATA = ("ingest/*.jsonl", "clean/*.jsonl", "train/adapter/*")


def made(folder):
    """Every file of data and adapter, by name."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for one in DATA for p in sorted(folder.glob(one))}
    assert {"ingest/conversations.jsonl", "clean/train.jsonl", "train/adapter/adapter_model.safetensors"} <= set(found)
    return found


def run(path, outputs):
    """`./run_all.sh acme.yaml --until train`; the folder of the run."""
    command = [sys.executable, "-m", "marcus_nb", str(path), "--until", "train", "--quiet"]
    environment = {**os.environ, "MARCUS_OUTPUTS": str(outputs), "OMP_NUM_THREADS": "1"}
    environment.pop("MARCUS_HEADLESS", None)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    [folder] = [path.parent for path in outputs.glob("*/*/run.json") if path.parent.name != "draft"]
    return folder


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="names the folders of a POSIX machine")
def test_by_clicking_by_saving_and_by_typing_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    original = (ROOT / "parameters" / "smoke.yaml").read_text(encoding="utf-8")
    written = original
    for old, new in TYPED.items():
        written = written.replace(old, new)
    (tmp_path / "typed").mkdir()
    by_hand = tmp_path / "typed" / "acme.yaml"
    by_hand.write_text(written, encoding="utf-8")
    typed = run(by_hand, tmp_path / "typed" / "outputs")

    # Clicked and saved, then run headless.
    saved = tmp_path / "saved" / "parameters" / "acme.yaml"
    saved.parent.mkdir(parents=True)
    saved.write_text(original, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.delenv("MARCUS_HEADLESS", raising=False)
        patch.setattr(parameter_files, "ROOT", tmp_path / "saved")
        patch.setenv("MARCUS_OUTPUTS", str(tmp_path / "saved" / "draft only"))
        stage = runs.open_stage("clean", {"experiment": "acme", "run": "draft"})
        stage.choose(CHOICES)
        Keeping(stage).save.click()
    assert saved.read_text(encoding="utf-8") != original
    clicked = run(saved, tmp_path / "saved" / "outputs")
    assert made(clicked) == made(typed)
    assert (clicked / "parameters.yaml").read_bytes() == (typed / "parameters.yaml").read_bytes()

    # Clicked and not saved: the draft's own notebooks, executed where JupyterLab opens them.
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "draft"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    runs.open_stage("clean", {"experiment": "smoke", "run": "draft"}).choose(CHOICES)
    folder, _ = drafts.prepare("smoke")
    monkeypatch.setenv("MARCUS_HEADLESS", "1")  # or 03 would wait for somebody to press a button
    for name in ("01_ingest", "02_clean", "03_train"):
        book = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        NotebookClient(
            book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        ).execute()
    assert made(folder) == made(typed)
