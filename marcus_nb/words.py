"""What a person reads in panels, in the report's headings and in the verdict, in their language (gettext).

`MARCUS_LANG` names it (`en`, `es`); else it is the system's. Prose, logs and errors are English everywhere, and so is
what a run records: a sentence that is made in one place and shown in another is made by `worded`, in English, and says
itself in the person's language where it is `shown`.
"""

from __future__ import annotations

import functools
import gettext
import locale
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "es")
LOCALE = Path(__file__).parent / "locale"
_ASKED = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # as gettext itself reads them
_WINDOWS = {"english": "en", "spanish": "es"}  # `Spanish_Spain.1252`


def language() -> str:
    """`"es"` where MARCUS_LANG or else the system asks for Spanish of any country, else `"en"`."""
    return _language(os.environ.get("MARCUS_LANG", ""), *_asked_of_the_system())


def _language(*asked: str) -> str:
    """The first that is one of ours: `_language("", "ca_ES.UTF-8:es")` → `"es"`, `_language("es-MX")` → `"es"`."""
    for name in ":".join(asked).replace("-", "_").lower().split(":"):
        short = name.partition(".")[0].partition("@")[0].partition("_")[0].strip()
        short = _WINDOWS.get(short, short)
        if short in LANGUAGES:
            return short
    return "en"


def _asked_of_the_system() -> list[str]:
    told = next((value for name in _ASKED if (value := os.environ.get(name))), "")
    if told or sys.platform != "win32":
        return [told]
    import ctypes  # which has no windll elsewhere

    number = ctypes.windll.kernel32.GetUserDefaultUILanguage()
    return [locale.windows_locale.get(number, "")]


def _(text: str) -> str:
    """The text in the person's language; English text is its own key."""
    return shown(text)


class Worded(str):
    """An English sentence that knows the template and the values it was made of."""

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Worded:
        made = super().__new__(cls, template.format(**values))
        made.template = template
        made.values = {name: value if isinstance(value, Worded) else str(value) for name, value in values.items()}
        return made

    def __getnewargs__(self) -> tuple[str, dict[str, str]]:  # copies and pickles know them, too
        return self.template, self.values


def worded(template: str, **values: Any) -> Worded:
    """A text in English, marked for translation: `worded("{n} replies are broken", n=3)` → `"3 replies are broken"`.

    A value is shown as it is, since it may be somebody's data, unless it was made by `worded` or `listed` itself.
    """
    return Worded(template, values)


def listed(texts: Iterable[str], between: str = ", ") -> Worded:
    """Texts of the catalogue one after the other: `listed(["style", "loss"])` → `"style, loss"`."""
    parts = {f"part{place}": text if isinstance(text, Worded) else Worded(text, {}) for place, text in enumerate(texts)}
    return Worded(between.join(f"{{{name}}}" for name in parts), parts)


def shown(text: str) -> str:
    """What `worded` made, in the person's language; a text that is not in the catalogue stays as it is."""
    catalogue = _catalogue(language())
    if isinstance(text, Worded):
        values = {name: shown(value) if isinstance(value, Worded) else value for name, value in text.values.items()}
        return catalogue.gettext(text.template).format(**values)
    return catalogue.gettext(text) if text else ""  # of nothing gettext tells its own head


def templates(found: Any) -> dict[str, dict[str, Any]]:
    """What a record needs to say its sentences in another language, by sentence, for all that is in it.

    `templates(["…", worded("{n} replies", n=3)])` → `{"3 replies": {"template": "{n} replies", "values": {"n": "3"}}}`.
    """
    if isinstance(found, Worded):
        return {str(found): _parts(found)} if found.values else {}
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list | tuple) else ()
    return {sentence: parts for item in inner for sentence, parts in templates(item).items()}


def restored(found: Any, kept: Any) -> Any:
    """A record as it was before it was written: sentences that `kept` (from `templates`) knows are made anew."""
    if isinstance(found, dict):
        return {name: restored(item, kept) for name, item in found.items()}
    if isinstance(found, list):
        return [restored(item, kept) for item in found]
    if not (isinstance(found, str) and isinstance(kept, dict) and found in kept):
        return found
    try:
        made = _made(kept[found])
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):  # damaged: English is no error
        return found
    return made if made == found else found


def _parts(text: str) -> Any:
    if not isinstance(text, Worded):
        return text
    return {"template": text.template, "values": {name: _parts(value) for name, value in text.values.items()}}


def _made(parts: Any) -> str:
    if isinstance(parts, str):
        return parts
    return Worded(parts["template"], {name: _made(value) for name, value in parts["values"].items()})


@functools.cache
def _catalogue(named: str) -> gettext.NullTranslations:
    return gettext.translation("marcus", LOCALE, [named], fallback=True)
