"""What scoring reads together, how much of it at once, and that company changes nothing."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from marcus_nb import models
from marcus_nb.models import scoring, tiny


@pytest.fixture(scope="module")
def model():
    return tiny.model().eval()


def items(lengths):
    """Rows of the given lengths; the second half of each is labelled."""
    draw = torch.Generator().manual_seed(4)
    rows = [torch.randint(3, 259, (length,), generator=draw).tolist() for length in lengths]
    return [(row, [-100] * (len(row) // 2) + row[len(row) // 2 :]) for row in rows]


def alone(model, ids, labels):
    """By the definition: each labelled token's own negative log likelihood, summed."""
    with torch.inference_mode():
        logs = model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
    chosen = [place for place in range(1, len(ids)) if labels[place] != -100]
    return -sum(float(logs[place - 1, labels[place]]) for place in chosen), len(chosen)


@pytest.mark.parametrize("most", [1, 40, 10_000])
def test_a_score_does_not_depend_on_what_is_read_with_it(model, most, monkeypatch):
    monkeypatch.setattr(scoring, "MAX_TOKENS", most)
    rows = items([9, 30, 4, 17, 30, 2, 11])
    scored = models.negative_log_likelihood(model, rows)
    for (nll, count), row in zip(scored, rows, strict=True):
        expected, labelled = alone(model, *row)
        assert count == labelled
        assert nll == pytest.approx(expected, abs=1e-3)


@given(st.lists(st.integers(1, 3000), max_size=60), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_every_row_is_read_once_and_never_too_much_at_once(lengths, rows):
    found = list(scoring._batches(lengths, rows))
    assert sorted(itertools.chain(*found)) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) <= rows
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= scoring.MAX_TOKENS


def test_long_rows_are_read_fewer_at_once(model, monkeypatch):
    read, forward = [], model.forward
    monkeypatch.setattr(
        model, "forward", lambda **given: read.append(tuple(given["input_ids"].shape)) or forward(**given)
    )
    monkeypatch.setattr(scoring, "MAX_TOKENS", 64)
    models.negative_log_likelihood(model, items([32, 5, 32, 6, 100, 5]), 2)
    assert read == [(2, 5), (2, 32), (1, 32), (1, 100)]


def test_progress_is_told_now_and_then(model, monkeypatch):
    lines, clock = [], itertools.count(0, 4.0)  # each look at the clock is four seconds later
    monkeypatch.setattr(scoring.time, "monotonic", lambda: next(clock))
    models.negative_log_likelihood(model, items([5] * 9), 1, log=lines.append)
    assert lines == ["3 of 9 texts scored, 0.2 a second", "6 of 9 texts scored, 0.2 a second"]
    assert models.negative_log_likelihood(model, [], log=lines.append) == [] and len(lines) == 2
