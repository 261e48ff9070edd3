"""Text functions: what they change, what they leave alone, and that they are done after one pass."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marcus_nb import text

GOOD = [
    "Dry socks, skipper. Then a second pair. Mind the tide.",
    "“Quotes”, ‘single’ … – — ½ ﬁne ™ © ＡＢ",
    "Das Café öffnet um 8 Uhr – „sicher“.\n\n* Ruderboot\n* Kahn",
    "¿Cuánto cuesta? ¡Qué bien! — 14 €",
    "À bientôt, voilà, NOËL, œuvre, «oui»",
    "PÃO, CORAÇÃO E MÃE",
    "Zażółć gęślą jaźń, İstanbul'da, Привет, שלום, 今日は。",
    "👍🏽 👩‍👩‍👧 ❤️‍🔥",
    "हिन्दी में, می‌خواهم",
    "I <3 boats & cake; R&D; Q&A; 5 > 3",
    "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f 🇪🇸 🏳️‍🌈 ☎️ ☎︎ 1️⃣ 👨🏽‍🚀",
    "نرم‌افزار و NASA‌ها، كتاب",
    "வணக்கம், ක්‍රි, ศรี, Việt Nam, Ángel, l·lusió, ¿sí?",
    "Ã es una letra portuguesa, ¿no?",
    "Â es la A con circunflejo; escribe Ã con Alt+0195",
    "Type `&amp;` and you get an ampersand, `a  b` two blanks",
    "Look:\n```html\n<p>Hi &amp; bye</p>\n```",
    "Roses are red,\n  chains are black,\n    bring me your bike",
    "server:\n  host: 0.0.0.0\n  tls:\n    enabled: true\n\nThere, duck.",
    "1. Open Settings\n   - click Data\n   - click Export\n2. Brew up",
    "java.lang.NullPointerException\n\tat io.x.Sync.run(Sync.java:42)",
    "Best I can do:\n   __o\n _`\\<,_\n(*)/ (*)",
    "~~~\na:\n    b:  1\n~~~",
    "```\ndef open():\n    return 8  # o'clock\n```",
]
# Mostly what the functions look for, so that hypothesis meets it: entities, mojibake, invisible characters, numbers.
DIRT = [
    *"ab. ,@+-()/0123456789\n\t&;:€£",
    *"\r\v\f\x00\x1b\x85\u00a0\u00ad\u200b\u200c\u200d\u200e\u202e\u2028\u2066\ufeff\u3000\u0301\u2126\ud83d\ude00",
    *[
        "&amp;",
        "&#39;",
        "&lt;",
        "&nbsp;",
        "â€™",
        "Ã©",
        "Â",
        "é",
        "’",
        "👍",
        "म",
        "<br>",
        "<p>",
        "</p>",
    ],
]
dirty = st.lists(st.sampled_from(DIRT), max_size=25).map("".join) | st.text(max_size=40)
FUNCTIONS = [text.repair, text.strip_invisible, text.nfc, text.tidy_whitespace]


@pytest.mark.parametrize("good", GOOD)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_good_text_stays_identical(function, good):
    assert function(good) == good


def seconds(function, value):
    best = 9e9
    for _ in range(2):
        started = time.perf_counter()
        function(value)
        best = min(best, time.perf_counter() - started)
    return best


@pytest.mark.parametrize("function", FUNCTIONS)
@given(dirty)
def test_a_second_pass_changes_nothing(function, value):
    once = function(value)
    assert function(once) == once


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("I donâ€™t", "I don’t"),
        ("won’t and donâ€™t â€“ “ok”", "won’t and don’t – “ok”"),
        ("cafÃ©, 14 â‚¬, Â£14 ðŸ˜€", "café, 14 €, £14 😀"),
        ("Tom &amp; Ann&#39;s &quot;boat&quot; <3", 'Tom & Ann\'s "boat" <3'),
        ("A &amp;amp; B &lt;3", "A & B <3"),
        ("Â¿CuÃ¡nto cuesta? voilÃ  ", "¿Cuánto cuesta? voilà "),
        ("5 &gt; 3, R&D", "5 > 3, R&D"),
        ("\ud83d\ude00 and \ud800", "😀 and \ufffd"),
    ],
)
def test_repair(bad, good):
    assert text.repair(bad) == good


@pytest.mark.parametrize(
    ("messy", "tidy"),
    [
        ("  Two  boats,\tplease. ", "Two boats, please."),
        ("a \r\n b\rc\x0bd\u2028e", "a\nb\nc\nd\ne"),
        ("a\n\n\n \n\nb", "a\n\nb"),
        (" \n\n ", ""),
        ("a\u00a0b\u3000c", "a b c"),
        ("Look:  \n```\n  a  = 1\n\n\n\n  b\n```\n\n\n\nAye.  ", "Look:\n```\n  a  = 1\n\n\n\n  b\n```\n\nAye."),
        ("```\r\n  a\r\n", "```\n  a"),
        ("  Hola\n  qué\n  tal", "Hola\nqué\ntal"),
        ("hola \n\n\n   quiero   cita ", "hola\n\nquiero cita"),
        (" a\n b \n  c", "a\nb\nc"),
        ("    if a:\n        b\n\n\n\n    c", "if a:\n    b\n\nc"),
        ("x\n\u00a0\u00a0y  z\n\u00a0\u00a0\u00a0\u00a0w", "x\n  y z\n    w"),
    ],
)
def test_tidy_whitespace(messy, tidy):
    assert text.tidy_whitespace(messy) == tidy


@given(dirty)
def test_tidy_text_has_no_double_blank_and_no_loose_ends(value):
    tidy = text.tidy_whitespace(value)
    assert tidy == tidy.strip()
    assert "\n\n\n" not in tidy and " \n" not in tidy
    assert not set(tidy) & set("\r\u00a0\u3000\u2028")
    lines = tidy.split("\n")
    assert not any("  " in line.lstrip() or "\t" in line.lstrip() for line in lines)
    indented = [line for line in lines if line[:1].isspace()]
    assert not indented or any(line.startswith(("  ", "\t", " \t")) for line in indented)


def test_entities_of_html_are_left_for_its_reader():
    assert text.repair("<p>Write &lt;b&gt; &amp; go</p>") == "<p>Write &lt;b&gt; &amp; go</p>"
    assert text.repair("&lt;p&gt;Hi &amp;amp; bye&lt;/p&gt;") == "<p>Hi &amp; bye</p>"


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("\ufeffhe\u200bl\u200dlo\u00ad \u202eevil\u202c\x00\x07", "hello evil"),
        ("Two\u200b boats\u2066.\u2069", "Two boats."),
        ("Look \ufffc here", "Look  here"),
        ("Hi\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065", "Hi"),
        (" \u200b\n\u200d ", " \n "),
    ],
)
def test_strip_invisible(dirty, clean):
    assert text.strip_invisible(dirty) == clean


@given(dirty)
def test_stripped_text_has_nothing_invisible(value):
    assert not set(text.strip_invisible(value)) & set("\x00\x1b\u00ad\u200b\u200e\u202e\u2066\ufeff\ud83d")


def test_nfc():
    assert text.nfc("cafe\u0301") == "café"


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "part",
    [
        "a.",
        "1 ",
        "&amp;",
        "&lt;",
        "\u200d",
        "é\u200d",
        "\n ",
        "â",
        "Ã ",
        "```",
        "\n  a\n",
        "`",
        "~~~\n",
        "🏴\U000e0067",
    ],
)
def test_hostile_text_takes_linear_time(function, part):
    short, long = seconds(function, part * 20_000), seconds(function, part * 80_000)
    assert long < 10 * short + 0.1, f"{short:.3f} s, of four times as much {long:.3f} s"


def test_fingerprint_is_of_words_only():
    assert text.fingerprint(" Thank  YOU!\n") == text.fingerprint("thank you") == text.fingerprint("ｔｈａｎｋ you …")
    assert len(text.fingerprint("")) == 16
    different = ["thank you", "thankyou", "thank you 2", "की", "का", "?", "!", "👍", "👎", ""]
    assert len({text.fingerprint(value) for value in different}) == len(different)


@given(dirty, dirty)
def test_similarity_is_a_jaccard(first, second):
    value = text.similarity(first, second)
    assert 0 <= value <= 1
    assert value == text.similarity(second, first)
    assert text.similarity(first, first) == text.similarity(first, f"\n{first} ") == 1


def test_shingles_of_short_and_long_text():
    assert text.shingles("Hi") == {"hi"}
    assert text.shingles(" AHOY\n\nyou ") == {"ahoy ", "hoy y", "oy yo", "y you"}
    assert text.similarity("abcdef", "bcdefg") == 1 / 3
