"""How the training is launched: by the notebook, or with the same command by a cluster's own launcher."""

import sys

PARENT = "MARCUS_PARENT"  # environment variable: the process whose end is the child's end


def command(experiment: str, run: str, processes: int = 1, what: str = "training") -> list[str]:
    """`["/usr/bin/python", "-m", "marcus_nb.train", "acme", "draft"]`, or the same under torchrun.

    `what` is "training" or "preflight".
    """
    last = [experiment, run, *([what] if what != "training" else [])]
    if processes == 1:
        return [sys.executable, "-m", "marcus_nb.train", *last]
    # Else torchrun has its processes look for each other under this machine's full name, which many do not know.
    here = ["--standalone", "--local-addr", "127.0.0.1"]
    torchrun = ["torch.distributed.run", *here, "--nproc-per-node", str(processes)]
    return [sys.executable, "-m", *torchrun, "-m", "marcus_nb.train", *last]
