"""What is alive in JupyterLab and static everywhere else."""

import os


def headless() -> bool:
    """Whether a runner executes the notebook: the runner says so, since papermill cannot be told from JupyterLab."""
    return os.environ.get("MARCUS_HEADLESS") == "1"
