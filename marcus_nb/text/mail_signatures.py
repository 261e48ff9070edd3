"""The contact block that people put below the closing words of an e-mail."""

import re

from marcus_nb.text.mail_cards import afterthought, capitals, contacts, filler, parts
from marcus_nb.text.mail_devices import without_sent_from

_CLOSING = re.compile(
    r"(?:(?:with |my )?(?:(?:kind|best|warm|kindest|warmest|many|with best|yours?) )?(?:regards|wishes"
    r"|thanks)(?: and \w+ \w+)?"
    r"|best|cheers|thanks(?: (?:again|a lot|so much|in advance|and regards))?|thank you(?: very much| so much)?"
    r"|all the best"
    r"|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?|yours|take care|br|rgds|cordially|respectfully"
    r"|(?:un |muchos |mis |reciba un |recibe un )?(?:(?:cordial|fuerte|afectuoso|atento|cordiales"
    r"|atentos) )?(?:saludo|abrazo)s?"
    r"(?: cordial(?:es)?| afectuosos?| a todos)?|saludos|atentamente|atte|cordialmente|muchas gracias"
    r"|gracias(?: y un saludo)?"
    r"|gracias de antemano|quedo a (?:su|tu|la) (?:disposici[óo]n|espera)|sin otro particular|muy atentamente"
    r"|afectuosamente"
    r"|(?:bien )?cordialement|(?:meilleures |sincères )?salutations|(?:bien )?à vous|merci(?: d['’]avance"
    r"| beaucoup)?|amicalement"
    r"|(?:mit )?(?:freundlichen?|herzlichen?|besten?|lieben?|vielen?|schönen?) (?:grüßen?|grüssen?|gruß|gruss|dank)"
    r"|mfg|lg|vg"
    r"|(?:viele|liebe|beste|schöne) grüße(?: aus \w+)?|danke"
    r"|(?:cordiali|distinti|cari) saluti|un (?:caro )?saluto|saluti|grazie(?: mille)?"
    r"|(?:com os )?(?:melhores )?cumprimentos|atenciosamente|abraços?|obrigad[oa]"
    r"|(?:una? )?(?:salutaci(?:ó|ons)|abraçada)(?: cordials?)?|salutacions|atentament|cordialment"
    r"|(?:moltes )?gràcies)[ ,.!;:\-–—]*",
    re.I,
)
_THANKS = re.compile(r"(?:many |muchas |moltes )?(?:th|gra|grà|mer|dank|viel\w* dank|obri|cheers)", re.I)
_NAME = re.compile(r"(?:[A-ZÁÉÍÓÚÑÇÄÖÜ][\w.'’-]{0,25} ?){1,4}")
_SENTENCE = re.compile(r"[.!?] ")
_DASHES = re.compile(r"(?:--|—|––|__) ?")
_LONGEST_CLOSING = 60
# Whatever closes warmly: "Un abrazo enorme,", "¡Un besazo!".
_WARM = re.compile(
    r"\b(?:abra[zç]|bes(?:o|az|it)|salud(?:o|it)|regards|wishes|cheers|love\b|hugs?\b|kiss|gr[uü](?:ß|ss)|bisous?\b"
    r"|baci\b|abbracc|peton|beij)",
    re.I,
)
_LONGEST_WARM = 40  # characters
_HINT = re.compile(r"\d\d|@|www\.|//|\.[a-z]{2}|\[|: \S")  # no contact without one of these
_MOST_LINES = 14  # of a contact block
_LONGEST_NAME = 60


def without_signature(text: str) -> str:
    """An e-mail without the contacts below its closing words, and without "Sent from my iPhone".

    >>> without_signature("At eight.\\n\\nRegards,\\nNell\\nPellow's Boatyard\\nTel. 01326 555 010\\nwww.x.example")
    'At eight.\\n\\nRegards,\\nNell'

    Closing words, the name below them, mottos and sentences stay: they are how somebody writes. Without closing words
    or a line of dashes nothing is a signature: "Ring Tom on 01326 555 010" is what was asked for. A line is a contact
    only when it is nothing but labels and values; the first that is something else, such as a postscript, ends the
    block.
    """
    text = without_sent_from(text)
    return _without_contacts(text) if "\n" in text and _HINT.search(text, text.index("\n")) else text


def _without_contacts(text: str) -> str:
    lines = text.split("\n")
    touched = False
    while _shorten(lines):
        touched = True
    return "\n".join(lines).rstrip().removesuffix("\n--").rstrip() if touched else text


def _shorten(lines: list[str]) -> bool:
    """Take the contacts of the last signature out of the lines; whether there were any."""
    top = next((at for at, line in enumerate(lines) if line.strip()), 0)
    for at in range(len(lines) - 2, max(0, len(lines) - _MOST_LINES - 3) - 1, -1):
        line = lines[at].strip()
        opened = _opening(line)
        # Who begins with thanks goes on with what they are for.
        if opened and at == top and not _SENTENCE.search(line):
            opened = ""
        if not opened and at > top:
            opened = "warm" if _is_warm(line) else "twice" if _names_twice(lines[at + 1 :], line) else ""
        kept = _signed(lines[at + 1 :], opened) if opened else None
        if kept is not None:
            lines[at + 1 :] = kept
            return True
    return False


def _opening(line: str) -> str:
    """What a signature may stand below: "dashes", "closing" words, "named": those and a name, or "thanks"; else ""."""
    if not line or len(line) > _LONGEST_CLOSING:
        return ""
    if _DASHES.fullmatch(line):
        return "dashes"
    if _CLOSING.fullmatch(line):
        return "thanks" if _THANKS.match(line) else "closing"
    # "I hope to see you soon. Best regards,"
    tail = _SENTENCE.split(line)[-1]
    if tail != line and _CLOSING.fullmatch(tail):
        return "thanks" if _THANKS.match(tail) else "closing"
    begun = _CLOSING.match(tail)
    if begun and _NAME.fullmatch(tail, begun.end()):
        return "thanks" if _THANKS.match(tail) else "named"
    return ""


def _is_warm(line: str) -> bool:
    short = 0 < len(line) <= _LONGEST_WARM and line[-1] in ",!.;–-" and not any(map(str.isdigit, line))
    return short and bool(_WARM.search(line))


def _names_twice(below: list[str], line: str) -> bool:
    """Whether a name stands below words of one's own, and begins a card again: "Ta-ra,", "Maggie", "Maggie Thwaite"."""
    filled = [text.strip() for text in below[:4] if text.strip()]
    if len(filled) < 2 or not line.endswith((",", "!")) or len(line) > _LONGEST_WARM:
        return False
    return bool(_NAME.fullmatch(filled[0])) and filled[1].startswith(f"{filled[0]} ")


def _signed(lines: list[str], opened: str) -> list[str] | None:
    """The lines of a signature that stay; None where it holds no contacts, or more than a signature."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if not 0 < len(filled) <= _MOST_LINES or any(map(_is_closing, lines)):
        return None
    first, name = filled[0], _name(lines[filled[0]].strip(), opened)
    counts = {} if name is None else {first: _beside(lines[first].strip())}
    for at in filled[0 if name is None else 1 :]:
        line = lines[at].strip()
        # Below dashes an address alone is a card as well.
        counts[at] = contacts(line) or int(opened == "dashes" and filler(line) and any(map(str.isdigit, line)))
        if not counts[at] and _ends(line):
            break
    total = sum(counts.values())
    if not total or not _is_sure(opened, name, total, lines):
        return None
    last = max(at for at, count in counts.items() if count)
    for at in filled:  # the rest of an address below its telephone
        if at > last and at in counts and filler(lines[at].strip()) and all(a <= last or a >= at for a in filled):
            last = at
    kept = [name] if name else []
    between = [line for line in lines[first + (name is not None) : last + 1] if not _goes(line.strip(), total > 1)]
    return [*lines[:first], *kept, *(between if any(map(str.strip, between)) else []), *lines[last + 1 :]]


def _is_closing(line: str) -> bool:
    return _opening(line.strip()) in ("closing", "named")


def _name(line: str, opened: str) -> str | None:
    """The line with the name; None where a card begins at once. "Ana Ruiz | Barcos" is cut to the name."""
    if contacts(line) and not _beside(line):
        return None
    if opened == "dashes" and filler(line) and not _beside(line) and not capitals(parts(line)[0]):
        return None
    pieces = parts(line)
    if len(pieces) > 1 and "|" in line and capitals(pieces[0]):
        return None if filler(pieces[0]) else pieces[0]
    return line


def _beside(line: str) -> int:
    """How many contacts stand on the line of the name: "Fiona Carmichael | Office Manager | 020 7183 8750"."""
    pieces = parts(line)
    if len(pieces) < 2 or not capitals(pieces[0]) or contacts(pieces[0]) or filler(pieces[0]):
        return 0
    return contacts(" | ".join(pieces[1:])) if all(contacts(p) or filler(p) or capitals(p) for p in pieces[1:]) else 0


def _is_sure(opened: str, name: str | None, total: int, lines: list[str]) -> bool:
    if name is not None and (len(name) > _LONGEST_NAME or _ends(name)):
        return False
    if opened == "thanks":
        return name is not None and (total > 1 or bool(_beside(lines[0].strip())))
    if opened == "closing":
        return total > 1 or name is not None
    if opened in ("warm", "twice"):
        shown = total + sum(filler(line.strip()) for line in lines[1:] if line.strip())
        return shown > 1 and name is not None and bool(_NAME.fullmatch(name))
    return True


def _ends(line: str) -> bool:
    """Whether a block of contacts ends above a line: at a sentence, an announcement or what begins in small letters."""
    if afterthought(line) or line.endswith(":") or not (line[0].isupper() or line[0] in "“\"«'[(" or filler(line)):
        return True
    return _is_prose(line) or (":" in line and not filler(line))


def _goes(line: str, card: bool) -> bool:
    """Whether a line of a block goes; a motto stays, and so does a shop above a single contact."""
    if not line:
        return True
    return bool(contacts(line) or filler(line) or (card and capitals(line)))


def _is_prose(line: str) -> bool:
    """Whether somebody says something there: a sentence, not a title, a company or a number."""
    words = re.findall(r"[^\W\d_]+", line)
    small = sum(word.islower() for word in words)
    ends = line.rstrip("\"'”»)").endswith((".", "!", "?", "…"))
    return (ends and len(words) > 2 and small >= 2) or small > 6
