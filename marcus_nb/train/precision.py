"""In which precision a run trains: probed once, then kept with the run."""

import torch

from marcus_nb import models
from marcus_nb.runs import Run, Stage, provenance, read_json, write_json


def precision(stage: Stage) -> tuple[torch.dtype, str]:
    """The precision and why it is the one: `(torch.bfloat16, "1.4 times as fast here")`.

    It is kept in `train/precision.json`: a training that goes on must compute as it did before.
    """
    path, wanted = stage.folder / "precision.json", stage.parameters.train.dtype
    if wanted != "auto" or not path.is_file():
        kept = _precision_of_original(stage.run) if wanted == "auto" else None
        if kept is None:
            dtype, why = models.pick_dtype(wanted)
            kept = {"dtype": str(dtype).removeprefix("torch."), "why": why}
        write_json(path, kept)
    kept = read_json(path)
    return getattr(torch, kept["dtype"]), kept["why"]


def _precision_of_original(run: Run) -> dict[str, str] | None:
    """What was probed for the run that this one makes again, on the same kind of machine: another load at the moment
    of the probe must not make another model."""
    name = read_json(run.folder / "run.json").get("reproduces")
    folder = run.folder.parent / str(name) / "train"
    if not name or not (folder / "precision.json").is_file() or not (folder / "record.json").is_file():
        return None
    same = read_json(folder / "record.json")["hardware"] == provenance.hardware()
    return read_json(folder / "precision.json") if same else None
