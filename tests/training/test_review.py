"""A training looked back on: the rows that no LSTM was fitted to, and what each level means."""

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.training.review import review


def training_rows(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(rows) / 10)
    return np.column_stack([wave, 5 - 2 * wave]) + 0.1 * rng.normal(size=(rows, 2))


@pytest.fixture(scope="module")
def reviewed():
    values = training_rows()
    return review(small_model(values), series_of(values))


def test_the_calibration_rows_are_the_last_ones_and_all_of_them_are_judged(reviewed):
    known = reviewed.calibration & np.isfinite(reviewed.judgement.scores)
    assert known.sum() == reviewed.model.summary.calibration_rows < reviewed.model.threshold.rows
    assert reviewed.calibration[-1]
    assert reviewed.calibration.sum() == reviewed.model.summary.calibration_rows


def test_the_curve_falls_to_the_episodes_that_the_threshold_has(reviewed):
    curve, threshold = reviewed.curve, reviewed.model.threshold
    assert (np.diff(curve.levels) > 0).all()
    assert (curve.proven >= curve.seen).all()
    at_limit = curve.seen[np.searchsorted(curve.levels, 1.0)]
    span = threshold.budget.rows_in_span(threshold.step_seconds)
    assert at_limit == pytest.approx(threshold.episodes * span / threshold.rows)
    assert curve.seen[0] > 0


def test_best_and_worst_window_lie_in_the_calibration_rows_and_differ(reviewed):
    best, worst = reviewed.windows()
    assert best.stop - best.start == worst.stop - worst.start == reviewed.model.window
    assert reviewed.calibration[best].all()
    assert reviewed.calibration[worst].all()
    assert reviewed.errors[best].mean() < reviewed.errors[worst].mean()


def test_gaps_in_the_training_rows_do_not_matter():
    values = training_rows(600)
    values[100:103] = values[480:490] = np.nan
    reviewed = review(small_model(values), series_of(values))
    assert reviewed.calibration.sum() == reviewed.model.summary.calibration_rows
    best, worst = reviewed.windows()
    assert np.isfinite(reviewed.errors[best]).all()
    assert np.isfinite(reviewed.errors[worst]).all()
