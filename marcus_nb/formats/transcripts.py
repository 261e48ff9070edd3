"""Dialogues in plain text: WhatsApp exports, chat logs, `Name: text`, questions and answers; many-line messages."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice

from marcus_nb.conversation import Origin
from marcus_nb.formats import phone_notes, physical_lines, words
from marcus_nb.formats import transcript_lines as forms
from marcus_nb.formats.answered_lines import read_answered_lines
from marcus_nb.formats.tables import FormatError, Outcome, RawTable
from marcus_nb.formats.transcript_lines import Said

_SAMPLE_LINES = 5000
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
    *("q a p r question answer pregunta respuesta",),
)
_ROLES = frozenset(" ".join(_ROLE_NAMES).split())
# A time beside the name leaves no doubt that somebody begins to speak.
_WITH_TIMES = (forms.stamped, forms.name_then_time, forms.heading)
_LETTER = frozenset(["from", "to", "subject", "date", "sent", "cc", "de", "para", "asunto", "fecha", "enviado"])
_QUESTIONS = frozenset(("q", "p", "question", "pregunta"))


@dataclass(slots=True)
class _Message:
    line: int
    said: Said
    conversation: str
    more: list[str] = field(default_factory=list)
    last: int = 0


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    read: Callable[[str], Said | None]
    authors: frozenset[str] | None  # None: whoever is named
    share: str
    first: str
    above: bool  # the name stands alone above the time
    days: bool  # the day stands alone above the messages, which have the time of day


def read_transcript(data: bytes, file: str, evidence: Sequence[str]) -> RawTable:
    """The messages of a dialogue in plain text (UTF-8), a record each, with the first line's number.

    read_transcript(b"Tom: Hi\\nNell: Aye.\\nTom: Bye\\n", "a.txt", []) has three records and the columns author and
    message; conversation and time are there when the file has them. System lines, media and what stands above the
    first message are set aside. Raises FormatError when the text is no dialogue.
    """
    if (answered := read_answered_lines(data, file, evidence)) is not None:
        return answered
    form = _form(list(islice(physical_lines.stream(data), _SAMPLE_LINES)), file)
    reading = _Reading(data, file, form)
    reading.read()
    return reading.table(evidence)


def _form(sample: Sequence[str], file: str) -> _Form:
    """The form that most lines have, when its authors are few and come again."""
    best: tuple[float, _Form] | None = None
    why = ""
    lines = list(map(_plain, sample))
    for above, possible in ((False, forms.FORMS), (True, forms.FORMS[-1:])):
        filled = [line for _, line in (_joined(lines) if above else enumerate(lines)) if line.strip()]
        filled = [line for line in filled if not _is_separator(line)]
        for name, read in possible:
            said = [found for line in filled if (found := read(line))]
            named = Counter(found.author for found in said if found.author)
            if not named:
                continue
            share = named.total() / len(filled)
            authors = None if read in _WITH_TIMES else _whom(named, share)
            days = not any(map(forms.day, (found.time for found in said))) and any(map(forms.day, filled))
            form = _Form(name, read, authors, f"{named.total()} of {len(filled)}", _first(filled, read), above, days)
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


def _joined(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Each line with its place; a name with nothing but a time beneath it is one line: `Tom 10:32`."""
    held: tuple[int, str] | None = None
    for place, line in enumerate(lines):
        if held and forms.is_stamp(line):
            yield held[0], f"{held[1]} {line.strip()}"
            held = None
            continue
        if held:
            yield held
        held = (place, line) if forms.is_name(line) else None
        if not held:
            yield place, line
    if held:
        yield held


def _first(filled: Sequence[str], read: Callable[[str], Said | None]) -> str:
    return next(line.strip()[:60] for line in filled if (found := read(line)) and found.author)


def _whom(named: Counter[str], share: float) -> frozenset[str] | None:
    roles = frozenset(name for name in named if words.key(name) in _ROLES)
    if len(roles) >= 2 and sum(named[name] for name in roles) > named.total() / 2:
        return roles
    return None if share >= _ALL_LINES else frozenset(name for name, count in named.items() if count > 1)


def _problem(form: _Form, said: Sequence[Said], named: Counter[str], share: float) -> str:
    keys = {words.key(name) for name in named}
    if len(keys & _LETTER) >= 3:
        return f"it looks like letters with heads ({words.listed(sorted(named)[:6])}), not like turns of a chat"
    if form.read is forms.asked and len(keys) < 2:
        return "there are questions or answers, not both"
    roles = form.authors is not None and bool(form.authors) and all(words.key(name) in _ROLES for name in form.authors)
    sure = roles or (form.read is forms.stamped and any(not found.time.isdigit() for found in said))
    least = _LEAST_SURE if sure else _LEAST_WITH_NAMES
    alone = sum(not found.text.strip() for found in said)
    if form.read in (forms.heading, forms.plain) and alone > len(said) / 2:
        least = min(least, _LEAST_HEADINGS)
    if share < least or named.total() < 2:
        return f"only {named.total()} lines begin with {form.name}: less than {least:.0%} of them"
    if len(named) < 2 and form.read is not forms.stamped:
        return f"the only name before a colon is `{next(iter(named))}`"
    most = _MOST_AUTHORS_WITH_TIMES if form.read in _WITH_TIMES else _MOST_AUTHORS
    few = roles or len(named) <= max(most * named.total(), 2)
    return "" if few else f"what stands before the colons are {len(named)} different names, hardly one comes again"


def _plain(line: str) -> str:
    return forms.marks_removed(line.rstrip("\r\n"))


def _is_separator(line: str) -> bool:
    return forms.is_rule(line) or forms.title(line) is not None


class _Reading:
    """One pass over the lines: each begins a message, goes on with one, separates conversations, or stands alone."""

    def __init__(self, data: bytes, file: str, form: _Form) -> None:
        self.file, self.form = file, form
        self.data, self.lines = data, physical_lines.Lines(data)
        self.columns: dict[str, list[str]] = {"conversation": [], "time": [], "author": [], "message": []}
        self.first, self.last = array("q"), array("q")
        self.outcomes: list[Outcome] = []
        self.message: _Message | None = None
        self.separators = self.edited = self.conversations = self.days = 0
        self.current = self.day = ""
        self.taken: set[str] = set()
        self.waiting: list[tuple[int, str, str | None]] = []

    def read(self) -> None:
        blank_before = True
        lines = map(_plain, physical_lines.stream(self.data))
        for place, line in _joined(lines) if self.form.above else enumerate(lines):
            number = place + 1
            if not line.strip():
                blank_before = True
                if self.message and not self.waiting:
                    self.message.more.append("")
                continue
            if self.form.days and (day := forms.day(line)):
                self.day = f"{day} "
                self.days += 1
                continue
            name = forms.title(line, self.form.read is forms.stamped)
            said = self._begun(line, blank_before) if name is None else None
            if said:
                self._start(number, said)
            elif name is not None or forms.is_rule(line):
                # A rule inside a message is one only when no message begins beneath it.
                self.waiting.append((number, line, name))
            else:
                self._go_on(number, line)
            blank_before = not said and bool(self.waiting)
        self._finish()
        self.separators += len(self.waiting)

    def _begun(self, line: str, blank_before: bool) -> Said | None:
        said = self.form.read(line)
        allowed = self.form.authors
        if not said or allowed is None or said.author in allowed:
            return said
        # Somebody who speaks once begins after a blank line; else it is a line with a colon in somebody's message.
        roles = all(words.key(name) in _ROLES for name in allowed) and bool(allowed)
        return said if blank_before and not roles else None

    def _start(self, number: int, said: Said) -> None:
        self._finish()
        asked = self.form.read is forms.asked and words.key(said.author) in _QUESTIONS
        if self.waiting or not self.conversations or asked:
            self.conversations += 1
            named = [name for _, _, name in self.waiting if name]
            self.current = named[-1] if named and named[-1] not in self.taken else self._free_number()
            self.taken.add(self.current)
            self.separators += len(self.waiting)
            self.waiting.clear()
        last = number + 1 if self.form.above else number
        if self.day and said.time:
            said = said._replace(time=self.day + said.time)
        self.message = _Message(number, said, self.current, last=last)

    def _free_number(self) -> str:
        return next(name for n in count(self.conversations) if (name := str(n)) not in self.taken)

    def _go_on(self, number: int, line: str) -> None:
        for at, text, _ in self.waiting:
            self._add(at, text)
        self.waiting.clear()
        self._add(number, line)

    def _add(self, number: int, line: str) -> None:
        if self.message:
            self.message.more.append(line)
            self.message.last = number
        else:
            origin = Origin(self.file, None, (number,))
            self.outcomes.append(Outcome(origin, "above the first message", line.strip(), "set_aside"))

    def _finish(self) -> None:
        message, self.message = self.message, None
        if message is None:
            return
        text = "\n".join([message.said.text, *message.more]).strip("\n ")
        reason = "" if message.said.author else "system line"
        if self.form.read is forms.stamped and not reason:
            text, edited = phone_notes.unedited(text)
            self.edited += edited
            text, reason = phone_notes.judged(text)
        if reason:
            whole = self.lines.text(message.line, message.last)
            self.outcomes.append(Outcome(Origin(self.file, None, (message.line,)), reason, whole, "set_aside"))
            return
        self.first.append(message.line)
        self.last.append(message.last)
        parts = (message.conversation, message.said.time, message.said.author, text.strip("\u200e\u200f \n"))
        for values, part in zip(self.columns.values(), parts, strict=True):
            values.append(part)

    def table(self, evidence: Sequence[str]) -> RawTable:
        columns = {
            name: values for name, values in self.columns.items() if name in ("author", "message") or any(values)
        }
        if self.conversations < 2:
            columns.pop("conversation", None)
        authors = Counter(self.columns["author"])
        said = [
            *evidence,
            f"transcript: {self.form.share} filled lines begin with {self.form.name}: {self.form.first}",
            f"{len(authors)} authors: {words.listed(name for name, _ in authors.most_common())}",
        ]
        if "conversation" in columns:
            how = (
                "each question begins one"
                if self.form.read is forms.asked
                else f"separators between them: {self.separators}"
            )
            said.append(f"{self.conversations} conversations: {how}")
        elif self.separators:
            said.append(f"lines of dashes and titles passed over: {self.separators}")
        if self.days:
            said.append(f"lines with the day of the messages beneath: {self.days}")
        if self.edited:
            said.append(f"notes that a message was edited, removed: {self.edited}")
        return RawTable(
            self.file, None, "transcript", tuple(columns), self.first, columns.__getitem__,
            lambda place: self.lines.text(self.first[place], self.last[place]), tuple(self.outcomes), tuple(said),
        )  # fmt: skip
