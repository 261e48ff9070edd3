"""02_clean: `stage` runs the `rules` in their `order` and keeps their `history`, `split` and `leaks` keep the verdict
honest, `tokens` sees with the model's eyes, `proof` and `account` check, count and write."""

from marcus_nb.clean.account import check_account, funnel, write
from marcus_nb.clean.cleaned import Cleaned
from marcus_nb.clean.proof import prove_disjoint
from marcus_nb.clean.records import AccountError, Change, CleanError, Drop, LeakError, Step
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
