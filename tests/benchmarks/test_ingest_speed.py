"""How fast and how small ingest is beside the plainest way to read the same file: medians of 3, taken in turn.

`./run_all.sh test --all -k ingest_speed -s` prints the tables; they never fail by time. The aims: CSV at most 8 times
`pandas.read_csv`, memory at most 8 times the file, ten times the rows at most 12 times the time; Excel 5 times as fast
as `pandas.read_excel` with openpyxl; JSONL at most 5 times `json.loads` on each line.

Every reading is a process of its own, so that its peak memory is its own too; imports are not timed.
"""

import csv
import json
import random
import statistics
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

ROOT = Path(__file__).parents[2]
_SAID = (
    "hola buenos días quería saber si abren mañana por la tarde gracias perfecto no hay problema "
    "we open at nine please come before noon the boat is ready"
)
_WORDS = _SAID.split()
_START = """
import json, sys, threading, time, warnings
from pathlib import Path
import psutil
warnings.simplefilter("ignore")
path, folder = Path(sys.argv[1]), Path(sys.argv[2])
peak, over = psutil.Process().memory_info().rss, threading.Event()
def watch():
    global peak
    process = psutil.Process()
    while not over.wait(0.02):
        found = process.memory_info().rss
        for child in process.children(recursive=True):
            try:
                found += child.memory_info().rss
            except psutil.Error:
                pass
        peak = max(peak, found)
"""
_END = """
seconds = time.perf_counter() - start
over.set()
print(json.dumps({"seconds": seconds, "peak": peak, "found": found}))
"""
_RUN = "threading.Thread(target=watch, daemon=True).start()\nstart = time.perf_counter()\n"
WAYS = {
    # the whole of 01_ingest: read, account for, write; nothing of it is left out
    "ingest": _START
    + """
from marcus_nb import ingest
from marcus_nb.parameters import Source
from marcus_nb.parameters.schema import Ingest
section = Ingest(sources=[Source(path=str(path))])
"""
    + _RUN
    + """
done = ingest.read_sources(section, path.parent, "Sofia")
ingest.account(done)
ingest.check_account(done)
ingest.write_rejected(done, folder)
ingest.check_rejected(done, section.max_rejected_share)
ingest.write_conversations(done, folder)
found = sum(table.records for table in done.tables)
"""
    + _END,
    # only the reading, where the rival too only reads
    "formats.read": _START
    + "from marcus_nb.formats import read\nfrom marcus_nb.parameters import Source\n"
    + _RUN
    + "tables = read([Source(path=str(path))], path.parent, 'Sofia')\nfound = sum(table.records for table in tables)"
    + _END,
    "pandas.read_csv": _START + "import pandas\n" + _RUN + "found = len(pandas.read_csv(path, dtype=str))" + _END,
    "pandas.read_excel": _START
    + "import openpyxl, pandas\n"
    + _RUN
    + "found = len(pandas.read_excel(path, engine='openpyxl', dtype=str))"
    + _END,
    "json.loads": _START
    + _RUN
    + "found = sum(json.loads(line) is not None for line in path.open(encoding='utf-8'))"
    + _END,
}


def text(rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(3, 20)))


def log(rows: int) -> list[tuple[str, str, str, str]]:
    rng, at, made, talk = random.Random(1), datetime(2024, 1, 1), [], 0
    while len(made) < rows:
        talk += 1
        customer = f"Customer {rng.randint(1, 50_000)}"
        for turn in range(rng.choice((2, 4, 4, 6, 8))):
            at += timedelta(seconds=rng.randint(1, 90))
            said = (
                text(rng)
                + (', "ok"' if rng.random() < 0.05 else "")
                + ("\nsegunda línea" if rng.random() < 0.02 else "")
            )
            made.append((f"T{talk:06d}", at.isoformat(sep=" "), customer if turn % 2 == 0 else "Sofia", said))
    return made[:rows]


HEADER = ("conversation_id", "timestamp", "author", "message")


def write_csv(path: Path, rows: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((HEADER, *log(rows)))
    return path


def write_book(path: Path, rows: int) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Chat")
    for row in (HEADER, *log(rows)):
        sheet.append(row)
    book.save(path)
    return path


def write_jsonl(path: Path, lines: int) -> Path:
    rng = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(lines):
            said = [
                {"role": role, "content": text(rng)}
                for _ in range(rng.choice((1, 1, 2)))
                for role in ("user", "assistant")
            ]
            file.write(json.dumps({"messages": said}, ensure_ascii=False) + "\n")
    return path


def measure(way: str, path: Path, folder: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", WAYS[way], str(path), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def in_turn(jobs: dict[str, tuple[str, Path]], folder: Path, times: int = 3) -> dict[str, dict]:
    """Each job once, then each again …: {"ours": {"seconds": 9.1, "peak": 612345678, "found": 1000000}}, medians."""
    done: dict[str, list[dict]] = {name: [] for name in jobs}
    for _ in range(times):
        for name, (way, path) in jobs.items():
            done[name].append(measure(way, path, folder))
    return {name: {key: statistics.median(one[key] for one in each) for key in each[0]} for name, each in done.items()}


def table(title: str, found: dict[str, dict], path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = path.stat().st_size
    with capsys.disabled():
        print(
            f"\n\n{title}: {size / 1e6:.0f} MB\n"
            f"{'way':34}{'seconds':>9}{'peak MB':>9}{'peak / file':>12}{'records':>10}"
        )
        for name, one in found.items():
            numbers = f"{one['seconds']:9.2f}{one['peak'] / 1e6:9.0f}{one['peak'] / size:12.1f}{one['found']:10.0f}"
            print(f"{name:34}{numbers}")


def ratio(text: str, value: float, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"{text}: {value:.2f}")


@pytest.mark.slow
def test_csv_row_per_message_ingest_speed(tmp_path, capsys):
    small, large = write_csv(tmp_path / "small.csv", 100_000), write_csv(tmp_path / "large.csv", 1_000_000)
    jobs = {
        "ingest, 1,000,000 rows": ("ingest", large),
        "pandas.read_csv, 1,000,000 rows": ("pandas.read_csv", large),
        "ingest, 100,000 rows": ("ingest", small),
    }
    found = in_turn(jobs, tmp_path)
    ours, theirs, tenth = found.values()
    assert (ours["found"], theirs["found"], tenth["found"]) == (1_000_000, 1_000_000, 100_000)
    table("CSV, a row per message", found, large, capsys)
    ratio("whole ingest / pandas.read_csv (aim: at most 8)", ours["seconds"] / theirs["seconds"], capsys)
    ratio("1,000,000 rows / 100,000 rows (aim: at most 12)", ours["seconds"] / tenth["seconds"], capsys)
    ratio("peak memory / size of the file (aim: at most 8)", ours["peak"] / large.stat().st_size, capsys)


@pytest.mark.slow
def test_excel_ingest_speed(tmp_path, capsys):
    path = write_book(tmp_path / "log.xlsx", 200_000)
    found = in_turn({"formats.read": ("formats.read", path), "pandas, openpyxl": ("pandas.read_excel", path)}, tmp_path)
    ours, theirs = found.values()
    assert ours["found"] == theirs["found"] == 200_000
    table("Excel, 200,000 rows", found, path, capsys)
    ratio("pandas with openpyxl / formats.read (aim: at least 5)", theirs["seconds"] / ours["seconds"], capsys)


@pytest.mark.slow
def test_jsonl_ingest_speed(tmp_path, capsys):
    path = write_jsonl(tmp_path / "messages.jsonl", 500_000)
    jobs = {
        "ingest": ("ingest", path),
        "formats.read": ("formats.read", path),
        "json.loads on every line": ("json.loads", path),
    }
    found = in_turn(jobs, tmp_path)
    whole, ours, theirs = found.values()
    assert whole["found"] == ours["found"] == theirs["found"] == 500_000
    table("JSONL, 500,000 lines of messages", found, path, capsys)
    ratio("whole ingest / json.loads (aim: at most 5)", whole["seconds"] / theirs["seconds"], capsys)
    ratio("formats.read / json.loads", ours["seconds"] / theirs["seconds"], capsys)
