"""What tests/fuzz_ingest.py starts from, and the ways in which it damages files."""

import json
import random
import re
import tempfile
from pathlib import Path

import ingest_books

_FIXTURES = Path(__file__).parent / "fixtures"
_DIGITS = re.compile(rb"\d+")
_LARGEST = 200_000  # no mutation grows a file beyond this


def seeds() -> dict[str, bytes]:
    """The fixtures, and the workbooks and archives that tests/ingest_books.py makes, by name."""
    found = {
        path.relative_to(_FIXTURES).as_posix(): path.read_bytes() for path in _FIXTURES.rglob("*") if path.is_file()
    }
    with tempfile.TemporaryDirectory() as folder:
        for build in (
            *(
                "shop_book",
                "merged_book",
                "formula_book",
                "open_document",
                "parquet_messages",
                "parquet_log",
                "gzipped",
            ),
            *("slack_export", "whatsapp_zip", "zip_with_folders"),
        ):
            name = getattr(ingest_books, build)(Path(folder))
            found[name] = (Path(folder) / name).read_bytes()
    return found


def mutate(rng: random.Random, names: list[str], files: dict[str, bytes], number: int) -> tuple[str, bytes]:
    """A damaged file and its name, which says what was done to which fixture: ("log-000017-flip.csv", b"…")."""
    name = rng.choice(names)
    data = files[name]
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        way = rng.choice(
            (flip, insert, delete, truncate, splice, repeat, blow_up, line_ends, drop_lines, swap_bytes, retype)
        )
        data = way(rng, data, files[rng.choice(names)])[:_LARGEST]
        done.append(way.__name__)
    path = Path(name)
    return f"{path.stem}-{number:06d}-{'-'.join(done)}{path.suffix}", data


def _place(rng: random.Random, data: bytes) -> int:
    return rng.randrange(len(data) + 1)


def flip(rng: random.Random, data: bytes, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 20)) if data else 0):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def insert(rng: random.Random, data: bytes, other: bytes) -> bytes:
    odd = (
        b'"',
        b"\x00",
        b"\n",
        b"\r",
        b";",
        b",",
        b"{",
        b"[",
        b"\xff",
        b"\xc3",
        b"\\",
        b"'",
        b"&",
        b"\xef\xbb\xbf",
        b"<",
        b":",
    )
    at = _place(rng, data)
    return data[:at] + rng.choice((*odd, rng.randbytes(rng.randrange(1, 40)))) * rng.choice((1, 1, 7, 400)) + data[at:]


def delete(rng: random.Random, data: bytes, other: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + data[at + rng.choice((1, 1, 8, 100)) :]


def truncate(rng: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: _place(rng, data)]


def splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: _place(rng, data)] + other[_place(rng, other) :]


def repeat(rng: random.Random, data: bytes, other: bytes) -> bytes:
    at = _place(rng, data)
    end = min(len(data), at + rng.choice((1, 20, 300)))
    return data[:at] + data[at:end] * rng.choice((2, 10, 500)) + data[end:]


def blow_up(rng: random.Random, data: bytes, other: bytes) -> bytes:
    numbers = list(_DIGITS.finditer(data))
    if not numbers:
        return data
    place = rng.choice(numbers)
    value = rng.choice((b"9" * 400, b"1048577", b"-1", b"1e999", b"99999999999", b"0", b"18446744073709551616"))
    return data[: place.start()] + value + data[place.end() :]


def line_ends(rng: random.Random, data: bytes, other: bytes) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\x0b", b"\xe2\x80\xa8", b"")))


def drop_lines(rng: random.Random, data: bytes, other: bytes) -> bytes:
    return b"".join(line for line in data.splitlines(keepends=True) if rng.random() > 0.2)


def swap_bytes(rng: random.Random, data: bytes, other: bytes) -> bytes:
    return data.translate(bytes.maketrans(b",;\"'", rng.choice((b";,\"'", b",;'\"", b"\t|\"'"))))


def retype(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """JSON that stays JSON: some values become others, some keys go, some lists grow."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    try:
        value, lines, at = json.loads(data), [b""], 0
    except (ValueError, RecursionError):
        try:
            value = json.loads(lines[at])
        except (ValueError, RecursionError):
            return flip(rng, data, other)
    for _ in range(rng.choice((1, 2, 5))):
        holders = _holders(value)
        if holders:
            _change(rng, rng.choice(holders), value)
    lines[at] = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _holders(value: object) -> list:
    """Every dictionary and list inside a value that holds anything."""
    found, left = [], [value]
    while left and len(found) < 5000:
        item = left.pop()
        if isinstance(item, dict | list) and item:
            found.append(item)
            left.extend(item.values() if isinstance(item, dict) else item)
    return found


def _change(rng: random.Random, holder: dict | list, whole: object) -> None:
    key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    odd = (
        None,
        True,
        0,
        -1,
        1e308,
        10**25,
        "",
        " ",
        "x" * 5000,
        [],
        {},
        [[]],
        {"": ""},
        "\ud83d",
        "\x00",
        "=1+1",
        "2025-13-45",
    )
    way = rng.randrange(5)
    if way == 0:
        del holder[key]
    elif way == 1:
        holder[key] = [holder[key]]
    elif way == 2:
        holder[key] = {"text": holder[key]}
    elif way == 3 and isinstance(holder, list):
        holder.insert(key, json.loads(json.dumps(rng.choice(_holders(whole)))))
    else:
        holder[key] = rng.choice(odd)
