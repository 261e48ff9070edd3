"""What stands where personal data stood: [EMAIL_1], [CORREO_1]; the same value has the same number."""

import re
from collections.abc import Iterable, Iterator

from marcus_nb.text.personal.kinds import KINDS, Found, Span
from marcus_nb.text.personal.phones import same_phone

_ENGLISH = ("EMAIL", "PHONE", "CARD", "IBAN", "ID", "IP", "MAC", "URL", "SECRET", "ADDRESS", "NAME")
_SPANISH = ("CORREO", "TELEFONO", "TARJETA", "IBAN", "DOCUMENTO", "IP", "MAC", "ENLACE", "CLAVE", "DIRECCION", "NOMBRE")
WORDS = {"en": dict(zip(KINDS, _ENGLISH, strict=True)), "es": dict(zip(KINDS, _SPANISH, strict=True))}
_OTHERS = """
E-MAIL MAIL EMAIL_ADDRESS PHONE_NUMBER TELEPHONE TEL MOBILE CREDIT_CARD CARD_NUMBER IBAN_CODE DNI NIE NIF SSN US_SSN
IP_ADDRESS MAC_ADDRESS LINK PASSWORD KEY TOKEN POSTAL_ADDRESS LOCATION PERSON FIRST_NAME LAST_NAME FULL_NAME FIRSTNAME
LASTNAME CUSTOMER CUSTOMER_NAME USER USERNAME AGENT AGENT_NAME DATE REDACTED REMOVED MASKED HIDDEN PII TELÉFONO
DIRECCIÓN CONTRASEÑA PERSONA CLIENTE USUARIO APELLIDO APELLIDOS OCULTO CENSURADO FECHA NUMERO NÚMERO
"""
_MARKS = "|".join(sorted(map(re.escape, {*_ENGLISH, *_SPANISH, *_OTHERS.split()}), key=len, reverse=True)).replace(
    "_", "[_ -]?"
)
_PLACEHOLDER = re.compile(
    rf"[\[<{{(]{{1,2}}(?:your |the |customer |su |tu )?({_MARKS})(?:[_ -]?(\d{{1,9}}))?[\]>}})]{{1,2}}", re.IGNORECASE
)


def placeholders(text: str) -> Iterator[Span]:
    """Placeholders that the text already holds, [EMAIL], <phone>, {{name}}: none of them is personal data."""
    if any(mark in text for mark in "[<{("):
        for match in _PLACEHOLDER.finditer(text):
            yield match.start(), match.end(), None


class Numbering:
    """Hands out the placeholders of one conversation, in order of appearance.

    >>> numbering = Numbering(["Write to [EMAIL_1]"], "en")
    >>> numbering.placeholder(Found(0, 15, "email", "tom@example.com"))
    '[EMAIL_2]'
    """

    def __init__(self, texts: Iterable[str], language: str) -> None:
        self._words = WORDS[language]
        self._given: dict[tuple[str, str], int] = {}
        self._highest: dict[str, int] = {}
        for text in texts:
            if "[" not in text:
                continue
            for match in _PLACEHOLDER.finditer(text):
                if match[2]:
                    word = match[1].upper()
                    self._highest[word] = max(self._highest.get(word, 0), int(match[2]))

    def placeholder(self, found: Found) -> str:
        """The placeholder of a find; the same one for the same value."""
        key = (found.kind, found.value)
        word = self._words[found.kind]
        if key not in self._given:
            number = self._same(found)
            if not number:
                number = self._highest[word] = self._highest.get(word, 0) + 1
            self._given[key] = number
        return f"[{word}_{self._given[key]}]"

    def _same(self, found: Found) -> int:
        """The number of somebody known by a part of the name or number: "Tom" is "Tom Baker"."""
        if found.kind == "phone" and len(self._given) < _FEW:
            return next(
                (n for (kind, v), n in self._given.items() if kind == "phone" and same_phone(v, found.value)), 0
            )
        if found.kind == "name" and len(self._given) < _FEW:
            for (kind, value), number in self._given.items():
                if kind == "name":
                    short, long = sorted((value.split(), found.value.split()), key=len)
                    if short == long[: len(short)] or short == long[-len(short) :]:
                        return number
        return 0


_FEW = 200  # a text with more is no conversation of people, and comparing each with each would take minutes


def replaced(text: str, finds: Iterable[Found], numbering: Numbering) -> str:
    """The text with a placeholder for each find; the finds in order, none overlapping."""
    parts, place = [], 0
    for found in finds:
        parts += [text[place : found.start], numbering.placeholder(found)]
        place = found.end
    return "".join([*parts, text[place:]])
