"""What a person reads afterwards: one page for each run, and one that lists all runs.

`write(run)` makes `outputs/acme/<run>/report.html`, `write_index()` makes `outputs/index.html`. Both are one file each,
which needs no network, no server and no script to be read.
"""

from marcus_nb.pipeline.report.index import write_index
from marcus_nb.pipeline.report.whole import NAME, write

__all__ = ["NAME", "write", "write_index"]
