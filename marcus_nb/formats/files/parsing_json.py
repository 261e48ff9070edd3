"""JSON bytes to values: fast where they are clean, patient where they are not, refused where they are bombs."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from marcus_nb.formats.tables import FormatError

DEEPEST = 100
_DEEPEST_PARSED = 1000  # beyond it no parser goes
_MOST_BYTES = 3_000_000_000
# What a value costs in memory at most, by the sign that begins or ends it.
_COST = {b"{": 200, b"[": 90, b",": 36, b'"': 30}
_SIGNS = b'"[]{}'
_OTHERS = bytes(sorted(set(range(256)) - set(_SIGNS)))
_QUOTED = re.compile(rb'"[^"]*"')
_BLANKS = re.compile(r"[\s\x1e]*")
_LONGEST_NUMBER = 4000


def depth(data: bytes) -> int:
    """How many lists and objects stand in each other at most: 2 for b'[{"a": 1}]'."""
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return 0  # cannot be too deep, and nobody asks for more
    signs = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _OTHERS)
    signs = np.frombuffer(_QUOTED.sub(b"", signs), dtype=np.uint8)
    if not len(signs):
        return 0
    opening = (signs == ord("[")) | (signs == ord("{"))
    return int(np.cumsum(np.where(opening, 1, -1), dtype=np.int32).max())


def check_size(data: bytes, file: str) -> None:
    """Raises FormatError for what would be nested too deep or fill the memory, before anything is parsed."""
    if len(data) + sum(data.count(sign) * cost for sign, cost in _COST.items()) > _MOST_BYTES:
        raise FormatError(f"{file}: too large to read at once: save it as JSONL (one conversation a line)")
    deep = depth(data)
    if deep > DEEPEST:
        parsed = "not JSON: nested too deep: " if deep > _DEEPEST_PARSED else ""
        raise FormatError(
            f"{file}: {parsed}JSON nested more than {DEEPEST} levels deep: expected a list of conversations"
        )


def is_too_large(data: bytes) -> bool:
    """Whether one line of JSONL would fill the memory, or go deeper than anybody's conversations."""
    if len(data) < 1_000_000 and data.count(b"[") + data.count(b"{") <= DEEPEST:
        return False  # nearly every line there is
    size = sum(data.count(sign) * cost for sign, cost in _COST.items()) > _MOST_BYTES
    return size or depth(data) > DEEPEST


def load(data: bytes) -> Any:
    """The value of a JSON text, also of one with NaN, huge numbers or half characters. Raises ValueError with why."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return load_patiently(data)


def is_json(data: bytes) -> bool:
    """Whether the whole of a text is one JSON value; of one too large to be tried, whether it begins like one."""
    if is_too_large(data):
        return data[:100].lstrip()[:1] in (b"{", b"[")
    try:
        load(data)
    except ValueError:
        return False
    return True


def load_patiently(data: bytes) -> Any:
    """What the standard library accepts and orjson does not. Raises ValueError with why."""
    try:
        return json.loads(data.decode("utf-8", "replace"), parse_int=_whole)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError("nested too deep") from None


def documents(data: bytes) -> tuple[list[Any], tuple[str, str] | None]:
    """Several JSON texts one after another: their values, and what is broken: (why, its text).

    >>> documents(b'{"a": 1}  [2] {"b"')[0]
    [{'a': 1}, [2]]

    Blanks and record separators (RFC 7464) may stand between them. Nothing is read behind a broken one.
    """
    text = data.decode("utf-8", "replace")
    decoder = json.JSONDecoder(parse_int=_whole)
    values: list[Any] = []
    at = _BLANKS.match(text, 0).end()
    while at < len(text):
        try:
            if text[at] not in "{[":
                raise json.JSONDecodeError("Expecting an object or a list", text, at)
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            return values, (f"{error.msg} at line {error.lineno}, column {error.colno}", text[at:])
        except RecursionError:
            return values, ("nested too deep", text[at:])
        values.append(value)
        at = _BLANKS.match(text, end).end()
    return values, None


def is_writable(value: Any) -> bool:
    r"""Whether all its text is text: "\ud83d" without its second half is legal JSON, but no file could hold it."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def as_text(value: Any) -> str:
    """A value as JSON, also one with half characters."""
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace").decode("utf-8")


def containers(value: Any) -> Iterator[Any]:
    """The lists and objects directly in a list or an object."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (child for child in children if isinstance(child, dict | list))


def _whole(digits: str) -> int | str:
    # A number longer than any is kept as it is written: to make one of it takes quadratic time.
    return int(digits) if len(digits) < _LONGEST_NUMBER else digits
