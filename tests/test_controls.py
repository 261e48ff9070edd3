"""The five controls and the two shipped personas, trained for real, get the verdict and the reason that fit.

`./run_all.sh test --all -k controls -s` (about an hour on two cores) prints a table; the expectations stand in
tests/controls.py, and were written before the first of them was trained.
"""

import os

import nbformat
import pytest
from controls import CONTROLS, make

from marcus_nb.evaluate.claims import REFUTED
from marcus_nb.pipeline.execute import execute
from marcus_nb.runs import read_json

SEED = int(os.environ.get("MARCUS_CONTROLS_SEED", "7"))  # not the one that the thresholds were set with


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTROLS)
def test_controls_get_the_verdict_and_the_reason_that_fit(name, tmp_path, monkeypatch, capsys):
    expected = CONTROLS[name]
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # set for the tiny model of the other tests
    run = make(name, SEED, name.replace(" ", "-"))
    notebook = execute(run, "evaluate")
    found = read_json(run.folder / "evaluate/results.json")
    status = {claim["name"]: claim["status"] for claim in found["claims"]}
    with capsys.disabled():
        failed = ", ".join(f"{claim} {value}" for claim, value in status.items() if value != "supported")
        print(f"\n{name}: {found['verdict']} ({failed or 'all claims hold'})\n    {' '.join(found['next_steps'])}")
    assert found["verdict"] == expected.verdict
    assert {claim: status[claim] for claim in expected.because} == dict.fromkeys(expected.because, REFUTED)
    assert expected.advice in " ".join(found["next_steps"])
    assert found["verdict"].upper() in str(nbformat.read(notebook, as_version=4))
