"""Who is trained on and who is held out: decided by the customer or by the time, never by chance or by the order."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from marcus_nb.clean.records import CleanError, Drop
from marcus_nb.conversation import Conversation
from marcus_nb.parameters.schema import Clean
from marcus_nb.text import comparable, fingerprint

SPLITS = ("train", "validation", "test")
_TELLING = 12  # characters; what is shorter, such as "Hello", is no sign that two conversations are the same
_MOST_UNDATED = 0.05  # share of the conversations that a split by time leaves out before it refuses


def customer_key(conversation: Conversation) -> str | None:
    """The customer's name without its case and spacing, so that "Tom " of one file is "tom" of another."""
    return comparable(conversation.customer or "") or None


def split_key(conversation: Conversation) -> str:
    """What decides the split: the customer, else the longest thing the customers say, else all that is said.

    Never the id or the place in a file, which another export would change; and never the persona's words, of which
    cleaning may take some away as data is added. A talk that goes on stays where it is, and equal questions are on the
    same side.
    """
    key = customer_key(conversation)
    if key is not None:
        return key
    longest = comparable(max(conversation.questions, key=len, default=""))
    if len(longest) >= _TELLING:
        return fingerprint(longest)
    return fingerprint("\n".join(message.content for message in conversation.messages))


def place(conversation: Conversation) -> float:
    """A number from 0 to below 1 that depends on `split_key` alone."""
    digest = hashlib.sha256(split_key(conversation).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48  # 48 bits are exact in a float, so 1.0 cannot come out


def assign(conversation: Conversation, validation_share: float, test_share: float) -> str:
    """`"test"`, `"validation"` or `"train"`. Further data moves nobody."""
    where = place(conversation)
    if where < test_share:
        return "test"
    return "validation" if where < test_share + validation_share else "train"


def split(conversations: Sequence[Conversation], parameters: Clean) -> tuple[dict[str, list[Conversation]], list[Drop]]:
    """The three splits, `{"train": […], "validation": […], "test": […]}`, each in the order that came in; and what had
    to go for it (rule "split_by"), nothing where customers are shared out.

    Raises CleanError when a split is empty, and when times are missing that it needs.
    """
    if parameters.split_by == "time":
        return split_by_time(conversations, parameters.validation_share, parameters.test_share)
    return split_by_customer(conversations, parameters.validation_share, parameters.test_share), []


def split_by_customer(
    conversations: Sequence[Conversation], validation_share: float, test_share: float
) -> dict[str, list[Conversation]]:
    """Each customer's conversations in one split, by `place`."""
    splits: dict[str, list[Conversation]] = {name: [] for name in SPLITS}
    for conversation in conversations:
        splits[assign(conversation, validation_share, test_share)].append(conversation)
    missing = [name for name in SPLITS if not splits[name]]
    if missing:
        people = len({split_key(conversation) for conversation in conversations})
        raise CleanError(
            f"The split leaves nothing for {' and '.join(missing)}: there are {len(conversations)} conversations of "
            f"{people} customers, and whole customers are shared out ({_shares(validation_share, test_share)}).\n"
            f"What to do: add conversations of more customers, or choose {_other_shares(missing)}."
        )
    return splits


def split_by_time(
    conversations: Sequence[Conversation], validation_share: float, test_share: float
) -> tuple[dict[str, list[Conversation]], list[Drop]]:
    """The newest conversations are the test, the next newest validation; and what had to go for it.

    Conversations of the same time stay together, on the side that keeps the shares best. Out of an earlier split go
    the conversations of customers who are in a later one, and out of all those without a time, when they are few. A
    time without a zone is UTC, as 01_ingest writes it. Unlike with customers, further data moves the borders.

    Raises CleanError when more than one in twenty has no time, and when a split is empty.
    """
    times = {conversation.id: _seconds(conversation.time) for conversation in conversations}
    undated = [conversation for conversation in conversations if times[conversation.id] is None]
    if len(undated) > _MOST_UNDATED * len(conversations):
        raise CleanError(
            f"{len(undated)} of {len(conversations)} conversations have no time, the first of them "
            f"{undated[0].origin}, so they cannot be split by time.\n"
            "What to do: set clean.split_by to customer, or have 01_ingest read the column with the times."
        )
    drops = [
        Drop(conversation, "split_by", "it has no time, and the conversations are split by time")
        for conversation in undated
    ]
    counts = Counter(seconds for seconds in times.values() if seconds is not None)
    total = counts.total()
    newest = sorted(counts, reverse=True)
    tested = _newest(newest, counts, test_share * total)
    held_out = tested + _newest(newest[tested:], counts, validation_share * total)
    side = {seconds: "test" if at < tested else "validation" if at < held_out else "train"
            for at, seconds in enumerate(newest)}  # fmt: skip
    splits: dict[str, list[Conversation]] = {name: [] for name in SPLITS}
    for conversation in conversations:
        if (seconds := times[conversation.id]) is not None:
            splits[side[seconds]].append(conversation)
    later: dict[str, tuple[str, Conversation]] = {}
    for name in reversed(SPLITS):
        kept = [conversation for conversation in splits[name] if customer_key(conversation) not in later]
        for conversation in splits[name]:
            if (customer := customer_key(conversation)) in later:
                where, other = later[customer]
                reason = f"its customer talks again later, in a conversation that is in {where}: {other.id}"
                drops.append(Drop(conversation, "split_by", reason, other.id))
        splits[name] = kept
        for conversation in kept:
            if (customer := customer_key(conversation)) is not None:
                later.setdefault(customer, (name, conversation))
    missing = [name for name in SPLITS if not splits[name]]
    if missing:
        regulars = len(drops) - len(undated)
        raise CleanError(
            f"The split by time leaves nothing for {' and '.join(missing)}: there are {total} conversations at "
            f"{len(newest)} different times ({_shares(validation_share, test_share)}), and those of the same time stay "
            f"together; {regulars} went because their customers talk again later.\n"
            f"What to do: set clean.split_by to customer, add conversations of other times and customers, or choose "
            f"{_other_shares(missing)}."
        )
    return splits, drops


def _newest(newest: Sequence[float], counts: Counter[float], wanted: float) -> int:
    """How many of these times to take for about so many conversations: at least one, the more of two equally near."""
    taken, before, at = 0, 0, 0
    while at < len(newest) and taken < wanted:
        before, taken = taken, taken + counts[newest[at]]
        at += 1
    return at - 1 if at > 1 and wanted - before < taken - wanted else at


def _seconds(time: str | None) -> float | None:
    try:
        moment = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _shares(validation_share: float, test_share: float) -> str:
    share = {"validation": validation_share, "test": test_share, "train": 1 - validation_share - test_share}
    return ", ".join(f"{name} {share[name]:.2f}" for name in SPLITS)


def _other_shares(missing: Sequence[str]) -> str:
    larger = " and ".join(f"clean.{name}_share" for name in missing if name != "train")
    return f"a larger {larger}" if larger else "smaller clean.validation_share and clean.test_share"
