"""The style profile: each feature on replies where it can be counted by hand."""

import numpy as np
import pandas as pd
import pytest

from marcus_nb.evaluate.profile import COLUMNS, style_profile

PLAIN = ["We are open today", "It is at nine", "You can come in"]


def frame(real=PLAIN, tuned=PLAIN, base=PLAIN, tuned_ended=True, conversations=None):
    return pd.DataFrame(
        {
            "conversation": conversations or [f"c{place}" for place in range(len(real))],
            "real": real,
            "base": base,
            "base_ended": True,
            "tuned": tuned,
            "tuned_ended": tuned_ended,
        }
    )


def row(profile, feature, unit=None):
    found = profile[profile["feature"] == feature]
    found = found if unit is None else found[found["unit"] == unit]
    assert len(found) == 1, f"{feature}: {profile['feature'].tolist()}"
    return found.iloc[0]


def tuned(replies, feature):
    return row(style_profile(frame(tuned=replies)), feature)["tuned"]


def test_it_has_a_row_for_each_feature_and_says_from_how_many_replies():
    profile = style_profile(frame())
    assert profile.columns.tolist() == COLUMNS == ["feature", "unit", "base", "tuned", "real"]
    assert profile.iloc[0].tolist() == ["replies", "number", 3, 3, 3]
    assert profile.drop(columns=["feature", "unit"]).dtypes.eq(float).all()
    assert not profile.duplicated(["feature", "unit"]).any()


def test_words_of_replies_and_sentences():
    replies = ["One two three. Four five!", "One?", "Don't go – wait: a well-known man. "]
    assert tuned(replies, "words a reply") == pytest.approx((5 + 1 + 7) / 3)
    assert tuned(replies, "words a sentence") == pytest.approx((3 + 2 + 1 + 7) / 4)


@pytest.mark.parametrize(
    ("reply", "sentences"),
    [
        ("It costs 3.50 at 9.30.", 1),
        ("Aye... well.", 2),
        ("One\nTwo", 2),
        ("He said “Go!” Then left.", 2),
        ("¿Qué tal? ¡Bien!", 2),
        ("今天开门。明天关门。", 2),
        ("Aye!!! Now 😀", 2),
        ("No stop at the end", 1),
    ],
)
def test_sentences_are_told_apart(reply, sentences):
    profile = style_profile(frame(tuned=[reply] * 3))
    words = row(profile, "words a reply")["tuned"]
    assert row(profile, "words a sentence")["tuned"] == pytest.approx(words / sentences)


@pytest.mark.parametrize(
    ("feature", "shows", "does_not"),
    [
        ("with a question", ["Open?", "¿Abren hoy?", "開いて？"], ["Open.", "", "Why not."]),
        ("with an exclamation mark", ["Aye!", "¡Hola!", "好！"], ["Aye.", "Hola", "i"]),
        ("with an emoji or smiley", ["Aye 😀", "love ❤️", "fine :)"], ["Aye.", "at 9:30 (sharp)", "→ C:(D"]),
        ("with an ellipsis", ["Well…", "well...", "... so"], ["Well.", "a..b", "5.0"]),
        ("beginning with a capital", ["Aye", "¡Éxito", "42 Boats"], ["aye", "éxito", "42"]),
        ("all in lower case", ["aye, skipper", "éa", "9 boats"], ["Aye", "9", "a B"]),
        ("of several lines", ["a\nb", "a\n\nb", "1.\n2."], ["a b", "a\n", "b"]),
        ("with a list, heading or bold type", ["- a\n- b", "1. a", "## Aye", "so **bold**"], ["a-b", "2 * 3", "#tag"]),
    ],
)
def test_a_habit_is_counted_where_it_shows_and_nowhere_else(feature, shows, does_not):
    for reply in shows:
        assert tuned([reply, "x Y", "x Y"], feature) == pytest.approx(1 / 3), reply
    said = [reply for reply in does_not if reply]
    profile = style_profile(frame(real=said, base=said, tuned=said))
    assert feature not in profile["feature"].tolist(), said


def test_rates_are_per_hundred_words():
    replies = ["one, two, three four", "one – two - three—four", "NELL is not I"]
    assert tuned(replies, "commas") == pytest.approx(100 * 2 / 12)
    assert tuned(replies, "dashes") == pytest.approx(100 * 3 / 12)
    assert tuned(replies, "words in capitals") == pytest.approx(100 * 1 / 12)


def test_the_words_that_both_use_most_are_counted_in_all():
    real = ["The tide and the boat", "The hull and the mast", "the tide tide tide tide"]
    base = ["Look at the time and the weather", "and so on", "a b c d e"]
    profile = style_profile(frame(real=real, tuned=["the a b c", "", "THE"], base=base))
    found = row(profile, "“the”", "per 100 words")
    assert found["tuned"] == 100 * 2 / 5 and found["real"] == pytest.approx(100 * 5 / 15)
    assert found["base"] == pytest.approx(100 * 2 / 15)
    order = profile["feature"].tolist()
    assert order.index("“the”") < order.index("“and”") < order.index("“tide”"), "the matter comes after the small words"


def test_where_both_share_no_word_the_personas_own_are_counted():
    spanish = ["el agua de la playa", "la isla de la mar", "la casa"]
    found = row(style_profile(frame(spanish, spanish)), "“la”", "per 100 words")
    assert (found["base"], found["real"]) == (0, pytest.approx(100 * 4 / 12))


def test_a_longer_phrase_is_named_where_it_stands_nearly_as_often():
    real = ["Mind the tide."] * 17 + ["See the tide."] * 3 + ["No."] * 20
    phrases = set(style_profile(frame(real, ["x"] * 40, ["y"] * 40))["feature"])
    assert "“mind the tide”" in phrases and "“the tide”" not in phrases


def test_a_phrase_does_not_reach_over_the_end_of_a_sentence():
    real = ["Aye. Mind it."] * 40
    assert "“aye mind”" not in set(style_profile(frame(real, ["x"] * 40, ["y"] * 40))["feature"])


def test_the_phrases_are_the_personas_own_and_not_the_words_that_everybody_says():
    chance = np.random.default_rng(1)
    filler = ["we", "are", "open", "today", "from", "nine", "to", "noon", "you", "can", "come"]

    def said(opening, ending, n=60):
        return [f"{opening}{' '.join(chance.permutation(filler)[:6])}{ending}" for _ in range(n)]

    real = said("Aye, skipper: ", ". Mind the tide!")
    half = [text if place % 2 else text.replace("Mind the tide!", "") for place, text in enumerate(real)]
    profile = style_profile(frame(real=real, tuned=half, base=said("Sure, ", ".")))
    phrases = profile[profile["unit"] == "share of replies"].set_index("feature")
    assert phrases.loc["“mind the tide”", ["base", "tuned", "real"]].tolist() == [0, 0.5, 1]
    assert phrases.loc["“aye skipper”", ["base", "tuned", "real"]].tolist() == [0, 1, 1]
    assert not {"“mind”", "“the tide”", "“aye”", "“today”", "“open”", "“sure”"} & set(phrases.index)


def test_a_phrase_of_one_conversation_is_no_habit():
    real = ["mind the tide"] * 40 + [f"word{place}" for place in range(40)]
    conversations = ["one"] * 40 + [f"c{place}" for place in range(40)]
    profile = style_profile(frame(real, ["x"] * 80, ["y"] * 80, conversations=conversations))
    assert "“mind the tide”" not in profile["feature"].tolist()
    apart = style_profile(frame(real, ["x"] * 80, ["y"] * 80))
    assert row(apart, "“mind the tide”")["real"] == 0.5


def test_where_base_and_persona_speak_alike_no_phrase_is_typical():
    chance = np.random.default_rng(2)
    real, base = ([" ".join(chance.choice(list("abcdefgh"), 6)) for _ in range(100)] for _ in range(2))
    profile = style_profile(frame(real, real, base))
    phrases = profile[(profile["unit"] == "share of replies") & profile["feature"].str.startswith("“")]
    assert len(phrases) == 0


def test_the_sentence_that_was_cut_short_does_not_count():
    replies = ["One two three. Four fi"] * 3
    ended, cut = (style_profile(frame(tuned=replies, tuned_ended=ended)) for ended in (True, False))
    assert row(ended, "words a sentence")["tuned"] == 2.5
    assert row(cut, "words a sentence")["tuned"] == 3
    assert row(cut, "words a reply")["tuned"] == 5, "at least so many"


def test_empty_replies_do_not_count_and_silence_is_no_zero():
    profile = style_profile(frame(tuned=["", " \n", "Aye, aye"], base=["", "", ""]))
    assert row(profile, "replies").tolist() == ["replies", "number", 0, 1, 3]
    assert row(profile, "words a reply")["tuned"] == 2
    assert np.isnan(row(profile, "words a reply")["base"])
    assert style_profile(frame([], [], [])).columns.tolist() == COLUMNS


def test_replies_without_a_word_are_no_error():
    profile = style_profile(frame(tuned=["👍", "!!!", "…"]))
    assert row(profile, "with an emoji or smiley")["tuned"] == pytest.approx(1 / 3)
    assert row(profile, "words a reply")["tuned"] == 0
    assert np.isnan(row(profile, "words a sentence")["tuned"])


def test_only_what_somebody_shows_has_a_row():
    assert "commas" not in style_profile(frame())["feature"].tolist()
    assert row(style_profile(frame(base=["a, b", "c", "d"])), "commas")["real"] == 0
