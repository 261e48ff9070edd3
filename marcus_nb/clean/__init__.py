"""02_clean: `stage` runs the rules in their order, `rules` are they, `split` and `leaks` keep the verdict honest,
`account` counts, proves and writes."""

from marcus_nb.clean.account import check_account, funnel, prove_disjoint, write
from marcus_nb.clean.records import AccountError, Change, Cleaned, CleanError, Drop, LeakError, Step
from marcus_nb.clean.stage import run

__all__ = [
    "AccountError",
    "Change",
    "CleanError",
    "Cleaned",
    "Drop",
    "LeakError",
    "Step",
    "check_account",
    "funnel",
    "prove_disjoint",
    "run",
    "write",
]
