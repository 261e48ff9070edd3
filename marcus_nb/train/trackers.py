"""Trackers such as TensorBoard, which transformers tells everything measured (`train.report_to`)."""

import os
from collections.abc import Sequence
from pathlib import Path

from transformers.integrations import get_available_reporting_integrations
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from marcus_nb.train.data import TrainError


def set_up(names: Sequence[str], folder: Path) -> None:
    """Have TensorBoard write into `folder`, and make sure that every tracker can be told.

    Raises TrainError before any training for one that transformers does not know or that is not installed.
    """
    for name in names:
        if name not in INTEGRATION_TO_CALLBACK:
            raise TrainError(
                f"train.report_to: {name} is no tracker that transformers knows.\n"
                f"It knows {', '.join(sorted(INTEGRATION_TO_CALLBACK))}; [] tells none."
            )
        if name not in get_available_reporting_integrations():
            raise TrainError(
                f"train.report_to: {name} is not installed here: install its Python package (mostly pip install "
                f"{name}), or take it out of the list."
            )
    if names:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(folder)
