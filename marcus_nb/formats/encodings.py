"""Bytes to text: byte order mark, then strict UTF-8, then Windows-1252 for western text, else charset-normalizer."""

import codecs
import re

import ftfy.bad_codecs  # noqa: F401  (makes sloppy-windows-1252 known: cp1252 as Windows itself reads it)
from charset_normalizer import from_bytes

from marcus_nb.formats.tables import FormatError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# Without a byte order mark any short text of even length could be one of these.
_WIDE = ["utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "utf_7"]
_SAMPLE = 256 * 1024
_MOST_WESTERN_ACCENTS = 0.4
# Polish, Czech or Turkish text that is read as cp1252 shows such signs in the middle of words.
_SIGN_IN_WORD = re.compile(r"[A-Za-z][¡¢£¤¥¦§¨¬¯±²³µ¶¸¹º»¼½¾¿×÷][a-z]")
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
_MOST_CONTROL = 0.005


def decode(data: bytes, file: str, encoding: str = "") -> tuple[str, str]:
    """The text of a file and a sentence on why it was read so; a given encoding overrules.

    >>> decode("café".encode("cp1252"), "a.csv")
    ('café', 'encoding cp1252: not UTF-8 (byte 0xe9 at line 1); western letters')

    Raises FormatError when the encoding is unknown or wrong, and when the bytes are no text.
    """
    text, evidence = _decoded(data, file, encoding)
    if "\0" in text or len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text):
        raise FormatError(
            f"{file}: no text file (it holds zero bytes or many control characters): "
            "expected CSV, Excel (.xlsx), JSON or JSONL; if it is UTF-16 text, name its `encoding`"
        )
    return text, evidence


def _decoded(data: bytes, file: str, encoding: str) -> tuple[str, str]:
    if encoding:
        return _given(data, file, encoding), f"encoding {encoding}: as the parameters say"
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return _given(data, file, codec), f"encoding {name}: byte order mark at the start"
    try:
        return data.decode("utf-8"), "encoding UTF-8: every byte fits"
    except UnicodeDecodeError as error:
        where = f"not UTF-8 (byte 0x{data[error.start]:02x} at line {_line(data, error.start)})"
    text, codec, why = _single_byte(data, file, where)
    return text, f"encoding {codec}: {where}; {why}"


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _given(data: bytes, file: str, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise FormatError(f"{file}: unknown encoding {encoding!r}: expected a name such as utf-8 or cp1252") from None
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{file}, line {_line(data, error.start)}: byte 0x{data[error.start]:02x} does not fit "
            f"the encoding {encoding}: leave `encoding` out to have it recognised"
        ) from None


def _single_byte(data: bytes, file: str, where: str) -> tuple[str, str, str]:
    western = data.decode("sloppy-windows-1252")
    letters = [char for char in western if char.isalpha()]
    accents = sum(not char.isascii() for char in letters) / max(len(letters), 1)
    if accents <= _MOST_WESTERN_ACCENTS and not _SIGN_IN_WORD.search(western):
        return western, "cp1252", "western letters"
    # A head that is cut in the middle of a character would be no valid sample: it ends with a line.
    sample = data if len(data) <= _SAMPLE else data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data
    likely = list(from_bytes(sample, cp_exclusion=_WIDE))
    if not likely:
        raise FormatError(f"{file}: no text in any known encoding: {where}. If it is text, name its `encoding`")
    best = next((match for match in likely if not _SIGN_IN_WORD.search(str(match))), likely[0])
    return _given(data, file, best.encoding), best.encoding, "the likeliest by charset-normalizer"
