"""02_clean: `stage` runs the `rules` in their `order`, choices `by_hand` first, and keeps their `history`, `split` and
`leaks` keep the verdict honest, `tokens` sees with the model's eyes, `proof` and `account` check, count and write."""

from marcus_nb.clean.account import check_account, funnel, write
from marcus_nb.clean.by_hand import Choice, by_hand, read_choices, write_choices
from marcus_nb.clean.cleaned import Cleaned
from marcus_nb.clean.proof import prove_disjoint
from marcus_nb.clean.records import AccountError, Change, CleanError, Drop, LeakError, Step
from marcus_nb.clean.stage import run

__all__ = [
    "AccountError",
    "Change",
    "Choice",
    "CleanError",
    "Cleaned",
    "Drop",
    "LeakError",
    "Step",
    "by_hand",
    "check_account",
    "funnel",
    "prove_disjoint",
    "read_choices",
    "run",
    "write",
    "write_choices",
]
