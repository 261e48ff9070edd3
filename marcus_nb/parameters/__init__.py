"""Every parameter: `schema` declares them, `files` reads and saves YAML, `cell` is the notebooks' control panel."""

from marcus_nb.parameters.cell import cell_source, from_cell, reference_table
from marcus_nb.parameters.files import (
    NAME,
    ROOT,
    ParameterError,
    Parameters,
    experiments,
    find,
    load,
    load_saved,
    parse_set,
    save,
)
from marcus_nb.parameters.schema import STAGES, Clean, Evaluate, Ingest, Probe, Shared, Source, Train

__all__ = [
    "NAME",
    "ROOT",
    "STAGES",
    "Clean",
    "Evaluate",
    "Ingest",
    "ParameterError",
    "Parameters",
    "Probe",
    "Shared",
    "Source",
    "Train",
    "cell_source",
    "experiments",
    "find",
    "from_cell",
    "load",
    "load_saved",
    "parse_set",
    "reference_table",
    "save",
]
