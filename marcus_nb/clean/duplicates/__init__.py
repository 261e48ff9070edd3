"""Duplicates: conversations that say the same, nearly the same, or answer with the same reply."""

from marcus_nb.clean.duplicates.exact import drop_duplicates
from marcus_nb.clean.duplicates.near import near_duplicate_similarity
from marcus_nb.clean.duplicates.replies import max_same_reply

__all__ = ["drop_duplicates", "max_same_reply", "near_duplicate_similarity"]
