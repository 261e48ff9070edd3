"""Every parameter: `schema` declares them, `files` loads and saves experiments, `cell` is the notebooks' control panel.

`reading` knows YAML and `extends`; `problems` says what is wrong with a parameter, and where.
"""

from marcus_nb.parameters.cell import cell_source, experiment_and_run, from_cell, reference_table
from marcus_nb.parameters.files import (
    NAME,
    ROOT,
    Parameters,
    experiments,
    find,
    load,
    load_saved,
    parameters_of,
    parse_set,
    save,
    source_path,
)
from marcus_nb.parameters.problems import ParameterError
from marcus_nb.parameters.schema import (
    FEW_CONVERSATIONS,
    FEW_STEPS,
    STAGES,
    Clean,
    Evaluate,
    Ingest,
    Probe,
    Shared,
    Source,
    Train,
)

__all__ = [
    "FEW_CONVERSATIONS",
    "FEW_STEPS",
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
    "experiment_and_run",
    "experiments",
    "find",
    "from_cell",
    "load",
    "load_saved",
    "parameters_of",
    "parse_set",
    "reference_table",
    "save",
    "source_path",
]
