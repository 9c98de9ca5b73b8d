"""The forecaster at work: literal rows in, literal expectations out."""

import numpy as np
import pytest

from lstm_anomaly.network.forecaster import init_forecaster
from lstm_anomaly.network.tracking import Forecaster, ForecastTracker


def at_work(params, unit, targets, edge=np.inf):
    """A forecaster that reads what lies between `-edge` and `edge`."""
    limit = np.full(len(targets), edge, np.float32)
    return Forecaster(params, np.array(unit), np.array(targets), -limit, limit)


def says_always(change, unit=(1.0,), targets=(True,)):
    """A forecaster that forecasts the same change, in units, whatever it reads."""
    params = init_forecaster(np.random.default_rng(0), len(targets), 4, len(unit))
    params["output.b"][...] = change
    return at_work(params, unit, targets)


def rows_of(*sensors):
    return np.array(sensors, dtype=np.float32)


def test_expected_is_the_row_before_and_the_forecast_change():
    tracker = ForecastTracker(says_always([0.5]))
    np.testing.assert_array_equal(tracker.push(rows_of([1, 2, 4])), [[np.nan], [1.5], [2.5]])
    np.testing.assert_array_equal(tracker.push(rows_of([8])), [[4.5]])
    np.testing.assert_array_equal(tracker.push(rows_of([0])), [[8.5]])


def test_forecasts_are_multiples_of_the_units_and_of_the_targets_alone():
    tracker = ForecastTracker(says_always([1.0, -2.0], unit=(10.0, 0.25), targets=(True, False, True)))
    expected = tracker.push(rows_of([1, 2], [7, 7], [3, 4]))
    np.testing.assert_array_equal(expected, [[np.nan, np.nan], [1 + 10, 3 - 0.5]])


# All gates half open: h_t = tanh(c_t) / 2, c_t = c_{t-1} / 2 + tanh(x_t) / 2; h_t is the forecast change.
HALF_OPEN = {
    "lstm.W_x": rows_of([0], [0], [1], [0]).reshape(4, 1),
    "lstm.W_h": np.zeros((4, 1), np.float32),
    "lstm.b": np.zeros(4, np.float32),
    "output.W": np.ones((1, 1), np.float32),
    "output.b": np.zeros(1, np.float32),
}


def test_a_reading_far_outside_is_clipped_and_its_change_counts_from_there():
    tracker = ForecastTracker(at_work(HALF_OPEN, [1.0], [True], edge=2.0))
    change = np.tanh(np.tanh(2) / 2) / 2
    np.testing.assert_allclose(tracker.push(rows_of([50, 51])), [[np.nan], [50 + change]], rtol=1e-6)


def test_a_forecast_of_the_change_follows_from_what_was_read():
    tracker = ForecastTracker(at_work(HALF_OPEN, [1.0], [True]))
    c_1 = np.tanh(1) / 2
    c_2 = c_1 / 2 + np.tanh(-2) / 2
    expected = [[np.nan], [1 + np.tanh(c_1) / 2], [-2 + np.tanh(c_2) / 2]]
    np.testing.assert_allclose(tracker.push(rows_of([1, -2, 0])), expected, atol=1e-6)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_expectations_are_bit_identical_however_the_rows_are_cut(size):
    rng = np.random.default_rng(0)
    params = init_forecaster(rng, 9, 16, 9)
    params["output.W"][...] = rng.normal(size=(9, 16))
    forecaster = at_work(params, rng.uniform(0.5, 2, 9), [True] * 9, edge=1.5)
    rows = rng.normal(size=(9, 230)).astype(np.float32)

    def run(size):
        tracker = ForecastTracker(forecaster)
        return np.concatenate([tracker.push(rows[:, k : k + size]) for k in range(0, 230, size)])

    np.testing.assert_array_equal(run(size), run(230))
