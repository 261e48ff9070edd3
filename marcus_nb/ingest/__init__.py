"""01_ingest: `sources` reads them, `account` proves that nothing was lost, `rejects` judges what was rejected,
`groups` and `measure` count what there is, `files` writes."""

from marcus_nb.ingest.account import AccountError, account, check_account
from marcus_nb.ingest.files import write_conversations, write_rejected
from marcus_nb.ingest.measure import counts, duplicates
from marcus_nb.ingest.rejects import TooManyRejectedError, check_rejected
from marcus_nb.ingest.sources import Ingested, read_sources

__all__ = [
    "AccountError",
    "Ingested",
    "TooManyRejectedError",
    "account",
    "check_account",
    "check_rejected",
    "counts",
    "duplicates",
    "read_sources",
    "write_conversations",
    "write_rejected",
]
