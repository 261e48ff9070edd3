"""The forms that a line of a written dialogue can have: where its time and its author stand, and where its text."""

import re
from collections.abc import Callable
from typing import NamedTuple

_INVISIBLE = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_DATE = (
    r"(?:\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{1,4}\.?"
    r"|\d{1,2}\.?[ -](?:de )?[^\W\d_]{3,10}\.?,?[ -](?:de )?\d{2,4}|[^\W\d_]{3,10}\.? \d{1,2},? \d{4})"
)
_HALF = r"(?:\s?(?:[ap]\.?\s?m\b\.?|上午|下午|午前|午後|오전|오후|[صم]))?"
_CLOCK = r"(?:[^\W\d_]{1,2}\s?)?\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?(?:[.,]\d{1,6})?" + _HALF + r"(?:Z|\s?[+-]\d{2}:?\d{2})?"
_STAMP = rf"(?:{_DATE}(?:,|\s+at|\s+a las)?[\sT]\s?{_CLOCK}|{_CLOCK},?\s{_DATE}|\d{{1,2}}:\d{{2}}(?::\d{{2}})?{_HALF})"
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
    r"(?:[-*•>#]+\s*)?(?:\*\*)?(?:\d{1,5}\s?[.)]\s{1,4})?(Q|A|P|R|Question|Answer|Pregunta|Respuesta)"
    r"\s?\d{0,5}\s?[.:)](?:\*\*)?(?=\s|$)\s?",
    re.I,
)


def marks_removed(line: str) -> str:
    """Without the invisible signs of writing direction that phones put at the beginning of lines."""
    return line if line.isascii() else line.lstrip(_INVISIBLE).replace("\u202f", " ").replace("\xa0", " ")


def stamped(line: str) -> Said | None:
    """`14/6/25, 9:12 - Tom: Hi`, `[2025-06-14 09:12:33] Tom: Hi`, `[10:32] <Tom> Hi`, `14/6/25, 9:12 - Tom left`."""
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
    return Said(time, (named[1] or named[2]).strip(_INVISIBLE + " ~*_"), bare[named.end() :])


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
_DAY_ALONE = re.compile(rf"(?:[^\W\d_]{{2,12}},?\s)?({_DATE})(?:,?\s?\(?[^\W\d_]{{1,12}}\.?\)?)?", re.I)
_STAMP_ALONE = re.compile(rf"\s*[\[(]?{_STAMP}[\])]?\s*", re.I)


def is_name(line: str) -> bool:
    return len(line) <= 60 and bool(_NAME_ALONE.fullmatch(line.strip())) and len(line.split()) <= 5


def day(line: str) -> str:
    """The day that a line names and nothing else: `2025/06/14(Sat)`, `lunes, 16/06/2025`; else ""."""
    found = _DAY_ALONE.fullmatch(line.strip("-=*_#~–— \t")) if len(line) <= 60 else None
    return found[1] if found else ""


def is_stamp(line: str) -> bool:
    """Whether a line is a time and nothing else."""
    return len(line) <= 60 and bool(_STAMP_ALONE.fullmatch(line))


FORMS: tuple[tuple[str, Callable[[str], Said | None]], ...] = (
    ("a time and a name", stamped),
    ("a name and a time", name_then_time),
    ("a name in angle brackets", angled),
    ("question and answer", asked),
    ("a name", plain),
    ("a name and a time on a line of their own", heading),
)

_RULE = re.compile(r"\s*([-=*_#~–—])(?:\s?\1){2,}\s*")
_WORD = (
    r"(?:new |nueva? )?(?:conversation|conversaci[oó]n|chat|ticket|case|caso|session|sesi[oó]n|dialog|dialogue"
    r"|di[aá]logo|thread|hilo|transcript|transcripci[oó]n|call|llamada)\b"
)
_ID = r"(?:\s?(?:id|no\.?|nr\.?|n[.ºo°]{0,2}|number|número)?\s?[:#]?\s?(?P<id>[\w-]{0,40}\d[\w-]{0,10}))"
_STATE = r" (?:started|ended|closed|iniciad[oa]|terminad[oa]|finalizad[oa]|cerrad[oa])\b.{0,60}"
_TITLE = re.compile(rf"{_WORD}(?:{_ID}|{_STATE})", re.I)
_BEGUN_OR_ENDED = re.compile(rf"{_WORD}{_STATE}", re.I)
_UNDER_MARKS = re.compile(rf"{_WORD}{_ID}?.{{0,60}}", re.I)
_MARKS = "-=*_#~–— \t"


def is_rule(line: str) -> bool:
    """A line of dashes, equals signs or asterisks."""
    return line[:1] in _MARKS and bool(_RULE.fullmatch(line))


def title(line: str, marked: bool = False) -> str | None:
    """What a line that begins a conversation calls it: `### Ticket 77` → "77", `Chat started` → ""; else None.

    `marked`: a number only with signs before it; among times and names, `Case 12` alone is somebody's word.
    """
    if len(line) > 120:
        return None
    bare = line.strip(_MARKS).rstrip(":")
    if line[:1] in "-=*_#~–—" and line[:2] != "- ":
        found = _UNDER_MARKS.fullmatch(bare)
    else:
        found = (_BEGUN_OR_ENDED if marked else _TITLE).fullmatch(bare)
    return (found.groupdict().get("id") or "") if found else None
