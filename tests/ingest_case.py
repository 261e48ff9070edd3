"""What a case of tests/test_ingest_table.py states about one source: the tables, what is said in them, what is left."""

from dataclasses import dataclass, field
from typing import Any

ANY = "whichever"  # a persona speaker or a shape that the case does not settle
R, SA, LO = "rejected", "set_aside", "left_out"


@dataclass(frozen=True)
class T:
    """One table: T("csv", "pairs", 3, [["u: Hi", "a: Aye."]], [(4, R)]) has 3 records, of which line 4 is rejected.

    `said` has a list per conversation, in any order; u is the customer, a the persona. `sheet` is compared when given.
    `count`: how tests/recount.py is to count the records: the name of its function and what it has to be told.
    """

    container: str
    shape: str
    records: int
    said: list[list[str]]
    outcomes: list[tuple[int, str]] = field(default_factory=list)
    persona: str | None = None
    sheet: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class Case:
    """A source below tests/fixtures/ingest, or one that `build` (a function of tests/ingest_books.py) writes."""

    path: str
    tables: list[T]
    count: tuple[str, dict[str, Any]]
    name: str = "Nell"
    source: dict[str, Any] = field(default_factory=dict)
    build: str = ""
    id: str = ""


def exchange(question: str, answer: str) -> list[str]:
    return [f"u: {question}", f"a: {answer}"]
