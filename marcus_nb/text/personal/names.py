"""Names of people, only where the words around them are sure: greetings, "my name is", closing words, forms."""

import re
from collections.abc import Iterator

from marcus_nb.text.personal.given_names import GIVEN
from marcus_nb.text.personal.kinds import Span
from marcus_nb.text.personal.name_runs import Run
from marcus_nb.text.personal.name_signatures import signed
from marcus_nb.text.personal.name_words import OPENERS, TITLE

_GREETING = re.compile(
    r"[>*_\"“'¡ \t]{0,4}+(?P<words>(?:hi+|hello+|hey+|hiya|dear(?:est)?|greetings|howdy|good (?:morning|afternoon"
    r"|evening|day)|morning|afternoon|evening|welcome(?: back)?"
    r"|heya|hey ya|h?ei|ep|kaixo|aupa|oye|hol[ai]+s?|(?:muy )?buenas tardes|(?:muy )?buenas noches|(?:muy )?buenas"
    r"|buen d[ií]a|(?:muy )?buenos d[ií]as|estimad[oa]|apreciad[oa]|querid[oa]"
    r"|bienvenid[oa]|bonjour|bonsoir|salut|coucou|ch[eè]re?"
    r"|hallo|servus|moin|guten (?:tag|morgen|abend)|gr[uü](?:ß|ss) (?:gott|dich)|liebe[rs]?|sehr geehrter?|werter?"
    r"|ciao|salve|buongiorno|buonasera|buona sera|gentile|egregio|car[oa]"
    r"|ol[áa]|oi|bom dia|boa tarde|boa noite|prezad[oa]|bon dia|bona tarda|bones|benvolgu(?:t|da)|estimat|estimada"
    r"|hej)"
    r"(?: (?:again|de nuevo|otra vez|y buenas tardes|y buenos d[ií]as|buenas(?: tardes| noches)?|buenos d[ií]as"
    r"|muy buenas|bon dia))?)(?P<mark>[,!]?)[ \t]{1,2}(?!\n)",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"[>*_\"“'¡ \t]{0,4}+(?:thanks(?: a lot| so much| again)?|thank you(?: so much| very much| again)?|many thanks"
    r"|cheers|sorry|ok|okay|yes|no|sure|great|perfect|right|aye|well|bye|goodbye|good night|congratulations"
    r"|gracias|muchas gracias|mil gracias|vale|perfecto|s[ií]|claro|adi[oó]s|genial|lo siento|perdona|disculpa|de"
    r" nada|merci(?: beaucoup)?|oui|d[ée]sol[ée]e?|danke|vielen dank|ja|nein|grazie(?: mille)?|obrigad[oa]"
    r"|gr[àa]cies)"
    r"(?P<comma>,)?[ \t]{1,2}",
    re.IGNORECASE,
)
_OPENING = re.compile(r"(?:(?<=[\n.!?¡>…])|\A)[>*_\"“'¡ \t]{0,4}+([^\W\d_]++)")
_DRAWN = ("h", "hol", "hell")  # "hiii", "holaaa"
_PREFIX = re.compile(r"(?:De|Del|Van|Von|Da|Di)(?: (?:la|las|los|der|den))? ", re.IGNORECASE)
_INTRODUCTION = re.compile(
    r"(?<!\w)(?:(?P<sure>my (?:full )?name is|my name['’]s|in the name of|under the name(?: of)?"
    r"|mi nombre (?:completo )?es|me llamo|a nombre de|a la atenci[oó]n de"
    r"|je m['’]appelle|mon nom est|ich hei(?:ß|ss)e|mein name ist|mi chiamo|il mio nome è"
    r"|chamo-me|me chamo|(?:o )?meu nome [eé]"
    r"|em dic|el meu nom [eé]s)|(?P<soft>i am|i['’]m|im|this is|soy|te habla|le habla|le saluda|te saluda"
    r"|le atiende|te atiende|(?<!\w )habla|habla con|a/a|att\.|attn\.?|je suis|c['’]est|ici|ich bin|hier ist"
    r"|hier spricht|sono|qui è|sou|aqui [eé]"
    r"|soc|sóc|speaking with|spoke (?:to|with)|hablé con|habl[ée] con|he hablado con))"
    r"(?:(?<=soy) (?:el|la)|(?<=nombre de) (?:la|el)|(?<=sou) [oa]|(?<=[sç][oó]c) (?:en|la|na|el)|(?<=aqui é) [oa]"
    r"|(?<=llamo),)?,?[ \t]{1,2}",
    re.IGNORECASE,
)
_INTRODUCTION_WORDS = (
    "name",
    "nombre",
    "atenci",
    "llam",
    "appel",
    "mon nom",
    "heiß",
    "heiss",
    "chiam",
    "nome",
    "nom és",
    "nom es",
    "em di",
    "i am",
    "i'm",
    "i’m",
    " im ",
    "this is",
    "soy ",
    "te habla",
    "le habla",
    "saluda",
    "a/a",
    "att",
    "atiende",
    "habl",
    "je suis",
    "c'est",
    "c’est",
    "ici ",
    "ich bin",
    "hier ",
    "sono ",
    "qui è",
    "sou ",
    "aqui ",
    "soc ",
    "sóc ",
    "cham",
    "speaking",
    "spoke",
)
_FORM = re.compile(
    r"(?:\A|\n|[,;|] )[-*•> \t]{0,4}(?:(?P<sure>full name|first name|last name|surname|name|your name|customer name"
    r"|contact name|account holder|card ?holder|nombre(?: completo| y apellidos?)?|apellidos?|titular|a nombre de"
    r"|paciente|solicitante|interesad[oa]|reclamante|asegurad[oa]|tomador[a]?|beneficiari[oa]|alumn[oa]"
    r"|tutora?|firmado|firmat|fdo\.?|fda\.?|atte?\.|patient|student|tenant|policy ?holder|signed|recipient name"
    r"|nom complet|pr[ée]nom|vorname|nachname|nome completo|cognome)"
    # what stands behind these can as well be a firm or a place
    r"|customer|passenger|guest|cliente|contacto|destinatario|nom|nome|recipient|attn|a/a|from|de|to|para)"
    r"[ \t]?:[ \t]{0,3}(?:[|\t][ \t]{0,3})?",
    re.IGNORECASE,
)
_TITLES = frozenset(
    ["sr", "sra", "srta", "don", "doña", "señor", "señora", "señorita", "mr", "mrs", "ms", "frau", "herr", "madame"]
)
# A sentence about somebody or something, not to somebody: "Hey Jude is on the radio", "Hola, Julia en blanco".
_TOLD_OF = re.compile(
    r"(?<=\w) (?:is|was|has|isn['’]t|bikes?|est|es|está|ist|é|è|en (?!qu[eé]|un|breve)\w|in (?!case|a )\w)(?!['’])"
)
# What a sentence of one's own goes on with: "Soy Pilar y quiero saber".
_GOES_ON = re.compile(r" (?:y|e|and|und|et|i|from|aus|de|del|desde) \w")
# The words before a name that somebody is called by: few, and none with a capital but the first.
_CALL = re.compile(
    r"(?:\A|[\n.!?¡¿…] ?)[¡¿*_> ]{0,3}+(?P<first>[^\W\d_]++)(?: [^\W\d_A-ZÀ-ÖØ-Þ]++){0,4}, (?=[A-ZÀ-ÖØ-Þa-z])"
)
_LISTED = re.compile(r", (?:[A-ZÀ-ÖØ-Þ]|y |and |und |et )")
_AND = re.compile(r" (?:and|&|y|e|und|et|i|&amp;) ")


def names(text: str, lowered: str) -> Iterator[Span]:
    """Names that somebody is greeted by, gives as his own, or signs with; words such as "there" and "team" are none.

    A greeted word must be a frequent first name or follow a title: a business calls its customers "Duck" and "Bombón".
    """
    yield from _greeted(text)
    if ", " in text:
        yield from _called(text)
    yield from own_names(text, lowered)
    if ":" in text or "/" in text or "tt." in text:
        for match in _FORM.finditer(text):
            title = TITLE.match(text, match.end())
            run = Run(text, title.end() if title else match.end(), surnames=True)
            sure = run.given or title or (match["sure"] and len(run.words) > 1 and run.clean)
            if run.words and run.at_line_end and sure:
                yield run.span


def own_names(text: str, lowered: str) -> Iterator[Span]:
    """Names that somebody gives as his own or signs with: of "Hi Tom, I'm Nell" only Nell."""
    if any(word in lowered for word in _INTRODUCTION_WORDS):
        yield from _introduced(text)
    yield from signed(text)


def _greeted(text: str) -> Iterator[Span]:
    for opening in _OPENING.finditer(text):
        first = opening[1].casefold()
        if first in _TITLES:
            yield from _titled(text, opening.start(1))
            continue
        if first not in OPENERS and first.rstrip("aio") not in _DRAWN:
            continue
        place = opening.start(1)
        match = _GREETING.match(text, place)
        if match:
            yield from _addressed(text, match.end(), match["words"].islower())
            continue
        match = _THANKS.match(text, place)
        if match:
            run = Run(text, match.end())
            if run.words and run.at_end and (run.given or run.somebody):
                yield run.span


def _titled(text: str, place: int) -> Iterator[Span]:
    """ "Sra. Gutiérrez, buenas tardes": somebody spoken to, since a comma follows."""
    title = TITLE.match(text, place)
    run = Run(text, title.end()) if title else None
    if run and run.words and not run.cut and text[run.end : run.end + 1] in (",", ":"):
        yield run.span


def _called(text: str) -> Iterator[Span]:
    """ "Claro que sí, Marta, dime", "Nos vemos, Álex": a first name between commas, after a few words in lower case."""
    for match in _CALL.finditer(text):
        title = TITLE.match(text, match.end())
        run = Run(text, title.end() if title else match.end())
        after = text[run.end : run.end + 1]
        first = match["first"].casefold()
        if not run.words or run.cut or len(run.words) > 1 or (after == "," and first not in OPENERS) or not run.at_end:
            continue
        if title or ((run.given or run.somebody) and not _LISTED.match(text, run.end)):
            yield run.span


def _addressed(text: str, place: int, small: bool) -> Iterator[Span]:
    titled = False
    while title := TITLE.match(text, place):
        place, titled = title.end(), True
    if titled and (prefix := _PREFIX.match(text, place)):
        place = prefix.end()
    run = Run(text, place, small)
    if not run.words:
        return
    if titled or (run.given and not _TOLD_OF.match(text, run.end)) or (run.words[0] in GIVEN and run.at_end):
        yield run.span
        also = _AND.match(text, run.end)
        if also:
            other = Run(text, also.end(), small)
            if other.words and (other.given or (other.words[0] in GIVEN and other.at_end)):
                yield other.span


def _introduced(text: str) -> Iterator[Span]:
    for match in _INTRODUCTION.finditer(text):
        title = TITLE.match(text, match.end())
        run = Run(text, title.end() if title else match.end(), small=bool(match["sure"]), surnames=True)
        if not run.words:
            continue
        if match["sure"]:
            first = text[run.start : run.start + 2]
            if run.given or run.words[0] in GIVEN or (first[:1].isupper() and not run.cut):
                yield run.span
            continue
        goes_on = run.at_end or _GOES_ON.match(text, run.end)
        if run.given or (run.somebody and goes_on) or (title and run.at_end) or _is_said_of_oneself(match, run):
            yield run.span


def _is_said_of_oneself(match: re.Match[str], run: Run) -> bool:
    """ "Soy Sol, ¿…": Spanish writes no other noun with a capital here."""
    after = match.string[run.end : run.end + 1]
    return run.words[0] in GIVEN and after == "," and match[0].lower().startswith("soy")
