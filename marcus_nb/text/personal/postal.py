"""Postal addresses, where the words of a street and a number stand together as only in an address."""

import re
from collections.abc import Iterator

from marcus_nb.text.personal.kinds import Span
from marcus_nb.text.personal.postal_parts import CAP, POSTCODE_TOWN, SMALL, TOWN, W
from marcus_nb.text.personal.postal_spanish import spanish

_UK_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}(?!\w)"
_GRID = re.compile(
    r"(?<!\w)(?:calle|cll|cl|carrera|cra|kr|kra|diagonal|transversal|avenida)\.? ?\d{1,3} ?[A-Za-z]?(?: bis)? ?"
    r"(?:#|n[oº]\.?) ?\d{1,3} ?[A-Za-z]? ?- ?\d{1,3}(?!\d)",
    re.IGNORECASE,
)
_FRENCH = re.compile(
    r"(?<![\w.,])\d{1,4}(?: ?(?:bis|ter|quater))?,? (?i:rue|avenue|av\.|boulevard|bd|bld|place|chemin|all[ée]e"
    r"|impasse|quai|route|cours|square|passage) "
    rf"(?:{SMALL}[ \t]?){{0,3}}{CAP}(?:[ -](?:{SMALL}[ \t]?){{0,2}}{CAP}){{0,4}}{POSTCODE_TOWN}?"
)
_FRENCH_SMALL = re.compile(
    r"(?<![\w.,])\d{1,4}(?: ?(?:bis|ter|quater))?,? (?:rue|avenue|boulevard|place|chemin|all[ée]e|impasse|quai"
    r"|route|passage) "
    rf"(?:{W}[ -]){{0,5}}{W},? ?\d{{5}} {CAP}(?:[ -]{CAP}){{0,3}}",
)
_SURE_STREETS = r"Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Boulevard|Blvd|Crescent|Cres|Terrace|Gardens|Mews"
_OTHER_STREETS = (
    r"Drive|Dr|Close|Court|Ct|Place|Pl|Way|Square|Sq|Row|Hill|Grove|Park|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Walk"
    r"|Green|Rise|View|Trail"
)
_UNIT = r"(?i:flat|apartment|apt|unit|suite|ste|room|floor|house)\.? ?#?\d{0,4}[A-Za-z]?(?!\w)"
_US_END = r"(?:(?:[A-Z]{2},? )?\d{5}(?:-\d{4})?(?!\w))"
_POSTCODE = rf"(?:{_UK_POSTCODE}|{_US_END})"
# A town in a line of its own is one only with its postcode behind it.
_ENGLISH_END = (
    rf"(?:,? ?\n?{_UNIT})?(?:(?:(?:, ?\n?|\n){TOWN}){{1,3}},? ?\n?{_POSTCODE}"
    rf"|(?:, ?\n?{TOWN}){{0,3}}(?:,? ?\n?{_POSTCODE})?)"
)
_ENGLISH = re.compile(
    rf"(?<![\w.,£$€#:/-])(?:{_UNIT},? )?\d{{1,5}}[A-Za-z]?(?:-\d{{1,5}})?,? (?:(?:[NSEW]\.?|North|South|East|West) )?"
    rf"(?:(?:{CAP}|\d{{1,3}}(?:st|nd|rd|th)|[Oo]f|[Tt]he) ){{1,4}}?(?:(?:{_SURE_STREETS})\b\.?(?:"
    rf" [NSEW]{{1,2}}\b)?{_ENGLISH_END}"
    rf"|(?:{_OTHER_STREETS})\b\.?(?: [NSEW]{{1,2}}\b)?(?:,? ?\n?{_UNIT})?(?:, ?\n?{TOWN}){{0,3}},? ?\n?"
    rf"(?:{_UK_POSTCODE}|{_US_END}))"
)
_LIVES = re.compile(
    rf"(?i:\b(?:live|lives|living|address is|deliver(?:ed|y)? to|ship(?:ped)? to|send it to|post it to|moved to"
    rf"|address:)(?: me)?(?: at)?:? )"
    rf"(?P<value>(?:{_UNIT},? )?\d{{1,5}}[A-Za-z]? (?:{W} ){{1,4}}?(?i:street|st|road|rd|lane|ln|avenue|ave|drive"
    rf"|close|court|place|way|square|row|hill|grove|park|crescent|terrace|gardens)\b\.?{_ENGLISH_END})"
)
_ONE_POSTCODE = re.compile(_UK_POSTCODE)
_NUMBERLESS = re.compile(
    rf"(?<!\w)(?:{CAP}(?:,? )){{1,4}}(?:{_SURE_STREETS})\b(?:,? ?\n?{CAP}(?:[ -]{CAP}){{0,2}}){{0,3}},?"
    rf" ?\n?{_UK_POSTCODE}"
)
_GERMAN = re.compile(
    rf"(?<!\w)(?:[A-ZÄÖÜ][\wäöüß-]{{1,40}}?(?:stra(?:ß|ss)e|str\.|Stra(?:ß|ss)e|Str\.)|(?:[A-ZÄÖÜ][\w-]{{1,30}} )"
    rf"(?:Stra(?:ß|ss)e|Str\.)) (?:des |der |dem )?(?:{CAP} )?\d{{1,4}} ?[a-z]?(?!\w)"
    rf"(?:,? ?\n?(?:D-)?\d{{5}} {CAP}(?:[ -]{CAP}){{0,3}})?"
    rf"|(?<!\w)(?:Am|An der|Im|In der|In den|Auf der|Auf dem|Zum|Zur|Unter den|Hinter der|Vor dem"
    rf"|Beim) (?:{CAP} ){{1,3}}"
    rf"\d{{1,4}} ?[a-z]?,? ?\n?(?:D-)?\d{{5}} {CAP}(?:[ -]{CAP}){{0,3}}"
    rf"|(?<!\w)(?:{CAP} ){{0,2}}[A-ZÄÖÜ][\wäöüß-]{{1,40}}?(?:weg|platz|allee|gasse|ring|ufer|damm|markt|hof)"
    rf" \d{{1,4}} ?[a-z]?,? ?\n?(?:D-)?\d{{5}} {CAP}(?:[ -]{CAP}){{0,3}}"
)
_BOX = re.compile(
    rf"(?<!\w)(?:P\.? ?O\.? ?Box|(?i:apartado(?: de correos| postal)?|bo[iî]te postale|postfach|casella postale"
    rf"|caixa postal)) \d{{1,6}}"
    rf"(?:{POSTCODE_TOWN}|(?:, {TOWN}){{1,2}}(?:,? {_POSTCODE})?)?"
)
_SPANISH_WORDS = (
    "c/",
    "c.",
    "calle",
    "cl.",
    "av",
    "plaza",
    "pza",
    "pl.",
    "pº",
    "p.º",
    "paseo",
    "camino",
    "carretera",
    "ctra",
    "traves",
    "ronda",
    "rambla",
    "glorieta",
    "urb",
    "carrer",
    "calzada",
    "passeig",
    "plaç",
    "via",
    "piazza",
    "corso",
    "vicolo",
    "rua",
    "r.",
    "praç",
    "praca",
    "placa",
    "estrada",
    "cra",
    "plz",
    "trav.",
    "travess",
    "avgda",
    "avd",
    "rúa",
    "gran v",
    "callej",
    "costanilla",
    "bulevar",
    "cuesta",
    "pasaje",
    "pje.",
    "alameda",
    "políg",
    "polig",
    "pol.",
    "cno.",
    "rda.",
    "gta.",
)
_ALWAYS = (
    (_GRID, ("#", "no.", "no ", "nº")),
    (
        _FRENCH,
        (
            "rue",
            "aven",
            "av.",
            "boulevard",
            "bd",
            "bld",
            "place",
            "chemin",
            "all",
            "impasse",
            "quai",
            "route",
            "cours",
            "square",
            "passage",
        ),
    ),
    (_FRENCH_SMALL, ("rue", "aven", "boulevard", "place", "chemin", "all", "impasse", "quai", "route", "passage")),
    (
        _GERMAN,
        (
            "stra",
            "str.",
            "weg ",
            "platz",
            "allee",
            "gasse",
            "ring ",
            "ufer",
            "damm",
            "markt",
            "hof ",
            "am ",
            "der ",
            "im ",
            "zum ",
            "zur ",
        ),
    ),
    (_BOX, ("box", "apartado", "postal", "postfach")),
)
_ENGLISH_WORDS = (
    "street",
    "st",
    "road",
    "rd",
    "lane",
    "ln",
    "ave",
    "boulevard",
    "blvd",
    "cres",
    "terrace",
    "garden",
    "mews",
    "drive",
    "dr",
    "close",
    "court",
    "ct",
    "place",
    "pl",
    "way",
    "sq",
    "row",
    "hill",
    "grove",
    "park",
    "h",
    "cir",
    "walk",
)
# "12 First St"; but "3 Saint St…" and "2 Sea View" are none, and neither is a number of things before a capital.
_NOT_STREET = re.compile(r"(?:\d{1,5})[ ,]+(?:Hours?|Days?|Weeks?|Stars?|Minutes?|Boats?|People|And|The)\b")


_HAS_END = re.compile(rf"{_POSTCODE}\Z|,")
# A word behind a street that is none of those a sentence goes on with.
_THING = re.compile(
    r" (?!(?:and|or|in|at|on|please|is|was|but|by|for|to|from|near|opposite|if|with|next|before|after|tomorrow|today"
    r"|tonight|thanks|thank|cheers|instead|as|not|which|where|so|because|when|the|my|your|our|i|it|you|he|she|we|they"
    r"|has|had|will|would|can|until|since|asap|around|between|behind|above|below|now|again|only|this|that|since|via"
    r"|uk|usa|y|en|de)(?!\w))[^\W\d_]",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"(?<!\w)(?:live[sd]?|living|address|deliver\w{0,3}|ship\w{0,4}|send|sent|post|posted|moved|moving|home|house|flat"
    r"|based|located|resid\w{0,5}|collect|pick up|parcel|package|letter)(?!\w)[^\n]{0,30}\Z",
    re.IGNORECASE,
)
_SAID_POSTCODE = re.compile(
    rf"(?<!\w)(?i:post ?code|postal code)(?: (?i:is|was|was:|here is))?[\s:]{{1,2}}(?P<value>(?i:{_UK_POSTCODE}))"
)


def postal_addresses(text: str, lowered: str) -> Iterator[Span]:
    """A street, its number, and what follows of floor, postcode and town; post boxes. A street alone stays."""
    if any(word in lowered for word in _SPANISH_WORDS):
        for start, found in spanish(text):
            yield _tidy(start, found)
    for pattern, words in _ALWAYS:
        if any(word in lowered for word in words):
            for match in pattern.finditer(text):
                yield _tidy(match.start(), match[0])
    if "post" in lowered:
        for match in _SAID_POSTCODE.finditer(text):
            yield _tidy(match.start("value"), match["value"])
    if _has_street(lowered):
        for match in _ENGLISH.finditer(text):
            if not _NOT_STREET.match(match[0]) and _is_house(text, match):
                yield _tidy(match.start(), match[0])
        if _ONE_POSTCODE.search(text):  # a house with a name and no number
            for match in _NUMBERLESS.finditer(text):
                yield _tidy(match.start(), match[0])
        for match in _LIVES.finditer(text):
            yield _tidy(match.start("value"), match["value"])


def _is_house(text: str, match: re.Match[str]) -> bool:
    """Not "the 76 Gloucester Road bus", "3 Abbey Road mugs": a thing follows, and nobody is said to live there."""
    if _HAS_END.search(match[0]) or not _THING.match(text, match.end()):
        return True
    return bool(_CUE.search(text[max(0, match.start() - 48) : match.start()]))


def _has_street(lowered: str) -> bool:
    return any(word in lowered for word in _ENGLISH_WORDS)


def _tidy(start: int, found: str) -> Span:
    found = found.rstrip(" ,;\n\t")
    return start, start + len(found), re.sub(r"\W+", " ", found).strip().casefold()
