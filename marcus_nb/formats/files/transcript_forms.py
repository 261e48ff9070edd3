"""Which form the lines of a plain-text dialogue have, judged by a sample: when its authors are few and come again."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from marcus_nb.formats import words
from marcus_nb.formats.files import transcript_heads as heads
from marcus_nb.formats.files import transcript_lines as lines
from marcus_nb.formats.files.transcript_lines import Said
from marcus_nb.formats.tables import FormatError

_LEAST_WITH_NAMES = 0.6
# A time before a name, and names such as User and Assistant, are proof enough among long messages.
_LEAST_SURE = 0.02
_LEAST_HEADINGS = 0.2
_MOST_AUTHORS = 0.75
_MOST_AUTHORS_WITH_TIMES = 0.9
_ALL_LINES = 0.9
_ROLE_NAMES = (
    *("user assistant human ai bot agent customer client support system operator visitor guest staff model chatgpt",),
    *("usuario asistente humano agente cliente soporte operador visitante huesped claude",),
    *("q a p r question answer pregunta respuesta instruction response prompt completion",),
)
_ROLES = frozenset(" ".join(_ROLE_NAMES).split())
# A time beside the name leaves no doubt that somebody begins to speak.
_WITH_TIMES = (lines.stamped, lines.bracketed, lines.name_then_time, lines.heading, lines.two_lines)
_WITH_TEXT_BENEATH = (lines.heading, lines.plain, lines.asked, lines.two_lines)
_LETTER = frozenset(["from", "to", "subject", "date", "sent", "cc", "de", "para", "asunto", "fecha", "enviado"])


@dataclass(frozen=True, slots=True)
class Form:
    name: str
    read: Callable[[str], Said | None]
    authors: frozenset[str] | None  # None: whoever is named
    share: str
    first: str
    join: Callable[[Iterable[str]], Iterator[tuple[int, str]]]  # of lines that are read as one; else `enumerate`
    days: bool  # no message has a day: one that stands above them is theirs


def recognise(sample: Sequence[str], file: str) -> Form:
    """The form that most lines have, when its authors are few and come again. Raises FormatError."""
    best: tuple[float, Form] | None = None
    why = ""
    sampled = list(map(unmarked, sample))
    for join, possible in ((enumerate, lines.FORMS), *((join, (form,)) for join, form in lines.TWO_LINES)):
        filled = [line for _, line in join(sampled) if line.strip()]
        filled = [line for line in filled if not _is_separator(line)]
        for name, read in possible:
            said = [found for line in filled if (found := read(line))]
            named = Counter(found.author for found in said if found.author)
            if not named:
                continue
            share = named.total() / len(filled)
            authors = None if read in _WITH_TIMES else _whom(named, share)
            days = not any(heads.day_inside(found.time) or heads.day(found.time) for found in said)
            form = Form(name, read, authors, f"{named.total()} of {len(filled)}", _first(filled, read), join, days)
            problem = _problem(form, said, named, share)
            if problem:
                why = problem if share > 0.1 else why
            # Earlier forms say more of a line: `10:32 Tom: Hi` is also a name with a colon.
            elif best is None or share > 1.5 * best[0]:
                best = (share, form)
        if best:
            return best[1]
    why = why or "no line begins with a name and a colon, or with a time and a name"
    raise FormatError(f"{file}: no dialogue in plain text: {why}. Expected lines such as `Tom: Hello`")


def _first(filled: Sequence[str], read: Callable[[str], Said | None]) -> str:
    return next(line.strip()[:60] for line in filled if (found := read(line)) and found.author)


def are_roles(names: frozenset[str] | None) -> bool:
    """Whether all names are words for roles, User and Assistant or Q and A."""
    return bool(names) and all(words.key(name) in _ROLES for name in names)


def _whom(named: Counter[str], share: float) -> frozenset[str] | None:
    roles = frozenset(name for name in named if words.key(name) in _ROLES)
    if len(roles) >= 2 and sum(named[name] for name in roles) > named.total() / 2:
        return roles
    return None if share >= _ALL_LINES else frozenset(name for name, count in named.items() if count > 1)


def _problem(form: Form, said: Sequence[Said], named: Counter[str], share: float) -> str:
    keys = {words.key(name) for name in named}
    if len(keys & _LETTER) >= 3:
        return f"it looks like letters with heads ({words.listed(sorted(named)[:6])}), not like turns of a chat"
    if form.read is lines.asked and len(keys) < 2:
        return "there are questions or answers, not both"
    roles = are_roles(form.authors)
    sure = roles or (form.read is lines.stamped and any(not found.time.isdigit() for found in said))
    least = _LEAST_SURE if sure else _LEAST_WITH_NAMES
    alone = sum(not found.text.strip() for found in said)
    if form.read in _WITH_TEXT_BENEATH and alone > len(said) / 2:
        least = min(least, _LEAST_HEADINGS)
    if share < least or named.total() < 2:
        return f"only {named.total()} lines begin with {form.name}: less than {least:.0%} of them"
    if len(named) < 2 and form.read is not lines.stamped:
        return f"the only name before a colon is `{next(iter(named))}`"
    most = _MOST_AUTHORS_WITH_TIMES if form.read in _WITH_TIMES else _MOST_AUTHORS
    few = roles or len(named) <= max(most * named.total(), 2)
    return "" if few else f"what stands before the colons are {len(named)} different names, hardly one comes again"


def unmarked(line: str) -> str:
    """A line without its end and the invisible signs at its beginning."""
    return lines.marks_removed(line.rstrip("\r\n"))


def _is_separator(line: str) -> bool:
    return heads.is_rule(line) or heads.title(line) is not None or bool(heads.day(line))
