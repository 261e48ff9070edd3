"""Legal notes at the end of e-mails, and requests not to print them."""

import re

from marcus_nb.text.mail_banners import without_banners

# A note begins like one, and holds at least three of the words that lawyers put into it.
_OPENS = re.compile(
    r"[ \t*_>\-=#~\"“«(\[]*+(?:(?:[\w&.,'’ -]{2,60}(?:ltd|limited|plc|llp)\b\.?,? (?:is )?)?registered (?:in|office)"
    r"|this (?:e-?mail|message|communication|electronic|transmission)|the (?:information"
    r"|contents?)"
    r"|(?:the )?information (?:contained )?in this|if you (?:are not|have received|received)|any (?:unauthori[sz]ed"
    r"|views|use|dissemination)"
    r"|(?:email |e-mail |legal |privacy |confidentiality |important )?(?:disclaimer|notice)|confidential|privileged"
    r"|warning|caution"
    r"|este (?:mensaje|correo|e-?mail|email)|esta (?:comunicaci[óo]n|mensagem)|la (?:presente |informaci[óo]n)"
    r"|el contenido de este|el presente"
    r"|(?:si|s'|se) (?:usted |ud\.? |vd\.? )?(?:no es|ha recibido|recibe|recibiera|hubiera)|av[ií]so?|advertencia"
    r"|confidencialidad|cl[áa]usula"
    r"|le informamos|de (?:conformidad|acuerdo) con|en (?:cumplimiento|virtud)|conforme a|en relaci[óo]n con"
    r"|los datos|sus datos"
    r"|(?:informaci[óo]n b[áa]sica sobre )?protecci[óo]n de datos|responsable(?: del tratamiento)?:"
    r"|pol[íi]tica de privacidad"
    r"|ce (?:message|courriel|mail|courrier)|cet? e-?mail|les informations|si vous (?:n'|n’|avez|recevez)"
    r"|avertissement|toute utilisation"
    r"|diese e-?mail|dieses (?:e-?mail|schreiben)|die(?:se)? (?:information|in dieser|nachricht)|der inhalt|wenn sie"
    r"|sollten sie|haftungsausschluss"
    r"|vertraulichkeits|hinweis|questo (?:messaggio|documento)|questa (?:e-?mail|comunicazione)|le informazioni"
    r"|qualora|ai sensi|il presente"
    r"|il contenuto|aquest (?:missatge|correu)|la informaci[óo]|em conformidade|a informa[çc][ãa]o|se (?:você"
    r"|o senhor)|as informa[çc][õo]es)",
    re.I,
)
_LEGAL = re.compile(
    r"(confiden[tc]i|vertraulich|riservat|confidencials?)|(privileg|legally protected|secreto profesional"
    r"|rechtlich geschützt)"
    r"|(intended|exclusivamente|exclusivo|únicamente|dirigid[oa]|uso exclusivo|exclusiv|destiné|bestimmt"
    r"|destinat[oaie]|adreçat)"
    r"|(recipient|addressee|destinatari|destinataire|empfänger|adressat)"
    r"|(notify|inform the sender|advise the sender|contact the sender|notif[ií]|comun[ií]|ruego|rogamos|av[ií]s"
    r"|préven|informieren|benachrichtig|preghi|avvert|preguem)"
    r"|(delet|destroy|elimin|destru|borr|supprim|détrui|lösch|vernicht|cancell|distrugg|apag|esborr)"
    r"|(unauthori[sz]ed|prohibi|strictly|prohíb|proh[íi]b|interdit|verboten|untersagt|nicht gestattet|vietat|interdi)"
    r"|(disclos|disseminat|distribut|copying|reproduc|divulga|difusi|copia|weitergabe|kopieren|divulg|diffusi)"
    r"|(in error|by mistake|por error|par erreur|irrtümlich|irrtum|per errore|por engano|error de)"
    r"|(attachment|archivos? adjunt|ficheros? adjunt|anexos|documentos adjunt|pièces? jointes?|anhäng|allegati|fitxers)"
    r"|(liab|responsab|haft|virus)"
    r"|(RGPD|LOPD|GDPR|DSGVO|2016/679|3/2018|15/1999)|(finalidad|le informamos|forman parte|we process|nous traitons)"
    r"|(protecci[óo]n de datos|data protection|tratamiento|datos personales|ser[áa]n tratados|données personnelles)"
    r"|(acceso,|rectificaci[óo]n|cancelaci[óo]n|oposici[óo]n|supresi[óo]n|portabilidad|derechos)",
    re.I,
)
_LAYERS = 3  # of notes and banners below each other
_ENOUGH = 3  # different kinds of those words
_FEWEST = 70  # characters: "Is my data confidential?" is shorter
_PRINTING = re.compile(
    r"[^\w\n]{0,5}+(?:P )?(?:(?:please )?(?:consider|think (?:of|about)) (?:the|our|your) (?:environment"
    r"|planet)[^\n]{0,30}before print"
    r"|(?:before|think before) (?:you )?print(?:ing)?[^\n]{0,60}(?:environment|planet|tree|necessary|need)"
    r"|save (?:a tree|paper)[^\n]{0,60}print"
    r"|(?:por favor,? )?antes de imprimir[^\n]{0,80}(?:medio ?ambiente|necesari|planeta|naturaleza|responsabilidad)"
    r"|(?:por favor,? )?(?:piense|piensa|considere|cuide|cuida)[^\n]{0,40}(?:medio ?ambiente)[^\n]{0,40}imprim"
    r"|no imprimas?[^\n]{0,60}(?:necesari|medio ?ambiente)"
    r"|(?:el|protejamos el|cuidemos el) medio ?ambiente[^\n]{0,60}imprim"
    r"|(?:pensez|merci de penser)[^\n]{0,40}(?:environnement|planète)[^\n]{0,60}imprim"
    r"|avant d['’]imprimer[^\n]{0,60}environnement"
    r"|(?:bitte )?(?:denken sie|prüfen sie|schonen sie)[^\n]{0,60}(?:umwelt|ausgedruckt|drucken)|(?:think"
    r"|denk)[^\n]{0,20}umwelt[^\n]{0,40}druck"
    r"|(?:prima di stampare|pensa all['’]ambiente|rispetta l['’]ambiente)[^\n]{0,80}(?:ambiente|stampa|necessari)"
    r"|antes de imprimir[^\n]{0,80}ambiente|abans d['’]imprimir[^\n]{0,80}(?:ambient|necessari))[^\n]{0,160}",
    re.I,
)
_MOST_LINES = 40
_LONGEST = 5000  # characters of a line that are looked at
_WRAPPED = 50
_DECORATION = re.compile(r"[\W_]*+")
_HEADING = re.compile(
    r"[^\w\n?]*+(?:(?:important|legal|privacy|confidentiality|e-?mail|aviso|nota|cláusula|información|note) (?:de "
    r"|sobre |of )?)?"
    r"(?:disclaimer|legal|notice|warning|caution|confidential(?:ity)?|confidencial(?:idad)?|advertencia(?: legal)?"
    r"|importante?"
    r"|aviso|privacidad|protección de datos|haftungsausschluss|vertraulichkeit|hinweis|avertissement|confidentialité"
    r"|riservatezza|avviso(?: legale)?|avís legal)[^\w\n?]*+",
    re.I,
)
# Where the line breaks got lost, only an opening that nothing else has.
_INLINE = re.compile(
    r"(?<=[.!?)\]] )(?:This (?:e-?mail|message)(?: message)?,? (?:and|including|together with) (?:any|all"
    r"|its) (?:files|attachments|documents)"
    r"|The information (?:contained )?in this (?:e-?mail|message|communication) is (?:confidential|intended|privileged)"
    r"|Este (?:mensaje|correo(?: electr[óo]nico)?|e-?mail)(?: y|,? incluyendo| y, en su caso,)? (?:sus|los|cualquier"
    r"|todos los) (?:archivos|ficheros|documentos|posibles|anexos|dato)"
    r"|Este (?:mensaje|correo(?: electr[óo]nico)?) (?:va dirigido|se dirige|contiene información|es confidencial"
    r"|está dirigido|puede contener)"
    r"|Ce (?:message|courriel)(?: électronique)? et (?:toutes )?(?:les|ses) (?:éventuelles )?pièces"
    r"|Diese E-?Mail enthält vertrauliche"
    r"|Questo messaggio e (?:i suoi|gli eventuali) allegati|Esta mensagem e (?:os seus|quaisquer|seus) anexos"
    r"|Aquest missatge i els (?:seus )?)"
)
_THIS_MAIL = re.compile(
    r"[ \t*_>]{0,5}(?:this|este|esta|ce|cet|diese|questo|questa|aquest)\b.{0,20}"
    r"\b(?:e-?mail|message|correo|mensaje|mensagem|messaggio|missatge|correu|courriel|comunicaci)",
    re.I,
)
# The table that Spanish law asks for: a heading, and a line for each of these.
_TABLE_HEADING = re.compile(
    r"[^\w\n]{0,5}(?:informaci[óo]n? b[áa]sica (?:sobre|de) |informaci[óo] b[àa]sica sobre )?"
    r"protecci[óo]n? de (?:datos|dades)\b[^\n]{0,40}",
    re.I,
)
_TABLE_FIELD = re.compile(
    r"[^\w\n]{0,5}(?:responsable|finalidade?s?|finalitat|legitimaci[óo]n?|base (?:jur[íi]dica|legal)|destinatari[oa]?s"
    r"|derechos|drets|procedencia|plazos?|conservaci[óo]n|informaci[óo]n? (?:adicional|addicional)|cesiones|delegado)"
    r"[^\n:]{0,30}:[^\n]{1,300}",
    re.I,
)
_FEWEST_FIELDS = 3
_SIGNS = (
    *("confiden", "vertraulich", "riservat", "privileg", "destinatar", "recipient", "addressee", "rgpd", "lopd"),
    *(
        "gdpr",
        "2016/679",
        "imprim",
        "print",
        "druck",
        "stamp",
        "datos",
        "dsgvo",
        "virus",
        "extern",
        "outside",
        "organizaci",
    ),
    *("ered by", "a service from", "un servicio de", "organize, conquer"),
)


def without_disclaimer(text: str) -> str:
    """An e-mail without the legal note at its end; a text of nothing else stays.

    >>> without_disclaimer("At eight.\\n\\nPlease consider the environment before printing this e-mail.")
    'At eight.'

    A note begins like one, holds several of the words of lawyers ("confidential", "recipient", "delete"), and nothing
    else stands below it: "This email is confidential, is it not?" stays. So does one that is announced ("Put this
    below your mails:"). What mail servers and helpdesks add goes as well: see `mail_banners`.
    """
    if not any(map(text.lower().__contains__, _SIGNS)):
        return text
    for _ in range(_LAYERS):
        before, text = text, _without_notes(without_banners(text))
        if text == before:
            break
    return text


def _without_notes(text: str) -> str:
    lines = text.split("\n")
    start = _start(lines)
    kept = "\n".join(lines[:start])
    cut = kept.rstrip() if start < len(lines) and kept.strip() else text
    found = _INLINE.search(cut)
    if found and cut[: found.start()].strip() and _is_legal(cut[found.start() :]):
        return cut[: found.start()].rstrip()
    return cut


def _start(lines: list[str]) -> int:
    """The first line of the notes that the text ends with."""
    start = len(lines)
    while True:
        before = _trimmed(lines, start)
        if before and _PRINTING.fullmatch(lines[before - 1].strip()):
            start = before - 1
            continue
        begun = _table(lines, before)
        if begun is None:
            begun = _note(lines, before)
        if begun is None:
            break
        # A first line of the same note, which is not legal enough alone.
        while begun and _THIS_MAIL.match(lines[begun - 1]) and _kinds(lines[begun - 1][:_LONGEST]):
            begun -= 1
        # What names or frames the note.
        while begun and (_DECORATION.fullmatch(lines[begun - 1]) or _HEADING.fullmatch(lines[begun - 1])):
            begun -= 1
        # "Put this below your mails:"
        above = _trimmed(lines, begun)
        if above and lines[above - 1].rstrip().endswith(":"):
            break
        start = begun
    return start


def _table(lines: list[str], end: int) -> int | None:
    """Where the table of data protection begins that ends above a line, heading included."""
    at = end
    while at and at > end - _MOST_LINES and _TABLE_FIELD.fullmatch(lines[at - 1].strip()):
        at -= 1
    headed = at and len(lines[at - 1]) < _FEWEST and _TABLE_HEADING.fullmatch(lines[at - 1].strip())
    return at - 1 if headed and end - at >= _FEWEST_FIELDS else None


def _trimmed(lines: list[str], end: int) -> int:
    while end and _DECORATION.fullmatch(lines[end - 1]):
        end -= 1
    return end


def _note(lines: list[str], end: int) -> int | None:
    """Where a note begins that ends above line `end`: the lowest line that opens one and makes it legal enough."""
    kinds: set[int] = set()
    length = 0
    for at in range(end - 1, max(-1, end - 1 - _MOST_LINES), -1):
        line = lines[at][:_LONGEST]
        found = _kinds(line)
        if not found and line.strip() and not _goes_on(lines, at):
            return None
        kinds |= found
        length += len(line)
        if len(kinds) >= _ENOUGH and length >= _FEWEST and _OPENS.match(line):
            return at
    return None


def _goes_on(lines: list[str], at: int) -> bool:
    """Whether a line without any legal word is the rest of a sentence above it: mail programs break long lines."""
    above = lines[at - 1].rstrip() if at else ""
    return len(above) >= _WRAPPED and not above.endswith((".", "!", "?", ":"))


def _kinds(text: str) -> set[int]:
    return {found.lastindex for found in _LEGAL.finditer(text) if found.lastindex}


def _is_legal(text: str) -> bool:
    return len(text) >= _FEWEST and len(_kinds(text[:_LONGEST])) >= _ENOUGH
