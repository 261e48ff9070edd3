"""Numbers of identity cards, tax and social security, with the check digits of their countries."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

from stdnum.es import dni

from marcus_nb.text.personal.contexts import before, says_other
from marcus_nb.text.personal.kinds import Span


@dataclass(frozen=True, slots=True)
class _Id:
    """How one id is written; the stdnum module that checks it; words that must stand before it ("" where none need).

    `everywhere`: its form and check digits are so strict that it is looked for whatever the regions.
    """

    country: str
    check: str
    written: str
    words: str = ""
    everywhere: bool = False


_TAX = r"nif|n\.i\.f\.?|contribuinte|fiscal|tax id|vat|tin"
# Where digits alone are written, or one in ten passes the check, a word must say what the number is.
_IDS = (
    _Id(
        "ES", "es.dni", r"(?:ES-?)?\d{8}-?[A-Za-z]|\d{2}\.\d{3}\.\d{3} ?-?[A-Za-z]|\d{8} [A-Z](?! ?\w)|\d{7}-?[A-Za-z]"
    ),
    _Id("ES", "es.nie", r"(?:ES-?)?[XYZxyz][ -]?\d{7}[ -]?[A-Za-z]|[XYZ]-?\d\.\d{3}\.\d{3}-?[A-Z]"),
    _Id("ES", "es.cif", r"(?:ES-?)?[ABCDEFGHJNPQRSUVW][ -]?\d{7}-?[0-9A-J]|[ABCDEFGHJNPQRSUVW]-?\d{2}\.?\d{3}\.?\d{3}"),
    _Id("ES", "", r"\d{2}[ /-]?\d{8}[ /-]?\d{2}", r"seguridad social|nuss|naf|n\.?º? ?ss"),
    _Id("GB", "", r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"),
    _Id("GB", "gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", r"nhs"),
    _Id("GB", "gb.utr", r"\d{5} ?\d{5}", r"utr|taxpayer reference"),
    _Id("US", "us.ssn", r"\d{3}-\d\d-\d{4}"),
    _Id("US", "us.itin", r"9\d\d-\d\d-\d{4}"),
    _Id("US", "", r"\d{3}[ -]?\d\d[ -]?\d{4}", r"ssn|social security|social"),
    _Id("FR", "fr.nir", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d", everywhere=True),
    _Id("FR", "fr.nif", r"[0-3]\d ?\d\d ?\d{3} ?\d{3} ?\d{3}", r"fiscal|spi|nif"),
    _Id("IT", "it.codicefiscale", r"[A-Za-z]{6}\d\d[A-EHLMPRSTa-ehlmprst]\d\d[A-Za-z]\d{3}[A-Za-z]", everywhere=True),
    _Id("PT", "pt.nif", r"\d{3} ?\d{3} ?\d{3}", _TAX),
    _Id("PT", "pt.cc", r"\d{8} ?\d ?[A-Z]{2}\d"),
    _Id("DE", "de.idnr", r"\d\d ?\d{3} ?\d{3} ?\d{3}", r"steuer-?id\w*|idnr|identifikationsnummer|steuernummer|tax id"),
    _Id("DE", "", r"\d{2} ?\d{6} ?[A-Z] ?\d{3}", r"versicherungsnummer|rvnr|sozialversicherung\w*"),
    _Id("NL", "nl.bsn", r"\d{9}|\d{4}\.\d\d\.\d{3}", r"bsn|burgerservicenummer|sofinummer"),
    _Id("BE", "be.nn", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d"),
    _Id("PL", "pl.pesel", r"\d{11}", r"pesel"),
    _Id("SE", "se.personnummer", r"\d{6}[-+]\d{4}|\d{8}-\d{4}"),
    _Id("IE", "ie.pps", r"\d{7}[A-W][ABW]?"),
    _Id("CH", "ch.ssn", r"756\.\d{4}\.\d{4}\.\d\d"),
    _Id("BR", "br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d\d", everywhere=True),
    _Id("BR", "br.cpf", r"\d{11}", r"cpf"),
    _Id("MX", "mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d"),
    _Id("MX", "mx.rfc", r"[A-ZÑ&]{4}\d{6}[0-9A-Z]{3}", r"rfc"),
    _Id("AR", "ar.cuit", r"\d\d-\d{8}-\d"),
    _Id("AR", "", r"\d\d\.?\d{3}\.?\d{3}", r"dni"),
    _Id("CL", "cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]|\d{7,8}-[\dkK]"),
    _Id("CO", "", r"\d{1,3}(?:\.?\d{3}){2,3}", r"c[eé]dula|c\.?c\.?"),
    _Id("PE", "", r"\d{8}", r"dni"),
)
_ALWAYS = "ES"
# Called an identity document, a number of any country is one, its check digits right or not: people mistype.
_SAID = re.compile(
    r"(?<!\w)(?:dni|d\.n\.i\.?|nie|n\.i\.e\.?|nif|n\.i\.f\.?|cif|c\.i\.f\.?|pas+aporte?|passport|passeport"
    r"|reisepass|passaporto"
    r"|national insurance|ni number|nino|documento(?: de identidad)?|carn[eé] de identidad|personalausweis"
    r"|driving licen[cs]e|driver'?s licen[cs]e|carn[eé] de conducir|permiso de conducir|permis de conduire"
    r"|carta d'identit[aà]|codice fiscale|id card)"
    r"(?:[\s:.,=#º°()-]{0,3}+(?:numbers?|numero|número|num|núm|nummer|no|nr|nº|n°|is|es|ist|est|è|é|español|con"
    r"|with|my|mi)(?!\w)){0,3}"
    r"[\s:.=#º°()-]{0,3}+(?P<value>(?=[A-Za-z.-]{0,4}\d)[A-Za-z0-9](?:[.-]?[A-Za-z0-9]){6,17}+(?-i: [A-Z](?!\w))?)",
    re.IGNORECASE,
)
_SAID_WORDS = (
    "dni", "d.n.i", "nie", "n.i.e", "nif", "n.i.f", "cif", "c.i.f", "pas", "insurance", "ni number", "nino",
    "documento",
    "carn", "ausweis", "licen", "permis", "identit", "fiscale", "id card",
)  # fmt: skip


def national_ids(text: str, lowered: str, regions: tuple[str, ...]) -> Iterator[Span]:
    """Ids of Spain and of the regions whose check digits are right, and what the words before call a DNI or a passport.

    Bare digits are an id only where a word before them says so ("NIF", "SSN"): one number in ten would pass a check.
    """
    if any(word in lowered for word in _SAID_WORDS):
        for match in _SAID.finditer(text):
            if sum(map(str.isdigit, match["value"])) >= 5:
                end = match.end("value") + 2 * _has_letter_apart(text, match)
                yield match.start("value"), end, _bare(text[match.start("value") : end])
    for pattern, check, words in _patterns(regions):
        for match in pattern.finditer(text):
            said = before(text, match.start())
            if (words and not words.search(said)) or (check and not check(_bare(match[0]).removeprefix("ES"))):
                continue
            if words or not says_other(said) or _NAMES_ID.search(said):
                yield match.start(), match.end(), _bare(match[0])


def _has_letter_apart(text: str, match: re.Match[str]) -> bool:
    """ "dni 12345678 z": the letter is its own only where it is the right one, and no word."""
    letter = text[match.end("value") : match.end("value") + 3]
    apart = len(letter) > 1 and letter[0] == " " and letter[1].isalpha() and not letter[2:].isalnum()
    return apart and match["value"].isdigit() and dni.is_valid(match["value"] + letter[1])


_NAMES_ID = re.compile(r"(?<!\w)(?:cif|nif|vat|tax id|iva)\W{0,4}(?:\w{1,6}\W{1,2})?\Z", re.IGNORECASE)


@lru_cache(64)
def _patterns(
    regions: tuple[str, ...],
) -> list[tuple[re.Pattern[str], Callable[[str], bool] | None, re.Pattern[str] | None]]:
    chosen = [one for one in _IDS if one.everywhere or one.country in {_ALWAYS, *regions}]
    return [
        (
            re.compile(rf"(?<![\w.,/-])(?:{one.written})(?![\w]|[.,/-]\w)", re.ASCII),
            import_module(f"stdnum.{one.check}").is_valid if one.check else None,
            re.compile(rf"(?<!\w)(?:{one.words})(?!\w)[^\n]{{0,24}}\Z", re.IGNORECASE) if one.words else None,
        )
        for one in chosen
    ]


def _bare(number: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", number).upper()
