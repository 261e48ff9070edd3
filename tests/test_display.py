"""What notebooks show: escaped, redacted, readable without HTML, and with the finding in words."""

from dataclasses import replace

import pandas as pd
import pytest
from cleaning import SHARED
from conftest import conversation, small_talk, write_splits
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from shown import BOTH, HOSTILE, PERSONAL, TAGS, Seen, assert_harmless
from test_display_evaluate import DRAWN as DRAWN_OF_EVALUATE
from test_display_evaluate import SHOWN as SHOWN_OF_EVALUATE
from training_told import EVENTS, METRICS, OUTCOME, PREFLIGHT

from marcus_nb import clean, display, text, train
from marcus_nb.clean import Cleaned
from marcus_nb.conversation import Origin
from marcus_nb.display.blocks import Block, stack
from marcus_nb.display.chat import _pieces
from marcus_nb.formats import Outcome, Sample, Table
from marcus_nb.ingest import account as ingest_account
from marcus_nb.ingest import counts as ingest_counts
from marcus_nb.ingest import duplicates as ingest_duplicates
from marcus_nb.ingest.sources import gather
from marcus_nb.models import tiny
from marcus_nb.parameters import STAGES, Clean
from marcus_nb.render import IGNORED, Rendered, render
from marcus_nb.runs import Run, Stage

TINY = tiny.tokenizer()


@pytest.fixture(scope="module")
def stages(make_draft):
    """The stages of one draft whose parameters hold what no page may be broken by."""
    overrides = {
        "shared.persona_name": HOSTILE[:80],
        "shared.persona_description": BOTH,
        "shared.system_prompt": BOTH,
        "shared.probes": [{"question": BOTH, "must": ["a"]}],
        "ingest.sources": [{"path": "<b>.csv", "columns": {"prompt": BOTH}}],
        "train.fixed_prompts": [BOTH],
        "evaluate.contrast_sources": [BOTH],
    }
    run = make_draft(overrides)
    return {name: Stage(name, run) for name in STAGES}


def ingested():
    talk = [conversation("a", BOTH, BOTH, customer=BOTH)]
    outcome = Outcome(Origin("<b>.csv", "<i>", (7,)), f"no answer: column {HOSTILE}", BOTH, "rejected")
    table = Table(
        file=f"{HOSTILE}.csv",
        sheet="<i>",
        container="csv",
        shape="row_per_message",
        columns={"prompt": BOTH},
        persona_speaker=BOTH,
        evidence=(BOTH, "the delimiter is ;"),
        records=2,
        used=1,
        conversations=tuple(talk),
        rejected=(outcome,),
        set_aside=(replace(outcome, kind="set_aside"),),
        left_out=(replace(outcome, kind="left_out"),),
        samples=(Sample("a", ((7, BOTH), (8, HOSTILE))),),
    )
    other = replace(table, file=f"{HOSTILE}.json", rejected=(), set_aside=(), left_out=(), records=1)
    passed = replace(table, shape="", used=0, conversations=(), samples=())
    return gather([replace(table, records=3), other, replace(passed, records=2)])


def cleaned() -> Cleaned:
    names = [f"customer {number}" for number in range(12)]
    talk = [
        conversation(f"c{number}", f"{chr(97 + number) * 9} {BOTH}?", f"{BOTH} {number}", customer=names[number])
        for number in range(12)
    ]
    mail = conversation("m", f"Where is it, {HOSTILE}?", f"{BOTH}  Aye.", customer="Mail")
    usual = {"max_characters": 4000, "min_characters": 1, "drop_duplicates": True}
    off = {"near_duplicate_similarity": 1.0, "drop_wrong_language": False, "html_to_text": False, "max_similarity": 1.0}
    return clean.run([*talk, mail], Clean(**usual, **off), SHARED, TINY)


REPLIES = [{"share": share, "step": 1, "prompt": BOTH, "reply": f"{BOTH} {share}"} for share in (0.0, 0.25, 0.5, 1.0)]


def splits(_, tmp_path):
    write_splits(Run("small", "draft", tmp_path, None), train=small_talk(5), validation=small_talk(2, 5))
    return display.splits(list(train.load_splits(tmp_path / "clean", TINY, "Sys", 512).values()), 512)


def hostile(told):
    """The same with hostile, personal data in every text, however deep."""
    if isinstance(told, dict):
        return {key: value if key == "ended" else hostile(value) for key, value in told.items()}
    if isinstance(told, list):
        return [hostile(item) for item in told]
    return f"{told} {BOTH}" if isinstance(told, str) else told


def rendered(words=BOTH):
    return render(TINY, conversation("a", words, f"Aye 😀 {words}").as_chat(words))


def timed(*times):
    return [replace(conversation("a", "Hi", "Aye."), time=time) for time in times]


# For each thing that can be shown: how to show it with hostile, personal data in every text that comes from outside.
SHOWN = {
    "Block": lambda stages, _: Block("<p></p>", ""),
    "before_after": lambda stages, _: display.before_after(ingested(), HOSTILE),
    "banner": lambda stages, _: display.banner(BOTH, [BOTH, "two"], "bad"),
    "bubbles": lambda stages, _: display.bubbles([conversation("a", BOTH, BOTH, customer=BOTH)], HOSTILE),
    "duplicates": lambda stages, _: display.duplicates(ingest_duplicates(ingested())),
    "learned_tokens": lambda stages, _: display.learned_tokens(TINY, rendered()),
    "metrics_table": lambda stages, _: display.metrics_table(METRICS),
    "next_step": lambda stages, _: stack(
        *(display.next_step(stage, {"writes": {f"{name}/{HOSTILE}": "a"}}) for name, stage in stages.items())
    ),
    "outcomes": lambda stages, _: display.outcomes(ingest_account(ingested())),
    "parameters": lambda stages, _: stack(*map(display.parameters, stages.values())),
    "preflight": lambda stages, _: display.preflight(hostile(PREFLIGHT)),
    "recognised": lambda stages, _: display.recognised(ingested()),
    "rejected": lambda stages, _: display.rejected(ingested().outcomes),
    "replies_over_training": lambda stages, _: display.replies_over_training(REPLIES),
    "cleaned": lambda stages, _: display.cleaned(cleaned()),
    "funnel": lambda stages, _: display.funnel(clean.funnel(cleaned())),
    "personal_data": lambda stages, _: display.personal_data(cleaned()),
    "rules": lambda stages, _: display.rules(cleaned()),
    "token_examples": lambda stages, _: display.token_examples(TINY, cleaned().seen),
    "tokens": lambda stages, _: display.tokens(cleaned().seen),
    "sentence": lambda stages, _: display.sentence(BOTH),
    "sources": lambda stages, _: display.sources(ingest_counts(ingested())),
    "splits": splits,
    "table": lambda stages, _: display.table(pd.DataFrame({HOSTILE: [BOTH, None], "n": [1, 2]}), BOTH),
    "training_events": lambda stages, _: display.training_events(hostile(EVENTS)),
    "training_status": lambda stages, _: display.training_status([], 9, BOTH),
    "training_summary": lambda stages, _: display.training_summary(hostile(OUTCOME)),
}
DRAWN = {
    "funnel_figure": lambda: display.funnel_figure(clean.funnel(cleaned())),
    "lengths_figure": lambda: display.lengths_figure([5, 9, 300], "tokens", 256),
    "loss_figure": lambda: display.loss_figure(METRICS, 6, EVENTS),
    "times_figure": lambda: display.times_figure(timed("2025-06-14", "2025-06-14T09:12:00", "2025-07-01", None)),
}
ELSEWHERE = {*SHOWN_OF_EVALUATE, *DRAWN_OF_EVALUATE, "later"}  # a place that is kept open shows nothing yet
# These show no text from outside.
OF_OURS = {
    "Block",
    "cleaned",
    "funnel",
    "personal_data",
    "tokens",
    "metrics_table",
    "splits",
}


@pytest.mark.parametrize("name", sorted(set(display.__all__) - ELSEWHERE - set(DRAWN)))
def test_everything_shown_is_escaped_redacted_and_readable_as_plain_text(name, stages, tmp_path):
    assert name in SHOWN, f"display.{name} has no case here with hostile and personal data"
    block = SHOWN[name](stages, tmp_path)
    seen = assert_harmless(block)
    if name not in OF_OURS:
        assert "<script>" in seen.text.replace("⏎", "") and "<script>" in block.plain, "told, as what it is"
    assert "None" not in seen.text and "nan" not in seen.text.split()
    data, _ = DisplayFormatter().format(block)
    assert set(data) == {"text/html", "text/plain"}
    assert data["text/plain"] == block.plain and data["text/html"] == block.markup


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_figures_are_pictures_with_their_finding_in_words(name):
    data, metadata = DisplayFormatter().format(DRAWN[name]())
    assert set(data) == {"image/png", "text/plain"}
    assert data["image/png"].startswith(b"\x89PNG") and 5_000 < len(data["image/png"]) < 120_000
    assert metadata["image/png"]["alt"] == data["text/plain"]
    assert sum(character.isdigit() for character in data["text/plain"]) >= 2, "a finding with its figures"


# --- the pieces ---------------------------------------------------------------------------------------------------


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_is_shown_as_itself_and_never_as_markup(words):
    for block in (display.sentence(words), display.banner(words, [words], "good")):
        seen = Seen(block.markup)
        assert seen.tags <= TAGS and seen.open == []
    frame = pd.DataFrame({"a": [words]})
    assert Seen(display.table(frame).markup).tags <= TAGS


def test_a_table_shows_numbers_as_numbers_and_no_phones():
    frame = pd.DataFrame(
        {
            "share": [0.1234, float("nan")],
            "big": [1_234_567_890, 4_294_967_295],
            "ok": [True, False],
            "text": ["x", None],
        }
    )
    block = display.table(frame, "Caption", {"share": ".0%"})
    for shown in (Seen(block.markup).text, block.plain):
        assert all(part in shown for part in ("12%", "1234567890", "4294967295", "✓", "✗", "Caption"))
        assert "nan" not in shown and "None" not in shown and "PHONE" not in shown
    assert len(block.plain.splitlines()) == 4
    display.table(frame.iloc[:0])
    display.table(pd.DataFrame())


def test_a_cut_text_leaves_no_half_of_an_address():
    """Half an address is not known as one any more, so it is replaced before the cut."""
    long = "x" * 60 + " tom.smith@example.com, 07700 900123 " + "y" * 60
    outcome = Outcome(Origin("a.csv", None, (1,)), "why", long, "rejected")
    for start in range(40):
        shown = display.rejected([replace(outcome, text=long[start:])])
        assert "tom.smi" not in shown.markup and "07700" not in shown.markup and "tom.smi" not in shown.plain


def test_nothing_rejected_and_no_prompts_are_said_in_words():
    assert display.rejected([]).plain == "No record was rejected, set aside or left out."
    assert "train.fixed_prompts" in display.replies_over_training([]).plain


def many(count, **differing):
    """Files of one export, the last of which differs."""
    first = replace(ingested().tables[1], sheet=None)
    tables = [replace(first, file=f"data/export.zip/{n}.txt", evidence=(f"{n} lines",)) for n in range(count - 1)]
    return gather([*tables, replace(tables[0], file="data/export.zip/last.txt", **differing)])


def test_files_that_are_alike_share_a_line():
    block = display.recognised(many(312, evidence=("7 lines", "no header at all")))
    assert Seen(block.markup).text.count("export.zip") == 2
    for said in ("312 files in data/export.zip", "• 0 lines", "• data/export.zip/last.txt: no header at all"):
        assert said in Seen(block.markup).text and said in block.plain
    assert "1 lines" not in block.plain, "the same but for a figure"
    assert display.recognised(many(12)).plain.count("data/export.zip") == 12
    account = display.outcomes(ingest_account(many(312)))
    assert "312 files in data/export.zip" in account.plain and account.plain.count("export.zip") == 1
    assert "312 records in: 312 used" in account.plain


def test_files_without_conversations_are_told_with_their_reason_and_not_without_end():
    none = replace(many(2).tables[0], shape="", conversations=(), used=0, records=0)
    pictures = [replace(none, file=f"x/{n}.png", evidence=("passed over: a picture (PNG)",)) for n in range(20)]
    broken = [
        replace(none, file=f"y/{n}.csv", evidence=("comma", f"y/{n}.csv: broken{chr(97 + n)}\nDo this."), records=1)
        for n in range(20)
    ]
    shown = display.recognised(gather([*pictures, *broken])).plain
    assert "without conversations: 40" in shown and shown.count("a picture (PNG)") == 1
    assert "20 files in x" in shown and "y/0.csv" in shown and " brokena " in shown and "Do this" not in shown
    assert "y/11.csv" not in shown and "And 9 more lines like these" in shown


def test_three_conversations_are_shown_of_three_kinds_of_file():
    part = ingested().tables[0]
    talk = [replace(conversation(name, f"Question {name}", "Aye."), customer=None) for name in "abc"]
    samples = tuple(Sample(item.id, ((7, f"raw {item.id}"),)) for item in talk)
    full = replace(part, file="one.csv", conversations=tuple(talk), samples=samples)
    tables = [full, replace(full, file="two.csv"), replace(full, file="three.json", container="json")]
    shown = display.before_after(gather([*tables, replace(full, file="four.xlsx", container="excel")]), "Nell").plain
    assert [line.split(",")[0] for line in shown.splitlines() if line.endswith("lies there")] == [
        *("one.csv", "three.json", "four.xlsx")
    ]
    alone = display.before_after(gather([full]), "Nell").plain
    for name in "abc":
        assert f"7  raw {name}" in alone and f"Question {name}" in alone
    assert display.before_after(gather([replace(full, samples=())]), "Nell").plain == (
        "No file kept an example to look at."
    )


def test_a_long_conversation_shows_its_beginning():
    part = ingested().tables[0]
    long = conversation("a", *(f"turn {n}" for n in range(40)))
    sample = Sample("a", tuple((n, f"raw {n}") for n in range(40)))
    shown = display.before_after(gather([replace(part, conversations=(long,), samples=(sample,))]), "Nell").plain
    assert "turn 7" in shown and "turn 8" not in shown and "raw 8" not in shown and "32 more records" in shown


def test_columns_that_no_file_fills_are_not_shown():
    frame = ingest_counts(gather([ingested().tables[1]]))
    shown = display.sources(frame).plain
    assert "languages" in shown and " time" not in shown
    assert (
        "2025‑03‑01 – 2025‑06‑14" in display.sources(frame.assign(**{"from": "2025-03-01", "to": "2025-06-14"})).plain
    )
    assert display.duplicates(ingest_duplicates(gather([]))).plain == "No conversation stands in more than one file."


def test_values_that_differ_from_the_yaml_are_announced(make_draft):
    plain = display.parameters(Stage("train", make_draft()))
    typed = display.parameters(Stage("train", make_draft({"train.lora_r": 8})))
    assert "all values as in the YAML and the defaults" in plain.plain
    assert typed.plain.startswith("Differs from the YAML: lora_r")
    for name in ("learning_rate", "lora_r", "seed", "system_prompt"):
        assert name in plain.plain


# --- tokens -------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="�"), min_size=1, max_size=30))
@settings(max_examples=80, deadline=None)
def test_tokens_are_shown_as_whole_characters(words):
    assume("<|" not in words and words.strip())  # a forged turn would not be rendered at all, nor an empty one
    [item] = render(TINY, conversation("a", "q", words).as_chat("s"))
    pieces = _pieces(TINY, item)
    assert "".join(piece for piece, _ in pieces) == text.mask(TINY.decode(item.input_ids))
    if text.mask(words) == words:
        assert "".join(piece for piece, carries_loss in pieces if carries_loss) == words + "<|im_end|>"


def test_learned_tokens_are_marked_and_counted():
    [item] = rendered("Open?")
    block = display.learned_tokens(TINY, [item])
    count = sum(label != IGNORED for label in item.labels)
    assert block.plain == f"Learned {count} of {len(item.labels)} tokens: Aye 😀 Open?<|im_end|>"
    assert block.markup.count("border-bottom") == count - 3, "the four bytes of the emoji are one piece"
    assert "😀" in block.markup and "�" not in block.markup
    nothing = display.learned_tokens(TINY, [Rendered([5, 6], [IGNORED, IGNORED])])
    assert "border-bottom" not in nothing.markup and nothing.plain.startswith("Learned 0 of 2 tokens")


def test_several_texts_of_a_conversation_stand_one_after_the_other_with_the_reason():
    [first] = rendered("Open?")
    [second] = rendered("And now?")
    block = display.learned_tokens(TINY, [first, second])
    assert "It is read 2 times, once for each reply" in block.markup and "It is read 2 times" in block.plain
    assert block.plain.index("Aye 😀 Open?") < block.plain.index("Aye 😀 And now?")
    assert block.markup.count("<div") == 2
    assert "times" not in display.learned_tokens(TINY, [first]).markup


def test_an_address_of_many_tokens_is_dotted_out():
    block = display.learned_tokens(TINY, rendered(PERSONAL))
    for shown in (Seen(block.markup).text, block.plain):
        assert "om@ex" not in shown and "700 9" not in shown and "Ask t••@•••••••.•••" in shown


# --- findings -----------------------------------------------------------------------------------------------------


def test_the_lengths_figure_says_how_many_exceed_the_limit():
    assert display.lengths_figure([5, 9, 300], "tokens", 256).alt == (
        "1 of 3 conversations exceed 256 tokens; the longest has 300"
    )
    assert (
        display.lengths_figure([5, 9, 300], "characters").alt == "Half of the 3 conversations have at most 9 characters"
    )


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (("2025-06-14",), "1 conversations from 2025-06-14 to 2025-06-14; most in 2025-06-14: 1"),
        (
            ("2025-01-31", "2025-06-14", "2025-06-15"),
            "3 conversations from 2025-01-31 to 2025-06-15; most in 2025-06: 2",
        ),
        (("1999-01-31", "2025-06-14", None), "2 conversations from 1999-01-31 to 2025-06-14; most in 1999: 1"),
        ((None,), "No file tells when its conversations took place."),
    ],
)
def test_the_times_figure_says_when(times, said):
    shown = display.times_figure(timed(*times))
    assert getattr(shown, "alt", "") == said or getattr(shown, "plain", "") == said


def test_the_funnel_figure_says_what_is_left():
    frame = pd.DataFrame({"rule": ["a", "b"], "entered": [10, 8], "dropped": [2, 0], "left": [8, 8]})
    assert display.funnel_figure(frame).alt == "8 of 10 conversations are left; 2 were dropped"
