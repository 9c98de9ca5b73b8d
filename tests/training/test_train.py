"""Training on any rows: still sensors, few rows, holes, all scales; a usable model, or a reason why not."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.base.errors import NotEnoughDataError, SettingsError, ThresholdError
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.model.file import write_model
from lstm_anomaly.model.judge import judge
from lstm_anomaly.output.terminal.summary import training_lines
from lstm_anomaly.scoring.reasons import NEW_VALUE
from lstm_anomaly.training.calibrate import calibrated
from lstm_anomaly.training.measure_errors import chosen_kind
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

KINDS = ("lstm", "linear")


def waves(count, sensors=3, seed=0):
    """Sines that lag behind each other, with noise; (count, sensors)."""
    t, rng = np.arange(count)[:, np.newaxis], np.random.default_rng(seed)
    return np.sin(t / 20 + np.arange(sensors)) + 0.1 * rng.normal(size=(count, sensors))


def switch(count):
    return (np.arange(count) // 50 % 2).astype(float)


def scores_of(model, values):
    return judge(model, series_of(values)).scores


def assert_usable(model, values):
    """A finite threshold above 0, and a score for all rows of normal data from the first whole window on."""
    assert 0 < model.threshold.value < np.inf
    scores = scores_of(model, values)
    assert np.isnan(scores[: model.window - 1]).all()
    assert np.isfinite(scores[model.window - 1 :]).all()
    assert (scores[model.window - 1 :] >= 0).all()


PLANTS = {
    "one signal": lambda n, seed: waves(n, 1, seed),
    "a signal and a sensor that stands still": lambda n, seed: np.column_stack(
        [waves(n, 1, seed), np.full(n, 7)]
    ),
    "a signal and one that stands still at 0": lambda n, seed: np.column_stack(
        [waves(n, 1, seed), np.zeros(n)]
    ),
    "a signal and a switch": lambda n, seed: np.column_stack([waves(n, 1, seed), switch(n)]),
    "a switch alone": lambda n, seed: switch(n)[:, np.newaxis],
    "a pulse every 97 rows": lambda n, seed: (np.arange(n) % 97 == 0).astype(float)[:, np.newaxis],
    "60 sensors of which 46 stand still": lambda n, seed: np.column_stack(
        [waves(n, 14, seed), np.tile(np.arange(46.0), (n, 1))]
    ),
    "scales from 1e-9 to 1e9": lambda n, seed: waves(n, 7, seed) * 10.0 ** np.arange(-9, 10, 3),
    "small movements on large values": lambda n, seed: 1e6 + waves(n, 2, seed),
    "a trend": lambda n, seed: waves(n, 3, seed) + 0.01 * np.arange(n)[:, np.newaxis],
    "one wild reading": lambda n, seed: np.where(np.arange(n)[:, np.newaxis] == 100, 1e6, waves(n, 2, seed)),
    "coarse readings": lambda n, seed: np.round(waves(n, 2, seed)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plant", PLANTS)
def test_any_plant_gives_a_usable_model(plant, kind):
    model = small_model(PLANTS[plant](700, 0), kind=kind)
    assert model.kind == kind
    assert_usable(model, PLANTS[plant](200, 1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("magnitude", [1e-9, 1.0, 1e9])
def test_scores_do_not_hang_on_the_unit_of_a_sensor(kind, magnitude):
    """But for rounding: 1e-9 is no power of two."""
    plain, new = waves(700), waves(200, seed=1)
    units = np.array([magnitude, 1.0, 1 / magnitude])
    ours = scores_of(small_model(plain, kind=kind), new)
    theirs = scores_of(small_model(plain * units, kind=kind), new * units)
    np.testing.assert_allclose(theirs, ours, rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sensor_that_stood_still_is_noticed_when_it_moves(kind):
    values, new = PLANTS["60 sensors of which 46 stand still"](700, 0), waves(200, 60, seed=1)
    model = small_model(values, kind=kind)
    new[:, 14:] = np.arange(46)
    before = scores_of(model, new)
    new[150, 30] += 1e-3
    after = judge(model, series_of(new))
    assert after.scores[150] > max(1, 5 * before[150])
    assert after.reasons[150] == NEW_VALUE
    assert after.errors[150].argmax() == 30


@pytest.mark.parametrize("kind", KINDS)
def test_a_switch_in_a_third_position_is_noticed(kind):
    model = small_model(PLANTS["a signal and a switch"](700, 0), kind=kind)
    new = PLANTS["a signal and a switch"](200, 1)
    before = scores_of(model, new)
    new[150, 1] = 0.5
    assert scores_of(model, new)[150] > max(1, 5 * before[150])


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_moves_the_first_movement_is_noticed(kind):
    still = np.full((400, 2), 7.0)
    model = small_model(still, kind=kind)
    assert_usable(model, still)
    assert not (scores_of(model, still) > 1).any()
    still[200, 1] = 7.1
    scores = scores_of(model, still)
    assert np.flatnonzero(scores > 1)[0] == 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_level_shift_is_noticed(kind):
    model, new = small_model(waves(700), kind=kind), waves(300, seed=1)
    usual = np.nanmax(scores_of(model, new))
    new[150:, 0] += 3
    assert np.nanmax(scores_of(model, new)) > 2 * usual


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 2, 3, 10, 20])
def test_too_few_rows_are_refused_with_what_to_try(kind, rows):
    with pytest.raises(NotEnoughDataError, match="Try: more rows, or a smaller --window"):
        small_model(waves(rows), kind=kind)


@pytest.mark.parametrize("rows", [*range(1, 14), 17, 18])
def test_a_handful_of_rows_is_refused_with_a_reason(rows):
    with pytest.raises((NotEnoughDataError, ThresholdError), match="too few"):
        small_model(waves(rows), kind="linear", window=None)


@pytest.mark.parametrize("rows", [*range(19, 30), 50, 63, 80, 150])
def test_few_rows_give_a_usable_model_that_promises_nothing(rows):
    model = small_model(waves(rows), kind="linear", window=None)
    assert_usable(model, waves(60, seed=1))
    assert not model.threshold.certified
    span = "an hour" if rows < 58 else "a day"  # which is 25 times as long as 57.6 minutes
    assert model.threshold.promise().startswith(f"Not certified for 1 false alarm {span}")


@pytest.mark.parametrize("rows", [80, 150])
def test_few_rows_are_enough_for_a_short_window(rows):
    model = small_model(waves(rows), window=None)
    assert 2 <= model.window < 10
    assert_usable(model, waves(60, seed=1))


@pytest.mark.parametrize("size", [9e99, 1e-150, 1e-200, 1e-320])
def test_readings_of_any_size_train(size):
    assert_usable(small_model(size * waves(700)), size * waves(200, seed=1))


def test_no_row_with_all_readings_is_refused():
    values = waves(100)
    values[:, 1] = np.nan
    with pytest.raises(NotEnoughDataError, match=r"no row has a reading of every sensor.*--exclude"):
        small_model(values)


def test_a_window_longer_than_any_stretch_without_a_hole_is_refused():
    values = waves(700)
    values[::20] = np.nan
    with pytest.raises(NotEnoughDataError, match="a window is 24 rows without a gap"):
        small_model(values, window=24)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_with_holes_are_learned_from_around_the_holes(kind, rng):
    values = waves(900)
    values[rng.choice(900, 25, replace=False), rng.integers(3, size=25)] = np.nan
    model = small_model(values, kind=kind)
    assert_usable(model, waves(200, seed=1))
    assert model.summary.rows <= 875
    assert model.summary.rows + model.summary.rows_left_out == 900


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes(kind, tmp_path):
    for name in ("a", "b"):
        write_model(small_model(waves(400), kind=kind, seed=3), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_seed_gives_another_lstm(tmp_path):
    one, other = (small_model(waves(400), kind="lstm", seed=seed) for seed in (0, 1))
    for networks in ("forecaster", "autoencoder"):
        assert getattr(one.networks, networks) is not None
    assert not np.array_equal(
        one.networks.forecaster.params["lstm.W_x"], other.networks.forecaster.params["lstm.W_x"]
    )
    assert not np.array_equal(one.networks.autoencoder["output.W"], other.networks.autoencoder["output.W"])


def test_a_linear_model_has_no_lstm_and_reports_no_epochs():
    model = small_model(waves(400), kind="linear")
    assert model.networks.forecaster is None
    assert model.networks.autoencoder is None
    assert model.summary.losses == ()
    assert model.summary.held_out.keys() == {"forecast_linear", "restored_linear"}


def test_the_summary_counts_rows_weights_and_errors():
    model = small_model(waves(400), kind="lstm")
    summary = model.summary
    assert (summary.rows, summary.rows_left_out) == (400, 0)
    assert (summary.fit_rows, summary.validation_rows, summary.calibration_rows) == (300, 40, 60)
    networks = model.networks
    weights = [*networks.autoencoder.values(), *networks.forecaster.params.values()]
    assert summary.parameters == sum(array.size for array in weights)
    assert len(summary.losses) == len(summary.validation_losses) == summary.best_epoch == 1
    pairs = {f"{task}_{kind}" for task in ("forecast", "restored") for kind in KINDS}
    assert pairs == summary.held_out.keys()
    assert (summary.first, summary.last) == ("2024-03-01T00:00:00.000000000", "2024-03-01T06:39:00.000000000")


def test_lstms_are_not_fitted_to_calibration_rows_and_all_else_is():
    """Turned round they leave the scaler as it was, which is learned from all rows."""
    values = waves(400)
    changed = values.copy()
    changed[340:] = values[340:][::-1]
    one, other = (small_model(rows, kind="lstm") for rows in (values, changed))
    assert (one.summary.fit_rows, one.summary.validation_rows) == (300, 40)
    for name, weights in one.networks.forecaster.params.items():
        np.testing.assert_allclose(other.networks.forecaster.params[name], weights, rtol=1e-3, atol=1e-4)
    for name, weights in one.networks.autoencoder.items():
        np.testing.assert_allclose(other.networks.autoencoder[name], weights, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(one.scaler.scale, other.scaler.scale)
    assert not np.array_equal(one.components.limits, other.components.limits)
    assert not np.array_equal(one.expectations.forecast.weights, other.expectations.forecast.weights)


@pytest.mark.parametrize(("budget", "certified", "margin"), [("1/20rows", True, 1.0), ("1/week", False, 2.0)])
def test_a_threshold_with_too_few_rows_to_certify_is_raised_and_says_so(budget, certified, margin):
    model = small_model(waves(400), kind="linear", budget=Budget.parse(budget))
    assert (model.threshold.certified, model.threshold.margin) == (certified, margin)
    assert model.threshold.rows == 400 - model.window + 1


def test_calibrating_again_learns_the_threshold_from_all_rows():
    model = small_model(waves(700))
    threshold = calibrated(model, series_of(waves(500, seed=1)), LearningSettings()).threshold
    assert threshold.rows == 500 - model.window + 1
    louder = calibrated(model, series_of(1.5 * waves(500, seed=1)), LearningSettings()).threshold
    assert louder.value > threshold.value > 0


def test_scores_are_multiples_of_the_threshold():
    model, new = small_model(waves(400)), waves(100, seed=1)
    doubled = replace(model, threshold=replace(model.threshold, value=2 * model.threshold.value))
    np.testing.assert_array_equal(2 * scores_of(doubled, new), scores_of(model, new))


def test_many_windows_are_thinned_out_evenly_and_the_summary_says_so(monkeypatch):
    monkeypatch.setattr("lstm_anomaly.training.fit_networks.MOST_FIT_WINDOWS", 100)
    model = small_model(waves(600), kind="lstm")
    assert model.summary.stride == 5  # 450 rows hold 443 windows of 8
    assert any("on every 5th window" in line for line in training_lines(model, "x", 1.0, []))
    assert small_model(waves(600), stride=1).summary.stride == 1


def test_a_limit_of_time_gives_a_usable_model_and_is_told():
    model = small_model(waves(600), kind="lstm", epochs=100_000, max_train_time=1e-6)
    assert model.summary.timed_out == "autoencoder, forecaster"
    assert any(
        "ended by --max-train-time: autoencoder" in line for line in training_lines(model, "x", 1.0, [])
    )
    assert_usable(model, waves(600))


def test_the_forecaster_reads_a_tenth_of_the_fitted_range_beyond_it():
    """The last quarter of the rows lies far above the others and is for validation and calibration."""
    values = waves(400)
    values[300:] += 7
    model = small_model(values, kind="lstm")
    forecaster, fit = model.networks.forecaster, model.scaler.transform(values[: model.summary.fit_rows])
    low, high = fit.min(axis=1), fit.max(axis=1)
    np.testing.assert_allclose(forecaster.lowest, low - 0.1 * (high - low), rtol=1e-5)
    np.testing.assert_allclose(forecaster.highest, high + 0.1 * (high - low), rtol=1e-5)


@pytest.mark.parametrize(("lstm", "kind"), [(0.89, "lstm"), (0.91, "linear")])
@pytest.mark.parametrize("view", ["forecast", "restored"])
def test_an_lstm_is_kept_for_a_tenth_less_error_in_one_view(view, lstm, kind):
    others = {"forecast_linear": 1.0, "restored_linear": 1.0, "forecast_lstm": 2.0, "restored_lstm": 2.0}
    assert chosen_kind({**others, f"{view}_lstm": lstm})[0] == kind


def test_more_sensors_than_a_model_file_holds_are_refused_at_once():
    with pytest.raises(
        SettingsError, match=r"2,001 sensors are more than a model holds \(2,000\). Try: --only"
    ):
        learn(series_of(np.zeros((3, 2001))), LearningSettings())


def late(rows):
    """Nothing, then noise."""
    noise = np.random.default_rng(0).normal(size=(rows, 1))
    noise[: rows * 3 // 4] = 0.0
    return noise


def far_faults(rows):
    """Noise in which one row in a hundred reads 1e13."""
    values = np.random.default_rng(4).normal(size=(rows, 1))
    values[np.arange(37, rows, 100)] = 1e13
    return values


@pytest.mark.parametrize("values", [late(400), far_faults(800)], ids=["late", "far_faults"])
def test_a_model_of_odd_rows_can_be_read_back(values, tmp_path):
    write_model(small_model(values, kind="linear"), tmp_path / "pump.model")
