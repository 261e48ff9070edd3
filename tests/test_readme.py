"""The README keeps its word: its commands exist, its YAML loads, its table is the schema's, its paths are there."""

import re
import subprocess
import sys

import pytest

from marcus_nb import formats, parameters
from marcus_nb.__main__ import COMMANDS
from marcus_nb.parameters import ROOT, Source, reference_table

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def help_of(command: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "marcus_nb", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env=None,
    )
    return answer.stdout


@pytest.fixture(scope="module")
def run_help() -> str:
    return help_of("run")


def test_parameter_table_is_the_schema_s():
    assert reference_table() in README, "run ./run_all.sh sync"


@pytest.mark.parametrize("page", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_option_shown_exists(page, run_help):
    shown = re.findall(r"^(?:\./run_all\.sh|run_all\.bat)(.*)$", page, re.MULTILINE)
    assert shown
    for line in shown:
        words = line.split("  ")[0].replace("[", "").replace("]", "").split()
        command = words[0] if words and words[0] in COMMANDS else "run"
        text = run_help if command == "run" else help_of(command)
        for option in [word for word in words if word.startswith("--")]:
            assert option in text, f"{option} of `{line.strip()}` is not in the help of {command}"


def test_yaml_example_loads(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)[1]
    lines = example.splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    path = tmp_path / "acme.yaml"
    path.write_text("\n".join(line[indent:] for line in lines), encoding="utf-8")
    loaded = parameters.load(str(path))
    assert loaded.shared.persona_name == "Sofia"
    assert loaded.ingest.sources[0].path == "notebooks/data/tickets.csv"


def test_spanish_example_is_read_as_the_readme_says(tmp_path):
    sample = re.search(r"```text\n( *ticket;.*?)```", README, re.DOTALL)[1]
    text = "\r\n".join(line.strip() for line in sample.strip().splitlines()) + "\r\n"
    (tmp_path / "tickets.csv").write_bytes(text.encode("cp1252"))
    [table] = formats.read(Source(path="tickets.csv"), tmp_path, "Sofia")
    evidence = " ".join(table.evidence)
    assert table.shape == "row_per_message"
    for claim in ("cp1252", "delimiter ;", "`ticket`", "day first", "`Sofia`"):
        assert claim in evidence, claim
    [conversation] = table.conversations
    assert [m.role for m in conversation.messages] == ["user", "assistant"]
    assert conversation.messages[0].content == "¿Abren los domingos?"


def test_paths_named_in_the_tree_exist():
    tree = re.search(r"## What is where\n\n```text\n(.*?)```", README, re.DOTALL)[1]
    for line in tree.splitlines():
        for name in re.split(r"\s{2,}", line)[0].split():
            assert (ROOT / name).exists(), name


def test_pictures_and_linked_files_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
