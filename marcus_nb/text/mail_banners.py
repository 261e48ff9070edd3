"""What mail servers, virus scanners and helpdesks add to an e-mail: a warning on top, an advertisement at the end."""

import re

# Top: the whole first paragraph, which warns of mail from outside.
_OUTSIDE = re.compile(
    r"(?=[^\n?]*\b(?:e-?mail|message|mensaje|correo|sender|remitente|nachricht|courriel|messaggio|mail)\b)"
    r"[^\w\n]{0,5}(?:caution|warning|external|attention|notice|important|precauci[óo]n|atenci[óo]n|aviso|advertencia"
    r"|externo|achtung|warnung|vorsicht|attenzione|cuidado|this (?:e-?mail|message)|este (?:correo|mensaje)"
    r"|diese e-?mail|ce (?:message|courriel)|cet e-?mail)\b[^\n?]{0,80}?"
    r"(?:(?:from )?outside (?:of )?(?:the|your|our) (?:organi[sz]ation|company|network|firm|domain|university|group)"
    r"|from an external (?:sender|source)|external e-?mail|(?:proviene|procede|enviado|origen) (?:de |desde )?(?:fuera"
    r"|el exterior|un remitente externo|una? (?:fuente|cuenta) extern[oa])|(?:externo|ajeno) a (?:la|tu|su|nuestra)"
    r" organizaci[óo]n|fuera de (?:la|tu|su|nuestra) organizaci[óo]n|von (?:einem )?extern"
    r"|provient de l['’]ext[ée]rieur)[^\n?]{0,300}",
    re.I,
)
_LONGEST_TOP = 400  # characters
# End: lines that nobody writes by hand.
_FOOTERS = re.compile(
    r"[^\w\n]{0,5}(?:"
    r"(?:virus-free|libre de virus|lliure de virus|virenfrei|sans virus|senza virus|livre de vírus)\.?"
    r"(?: ?\(?(?:https?://|www\.)[^\s()]{3,80}\)?)?"
    r"|(?:this (?:e-?mail|message)|este (?:correo(?: electr[óo]nico)?|mensaje|e-?mail)|aquest (?:correu|missatge)"
    r"|diese e-?mail|ce (?:message|courriel)|cet e-?mail|questa e-?mail)[^\n]{0,40}"
    r"(?:checked for viruses|scanned (?:for viruses )?by|virus[- ]scan|(?:comprobado|analizado|revisado|verificado)"
    r" (?:en busca de|contra|por si contiene) virus|(?:en busca de|libre de) virus|analitzat|auf viren|antivirus"
    r"|controllata per individuare virus)[^\n]{0,100}"
    r"|(?:this (?:e-?mail|message) is a service from|este (?:correo(?: electr[óo]nico)?|e-?mail) es un servicio de)"
    r" [^\n]{1,80}"
    r"|(?:delivered|powered) by (?:zendesk|intercom|freshdesk|freshworks|helpscout|help scout|hubspot|drift|crisp|tawk"
    r"|zoho|salesforce|gorgias|front|livechat|kustomer|tidio|jira[^\n]{0,30})[^\n]{0,20}"
    r"|yahoo mail: search, organize, conquer(?: ?\(?https?://\S{1,100}\)?)?)\.?",
    re.I,
)
_SCANNER = re.compile(r"(?:https?://)?www\.(?:avast|avg|eset|bitdefender|kaspersky|mcafee)\.com/?\S{0,80}", re.I)
_LONGEST = 300
_MOST = 6  # lines
_RULE = re.compile(r"[-_=*–— ]+")


def without_banners(text: str) -> str:
    """An e-mail without its banners; a text of nothing else stays.

    >>> without_banners("At eight.\\n\\n--\\nVirus-free. www.avast.com")
    'At eight.'
    """
    lines = text.split("\n")
    top = next((at for at, line in enumerate(lines) if line.strip()), 0)
    first = lines[top].strip()
    apart = not "".join(lines[top + 1 : top + 2]).strip()
    begin = top + 1 if apart and len(first) <= _LONGEST_TOP and _OUTSIDE.fullmatch(first) else top
    end = len(lines)
    for _ in range(_MOST):
        at = end
        while at and not lines[at - 1].strip():
            at -= 1
        if at > 1 and _SCANNER.fullmatch(lines[at - 1].strip()):  # below what it says of itself
            at -= 1
        if not at or len(lines[at - 1]) > _LONGEST or not _FOOTERS.fullmatch(lines[at - 1].strip()):
            break
        end = at - 1
    if end < len(lines):
        while end and (not lines[end - 1].strip() or _RULE.fullmatch(lines[end - 1])):
            end -= 1
    if (begin, end) == (top, len(lines)) or begin >= end:
        return text
    return "\n".join(lines[begin:end]).strip()
