"""Conversations that are nearly the same: candidates by MinHash, then compared word by word."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from marcus_nb.clean.duplicates.best import best, why
from marcus_nb.clean.duplicates.meaning import Talk, same_meaning
from marcus_nb.clean.duplicates.plain import capitalised, numbers, plain
from marcus_nb.clean.duplicates.sketches import buckets, rows_per_band, signatures
from marcus_nb.clean.duplicates.vocabulary import Vocabulary
from marcus_nb.clean.records import Drop, Outcome
from marcus_nb.conversation import Conversation
from marcus_nb.text import similarity

_SHORTEST = 30  # characters: of less, runs of characters say little
_LONGEST = 20_000  # of more, comparing two takes seconds
_IN_BUCKET = 32  # conversations that a bucket keeps in mind, the latest
_COMPARED = 16  # candidates that a conversation is compared with, the nearest
_LENIENT = 0.15  # by so much a signature may err
_MANY = 200_000  # texts remembered


def near_duplicate_similarity(conversations: Sequence[Conversation], limit: float) -> Outcome:
    """Of conversations more alike than `limit` that say the same in spite of typing errors all but the best go.

    Roles, number of turns and all numbers must be the same. Each that is dropped is itself a near-copy of the one that
    stays. With a limit of 1 nothing is dropped. Left to the exact rule are conversations of fewer than 30 characters,
    of which shingles say little, and of more than 20,000.
    """
    if limit >= 1:
        return Outcome()
    search = _Search(conversations, limit)
    search.run()
    drops: dict[int, Drop] = {}
    for places in search.clusters():
        kept = search.keeper(places)
        for place in places:
            if place != kept:
                one, other = conversations[place], conversations[kept]
                reason = f"is nearly the same as {other.id} ({other.origin}), which {why(other, one, search.misspelt)}"
                drops[place] = Drop(one, "near_duplicate_similarity", reason, other.id)
    note = ""
    if search.crowded:
        note = (
            f"{search.crowded:,} conversations resemble so many others that each was compared with its nearest only; "
            "near-copies may be left among them."
        )
    return Outcome(drops=[drops[place] for place in sorted(drops)], note=note)


@dataclass
class _Search:
    conversations: Sequence[Conversation]
    limit: float
    crowded: int = 0
    turns: list[tuple[str, ...]] = field(default_factory=list)  # of each conversation, plain
    same: dict[int, list[int]] = field(default_factory=dict)  # the first with these turns → all, where there are more
    copies: dict[int, list[int]] = field(default_factory=dict)  # a kept one → its near-copies
    _vocabulary: Vocabulary | None = None
    _errors: dict[tuple[str, ...], int] = field(default_factory=dict)
    _place: dict[str, int] = field(default_factory=dict)
    _names: dict[int, frozenset[str]] = field(default_factory=dict)

    def run(self) -> None:
        kinds = self._read()
        places = [place for place, kind in enumerate(kinds) if kind >= 0]
        if len(places) < 2:
            return
        found = signatures([" ".join(self.turns[place]) for place in places])
        among = np.array([kinds[place] for place in places])
        starts, shared = buckets(found, among, rows_per_band(self.limit))
        members: dict[int, list[int]] = {}
        for index in np.flatnonzero(np.diff(starts)).tolist():
            mine = shared[starts[index] : starts[index + 1]].tolist()
            met: dict[int, None] = {}  # in the order of the data's buckets
            full = False
            for bucket in mine:
                others = members.get(bucket)
                if others:
                    met.update(dict.fromkeys(others))
                    full = full or len(others) == _IN_BUCKET
            nearest = self._nearest(found, index, list(met))
            kept = next((other for other in nearest[:_COMPARED] if self.near(places[index], places[other])), None)
            if kept is None:
                self.crowded += len(nearest) > _COMPARED or (full and len(nearest) > 0)
                new = index
            else:
                self.copies.setdefault(places[kept], []).append(places[index])
                new = kept  # what is copied is likely to be copied again: it stays in mind
            for bucket in mine if kept is None else shared[starts[kept] : starts[kept + 1]].tolist():
                others = members.setdefault(bucket, [])
                if new in others:
                    others.remove(new)
                elif len(others) == _IN_BUCKET:
                    del others[0]
                others.append(new)

    def _nearest(self, found: np.ndarray, index: int, met: list[int]) -> list[int]:
        """Those whose signatures agree most, and enough; of equals the one met first."""
        if not met:
            return []
        agree = (found[met] == found[index]).mean(axis=1)
        order = np.argsort(-agree, kind="stable")
        return [met[place] for place in order.tolist() if agree[place] > self.limit - _LENIENT]

    def _read(self) -> list[int]:
        """For each conversation the number of its kind: roles, turns and numbers; -1 where nothing is to compare."""
        remembered: dict[str, str] = {}
        known: dict[tuple[object, ...], int] = {}
        first: dict[tuple[object, ...], int] = {}
        kinds = []
        for place, conversation in enumerate(self.conversations):
            self._place[conversation.id] = place
            turns = []
            for message in conversation.messages:
                text = remembered.get(message.content)
                if text is None:
                    text = plain(message.content)
                    if len(remembered) < _MANY:
                        remembered[message.content] = text
                turns.append(text)
            self.turns.append(tuple(turns))
            whole = " ".join(turns)
            if not _SHORTEST <= len(whole) <= _LONGEST:
                kinds.append(-1)
                continue
            roles = tuple(message.role for message in conversation.messages)
            earlier = first.setdefault((roles, self.turns[-1]), place)
            if earlier != place:
                self.same.setdefault(earlier, [earlier]).append(place)
                kinds.append(-1)
                continue
            key = (roles, tuple(numbers(turn) for turn in turns))
            kinds.append(known.setdefault(key, len(known)))
        alone = Counter(kinds)
        return [kind if alone[kind] > 1 else -1 for kind in kinds]

    @property
    def vocabulary(self) -> Vocabulary:
        if self._vocabulary is None:
            self._vocabulary = Vocabulary(self.turns)
        return self._vocabulary

    def near(self, one: int, two: int) -> bool:
        if self.turns[one] == self.turns[two]:
            return True
        ours, theirs = self._talk(one), self._talk(two)
        if not same_meaning(ours, theirs, self.vocabulary):
            return False
        return similarity(" ".join(ours.turns), " ".join(theirs.turns)) > self.limit

    def _talk(self, place: int) -> Talk:
        if place not in self._names:
            messages = self.conversations[place].messages
            self._names[place] = frozenset(name for message in messages for name in capitalised(message.content))
        return Talk(self.turns[place], self._names[place])

    def misspelt(self, conversation: Conversation) -> int:
        turns = self.turns[self._place[conversation.id]]
        if turns not in self._errors:
            self._errors[turns] = self.vocabulary.misspelt(turns)
        return self._errors[turns]

    def clusters(self) -> list[list[int]]:
        """The kept one and its copies, each cluster in the order of the data."""
        kept = sorted(self.copies.keys() | self.same.keys() - {one for group in self.copies.values() for one in group})
        return [
            sorted({other for one in (place, *self.copies.get(place, ())) for other in self.same.get(one, (one,))})
            for place in kept
        ]

    def keeper(self, places: list[int]) -> int:
        """The best of a cluster where all others are its near-copies too, else the first: all were compared with it."""
        chosen = best([self.conversations[place] for place in places], self.misspelt)
        place = next(place for place in places if self.conversations[place] is chosen)
        return place if all(self.near(place, other) for other in places) else places[0]
