"""The process that reads workbooks: one for many files, watched, replaced after a crash, and never believed."""

import io
import os
import subprocess
import sys
import threading
import time

import openpyxl
import psutil
import pytest

from marcus_nb.formats.files import workbook_process
from marcus_nb.formats.files.workbooks import read_parquet, read_workbook
from marcus_nb.formats.tables import FormatError


def book(last=(2, 2)):
    """A small workbook; with `last` far away it is one of millions of cells."""
    made = openpyxl.Workbook()
    for row in (["Question", "Answer"], ["Hi", "Aye."]):
        made.active.append(row)
    made.active.cell(*last).value = "Aye."
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


SMALL, LARGE = book(), book((1_048_576, 12))


@pytest.fixture(autouse=True)
def fresh():
    workbook_process.close()
    yield
    workbook_process.close()


def ask(data, **limits):
    return list(workbook_process.answers("book.xlsx", "excel", "", data, **limits))


def child():
    return workbook_process._running.process.pid


def read(data):
    (raw,) = read_workbook(data, "book.xlsx", "", 0, lambda cell: cell in ("Question", "Answer"), [])
    return list(raw.column("Answer"))


def test_one_child_serves_many_files_and_starts_quickly():
    began = time.perf_counter()
    assert ask(SMALL)[-2:] == [
        {"rows": [["Question", "Answer"], ["Hi", "Aye."]]},
        {"first": 1, "width": 2, "merged": 0},
    ]
    assert time.perf_counter() - began < 2
    first = child()
    assert read(SMALL) == ["Aye."] and child() == first
    with pytest.raises(FormatError):
        ask(SMALL[:-200])
    assert child() == first, "a file that cannot be read is no reason to start anew"


def test_a_child_killed_in_the_middle_is_one_error_and_the_next_file_is_read():
    frames = workbook_process.answers("book.xlsx", "excel", "", LARGE)
    assert "sheets" in next(frames)
    first = child()
    psutil.Process(first).kill()
    with pytest.raises(FormatError, match=r"^book.xlsx: (needs more than 2,000 MB|its reader broke down over it)"):
        list(frames)
    assert read(SMALL) == ["Aye."] and child() != first
    idle = workbook_process._running.process
    idle.kill()
    idle.wait(5)
    assert read(SMALL) == ["Aye."] and child() != idle.pid


def test_memory_and_time_are_watched():
    with pytest.raises(
        FormatError, match=r"^book.xlsx: needs more than 150 MB to read: a damaged or hostile file; open"
    ):
        ask(LARGE, megabytes=150)
    assert workbook_process._running is None
    with pytest.raises(FormatError, match=r"^book.xlsx: not read after 0 seconds: a damaged or hostile file; open it"):
        ask(LARGE, seconds=0.1)
    assert workbook_process._running is None
    assert read(SMALL) == ["Aye."]


def test_an_interruption_leaves_no_orphan_and_no_old_answers():
    frames = workbook_process.answers("book.xlsx", "excel", "", LARGE)
    next(frames)
    first = child()
    with pytest.raises(KeyboardInterrupt):
        frames.throw(KeyboardInterrupt())
    assert not psutil.pid_exists(first)
    assert read(SMALL) == ["Aye."]
    given_up = workbook_process.answers("book.xlsx", "excel", "", LARGE)
    next(given_up)
    first = child()
    given_up.close()
    assert not psutil.pid_exists(first)


def test_the_child_ends_with_its_parent(tmp_path):
    (tmp_path / "small.xlsx").write_bytes(SMALL)
    program = (
        "import pathlib, sys\nfrom marcus_nb.formats.files import workbook_process as process\n"
        "list(process.answers('b', 'excel', '', pathlib.Path(sys.argv[1]).read_bytes()))\n"
        "print(process._running.process.pid)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "small.xlsx")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    gone = time.monotonic() + 2
    while psutil.pid_exists(int(said.stdout)) and time.monotonic() < gone:
        time.sleep(0.02)
    assert not psutil.pid_exists(int(said.stdout))


FRAME = "out.write(len(body).to_bytes(8, 'big') + body)"
SENSELESS = "a damaged or hostile file: its reader gave an answer that makes no sense"
LIARS = [
    ("import sys; sys.exit(7)", r"its reader broke down over it \(exit 7\): a damaged or hostile file"),
    ("import os; os.abort()", "needs more than 2,000 MB to read" if os.name != "nt" else "its reader broke down"),
    ("out.write(b'\\xff' * 100)", "its reader broke down over it"),
    ("body = b'no JSON'; " + FRAME, SENSELESS),
    ("body = b'[1, 2]'; " + FRAME, SENSELESS),
    ("body = b'{\"error\": 5}'; " + FRAME, SENSELESS),
    ("body = b'{\"sheets\": 5}'; " + FRAME, SENSELESS),
    ("body = b'{\"sheets\": [\"A\"], \"uncalculated\": -1}'; " + FRAME, SENSELESS),
    ("body = b'{\"sheet\": [\"A\"]}'; " + FRAME, SENSELESS),
    *(
        (f"body = b'{{\"sheet\": \"A\"}}'; {FRAME}; body = b'{rows}'; {FRAME}", SENSELESS)
        for rows in ('{"rows": 5}', '{"rows": [5]}', '{"rows": [["a"], ["b", "c"]]}', '{"rows": [[5]]}', '{"a": 1}')
    ),
    (f"body = b'{{\"sheet\": \"A\"}}'; {FRAME}; body = b'{{\"first\": 1, \"width\": 3, \"merged\": 0}}'; {FRAME}; "
     f"body = b'{{\"done\": true}}'; {FRAME}", SENSELESS),
]  # fmt: skip


@pytest.mark.parametrize(("program", "message"), LIARS, ids=range(len(LIARS)))
def test_what_the_child_says_is_checked(tmp_path, monkeypatch, program, message):
    script = tmp_path / "liar.py"
    script.write_text(f"import sys\nout = sys.stdout.buffer\n{program}\nout.flush()\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(workbook_process, "_SCRIPT", script)
        with pytest.raises(FormatError, match=f"^book.xlsx: {message}"):
            read(SMALL)
    assert read(SMALL) == ["Aye."]


@pytest.mark.parametrize("answer", ['{"columns": [1]}', '{"columns": ["a"]}|{"values": [[1]]}', '{"values": [["a"]]}'])
def test_columns_are_checked_too(tmp_path, monkeypatch, answer):
    parts = "; ".join(f"body = b'{part}'; {FRAME}" for part in answer.split("|"))
    script = tmp_path / "liar.py"
    script.write_text(f"import sys\nout = sys.stdout.buffer\n{parts}\nout.flush()\n", encoding="utf-8")
    monkeypatch.setattr(workbook_process, "_SCRIPT", script)
    with pytest.raises(FormatError, match=f"^b.parquet: {SENSELESS}"):
        read_parquet(b"PAR1" + bytes(20) + b"PAR1", "b.parquet", [])


def test_too_long_an_answer_is_cut_short(monkeypatch):
    monkeypatch.setattr(workbook_process, "_MOST_ANSWER_BYTES", 50)
    with pytest.raises(FormatError, match="needs more than 2,000 MB to read"):
        ask(SMALL)
    monkeypatch.setattr(workbook_process, "_MOST_FRAME_BYTES", 20)
    with pytest.raises(FormatError, match="its reader broke down over it"):
        ask(SMALL)


def test_threads_take_turns():
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(read(SMALL))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [["Aye."]] * 8


def test_a_parquet_file_gets_advice_of_its_own(tmp_path, monkeypatch):
    script = tmp_path / "ends.py"
    script.write_text("import sys; sys.exit(7)", encoding="utf-8")
    monkeypatch.setattr(workbook_process, "_SCRIPT", script)
    with pytest.raises(
        FormatError, match=r"broke down over it \(exit 7\): .*, or too large a one: split it into smaller"
    ):
        read_parquet(b"PAR1" + bytes(20) + b"PAR1", "b.parquet", [])
