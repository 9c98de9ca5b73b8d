"""Which sensor is at fault: the one whose last rows, replaced by what all others say, explain most."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_anomaly.scoring.fault_isolation import (
    MOST_FEATURES,
    RIDGE,
    ROWS,
    FaultIsolation,
    rows_read,
    with_run_up,
)


def correlated_rows(rng, rows=2000, noise=(0.3, 0.01, 0.1)):
    """Three sensors that follow one driver, the second with hardly any noise of its own; (rows, 3)."""
    driver = rng.normal(size=(rows, 1))
    return driver + rng.normal(size=(rows, 3)) * noise


def fitted(rows):
    return FaultIsolation.fit(rows, ((0, len(rows)),))


def of_rows(isolation, rows):
    return isolation.of_rows(with_run_up(rows))


def test_of_training_rows_no_sensor_takes_more_than_usual_away(rng):
    rows = correlated_rows(rng)
    np.testing.assert_allclose(of_rows(fitted(rows), rows).mean(axis=0), 0, atol=1e-6)


def test_it_is_the_fall_of_how_unusual_all_sensors_are_together(rng):
    """Of x' P x, when the four readings of a sensor are those that make it least."""
    rows = correlated_rows(rng, 300)
    x = np.stack([with_run_up(rows)[ROWS - 1 - back :][:300] for back in range(ROWS)], axis=1)
    x = x.reshape(300, -1)  # the row, then the one before it, ...
    covariance = x.T @ x / 300
    precision = np.linalg.inv(covariance + RIDGE * np.eye(len(covariance)))
    for sensor in range(3):
        own = np.arange(sensor, 3 * ROWS, 3)
        others = np.setdiff1d(np.arange(3 * ROWS), own)
        best = x.copy()
        to_others = precision[np.ix_(own, others)] @ x[:, others].T  # (K, n)
        best[:, own] = -np.linalg.solve(precision[np.ix_(own, own)], to_others).T
        fall = np.einsum("nd,de,ne->n", x, precision, x) - np.einsum("nd,de,ne->n", best, precision, best)
        np.testing.assert_allclose(of_rows(fitted(rows), rows)[:, sensor], fall - fall.mean(), atol=1e-6)


@pytest.mark.parametrize("guilty", [0, 1, 2])
@pytest.mark.parametrize("size", [-3, 3])
def test_the_guilty_sensor_is_first_though_another_one_has_less_noise(rng, guilty, size):
    rows = correlated_rows(rng)
    isolation = fitted(rows)
    rows[:, guilty] += size
    assert (of_rows(isolation, rows).argmax(axis=1) == guilty).mean() > 0.99


def test_a_slow_sensor_that_jumps_is_at_fault_though_others_allow_it(rng):
    """What the others say of it now is off by 1 as a rule; its jump is 0.5, ten times its usual step."""
    slow = np.cumsum(rng.normal(size=2000)) * 0.05
    rows = np.column_stack([slow, slow + rng.normal(size=2000), rng.normal(size=2000)])
    isolation = fitted(rows - rows.mean(axis=0))
    new = (rows - rows.mean(axis=0))[500:520]
    new[10:, 0] += 0.5 - (new[10, 0] - new[9, 0])
    assert of_rows(isolation, new)[10].argmax() == 0


@settings(max_examples=30)
@given(st.integers(1, 8), st.integers(0, 2**32 - 1), st.data())
def test_a_fault_alone_is_never_put_on_another_sensor(sensors, seed, data):
    """Replacing the sensor takes all of it away, whatever the covariance."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(4000, sensors)) @ rng.normal(size=(sensors, sensors))
    rows += 0.3 * rng.normal(size=rows.shape)
    rows /= rows.std(axis=0)
    guilty = data.draw(st.integers(0, sensors - 1))
    fault = np.zeros((ROWS, sensors))
    fault[data.draw(st.integers(0, ROWS - 1)) :, guilty] = 10
    isolation = fitted(rows)
    (taken,) = isolation.of_rows(fault) + isolation.usual
    assert taken[guilty] >= (1 - 1e-9) * taken.max()


def test_copies_of_a_sensor_do_not_make_it_fail(rng):
    isolation = fitted(np.repeat(rng.normal(size=(500, 1)), 3, axis=1))
    assert np.isfinite(of_rows(isolation, np.ones((2, 3)))).all()


def test_rows_are_measured_alike_alone_and_among_others(rng):
    rows = correlated_rows(rng, 50)
    isolation = fitted(rows)
    whole, context = of_rows(isolation, rows), with_run_up(rows)
    for k in range(50):
        np.testing.assert_array_equal(isolation.of_rows(context[k : k + ROWS])[0], whole[k])


def test_stretches_are_learned_apart(rng):
    """No row is read together with those before a gap, so that their order does not matter."""
    one, other = correlated_rows(rng, 90), correlated_rows(rng, 110)
    forth = FaultIsolation.fit(np.concatenate([one, other]), ((0, 90), (300, 410)))
    back = FaultIsolation.fit(np.concatenate([other, one]), ((0, 110), (300, 390)))
    np.testing.assert_allclose(forth.weights, back.weights, rtol=1e-6, atol=1e-6)
    assert not np.allclose(forth.weights, fitted(np.concatenate([one, other])).weights, rtol=1e-6, atol=1e-6)


def test_an_imputed_sensor_is_never_at_fault(rng):
    rows = correlated_rows(rng)
    left = fitted(rows).without(np.array([False, True, False]))
    assert (of_rows(left, rows)[:, 1] == 0).all()
    np.testing.assert_array_equal(of_rows(left, rows)[:, 0], of_rows(fitted(rows), rows)[:, 0])


def test_with_many_sensors_fewer_rows_are_read():
    counts = (1, MOST_FEATURES // ROWS, MOST_FEATURES // 2, MOST_FEATURES, MOST_FEATURES + 1)
    assert [rows_read(count) for count in counts] == [ROWS, ROWS, 2, 1, 0]
    assert fitted(np.ones((2, MOST_FEATURES + 1))).weights.shape == (0, 0)
