"""Any bytes to UTF-8 bytes: byte order mark, strict UTF-8, UTF-16 by its zeros, mixed damage, western code pages."""

import codecs
import re
from collections.abc import Iterator

import ftfy.bad_codecs  # noqa: F401  (makes sloppy-windows-1252 known: cp1252 as Windows itself reads it)
from charset_normalizer import from_bytes

from marcus_nb.formats.tables import FormatError

# UTF-32 first: its mark begins with the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# Without a byte order mark any short text of even length could be one of these.
_WIDE = ["utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "utf_7"]
_BLOCK = 1024 * 1024
_SAMPLE = 256 * 1024
# The line separators \x1c to \x1f are delimiters in some exports.
_CONTROL = bytes([0, *range(1, 9), *range(14, 28)])
_MOST_CONTROL = 0.005
_FEW_CONTROL = 3
# Cyrillic in UTF-16 has zeros at blanks, digits and line ends only.
_LEAST_ZEROS = 0.1
_MOST_WESTERN_ACCENTS = 0.4
_MOST_IMPLAUSIBLE = 0.1
_WESTERN = (
    ("sloppy-windows-1252", "cp1252", "western letters"),
    ("mac-roman", "mac-roman", "western letters, as old Macs wrote them"),
    ("cp850", "cp850", 'western letters, as MS-DOS and Excel\'s "CSV (MS-DOS)" write them'),
)
_FEWEST_LETTERS = 20
_NEAR_ACCENT = re.compile(r"(?<!\w)([^\x00-\x7f])(?=(\w?))|(?<=(\w))([^\x00-\x7f])(?=(\w?))")
_ACCENTS = frozenset("áéíóúàèìòùâêîôûäëïöüñçãõåæøœßý")
_ACCENTED_WORDS = frozenset("áéóúàèìòùêôöåæø")
_APOSTROPHES = frozenset("’´·")
_SIGNS = frozenset("«»“”„‘’‚–—…•€£°ºª©®™§½¼·´\xa0")
# Read as cp1252, Polish, Czech and Turkish show these where no western language does.
_FOREIGN = frozenset("þðÞÐŸ")


def decode(data: bytes, file: str, encoding: str = "") -> tuple[bytes, str]:
    """A text file's bytes as UTF-8 without byte order mark, and a sentence on why; a given encoding overrules.

    >>> decode("café".encode("cp1252"), "a.csv")
    (b'caf\\xc3\\xa9', 'encoding cp1252: not UTF-8 (byte 0xe9 at line 1); western letters')

    Raises FormatError when the encoding is unknown or wrong, and when the bytes are no text. A few zero bytes in good
    text are left in it.
    """
    text, evidence = _decoded(data, file, encoding)
    blocks = (text[at : at + _BLOCK] for at in range(0, len(text), _BLOCK))
    control = sum(len(block) - len(block.translate(None, _CONTROL)) for block in blocks)
    if control > max(_FEW_CONTROL, _MOST_CONTROL * len(text)) or control == len(text) > 0:
        raise FormatError(
            f"{file}: no text file (it holds zero bytes or many control characters): "
            "expected CSV, Excel (.xlsx), JSON or JSONL; if it is UTF-16 text, name its `encoding`"
        )
    return text, evidence


def _decoded(data: bytes, file: str, encoding: str) -> tuple[bytes, str]:
    if encoding:
        return _given(data, file, encoding), f"encoding {encoding}: as the parameters say"
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return _marked(data, file, codec, name), f"encoding {name}: byte order mark at the start"
    if codec := _unmarked_utf16(data):
        return data.decode(codec).encode("utf-8"), f"encoding {codec}: every second byte is zero, or nearly"
    marked = data.startswith(codecs.BOM_UTF8)
    data = data.removeprefix(codecs.BOM_UTF8)
    wrong = _first_wrong(data)
    if wrong is None:
        return data, f"encoding UTF-8: {'byte order mark at the start' if marked else 'every byte fits'}"
    where = f"not UTF-8 (byte 0x{data[wrong]:02x} at line {_line(data, wrong)})"
    good, bad = _damage(data)
    if marked or (good and (good >= len(bad) or _western(b"\n".join(_wrong_lines(data, bad)), data))):
        named = ", ".join(map(str, bad[:5])) + (", …" if len(bad) > 5 else "")
        lines = f"line {named}" if len(bad) == 1 else f"lines {named}"
        rest = f"but {good} other lines are" if good else "which the byte order mark promises"
        said = f"{where}, {rest}; {len(bad)} with single bytes read as cp1252: {lines}"
        return _mended(data), f"encoding mixed: {said}"
    if western := _western(_accented(data), data):
        codec, name, why = western
        return _recoded(data, codec), f"encoding {name}: {where}; {why}"
    found = _likeliest(data, file, where)
    return _given(data, file, found), f"encoding {found}: {where}; the likeliest by charset-normalizer"


def _line(data: bytes, position: int) -> int:
    ends = data.count(b"\n", 0, position)
    return (ends or data.count(b"\r", 0, position)) + 1


def _first_wrong(data: bytes) -> int | None:
    """The place of the first byte that is no UTF-8. In blocks: the whole text is not needed, and might not fit."""
    if data.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(data), _BLOCK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data[at : at + _BLOCK], at + _BLOCK >= len(data))
        except UnicodeDecodeError as error:
            return at - pending + error.start
    return None


def _given(data: bytes, file: str, encoding: str) -> bytes:
    try:
        if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") and _first_wrong(data) is None:
            return data.removeprefix(codecs.BOM_UTF8)
        return data.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except (LookupError, AttributeError, TypeError):  # the last two: a codec that is no text encoding, such as zlib
        raise FormatError(f"{file}: unknown encoding {encoding!r}: expected a name such as utf-8 or cp1252") from None
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{file}, line {_line(data, error.start)}: byte 0x{data[error.start]:02x} does not fit "
            f"the encoding {encoding}: leave `encoding` out to have it recognised"
        ) from None
    except UnicodeError as error:
        raise FormatError(f"{file}: the encoding {encoding} does not fit ({error}): leave `encoding` out") from None


def _marked(data: bytes, file: str, codec: str, name: str) -> bytes:
    try:
        return data.decode(codec).encode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{file}: byte 0x{data[error.start]:02x} at place {error.start + 1} is no {name}, which the byte order "
            "mark at the start promises: a damaged file, or one cut off while it was copied: export it again"
        ) from None


def _unmarked_utf16(data: bytes) -> str:
    """The codec, when zeros stand on even places only or on odd places only, and on many."""
    sample = data[:_SAMPLE]
    if len(data) % 2 or b"\0" not in sample:
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < _LEAST_ZEROS * len(sample) / 2 or min(even, odd) > 0.01 * max(even, odd):
        return ""
    codec = "utf-16-le" if odd > even else "utf-16-be"
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return ""
    return codec


def _line_blocks(data: bytes) -> Iterator[bytes]:
    """The data in blocks that end with a line."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at + _BLOCK) + 1 or len(data)
        yield data[at:end]
        at = end


def _damage(data: bytes) -> tuple[int, list[int]]:
    """How many lines are UTF-8 beyond ASCII, and the numbers of those that are not UTF-8."""
    good, bad, line = 0, [], 0
    for block in _line_blocks(data):
        for text in block.splitlines():
            line += 1
            if text.isascii():
                continue
            try:
                text.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad.append(line)
    return good, bad


def _wrong_lines(data: bytes, bad: list[int]) -> list[bytes]:
    lines = data[: _SAMPLE * 16].splitlines()
    return [lines[number - 1] for number in bad[:2000] if number <= len(lines)]


def _single_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("sloppy-windows-1252"), error.end


codecs.register_error("marcus-cp1252", _single_bytes)


def _mended(data: bytes) -> bytes:
    """What is UTF-8 stays; every byte that is not is read as cp1252."""
    return b"".join(block.decode("utf-8", "marcus-cp1252").encode("utf-8") for block in _line_blocks(data))


def _recoded(data: bytes, codec: str) -> bytes:
    blocks = (data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK))
    return b"".join(block.decode(codec).encode("utf-8") for block in blocks)


def _accented(data: bytes) -> bytes:
    """The lines beyond ASCII, up to a sample's size: what tells code pages from each other."""
    lines: list[bytes] = []
    size = 0
    for block in _line_blocks(data):
        for line in block.splitlines():
            if not line.isascii():
                lines.append(line)
                size += len(line)
        if size > _SAMPLE:
            break
    return b"\n".join(lines)


def _western(sample: bytes, whole: bytes) -> tuple[str, str, str] | None:
    """The code page that turns the bytes into the most plausible western words; None when none does."""
    scores = []
    for place, (codec, _, _) in enumerate(_WESTERN):
        text = sample.decode(codec)
        if sum(map(str.isalpha, text)) < _FEWEST_LETTERS:
            accents = _share_of_accents(whole[:_SAMPLE].decode(codec))
        else:
            accents = _share_of_accents(text)
        good, bad = _plausible(text)
        if accents <= _MOST_WESTERN_ACCENTS and bad <= _MOST_IMPLAUSIBLE * (good + bad):
            scores.append((good - bad, -place))
    return _WESTERN[-max(scores)[1]] if scores else None


def _share_of_accents(text: str) -> float:
    letters = [char for char in text if char.isalpha()]
    return sum(not char.isascii() for char in letters) / max(len(letters), 1)


def _plausible(text: str) -> tuple[float, float]:
    """How many characters beyond ASCII stand where western text has them, and how many do not."""
    good = bad = 0.0
    for found in _NEAR_ACCENT.finditer(text):
        before = found[3] or ""
        char, after = (found[4], found[5]) if before else (found[1], found[2])
        weight = _weight(char, before, after)
        good += max(weight, 0)
        bad -= min(weight, 0)
    return good, bad


def _weight(char: str, before: str, after: str) -> float:
    inside = before.isalpha() and after.isalpha()
    if char in _FOREIGN or (char.isupper() and before.islower()):
        return -1
    if char in _ACCENTS:
        return 1 if before or after or char in _ACCENTED_WORDS else -1
    if char.isalpha() and char not in "ºª":
        return 0.5 if char.lower() in _ACCENTS else -0.5
    if char in "¿¡":
        return -1 if before.isalpha() else 1
    if char in _SIGNS and (not inside or char in _APOSTROPHES):
        return 1
    return -0.5 if inside and char in "–—…\xa0" else -1


def _likeliest(data: bytes, file: str, where: str) -> str:
    # A head that is cut in the middle of a character would be no valid sample: it ends with a line.
    sample = data if len(data) <= _SAMPLE else data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data
    likely = list(from_bytes(sample, cp_exclusion=_WIDE))
    if not likely:
        raise FormatError(f"{file}: no text in any known encoding: {where}. If it is text, name its `encoding`")
    best = next((match for match in likely if not _signs_in_words(str(match))), likely[0])
    return best.encoding


def _signs_in_words(text: str) -> bool:
    return bool(re.search(r"[A-Za-z][¡¢£¤¥¦§¨¬¯±²³µ¶¸¹º»¼½¾¿×÷][a-z]", text))
