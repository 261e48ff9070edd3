"""Streets of Spain and its neighbours in the Romance languages, where the number stands behind the name."""

import re
from collections.abc import Iterator

from marcus_nb.text.personal.postal_parts import CAP, COMMA_TOWN, POSTCODE_TOWN, SMALL, TOWN, W

_SHORT_OR_CAP = rf"(?:[A-ZÀ-ÖØ-Þ][^\W\d_]{{0,2}}\.|{CAP})"
_SP = r"[ \t]{1,2}"
_NAME = rf"(?:{SMALL}[ \t]?){{0,2}}{_SHORT_OR_CAP}(?:{_SP}(?:{SMALL}[ \t]?){{0,2}}{_SHORT_OR_CAP}){{0,4}}"
_NUMBER = (
    r"(?:s/n|(?:n[ºo°.]{1,2} ?|núm\.? |numero |número |km\.? ?|# ?)?"
    r"\d{1,4}(?:(?:[A-Za-z]|[ -][A-Z])(?!\w))?(?: ?(?:bis|ter)(?!\w))?)"
)
_SIDE = (
    r"(?:derecha|izquierda|d(?:re)?cha?|dta|i[sz]q(?:da|uierda)?|izda|centro|ctro|cto|ext(?:erior)?|int(?:erior)?)\.?"
)
_PLACE = (
    r"(?:bajos?|baixos?|[aáà]tico?|sobre[aá]tico|entresuelo|entresol|entl\.?|ent\.|principal|pral\.?|locale?s?|piso|pis"
    r"|planta|puerta|porta|pta\.?|esc(?:alera|ala|\.)|portal|bloque|bloc|blq?\.?|oficina|of\.|despacho|apto\.?"
    r"|apartamento|depto\.?|interior|int\.|nave|parcela|chalet|torre|(?:urb\.|urbanizaci[oó]n) "
    rf"{TOWN}|pol\. ?ind\.?(?: {TOWN})?)"
)
_NTH = r"\d{1,2} ?(?:[ºª°]|(?:[oaèé]|n|r|t|er|on)(?![^\W\d_]))\.?"
_FLOOR = (
    rf"(?:,? ?[-–]? ?(?:(?i:{_PLACE})(?![^\W\d_])(?: (?i:{_SIDE})(?!\w)| ?(?:{_NTH}|\d{{1,3}}[A-Za-z]?)(?!\w)"
    rf"| [A-Z](?!\w))?"
    rf"|{_NTH}(?: ?-? ?(?:{_NTH}|(?i:{_SIDE})(?!\w)|[A-Za-z](?!\w)))?|(?i:{_SIDE})(?!\w)"
    r"|\d{1,2} ?[A-Z](?!\w)|\d{1,2}[a-z](?!\w)|(?<=,)(?<!\d,) ?\d{1,2}-\d{1,2}(?!\d)))"
)
_END = rf"(?P<end>{_FLOOR}{{0,5}}(?:{POSTCODE_TOWN}|{COMMA_TOWN}(?:{POSTCODE_TOWN})?)?)"
_ROMANCE = re.compile(
    r"(?<!\w)(?:(?i:c/ ?|c\. |calle |cl\. |avda\. ?|avda |avgda\.? |avd\.? |av\.? |avenida |plaza |plza?\. ?|pza\.? "
    r"|pl\. |paseo |pº ?|p\.º |camino |cno\. |carretera |ctra\.? |trav\. |traves[ií]a |ronda |rda\. |rambla |glorieta "
    r"|gta\. |urbanizaci[oó]n |urb\.? |carrera |cra\.? |calzada |carrer |avinguda |passeig |passatge |pla[cç]a "
    r"|travessera "
    r"|r[uú]a |via |viale |piazza |corso |vicolo |r\. |travessa |pra[cç]a |estrada |callej[oó]n |costanilla |bulevar "
    r"|cuesta (?=de))|Pasaje |Pje\. |Alameda |(?=Gran Vía[, ])(?:Gran )?)"
    rf"{_NAME}(?:,? |, ?){_NUMBER}(?!\d|[.,:]\d|[€%]| ?(?:€|euros?|horas?|h\b|%|am\b|pm\b)){_END}"
)
# In lower case only with what follows a house number: a floor, or a postcode.
_LOWER_CASE = re.compile(
    r"(?<!\w)(?:(?i:c/ ?|calle |avda\.? |avenida |plaza |paseo |rua |rúa |carrer |camino |travesía ))"
    rf"(?:{W} ){{0,5}}?{W},? (?:n[ºo°]\.? ?)?\d{{1,4}}[a-z]?(?!\w)"
    rf"(?:{_FLOOR}{{1,4}}(?:{POSTCODE_TOWN}|,? [^\W\d_]{{3,20}} \d{{5}}(?!\d))?"
    rf"|(?:,? [^\n,\d]{{1,20}})?,?[ \n]\d{{5}} {W})"
)
_ESTATE = re.compile(
    rf"(?<!\w)(?:(?i:pol[ií]gono|pol\.)(?: (?i:industrial|ind\.?))? ){_NAME}"
    rf"(?:,? (?i:c/ ?|calle ){W}|,? (?i:c/ ?|calle )\d{{1,3}})?,? (?:(?i:nave|parcela|parc\."
    rf"|n[ºo]\.?) ?)\d{{1,4}}[A-Za-z]?(?!\w){_END}"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\Z")
# "10 minutos", "5 paradas", "45 km", "14 de abril": a number of things, or a day, behind the name of a street.
_COUNTED = re.compile(
    r",? (?:(?:min|km|m|mts|kg|hab|uds?|pax|x|a[ñn]os?)(?!\w)|de (?:enero|febrero|marzo|abril|mayo|junio|julio|agosto"
    r"|sep?tiembre|octubre|noviembre|diciembre|gener|febrer|març|maig|juny|juliol|agost|setembre|desembre)(?!\w)"
    r"|(?!(?:gracias|antes|después|entonces|detrás|además|pues|quizás?|tras|es|nos|os|los|las|mis|tus|sus|unos|unas"
    r"|tienes|puedes|quieres|sabes|vienes|llegas|dejas|mandas|podrías|menos|ellos|vosotros|nosotros|todos|lunes|martes"
    r"|miércoles|jueves|viernes)(?!\w))[^\W\dA-ZÀ-Þ_]{2,20}+(?<=[^\Wíé]s)(?<!áis)(?<!éis)(?<!amos)(?<!emos)(?!\w))"
)


def spanish(text: str) -> Iterator[tuple[int, str]]:
    """Street, number, floor, postcode and town; "Plaza Cataluña, 5 paradas" and "Camino de Santiago 2025" are none."""
    for match in _ROMANCE.finditer(text):
        if match["end"] or not (_YEAR.search(match[0]) or _COUNTED.match(text, match.end())):
            yield match.start(), match[0]
    for pattern in (_ESTATE, _LOWER_CASE):
        for match in pattern.finditer(text):
            yield match.start(), match[0]
