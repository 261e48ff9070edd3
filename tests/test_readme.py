"""The README keeps its word: its commands exist, its YAML loads, its table is the schema's, its paths are there."""

import json
import re
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

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


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "test"])
def test_every_command_and_option_has_its_line(command):
    starts = (r"\./run_all\.sh", "run_all\\.bat")
    lines = re.findall(rf"(?:{'|'.join(starts)}) (.*)", README + CONTRIBUTING)
    experiments = [line for line in lines if line.split()[0] not in COMMANDS]
    own = experiments if command == "run" else [line for line in lines if line.split()[0] == command]
    assert own, f"neither README nor CONTRIBUTING shows `./run_all.sh {command}`"
    for option in set(re.findall(r"--[a-z][a-z-]+", help_of(command))) - {"--help"}:
        assert any(option in line for line in own), f"{option} of {command} is in its help and not in the README"


def test_yaml_example_loads(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)[1]
    lines = example.splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    path = tmp_path / "acme.yaml"
    path.write_text("\n".join(line[indent:] for line in lines), encoding="utf-8")
    loaded = parameters.load(str(path))
    assert loaded.shared.persona_name == "Sofia"
    assert loaded.ingest.sources[0].path == "notebooks/data/tickets.csv"


yaml = YAML(typ="safe")
CASES = {
    name: section
    for section in re.split(r"^### ", README, flags=re.MULTILINE)[1:]
    for name in re.findall(r"\A.*?: `([^`]+)`\n", section)
}


def block(section: str, kind: str) -> str:
    return re.search(rf"^```{kind}\n(.*?)```$", section, re.DOTALL | re.MULTILINE)[1]


def said(conversation) -> str:
    """As the README prints it: a line for each turn, line breaks within one as ` / `."""
    names = {"user": conversation.customer, "assistant": "Sofia"}
    return "".join(f"{names[m.role]}: {m.content}\n".replace("\n", " / ")[:-3] + "\n" for m in conversation.messages)


def test_there_are_three_cases_the_spanish_one_first():
    assert list(CASES) == ["tickets.csv", "WhatsApp Chat with Tom.txt", "tickets.json"]


@pytest.mark.parametrize("name", CASES)
def test_cases_are_read_as_the_readme_says(name, tmp_path):
    section = CASES[name]
    text = block(section, "text")
    if name.endswith(".csv"):
        (tmp_path / name).write_bytes(text.replace("\n", "\r\n").encode("cp1252"))
    else:
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
    [table] = formats.read([Source(path=name)], tmp_path, "Sofia")
    assert [line for line in block(section, "evidence").splitlines() if line not in table.evidence] == []
    assert "\n".join(map(said, table.conversations)) == block(section, "conversations")
    overruling = yaml.load(re.search(r"`(\{path: .*?\})`", section)[1])
    [again] = formats.read([Source(**overruling)], tmp_path, "Sofia")
    assert again.conversations == table.conversations, "the line that overrules says what was recognised already"
    if name.endswith(".csv"):
        [aside] = table.set_aside
        assert "Marta" in aside.text
    if name.endswith(".txt"):
        assert [aside.origin.lines for aside in table.set_aside] == [(1,), (6,)]


def test_paths_named_in_the_tree_exist():
    tree = re.search(r"## What is where\n\n```text\n(.*?)```", README, re.DOTALL)[1]
    for line in tree.splitlines():
        for name in re.split(r"\s{2,}", line)[0].split():
            assert (ROOT / name).exists(), name


def test_the_example_is_light_and_nobodys():
    example = ROOT / "outputs" / "example"
    files = [path for path in example.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    assert {"report.html", "run.json", "verdict.png", "04_evaluate.ipynb"} <= {path.name for path in files}
    assert not [path for path in files if path.suffix in (".safetensors", ".jsonl", ".xlsx")], "no data, no weights"
    state = json.loads((example / "run.json").read_text(encoding="utf-8"))
    assert (state["status"], state["verdict"], state["hygiene"]) == ("PASSED", "acquired", [])


def test_pictures_and_linked_files_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
