"""Recognise a file (container, encoding, dialect) and what its records mean (shape); say why; be overruled.

`opening` → `containers` (`encodings`, `csv_files`, `header`, `transcripts`, `values`, `workbooks`) → `shapes`
(`exchanges`, `nested`, `log`) → `speakers`, `building` → `reading`
"""

from marcus_nb.formats.identifiers import unique
from marcus_nb.formats.reading import paths, read
from marcus_nb.formats.tables import FormatError, Outcome, Sample, Table

__all__ = ["FormatError", "Outcome", "Sample", "Table", "paths", "read", "unique"]
