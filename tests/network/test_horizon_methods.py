"""The baselines and the regression beside the LSTM: small cases whose answers a reader can check."""

import numpy as np
import pytest

from lstm_anomaly.network.horizon.baselines import (
    find_period,
    last_period,
    last_value,
    last_week,
    mean_period,
)
from lstm_anomaly.network.horizon.blend import blend_weights
from lstm_anomaly.network.horizon.direct import METHODS, DirectForecaster, scaled
from lstm_anomaly.network.horizon.ridge import fit_ridge, input_edges, ridge_changes


def column(*values):
    return np.array(values, dtype=np.float32)[:, np.newaxis]


def test_the_last_value_is_no_change():
    np.testing.assert_array_equal(last_value(column(-2, 5, 0), 3), column(0, 0, 0))


def test_the_last_period_comes_over_and_over():
    np.testing.assert_array_equal(last_period(column(9, 1, 2, 0), 5, 3), column(1, 2, 0, 1, 2))


def test_the_last_week_comes_at_the_level_of_the_last_day():
    look_back = column(20, 0, 2, 5, 5, 5, 7)  # a "week" of 4 rows, "days" of 2: 5 and 7 where it was 0 and 2
    np.testing.assert_array_equal(last_week(look_back, 5, 4, 2), column(10, 10, 10, 12, 10))


def test_the_last_week_is_not_moved_beyond_what_the_look_back_held():
    look_back = column(9, 8, 10, 0, 6, 0, 6)  # days of 9 and 3 on average: moved by -6
    np.testing.assert_array_equal(last_week(look_back, 4, 4, 2), column(0, 0, 0, 0))


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


def test_a_day_is_taken_before_a_longer_period_that_is_not_much_better():
    t = np.arange(960)
    rows = (np.sin(2 * np.pi * t / 24) + 0.6 * np.sin(2 * np.pi * t / 48))[np.newaxis]
    assert find_period(rows, 200) == 48
    assert find_period(rows, 200, likely=24) == 24


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
    halves = [[(x[:, part], y[:, part], np.ones(250))] for part in (slice(250), slice(250, None))]
    weights = fit_ridge(*halves, 6, 2)
    np.testing.assert_allclose(ridge_changes(weights, x), y, atol=0.1)  # shrunk by a hundredth


def test_columns_that_do_not_count_change_nothing(rng):
    x, y = rng.normal(size=(4, 60)).astype(np.float32), rng.normal(size=(1, 60)).astype(np.float32)
    wild = y.copy()
    wild[0, 50:] = 1e6
    counts = np.r_[np.ones(50), np.zeros(10)]
    found, other = (fit_ridge([(x, each, counts)], [(x, each, counts)], 4, 1) for each in (y, wild))
    np.testing.assert_array_equal(found, other)


def test_the_regression_is_shrunk_as_far_as_later_rows_want_it(rng):
    x, noise = rng.normal(size=(30, 80)).astype(np.float32), rng.normal(size=(1, 80))
    rule, counts = x[:1] + 0 * noise, np.ones(40)
    clear, none = (
        fit_ridge([(x[:, :40], y[:, :40], counts)], [(x[:, 40:], y[:, 40:], counts)], 30, 1)
        for y in (rule, noise)
    )
    assert clear[0, 0] > 0.9  # shrunk by a hundredth
    assert np.abs(none[0, :30]).max() < 0.15  # shrunk by all there is


def test_weights_of_a_mean_are_by_the_inverse_of_squared_errors():
    errors = np.array([[1.0, -1, 1, -1], [2.0, 2, -2, -2]]).reshape(2, 4, 1, 1)  # not correlated
    np.testing.assert_allclose(blend_weights(errors, np.ones(1)), [[4 / 5, 1 / 5]], atol=1e-6)


def test_a_method_that_errs_as_another_but_more_has_no_weight():
    errors = np.array([[1.0, -1, 1, -1], [2.0, -2, 2, -2]]).reshape(2, 4, 1, 1)
    np.testing.assert_allclose(blend_weights(errors, np.ones(1)), [[1, 0]])


def test_weights_are_each_sensors_own_and_sum_to_1(rng):
    errors = rng.normal(size=(4, 50, 3, 2)) * np.array([1, 2, 3, 4]).reshape(4, 1, 1, 1)
    errors[:, :, 1] *= np.array([4, 2, 1, 1]).reshape(4, 1, 1)
    errors[:, :, 2] = 0
    found = blend_weights(errors, np.array([0.5, 0.5]))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found[0].argmax() == 0
    assert found[1].argmax() == 2


def test_the_mean_is_of_the_methods_by_their_weights():
    weights = np.zeros((1, len(METHODS)))
    weights[0, [METHODS.index("seasonal"), METHODS.index("last")]] = 0.25, 0.75
    ridge = np.zeros((2, 5), np.float32)
    direct = DirectForecaster(4, 2, 2, 0, np.zeros(1), np.ones(1), None, ridge, weights)
    np.testing.assert_array_equal(direct.changes("blend", column(9, 9, 4, 8), np.array([0])), column(1, 2))


def test_without_a_period_or_an_lstm_their_methods_are_not_there():
    ridge = np.zeros((2, 5), np.float32)
    direct = DirectForecaster(4, 2, 0, 0, np.zeros(1), np.ones(1), None, ridge, np.zeros((1, len(METHODS))))
    assert direct.methods == ("blend", "ridge", "last")


def test_scaled_readings_stay_finite():
    found = scaled(np.array([[1e308, -1e308, 3.0]]), np.array([1.0]), np.array([0.5]))
    np.testing.assert_array_equal(found, [[1000, -1000, 4]])
