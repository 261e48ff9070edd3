"""Threads in the order of their times; which of them are channels that hold many conversations; who takes part."""

import statistics
from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

from marcus_nb.formats import words
from marcus_nb.formats.messages.chat_texts import is_doubly_encoded, repaired
from marcus_nb.formats.tables import Outcome, RawTable, Speaker, Thread, Threads
from marcus_nb.formats.times import parse_times

GAP_MINUTES = 360
_LONG = 60  # messages in the median of what can only be a channel


def put_in_order(threads: Sequence[Thread], stamps: Sequence[list[Any]], sorting: str) -> tuple[str, bool]:
    """Sort the messages of each thread by time, and keep the times where they are moments.

    `sorting`: "always"; "newest", only where all are newest first (training data is in order); "never" (trees are).

    `stamps` are the times as the file writes them, by thread; an empty list for a thread without. Returns how they were
    read ("" without any) and whether they are moments.
    """
    if all(stamp is None for stamp in chain.from_iterable(stamps)):
        return "", False
    written = [_written(stamp) for own in stamps for stamp in own]
    times, said, moments = parse_times(written)
    times = times.tolist()
    start = 0
    for thread, own in zip(threads, stamps, strict=True):
        mine = times[start : start + len(own)]
        start += len(own)
        known = [time for time in mine if time == time]
        if not known:
            continue
        order = list(range(len(mine)))
        is_falling = known[-1] < known[0] and all(later <= earlier for earlier, later in pairwise(known))
        if (sorting == "always" and known[-1] < known[0]) or (sorting == "newest" and is_falling):
            order.reverse()  # newest first; those of one second stay in order too
        if sorting == "always":
            keys, before = {}, float("-inf")
            for at in order:
                before = mine[at] if mine[at] == mine[at] else before
                keys[at] = before
            order.sort(key=keys.__getitem__)
        if order != list(range(len(mine))):
            thread.speakers = [thread.speakers[at] for at in order]
            thread.texts = [thread.texts[at] for at in order]
            thread.places = [thread.places[at] for at in order]
            if thread.weights:
                thread.weights = {new: thread.weights[at] for new, at in enumerate(order) if at in thread.weights}
        if moments:
            thread.times = [mine[at] if mine[at] == mine[at] else None for at in order]
    return said, moments


def are_channels(threads: Sequence[Thread], speakers: Sequence[Speaker], is_only: bool, is_platform: bool) -> bool:
    """Whether lists of messages are channels: people talk there, at known times, and longer than one conversation."""
    lengths = [len(thread.texts) for thread in threads]
    if not lengths or any(speaker.role in ("user", "assistant") for speaker in speakers):
        return False
    timed = sum(time is not None for thread in threads for time in thread.times or ())
    if timed < 0.9 * sum(lengths):
        return False
    return is_only or is_platform or statistics.median(lengths) > _LONG


def statistics_of(threads: Sequence[Thread], gap: float | None) -> tuple[int, Counter[int], Counter[int]]:
    """How many conversations there are when they are cut at pauses; who takes part in, and who answers, how many."""
    uncut = [thread.speakers for thread in threads if not gap or thread.times is None]
    patterns = Counter(map(tuple, uncut))
    for thread in threads if gap else ():
        if thread.times is None:
            continue
        start, before = 0, None
        for at, time in enumerate(thread.times):
            if time is not None:
                if before is not None and time - before > gap:
                    patterns[tuple(thread.speakers[start:at])] += 1
                    start = at
                before = time
        patterns[tuple(thread.speakers[start:])] += 1
    taking_part: Counter[int] = Counter()
    answering: Counter[int] = Counter()
    for speakers, count in patterns.items():
        for who in sorted(set(speakers)):
            taking_part[who] += count
            if who != speakers[0]:
                answering[who] += count
    return sum(patterns.values()), taking_part, answering


def as_threads(
    raw: RawTable,
    shape: str,
    parts: dict[str, str],
    gap_minutes: int,
    speakers: Sequence[Speaker],
    threads: list[Thread],
    stamps: list[list[Any]],
    outcomes: list[Outcome],
    evidence: list[str],
    is_platform: bool,
    sorting: str,
) -> Threads:
    """What was said record by record as threads in order; channels are given a pause to be cut at."""
    texts = chain.from_iterable(thread.texts for thread in threads)
    if is_doubly_encoded(chain(texts, (who.name for who in speakers))):
        evidence.append("doubly encoded letters (Informaci\u00c3\u00b3n) repaired in all texts and names")
        speakers = [Speaker(repaired(who.name), who.role) for who in speakers]
        for thread in threads:
            thread.texts = [repaired(text) for text in thread.texts]
            thread.customer = repaired(thread.customer) if thread.customer else thread.customer
    how, moments = put_in_order(threads, stamps, sorting)
    if how:
        evidence.append(f"order: {how}")
    gap = None
    if moments and (gap_minutes or are_channels(threads, speakers, len(raw) == 1, is_platform)):
        gap = (gap_minutes or GAP_MINUTES) * 60.0
        evidence.append(f"channels rather than conversations: cut at pauses of more than {gap / 60:,.0f} minutes")
        said = {words.key(who.name) for who in speakers}
        for thread in threads:
            # A channel's name is nobody's.
            thread.customer = thread.customer if thread.customer and words.key(thread.customer) in said else None
    count, taking_part, answering = statistics_of(threads, gap)
    return Threads(
        raw=raw,
        shape=shape,
        columns=parts,
        speakers=tuple(speakers),
        threads=threads,
        by_record=False,
        conversations=count,
        taking_part=taking_part,
        answering=answering,
        gap_seconds=gap,
        outcomes=tuple(outcomes),
        evidence=tuple(evidence),
    )


def _written(stamp: Any) -> str:
    if isinstance(stamp, str):
        return stamp
    return str(stamp) if isinstance(stamp, int | float) and not isinstance(stamp, bool) else ""
