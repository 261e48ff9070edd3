"""The rule that drops conversations in a language that is not the persona's."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from marcus_nb.clean.records import CleanError, Drop, Outcome
from marcus_nb.conversation import Conversation
from marcus_nb.parameters.schema import Clean
from marcus_nb.text.language import ENOUGH_LETTERS, LANGUAGES, passages, plausible_languages

_SURE = 0.9  # probability with which a conversation speaks for a language of the persona's
_FOREIGN = (
    0.5  # probability of another language with which a conversation goes, when none of the persona's is plausible
)
_MOST_LINES = 30  # of a conversation; one in a language of the persona's is enough to keep it
_REMEMBERED = 1_000  # characters; longer passages do not exist but in scripts without blanks
_TWINS = ({"hr", "sr"}, {"id", "ms"}, {"no", "da"})  # too alike in writing to drop one for the other

Languages = Mapping[str, float]


def drop_wrong_language(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """Drop conversations in which what the persona says is in a language that is not one of its own, line for line.

    Its own are those of `parameters.languages`, else those of at least `min_language_share` of the conversations whose
    language is sure. Replies with fewer than 40 letters in all tell no language, and stay; what is not prose
    (addresses, placeholders, code) does not count. Where most conversations are in no language that is known, such as
    Hindi in Latin letters, nothing is dropped. Raises CleanError for a language in `parameters.languages` that is not
    known.

    A drop's reason: `its replies are in French (fr); the persona's are in Spanish and English`.
    """
    own = _named(parameters.languages)
    judge = _judge()
    first = {conversation.id: _first(conversation, judge) for conversation in conversations}
    told = [languages for languages in first.values() if languages]
    short = sum(languages is None for languages in first.values())
    notes = [_too_short(short)] if short else []
    if not own:
        own, found = _frequent(told, parameters.min_language_share)
        if told:
            notes.insert(0, found)
    if not own:
        return Outcome(note=" ".join(notes))
    allowed = own.union(*(twins for twins in _TWINS if twins & own))
    persona = _listed([LANGUAGES[code] for code in sorted(own, key=lambda code: _rank(code, told))])
    drops = []
    foreign: Counter[str] = Counter()
    for conversation in conversations:
        languages = first[conversation.id]
        if languages and _foreign(languages, allowed) and not _own_line(conversation, allowed, judge):
            code = next(iter(languages))
            reason = f"its replies are in {LANGUAGES[code]} ({code}); the persona's are in {persona}"
            drops.append(Drop(conversation, "drop_wrong_language", reason))
            foreign[code] += 1
    if drops:
        gone = _listed([f"{count:,} in {LANGUAGES[code]}" for code, count in foreign.most_common(5)])
        notes.append(f"Dropped: {gone}; a language that the persona speaks after all belongs in clean.languages.")
    return Outcome(drops=drops, note=" ".join(notes))


def _named(codes: Sequence[str]) -> set[str]:
    # es-ES and es_MX are Spanish.
    plain = {code: code.strip().casefold().replace("_", "-").split("-")[0] for code in codes}
    unknown = [code for code, short in plain.items() if short not in LANGUAGES]
    if unknown:
        known = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
        raise CleanError(
            f"clean.languages names {', '.join(map(repr, unknown))}, which is no language that can be told.\n"
            f"What to do: use two letters, such as es or en. Known: {known}."
        )
    return set(plain.values())


def _judge() -> Callable[[str], Languages]:
    known: dict[str, Languages] = {}

    def judge(passage: str) -> Languages:
        found = known.get(passage)
        if found is None:
            found = plausible_languages(passage)
            if len(passage) < _REMEMBERED:
                known[passage] = found
        return found

    return judge


def _first(conversation: Conversation, judge: Callable[[str], Languages]) -> Languages | None:
    """The languages of the first passage; None where there is none; empty where it is in no language."""
    passage = next(passages(conversation.replies), None)
    return None if passage is None else judge(passage)


def _frequent(told: Sequence[Languages], share: float) -> tuple[set[str], str]:
    sure = Counter(code for code, probability in map(_best, told) if probability >= _SURE)
    total = sum(sure.values())
    if total * 2 < len(told):
        return set(), "Most replies are in no language that can be told for sure; no conversation was dropped."
    own = [(code, count) for code, count in sure.most_common() if count >= share * total]
    if not own:
        return set(), "No language has min_language_share of the conversations; no conversation was dropped."
    found = _listed([f"{LANGUAGES[code]} ({_percent(count / total)})" for code, count in own])
    return {code for code, _ in own}, f"The persona's languages: {found} of the conversations that are long enough."


def _foreign(languages: Languages, allowed: set[str]) -> bool:
    return not allowed & languages.keys() and _best(languages)[1] >= _FOREIGN


def _own_line(conversation: Conversation, allowed: set[str], judge: Callable[[str], Languages]) -> bool:
    """Whether a line is most likely in a language of the persona's, as in a mail that says everything twice."""
    lines = islice(passages(conversation.replies, ENOUGH_LETTERS), _MOST_LINES)
    return any(languages and _best(languages)[0] in allowed for languages in map(judge, lines))


def _best(languages: Languages) -> tuple[str, float]:
    return next(iter(languages.items()))


def _rank(code: str, told: Sequence[Languages]) -> tuple[int, str]:
    return -sum(code == next(iter(languages)) for languages in told), code


def _too_short(count: int) -> str:
    if count == 1:
        return "1 conversation is too short to tell its language and was left alone."
    return f"{count:,} conversations are too short to tell their language and were left alone."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "under 1%"
