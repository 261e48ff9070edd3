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
        "x@y.com",
        "07700 900123",
        "14/06/2025",
    ],
]
dirty = st.lists(st.sampled_from(DIRT), max_size=25).map("".join) | st.text(max_size=40)
FUNCTIONS = [text.repair, text.tidy_whitespace, text.redact]


@pytest.mark.parametrize("good", GOOD)
@pytest.mark.parametrize("function", [*FUNCTIONS, text.mask])
def test_good_text_stays_identical(function, good):
    assert function(good) == good


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
        ("\ufeffhe\u200bl\u200dlo\u00ad \u202eevil\u202c\x00\x07", "hello evil"),
        ("cafe\u0301 and cafe\u200b\u0301", "café and café"),
        (" \u200b\n\u200d ", ""),
    ],
)
def test_tidy_whitespace(messy, tidy):
    assert text.tidy_whitespace(messy) == tidy


@given(dirty)
def test_tidy_text_has_no_double_blank_no_loose_ends_and_nothing_invisible(value):
    tidy = text.tidy_whitespace(value)
    assert tidy == tidy.strip()
    assert "  " not in tidy and "\n\n\n" not in tidy and " \n" not in tidy and "\n " not in tidy
    assert not set(tidy) & set("\r\t\x00\u200b\u202e\ufeff\u00a0\ud800")


@pytest.mark.parametrize(
    ("found", "redacted"),
    [
        ("Write to tom.o'brien+boat@mail.example.co.uk.", "Write to [EMAIL]."),
        ("<mailto:a@example.com>,'b@example.com'", "<mailto:[EMAIL]>,'[EMAIL]'"),
        ("x@example.com+y@example.com", "[EMAIL]+[EMAIL]"),
        ("Ring 07700 900123, or +44 (0)7700 900456.", "Ring [PHONE], or [PHONE]."),
        ("(020) 7946 0018 / 020-7946-0018", "[PHONE] / [PHONE]"),
        ("06 12 34 56 78 and 06.12.34.56.78", "[PHONE] and [PHONE]"),
        ("612 345 678; 555-867-5309; 98765 43210; 0171/1234567", "[PHONE]; [PHONE]; [PHONE]; [PHONE]"),
        ("07700900123 14/06/2025 09:12", "[PHONE] 14/06/2025 09:12"),
        ("14/06/2025 09:12 07700900123", "14/06/2025 09:12 [PHONE]"),
        ("07700 900123 07700 900456", "[PHONE] [PHONE]"),
        ("(07700 900123) (2 boats)", "([PHONE]) (2 boats)"),
    ],
)
def test_redact_replaces_addresses_and_phones_and_nothing_beside_them(found, redacted):
    assert text.redact(found) == redacted


@pytest.mark.parametrize(
    "kept",
    [
        "14/06/2025 09:12, 2025-06-14T09:12:00, 14.06.25",
        "01/06/2025-02/06/2025, 01.06.-03.06.2025, 14 06 2025 09 30",
        "20250614091200",
        "10:30-12:45, 8 till 17, 2019 2020 2021, 1999-2001",
        "£1,250,000.00, 100 000 000 pounds, € 100.000.000",
        "order 12345678, order 12345678 14 boats, 2025-123",
        "50.2660123, 0.123456789, 192.168.100.200",
        "4111 1111 1111 1111, 978-0-306-40615-7",
        "12 14 16 18 20 boats, two boats @ 14.50, 2@14.50, @tom, a@b",
    ],
)
def test_redact_leaves_dates_times_prices_years_and_short_numbers(kept):
    assert text.redact(kept) == kept


@given(st.text(st.sampled_from("ab 1.,"), max_size=15), st.from_regex(r"07\d{3} ?\d{6}", fullmatch=True))
def test_a_phone_is_found_among_words(before, phone):
    assert phone not in text.redact(f"{before}x, {phone}, thanks")


def test_mask_shows_where_it_stood_and_not_what():
    assert text.mask("I am tom@example.com, 07700 900123") == "I am t••@•••••••.•••, 0•••• ••••••"


@pytest.mark.parametrize(
    "part", ["a.", "a@", "a@x.1.", "1 ", "0 ", "0-", "(1)", "06.12.", "&amp;", "\u200d", "\n ", "â"]
)
def test_hostile_text_takes_linear_time(part):
    started = time.perf_counter()
    for function in FUNCTIONS:
        function(part * 30_000)
    assert time.perf_counter() - started < 3


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
