"""What telephones and mail programs add below a message about themselves: "Sent from my iPhone"."""

import re

_DEVICE = (
    r"(?:iPhone|iPad|iPod|Mac(?:Book)?|Apple Watch|Android|Samsung|Galaxy|Huawei|Xiaomi|Redmi|POCO|Motorola|Moto|Nokia"
    r"|Sony|Xperia|HTC|LG|Honor|OnePlus|OPPO|Oppo|realme|Pixel|BlackBerry|Blackberry|Windows|(?i:(?:t-)?mobile)"
    r"|[Dd]evice"
    r"|[Cc]ell|[Pp]hone|[Ss]martphone|[Tt]ablet|[Mm][óo]vil|[Tt]el[ée]fono|[Cc]elular|[Dd]ispositivo|Handy|Mobiltelefon"
    r"|[Tt]éléphone|[Pp]ortable|[Cc]ellulare|[Tt]elemóvel|[Mm]òbil|Outlook|Mail|Correo|Gmail|Yahoo|AOL|Proton ?Mail"
    r"|Spark"
    r"|GMX|WEB\.DE|Thunderbird|Courrier|Posta|E-Mail|Email|Hotmail|iCloud|Tuta|Tutanota|Zoho|Superhuman)"
)
_VIA = (
    r"(?:Sent (?:from|via|with|using)|Enviado (?:desde|con|a trav[ée]s de|mediante|do|a partir d[oae])"
    r"|Gesendet (?:von|mit|über)|Envoyé (?:de|depuis|à partir d[e'’]|avec)|Provenance ?:|Inviato (?:da|dal|con|tramite)"
    r"|Enviat (?:des d['’e]l?|amb))"
)
_GET = (
    r"(?:Get|Download|Obtener|Obt[ée]n|Descargar?|Holen Sie sich|Obtenir|T[ée]l[ée]chargez?|T[ée]l[ée]charger|Ottieni"
    r"|Scarica|Obter|Transferir|Baixar?|Obteniu) (?:o |l['’])?\[?Outlook (?:for|para|pour|per|für) "
    r"(?:iOS|Android|Windows|Mac)\]?"
)
_TAIL = r"(?: ?(?:<[^<>\s]{1,300}>|\[[^\[\]\s]{1,300}\]|\(?https?://[^\s()]{1,300}\)?))?"
_SENT_FROM = re.compile(
    rf"{_VIA} ?(?:el correo electrónico seguro de )?(?:(?:[\w'’,.-]{{1,20}} ){{0,4}}{_DEVICE})"
    rf"(?:[ ,.(-][^\n<>\[\]@?]{{0,80}})?{_TAIL}\.?"
    rf"|(?:{_GET}|Outlook für (?:Android|iOS) (?:herunterladen|beziehen)){_TAIL}"
    rf"|(?:Diese Nachricht wurde v|V)on meinem (?:[\w.-]{{1,20}} ){{0,3}}{_DEVICE}(?:[ -][^\n@?]{{0,60}})?"
    r" (?:gesendet|verschickt)\.?"
)
# Within a line only after a sentence, and only what nobody writes by hand: "It was sent from my iPhone" stays.
_SENT_FROM_INLINE = re.compile(
    r"(?:(?<=[.!?…)] )|(?<=\w\w ))(?:Sent from my (?:iPhone|iPad|Samsung|Galaxy|Android|Huawei|Xiaomi)"
    r"|Get Outlook for (?:iOS|Android)"
    r"|Enviado desde mi (?:iPhone|iPad|Samsung|Galaxy|Android|Huawei|Xiaomi)|Obtener Outlook para (?:iOS|Android)"
    r"|Von meinem (?:iPhone|iPad) gesendet|Envoyé de mon (?:iPhone|iPad)|Inviato da (?:iPhone|iPad)"
    r"|Enviado do meu (?:iPhone|iPad))"
    rf"{_TAIL}\.?\Z"
)
_LONGEST_LINE = 200
_SENT_SIGNS = (
    *(
        "Sent",
        "Get ",
        "Downl",
        "Enviad",
        "Obt",
        "Descarg",
        "esendet",
        "Outlook",
        "Envoy",
        "Télé",
        "Tele",
        "Proven",
        "Inviat",
    ),
    *("Ottieni", "Scarica", "Enviat", "Baixa", "Holen", "Nachricht wurde"),
)


def without_sent_from(text: str) -> str:
    """A message without what a telephone or mail program adds below it.

    >>> without_sent_from("At eight.\\n\\nSent from my iPhone")
    'At eight.'
    """
    if not any(map(text.__contains__, _SENT_SIGNS)):
        return text
    lines = text.split("\n")
    kept = [line for line in lines if not (len(line) <= _LONGEST_LINE and _SENT_FROM.fullmatch(line.strip(" \t*_")))]
    if len(kept) < len(lines):
        text = re.sub(r"\n{3,}+", "\n\n", "\n".join(kept)).strip()
        if text.endswith(("\n--", "\n—", "\n__")):
            text = text.rstrip("-—_ \n")
    found = _SENT_FROM_INLINE.search(text, max(0, len(text) - 2 * _LONGEST_LINE))
    return text[: found.start()].rstrip() if found else text
