"""The real runner with another first notebook: what tests interrupt, kill and break.

Run as: python tests/drills/runner.py NOTEBOOK smoke --until ingest
"""

import sys
from pathlib import Path

from marcus_nb import __main__ as command_line
from marcus_nb.pipeline import execute

if __name__ == "__main__":
    notebook = Path(sys.argv.pop(1))
    execute.notebook_of = lambda stage: notebook
    command_line.main()
