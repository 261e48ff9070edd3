"""What opens doors: API keys, private keys, passwords, PINs."""

import re
from collections.abc import Iterator

from marcus_nb.text.personal.kinds import Span

# Makers' own prefixes, from their documentation and from gitleaks' rules.
KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-(?:proj-|ant-|or-)?[\w-]{16,200}+|[a-z]{1,16}_(?:live|test|prod|secret)_\w{10,200}+"
    r"|gh[pousr]_\w{30,255}+"
    r"|github_pat_\w{22,255}+|glpat-[\w-]{20,64}+|(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}(?!\w)|xox[abeoprs]-[\w-]{10,250}+"
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,250}+|hf_[A-Za-z0-9]{30,64}+|npm_[A-Za-z0-9]{36}|pypi-[\w-]{40,250}+"
    r"|SG\.[\w-]{16,32}\.[\w-]{16,64}|dop_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|key-[0-9a-f]{32}"
    r"|AC[0-9a-f]{32}|SK[0-9a-f]{32}|\d{8,10}:AA[\w-]{33}|eyJ[\w-]{8,1000}+\.eyJ[\w-]{4,4000}+(?:\.[\w-]{0,2000}+)?)",
    re.ASCII,
)
_KEY_MARKS = (
    "sk-", "_live_", "_test_", "_prod_", "_secret_", "gh",
    "glpat-", "AKIA", "ASIA", "AROA", "AIDA", "xox", "AIza", "ya29.", "hf_", "npm_",
    "pypi-", "SG.", "dop_v1_", "shp", "key-", "AC", "SK", ":AA", "eyJ",
)  # fmt: skip
_PEM_START = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_BEARER = re.compile(r"(?<!\w)(?:Bearer|Basic) ([\w.~+/=-]{16,4000}+)")

_IS = r"(?: (?:is|was|es|era|ist|lautet|est|è|é|és))"
_PASSWORD = re.compile(
    r"(?:(?<![^\W_])|(?<=[a-z])(?-i:(?=[A-Z])))(?P<word>passwords?|passwd|pwd|pw|psw|pass|contra|passcode"
    r"|passphrase|passwort|kennwort|contrase[nñ]a|contrasenya|mot de"
    r" passe"
    r"|mdp|senha|palavra-passe|parola d'ordine|clave(?: de acceso| wi-?fi| api)?|api[ _-]?key|access[ _-]?key"
    r"|secret[ _-]?key"
    r"|client[ _-]?secret|access[ _-]?token|auth[ _-]?token|token|wi-?fi key)"
    rf"(?:(?P<sure>\"? ?[:=]|{_IS}:|(?: [^\W\d]{{1,12}}(?:@\w{{1,8}})?){{1,2}}:(?= ?\S{{0,30}}\d))"
    rf"|(?P<said>{_IS}(?: now| ahora)?)|(?P<bare> (?=[^\s]{{0,40}}\d))) ?[\"'“«`]?"
    rf"(?P<value>[^\s\"'”»`<>\[\]]{{4,200}}+)",
    re.IGNORECASE,
)
_PIN = re.compile(
    r"(?<!\w)(?:PIN(?: code| number)?|c[oó]digo PIN|CVV2?|CVC2?|CSC|c[oó]digo de seguridad|security code|OTP"
    r"|(?:verification|one-?time|2fa|authentication|login|access|unlock|door|gate|alarm) (?:pass)?code"
    r"|c[oó]digo de (?:verificaci[oó]n|confirmaci[oó]n|acceso|un solo uso|desbloqueo|la puerta|alarma)|PUK|TAN"
    r"|code de v[eé]rification|Sicherheitscode|codice di sicurezza|c[oó]digo de seguran[cç]a)"
    rf"(?:{_IS}|:| ?=| number| number is| de la tarjeta| of the card){{0,2}}:? ?[\"'“]?"
    r"(?P<value>\d{3}[ -]\d{3}(?!\d)|\d{3,8})(?![\w.,:/-]{0,3}\d)"
    r"(?! ?(?:euros?|€|£|\$|d[ií]gitos?|digits?|times|veces|metres|meters|metros|boats|%|ms|km))(?!\w)",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(
    r"(?:required|wrong|incorrect|invalid|forgotten|expired|reset|changed|correct|secure|safe|strong|weak|none|hidden"
    r"|protected|needed|below|above|here|optional|missing|unknown|blank|empty|please|that|this|your|the|must"
    r"|should|minimum"
    r"|incorrecta|err[oó]nea|inv[aá]lida|olvidada|caducada|segura|obligatoria|requerida|necesaria|m[ií]nimo|debe"
    r"|tiene|puede"
    r"|no|not|see|ver|mira|aqu[ií]|abajo|vac[ií]a|falsch|ung[uü]ltig|vergessen|abgelaufen|erforderlich|oubli[eé]"
    r"|incorrect"
    r"|expir[eé]|requis|errata|scaduta|dimenticata|richiesta|errada|expirada|esquecida|oublié|sent|enviada|case[-"
    r" ]sensitive"
    r"|same|unique|different|distinta|diferente|[uú]nica|todo|esto|esta|este|una|un|la|el|que|como|si)[.,;:!?)…]*",
    re.IGNORECASE,
)
# What stands in examples and templates where the secret would: YOUR_API_KEY, ${DB_PASSWORD}, xxxx, os.environ[…
_STANDS_FOR = re.compile(
    r"(?:\$|%|\{|\(|process\.env|os\.|env\.|config\.|settings\.|(?:your|my|tu|mi|su|some|the|an?|votre|dein|ihr)[_-]"
    r"|(?-i:[A-Z]{2,20}+(?:_[A-Z]{2,20}+)+\Z)|(?:x{3,}|\*{3,}|\.{3,}|•+|changeme|example|placeholder|dummy"
    r"|secret)\W{0,3}\Z)",
    re.IGNORECASE,
)
# "user tom / pw bluebike", "usuario marta clave 4821", "curl -u tom:S3cret".
_LOGIN = re.compile(
    r"(?<!\w)(?:user(?:name)?|login|usuario|usuari|utilisateur|benutzer"
    r"|utente)[ :=]{1,3}[^\s,;/]{2,40}[\s,;/|]{1,3}(?:y |and )?"
    r"(?:passwords?|pass|pw|pwd|contrase[nñ]a|clave|clau|mdp|passwort|senha|pin)[ :=]{1,3}(?P<value>[^\s,;]{4,60})"
    r"|(?:(?<=\s)|\A)(?:-u|--user)[ =][\w.@-]{1,60}:(?P<after>[^\s@]{4,60})",
    re.IGNORECASE,
)
_WORDS = (
    "pass", "pwd", "pw", "contra", "clau",
    "kennwort", "contrase", "mdp", "senha", "palavra", "parola", "clave", "key", "token", "secret",
)  # fmt: skip
_PIN_WORDS = (
    "pin",
    "cvv",
    "cvc",
    "csc",
    "seguridad",
    "code",
    "otp",
    "código",
    "codigo",
    "puk",
    "tan",
    "codice",
    "segur",
)
# What can also be an everyday word, "the key" to something, must be followed by what no word looks like.
_EVERYDAY = ("clave", "token", "key", "senha", "parola")


def secrets(text: str, lowered: str, digits: bool = True) -> Iterator[Span]:
    """Keys with a known beginning, private key blocks, and what follows "password:", "la contraseña es", "PIN".

    `digits` says whether the text has any: without one there is no key and no PIN in it.
    """
    if "-----BEGIN " in text:
        yield from _blocks(text)
    if not digits and ":" not in text and "=" not in text:
        return
    if digits and any(mark in text for mark in _KEY_MARKS):
        for match in KEYS.finditer(text):
            if any(map(str.isdigit, match[0])):  # min_test_conversations has the form of one
                yield match.start(), match.end(), match[0]
    if "Bearer " in text or "Basic " in text:
        for match in _BEARER.finditer(text):
            if any(map(str.isdigit, match[1])):
                yield match.start(1), match.end(1), match[1]
    if any(word in lowered for word in _WORDS):
        for match in _PASSWORD.finditer(text):
            value = match["value"].rstrip(".,;:)…" if match["sure"] else ".,;:!?)…")
            if _is_password(match, value):
                yield match.start("value"), match.start("value") + len(value), value
    if digits and ("us" in lowered or "-u" in lowered or "login" in lowered):
        for match in _LOGIN.finditer(text):
            group = "value" if match["value"] else "after"
            if any(map(str.isdigit, match[group])) and not _STANDS_FOR.match(match[group]):
                yield match.start(group), match.end(group), match[group]
    if digits and any(word in lowered for word in _PIN_WORDS):
        for match in _PIN.finditer(text):
            yield match.start("value"), match.end("value"), match["value"]


def _blocks(text: str) -> Iterator[Span]:
    place = 0
    while start := _PEM_START.search(text, place):
        end = _PEM_END.search(text, start.end())
        place = end.end() if end else len(text)
        yield start.start(), place, text[start.start() : place]


def _is_password(match: re.Match[str], value: str) -> bool:
    if len(value) < 4 or len(set(value)) < 2 or not any(map(str.isalnum, value)) or _NO_VALUE.fullmatch(value):
        return False
    if _STANDS_FOR.match(value):
        return False
    digits = any(map(str.isdigit, value))
    letters = any(map(str.isalpha, value))
    inside = value[1:]
    odd = (digits and (letters or len(value) >= 4)) or any(mark in inside for mark in "!$%&*#@_^~+=?")
    mixed = letters and inside != inside.lower() and inside != inside.upper()
    if "://" in value or ("/" in value and not (digits and len(value) >= 20 and value != value.lower())):
        return False
    if match["sure"] is None:
        if match["said"] is None:  # "password hunter2": only what is sure to be no word
            return digits and letters and match["word"].lower().startswith(("passw", "contrase", "pw"))
        return odd or mixed
    short = match["word"].lower() in ("pass", "contra")  # "day pass: 24.50"
    if (digits and letters) if short else (odd or mixed):
        return True
    everyday = short or match["word"].lower().startswith(_EVERYDAY)
    line_end = match.string[match.start("value") + len(value) : match.start("value") + len(value) + 3]
    return (not everyday and line_end.strip(".!") == "") or (not everyday and line_end.startswith("\n"))
