"""The baselines and the regression beside the LSTM: small cases whose answers a reader can check."""

import numpy as np
import pytest

from lstm_anomaly.network.horizon.baselines import find_period, last_period, last_value, mean_period
from lstm_anomaly.network.horizon.direct import DirectForecaster, scaled
from lstm_anomaly.network.horizon.ridge import fit_ridge, input_edges, ridge_changes


def column(*values):
    return np.array(values, dtype=np.float32)[:, np.newaxis]


def test_the_last_value_is_no_change():
    np.testing.assert_array_equal(last_value(column(-2, 5, 0), 3), column(0, 0, 0))


def test_the_last_period_comes_over_and_over():
    np.testing.assert_array_equal(last_period(column(9, 1, 2, 0), 5, 3), column(1, 2, 0, 1, 2))


def test_the_mean_period_is_over_all_whole_periods():
    found = mean_period(column(99, 1, 2, 3, 4), 3, 2)
    np.testing.assert_array_equal(found, column(2, 3, 2))


def test_the_mean_period_is_over_14_periods_at_most():
    x = np.zeros((40, 1), np.float32)
    x[:12] = 100
    np.testing.assert_array_equal(mean_period(x, 2, 2), column(0, 0))


@pytest.mark.parametrize("period", [6, 24])
def test_the_period_is_found_in_noise(period, rng):
    t = np.arange(600)
    wave = np.sin(2 * np.pi * t / period) + 0.5 * np.sin(4 * np.pi * t / period)
    rows = np.stack([wave, 3 - wave]) + 0.2 * rng.normal(size=(2, 600))
    assert find_period(rows, 200) == period


def test_a_slow_wave_under_noise_is_found_to_be_the_likely_period(rng):
    rows = np.sin(2 * np.pi * np.arange(6000) / 700) + 0.4 * rng.normal(size=(2, 6000))
    assert find_period(rows, 2000, likely=700) == 700


@pytest.mark.parametrize("rows", ["walk", "noise", "still"])
def test_what_does_not_repeat_has_no_period(rows, rng):
    noise = rng.normal(size=(3, 2000))
    made = {"walk": noise.cumsum(axis=1), "noise": noise, "still": np.zeros((3, 2000))}[rows]
    assert find_period(made, 500) == 0


def test_inputs_are_single_rows_where_there_is_room():
    np.testing.assert_array_equal(input_edges(5, 10), np.arange(5))


def test_old_rows_are_joined_to_blocks_where_there_is_none():
    edges = input_edges(1000, 10)
    assert len(edges) == 336
    np.testing.assert_array_equal(edges[-224:], np.arange(776, 1000))
    assert edges[0] == 0
    assert len(input_edges(1000, 2000)) == 100  # 200,000 weights at most


def test_the_regression_finds_a_rule_that_is_there(rng):
    x = rng.normal(size=(6, 500)).astype(np.float32)
    x -= x[-1]
    y = np.stack([0.5 * x[0] - x[3] + 1, x[2]])
    weights = fit_ridge(
        [(x[:, :250], y[:, :250], np.ones(250)), (x[:, 250:], y[:, 250:], np.ones(250))], 6, 2
    )
    np.testing.assert_allclose(ridge_changes(weights, x), y, atol=0.1)  # shrunk by a hundredth


def test_columns_that_do_not_count_change_nothing(rng):
    x, y = rng.normal(size=(4, 60)).astype(np.float32), rng.normal(size=(1, 60)).astype(np.float32)
    wild = y.copy()
    wild[0, 50:] = 1e6
    counts = np.r_[np.ones(50), np.zeros(10)]
    np.testing.assert_array_equal(fit_ridge([(x, y, counts)], 4, 1), fit_ridge([(x, wild, counts)], 4, 1))


def test_without_a_period_or_an_lstm_their_methods_are_not_there():
    ridge = np.zeros((2, 5), np.float32)
    direct = DirectForecaster(4, 2, 0, 0, np.zeros(1), np.ones(1), None, ridge)
    assert direct.methods == ("ridge", "last")


def test_scaled_readings_stay_finite():
    found = scaled(np.array([[1e308, -1e308, 3.0]]), np.array([1.0]), np.array([0.5]))
    np.testing.assert_array_equal(found, [[1000, -1000, 4]])
