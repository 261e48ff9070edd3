"""Transcripts of calls as subtitles, WebVTT and SubRip: who says what from when, a record for each cue."""

import re
from array import array
from collections import Counter
from collections.abc import Sequence

from marcus_nb.conversation import Origin
from marcus_nb.formats import words
from marcus_nb.formats.files import physical_lines
from marcus_nb.formats.tables import FormatError, Outcome, RawTable

_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_CUE = re.compile(rf"\s*({_CLOCK})\s*-->\s*{_CLOCK}(?:\s.{{0,200}})?\s*")
_BEGINS = re.compile(rb"\s*(?:WEBVTT\b|\d{1,6}\s{1,4}\d{1,3}:\d\d:\d\d,\d{1,3}\s*-->)")
_VOICE = re.compile(r"<v(?:\.[\w.]{1,40})?\s+([^<>]{1,80})>")
_TAG = re.compile(r"</?[\w.:]{1,40}(?:\s[^<>]{0,80})?>")
_NAMED = re.compile(r"([^\W\d_][^:：<>\"“”?!;,]{0,39})[:：]\s")


def are_subtitles(data: bytes) -> bool:
    """Whether a text begins as WebVTT does, or with the number and the time of a first cue."""
    return _BEGINS.match(data[:200]) is not None


def read_subtitles(data: bytes, file: str, evidence: Sequence[str]) -> RawTable:
    """The cues of subtitles (UTF-8) by author, time and message; what belongs to no cue is set aside.

    The name is a voice, `<v Tom>Hi</v>`, or stands before a colon, `Tom: Hi`; a cue without one goes on with the
    speaker above. Raises FormatError when nobody is named.
    """
    stored: dict[str, list[str]] = {"author": [], "time": [], "message": []}
    first, last = array("q"), array("q")
    outcomes: list[Outcome] = []
    author = time = ""
    begun = ended = 0
    cue: list[str] = []
    lines = physical_lines.Lines(data)

    def finish() -> None:
        nonlocal author
        said, named = _said(" ".join(cue))
        author = named or author
        if cue and not (author and said):
            reason = "no text" if author else "nobody is named"
            whole = lines.text(begun, ended)
            outcomes.append(Outcome(Origin(file, None, (begun,)), reason, whole, "set_aside"))
        elif cue:
            for values, value in zip(stored.values(), (author, time, said), strict=True):
                values.append(value)
            first.append(begun)
            last.append(ended)
        cue.clear()

    open_cue = False
    for number, line in enumerate(physical_lines.stream(data), start=1):
        if found := _CUE.fullmatch(line):
            finish()
            begun, time, open_cue = number, found[1].replace(",", "."), True
        elif not line.strip():
            open_cue = False
        elif open_cue:
            if cue and _VOICE.match(line.strip()):
                finish()
                begun = number
            cue.append(line.strip())
            ended = number
    finish()
    authors = Counter(stored["author"])
    if len(authors) < 2:
        raise FormatError(
            f"{file}: subtitles in which {'only one speaker is' if authors else 'nobody is'} named: expected two or "
            "more voices such as `<v Tom>Hello</v>` or `Tom: Hello`: export the transcript with its speakers"
        )
    named = words.listed(name for name, _ in authors.most_common())
    said = (f"subtitles: {len(first)} cues with a time and a speaker", f"{len(authors)} authors: {named}")
    return RawTable(
        file, None, "transcript", tuple(stored), first, stored.__getitem__,
        lambda place: lines.text(first[place], last[place]), tuple(outcomes), (*evidence, *said),
    )  # fmt: skip


def _said(text: str) -> tuple[str, str]:
    """The text without tags, and who says it, "" where it is not told."""
    voice = _VOICE.search(text)
    bare = _TAG.sub("", text).strip()
    if voice:
        return bare, voice[1].strip()
    named = _NAMED.match(bare)
    return (bare[named.end() :].strip(), named[1].strip()) if named and len(named[1].split()) <= 5 else (bare, "")
