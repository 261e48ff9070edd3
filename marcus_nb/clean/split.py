"""Who is trained on and who is held out: decided by the customer, never by chance or by the order of the data."""

import hashlib
from collections.abc import Sequence

from marcus_nb.clean.records import CleanError
from marcus_nb.conversation import Conversation
from marcus_nb.text import comparable

SPLITS = ("train", "validation", "test")


def customer_key(conversation: Conversation) -> str | None:
    """The customer's name without its case and spacing, so that "Tom " of one file is "tom" of another."""
    return comparable(conversation.customer or "") or None


def place(conversation: Conversation) -> float:
    """A number from 0 to below 1 that depends on the customer alone, or on the id where there is no customer."""
    key = customer_key(conversation) or conversation.id
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48  # 48 bits are exact in a float, so 1.0 cannot come out


def assign(conversation: Conversation, validation_share: float, test_share: float) -> str:
    """`"test"`, `"validation"` or `"train"`. Further data moves nobody."""
    where = place(conversation)
    if where < test_share:
        return "test"
    return "validation" if where < test_share + validation_share else "train"


def split(
    conversations: Sequence[Conversation], validation_share: float, test_share: float
) -> dict[str, list[Conversation]]:
    """The three splits, `{"train": […], "validation": […], "test": […]}`, each in the order that came in.

    Raises CleanError when one of them is empty.
    """
    splits: dict[str, list[Conversation]] = {name: [] for name in SPLITS}
    for conversation in conversations:
        splits[assign(conversation, validation_share, test_share)].append(conversation)
    missing = [name for name in SPLITS if not splits[name]]
    if missing:
        people = len({customer_key(conversation) or conversation.id for conversation in conversations})
        share = {"validation": validation_share, "test": test_share, "train": 1 - validation_share - test_share}
        shares = ", ".join(f"{name} {share[name]:.2f}" for name in SPLITS)
        larger = " and ".join(f"clean.{name}_share" for name in missing if name != "train")
        change = f"a larger {larger}" if larger else "smaller clean.validation_share and clean.test_share"
        raise CleanError(
            f"The split leaves nothing for {' and '.join(missing)}: there are {len(conversations)} conversations of "
            f"{people} customers, and whole customers are shared out ({shares}).\n"
            f"What to do: add conversations of more customers, or choose {change}."
        )
    return splits
