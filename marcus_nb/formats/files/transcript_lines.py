"""The forms that a line of a written dialogue can have: where its time and its author stand, and where its text."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_INVISIBLE = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
DATE = (
    r"(?:\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{1,4}\.?"
    r"|\d{1,2}\.?[ -](?:de )?[^\W\d_]{3,10}\.?,?[ -](?:de )?\d{2,4}|[^\W\d_]{3,10}\.? \d{1,2},? \d{4}"
    r"|\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일])"
)
_AT = r"(?:,|\s+(?:at|a las|klo|kl\.?|um|om|alle|às|à|о|в))?"
_HALF = r"(?:\s?(?:[ap]\.?\s?m\b\.?|上午|下午|午前|午後|오전|오후|[صم]))?"
_HALF_BEFORE = r"(?:(?:上午|下午|午前|午後|오전|오후)\s?)?"
_CLOCK = r"(?:[^\W\d_]{1,2}\s?)?\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?(?:[.,]\d{1,6})?" + _HALF + r"(?:Z|\s?[+-]\d{2}:?\d{2})?"
_STAMP = rf"(?:{DATE}{_AT}[\sT]\s?{_CLOCK}|{_CLOCK},?\s{DATE}|{_HALF_BEFORE}\d{{1,2}}:\d{{2}}(?::\d{{2}})?{_HALF})"
# A name begins with a letter and goes on for five words at most; what stands in a sentence is none.
_NAME = r"[^\W\d_][^:：<>\[\](){}\"“”«»?!;,|=\t*]{0,39}"
_BULLET = r"(?:[-*•>]\s+)?(?:\*\*|__)?"
_COLON = r"(?:\*\*|__)?\s?[:：](?:\*\*|__)?(?=\s|$)\s?"


class Said(NamedTuple):
    """What a line says of itself; `author` is "" for a line with a time alone: a phone's own notes."""

    time: str
    author: str
    text: str


_STAMPED = re.compile(rf"(?:[-*•]\s)?(?:[\[(]\s?(?P<a>{_STAMP})\s?[\])]|(?P<b>{_STAMP}))(?P<rest>.*)", re.I | re.S)
_MONTH_FIRST = re.compile(r"[^\W\d_]{3,10}\.? \d")
_BEFORE_STAMP = frozenset("[(-*•")
_AFTER_STAMP = re.compile(r"\s*(?:[-–—]\s|[:,]\s|\s)\s*(?=\S)|\s*$|(?<=[\])])")
# Phones set to Arabic write signs of direction between a date's numbers, its own comma and, some of them, digits.
_ARABIC_HEAD = re.compile(r"[\[(]?[\d\s./:،\u200e\u200f\-صم\])]{6,40}")
_ARABIC = {ord("،"): ","} | dict.fromkeys(map(ord, _INVISIBLE))
# Meetings name the one who is spoken to as well.
_FROM_TO = re.compile(r"(?:From|De|Von|Da|Van)\s+(\S.{0,40}?)\s+(?:to|a|à|para|an|aan)\s+\S.{0,40}", re.I)
_BRACKETED = re.compile(rf"\[([^\[\]]{{1,60}})\]\s?\[\s?({_STAMP})\s?\]\s?(?=\S|$)", re.I)
_STAMPED_NAME = re.compile(
    r"(?:<[@+ ]?([^<>]{1,60})>\s?|((?!https?:)[^:：<>\"“”«»|;\t]{1,60}?)(?:\s?[:：](?:\s|$)|\t))", re.I
)
_NAME_STAMPED = re.compile(
    rf"{_BULLET}(?P<name>{_NAME}?)\s?(?:[-–—,]\s?)?(?:[\[(]\s?(?P<a>{_STAMP})\s?[\])]|(?P<b>{_STAMP})){_COLON}", re.I
)
_HEADING = re.compile(
    rf"{_BULLET}(?P<name>{_NAME}?)(?:\*\*|__)?\s*(?:[-–—,•|]\s?)?(?:[\[(]\s?(?P<a>{_STAMP})\s?[\])]|\s(?P<b>{_STAMP}))\s*$",
    re.I,
)
_ANGLED = re.compile(r"<[@+ ]?([^<>\s][^<>]{0,39})>\s")
_PLAIN = re.compile(rf"{_BULLET}({_NAME}?){_COLON}")
_ASKED = re.compile(
    r"(?:[-*•>#]+\s*)?(?:\*\*)?(?:\d{1,5}\s?[.)]\s{1,4})?(Q|A|P|R|Question|Answer|Pregunta|Respuesta"
    r"|Instruction|Response|Instrucci[oó]n|Prompt|Completion)"
    r"\s?\d{0,5}\s?[.:)](?:\*\*)?(?=\s|$)\s?",
    re.I,
)


def marks_removed(line: str) -> str:
    """Without the invisible signs of writing direction that phones put at the beginning of lines."""
    return line if line.isascii() else line.lstrip(_INVISIBLE).replace("\u202f", " ").replace("\xa0", " ")


def stamped(line: str) -> Said | None:
    """`14/6/25, 9:12 - Tom: Hi`, `[2025-06-14 09:12:33] Tom: Hi`, `[10:32] <Tom> Hi`, `14/6/25, 9:12 - Tom left`."""
    if not line.isascii() and (head := _ARABIC_HEAD.match(line)) and not head[0].isascii():
        line = _western(head[0]) + line[head.end() :]
    first = line[:1]
    likely = first.isdigit() or first in _BEFORE_STAMP or (first.isalpha() and _MONTH_FIRST.match(line))
    found = _STAMPED.match(line) if likely else None
    if not found:
        return None
    time, rest = found["a"] or found["b"], found["rest"]
    gap = _AFTER_STAMP.match(rest)
    if not gap and not found["a"]:
        return None
    rest = rest[gap.end() :].lstrip() if gap else rest
    bare = rest.lstrip(_INVISIBLE + "~ ")
    named = _STAMPED_NAME.match(bare)
    if not named or len((named[1] or named[2]).split()) > 6:
        return Said(time, "", rest)
    name = (named[1] or named[2]).strip(_INVISIBLE + " ~*_")
    if to := _FROM_TO.fullmatch(name):
        name = to[1]
    return Said(time, name, bare[named.end() :])


def _western(head: str) -> str:
    return "".join(str(int(sign)) if sign.isdecimal() else sign for sign in head.translate(_ARABIC))


def bracketed(line: str) -> Said | None:
    """`[Tom] [오후 2:01] Hi`."""
    found = _BRACKETED.match(line)
    return Said(found[2], found[1].strip(), line[found.end() :]) if found else None


def name_then_time(line: str) -> Said | None:
    """`Tom (10:32): Hi`, `Tom [14/06/2025 10:32]: Hi`."""
    found = _NAME_STAMPED.match(line)
    return Said(found["a"] or found["b"], found["name"].strip(), line[found.end() :]) if found else None


def heading(line: str) -> Said | None:
    """`Tom 10:32` or `Tom  [14/06/2025 10:32]` alone, the text beneath it."""
    found = _HEADING.match(line)
    return Said(found["a"] or found["b"], found["name"].strip(" -–—,•|*"), "") if found else None


def angled(line: str) -> Said | None:
    """`<Tom> Hi`."""
    found = _ANGLED.match(line)
    return Said("", found[1].strip(), line[found.end() :]) if found else None


def plain(line: str) -> Said | None:
    """`Tom: Hi`, `- Tom: Hi`, `**User:** Hi`, `Tom:` with the text beneath."""
    found = _PLAIN.match(line)
    if not found or len(found[1].split()) > 5:
        return None
    return Said("", found[1].strip(), line[found.end() :])


def asked(line: str) -> Said | None:
    """`Q: Open?`, `A1. Aye.`, `P: ¿Abren?`, `Respuesta: Sí.`."""
    found = _ASKED.match(line)
    return Said("", found[1], line[found.end() :]) if found else None


_NAME_ALONE = re.compile(_NAME)
_STAMP_ALONE = re.compile(rf"\s*[\[(]?{_STAMP}[\])]?\s*", re.I)
_MOMENT_ALONE = re.compile(rf"\s*[\[(]?({DATE}{_AT}[\sT]\s?{_CLOCK})[\])]?(?:\s\([^()]{{1,60}}\))?\s*", re.I)
_ADDRESS = re.compile(r"\+?\d[\d ()-]{4,20}|[^\s@]{1,40}@[^\s@]{1,60}")
_BETWEEN = "\x1f"


def two_lines(line: str) -> Said | None:
    """A time and, beneath it, a name, the text under both: such pairs of lines as `joined_below` makes one."""
    time, mark, name = line.partition(_BETWEEN)
    return Said(time, name, "") if mark else None


def joined_above(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Each line with its place; a name with nothing but a time beneath it is one line: `Tom 10:32`."""
    return _joined(lines, lambda held, line: f"{held} {line.strip()}" if is_stamp(line) else "", is_name)


def joined_below(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The same for a day and time alone that have the name beneath them."""

    def both(held: str, line: str) -> str:
        name = line.strip()
        said = is_name(name) or (len(name) <= 60 and _ADDRESS.fullmatch(name))
        return f"{_MOMENT_ALONE.fullmatch(held)[1]}{_BETWEEN}{name}" if said else ""

    return _joined(lines, both, lambda line: len(line) <= 120 and _MOMENT_ALONE.fullmatch(line))


def _joined(
    lines: Iterable[str], both: Callable[[str, str], str], is_first: Callable[[str], object]
) -> Iterator[tuple[int, str]]:
    held: tuple[int, str] | None = None
    for place, line in enumerate(lines):
        if held and (one := both(held[1], line)):
            yield held[0], one
            held = None
            continue
        if held:
            yield held
        held = (place, line) if is_first(line) else None
        if not held:
            yield place, line
    if held:
        yield held


def is_name(line: str) -> bool:
    return len(line) <= 60 and bool(_NAME_ALONE.fullmatch(line.strip())) and len(line.split()) <= 5


def is_stamp(line: str) -> bool:
    """Whether a line is a time and nothing else."""
    return len(line) <= 60 and bool(_STAMP_ALONE.fullmatch(line))


FORMS: tuple[tuple[str, Callable[[str], Said | None]], ...] = (
    ("a time and a name", stamped),
    ("a name and a time in brackets", bracketed),
    ("a name and a time", name_then_time),
    ("a name in angle brackets", angled),
    ("question and answer", asked),
    ("a name", plain),
    ("a name and a time on a line of their own", heading),
)
# Two lines that are read as one, when no other form fits.
TWO_LINES = (
    (joined_above, FORMS[-1]),
    (joined_below, ("a time with a name beneath it", two_lines)),
)
