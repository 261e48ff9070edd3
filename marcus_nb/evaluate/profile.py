"""The style in plain numbers: how long, how punctuated, which words. It decides nothing; it shows what is off."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from math import log, sqrt

import numpy as np
import pandas as pd

from marcus_nb.evaluate.claims import BASE, REAL, TUNED
from marcus_nb.words import worded

COLUMNS = ["feature", "unit", BASE, TUNED, REAL]
NUMBER, WORDS = worded("number"), worded("words")
SHARE, PER_HUNDRED = worded("share of replies"), worded("per 100 words")
COMMON_WORDS = 5  # by which authorship is told, such as "the" and "you"
PHRASES = 6
LONGEST_PHRASE = 3  # words
NEARLY_ALL = 0.8  # of the replies with a phrase: a longer one that stands in so many is named instead
HABIT = 3  # conversations: a phrase found in fewer is no habit
BEYOND_CHANCE = 2.5  # standard errors; hundreds of phrases are looked at
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*(?=\s|$)|[。！？]|\n+")
_LAID_OUT = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s|^\s*#{1,6}\s|\*\*\S", re.MULTILINE)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]|[\u2190-\u2bff]\ufe0f|(?<!\\w)[:;]-?[)(DP](?!\\w)")
_DASH = re.compile(r"[–—]|\s-\s")


def style_profile(replies: pd.DataFrame) -> pd.DataFrame:
    """What the replies of base model, tuned model and persona look like, from the unseen replies.

    Columns: feature, unit, base, tuned, real; a row for each feature that somebody shows, the first with the number of
    replies (empty ones do not count); NaN where a model said nothing. Where replies were cut at max_new_tokens, words a
    reply are at least so many, and the sentence that was cut is left out.

    The phrases are those by which the real replies differ most from the base model's (log-odds with a prior, Monroe
    and others 2008). They are chosen on these replies: the persona's own share is flattered, the tuned model's is not.

    `[{"feature": "replies", "unit": "number", "base": 94.0, "tuned": 94.0, "real": 94.0},
    {"feature": "“mind the tide”", "unit": "share of replies", "base": 0.0, "tuned": 0.4, "real": 0.5}]`
    """
    if len(replies) == 0:
        return pd.DataFrame(columns=COLUMNS)
    said = {who: _said(replies, who) for who in (BASE, TUNED, REAL)}
    rows: list[tuple[str, str, Callable[[pd.DataFrame], float]]] = [
        (worded("replies"), NUMBER, len),
        (worded("words a reply"), WORDS, lambda part: _mean(part["words"].map(len))),
        (worded("words a sentence"), WORDS, lambda part: _mean(part["sentences"].explode().dropna())),
        *((name, SHARE, _shown_by(shows)) for name, shows in _HABITS.items()),
        *((name, PER_HUNDRED, _rate(count)) for name, count in _COUNTED.items()),
    ]
    rows += [(f"“{word}”", PER_HUNDRED, _rate_of(word)) for word in _common_words(said[REAL], said[BASE])]
    rows += [(f"“{phrase}”", SHARE, _share_with(phrase)) for phrase in _typical_phrases(said[REAL], said[BASE])]
    found = pd.DataFrame(
        [
            (name, unit, *(float(measure(part)) if len(part) or unit == NUMBER else np.nan for part in said.values()))
            for name, unit, measure in rows
        ],
        columns=COLUMNS,
    )
    shown = found[[BASE, TUNED, REAL]].fillna(0).gt(0).any(axis=1)
    return found[shown].reset_index(drop=True)


def _said(replies: pd.DataFrame, who: str) -> pd.DataFrame:
    """Its replies that are not empty: columns conversation, text, words, sentences (words in each), phrases (set)."""
    ended = replies[f"{who}_ended"] if who != REAL else [True] * len(replies)
    rows = [
        (name, said.strip(), _words(said), _sentence_lengths(said.strip(), whole), _phrases(said))
        for name, said, whole in zip(replies["conversation"], replies[who], ended, strict=True)
        if said.strip()
    ]
    return pd.DataFrame(rows, columns=["conversation", "text", "words", "sentences", "phrases"])


def _words(said: str) -> list[str]:
    """In lower case, with the apostrophes inside them: `["don't", "go"]`."""
    # Letters, numbers and marks: \w would cut words of Indic scripts at their vowel signs.
    spaced = "".join(
        character if unicodedata.category(character)[0] in "LNM" or character == "'" else " "
        for character in unicodedata.normalize("NFC", said.lower()).replace("’", "'")
    )
    return [word.strip("'") for word in spaced.split() if word.strip("'")]


def _sentence_lengths(said: str, whole: bool) -> list[int]:
    parts = _SENTENCE_END.split(said)
    if not whole:
        parts = parts[:-1]
    return [len(_words(part)) for part in parts if _words(part)]


def _first_letter(said: str) -> str:
    return next((letter for letter in said if letter.lower() != letter.upper()), "")


_HABITS: dict[str, Callable[[str], bool]] = {
    worded("with a question"): lambda said: any(mark in said for mark in "?？"),
    worded("with an exclamation mark"): lambda said: any(mark in said for mark in "!！"),
    worded("with an emoji or smiley"): lambda said: bool(_EMOJI.search(said)),
    worded("with an ellipsis"): lambda said: "…" in said or "..." in said,
    worded("beginning with a capital"): lambda said: _first_letter(said).isupper(),
    worded("all in lower case"): lambda said: bool(_first_letter(said)) and said == said.lower(),
    worded("of several lines"): lambda said: "\n" in said,
    worded("with a list, heading or bold type"): lambda said: bool(_LAID_OUT.search(said)),
}
_COUNTED: dict[str, Callable[[str], int]] = {
    worded("commas"): lambda said: sum(said.count(mark) for mark in ",、،，"),
    worded("dashes"): lambda said: len(_DASH.findall(said)),
    worded("words in capitals"): lambda said: sum(
        len(word) > 1 and word.isupper() for word in re.findall(r"\w+", said)
    ),
}


def _mean(values: pd.Series) -> float:
    return float(values.astype(float).mean())


def _shown_by(shows: Callable[[str], bool]) -> Callable[[pd.DataFrame], float]:
    return lambda part: _mean(part["text"].map(shows))


def _rate(count: Callable[[str], int]) -> Callable[[pd.DataFrame], float]:
    return lambda part: _per_hundred(part["text"].map(count).sum(), part)


def _rate_of(word: str) -> Callable[[pd.DataFrame], float]:
    return lambda part: _per_hundred(part["words"].map(lambda words: words.count(word)).sum(), part)


def _per_hundred(count: int, part: pd.DataFrame) -> float:
    words = part["words"].map(len).sum()
    return 100 * count / words if words else float("nan")


def _share_with(phrase: str) -> Callable[[pd.DataFrame], float]:
    return lambda part: _mean(part["phrases"].map(lambda said: phrase in said))


def _common_words(real: pd.DataFrame, base: pd.DataFrame) -> list[str]:
    """The words that persona and base model both use most: in any language those that carry no matter of their own."""
    ours, theirs = (Counter(word for words in part["words"] for word in words) for part in (real, base))
    of, of_theirs = max(1, ours.total()), max(1, theirs.total())
    return sorted(ours, key=lambda word: (-min(ours[word] / of, theirs[word] / of_theirs), -ours[word], word))[
        :COMMON_WORDS
    ]


def _phrases(said: str) -> set[str]:
    """Every run of one to three words within a sentence."""
    return {
        " ".join(words[place : place + size])
        for words in map(_words, _SENTENCE_END.split(said))
        for size in range(1, LONGEST_PHRASE + 1)
        for place in range(len(words) - size + 1)
    }


def _typical_phrases(real: pd.DataFrame, base: pd.DataFrame) -> list[str]:
    """The phrases most typical of the real replies, none a part of another."""
    ours, theirs = (Counter(phrase for found in part["phrases"] for phrase in found) for part in (real, base))
    spoken = real.groupby("conversation")["phrases"].agg(lambda found: set().union(*found))
    where = Counter(phrase for found in spoken for phrase in found)
    surprise = {
        phrase: _log_odds(count, len(real), theirs[phrase], len(base))
        for phrase, count in ours.items()
        if where[phrase] >= HABIT
    }
    typical = {phrase: value for phrase, value in surprise.items() if value >= BEYOND_CHANCE}
    chosen: list[str] = []
    for phrase in sorted(typical, key=lambda phrase: (-typical[phrase], -phrase.count(" "), phrase)):
        longer = [other for other in typical if _within(phrase, other) and ours[other] >= NEARLY_ALL * ours[phrase]]
        if not longer and not any(_within(phrase, other) or _within(other, phrase) for other in chosen):
            chosen.append(phrase)
    return chosen[:PHRASES]


def _within(phrase: str, other: str) -> bool:
    return phrase != other and f" {phrase} " in f" {other} "


def _log_odds(ours: int, of: int, theirs: int, of_theirs: int) -> float:
    """How many standard errors the log-odds of a phrase differ, with half a reply with and without it as the prior."""
    difference = log((ours + 0.5) / (of - ours + 0.5)) - log((theirs + 0.5) / (of_theirs - theirs + 0.5))
    return difference / sqrt(1 / (ours + 0.5) + 1 / (theirs + 0.5))
