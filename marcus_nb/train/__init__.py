"""03_train: teach the persona to the model, in a child process that talks through files.

`data` renders the splits, `trial` measures what the training will take, `loop` trains (both in the child,
`python -m marcus_nb.train EXPERIMENT RUN`), `child` starts and follows it from the notebook, `estimate` says what other
parameters would take.
"""

from marcus_nb.train.at_work import busy, measuring
from marcus_nb.train.child import (
    Training,
    TrainingFailed,
    begin,
    follow,
    give_up,
    go_on,
    last_measured,
    measure,
    measured,
    outcome,
    pause,
    preflight,
    stop,
    superseded,
)
from marcus_nb.train.data import Split, TrainError, example, load_splits, plan, reference_chats
from marcus_nb.train.estimate import estimated, measured_alike

__all__ = [
    "Split",
    "TrainError",
    "Training",
    "TrainingFailed",
    "begin",
    "busy",
    "estimated",
    "example",
    "follow",
    "give_up",
    "go_on",
    "last_measured",
    "load_splits",
    "measure",
    "measured",
    "measured_alike",
    "measuring",
    "outcome",
    "pause",
    "plan",
    "preflight",
    "reference_chats",
    "stop",
    "superseded",
]
