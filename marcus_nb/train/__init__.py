"""03_train: teach the persona to the model, in a child process that talks through files.

`data` renders the splits, `preflight` measures what the training will take, `loop` trains (both in the child,
`python -m marcus_nb.train EXPERIMENT RUN`), `child` starts and follows it from the notebook.
"""

from marcus_nb.train.child import Training, TrainingFailed, begin, follow, outcome, pause, preflight, stop
from marcus_nb.train.data import Split, TrainError, example, load_splits, plan, reference_chats

__all__ = [
    "Split",
    "TrainError",
    "Training",
    "TrainingFailed",
    "begin",
    "example",
    "follow",
    "load_splits",
    "outcome",
    "pause",
    "plan",
    "preflight",
    "reference_chats",
    "stop",
]
