"""Several runs by one command: which are asked for, what a sweep reuses, and that one that fails stops no other."""

import json

import pytest
from running import Runner

from marcus_nb.launcher import LAUNCHER
from marcus_nb.parameters import ParameterError
from marcus_nb.pipeline.asked import Wanted, named, start_of, wanted
from marcus_nb.pipeline.many import worst

# Writes ingest's record, as the notebook would; one of the experiments is odd.
MAKES = """
import json
from pathlib import Path
from marcus_nb import runs
folder = runs.open_run(experiment, run).folder / "ingest"
folder.mkdir(exist_ok=True)
if persona_name == "Robin":
    raise ValueError("the third row is odd")
made = {"seconds": 1.5, "headline": [f"one line of {persona_name}"], "counts": {}, "writes": {}, "reads": {}}
(folder / "record.json").write_text(json.dumps(made))
"""


def test_experiments_are_named_by_patterns_each_once():
    assert named(["smoke"]) == ["smoke"]
    assert named(["*o*", "smoke", "florian"]) == ["florian", "smoke"]
    assert named(["../mine/x.yaml"]) == ["../mine/x.yaml"], "a path is left as it is"
    with pytest.raises(ParameterError, match="No experiment fits 'z\\*'; there are florian, quickstart, smoke"):
        named(["z*"])


def test_a_sweep_is_every_combination_of_its_values():
    found = wanted(["a", "b"], {"train.seed": 1}, ["train.lora_r=4,8", "shared.persona_name=Ann, 'Bob, the boy'"])
    assert len(found) == 8
    assert found[0].overrides == {"train.seed": 1, "train.lora_r": 4, "shared.persona_name": "Ann"}
    assert found[3].title == "a · train.lora_r=8 · shared.persona_name=Bob, the boy"
    assert wanted(["a"], {}, []) == [Wanted("a", {})]
    lists = wanted(["a"], {}, ["train.target_modules=[q_proj], [q_proj, v_proj]"])
    assert [one.overrides["train.target_modules"] for one in lists] == [["q_proj"], ["q_proj", "v_proj"]]


@pytest.mark.parametrize("text", ["train.lora_r", "train.lora_r=", "train.lora_r=4", "train.lora_r=[4,8]"])
def test_a_sweep_of_less_than_two_values_is_none(text):
    with pytest.raises(ParameterError, match="such as train\\.lora_r=4,8,16"):
        wanted(["a"], {}, [text])


@pytest.mark.parametrize(
    ("swept", "start", "own"),
    [
        (("train.lora_r",), "ingest", "train"),
        (("evaluate.confidence", "train.lora_r"), "ingest", "train"),
        (("evaluate.confidence",), "ingest", "evaluate"),
        (("shared.seed",), "ingest", "ingest"),
        (("ingest.sources",), "ingest", "ingest"),
        (("clean.test_share",), "train", "train"),
        ((), "ingest", "ingest"),
    ],
)
def test_a_sweep_makes_anew_only_what_depends_on_it(swept, start, own):
    one = Wanted("a", dict.fromkeys(swept, 1), swept)
    assert start_of(one, start, [one]) == own
    assert start_of(one, start, [Wanted("b", {})]) == start_of(one, start, []) == start, "the first makes everything"


def test_the_plan_of_a_sweep_says_what_is_taken_from_the_run_before(tmp_path):
    chosen = ("smoke", "--sweep", "train.lora_r=4,8", "--dry-run")
    code, out, _ = Runner(tmp_path, MAKES, arguments=chosen).end()
    assert code == 0 and [line.split()[:2] for line in out.splitlines()] == [
        ["smoke", "·"], ["ingest", "run"], ["clean", "run"], ["train", "run"], ["evaluate", "run"],
        ["smoke", "·"], ["ingest", "reuse"], ["clean", "reuse"], ["train", "run"], ["evaluate", "run"],
    ]  # fmt: skip
    assert out.count("from the run made before it") == 2


def test_one_that_fails_stops_no_other_and_shows_in_the_exit_code(tmp_path):
    chosen = ("smoke", "--sweep", "shared.persona_name=Ann,Robin,Bob", "--until", "ingest")
    runner = Runner(tmp_path, MAKES, arguments=chosen)
    code, out, err = runner.end()
    assert code == 1 and "Traceback" not in out + err
    assert "1 of 3: smoke · shared.persona_name=Ann" in out and "one line of Bob" in out
    table = out[out.index("3 runs") :]
    rows = [line for line in table.splitlines() if "persona_name=" in line]
    assert [("FAILED" in row, "INCOMPLETE" in row) for row in rows] == [(False, True), (True, False), (False, True)]
    assert "the third row is odd" in " ".join(table.split())
    states = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(runner.outputs.glob("smoke/*/run.json"))]
    assert sorted(state["status"] for state in states) == ["FAILED", "INCOMPLETE", "INCOMPLETE"]
    [failed] = [state for state in states if state["status"] == "FAILED"]
    assert failed["go_on"] == f"{LAUNCHER} smoke --resume --until ingest"


def test_the_worst_is_the_exit_code():
    codes = [[0, 0], [0, 3], [3, 1, 0], [1, 130], [0, 3, 130]]
    assert [worst(found) for found in codes] == [0, 3, 1, 130, 130]


def test_what_no_run_could_be_made_of_is_told_before_anything_is_made(tmp_path):
    runner = Runner(tmp_path, MAKES, arguments=("smoke", "--sweep", "train.lora_r=4,many"))
    code, _, err = runner.end()
    assert code == 2 and "train.lora_r" in err and "'many'" in err
    assert not list(runner.outputs.glob("*/*"))
