"""What the preflight warns of; what it measures is held against a real training in tests/test_display_train.py."""

import pytest

from marcus_nb.parameters import FEW_CONVERSATIONS, FEW_STEPS
from marcus_nb.train.estimate import FULL_LEARNING_RATE, warnings

FINE = {
    "conversations": FEW_CONVERSATIONS,
    "steps": FEW_STEPS,
    "method": "lora",
    "peak_memory_gb": 2.5,
    "free_memory_gb": 2.5,
    "disk_gb": 0.3,
    "free_disk_gb": 0.3,
}


def test_nothing_is_said_where_nothing_speaks_against_it():
    assert warnings(FINE, 1e-3) == []
    assert warnings(FINE | {"method": "full"}, FULL_LEARNING_RATE) == []


@pytest.mark.parametrize(
    ("changed", "rate", "words", "remedy"),
    [
        ({"conversations": FEW_CONVERSATIONS - 1}, 1e-3, "few conversations to learn from: 49", "bring more"),
        ({"steps": FEW_STEPS - 1}, 1e-3, "few steps: 29", "train.num_train_epochs"),
        ({"method": "full"}, 1e-3, "a learning rate of 0.001 for training every weight", "0.00005"),
        ({"peak_memory_gb": 9.96}, 1e-3, "10.0 GB of memory are needed and 2.5 GB are free", "max_tokens_per_micro"),
        ({"disk_gb": 6.0}, 1e-3, "6.0 GB of disk are needed for checkpoints and 0.3 GB are free", "old runs"),
    ],
)
def test_each_warning_says_what_why_and_what_to_do(changed, rate, words, remedy):
    [said] = warnings(FINE | changed, rate)
    assert words in said["what"]
    assert len(said["why"]) > 30
    assert remedy in said["do"]
