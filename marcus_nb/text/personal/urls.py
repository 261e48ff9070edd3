"""Addresses of pages that let somebody in, or tell who somebody is; plain public pages stay."""

import itertools
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from marcus_nb.text.personal.kinds import Span
from marcus_nb.text.personal.secrets import KEYS

_URL = re.compile(
    r"(?:(?<!\w)(?:https?|ftps?|sftp|wss?)://|(?<![\w.@/])(?:www\.|(?=(?:wa\.me|t\.me"
    r"|api\.whatsapp\.com)/)))[^\s<>\"“”«»`|\\^{}]++",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?'’)]*_…"
_SECRET_KEYS = re.compile(
    r"(?:^|[_.-])(?:(?:access|auth|id|csrf|reset|login|refresh|session|security|api|invite|confirmation|verification"
    r"|unsubscribe|magic|secret|private|user|client|account|customer|one.?time)?[_-]?"
    r"(?:token|tok|key|secret|session|sessionid|sid|jwt|otp|sig|signature|password|passwd|pwd|pass|contrase[nñ]a|clave"
    r"|auth|authorization|credential|nonce|hash|hmac|ticket|magic|invite|phpsessid|jsessionid|code|confirm|verify"
    r"|reset|activation|apikey))$",
    re.IGNORECASE,
)
_WHO_KEYS = re.compile(
    r"^(?:e?mail|correo|phone|tel|telefono|m[oó]vil|mobile|dni|nif|nie|ssn|iban|user(?:name|_?id)?|uid|customer_?id"
    r"|client_?id|cliente|account_?id|member_?id|first_?name|last_?name|full_?name|nombre|apellidos?)$",
    re.IGNORECASE,
)
_DOORS = re.compile(
    r"^(?:reset|reset-?password|password-?reset|recover\w*|restablecer\w*|recuperar\w*|magic|magic-?link|login|signin"
    r"|sign-in|verify\w*|verificar\w*|confirm\w*|activate|activation|activar|invite|invitation|invitaci[oó]n|token|auth"
    r"|session|unsubscribe|baja|account|cuenta|share|s)$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"^(?=.*\d)(?=.*[A-Za-z])[\w.~=+-]{12,}$|^\d{12,}$", re.ASCII)
_PHONE_HOSTS = ("wa.me", "api.whatsapp.com", "web.whatsapp.com")
# Somebody's whereabouts, as phones send them.
_PLACE = re.compile(r"[?&](?:q|ll|query|daddr|destination)=-?\d{1,2}\.\d{3,},-?\d{1,3}\.\d{3,}", re.ASCII)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.\w", re.ASCII)


def urls(text: str) -> Iterator[Span]:
    """Pages with a user's name and password, a token, a session, an e-mail address or a phone in their address.

    A public page is claimed without a value: no number in it is anybody's phone.
    """
    for match in _URL.finditer(text):
        address = match[0].rstrip(_TRAILING)
        if address.count("(") > address.count(")") and match[0][len(address) : len(address) + 1] == ")":
            address += ")"
        yield match.start(), match.start() + len(address), address if _is_private(address) else None


def _is_private(address: str) -> bool:
    try:
        parts = urlsplit(address if "://" in address else "https://" + address)
        host = parts.hostname or ""
    except ValueError:
        return True  # no page has such an address
    if parts.username or parts.password or KEYS.search(address) or _EMAIL.search(unquote(address)):
        return True
    for field in (parts.query, parts.fragment.lstrip("!/").partition("?")[2] or parts.fragment):
        for key, value in _pairs(field):
            if _SECRET_KEYS.search(key) and len(value) >= (6 if any(map(str.isdigit, value)) else 12):
                return True
            if _WHO_KEYS.match(key) and len(value) >= 3:
                return True
    steps = [step for step in parts.path.split("/") if step]
    if host in _PHONE_HOSTS and any(step.lstrip("+").isdigit() and len(step) >= 9 for step in steps):
        return True
    if (host.startswith("hooks.") or "webhook" in parts.path.lower()) and any(len(step) >= 16 for step in steps):
        return True
    if _PLACE.search(address):
        return True
    if ";jsessionid=" in parts.path.lower():
        return True
    return any(_DOORS.match(door) and _TOKEN.match(step) for door, step in itertools.pairwise(steps))


def _pairs(field: str) -> list[tuple[str, str]]:
    return parse_qsl(field[:4000], max_num_fields=None) if "=" in field else []
