"""`python trl_default.py RUN FOLDER WARM_UP`: TRL as it comes: bf16, gradient checkpointing, loss on every token."""

import sys
from pathlib import Path

from sft import train

if __name__ == "__main__":
    train(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
