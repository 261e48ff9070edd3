"""Lists of questions with the answer on the same line: `1. Q: Open? A: Aye.`; each line is a record."""

import re
from array import array
from collections.abc import Sequence
from itertools import islice

from marcus_nb.conversation import Origin
from marcus_nb.formats.files import physical_lines
from marcus_nb.formats.tables import Outcome, RawTable

_SAMPLE_LINES = 5000
_LEAST_SHARE = 0.3  # hardly anything else looks so, and answers may go on for several lines
_NUMBER = r"(?:\d{1,5}\s?[.):]\s?)?"
_LINE = re.compile(
    rf"\s*(?:[-*•]\s)?{_NUMBER}(?:Q|P|Question|Pregunta)\s?\d{{0,5}}\s?[.:)]\s(?P<asked>.*\S)\s"
    r"(?:A|R|Answer|Respuesta)\s?\d{0,5}\s?[.:)]\s(?P<answered>.*\S)",
    re.IGNORECASE,
)


def read_answered_lines(data: bytes, file: str, evidence: Sequence[str]) -> RawTable | None:
    """The columns question and answer of a text (UTF-8) of such lines; None when fewer than three of ten are.

    A line that begins with no question goes on with the answer above it; what stands above the first is set aside.
    """
    sample = [line for line in islice(physical_lines.stream(data), _SAMPLE_LINES) if line.strip()]
    fitting = sum(_LINE.match(line) is not None for line in sample)
    if not sample or fitting < _LEAST_SHARE * len(sample):
        return None
    asked: list[str] = []
    answered: list[str] = []
    first, last = array("q"), array("q")
    outcomes: list[Outcome] = []
    for number, line in enumerate(physical_lines.stream(data), start=1):
        found = _LINE.match(line)
        if found:
            asked.append(found["asked"].strip())
            answered.append(found["answered"].strip())
            first.append(number)
            last.append(number)
        elif line.strip() and not first:
            outcomes.append(
                Outcome(Origin(file, None, (number,)), "above the first message", line.strip(), "set_aside")
            )
        elif line.strip():
            answered[-1] = f"{answered[-1]}\n{line.strip()}"
            last[-1] = number
    lines = physical_lines.Lines(data)
    said = (
        f"transcript: {fitting} of {len(sample)} filled lines are a question and its answer: {sample[0].strip()[:60]}"
    )
    stored = {"question": asked, "answer": answered}
    return RawTable(
        file, None, "transcript", tuple(stored), first, stored.__getitem__,
        lambda place: lines.text(first[place], last[place]), tuple(outcomes), (*evidence, said),
    )  # fmt: skip
