"""The promise end to end, in a small form: the long one is `benchmarks/end_to_end.py`."""

import numpy as np
import pytest
from scripts import load_script

from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.evaluation.false_alarms import Verdict
from lstm_anomaly.training.settings import LearningSettings


@pytest.fixture(scope="module")
def benchmark():
    return load_script("benchmarks/end_to_end.py")


@pytest.fixture(scope="module")
def one(benchmark):
    """Two weeks leave 3.5 days to calibrate on, which certify two false alarms a day."""
    settings = LearningSettings(kind="linear", budget=Budget.parse("2/day"))
    return benchmark.run(0, train_weeks=2, weeks=2, settings=settings)


def test_a_certified_budget_is_kept_on_weeks_after_the_training(benchmark, one):
    assert one.model.threshold.certified
    found = benchmark.false_alarms([one])
    assert found.exposure == pytest.approx(14)  # days
    assert found.verdict is not Verdict.FAIL
    assert sum(one.by_reason.values()) == len(one.alarms)


def test_the_threshold_is_not_far_above_what_the_budget_allows(one):
    """A detector that never fires keeps every budget."""
    assert len(one.alarms) > 0


def test_weeks_judged_one_by_one_are_judged_as_a_whole(benchmark, one, monkeypatch):
    values = benchmark.pump(1, weeks=1)
    values[3000:3100, 2] += 1
    whole = list(benchmark.events_in(one.model, values, 0))
    monkeypatch.setattr(benchmark, "ROWS_A_WEEK", 999)
    assert list(benchmark.events_in(one.model, values, 0)) == whole
    assert any(event.start < 3100 and event.end >= 3000 for event in whole)
    assert np.isfinite([event.peak for event in whole]).all()
