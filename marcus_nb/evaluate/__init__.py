"""04_evaluate: did the model acquire the personality? Measure, claim with intervals, judge, deploy.

`measure` asks the models, `claims` turns figures into a verdict, `deploy` writes what one deploys and proves that it
behaves outside as it did inside.
"""

from marcus_nb.evaluate.claims import (
    ACQUIRED,
    INCONCLUSIVE,
    NOT_ACQUIRED,
    Claim,
    Verdict,
    bootstrap_mean,
    judge,
)
from marcus_nb.evaluate.deploy import DeployError, check_outside, publish
from marcus_nb.evaluate.measure import (
    EvaluateError,
    Judged,
    contrast_replies,
    load_judged,
    losses,
    probe_answers,
    read_test,
    side_by_side,
)
from marcus_nb.evaluate.write import headline, write

__all__ = [
    "ACQUIRED",
    "INCONCLUSIVE",
    "NOT_ACQUIRED",
    "Claim",
    "DeployError",
    "EvaluateError",
    "Judged",
    "Verdict",
    "bootstrap_mean",
    "check_outside",
    "contrast_replies",
    "headline",
    "judge",
    "load_judged",
    "losses",
    "probe_answers",
    "publish",
    "read_test",
    "side_by_side",
    "write",
]
