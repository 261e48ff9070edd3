"""Texts as chat platforms write them, made readable: Slack's marks, Messenger's doubly encoded letters."""

import re
from collections.abc import Iterable, Mapping
from itertools import filterfalse

_MARK = re.compile(r"<([@#!])?([^<>|]{1,2000})(?:\|([^<>]{0,2000}))?>")


def slack_text(text: str, names: Mapping[str, str]) -> str:
    """Slack's text as its readers see it; `names` tells who the ids are.

    >>> slack_text("<@U1>: see <https://a.org|our page> &amp; <#C2|hats>", {"U1": "Sofia"})
    '@Sofia: see our page (https://a.org) & #hats'
    """
    if "<" in text:
        text = _MARK.sub(lambda found: _mark(found, names), text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def _mark(found: re.Match[str], names: Mapping[str, str]) -> str:
    sign, what, label = found[1], found[2], found[3]
    if sign == "@":
        return f"@{label or names.get(what, what)}"
    if sign == "#":
        return f"#{label or names.get(what, what)}"
    if sign == "!":
        return f"@{label or what.split('^')[0]}"
    address = what.removeprefix("mailto:")
    return address if not label or label == address else f"{label} ({address})"


def is_doubly_encoded(texts: Iterable[str]) -> bool:
    r"""Whether every text with letters beyond ASCII holds UTF-8 read as Latin-1: "Informaci\u00c3\u00b3n"."""
    found = False
    for text in filterfalse(str.isascii, texts):
        if repaired(text) == text:
            return False
        found = True
    return found


def repaired(text: str) -> str:
    """Such a text as it was written; any other as it is.

    >>> repaired("Informaci\\u00c3\\u00b3n")
    'Información'
    """
    try:
        return text if text.isascii() else text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
