"""The forecaster: its gradients, its equality with the textbook's LSTM, what training teaches it."""

from dataclasses import replace

import numpy as np
import pytest
from gradcheck import assert_gradients_match

from lstm_anomaly.base.errors import TrainingError
from lstm_anomaly.network.following import first_state, follow
from lstm_anomaly.network.forecaster import (
    chunk_buffers,
    forecast_loss_and_gradients,
    forecaster_shapes,
    init_forecaster,
)
from lstm_anomaly.network.training.forecaster_training import ChunkLesson, ForecastConfig, next_changes
from lstm_anomaly.network.training.loop import Limits, train


def make(sensors, hidden, outputs, dtype=np.float32):
    """A forecaster whose output weights are not zero any more."""
    rng = np.random.default_rng(0)
    params = init_forecaster(rng, sensors, hidden, outputs, dtype)
    params["output.W"][...] = rng.normal(size=(outputs, hidden))
    params["output.b"][...] = rng.normal(size=outputs)
    return params


def chunks(rng, weights):
    """x (5, 3, 2), targets (5, 2, 2) and weights."""
    return rng.normal(size=(5, 3, 2)), rng.normal(size=(5, 2, 2)), weights


def all_count(rng):
    return np.ones((5, 2, 2))


def some_count(rng):
    """As in training: the first steps do not count, nor targets that are not known."""
    weights = (rng.random((5, 2, 2)) < 0.6).astype(float)
    weights[0] = 0
    return weights


def count_unequally(rng):
    return rng.uniform(0, 3, size=(5, 2, 2))


@pytest.mark.parametrize("weigh", [all_count, some_count, count_unequally])
def test_gradients_of_all_parameters_equal_finite_differences(rng, weigh):
    params = make(3, 4, 2, np.float64)
    x, targets, weights = chunks(rng, weigh(rng))
    buffers = chunk_buffers(params, 5, 2)

    def loss():
        return forecast_loss_and_gradients(params, x, targets, weights, buffers)[0]

    gradients = forecast_loss_and_gradients(params, x, targets, weights, buffers)[1]
    assert gradients.keys() == params.keys()
    assert_gradients_match(loss, params, gradients, tolerance=1e-6)


def test_loss_is_the_weighted_mean_of_the_squared_errors(rng):
    """By hand, for a forecaster that always says 0."""
    params = init_forecaster(rng, 1, 4, 1, np.float64)
    x, targets = np.zeros((3, 1, 1)), np.array([1.0, 2.0, 5.0]).reshape(3, 1, 1)
    weights = np.array([1.0, 3.0, 0.0]).reshape(3, 1, 1)
    loss, _ = forecast_loss_and_gradients(params, x, targets, weights, chunk_buffers(params, 3, 1))
    assert loss == (1 * 1 + 3 * 4) / (1 + 3)


def test_targets_of_weight_0_change_nothing(rng):
    params, weights = make(3, 4, 2, np.float64), some_count(rng)
    x, targets, _ = chunks(rng, weights)
    buffers = chunk_buffers(params, 5, 2)
    loss, gradients = forecast_loss_and_gradients(params, x, targets, weights, buffers)
    targets[weights == 0] = 1e6
    other_loss, other_gradients = forecast_loss_and_gradients(params, x, targets, weights, buffers)
    assert other_loss == loss
    for name in params:
        np.testing.assert_array_equal(other_gradients[name], gradients[name])


def test_no_target_at_all_is_a_loss_and_gradients_of_0(rng):
    params = make(3, 4, 2, np.float64)
    x, targets, weights = chunks(rng, np.zeros((5, 2, 2)))
    loss, gradients = forecast_loss_and_gradients(params, x, targets, weights, chunk_buffers(params, 5, 2))
    assert loss == 0
    assert all((gradient == 0).all() for gradient in gradients.values())


def test_fresh_parameters_have_the_shapes_that_model_files_ask_for(rng):
    params = init_forecaster(rng, 3, 4, 2)
    assert {name: value.shape for name, value in params.items()} == forecaster_shapes(3, 4, 2)


def test_a_fresh_forecaster_says_that_nothing_will_change(rng):
    rows = rng.normal(size=(3, 20)).astype(np.float32)
    params = init_forecaster(rng, 3, 4, 2)
    np.testing.assert_array_equal(follow(params, rows, first_state(params))[0], np.zeros((2, 20)))


def test_changes_are_to_the_next_row_of_the_same_segment():
    rows = np.array([[1.0, 3.0, 6.0, 10.0, 20.0, 21.0]])
    changes = next_changes(rows, [(0, 3), (4, 6)])
    np.testing.assert_array_equal(changes, [[2, 3, np.nan, np.nan, 1, np.nan]])


FIT, VALIDATION = ((0, 300),), ((300, 400),)
CONFIG = ForecastConfig(updates=60, rounds=6, steps=32, batch_size=8, learning_rate=0.02)


@pytest.fixture
def waves():
    """Two sines of different periods, (2, 400)."""
    t = np.arange(400)
    return np.stack([np.sin(t / 3), np.cos(t / 5)]).astype(np.float32)


def run(rows, config=CONFIG, seed=0, fit=FIT, fit_targets=None):
    """Train on `rows` to forecast their changes; parameters and reports."""
    rng = np.random.default_rng(seed)
    params = init_forecaster(rng, len(rows), 8, len(rows))
    targets = (
        next_changes(rows, fit) if fit_targets is None else fit_targets,
        next_changes(rows, VALIDATION),
    )
    return params, list(train(ChunkLesson(params, rows, targets, (fit, VALIDATION), config), config, rng))


def held_out_loss(params, rows):
    forecasts, _ = follow(params, rows, first_state(params))
    return float(np.nanmean((forecasts - next_changes(rows, VALIDATION)) ** 2))


def test_training_forecasts_held_out_rows_far_better_than_persistence(waves):
    params, reports = run(waves)
    nothing_changes = float(np.nanmean(next_changes(waves, VALIDATION) ** 2))
    assert reports[-1].validation_loss < 0.2 * nothing_changes
    assert held_out_loss(params, waves) < 0.2 * nothing_changes
    assert reports[-1].loss < 0.2 * reports[0].loss


def test_the_weights_with_the_best_validation_loss_are_kept(waves):
    """Fitted to changes of the wrong sign, a forecaster gets worse and worse on the held-out rows."""
    params, reports = run(waves, fit_targets=-next_changes(waves, FIT))
    losses = [report.validation_loss for report in reports]
    assert losses[-1] > 2 * losses[0]
    assert [report.improved for report in reports] == [True] + [False] * 5
    # The state at the first held-out row comes from 256 rows of run-up here, and there from all 300.
    assert held_out_loss(params, waves) == pytest.approx(losses[0], rel=1e-3)


def test_each_round_reports_once_and_the_last_updates_too(waves):
    _, reports = run(waves, replace(CONFIG, updates=7, rounds=3))
    assert [report.epoch for report in reports] == [1, 2, 3, 4]  # after 2, 4, 6 and 7 updates


def test_patience_stops_training_after_so_many_rounds_without_improvement(waves):
    _, reports = run(waves, replace(CONFIG, learning_rate=0.0, patience=2))
    assert [report.improved for report in reports] == [True, False, False]


def test_the_learning_rate_rises_then_falls_to_a_twentieth():
    config = ForecastConfig(updates=100, learning_rate=1.0)
    rates = [config.rate_at(update) for update in range(100)]
    assert rates[0] == pytest.approx(0.05)
    assert 15 < int(np.argmax(rates)) < 20
    assert rates[50] == pytest.approx(0.05 + 0.475)
    assert 0.05 < rates[-1] < 0.06


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(waves):
    config = replace(CONFIG, updates=5)
    (one, _), (same, _), (other, _) = (run(waves, config, seed) for seed in (0, 0, 1))
    for name, value in one.items():
        np.testing.assert_array_equal(same[name], value)
    assert not np.array_equal(one["lstm.W_x"], other["lstm.W_x"])


def test_a_segment_shorter_than_a_chunk_is_enough(waves):
    _, reports = run(waves, replace(CONFIG, updates=3, rounds=1), fit=((0, 20), (30, 50)))
    assert np.isfinite(reports[-1].loss)


def test_chunks_do_not_cross_a_gap(waves):
    """Rows between the segments are not finite: were one in a chunk, the loss would not be, either."""
    waves[:, 100:110] = np.nan
    _, reports = run(waves, replace(CONFIG, updates=20, rounds=1), fit=((0, 100), (110, 300)))
    assert np.isfinite(reports[-1].loss)


@pytest.mark.parametrize(("row", "target"), [(np.nan, 0), (np.inf, 0), (0, 1e30)])
def test_a_loss_that_is_not_finite_is_an_error_that_says_what_to_try(waves, row, target):
    """The square of 1e30 is more than float32 holds."""
    targets = np.full_like(waves, target)
    waves[0, :300] = row
    with pytest.raises(TrainingError, match=r"is not a finite number.*--learning-rate"):
        run(waves, fit_targets=targets)


def test_weights_that_diverge_are_the_same_error(waves):
    with pytest.raises(TrainingError, match="diverged"):
        run(waves, replace(CONFIG, learning_rate=1e38))


def test_a_limit_of_time_ends_training_with_a_validated_report(waves):
    rng = np.random.default_rng(0)
    params = init_forecaster(rng, 2, 8, 2)
    targets = next_changes(waves, FIT), next_changes(waves, VALIDATION)
    made = list(
        train(
            ChunkLesson(params, waves, targets, (FIT, VALIDATION), CONFIG), CONFIG, rng, Limits(seconds=1e-9)
        )
    )
    assert [(report.epoch, report.timed_out) for report in made] == [(1, True)]
    assert held_out_loss(params, waves) == pytest.approx(made[0].validation_loss, rel=1e-3)
