"""The LSTM over segments: its gradients, its equality with the textbook's LSTM, what training teaches it."""

import naive
import numpy as np
import pytest
from gradcheck import assert_gradients_match

from lstm_anomaly.network.horizon.origins import Origins
from lstm_anomaly.network.horizon.segment_lstm import (
    FLOOR,
    SegmentSizes,
    SegmentWorkspace,
    forecast_changes,
    horizon_loss_and_gradients,
    init_segment_lstm,
    segment_lstm_shapes,
)
from lstm_anomaly.network.lstm import plain_forward
from lstm_anomaly.network.training.horizon_training import HorizonConfig, HorizonLesson
from lstm_anomaly.network.training.loop import train

SIZES = SegmentSizes(segment=3, read=4, written=2, sensors=2, hidden=5, embedding=4)
SENSORS = np.array([0, 1, 1])


def look_backs(rng, dtype=np.float64):
    """Look-backs (12, 3), less their last values."""
    x = rng.normal(size=(12, 3)).cumsum(axis=0)
    return (x - x[-1]).astype(dtype)


def naive_forecast(params, x, sensor):
    """One look-back (12,) of one sensor by the textbook's equations: the forecasts (6,)."""
    spread = np.sqrt(x.var() + FLOOR**2)
    segments = (x / spread).reshape(4, 3)
    embedded = [np.maximum(params["embed.W"] @ s + params["embed.b"], 0) for s in segments]
    lstm = naive.layer(params, "lstm")
    outputs, c, _ = plain_forward(lstm, np.array(embedded)[:, :, np.newaxis])
    out = []
    for place in params["place"]:
        code = (place + params["sensor"][sensor])[np.newaxis, :, np.newaxis]  # (1, E, 1)
        h, _, _ = plain_forward(lstm, code, outputs[-1], c)
        out.append(params["output.W"] @ h[0, :, 0] + params["output.b"])
    return np.concatenate(out) * spread


def test_forecasts_equal_the_textbooks_one_look_back_at_a_time(rng):
    params = init_segment_lstm(rng, SIZES, np.float64)
    x = look_backs(rng)
    found = forecast_changes(params, x, SENSORS, SegmentWorkspace(params, 4, 3))
    for column, sensor in enumerate(SENSORS):
        np.testing.assert_allclose(found[:, column], naive_forecast(params, x[:, column], sensor), rtol=1e-12)


def test_gradients_of_all_parameters_equal_finite_differences(rng):
    params = init_segment_lstm(rng, SIZES, np.float64)
    params["embed.b"][...] = rng.normal(size=4)
    x, y = look_backs(rng), rng.normal(size=(5, 3)) * 3  # 5 of the 6 steps that two segments hold
    weights, dropout = rng.uniform(0, 2, size=(5, 3)), rng.uniform(0, 2, size=(5, 6))
    workspace = SegmentWorkspace(params, 4, 3)

    def result():
        return horizon_loss_and_gradients(params, x, SENSORS, (y, weights), workspace, dropout)

    gradients = result()[1]
    assert gradients.keys() == params.keys()
    assert_gradients_match(lambda: result()[0], params, gradients)


def test_a_target_that_is_not_known_counts_for_nothing(rng):
    params = init_segment_lstm(rng, SIZES, np.float64)
    x, y, weights = look_backs(rng), rng.normal(size=(6, 3)), np.ones((6, 3))
    weights[2, 1] = 0
    workspace, dropout = SegmentWorkspace(params, 4, 3), np.ones((5, 6))
    loss, gradients = horizon_loss_and_gradients(params, x, SENSORS, (y, weights), workspace, dropout)
    y[2, 1] = 1e6
    again, same = horizon_loss_and_gradients(params, x, SENSORS, (y, weights), workspace, dropout)
    assert loss == again
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, same[name])


def test_parameters_have_the_shapes_that_are_told(rng):
    params = init_segment_lstm(rng, SIZES)
    assert {name: array.shape for name, array in params.items()} == segment_lstm_shapes(SIZES)
    assert {array.dtype for array in params.values()} == {np.dtype(np.float32)}


def lesson(seed=0, updates=60, fit=None):
    """Two sine waves of period 8 with other phases, looked at 12 rows back and forecast 4 ahead."""
    t = np.arange(300)
    rows = np.stack([np.sin(t * np.pi / 4), np.cos(t * np.pi / 4)])
    rows += 0.02 * np.random.default_rng(5).normal(size=rows.shape)
    origins = Origins(rows, np.ones(rows.shape, bool), 12, 4)
    params = init_segment_lstm(np.random.default_rng(seed), SIZES)
    config = HorizonConfig(updates=updates, batch_size=16, learning_rate=0.02, dropout=0.1)
    rows_to_fit = np.arange(12, 200) if fit is None else fit
    return HorizonLesson(params, origins, rows_to_fit, np.arange(220, 296, 5), np.arange(2), config), config


def test_training_learns_a_wave():
    taught, config = lesson(updates=400)
    before = taught.held_out_loss()
    *_, last = train(taught, config, np.random.default_rng(1))
    assert last.validation_loss < 0.3 * before


def test_the_same_seed_gives_the_same_bytes():
    found = []
    for _ in range(2):
        taught, config = lesson(updates=8)
        list(train(taught, config, np.random.default_rng(1)))
        found.append(b"".join(array.tobytes() for array in taught.params.values()))
    assert found[0] == found[1]


def test_the_last_batch_of_held_out_rows_counts_each_once():
    taught, _config = lesson()
    one_by_one = HorizonLesson(
        taught.params,
        taught._origins,
        taught._fit,
        taught._held_out,
        taught._sensors,
        HorizonConfig(batch_size=1),
    )
    assert taught.held_out_loss() == pytest.approx(one_by_one.held_out_loss(), rel=1e-5)


def test_a_look_back_that_was_hardly_read_is_not_learned_from():
    known = np.ones((1, 40), bool)
    known[0, 5:12] = False
    origins = Origins(np.zeros((1, 40)), known, 12, 4)
    at = np.array([12, 30])
    np.testing.assert_array_equal(origins.enough(at, np.zeros(2, int)), [False, True])
    _y, weights = origins.targets(at, np.zeros(2, int), np.zeros(2))
    np.testing.assert_array_equal(weights, np.array([[0, 1]] * 4))
