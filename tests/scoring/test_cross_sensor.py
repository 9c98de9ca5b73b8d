"""Which sensor is at fault: each one against what all the others say of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_anomaly.scoring.cross_sensor import CrossSensorRegression


def correlated_rows(rng, rows=2000, noise=(0.3, 0.01, 0.1)):
    """Three sensors that follow one driver, the second with hardly any noise of its own; (rows, 3)."""
    driver = rng.normal(size=(rows, 1))
    return driver + rng.normal(size=(rows, 3)) * noise


def test_usual_rows_are_as_far_from_what_the_others_say_as_is_usual(rng):
    rows = correlated_rows(rng)
    np.testing.assert_allclose(CrossSensorRegression.fit(rows).of_rows(rows).mean(axis=0), 1)


@pytest.mark.parametrize("guilty", [0, 1, 2])
@pytest.mark.parametrize("size", [-3, 3])
def test_the_guilty_sensor_is_first_though_an_innocent_one_has_less_noise(rng, guilty, size):
    rows = correlated_rows(rng)
    regression = CrossSensorRegression.fit(rows)
    rows[:, guilty] += size
    assert (regression.of_rows(rows).argmax(axis=1) == guilty).mean() > 0.99


@given(st.integers(1, 8), st.integers(0, 2**32 - 1), st.data())
def test_a_fault_alone_is_never_put_on_another_sensor(sensors, seed, data):
    """By the Cauchy-Schwarz inequality, whatever the covariance, if sensors have some noise of their own."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(4000, sensors)) @ rng.normal(size=(sensors, sensors))
    rows += 0.3 * rng.normal(size=rows.shape)
    rows /= rows.std(axis=0)
    guilty = data.draw(st.integers(0, sensors - 1))
    fault = np.zeros((1, sensors))
    fault[0, guilty] = 10
    distances = CrossSensorRegression.fit(rows).of_rows(fault)[0]
    assert distances[guilty] >= 0.99 * distances.max()


def test_a_sensor_without_others_is_measured_by_its_own_spread():
    regression = CrossSensorRegression.fit(np.array([[1.0], [-1.0]] * 50))
    np.testing.assert_allclose(regression.of_rows(np.array([[3.0]])), 9, rtol=1e-3)


def test_copies_of_a_sensor_do_not_make_the_regression_fail(rng):
    column = rng.normal(size=(500, 1))
    regression = CrossSensorRegression.fit(np.repeat(column, 3, axis=1))
    assert np.isfinite(regression.of_rows(np.ones((2, 3)))).all()


def test_rows_are_measured_alike_alone_and_among_others(rng):
    rows = correlated_rows(rng, 50)
    regression = CrossSensorRegression.fit(rows)
    whole = regression.of_rows(rows)
    for k in range(50):
        np.testing.assert_array_equal(regression.of_rows(rows[k : k + 1])[0], whole[k])


def test_a_ridge_of_a_ten_thousandth_is_added_to_the_variances():
    """Two copies with variance 1: one says of the other 1 / 1.0001 of itself."""
    weights = CrossSensorRegression.fit(np.array([[1.0, 1.0], [-1.0, -1.0]])).weights
    np.testing.assert_allclose(weights, [[1, -1 / 1.0001], [-1 / 1.0001, 1]], rtol=1e-9)
