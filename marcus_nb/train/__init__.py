"""03_train: teach the persona to an adapter, in a child process that talks through files.

`data` renders the splits, `loop` trains (in the child, `python -m marcus_nb.train EXPERIMENT RUN`), `child` starts
and follows it from the notebook.
"""

from marcus_nb.train.child import Training, TrainingFailed, begin, follow, outcome
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
    "plan",
    "reference_chats",
]
