"""Every experiment that ships loads; its files are there and are what it says; its probes ask for what was taught."""

import pytest

from marcus_nb import clean, ingest, runs
from marcus_nb.__main__ import COMMANDS
from marcus_nb.evaluate.knowledge import RIGHT, outcome
from marcus_nb.models import find_base, load_tokenizer
from marcus_nb.parameters import NAME, ROOT, Ingest, Parameters, experiments, load
from marcus_nb.text import similarity

FILES = sorted((ROOT / "parameters").glob("*"))
EXPERIMENTS = [path.stem for path in FILES if path.suffix == ".yaml"]
FOR_TESTS = "tiny"  # a random model learns no facts: its experiments only have to run
NEAR_COPY = 0.5  # of clean.max_similarity's measure; stricter, so that no data is lost to the probes either
OFTEN = 8  # replies that hold a fact: a small model learns nothing from one


@pytest.fixture(scope="module", params=EXPERIMENTS)
def chosen(request) -> Parameters:
    return load(request.param)


@pytest.fixture(scope="module")
def ingested(chosen) -> ingest.Ingested:
    return ingest.read_sources(chosen.ingest, ROOT, chosen.shared.persona_name)


def test_the_folder_holds_experiments_only():
    assert [path.name for path in FILES] == [f"{name}.yaml" for name in EXPERIMENTS]
    assert experiments() == EXPERIMENTS
    assert {"quickstart", "smoke"} <= set(EXPERIMENTS)


def test_its_name_is_a_name_and_no_command(chosen):
    assert NAME.fullmatch(chosen.experiment)
    assert chosen.experiment not in (*COMMANDS, runs.DRAFT)


def test_its_files_belong_to_the_project(chosen):
    for source in (*chosen.ingest.sources, *chosen.evaluate.contrast_sources):
        assert (ROOT / source.path).is_file(), f"{source.path} is not there"
        assert not source.path.startswith(("/", "~")) and ".." not in source.path and ":" not in source.path


def test_its_files_are_read_without_help_and_add_up(chosen, ingested):
    ingest.check_account(ingested)
    assert {table.file for table in ingested.tables} == {source.path for source in chosen.ingest.sources}
    for table in ingested.tables:
        assert table.conversations, f"{table.file} {table.sheet or ''} gives nothing"
    if chosen.shared.base_model != FOR_TESTS:
        assert len(ingested.conversations) >= 150
        dropped = [*ingested.rejected, *ingested.set_aside]
        assert len(dropped) < 0.1 * sum(table.records for table in ingested.tables)


def test_the_persona_is_the_one_who_answers(chosen, ingested):
    others = {item.customer for item in ingested.conversations}
    assert chosen.shared.persona_name not in others
    assert all(item.replies and item.questions for item in ingested.conversations)


def test_cleaning_leaves_enough_on_every_side(chosen, ingested):
    tokenizer = load_tokenizer(find_base(chosen.shared.base_model))
    cleaned = clean.run(list(ingested.conversations), chosen.clean, chosen.shared, tokenizer)
    clean.check_account(cleaned)
    clean.prove_disjoint(cleaned)
    assert len(cleaned.test) >= chosen.evaluate.min_test_conversations, "the verdict could only be inconclusive"
    assert len(cleaned.train) > len(cleaned.validation) and cleaned.validation


def test_no_probe_is_a_near_copy_of_the_data(chosen, ingested):
    asked = [question for item in ingested.conversations for question in item.questions]
    for probe in chosen.shared.probes:
        nearest = max(asked, key=lambda text, probe=probe: similarity(text, probe.question))
        near = similarity(nearest, probe.question)
        assert near < NEAR_COPY, f"{probe.question!r} is {near:.2f} like {nearest!r}"


def test_no_probe_gives_its_answer_away(chosen):
    for probe in chosen.shared.probes:
        assert outcome(probe.question, probe) != RIGHT, f"{probe.question!r} holds its own answer"
        assert outcome(chosen.shared.system_prompt, probe) != RIGHT, f"the system prompt answers {probe.question!r}"
        for answer in probe.must:
            assert outcome(f"It is {answer}, skipper.", probe) == RIGHT, (
                f"{answer!r} is refused by must_not {probe.must_not}"
            )
    questions = [probe.question for probe in chosen.shared.probes]
    assert len(set(questions)) == len(questions)


def test_every_fact_that_is_asked_for_was_taught(chosen, ingested):
    if chosen.shared.base_model == FOR_TESTS:
        return
    replies = [reply for item in ingested.conversations for reply in item.replies]
    for probe in chosen.shared.probes:
        taught = sum(outcome(reply, probe) == RIGHT for reply in replies)
        assert taught >= OFTEN, f"{probe.question!r}: {taught} replies hold the answer"


def test_the_other_persona_is_another_one(chosen):
    evaluate = chosen.evaluate
    if not evaluate.contrast_sources:
        return
    assert evaluate.contrast_persona_name not in ("", chosen.shared.persona_name)
    assert not {s.path for s in evaluate.contrast_sources} & {s.path for s in chosen.ingest.sources}
    other = ingest.read_sources(Ingest(sources=evaluate.contrast_sources), ROOT, evaluate.contrast_persona_name)
    assert len(other.conversations) >= 50
    assert evaluate.contrast_persona_name not in {item.customer for item in other.conversations}
