"""Every source read, all of it in one place."""

from dataclasses import dataclass
from pathlib import Path

from marcus_nb import formats
from marcus_nb.conversation import Conversation
from marcus_nb.formats import Outcome, Table
from marcus_nb.parameters import Ingest


@dataclass(frozen=True)
class Ingested:
    """What all sources gave: their tables, and the conversations and outcomes of all tables in one row.

    `rejected` and `set_aside` are records that became no conversation; `left_out` are parts of records that did.
    """

    tables: tuple[Table, ...]
    conversations: tuple[Conversation, ...]
    rejected: tuple[Outcome, ...]
    set_aside: tuple[Outcome, ...]
    left_out: tuple[Outcome, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All three kinds, what is broken first."""
        return self.rejected + self.set_aside + self.left_out


def gather(tables: list[Table]) -> Ingested:
    return Ingested(
        tables=tuple(tables),
        conversations=tuple(conversation for table in tables for conversation in table.conversations),
        rejected=tuple(outcome for table in tables for outcome in table.rejected),
        set_aside=tuple(outcome for table in tables for outcome in table.set_aside),
        left_out=tuple(outcome for table in tables for outcome in table.left_out),
    )


def read_sources(parameters: Ingest, root: Path, persona_name: str) -> Ingested:
    """Read all sources of the stage's own section of the parameters; ids are unique over all of them.

    Raises FormatError with every source's error. That there is too little to go on with is for `check_rejected` to
    say, after what was rejected has been written where it can be looked at.
    """
    return gather(formats.read(parameters.sources, root, persona_name, parameters.leading_persona_turns))
