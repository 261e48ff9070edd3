"""What a person types to start Marcus, for messages that tell how to go on."""

import os
import shlex
import subprocess

# With a dot: PowerShell starts nothing of the current folder without one, and cmd takes both.
LAUNCHER = ".\\run_all.bat" if os.name == "nt" else "./run_all.sh"


def to_type(*words: str) -> str:
    """A line for this system's terminal: `to_type("acme", "--resume")` → `"./run_all.sh acme --resume"`."""
    return f"{LAUNCHER} {subprocess.list2cmdline(words) if os.name == 'nt' else shlex.join(words)}"
