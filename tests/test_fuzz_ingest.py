"""220 damaged files: each read with every record accounted for, or refused in a sentence that names it."""

import io
import zipfile

import fuzz_ingest
import pytest


def test_damaged_files():
    ends, findings = fuzz_ingest.fuzz(count=220, seed=20, seconds=170, keep=None)
    assert findings == []
    assert ends.total() == 220 and ends["read"] > 50 and ends["refused"] > 20, ends


def nameless_member() -> bytes:
    """A zip in which a damaged entry has lost its name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", "question,answer\nHi,Aye.\n")
    return buffer.getvalue().replace(b"a.csv", b"\x00.csv")  # zipfile cuts a name at its first zero


# The smallest forms of what the script found in its first 50,000 files.
FOUND = {
    "letter_on_byte_64.csv": ("question,answer" + " " * 47 + ",é,\nHi,Aye.\n").encode(),
    "letter_on_byte_63.csv": ("x" * 63 + "é,answer\nHi,Aye.\n").encode(),
    "pieces.json": b'{"faq": [{"question": "Hi", "answer": "Aye."},\n{"question": "Ho", "answer": "Nay."}]}}\n]',
    "half_a_list.json": b'{"a": {"question": "Hi"}\n{"question": "Ho", "answer": "Nay."}\n{"question":',
    "year.csv": b"chat,time,author,text\n"
    + b"1,Tue Oct 31 22:10:47 +0000 2017,Tom,Hi\n1,Tue Oct 31 22:11:47 +0000 2017,Nell,Aye\n" * 4
    + b"1,Tue Oct 31 22:10:47 +0000 "
    + b"9" * 400
    + b",Tom,Hi\n",
    "digits.csv": b"chat,time,author,text\n"
    + b"1,14 jun 2025,Tom,Hi\n1,14 jun 2025,Nell,Aye\n" * 4
    + b"1,14 jun "
    + b"9" * 5000
    + b",Tom,Hi\n",
    "nameless.zip": nameless_member(),
    "list_in_a_list.json": b'[{"messages": [{"from": "Tom", "text": ["Hi ", ["you"], {"type": "link", "text": "x"}]}, '
    b'{"from": "Nell", "text": [{"type": "bold", "text": "Aye"}, ["."]]}]}]',
    "quote_over_many_lines.csv": b'7,"a ' + b'""tour"".\n\nIs it ' * 600,
    "one_line.txt": "ñ".encode() * 31 + "a€uro and no line end".encode(),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once(name, tmp_path):
    (tmp_path / name).write_bytes(FOUND[name])
    assert fuzz_ingest.read_one(tmp_path / name) in ("read", "refused")
