"""The answers that mail programs send for somebody who is away: "Automatic reply: I am out of the office until…"."""

import re

_LONGEST = 1_500  # characters


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# How such answers begin; nearly all other messages are done in a microsecond.
_FIRST_WORDS = _words(
    "auto automatic auto-reply autoreply auto-response respuesta automatische abwesenheitsnotiz réponse "
    "reponse risposta resposta out fuera absence fuori fora hi hello hola hallo bonjour dear buenos guten ciao "
    "bon thank thanks gracias gràcies vielen danke merci grazie obrigado obrigada i i'm i’m currently at en "
    "estoy estaré me ich je sono sarò estou estarei sóc soc estic "
)
_STEMS = _words("auto fic leave desk ausent absen assent abwes büro haus erreichbar escrit absence")
_BEGINNING = 300  # characters, of the greeting and the sentence about being away
_TITLE = re.compile(
    r"\W{0,3}(?:auto(?:matic)?[- ]?(?:reply|response)|respuesta autom[áa]tica|automatische (?:antwort|rückmeldung)"
    r"|abwesenheitsnotiz|r[ée]ponse automatique|risposta automatica|resposta autom[àáa]tica) ?[:\-–—]",
    re.I,
)
_HEADED = re.compile(
    r"\W{0,3}(?:out of (?:the )?office|fuera de (?:la )?oficina|absence du bureau|fuori ufficio|fora do escritório)"
    r" ?[:\-–—]",
    re.I,
)
# Otherwise two things: somebody is away, said at the beginning, and what only such an answer goes on with.
_BEGINS = re.compile(
    r"(?:\W{0,3}(?:hi|hello|hola|hallo|bonjour|dear \w+|buenos d[íi]as|guten tag|ciao|bon dia|thank(?:s| you)|gracias"
    r"|gràcies|vielen dank|danke|merci|grazie|obrigad[oa])\b[^\n.!]{0,80}[.!,\n]\s{0,3}){0,3}\W{0,3}"
    r"(?:(?:i am|i'm|i’m|i will be|currently|at the moment i am) (?:[^\n.?!]|(?<=\d)\.){0,60}?(?:out of (?:the )?office"
    r"|on (?:annual|parental|maternity|sick) leave|away from (?:the office|my desk))"
    r"|(?:en (?:este|estos) momentos? )?(?:estoy|estaré|me encuentro) (?:[^\n.?!]|(?<=\d)\.){0,40}?(?:fuera de (?:la"
    r" )?oficina|ausente"
    r")"
    r"|ich bin (?:[^\n.?!]|(?<=\d)\.){0,60}?(?:nicht im (?:büro|haus)|außer haus|abwesend|nicht erreichbar)"
    r"|je suis (?:[^\n.?!]|(?<=\d)\.){0,60}?(?:absente?)"
    r"|(?:sono|sarò) (?:[^\n.?!]|(?<=\d)\.){0,40}?(?:fuori (?:ufficio|sede)|assente)"
    r"|(?:estou|estarei) (?:[^\n.?!]|(?<=\d)\.){0,40}?(?:fora do escritório|ausente)"
    r"|(?:sóc|soc|estic) (?:[^\n.?!]|(?<=\d)\.){0,40}?(?:fora de l['’]oficina))",
    re.I,
)
_GOES_ON = re.compile(
    r"(?:limited|no|not have|intermittent) access|(?:on|upon) my return|when i (?:return|am back)"
    r"|(?:for|any|with) urgent|urgent (?:matter|quer|enquir|issue|request)|acceso limitado|sin acceso|no tendr[ée]"
    r" acceso"
    r"|a mi (?:regreso|vuelta)|(?:casos?|asuntos?|temas?|consultas?|para lo) urgentes?|en caso de urgencia|para"
    r" urgencias"
    r"|dringende?n? (?:fällen|fragen|anliegen|angelegenheiten)|keinen zugriff|meiner rückkehr|à mon retour"
    r"|en cas d['’]urgence|al mio (?:rientro|ritorno)|no meu regresso|cas d['’]urgència",
    re.I,
)


def is_away(text: str) -> bool:
    """Whether a message is an answer that a mail program sends while somebody is away.

    >>> is_away("Automatic reply: I am on leave until 9 June."), is_away("I am on leave on Monday, come Tuesday!")
    (True, False)
    """
    beginning = text[:_BEGINNING].lower()
    first = beginning.split(None, 1)[:1]
    if not first or first[0].strip(".,:!¡-–—[(*") not in _FIRST_WORDS or len(text) > _LONGEST:
        return False
    if not any(map(beginning.__contains__, _STEMS)):
        return False
    if _TITLE.match(text):
        return True
    begun = _HEADED.match(text) or _BEGINS.match(text)
    return bool(begun and _GOES_ON.search(text, begun.end()))
