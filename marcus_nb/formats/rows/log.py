"""One row per message, as chat logs are exported: author, text, and a conversation, a channel or only times."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, repeat

import numpy as np

from marcus_nb.formats import speakers, words
from marcus_nb.formats.rows import columns, html
from marcus_nb.formats.rows.log_columns import hidden
from marcus_nb.formats.rows.log_threads import cells, thread_ids
from marcus_nb.formats.tables import FormatError, Outcome, RawTable, Speaker, Thread, Threads
from marcus_nb.formats.times import join, parse_times

GAP_MINUTES = 360
# Without ids and without times there is nothing to tell conversations by: a longer log is cut at each question.
_LONGEST_WITHOUT_TIMES = 40


def read_log(raw: RawTable, parts: dict[str, str], gap_minutes: int, persona_speaker: str) -> Threads:
    """Who said what when, from rows that share an id or follow each other in a channel.

    Sorted by time, then by place in the file; a row without a readable time follows the one before it. Rows of
    machines (SYSTEM, bot) are set aside; rows without author or text are rejected. Raises FormatError when no row
    has both.
    """
    who = cells(raw, parts["author"])
    if "role" in parts:
        who = [name or side for name, side in zip(who, cells(raw, parts["role"]), strict=True)]
    texts = [value if type(value) is str else columns.text(value) for value in raw.column(parts["content"])]
    texts, is_html = html.texts(texts)
    ids, said, are_whole = thread_ids(raw, parts, who)
    outcomes, usable = _unusable(raw, parts, who, texts, ids, persona_speaker)
    if not len(usable):
        raise FormatError(
            f"{raw.name}: no row has both author (`{parts['author']}`) and text (`{parts['content']}`): "
            "say which columns hold them with `columns`, {author: …, content: …}"
        )
    authors, who = _authors(raw, parts, who, usable)
    names, codes = _codes(ids, usable)
    del ids
    times, moments, order_said = _times(raw, parts, usable)
    order = _sorted(codes, times)
    codes, times = codes[order], times[order] if times is not None else None
    named = "conversation" in parts
    customers = cells(raw, parts["customer"]) if "customer" in parts else []
    places = usable[order]
    log = _Log(names if named else [], texts, customers, places, who[order], codes, times if moments else None)
    gap = _gap(are_whole, moments, gap_minutes, len(usable))
    starts = log.starts(gap)
    taking_part, answering = _statistics(who[order], starts)
    if named:
        count = len(names) - ("" in names)
        head = (
            f"row per message: column `{parts['conversation']}` repeats, {count:,} conversations in {len(raw):,} rows"
        )
    elif are_whole:
        head = f"row per message{said}"
    elif not gap:
        split = "each question starts a new conversation" if gap == 0 else "all one conversation"
        head = f"row per message{said}, without conversations and times: {split}"
    else:
        head = f"row per message{said}: a pause of more than {gap / 60:,.0f} minutes starts a new conversation"
    # The columns have said what they have to say; a million cells of time are half of what a large log needs.
    return Threads(
        raw=replace(raw, column=_said_all),
        shape="row_per_message",
        columns=parts,
        speakers=authors,
        threads=log,
        by_record=True,
        conversations=len(starts),
        taking_part=taking_part,
        answering=answering,
        gap_seconds=gap,
        outcomes=tuple(outcomes),
        evidence=(head, order_said, *([html.EVIDENCE] if is_html else [])),
    )


def _said_all(name: str) -> Sequence[str]:
    raise KeyError(f"column {name} is no longer kept: the log has been read")


def _gap(are_whole: bool, moments: bool, gap_minutes: int, rows: int) -> float | None:
    if moments and (gap_minutes or not are_whole):
        return (gap_minutes or GAP_MINUTES) * 60.0
    return None if are_whole or rows <= _LONGEST_WITHOUT_TIMES else 0.0


def _unusable(
    raw: RawTable, parts: Mapping[str, str], who: list[str], texts: list[str], ids: list[str], persona_speaker: str
) -> tuple[list[Outcome], np.ndarray]:
    """What becomes of rows that say nothing in a dialogue, and the places of those that do."""
    named = "conversation" in parts
    machines = _machines(set(who), persona_speaker)
    says = (bool(text) and not text.isspace() for text in texts)
    told = zip(who, says, ids if named else repeat("-"), strict=False)
    found = (bool(author) and said and bool(own) and author not in machines for author, said, own in told)
    usable = np.fromiter(found, bool, len(texts))
    header = (parts["author"], parts["content"])
    notes = hidden(raw, parts["note"]) if "note" in parts else []
    usable &= ~np.array(notes, bool) if notes else True
    again = [place for place in np.flatnonzero(usable).tolist() if who[place] == header[0]]
    usable[[place for place in again if texts[place].strip() == header[1]]] = False
    attached = cells(raw, parts["attachment"]) if "attachment" in parts else []
    outcomes = []
    for place in np.flatnonzero(~usable).tolist():
        filled = columns.filled(raw, place)
        kind = "rejected"
        if len(filled) <= 1:
            reason = f"only {words.listed(filled) or 'nothing'} is filled: no message"
        elif (who[place], texts[place].strip()) == header:
            reason, kind = "the header again", "set_aside"
        elif notes and notes[place]:
            reason, kind = f"internal note: `{parts['note']}` says so", "set_aside"
        elif who[place] in machines:
            reason, kind = f"automatic message by `{who[place]}`", "set_aside"
        elif named and not ids[place]:
            reason = f"no conversation: `{parts['conversation']}` is empty or no text"
        elif not who[place]:
            reason = f"no author: `{parts['author']}` is empty or no text"
        elif attached and attached[place]:
            reason, kind = f"attachment without text: `{parts['attachment']}` is filled", "set_aside"
        else:
            reason = f"no text: `{parts['content']}` is empty or no text"
        outcomes.append(raw.outcome(place, reason, kind))
    return outcomes, np.flatnonzero(usable)


def _machines(names: set[str], persona_speaker: str) -> set[str]:
    """The authors that announce things; but in a log of customers and a bot, the bot is the one who answers."""
    machines = {name for name in names if speakers.is_automatic(name) and words.key(name) != words.key(persona_speaker)}
    people = any(name and name not in machines and not speakers.is_generic(name) for name in names)
    return machines if people else {name for name in machines if speakers.role_word(name) == "system"}


def _authors(
    raw: RawTable, parts: Mapping[str, str], who: list[str], usable: np.ndarray
) -> tuple[tuple[Speaker, ...], np.ndarray]:
    """The speakers, and which of them each usable row's is; a role column or a role word gives them roles."""
    sides = repeat("", len(who))
    if "role" in parts:
        roles = columns.roles_of(raw, parts["role"])
        sides = (roles.get(columns.text(value).strip() or str(value), "") for value in raw.column(parts["role"]))
    elif roles := columns.roles_of(raw, parts["author"]):
        # Only a column of truth values needs this: words that are roles speak for themselves.
        sides = ("" if speakers.role_word(name) else roles.get(name, "") for name in who)
    keys = {name: words.key(name) for name in set(who)}
    codes: dict[tuple[str, str], int] = {}
    pairs = ((keys[name], side) for name, side in zip(who, sides, strict=True))
    found = np.fromiter((codes.setdefault(pair, len(codes)) for pair in pairs), np.int32, len(who))[usable]
    spelling: dict[str, str] = {}
    for name in dict.fromkeys(who):
        spelling.setdefault(keys[name], name)
    # Only those who say something count: the numbers of the others stand for nobody.
    left, found = np.unique(found, return_inverse=True)
    everyone = list(codes)
    authors = [
        Speaker(spelling[known], side or speakers.role_word(known)) for known, side in (everyone[at] for at in left)
    ]
    return tuple(authors), found.astype(np.int32)


def _codes(ids: list[str], usable: np.ndarray) -> tuple[list[str], np.ndarray]:
    if not ids:
        return [""], np.zeros(len(usable), dtype=np.int32)
    codes: dict[str, int] = {}
    found = (codes.setdefault(ids[place], len(codes)) for place in usable)
    found = np.fromiter(found, np.int32, len(usable))
    return list(codes), found


def _times(raw: RawTable, parts: Mapping[str, str], usable: np.ndarray) -> tuple[np.ndarray | None, bool, str]:
    """Numbers to sort by (NaN: unreadable), whether they are moments, and how they were read."""
    if "order" not in parts:
        return None, False, "no column of times: the order of the file counts"
    name = f"`{parts['order']}`"
    values = [value if type(value) is str else columns.text(value) for value in raw.column(parts["order"])]
    if "time" in parts:
        values = list(join(values, [columns.text(value) for value in raw.column(parts["time"])]))
        name += f" and `{parts['time']}`"
    if len(usable) < len(values):
        values = [values[place] for place in usable]
    times, how, moments = parse_times(values)
    return times, moments, f"order {name}: {how}"


def _sorted(codes: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    """Places by thread, then time, then file; a row without a time goes with the one before it in its thread."""
    grouped = np.argsort(codes, kind="stable")
    if times is None:
        return grouped
    filled = _filled_forward(times[grouped], codes[grouped])
    places = np.arange(len(grouped))
    # Of a file that runs backwards the later line of two at one time was said first.
    return grouped[np.lexsort((-places if _runs_backwards(times) else places, filled, codes[grouped]))]


def _runs_backwards(times: np.ndarray) -> bool:
    steps = np.diff(times[~np.isnan(times)])
    return bool(np.any(steps < 0)) and np.count_nonzero(steps > 0) * 10 <= np.count_nonzero(steps < 0)


def _filled_forward(times: np.ndarray, codes: np.ndarray) -> np.ndarray:
    places = np.arange(len(times))
    known = ~np.isnan(times)
    first = np.r_[True, codes[1:] != codes[:-1]]
    last = np.maximum.accumulate(np.where(known | first, places, 0))
    filled = times[last]
    return np.where(np.isnan(filled), -np.inf, filled)


def _statistics(who: np.ndarray, starts: np.ndarray) -> tuple[Counter[int], Counter[int]]:
    """In how many conversations each speaker takes part, and in how many of those somebody else spoke first."""
    piece = np.zeros(len(who), dtype=np.int64)
    piece[starts] = 1
    piece = np.cumsum(piece) - 1
    most = int(who.max()) + 1
    pairs = np.unique(piece * most + who) % most
    taking = np.bincount(pairs, minlength=most)
    begun = np.bincount(who[starts], minlength=most)
    return Counter(dict(enumerate(taking.tolist()))), Counter(dict(enumerate((taking - begun).tolist())))


@dataclass
class _Log:
    """The rows of a log in order, as threads; each thread is made when it is asked for."""

    names: list[str]
    texts: list[str]
    customers: list[str]
    places: np.ndarray
    who: np.ndarray
    codes: np.ndarray
    times: np.ndarray | None

    def starts(self, gap: float | None) -> np.ndarray:
        """Where a thread begins, or a pause longer than `gap` ends."""
        fresh = np.r_[True, self.codes[1:] != self.codes[:-1]]
        if gap and self.times is not None:
            with np.errstate(invalid="ignore"):
                fresh[1:] |= np.diff(self.times) > gap
        return np.flatnonzero(fresh)

    def __iter__(self) -> Iterator[Thread]:
        bounds = [*self.starts(None).tolist(), len(self.places)]
        texts = self.texts
        for start, stop in pairwise(bounds):
            places = self.places[start:stop].tolist()
            times = None
            if self.times is not None:
                times = [None if time != time else time for time in self.times[start:stop].tolist()]
            yield Thread(
                own_id=self.names[self.codes[start]] if self.names else "",
                customer=next((name for place in places if (name := self.customers[place])), None)
                if self.customers
                else None,
                speakers=self.who[start:stop].tolist(),
                texts=[texts[place] for place in places],
                places=places,
                times=times,
            )
