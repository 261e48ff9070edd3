"""What chat programs write where a picture, a voice message or a file stood: "<Media omitted>", "[Foto]"."""

import re

_THING = (
    r"(?:images?|photos?|pictures?|videos?|audios?|voice (?:message|note)s?|sticker|gif|animated gif|media|document"
    r"|file|attachments?"
    r"|contact(?: card)?|location|live location|screenshot|video note|recording|poll|album"
    r"|im[aá]gen(?:es)?|fotos?|v[ií]deos?|audio|(?:mensaje|nota) de (?:voz|audio)|pegatina|multimedia|documento"
    r"|archivo|fichero|adjuntos?"
    r"|archivo adjunto|(?:tarjeta de )?contacto|ubicaci[óo]n(?: en tiempo real)?|captura(?: de pantalla)?|encuesta"
    r"|bild(?:er)?|sprachnachricht|datei|anhang|dokument|kontakt(?:karte)?|standort|medien|vid[ée]o|pi[èe]ce jointe"
    r"|fichier|message vocal"
    r"|immagine|messaggio vocale|allegato|posizione|imagem|figurinha|mensagem de voz|ficheiro|arquivo|anexo"
    r"|localiza[çc][ãa]o"
    r"|imatges?|v[íi]deos?|[àa]udios?|missatge de veu|fitxer|adhesiu|multim[èe]dia|mitjans|nota de veu|ubicaci[óo])"
)
_OMITTED = (
    r"(?:omitted|not included|absent|omitid[oa]s?|weggelassen|ausgeschlossen|omise?s?|omess[oaie]|ocultad[oa]|oculta"
    r"|omès|omesos|omesa|omeses"
    r"|absente?s?|exclu(?:ded)?)"
)
_FILE = r"(?![^\n]{1,100} (?:IMG|VID|AUD|PTT|STK|DSC|PHOTO)[-_])[\w\u200e][^\n<>\[\]()]{0,120}\.[A-Za-z0-9]{2,5}"
_ATTACHED = (
    r"\((?:file attached|attached|archivo adjunto|adjunto|datei angehängt|arquivo anexado|ficheiro anexado"
    r"|fichier joint|file allegato"
    r"|allegato|fitxer adjunt|bestand bijgevoegd)\)"
)
_SIGN = r"(?:📷|🖼️?|📸|🎥|📹|🎞️?|🎤|🎙️?|🔊|🎵|📄|📎|📁|📍|🎬|💟|👤|📊)"
_LENGTH = r"(?: ?\(?\d{1,3}:\d\d\)?)?"
# Nothing else looks like these, so that they are cut out at the edge of a text as well.
_SURE = (
    rf"<(?:this )?{_THING}(?: (?:message|file))? {_OMITTED}>|<(?:attached|adjunto|anhang|anexado|pi[èe]ce jointe"
    rf"|allegato|adjunt|bijlage): ?[^<>\n]{{1,200}}>"
    r"|\[(?:attachments?|adjuntos?|archivo adjunto|file|archivo|anhang|datei|pi[èe]ce jointe|fichier|allegato|anexo"
    r"|adjunt|image|imagen|inline image"
    rf"|photo|foto|video|audio): ?[^\[\]\n]{{1,200}}\]|\[cid:[^\[\]\s]{{1,200}}\]"
    rf"|(?:<|\[|\()(?:{_THING}) {_OMITTED}(?:>|\]|\))"
    # WhatsApp's mark of a message that was edited, Intercom's and Jira's of a picture
    r"|<(?:this message was edited|(?:se )?edit[óo] este mensaje|este mensaje (?:fue|se ha) editado"
    r"|diese nachricht wurde bearbeitet|ce message a été modifié|questo messaggio è stato modificato"
    r"|(?:esta )?mensagem (?:foi )?editada"
    r"|(?:s['’]ha editat )?aquest missatge(?: s['’]ha editat)?)\.?>"
    r"|\[(?:image|imagen|attachment|adjunto|video|file|archivo) [\"“][^\[\]\"”\n]{1,200}[\"”]\]"
    r"|![\w\-. ()]{1,120}\.(?:png|jpe?g|gif|webp|bmp|svg)(?:\|[\w=%,. -]{0,60})?!"
)
_FILE_SURE = (
    r"(?:(?:IMG|VID|AUD|PTT|STK|DOC|WhatsApp (?:Image|Video|Audio)|PHOTO|VIDEO|AUDIO|STICKER"
    rf"|GIF)[-_ ][\w\-.: ]{{3,60}}\.\w{{2,5}}|[\w\-.]{{1,100}}\.\w{{2,5}})"
    rf" {_ATTACHED}"
)
_ALONE = re.compile(
    rf"(?:{_SURE}|{_FILE_SURE}|{_THING} {_OMITTED}|(?:{_FILE} )?{_ATTACHED}"
    rf"|\[{_THING}{_LENGTH}\]|\({_THING}{_LENGTH}\)|<{_THING}>|\*{_THING}\*|{_SIGN} {_THING}{_LENGTH}"
    rf"|{_SIGN}?\s?{_FILE} ?{_ATTACHED}"
    rf"|{_FILE} ?[•·] ?\u200e?\d{{1,4}} [^\W\d]{{3,10}} ?\u200e?{_THING} {_OMITTED}"
    rf"|(?:location|ubicaci[óo]n?|standort|localisation|posizione|localiza[çc][ãa]o): ?https?://(?:maps\.google"
    rf"|www\.google"
    r"|goo\.gl|maps\.app)[^\s]{1,200}"
    rf"|(?:{_SIGN} )?(?:sent|shared|ha enviado|envi[óo]|has sent|you sent) (?:an?|una?|the) (?:{_THING})"
    rf"|(?:{_SIGN} ?)?(?:IMG|VID|AUD|PTT|STK|DOC)-\d{{8}}-WA\d{{4}}\.\w{{2,5}}|\ufffc)",
    re.I,
)
# Simple brackets are also what people write for fun or for a template: only on a line of their own, or all alone.
_AT_START = re.compile(rf"(?:[\s\u200e\u200f]*+(?>{_SURE}|{_FILE_SURE}))++", re.I)
_AT_END = re.compile(rf"(?:{_SURE}|(?:(?<=[\s.!?:])){_FILE_SURE})\s*\Z", re.I)
_LONGEST = 300  # characters: the longest placeholder
_MARKS = " \t\n\u200e\u200f"
_STEMS = (
    *(
        "<",
        "[",
        "omi",
        "ome",
        "omè",
        "weggel",
        "ausge",
        "ocult",
        "absen",
        "not included",
        "(",
        "*",
        "excl",
        "📷",
        "🖼",
        "📸",
        "🎥",
        "📹",
        "🎞",
    ),
    *(
        "🎤",
        "🎙",
        "🔊",
        "🎵",
        "📄",
        "📎",
        "📁",
        "📍",
        "🎬",
        "💟",
        "👤",
        "📊",
        "-wa",
        " sent",
        "sent ",
        "shared",
        "envi",
        "\ufffc",
        "maps",
        ".png",
        ".jp",
    ),
)


def without_media(text: str) -> str:
    """A message without placeholders of media at the edges of its lines; "" where it is nothing else.

    >>> without_media("<Media omitted>"), without_media("Here it is <Media omitted>"), without_media("Use [image] tags")
    ('', 'Here it is', 'Use [image] tags')
    """
    if not any(map(text.lower().__contains__, _STEMS)):
        return text
    lines = text.split("\n")
    kept = [rest for line in lines if (rest := _without_edges(line)) is not None]
    return text if kept == lines else "\n".join(kept).strip(_MARKS)


def is_media(text: str) -> bool:
    """Whether a message is nothing but placeholders.

    >>> is_media("[Foto]"), is_media("Foto")
    (True, False)
    """
    return bool(text.strip()) and not without_media(text).strip()


def _is_placeholder(line: str) -> bool:
    line = line.strip(_MARKS)
    return 0 < len(line) <= _LONGEST and bool(_ALONE.fullmatch(line.rstrip(".")) or _ALONE.fullmatch(line))


def _without_edges(line: str) -> str | None:
    """A line without placeholders at its edges; None where it holds nothing else."""
    if _is_placeholder(line):
        return None
    bare = line.strip(_MARKS)
    found = _AT_START.match(bare) if bare[:1] in "<[(!" or "(" in bare[:_LONGEST] else None
    rest = bare[found.end() :].lstrip(_MARKS) if found else bare
    end = len(rest)
    while end and rest[end - 1] in ">])!":
        tail = rest[max(0, end - _LONGEST) : end]
        found = _AT_END.search(tail)
        if not found:
            break
        end += len(tail[: found.start()].rstrip(_MARKS)) - len(tail)
    if len(rest) == len(bare) and end == len(rest):
        return line
    return rest[:end] if end and not _is_placeholder(rest[:end]) else None
