"""Lines between the conversations of a text: rules, titles, days, and the heads of a session with what they tell."""

import re

from marcus_nb.formats.files.transcript_lines import DATE

_RULE = re.compile(r"\s*([-=*_#~–—])(?:\s?\1){2,}\s*")
_WORD = (
    r"(?:new |nueva? )?(?:conversation|conversaci[oó]n|chat|ticket|case|caso|session|sesi[oó]n|dialog|dialogue"
    r"|di[aá]logo|thread|hilo|transcript|transcripci[oó]n|call|llamada)(?: transcript| session| log)?\b"
)
_ID = r"(?:\s?(?:id|no\.?|nr\.?|n[.ºo°]{0,2}|number|número)?\s?[:#]?\s?(?P<id>[\w-]{0,40}\d[\w-]{0,10}))"
_STATE = r" (?:started|ended|closed|iniciad[oa]|terminad[oa]|finalizad[oa]|cerrad[oa])\b.{0,60}"
_TITLE = re.compile(rf"{_WORD}(?:{_ID}|{_STATE})", re.I)
_NUMBERED = re.compile(rf"{_WORD}{_ID}(?=[\s,:;–—-]|$)", re.I)
_BEGUN_OR_ENDED = re.compile(rf"{_WORD}{_STATE}", re.I)
_UNDER_MARKS = re.compile(rf"{_WORD}{_ID}?.{{0,60}}", re.I)
_SESSION = re.compile(_WORD, re.I)
_MARKS = "-=*_#~–— \t"
_LONGEST = 120

_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s)?"
_DAY_ALONE = re.compile(rf"{_WEEKDAY}({DATE})(?:,?\s?\(?[^\W\d_]{{1,12}}\.?\)?)?", re.I)
# Tue Mar 04 09:04:11 2025, Wed Mar 05 2025
_UNIX_DAY = re.compile(r"\b([^\W\d_]{3})\s{1,2}(\d{1,2})(?:\s\d{1,2}:\d{2}:\d{2})?,?\s(\d{4})\b")
_FULL_DAY = re.compile(
    r"(?<![\w.:/-])(?:\d{4}[./-]\s?\d{1,2}[./-]\s?\d{1,2}|\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{4}"
    r"|\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]"
    r"|\d{1,2}\.?[ -](?:de )?[^\W\d_]{3,10}\.?,?[ -](?:de )?\d{4}|[^\W\d_]{3,10}\.? \d{1,2},? \d{4})(?![\w/-])"
)
_SHORT_DAY = re.compile(r"(?<![\w.:/-])\d{1,2}[./-]\d{1,2}[./-]\d{2}(?![\w/-])")
_MARKED = re.compile(r"([-=*#~–—])\1\1")
_FIELD = re.compile(r"[^\W\d_][^:：<>\[\]\"“”?!;,]{0,30}[:：]\s.{0,160}")


def is_rule(line: str) -> bool:
    """A line of dashes, equals signs or asterisks."""
    return line[:1] in _MARKS and bool(_RULE.fullmatch(line))


def title(line: str, marked: bool = False, dated: bool = False) -> str | None:
    """What a line that begins a conversation calls it: `### Ticket 77` → "77", `Chat started` → ""; else None.

    `marked`: a number only with signs before it; among times and names, `Case 12` alone is somebody's word.
    `dated`: a day may make one: `Conversation 12 — March 4, 2025` → "12", `Session Start: Tue Mar 04 09:04:11 2025`.
    """
    if len(line) > _LONGEST:
        return None
    bare = line.strip(_MARKS).rstrip(":")
    if line[:1] in "-=*_#~–—" and line[:2] != "- ":
        found = _UNDER_MARKS.fullmatch(bare)
    else:
        found = (_BEGUN_OR_ENDED if marked else _TITLE).fullmatch(bare)
    if found:
        return found.groupdict().get("id") or ""
    if not dated or not _SESSION.match(bare) or not day_inside(bare):
        return None
    numbered = _NUMBERED.match(bare)
    return numbered["id"] if numbered and not _FULL_DAY.match(numbered["id"]) else ""


def field(line: str) -> bool:
    """Whether a line tells something of a conversation beneath its title: `Visitor: Tom`, `Page: https://…`."""
    return len(line) <= 200 and bool(_FIELD.fullmatch(line.strip()))


def day(line: str) -> str:
    """The day that a line names and nothing else: `2025/06/14(Sat)`, `lunes, 16/06/2025`; else "".

    Under signs other words may stand beside it: `--- Day changed Wed Mar 05 2025` → "Mar 05 2025".
    """
    if len(line) > _LONGEST:
        return ""
    bare = line.strip(_MARKS)
    if len(bare) <= 60 and (found := _DAY_ALONE.fullmatch(bare)):
        return found[1]
    return day_inside(bare) if _MARKED.match(line) else ""


def day_inside(text: str) -> str:
    """The first full day in a text: `Conversation with Tom at Tue 04 Mar 2025 09:04` → "04 Mar 2025"; else ""."""
    if found := _UNIX_DAY.search(text):
        return f"{found[1]} {found[2]} {found[3]}"
    if found := _FULL_DAY.search(text):
        return found[0]
    found = _SHORT_DAY.search(text)
    return found[0] if found else ""
