"""What of a run would tell, when it is shown or shared, of the person and the machine that made it."""

import getpass
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from marcus_nb.parameters import ROOT
from marcus_nb.runs.folder import Run, outputs_root

# What people show and pass on; the conversations themselves (ingest/, clean/, samples.jsonl) are their owner's only.
SHARED = (
    *("*.ipynb", "report.html", "run.json", "parameters.yaml", "log.txt", "*/record.json", "*/log.txt"),
    *("train/*.json", "train/*.jsonl", "evaluate/results.json", "evaluate/measures.csv", "evaluate/server.log"),
    *("model/*.md", "model/*.json", "model/Modelfile", "model/adapter/*.json", "train/adapter/*.json"),
)
_EVERYDAY = {"root", "user", "users", "admin", "administrator", "home", "guest", "runner", "ubuntu", "localhost"}
_SHORTEST = 4  # letters: a shorter name would be found in everything
_TOKENS = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{30,}|sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,}"
    r"|AKIA[A-Z0-9]{16}|xox[bp]-[\w-]{20,}|glpat-[\w-]{20,}|AIza[\w-]{35})|\b[Bb]earer\s+[A-Za-z0-9._~+/-]{20,}"
)


@dataclass(frozen=True)
class Finding:
    """`Finding("04_evaluate.ipynb", 210, "your user name")`; never the thing itself."""

    file: str
    line: int
    what: str


def scan(run: Run) -> list[Finding]:
    """What the files of a run that are shown or shared tell; each line at most once of each kind."""
    telling = [(what, pattern) for what, pattern in _telling(run)]
    found = []
    for path in sorted({path for pattern in SHARED for path in run.folder.glob(pattern) if path.is_file()}):
        text = path.read_text(encoding="utf-8", errors="replace")
        for what, pattern in telling:
            lines = dict.fromkeys(text.count("\n", 0, hit.start()) + 1 for hit in pattern.finditer(text))
            found += [Finding(run.relative(path), line, what) for line in lines]
    return found


def _telling(run: Run) -> Iterator[tuple[str, re.Pattern[str]]]:
    yield "a password or token", _TOKENS
    folders = {
        "your home folder": str(Path.home()),
        "the folder of this project": str(ROOT),
        "the folder of the runs": str(outputs_root()),
    }
    for source in (*run.parameters.ingest.sources, *run.parameters.evaluate.contrast_sources):
        written = source.path.replace("\\", "/")
        if Path(source.path).is_absolute() or re.match(r"[A-Za-z]:/", written):
            folders[f"the folder of {written.rpartition('/')[2]}"] = source.path[: len(written.rpartition("/")[0])]
    for what, folder in folders.items():
        if len(Path(folder).parts) > 1 and len(folder) > _SHORTEST:
            yield what, _path(folder)
    names = {"your user name": _user(), "your user name (of the home folder)": Path.home().name}
    names["this machine's name"] = socket.gethostname().partition(".")[0]
    for what, name in names.items():
        if len(name) >= _SHORTEST and name.lower() not in _EVERYDAY:
            yield what, re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")


def _path(folder: str) -> re.Pattern[str]:
    """A folder however it is written: with either slash, and with those of Windows doubled, as JSON does."""
    parts = re.split(r"[\\/]+", folder)
    return re.compile(r"(?:/|\\{1,4})".join(map(re.escape, parts)) + r"(?![\w-])")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return ""
