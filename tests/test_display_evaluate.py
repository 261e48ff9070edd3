"""What 04_evaluate shows: the verdict, the card, the tables and the answers behind them, on made-up findings."""

import math
from dataclasses import replace

import matplotlib.style
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from judged_cases import REFUTED_CASE, answers, claims, judged, losses, measures, moved, profile, unseen
from shown import BOTH, HOSTILE, Seen, assert_harmless

from marcus_nb import display
from marcus_nb.display import answers as answers_shown
from marcus_nb.display import standing as standings
from marcus_nb.display.blocks import Block
from marcus_nb.display.card import drawn, finding, scale
from marcus_nb.display.figures import STYLE
from marcus_nb.display.standing import standing, told
from marcus_nb.evaluate import claims as words_of
from marcus_nb.evaluate import judge_losses, ways_of_asking
from marcus_nb.evaluate.claims import NOT_MEASURED, OPEN, REFUTED, SUPPORTED
from marcus_nb.parameters import Evaluate
from marcus_nb.words import LANGUAGES

LONG = "a claim with a name that is far longer than a name is"
NAMES = [claim.name for claim in claims()]


def hostile():
    """All twelve claims and figures, the texts of the one that is refuted hostile and personal."""
    found = [
        replace(item, name=BOTH, statement=BOTH, sentence=BOTH, advice=BOTH) if item.status == REFUTED else item
        for item in claims(**REFUTED_CASE)
    ]
    return found, [replace(item, claim=BOTH, measure=BOTH) if item.claim == "style" else item for item in measures()]


def identities():
    frame = pd.DataFrame({"language": ["en", "es"], "own": [True, False], "question": [BOTH] * 2})
    said = frame.assign(**{who: [BOTH] * 2 for who in ("tuned", "base", "tuned_no_system")})
    steady = pd.DataFrame({"conversation": "pressure 1", "kind": ["pressure"], "turn": 1, "question": [BOTH]})
    said = said.assign(**{f"{who}_outcome": "named" for who in ("tuned", "base", "tuned_no_system")})
    return said, steady.assign(reply=BOTH, voice=0.5)


def memories():
    spans = pd.DataFrame({"place": [1], "question": [BOTH], "reply": [BOTH], "span": [BOTH], "words": [9]})
    personal = pd.DataFrame({"place": [1], "kind": ["email"], "masked": ["t••@•••"], "original": [True]})
    return spans.assign(conversation="a"), personal.assign(question=BOTH, reply=BOTH)


# For each thing that can be shown: how to show it with hostile, personal data in every text that comes from outside.
SHOWN = {
    "folded": lambda: display.folded(BOTH, display.sentence(BOTH)),
    "identity": lambda: display.identity(*identities()),
    "loss_table": lambda: display.loss_table(ways_of_asking(losses(), Evaluate(), 1), 0.95),
    "measures_table": lambda: display.measures_table(hostile()[1], BOTH),
    "memory": lambda: display.memory(measures(), *memories()),
    "probes": lambda: display.probes(answers(BOTH)),
    "profile_table": lambda: display.profile_table(profile().assign(feature=BOTH)),
    "report_card": lambda: display.report_card(*hostile()),
    "side_by_side": lambda: display.side_by_side(unseen(BOTH, BOTH * 5), unseen(BOTH), HOSTILE),
    "stack": lambda: display.stack(display.sentence(BOTH), display.banner(BOTH, [BOTH], "bad")),
    "verdict": lambda: display.verdict(judged(hostile()[0], "not acquired", "no"), HOSTILE),
}
DRAWN = {
    "card_figure": lambda: display.card_figure(*reversed(hostile())),
    "profile_figure": lambda: display.profile_figure(profile().assign(feature=BOTH)),
}


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_everything_shown_is_escaped_redacted_and_readable_as_plain_text(name):
    block = SHOWN[name]()
    seen = assert_harmless(block)
    if name != "loss_table":
        assert "<script>" in seen.text and "<script>" in block.plain, "told, as what it is"
    assert "None" not in seen.text and "nan" not in seen.text.split()
    data, _ = DisplayFormatter().format(block)
    assert data == {"text/html": block.markup, "text/plain": block.plain}


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_figures_are_pictures_with_their_finding_in_words(name):
    data, metadata = DisplayFormatter().format(DRAWN[name]())
    assert data["image/png"].startswith(b"\x89PNG") and 5_000 < len(data["image/png"]) < 250_000
    assert metadata["image/png"]["alt"] == data["text/plain"]
    assert "tom@example.com" not in data["text/plain"] and "07700 900123" not in data["text/plain"]
    assert sum(character.isdigit() for character in data["text/plain"]) >= 2, "a finding with its figures"


# --- where a claim stands -----------------------------------------------------------------------------------------


def places(found=None, figures=None):
    return {
        item.name: standing(item, measures() if figures is None else figures)
        for item in (claims() if found is None else found)
    }


def test_the_words_are_those_of_the_claims():
    """They stand twice, since what shows claims must not load torch."""
    assert standings.MARKS == words_of.MARKS
    for name in ("SUPPORTED", "REFUTED", "OPEN", "NOT_MEASURED", "BASE", "BASELINE", "TUNED", "REAL", "DIFFERENCE"):
        assert getattr(standings, name) == getattr(words_of, name)


def test_a_gain_stands_on_the_scale_of_what_it_is_a_gain_in():
    at = places()
    loss = at["loss"]
    assert (loss.base, loss.baseline) == (3.85, 3.41) and loss.gain and not loss.higher
    assert loss.tuned == pytest.approx(3.85 - 1.27) and loss.threshold == pytest.approx(3.65)
    assert (loss.low, loss.high) == (pytest.approx(3.85 - 1.41), pytest.approx(3.85 - 1.13))
    told_it = at["beyond prompting"]
    assert told_it.threshold == 3.41 and told_it.tuned == pytest.approx(2.58), "against the model that was told"
    tied = at["relevance"]
    assert tied.higher and tied.tuned == pytest.approx(0.53) and tied.threshold == pytest.approx(0.32)


def test_others_stand_beside_by_the_same_figure_or_the_nearest_to_it():
    at = places()
    assert (at["style"].base, at["style"].real, at["style"].higher) == (0.99, 0.51, False)
    assert (at["steadiness"].base, at["steadiness"].real) == (0.05, 0.93), "of its first replies: it is never pressed"
    assert (at["knowledge"].base, at["knowledge"].baseline, at["knowledge"].real) == (0.0, 0.2, None)
    assert at["forgetting"].base == 1.0, "a ratio to the base model"
    assert at["memory"].base is None and at["contrast"].base == 0.5


def test_what_has_no_figure_is_not_drawn():
    assert places(claims(style=NOT_MEASURED))["style"].tuned is None
    assert places(figures=[])["style"].tuned is None
    given, figures = moved("style", math.nan, math.nan, math.nan, OPEN)
    assert places(given, figures)["style"].tuned is None
    assert standing(claims()[0], [item for item in measures() if item.measure == "gain"]).base == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_on_every_scale_right_is_better_and_all_there_is_lies_on_it(name):
    place = places()[name]
    worst, best = scale(place)
    assert (best > worst) == place.higher
    for value in filter(None, (place.tuned, place.low, place.high, place.threshold, place.base, place.real)):
        assert min(worst, best) - 1e-9 <= value <= max(worst, best) + 1e-9


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.712, "share", "71%"),
        (0.004, "share", "0.4%"),
        (0.0, "share", "0%"),
        (-0.0001, "share", "0%"),
        (-0.001, "nats per token", "0.00"),
        (251.04, "perplexity", "251.0"),
        (2.514, "nats per token", "2.51"),
        (0.9, "AUC", "0.90"),
        (1.2, "ratio", "1.20\N{NO-BREAK SPACE}×"),
        (48211.3, "ratio", "48,211\N{NO-BREAK SPACE}×"),
        (17.0, "words", "17"),
        (12345.6, "perplexity", "12,346"),
        (None, "AUC", "–"),
        (math.nan, "share", "–"),
        (math.inf, "share", "–"),
    ],
)
def test_figures_are_told_in_their_unit(value, unit, said):
    assert told(value, unit) == said


# --- the card -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({}, "All 12 claims hold"),
        ({"style": REFUTED}, "11 of 12 claims hold; style does not"),
        ({"style": REFUTED, "loss": REFUTED}, "10 of 12 claims hold; loss and style do not"),
        (
            {"style": REFUTED, "loss": OPEN, "without_prompt": NOT_MEASURED},
            "9 of 11 claims hold; style does not; undecided: loss; without prompt could not be measured",
        ),
        (
            {"style": NOT_MEASURED, "contrast": NOT_MEASURED},
            "All 10 claims hold; contrast and style could not be measured",
        ),
    ],
)
def test_the_card_states_its_finding(status, said):
    assert finding(claims(**status)) == said
    assert display.card_figure(measures(), claims(**status)).alt.splitlines()[0] == said


def test_the_card_tells_every_row_in_words():
    told_it = display.card_figure(measures(), claims(style=REFUTED, contrast=NOT_MEASURED)).alt
    told_it = told_it.replace("\N{NO-BREAK SPACE}", " ")
    assert "✗ style: tuned model 0.78, base model 0.99, the persona itself 0.51, asked for ≤ 0.90, n = 94" in told_it
    assert "– contrast: not measurable, n = 7" in told_it and "asked for gain ≥ 0.20, n = 43" in told_it


CASES = {
    "all supported": lambda: (claims(), measures()),
    "one refuted": lambda: (claims(style=REFUTED), measures()),
    "some open": lambda: (claims(style=OPEN, knowledge=OPEN), measures()),
    "none measurable": lambda: (claims(**dict.fromkeys((name.replace(" ", "_") for name in NAMES), NOT_MEASURED)), []),
    "hostile": hostile,
    "long names": lambda: ([replace(item, name=LONG + item.name) for item in claims(loss=REFUTED, style=OPEN)], []),
    "no n": lambda: ([replace(item, n=0, value=0.0) for item in claims()], measures()),
    "no numbers": lambda: moved("style", math.nan, math.nan, math.nan, OPEN),
    "wide": lambda: moved("loss", 0.3, -40.0, 90.0, OPEN),
    "wide share": lambda: moved("knowledge", 0.5, 0.0, 1.0, OPEN),
    "far worse": lambda: moved("loss", -6.5, -7.0, -6.0, REFUTED),
    "ruined": lambda: moved("forgetting", 48211.0, 31000.0, 74000.0, REFUTED),
    "perfect": lambda: moved("style", 0.42, 0.3, 0.55, SUPPORTED),
    "none at all": lambda: ([], []),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_no_words_of_the_card_overlap_or_are_cut(case, language, monkeypatch):
    monkeypatch.setenv("MARCUS_LANG", language)
    found, figures = CASES[case]()
    with matplotlib.style.context(STYLE):  # as it is drawn when it is shown
        figure = drawn([standing(item, figures) for item in found], finding(found))
        figure.draw_without_rendering()
    texts = [*figure.texts, *figure.axes[0].texts, *figure.legends[0].get_texts()]
    boxes = [(item.get_text(), item.get_window_extent()) for item in texts if item.get_text().strip()]
    width, height = figure.get_window_extent().size
    for place, (words, box) in enumerate(boxes):
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, words
        for other, another in boxes[place + 1 :]:
            across = min(box.x1, another.x1) - max(box.x0, another.x0)
            along = min(box.y1, another.y1) - max(box.y0, another.y0)
            assert min(across, along) <= 2, (words, other)
    assert display.card_figure(figures, found).png.startswith(b"\x89PNG")


def test_the_habits_say_how_many_came_nearer():
    assert display.profile_figure(profile()).alt.endswith("in 3 of 4 habits"), "the number of replies is no habit"
    assert "n = 0" in display.profile_figure(profile().iloc[:0]).plain
    assert "n = 0" in display.profile_figure(profile().assign(base=math.nan)).plain
    shown = display.profile_table(profile().assign(base=[94.0, 21.0, math.nan, 0.167, 5.4]))
    assert row_of(shown, "words a sentence").split()[-3:] == ["21.0", "11.0", "9.0"]
    assert row_of(shown, "small letters").split()[-3:] == ["17%", "0%", "0%"]
    assert row_of(shown, "question marks").split()[-3:] == ["–", "4.0", "1.5"]


# --- verdict and tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", ["acquired", "not acquired", "inconclusive"])
def test_the_verdict_says_in_words_what_was_found_whether_to_deploy_and_what_next(found):
    block = display.verdict(judged(claims(**REFUTED_CASE), found, "no"), "Nell")
    assert block.plain.startswith(f"The personality of Nell: {found.upper()}\n")
    seen = Seen(block.markup).text
    for shown in (seen, block.plain):
        assert "Deploy: NO. Not alone with customers" in shown and "Bring more conversations for its style." in shown
    assert (
        seen.index("Deploy: NO")
        < seen.index("At nine, skipper.")
        < seen.index("Talk with it")
        < seen.index("Sounds like the persona")
    )


def test_claims_that_do_not_hold_come_first_and_with_their_figures():
    given = claims(**REFUTED_CASE, contrast=NOT_MEASURED)
    markup = display.verdict(judged(given), "Nell").markup
    assert markup.count("<details") == 12 and markup.count("<details open") == 3
    order = sorted(NAMES, key=lambda name: markup.index(f"<strong>{name}</strong>"))
    assert order[:3] == ["style", "knowledge", "contrast"]
    assert order[3:] == [name for name in NAMES if name not in order[:3]]


def test_a_reason_is_not_said_twice():
    one = judged(claims())
    assert display.verdict(replace(one, why=(one.summary,)), "Nell").plain.count(one.summary) == 1


def row_of(block: Block, start: str) -> str:
    return next(line for line in block.plain.replace("\N{NO-BREAK SPACE}", " ").splitlines() if start in line)


def test_the_report_card_has_everybodys_figures_in_a_row():
    block = display.report_card(claims(style=REFUTED, contrast=NOT_MEASURED), measures())
    assert "10 of 11 claims that could be measured hold" in block.plain
    assert "0.69 nats" in block.plain and "AUC" in block.plain, "what the words mean"
    for part in ("0.99", "0.78 (0.71 to 0.85)", "0.51", "≤ 0.90", "94", "✗ not supported"):
        assert part in row_of(block, "told from real replies")
    for part in ("3.85", "3.41", "2.58", "gain 1.27 (1.13 to 1.41)", "gain ≥ 0.20", "43", "✓ supported"):
        assert part in row_of(block, "likelier than the base model")
    assert "– not measurable" in row_of(block, "contrast") and "0.00" not in row_of(block, "contrast"), "never 0"
    assert display.report_card([], []).plain


def test_all_figures_of_a_claim_stand_in_one_table():
    block = display.measures_table(measures(), "health")
    row = row_of(block, "broken replies")
    for part in ("21% (13% to 30%)", "n = 94", "4.3% (1.6% to 7.4%)", "n = 188", "0% (0% to 0%)"):
        assert part in row
    assert "94" in row_of(display.measures_table(measures(), "style"), "told from").split()
    assert display.measures_table([], "style").plain == "No figures were taken for: style."


def test_the_loss_table_says_what_the_claims_say():
    chosen = Evaluate(min_test_conversations=2)
    block = display.loss_table(ways_of_asking(losses(), chosen, 1), 0.95)
    found, _ = judge_losses(losses(), "another persona", chosen, 1)
    gain = next(item for item in found if (item.claim, item.measure) == ("without prompt", "gain"))
    assert f"{gain.value:+.2f} ({gain.low:+.2f} to {gain.high:+.2f})" in row_of(block, "without its system prompt")
    assert row_of(block, "the whole conversation ").split()[-1] == "4" and "3.65" in block.plain
    assert row_of(block, "somebody else's reply").split()[-1] == "3", "one of four comparisons was not to be had"
    nothing = display.loss_table(ways_of_asking(losses().iloc[:0], chosen, 1), 0.95)
    assert "nan" not in nothing.plain and row_of(nothing, "somebody else's").split()[-1] == "0"


# --- answers ------------------------------------------------------------------------------------------------------


def test_replies_are_grouped_and_marked_where_they_were_cut():
    block = display.side_by_side(unseen(), unseen().drop(columns=["chosen", "loss"]).head(1), "Nell")
    seen = Seen(block.markup).text
    order = [seen.index(words) for words in ("Hardest for it", "At random", "Easiest for it", "its own training")]
    assert order == sorted(order)
    for shown in (seen, block.plain):
        assert shown.count("it reached max_new_tokens") == 2 and "loss 4.20" in shown and "Nell really said" in shown
    assert "(nothing)" in seen
    assert "none to read" in display.side_by_side(unseen().iloc[:0], unseen().iloc[:0], "Nell").plain


def test_a_long_reply_unfolds_and_loses_nothing():
    words = " ".join(f"word{number}" for number in range(200))
    shown = Seen(answers_shown._words(words, "")).text
    assert shown.replace(" …", " ").split() == words.split()
    assert "<details" not in answers_shown._words("short", "")
    assert Seen(answers_shown._words("x" * 900, "")).text.replace(" …", "") == "x" * 900


def test_a_cut_reply_leaves_no_half_of_an_address():
    """Half an address is not known as one any more, so it is replaced before the cut."""
    long = "x " * 150 + "tom.smith@example.com, 07700 900123 " + "y " * 90
    for start in range(90, 160, 4):  # the address stands where the reply is cut
        block = display.side_by_side(unseen(long[start:]), unseen().iloc[:0], "Nell")
        for shown in (block.markup, block.plain):
            assert "tom.smi" not in shown and "07700" not in shown


def test_probes_are_counted_and_those_to_read_come_first():
    block = display.probes(answers())
    seen = Seen(block.markup).text
    for shown in (seen, block.plain):
        assert "1 of 5 right after training; the base model: 0, and 2 when it is told" in shown
        assert "1 right, 1 contradicts the facts, 1 without the fact, 1 declines, 1 says nothing" in shown
        assert shown.index("Number 4?") < shown.index("Number 0?"), "the only right one is the last"
        assert "tuned model: ✗ contradicts the facts" in shown and "Most like it in training (0.75)" in shown
    assert "shared.probes" in display.probes(answers().iloc[:0]).plain
