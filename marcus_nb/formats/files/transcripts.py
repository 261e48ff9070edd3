"""Dialogues in plain text: WhatsApp exports, chat logs, `Name: text`, questions and answers; many-line messages."""

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, islice

from marcus_nb.conversation import Origin
from marcus_nb.formats import words
from marcus_nb.formats.files import csv_files, phone_notes, physical_lines, subtitles, transcript_forms
from marcus_nb.formats.files import transcript_heads as heads
from marcus_nb.formats.files import transcript_lines as forms
from marcus_nb.formats.files.answered_lines import read_answered_lines
from marcus_nb.formats.files.transcript_lines import Said
from marcus_nb.formats.tables import FormatError, Outcome, RawTable

_SAMPLE_LINES = 5000
_QUESTIONS = frozenset(("q", "p", "question", "pregunta", "instruction", "instruccion", "instrucción", "prompt"))

# Messages of more than one line that are columns of a chat log stand in quotes.
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(slots=True)
class _Message:
    line: int
    said: Said
    conversation: str
    more: list[str] = field(default_factory=list)
    last: int = 0
    tabbed: bool = False

    def is_empty(self) -> bool:
        return not self.said.text.strip() and not any(self.more)


@dataclass(frozen=True, slots=True)
class _Between:
    """A line that belongs to no message if one begins beneath it."""

    line: int
    text: str
    title: str | None
    cuts: bool = True  # a day alone does not


def read_transcript(data: bytes, file: str, evidence: Sequence[str]) -> RawTable:
    """The messages of a dialogue in plain text (UTF-8), a record each, with the first line's number.

    read_transcript(b"Tom: Hi\\nNell: Aye.\\nTom: Bye\\n", "a.txt", []) has three records and the columns author and
    message; conversation and time are there when the file has them. System lines, media and what stands above the
    first message are set aside. Raises FormatError when the text is no dialogue.
    """
    if subtitles.are_subtitles(data):
        return subtitles.read_subtitles(data, file, evidence)
    if fields := csv_files.table_width(data):
        raise FormatError(f"{file}: no dialogue in plain text: a table, each row of which has {fields} fields")
    if (answered := read_answered_lines(data, file, evidence)) is not None:
        return answered
    form = transcript_forms.recognise(list(islice(physical_lines.stream(data), _SAMPLE_LINES)), file)
    reading = _Reading(data, file, form)
    reading.read()
    return reading.table(evidence)


class _Reading:
    """One pass over the lines: each begins a message, goes on with one, separates conversations, or stands alone."""

    def __init__(self, data: bytes, file: str, form: transcript_forms.Form) -> None:
        self.file, self.form = file, form
        self.data, self.lines = data, physical_lines.Lines(data)
        self.columns: dict[str, list[str]] = {"conversation": [], "time": [], "author": [], "message": []}
        self.first, self.last = array("q"), array("q")
        self.outcomes: list[Outcome] = []
        self.message: _Message | None = None
        self.separators = self.edited = self.conversations = self.days = 0
        self.current = self.day = ""
        self.taken: set[str] = set()
        self.waiting: list[_Between] = []

    def read(self) -> None:
        blank_before = True
        lines = map(transcript_forms.unmarked, physical_lines.stream(self.data))
        for place, line in self.form.join(lines):
            number = place + 1
            if not line.strip():
                blank_before = True
                if self.message and not self.waiting:
                    self.message.more.append("")
                continue
            said = None
            if between := self._between(number, line):
                self.waiting.append(between)
            elif said := self._begun(line, blank_before):
                self._start(number, said, "\t" in line[: len(line) - len(said.text)])
            else:
                self._go_on(number, line)
            blank_before = not said and bool(self.waiting)
        self._finish()
        self.separators += len(self.waiting)

    def _between(self, number: int, line: str) -> _Between | None:
        clocks_only = self.form.days
        if clocks_only and heads.day(line) and not (self.message and self.message.is_empty()):
            return _Between(number, line, None, cuts=False)
        marked = self.form.read is forms.stamped and not self.waiting and bool(self.conversations)
        title = heads.title(line, marked, clocks_only)
        if title is not None:
            return _Between(number, line, title)
        titled = any(between.title is not None for between in self.waiting)
        if heads.is_rule(line) or (titled and heads.field(line) and not self.form.read(line)):
            return _Between(number, line, None)
        return None

    def _begun(self, line: str, blank_before: bool) -> Said | None:
        said = self.form.read(line)
        allowed = self.form.authors
        if not said or allowed is None or said.author in allowed:
            return said
        # Somebody who speaks once begins after a blank line; else it is a line with a colon in somebody's message.
        return said if blank_before and not transcript_forms.are_roles(allowed) else None

    def _start(self, number: int, said: Said, tabbed: bool) -> None:
        self._finish()
        asked = self.form.read is forms.asked and words.key(said.author) in _QUESTIONS
        told = [day for between in self.waiting if self.form.days and (day := heads.day_inside(between.text))]
        self.day = f"{told[-1]} " if told else self.day
        self.days += len(told) if said.time else 0
        cutting = [between for between in self.waiting if between.cuts]
        if cutting or not self.conversations or asked:
            self.conversations += 1
            named = [between.title for between in cutting if between.title]
            self.current = named[-1] if named and named[-1] not in self.taken else self._free_number()
            self.taken.add(self.current)
            self.separators += len(cutting)
        self.waiting.clear()
        last = number + (self.form.join is not enumerate)
        if self.day and said.time:
            said = said._replace(time=self.day + said.time)
        self.message = _Message(number, said, self.current, last=last, tabbed=tabbed)

    def _free_number(self) -> str:
        return next(name for n in count(self.conversations) if (name := str(n)) not in self.taken)

    def _go_on(self, number: int, line: str) -> None:
        for between in self.waiting:
            self._add(between.line, between.text)
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
        if message.tabbed and message.more and (found := _QUOTED.fullmatch(text)):
            text = found[1].replace('""', '"')
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
