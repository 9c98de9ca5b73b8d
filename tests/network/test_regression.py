"""Regressions equal least squares written naively; no sensor explains itself; no row knows its fold."""

import numpy as np
import pytest

from lstm_anomaly.network import regression
from lstm_anomaly.network.regression import (
    FOLDS,
    FORECAST_LAGS,
    LONGEST_LAG,
    RELATED_LAGS,
    RIDGES,
    fit_forecast,
    fit_related,
    lagged,
    usable_lags,
    with_run_up,
)

ROWS = 240
EVERY = np.ones(3, dtype=bool)


def plant(rng, rows=ROWS):
    """Three sensors: a slow wave, what follows it two rows later, and the sum of both; (3, rows)."""
    wave = np.sin(np.arange(rows + 2) / 9) + 0.3 * rng.normal(size=rows + 2)
    pair = np.array([wave[2:], wave[:-2]])
    return (np.vstack([pair, pair.sum(axis=0)]) + 0.1 * rng.normal(size=(3, rows))).astype(np.float32)


def features(rows, lags):
    """Each row's readings so many rows ago, the first row before the first, written naively; (M, lags F)."""
    found = [np.concatenate([rows[:, max(0, i - lag)] for lag in lags]) for i in range(rows.shape[1])]
    return np.array(found, dtype=np.float64)


def ridge_fit(x, y, ridge):
    """Weights and offset of ridge regression, by plain least squares with rows of the ridge below."""
    scale = np.sqrt(ridge * len(x))
    left, right = x - x.mean(axis=0), y - y.mean()
    below = scale * np.eye(x.shape[1])
    weights = np.linalg.lstsq(np.vstack([left, below]), np.r_[right, np.zeros(x.shape[1])], rcond=None)[0]
    return weights, y.mean() - x.mean(axis=0) @ weights


def fold_of(rows):
    return np.repeat(range(FOLDS), [rows * (k + 1) // FOLDS - rows * k // FOLDS for k in range(FOLDS)])


def naive(rows, sensor, lags, own):
    """Cross-fitted errors by the best ridge, and the final weights and offset, for one sensor."""
    x, y = features(rows, lags), rows[sensor].astype(np.float64)
    if not own:
        x[:, [lag * len(rows) + sensor for lag in range(len(lags))]] = 0.0
    fold, tried = fold_of(len(y)), []
    for ridge in RIDGES:
        errors = np.empty(len(y))
        for k in range(FOLDS):
            weights, offset = ridge_fit(x[fold != k], y[fold != k], ridge)
            errors[fold == k] = y[fold == k] - x[fold == k] @ weights - offset
        tried.append(errors)
    best = int(np.argmin([np.mean(errors**2) for errors in tried]))
    return tried[best], *ridge_fit(x, y, RIDGES[best])


@pytest.mark.parametrize(
    ("fit", "lags", "own"), [(fit_forecast, (1, 2, 3, 6), True), (fit_related, (0, 1, 6, 24), False)]
)
def test_weights_and_errors_equal_naive_least_squares(fit, lags, own, rng):
    rows = plant(rng)
    found, errors = fit(rows, EVERY, ((0, ROWS),))
    assert found.lags == lags
    assert errors.shape == (ROWS, 3)
    for sensor in range(3):
        expected, weights, offset = naive(rows, sensor, lags, own)
        np.testing.assert_allclose(errors[:, sensor], expected, atol=1e-5)
        np.testing.assert_allclose(found.weights[sensor], weights, atol=1e-5)
        assert found.offset[sensor, 0] == pytest.approx(offset, abs=1e-5)


@pytest.mark.parametrize(("noise", "ridge"), [(0.002, 0.001), (0.05, 0.01), (0.5, 0.1), (2.0, 1.0)])
def test_the_more_noise_the_stronger_the_ridge_one_of_four(noise, ridge, rng):
    """Three waves; by ridges of 0.001, 0.01, 0.1 or 1 of the variance the next row is forecast best."""
    waves = np.sin(np.arange(ROWS) / 9 + np.arange(3)[:, np.newaxis])
    rows = (waves + noise * rng.normal(size=(3, ROWS))).astype(np.float32)
    found, _ = fit_forecast(rows, EVERY, ((0, ROWS),))
    weights, _ = ridge_fit(features(rows, (1, 2, 3, 6)), rows[0].astype(float), ridge)
    np.testing.assert_allclose(found.weights[0], weights, atol=1e-5)


@pytest.mark.parametrize("fit", [fit_forecast, fit_related])
def test_of_more_sensors_than_rows_the_same_is_found_by_products_of_rows(fit, rng, monkeypatch):
    monkeypatch.setattr(regression, "MOST_FEATURES", 40)  # one lag is read
    rows = rng.normal(size=(40, 4)) @ rng.normal(size=(4, 36)) + 0.3 * rng.normal(size=(40, 36))
    rows, targets = (rows + 1).astype(np.float32), np.arange(40) != 7
    segments = ((0, 20), (20, 36))
    found, errors = fit(rows, targets, segments)
    monkeypatch.setattr(regression, "WideRidge", None)
    monkeypatch.setattr(regression, "_is_wide", lambda *_: False)
    plain, plain_errors = fit(rows, targets, segments)
    np.testing.assert_allclose(errors, plain_errors, atol=1e-6)
    np.testing.assert_allclose(found.weights, plain.weights, atol=1e-6)
    np.testing.assert_allclose(found.offset, plain.offset, atol=1e-6)


def test_only_targets_are_expected_and_inputs_are_read(rng):
    rows = plant(rng)
    found, errors = fit_related(rows, np.array([False, True, False]), ((0, ROWS),))
    assert found.weights.shape == (1, 12)
    np.testing.assert_allclose(errors[:, 0], naive(rows, 1, RELATED_LAGS, own=False)[0], atol=1e-5)


def test_what_is_expected_is_the_weights_times_the_lagged_rows(rng):
    rows = plant(rng)
    found, _ = fit_forecast(rows, EVERY, ((0, ROWS),))
    by_hand = features(rows, found.lags) @ found.weights.T + found.offset.T
    np.testing.assert_allclose(found.expected(with_run_up(rows)), by_hand, atol=1e-5)


def test_lagged_rows_stand_one_lag_below_the_other():
    rows = np.arange(26, dtype=np.float32)[np.newaxis]  # the last two are row 24 and row 25
    assert lagged(rows, (0, 1, 24)).tolist() == [[24, 25], [23, 24], [0, 1]]


def test_before_the_first_row_of_a_stretch_stands_the_first_row():
    rows = np.array([[5.0, 6.0, 7.0]], dtype=np.float32)
    assert with_run_up(rows).tolist() == [[5.0] * LONGEST_LAG + [5.0, 6.0, 7.0]]


@pytest.mark.parametrize("sensor", range(3))
def test_what_the_others_say_of_a_sensor_never_reads_the_sensor_itself(sensor, rng):
    rows = plant(rng)
    found, _ = fit_related(rows, EVERY, ((0, ROWS),))
    changed = rows.copy()
    changed[sensor] = rng.normal(size=ROWS) * 9
    before, after = found.expected(with_run_up(rows)), found.expected(with_run_up(changed))
    np.testing.assert_array_equal(before[:, sensor], after[:, sensor])
    assert np.abs(before - after).max() > 1  # but it tells about others


def test_a_forecast_reads_no_row_that_is_not_before(rng):
    rows = plant(rng)
    found, _ = fit_forecast(rows, EVERY, ((0, ROWS),))
    changed = rows.copy()
    changed[:, 100] = 9
    apart = np.abs(found.expected(with_run_up(changed)) - found.expected(with_run_up(rows))).max(axis=1)
    assert np.flatnonzero(apart > 1e-6).tolist() == [101, 102, 103, 106]


def test_errors_of_a_fold_are_by_weights_fitted_to_the_others_alone(rng, monkeypatch):
    monkeypatch.setattr(regression, "RIDGES", (1e-2,))  # which ridge is best depends on all rows
    rows = plant(rng)
    _, before = fit_related(rows, EVERY, ((0, ROWS),))
    changed = rows.copy()
    changed[:, 180:] = rng.normal(size=(3, 60)) * 5  # the last fold
    _, after = fit_related(changed, EVERY, ((0, ROWS),))
    x, y = features(changed, RELATED_LAGS), changed[0].astype(np.float64)
    x[:, [0, 3, 6, 9]] = 0.0
    weights, offset = ridge_fit(x[:180], y[:180], 1e-2)
    np.testing.assert_allclose(after[180:, 0], y[180:] - x[180:] @ weights - offset, atol=1e-4)
    assert (np.abs(after - before)[:180].max(axis=1) > 1e-4).mean() > 0.9  # theirs knew the last fold


def test_no_lag_reaches_from_one_stretch_into_the_one_before(rng):
    rows = plant(rng)
    _, errors = fit_forecast(rows, EVERY, ((0, 100), (100, ROWS)))
    changed = rows.copy()
    changed[:, 20:100] *= -1
    joined = features(rows[:, 100:], FORECAST_LAGS)
    np.testing.assert_allclose(joined[0, :3], rows[:, 100])
    _, whole = fit_forecast(rows, EVERY, ((0, ROWS),))
    assert np.abs(errors - whole)[100:106].max() > 10 * np.abs(errors - whole)[110:].max()


@pytest.mark.parametrize(
    ("sensors", "lags"), [(3, (1, 2, 3, 6)), (250, (1, 2, 3, 6)), (251, (1, 2, 3)), (501, (1,)), (4000, (1,))]
)
def test_the_more_sensors_the_fewer_lags_but_one_at_least(sensors, lags):
    assert usable_lags(FORECAST_LAGS, sensors) == lags


def test_two_copies_of_one_sensor_and_a_constant_one_have_finite_weights(rng):
    rows = plant(rng)[[0, 0, 1]]
    rows[2] = 0.0
    for fit in (fit_forecast, fit_related):
        found, errors = fit(rows, EVERY, ((0, ROWS),))
        assert np.isfinite(found.weights).all()
        assert np.isfinite(errors).all()
        np.testing.assert_allclose(errors[:, 2], 0.0, atol=1e-6)
    assert np.abs(errors[:, 0]).max() < 0.1  # its copy says all


def test_a_lone_sensor_is_related_to_nothing_and_expected_at_its_mean(rng):
    rows = plant(rng)[:1]
    found, errors = fit_related(rows, EVERY[:1], ((0, ROWS),))
    assert not found.weights.any()
    assert found.offset[0, 0] == pytest.approx(rows.mean(), abs=1e-6)
    first = rows[0, :60] - rows[0, 60:].mean()  # by the three other folds
    np.testing.assert_allclose(errors[:60, 0], first, atol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_expectations_are_the_same_bits_however_rows_are_cut(size, rng):
    many = np.concatenate([plant(rng) for _ in range(5)])  # 15 sensors
    found, _ = fit_related(many, np.ones(15, dtype=bool), ((0, ROWS),))
    context = with_run_up(many)
    parts = [context[:, k : k + LONGEST_LAG + size] for k in range(0, ROWS, size)]
    cut = np.concatenate([found.expected(part) for part in parts])
    np.testing.assert_array_equal(cut, found.expected(context))
