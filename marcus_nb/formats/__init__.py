"""Recognise a file (container, encoding, dialect) and what its records mean (shape); say why; be overruled.

`reading` goes from a source to tables: `files/` opens it and hands over records by column (`containers` tries each
kind), `shapes` tells what they mean, by `rows/` (exchanges and logs) or `messages/` (lists of messages), `speakers`
decides who the persona is, over all files of a source, and `building` makes conversations.
"""

from marcus_nb.formats.identifiers import unique
from marcus_nb.formats.reading import paths, read
from marcus_nb.formats.tables import FormatError, Outcome, Sample, Table

__all__ = ["FormatError", "Outcome", "Sample", "Table", "paths", "read", "unique"]
