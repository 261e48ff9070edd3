"""What Windows does otherwise, as far as any system can show it; tests/drills/wine.py shows what wine carries."""

import ntpath
import os
from pathlib import Path

import pytest

from marcus_nb import parameters, runs
from marcus_nb.ingest.files import _write_workbook
from marcus_nb.parameters import NAME, ROOT, ParameterError
from marcus_nb.pipeline.execute import _relative
from marcus_nb.runs import RunError


@pytest.mark.parametrize("name", ["con", "CON", "prn", "aux", "NUL", "com1", "Lpt9", "nul.yaml", "aux.v2"])
def test_device_names_name_nothing(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))
    with pytest.raises(RunError, match="names no run"):
        runs.create(parameters.load("quickstart"), name)
    file = tmp_path / f"{name}.yaml"
    file.write_text("extends: quickstart\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="Windows keeps these names for devices"):
        parameters.load(str(file))


@pytest.mark.parametrize("name", ["con-1", "console", "nullable", "auxiliary", "com10", "my.con", "acme"])
def test_names_that_only_begin_like_a_device_are_free(name):
    assert NAME.fullmatch(name)


def test_outputs_on_another_drive(monkeypatch):
    """Windows' own relpath refuses a path on another drive; the notebook is still executed."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(os.path, "relpath", lambda path: ntpath.relpath("D:\\out\\run.ipynb", "C:\\marcus"))
    assert _relative(Path("elsewhere/run.ipynb")) == str(Path("elsewhere/run.ipynb"))


def test_a_run_can_be_moved_and_read_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "before"))
    made = runs.create(parameters.load("quickstart"))
    (tmp_path / "before").rename(tmp_path / "Ñandú after")
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "Ñandú after"))
    found = runs.open_run("quickstart", made.name)
    assert found.parameters == made.parameters
    assert str(tmp_path) not in (found.folder / "run.json").read_text(encoding="utf-8")


def test_a_workbook_held_for_a_moment_is_written_all_the_same(tmp_path, monkeypatch):
    """A virus scanner lets go after a moment; Windows answers PermissionError until then."""
    refused, real = [], Path.replace

    def held_once(temporary, path):
        if not refused:
            refused.append(path)
            raise PermissionError(13, "used by another process", str(path))
        return real(temporary, path)

    monkeypatch.setattr(Path, "replace", held_once)
    _write_workbook(tmp_path / "rejected.xlsx", [])
    assert refused and [path.name for path in tmp_path.iterdir()] == ["rejected.xlsx"]
