"""What the others say of a sensor, by which a missing one is imputed."""

import numpy as np

from lstm_anomaly.scoring.cross_sensor import CrossSensorRegression


def test_copies_of_a_sensor_do_not_make_the_regression_fail(rng):
    column = rng.normal(size=(500, 1))
    assert np.isfinite(CrossSensorRegression.fit(np.repeat(column, 3, axis=1)).weights).all()


def test_a_ridge_of_a_ten_thousandth_is_added_to_the_variances():
    """Two copies with variance 1: one says of the other 1 / 1.0001 of itself."""
    weights = CrossSensorRegression.fit(np.array([[1.0, 1.0], [-1.0, -1.0]])).weights
    np.testing.assert_allclose(weights, [[1, -1 / 1.0001], [-1 / 1.0001, 1]], rtol=1e-9)
