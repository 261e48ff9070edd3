"""What an e-mail quotes of earlier ones, as mail programs write it: found line by line, and taken out."""

import re

# The line above a quote: "On Mon, 3 Jun 2024 at 10:12, Ana <ana@example.com> wrote:". It is recognised by its verb;
# then it has to begin like one, and to hold a time, a year or an address: people write "as my mother wrote:" as well.
_VERB = re.compile(
    r"\b(?:wrote|escribi[oó]|ha escrito|a [ée]crit|schrieb|hat geschrieben|ha scritto|escreveu|va escriure"
    r"|ha escrit)\b",
    re.I,
)
_BEGINS = re.compile(
    r"[ \t>*]*(?:(?:on|el|le|am|il|em|na?|no|a|à|op|den|de|quoting)\s+\S|(?:mon|tue|wed|thu|fri|sat|sun|lun|mar"
    r"|mi[eé]|jue"
    r"|vie|s[áa]b|dom)\w*[ ,.]|\d{1,4}[-/. ])",
    re.I,
)
_NAMED = re.compile(
    r"[ \t>*\"]*[^\n<>@]{2,80}<[^<>\s@]{1,80}@[^<>\s@]{1,80}>\s", re.I
)  # Ana <ana@example.com> escribió el …:
_MOMENT = re.compile(
    r"\b\d{1,2}(?:[:h]|\.(?=\d\d\b))\d\d|\b(?:19|20)\d\d\b|\d{1,2}[/.-]\d{1,2}[/.-]\d\d|<[^<>\s@]{1,80}@[^<>\s@]{1,80}>"
)
_TIME_OF_DAY = re.compile(r"\b\d{1,2}[:.h]\d\d\b(?![./-])")
# What Gmail wrote in Spanish and German for years, and writes in Catalan, has no verb.
_VERBLESS = re.compile(
    r"\d{4}-\d\d-\d\d \d{1,2}:\d\d GMT[+-]\d\d:?\d\d [^<>\n]{1,100}<[^<>\s]{3,100}>:"
    r"|Missatge de [^<>\n]{1,100}<[^<>\s]{3,100}> del dia [^\n]{5,60}:"
)
_LONGEST_INTRODUCTION = 300  # characters
_INTRODUCTION_LINES = 3  # mail programs break lines at 72 characters
# Where the line breaks got lost, only what cannot be anything else.
_INLINE = re.compile(
    r"(?:(?<=[.!?,)\]] )|(?<=[^\s\w] )|(?<=[a-z] ))(?:On|El|Le|Am|Il giorno|Il|Em|El dia)\s[^\n<>@]{5,120}"
    r"(?:<[^<>\s@]{1,80}@[^<>\s@]{1,80}>\s?(?:wrote|escribi[oó]|a [ée]crit|ha scritto|escreveu|va escriure)\s?:"
    r"|(?<=schrieb )[^\n<>@]{0,1}<[^<>\s@]{1,80}@[^<>\s@]{1,80}>:)"
)

_QUOTED = re.compile(r"[ \t]{0,3}>")
_SEPARATOR = re.compile(
    r"[ \t>]*+[-_=*]{3,}+ {0,3}(?:original (?:message|appointment)|mensaje (?:original|anterior)|message d['’]origine"
    r"|urspr[üu]ngliche nachricht|messaggio originale|mensagem original|missatge original|previous message"
    r"|oorspronkelijk bericht) {0,3}[-_=*]{3,}+",
    re.I,
)
_FORWARD = re.compile(
    r"[ \t>]*+(?:[-_]{3,}+ {0,3}(?:forwarded message|(?:mensaje|correo) reenviado|message transf[ée]r[ée]"
    r"|messaggio inoltrato"
    r"|weitergeleitete nachricht|mensagem (?:re)?encaminhada|missatge reenviat)(?: from [^\n]{1,80})? {0,3}[-_]{3,}+"
    r"|(?:begin forwarded message|inicio del mensaje reenviado|d[ée]but du message (?:r[ée]exp[ée]di[ée]"
    r"|transf[ée]r[ée])"
    r"|anfang der weitergeleiteten nachricht|inizio messaggio inoltrato):)",
    re.I,
)
_REPLY_ABOVE = re.compile(
    r"[ \t>]*+[#\-—_=*]{2,}+.{0,5}(?:(?:please )?(?:type|write|reply)(?: your reply)? above this line"
    r"|(?:por favor,? )?(?:escrib[ae] su respuesta|responda) (?:por )?encima de esta l[ií]nea"
    r"|bitte (?:geben|schreiben) sie ihre antwort (?:über|oberhalb) dieser (?:linie|zeile)(?: ein)?"
    r"|veuillez (?:saisir|écrire) votre réponse au-dessus de cette ligne"
    r"|(?:digita|scrivi) la (?:tua )?risposta sopra questa riga).{0,5}[#\-—_=*]{2,}+",
    re.I,
)
_RULE = re.compile(r"[ \t]*+[_\-*=]{5,}+")

# The header of an earlier mail as Outlook quotes it, one name a line.
_KINDS = {
    "from": "from, de, von, da, expéditeur, remitente, absender, mittente",
    "sent": "sent, enviado, enviado el, enviado em, envoyé, envoyé le, gesendet, inviato, enviada, enviada em, enviat, "
    "fecha de envío",
    "to": "to, para, an, a, à, per, pour, destinatario, destinatari",
    "subject": "subject, asunto, objet, betreff, oggetto, assunto, assumpte",
    "date": "date, fecha, datum, data",
    "copy": "cc, cco, bcc, copia, reply-to, importance, importancia, priority, attachments, datos adjuntos",
}
_NAMES = {name: kind for kind, names in _KINDS.items() for name in names.split(", ")}
_FIELD = re.compile(r"[ \t>]*+\*{0,2}([^\W\d_][\w\- éà]{0,14}?) ?\*{0,2}[ \xa0]?:(?!//)")
_LONGEST_FIELD = 500
_HEADER_LINES = 16
_INLINE_FIELDS = re.compile(r"(?:From|De|Von|Da):\s(?=[^\n]{0,120}?(?:@|Sent:|Enviado|Gesendet:|Inviato:|Envoyé))")
_INLINE_ORDER = (
    re.compile(r"\b(?:Sent|Date|Enviado(?: el)?|Fecha|Gesendet|Datum|Inviato|Data|Envoyé|Enviada(?: em)?|Enviat):"),
    re.compile(r"\b(?:Subject|Asunto|Betreff|Oggetto|Objet|Assunto|Assumpte):"),
)
_INLINE_REACH = 500  # characters from one name to the next

# Texts without any of these, nearly all, are done in a microsecond.
_SIGNS = (
    *(
        "\n>",
        "\n >",
        "wrote",
        "escrib",
        "escrito",
        "crit :",
        "crit:",
        "schrieb",
        "scritto",
        "geschrieben",
        "escrev",
        "escriu",
        "GMT",
    ),
    *("---", "___", "##", "From:", "From :", "De:", "De :", "De\xa0:", "Von:", "Da:", "Missatge de", "orward"),
    *("reenvia", "inoltrat", "Inicio del", "Weiterge", "weiterge", "==="),
)


def without_quotes(text: str) -> str:
    """An e-mail without what it quotes, introduction included; answers between quoted lines stay.

    >>> without_quotes("At eight.\\n\\nOn Mon, 3 Jun 2024 at 10:12, Tom <tom@example.com> wrote:\\n> When do you open?")
    'At eight.'

    Quoted are: what stands below a mail program's introduction, separator or header to the end, or there to the last
    line with ">"; and lines with ">" that somebody answered one after the other. Other lines with ">" may be lists or
    citations, and stay. Of a forwarded mail only the header goes: it is what the sender wants to be read. A text of
    nothing else stays whole. Not by mail-parser-reply: it also drops closing words and names, and takes 14 times as
    long for a text four times as long.
    """
    if not (any(map(text.__contains__, _SIGNS)) or text.startswith(">")):
        return text
    lines = text.split("\n")
    gone = _quoted_lines(lines)
    kept = [line for line, quoted in zip(lines, gone, strict=True) if not quoted]
    rest = _without_inline("\n".join(kept))
    if rest == text or not rest.strip():
        return text
    return re.sub(r"\n{3,}+", "\n\n", rest).strip()


def _quoted_lines(lines: list[str]) -> list[bool]:
    """For each line whether it is quoted, or introduces a quote."""
    gone = [False] * len(lines)
    at, cut, forwarded, introduced = 0, len(lines), False, False
    while at < cut:
        line = lines[at]
        if _FORWARD.match(line):
            end = _header_end(lines, at + 1)
            gone[at:end] = [True] * (end - at)
            at, forwarded = end, True
            continue
        if _REPLY_ABOVE.match(line):
            gone[at] = True
            if any(before.strip() for before in lines[:at]):
                cut = at
        # Below a forwarding mark, earlier mails are what is forwarded.
        elif not forwarded:
            length = _introduction(lines, at)
            if length:
                gone[at : at + length] = [True] * length
                introduced = True
                at = _first_filled(lines, at + length)
                cut = cut if at < len(lines) and _QUOTED.match(lines[at]) else at
                continue
            headed = _is_header(lines, at)
            if headed and not introduced and _is_interleaved(lines[_header_end(lines, at) :]):
                end = _header_end(lines, at)
                gone[at:end] = [True] * (end - at)
                at, introduced = end, True
                continue
            if headed or _SEPARATOR.match(line):
                cut = at - 1 if at and _RULE.fullmatch(lines[at - 1].rstrip()) else at
        at += 1
    gone[cut:] = [True] * (len(lines) - cut)
    if not forwarded and (introduced or _is_interleaved(lines[:cut])):
        for at, line in enumerate(lines):
            gone[at] = gone[at] or bool(_QUOTED.match(line))
    return gone


def _first_filled(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _introduction(lines: list[str], at: int) -> int:
    """How many lines the introduction of a quote has that begins at this one; 0: none begins here."""
    begins = _BEGINS.match(lines[at]) or _NAMED.match(lines[at]) or lines[at].lstrip("> ").startswith("Missatge de ")
    if not begins or len(lines[at]) > _LONGEST_INTRODUCTION:
        return 0
    joined = ""
    for length in range(1, min(_INTRODUCTION_LINES, len(lines) - at) + 1):
        joined = f"{joined} {lines[at + length - 1].strip('> *')}".strip()
        if len(joined) > _LONGEST_INTRODUCTION:
            return 0
        if joined.endswith(":"):
            sure = _VERB.search(joined) and _MOMENT.search(joined) and "://" not in joined
            return length if sure or _VERBLESS.fullmatch(joined) else 0
    return 0


def _is_header(lines: list[str], at: int) -> bool:
    """Whether the header of a quoted mail begins here; "From: London, To: Paris, Date: …" is a journey."""
    if _kind(lines[at]) != "from":
        return False
    # "I got this:", "Details:": what follows is what somebody wants to be read.
    if any(lines[above].rstrip().endswith(":") for above in _nearest(lines, at)):
        return False
    end = _header_end(lines, at)
    kinds = {_kind(line) for line in lines[at:end]}
    if len(kinds - {None}) < 3:
        return False
    # A form on a web page sends "From", "Subject" and "Date" as well, but no "To".
    # Programs name an address or a time of day, those who write a gift card do not.
    sure = any("@" in line or _TIME_OF_DAY.search(line) for line in lines[at:end])
    return sure and ("sent" in kinds or {"subject", "to"} <= kinds)


def _nearest(lines: list[str], at: int) -> list[int]:
    """The nearest line above that is not empty, if there is one within a few."""
    return [above for above in range(at - 1, max(-1, at - 4), -1) if lines[above].strip()][:1]


def _header_end(lines: list[str], at: int) -> int:
    """The line below the last of a header that begins here; empty lines and continued ones may stand in it."""
    end = start = at
    while at < len(lines) and at < start + _HEADER_LINES:
        kind = _kind(lines[at])
        if kind == "from" and end > start:
            break
        if kind:
            end = at + 1
        elif lines[at].strip("> \t") and not (at == end and end > start and "@" in lines[at] and len(lines[at]) < 200):
            break
        elif "@" in lines[at]:
            end = at + 1
        at += 1
    return end


def _kind(line: str) -> str | None:
    found = _FIELD.match(line) if len(line) <= _LONGEST_FIELD else None
    return _NAMES.get(found[1].strip().casefold()) if found else None


def _is_interleaved(lines: list[str]) -> bool:
    """Whether quotes and answers take turns: two quotes at least, the first at the top, each answered below it."""
    filled = [bool(_QUOTED.match(line)) for line in lines if line.strip()]
    if (
        not filled
        or filled[-1]
        or not (filled[0] or (len(filled) > 1 and filled[1] and lines[0].rstrip().endswith(",")))
    ):
        return False
    if any(line.startswith((">>> ", "> -", "> *", "> •")) for line in lines):
        return False
    starts = [place for place, quoted in enumerate(filled) if quoted and (place == 0 or not filled[place - 1])]
    return len(starts) > 1


def _without_inline(text: str) -> str:
    """Cut at an introduction or header within a line, as in mails whose line breaks got lost."""
    ends = [found.start() for found in [_INLINE.search(text)] if found]
    for found in _INLINE_FIELDS.finditer(text):
        at = found.end()
        for name in _INLINE_ORDER:
            later = name.search(text, at, at + _INLINE_REACH)
            if later is None or "\n" in text[found.start() : later.start()]:
                break
            at = later.end()
        else:
            ends.append(found.start())
            break
    return text[: min(ends)].rstrip(" \t-_*") if ends and text[: min(ends)].strip() else text
