"""Which language a text is in, without a network: py3langid's model, which lies in its package."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

_FEWEST_LETTERS = 20  # in shorter texts a language is a guess

# Those with many speakers or a state that uses them. Of their small neighbours (Extremaduran, Aragonese, Nigerian
# Pidgin) the model sees traces in every second sentence of the large ones.
LANGUAGES = {
    "af": "Afrikaans", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali",
    "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish",
    "gl": "Galician", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian",
    "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ka": "Georgian",
    "kk": "Kazakh", "kn": "Kannada", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian",
    "ml": "Malayalam", "mr": "Marathi", "ms": "Malay", "mt": "Maltese", "ne": "Nepali", "nl": "Dutch",
    "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "uz": "Uzbek", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_NO_LANGUAGE = "zxx"  # the model's name for keys hit at random

# Of 60,000 chat messages of at least 40 letters none in English has English below a thousandth of the best guess, but
# for "ba dum tssss ha ha"; see tests/test_rules_languages.py.
ENOUGH_LETTERS = 40
_PLAUSIBLE = 1e-3
_PASSAGE = 100  # letters, after which the next line begins a new one
_LONG_PASSAGE = 150  # letters; more of one line tell little new, and cost time
_FENCE = "```"
# Addresses, placeholders, code, article numbers: letters in no language.
_NO_WORD = re.compile(r"[@/\\_=<>{}\[\]|#$~^`]|www\.|[A-Za-z]\d|\d[A-Za-z]|[A-Za-z]\.[a-z]")


def language(text: str, among: tuple[str, ...] = ()) -> str | None:
    """The language's two or three letters, as ISO 639 has them; None for a text too short to tell.

    `among` names the only languages there can be; empty: all that are known. Nothing is loaded from a network.

    >>> language("¿Abren los domingos por la mañana?")
    'es'
    """
    if sum(character.isalpha() for character in text[:200]) < _FEWEST_LETTERS:
        return None
    return _identifier(among).classify(text[:2000])[0]


def plausible_languages(text: str) -> dict[str, float]:
    """The languages of LANGUAGES that a text may be in, each with its probability, the likeliest first.

    A language is left out when it is less than a thousandth as probable as the likeliest. Empty for what is in no
    language at all, such as "asdf asdf". A text with fewer than ENOUGH_LETTERS letters gives a guess.

    >>> list(plausible_languages("Le hemos enviado la factura esta mañana, mire también en el spam."))[0]
    'es'
    """
    ranked = _identifier((*LANGUAGES, _NO_LANGUAGE), probabilities=True).rank(text)
    best, most = ranked[0]
    if best == _NO_LANGUAGE:
        return {}
    return {name: float(share) for name, share in ranked if share >= most * _PLAUSIBLE and name != _NO_LANGUAGE}


def passages(texts: Iterable[str], letters_each: int = _PASSAGE) -> Iterator[str]:
    """Pieces of the texts that are long enough to tell their language, without what is no word of any.

    A piece ends with a line, so that a mail that says everything in two languages gives pieces of either, or after 150
    letters. Lines of fewer than `letters_each` join the next ones; a rest of fewer than ENOUGH_LETTERS is left out.

    >>> list(passages(["Siehe https://example.com/de\\nunter [EMAIL_1] oder in der Filiale am Markt, auch samstags"]))
    ['Siehe unter oder in der Filiale am Markt, auch samstags']
    """
    words: list[str] = []
    letters = 0
    for text in texts:
        code = False
        for line in text.splitlines():
            if line.lstrip().startswith(_FENCE):
                code = not code
                continue
            for word in () if code else line.split():
                word = word[:_LONG_PASSAGE]
                count = len(word) if word.isalpha() else sum(map(str.isalpha, word))
                if not count or _NO_WORD.search(word):
                    continue
                words.append(word)
                letters += count
                if letters >= _LONG_PASSAGE:
                    yield " ".join(words)
                    words, letters = [], 0
            if letters >= letters_each:
                yield " ".join(words)
                words, letters = [], 0
    if letters >= ENOUGH_LETTERS:
        yield " ".join(words)


@cache
def _identifier(among: tuple[str, ...], probabilities: bool = False) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # here: half a second that few need

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=probabilities)
    if among:
        identifier.set_languages(list(among))
    return identifier
