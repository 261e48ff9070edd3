"""Damaged files: every one ends in tables that account for every record, or in one FormatError that names the file.

`python tests/fuzz_ingest.py --count 50000 --seed 1 --seconds 3000 --keep FOLDER` mutates the fixtures and reads them
with formats.read in two processes; anything else (another exception, more than 5 seconds, a dead process, a record
without an outcome, 500 MB more memory) is a finding, kept in FOLDER and listed at the end.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from fuzz_mutations import mutate, seeds

_SECONDS = 5.0
_MEMORY = 500 * 2**20


@dataclass(frozen=True)
class Finding:
    """What went wrong with which file: Finding("hang", "chat-000017-flip.csv", "more than 5 s")."""

    kind: str
    file: str
    detail: str


def read_one(path: Path) -> str:
    """How reading a file ends: "read", "refused", or what is wrong. Never raises."""
    from marcus_nb.formats import FormatError, read
    from marcus_nb.parameters import Source

    try:
        tables = read([Source(path=path.name)], path.parent, "Nell")
    except FormatError as error:
        said = str(error).removeprefix("1 of 1 sources cannot be read:").strip()
        return "refused" if said.startswith(path.name) else f"message: does not begin with the file's name: {error}"
    except BaseException:
        return f"exception: {traceback.format_exc(limit=-4)}"
    for table in tables:
        if wrong := _unaccounted(table):
            return f"account: {table.name}: {wrong}"
    return "read"


def _unaccounted(table) -> str:
    rest = [line for outcome in (*table.rejected, *table.set_aside) for line in outcome.origin.lines]
    used = {line for conversation in table.conversations for line in conversation.origin.lines}
    outcomes = len(table.rejected) + len(table.set_aside)
    if table.records != table.used + outcomes:
        return f"{table.records} records, {table.used} used, {outcomes} not"
    if len(used) != table.used or len(rest) != outcomes or len(set(rest)) != len(rest) or used & set(rest):
        return f"{table.used} used but {len(used)} lines, {outcomes} outcomes but {len(set(rest))} lines"
    for conversation in table.conversations:
        lines = set(conversation.origin.lines)
        if len(lines) != len(conversation.origin.lines) or not conversation.messages:
            return f"{conversation.id}: lines twice, or no messages"
        if any(not message.lines or not lines.issuperset(message.lines) for message in conversation.messages):
            return f"{conversation.id}: a message that names no record of its conversation"
        if {message.role for message in conversation.messages} != {"user", "assistant"}:
            return f"{conversation.id}: not both sides"
        for message in conversation.messages:
            message.content.encode("utf-8")
    return ""


def work(jobs: multiprocessing.Queue, answers: multiprocessing.Queue) -> None:
    """A worker: reads the files that it is sent and answers (path, how it ended, seconds, memory grown by)."""
    process = psutil.Process()
    while path := jobs.get():
        before, start = process.memory_info().rss, time.monotonic()
        ended = read_one(Path(path))
        answers.put((path, ended, time.monotonic() - start, process.memory_info().rss - before))


class Worker:
    """One reading process, started anew when it hangs or dies."""

    def __init__(self) -> None:
        self.context = multiprocessing.get_context("spawn")
        self.start()

    def start(self) -> None:
        self.jobs, self.answers = self.context.Queue(), self.context.Queue()
        self.process = self.context.Process(target=work, args=(self.jobs, self.answers), daemon=False)
        self.process.start()
        self.fresh = True

    def give(self, path: Path) -> None:
        self.path, self.since = path, time.monotonic()
        self.jobs.put(str(path))

    def take(self) -> tuple[str, float] | None:
        """How the file ended and after how long; None while it is being read."""
        if not self.answers.empty():
            self.fresh = False
            _, ended, seconds, grown = self.answers.get()
            if ended in ("read", "refused") and seconds > _SECONDS:
                return f"hang: {seconds:.1f} s", seconds
            return (f"memory: {grown >> 20} MB more" if grown > _MEMORY else ended), seconds
        seconds = time.monotonic() - self.since
        limit = _SECONDS + 60 if self.fresh else _SECONDS * 2  # a new process imports first
        if self.process.is_alive() and seconds < limit:
            return None
        ended = f"hang: more than {seconds:.0f} s" if self.process.is_alive() else f"dead: exit {self.process.exitcode}"
        self.stop()
        self.start()
        return ended, seconds

    def stop(self) -> None:
        if self.process.is_alive():
            children = psutil.Process(self.process.pid).children(recursive=True)
            for process in (*children, self.process):
                process.kill()
        self.process.join()


def fuzz(count: int, seed: int, seconds: float, keep: Path | None, workers: int = 2) -> tuple[Counter, list[Finding]]:
    """Read `count` damaged files, or as many as the time allows; how many ended in which way, and what was found."""
    rng, files = random.Random(seed), seeds()
    names, ends, findings = sorted(files), Counter(), []
    stop = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        pool = [Worker() for _ in range(workers)]
        idle, busy, number, slowest = list(pool), [], 0, 0.0
        while busy or (number < count and time.monotonic() < stop):
            while idle and number < count and time.monotonic() < stop:
                name, data = mutate(rng, names, files, number)
                number += 1
                path = Path(folder) / name
                path.write_bytes(data)
                worker = idle.pop()
                worker.give(path)
                busy.append(worker)
            time.sleep(0.0005)
            for worker in [*busy]:
                if taken := worker.take():
                    ended, took = taken
                    slowest = max(slowest, took)
                    kind = ended.split(":")[0]
                    ends[kind] += 1
                    if kind not in ("read", "refused"):
                        findings.append(Finding(kind, worker.path.name, ended))
                        if keep:
                            keep.mkdir(parents=True, exist_ok=True)
                            (keep / worker.path.name).write_bytes(worker.path.read_bytes())
                            (keep / f"{worker.path.name}.txt").write_text(ended, encoding="utf-8")
                    worker.path.unlink()
                    busy.remove(worker)
                    idle.append(worker)
                    if ends.total() % 1000 == 0:
                        print(f"{ends.total()} {dict(ends)} slowest {slowest:.1f} s", flush=True)
        for worker in pool:
            worker.jobs.put("")
            worker.process.join(5)
            worker.stop()
    return ends, findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    chosen = parser.parse_args()
    start = time.monotonic()
    ends, findings = fuzz(chosen.count, chosen.seed, chosen.seconds, chosen.keep, chosen.workers)
    print(f"\n{ends.total()} damaged files in {time.monotonic() - start:.0f} s, seed {chosen.seed}")
    for kind, number in ends.most_common():
        print(f"  {kind:12}{number:8}")
    for kind, number in Counter((f.kind, f.detail.strip().splitlines()[-1][:150]) for f in findings).most_common(40):
        print(f"  {number:6}  {kind[0]}: {kind[1]}")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
