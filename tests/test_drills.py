"""The slow drills that are scripts of their own, run under `test --all`."""

import subprocess
import sys

import pytest

from marcus_nb.parameters import ROOT


@pytest.mark.slow
def test_windows_launcher_under_wine():
    """Passes with a word where there is no wine; prints its table of what was run and what came out."""
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "drills" / "wine.py"], capture_output=True, encoding="utf-8", check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
