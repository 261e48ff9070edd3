"""Addresses of machines: IP and MAC."""

import ipaddress
import re
from collections.abc import Iterator

from marcus_nb.text.personal.contexts import before
from marcus_nb.text.personal.kinds import Span

_V4 = re.compile(r"(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)", re.ASCII)
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{6,39}+(?:(?:\.\d{1,3}){3})?(?![\w:])", re.ASCII)
_MAC = re.compile(
    r"(?<![\w:-])(?:[0-9A-Fa-f]{2}(?P<mark>[:-])(?:[0-9A-Fa-f]{2}(?P=mark)){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w:-])",
    re.ASCII,
)
_SAYS_IP = re.compile(
    r"(?<!\w)(?:IPs?|IPv4|direcci[oó]n IP|IP address|adresse IP|IP-Adresse)\W.{0,12}\Z", re.IGNORECASE
)
_SAYS_VERSION = re.compile(
    r"(?:(?<!\w)(?:v|ver|versi[oó]n|version|versione|versão|release|build|firmware|driver|update|actualizaci[oó]n"
    r"|section"
    r"|apartado|ep[ií]grafe|norma|punto|secci[oó]n|cap[ií]tulo|chapter|clause|art)\W{0,3}|\d)\Z",
    re.IGNORECASE,
)
# What a text is about where the number itself does not tell: "fixed in 4.11.9.22" is no machine's address.
_ABOUT_MACHINES = re.compile(
    r"(?<!\w)(?:IPs?|IPv4|servers?|servidor|hosts?|hostname|ping|router|proxy|DNS|firewall|SSH|VPN|gateway|logs?|log in"
    r"|logins?|blocklist|blacklist|whitelist|lista (?:negra|blanca)|bloquead[oa]|blocked|conexi[oó]n|connect\w*|port"
    r"|puerto|traceroute|nmap|curl|serveur|Rechner)(?!\w)|\d:\d{2,5}(?!\d)| - - \[",
    re.IGNORECASE,
)
_ABOUT_VERSIONS = re.compile(
    r"(?<!\w)(?:v|versi\w{0,4}|releases?|updat\w{0,3}|upgrad\w{0,3}|fix(?:e[sd])?|latest|build|patch\w{0,2}|firmware"
    r"|actualiz\w{0,6}|chapter|clause|section|apartado|cap[ií]tulo|art[ií]culo|ep[ií]grafe|punto|norma|standard|manual)"
    r"(?!\w)",
    re.IGNORECASE,
)
# Everybody's name servers: a helpdesk tells them to customers.
_PUBLIC = {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220"}


def ip_addresses(text: str) -> Iterator[Span]:
    """Addresses that can be a customer's. Versions, private ranges (192.168.…), masks and public name servers stay."""
    if text.count(".") >= 3 and _V4.search(text):
        about_machines, about_versions = bool(_ABOUT_MACHINES.search(text)), bool(_ABOUT_VERSIONS.search(text))
        for match in _V4.finditer(text):
            words = before(text, match.start())
            octets = match[0].split(".")
            if any(int(octet) > 255 or (len(octet) > 1 and octet[0] == "0") for octet in octets):
                continue
            wide = sum(int(octet) > 9 for octet in octets)
            said = _SAYS_IP.search(words)
            machine = said or about_machines
            plain = wide < 2 or (max(map(int, octets[1:])) < 100 and (wide < 3 or about_versions))
            if (
                _SAYS_VERSION.search(words)
                or (wide < 2 and not said)
                or (plain and not machine)
                or not _is_somebodys(match[0])
            ):
                yield match.start(), match.end(), None
                continue
            yield match.start(), match.end(), match[0]
    if text.count(":") >= 2:
        for match in _V6.finditer(text):
            if match[0].count(":") < 3 or not any(map(str.isdigit, match[0])):
                continue
            try:
                address = ipaddress.IPv6Address(match[0].removesuffix(":") if match[0][-2:] != "::" else match[0])
            except ValueError:
                continue
            if _is_somebodys(str(address)):
                yield match.start(), match.end() - (match[0][-1] == ":" and match[0][-2:] != "::"), str(address)


def _is_somebodys(written: str) -> bool:
    address = ipaddress.ip_address(written)
    if address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local:
        return False
    if address.version == 6:
        return not written.startswith(("fc", "fd"))
    own = written.startswith(("10.", "192.168.", "0.", "255.")) or (
        written.startswith("172.") and 16 <= int(written.split(".")[1]) <= 31
    )
    return not own and written not in _PUBLIC and not address.is_reserved


def mac_addresses(text: str) -> Iterator[Span]:
    """Six pairs with one separator, or three fours with points."""
    for match in _MAC.finditer(text):
        value = re.sub(r"[^0-9a-f]", "", match[0].lower())
        letters = not value.isdigit()
        if len(set(value)) < 3 or (not letters and ":" not in match[0]):
            continue
        yield match.start(), match.end(), value
