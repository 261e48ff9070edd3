"""What a line of a contact block holds: a label and a value, an address, a job or a company, and nothing else."""

import re

_LONGEST = 120  # characters
_AFTERTHOUGHT = re.compile(r"(?:p\. ?d|p\. ?s|ps|pd|nb|n\. ?b)\b[.:, ]", re.I)

_LABEL = re.compile(
    r"[☎📞📱✉📧🌐📍📠️]|(?<![\w.])(?:[tmpfwead][.:]|(?:tel[ée]?fono?s?|telefone|tel|tfno|tfn|tlfn?|telf|t[ée]l[ée]phone"
    r"|t[ée]l|telefon|phone|mobile?|mob|m[óo]vil|mòbil|telemóvel|celular|cell|fax|whatsapp|handy|office|oficina|direct"
    r"|e-?mail|correo(?: electr[óo]nico)?|mail|web|website|sitio web|linkedin|twitter|facebook|instagram|ext"
    r"|address|direcci[óo]n|adresse|indirizzo)\b[.:]{0,2})(?!\w)",
    re.I,
)
# A site is a card; a page of it is what somebody wants to be read.
_SITE = re.compile(
    r"<?(?:mailto:)?[\w.+-]{1,64}@[\w-]{1,60}\.[\w.-]{2,60}>?"
    r"|(?:https?://)?(?:[\w-]{1,10}\.)?(?:linkedin|facebook|instagram|twitter|x|youtube|tiktok)\.com/[\w@./-]{0,80}"
    r"|\(?(?:https?://(?:www\.)?|www\.)[\w-]{1,60}(?:\.[\w-]{2,30}){1,4}/?\)?(?![\w/?#@])"
    r"|(?<![\w.@-])[\w-]{2,60}\.(?:com|es|net|org|cat|eu|io|info|co\.uk|de|fr|it|pt|gal|eus|mx|ar|cl)(?![\w/?#@.-])"
    r"|\[(?:facebook|linkedin|twitter|instagram|youtube|tiktok|x|whatsapp|pinterest)\]|\[cid:[^\[\]\s]{1,200}\]",
    re.I,
)
_ACCOUNT = re.compile(r"(?:linkedin|twitter|facebook|instagram|skype|x|tiktok|telegram): ?@?[\w.:-]{3,40}", re.I)
# Where no label says so, only what is written as a telephone number is one: 100045872 is an order.
_BARE_NUMBER = re.compile(
    r"(?<![\w.,+-])(?:\+\d[\d ().-]{6,18}\d|\(?0\d{1,4}\)?[ .-]\d{2,4}(?:[ .-]?\d{2,4}){1,3}|0\d{9,10}"
    r"|[6-9]\d\d(?:[ .]\d{3}){2}|[6-9]\d\d?(?:[ .]\d\d\d?){3}|\(\d{3}\) ?\d{3}[ .-]\d{4}"
    r"|\d{3}[.-]\d{3}[.-]\d{4})(?![\w,-])"
)
_NUMBER = re.compile(r"(?<![\w.,])[+(]{0,2}\d(?:[ ()./-]{0,2}\d){6,15}(?![\w,])")
_EXTENSION = re.compile(r"\b(?:ext|extensi[óo]n|x)\.? ?\d{1,5}\b", re.I)

_STREET = re.compile(
    r"(?:c/|c\.|calle|avda?\b|avenida|plaza|pza|pla[çc]a|paseo|passeig|pº|pol[íi]gono|p\. ?i\.|carrer|rambla|ronda|rue"
    r"|boulevard|via|v[íi]a|piazza|traves[íi]a|ctra|camino|rua|pra[çc]a|avinguda)(?:\.| |(?<=/)).{2,50}\d"
    r"|.{0,40}?\d{1,5}[a-z]?,? .{2,40}\b(?:street|st|road|rd|avenue|ave|lane|square|quay|wharf|drive|way)\b"
    r"|.{0,40}?\w(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse) \d",
    re.I,
)
_POSTCODE = re.compile(r"\b(?:\d{5} [A-ZÁÉÍÓÚÄÖÜ]|[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}\b|[A-Z]{2} \d{5}\b)")
_COMPANY = re.compile(
    r"\b(?:ltd|limited|inc|llc|llp|plc|gmbh|ag|kg|sarl|s\.?a\.?s|s\.?p\.?a|s\.?r\.?l|lda|ltda|s\.?[lac]\.?[ulp]?|s\.?coop)"
    r"\.?\Z",
    re.I,
)
_REGISTER = re.compile(
    r"(?:c\.?i\.?f|n\.?i\.?f|vat|ust-?id\w*|siret|p\.? ?iva|co\.? ?no|company (?:no|number)|reg\.? ?no)\b", re.I
)
_JOB = re.compile(
    r"(?:director|manager|head|chief|ceo|cto|cfo|coo|founder|owner|sales|support|marketing|assist|office|servic|team"
    r"|dept|department|departament|responsable|jef[ea]\b|gerent|comercial|venta|atenci|client|equip|administra|soport"
    r"|t[ée]cnic|vertrieb|kundenservice|leiter|abteilung|directeur|directrice|responsabil|ufficio|diretor|dpto|depto"
    r"|customer|success|engineer|consult|developer|recep|account|operat|abogad|gestor|laboral|fiscal)",
    re.I,
)
_SMALL = frozenset(
    re.findall(
        r"\w+",
        "de del la las los el y i e of the and der den die und am im an du des da do das dos di della a al à en for "
        "für esc piso planta puerta bajo bajos izq izda dcha entlo local nave floor suite st nd rd th",
    )
)
_MOST_WORDS = 6
_PARTS = re.compile(r" ?[|·•;\t] ?| [-–—/] |  +")
_WORD = re.compile(r"[^\W\d_]+")


def afterthought(line: str) -> bool:
    """Whether a line begins like a postscript: "PD: tráete el móvil"."""
    return bool(_AFTERTHOUGHT.match(line))


def contacts(line: str) -> int:
    """How many contacts a line of a card holds; 0 for a line that says anything else as well.

    >>> contacts("T: 020 7946 0018 | www.x.example"), contacts("PD: mira la web nueva"), contacts("100045872")
    (2, 0, 0)
    """
    if len(line) > _LONGEST or afterthought(line):
        return 0
    counts = [_values(part) for part in parts(line)]
    rest = [part for part, count in zip(parts(line), counts, strict=True) if not count]
    return sum(counts) if all(map(filler, rest)) and not any(part.endswith(":") for part in rest) else 0


def parts(line: str) -> list[str]:
    """The pieces of a line that a bar, a dot or a dash parts: `"Ana Ruiz | Barcos"` has two."""
    return [part.strip(" ,") for part in _PARTS.split(line) if part.strip(" ,")]


def filler(line: str) -> bool:
    """Whether a line is an address, a job, a company or its number, which stand on cards and say nothing alone."""
    if len(line) > _LONGEST or afterthought(line) or line.endswith((":", "!", "?", "…")):
        return False
    return all(map(_is_filler, parts(line)))


def capitals(line: str) -> bool:
    """Whether all words but the small ones begin with a capital: a name, a shop, a place."""
    words = _WORD.findall(line)
    return (
        bool(words) and line[0].isupper() and all(word[0].isupper() or word in _SMALL or word == "s" for word in words)
    )


def _is_filler(part: str) -> bool:
    if _COMPANY.search(part) or (_REGISTER.match(part) and any(map(str.isdigit, part))):
        return len(part.split()) <= _MOST_WORDS + 2
    plain = _LABEL.sub("", part).strip()
    if any(map(str.isdigit, plain)):
        small = [word for word in _WORD.findall(plain) if word[0].islower() and len(word) > 1]
        # "C/ Mayor 12, 3º B" but not "Plaza 14 del parking": a street has a name.
        named = any(word[0].isupper() for word in _WORD.findall(plain)[1:]) or _POSTCODE.search(plain)
        located = _STREET.match(plain) or _POSTCODE.search(plain)
        return bool(named and located and all(word.lower() in _SMALL or _STREET.match(f"{word} X 1") for word in small))
    if _is_job(part):
        return True
    pieces = part.split(", ")
    return len(pieces) > 1 and all(capitals(piece) or _is_job(piece) for piece in pieces)


def _is_job(part: str) -> bool:
    words = _WORD.findall(part)
    if not 0 < len(words) <= _MOST_WORDS or part.endswith((".", "!", "?")):
        return False
    known = [bool(_JOB.match(word)) for word in words]
    return any(known) and all(
        job or word in _SMALL or word[0].isupper() for job, word in zip(known, words, strict=True)
    )


def _values(part: str) -> int:
    """How many addresses, sites and numbers a piece holds, if it holds nothing else but their labels."""
    if _ACCOUNT.fullmatch(part):
        return 1
    rest, sites = _SITE.subn(" ", part)
    rest = _EXTENSION.sub(" ", rest)
    bare, labels = _LABEL.subn(" ", rest)
    bare, numbers = (_NUMBER if labels else _BARE_NUMBER).subn(" ", bare)
    return 0 if any(map(str.isalnum, bare)) else sites + numbers
