"""What of a run would tell, when it is shown or shared, of the person and the machine that made it."""

import getpass
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from marcus_nb.parameters import ROOT
from marcus_nb.runs.folder import Run, outputs_root, update
from marcus_nb.runs.folders import pattern
from marcus_nb.text.personal.allowing import allowed
from marcus_nb.text.personal.emails import emails
from marcus_nb.text.personal.kinds import Found

# They hold people's own words, or what 02_clean took out of them: for their owner alone.
ORIGINALS = (
    *("ingest/*.jsonl", "ingest/*.xlsx", "clean/*.jsonl"),
    *("train/replies.jsonl", "train/checkpoints/**/*", "evaluate/samples.jsonl"),
)
# What people show and pass on.
SHARED = (
    *("*.ipynb", "report.html", "run.json", "parameters.yaml", "log.txt", "*/record.json", "*/log.txt"),
    *("train/*.json", "train/*.jsonl", "train/tracking/**/*", "evaluate/results.json", "evaluate/measures.csv"),
    *("evaluate/server.log", "server.txt", "train/errors.txt"),
    *("model/*.md", "model/*.json", "model/Modelfile", "*/adapter/*.json"),
)
_EVERYDAY = {"root", "user", "users", "admin", "administrator", "home", "guest", "runner", "ubuntu", "localhost"}
_SHORTEST = 4  # letters: a shorter name would be found in everything
_KEYS = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{30,}|sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,}"
    r"|AKIA[A-Z0-9]{16}|xox[bp]-[\w-]{20,}|glpat-[\w-]{20,}|AIza[\w-]{35})|\b[Bb]earer\s+[A-Za-z0-9._~+/-]{20,}"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY"
)
_PICTURE = re.compile(r"[A-Za-z0-9+/]{400,}={0,2}")
# Reserved for examples (RFC 2606): nobody's.
_NOBODYS = re.compile(r"[@.](?:example\.(?:com|net|org)|(?:[\w-]+\.)*(?:example|test|invalid|localhost))\Z")

Finder = Callable[[str], Iterator[int]]  # from a text to where it is told


@dataclass(frozen=True)
class Finding:
    """`Finding("04_evaluate.ipynb", 210, "your user name")`; never the thing itself. Line 0 is the file's own name."""

    file: str
    line: int
    what: str


def private(run: Run) -> list[str]:
    """The run's files that are for their owner alone: `["clean/dropped.jsonl", "ingest/conversations.jsonl"]`."""
    found = {path for name in ORIGINALS for path in run.folder.glob(name) if path.is_file()}
    if run.parameters.own_folders:
        # They say where the person's files lie, to make the run again.
        found |= {run.folder / "parameters.yaml", *run.folder.glob("*/record.json")}
    return sorted(map(run.relative, found))


def scan(run: Run) -> list[Finding]:
    """What the files of a run that are shown or shared tell; each line at most once of each kind."""
    finders, apart = dict(_finders(run)), set(private(run))
    found = []
    for path in sorted({path for name in SHARED for path in run.folder.glob(name) if path.is_file()}):
        name = run.relative(path)
        if name in apart:
            continue
        text = _PICTURE.sub("", path.read_text(encoding="utf-8", errors="replace"))
        for what, places in finders.items():
            lines = dict.fromkeys(text.count("\n", 0, place) + 1 for place in places(text))
            named = [0] if any(True for _ in places(name)) else []  # TensorBoard's bear the machine's name
            found += [Finding(name, line, what) for line in (*named, *lines)]
    return found


def keep(run: Run) -> list[Finding]:
    """What `scan` finds, kept in run.json beside the names of the files that are for their owner alone.

    Raises RunError, OSError.
    """
    found = scan(run)
    update(run, private=private(run), hygiene=[vars(item) for item in found])
    return found


def _finders(run: Run) -> Iterator[tuple[str, Finder]]:
    yield "a password or token", _places(_KEYS)
    clean = run.parameters.clean
    if clean.redact and clean.redact_policy.get("email") != "keep":
        stays = allowed(clean.redact_allow, clean.redact_regions)

        def addresses(text: str) -> Iterator[int]:
            for start, end, value in emails(text) if "@" in text else ():
                own = (text, Found(start, end, "email", str(value))) in stays
                if not own and not _NOBODYS.search(str(value)):
                    yield start

        yield "an e-mail address", addresses
    folders = {
        "your home folder": str(Path.home()),
        "the folder of this project": str(ROOT),
        "the folder of the runs": str(outputs_root()),
    }
    folders |= {f"the folder of {name}": folder for name, folder in run.parameters.own_folders.items()}
    for what, folder in folders.items():
        if len(Path(folder).parts) > 1 and len(folder) > _SHORTEST:
            yield what, _places(pattern(folder))
    names = {"your user name": _user(), "your user name (of the home folder)": Path.home().name}
    names["this machine's name"] = socket.gethostname().partition(".")[0]
    for what, name in names.items():
        if len(name) >= _SHORTEST and name.lower() not in _EVERYDAY:
            yield what, _places(re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])"))


def _places(found: re.Pattern[str]) -> Finder:
    return lambda text: (hit.start() for hit in found.finditer(text))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return ""
