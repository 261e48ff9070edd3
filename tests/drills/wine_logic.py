"""What tests/drills/wine.py runs in the Windows Python: our own modules, which need neither numpy nor torch.

Run as: python tests/drills/wine_logic.py CASE; the last line is "ok …" where all of it held.
"""

import subprocess
import sys
from pathlib import Path

from marcus_nb import conversation, parameters, renaming, runs
from marcus_nb.parameters import ParameterError
from marcus_nb.runs import RunError
from marcus_nb.runs.lock import locked

WORDS = "¿Dónde está Íñigo? «Aquí», dijo ella — 😀"


def check_parameters() -> str:
    chosen = parameters.load("quickstart", {"shared.persona_name": "Íñigo Ñ"})
    path = Path("C:\\salidas de Íñigo\\parámetros.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    parameters.save(chosen, path)
    assert parameters.load_saved(path, "quickstart", chosen.origins).hash == chosen.hash
    assert b"\r" not in path.read_bytes()
    return f"{chosen.hash[:7]}, the same after writing and reading"


def check_conversations() -> str:
    path = Path("C:\\salidas de Íñigo\\charla.jsonl")
    rows = [{"id": str(n), "messages": [{"role": "user", "content": WORDS}]} for n in range(3)]
    conversation.write_jsonl(path, rows)
    conversation.write_jsonl(path, rows)  # over what is there
    assert list(conversation.read_jsonl(path)) == rows and path.read_bytes().count(b"\n") == 3
    assert WORDS in path.read_text(encoding="utf-8")
    return f"{path.stat().st_size} bytes, as on Linux"


def check_runs() -> str:
    run = runs.create(parameters.load("smoke"), "hecho")
    assert run.state["status"] == "RUNNING", "this very process"
    runs.update(run, stages={"ingest": {"status": "PASSED"}}, status="FAILED", cause=WORDS)
    assert runs.open_run("smoke", "hecho").state["cause"] == WORDS
    assert [folder.name for folder in runs.list_runs("smoke")] == ["hecho"]
    assert run.relative(run.folder / "ingest" / "x.json") == "ingest/x.json", "with / in the record"
    return str(run.folder)


def check_replace() -> str:
    folder = Path("C:\\salidas de Íñigo")
    for text in ("one", "two"):
        (folder / "a.tmp").write_text(text, encoding="utf-8")
        renaming.replace(folder / "a.tmp", folder / "a.txt")
    assert (folder / "a.txt").read_text(encoding="utf-8") == "two" and not (folder / "a.tmp").exists()
    return "over a file that is there"


def check_lock() -> str:
    run = runs.open_run("smoke", "hecho")
    with locked(run.folder):
        code = (
            "from marcus_nb import runs; from marcus_nb.runs.lock import locked\n"
            "try:\n    with locked(runs.open_run('smoke', 'hecho').folder): print('both')\n"
            "except runs.RunError as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
        assert "is at work in another process" in done.stdout, done.stdout + done.stderr
    with locked(run.folder):
        pass
    return "the second process is refused; afterwards the run is free"


def check_names() -> str:
    refused = 0
    for name in ("nul", "CON", "aux.x", "com1", "a/b", "a\\b", "a:b"):
        try:
            runs.create(parameters.load("smoke"), name)
        except (RunError, ParameterError):
            refused += 1
    assert refused == 7, refused
    return "device names and separators refused"


if __name__ == "__main__":
    heavy = {"numpy", "pandas", "torch", "matplotlib", "papermill"} & set(sys.modules)
    assert not heavy, heavy
    print("ok", globals()[f"check_{sys.argv[1]}"]())
