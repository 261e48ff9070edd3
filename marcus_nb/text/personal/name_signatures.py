"""Names below or behind closing words: "Regards,\\nTom Baker", "Un saludo, Ana"."""

import re
from collections.abc import Iterator

from marcus_nb.text.personal.given_names import GIVEN
from marcus_nb.text.personal.kinds import Span
from marcus_nb.text.personal.name_runs import Run
from marcus_nb.text.personal.name_words import CLOSINGS, FORMAL, TITLE

_FIRST_WORDS = frozenset(closing.split()[0] for closing in CLOSINGS)
_GAP = re.compile(r"[,.:!]? ")


def signed(text: str) -> Iterator[Span]:
    place, closed = 0, False
    for line in text.split("\n"):
        bare = line.strip(" \t>*_-–—")
        if closed and bare:
            closed = False
            start = place + line.index(bare[0])
            title = TITLE.match(text, start)
            run = Run(text, title.end() if title else start)
            if run.words and not run.cut and text[run.end : place + len(line)].strip(" .,!*_)-") == "" and _signs(run):
                yield run.span
        if bare:
            closed = bare.rstrip(" ,.!:;").casefold() in CLOSINGS
            if not closed:
                yield from _signed_in_line(text, place, line)
                closed = _ends_in_closing(line) if place + len(line) < len(text) else False
        place += len(line) + 1


def _ends_in_closing(line: str) -> bool:
    """ "…by Friday. Thanks," closes as well, with the name in the next line."""
    tail = line[-80:].rstrip(" .!,")
    tail = tail[max(tail.rfind(mark) for mark in (". ", "! ", "? ")) + 1 :]
    return tail.strip(" ,.!:;").casefold() in CLOSINGS


def _signed_in_line(text: str, place: int, line: str) -> Iterator[Span]:
    """ "Thanks, Tom" and "… Un saludo, Ana García." at the end of a line."""
    tail = line[-100:]
    begin = place + len(line) - len(tail)
    last = max(tail.rstrip(" .!").rfind(mark) for mark in (". ", "! ", "? ", "\t"))
    segment = tail[last + 1 :]
    begin += last + 1
    words = segment.split()
    if not words or words[0].casefold().rstrip(",.!") not in _FIRST_WORDS:
        yield from _signed_behind(text, place + len(line), tail[: last + 1], begin)
        return
    for match in _GAP.finditer(segment):
        if match[0] == " " and words[0].casefold() not in FORMAL:
            continue
        if segment[: match.start()].strip().casefold() in CLOSINGS:
            title = TITLE.match(text, begin + match.end())
            run = Run(text, title.end() if title else begin + match.end())
            ends = text[run.end : place + len(line)].strip(" .,!*_)") == ""
            if run.words and ends and (run.given or run.somebody):
                yield run.span
                return


def _signed_behind(text: str, line_end: int, before: str, begin: int) -> Iterator[Span]:
    """ "Saludos. Marta Gil": the closing is a sentence of its own."""
    if not before or not _ends_in_closing(before):
        return
    run = Run(text, begin + (text[begin : begin + 1] == " "))
    if run.words and text[run.end : line_end].strip(" .!*_)") == "" and (run.given or run.somebody):
        yield run.span


def _signs(run: Run) -> bool:
    if len(run.words) == 1:
        return run.words[0] in GIVEN
    return run.given or run.words[0] in GIVEN or (len(run.words[0]) == 1 and len(run.words) == 2)
