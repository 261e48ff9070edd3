"""The account: every record of every file has exactly one outcome, and every message knows its records."""

from itertools import chain

import numpy as np
import pandas as pd

from marcus_nb.formats import Table
from marcus_nb.ingest.sources import Ingested

_REPORT = "a fault of this program: please report it with the first lines of the file"


class AccountError(ValueError):
    """Records are not accounted for, counted twice, or messages without records: a fault of this program."""


def account(ingested: Ingested) -> pd.DataFrame:
    """One row per table and the total last: file, sheet, container, shape, records, used, set aside, rejected,
    left out, conversations, messages. `left out` counts parts of used records and stands outside the sum."""
    rows = [
        {
            "file": table.file,
            "sheet": table.sheet or "",
            "container": table.container,
            "shape": table.shape,
            "records": table.records,
            "used": table.used,
            "set aside": len(table.set_aside),
            "rejected": len(table.rejected),
            "left out": len(table.left_out),
            "conversations": len(table.conversations),
            "messages": sum(len(conversation.messages) for conversation in table.conversations),
        }
        for table in ingested.tables
    ]
    frame = pd.DataFrame(rows)
    total = {"file": "total", "sheet": "", "container": "", "shape": ""}
    numbers = {name: int(frame[name].sum()) for name in frame.columns if name not in total}
    return pd.concat([frame, pd.DataFrame([total | numbers])], ignore_index=True)


def check_account(ingested: Ingested) -> None:
    """Assert records == used + set aside + rejected, per table and in total; one outcome for each record; and that
    every message names records of its own conversation.

    Raises AccountError naming the table.
    """
    for table in ingested.tables:
        _balance(table.name, table.records, table.used, len(table.set_aside), len(table.rejected))
        _check_places(table)
        _check_messages(table)
    records, used = sum(table.records for table in ingested.tables), sum(table.used for table in ingested.tables)
    _balance("all sources together", records, used, len(ingested.set_aside), len(ingested.rejected))


def _balance(where: str, records: int, used: int, set_aside: int, rejected: int) -> None:
    found = used + set_aside + rejected
    if records != found:
        raise AccountError(
            f"{where}: {records} records, but {used} used + {set_aside} set aside + {rejected} rejected = {found}: "
            f"{_REPORT}"
        )


def _check_places(table: Table) -> None:
    """One outcome each: the lines in numpy, since a table may have a million records."""
    every = chain(table.conversations, table.rejected, table.set_aside)
    lines = np.fromiter(chain.from_iterable([one.origin.lines for one in every]), dtype=np.int64)
    lines.sort()
    twice = lines[1:][lines[1:] == lines[:-1]]
    if len(twice) or len(lines) != table.records:
        found = f"line {twice[0]} has two outcomes" if len(twice) else f"{len(lines)} of them have an outcome"
        raise AccountError(f"{table.name}: {table.records} records, but {found}: {_REPORT}")


def _check_messages(table: Table) -> None:
    for conversation in table.conversations:
        own = conversation.origin.lines
        known: set[int] = set()
        for message in conversation.messages:
            if message.lines is own and own:
                continue  # the messages of one record share their lines with the conversation
            known = known or set(own)
            if not message.lines or not known.issuperset(message.lines):
                found = f"from lines {', '.join(map(str, message.lines))}" if message.lines else "from no line at all"
                raise AccountError(
                    f"{table.name}: conversation {conversation.id} has a message {found}, which is not among its "
                    f"own: {_REPORT}"
                )
