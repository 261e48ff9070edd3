"""Recognise a file (container, encoding, dialect) and what its records mean (shape); say why; be overruled.

`encodings` → `csv_files` `excel` `json_files` (with `header`) → `shapes`: `exchanges` `nested` `log` → `reading`
"""

from marcus_nb.formats.identifiers import unique
from marcus_nb.formats.reading import read
from marcus_nb.formats.tables import FormatError, Outcome, Table

__all__ = ["FormatError", "Outcome", "Table", "read", "unique"]
