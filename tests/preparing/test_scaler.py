"""Scaling: training rows only, no rounding noise blown up, no digits lost."""

import numpy as np
import pytest

from lstm_anomaly.preparing.scaler import Scaler


def test_training_rows_get_mean_zero_and_spread_one(rng):
    values = rng.normal([5.0, -3.0], [2.0, 0.1], size=(500, 2))
    scaled = Scaler.fit(values).transform(values)
    assert scaled.shape == (2, 500)
    np.testing.assert_allclose(scaled.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=1), 1, atol=1e-6)


def test_inverse_undoes_transform(rng):
    values = rng.normal([1e6, 1e-6], [10.0, 1e-7], size=(50, 2))
    scaler = Scaler.fit(values)
    back = scaler.inverse(scaler.transform(values).T.astype(np.float64))
    np.testing.assert_allclose(back, values, rtol=1e-6)


@pytest.mark.parametrize("magnitude", [0.0, *10.0 ** np.arange(-12, 13)])
def test_a_constant_sensor_stays_at_zero_until_it_moves(magnitude):
    values = np.full((1000, 1), 0.1 * magnitude)
    scaler = Scaler.fit(values)
    assert (scaler.transform(values) == 0).all()
    moved = values + (0.05 * 0.1 * magnitude or 1.0)
    assert (np.abs(scaler.transform(moved)) >= 1).all()


def test_a_second_in_a_day_of_epoch_seconds_is_still_seen_after_scaling():
    seconds = 1.7e9 + np.arange(1000.0)[:, np.newaxis]
    assert len(np.unique(Scaler.fit(seconds).transform(seconds))) == 1000


def test_far_values_are_clipped():
    scaler = Scaler.fit(np.array([[0.0], [1.0]]))
    assert scaler.transform(np.array([[1e300], [-1e300]])).tolist() == [[10, -10]]
