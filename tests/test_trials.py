"""Faults put into training rows: what is put in, and that the statistic that sees them gets the weight."""

import numpy as np

from lstm_anomaly import measuring
from lstm_anomaly.network.forecaster import init_forecaster
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.tracking import Forecaster
from lstm_anomaly.network_reader import NetworkReader, Networks
from lstm_anomaly.scoring.scaler import CLIP
from lstm_anomaly.trials import RUN_UP, put_faults, trial_weights


def noise(count, sensors=3, seed=0):
    return np.random.default_rng(seed).normal(size=(sensors, count)).astype(np.float32)


def test_faults_are_where_they_are_said_to_be_and_nowhere_else(rng):
    rows = noise(600)
    changed, faulty = put_faults(rows, [0, 2], 10, rng)
    differ = (changed != rows).any(axis=0)
    assert not (differ & ~faulty).any()
    assert differ.sum() > 30
    assert np.array_equal(changed[1], rows[1])  # a sensor that no fault may be in
    assert not faulty[:RUN_UP].any()
    assert (np.abs(changed) <= CLIP).all()


def test_faults_have_their_length_and_lie_apart(rng):
    _changed, faulty = put_faults(noise(3000), [0], 60, rng)
    edges = np.flatnonzero(np.diff(faulty.astype(int)))
    lengths, gaps = edges[1::2] - edges[::2], edges[2::2] - edges[1:-1:2]
    assert set(lengths.tolist()) == {2, 60}  # spikes are two rows long
    assert gaps.min() >= 60


def test_the_rows_themselves_are_left_as_they_were(rng):
    rows = noise(300)
    put_faults(rows, [0], 10, rng)
    np.testing.assert_array_equal(rows, noise(300))


def networks_of(rows, forecaster):
    """Principal components of windows of `rows`, and a forecaster that expects no change."""
    linear = LinearAutoencoder.fit(rows, np.arange(rows.shape[1] - 5), 6)
    params, all_readings = init_forecaster(np.random.default_rng(0), 3, 4, 3), np.full(3, np.inf)
    lstm = Forecaster(params, np.ones(3), np.ones(3, np.bool_), -all_readings, all_readings)
    return Networks(6, np.ones(3, dtype=np.bool_), linear, lstm if forecaster else None)


def usual_of(networks, rows):
    readings = NetworkReader(networks).push(rows)
    fitted = np.arange(rows.shape[1]) < 0.9 * rows.shape[1]
    return measuring.usual_of(networks, readings, fitted, "lstm")


def test_without_an_lstm_the_forecast_has_no_weight(rng):
    rows = noise(500)
    networks = networks_of(rows, forecaster=False)
    assert trial_weights(networks, usual_of(networks, rows), rows, (0, 500), rng).tolist() == [0, 2, 1]


def test_the_statistic_that_sees_faults_has_more_weight(rng):
    """Sensors that say the same are restored from each other; a forecast of no change sees little."""
    waves = np.sin(np.arange(1500) / 3) * np.array([[1.0], [-1.5], [1.2]])
    rows = (waves + 0.05 * noise(1500)).astype(np.float32)
    networks = networks_of(rows, forecaster=True)
    forecast, restore, level = trial_weights(networks, usual_of(networks, rows), rows, (0, 1500), rng)
    assert restore > 1.2 > forecast > 0
    np.testing.assert_allclose([forecast + restore, level], [2, 1])


def test_too_few_rows_for_a_trial_give_equal_weights(rng):
    rows = noise(40)
    networks = networks_of(rows, forecaster=True)
    weights = trial_weights(networks, usual_of(networks, rows), rows, (0, 40), rng)
    np.testing.assert_allclose(weights, 1)


def test_the_same_seed_gives_the_same_weights():
    rows = noise(400)
    networks = networks_of(rows, forecaster=True)
    usual = usual_of(networks, rows)
    one, other = (trial_weights(networks, usual, rows, (0, 400), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
