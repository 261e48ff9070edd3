"""The catalogue of what is said in another language: texts are taken from the code, kept as .po, compiled to .mo.

`marcus_nb/locale/marcus.pot` holds the English texts, `<language>/LC_MESSAGES/marcus.po` their translations, which
people write, and `marcus.mo` beside it what gettext reads.
"""

import ast
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from marcus_nb.parameters import ROOT
from marcus_nb.parameters.schema import SECTIONS
from marcus_nb.words import LANGUAGES, LOCALE

CALLS = ("_", "worded")  # the functions of `words` whose first argument is a text
_WHEN = datetime(2026, 11, 23, tzinfo=UTC)  # a file that is made anew is the same to the last byte
_HEAD = {
    **{"project": "Marcus", "version": "0.1.0", "creation_date": _WHEN, "revision_date": _WHEN, "charset": "utf-8"},
    **{"msgid_bugs_address": "CONTRIBUTING.md", "last_translator": "Marcus", "language_team": "Marcus"},
}
_ABOUT = "# The texts of Marcus. ./run_all.sh sync makes this file from the code: do not edit it."


def catalogues() -> list[tuple[Path, bytes]]:
    """Every file of the catalogue as it should be, from the code and from the translations there are."""
    template = texts()
    files = [(LOCALE / "marcus.pot", _written(template))]
    for language in LANGUAGES[1:]:
        path = translations_file(language)
        found = updated(path, template)
        compiled = io.BytesIO()
        write_mo(compiled, found)
        files += [(path, _written(found)), (path.with_suffix(".mo"), compiled.getvalue())]
    return files


def translations_file(language: str) -> Path:
    """`…/locale/es/LC_MESSAGES/marcus.po`"""
    return LOCALE / language / "LC_MESSAGES" / "marcus.po"


def texts() -> Catalog:
    """The English texts that stand in the code, and what parameters mean, each with the files that say it."""
    found = Catalog(header_comment=_ABOUT, fuzzy=False, **_HEAD)
    for path in sorted((ROOT / "marcus_nb").rglob("*.py")):
        for argument in arguments(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(argument, ast.Constant):
                found.add(argument.value, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    for model in SECTIONS.values():  # forms say what each parameter means, and its unit
        for field in model.model_fields.values():
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            for text in (" ".join((field.description or "").split()), str(extra.get("unit", ""))):
                if text:
                    found.add(text, locations=[("marcus_nb/parameters/schema.py", 0)])
    return found


def arguments(node: ast.AST) -> Iterator[ast.expr]:
    """The first argument of each call that says a text, in the order of the code, within f-strings too.

    Babel's own reading of Python sees those in f-strings from Python 3.12 on only, and none within another.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield node.args[0]
    for child in ast.iter_child_nodes(node):
        yield from arguments(child)


def updated(path: Path, template: Catalog) -> Catalog:
    """The translations of a .po file for these texts: new ones are empty, and those that nobody says are left out."""
    with path.open("rb") as file:
        found = read_po(file)
    found.update(template, no_fuzzy_matching=True, update_creation_date=False)
    found.obsolete.clear()
    for name, value in _HEAD.items():
        setattr(found, name, value)
    return found


def _written(catalogue: Catalog) -> bytes:
    written = io.BytesIO()
    write_po(written, catalogue, width=110, include_lineno=False, sort_output=False, ignore_obsolete=True)
    return written.getvalue()
